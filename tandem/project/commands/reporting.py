"""`tandem reporting …`"""

import sys

import click

from tandem.accounts.queries import command_actor
from tandem.project import reporting
from tandem.project.faults import OperatorError
from tandem.project.home import Home
from tandem.records.actions.accesses import note_access
from tandem.records.models import AccessDeed

SHORTEST = 12


@click.group()
def command() -> None:
    """Let other programs read by SQL what one user may see."""


@command.command()
def on() -> None:
    """Set the reporting role and its views up, or bring them up to date."""
    reporting.make_roles(Home.from_environment())
    reporting.switch_on()
    _note("on")
    views = ", ".join(sorted(kind.slug for kind in reporting.reported_kinds()))
    click.echo(f"Reporting is on: {reporting.SCHEMA} has the views {views}.")


@command.command()
@click.option("--password-stdin", is_flag=True, required=True, help="One line of standard input.")
def password(*, password_stdin: bool) -> None:
    """Let the role tandem_reporting sign in with a password."""
    given = sys.stdin.readline().rstrip("\r\n")
    if len(given) < SHORTEST:
        raise OperatorError(f"The password has {SHORTEST} characters at least.")
    reporting.set_password(Home.from_environment(), given)
    _note("password")
    click.echo(f"{reporting.REPORTING} signs in with this password.")


@command.command()
def off() -> None:
    """Take the views away, and let the role sign in no more."""
    if reporting.is_on():
        reporting.forbid_login(Home.from_environment())
        reporting.switch_off()
        _note("off")
    click.echo("Reporting is off.")


def _note(what: str) -> None:
    """Who has a shell on the server has no name here; that it was done, and when, is kept."""
    note_access(command_actor(), AccessDeed.REPORTING, about=what)
