"""`tandem finish-restore`: run by a restore on the copy, before the copy takes its place"""

from datetime import UTC, datetime
from pathlib import Path

import click

from tandem.kernel.actor import job_actor
from tandem.kernel.installation import hold_sending
from tandem.project.home import Home
from tandem.project.migrate import apply_migrations
from tandem.records.actions import erase_restored
from tandem.records.queries.erasing import tombstones_in


@click.command(hidden=True)
@click.argument("ledgers", nargs=-1, type=click.Path(dir_okay=False, path_type=Path))
def command(ledgers: tuple[Path, ...]) -> None:
    """Bring a restored database up to date, hold its sending, and erase again who was erased.

    The last line says how many of the erased the copy had brought back.
    """
    apply_migrations(Home.from_environment())
    hold_sending(reason=f"Restored from a backup on {datetime.now(UTC):%Y-%m-%d}.")
    actor = job_actor("restore", frozenset({"records.erase"}))
    click.echo(str(erase_restored(actor, tombstones_in(*ledgers))))
