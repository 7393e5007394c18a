"""The lake: bytes an event at rest, CPU an event of flush and merge, questions over hot and filed.

``size`` events of the visits to a shop in a week, eight a visitor, put into the hot table by SQL
and taken from there in rounds as the job does it; ratios are between a question to files and the
same to hot rows. CPU is that of this process, the engine included.
"""

import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from bench import _scene as scene
from tandem.kernel.actor import Actor, job_actor
from tandem.kernel.refs import RecordRef
from tandem.lake.actions import flush, link_subject, sweep, tidy
from tandem.lake.models import EventFile
from tandem.lake.queries import Counted, EventCount, count_all, count_events, events_of

SIZE = 300_000
DAYS = 7
ROUNDS = 3
STORIES = 40

_EVENTS = """
    INSERT INTO lake_event (id, at, received_at, visitor, name, url, referrer, title, source,
                            medium, campaign, channel, props, agent)
    SELECT gen_random_uuid(), at, at + random() * interval '2 s',
           CASE WHEN random() < 0.2 THEN '' ELSE md5(v::text)::uuid::text END,
           (ARRAY['page_view', 'page_view', 'page_view', 'click', 'download', 'form', 'order'])
               [1 + floor(random() * 7)],
           'https://shop.example/products/tin-' || page,
           (ARRAY['https://www.google.com/', '', ''])[c],
           'Product tin ' || page, (ARRAY['google', '', 'news'])[c], (ARRAY['', '', 'email'])[c],
           (ARRAY['', '', 'winter'])[c], (ARRAY['organic', 'direct', 'email'])[c],
           CASE WHEN random() < 0.1 THEN jsonb_build_object('price', floor(random() * 100))
               ELSE '{}' END,
           1000 + v %% 50
    FROM (
        SELECT date_trunc('milliseconds', now() - (v %% %s) * interval '1 day'
                   - (1 + random() * 30) * interval '1 min') AS at,
               floor(power(random(), 2) * 400) AS page, 1 + floor(random() * 3)::int AS c, v
        FROM (SELECT floor(random() * %s)::bigint AS v FROM generate_series(1, %s)) AS drawn
    ) AS made
"""


# Of fifty agents five are machines, whose events every question leaves out.
_AGENTS = """
    INSERT INTO lake_agent (number, text, from_page, kind, p_human, reasons, version)
    SELECT 1000 + a, 'agent ' || a, true, CASE WHEN a < 5 THEN 'machine' ELSE 'human' END, 0.5,
           '{made_up}', 'bench'
    FROM generate_series(0, 49) AS a
"""


def run(size: int) -> dict[str, float]:
    """Fill, count hot, flush in rounds, merge, count and tell stories from files."""
    folder = Path(tempfile.mkdtemp(prefix="tandem-lake-"))
    with scene.scratch_database():
        settings.MEDIA_ROOT = folder
        try:
            return _measured(size)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _measured(size: int) -> dict[str, float]:
    actor = job_actor("bench", frozenset({"lake.maintain", "lake.link"}))
    each, visitors = size // ROUNDS, max(1, size // 8)
    figures: dict[str, float] = {}
    with connection.cursor() as cursor:
        cursor.execute(_AGENTS)
    _fill(each, visitors)
    hot = _hot_bytes()
    figures["lake_hot_bytes_per_event"] = round(hot / each, 1)
    asked = _questions()
    of_hot = {name: _cpu_ms(ask) for name, ask in asked.items()}
    cpu, took = time.process_time(), time.perf_counter()
    flush(actor)
    for _round in range(ROUNDS - 1):
        _fill(each, visitors)
        flush(actor)
    figures["lake_flush_cpu_us_per_event"] = round((time.process_time() - cpu) / size * 1e6, 2)
    figures["lake_flush_events_per_s"] = round(size / (time.perf_counter() - took))
    cpu = time.process_time()
    tidy(actor)
    figures["lake_merge_cpu_us_per_event"] = round((time.process_time() - cpu) / size * 1e6, 2)
    _settle()
    live = EventFile.objects.filter(retired_at__isnull=True)
    stored = live.aggregate(rows=Sum("rows"), bytes=Sum("bytes"))
    assert stored["rows"] == ROUNDS * each, stored
    figures["lake_files"] = live.count()
    figures["lake_bytes_per_event"] = round(stored["bytes"] / stored["rows"], 2)
    figures["lake_manifest_bytes_per_event"] = round(_bytes("lake_file") / stored["rows"], 2)
    for name, ask in asked.items():
        filed = _cpu_ms(ask)
        figures[f"lake_{name}_cpu_ms"] = round(filed, 1)
        figures[f"lake_{name}_an_event_filed_to_hot_ratio"] = round(
            filed / ROUNDS / max(of_hot[name], 0.01), 3
        )
    figures.update(_stories(actor, visitors))
    return figures


def _fill(count: int, visitors: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, [DAYS, visitors, count])


def _questions() -> dict[str, Callable[[], object]]:
    pause = timedelta(minutes=30)
    return {
        "events_by_campaign": lambda: count_events(Counted.EVENTS, by=["campaign"]),
        "visitors_by_day": lambda: count_events(Counted.VISITORS, by=["day"]),
        "sessions_by_channel": lambda: count_events(Counted.SESSIONS, by=["channel"], pause=pause),
        "events_with_machines": lambda: count_events(
            Counted.EVENTS, by=["campaign"], with_machines=True
        ),
        "page_of_sites": lambda: count_all(_page_of_sites(pause)),
    }


def _page_of_sites(pause: timedelta) -> list[EventCount]:
    """What the overview of the sites counts, of three days and of the three before."""
    middle = timezone.now() - timedelta(days=3)
    found = []
    for since, until in ((middle, None), (middle - timedelta(days=3), middle)):
        of_days = partial(EventCount, since=since, until=until, pause=pause)
        found += [
            of_days(Counted.VISITORS),
            of_days(Counted.SESSIONS),
            of_days(Counted.EVENTS, only={"name": "page_view"}),
            of_days(Counted.SESSIONS, by=("channel",)),
            of_days(Counted.EVENTS, by=("sender",), with_machines=True),
        ]
    days = EventCount(Counted.EVENTS, by=("day",), only={"name": "page_view"}, since=middle)
    return [*found, days]


def _cpu_ms(ask: Callable[[], object]) -> float:
    """CPU of this process, the engine included, for the second time that a question is asked."""
    ask()
    began = time.process_time()
    ask()
    return (time.process_time() - began) * 1000


def _stories(actor: Actor, visitors: int) -> dict[str, float]:
    """The story of one person, one after the other: wall time and CPU."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT md5(v::text)::uuid::text FROM generate_series(1, %s) v", [STORIES])
        known = [row[0] for row in cursor.fetchall()]
    since = EventFile.objects.earliest("first_at").first_at
    for number, visitor in enumerate(known):
        link_subject(actor, visitor, to=RecordRef("person", number), since=since, proof="bench")
    waits, told = [], 0
    events_of("person", [0])
    cpu = time.process_time()
    for number in range(STORIES):
        began = time.perf_counter()
        told += len(events_of("person", [number]).get(number, ()))
        waits.append((time.perf_counter() - began) * 1000)
    cpu = time.process_time() - cpu
    assert told > STORIES, told
    waits.sort()
    return {
        "lake_story_cpu_ms": round(cpu / STORIES * 1000, 2),
        "lake_story_p50_ms": round(waits[len(waits) // 2], 2),
        "lake_story_p95_ms": round(waits[int(len(waits) * 0.95)], 2),
    }


def _settle() -> None:
    """What merging left in the manifest is swept, its index put in order: as it is by night."""
    sweep(job_actor("bench", frozenset({"lake.maintain"})), now=timezone.now() + timedelta(days=2))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM FULL lake_file")


def _hot_bytes() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('lake_event')"
        )
        return int(cursor.fetchone()[0])


def _bytes(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size(%s)", [table])
        return int(cursor.fetchone()[0])
