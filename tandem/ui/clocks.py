"""Clocks: the share of time that is left, and its words. A script lets them tick between saves."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from django.utils import timezone
from django.utils.translation import gettext as _

from tandem.ui import formats

SOON_SHARE = 0.25
# The circumference of the ring that is drawn: radius 6 on a grid of 16.
RING = 37.7


class ClockState(StrEnum):
    """The six states a clock can be in."""

    RUNNING = "run"
    SOON = "soon"
    OVER = "over"
    DONE = "done"
    PAUSED = "paused"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ClockFace:
    """What a clock shows: state, share of the time left (0 to 1), words without their verb."""

    state: ClockState
    share: float
    text: str

    @property
    def dash(self) -> str:
        """Length of the drawn arc."""
        return f"{self.share * RING:.1f}"

    @property
    def has_arc(self) -> bool:
        return self.state is not ClockState.OVER


def clock_face(
    *,
    due: dt.datetime | None,
    start: dt.datetime | None = None,
    done: dt.datetime | None = None,
    paused: bool = False,
    now: dt.datetime | None = None,
) -> ClockFace:
    """Read a clock that runs from `start` to `due` (aware); `done` stops it, `paused` holds it.

    Without a start the share is taken of the last 24 hours before it is due.
    """
    now = now or timezone.now()
    if due is None:
        return ClockFace(ClockState.NONE, 0, _("none"))
    begin = start or due - dt.timedelta(days=1)
    whole = max((due - begin).total_seconds(), 1.0)
    if done is not None:
        return ClockFace(
            ClockState.DONE, 1, _("in %(span)s") % {"span": formats.span(done - begin)}
        )
    left = (due - now).total_seconds()
    share = min(max(left / whole, 0.0), 1.0)
    if paused:
        return ClockFace(ClockState.PAUSED, share, _("paused"))
    if left < 0:
        return ClockFace(ClockState.OVER, 0, _("over %(span)s") % {"span": formats.span(now - due)})
    state = ClockState.SOON if share < SOON_SHARE else ClockState.RUNNING
    return ClockFace(state, share, _until(due, now))


def _until(due: dt.datetime, now: dt.datetime) -> str:
    away = (formats.local(due).date() - formats.local(now).date()).days
    if (due - now) < dt.timedelta(hours=12) or away == 0:
        return _("in %(span)s") % {"span": formats.span(due - now)}
    if away == 1:
        return _("tomorrow %(time)s") % {"time": formats.clock_time(due)}
    return _("by %(day)s") % {"day": formats.day(due)}
