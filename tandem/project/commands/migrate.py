"""`tandem migrate`"""

import click

from tandem.project.home import Home
from tandem.project.migrate import apply_migrations
from tandem.project.session import session


@click.command()
def command() -> None:
    """Apply pending migrations; waits for a running backup, and never blocks who works."""
    home = Home.from_environment()
    home.check_complete()
    with session(home, migrated=False):
        applied = apply_migrations(home)
    click.echo(f"{len(applied)} migrations applied" if applied else "nothing to migrate")
