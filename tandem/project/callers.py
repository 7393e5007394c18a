"""Who a cookie belongs to: asked by the edge for streams, which no middleware sees."""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.wsgi import WSGIRequest
from django.db import close_old_connections

from tandem.accounts.queries import actor_of_session


def caller_of(environ: dict[str, Any]) -> str:
    """A key of the user who is signed in with a request's cookie, empty for nobody.

    Costs two queries; the session is not prolonged by it. Raises django.db.DatabaseError.
    """
    close_old_connections()
    try:
        request = WSGIRequest(environ)
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if not key:
            return ""
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
        request.user = get_user(request)
        actor = actor_of_session(request)
        return str(actor.user_id) if actor.is_known else ""
    finally:
        close_old_connections()
