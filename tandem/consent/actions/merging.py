"""Consent of two persons who become one, and of one who is two again: the stricter word holds."""

from collections.abc import Mapping
from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from tandem.consent.actions.ledger import append_events, hold_chains, tell_changed
from tandem.consent.facts import ConsentChanged
from tandem.consent.models import ConsentEvent, ConsentState
from tandem.consent.rules import (
    NOES,
    STRICTNESS,
    Basis,
    Channel,
    Purpose,
    State,
    apart,
    folded,
    said_by_either,
)
from tandem.consent.schemas import ConsentEntry, ConsentEvidenceIn
from tandem.kernel.actions import current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.facts import publish
from tandem.people.models import Person
from tandem.records.models import MergeEvent

_About = tuple[str, str, str]  # channel, topic, purpose


def merge_consent(kind: str, survivor_id: int, absorbed_id: int) -> None:
    """Of what two records of one person say about the same thing, the stricter holds; of two that
    say the same, the one that was said first. What was said stays with whom it was said of."""
    hold_chains(survivor_id, absorbed_id)  # whoever says something now waits, and says it after
    both = ConsentState.objects.filter(person_id__in=[survivor_id, absorbed_id])
    kept: dict[_About, ConsentState] = {}
    looser: list[int] = []
    for state in both.order_by("since", "pk"):
        about = _about(state)
        other = kept.get(about)
        if other is None:
            kept[about] = state
        elif STRICTNESS[State(state.state)] > STRICTNESS[State(other.state)]:
            looser.append(other.pk)
            kept[about] = state
        else:
            looser.append(state.pk)
    both.filter(pk__in=looser).delete()
    both.filter(person_id=absorbed_id).update(person_id=survivor_id)


def part_consent(actor: Actor, event: MergeEvent) -> None:
    """What was said of two who were taken for one was said by either: a no holds for both, a yes
    for the survivor alone, and only where that one had not said no before.

    Where this is another word than the last of their own, it is written down as one.
    """
    both = (event.survivor_id, event.absorbed_id)
    hold_chains(*both)
    said = _said_since(event)
    if not said:
        return
    people = Person.objects.in_bulk(both)
    changed: list[int] = []
    for person_id in both:
        before = _before(event, person_id)
        told = [
            state
            for about, events in said.items()
            if (state := _hold(people[person_id], about, events, before.get(about), event))
        ]
        for state in told:
            tell_changed(actor, person_id, [state], state.event.wording)
        changed += [person_id] if told else []
    if changed:
        publish(ConsentChanged(current_change_set().id, tuple(changed)))


def _said_since(event: MergeEvent) -> dict[_About, list[ConsentEvent]]:
    """What was said of the one that they were, by what it is about; in its order."""
    found: dict[_About, list[ConsentEvent]] = {}
    rows = ConsentEvent.objects.filter(
        person_id=event.survivor_id, created_in_id__gt=event.created_in_id
    )
    for one in rows.select_related("wording").order_by("pk"):
        found.setdefault(_about(one), []).append(one)
    return found


def _before(event: MergeEvent, person_id: int) -> dict[_About, Mapping[str, Any]]:
    """What held for one of the two when they were merged."""
    rows = event.merged_rows.filter(
        model=ConsentState._meta.label_lower, before__person_id=person_id
    ).values_list("before", flat=True)
    return {(row["channel"], row["topic"], row["purpose"]): row for row in rows}


def _hold(
    person: Person,
    about: _About,
    events: list[ConsentEvent],
    before: Mapping[str, Any] | None,
    event: MergeEvent,
) -> ConsentState | None:
    """Have one of the two held to what they said and to what either said since; the state where it
    had to be written down anew."""
    channel, topic, purpose = about
    of = {"channel": channel, "topic": topic, "purpose": purpose}
    own = ConsentState.objects.filter(person_id=person.pk, **of)
    word = said_by_either(State(one.state) for one in events)
    is_survivor = person.pk == event.survivor_id
    wanted = apart(State(before["state"]) if before else None, word, is_survivor=is_survivor)
    if wanted is None:
        return None
    if before is not None and wanted == before["state"]:
        own.update(
            state=before["state"],
            basis=before["basis"],
            since=before["since"],
            event_id=before["event_id"],
        )
    decided = next((one for one in reversed(events) if one.state == wanted), events[-1])
    told = ConsentEvent.objects.filter(person_id=person.pk, **of).order_by("pk")
    is_theirs = folded(State(one) for one in told.values_list("state", flat=True)) is wanted
    # A no is copied even to who had said one: it may be that of somebody who is part of them.
    if is_theirs and (is_survivor or word not in NOES):
        _keep(person, own.first(), decided, wanted)
        return None
    entry = ConsentEntry(
        channel=Channel(decided.channel),
        topic=decided.topic,
        purpose=Purpose(decided.purpose),
        basis=Basis(decided.basis),
        state=wanted,
    )
    proof = ConsentEvidenceIn(source="unmerge", reference=str(event.public_id))
    (made,) = append_events(person, [entry], decided.wording, proof, decided.at)
    return _keep(person, own.first(), made, wanted)


def _keep(
    person: Person, held: ConsentState | None, event: ConsentEvent, wanted: State
) -> ConsentState:
    """The state as it is to be, by this event where it is another one."""
    if held is None:
        return ConsentState.objects.create(
            person=person,
            channel=event.channel,
            topic=event.topic,
            purpose=event.purpose,
            basis=event.basis,
            state=wanted,
            since=event.at,
            event=event,
        )
    if held.state != wanted:
        ConsentState.objects.filter(pk=held.pk).update(
            state=wanted,
            basis=event.basis,
            since=event.at,
            event=event,
            updated_at=Now(),
            row_version=F("row_version") + 1,
        )
        held.refresh_from_db()
    return held


def _about(row: ConsentState | ConsentEvent) -> _About:
    return (row.channel, row.topic, row.purpose)
