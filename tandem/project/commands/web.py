"""`tandem web`"""

import click

from tandem.project import listening, web


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535))
@click.option("--threads", default=web.THREADS, show_default=True, type=click.IntRange(1, 64))
def command(host: str, port: int, threads: int) -> None:
    """Serve the pages and the API for an edge to stand in front of."""
    listener = listening.inherited_socket()
    if listener is None:
        listener = listening.public_socket(host, port)
        click.echo(f"web {listening.url_of(listener, host=host)}")
    web.serve(listener, threads=threads)
