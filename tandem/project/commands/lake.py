"""`tandem lake status|flush|tidy|give-up`"""

import json
from typing import Any

import click

from tandem.accounts.queries import command_actor
from tandem.kernel.actor import Actor
from tandem.lake.actions import flush, give_up, tidy
from tandem.lake.queries import health_of_lake

_as_json = click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")


@click.group()
def command() -> None:
    """See to the files of events. All of it happens by itself while a worker runs."""


@command.command("status")
@_as_json
def status(*, as_json: bool) -> None:
    """Say how many events there are, and whether their files are as they were written."""
    found = health_of_lake()
    words = f"{found.hot:,} events hot, {found.filed:,} in {found.files:,} files"
    if found.filed:
        words += f" of {found.bytes:,} bytes, {found.bytes / found.filed:.1f} an event"
    wrong = {"missing": found.missing, "damaged": found.damaged, "unlisted": found.unlisted}
    for what, names in wrong.items():
        words += "".join(f"\n{what}: {name}" for name in names)
    counts = {
        "hot": found.hot, "filed": found.filed, "files": found.files, "bytes": found.bytes
    }  # fmt: skip
    _say({**counts, **wrong}, words, as_json=as_json)


@command.command("flush")
@_as_json
def flush_now(*, as_json: bool) -> None:
    """Move all events that wait to files, now."""
    done = flush(_actor(), waits=True)
    words = f"{done.events:,} events to {done.files:,} files"
    _say({"events": done.events, "files": done.files}, words, as_json=as_json)


@command.command("tidy")
@_as_json
def tidy_now(*, as_json: bool) -> None:
    """Merge small files, let old events go and remove files that nothing needs, now."""
    done = tidy(_actor(), waits=True)
    told = {"merged": done.merged, "forgotten": done.forgotten, "removed": done.removed}
    words = (
        f"{done.merged:,} files merged, {done.forgotten:,} events too old,"
        f" {done.removed:,} files removed"
    )
    _say(told, words, as_json=as_json)


@command.command("give-up")
@click.argument("file")
@_as_json
def give_up_file(file: str, *, as_json: bool) -> None:
    """Take FILE, which is missing or damaged, off the list: its events are lost."""
    lost = give_up(_actor(), file)
    _say({"events": lost}, f"{lost:,} events are lost with {file}", as_json=as_json)


def _actor() -> Actor:
    return command_actor(["lake.maintain"])


def _say(told: dict[str, Any], words: str, *, as_json: bool) -> None:
    click.echo(json.dumps(told) if as_json else words)
