"""`tandem demo-data`: called by `tandem up --demo`"""

import click

from tandem.project.commands.progress import bar
from tandem.project.demo.seed import seed_demo


@click.command(hidden=True)
def command() -> None:
    """Fill in the demo company where it is not there, and print its sign-ins."""
    with bar() as listener:
        seed_demo(listener)
