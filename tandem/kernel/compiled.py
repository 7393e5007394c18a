"""Reads that are put together once and asked again and again with other values.

To put a query set together costs the ORM more than PostgreSQL needs to answer it, and to plan it
often more than to run it. What every page asks therefore becomes text once in a process and a plan
once for a connection (docs/adr/0049).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial, update_wrapper
from inspect import Parameter, signature
from typing import Any, Generic, ParamSpec, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.models import Aggregate, Expression, Field, ForeignObject, Lookup, QuerySet, Value
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler
from psycopg.types.numeric import Int8

from tandem.kernel.actor import Actor

Arguments = ParamSpec("Arguments")
Row = TypeVar("Row")

MOST_KEPT = 1_000
"""Texts that a process keeps: reads times sights; the least asked one goes first."""

MOST_PREPARED = 100
"""Statements that a connection keeps prepared; plans take 20 to 200 kB, the story's up to 500."""

is_checked = False
"""Whether each read is also put together anew and compared with what was kept: true in tests."""


def planned(rows: Iterable[Row]) -> list[Row]:
    """The rows of a query set that is put together anew each time, by a prepared statement: where
    the text is one of few and dearer to plan than to run."""
    with _prepared():
        return list(rows)


def aggregated(rows: QuerySet[Any, Any], *sums: Aggregate) -> QuerySet[Any, Any]:
    """The sums of all rows as one row, to be compiled: what ``aggregate`` asks at once."""
    named = {f"sum_{place}": one for place, one in enumerate(sums)}
    whole: QuerySet[Any, Any] = rows.order_by().values(whole=Value(1))
    summed: QuerySet[Any, Any] = whole.annotate(**named).values_list(*named)
    return summed


def counted(build: Callable[Arguments, QuerySet[Any, Any]]) -> Callable[Arguments, int]:
    """The same, but how many rows there are, to the limit that the query set has."""
    return update_wrapper(_CompiledCount(build), build)


def compiled(build: Callable[Arguments, QuerySet[Any, Row]]) -> Callable[Arguments, list[Row]]:
    """The rows of a query set whose text is put together once, asked by a prepared statement.

    What is given by place decides the text (an actor, a kind): it must be hashable, and few. What
    is given by name is only a value in it: while the text is put together, something that stands
    for the value is passed instead, to be used as the right side of a filter and for nothing else;
    a list of values is compared with ``__one_of``. The text may depend on nothing but what is given
    by place: no clock, no setting, no row. PostgreSQL must be able to tell the type of each value
    from the text alone. Not for filters that users put together.
    """
    return update_wrapper(_CompiledRead(build), build)


class _Compiled(Generic[Arguments, Row]):
    """A function that builds a query set, with its texts."""

    def __init__(self, build: Callable[Arguments, QuerySet[Any, Row]]) -> None:
        self._build = build
        named = signature(build).parameters.values()
        values = (one.name for one in named if one.kind is Parameter.KEYWORD_ONLY)
        self._stands_for = {name: ToldLater(name) for name in values}

    def text_for(self, args: Sequence[Any]) -> "_Text[Row]":
        """The text for these arguments by place, put together the first time."""
        text = _text_of(self, tuple(map(_what_decides, args)))
        if is_checked:
            text.compare(self.put_together(args))
        return text

    def put_together(self, args: Sequence[Any]) -> "_Text[Row]":
        """The read as text, for these arguments by place."""
        build: Any = self._build
        return _Text(build(*args, **self._stands_for))


class _CompiledRead(_Compiled[Arguments, Row]):
    def __call__(self, *args: Arguments.args, **values: Arguments.kwargs) -> list[Row]:
        return self.text_for(args).ask(values)


class _CompiledCount(_Compiled[Arguments, Any]):
    def __call__(self, *args: Arguments.args, **values: Arguments.kwargs) -> int:
        return self.text_for(args).count(values)


class _Sight:
    """An actor, as far as a text may depend on one: equal for equal sights."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self._of = (
            actor.kind,
            actor.user_id,
            actor.permissions,
            frozenset(actor.scopes.items()),
            frozenset(actor.hidden.items()),
            actor.team_ids,
        )

    def __hash__(self) -> int:
        return hash(self._of)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Sight) and self._of == other._of


def _what_decides(argument: Any) -> Any:
    return _Sight(argument) if isinstance(argument, Actor) else argument


@lru_cache(maxsize=MOST_KEPT)
def _text_of(read: _Compiled[..., Row], key: tuple[Any, ...]) -> "_Text[Row]":
    return read.put_together([one.actor if isinstance(one, _Sight) else one for one in key])


class ToldLater(Expression):
    """Stands in a text for a value that is told when the read is asked."""

    def __init__(self, name: str) -> None:
        super().__init__(output_field=Field())
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, Any]:
        return "%s", (self,)


@Field.register_lookup
@ForeignObject.register_lookup
class OneOf(Lookup):
    """``pk__one_of=ids``: as ``__in``, with one value for the whole list."""

    lookup_name = "one_of"

    def get_prep_lookup(self) -> Any:
        """The list as it is, or what stands for it."""
        return self.rhs

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, Any]:
        left, values = self.process_lhs(compiler, connection)
        right, others = self.process_rhs(compiler, connection)
        return f"{left} = ANY ({right})", (*values, *others)


class _Text(Generic[Row]):
    """A query set as the ORM has put it together."""

    def __init__(self, rows: QuerySet[Any, Row]) -> None:
        self._rows: Any = rows
        self._compiler: Any = rows.query.get_compiler(rows.db)
        try:
            self._sql, self._params = self._compiler.as_sql()
        except EmptyResultSet:
            self._sql, self._params = "", ()
        self._converters: dict[int, Any] | None = None

    def compare(self, other: "_Text[Row]") -> None:
        """Raise AssertionError unless the other says the same."""
        # By their looks: the wrappers of the driver know no equality.
        mine, theirs = (f"{one._sql} {list(one._params)}" for one in (self, other))
        assert mine == theirs, f"a compiled read changed: {mine} became {theirs}"

    def ask(self, values: dict[str, Any]) -> list[Row]:
        """The rows for these values."""
        if not self._sql:
            return []
        params = self._told(values)
        rows: Any = QuerySet(self._rows.model, self._query(params), self._rows.db)
        rows._iterable_class = self._rows._iterable_class
        rows._fields = self._rows._fields
        with _prepared():
            return list(rows)

    def count(self, values: dict[str, Any]) -> int:
        """How many rows there are for these values."""
        if not self._sql:
            return 0
        with _prepared(), connection.cursor() as cursor:
            text = "SELECT count(*) FROM (" + self._sql + ") rows"  # noqa: S608  (the ORM wrote it)
            cursor.execute(text, self._told(values))
            ((found,),) = cursor.fetchall()
        return int(found)

    def _told(self, values: dict[str, Any]) -> list[Any]:
        return [
            _typed(values[one.name] if isinstance(one, ToldLater) else one) for one in self._params
        ]

    def _query(self, params: Sequence[Any]) -> Query:
        """The query, which its query set asks for a compiler."""
        query: Any = object.__new__(type(self._rows.query))
        query.__dict__ = self._rows.query.__dict__ | {
            "get_compiler": partial(self._ready_compiler, params)
        }
        return query  # type: ignore[no-any-return]

    def _ready_compiler(self, params: Sequence[Any], *_args: Any, **_options: Any) -> SQLCompiler:
        """The compiler as it was after it had put the text together, for this thread."""
        compiler: Any = object.__new__(type(self._compiler))
        compiler.__dict__ = self._compiler.__dict__ | {
            "connection": connection,
            "as_sql": lambda *_args, **_options: (self._sql, params),
            "get_converters": self._converters_of,
        }
        return compiler  # type: ignore[no-any-return]

    def _converters_of(self, columns: Sequence[Any]) -> dict[int, Any]:
        """What makes values of the columns: found once, since these are the same each time."""
        if self._converters is None:
            self._converters = self._compiler.get_converters(columns)
        return self._converters


def _typed(value: Any) -> Any:
    """The value such that its type does not depend on its size: each would be a new statement."""
    if type(value) is int:
        return Int8(value)
    return [_typed(one) for one in value] if isinstance(value, list | tuple) else value


@contextmanager
def _prepared() -> Iterator[None]:
    connection.ensure_connection()
    # Of psycopg; Django has no way to ask it for a single statement.
    driver: Any = connection.connection
    before = driver.cursor_factory, driver.prepare_threshold
    driver.cursor_factory, driver.prepare_threshold = ServerBindingCursor, 0
    driver.prepared_max = MOST_PREPARED
    try:
        yield
    finally:
        driver.cursor_factory, driver.prepare_threshold = before
