"""How the given fields of a person or a company are changed, one step a field, and told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tandem.kernel.actor import Actor
from tandem.kernel.refs import RecordRef
from tandem.people.actions.keys import search_key_of
from tandem.people.actions.rows import check_version, touch
from tandem.people.models import Party, Person
from tandem.people.rules import sort_key, split_name
from tandem.people.schemas import Change
from tandem.records.slots import tell_story


@dataclass
class Changes:
    """What an action has changed of one record: old and new by field, as people read them."""

    values: dict[str, tuple[str, str]] = field(default_factory=dict)

    def note(self, name: str, old: Any, new: Any) -> bool:
        """Keep a change; False when nothing changed."""
        if (old or "") == (new or ""):
            return False
        self.values[name] = (str(old or ""), str(new or ""))
        return True

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of what changed, sorted, as a fact carries them."""
        return tuple(sorted(self.values))

    def as_payload(self) -> dict[str, Any]:
        """The changes as an entry of the story keeps them."""
        return {
            "changes": [
                {"field": name, "old": old, "new": new} for name, (old, new) in self.values.items()
            ]
        }


Columns = dict[str, Any]

# Notes what changed, writes what has a table of its own, gives the columns of the record itself.
Step = Callable[[Actor, Any, Any, Changes], Columns]


def change_fields(
    actor: Actor,
    party: Party,
    data: Change,
    *,
    kind: str,
    steps: Mapping[str, Step],
    version: int | None,
) -> Changes:
    """Take each given field through its step, write the record, tell its story: what changed.

    ``version`` goes before the one in ``data``. Raises VersionConflict and what the steps raise.
    """
    check_version(kind, party, version if version is not None else data.version)
    changes, columns = Changes(), Columns()
    for name, value in data.given.items():
        columns.update(steps[name](actor, party, value, changes))
    if changes.values:
        columns["search_key"] = search_key_of(party, name=columns.get("name", party.name))
        touch(type(party), [party.pk], **columns)
        tell_change(actor, kind, party.pk, changes)
    return changes


def tell_change(actor: Actor, kind: str, record_id: int, changes: Changes) -> None:
    """Put changes into the story of their record; a new owner alone has an entry of its own."""
    told, payload = "people.changed", changes.as_payload()
    if set(changes.values) == {"owner"}:
        told, payload = "people.owner_changed", {"owner": changes.values["owner"][1]}
    tell_story(actor, [RecordRef(kind, record_id)], kind=told, payload=payload)


def change_name(actor: Actor, party: Party, value: Any, changes: Changes) -> Columns:
    """The step that names a record anew, with the key that sorts it."""
    if not changes.note("name", party.name, value):
        return {}
    columns: Columns = {"name": value, "sort_key": sort_key(value)}
    if isinstance(party, Person):
        names = split_name(value)
        columns |= {"given_name": names.given, "family_name": names.family}
    return columns


def plain(name: str, column: str) -> Step:
    """The step of a field that is one column of text of its record, or empty."""

    def step(actor: Actor, party: Any, value: Any, changes: Changes) -> Columns:
        is_new = changes.note(name, getattr(party, column), value)
        return {column: stored(value)} if is_new else {}

    return step


def stored(value: Any) -> str:
    """What a plain column holds for a value of its field."""
    return str(value or "")


# The plain columns by field: what many records can be given at once, beside an owner.
PLAIN_OF_PERSON: Mapping[str, str] = {
    "country": "country",
    "salutation": "salutation",
    "given_name": "given_name",
    "family_name": "family_name",
    "language": "locale",
    "time_zone": "time_zone",
}
PLAIN_OF_COMPANY: Mapping[str, str] = {
    "industry": "industry",
    "size": "size_band",
    "country": "country",
}
