"""The command palette: commands and finders that the rooms register, asked by one view."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tandem.kernel.actor import Actor
from tandem.kernel.slots import Slot
from tandem.ui import navigation

Text = str | Promise
LONGEST_QUERY = 100
MOST_PER_GROUP = 6


@dataclass(frozen=True, slots=True)
class PaletteEntry:
    """One line: it leads to `url`, posts to it where `post` says so, or opens it in the dialog of
    the page where `dialog` does.

    `face` draws initials instead of the icon (`firm` as a square); `keys` are shown, not bound. A
    page that has something under the key `press` does that instead.
    """

    label: Text
    url: str
    icon: str = "arrow-right"
    note: Text = ""
    face: str = ""
    firm: bool = False
    keys: str = ""
    post: bool = False
    dialog: bool = False
    press: str = ""
    peek_url: str = ""


@dataclass(frozen=True, slots=True)
class PaletteGroup:
    """Lines under one heading, at most so many of them."""

    heading: Text
    entries: Sequence[PaletteEntry]
    most: int = MOST_PER_GROUP


@runtime_checkable
class PaletteSource(Protocol):
    """Finds lines for a query; an empty query asks for what is useful without typing.

    `path` is the page on which the palette was opened, so that a source can offer what can be
    done with the record that is open. A source sees only what the actor may see, and answers in
    a few milliseconds: it runs on every pause in typing.
    """

    def __call__(self, actor: Actor, query: str, *, path: str) -> Sequence[PaletteGroup]: ...


palette_slot: Slot[PaletteSource] = Slot("ui.palette", PaletteSource)


def groups_for(actor: Actor, query: str, *, path: str = "") -> list[PaletteGroup]:
    """Everything that fits, in the order of the sources, then the pages of the navigation."""
    wanted = query.strip()[:LONGEST_QUERY]
    groups = [
        PaletteGroup(group.heading, group.entries[: group.most])
        for source in palette_slot
        for group in source(actor, wanted, path=path)
        if group.entries
    ]
    pages = _pages(actor, wanted)
    return [*groups, PaletteGroup(_("Go to"), pages)] if pages else groups


def _pages(actor: Actor, query: str) -> list[PaletteEntry]:
    folded = query.casefold()
    return [
        PaletteEntry(
            label=entry.label,
            url=entry.url,
            icon=entry.icon,
            keys=f"G {entry.shortcut.upper()}" if entry.shortcut else "",
        )
        for entry in navigation.entries_for(actor, with_counts=False)
        if folded in str(entry.label).casefold()
    ]
