"""Persons of a file written: new ones and what belongs to them, and what changes of those here.

Reads the tables of ``import_rows``; notes in ``import_touched`` (person_id, field, old, new) what
it changed of persons who were here before.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from psycopg import sql

from tandem.kernel.actions import current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.copying import copy_in
from tandem.kernel.ids import new_public_ids
from tandem.people import queries
from tandem.people.actions.companies import add_companies
from tandem.people.actions.import_rows import (
    DAYS,
    count_of,
    leave_out,
    refuse_unseen,
    rows_of,
    run,
    table,
)
from tandem.people.actions.keys import derive_people
from tandem.people.actions.owners import first_owner
from tandem.people.models import CompanyDomain
from tandem.people.rules import search_key, shown_phone, sort_key, split_name
from tandem.records.slots import Staged

CHUNK = 20_000


# --- employers ------------------------------------------------------------------------------------


def write_employers(actor: Actor) -> int:
    """``import_employer``: the company behind each name and domain; how many were added.

    A domain goes before a name; what nobody knows by either is added, once.
    """
    wanted = rows_of(
        "SELECT coalesce(company, ''), coalesce(domain, ''), max(country) FROM import_person p"
        " JOIN import_target t ON t.line = p.line"
        " WHERE (company IS NOT NULL OR domain IS NOT NULL) AND employer IS NULL"
        " GROUP BY 1, 2 ORDER BY min(p.line)"
    )
    keys = {name: sort_key(name) for name, _domain, _country in wanted}
    by_domain = _by_domain(sorted({domain for _name, domain, _country in wanted if domain}))
    by_name = _by_name(actor, sorted({key for key in keys.values() if key}))
    found: dict[tuple[str, str], Any] = {}
    new: dict[str, tuple[str, str, str]] = {}
    for name, domain, country in wanted:
        known = by_domain.get(domain) if domain else None
        known = known or (by_name.get(keys[name]) if keys[name] else None)
        identity = domain or keys[name] or name
        if known is None:
            new.setdefault(identity, (name or domain, country or "", domain))
        found[name, domain] = known or identity
    # One that is named beside its domain in one row and alone in another is one company.
    heads = {keys.get(name, ""): identity for identity, (name, _c, domain) in new.items() if domain}
    for identity in [one for one, (_n, _c, domain) in new.items() if not domain and one in heads]:
        del new[identity]
    ids = add_companies(
        actor,
        named=[(name, country) for name, country, _domain in new.values()],
        domains=[domain for _name, _country, domain in new.values()],
    )
    added = dict(zip(new, ids, strict=True))
    table(
        "import_employer",
        "company text, domain text, company_id bigint",
        (
            (name, domain, known if isinstance(known, int) else added[_head(known, added, heads)])
            for (name, domain), known in found.items()
        ),
    )
    return len(ids)


def _head(identity: str, added: dict[str, int], heads: dict[str, str]) -> str:
    return identity if identity in added else heads[identity]


def _by_domain(domains: list[str]) -> dict[str, int]:
    rows = queries.live_parts(CompanyDomain, domain__in=domains, is_shared=False)
    return dict(rows.values_list("domain", "company_id"))


def _by_name(actor: Actor, keys: list[str]) -> dict[str, int]:
    """Visible companies by name, the oldest of several."""
    rows = queries.companies_visible_to(actor).filter(sort_key__in=keys).order_by("-pk")
    return dict(rows.values_list("sort_key", "pk"))


EMPLOYER_JOIN = (
    " LEFT JOIN import_employer c ON c.company = coalesce(p.company, '')"
    " AND c.domain = coalesce(p.domain, '')"
    " AND (p.company IS NOT NULL OR p.domain IS NOT NULL)"
)
EMPLOYER = "coalesce(p.employer, c.company_id)"  # named by its id, else by name or domain


# --- new persons ----------------------------------------------------------------------------------


def claim_addresses(actor: Actor, staged: Staged) -> None:
    """Take the first address of each new person; who loses a race is the one who won it."""
    wanted = count_of(
        "SELECT count(*) FROM import_target t JOIN import_person p ON p.line = t.line"
        " WHERE NOT t.is_known AND p.emails <> ''"
    )
    claim = """
        INSERT INTO people_personemail
            (person_id, address, normalized, is_primary, status, source, created_in_id)
        SELECT t.person_id,
               CASE WHEN lower(p.address) = m.mail THEN p.address ELSE m.mail END,
               m.mail, true, 'ok', 'import', (SELECT tandem_change_set())
        FROM import_target t JOIN import_person p ON p.line = t.line
        CROSS JOIN LATERAL (SELECT split_part(p.emails, ' ', 1) AS mail) m
        WHERE NOT t.is_known AND p.emails <> ''
        ORDER BY t.line
    """
    try:  # an insert that minds conflicts costs half as much again
        with transaction.atomic():
            taken = run(claim)
    except IntegrityError:
        taken = run(f"{claim} ON CONFLICT (normalized) WHERE deleted_at IS NULL DO NOTHING")
    if taken == wanted:
        return
    # Somebody has added the same persons since these rows were matched.
    run(
        "UPDATE import_target t SET person_id = e.person_id, is_known = true"
        " FROM import_person p, people_personemail e"
        " WHERE p.line = t.line AND NOT t.is_known AND e.deleted_at IS NULL"
        " AND e.normalized = split_part(p.emails, ' ', 1) AND e.person_id <> t.person_id"
    )
    refuse_unseen(actor)
    leave_out(staged)


def insert_persons(actor: Actor, staged: Staged, *, step_from: float, step_to: float) -> int:
    """Persons who are not here yet, in chunks so that it can be stopped; how many.

    While the database writes one chunk, a thread makes the keys of the next.
    """
    bounds = rows_of("SELECT min(line), max(line) FROM import_target")[0]
    if bounds[0] is None:
        return 0
    run("CREATE INDEX ON import_person (line)")
    firsts = range(bounds[0], bounds[1] + 1, CHUNK)
    owner = first_owner(actor, None, kind="person")
    made, added = current_change_set().id, 0
    with ThreadPoolExecutor(1) as aside:
        waiting = aside.submit(_with_keys, _new_persons(firsts[0], owner), made)
        for at, first in enumerate(firsts, start=1):
            rows = waiting.result()
            if first != firsts[-1]:
                waiting = aside.submit(_with_keys, _new_persons(first + CHUNK, owner), made)
            added += copy_in("people_person", _COLUMNS, rows)
            share = at / len(firsts)
            staged.step(step_from + (step_to - step_from) * share, _("People"))
    return added


_COLUMNS = (
    *("id", "created_at", "owner_id", "country", "public_id", "name", "given_name", "family_name"),
    *("sort_key", "search_key", "locale", "time_zone", "x", "created_in_id"),
)


def _new_persons(first: int, owner: int | None) -> Sequence[Sequence[Any]]:
    """The new persons among a chunk of rows."""
    return rows_of(
        "SELECT t.person_id, least(coalesce(p.created_at, now()), now())::text,"
        " coalesce(p.owner, %(owner)s), coalesce(p.country, ''),"
        " coalesce(p.name, nullif(split_part(p.emails, ' ', 1), ''), p.external_id),"
        " coalesce(p.given, ''), coalesce(p.family, ''), p.emails, p.phones"
        " FROM import_target t JOIN import_person p ON p.line = t.line WHERE NOT t.is_known"
        " AND t.line >= %(first)s AND t.line < %(next)s"
        " AND p.line >= %(first)s AND p.line < %(next)s ORDER BY t.line",
        {"owner": owner, "first": first, "next": first + CHUNK},
    )


def _with_keys(rows: Sequence[Sequence[Any]], made: int) -> Sequence[tuple[object, ...]]:
    """The columns of new persons: names in parts, and the keys by which they are found."""
    found = []
    for public_id, row in zip(new_public_ids(len(rows)), rows, strict=True):
        pk, created_at, owner, country, name, given, family, emails, phones = row
        if not given and not family:
            parts = split_name(name)
            given, family = parts.given, parts.family
        search = search_key(name, emails.split(), phones.split())
        said = (pk, created_at, owner, country, public_id, name, given, family)
        found.append((*said, sort_key(name), search, "", "", "{}", made))
    return found


# --- what belongs to persons ----------------------------------------------------------------------


def write_parts(staged: Staged) -> None:
    """More addresses, phones and jobs of new persons and of those who were here."""
    _write_emails()
    if any(staged.reads(key) for key in ("phone", "phone_2", "phone_3")):
        _write_phones(is_first=staged.policy in ("overwrite", "update"))
    if any(staged.reads(key) for key in (*_OF_JOBS, "company", "company_ids", "domain")):
        _write_jobs()


_OF_JOBS = ("title", "function", "seniority", "started_on", "ended_on")


def _write_emails() -> None:
    """Addresses beside the first; one that another person has is left out and counted."""
    run(
        """
        CREATE TEMP TABLE import_more ON COMMIT DROP AS
        SELECT t.line, t.person_id, t.is_known, a.mail, a.rank
        FROM import_target t JOIN import_person p ON p.line = t.line
            AND p.emails <> '' AND (t.is_known OR strpos(p.emails, ' ') > 0),
            unnest(string_to_array(p.emails, ' ')) WITH ORDINALITY AS a (mail, rank)
        WHERE (t.is_known OR a.rank > 1)
          AND NOT EXISTS (SELECT FROM people_personemail e WHERE e.normalized = a.mail
                          AND e.person_id = t.person_id AND e.deleted_at IS NULL)
        """
    )
    if not count_of("SELECT count(*) FROM import_more"):
        return
    run(
        """
        WITH added AS (
            INSERT INTO people_personemail
                (person_id, address, normalized, is_primary, status, source, created_in_id)
            SELECT DISTINCT ON (m.mail) m.person_id, m.mail, m.mail,
                   NOT EXISTS (SELECT FROM people_personemail e WHERE e.person_id = m.person_id
                               AND e.is_primary AND e.deleted_at IS NULL)
                   AND m.rank = (SELECT min(o.rank) FROM import_more o
                                 WHERE o.person_id = m.person_id),
                   'ok', 'import', (SELECT tandem_change_set())
            FROM import_more m ORDER BY m.mail, m.line
            ON CONFLICT (normalized) WHERE deleted_at IS NULL DO NOTHING
            RETURNING person_id, normalized
        ), noted AS (
            INSERT INTO import_touched
            SELECT a.person_id, 'email', '', a.normalized FROM added a
            JOIN import_target t ON t.person_id = a.person_id AND t.is_known
        )
        INSERT INTO import_gap
        SELECT m.line, m.mail, 'taken' FROM import_more m
        WHERE NOT EXISTS (SELECT FROM added a
                          WHERE a.person_id = m.person_id AND a.normalized = m.mail)
        """
    )


def _write_phones(*, is_first: bool) -> None:
    """Numbers that a person does not have yet; of a known one the file's becomes the main one
    where it overwrites."""
    found = rows_of("SELECT DISTINCT unnest(string_to_array(phones, ' ')) FROM import_person")
    shown = ((number, shown_phone(number)) for (number,) in found)
    table("import_number", "number text, shown text", shown)
    run(
        """
        CREATE TEMP TABLE import_call ON COMMIT DROP AS
        SELECT DISTINCT ON (t.person_id, a.number)
            t.person_id, t.is_known, a.number, n.shown, a.rank
        FROM import_target t JOIN import_person p ON p.line = t.line,
            unnest(string_to_array(p.phones, ' ')) WITH ORDINALITY AS a (number, rank)
            JOIN import_number n ON n.number = a.number
        WHERE p.phones <> ''
          AND NOT (t.is_known AND EXISTS (
              SELECT FROM people_personphone o WHERE o.person_id = t.person_id
              AND o.normalized = a.number AND o.deleted_at IS NULL))
        ORDER BY t.person_id, a.number, a.rank
        """
    )
    run("ANALYZE import_call")
    if is_first:
        run(
            "UPDATE people_personphone o SET is_primary = false FROM import_call c"
            " WHERE c.is_known AND c.rank = 1 AND o.person_id = c.person_id AND o.is_primary"
            " AND o.deleted_at IS NULL"
        )
    run(
        """
        INSERT INTO people_personphone
            (person_id, number, normalized, is_primary, status, source, created_in_id)
        SELECT c.person_id, c.shown, c.number,
               row_number() OVER (PARTITION BY c.person_id ORDER BY c.rank) = 1
               AND NOT (c.is_known AND EXISTS (
                   SELECT FROM people_personphone o WHERE o.person_id = c.person_id
                   AND o.is_primary AND o.deleted_at IS NULL)),
               'ok', 'import', (SELECT tandem_change_set())
        FROM import_call c
        """
    )
    run(
        "INSERT INTO import_touched SELECT person_id, 'phone', '', shown FROM import_call"
        " WHERE is_known"
    )


def _write_jobs() -> None:
    """Jobs of persons who have none; ``change_persons`` sees to those who have one."""
    run(
        sql.SQL(
            """
            INSERT INTO people_employment (person_id, company_id, title, function, seniority,
                started_on, ended_on, is_primary, created_in_id)
            SELECT t.person_id, {employer}, coalesce(p.title, ''), coalesce(p.function, ''),
                   coalesce(p.seniority, ''), p.started_on, p.ended_on, true,
                   (SELECT tandem_change_set())
            FROM import_target t JOIN import_person p ON p.line = t.line
            {join}
            WHERE NOT t.is_known
              AND num_nonnulls(p.title, p.function, p.seniority, {employer}) > 0
            """
        ).format(join=sql.SQL(EMPLOYER_JOIN), employer=sql.SQL(EMPLOYER))
    )


# --- persons who are here -------------------------------------------------------------------------


def change_persons(actor: Actor, staged: Staged) -> None:
    """Fill or overwrite what the file says otherwise of persons who were here before."""
    if not count_of("SELECT count(*) FROM import_target WHERE is_known"):
        return
    _compare(
        overwrites=staged.policy != "fill",
        may_assign=actor.may("people.assign"),
        are_past=staged.reads("ended_on"),
    )
    _note_changes()
    run(
        """
        UPDATE people_person s
        SET name = d.name, given_name = d.given, family_name = d.family, country = d.country,
            owner_id = d.owner
        FROM import_change d WHERE s.id = d.person_id
          AND (s.name, s.given_name, s.family_name, s.country, s.owner_id) IS DISTINCT FROM
              (d.name, d.given, d.family, d.country, d.owner)
        """
    )
    run(
        """
        UPDATE people_employment j SET title = d.title, company_id = d.company,
            function = d.function, seniority = d.seniority,
            started_on = d.started_on, ended_on = d.ended_on
        FROM import_change d WHERE j.id = d.job
          AND (j.title, j.company_id, j.function, j.seniority, j.started_on, j.ended_on)
              IS DISTINCT FROM
              (d.title, d.company, d.function, d.seniority, d.started_on, d.ended_on)
        """
    )
    run(
        """
        INSERT INTO people_employment (person_id, company_id, title, function, seniority,
            started_on, ended_on, is_primary, created_in_id)
        SELECT person_id, company, title, function, seniority, started_on, ended_on, true,
               (SELECT tandem_change_set())
        FROM import_change
        WHERE job IS NULL AND (company IS NOT NULL OR title || function || seniority <> '')
        """
    )


# The job that a row means where it names its end: one that ended then, else one that goes on.
_PAST_JOB = f"""
    LEFT JOIN LATERAL (
        SELECT o.* FROM people_employment o
        WHERE o.person_id = s.id AND o.deleted_at IS NULL
          AND CASE WHEN p.ended_on IS NULL THEN o.is_primary AND o.ended_on IS NULL
                   ELSE coalesce(o.ended_on, p.ended_on) = p.ended_on
                        AND coalesce(o.company_id = {EMPLOYER}, {EMPLOYER} IS NULL) END
        ORDER BY o.ended_on, o.is_primary DESC, o.id LIMIT 1
    ) j ON true
"""  # noqa: S608  (names of columns of ours)
_JOB = (
    " LEFT JOIN people_employment j ON j.person_id = s.id AND j.is_primary"
    " AND j.ended_on IS NULL AND j.deleted_at IS NULL"
)


def _compare(*, overwrites: bool, may_assign: bool, are_past: bool) -> None:
    """``import_change``: what each known person is and is to be, with the job that a row means."""

    def pick(old: str, new: str) -> str:
        if overwrites:
            return f"coalesce({new}, {old})"
        return f"coalesce(nullif({old}, ''), {new}, {old})"

    # A person who was named by the address alone has no name yet.
    name = pick("CASE WHEN s.name = e.normalized THEN '' ELSE s.name END", "p.name")
    owner = f"coalesce({'p.owner, s.owner_id' if overwrites else 's.owner_id, p.owner'})"
    columns = {
        "name": f"coalesce(nullif({name}, ''), s.name)",
        "country": pick("s.country", "p.country"),
        "owner": owner if may_assign else "s.owner_id",
        "title": pick("coalesce(j.title, '')", "p.title"),
        "company": f"coalesce({EMPLOYER}, j.company_id)"
        if overwrites
        else f"coalesce(j.company_id, {EMPLOYER})",
    }
    # What a row says of a job at another company than the one that is kept is not said of this.
    is_same = f"({EMPLOYER} IS NULL OR coalesce(j.company_id, {EMPLOYER}) = {EMPLOYER})"
    for key, empty in (("function", "''"), ("seniority", "''"), *((key, "NULL") for key in DAYS)):
        old, new = f"nullif(j.{key}::text, '')", f"nullif(p.{key}::text, '')"
        chosen_first = (
            f"{new}, {old}" if overwrites else f"{old}, CASE WHEN {is_same} THEN {new} END"
        )
        kind = "date" if key in DAYS else "text"
        columns[key] = f"coalesce({chosen_first}, {empty})::{kind}"
    chosen = ", ".join(f"{value} AS {key}" for key, value in columns.items())
    run(
        f"""
        CREATE TEMP TABLE import_change ON COMMIT DROP AS
        SELECT d.*,
               CASE WHEN d.name = d.old_name THEN d.old_given ELSE coalesce(d.new_given, '') END
                   AS given,
               CASE WHEN d.name = d.old_name THEN d.old_family ELSE coalesce(d.new_family, '') END
                   AS family
        FROM (
            SELECT t.line, t.person_id, j.id AS job, {chosen},
                   s.name AS old_name, s.given_name AS old_given, s.family_name AS old_family,
                   p.given AS new_given, p.family AS new_family,
                   s.country AS old_country, s.owner_id AS old_owner,
                   coalesce(j.title, '') AS old_title, j.company_id AS old_company,
                   coalesce(j.function, '') AS old_function,
                   coalesce(j.seniority, '') AS old_seniority,
                   j.started_on AS old_started_on, j.ended_on AS old_ended_on
            FROM import_target t JOIN import_person p ON p.line = t.line
            JOIN people_person s ON s.id = t.person_id
            LEFT JOIN people_personemail e ON e.person_id = s.id AND e.is_primary
                AND e.deleted_at IS NULL
            {EMPLOYER_JOIN}
            {_PAST_JOB if are_past else _JOB}
            WHERE t.is_known
        ) d
        """  # noqa: S608  (names of columns of ours)
    )
    _split_new_names()


def _split_new_names() -> None:
    """Names in parts, where the file has them whole."""
    rows = rows_of(
        "SELECT line, name FROM import_change WHERE name <> old_name"
        " AND new_given IS NULL AND new_family IS NULL"
    )
    if not rows:
        return
    parts = ((line, split_name(name)) for line, name in rows)
    table(
        "import_part",
        "line bigint, given text, family text",
        ((line, part.given, part.family) for line, part in parts),
    )
    run(
        "UPDATE import_change d SET given = n.given, family = n.family FROM import_part n"
        " WHERE n.line = d.line"
    )


def _note_changes() -> None:
    for field, old, new in (
        ("name", "old_name", "name"),
        ("country", "old_country", "country"),
        ("title", "old_title", "title"),
        ("function", "old_function", "function"),
        ("seniority", "old_seniority", "seniority"),
        ("started_on", "old_started_on", "started_on"),
        ("ended_on", "old_ended_on", "ended_on"),
    ):
        run(
            sql.SQL(
                "INSERT INTO import_touched SELECT person_id, {field}, {old}, {new}"
                " FROM import_change WHERE {old} IS DISTINCT FROM {new}"
            ).format(field=sql.Literal(field), old=sql.Identifier(old), new=sql.Identifier(new))
        )
    for field, other in (("owner", "accounts_user"), ("company", "people_company")):
        run(
            sql.SQL(
                "INSERT INTO import_touched"
                " SELECT d.person_id, {field}, coalesce(a.name, ''), coalesce(b.name, '')"
                " FROM import_change d LEFT JOIN {other} a ON a.id = d.{old}"
                " LEFT JOIN {other} b ON b.id = d.{new} WHERE d.{old} IS DISTINCT FROM d.{new}"
            ).format(
                field=sql.Literal(field),
                other=sql.Identifier(other),
                old=sql.Identifier(f"old_{field}"),
                new=sql.Identifier(field),
            )
        )


def touch_changed() -> list[int]:
    """Raise the version of each person of ``import_touched`` and make the keys anew; their ids."""
    run("ANALYZE import_touched")
    run(
        "UPDATE people_person s SET updated_at = now(), row_version = row_version + 1"
        " WHERE s.id IN (SELECT person_id FROM import_touched)"
    )
    found = rows_of(
        "SELECT person_id, bool_or(field IN ('name', 'email', 'phone')) FROM import_touched"
        " GROUP BY person_id ORDER BY person_id"
    )
    derive_people([pk for pk, is_keyed in found if is_keyed])
    return [pk for pk, _is_keyed in found]
