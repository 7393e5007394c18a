"""Jobs: procrastinate for orchestration only. The queue is never the truth.

``@job("room.verb")`` in a room's ``jobs.py`` (or here) makes a task; anyone below asks for it by
name with ``enqueue``. A job gets an Actor with just the permissions that it names, small JSON of
ids, and calls one action. A worker that dies leaves its jobs to the sweep.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from asgiref.sync import async_to_sync
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job, Status

from tandem.kernel.actor import Actor, job_actor
from tandem.kernel.context import logging_as
from tandem.kernel.errors import DomainError
from tandem.kernel.permissions import require_known

log = logging.getLogger(__name__)

Payload = ParamSpec("Payload")

_asked_for: set[str] = set()
_known: set[str] = set()

STALLED_AFTER_SECONDS = 30.0
MOST_DEATHS = 5  # of workers, before a job is taken for the one that kills them


def job(
    name: str,
    *,
    permissions: frozenset[str] = frozenset(),
    every: str | None = None,
    attempts: int = 5,
) -> Callable[[Callable[Concatenate[Actor, Payload], None]], Callable[Payload, None]]:
    """Make a function a job under this name; its first argument is the job's own Actor.

    ``every`` is a cron expression (UTC) for jobs that also run by the clock. What raises a
    retryable DomainError or dies with its worker is tried again, at most ``attempts`` times.
    """

    def decorate(
        function: Callable[Concatenate[Actor, Payload], None],
    ) -> Callable[Payload, None]:
        for permission in permissions:
            require_known(permission, by=f"job {name}")
        actor = job_actor(name, permissions)

        @wraps(function)
        def run(*args: Payload.args, **kwargs: Payload.kwargs) -> None:
            kwargs.pop("timestamp", None)  # what procrastinate adds to periodic tasks
            try:
                with logging_as(job=name):
                    function(actor, *args, **kwargs)
            except DomainError as error:
                if error.retryable:
                    raise
                log.warning("job refused: %s", error.code)

        retry = RetryStrategy(
            max_attempts=attempts, exponential_wait=5, retry_exceptions=[DomainError, OSError]
        )
        task = app.task(name=name, queue="default", retry=retry)(run)
        if every is not None:
            app.periodic(cron=every, periodic_id=name)(cast("Any", task))
        _known.add(name)
        return run

    return decorate


@dataclass(frozen=True, slots=True)
class Watch:
    """A job that is asked for whenever ``is_due`` says so: every second in each worker."""

    name: str
    is_due: Callable[[], bool]


_watches: list[Watch] = []


def watch(name: str, is_due: Callable[[], bool]) -> None:
    """Ask for a job soon after something has happened that nobody tells of; for what cannot wait
    for the next minute. ``is_due`` is one cheap query."""
    _watches.append(Watch(name, is_due))


def ask_for_what_is_due() -> None:
    """Look once for every watch."""
    for one in _watches:
        if one.is_due():
            enqueue_once(one.name)


def enqueue(name: str, *, at: datetime | None = None, **payload: Any) -> None:
    """Ask for a job by name, perhaps not before a moment (aware).

    It is written in the caller's transaction, so it exists on commit.
    """
    _asked_for.add(name)
    app.configure_task(name, queue="default", allow_unknown=False, schedule_at=at).defer(**payload)


def enqueue_once(name: str, *, lock: str = "", **payload: Any) -> None:
    """Ask for a job after commit unless the same one (name and ``lock``) is waiting already.

    For jobs that do all that is due whenever they run: a wake-up that is lost in a crash between
    commit and asking costs a minute, because such jobs also run by the clock.
    """
    _asked_for.add(name)
    queueing_lock = f"{name}:{lock}" if lock else name

    def ask() -> None:
        try:
            with transaction.atomic():
                app.configure_task(
                    name, queue="default", queueing_lock=queueing_lock, allow_unknown=False
                ).defer(**payload)
        except AlreadyEnqueued:
            pass  # one that waits will do the work of this one too

    transaction.on_commit(ask)


def is_asked_for(name: str, **payload: Any) -> bool:
    """Whether a job with this payload waits or is being done; one of a dead worker counts."""
    asked = apps.get_model("procrastinate", "ProcrastinateJob").objects.filter(
        task_name=name,
        status__in=(Status.TODO.value, Status.DOING.value),
        args__contains=payload,
    )
    return bool(asked.exists())


def unknown_jobs() -> set[str]:
    """Names that were asked for but that no job answers to; checked at start and by tests."""
    return _asked_for - _known


def check_names() -> None:
    """Refuse to start when code asks for a job that does not exist."""
    if unknown := unknown_jobs():
        raise ImproperlyConfigured(f"No job is called {', '.join(sorted(unknown))}.")


@app.periodic(cron="* * * * * */30", periodic_id="kernel.retry_stalled")
@app.task(name="kernel.retry_stalled", queue="default", pass_context=False)
async def retry_stalled(timestamp: int) -> None:
    """Give back the jobs of workers that died: procrastinate leaves them as ``doing``."""
    stalled = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_SECONDS)
    for dead in stalled:
        await _give_back(dead)


def sweep_stalled() -> int:
    """The same sweep, once and at once; the number of jobs given back. Run at worker start."""

    async def sweep() -> int:
        stalled = list(
            await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_SECONDS)
        )
        await asyncio.gather(*map(_give_back, stalled))
        return len(stalled)

    return async_to_sync(sweep)()


async def _give_back(dead: Job) -> None:
    """Let another worker try, but not one after the other for ever."""
    if dead.attempts >= MOST_DEATHS:
        log.error("job whose workers die is given up: %s %s", dead.task_name, dead.id)
        await app.job_manager.finish_job(dead, Status.FAILED, delete_job=False)
        return
    log.warning("job of a dead worker is tried again: %s %s", dead.task_name, dead.id)
    await app.job_manager.retry_job(dead)
