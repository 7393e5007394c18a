"""The lines of a story, drawn once: a page has fifty, and what can be done to each is the same.

Put together here, with all that they share made beforehand, they take a tenth of what a component
and two partials a line take.
"""

from collections.abc import Sequence
from html import escape
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tandem.records.slots import ObjectType
from tandem.timeline.queries import Line, Story
from tandem.timeline.slots import words_of
from tandem.ui import formats, marks
from tandem.ui.templatetags.ui import icon


class Acts:
    """What can be done to the lines of a record's story: taking back what a rule did, pinning."""

    def __init__(
        self,
        request: HttpRequest,
        object_type: ObjectType,
        record: Any,
        *,
        side: str,
        may_pin: bool,
    ) -> None:
        token = f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">'
        self.token = token
        self.pinning = f'{token}<input type="hidden" name="side" value="{escape(side)}">'
        self.address = [object_type.slug, record.public_id]
        self.pins_url = reverse("timeline:pins", args=self.address)
        self.may_pin = may_pin
        self.pin = icon("pin", size="sm"), escape(_("Pin on top"))
        self.pinned_off = icon("pinned-off", size="sm"), escape(_("Take down"))

    def of(self, line: Line) -> str:
        """The forms of one line; none of several that are told as one."""
        if line.is_run:
            return ""
        return f"{self._undo(line)}{self._pin(line) if self.may_pin else ''}"

    def _undo(self, line: Line) -> str:
        if line.undo is None:
            return ""
        asked = _(
            "This takes back everything that the rule did in the same step, on other records too."
        )
        return (
            f'<form method="post" action="{reverse("ui:undo", args=[line.undo])}"'
            f' data-confirm="{escape(asked)}">{self.token}'
            '<button class="c-entry_act" type="submit">'
            f"{icon('arrow-back-up', size='sm')}{escape(_('Undo'))}</button></form>"
        )

    def _pin(self, line: Line) -> str:
        event = line.entry.event_id
        if line.is_pinned:
            url, sent = reverse("timeline:pin_removal", args=[*self.address, event]), ""
            drawn, words = self.pinned_off
        else:
            url, sent = self.pins_url, f'<input type="hidden" name="event" value="{event}">'
            drawn, words = self.pin
        about = escape(words_of(line.sentence))
        return (
            f'<form class="c-entry_quiet" method="post" action="{url}">{self.pinning}{sent}'
            f'<button class="c-entry_act" type="submit" title="{words}">{drawn}'
            f'<span class="sr-only">{words}: {about}</span></button></form>'
        )


def days_drawn(story: Story, acts: Acts) -> SafeString:
    """The lines of a page under their days, with the mark of what is new where it falls."""
    drawn: list[str] = []
    for day in story.days:
        for at, line in enumerate(day.items):
            if line.is_at_mark and story.since is not None:
                drawn.append(
                    f'<li class="c-new" id="new-since"><span>'
                    f"{escape(_('New since your last visit'))}, {marks.moment(story.since)}"
                    "</span></li>"
                )
            if at == 0 and day.shows_heading:
                before = " is-before" if line.is_before else ""
                heading = escape(formats.week_day(day.day))
                drawn.append(f'<li class="c-story_day{before}">{heading}</li>')
            drawn.append(line.drawn(acts.of(line)))
    return SafeString("".join(drawn))


def lines_drawn(lines: Sequence[Line], acts: Acts) -> SafeString:
    """Lines without days: those on top."""
    return SafeString("".join(line.drawn(acts.of(line)) for line in lines))
