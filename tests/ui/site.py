"""Settings, routes and sample registrations of the site on which the design system is tested."""

from collections.abc import Callable, Sequence

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import include, path

from tandem.kernel.actor import Actor, ActorKind
from tandem.kernel.errors import Conflict, FieldError, Invalid, Missing, Unauthenticated
from tandem.ui import navigation, palette, shell
from tandem.ui.navigation import Count, NavItem, Section
from tandem.ui.palette import PaletteEntry, PaletteGroup

PRIYA = Actor(
    kind=ActorKind.USER,
    label="Priya Nair",
    user_id=1,
    permissions=frozenset({"kernel.undo", "people.view"}),
)


class ActorMiddleware:
    """Everyone is Priya."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.actor = PRIYA  # type: ignore[attr-defined]
        return self.get_response(request)


def refuse(request: HttpRequest, what: str) -> HttpResponse:
    """Refuse in one of the ways of the product."""
    raise {
        "conflict": Conflict("Hanna changed this two minutes ago."),
        "missing": Missing(),
        "unauthenticated": Unauthenticated(),
        "invalid": Invalid(errors=[FieldError("email", "taken", "Somebody has this address.")]),
    }[what]


def crash(request: HttpRequest) -> HttpResponse:
    """A fault of ours."""
    raise ZeroDivisionError


def identity(request: HttpRequest) -> shell.Identity:
    """Who is signed in."""
    return shell.Identity(
        company="Thistle & Tin Trading",
        name="Priya Nair",
        role="Trade sales",
        side="sales",
        account_url="/account",
        settings_url="/settings",
        sign_out_url="/out",
        sign_in_url="/in",
    )


def find_people(actor: Actor, query: str, *, path: str) -> Sequence[PaletteGroup]:
    """One person who is called Ann."""
    if not query or query.casefold() not in "ann kowalczyk":
        return []
    return [PaletteGroup("Found", [PaletteEntry("Ann Kowalczyk", "/ann", face="Ann Kowalczyk")])]


def eleven(actor: Actor) -> Count:
    """The figure beside an entry."""
    return Count(11, due=True)


def register() -> None:
    """What rooms would register."""
    navigation.register(
        NavItem("start", "Start", "home", "start", Section.TOP, 1, shortcut="h", tab=True),
        NavItem("kit", "Kit", "layout-grid", "ui:gallery", Section.TOP, 2, count=eleven, tab=True),
        NavItem("list", "Listed", "users", "listed", Section.BOTH, 1, "people.view", "p", tab=True),
        NavItem("secret", "Secret", "lock", "secret", Section.SALES, 1, "deals.view"),
        NavItem("company", "Firm", "building", "firm", Section.SETTINGS, 1),
    )
    shell.identity_slot.register("tests", identity)
    palette.palette_slot.register("tests", find_people)


def nothing(request: HttpRequest) -> HttpResponse:
    """A page that is only there to be linked to."""
    return HttpResponse("")


urlpatterns = [
    path("", nothing, name="start"),
    path("listed", nothing, name="listed"),
    path("secret", nothing, name="secret"),
    path("firm", nothing, name="firm"),
    path("refuse/<slug:what>", refuse),
    path("crash", crash),
    path("", include("tandem.ui.urls")),
]
handler400 = "tandem.ui.error_pages.bad_request"
handler403 = "tandem.ui.error_pages.refused"
handler404 = "tandem.ui.error_pages.missing"
handler500 = "tandem.ui.error_pages.failed"

SETTINGS = {
    "ROOT_URLCONF": "tests.ui.site",
    "TANDEM_GALLERY": True,
    "DEBUG": False,
    "ALLOWED_HOSTS": ["*"],
    "LOGIN_URL": "/in",
    "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
    "MESSAGE_STORAGE": "django.contrib.messages.storage.cookie.CookieStorage",
    "MIDDLEWARE": [
        "tandem.ui.middleware.TraceMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "csp.middleware.CSPMiddleware",
        "django_htmx.middleware.HtmxMiddleware",
        "tests.ui.site.ActorMiddleware",
        "tandem.ui.middleware.RefusalMiddleware",
    ],
}
