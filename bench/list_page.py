"""The people list as a page: CPU of the web process, wall, queries, bytes."""

import statistics
import time
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client

from bench import _scene as scene

SIZE = 10_000
REQUESTS = 60


def run(size: int) -> dict[str, float]:
    """Open the first page of ``size`` people again and again, signed in as an administrator."""
    with scene.scratch_database() as user:
        scene.add_people_by_sql(size)
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        for _warm in range(5):
            response = client.get("/people")
        queries: list[str] = []
        with connection.execute_wrapper(_noting(queries)):
            response = client.get("/people")
        walls = []
        cpu = time.process_time()
        for _request in range(REQUESTS):
            began = time.perf_counter()
            client.get("/people")
            walls.append(time.perf_counter() - began)
        cpu = (time.process_time() - cpu) / REQUESTS
    return {
        "list_page_cpu_ms": round(cpu * 1000, 2),
        "list_page_median_ms": round(statistics.median(walls) * 1000, 2),
        "list_page_p95_ms": round(statistics.quantiles(walls, n=20)[18] * 1000, 2),
        "list_page_queries": len(queries),
        "list_page_kb": round(len(response.content) / 1024, 1),
    }


def _noting(queries: list[str]) -> Callable[..., Any]:
    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        queries.append(sql)
        return execute(sql, *rest)

    return note
