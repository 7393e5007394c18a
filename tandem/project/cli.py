"""The command line: a table of commands, each imported only when it is asked for."""

import importlib
import os
import sys
from dataclasses import dataclass
from types import TracebackType

import click

import tandem
from tandem.project.faults import OperatorError
from tandem.project.home import Home
from tandem.project.postgres import Cluster


@dataclass(frozen=True)
class Entry:
    """Where a command stands (its module has it as `command`), and what it finds ready.

    One that `uses_database` runs with a database that serves, `tandem up` or not; the others see
    to that themselves.
    """

    module: str
    summary: str
    needs_django: bool = True
    uses_database: bool = False
    is_hidden: bool = False


COMMANDS = {
    "up": Entry("up", "Start everything on one port.", needs_django=False),
    "web": Entry("web", "Start the pages and the API alone."),
    "edge": Entry("edge", "Start the public door alone.", needs_django=False),
    "worker": Entry("worker", "Start a worker for jobs alone."),
    "user": Entry("users", "Add users, and let them in again.", uses_database=True),
    "token": Entry("tokens", "Make tokens for the API.", uses_database=True),
    "reporting": Entry(
        "reporting", "Let other programs read what a user sees.", uses_database=True
    ),
    "import": Entry("imports", "Bring records in from a file.", uses_database=True),
    "migrate": Entry("migrate", "Bring the database up to date."),
    "lake": Entry("lake", "See to the files of events.", uses_database=True),
    "doctor": Entry("doctor", "Look after the health of this installation."),
    "backup": Entry("backup", "Write everything into one archive.", needs_django=False),
    "restore": Entry("restore", "Bring an archive back, with sending held.", needs_django=False),
    "finish-restore": Entry("finish_restore", "Part of a restore.", is_hidden=True),
    "release-sending": Entry(
        "release_sending", "Let a restored copy send again.", uses_database=True
    ),
    "facts": Entry("facts", "Who hears of what happens."),
    "demo-mail": Entry("demo_mail", "Take the demo's mails.", needs_django=False, is_hidden=True),
    "demo-data": Entry(
        "demo_data", "Fill in the demo company.", uses_database=True, is_hidden=True
    ),
}


HELP = frozenset({"-h", "--help"})


class Commands(click.Group):
    """Commands by name, imported late: `tandem up` must not wait for Django."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, entry in COMMANDS.items() if not entry.is_hidden]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        if entry.needs_django:
            set_up_django()
        command: click.Command = importlib.import_module(
            f"tandem.project.commands.{entry.module}"
        ).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        entry = COMMANDS.get(name or "")
        if entry is not None and entry.uses_database and not HELP.intersection(rest):
            session = importlib.import_module("tandem.project.session").session
            ctx.with_resource(session(Home.from_environment()))
        return name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].summary) for name in self.list_commands(ctx)])


@click.group(cls=Commands, context_settings={"help_option_names": sorted(HELP)})
@click.version_option(tandem.__version__, prog_name="tandem")
def cli() -> None:
    """Tandem: marketing and sales as one team.

    Settings come from the environment: TANDEM_HOME, DATABASE_URL, TANDEM_PUBLIC_URL,
    TANDEM_SMTP_URL, TANDEM_SECRET_KEY.
    """


def set_up_django() -> None:
    """Load Django with its rooms; the home and the database's address must stand before it."""
    home = Home.from_environment()
    home.prepare()
    if home.embeds_postgres:
        Cluster(home).make_place()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tandem.project.settings")
    django = importlib.import_module("django")
    django.setup()


def say_shortly(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Show what ended a command in one sentence; the interpreter exits with 1."""
    if os.environ.get("TANDEM_DEBUG") == "1":
        sys.__excepthook__(kind, error, trace)
        return
    if isinstance(error, KeyboardInterrupt):
        return
    lines = str(error).strip().splitlines() or [kind.__name__]
    known = isinstance(error, OperatorError) or hasattr(error, "code")
    hint = "" if known else f" ({kind.__name__}; TANDEM_DEBUG=1 shows where)"
    sys.stderr.write(f"tandem: {lines[0]}{hint}\n")


def main() -> None:
    """Run one command; exits with 0, with 2 on bad use, with 1 on failure."""
    sys.excepthook = say_shortly
    cli(prog_name="tandem")
