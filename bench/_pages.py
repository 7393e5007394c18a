"""Pages as a signed-in browser asks for them, and what they cost; without a server in between.

Times of a page say something only beside those of the machine: ``limits`` measures in the same run
what fifty rows cost at least.
"""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.test import Client, override_settings
from django.urls import path

from tandem.accounts.models import User
from tandem.people.models import Person

REQUESTS = 60
WARM = 5


class Visitor:
    """Somebody's browser: asks the product for pages, one after another."""

    def __init__(self, user: User | None = None) -> None:
        self._handler = WSGIHandler()
        self._cookie = ""
        if user is not None:
            client = Client()
            client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
            self._cookie = "; ".join(f"{one.key}={one.value}" for one in client.cookies.values())

    def get(self, address: str, *, as_fragment: bool = False) -> bytes:
        """The page at an address; raises AssertionError where it is none."""
        said: list[str] = []
        where, _mark, query = address.partition("?")
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": where,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost",
            "HTTP_ACCEPT_LANGUAGE": "en-GB",
            "HTTP_COOKIE": self._cookie,
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
        } | ({"HTTP_HX_REQUEST": "true"} if as_fragment else {})
        handler: Any = self._handler
        response = handler(environ, lambda status, _headers: said.append(status))
        content = b"".join(response)
        response.close()
        assert said == ["200 OK"], (address, said)
        return content


def page_figures(visitor: Visitor, *addresses: str, requests: int = REQUESTS) -> dict[str, float]:
    """What pages cost, asked for in turn: of each its share, of queries and bytes the most."""
    counts, sizes = [], []
    for address in addresses:
        for _warm in range(WARM):
            visitor.get(address)
        queries: list[str] = []
        with connection.execute_wrapper(noting(queries)):
            sizes.append(len(visitor.get(address)))
        counts.append(len(queries))
    turns = [addresses[at % len(addresses)] for at in range(requests)]
    app, server, walls = cost_of([partial(visitor.get, one) for one in turns])
    return {
        "cpu_ms": app,
        "postgres_cpu_ms": server,
        "median_ms": statistics.median(walls),
        "p95_ms": p95(walls),
        "queries": max(counts),
        "kb": max(sizes) / 1024,
    }


def cost_of(steps: Sequence[Callable[[], Any]]) -> tuple[float, float, list[float]]:
    """What steps cost: milliseconds of this process and of the database's for one, and the wall
    of each."""
    walls = []
    before, server = time.process_time(), _server_seconds()
    for step in steps:
        began = time.perf_counter()
        step()
        walls.append((time.perf_counter() - began) * 1000)
    app = (time.process_time() - before) / len(steps) * 1000
    return app, (_server_seconds() - server) / len(steps) * 1000, walls


def p95(walls: Sequence[float]) -> float:
    """The time within which nineteen of twenty were done."""
    return statistics.quantiles(walls, n=20)[18]


def limits() -> dict[str, float]:
    """What this machine needs now for fifty rows by key, and for a bare Django page of them."""
    by_key, _server, walls = cost_of([_rows_by_key] * REQUESTS)
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[]):
        visitor = Visitor()
        for _warm in range(WARM):
            visitor.get("/plain")
        plain, _server, _walls = cost_of([lambda: visitor.get("/plain")] * REQUESTS)
    return {
        "rows_by_key_cpu_ms": by_key,
        "rows_by_key_p95_ms": p95(walls),
        "plain_page_cpu_ms": plain,
    }


def noting(queries: list[str]) -> Callable[..., Any]:
    """A wrapper of the connection that writes down what is asked."""

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        queries.append(sql)
        return execute(sql, *rest)

    return note


def _rows_by_key() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, public_id, name FROM people_person ORDER BY id LIMIT 50")
        cursor.fetchall()


def _plain(request: HttpRequest) -> HttpResponse:
    people = Person.objects.order_by("pk")[:50]
    return HttpResponse(_PLAIN.render(Context({"people": people})))


_PLAIN = Engine().from_string(
    "<table>{% for one in people %}<tr><td>{{ one.pk }}</td><td>{{ one.name }}</td>"
    "<td>{{ one.country }}</td><td>{{ one.created_at }}</td></tr>{% endfor %}</table>"
)
urlpatterns = [path("plain", _plain)]


def _server_seconds() -> float:
    """What all sessions of this database have computed for so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return sum(seconds_of(pid) for (pid,) in cursor.fetchall())


def seconds_of(pid: int) -> float:
    """Seconds that a process of this machine has computed for, in user and system mode."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
