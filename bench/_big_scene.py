"""A company with very many people, for what must stay fast: made by the database in few statements.

``size`` people, a fifth as many companies, twenty lines of story a person; names, titles and words
repeat as they do in life, every twentieth person has a long story.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product

from django.conf import settings
from django.db import connection, transaction
from django.test.utils import setup_databases, teardown_databases
from pydantic import SecretStr

from bench._scene import PASSWORD
from tandem.accounts.actions import add_user
from tandem.accounts.models import User
from tandem.accounts.queries import command_actor
from tandem.accounts.rules import Role
from tandem.accounts.schemas import NewUser

COMPANIES, STORY = 5, 20  # a company for so many people, so many lines a person
SELLERS = 20
MONTHS = 24
SELLER = "seller0@thistle.example"
KEPT = "TANDEM_BENCH_HOME"  # a folder where the database stays for the next run


@contextmanager
def big_scene(size: int) -> Iterator[User]:
    """A database with ``size`` people and one administrator, who is given.

    Thrown away at the end, unless TANDEM_BENCH_HOME names a folder: there it waits for the next
    run of this size.
    """
    is_kept = KEPT in os.environ
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = f"bench_{size}"
    made = setup_databases(verbosity=0, interactive=False, keepdb=is_kept, serialized_aliases=())
    try:
        user = User.objects.filter(email="bench@thistle.example").first() or _administrator()
        grow(size)
        yield user
    finally:
        connection.close_pool()  # type: ignore[attr-defined]
        teardown_databases(made, verbosity=0, keepdb=is_kept)


def _administrator() -> User:
    return add_user(
        command_actor(),
        NewUser(
            email="bench@thistle.example",
            name="Bench",
            role=Role.ADMIN,
            password=SecretStr(PASSWORD),
        ),
    )


def grow(size: int) -> None:
    """Let there be ``size`` people; those that are there stay as they are."""
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SELECT count(*) FROM people_person")
        ((here,),) = cursor.fetchall()
        if here >= size:
            return
        if not here:
            for number in range(SELLERS):
                _seller(number)
        cursor.execute(_CHANGE_SET)
        for name, words in (("first", _FIRST), ("last", _last()), ("trade", _TRADE)):
            cursor.execute(f"CREATE TEMP TABLE bench_{name} ON COMMIT DROP AS {_WORDS}", [words])
        indexes = _without_indexes(cursor)
        step = {"from": here + 1, "to": size, "companies": max(1, size // COMPANIES)}
        step |= {"company_from": here // COMPANIES + 1}
        for statement in (_COMPANIES, _DOMAINS, _PEOPLE, _EMAILS, _PHONES, _JOBS):
            cursor.execute(statement, step)
        _partitions(cursor)
        cursor.execute(_STORIES, step)
        for statement in (*_SEQUENCES, _FORGET, "SET CONSTRAINTS ALL IMMEDIATE", *indexes):
            cursor.execute(statement)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _seller(number: int) -> None:
    add_user(
        command_actor(),
        NewUser(
            email=f"seller{number}@thistle.example",
            name=f"{_FIRST[number]} Seller",
            role=Role.SELLER,
            password=SecretStr(PASSWORD),
        ),
    )


def _last() -> list[str]:
    """Some 2,000 family names."""
    return [a + b + c for a, b, c in product(_STARTS, _MIDDLES, _ENDS)]


def _without_indexes(cursor) -> list[str]:  # type: ignore[no-untyped-def]
    """Drop what is quicker made anew at the end, and tell how."""
    cursor.execute(_INDEXES)
    found = cursor.fetchall()
    for name, _definition in found:
        cursor.execute(f'DROP INDEX "{name}"')
    # The index of a cut table is told without those of its parts.
    return [definition.replace(" ON ONLY ", " ON ") for _name, definition in found]


def _partitions(cursor) -> None:  # type: ignore[no-untyped-def]
    """The months that such a company has behind it."""
    cursor.execute(_MONTHS_BEFORE, [MONTHS])
    for name, start, end in cursor.fetchall():
        cursor.execute(
            f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF timeline_entry"
            f" FOR VALUES FROM ('{start}') TO ('{end}')"
        )


_FIRST = (
    "Ann Theo Priya Tom Isla Morag Hanna Luc Hettie Agnes Pieter Nell Oskar Marit Dafydd Camille"
    " Joan Gordon Yusuf Eleanor Rosalind Bea Arjun Mei Kofi Lena Marco Inger Sven Olga Pablo Sofia"
    " Emil Greta Hugo Ida Jonas Klara Liam Maja Nils Petra Rafael Sara Tariq Una Viktor Wanda"
    " Xenia Yara Zoe Adam Bruno Clara Dario Elif Finn Gail Hana Ivan"
).split()
_STARTS = (
    "Kow Bir Har Lind Ach Gal Pen Whit McAl Vos Bran Ash Dun Hol Mar Nor Oy Quai Ros Sten".split()
)
_MIDDLES = "al ber ca den el fin gra hi ki lo".split()
_ENDS = "czyk twistle nell qvist terberg braith haligon man son ley".split()
_TRADE = "Gifts Books Stores Interiors Pantry Garden Homewares Larder Museum Heritage".split()

_CHANGE_SET = """
    INSERT INTO kernel_changeset (public_id, actor_kind, actor_label, source, action, reason)
    VALUES (gen_random_uuid(), 'job', 'bench', 'import', 'bench.fill', '')
    RETURNING set_config('tandem.change_set', id::text, false)
"""
_FORGET = "SELECT set_config('tandem.change_set', '', false)"
_SEQUENCES = [
    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
    for table in ("people_person", "people_company")
]
_WORDS = "SELECT n - 1 AS n, word FROM unnest(%s::text[]) WITH ORDINALITY w (word, n)"
# All but those that keep a promise of the tables and those of the parts of a cut table.
_INDEXES = """
    SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
    WHERE t.relname IN ('people_person', 'people_personemail', 'people_personphone',
        'people_employment', 'people_company', 'people_companydomain', 'timeline_entry')
        AND NOT i.indisprimary
        AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid)
"""
_MONTHS_BEFORE = """
    SELECT to_char(m, '"timeline_entry_y"YYYY"m"MM'), m || '+00', m + interval '1 month' || '+00'
    FROM generate_series(date_trunc('month', now() AT TIME ZONE 'UTC') - %s * interval '1 month',
        date_trunc('month', now() AT TIME ZONE 'UTC'), interval '1 month') m
"""
_COMPANIES = """
    INSERT INTO people_company (id, public_id, name, search_key, sort_key, country, industry,
        size_band, tier, owner_id, x)
    SELECT n, gen_random_uuid(), name, ' ' || lower(name) || ' firm' || n || '.example firm' || n,
        lower(name), 'GB', trade, 'small', '', NULL, '{}'
    FROM (SELECT s.n, l.word || ' ' || t.word || ' ' || s.n AS name, t.word AS trade
        FROM generate_series(%(company_from)s, %(companies)s) s (n)
        JOIN bench_last l ON l.n = s.n * 7919::bigint %% 2000
        JOIN bench_trade t ON t.n = s.n %% 10) named
"""
_DOMAINS = """
    INSERT INTO people_companydomain (company_id, domain, is_primary, is_shared)
    SELECT n, 'firm' || n || '.example', true, false
    FROM generate_series(%(company_from)s, %(companies)s) n
"""
_PEOPLE = """
    INSERT INTO people_person (id, public_id, name, given_name, family_name, search_key, sort_key,
        country, locale, time_zone, owner_id, created_at, updated_at, x)
    SELECT n, gen_random_uuid(), first || ' ' || last, first, last,
        lower(' ' || first || ' ' || last || ' ' || first || '.' || last || n || '@firm'
            || n / 5 + 1 || '.example firm' || n / 5 + 1 || '.example ' || last || n),
        lower(first || ' ' || last), (ARRAY['GB', 'IE', 'DE', 'FR', 'NL'])[1 + n %% 5], '', '',
        CASE WHEN n %% 5 < 3 THEN (SELECT min(id) FROM accounts_user) + 1 + n %% 20 END, at, at,
        '{}'
    FROM (SELECT s.n, f.word AS first, l.word AS last,
            now() - (%(to)s - s.n) * interval '2 years' / %(to)s AS at
        FROM generate_series(%(from)s, %(to)s) s (n)
        JOIN bench_first f ON f.n = s.n * 37::bigint %% 60
        JOIN bench_last l ON l.n = s.n * 7907::bigint %% 2000) named
"""
_EMAILS = """
    INSERT INTO people_personemail (person_id, address, normalized, is_primary, status, source)
    SELECT id, address, address, true, 'ok', ''
    FROM (SELECT id, lower(given_name || '.' || family_name) || id || '@firm' || id / 5 + 1
        || '.example' AS address FROM people_person WHERE id BETWEEN %(from)s AND %(to)s) mailed
"""
_PHONES = """
    INSERT INTO people_personphone (person_id, number, normalized, is_primary, status, source)
    SELECT n, '+44 20 ' || 10000000 + n, '+4420' || 10000000 + n, true, 'ok', ''
    FROM generate_series(%(from)s, %(to)s) n WHERE n %% 10 < 7
"""
_JOBS = """
    INSERT INTO people_employment (person_id, company_id, title, function, seniority, is_primary)
    SELECT n, 1 + n * 13::bigint %% %(companies)s,
        (ARRAY['Buyer', 'Owner', 'Shop manager', 'Head of buying', 'Accounts'])[1 + n %% 5], '',
        '', true
    FROM generate_series(%(from)s, %(to)s) n WHERE n %% 20 < 19
"""
# Every 20th person has six times the story of the others.
_STORIES = """
    INSERT INTO timeline_entry (subject_kind, subject_id, at, event_id, kind, side, actor_kind,
        actor_user_id, actor_label, payload, visibility, source, is_automatic, dedupe_key)
    SELECT 'person', subject, at, gen_random_uuid(),
        (ARRAY['people.created', 'people.changed', 'people.imported'])[1 + line %% 3],
        (ARRAY['mkt', 'sales', 'system'])[1 + (line + subject) %% 3], 'user', NULL, 'Ann Seller',
        (ARRAY['{}', '{"changes": [{"field": "title", "old": "Clerk", "new": "Buyer"}]}',
            '{"file": "fair.csv"}'])[1 + line %% 3]::jsonb, 'all', 'web', false, ''
    FROM (SELECT n AS subject, line,
            now() - ((n * 7::bigint + line * 37) %% 730 + 0.1) * interval '1 day' AS at
        FROM generate_series(%(from)s, %(to)s) n
        CROSS JOIN LATERAL generate_series(1, CASE WHEN n %% 20 = 0 THEN 96 ELSE 16 END) line
        ) told
"""
