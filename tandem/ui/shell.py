"""What every page of the shell needs: theme, who is here, navigation, the server's time.

`shell` is a context processor; nothing is computed before a template asks for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language, get_language_info

from tandem.kernel.actor import NOBODY, Actor
from tandem.kernel.slots import Slot
from tandem.ui import navigation

THEME_COOKIE = "tandem_theme"
THEMES = ("light", "dark", "system")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is signed in and where, as the foot of the navigation shows it.

    `key` tells one user from another in what their browser keeps; `side` is mkt, sales or empty;
    `single_keys` switches the one-letter keys off (WCAG 2.1.4); the addresses are left empty where
    there is no such page.
    """

    company: str = ""
    key: str = ""
    name: str = ""
    role: str | Promise = ""
    side: str = ""
    single_keys: bool = True
    account_url: str = ""
    settings_url: str = ""
    sign_out_url: str = ""
    sign_in_url: str = ""


@runtime_checkable
class IdentityProvider(Protocol):
    """Given by the room that knows users and the company."""

    def __call__(self, request: HttpRequest) -> Identity: ...


identity_slot: Slot[IdentityProvider] = Slot("ui.identity", IdentityProvider)


@runtime_checkable
class Extra(Protocol):
    """A control of the upper bar that an upper room adds to every page, such as the bell."""

    order: int

    def render(self, request: HttpRequest) -> SafeString: ...


extras_slot: Slot[Extra] = Slot("ui.extras", Extra)


class Shell:
    """Everything that the base templates read as `shell.…`."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def actor(self) -> Actor:
        actor = getattr(self._request, "actor", NOBODY)
        return actor if isinstance(actor, Actor) else NOBODY

    @cached_property
    def theme(self) -> str:
        chosen = self._request.COOKIES.get(THEME_COOKIE, "system")
        return chosen if chosen in THEMES else "system"

    @cached_property
    def identity(self) -> Identity:
        for provider in identity_slot:
            return provider(self._request)
        return Identity(name=self.actor.label if self.actor.is_known else "")

    @cached_property
    def extras(self) -> list[SafeString]:
        """The controls of the upper rooms, each as it is drawn."""
        ordered = sorted(extras_slot, key=lambda extra: extra.order)
        return [extra.render(self._request) for extra in ordered]

    @cached_property
    def entries(self) -> list[navigation.Entry]:
        return navigation.entries_for(self.actor, path=self._request.path)

    @cached_property
    def groups(self) -> list[navigation.Group]:
        return navigation.groups_of(self.entries)

    @cached_property
    def settings(self) -> list[navigation.Entry]:
        return navigation.settings_of(self.entries)

    @cached_property
    def tabs(self) -> list[navigation.Entry]:
        return navigation.tabs_of(self.entries)

    @cached_property
    def shown(self) -> tuple[object, ...]:
        """All that the navigation shows, so that it is drawn once for whom it is the same."""
        entries = tuple((one.key, one.is_here, one.count) for one in self.entries)
        return (entries, self.identity, self.theme, self.has_palette)

    @property
    def is_framed(self) -> bool:
        """Whether the page stands inside another one, which has the navigation."""
        return self._request.headers.get("Sec-Fetch-Dest") == "iframe"

    @property
    def has_palette(self) -> bool:
        return self.actor.is_known

    @property
    def now(self) -> str:
        """The server's time, from which the clocks of the page tick."""
        return timezone.now().isoformat(timespec="seconds")

    @property
    def language(self) -> str:
        return get_language() or settings.LANGUAGE_CODE

    @property
    def direction(self) -> str:
        return "rtl" if get_language_info(self.language.split("-")[0]).get("bidi") else "ltr"

    @property
    def trace(self) -> str:
        return str(getattr(self._request, "trace", ""))


def shell(request: HttpRequest) -> Mapping[str, Shell]:
    """Context processor: `shell` in every template, components included."""
    return {"shell": Shell(request)}
