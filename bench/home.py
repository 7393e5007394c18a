"""The shared home: CPU of the web process, wall, queries, with people, hand-offs and orders."""

import statistics
import time
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client

from bench import _scene as scene

SIZE = 10_000  # people; a tenth of them leads with a hand-off, five orders each
REQUESTS = 40


def run(size: int) -> dict[str, float]:
    """Open home again and again, signed in as an administrator."""
    with scene.scratch_database() as user:
        scene.add_people_by_sql(size)
        _add_the_seam()
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        for _warm in range(5):
            response = client.get("/")
        queries: list[str] = []
        with connection.execute_wrapper(_noting(queries)):
            response = client.get("/")
        walls = []
        cpu = time.process_time()
        for _request in range(REQUESTS):
            began = time.perf_counter()
            client.get("/")
            walls.append(time.perf_counter() - began)
        cpu = (time.process_time() - cpu) / REQUESTS
    return {
        "home_cpu_ms": round(cpu * 1000, 2),
        "home_median_ms": round(statistics.median(walls) * 1000, 2),
        "home_p95_ms": round(statistics.quantiles(walls, n=20)[18] * 1000, 2),
        "home_queries": len(queries),
        "home_kb": round(len(response.content) / 1024, 1),
    }


def _noting(queries: list[str]) -> Callable[..., Any]:
    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        queries.append(sql)
        return execute(sql, *rest)

    return note


def _add_the_seam() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO kernel_changeset
                (public_id, actor_kind, actor_label, source, action, reason)
            VALUES (gen_random_uuid(), 'job', 'bench', 'import', 'bench.fill', '')
            RETURNING set_config('tandem.change_set', id::text, false)
            """
        )
        for statement in _STATEMENTS:
            cursor.execute(statement)
        cursor.execute("SELECT set_config('tandem.change_set', '', false)")
        cursor.execute("ANALYZE")


_STATEMENTS = (
    """
    INSERT INTO handoff_motion (public_id, key, name, accept_minutes, first_touch_minutes,
                                outcome_minutes, reply_minutes)
    VALUES (gen_random_uuid(), 'bench', 'Bench', 60, 240, 4800, 960)
    """,
    """
    INSERT INTO handoff_lead (public_id, person_id, motion_id, origin, kind, status, asked_for,
                              score, reasons, evidence, opened_at, close_reason)
    SELECT gen_random_uuid(), p.id, m.id, 'form', 'mql', 'new', '', 40, '[]', '{}',
           now() - (p.id % 90) * interval '1 day', ''
    FROM people_person p, handoff_motion m WHERE m.key = 'bench' AND p.id % 10 = 0
    """,
    """
    INSERT INTO handoff_handoff (public_id, lead_id, kind, state, routing, opener, last_message,
        consent, offered_at, accept_due, accepted_at, first_touch_due, rejection_code,
        rejection_note, route, reply_verdict, reply_text)
    SELECT gen_random_uuid(), id, 'mql', CASE WHEN id % 3 = 0 THEN 'offered' ELSE 'accepted' END,
           '[]', '', '{}', '{}', opened_at, opened_at + interval '1 hour',
           CASE WHEN id % 3 > 0 THEN opened_at + interval '30 minutes' END,
           CASE WHEN id % 3 > 0 THEN opened_at + interval '5 hours' END, '', '', '', '', ''
    FROM handoff_lead
    """,
    """
    INSERT INTO revenue_order (public_id, source, number, person_id, ordered_at, currency, country,
                               net_minor, line_count)
    SELECT gen_random_uuid(), 'bench', p.id || '-' || n, p.id,
           now() - ((p.id * 7 + n * 61) % 400) * interval '1 day', 'EUR', '', 1999, 1
    FROM people_person p, generate_series(1, 5) n
    """,
    """
    INSERT INTO revenue_orderline (order_id, ordinal, kind, at, product_code, description,
                                   quantity, unit_price, amount_minor)
    SELECT id, 1, 'sale', ordered_at, 'TIN', '', 1, 19.99, 1999 FROM revenue_order
    """,
)
