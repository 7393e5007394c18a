"""What the table is called when a record is merged or somebody is erased."""

from django.utils.translation import gettext_lazy

from tandem.records.slots import ERASED_TABLES, MERGED_TABLES, ErasedTable, MergedTable

MERGED_TABLES.register(
    "notifications.notification", MergedTable(gettext_lazy("Notifications of colleagues"))
)
ERASED_TABLES.register(
    "notifications.notification", ErasedTable(gettext_lazy("Notifications of colleagues"))
)
