"""`tandem up`"""

import sys

import click

from tandem.project.home import Home
from tandem.project.supervisor import Supervisor


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to serve on; 0 takes a free one.",
)
@click.option("--demo", is_flag=True, help="Fill in the demo company.")
def command(host: str, port: int, *, demo: bool) -> None:
    """Start the database, the pages, the edge and a worker; Ctrl-C ends them all."""
    sys.exit(Supervisor(Home.from_environment(), host=host, port=port, demo=demo).run())
