"""Reads of consent and of the stop list; lists start from what the actor may see."""

import datetime as dt
import hmac
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet

from tandem.consent.models import ConsentEvent, ConsentEvidence, ConsentState, Suppression
from tandem.consent.rules import Channel, Link, Purpose, State, StopReason, broken_links, folded
from tandem.kernel.actor import Actor
from tandem.kernel.errors import DomainError
from tandem.people.models import Person
from tandem.people.queries import people_visible_to
from tandem.people.rules import normalize_email

MAX_MERGES = 20
# The first half of the advisory locks of this room; the second is a chain or an address.
CHAIN_LOCK = 1_307_001
ADDRESS_LOCK = 1_307_002


@dataclass(frozen=True, slots=True)
class Standing:
    """All that decides whether somebody may be contacted, as it is now.

    ``event`` is the public id of what was said last, None where nothing was.
    """

    state: State | None
    stops: frozenset[StopReason]
    event: UUID | None


# --- what holds -----------------------------------------------------------------------------------


def consents_visible_to(actor: Actor) -> QuerySet[ConsentState]:
    """What holds for the persons whom the actor may see, with person and wording."""
    return ConsentState.objects.filter(
        deleted_at__isnull=True, person__in=people_visible_to(actor).order_by().values("pk")
    ).select_related("person", "event__wording")


def consent_states(person_ids: Collection[int]) -> Mapping[int, tuple[ConsentState, ...]]:
    """What holds for each of these persons, with its last event and wording; one query.

    For rooms that decide, not for lists: nobody's sight is asked.
    """
    found: dict[int, tuple[ConsentState, ...]] = dict.fromkeys(person_ids, ())
    rows = ConsentState.objects.filter(person_id__in=person_ids, deleted_at__isnull=True)
    for row in rows.select_related("event__wording").order_by("channel", "purpose", "topic"):
        found[row.person_id] += (row,)
    return found


def consent_of(person_id: int, channel: str, topic: str, purpose: str) -> ConsentState | None:
    """What holds for one thing; None where the person never said anything about it."""
    return ConsentState.objects.filter(
        person_id=person_id, channel=channel, topic=topic, purpose=purpose, deleted_at__isnull=True
    ).first()


def events_of(person_ids: Collection[int]) -> list[ConsentEvent]:
    """All that was said by a person and by those who were merged into them, newest first."""
    absorbed = Person.objects.filter(merged_into_id__in=person_ids).values("pk")
    return list(
        ConsentEvent.objects.filter(Q(person_id__in=person_ids) | Q(person_id__in=absorbed))
        .select_related("wording", "evidence")
        .order_by("-at", "-id")
    )


def living_person(actor: Actor, person_id: int) -> int | None:
    """Who a person is now: themselves, or into whom they were merged. None when out of sight."""
    here: int | None = person_id
    for _step in range(MAX_MERGES):
        if here is None or people_visible_to(actor).filter(pk=here).exists():
            return here
        here = Person.objects.filter(pk=here).values_list("merged_into_id", flat=True).first()
    return None


def standing(
    person_id: int | None, address: str, *, channel: Channel, topic: str, purpose: Purpose
) -> Standing:
    """What decides about one message, held until the transaction ends; three queries.

    A withdrawal or a stop that was committed before is seen; one that comes now waits for this
    transaction. To be called inside one.
    """
    _hold(address, shared=True)
    state = None
    if person_id is not None:
        state = (
            ConsentState.objects.select_for_update(of=("self",), no_key=False)
            .filter(
                person_id=person_id,
                channel=channel,
                topic=topic,
                purpose=purpose,
                deleted_at__isnull=True,
            )
            .select_related("event")
            .first()
        )
    return Standing(
        state=State(state.state) if state else None,
        stops=suppressed([address]).get(address, frozenset()),
        event=state.event.public_id if state else None,
    )


# --- the stop list --------------------------------------------------------------------------------


def suppressions_visible_to(actor: Actor) -> QuerySet[Suppression]:
    """The stop list; it is the same for everybody who may see it."""
    rows = Suppression.objects.filter(deleted_at__isnull=True)
    return rows if actor.may("consent.view") else rows.none()


def address_key(address: str) -> str:
    """The keyed hash under which an address is found on the stop list, 64 characters.

    Keyed by the installation's own secret, which backups carry along.
    """
    text = f"tandem.consent.address:{normal(address)}"
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), "sha256").hexdigest()


def normal(address: str) -> str:
    """The one form of an address; what is no address stays, in lower case."""
    try:
        return normalize_email(address)
    except DomainError:
        return address.strip().lower()


def suppressed(addresses: Collection[str]) -> Mapping[str, frozenset[StopReason]]:
    """Why each of these addresses stands on the stop list; those that do not are left out."""
    keys = {address_key(address): address for address in addresses}
    found: dict[str, frozenset[StopReason]] = {}
    rows = Suppression.objects.filter(key__in=keys, deleted_at__isnull=True)
    for key, reason in rows.values_list("key", "reason"):
        for address in [each for each in addresses if address_key(each) == key]:
            found[address] = found.get(address, frozenset()) | {StopReason(reason)}
    return found


def hold_address(address: str) -> None:
    """Wait for messages to this address that are being decided; hold it until the end."""
    _hold(address, shared=False)


def _hold(address: str, *, shared: bool) -> None:
    lock = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(%s, hashtext(%s))", [ADDRESS_LOCK, address_key(address)])


# --- is all as it was written? --------------------------------------------------------------------


def said_of(event: ConsentEvent, person: str, evidence: ConsentEvidence) -> dict[str, Any]:
    """What the digest of an event is of: all of it, as plain values."""
    return {
        "person": person,
        "channel": event.channel,
        "topic": event.topic,
        "purpose": event.purpose,
        "basis": event.basis,
        "state": event.state,
        "at": _moment(event.at),
        "wording": event.wording.digest,
        "source": evidence.source,
        "ip": str(evidence.ip) if evidence.ip else "",
        "user_agent": evidence.user_agent,
        "url": evidence.url,
        "reference": evidence.reference,
        "note": evidence.note,
    }


def broken_events() -> list[int]:
    """Events whose content or place in the chain is not what was written; reads them all."""
    return broken_links(_links())


def _links() -> Iterator[Link]:
    rows = ConsentEvent.objects.select_related("wording", "evidence").order_by("chain", "position")
    for event in rows.iterator(chunk_size=2000):
        evidence = getattr(event, "evidence", None)
        yield Link(
            id=event.pk,
            chain=event.chain,
            position=event.position,
            digest=event.digest,
            previous=event.previous,
            link=event.link,
            salt=bytes(evidence.salt) if evidence else None,
            said=said_of(event, evidence.said_by, evidence) if evidence else None,
        )


def crooked_states() -> list[int]:
    """States that are not what their person's events come to; reads them all.

    Of a person into whom others were merged the state may be stricter; those are left out.
    """
    survivors = set(
        Person.objects.filter(merged_into__isnull=False).values_list("merged_into_id", flat=True)
    )
    said: dict[tuple[Any, ...], list[State]] = {}
    events = ConsentEvent.objects.filter(person__isnull=False).order_by("chain", "position")
    key = ("person_id", "channel", "topic", "purpose")
    for *of, state in events.values_list(*key, "state").iterator(chunk_size=5000):
        said.setdefault(tuple(of), []).append(State(state))
    return [
        row.pk
        for row in ConsentState.objects.filter(deleted_at__isnull=True).order_by("pk").iterator()
        if row.person_id not in survivors
        and folded(said.get((row.person_id, row.channel, row.topic, row.purpose), ())) != row.state
    ]


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")


def pending_of(states: Sequence[ConsentState]) -> list[ConsentState]:
    """Those of them that wait for their confirmation."""
    return [row for row in states if row.state == State.PENDING]
