"""What becomes of consent and the stop list when a person is erased."""

from collections.abc import Sequence

from django.db.models import F
from django.db.models.functions import Now

from tandem.consent import queries
from tandem.consent.actions.ledger import keep_stopped
from tandem.consent.models import Suppression
from tandem.consent.rules import StopReason
from tandem.records.slots import Traces


def stop_erased(kind: str, ids: Sequence[int], traces: Traces) -> None:
    """Whoever was erased is never written to again: their addresses stay on the stop list as keyed
    hashes, and entries that showed them show nothing any more."""
    for address in sorted({queries.normal(one) for one in traces.addresses}):
        keep_stopped(address, StopReason.ERASED)
        Suppression.objects.filter(key=queries.address_key(address)).exclude(address="").update(
            address="", note="", updated_at=Now(), row_version=F("row_version") + 1
        )
