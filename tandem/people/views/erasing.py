"""How persons are erased, and what the tables of this room are called then."""

from django.utils.translation import gettext_lazy

from tandem.people.actions import erased_keys, traces_of_people
from tandem.records.slots import ERASABLE, ERASED_TABLES, Erasable, ErasedTable

ERASABLE.register("person", Erasable(traces=traces_of_people, keys=erased_keys))

for label, table in {
    "people.person": ErasedTable(gettext_lazy("Persons")),
    "people.lifecycleevent": ErasedTable(gettext_lazy("Steps of the lifecycle")),
}.items():
    ERASED_TABLES.register(label, table)
