"""The bell in the upper bar of every page, with how much waits, and the palette's way there."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tandem.kernel.actor import NOBODY, Actor
from tandem.kernel.doors import ActorRequest, page
from tandem.notifications.actions.telling import topic_of
from tandem.notifications.queries import MOST_COUNTED, unread_count
from tandem.ui.palette import PaletteEntry, PaletteGroup, palette_slot
from tandem.ui.responses import render
from tandem.ui.shell import extras_slot


class Bell:
    """What the shell shows of notifications."""

    order = 90

    def render(self, request: HttpRequest) -> SafeString:
        actor: Actor = getattr(request, "actor", NOBODY)
        if actor.user_id is None or not actor.may("notifications.view"):
            return SafeString()
        return SafeString(
            render_to_string("notifications/bell.html", _context(request, actor), request=request)
        )


extras_slot.register("notifications", Bell())


class Finder:
    """The way to the list from the palette."""

    def __call__(self, actor: Actor, query: str, *, path: str) -> Sequence[PaletteGroup]:
        label = _("Your notifications")
        if not actor.may("notifications.view") or query.casefold() not in label.casefold():
            return []
        entry = PaletteEntry(label, reverse("notifications:list"), icon="bell", keys="G N")
        return [PaletteGroup(_("Go to"), [entry])] if query else []


palette_slot.register("notifications", Finder())


@require_GET
@page(permission="notifications.view")
def bell(request: ActorRequest) -> HttpResponseBase:
    return render(request, "notifications/bell.html", _context(request, request.actor))


def _context(request: HttpRequest, actor: Actor) -> dict[str, Any]:
    count = unread_count(actor)
    return {
        "count": count,
        "many": MOST_COUNTED,
        "topic": topic_of(getattr(request.user, "public_id", "")),
    }
