"""`tandem user …`"""

import json
import sys

import click
from pydantic import SecretStr, ValidationError

from tandem.accounts import actions
from tandem.accounts.queries import command_actor, user_by_address
from tandem.accounts.rules import Role
from tandem.accounts.schemas import NewPassword, NewUser
from tandem.kernel.errors import DomainError
from tandem.project.faults import OperatorError


@click.group()
def command() -> None:
    """Add users, and let them in again."""


@command.command()
@click.argument("email")
@click.option("--role", type=click.Choice([str(role) for role in Role]), required=True)
@click.option("--name", default="", help="How colleagues call them.")
@click.option("--password-stdin", is_flag=True, help="Read the password as one line of input.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
def add(*, email: str, role: str, name: str, password_stdin: bool, as_json: bool) -> None:
    """Add a user; without a password nobody can sign in as them yet."""
    password = _password() if password_stdin else None
    try:
        new = NewUser(email=email, role=Role(role), name=name, password=password)
        user = actions.add_user(command_actor(), new)
    except (DomainError, ValidationError) as refused:
        raise OperatorError(sentence(refused)) from refused
    if as_json:
        click.echo(json.dumps({"id": str(user.public_id), "email": user.email, "role": role}))
    else:
        click.echo(f"{user.email} is added as {role}.")


@command.command()
@click.argument("email")
def password(*, email: str) -> None:
    """Set a user's password: one line of standard input."""
    try:
        user = user_by_address(email)
        actions.set_password(command_actor(), user.public_id, NewPassword(password=_password()))
    except (DomainError, ValidationError) as refused:
        raise OperatorError(sentence(refused)) from refused
    click.echo(f"{user.email} has a new password.")


@command.command("forget-second-factor")
@click.argument("email")
def forget_second_factor(*, email: str) -> None:
    """Take the second factor from a user who has lost it."""
    try:
        user = user_by_address(email)
        actions.remove_second_factor(command_actor(), user.public_id)
    except DomainError as refused:
        raise OperatorError(sentence(refused)) from refused
    click.echo(f"{user.email} signs in by password alone now.")


def sentence(refused: DomainError | ValidationError) -> str:
    """What was refused, in one line."""
    if isinstance(refused, DomainError):
        return str(refused)
    first = refused.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _password() -> SecretStr:
    if sys.stdin.isatty():
        return SecretStr(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise OperatorError("There is no password on standard input.")
    return SecretStr(line)
