"""Django's door for web servers."""

import os
import tempfile
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import psycopg
from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError
from django.urls import get_resolver

from tandem.project.callers import caller_of
from tandem.project.health import gauges, health

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tandem.project.settings")

SPOOLED_BYTES = 1 << 20

INNER = "/-/"
"""Asked by the edge only: answered here, so that it costs no session and no log line."""

_django = get_wsgi_application()
# The first visitor should not pay for importing every room's views.
get_resolver().url_patterns  # noqa: B018


def application(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
    """Answer one request."""
    if environ["PATH_INFO"].startswith(INNER):
        return _inner(environ, start_response)
    if "HTTP_TRANSFER_ENCODING" in environ:
        _give_length(environ)
    return _django(environ, start_response)


def _give_length(environ: dict[str, Any]) -> None:
    """Take in a body that came without its length: Django would read nothing of it."""
    source, body = environ["wsgi.input"], tempfile.SpooledTemporaryFile(max_size=SPOOLED_BYTES)  # noqa: SIM115
    while block := source.read(SPOOLED_BYTES):
        body.write(block)
    environ["CONTENT_LENGTH"] = str(body.tell())
    environ.pop("HTTP_TRANSFER_ENCODING")
    body.seek(0)
    environ["wsgi.input"] = body


def _inner(environ: dict[str, Any], start_response: "StartResponse") -> list[bytes]:
    """How we are and who calls, between the parts."""
    question = environ["PATH_INFO"].removeprefix(INNER)
    status, kind, body = "404 Not Found", "text/plain", b""
    try:
        if question == "health":
            found = health()
            status = "200 OK" if found.is_good else "503 Service Unavailable"
            kind, body = "application/json", found.as_json()
        elif question == "metrics":
            status, body = "200 OK", gauges()
        elif question == "caller":
            caller = caller_of(environ)
            status = "200 OK" if caller else "401 Unauthorized"
            body = caller.encode()
    except (psycopg.Error, DatabaseError):
        status = "503 Service Unavailable"
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
