"""`tandem demo-data`: called by `tandem up --demo`"""

import click

from tandem.project.demo import seed_demo
from tandem.project.home import Home
from tandem.project.session import session


@click.command(hidden=True)
def command() -> None:
    """Fill in the demo company where it is not there, and print its sign-ins."""
    with session(Home.from_environment()):
        seed_demo()
