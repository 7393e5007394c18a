"""What merging does with leads, and their name."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from tandem.handoff.actions import merge_leads
from tandem.handoff.models import Handoff, Lead
from tandem.records.slots import MERGED_TABLES, MergedTable


def _handoffs(leads: QuerySet[Lead]) -> Sequence[QuerySet[Any]]:
    return [Handoff.objects.filter(lead__in=leads)]


MERGED_TABLES.register(
    "handoff.lead", MergedTable(gettext_lazy("Leads"), rule=merge_leads, also=_handoffs)
)
MERGED_TABLES.register("handoff.handoff", MergedTable(gettext_lazy("Hand-offs")))
