"""What merging does with the tables of this room, and their names."""

from django.utils.translation import gettext_lazy

from tandem.people.actions import merge_lifecycle, merge_parents, merge_ties
from tandem.records.slots import MERGED_TABLES, MergedTable

for label, table in {
    "people.personemail": MergedTable(gettext_lazy("Mail addresses")),
    "people.personphone": MergedTable(gettext_lazy("Phone numbers")),
    "people.employment": MergedTable(gettext_lazy("Jobs")),
    "people.relationship": MergedTable(gettext_lazy("Relationships"), rule=merge_ties),
    "people.companydomain": MergedTable(gettext_lazy("Domains")),
    "people.company": MergedTable(gettext_lazy("Companies below"), rule=merge_parents),
    "people.person": MergedTable(gettext_lazy("Persons merged before")),
    "people.lifecyclestate": MergedTable(gettext_lazy("Lifecycle"), rule=merge_lifecycle),
}.items():
    MERGED_TABLES.register(label, table)
