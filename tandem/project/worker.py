"""The part that works off jobs: procrastinate on the one database."""

import asyncio
import logging
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from django.db import Error, connection
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException
from psycopg import OperationalError

from tandem.kernel.jobs import ask_for_what_is_due, check_names, sweep_stalled
from tandem.project import processes

log = logging.getLogger(__name__)

CONCURRENCY = 4
HEARTBEAT_SECONDS = 5.0
STOP_SECONDS = 10.0
PATIENCE_SECONDS = 2.0
RETRY_SECONDS = 0.3
WATCH_SECONDS = 1.0


def run() -> None:
    """Work until SIGTERM or SIGINT; running jobs get STOP_SECONDS to end."""
    check_names()
    processes.wait_for_go()
    try:
        sweep_stalled()
    except (ConnectorException, Error):
        log.warning("the database is away; jobs of dead workers are looked for later")
    asyncio.run(_work())


async def _work() -> None:
    """Work through every loss of the database: a dead connection makes a new worker, no exit."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    log.info("worker works")
    watching = asyncio.create_task(_watch(stopping))
    while not stopping.is_set():
        working = asyncio.create_task(_work_while_connected(app))
        ending = asyncio.create_task(stopping.wait())
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.is_set():
            working.cancel()
        ending.cancel()
        with suppress(asyncio.CancelledError):
            await working
        if not stopping.is_set():
            await asyncio.sleep(RETRY_SECONDS)
    await watching


async def _watch(stopping: asyncio.Event) -> None:
    """Ask for jobs that are due; one thread and one connection, whatever is watched."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="watch") as thread:
        while not stopping.is_set():
            await loop.run_in_executor(thread, _look)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), WATCH_SECONDS)


def _look() -> None:
    try:
        ask_for_what_is_due()
    except (ConnectorException, Error):
        connection.close()  # the next look makes a new one


async def _work_while_connected(tasks: App) -> None:
    """Run one worker until it is cancelled or loses the database."""
    # A short patience: a worker that waits for a pool of dead connections works off nothing.
    connector = PsycopgConnector(
        kwargs=connector_params(),
        min_size=1,
        max_size=CONCURRENCY + 2,
        timeout=PATIENCE_SECONDS,
        reconnect_timeout=PATIENCE_SECONDS,
    )
    try:
        with tasks.replace_connector(connector) as connected:
            async with connected.open_async():
                await connected.run_worker_async(
                    concurrency=CONCURRENCY,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                    shutdown_graceful_timeout=STOP_SECONDS,
                    update_heartbeat_interval=HEARTBEAT_SECONDS,
                )
    except (ConnectorException, OperationalError) as error:
        log.warning("worker lost the database and will come back: %s", type(error).__name__)
