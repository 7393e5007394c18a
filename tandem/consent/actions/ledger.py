"""What may be done with consent and the stop list."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from tandem.consent import queries
from tandem.consent.errors import (
    LinkInvalid,
    NothingToRecord,
    PersonUnknown,
    StopStands,
    WordingMissing,
)
from tandem.consent.facts import AddressesSuppressed, ConsentChanged
from tandem.consent.models import ConsentEvent, ConsentEvidence, ConsentState, Suppression, Wording
from tandem.consent.queries import MailLink
from tandem.consent.rules import (
    CHAINS,
    Basis,
    Channel,
    Purpose,
    State,
    StopReason,
    event_digest,
    link_digest,
    next_state,
    wording_digest,
)
from tandem.consent.schemas import (
    ChangeSuppression,
    ConsentEntry,
    ConsentEvidenceIn,
    NewConsent,
    NewSuppression,
)
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Conflict, Missing
from tandem.kernel.facts import publish
from tandem.kernel.ids import new_public_id
from tandem.kernel.refs import RecordRef
from tandem.people.models import Person
from tandem.people.queries import people_visible_to
from tandem.records.slots import tell_story

SALT_BYTES = 16


# --- consent --------------------------------------------------------------------------------------


@action(permission="consent.record")
def record_consent(
    actor: Actor,
    person_id: int,
    *,
    entries: Sequence[ConsentEntry],
    wording: str,
    evidence: ConsentEvidenceIn,
    at: datetime | None = None,
) -> list[ConsentState]:
    """Keep what a person said, word for word, and what holds from now on; those states.

    All that was said is kept; what holds changes by ``rules.next_state``. ``at`` is when it was
    said, where that is not now. Raises PersonUnknown, WordingMissing, NothingToRecord.
    """
    if not entries:
        raise NothingToRecord()
    if not wording.strip():
        raise WordingMissing(field="wording")
    person = _spoken_of(actor, person_id)
    moment = at or timezone.now()
    shown = keep_wording(wording, moment)
    events = append_events(person, entries, shown, evidence, moment)
    changed: list[ConsentState] = []
    states = [_keep(person.pk, event, changed) for event in events]
    if changed:
        tell_changed(actor, person.pk, changed, shown)
        publish(ConsentChanged(current_change_set().id, (person.pk,)))
    return states


@action(permission="consent.record")
def create_consent(actor: Actor, *, data: NewConsent) -> tuple[ConsentState, bool]:
    """Record one thing that a person said, by hand or through the API; (what holds, is new)."""
    person = people_visible_to(actor).filter(public_id=data.person).first()
    if person is None:
        raise PersonUnknown(field="person")
    before = queries.consent_of(person.pk, data.channel, data.topic, data.purpose)
    entry = ConsentEntry(
        channel=data.channel,
        topic=data.topic,
        purpose=data.purpose,
        basis=data.basis,
        state=data.state,
    )
    note = ConsentEvidenceIn(source=str(actor.source), reference=actor.label[:200], note=data.note)
    states = record_consent(actor, person.pk, entries=[entry], wording=data.wording, evidence=note)
    return states[0], before is None


@action(permission="consent.record")
def confirm_consent(
    actor: Actor,
    person_id: int,
    *,
    address: str,
    topics: Sequence[tuple[Channel, str, str]],
    evidence: ConsentEvidenceIn,
) -> list[ConsentState]:
    """Grant what waits for confirmation, said from the person's own mailbox; what was granted.

    ``topics`` are (channel, topic, purpose). Each keeps the wording that the person was shown. A
    fresh yes takes the address off the stop list where its owner had unsubscribed or was erased.
    """
    queries.hold_address(address)  # first, as who decides about a message does
    granted: list[ConsentState] = []
    for channel, topic, purpose in topics:
        found = queries.consent_of(person_id, channel, topic, purpose)
        if found is None or found.state != State.PENDING:
            continue
        entry = ConsentEntry(
            channel=Channel(found.channel),
            topic=found.topic,
            purpose=found.purpose,
            basis=found.basis,
            state=State.GRANTED,
        )
        shown = Wording.objects.get(events=found.event_id).text
        granted += record_consent(
            actor, person_id, entries=[entry], wording=shown, evidence=evidence
        )
    if granted:
        _lift(address, (StopReason.UNSUBSCRIBED, StopReason.ERASED))
    return granted


@action(permission="consent.record")
def set_preferences(
    actor: Actor, link: MailLink, *, wanted: Collection[tuple[str, str, str]], wording: str
) -> list[ConsentState]:
    """What the person wants to hear from now on, said from their own mailbox; what changed.

    All that they were asked and do not want is withdrawn. Wanting something anew takes the address
    off the stop list.
    """
    address, person_id = queries.address_of(link), _person_of(link)
    queries.hold_address(address)
    evidence = ConsentEvidenceIn(source="preferences", reference=link.key)
    offered = queries.preferences_of(link)
    changed = []
    for one in offered:
        of = (one.channel, one.topic, one.purpose)
        state = State.GRANTED if of in wanted else State.WITHDRAWN
        if (one.state is State.GRANTED) is not (state is State.GRANTED):
            changed += record_consent(
                actor, person_id, entries=[_entry(*of, state)], wording=wording, evidence=evidence
            )
    if address and any(row.state == State.GRANTED for row in changed):
        _lift(address, (StopReason.UNSUBSCRIBED, StopReason.ERASED))
    return changed


@action(permission="consent.record")
def stop_topics(actor: Actor, link: MailLink, *, wording: str) -> list[ConsentState]:
    """Withdraw what the link is about: the one click of a mail program, or of the page."""
    person_id = _person_of(link)
    entries = [_entry(*topic, State.WITHDRAWN) for topic in link.topics]
    evidence = ConsentEvidenceIn(source="one-click", reference=link.key)
    return record_consent(actor, person_id, entries=entries, wording=wording, evidence=evidence)


@action(permission="consent.suppress")
def stop_all(actor: Actor, link: MailLink, *, wording: str) -> list[ConsentState]:
    """Withdraw everything that the person ever agreed to, and put the mailbox on the stop list."""
    person_id, address = _person_of(link), queries.address_of(link)
    if address:
        suppress(actor, address=address, reason=StopReason.UNSUBSCRIBED)
    told = {(row.channel, row.topic, row.purpose) for row in queries.preferences_of(link)}
    entries = [_entry(*topic, State.WITHDRAWN) for topic in sorted(told | set(link.topics))]
    if not entries:
        return []
    evidence = ConsentEvidenceIn(source="preferences", reference=link.key)
    return record_consent(actor, person_id, entries=entries, wording=wording, evidence=evidence)


def _person_of(link: MailLink) -> int:
    found = Person.objects.filter(public_id=link.person).values_list("pk", flat=True).first()
    if found is None:
        raise LinkInvalid()
    return found


def _entry(channel: str, topic: str, purpose: str, state: State) -> ConsentEntry:
    return ConsentEntry(
        channel=Channel(channel),
        topic=topic,
        purpose=Purpose(purpose),
        basis=Basis.CONSENT,
        state=state,
    )


def keep_wording(text: str, at: datetime) -> Wording:
    """The row of a text, written where it is new; in the running action."""
    digest = wording_digest(text)
    plain = "\n".join(text.strip().splitlines())
    with connection.cursor() as cursor:
        # Waits for whoever writes the same text at this moment; then there is one of it.
        cursor.execute(
            """
            INSERT INTO consent_wording (text, digest, first_shown_at, created_in_id)
            SELECT %s, %s, %s, tandem_change_set()
            WHERE NOT EXISTS (SELECT FROM consent_wording WHERE digest = %s)
            ON CONFLICT (digest) DO NOTHING
            """,
            [plain, digest, at, digest],
        )
    return Wording.objects.get(digest=digest)


def append_events(
    person: Person,
    entries: Sequence[ConsentEntry],
    shown: Wording,
    evidence: ConsentEvidenceIn,
    at: datetime,
) -> list[ConsentEvent]:
    """Write the events at the end of the person's chain, which is held, with their evidence."""
    chain = person.pk % CHAINS
    last = (
        ConsentEvent.objects.filter(chain=chain)
        .order_by("-position")
        .values_list("position", "link")
        .first()
    )
    position, previous = last or (0, "")
    events: list[ConsentEvent] = []
    proofs: list[ConsentEvidence] = []
    for entry in entries:
        position += 1
        salt = secrets.token_bytes(SALT_BYTES)
        event = ConsentEvent(
            person=person,
            channel=str(entry.channel),
            topic=entry.topic,
            purpose=str(entry.purpose),
            basis=str(entry.basis),
            state=str(entry.state),
            at=at,
            wording=shown,
            chain=chain,
            position=position,
            previous=previous,
        )
        proof = ConsentEvidence(
            event=event,
            person=person,
            salt=salt,
            said_by=str(person.public_id),
            source=evidence.source,
            ip=str(evidence.ip) if evidence.ip else None,
            user_agent=evidence.user_agent,
            url=evidence.url,
            reference=evidence.reference,
            note=evidence.note,
        )
        event.digest = event_digest(salt, queries.said_of(event, proof.said_by, proof))
        event.link = previous = link_digest(previous, event.digest)
        events.append(event)
        proofs.append(proof)
    ConsentEvent.objects.bulk_create(events)
    for event, proof in zip(events, proofs, strict=True):
        proof.event = event
    ConsentEvidence.objects.bulk_create(proofs)
    return events


def _keep(person_id: int, event: ConsentEvent, changed: list[ConsentState]) -> ConsentState:
    """What holds after the event; added to ``changed`` when that is something else than before."""
    found = queries.consent_of(person_id, event.channel, event.topic, event.purpose)
    said = State(event.state)
    if found is None:
        found = ConsentState.objects.create(
            person_id=person_id,
            channel=event.channel,
            topic=event.topic,
            purpose=event.purpose,
            basis=event.basis,
            state=event.state,
            since=event.at,
            event=event,
        )
        changed.append(found)
        return found
    holds = next_state(State(found.state), said)
    if holds is not said or (found.state, found.basis) == (event.state, event.basis):
        return found
    since = event.at if found.state != event.state else found.since
    ConsentState.objects.filter(pk=found.pk).update(
        state=event.state,
        basis=event.basis,
        since=since,
        event=event,
        updated_at=Now(),
        row_version=F("row_version") + 1,
    )
    found.refresh_from_db()
    changed.append(found)
    return found


def tell_changed(
    actor: Actor, person_id: int, changed: Sequence[ConsentState], shown: Wording
) -> None:
    """One entry in the person's story for each state that something came to."""
    for state in State:
        of = [row for row in changed if row.state == state]
        if of:
            payload: dict[str, Any] = {
                "entries": [[row.channel, row.topic, row.purpose] for row in of],
                "basis": of[0].basis,
                "wording": shown.version,
            }
            ref = RecordRef("person", person_id)
            tell_story(actor, [ref], kind=f"consent.{state}", payload=payload)


def _spoken_of(actor: Actor, person_id: int) -> Person:
    """The person of whom this is said, their chain held: nobody merges them from now on."""
    known = None
    while (living := queries.living_person(actor, person_id)) is not None:
        if living == known:
            return Person.objects.get(pk=living)
        hold_chains(living)
        known = living
    raise PersonUnknown(field="person")


def hold_chains(*person_ids: int) -> None:
    """One person's words are written one after the other; so are those of the same chain."""
    with connection.cursor() as cursor:
        for chain in sorted({one % CHAINS for one in person_ids}):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [queries.CHAIN_LOCK, chain])


# --- the stop list --------------------------------------------------------------------------------


@action(permission="consent.suppress")
def suppress(
    actor: Actor, *, address: str, reason: StopReason, note: str = ""
) -> tuple[Suppression, bool]:
    """Put an address on the stop list; (the entry, whether it is new).

    Waits for messages to the address that are being decided, so that none is decided after this.
    """
    return keep_stopped(address, reason, note=note)


def keep_stopped(address: str, reason: StopReason, *, note: str = "") -> tuple[Suppression, bool]:
    """The same in the running action, which answers for the right to it."""
    queries.hold_address(address)
    key = queries.address_key(address)
    shown = "" if reason is StopReason.ERASED else queries.normal(address)[:254]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO consent_suppression
                (public_id, key, address, reason, note, created_in_id)
            VALUES (%s, %s, %s, %s, left(%s, 120), tandem_change_set())
            ON CONFLICT (key, reason) WHERE deleted_at IS NULL DO NOTHING
            """,
            [new_public_id(), key, shown, str(reason), note],
        )
        is_new = bool(cursor.rowcount == 1)
    found = Suppression.objects.get(key=key, reason=str(reason), deleted_at__isnull=True)
    if is_new:
        publish(AddressesSuppressed(current_change_set().id, (found.pk,)))
    return found, is_new


@action(permission="consent.suppress")
def create_suppression(actor: Actor, *, data: NewSuppression) -> tuple[Suppression, bool]:
    """Put an address on the stop list by hand or through the API."""
    return suppress(actor, address=data.address, reason=data.reason, note=data.note or "")


@action(permission="consent.edit_stop")
def change_suppression(
    actor: Actor, public_id: UUID, *, data: ChangeSuppression, version: int | None = None
) -> Suppression:
    """Change the note of an entry. Raises Missing, Conflict for an old version."""
    rows = queries.suppressions_visible_to(actor).select_for_update()
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    read = version if version is not None else data.version
    if read is not None and read != found.row_version:
        raise Conflict()
    if "note" in data.given:
        note = data.note or ""
        Suppression.objects.filter(pk=found.pk).update(
            note=note, updated_at=Now(), row_version=F("row_version") + 1
        )
    return Suppression.objects.get(pk=found.pk)


@action(permission="consent.lift")
def delete_suppression(actor: Actor, public_id: UUID) -> None:
    """Take an entry off the stop list. Raises Missing, and StopStands for those of the erased."""
    found = queries.suppressions_visible_to(actor).filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    if found.reason == StopReason.ERASED:
        raise StopStands()
    _retire({"pk": found.pk})


def _lift(address: str, reasons: Sequence[StopReason]) -> None:
    key = queries.address_key(address)
    _retire({"key": key, "reason__in": [str(reason) for reason in reasons]})


def _retire(of: Mapping[str, Any]) -> None:
    Suppression.objects.filter(deleted_at__isnull=True, **of).update(
        deleted_at=Now(), updated_at=Now(), row_version=F("row_version") + 1
    )
