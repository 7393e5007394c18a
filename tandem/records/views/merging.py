"""Two records that may be one: side by side, what moves, and merging them."""

from django.utils.translation import gettext_lazy

from tandem.records.slots import MERGED_TABLES, MergedTable

for label, name in {
    "records.taglink": gettext_lazy("Tags"),
    "records.comment": gettext_lazy("Notes"),
    "records.externalid": gettext_lazy("Numbers in other systems"),
}.items():
    MERGED_TABLES.register(label, MergedTable(name))
