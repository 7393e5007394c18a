"""Questions as data over files: CPU of DuckDB in this process, for the whole answer.

``size`` events of the visits to a shop in half a year, eight a visitor and each with one visitor
in ten who is known; funnels of three ordered steps within a month, "did it three times in 30 days",
the same of persons, and who did not. The limit is what counting the rows of the same columns costs.
"""

import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from bench import _scene as scene
from tandem.kernel.actor import job_actor
from tandem.lake.actions import flush, tidy
from tandem.lake.models import EventFile
from tandem.lake.queries import ask_events, subjects_where
from tandem.lake.schemas import read_question

SIZE = 1_000_000
DAYS = 180

_EVENTS = """
    INSERT INTO lake_event (id, at, received_at, visitor, name, url, referrer, title, source,
                            medium, campaign, channel, props)
    SELECT gen_random_uuid(), at, at, md5(v::text)::uuid::text,
           CASE WHEN dice < 0.80 THEN 'page_view' WHEN dice < 0.92 THEN 'click'
                WHEN dice < 0.98 THEN 'form' ELSE 'order' END,
           'https://shop.example/', '', '', '', '', '', 'direct', '{}'
    FROM (
        SELECT now() - random() * %s * interval '1 day' AS at, random() AS dice,
               floor(power(random(), 1.5) * %s)::bigint AS v
        FROM generate_series(1, %s)
    ) AS made
"""
_OPEN_CHANGE_SET = """
    INSERT INTO kernel_changeset (public_id, actor_kind, actor_label, source, action, reason)
    VALUES (gen_random_uuid(), 'job', 'bench', 'import', 'bench.fill', '')
    RETURNING set_config('tandem.change_set', id::text, false)
"""
_PERSONS = """
    INSERT INTO lake_subjectalias (subject, kind, record_id, since, proof)
    SELECT md5(v::text)::uuid::text, 'person', v, now() - interval '1 year', 'bench'
    FROM generate_series(1, %s, 10) AS v
"""
_STEPS = [{"name": name} for name in ("page_view", "form", "order")]
_FUNNEL = {"kind": "in_order", "steps": _STEPS, "within": {"days": 30}}
_OFTEN = {
    "kind": "did",
    "event": {"name": "page_view"},
    "times": {"at_least": 3},
    "window": {"last": {"days": 30}},
}
_QUESTIONS: dict[str, dict[str, Any]] = {
    "funnel": {"of": "visitor", "where": _FUNNEL},
    "often": {"of": "visitor", "where": _OFTEN},
    "often_of_persons": {"of": "person", "where": _OFTEN},
    "never": {"of": "visitor", "where": {"kind": "did_not", "event": {"name": "order"}}},
}


def run(size: int) -> dict[str, float]:
    """Fill, flush to files of days, ask."""
    folder = Path(tempfile.mkdtemp(prefix="tandem-questions-"))
    with scene.scratch_database():
        settings.MEDIA_ROOT = folder
        try:
            return _measured(size)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _measured(size: int) -> dict[str, float]:
    actor = job_actor("bench", frozenset({"lake.maintain"}))
    visitors = max(1, size // 8)
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, [DAYS, visitors, size])
        cursor.execute(_OPEN_CHANGE_SET)
        cursor.execute(_PERSONS, [visitors])
        cursor.execute("SELECT set_config('tandem.change_set', '', false)")
    flush(actor)
    tidy(actor)
    figures: dict[str, float] = {
        "questions_files": EventFile.objects.filter(retired_at__isnull=True).count()
    }
    since = timezone.now() - timedelta(days=30)
    columns = ["visitor", "name"]
    read = 'SELECT count(DISTINCT name), max(visitor), max(epoch_us("at")) FROM events'

    def count(first: datetime | None) -> object:
        return ask_events(lambda duck: duck.execute(read).fetchone(), columns=columns, since=first)

    figures["questions_reading_all_cpu_ms"] = _cpu_ms(partial(count, None))
    figures["questions_reading_month_cpu_ms"] = _cpu_ms(partial(count, since))
    for name, asked in _QUESTIONS.items():
        question = read_question(asked)
        figures[f"questions_{name}_found"] = len(subjects_where(question))
        figures[f"questions_{name}_cpu_ms"] = _cpu_ms(partial(subjects_where, question))
    return figures


def _cpu_ms(ask: Callable[[], object]) -> float:
    """CPU of this process, the engine included: the least of three, after a first time."""
    ask()
    took = []
    for _time in range(3):
        began = time.process_time()
        ask()
        took.append(time.process_time() - began)
    return round(min(took) * 1000, 1)
