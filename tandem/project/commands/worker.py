"""`tandem worker`"""

import click

from tandem.project import worker


@click.command()
def command() -> None:
    """Work off jobs until told to stop."""
    worker.run()
