"""`tandem lake status|flush|tidy|give-up|ask`"""

import json
from dataclasses import asdict
from typing import IO, Any

import click

from tandem.accounts.queries import command_actor
from tandem.kernel.actor import Actor
from tandem.lake.actions import flush, give_up, tidy
from tandem.lake.errors import QuestionInvalid
from tandem.lake.queries import broken_down, health_of_lake, subjects_where
from tandem.lake.schemas import read_breakdown, read_question
from tandem.project.faults import OperatorError

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


@command.command("ask")
@click.argument("file", type=click.File("rb"))
@_as_json
def ask(file: IO[bytes], *, as_json: bool) -> None:
    """Answer the question in FILE, JSON as the guide has it; - is standard input."""
    try:
        asked = json.load(file)
        if isinstance(asked, dict) and "event" in asked:
            rows = [asdict(row) for row in broken_down(read_breakdown(asked))]
            _say({"rows": rows}, "\n".join(map(_row, rows)) or "nobody", as_json=as_json)
        else:
            found = subjects_where(read_question(asked))
            _say({"subjects": found}, f"{len(found):,} subjects", as_json=as_json)
    except ValueError as error:
        raise OperatorError(f"This is no JSON: {error}") from error
    except QuestionInvalid as refused:
        said = [f"{one.field or 'question'}: {one.message}" for one in refused.errors]
        raise OperatorError("\n".join([str(refused), *said])) from refused


def _row(row: dict[str, Any]) -> str:
    return "  ".join(str(value) for value in row.values() if value != "")


def _actor() -> Actor:
    return command_actor(["lake.maintain"])


def _say(told: dict[str, Any], words: str, *, as_json: bool) -> None:
    click.echo(json.dumps(told) if as_json else words)
