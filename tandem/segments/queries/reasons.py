"""Why a person is in a segment, or is not: each condition, and what speaks for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tandem.consent.models import (
    CHANNEL_LABELS,
    PURPOSE_LABELS,
    STATE_LABELS,
    ConsentState,
)
from tandem.consent.queries import consent_states
from tandem.consent.rules import Channel, Purpose, State
from tandem.kernel.actor import Actor
from tandem.lake.engine import moment
from tandem.lake.queries import Split, broken_down
from tandem.lake.schemas import read_breakdown
from tandem.people.models import Person
from tandem.records.queries import value_of
from tandem.records.rules import Condition, Node
from tandem.segments.models import Membership, Segment
from tandem.segments.queries.conditions import (
    CONSENT,
    ask,
    filters_of,
    is_of_events,
    person_type,
    question_of,
)
from tandem.segments.queries.definitions import Words
from tandem.segments.rules import Tree, is_group
from tandem.ui import formats

MOST_DAYS = 6
MOST_TURNS = 10


@dataclass(frozen=True, slots=True)
class Reason:
    """A node of a definition and whether it holds of a person: ``evidence`` in words, ``until``
    when time alone will change it. ``depth`` is how deep it stands; a group has no evidence."""

    place: str
    depth: int
    kind: str
    words: str
    holds: bool
    evidence: Sequence[str] = ()
    until: datetime | None = None


def reasons(actor: Actor, segment: Segment, person: Person, tree: Tree) -> list[Reason]:
    """The nodes of a tree, each before those below it, with whether they hold of a person now.

    A question to the events for each condition on them. Raises EventsUnreadable.
    """
    asking = _Asking(actor, person, Words(actor, tree), timezone.now())
    return asking.of(tree, "", 0)


@dataclass(frozen=True, slots=True)
class _Asking:
    actor: Actor
    person: Person
    words: Words
    now: datetime

    def of(self, node: Tree, place: str, depth: int) -> list[Reason]:
        if not is_group(node):
            return [self._leaf(node, place, depth)]
        below = [
            self.of(child, f"{place}.{at}".lstrip("."), depth + 1)
            for at, child in enumerate(node["of"])
        ]
        hold = [found[0].holds for found in below]
        kind = node["kind"]
        holds = all(hold) if kind == "all" else any(hold) == (kind == "any")
        names = {"all": _("All of these"), "any": _("One of these"), "none": _("None of these")}
        head = Reason(place, depth, kind, names[kind], holds)
        return [head, *(one for found in below for one in found)]

    def _leaf(self, leaf: Tree, place: str, depth: int) -> Reason:
        words, until = self.words.leaf(leaf), None
        if leaf["kind"] == "segment":
            held = Membership.objects.filter(segment__public_id=leaf["id"]).first()
            holds = held is not None and self.person.pk in held.persons
            evidence: Sequence[str] = ()
        elif is_of_events(leaf):
            holds = self._is_true(leaf, self.now)
            evidence = self._events(leaf)
            until = self._turn(leaf, holds)
        elif leaf["kind"] == CONSENT:
            holds = self._is_true(leaf, self.now)
            evidence = [_said(one) for one in consent_states([self.person.pk])[self.person.pk]]
        else:
            holds = self._is_true(leaf, self.now)
            evidence = [self._value(one) for one in _plain(filters_of(leaf))]
        return Reason(place, depth, leaf["kind"], words, holds, evidence, until)

    def _is_true(self, leaf: Tree, at: datetime) -> bool:
        answer = ask(leaf, now=at, among=[self.person.pk])
        return (self.person.pk in answer.found) is not answer.is_rest

    def _turn(self, leaf: Tree, holds: bool) -> datetime | None:
        """When the answer will be another one though nothing happens, as far as ten moments on."""
        turns = ask(leaf, now=self.now, among=[self.person.pk]).turns
        for _number in range(MOST_TURNS):
            if not turns:
                return None
            [(_person, us)] = turns
            answer = ask(leaf, now=moment(us), among=[self.person.pk])
            if ((self.person.pk in answer.found) is not answer.is_rest) is not holds:
                return moment(us)
            turns = answer.turns
        return None

    def _events(self, leaf: Tree) -> list[str]:
        one: Any = question_of(leaf).where
        doings = one.steps if one.kind == "in_order" else (one.event,)
        found = []
        for doing in doings:
            asked = {
                "event": doing.model_dump(mode="json", exclude_unset=True),
                "window": one.window.model_dump(mode="json", exclude_unset=True),
                "per": "day",
            }
            days = broken_down(read_breakdown(asked), now=self.now, among=[self.person.pk])
            found.append(_days(days))
        return found

    def _value(self, condition: Condition) -> str:
        there = person_type().field_for(self.actor, condition.field)
        if there is None or (there.load is not None and there.custom is None):
            return ""
        labels = {one.value: str(one.label) for one in there.choices()} if there.choices else {}
        shown = _shown(value_of(self.person, there), labels)
        return f"{there.label}: {shown or _('nothing')}"


def _said(state: ConsentState) -> str:
    about = (CHANNEL_LABELS[Channel(state.channel)], PURPOSE_LABELS[Purpose(state.purpose)])
    label = STATE_LABELS[State(state.state)]
    day = formats.day(timezone.localtime(state.since).date())
    return f"{', '.join(map(str, about))}, {state.topic}: {label}, {day}"


def _plain(node: Node) -> list[Condition]:
    if isinstance(node, Condition):
        return [node]
    return [one for one in getattr(node, "items", ()) if isinstance(one, Condition)]


def _shown(value: Any, labels: Mapping[str, str]) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d}"
    values = value if isinstance(value, list | tuple) else (value,)
    return ", ".join(labels.get(str(one), str(one)) for one in values)


def _days(days: Sequence[Split]) -> str:
    total = sum(one.events for one in days)
    if not total:
        return _("nothing of this")
    shown = ", ".join(one.begins for one in days[-MOST_DAYS:])
    count = ngettext("%(n)d time", "%(n)d times", total) % {"n": total}
    return _("%(count)s, on %(days)s") % {"count": count, "days": shown}
