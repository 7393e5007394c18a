"""The board of deals as a page: CPU of the web process, wall, queries, bytes."""

import statistics
import time
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client

from bench import _scene as scene
from tandem.deals.actions import ensure_pipeline
from tandem.deals.models import Pipeline
from tandem.kernel.actor import job_actor
from tandem.kernel.permissions import declared

SIZE = 5_000
REQUESTS = 40


def run(size: int) -> dict[str, float]:
    """Open the board of ``size`` open deals again and again, signed in as an administrator."""
    with scene.scratch_database() as user:
        pipeline = ensure_pipeline(job_actor("bench", frozenset(declared())))
        _fill(pipeline, size)
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        for _warm in range(5):
            response = client.get("/deals/board")
        queries: list[str] = []
        with connection.execute_wrapper(_noting(queries)):
            response = client.get("/deals/board")
        walls = []
        cpu = time.process_time()
        for _request in range(REQUESTS):
            began = time.perf_counter()
            client.get("/deals/board")
            walls.append(time.perf_counter() - began)
        cpu = (time.process_time() - cpu) / REQUESTS
    return {
        "board_cpu_ms": round(cpu * 1000, 2),
        "board_median_ms": round(statistics.median(walls) * 1000, 2),
        "board_p95_ms": round(statistics.quantiles(walls, n=20)[18] * 1000, 2),
        "board_queries": len(queries),
        "board_kb": round(len(response.content) / 1024, 1),
    }


def _fill(pipeline: Pipeline, size: int) -> None:
    """Deals spread over the open stages, each with a company, a stay and a next step."""
    scene.add_people_by_sql(100)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO kernel_changeset
                (public_id, actor_kind, actor_label, source, action, reason)
            VALUES (gen_random_uuid(), 'job', 'bench', 'import', 'bench.fill', '')
            RETURNING set_config('tandem.change_set', id::text, false)
            """
        )
        cursor.execute(_DEALS, {"size": size, "pipeline": pipeline.pk})
        cursor.execute(_STAYS)
        cursor.execute("SELECT set_config('tandem.change_set', '', false)")
        cursor.execute("ANALYZE")


def _noting(queries: list[str]) -> Callable[..., Any]:
    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        queries.append(sql)
        return execute(sql, *rest)

    return note


_DEALS = """
    INSERT INTO deals_deal (public_id, name, sort_key, motion_id, pipeline_id, stage_id, status,
        position, amount_minor, currency, owner_id, next_step, next_step_on, opened_at,
        close_reason, close_note, close_said_by)
    SELECT gen_random_uuid(), 'Deal ' || n, 'deal ' || n, p.motion_id, p.id, s.id, 'open', n,
        n * 100, 'EUR', (SELECT min(id) FROM accounts_user), 'Call', current_date + n %% 30 - 10,
        now() - n * interval '1 hour', '', '', ''
    FROM generate_series(1, %(size)s) n, deals_pipeline p,
        LATERAL (SELECT id FROM deals_stage WHERE pipeline_id = p.id AND category = 'open'
                 ORDER BY position OFFSET n %% 4 LIMIT 1) s
    WHERE p.id = %(pipeline)s
"""
_STAYS = """
    INSERT INTO deals_dealstageinterval (deal_id, stage_id, entered_at)
    SELECT id, stage_id, opened_at FROM deals_deal
"""
