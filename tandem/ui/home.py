"""The home page's places, which the rooms fill: `web` assembles them and knows none by name."""

from enum import StrEnum
from typing import Protocol, runtime_checkable

from django.http import HttpRequest
from django.utils.safestring import SafeString

from tandem.kernel.actor import Actor
from tandem.kernel.slots import Slot


class Place(StrEnum):
    """Where a panel stands: across the page, in its wide column, or in the narrow one."""

    TOP = "top"
    MAIN = "main"
    ASIDE = "aside"


@runtime_checkable
class HomePanel(Protocol):
    """A part of the home page.

    ``topics`` are those of live pages that let it be asked for again; ``render`` gives its
    content, empty where there is nothing to show. ``tells`` names the fields of records that it
    shows, or counts with (``order.net``): to whom one is hidden, it is not there.
    """

    place: Place
    order: int
    topics: str
    tells: tuple[str, ...]

    def shows(self, actor: Actor) -> bool: ...

    def render(self, request: HttpRequest) -> SafeString: ...


HOME_PANELS: Slot[HomePanel] = Slot("home panel", HomePanel)


def panels_for(actor: Actor) -> list[tuple[str, HomePanel]]:
    """The panels that the actor may see with their keys, in order."""
    shown = [(key, panel) for key, panel in HOME_PANELS.items() if is_there(actor, panel)]
    return sorted(shown, key=lambda pair: (pair[1].order, pair[0]))


def is_there(actor: Actor, panel: HomePanel) -> bool:
    """Whether the actor sees a panel: it is for them, and tells nothing that is hidden."""
    return panel.shows(actor) and not actor.hides_any(*panel.tells)
