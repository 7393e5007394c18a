"""Doors: every page says which permission it needs, or why it needs none.

A test of the house walks the URL table and fails on a view without one.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase

from tandem.kernel.actor import Actor
from tandem.kernel.permissions import require_known

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate["ActorRequest", Arguments], HttpResponseBase]


class ActorRequest(HttpRequest):
    """A request that knows who acts; set by the middleware of ``accounts``."""

    actor: Actor


class Door(Protocol):
    """What a view carries once it has been declared."""

    permission: str
    public_reason: str


def page(*, permission: str) -> Callable[[View[Arguments]], View[Arguments]]:
    """A page or fragment for actors with this permission; others sign in or are refused."""

    def decorate(view: View[Arguments]) -> View[Arguments]:
        require_known(permission, by=f"{view.__module__}.{view.__name__}")

        @wraps(view)
        def enter(
            request: ActorRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs
        ) -> HttpResponseBase:
            if not request.actor.is_known:
                return redirect_to_login(request.get_full_path())
            request.actor.require(permission)
            return view(request, *args, **kwargs)

        return _declare(enter, permission=permission)

    return decorate


def signed_in_page(view: View[Arguments]) -> View[Arguments]:
    """A page for everyone who is signed in; what it shows is decided by its queries."""

    @wraps(view)
    def enter(
        request: ActorRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> HttpResponseBase:
        if not request.actor.is_known:
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    return _declare(enter, permission="signed in")


def public_page(*, reason: str) -> Callable[[View[Arguments]], View[Arguments]]:
    """A page for anyone; the reason is shown by the test that lists the open doors."""

    def decorate(view: View[Arguments]) -> View[Arguments]:
        return _declare(view, reason=reason)

    return decorate


def _declare(view: View[Arguments], *, permission: str = "", reason: str = "") -> View[Arguments]:
    door = cast(Door, view)
    door.permission = permission
    door.public_reason = reason
    return view
