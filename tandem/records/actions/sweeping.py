"""Every text of the database is looked through for what names somebody who is being erased.

What points to a record is declared and goes with it. This is for what does not point: a name in
the story of a company, an address in a filter, in an answer that is kept for its repetition. It
asks the database which columns there are, so that no table can be forgotten.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.db.models import Model
from psycopg import sql

from tandem.records.models import Erasure
from tandem.records.rules.erasing import (
    address_pattern,
    id_pattern,
    is_number,
    is_telling,
    word_pattern,
)
from tandem.records.slots import ERASED_TABLES, OBJECT_TYPES, Traces

NO_ID = str(UUID(int=0))

# Whose own data these are: colleagues, and what Django and its plugins keep.
_LEFT_ALONE = ("accounts_", "django_", "auth_")
_NAMES = frozenset({"name", "search_key", "sort_key", "given_name", "family_name"})
# An answer that is kept for a repetition holds more of somebody than their name.
_WHOLE_ROWS = frozenset({"kernel_idempotencykey"})
# An entry in another's story that names what goes tells of it in words of its own, too.
_WHOLE_BY_ID = frozenset({"timeline_entry"})


@dataclass(frozen=True, slots=True)
class _Column:
    table: str
    name: str
    type: str  # as Postgres casts to it: varchar(80), jsonb


@dataclass(frozen=True, slots=True)
class Patterns:
    """What is looked for: ``strong`` names one person only, ``names`` are names of people."""

    strong: str
    names: str
    ids: str

    @classmethod
    def of(cls, traces: Traces, ids: Collection[UUID]) -> "Patterns":
        numbers = {one for one in traces.numbers if is_number(one)}
        strong = [address_pattern(traces.addresses), word_pattern(numbers)]
        return cls(
            strong="|".join(one for one in strong if one),
            names=word_pattern({one for one in traces.names if is_telling(one)}),
            ids=id_pattern(ids),
        )


def sweep(patterns: Patterns, *, mark: str) -> dict[str, int]:
    """Put ``mark`` in the place of what is found; how many rows of which table were changed.

    One pass over each table that has texts; a part of an erasure, which has put triggers at rest.
    """
    identities = {one.model._meta.db_table for one in OBJECT_TYPES if one.merging is not None}
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        for table, columns in _tables():
            told = [
                (column, _pattern_of(column, patterns, is_identity=table in identities))
                for column in columns
            ]
            told = [(column, pattern) for column, pattern in told if pattern]
            if not told:
                continue
            count = 0
            for statement in _statements(table, told, patterns.ids, mark):
                cursor.execute(statement)
                count += cursor.rowcount
            if count:
                found[_label(table)] = count
    return found


def named_in(patterns: Patterns, *, but: Mapping[type[Model], Collection[Any]]) -> dict[str, int]:
    """In how many rows of which table of ours somebody is named, besides these; one pass over
    each."""
    known = {model._meta.db_table: (_key(model), list(pks)) for model, pks in but.items()}
    ours = {one._meta.db_table for one in apps.get_models() if one.__module__.startswith("tandem.")}
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        for table, columns in _tables():
            told = [(one, _pattern_of(one, patterns, is_identity=False)) for one in columns]
            told = [(column, pattern) for column, pattern in told if pattern]
            if not told or table not in ours:
                continue
            statement = sql.SQL("SELECT count(*) FROM {} WHERE ({})").format(
                sql.Identifier(table), _where(told)
            )
            if table in known:
                key, pks = known[table]
                statement += sql.SQL(" AND {} <> ALL ({})").format(key, sql.Literal(pks))
            cursor.execute(statement)
            if count := cursor.fetchone()[0]:
                found[_label(table)] = count
    return found


def _pattern_of(column: _Column, patterns: Patterns, *, is_identity: bool) -> str:
    """What is looked for in a column: in the name of another person or company, not a name."""
    names = "" if is_identity and column.name in _NAMES else patterns.names
    return "|".join(one for one in (patterns.strong, names, patterns.ids) if one)


def _statements(
    table: str, told: list[tuple[_Column, str]], ids: str, mark: str
) -> Iterator[sql.Composed]:
    name = sql.Identifier(table)
    if table in _WHOLE_ROWS or table in _WHOLE_BY_ID:
        by = [(column, pattern if table in _WHOLE_ROWS else ids) for column, pattern in told]
        yield sql.SQL("DELETE FROM {} WHERE {}").format(name, _where(by))
    if table not in _WHOLE_ROWS:
        yield _update(name, told, ids, mark)


def _where(told: list[tuple[_Column, str]]) -> sql.Composed:
    return sql.SQL(" OR ").join(
        sql.SQL("{}::text ~* {}").format(sql.Identifier(column.name), sql.Literal(pattern))
        for column, pattern in told
    )


def _update(
    name: sql.Identifier, told: list[tuple[_Column, str]], ids: str, mark: str
) -> sql.Composed:
    assignments = sql.SQL(", ").join(
        sql.SQL(
            "{column} = CASE WHEN {column}::text ~* {pattern}"
            " THEN {value}::{type} ELSE {column} END"
        ).format(
            column=sql.Identifier(column.name),
            pattern=sql.Literal(pattern),
            value=_replaced(_without_samples(column), pattern, ids, mark),
            type=sql.SQL(column.type),  # as Postgres names it itself
        )
        for column, pattern in told
    )
    return sql.SQL("UPDATE {} SET {} WHERE {}").format(name, assignments, _where(told))


def _without_samples(column: _Column) -> sql.Composable:
    """What the column holds; rows of a file that it shows are left out."""
    table = ERASED_TABLES.get(_label(column.table))
    keys = table.samples.get(column.name, ()) if table is not None else ()
    name = sql.Identifier(column.name)
    if not keys:
        return name
    empty = json.dumps({key: [] for key in keys})
    return sql.SQL("({} || {}::jsonb)").format(name, sql.Literal(empty))


def _replaced(value: sql.Composable, pattern: str, ids: str, mark: str) -> sql.Composed:
    """Ids become the id of nobody, so that what reads an id still finds one."""
    text: sql.Composable = sql.SQL("{}::text").format(value)
    for one, instead in ((ids, NO_ID), (pattern, mark)):
        if one:
            text = sql.SQL("regexp_replace({}, {}, {}, 'gi')").format(
                text, sql.Literal(one), sql.Literal(instead)
            )
    return sql.Composed([text])


def _tables() -> Iterator[tuple[str, list[_Column]]]:
    """Every table with a column of text, as Postgres knows it; parts by the table they are of."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
            FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            JOIN pg_type t ON t.oid = a.atttypid
            WHERE c.relnamespace = current_schema()::regnamespace
              AND c.relkind IN ('r', 'p') AND NOT c.relispartition
              AND a.attgenerated = ''
              AND t.typname IN ('text', 'varchar', 'json', 'jsonb', '_text', '_varchar')
            ORDER BY c.relname, a.attnum
            """
        )
        rows = cursor.fetchall()
    found: dict[str, list[_Column]] = {}
    for table, name, type_ in rows:
        if not table.startswith(_LEFT_ALONE) and table != Erasure._meta.db_table:
            found.setdefault(table, []).append(_Column(table, name, type_))
    yield from found.items()


def _key(model: type[Model]) -> sql.Identifier:
    assert model._meta.pk is not None
    return sql.Identifier(str(model._meta.pk.column))


def _label(table: str) -> str:
    """The model of a table, where it has one."""
    labels = {model._meta.db_table: model._meta.label_lower for model in apps.get_models()}
    return labels.get(table, table)
