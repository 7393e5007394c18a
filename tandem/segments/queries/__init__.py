"""Reads of segments and of who is in them; each starts from what the actor may see."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import (
    BooleanField,
    Case,
    F,
    Func,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.lookups import Exact

from tandem.kernel.actor import Actor, Scope
from tandem.kernel.errors import Missing
from tandem.people.models import Person
from tandem.people.queries import people_visible_to
from tandem.people.rules import sort_key
from tandem.segments.models import Condition, Membership, MemberStep, Segment
from tandem.segments.queries.conditions import key_of
from tandem.segments.rules import (
    EVERYONE,
    Persons,
    Step,
    Tree,
    before,
    dense,
    leaves,
    members,
)

# So many ids are named one by one; more go as one bit for each id there is.
NAMED = 1_000


def visible_to(actor: Actor) -> QuerySet[Segment]:
    """The segments that the actor may see: none that tells a field hidden from them."""
    rows = Segment.objects.filter(deleted_at__isnull=True)
    if not actor.may("segments.view"):
        return rows.none()
    hidden = [f"{kind}.{key}" for kind, keys in actor.hidden.items() for key in keys]
    return rows.exclude(tells__overlap=hidden) if hidden else rows


def prepare(rows: QuerySet[Segment]) -> QuerySet[Segment]:
    """With the owner: no query more."""
    return rows.select_related("owner")


def search(rows: QuerySet[Segment], text: str) -> QuerySet[Segment]:
    """Segments whose name or note holds a text, whatever its case and accents."""
    wanted = sort_key(text)
    if not wanted:
        return rows.none()
    return rows.filter(Q(sort_key__contains=wanted) | Q(note__icontains=text.strip()))


def segment_by_public_id(actor: Actor, public_id: UUID) -> Segment:
    """One segment; Missing when it is not there for this actor."""
    found = visible_to(actor).filter(public_id=public_id).select_related("membership").first()
    if found is None:
        raise Missing()
    return found


# --- who is in it ---------------------------------------------------------------------------------


def persons_in(segment: Segment) -> Persons:
    """Who is in a segment; nobody before it was published."""
    found = Membership.objects.filter(segment=segment).first()
    return found.persons if found else Persons()


def persons_at(segment: Segment, at: datetime) -> Persons:
    """Who was in a segment at a moment, told by the steps since."""
    steps = MemberStep.objects.filter(segment=segment, at__gt=at).order_by("-at", "-pk")
    return before(persons_in(segment), [one.step for one in steps])


def step_of(step_id: int) -> Step:
    """Who came and who went, by the id that a fact tells."""
    return MemberStep.objects.get(pk=step_id).step


def people_among(actor: Actor, persons: Persons) -> QuerySet[Person]:
    """Those of a set whom the actor sees."""
    return people_visible_to(actor).filter(is_among(persons))


def count_for(actor: Actor, persons: Persons) -> int:
    """How many of a set the actor sees; a query where that is not all of them."""
    if actor.scope_of("person") is Scope.ALL:
        return len(persons)
    return people_among(actor, persons).order_by().count()


def is_among(persons: Persons) -> Q:
    """Whether a person is one of a set: by name where they are few, else by one bit for each id.

    The bits go with the statement, so that no row looks for them; what lies beyond the last of them
    is not asked.
    """
    if len(persons) <= NAMED:
        return Q(pk__in=list(persons))
    bits = dense(persons)
    bit = Func(Value(bits), F("pk"), function="get_bit", output_field=IntegerField())
    return Q(
        Case(
            When(pk__lt=len(bits) * 8, then=Exact(bit, 1)),
            default=Value(False),
            output_field=BooleanField(),
        )
    )


def is_in_one_of(segments: QuerySet[Segment]) -> Q:
    """Whether a person is in one of these segments; a query for their sets."""
    held = Membership.objects.filter(segment__in=segments.values("pk"))
    return is_among(Persons().union(*(one.persons for one in held)))


Seen = Callable[[Persons], Persons]


def seen_by(actor: Actor) -> Seen:
    """What of any set an actor sees; a query where that is not all of it."""
    if actor.scope_of("person") is Scope.ALL:
        return lambda persons: persons
    seen = Persons(people_visible_to(actor).order_by().values_list("pk", flat=True))
    return lambda persons: persons & seen


def sizes_for(actor: Actor, segments: Sequence[Segment]) -> Mapping[int, int]:
    """How many of those in each of these segments the actor sees; one query, two where that is not
    everybody."""
    held = Membership.objects.filter(segment__in=[one.pk for one in segments])
    if actor.scope_of("person") is Scope.ALL:
        return dict(held.values_list("segment_id", "size"))
    seen = seen_by(actor)
    return {one.segment_id: len(seen(one.persons)) for one in held}


def published(actor: Actor) -> QuerySet[Segment]:
    """The segments that somebody can be in, by name."""
    rows = visible_to(actor).filter(membership__isnull=False)
    return rows.select_related("membership").order_by("sort_key", "pk")


def made_of(actor: Actor, segment: Segment) -> list[Segment]:
    """The segments that are made of this one, by name."""
    return list(visible_to(actor).filter(uses__other=segment).order_by("sort_key", "pk"))


def sizes_of(actor: Actor, segment: Segment, most: int) -> list[tuple[datetime, int]]:
    """How many whom the actor sees were in a segment after each of its last steps, oldest first; a
    step of nobody whom they see is none."""
    seen, persons = seen_by(actor), persons_in(segment)
    found = []
    for one in MemberStep.objects.filter(segment=segment).order_by("-at", "-pk")[:most]:
        step = one.step
        if seen(step.joined | step.left):
            found.append((one.at, len(seen(persons))))
        persons = before(persons, [step])
    return found[::-1]


def segments_with(actor: Actor, person_id: int) -> list[Segment]:
    """The segments that hold a person, by name; a query."""
    found = Membership.objects.filter(segment__in=visible_to(actor)).select_related("segment")
    rows = [one.segment for one in found if person_id in one.persons]
    return sorted(rows, key=lambda one: one.sort_key)


def overlaps(actor: Actor, segments: Sequence[Segment]) -> list[list[int]]:
    """How many persons two of these segments share, for each two; by the order given."""
    kept = {one.segment_id: one.persons for one in Membership.objects.filter(segment__in=segments)}
    seen = seen_by(actor)
    sets = [seen(kept.get(one.pk, Persons())) for one in segments]
    return [[one.intersection_cardinality(other) for other in sets] for one in sets]


# --- definitions ----------------------------------------------------------------------------------


def conditions_of(trees: Iterable[Tree]) -> Mapping[str, Condition]:
    """The conditions that trees are made of, as far as they have been asked, by key; a query."""
    keys = {key_of(leaf) for tree in trees for leaf in leaves(tree) if leaf["kind"] != "segment"}
    return {one.key: one for one in Condition.objects.filter(key__in={*keys, key_of(EVERYONE)})}


def others_in(trees: Iterable[Tree]) -> set[UUID]:
    """The public ids of the segments that trees name."""
    return {
        UUID(leaf["id"]) for tree in trees for leaf in leaves(tree) if leaf["kind"] == "segment"
    }


class Holding:
    """What the nodes of trees hold, by the conditions that were asked and the segments there are.

    Three queries for any number of trees. A condition that was not asked holds nobody; ``unasked``
    tells which.
    """

    def __init__(self, trees: Sequence[Tree]) -> None:
        self._conditions = conditions_of(trees)
        others = others_in(trees)
        self._others: dict[str, Persons] = {}
        if others:
            found = Membership.objects.filter(segment__public_id__in=others)
            self._others = {
                str(one.segment.public_id): one.persons
                for one in found.select_related("segment")
                if one.segment.deleted_at is None
            }
        everyone = self._conditions.get(key_of(EVERYONE))
        self.everyone = everyone.persons if everyone else Persons()

    def of(self, node: Tree) -> Persons:
        """The persons of whom a node is true."""
        return members(node, self._holds, self.everyone)

    def is_asked(self, leaf: Tree) -> bool:
        """Whether a condition has been asked."""
        return leaf["kind"] == "segment" or key_of(leaf) in self._conditions

    def fault_of(self, leaf: Tree) -> str:
        """Why a condition could not be asked the last time; empty where it could."""
        found = self._conditions.get(key_of(leaf)) if leaf["kind"] != "segment" else None
        return found.fault if found else ""

    def _holds(self, leaf: Tree) -> Persons:
        if leaf["kind"] == "segment":
            return self._others.get(leaf["id"], Persons())
        found = self._conditions.get(key_of(leaf))
        return found.holds(self.everyone) if found else Persons()


def is_follow_due() -> bool:
    """Whether anything has happened that may change who is in a segment; one query.

    Asked every second: nothing of it grows with the number of segments or of people.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DUE)
        [(is_due,)] = cursor.fetchall()
    return bool(is_due)


_DUE = """
    SELECT EXISTS (SELECT FROM segments_touched)
        OR EXISTS (SELECT FROM segments_turn WHERE at <= now())
        OR EXISTS (SELECT FROM segments_condition WHERE is_stale OR ask_at <= now())
        OR (EXISTS (SELECT FROM segments_condition WHERE names <> '{}')
            AND EXISTS (SELECT FROM lake_event
                        WHERE received_at >= (SELECT max(until) FROM segments_heard)
                        AND visitor <> ''))
        OR (EXISTS (SELECT FROM segments_condition WHERE names <> '{}')
            AND EXISTS (SELECT FROM lake_file WHERE generation = 0
                        AND written_at >= (SELECT max(until) FROM segments_heard)))
"""
