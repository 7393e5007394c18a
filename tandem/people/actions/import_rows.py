"""Rows of a file as persons: typed, joined where they are one person, matched with who is here.

Everything stands in temporary tables of the running transaction:

``import_person``  a row that can be taken, in typed columns
``import_key``     how a row is recognised: an id of the source, an address, maybe a name
``import_twin``    rows that are the same person as an earlier one, the ``head``
``import_target``  each head with its person, known or new
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection
from psycopg import sql

from tandem.accounts.queries import company_settings, visible_users
from tandem.kernel.actor import Actor, Scope
from tandem.kernel.copying import copy_in
from tandem.kernel.errors import DomainError
from tandem.people import queries
from tandem.people.rules import normalize_phone, sort_key
from tandem.records.models import ExternalId
from tandem.records.slots import ImportField, Staged

Params = Mapping[str, Any] | Sequence[Any] | None

# Columns that the newest or the oldest word of several rows fills, by the policy.
SINGLE = (
    "name given family address title company companies company_ids employer domain function"
    " seniority started_on ended_on owner country stage created_at external_id"
    " consent opted_out consent_at asked_at asked_ip bounced_at withdrawn_at consent_source"
    " consent_wording consent_ip withdrawn_why"
).split()
_JOINED = ("emails", "phones", "tags")
MOMENTS = ("created_at", "consent_at", "asked_at", "bounced_at", "withdrawn_at")
DAYS = ("started_on", "ended_on")
_TYPES = {
    **dict.fromkeys(MOMENTS, "timestamptz"),
    **dict.fromkeys(("owner", "employer"), "bigint"),
    **dict.fromkeys(DAYS, "date"),
}
# Tables that an import makes grow, and that the next one or its taking back reads.
_GROWN = (
    "people_person",
    "people_personemail",
    "people_personphone",
    "people_employment",
    "people_company",
    "records_externalid",
)
ENOUGH_TO_COUNT = 1000
PHONES = ("phone", "phone_2", "phone_3")
EMAILS = ("email", "email_2", "email_3")


def run(statement: str | sql.Composable, params: Params = None) -> int:
    """Execute one statement; how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)


def rows_of(statement: str | sql.Composable, params: Params = None) -> list[tuple]:  # type: ignore[type-arg]
    """Execute one question; all its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall())


def table(name: str, columns: str, rows: Iterable[Sequence[object]]) -> None:
    """A temporary table with these rows, ready for the planner."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("CREATE TEMP TABLE {} ({}) ON COMMIT DROP").format(
                sql.Identifier(name), sql.SQL(columns)
            )
        )
        copy_in(name, [column.split()[0] for column in columns.split(", ")], rows)
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(name)))


def value_of(staged: Staged, key: str, kind: str = "text") -> sql.Composable:
    """What a row says under a field, read; NULL where there is no column or nothing in it."""
    if not staged.reads(key):
        return sql.SQL(f"NULL::{kind}")
    if key in staged.values:
        return sql.SQL("{}.value").format(sql.Identifier(f"v_{key}"))
    return sql.SQL("nullif(btrim(r.{}), '')").format(sql.Identifier(key))


def joins_of(staged: Staged, fields: Sequence[ImportField]) -> sql.Composable:
    """The joins that ``value_of`` needs."""
    return sql.Composed(
        [
            sql.SQL(" LEFT JOIN {table} {alias} ON {alias}.raw = r.{key}").format(
                table=sql.Identifier(staged.values[field.key]),
                alias=sql.Identifier(f"v_{field.key}"),
                key=sql.Identifier(field.key),
            )
            for field in fields
            if field.key in staged.values
        ]
    )


# --- rows, typed ----------------------------------------------------------------------------------


def type_rows(actor: Actor, staged: Staged, fields: Sequence[ImportField]) -> None:
    """``import_person``; rows that name nobody become faults."""
    _read_phones(staged, {field.key: str(field.label) for field in fields})
    owner = read_owners(actor, staged, fields)
    named = value_of(staged, "company")
    mark = sql.Literal("\x1f")
    value = {field.key: value_of(staged, field.key) for field in fields}
    for key in MOMENTS:
        value[key] = value_of(staged, key, "timestamptz")
    if staged.reads("middle"):
        value["given"] = sql.SQL("nullif(concat_ws(' ', {given}, {middle}), '')").format(**value)
    typed = {
        **value,
        "owner": owner,
        "company": sql.SQL("split_part({}, {}, 1)").format(named, mark),
        "companies": sql.SQL("nullif(substr({0}, strpos({0} || {1}, {1}) + 1), '')").format(
            named, mark
        ),
        "employer": read_employers(actor, staged, fields),
        **{key: _day(staged, key) for key in DAYS},
        "name": sql.SQL(
            "left(coalesce({name}, nullif(concat_ws(' ', {given}, {family}), '')), 200)"
        ).format(**{key: value[key] for key in ("name", "given", "family")}),
        "address": sql.SQL("btrim(r.email_written)") if staged.reads("email") else sql.SQL("NULL"),
        "emails": sql.SQL("btrim(concat_ws(' ', {}))").format(
            sql.SQL(", ").join(value[key] for key in EMAILS)
        ),
        "phones": sql.SQL("btrim(concat_ws(' ', {}))").format(
            sql.SQL(", ").join(
                sql.SQL("{}.value").format(sql.Identifier(f"v_{key}"))
                if staged.reads(key)
                else sql.SQL("NULL")
                for key in PHONES
            )
        ),
    }
    phones: list[sql.Composable] = [
        sql.SQL(
            " LEFT JOIN import_phone {alias} ON {alias}.raw = r.{key}"
            " AND {alias}.country = coalesce({country}, '')"
        ).format(
            alias=sql.Identifier(f"v_{key}"), key=sql.Identifier(key), country=value["country"]
        )
        for key in PHONES
        if staged.reads(key)
    ]
    if staged.reads("owner"):
        phones.append(sql.SQL(" LEFT JOIN import_owner v_owner ON v_owner.raw = r.owner"))
    if staged.reads("company_ids"):
        phones.append(
            sql.SQL(" LEFT JOIN import_firm_id v_employer ON v_employer.raw = r.company_ids")
        )
    run(
        sql.SQL(
            "CREATE TEMP TABLE import_person ON COMMIT DROP AS"
            " SELECT line, {columns} FROM import_row r{joins}"
            " WHERE NOT EXISTS (SELECT FROM import_fault f WHERE f.line = r.line)"
        ).format(
            columns=sql.SQL(", ").join(
                sql.SQL("{}::{} AS {}").format(typed[key], _type(key), sql.Identifier(key))
                for key in (*SINGLE, *_JOINED)
            ),
            joins=sql.Composed([joins_of(staged, fields), *phones]),
        )
    )
    run(
        "INSERT INTO import_fault SELECT line, '', 'nobody' FROM import_person"
        " WHERE name IS NULL AND emails = '' AND external_id IS NULL"
    )
    _drop_faulty("import_person")
    _refuse_early_ends({field.key: str(field.label) for field in fields})
    run("ANALYZE import_person")


def _type(key: str) -> sql.SQL:
    return sql.SQL(_TYPES.get(key, "text"))


def _day(staged: Staged, key: str) -> sql.Composable:
    return sql.SQL("({} AT TIME ZONE {})::date").format(
        value_of(staged, key, "timestamptz"), sql.Literal(staged.time_zone)
    )


def _refuse_early_ends(labels: Mapping[str, str]) -> None:
    """A job that ends before it begins has neither day."""
    run(
        "WITH odd AS (UPDATE import_person SET started_on = NULL, ended_on = NULL"
        " WHERE ended_on < started_on RETURNING line)"
        " INSERT INTO import_gap SELECT line, %s, 'ends_before' FROM odd",
        [labels["ended_on"]],
    )


def _drop_faulty(name: str) -> None:
    run(
        sql.SQL("DELETE FROM {} p USING import_fault f WHERE f.line = p.line").format(
            sql.Identifier(name)
        )
    )


def _read_phones(staged: Staged, labels: Mapping[str, str]) -> None:
    """``import_phone``: each number in its one form, read as its row's country dials it."""
    given = [key for key in PHONES if staged.reads(key)]
    country = sql.SQL("coalesce(r.country, '')" if staged.reads("country") else "''")
    found: dict[tuple[str, str], str | None] = {}
    home = company_settings().default_country
    for key in given:
        column = sql.Identifier(key)
        pairs = rows_of(
            sql.SQL("SELECT DISTINCT r.{0}, {1} FROM import_row r WHERE r.{0} IS NOT NULL").format(
                column, country
            )
        )
        for raw, code in pairs:
            if (raw, code) not in found:
                found[raw, code] = _phone(raw, code or home)
    rows = ((raw, code, value) for (raw, code), value in found.items())
    table("import_phone", "raw text, country text, value text", rows)
    for key in given:
        run(
            sql.SQL(
                "INSERT INTO import_gap SELECT r.line, {label}, 'phone_invalid'"
                " FROM import_row r"
                " JOIN import_phone x ON x.raw = r.{column} AND x.country = {country}"
                " WHERE x.value IS NULL AND btrim(r.{column}) <> ''"
            ).format(
                label=sql.Literal(labels[key]),
                column=sql.Identifier(key),
                country=country,
            )
        )


def _phone(raw: str, country: str) -> str | None:
    plain = raw.strip()
    try:
        return normalize_phone(plain, country) if plain else None
    except DomainError:
        parts = [part.strip() for part in plain.replace(":::", ";").split(";")]
        if len(parts) < 2:
            return None
    found = [_phone(part, country) for part in parts]
    return " ".join(dict.fromkeys(one for one in found if one)) or None


def read_employers(actor: Actor, staged: Staged, fields: Sequence[ImportField]) -> sql.Composable:
    """The company of each row by the first of its ids in the source that is here, else none."""
    if not staged.reads("company_ids"):
        return sql.SQL("NULL::bigint")
    raws = [raw for (raw,) in rows_of("SELECT DISTINCT company_ids FROM import_row")]
    known = firms_by_id(actor, staged, [one for raw in raws for one in ids_in(raw)])
    found = [(raw, known.get(next(iter(ids_in(raw)), ""))) for raw in raws if raw]
    table("import_firm_id", "raw text, value bigint", found)
    return sql.SQL("v_employer.value")


def ids_in(text: str | None) -> list[str]:
    """The ids of a cell, with ``;`` between them."""
    return [one.strip() for one in (text or "").split(";") if one.strip()]


def firms_by_id(actor: Actor, staged: Staged, ids: Sequence[str]) -> dict[str, int]:
    """Visible companies by what the source of the file calls them."""
    links = ExternalId.objects.filter(source=staged.source, kind="company", value__in=set(ids))
    pairs = dict(links.values_list("value", "record_id"))
    seen = queries.companies_visible_to(actor).filter(pk__in=set(pairs.values()))
    visible = set(seen.values_list("pk", flat=True))
    return {value: pk for value, pk in pairs.items() if pk in visible}


def read_owners(actor: Actor, staged: Staged, fields: Sequence[ImportField]) -> sql.Composable:
    """Who owns each row, as a column: a colleague by address, public id or name, else nobody."""
    if not staged.reads("owner"):
        return sql.SQL("NULL::bigint")
    users: dict[str, int] = {}
    for user in visible_users(actor).filter(is_active=True):
        for known in (user.name, str(user.public_id), user.email):
            users[known.strip().casefold()] = user.pk
    raws = rows_of("SELECT DISTINCT owner FROM import_row WHERE btrim(owner) <> ''")
    found = [(raw, users.get(raw.strip().casefold())) for (raw,) in raws]
    table("import_owner", "raw text, value bigint", found)
    label = next(str(field.label) for field in fields if field.key == "owner")
    run(
        "INSERT INTO import_gap SELECT r.line, %s, 'owner_unknown' FROM import_row r"
        " JOIN import_owner o ON o.raw = r.owner WHERE o.value IS NULL",
        [label],
    )
    return sql.SQL("v_owner.value")


# --- who is who -----------------------------------------------------------------------------------


def match_rows(actor: Actor, staged: Staged) -> None:
    """``import_key``, ``import_twin`` and ``import_target``: which row is which person."""
    run(
        """
        CREATE TEMP TABLE import_key ON COMMIT DROP AS
        SELECT k.line, k.rank, k.kind, k.value, coalesce(e.person_id, p.id) AS person_id
        FROM (
            SELECT line, 0 AS rank, 'x' AS kind, external_id AS value
            FROM import_person WHERE external_id IS NOT NULL
            UNION ALL
            SELECT line, a.rank, 'e', a.value FROM import_person,
                unnest(string_to_array(emails, ' ')) WITH ORDINALITY AS a (value, rank)
            WHERE emails <> ''
        ) k
        LEFT JOIN people_personemail e
            ON k.kind = 'e' AND e.normalized = k.value AND e.deleted_at IS NULL
        LEFT JOIN records_externalid x ON k.kind = 'x' AND x.source = %s
            AND x.kind = 'person' AND x.value = k.value
        LEFT JOIN people_person p
            ON p.id = x.record_id AND p.deleted_at IS NULL AND p.merged_into_id IS NULL
        """,
        [staged.source],
    )
    if staged.match == "names":
        _match_names(actor)
    run("ANALYZE import_key")
    _find_twins()
    if _fold_twins(is_newest=staged.policy in ("overwrite", "update")):
        run("ANALYZE import_person")
    run(
        """
        CREATE TEMP TABLE import_target ON COMMIT DROP AS
        SELECT p.line, m.person_id IS NOT NULL AS is_known,
               coalesce(m.person_id, nextval('people_person_id_seq')) AS person_id
        FROM import_person p
        LEFT JOIN (
            SELECT DISTINCT ON (head) coalesce(t.head, k.line) AS head, k.person_id
            FROM import_key k LEFT JOIN import_twin t ON t.line = k.line
            WHERE k.person_id IS NOT NULL ORDER BY head, k.rank, k.line
        ) m ON m.head = p.line
        WHERE NOT EXISTS (SELECT FROM import_twin t WHERE t.line = p.line)
        ORDER BY p.line
        """
    )
    run("CREATE INDEX ON import_target (line)")
    refuse_unseen(actor)
    run("ANALYZE import_target")


def _match_names(actor: Actor) -> None:
    """Keys of rows without another one: the name with the company, as both are sorted."""
    rows = rows_of(
        "SELECT line, name, coalesce(company, '') FROM import_person"
        " WHERE emails = '' AND external_id IS NULL AND name IS NOT NULL"
    )
    table(
        "import_name",
        "line bigint, name text, company text",
        ((line, sort_key(name), sort_key(company)) for line, name, company in rows),
    )
    run(
        """
        INSERT INTO import_key
        SELECT n.line, 1, 'n', n.name || chr(31) || n.company, m.id
        FROM import_name n LEFT JOIN LATERAL (
            SELECT p.id FROM people_person p
            LEFT JOIN people_employment j ON j.person_id = p.id AND j.is_primary
                AND j.ended_on IS NULL AND j.deleted_at IS NULL
            LEFT JOIN people_company c ON c.id = j.company_id
            WHERE p.sort_key = n.name AND p.deleted_at IS NULL AND p.merged_into_id IS NULL
              AND coalesce(c.sort_key, '') = n.company
            ORDER BY p.id LIMIT 1
        ) m ON true
        """
    )


def _find_twins() -> None:
    """Rows that share an id of the source or a first address, or mean one known person."""
    groups = rows_of(
        "SELECT array_agg(k.line ORDER BY k.line) FROM import_key k JOIN ("
        "  SELECT kind, value FROM import_key WHERE rank <= 1"
        "  GROUP BY kind, value HAVING count(*) > 1) d USING (kind, value)"
        " WHERE k.rank <= 1 GROUP BY kind, value"
        " UNION ALL"
        " SELECT array_agg(DISTINCT line ORDER BY line) FROM import_key"
        " WHERE person_id IS NOT NULL AND rank <= 1"
        " GROUP BY person_id HAVING count(DISTINCT line) > 1"
    )
    head: dict[int, int] = {}

    def find(line: int) -> int:
        while head.get(line, line) != line:
            line = head[line]
        return line

    for (lines,) in groups:
        heads = sorted({find(line) for line in lines})
        for line in heads[1:]:
            head[line] = heads[0]
    twins = ((line, find(line)) for line in head if find(line) != line)
    table("import_twin", "line bigint, head bigint", twins)


def _fold_twins(*, is_newest: bool) -> int:
    """Let the first row of each person say what all of them say; how many persons that are."""
    order = sql.SQL("DESC" if is_newest else "ASC")
    picked = [
        sql.SQL(
            "(array_agg({c} ORDER BY {strictest} p.line {order})"
            " FILTER (WHERE {c} IS NOT NULL))[1] AS {c}"
        ).format(
            c=sql.Identifier(column),
            order=order,
            # Of two words about consent the stricter one counts.
            strictest=sql.SQL(
                "array_position(ARRAY['withdrawn', 'bounced', 'pending'], consent),"
                if column == "consent"
                else ""
            ),
        )
        for column in SINGLE
    ]
    joined = [
        sql.SQL("string_agg(nullif({c}, ''), {mark} ORDER BY p.line) AS {c}").format(
            c=sql.Identifier(column), mark=sql.Literal("\x1f" if column == "tags" else " ")
        )
        for column in _JOINED
    ]
    return run(
        sql.SQL(
            "UPDATE import_person h SET {set} FROM ("
            " SELECT coalesce(t.head, p.line) AS head, {values} FROM import_person p"
            " LEFT JOIN import_twin t ON t.line = p.line"
            " WHERE t.head IS NOT NULL OR p.line IN (SELECT head FROM import_twin)"
            " GROUP BY 1) s WHERE h.line = s.head"
        ).format(
            set=sql.SQL(", ").join(
                sql.SQL("{c} = coalesce(s.{c}, {empty})").format(
                    c=sql.Identifier(column),
                    empty=sql.SQL("''" if column in ("emails", "phones") else "NULL"),
                )
                for column in (*SINGLE, *_JOINED)
            ),
            values=sql.SQL(", ").join([*picked, *joined]),
        )
    )


def refuse_unseen(actor: Actor) -> None:
    """Rows that mean a person whom the actor may not see fail, and say no more than that."""
    if actor.scope_of("person") is Scope.ALL:
        return
    seen = queries.people_visible_to(actor).order_by().values("pk").query
    statement, params = seen.sql_with_params()
    run(
        "INSERT INTO import_fault"  # noqa: S608  (the statement is ours, its values are apart)
        " SELECT p.line, '', 'exists_not_visible' FROM import_target t"
        " LEFT JOIN import_twin w ON w.head = t.line"
        " JOIN import_person p ON p.line IN (t.line, w.line)"
        f" WHERE t.is_known AND t.person_id NOT IN ({statement}) GROUP BY p.line",
        params,
    )
    for name in ("import_target", "import_person"):
        _drop_faulty(name)


def refresh_statistics(*, rows: int) -> None:
    """Let the planner know tables that have just grown: the next import reads them at once.

    By a small sample; the server looks closer by itself when this is committed.
    """
    if rows < ENOUGH_TO_COUNT:
        return
    run("SET LOCAL default_statistics_target = 25")
    for name in _GROWN:
        run(sql.SQL("ANALYZE {}").format(sql.Identifier(name)))


def leave_out(staged: Staged) -> None:
    """``import_left``: persons of whom the policy lets nothing be written; no targets any more."""
    left = {"create": "t.is_known", "update": "NOT t.is_known"}.get(staged.policy, "false")
    run("CREATE TEMP TABLE IF NOT EXISTS import_left (LIKE import_target) ON COMMIT DROP")
    run(
        "WITH l AS (DELETE FROM import_target t"  # noqa: S608  (a condition of ours)
        f" WHERE {left} RETURNING t.*) INSERT INTO import_left SELECT * FROM l"
    )


def count_of(statement: str, params: Params = None) -> int:
    """The one number that a question answers."""
    return int(rows_of(statement, params)[0][0])
