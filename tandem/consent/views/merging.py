"""What people are told of consent before two persons become one."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.consent import queries
from tandem.consent.actions import merge_consent, part_consent
from tandem.kernel.actor import Actor
from tandem.records.slots import MERGE_WARNINGS, MERGED_TABLES, MergedTable, Text


def _differing(actor: Actor, kind: str, one: int, other: int) -> Text:
    if kind != "person" or not queries.is_consent_different(one, other):
        return ""
    return _("Their consent differs: the stricter word holds.")


MERGED_TABLES.register(
    "consent.consentstate",
    MergedTable(
        gettext_lazy("Consents"), rule=merge_consent, apart=part_consent, is_kept_whole=True
    ),
)
MERGE_WARNINGS.register("consent", _differing)
