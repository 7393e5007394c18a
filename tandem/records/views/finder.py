"""The palette's finder: records by name, and the verbs of the record that is open."""

import re
from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from tandem.kernel.actor import Actor
from tandem.records import queries
from tandem.records.actions.accesses import note_access
from tandem.records.models import AccessDeed
from tandem.records.slots import OBJECT_TYPES, ObjectType
from tandem.ui.palette import PaletteEntry, PaletteGroup, palette_slot

SHORTEST = 2


class Finder:
    """Records that match what is typed, and making new ones."""

    def __call__(self, actor: Actor, query: str, *, path: str) -> Sequence[PaletteGroup]:
        types = list(OBJECT_TYPES)
        groups = []
        if len(query) >= SHORTEST:
            note_access(actor, AccessDeed.SEARCHED, about=query)
            groups = [
                PaletteGroup(str(found.label_plural), [_entry(found, actor, hit) for hit in hits])
                for found, hits in queries.search_everywhere(actor, query, types=types)
            ]
        commands = [
            PaletteEntry(
                label=_("New %(kind)s") % {"kind": str(found.label).lower()},
                url=reverse("records:new", args=[found]),
                icon="plus",
            )
            for found in types
            if actor.may(found.permissions.create)
        ]
        fitting = [c for c in commands if re.search(re.escape(query), str(c.label), re.IGNORECASE)]
        return [*groups, PaletteGroup(_("Make"), fitting)]


def _entry(object_type: ObjectType, actor: Actor, record: Any) -> PaletteEntry:
    url = reverse("records:record", args=[object_type, record.public_id])
    name = object_type.name_of(record)
    return PaletteEntry(
        label=name,
        url=url,
        icon=object_type.icon,
        note=object_type.subtitle_for(actor, record),
        face=name,
        firm=object_type.is_square,
        peek_url=f"{url}/peek",
    )


palette_slot.register("records", Finder())
