"""What the tables of the story are called when somebody is erased."""

from django.utils.translation import gettext_lazy

from tandem.records.slots import ERASED_TABLES, ErasedTable

ERASED_TABLES.register("timeline.timelineentry", ErasedTable(gettext_lazy("Entries of the story")))
ERASED_TABLES.register("timeline.storymark", ErasedTable(gettext_lazy("Who read the story when")))
