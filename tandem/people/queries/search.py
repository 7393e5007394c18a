"""Search of persons and companies: by words, by their beginnings, by words with a slip.

Everything is asked of the rows that the actor may see, so that nothing else is found. Each step
looks at so many rows at most, however many there are, and by an index: a planner that trusts the
limit would read the whole table for a word that nobody has.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.db.models import Case, Q, QuerySet, Value, When
from psycopg import errors, sql

from tandem.kernel.context import remembered
from tandem.people.models import Company, Party, Person
from tandem.people.rules import is_near, search_words, slip_patterns
from tandem.records.queries import gathered

AnyParty = TypeVar("AnyParty", bound=Party)
Known = TypeVar("Known")

ENOUGH_HITS = 5
SHORTEST_NEAR = 4
MAX_CANDIDATES = 500
MAX_A_PATTERN = 100
MAX_GATHERED = 20_000  # beyond it, walking a list from its start finds a page of it sooner
MAX_BY_KEY = 6_000  # beyond it, the index is asked anew sooner than that many keys are told it
LONGEST_MS = 100  # who typed goes on typing


def search_people(rows: QuerySet[Person], text: str) -> QuerySet[Person]:
    """Narrow visible persons to those whom a text finds; see ``_found``. Two queries at most."""
    return _found(rows, text)


def search_companies(rows: QuerySet[Company], text: str) -> QuerySet[Company]:
    """Narrow visible companies to those that a text finds."""
    return _found(rows, text)


def first_found(rows: QuerySet[Any], text: str, limit: int) -> list[int]:
    """The keys of the first that a text finds: names that begin so, then what has every word, then
    what is spelt nearly so. Three queries at most, each of a bounded cost."""
    words = search_words(text)
    if not words:
        return []
    whole = " ".join(words)
    begun = rows.filter(sort_key__startswith=whole).order_by("sort_key", "pk")
    found = list(begun.values_list("pk", flat=True)[:limit])
    if len(found) < limit:
        others = _exact(rows, words).order_by().exclude(pk__in=found)
        hits = _in_time(others.values_list("sort_key", "pk")[:MAX_CANDIDATES])
        found += [pk for _key, pk in sorted(hits or ())][: limit - len(found)]
    slips = [pk for pk in _slips(rows, words, found) if pk not in found]
    return found + slips[: limit - len(found)]


def near(rows: QuerySet[Any], text: str) -> list[int]:
    """The keys of rows that have each word of a text but for a slip, by name; none where that
    takes too long. One query."""
    patterns = slip_patterns(text.split())
    keys = rows.order_by().values_list("pk", "sort_key", "search_key")
    found = _in_time(keys, patterns) or () if patterns else ()
    close = {(key, pk) for pk, key, where in found if is_near(text, where)}
    return [pk for _key, pk in sorted(close)]


def count_found(rows: QuerySet[Any], text: str, limit: int) -> int | None:
    """How many of these rows a text finds, more than the limit for any number beyond it; None
    where the search does not know."""
    words = search_words(text)
    found = _hits(_exact(rows, words)) if words else []
    if found is None or MAX_GATHERED < len(found) <= limit:
        return None
    return len({*found, *_slips(rows, words, found)})


def _found(rows: QuerySet[AnyParty], text: str) -> QuerySet[AnyParty]:
    """Rows that have every word of the text as a prefix of one of theirs.

    Where fewer than five do, also those that are spelt nearly so: of at most 500 candidates, those
    that fit exactly first. So few that sorting them is quick are gathered (docs/adr/0057); where
    they are more, or the index does not tell in time how many, the names are walked: a list may be
    slow, but leaves nobody out.
    """
    words = search_words(text)
    if not words:
        return rows.none()
    exact = _exact(rows, words)
    hits = _hits(exact)
    if hits is None or len(hits) > MAX_GATHERED:
        return exact.order_by("sort_key", "pk")
    if len(hits) > MAX_BY_KEY:
        return gathered(exact).order_by("sort_key", "pk")
    slips = _slips(rows, words, hits)
    found = gathered(rows.filter(pk__one_of=[*hits, *slips]))
    if not slips:
        return found.order_by("sort_key", "pk")
    fitting = Case(When(pk__in=hits, then=Value(0)), default=Value(1))
    return found.order_by(fitting, "sort_key", "pk")


def _hits(exact: QuerySet[Any]) -> list[int] | None:
    """The keys of rows, one more than can be gathered at most; None where the index does not tell
    them in time."""
    keys = exact.order_by().values_list("pk")[: MAX_GATHERED + 1]

    def read() -> list[int] | None:
        told = _in_time(keys)
        return None if told is None else [pk for (pk,) in told]

    return _once(keys, "", read)


def _slips(rows: QuerySet[Any], words: Sequence[str], hits: Sequence[int]) -> list[int]:
    """The keys of those that are spelt nearly so, where there are few that fit."""
    whole = " ".join(words)
    if len(whole) < SHORTEST_NEAR or len(hits) >= ENOUGH_HITS:
        return []
    return _once(rows, whole, lambda: near(rows, whole))


def _once(rows: QuerySet[Any, Any], text: str, read: Callable[[], Known]) -> Known:
    """What is read of rows for a text, once a request: a page counts what it shows."""
    try:
        asked, params = rows.query.sql_with_params()
    except EmptyResultSet:  # the actor sees nothing
        return read()
    return remembered(f"people.search {asked} {params} {text}", read)


def _exact(rows: QuerySet[AnyParty], words: Sequence[str]) -> QuerySet[AnyParty]:
    fits = Q()
    for word in words:
        fits &= Q(search_key__contains=f" {word}")
    return rows.filter(fits)


def _in_time(
    rows: QuerySet[Any, Any], patterns: Sequence[Sequence[str]] = ()
) -> list[tuple[Any, ...]] | None:
    """What is asked of rows, as ``_by_index`` finds it; None where that takes too long."""
    try:
        return _by_index(rows, patterns)
    except OperationalError as error:
        if isinstance(error.__cause__, errors.QueryCanceled):
            return None
        raise


def _by_index(
    rows: QuerySet[Any, Any], patterns: Sequence[Sequence[str]] = ()
) -> list[tuple[Any, ...]]:
    """What is asked of rows, found by bitmaps of indexes and cut off after ``LONGEST_MS``.

    With patterns, keys of which one has all its parts in the search key, which is the last of what
    is asked: at most ``MAX_CANDIDATES``, the first patterns first. One exchange with the database.
    """
    try:
        asked, params = rows.query.sql_with_params()
    except EmptyResultSet:  # the actor sees nothing
        return []
    statement: sql.Composable = sql.SQL(asked)  # the ORM's own, its parameters beside it
    told = list(params)
    if patterns:
        likes = [sql.SQL(" AND ").join([sql.SQL("key LIKE %s")] * len(one)) for one in patterns]
        branches = [sql.SQL(_BRANCH).format(statement, like, MAX_A_PATTERN) for like in likes]
        every = sql.SQL(" UNION ALL ").join(branches)
        statement = sql.SQL("SELECT * FROM ({}) u LIMIT {}").format(every, MAX_CANDIDATES)
        told = [one for parts in patterns for one in (*params, *map(_containing, parts))]
    whole = sql.SQL(_BY_INDEX).format(LONGEST_MS, statement)
    part = transaction.atomic() if connection.in_atomic_block else nullcontext()
    with part, connection.cursor() as cursor:
        cursor.execute(whole, told)
        for _setting in range(3):
            cursor.nextset()
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


_BRANCH = "(SELECT * FROM ({}) v (pk, name, key) WHERE {} LIMIT {})"
# Without the two others only a bitmap is left, which no limit makes look cheap.
_BY_INDEX = """
    SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off;
    SET LOCAL statement_timeout = {}; {}; SET LOCAL enable_seqscan TO DEFAULT;
    SET LOCAL enable_indexscan TO DEFAULT; SET LOCAL statement_timeout TO DEFAULT
"""


def _containing(text: str) -> str:
    """A pattern of LIKE; between the parts of a text with ``…`` anything may stand."""
    plain = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{plain.replace('…', '%')}%"
