"""What there is to hear of: each room registers the reasons for which it notifies."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.safestring import SafeString

from tandem.kernel.actor import Actor
from tandem.kernel.slots import Slot
from tandem.notifications.models import Notification
from tandem.notifications.rules import Way

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Told:
    """A notification with all that its sentence says: who did it (empty: a rule), the names of the
    record (empty where it tells of many) and of its kind, how often."""

    notification: Notification
    who: str
    name: str
    kind: Text
    count: int


def _all(actor: Actor, rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a notification.

    ``sentence`` tells it (made with ``format_html``). ``way`` is how users hear of it who did not
    choose. ``still`` narrows the records that the reader sees to those of which it still is true;
    ``standing`` gives those of the causes that still are, with their words: without any left there
    is nothing to tell. ``entry`` finds the event in the story of the record to which a cause leads.
    ``tells`` names a field of the record: to whom it is hidden, it is not told.
    """

    key: str
    label: Text
    icon: str
    sentence: Callable[[Told], SafeString]
    order: int
    way: Way = Way.MAIL
    still: Callable[[Actor, QuerySet[Any]], QuerySet[Any]] = field(default=_all)
    standing: Callable[[Collection[str]], Mapping[str, str]] | None = None
    entry: Callable[[Notification, str], str] | None = None
    tells: str = ""


REASONS: Slot[Reason] = Slot("reason", Reason)


def reasons() -> list[Reason]:
    """Every reason, in the order in which users choose."""
    return sorted(REASONS, key=lambda one: (one.order, one.key))
