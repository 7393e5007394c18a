"""What people are told of deals before two records become one, and the names of the tables."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.deals import queries
from tandem.kernel.actor import Actor
from tandem.records.slots import (
    ERASED_TABLES,
    MERGE_WARNINGS,
    MERGED_TABLES,
    ErasedTable,
    MergedTable,
    Text,
)


def _both_open(actor: Actor, kind: str, one: int, other: int) -> Text:
    if all(queries.has_open_deal(actor, kind, pk) for pk in (one, other)):
        return _("Both have open deals: all of them stay open.")
    return ""


MERGED_TABLES.register("deals.deal", MergedTable(gettext_lazy("Deals")))
MERGED_TABLES.register("deals.dealcontact", MergedTable(gettext_lazy("Roles in deals")))
ERASED_TABLES.register("deals.deallead", ErasedTable(gettext_lazy("Leads of deals")))
MERGE_WARNINGS.register("deals", _both_open)
