"""Every request learns who acts, and speaks the user's language in the user's time zone."""

from collections.abc import Callable
from contextlib import ExitStack

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone, translation

from tandem.accounts.actions import mark_seen
from tandem.accounts.models import User
from tandem.accounts.queries import actor_of_session, zone_of
from tandem.kernel.context import logging_as, remembering

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class ActorMiddleware:
    """Sets ``request.actor``; NOBODY where nobody is signed in."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with remembering(), ExitStack() as stack:
            request.actor = actor_of_session(request)  # type: ignore[attr-defined]
            user = request.user
            if isinstance(user, User):
                mark_seen(user)
                stack.enter_context(logging_as(user=str(user.pk)))
                stack.enter_context(timezone.override(zone_of(user)))
                if user.locale:
                    stack.enter_context(translation.override(user.locale))
            return self.get_response(request)
