"""The numbers of the house by API: one by its key, and the list of all."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from tandem.kernel.actor import Actor
from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.measures import queries
from tandem.measures.queries import Row
from tandem.measures.rules import Grain, Unit
from tandem.measures.schemas import Asked, MeasureOut, MeasuresOut, MetricOut
from tandem.measures.slots import AnyMeasure

router = Router(tags=["Metrics"])


@router.get("", response={200: MeasuresOut, **REFUSALS}, operation_id="metrics_list")
@asks_for("measures.view")
def list_metrics(request: HttpRequest) -> Any:
    """What there is to ask for: every measure with its definition."""
    actor = actor_of(request)
    return {"items": [_described(actor, measure) for measure in queries.measures_for(actor)]}


@router.get("/{key}", response={200: MetricOut, **REFUSALS}, operation_id="metrics_get")
@asks_for("measures.view")
def get_metric(request: HttpRequest, key: str, asked: Query[Asked]) -> Any:
    """One measure for a period, split and narrowed; without ``from`` and ``to`` of all time."""
    result = queries.value(
        actor_of(request), key, period=asked.period, by=asked.dimensions, filters=asked.filters
    )
    measure = result.measure
    return {
        "key": measure.key,
        "unit": measure.unit,
        "definition": str(measure.definition),
        "version": measure.version,
        "rows": [_row(measure.unit, row) for row in result.rows],
        "enough_data": result.enough_data,
    }


def _described(actor: Actor, measure: AnyMeasure) -> MeasureOut:
    dimensions, filters = queries.ways_for(actor, measure)
    return MeasureOut(
        key=measure.key,
        label=str(measure.label),
        unit=measure.unit,
        definition=str(measure.definition),
        version=measure.version,
        by=[*Grain, *dimensions],
        filters=sorted({*dimensions, *filters}),
    )


def _row(unit: Unit, row: Row) -> dict[str, Any]:
    currency = {"currency": row.currency} if unit is Unit.MONEY else {}
    return {"value": _number(row.value), **currency, **row.by}


def _number(value: Decimal | None) -> int | float | None:
    """A JSON number: whole where it is whole; a float repeats every digit of money below 10^15."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
