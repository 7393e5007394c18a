"""The health of an installation: what runs, what waits, what is about to go wrong."""

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connection

from tandem.consent.queries import broken_events, crooked_states
from tandem.lake.queries import health_of_lake
from tandem.project import processes
from tandem.project.binaries import OLDEST_MAJOR
from tandem.project.home import FORMAT, Home, read_format
from tandem.project.migrate import pending_migrations
from tandem.project.session import session

PARTS = ("postgres", "web", "edge", "worker")

LEAST_FREE_BYTES = 1 << 30
LEAST_FREE_SHARE = 0.05
LARGEST_CLOCK_SECONDS = 5.0
LATE_OUTBOX_SECONDS = 600

STALLED_JOBS = """
    SELECT count(*) FROM procrastinate_jobs j
    LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
    WHERE j.status = 'doing'
      AND (w.id IS NULL OR w.last_heartbeat < now() - interval '60 s')
"""
OUTBOX = """
    SELECT count(*) FILTER (WHERE state = 'due'), count(*) FILTER (WHERE state = 'failed'),
           coalesce(extract(epoch FROM now() - min(due_at) FILTER (WHERE state = 'due')), 0)
    FROM kernel_delivery WHERE state <> 'done'
"""
MAIL = """
    SELECT count(*) FILTER (WHERE state = 'planned'),
           count(*) FILTER (WHERE state = 'planned'
                            AND created_at < now() - interval '15 min'),
           count(*) FILTER (WHERE state = 'unknown'),
           max(reply) FILTER (WHERE state = 'planned')
    FROM delivery_message WHERE state IN ('planned', 'unknown')
"""


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    name: str
    words: str
    is_good: bool = True


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that was found; `parts` is what runs under `tandem up` here."""

    findings: list[Finding]
    parts: list[dict[str, Any]]

    @property
    def is_good(self) -> bool:
        """Whether nothing needs a hand."""
        return not self.problems

    @property
    def problems(self) -> list[str]:
        """What needs a hand."""
        return [f"{one.name}: {one.words}" for one in self.findings if not one.is_good]

    def as_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "ok": self.is_good,
            "parts": self.parts,
            "checks": [
                {"name": one.name, "ok": one.is_good, "detail": one.words} for one in self.findings
            ],
        }


def examine(home: Home) -> Report:
    """Look at everything; starts the embedded database for the time where it does not run.

    Raises OperatorError where there is no database to look at. Cost: about ten queries.
    """
    # Before the database, so that what we start ourselves is not taken for a part.
    parts, running = _parts(home)
    findings = [_home(home), _disk(home), running]
    with session(home, migrated=False):
        findings += [_server(), _migrations(), _clock()]
        if findings[-2].is_good:
            findings += [_jobs(), _outbox(), _sending(), _mail(parts), _consent(), _lake()]
    return Report(findings=findings, parts=parts)


def _home(home: Home) -> Finding:
    found = read_format(home)["format"]
    return Finding("home", f"{home.path}, format {found} of {FORMAT}", found == FORMAT)


def _disk(home: Home) -> Finding:
    usage = shutil.disk_usage(home.postgres_dir.resolve() if home.embeds_postgres else home.path)
    enough = usage.free >= LEAST_FREE_BYTES and usage.free / usage.total >= LEAST_FREE_SHARE
    return Finding("disk", f"{usage.free / 2**30:.1f} GB free", enough)


def _parts(home: Home) -> tuple[list[dict[str, Any]], Finding]:
    """What the supervisor says runs, checked against the processes there are."""
    try:
        told = json.loads(home.parts_file.read_text())
    except FileNotFoundError:
        return [], Finding("parts", "`tandem up` does not run here")
    if not processes.alive(int(told["supervisor"])):
        return [], Finding("parts", "`tandem up` ended without cleaning up; start it again")
    parts = [
        {"name": part["name"], "pid": part["pid"], "started": part["started"]}
        for part in told["parts"]
        if part["pid"] is not None and processes.alive(part["pid"])
    ]
    names = {str(part["name"]) for part in parts}
    wanted = [name for name in PARTS if name != "postgres" or home.embeds_postgres]
    missing = [name for name in wanted if name not in names]
    words = ", ".join(f"{part['name']} {part['pid']}" for part in parts)
    if missing:
        return parts, Finding("parts", f"{' and '.join(missing)} does not run", is_good=False)
    return parts, Finding("parts", words)


def _server() -> Finding:
    rows = {
        name: _one(f"SELECT current_setting('{name}')")
        for name in ("server_version", "fsync", "full_page_writes", "data_checksums")
    }
    size = _one("SELECT pg_size_pretty(pg_database_size(current_database()))")
    words = f"{rows['server_version']}, {size}, checksums {rows['data_checksums']}"
    if int(rows["server_version"].split(".")[0]) < OLDEST_MAJOR:
        return Finding("postgres", f"{words}: {OLDEST_MAJOR} or newer is needed", is_good=False)
    unsafe = [name for name in ("fsync", "full_page_writes") if rows[name] != "on"]
    if unsafe:
        return Finding("postgres", f"{words}: {' and '.join(unsafe)} is off", is_good=False)
    return Finding("postgres", words)


def _migrations() -> Finding:
    pending = pending_migrations()
    words = f"{len(pending)} pending: {', '.join(pending[:3])}" if pending else "none pending"
    return Finding("migrations", words, not pending)


def _clock() -> Finding:
    there = _one("SELECT clock_timestamp()")
    apart = abs((datetime.now(UTC) - there).total_seconds())
    return Finding("clock", f"{apart:.1f} s from the database's", apart < LARGEST_CLOCK_SECONDS)


def _jobs() -> Finding:
    stalled = int(_one(STALLED_JOBS))
    waiting = int(_one("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"))
    failed = int(_one("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'"))
    return Finding("jobs", f"{waiting} waiting, {stalled} stalled, {failed} failed", not stalled)


def _outbox() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute(OUTBOX)
        due, failed, late = cursor.fetchone()
    words = f"{due} due, {failed} failed"
    if late > LATE_OUTBOX_SECONDS:
        return Finding("outbox", f"{words}, the oldest {late:.0f} s late", is_good=False)
    return Finding("outbox", words)


def _sending() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("SELECT is_sending_held, held_reason FROM kernel_installation")
        held, reason = cursor.fetchone()
    return Finding("sending", f"held: {reason}" if held else "free")


def _mail(parts: list[dict[str, Any]]) -> Finding:
    """What waits for the mail server; mails that wait long while nothing holds them need a hand."""
    with connection.cursor() as cursor:
        cursor.execute(MAIL)
        waiting, late, unknown, reply = cursor.fetchone()
        cursor.execute("SELECT is_sending_held FROM kernel_installation")
        (held,) = cursor.fetchone()
    words = f"{waiting} waiting, {unknown} of unknown outcome"
    is_set = settings.SMTP_URL or any(part["name"] == "demo-mail" for part in parts)
    if not is_set:
        return Finding("mail", f"no mail server is set; {words}")
    if late and not held:
        return Finding("mail", f"{words}, {late} late: {reply or 'is the worker there?'}", False)
    return Finding("mail", words)


def _consent() -> Finding:
    """Whether what people said stands as it was written."""
    broken, crooked = len(broken_events()), len(crooked_states())
    words = f"{broken} entries altered, {crooked} states that do not follow from them"
    return Finding("consent", words, not broken and not crooked)


def _lake() -> Finding:
    """Whether every file of events is there as it was written."""
    found = health_of_lake()
    words = (
        f"{found.hot} events hot, {found.filed} in {found.files} files of"
        f" {found.bytes / 2**20:.1f} MB"
    )
    if found.unlisted:
        words += (
            f", {len(found.unlisted)} files that nothing lists (they are removed by themselves)"
        )
    if found.is_good:
        return Finding("lake", words)
    wrong = [f"{name} is missing" for name in found.missing]
    wrong += [f"{name} is damaged" for name in found.damaged]
    return Finding(
        "lake",
        f"{words}; {', '.join(wrong[:3])}{' and more' if len(wrong) > 3 else ''}: questions about"
        " events are refused until it is put back from a backup into the folder files/lake, or"
        " given up by `tandem lake give-up FILE`",
        is_good=False,
    )


def _one(query: str) -> Any:
    """The one value of a query."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]
