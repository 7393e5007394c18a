"""What erasing does with consent: what was said stays in the chain, who said it does not."""

from django.utils.translation import gettext_lazy

from tandem.consent.actions import stop_erased
from tandem.records.slots import ERASED_TABLES, ERASERS, ErasedTable

ERASED_TABLES.register(
    "consent.consentevent",
    ErasedTable(
        gettext_lazy("What was said about consent"),
        keeps=frozenset(
            ["channel", "topic", "purpose", "basis", "state", "digest", "previous", "link"]
        ),
        because=gettext_lazy("The chain of evidence stays whole; it names nobody any more."),
    ),
)
ERASED_TABLES.register("consent.consentevidence", ErasedTable(gettext_lazy("Evidence of consent")))
ERASERS.register("consent", stop_erased)
