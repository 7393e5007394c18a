"""`tandem edge`"""

import os

import click

from tandem.project import edge, listening
from tandem.project.home import Home


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
def command(host: str, port: int) -> None:
    """Serve the public port; the pages are where TANDEM_WEB_URL says."""
    listener = listening.inherited_socket()
    if listener is None:
        listener = listening.public_socket(host, port)
        click.echo(f"edge {listening.url_of(listener, host=host)}")
    home = Home.from_environment()
    upstream = os.environ.get("TANDEM_WEB_URL") or str(home.web_socket)
    edge.serve(listener, upstream=upstream, database_url=home.database_url)
