"""`tandem release-sending`: a restored copy may send again"""

import click

from tandem.accounts.queries import command_actor
from tandem.kernel.installation import release_sending


@click.command()
def command() -> None:
    """Let this installation send again after a restore."""
    release_sending(command_actor({"kernel.operate"}))
    click.echo("sending is released")
