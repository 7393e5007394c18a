"""What a room registers for each of its numbers: rows, moment, aggregate, ways to split it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Aggregate, Expression, F, FloatField, Q, QuerySet
from django.utils.functional import Promise

from tandem.kernel.actor import Actor
from tandem.kernel.slots import Slot
from tandem.lake.queries import Counted
from tandem.measures.rules import Unit

Text = str | Promise


class Median(Aggregate):
    """The median of the values that are there, interpolated (``percentile_cont``)."""

    function = "percentile_cont"
    template = "percentile_cont(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@dataclass(frozen=True)
class Measure:
    """One number, defined once.

    ``rows(actor)`` is what it is counted from, of what the actor may see; ``at`` is the path of
    the date or moment that puts a row into a period. ``aggregate`` makes the number of the rows;
    for money in minor units, of which ``currency`` is the path: unlike currencies are never
    added. ``dimensions`` maps a name to the path or expression whose value splits the number;
    each is a filter by equality too. ``filters`` maps further names to what narrows the rows by
    a value (None refuses the value). Fewer than ``minimum`` rows are not enough data. ``tells``
    names the fields of which the number is made (``order.net``): to whom one is hidden, it is not
    told. ``fields`` names the fields that dimensions and filters are (``owner: deal.owner``): by
    one that is hidden a number is neither split nor narrowed.
    """

    key: str
    label: Text
    definition: Text
    unit: Unit
    rows: Callable[[Actor], QuerySet[Any]]
    at: str
    aggregate: Aggregate | Expression
    permission: str
    currency: str = ""
    dimensions: Mapping[str, str | F | Expression] = field(default_factory=dict)
    filters: Mapping[str, Callable[[str], Q | None]] = field(default_factory=dict)
    version: int = 1
    minimum: int = 0
    tells: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EventMeasure:
    """One number counted from the events of the lake, hot and filed alike.

    ``counts`` says what: events, visitors, sessions, which end with a ``pause``, or their ends;
    ``only`` of events whose columns have these values. ``dimensions`` maps a name to the column of
    events that splits the number; each is a filter by equality too.
    Events say nothing of a person: who has ``sees`` counts all of them, others none. Those that a
    machine sent count only ``with_machines``.
    """

    key: str
    label: Text
    definition: Text
    counts: Counted
    dimensions: Mapping[str, str]
    permission: str
    sees: str
    pause: timedelta = timedelta(0)
    with_machines: bool = False
    only: Mapping[str, str] = field(default_factory=dict)
    unit: Unit = Unit.COUNT
    version: int = 1
    minimum: int = 0


@dataclass(frozen=True)
class Ratio:
    """One number that is another divided by a third: a rate, an average, a return.

    It can be split and filtered as both can. ``minimum`` is how many the divisor must be to say
    anything; with money below, any amount but zero is enough. ``less_one`` takes 1 off: a return
    on what was spent.
    """

    key: str
    label: Text
    definition: Text
    unit: Unit
    over: str
    under: str
    permission: str
    version: int = 1
    minimum: int = 1
    less_one: bool = False


AnyMeasure = Measure | EventMeasure | Ratio

MEASURES: Slot[AnyMeasure] = Slot("measure", (Measure, EventMeasure, Ratio))  # type: ignore[arg-type]


def define(*measures: AnyMeasure) -> None:
    """Register measures under their keys."""
    for measure in measures:
        MEASURES.register(measure.key, measure)
