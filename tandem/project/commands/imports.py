"""`tandem import KIND FILE …` and `tandem import revert ID`"""

import json
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from pydantic import ValidationError

from tandem.accounts.queries import command_actor
from tandem.kernel.actor import Actor
from tandem.kernel.delimited import DELIMITERS
from tandem.kernel.errors import DomainError
from tandem.kernel.permissions import declared
from tandem.kernel.tables import ENCODINGS, sample_of
from tandem.project.commands.progress import bar
from tandem.project.commands.users import sentence
from tandem.project.faults import OperatorError
from tandem.records.actions import import_now, note_upload, revert_import
from tandem.records.models import ImportRun
from tandem.records.queries import results_of, surveyed
from tandem.records.schemas import ImportOptions
from tandem.records.slots import IMPORTERS

EXAMPLES = 3


@click.command()
@click.argument("kind")
@click.argument("file")
@click.option("--currency", help="Of every amount in the file: GBP.")
@click.option("--timezone", "time_zone", help="Of every moment without an offset: Europe/London.")
@click.option("--date-order", type=click.Choice(["dmy", "mdy", "ymd"]))
@click.option("--encoding", type=click.Choice(ENCODINGS), help="Found out where it is left out.")
@click.option("--delimiter", type=click.Choice(list(DELIMITERS)), help="What parts the cells.")
@click.option("--source", help="The system the file comes from; numbers are known beside it.")
@click.option("--match", type=click.Choice(["keys", "names"]), help="How known records are found.")
@click.option(
    "--policy",
    type=click.Choice(["fill", "overwrite", "create", "update"]),
    help="What becomes of records that are here: empty fields filled, all overwritten, nothing; or"
    " all overwritten and nobody added.",
)
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    help="A CSV file to write: what became of each row.",
)
@click.option("--mapping", type=click.Path(path_type=Path), help='JSON: {"field": "column"}.')
@click.option("--dry-run", is_flag=True, help="Do all of it, report, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
def command(
    *,
    kind: str,
    file: str,
    currency: str | None,
    time_zone: str | None,
    date_order: str | None,
    encoding: str | None,
    delimiter: str | None,
    source: str | None,
    match: str | None,
    policy: str | None,
    results: Path | None,
    mapping: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import FILE as records of KIND, or take an import back: KIND `revert`, FILE its id."""
    actor = importing_actor()
    if kind == "revert":
        _revert(actor, file, as_json=as_json)
        return
    if IMPORTERS.get(kind) is None:
        known = ", ".join(sorted(one.kind for one in IMPORTERS))
        raise click.BadParameter(f"{kind!r} is not one of {known}.", param_hint="KIND")
    given = {
        "currency": currency,
        "time_zone": time_zone,
        "date_order": date_order,
        "encoding": encoding,
        "delimiter": delimiter,
        "source": source,
        "match": match,
        "policy": policy,
        "mapping": _mapping(mapping) if mapping else None,
    }
    try:
        options = ImportOptions.model_validate(
            {name: value for name, value in given.items() if value is not None}
        )
    except ValidationError as refused:
        raise click.UsageError(sentence(refused)) from refused
    run = _import(actor, kind, Path(file), options, is_trial=dry_run)
    if results is not None:
        results.write_bytes(b"".join(results_of(run)))
    _say(run, as_json=as_json)


def importing_actor() -> Actor:
    """The shell on the server: it may import whatever can be imported."""
    return command_actor(
        name
        for name in declared()
        if name.split(".")[0] not in ("accounts", "kernel") or name == "kernel.undo"
    )


def _import(
    actor: Actor, kind: str, path: Path, options: ImportOptions, *, is_trial: bool
) -> ImportRun:
    if not path.is_file():
        raise OperatorError(f"There is no file {path}.")
    try:
        found = surveyed(path, name=path.name, options=options)
        run = note_upload(
            actor,
            kind=kind,
            name=path.name,
            of=found,
            options=options,
            sample=sample_of(path, found),
        )
        with bar() as listener:
            return import_now(actor, run, path=path, is_trial=is_trial, listener=listener)
    except DomainError as refused:
        raise OperatorError(sentence(refused)) from refused


def _revert(actor: Actor, named: str, *, as_json: bool) -> None:
    began = time.monotonic()
    try:
        counts = dict(revert_import(actor, UUID(named)))
    except ValueError as error:
        raise OperatorError(f"{named} is no id of an import.") from error
    except DomainError as refused:
        raise OperatorError(sentence(refused)) from refused
    if as_json:
        answer = {"import_id": named, "reverted": counts}
        click.echo(json.dumps({**answer, "seconds": round(time.monotonic() - began, 2)}))
        return
    words = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    click.echo(f"Taken back: {words}.")


def _mapping(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise OperatorError(f"{path} is no mapping: {error}.") from error


def _say(run: ImportRun, *, as_json: bool) -> None:
    report = run.report
    if as_json:
        click.echo(json.dumps(report))
        return
    trial = "Tried, nothing is written: " if report["dry_run"] else ""
    click.echo(
        f"{trial}{report['rows']:,} rows, {report['created']:,} created,"
        f" {report['updated']:,} updated, {report['skipped']:,} skipped,"
        f" {report['failed']:,} failed; {report['rows_per_second']:,} rows a second."
    )
    for kind, deeds in report["related"].items():
        words = ", ".join(f"{count:,} {deed.replace('_', ' ')}" for deed, count in deeds.items())
        click.echo(f"  {kind}: {words}")
    for name, value in report["figures"].items():
        click.echo(f"  {name.replace('_', ' ')}: {value}")
    for notice in report["warnings"]:
        shown = f" ({', '.join(notice['examples'][:EXAMPLES])})" if notice["examples"] else ""
        click.echo(f"  {notice['count']:,}: {notice['message']}{shown}")
    for name, value in report["assumed"].items():
        click.echo(f"  assumed: {name.replace('_', ' ')} {value}")
    for failure in report["failures"][:20]:
        click.echo(f"  row {failure['row']}: {failure['reason']}", err=True)
    sys.stdout.flush()
    click.echo(f"Import {run.public_id}; `tandem import revert {run.public_id}` takes it back.")
