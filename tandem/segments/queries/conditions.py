"""What a condition holds: asked of people's records or of their events, of everybody or of some."""

import datetime as dt
import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from tandem.consent.queries import consents_visible_to
from tandem.kernel.actor import Actor, job_actor
from tandem.lake.engine.compiling import holds_of_nothing
from tandem.lake.queries import Turns, subjects_and_turns
from tandem.lake.schemas import Question, leaves, read_question
from tandem.people.models import Person
from tandem.records.queries import ListQuery, read_filters, records_matching
from tandem.records.queries.custom import company_zone
from tandem.records.queries.reading import Reads, reads_of
from tandem.records.rules import Group
from tandem.records.slots import OBJECT_TYPES, ObjectType, object_type
from tandem.segments.rules import Persons, Tree
from tandem.segments.schemas import Agreed

ANY_NAME = "*"
CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class Answer:
    """The persons of whom a condition is true (where ``is_rest``: of whom it is not), and when at
    the soonest time alone may change it, for whom."""

    found: Persons
    is_rest: bool = False
    turns: Turns = ()


@dataclass(frozen=True, slots=True)
class Hears:
    """What a condition is to be asked again for: events by name, changes of kinds of record, a
    moment."""

    names: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    ask_at: datetime | None = None


def person_type() -> ObjectType:
    """People as the filters know them."""
    return object_type("person")


def is_of_events(leaf: Tree) -> bool:
    """Whether a condition asks for what a person did."""
    return leaf["kind"] not in ("person", "segment", "consent")


def key_of(leaf: Tree) -> str:
    """By what a condition is known: the same for the same words."""
    said = json.dumps(leaf, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()


def question_of(leaf: Tree) -> Question:
    """A condition on events as a question about persons. Raises QuestionInvalid."""
    return read_question({"of": "person", "where": leaf})


def filters_of(leaf: Tree) -> Group:
    """A condition on people as a filter of theirs. Raises FilterInvalid."""
    return read_filters(person_type(), leaf["where"])


def reads(leaf: Tree) -> Reads:
    """What a condition on people reads."""
    return reads_of(person_type(), filters_of(leaf))


def hears(leaf: Tree, *, now: datetime) -> Hears:
    """What a condition is to be asked again for."""
    if leaf["kind"] == CONSENT:
        return Hears(kinds=frozenset({CONSENT}))
    if not is_of_events(leaf):
        found = reads(leaf)
        return Hears(kinds=found.kinds, ask_at=_next_hour(now) if found.is_moving else None)
    names: set[str] = set()
    for one in leaves(question_of(leaf).where):
        doings = one.steps if one.kind == "in_order" else (one.event,)
        names |= {doing.name or ANY_NAME for doing in doings}
    # Once a night of everybody: what erasing or judging senders anew has changed.
    return Hears(names=frozenset(names), ask_at=_next_night(now))


def ask(leaf: Tree, *, now: datetime, among: Collection[int] | None = None) -> Answer:
    """What a condition holds at a moment, of everybody or of ``among``. Raises EventsUnreadable.

    One query of people; of events those of ``lake.subjects_and_turns``.
    """
    if leaf["kind"] == CONSENT:
        return Answer(Persons(_agreed(leaf, among)))
    if not is_of_events(leaf):
        return Answer(Persons(_fitting(leaf, among)))
    question = question_of(leaf)
    is_rest = holds_of_nothing(question.where)
    asked = (
        read_question({"of": "person", "where": {"kind": "not", "of": leaf}})
        if is_rest
        else question
    )
    found, turns = subjects_and_turns(asked, question, now=now, among=among)
    return Answer(Persons(found), is_rest, turns)


def everywhere() -> Actor:
    """Who asks for a segment: nobody's eyes, since it is the same for all."""
    return job_actor("segments", frozenset(one.permissions.view for one in OBJECT_TYPES))


def _fitting(leaf: Tree, among: Collection[int] | None) -> list[int]:
    with timezone.override(company_zone()):
        return list(fitting(everywhere(), leaf, among).values_list("pk", flat=True))


def fitting(actor: Actor, leaf: Tree, among: Collection[int] | None = None) -> QuerySet[Person]:
    """The persons whom an actor sees and whom a condition on people lets through."""
    rows = records_matching(person_type(), actor, ListQuery(filters=filters_of(leaf))).order_by()
    return rows if among is None else rows.filter(pk__in=list(among))


def _agreed(leaf: Tree, among: Collection[int] | None) -> QuerySet[Any, int]:
    said = Agreed.model_validate(leaf)
    rows = consents_visible_to(everywhere()).filter(
        channel=said.channel, state=said.state, purpose=said.purpose
    )
    if said.topic is not None:
        rows = rows.filter(topic=said.topic)
    if among is not None:
        rows = rows.filter(person_id__in=list(among))
    return rows.order_by().values_list("person_id", flat=True)


def _next_hour(now: datetime) -> datetime:
    local = now.astimezone(company_zone())
    return local.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)


def _next_night(now: datetime) -> datetime:
    local = now.astimezone(company_zone())
    night = local.replace(hour=3, minute=20, second=0, microsecond=0)
    return night if night > local else night + dt.timedelta(days=1)
