"""What erasing does with consent: what was said stays in the chain, who said it does not."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from tandem.consent.actions import stop_erased
from tandem.consent.models import Suppression
from tandem.consent.queries import address_key
from tandem.records.slots import ERASED_TABLES, ERASERS, ErasedTable, Traces


def _stops(traces: Traces) -> Sequence[QuerySet[Any]]:
    """What the stop list has of their addresses, also what was taken off it."""
    return [Suppression.objects.filter(key__in={address_key(one) for one in traces.addresses})]


ERASED_TABLES.register(
    "consent.consentevent",
    ErasedTable(
        gettext_lazy("What was said about consent"),
        keeps=frozenset(
            ["channel", "topic", "purpose", "basis", "state", "digest", "previous", "link"]
        ),
        because=gettext_lazy("The chain of evidence stays whole; it names nobody any more."),
        tells=("wording__text",),
    ),
)
ERASED_TABLES.register("consent.consentevidence", ErasedTable(gettext_lazy("Evidence of consent")))
ERASED_TABLES.register("consent.suppression", ErasedTable(gettext_lazy("Stop list"), told=_stops))
ERASERS.register("consent", stop_erased)
