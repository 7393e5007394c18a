"""The reporting role: SQL for outsiders who see what one Tandem user sees, and nothing else.

Two roles of the database. ``tandem_reader`` owns the views and is bound by row-level security on
the tables below them; ``tandem_reporting`` signs in and sees the views alone. Who looks is said by
an API token in the session setting ``tandem.token``; without a valid one there are no rows. See
docs/adr/0031-reporting-role.md.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from django.apps import apps
from django.db import connection, transaction
from django.db.models import F, ForeignKey, Model, QuerySet
from psycopg import errors as postgres
from psycopg import sql

from tandem.accounts.rules import SCOPES, TOKEN_MARK, Role
from tandem.kernel.actor import Actor, job_actor
from tandem.kernel.permissions import declared
from tandem.project.faults import OperatorError
from tandem.project.home import Home
from tandem.project.postgres import Cluster
from tandem.records.slots import OBJECT_TYPES, Field, FieldType, ObjectType

READER, REPORTING, SCHEMA = "tandem_reader", "tandem_reporting", "reporting"

ROLES = f"""
    CREATE ROLE {READER} NOLOGIN;
    CREATE ROLE {REPORTING} NOLOGIN;
    GRANT {READER} TO {{user}} WITH SET TRUE;
"""


# --- roles of the database ------------------------------------------------------------------------


def make_roles(home: Home) -> None:
    """Make the two roles where they are not there. Raises OperatorError where nobody may."""
    with _cluster_connection(home) as link:
        rows = link.execute(
            "SELECT count(*) FROM pg_roles WHERE rolname IN (%s, %s)", [READER, REPORTING]
        )
        found = rows.fetchone()
        if found is not None and found[0] == 2:
            return
        user = sql.Identifier(connection.settings_dict["USER"])
        try:
            link.execute(sql.SQL(ROLES).format(user=user))
        except postgres.InsufficientPrivilege as error:
            text = " ".join(ROLES.format(user=user.as_string(link)).split())
            raise OperatorError(
                "The database's user may not make roles. Have its administrator run this once, "
                f"then run the command again: {text}"
            ) from error


def set_password(home: Home, password: str) -> None:
    """Let the reporting role sign in with this password; it is sent as its hash alone."""
    with _cluster_connection(home) as link:
        hashed = link.pgconn.encrypt_password(password.encode(), REPORTING.encode())
        _alter(link, sql.SQL("LOGIN PASSWORD {}").format(sql.Literal(hashed.decode())))


def forbid_login(home: Home) -> None:
    """Let nobody sign in as the reporting role any more."""
    with _cluster_connection(home) as link:
        _alter(link, sql.SQL("NOLOGIN PASSWORD NULL"))


def _alter(link: "psycopg.Connection[Any]", how: sql.Composable) -> None:
    try:
        link.execute(sql.SQL("ALTER ROLE {} {}").format(sql.Identifier(REPORTING), how))
    except postgres.UndefinedObject as error:
        raise OperatorError("There is no reporting role yet: tandem reporting on.") from error
    except postgres.InsufficientPrivilege as error:
        raise OperatorError(
            f"The database's user may not change {REPORTING}; its administrator does it."
        ) from error


def _cluster_connection(home: Home) -> "psycopg.Connection[Any]":
    url = Cluster(home).superuser_url() if home.embeds_postgres else home.database_url
    return psycopg.connect(url, autocommit=True)


# --- what they see --------------------------------------------------------------------------------


def reported_kinds() -> list[ObjectType]:
    """The kinds of record that reports see: those whose rows follow a scope."""
    return [found for found in OBJECT_TYPES if found.is_scoped]


def is_on() -> bool:
    """Whether reporting is set up in this database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regnamespace(%s) IS NOT NULL", [SCHEMA])
        return bool(cursor.fetchone()[0])


def switch_on() -> None:
    """Make functions, policies and views anew, as the rights and fields of this version are.

    The tables keep their owner, whom row-level security does not bind: for the product nothing
    changes.
    """
    switch_off()
    views = [(kind, _rows_of(kind)) for kind in reported_kinds()]
    tables = sorted({name for _kind, rows in views for name in _tables_of(rows)})
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        cursor.execute(_functions(), None)
        cursor.execute(f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {SCHEMA} FROM PUBLIC")
        cursor.execute(f"GRANT USAGE, CREATE ON SCHEMA {SCHEMA} TO {READER}")
        cursor.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {REPORTING}")
        cursor.execute(
            f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {SCHEMA} TO {READER}, {REPORTING}"
        )
        for statement in _locks(tables):
            cursor.execute(statement)
        cursor.execute(f"SET LOCAL ROLE {READER}")
        for kind, rows in views:
            cursor.execute(_view(kind, rows), None)
        cursor.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {REPORTING}")
        cursor.execute("RESET ROLE")
        cursor.execute(f"REVOKE CREATE ON SCHEMA {SCHEMA} FROM {READER}")


def switch_off() -> None:
    """Take views, functions, policies and grants away again; the roles stay."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_policies WHERE policyname = %s AND schemaname = "
            "current_schema()",
            [SCHEMA],
        )
        for (name,) in cursor.fetchall():
            table = sql.Identifier(name)
            for part in ("DROP POLICY {p} ON {t}", "ALTER TABLE {t} DISABLE ROW LEVEL SECURITY"):
                cursor.execute(sql.SQL(part).format(p=sql.Identifier(SCHEMA), t=table))
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = %s", [READER])
        if cursor.fetchone():
            cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA {_here(cursor)} FROM {READER}")
            if is_on():
                cursor.execute(f"SET LOCAL ROLE {READER}")
                for kind in _views_there(cursor):
                    drop = sql.SQL("DROP VIEW {}.{}")
                    cursor.execute(drop.format(sql.Identifier(SCHEMA), sql.Identifier(kind)))
                cursor.execute("RESET ROLE")
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def _here(cursor: Any) -> str:
    cursor.execute("SELECT quote_ident(current_schema())")
    name: str = cursor.fetchone()[0]
    return name


def _views_there(cursor: Any) -> list[str]:
    cursor.execute(
        "SELECT viewname FROM pg_views WHERE schemaname = %s AND viewowner = %s", [SCHEMA, READER]
    )
    return [name for (name,) in cursor.fetchall()]


def _columns_of(kind: ObjectType) -> list[Field]:
    """What a view shows: what stands in the database, but for tags and the company's own fields,
    which come in one column."""
    return [one for one in kind.fields if one.is_column and one.type is not FieldType.TAGS]


def _rows_of(kind: ObjectType) -> QuerySet[Any, Any]:
    rows = kind.visible_to(_seeing_all(kind)).order_by()
    paths = [one.path for one in _columns_of(kind)]
    custom = ["x"] if kind.is_customisable else []
    return rows.values_list("id", "public_id", *map(F, paths), *custom)


def _seeing_all(kind: ObjectType) -> Actor:
    return job_actor("reporting", frozenset({kind.permissions.view}))


def _tables_of(rows: QuerySet[Any, Any]) -> Iterator[str]:
    rows.query.get_compiler("default").as_sql()
    for alias in rows.query.alias_map.values():
        yield alias.table_name


def _view(kind: ObjectType, rows: QuerySet[Any, Any]) -> sql.Composed:
    """A view over the records that the ORM itself would read, with hidden fields empty.

    The question whether a field is hidden is asked once a query, not once a row.
    """
    text, params = rows.query.sql_with_params()
    names = ["id", "public_id", *(one.key for one in _columns_of(kind))]
    if kind.is_customisable:
        names.append("fields")
    shown: list[sql.Composable] = []
    for name in names:
        column = sql.Identifier(name)
        if name in ("id", "public_id", "name"):
            shown.append(column)
        elif name == "fields":
            without = sql.SQL("{c} - (SELECT {s}.hidden({k})) AS {c}")
            shown.append(without.format(c=column, s=_schema(), k=sql.Literal(kind.kind)))
        else:
            masked = sql.SQL(
                "CASE WHEN {n} <> ALL ((SELECT {s}.hidden({k}))::text[]) THEN {c} END AS {c}"
            )
            shown.append(
                masked.format(n=sql.Literal(name), s=_schema(), k=sql.Literal(kind.kind), c=column)
            )
    return sql.SQL(
        "CREATE VIEW {s}.{v} WITH (security_barrier) AS SELECT {shown} FROM ({rows}) r ({names})"
    ).format(
        s=_schema(),
        v=sql.Identifier(kind.slug.replace("-", "_")),
        shown=sql.SQL(", ").join(shown),
        rows=_inlined(text, params),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
    )


def _schema() -> sql.Identifier:
    return sql.Identifier(SCHEMA)


def _inlined(text: str, params: Sequence[Any]) -> sql.Composed:
    parts = text.split("%s")
    found: list[sql.Composable] = [sql.SQL(parts[0].replace("%%", "%"))]
    for value, part in zip(params, parts[1:], strict=True):
        found += [sql.Literal(value), sql.SQL(part.replace("%%", "%"))]
    return sql.Composed(found)


# --- row-level security ---------------------------------------------------------------------------


def _locks(tables: Sequence[str]) -> Iterator[sql.Composed]:
    """Grants and policies on the tables that the views read.

    A policy is for everybody but the owner: no other role has a grant here. It names no role, so
    that a backup can be restored where there is none.
    """
    roots = {kind.model._meta.db_table: kind for kind in reported_kinds()}
    models = {model._meta.db_table: model for model in apps.get_models()}
    for name in tables:
        table = sql.Identifier(name)
        columns = _granted_columns(name)
        yield sql.SQL("GRANT SELECT {} ON {} TO {}").format(columns, table, sql.Identifier(READER))
        rule = _rule_of(roots[name]) if name in roots else _rule_of_part(models[name], roots)
        if rule is not None:
            yield sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(table)
            yield sql.SQL("CREATE POLICY {} ON {} FOR SELECT USING ({})").format(
                _schema(), table, rule
            )


def _granted_columns(table: str) -> sql.Composable:
    """Of colleagues only who they are, nothing by which they sign in."""
    if table == "accounts_user":
        return sql.SQL("(id, public_id, name)")
    return sql.SQL("")


def _rule_of(kind: ObjectType) -> sql.Composable:
    """The scope of a kind, as ``accounts.queries.scoped`` has it; orders follow their customers."""
    scope = sql.SQL("(SELECT {}.scope_of({}))").format(_schema(), sql.Literal(kind.kind))
    columns = {one.column for one in kind.model._meta.concrete_fields}
    if "owner_id" in columns:
        seen = sql.SQL(
            "CASE {scope} WHEN 'all' THEN true"
            " WHEN 'team' THEN owner_id IS NULL"
            " OR owner_id = ANY ((SELECT {s}.colleagues())::bigint[])"
            " WHEN 'own' THEN owner_id = (SELECT {s}.me()) ELSE false END"
        )
    else:
        seen = sql.SQL(
            "CASE {scope} WHEN 'all' THEN true WHEN 'none' THEN false ELSE"
            " company_id IN (SELECT id FROM people_company)"
            " OR company_id IS NULL AND person_id IN (SELECT id FROM people_person)"
            " OR {scope} = 'team' AND company_id IS NULL AND person_id IS NULL END"
        )
    return sql.SQL("deleted_at IS NULL AND ({})").format(seen.format(scope=scope, s=_schema()))


def _rule_of_part(model: type[Model], roots: dict[str, ObjectType]) -> sql.Composable | None:
    """A part is seen with the record that it belongs to; a table of words by everybody."""
    for one in model._meta.concrete_fields:
        target = one.related_model if isinstance(one, ForeignKey) and not one.null else None
        if target is not None and target._meta.db_table in roots:
            root = sql.Identifier(target._meta.db_table)
            return sql.SQL("{} IN (SELECT id FROM {})").format(sql.Identifier(one.attname), root)
    return None


def _functions() -> sql.Composed:
    """Who looks, how far they see, what is hidden from them; by the tables of accounts."""
    verbs = {kind.kind: kind.permissions.view for kind in reported_kinds()}
    usual = [
        (str(role), kind, str(scopes.get(kind, scopes["*"])), verb, str(role) in _holders(verb))
        for role, scopes in SCOPES.items()
        for kind, verb in verbs.items()
    ]
    rows = sql.SQL(", ").join(
        sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, row))) for row in usual
    )
    with connection.cursor() as cursor:
        here = sql.SQL(_here(cursor))
    return sql.SQL(_FUNCTIONS).format(
        s=_schema(), here=here, usual=rows, mark=sql.Literal(f"{TOKEN_MARK}_"),
        admin=sql.Literal(str(Role.ADMIN)),
    )  # fmt: skip


def _holders(verb: str) -> frozenset[str]:
    return declared()[verb].roles


_FUNCTIONS = """
    CREATE FUNCTION {s}.me() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog AS $$
        SELECT u.id FROM (SELECT current_setting('tandem.token', true) AS raw) given
        JOIN {here}.accounts_apitoken t ON t.prefix = split_part(given.raw, '_', 2)
        JOIN {here}.accounts_user u ON u.id = t.user_id
        WHERE starts_with(given.raw, {mark} || t.prefix || '_')
            AND t.secret_hash = encode(sha256(convert_to(
                substr(given.raw, length({mark} || t.prefix || '_') + 1), 'UTF8')), 'hex')
            AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
            AND u.is_active AND u.deleted_at IS NULL
    $$;
    CREATE FUNCTION {s}.colleagues() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog AS $$
        SELECT array_agg(other.user_id) || {s}.me()
        FROM {here}.accounts_membership mine
        JOIN {here}.accounts_team team ON team.id = mine.team_id AND team.deleted_at IS NULL
        JOIN {here}.accounts_membership other ON other.team_id = mine.team_id
        WHERE mine.user_id = {s}.me()
    $$;
    CREATE FUNCTION {s}.scope_of(asked text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog AS $$
        SELECT CASE WHEN coalesce(v.is_held, usual.is_held) THEN coalesce(r.scope, usual.scope)
            ELSE 'none' END
        FROM {here}.accounts_user u
        JOIN (VALUES {usual}) usual (role, kind, scope, verb, is_held)
            ON usual.role = u.role AND usual.kind = asked
        LEFT JOIN {here}.accounts_rolescope r ON r.role = u.role AND r.kind = asked
        LEFT JOIN {here}.accounts_roleverb v ON v.role = u.role AND v.permission = usual.verb
        WHERE u.id = {s}.me()
    $$;
    CREATE FUNCTION {s}.hidden(asked text) RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog AS $$
        SELECT coalesce(array_agg(h.field::text), '{{}}')
        FROM {here}.accounts_user u
        JOIN {here}.accounts_hiddenfield h ON h.role = u.role AND h.kind = asked
        WHERE u.id = {s}.me() AND u.role <> {admin}
    $$;
"""
