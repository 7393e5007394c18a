"""What an undo of somebody from whom fields are hidden may not do: write into them."""

from collections.abc import Iterable

from tandem.accounts.errors import FieldHidden
from tandem.kernel.actor import Actor
from tandem.kernel.models import Operation, RecordChange
from tandem.kernel.undo import UNDO_FOLLOWERS
from tandem.records.queries.unseen import unseen_of
from tandem.records.slots import OBJECT_TYPES, ObjectType


def refuse_unseen(actor: Actor, change_set_id: int) -> None:
    """Raise FieldHidden, so that all of the undo is left undone, where it put a value back into a
    field that is not there for who undoes. What comes or goes as a whole tells no field."""
    if not actor.hidden:
        return
    changes = RecordChange.objects.filter(change_set=change_set_id, operation=Operation.UPDATE)
    kinds = {kind.kind: (kind, unseen_of(kind, actor)) for kind in OBJECT_TYPES}
    for change in changes.iterator():
        if change.root_kind not in kinds:
            continue
        kind, unseen = kinds[change.root_kind]
        seen = unseen.seen(change)
        written = change.fields.keys() - {"deleted_at", *_along(kind, seen)}
        if any(seen.get(name) != change.fields[name] for name in written):
            raise FieldHidden()


def _along(kind: ObjectType, names: Iterable[str]) -> list[str]:
    """The columns that are always written with these: the parts of a name."""
    columns = kind.merging.columns if kind.merging is not None else {}
    return [column for name in names for column in columns.get(name, ())]


UNDO_FOLLOWERS.register("records.hidden", refuse_unseen)
