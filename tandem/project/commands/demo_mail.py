"""`tandem demo-mail`: started by `tandem up --demo`"""

import click

from tandem.project import demo_mail, listening
from tandem.project.home import Home


@click.command(hidden=True)
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port of 127.0.0.1.")
def command(port: int) -> None:
    """Take every mail on this machine and pass none on."""
    home = Home.from_environment()
    home.prepare()
    listener = listening.inherited_socket() or listening.public_socket("127.0.0.1", port)
    click.echo(f"smtp://127.0.0.1:{listener.getsockname()[1]}", err=True)
    demo_mail.run(home, listener)
