"""How entries are told: each room registers the kinds that it writes."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tandem.kernel.slots import Slot
from tandem.timeline.models import TimelineEntry
from tandem.timeline.rules import Side

Sentence = Callable[[TimelineEntry], SafeString]


def strong(text: Any) -> SafeString:
    """A word of a sentence that carries it."""
    return SafeString(f'<b data-verbatim="">{conditional_escape(text)}</b>')


def words_of(sentence: SafeString) -> str:
    """A sentence without its marks. What it quotes is escaped in it, so each sign is a mark's."""
    return unescape(_MARKS.sub("", sentence))


_MARKS = re.compile("<[^>]*>")


def _nothing(_entry: TimelineEntry) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class EntryKind:
    """How one kind of entry is told.

    ``side`` is its lane where that is not the acting user's. ``sentence`` is one line (made with
    ``format_html``), ``why`` a quiet line below it, ``box`` words of somebody in full. ``run``
    tells several neighbours of a day at once ("6 page views"); kinds without it are never put
    together. ``is_observed`` draws the open node: what was seen to happen, where a filled one is
    what a human said. ``is_touch`` counts as contact in a list's last touch.
    ``offers_undo`` lets who may take back an automatic entry's change set from beside it: true
    where that change set is this deed alone.
    ``tells`` names the fields that an entry tells beside the ``changes`` of its payload, of its own
    kind (``amount``) or another (``person.email``): to whom they are hidden, it is not told.
    ``about`` names the kinds of record that an entry is about, where it is told of others too (a
    deal, in the story of its company): to whom none of them is in sight, it is not told either.
    """

    kind: str
    icon: str
    sentence: Sentence
    side: Side | None = None
    why: Callable[[TimelineEntry], str | SafeString] = _nothing
    box: Callable[[TimelineEntry], str | SafeString] = _nothing
    run: Callable[[Sequence[TimelineEntry]], SafeString] | None = None
    short: Callable[[TimelineEntry], str] | None = None
    is_observed: bool = True
    is_touch: bool = True
    offers_undo: bool = False
    tells: tuple[str, ...] = ()
    about: tuple[str, ...] = ()


ENTRY_KINDS: Slot[EntryKind] = Slot("entry kind", EntryKind)


def kind_of(entry: TimelineEntry) -> EntryKind:
    """The registered kind of an entry; what nobody registered is told generically."""
    return ENTRY_KINDS.get(entry.kind) or EntryKind(entry.kind, "point", _generic)


def _generic(entry: TimelineEntry) -> SafeString:
    words = entry.kind.rpartition(".")[2].replace("_", " ")
    return format_html(_("{who}: {what}"), who=strong(entry.actor_label), what=words)


def told_elsewhere() -> dict[tuple[str, ...], list[str]]:
    """The kinds of entry that are told in stories of others, by what they are about."""
    found: dict[tuple[str, ...], list[str]] = {}
    for kind in ENTRY_KINDS:
        if kind.about:
            found.setdefault(kind.about, []).append(kind.kind)
    return found


def not_touches() -> list[str]:
    """The kinds that say nothing of contact."""
    return [kind.kind for kind in ENTRY_KINDS if not kind.is_touch]
