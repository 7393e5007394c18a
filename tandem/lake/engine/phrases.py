"""Phrases of SQL that every engine understands, as trees."""

from collections.abc import Sequence
from datetime import datetime

from sqlglot import exp

from tandem.lake.engine.duck import microseconds
from tandem.lake.schemas import Bounds

SIGNS = {
    "at_least": exp.GTE,
    "at_most": exp.LTE,
    "more_than": exp.GT,
    "less_than": exp.LT,
    "exactly": exp.EQ,
}


def column(name: str) -> exp.Column:
    return exp.column(name)


def text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def number(value: float) -> exp.Expr:
    """A whole number as it is, any other as a double: an engine may read 0.5 as a decimal."""
    sign = exp.Literal.number(abs(value) if isinstance(value, int) else repr(abs(value)))
    signed = exp.Neg(this=sign) if value < 0 else sign
    return signed if isinstance(value, int) else double(signed)


def double(value: exp.Expr) -> exp.Expr:
    return exp.cast(value, "DOUBLE")


def between(name: str, since: datetime | None, until: datetime) -> exp.Expr:
    """Whether a number of microseconds is from one moment on and before another."""
    found = [exp.LT(this=column(name), expression=number(microseconds(until)))]
    if since is None:
        return found[0]
    first = exp.GTE(this=column(name), expression=number(microseconds(since)))
    return exp.and_(first, *found)


def when(condition: exp.Expr, value: exp.Expr, other: exp.Expr | None = None) -> exp.Expr:
    found = exp.Case().when(condition, value)
    return found.else_(other) if other is not None else found


def count(condition: exp.Expr) -> exp.Expr:
    return exp.Count(this=when(condition, number(1)))


def within(measured: exp.Expr, bounds: Bounds) -> exp.Expr:
    return exp.and_(
        *(
            SIGNS[name](this=measured.copy(), expression=number(bound))
            for name, bound in bounds.said.items()
        )
    )


def surely(condition: exp.Expr) -> exp.Expr:
    """False where it cannot be told."""
    return exp.Coalesce(this=condition, expressions=[exp.false()])


def one_of(value: exp.Expr, texts: Sequence[str]) -> exp.Expr:
    return exp.In(this=value, expressions=[text(one) for one in texts])


def is_page(address: exp.Expr, page: str) -> exp.Expr:
    """Whether an address is this one, whatever follows a ``?`` or ``#``."""
    begins = [exp.StartsWith(this=address.copy(), expression=text(page + sign)) for sign in "?#"]
    return exp.or_(exp.EQ(this=address, expression=text(page)), *begins)


def is_in(query: exp.Query) -> exp.Expr:
    return exp.In(this=column("subject"), query=exp.Subquery(this=query))


def is_step(place: int) -> exp.Expr:
    return exp.EQ(this=column(f"s{place}"), expression=number(1))


def before(aggregate: exp.Expr) -> exp.Expr:
    """Over what the subject did at least a microsecond earlier."""
    return exp.Window(
        this=aggregate,
        partition_by=[column("subject")],
        order=exp.Order(expressions=[exp.Ordered(this=column("us"))]),
        spec=exp.WindowSpec(
            kind="RANGE",
            start="UNBOUNDED",
            start_side="PRECEDING",
            end=number(1),
            end_side="PRECEDING",
        ),
    )
