"""`tandem finish-restore`: run by a restore on the copy, before the copy takes its place"""

from datetime import UTC, datetime

import click

from tandem.kernel.installation import hold_sending
from tandem.project.home import Home
from tandem.project.migrate import apply_migrations


@click.command(hidden=True)
def command() -> None:
    """Bring a restored database up to date and hold its sending."""
    apply_migrations(Home.from_environment())
    hold_sending(reason=f"Restored from a backup on {datetime.now(UTC):%Y-%m-%d}.")
