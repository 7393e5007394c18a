"""Pages and fragments of every kind of record: one set of views, driven by the ObjectType.

Importing the package registers what records give to the design system: the palette's finder and
the history tab, the settings of fields.
"""

from tandem.records.views import accesses as accesses
from tandem.records.views import duplicates as duplicates
from tandem.records.views import erasing as erasing
from tandem.records.views import fields, finder, history
from tandem.records.views import merging as merging

__all__ = ["fields", "finder", "history"]
