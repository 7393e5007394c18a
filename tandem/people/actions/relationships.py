"""How persons stand to each other: noted, said more of, taken away; what merging does to it."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import BigIntegerField, Case, F, Q, Value, When

from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.refs import RecordRef
from tandem.people import queries
from tandem.people.errors import PersonUnknown, TieExists, TieWithSelf
from tandem.people.models import Person, Relationship
from tandem.people.rules import Tie, is_kept, turned
from tandem.people.schemas import ChangeRelationship, NewRelationship
from tandem.records.slots import tell_story


@action(permission="people.edit")
def add_relationship(actor: Actor, person_id: UUID, *, data: NewRelationship) -> Relationship:
    """Note how a person stands to another one; it is kept once for both.

    Raises Missing, PersonUnknown, ExistsNotVisible, TieWithSelf, TieExists.
    """
    if not queries.people_visible_to(actor).filter(public_id=person_id).exists():
        raise Missing()
    other = queries.person_called(actor, data.person)
    if other is None:
        raise PersonUnknown(field="person")
    if other.public_id == person_id:
        raise TieWithSelf(field="person")
    # Both, in one order for everybody: two who note a tie of the same two do not block each other.
    both = queries.people_visible_to(actor).filter(public_id__in=[person_id, other.public_id])
    there = {one.public_id: one for one in both.order_by("pk").select_for_update(of=("self",))}
    if len(there) != 2:
        raise Missing()
    one, two, tie = there[person_id], there[other.public_id], data.type
    if not is_kept(tie):
        one, two, tie = two, one, turned(tie)
    try:
        with transaction.atomic():
            made = Relationship.objects.create(
                from_person=one, to_person=two, type=str(tie), note=data.note
            )
    except IntegrityError as error:
        raise TieExists(field="person") from error
    _tell(actor, made, "added")
    return made


@action(permission="people.edit")
def change_relationship(
    actor: Actor, person_id: UUID, number: int, *, data: ChangeRelationship
) -> Relationship:
    """Say more of a tie, or less. Raises Missing."""
    tie = _tie(actor, person_id, number)
    if tie.note != data.note:
        Relationship.objects.filter(pk=tie.pk).update(note=data.note)
    return _tie(actor, person_id, number)


@action(permission="people.edit")
def remove_relationship(actor: Actor, person_id: UUID, number: int) -> None:
    """Take a tie between two persons away; undo brings it back. Raises Missing."""
    tie = _tie(actor, person_id, number)
    Relationship.objects.filter(pk=tie.pk).delete()
    _tell(actor, tie, "removed")


def merge_ties(kind: str, survivor_id: int, absorbed_id: int) -> None:
    """The ties of the absorbed person come to the survivor. What ties the two to each other goes,
    and so does what the survivor has already."""
    both = [survivor_id, absorbed_id]
    Relationship.objects.filter(from_person_id__in=both, to_person_id__in=both).delete()
    theirs = Relationship.objects.filter(_touches(absorbed_id))
    own = {
        (row.type, _other(row, survivor_id))
        for row in Relationship.objects.filter(_touches(survivor_id))
    }
    known = [row.pk for row in theirs if (row.type, _other(row, absorbed_id)) in own]
    theirs.filter(pk__in=known).delete()
    theirs.update(
        **{column: _instead(column, absorbed_id, survivor_id) for column in _PERSONS},
    )


_PERSONS = ("from_person_id", "to_person_id")


def _instead(column: str, absorbed_id: int, survivor_id: int) -> Case:
    return Case(
        When(**{column: absorbed_id}, then=Value(survivor_id)),
        default=F(column),
        output_field=BigIntegerField(),
    )


def _touches(person_id: int) -> Q:
    return Q(from_person_id=person_id) | Q(to_person_id=person_id)


def _other(row: Relationship, person_id: int) -> int:
    return row.to_person_id if row.from_person_id == person_id else row.from_person_id


def _tie(actor: Actor, person_id: UUID, number: int) -> Relationship:
    """A tie of a person, both of whom the actor sees. Raises Missing."""
    found = queries.ties_of(actor, person_id).filter(pk=number).first()
    if found is None:
        raise Missing()
    return found


def _tell(actor: Actor, tie: Relationship, verb: str) -> None:
    """Both stories, each in its own words."""
    sides: list[tuple[Person, Person, Tie]] = [
        (tie.from_person, tie.to_person, Tie(tie.type)),
        (tie.to_person, tie.from_person, turned(Tie(tie.type))),
    ]
    for whose, other, word in sides:
        ref = RecordRef("person", whose.pk)
        said = {"name": other.name, "tie": str(word)}
        tell_story(actor, [ref], kind=f"people.tie_{verb}", payload=said)
