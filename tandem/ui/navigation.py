"""The navigation: rooms register their entries, the shell shows what the actor may open."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tandem.kernel.actor import Actor

Text = str | Promise


class Section(StrEnum):
    """Where an entry stands; `settings` is shown on the settings pages and in the palette only."""

    TOP = "top"
    BOTH = "both"
    MARKETING = "marketing"
    SALES = "sales"
    MEASURE = "measure"
    SETTINGS = "settings"


HEADINGS: dict[Section, tuple[Text, str]] = {
    Section.TOP: ("", ""),
    Section.BOTH: (_("Both teams"), ""),
    Section.MARKETING: (_("Marketing"), "mkt"),
    Section.SALES: (_("Sales"), "sales"),
    Section.MEASURE: (_("Measure"), ""),
    Section.SETTINGS: (_("Settings"), ""),
}


@dataclass(frozen=True, slots=True)
class Count:
    """The figure beside an entry; `due` draws it in the colour of time."""

    value: int
    due: bool = False


@dataclass(frozen=True)
class NavItem:
    """An entry of the navigation.

    `shortcut` is the second key after `g`; `count` is asked on every full page, so it must be
    one cheap query; `tab` puts the entry on the bar of small screens (the first four by order).
    `base` is the address below which every page belongs to the entry, where that is another.
    """

    key: str
    label: Text
    icon: str
    url_name: str
    section: Section = Section.TOP
    order: int = 100
    permission: str = ""
    shortcut: str = ""
    count: Callable[[Actor], Count | None] | None = field(default=None, compare=False)
    tab: bool = False
    args: tuple[str, ...] = ()
    base: str = ""

    def shown_to(self, actor: Actor) -> bool:
        return actor.is_known and (not self.permission or actor.may(self.permission))


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as one page shows it."""

    key: str
    label: Text
    icon: str
    url: str
    shortcut: str
    is_here: bool
    count: Count | None


@dataclass(frozen=True, slots=True)
class Group:
    """Entries of one section under its heading."""

    section: Section
    heading: Text
    side: str
    entries: tuple[Entry, ...]


_items: dict[str, NavItem] = {}


def register(*items: NavItem) -> None:
    """Add entries; called in a room's `AppConfig.ready`. A key or shortcut is taken once."""
    for item in items:
        known = _items.get(item.key)
        if known is not None and known != item:
            raise ImproperlyConfigured(f"Navigation already has an entry {item.key!r}.")
        for other in _items.values():
            if item.shortcut and other.shortcut == item.shortcut and other.key != item.key:
                raise ImproperlyConfigured(
                    f"Navigation: g {item.shortcut} is taken by {other.key!r}."
                )
        _items[item.key] = item


def registered() -> Iterator[NavItem]:
    """Every entry, by section, order and key."""
    sections = list(Section)
    yield from sorted(
        _items.values(), key=lambda item: (sections.index(item.section), item.order, item.key)
    )


def entries_for(actor: Actor, *, path: str = "", with_counts: bool = True) -> list[Entry]:
    """What this actor may open, in order; the longest address that begins `path` is here."""
    shown = [(item, _address(item)) for item in registered() if item.shown_to(actor)]
    places = [(item.base or url, item.key) for item, url in shown]
    inside = [(place, key) for place, key in places if _contains(place, path)]
    here = max(inside, key=lambda one: len(one[0]), default=("", ""))[1]
    return [
        Entry(
            key=item.key,
            label=item.label,
            icon=item.icon,
            url=url,
            shortcut=item.shortcut,
            is_here=item.key == here,
            count=item.count(actor) if item.count and with_counts else None,
        )
        for item, url in shown
    ]


def groups_of(entries: list[Entry]) -> list[Group]:
    """The entries under their headings, without the settings."""
    groups = []
    for section, (heading, side) in HEADINGS.items():
        inside = tuple(one for one in entries if _items[one.key].section is section)
        if inside and section is not Section.SETTINGS:
            groups.append(Group(section, heading, side, inside))
    return groups


def settings_of(entries: list[Entry]) -> list[Entry]:
    """The entries of the settings pages."""
    return [one for one in entries if _items[one.key].section is Section.SETTINGS]


def tabs_of(entries: list[Entry], *, most: int = 4) -> list[Entry]:
    """The entries of the bar at the foot of small screens."""
    return [one for one in entries if _items[one.key].tab][:most]


def _address(item: NavItem) -> str:
    where = (item.key, item.url_name, item.args)
    return _reversed(get_urlconf() or settings.ROOT_URLCONF, get_script_prefix(), *where)


@lru_cache(maxsize=512)
def _reversed(urlconf: str, prefix: str, key: str, url_name: str, args: tuple[str, ...]) -> str:
    try:
        return reverse(url_name, urlconf=urlconf, args=args)
    except NoReverseMatch as absent:
        raise ImproperlyConfigured(
            f"Navigation entry {key!r} leads to {url_name!r}, which is no route."
        ) from absent


def _contains(url: str, path: str) -> bool:
    return path == url or (url != "/" and path.startswith(url if url.endswith("/") else f"{url}/"))
