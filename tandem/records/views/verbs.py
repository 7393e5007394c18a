"""What can be done with one record, by who reads it: for the menu of its page and the palette."""

from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from tandem.kernel.actor import Actor
from tandem.records.slots import RECORD_VERBS, ObjectType, RecordVerb, Way
from tandem.records.views.disclosing import may_disclose
from tandem.records.views.erasing import may_erase
from tandem.records.views.many import HERE
from tandem.records.views.offers import may_merge, offers

# Verbs of the bar of a list that are done with one record in the same dialog.
_LIKE_MANY = ("owner", "change", "tag")


def verbs_of(object_type: ObjectType, actor: Actor, record: Any) -> list[RecordVerb]:
    """Everything that this actor may do with a record: the verbs of its kind, those that a list
    has, a note, and what stands in the menu of its page."""
    found = [verb for verbs in RECORD_VERBS for verb in verbs(actor, object_type, record)]
    found += _like_many(object_type, actor, record)
    if actor.may("records.comment"):
        story = f"{_url('records:record', object_type, record)}?tab=timeline#note"
        found.append(RecordVerb(_("Add a note"), story, "note", key="n"))
    return found + menu_of(object_type, actor, record)


def buttons_of(object_type: ObjectType, actor: Actor, record: Any) -> list[RecordVerb]:
    """What stands on a record's page as a button, named by other rooms."""
    named = [verb for verbs in RECORD_VERBS for verb in verbs(actor, object_type, record)]
    return [verb for verb in named if verb.is_first]


def assigning_of(object_type: ObjectType, actor: Actor, record: Any) -> RecordVerb | None:
    """Giving a record to a colleague; None for whom that is not there."""
    return next(iter(_like_many(object_type, actor, record, names=("owner",))), None)


def menu_of(object_type: ObjectType, actor: Actor, record: Any) -> list[RecordVerb]:
    """The menu of a record's page; who may do nothing that stands in it has none."""
    found = []
    if may_merge(object_type, actor):
        to = _url("records:merge", object_type, record)
        found.append(RecordVerb(_("Merge with another"), to, "git-merge"))
    if may_disclose(actor, object_type):
        to = _url("records:disclose", object_type, record)
        found.append(RecordVerb(_("Export everything about this person"), to, "file-export"))
    if actor.may(object_type.permissions.delete):
        to = _url("records:delete", object_type, record)
        found.append(RecordVerb(_("Delete"), to, "trash", way=Way.POST, is_bad=True))
    if may_erase(actor, object_type):
        to = _url("records:erase", object_type, record)
        found.append(RecordVerb(_("Erase for good"), to, "shield-lock", is_bad=True))
    if not found:
        return []
    to = f"{_url('records:record', object_type, record)}?tab=history"
    return [RecordVerb(_("History and undo"), to, "history"), *found]


def _like_many(
    object_type: ObjectType, actor: Actor, record: Any, *, names: Collection[str] = _LIKE_MANY
) -> list[RecordVerb]:
    chosen = urlencode({"_ids": record.public_id, HERE: 1})
    return [
        RecordVerb(
            offer.label,
            f"{reverse('records:many', args=[object_type, offer.name])}?{chosen}",
            offer.icon,
            way=Way.DIALOG,
        )
        for offer in offers(object_type, actor)
        if offer.name in names
    ]


def _url(name: str, object_type: ObjectType, record: Any) -> str:
    return reverse(name, args=[object_type, record.public_id])
