"""The palette's finder: records by name, and the verbs of the record that is open."""

from collections.abc import Sequence
from typing import Any

from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _

from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.records import queries
from tandem.records.actions.accesses import note_access
from tandem.records.models import AccessDeed
from tandem.records.slots import OBJECT_TYPES, ObjectType, RecordVerb, Way
from tandem.records.views.verbs import verbs_of
from tandem.ui.palette import PaletteEntry, PaletteGroup, palette_slot

SHORTEST = 2
# Where a record is open, by the names of the routes.
RECORD_PLACES = ("records:record", "records:peek")


# Each of the verbs of a record is found without typing.
MOST_VERBS = 16


class Finder:
    """What can be done with the record that is open, records that match what is typed, and making
    new ones."""

    def __call__(self, actor: Actor, query: str, *, path: str) -> Sequence[PaletteGroup]:
        types = list(OBJECT_TYPES)
        verbs = _verbs(actor, query, path)
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
                dialog=True,
            )
            for found in types
            if actor.may(found.permissions.create)
        ]
        return [*verbs, *groups, PaletteGroup(_("Make"), _fitting(commands, query))]


def _verbs(actor: Actor, query: str, path: str) -> list[PaletteGroup]:
    """The verbs of the record whose page or side panel has this address; none for another one."""
    try:
        found = resolve(path)
    except Resolver404:
        return []
    if found.view_name not in RECORD_PLACES:
        return []
    object_type: ObjectType = found.kwargs["kind"]
    if not actor.may(object_type.permissions.view):
        return []
    try:
        record = queries.visible_record(object_type, actor, found.kwargs["public_id"])
    except Missing:
        return []
    entries = [_verb(verb) for verb in verbs_of(object_type, actor, record)]
    heading = object_type.name_of(record)
    return [PaletteGroup(heading, _fitting(entries, query), most=MOST_VERBS)]


def _verb(verb: RecordVerb) -> PaletteEntry:
    return PaletteEntry(
        label=verb.label,
        url=verb.url,
        icon=verb.icon,
        keys=verb.key,
        press=verb.key if verb.way is Way.PAGE else "",
        post=verb.way is Way.POST,
        dialog=verb.way is Way.DIALOG,
    )


def _fitting(entries: Sequence[PaletteEntry], query: str) -> list[PaletteEntry]:
    folded = query.casefold()
    return [entry for entry in entries if folded in str(entry.label).casefold()]


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
