"""What the engines do not say alike, in one place an engine.

A question is put together once, with a word of ours where the engines differ (``word``); here each
word becomes what its engine calls it. The rest is rendered by sqlglot.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from sqlglot import exp

Build = Callable[..., exp.Expr]


class Dialect(StrEnum):
    """An engine's language, by sqlglot's name for it."""

    DUCKDB = "duckdb"
    SPARK = "spark"
    CLICKHOUSE = "clickhouse"


class Word(StrEnum):
    """What is said differently: of a moment, of the JSON in ``props``, of a text."""

    MICROS = "TANDEM_MICROS"
    """(moment): microseconds since 1970."""
    BUCKET = "TANDEM_BUCKET"
    """(microseconds, grain, zone): the first day of the piece of time, as 2026-11-30."""
    RAW = "TANDEM_RAW"
    """(props, key): the value as JSON has it, a text in quotes; null where it is not there."""
    TEXT = "TANDEM_TEXT"
    """(props, key): the value as a text without quotes; of use for texts, numbers and flags."""
    NUMBER = "TANDEM_NUMBER"
    """(text): a double; null where it is none."""


def word(name: Word, *arguments: exp.Expr | str) -> exp.Expr:
    """A word of ours in a tree; a text among the arguments is a literal."""
    return exp.Anonymous(
        this=name.value,
        expressions=[exp.Literal.string(one) if isinstance(one, str) else one for one in arguments],
    )


def rendered(tree: exp.Expr, dialect: Dialect) -> str:
    """The text of a tree in an engine's language."""
    said = _SAID[dialect]

    def translate(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Anonymous) and node.name in said:
            return said[node.name](*(one.transform(translate) for one in node.expressions))
        return node

    return tree.transform(translate).sql(dialect=dialect.value, pretty=True)


def call(name: str, *arguments: exp.Expr | str) -> exp.Expr:
    """A function by an engine's own name; a text among the arguments is a literal."""
    return exp.Anonymous(
        this=name,
        expressions=[exp.Literal.string(one) if isinstance(one, str) else one for one in arguments],
    )


def _cast(value: exp.Expr, kind: str, dialect: Dialect) -> exp.Expr:
    return exp.Cast(this=value, to=exp.DataType.build(kind, dialect=dialect.value))


# --- DuckDB ---------------------------------------------------------------------------------------


def _duckdb_path(key: exp.Expr) -> str:
    return f'$."{key.name}"'


def _duckdb_bucket(us: exp.Expr, grain: exp.Expr, zone: exp.Expr) -> exp.Expr:
    local = call("timezone", zone, call("make_timestamptz", us))
    return call("strftime", call("date_trunc", grain, local), "%Y-%m-%d")


# --- Spark ----------------------------------------------------------------------------------------


def _spark_path(key: exp.Expr) -> str:
    return f"$['{key.name}']"


def _spark_bucket(us: exp.Expr, grain: exp.Expr, zone: exp.Expr) -> exp.Expr:
    # The session speaks UTC, so that a local time is one of UTC that looks like it.
    local = call("from_utc_timestamp", call("timestamp_micros", us), zone)
    return call("date_format", call("date_trunc", grain, local), "yyyy-MM-dd")


# --- ClickHouse -----------------------------------------------------------------------------------


def _clickhouse_bucket(us: exp.Expr, grain: exp.Expr, zone: exp.Expr) -> exp.Expr:
    first = {"day": "toDate32", "week": "toMonday", "month": "toStartOfMonth"}[grain.name]
    return call("toString", call(first, call("fromUnixTimestamp64Micro", us, zone)))


_SAID: Mapping[Dialect, Mapping[str, Build]] = {
    Dialect.DUCKDB: {
        Word.MICROS: lambda at: call("epoch_us", at),
        Word.BUCKET: _duckdb_bucket,
        Word.RAW: lambda props, key: _cast(
            call("json_extract", props, _duckdb_path(key)), "VARCHAR", Dialect.DUCKDB
        ),
        Word.TEXT: lambda props, key: call("json_extract_string", props, _duckdb_path(key)),
        Word.NUMBER: lambda text: exp.TryCast(this=text, to=exp.DataType.build("DOUBLE")),
    },
    Dialect.SPARK: {
        Word.MICROS: lambda at: call("unix_micros", at),
        Word.BUCKET: _spark_bucket,
        Word.RAW: lambda props, key: call(
            "to_json",
            call("try_variant_get", call("try_parse_json", props), _spark_path(key), "variant"),
        ),
        Word.TEXT: lambda props, key: call("get_json_object", props, _spark_path(key)),
        Word.NUMBER: lambda text: exp.TryCast(this=text, to=exp.DataType.build("DOUBLE")),
    },
    Dialect.CLICKHOUSE: {
        Word.MICROS: lambda at: call("toUnixTimestamp64Micro", at),
        Word.BUCKET: _clickhouse_bucket,
        Word.RAW: lambda props, key: call("nullIf", call("JSONExtractRaw", props, key), ""),
        Word.TEXT: lambda props, key: call("JSONExtractString", props, key),
        Word.NUMBER: lambda text: call("toFloat64OrNull", text),
    },
}
