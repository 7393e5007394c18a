"""Attribution by API."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from tandem.insight.queries import attribution
from tandem.insight.rules import Share
from tandem.insight.schemas import AttributionIn, AttributionOut, By
from tandem.kernel.answers import REFUSALS, actor_of, asks_for

router = Router(tags=["Attribution"])


@router.get("", response={200: AttributionOut, **REFUSALS}, operation_id="attribution_get")
@asks_for("insight.view")
def get_attribution(request: HttpRequest, asked: Query[AttributionIn]) -> Any:
    """The net revenue of a period, shared by one model; the shares sum to it, to the cent."""
    model = asked.chosen
    found = attribution(actor_of(request), by=asked.by, period=asked.period, models=[model])
    return {
        "model": model,
        "by": asked.by,
        "rows": [_row(share, asked.by) for share in found.shares[model]],
        "totals": [
            {"value": float(sum_.major), "currency": sum_.currency} for sum_ in found.revenue
        ],
    }


def _row(share: Share, by: By) -> dict[str, Any]:
    return {
        "value": float(share.amount.major),
        "currency": share.amount.currency,
        "known": share.key is not None,
        by.value: share.key or None,
    }
