"""`tandem token …`"""

import json

import click
from pydantic import ValidationError

from tandem.accounts.actions import add_token
from tandem.accounts.queries import command_actor, user_by_address
from tandem.accounts.schemas import NewToken
from tandem.kernel.errors import DomainError
from tandem.project.commands.users import sentence
from tandem.project.faults import OperatorError


@click.group()
def command() -> None:
    """Make tokens for the API."""


@command.command()
@click.option("--user", "email", required=True, help="The user as whom the token acts.")
@click.option("--name", default="command line", show_default=True, help="What it is for.")
@click.option("--days", type=int, help="Valid for so many days; else until it is revoked.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
def add(*, email: str, name: str, days: int | None, as_json: bool) -> None:
    """Make a token and print it, alone on the last line; it is shown only now."""
    try:
        user = user_by_address(email)
        new = NewToken(name=name, valid_days=days)
        issued = add_token(command_actor(), new, user=user)
    except (DomainError, ValidationError) as refused:
        raise OperatorError(sentence(refused)) from refused
    if as_json:
        click.echo(json.dumps({"user": user.email, "name": name, "token": issued.raw}))
    else:
        click.echo(issued.raw)
