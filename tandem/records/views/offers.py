"""What a list offers to do with many of its records, and where it has none."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from tandem.kernel.actor import Actor
from tandem.records import queries
from tandem.records.slots import FIRST_ONES, TAGS, FirstOne, ObjectType


@dataclass(frozen=True, slots=True)
class Offer:
    """One verb of the bar."""

    name: str
    icon: str
    label: str
    is_bad: bool = False


def offers(object_type: ObjectType, actor: Actor) -> list[Offer]:
    """What this actor may do with many records of a kind."""
    found = []
    bulk, permissions = object_type.bulk, object_type.permissions
    if bulk is not None and actor.may(permissions.edit):
        if (
            "owner" in bulk.fields
            and not actor.hides(object_type.kind, "owner")
            and actor.may(bulk.assign)
        ):
            found.append(Offer("owner", "user-plus", _("Assign")))
        if set(bulk.fields) - {"owner"}:
            found.append(Offer("change", "pencil", _("Set a field")))
    if may_tag(object_type, actor):
        found.append(Offer("tag", "tag", _("Tag")))
    if actor.may("records.export"):
        found.append(Offer("export", "download", _("Export")))
    if may_merge(object_type, actor):
        found.append(Offer("merge", "git-merge", _("Merge")))
    if bulk is not None and actor.may(permissions.delete):
        found.append(Offer("delete", "trash", _("Delete"), is_bad=True))
    return found


def may_tag(object_type: ObjectType, actor: Actor) -> bool:
    """Whether this actor may put tags on records of this kind."""
    return actor.may("records.tag") and not actor.hides(object_type.kind, TAGS)


def may_merge(object_type: ObjectType, actor: Actor) -> bool:
    """Whether this actor may make one record of several of this kind."""
    has_right = actor.may("records.merge") and actor.may(object_type.permissions.edit)
    return object_type.merging is not None and has_right


def first_ones(object_type: ObjectType, actor: Actor) -> list[FirstOne]:
    """What brings the first records of a kind besides the form for one: a file, and what other
    rooms know."""
    found = []
    if actor.may("records.import") and any(
        one.record_kind == object_type.kind for one in queries.importers_for(actor)
    ):
        found.append(FirstOne(_("Import a file"), reverse("records:imports"), "file-import"))
    for ways in FIRST_ONES:
        found += ways(actor, object_type)
    return found
