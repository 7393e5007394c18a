"""The rules of migrations, and their SQL as PostgreSQL will run it.

``python -m tests.house.migrations`` says whether the models have changes without a migration,
whether the migrations keep the rules, and what squawk thinks of the SQL of the new ones;
``bin/check`` runs it. No database is needed.
"""

import ast
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import django
from django.apps import apps
from django.core.management.commands import makemigrations
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ProjectState
from psycopg.sql import Literal

from tests.house.sources import ROOT, Source, imports, read

NAME = re.compile(r"^\d{4}_[a-z0-9_]{3,}$")
MEANINGLESS = re.compile(r"_auto_|_alter_\w+_and_more$|_and_more$")
# What squawk cannot know: our migrations run under lock_timeout and one transaction each, tables
# of a new installation are empty, and Django names types as it does.
SQUAWK_EXCLUDED = (
    "prefer-robust-stmts",
    "prefer-text-field",
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-identity",
    "prefer-timestamp-tz",
    "require-timeout-settings",
)


def crooked(sources: Iterable[Source]) -> list[str]:
    """Migrations without a telling name, with imports of the product, or without a way back."""
    wrong = []
    for source in sources:
        name = Path(source.path).stem
        if "/migrations/" not in source.path or name == "__init__":
            continue
        if not NAME.match(name) or MEANINGLESS.search(name):
            wrong.append(f"tandem/{source.path}: the name says nothing")
        wrong += [
            f"{source.at(node)} imports {imported}"
            for imported, node in imports(source)
            if imported.startswith("tandem.") and not _is_field(imported)
        ]
        wrong += [f"{source.at(call)} has no way back" for call in _one_way(source.tree)]
    return wrong


def _is_field(imported: str) -> bool:
    # Django itself writes the classes and defaults of columns into a migration.
    return imported.split(".")[1] == "kernel" and imported.split(".")[2] in {
        "refs",
        "ids",
        "models",
    }


def _one_way(tree: ast.Module) -> list[ast.Call]:
    """RunPython and RunSQL without the operation that takes them back."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"RunPython", "RunSQL"}
        and len(node.args) < 2
        and not any(word.arg in {"reverse_code", "reverse_sql"} for word in node.keywords)
    ]


def branches(migrations: Iterable[tuple[str, str, Iterable[tuple[str, str]]]]) -> list[str]:
    """Apps whose migrations are no single line; each is (app, name, dependencies)."""
    after: dict[tuple[str, str], list[str]] = {}
    for app, name, dependencies in migrations:
        before = [parent for of, parent in dependencies if of == app]
        after.setdefault((app, before[0] if before else ""), []).append(name)
    return [
        f"{app}: {' and '.join(sorted(names))} both follow {parent or 'nothing'}"
        for (app, parent), names in sorted(after.items())
        if len(names) > 1
    ]


def ours() -> list[Migration]:
    """Every migration of the product, in the order in which they run."""
    loader = MigrationLoader(None)
    rooms = {config.label for config in apps.get_app_configs() if config.name.startswith("tandem.")}
    plan = loader.graph._generate_plan(loader.graph.leaf_nodes(), at_end=True)
    return [loader.graph.nodes[key] for key in plan if key[0] in rooms]


def unwritten() -> list[str]:
    """Changes of models that no migration carries yet."""
    loader = MigrationLoader(None)
    detector = makemigrations.Command.autodetector(
        loader.project_state(), ProjectState.from_apps(apps), MigrationQuestioner(dry_run=True)
    )
    return [
        f"{app}: no migration says: {operation.describe()}"
        for app, migrations in detector.changes(graph=loader.graph).items()
        for migration in migrations
        for operation in migration.operations
    ]


class DialectOperations(DatabaseOperations):
    """Puts values into statements without asking a server how it writes them."""

    def compose_sql(self, sql: str, params: Sequence[object] | None) -> str:
        return sql % tuple(Literal(value).as_string(None) for value in params) if params else sql


class Dialect(DatabaseWrapper):
    """PostgreSQL 18 as a language, with no server behind it."""

    ops_class = DialectOperations
    pg_version = 180000

    def ensure_connection(self) -> None:
        """There is nothing to connect to."""

    def get_autocommit(self) -> bool:
        return False

    def _savepoint_allowed(self) -> bool:
        return False


def sql_of(migration: Migration) -> str:
    """The SQL of one migration as PostgreSQL 18 gets it, made without a connection."""
    dialect = Dialect(connections["default"].settings_dict)
    connections["default"] = dialect
    loader = MigrationLoader(None)
    state = loader.project_state((migration.app_label, migration.name), at_end=False)
    with dialect.schema_editor(collect_sql=True, atomic=False) as editor:
        migration.apply(state, editor, collect_sql=True)
    return "\n".join(editor.collected_sql)


def squawk(statements: str) -> str:
    """What squawk objects to in SQL; empty where it does not."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(statements)
        file.flush()
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("squawk")),
                "--assume-in-transaction",
                "--pg-version=18",
                f"--exclude={','.join(SQUAWK_EXCLUDED)}",
                "--no-error-on-unmatched-pattern",
                file.name,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def new_files(root: Path) -> set[str]:
    """The migration files that main does not have yet, or all of them where git cannot tell."""
    every = {path.relative_to(root).as_posix() for path in root.glob("tandem/*/migrations/0*.py")}
    for base in ("origin/main", "main", "HEAD"):
        known = subprocess.run(
            ["git", "ls-tree", "-r", "--name-only", base, "--", "tandem"],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        if known.returncode == 0:
            return every - set(known.stdout.splitlines())
    return every


def faults() -> list[str]:
    """All that is wrong with the migrations of this clone."""
    wrong = [*unwritten(), *crooked(read(ROOT / "tandem"))]
    plan = ours()
    wrong += branches((m.app_label, m.name, m.dependencies) for m in plan)
    new = new_files(ROOT)
    for migration in plan:
        if f"tandem/{migration.app_label}/migrations/{migration.name}.py" in new:
            objections = squawk(sql_of(migration))
            wrong += (
                [f"{migration.app_label}.{migration.name}:\n{objections}"] if objections else []
            )
    return wrong


if __name__ == "__main__":
    django.setup()
    found = faults()
    sys.stdout.writelines(f"{line}\n" for line in found)
    sys.exit(1 if found else 0)
