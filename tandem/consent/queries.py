"""Reads of consent and of the stop list; lists start from what the actor may see."""

import datetime as dt
import hmac
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import connection
from django.db.models import Q, QuerySet

from tandem.consent.errors import LinkExpired, LinkInvalid
from tandem.consent.models import (
    STOP_LABELS,
    ConsentEvent,
    ConsentEvidence,
    ConsentState,
    Suppression,
)
from tandem.consent.rules import Link, State, StopReason, broken_links, folded
from tandem.kernel.actor import Actor
from tandem.kernel.compiled import compiled
from tandem.kernel.errors import DomainError
from tandem.people.models import Person, PersonEmail
from tandem.people.queries import people_visible_to
from tandem.people.rules import normalize_email

MAX_MERGES = 20
KEY_LENGTH = 16  # of an address's hash, in a link
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
    for row in _states_of(ids=list(person_ids)):
        found[row.person_id] += (row,)
    return found


@compiled
def _states_of(*, ids: Sequence[int]) -> QuerySet[ConsentState]:
    rows = ConsentState.objects.filter(person_id__one_of=ids, deleted_at__isnull=True)
    return rows.select_related("event__wording").order_by("channel", "purpose", "topic")


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


def is_consent_different(one: int, other: int) -> bool:
    """Whether two persons said different things about the same thing; one query."""
    said: dict[tuple[str, str, str], set[str]] = {}
    rows = ConsentState.objects.filter(person_id__in=[one, other], deleted_at__isnull=True)
    for state in rows:
        said.setdefault((state.channel, state.topic, state.purpose), set()).add(state.state)
    return any(len(states) > 1 for states in said.values())


def living_person(actor: Actor, person_id: int) -> int | None:
    """Who a person is now: themselves, or into whom they were merged. None when out of sight."""
    here: int | None = person_id
    for _step in range(MAX_MERGES):
        if here is None or people_visible_to(actor).filter(pk=here).exists():
            return here
        here = Person.objects.filter(pk=here).values_list("merged_into_id", flat=True).first()
    return None


@dataclass(frozen=True, slots=True)
class Subject:
    """To whom, and about what, somebody wants to write."""

    person_id: int | None
    address: str
    channel: str
    topic: str
    purpose: str


def standings(subjects: Sequence[Subject]) -> list[Standing]:
    """What decides about each of these messages, held until the transaction ends; four queries.

    A withdrawal or a stop that was committed before is seen; one that comes now waits for this
    transaction. To be called inside one.
    """
    _hold([subject.address for subject in subjects], shared=True)
    of_people = {subject.person_id for subject in subjects if subject.person_id is not None}
    # Without a join: a row that was waited for is read anew, but not what it is joined with.
    states = {
        (row.person_id, row.channel, row.topic, row.purpose): row
        for row in ConsentState.objects.select_for_update()
        .filter(person_id__in=of_people, deleted_at__isnull=True)
        .order_by("pk")
    }
    spoken = ConsentEvent.objects.filter(pk__in=[row.event_id for row in states.values()])
    events = dict(spoken.values_list("pk", "public_id"))
    stops = suppressed({subject.address for subject in subjects})
    found = []
    for one in subjects:
        state = states.get((one.person_id or 0, one.channel, one.topic, one.purpose))
        found.append(
            Standing(
                state=State(state.state) if state else None,
                stops=stops.get(one.address, frozenset()),
                event=events[state.event_id] if state else None,
            )
        )
    return found


# --- the stop list --------------------------------------------------------------------------------


def suppressions_visible_to(actor: Actor) -> QuerySet[Suppression]:
    """The stop list; it is the same for everybody who may see it."""
    rows = Suppression.objects.filter(deleted_at__isnull=True)
    return rows if actor.may("consent.view") else rows.none()


def search_suppressions(rows: QuerySet[Suppression], text: str) -> QuerySet[Suppression]:
    """Narrow the stop list to a part of an address, or to a whole one that was erased."""
    found = Q(address__icontains=text.strip()) | Q(key=address_key(text))
    return rows.filter(found) if text.strip() else rows.none()


def stop_label(stop: StopReason) -> str:
    """Why an address stands on the stop list, in words."""
    return str(STOP_LABELS[stop])


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
    keys: dict[str, list[str]] = {}
    for address in addresses:
        keys.setdefault(address_key(address), []).append(address)
    found: dict[str, frozenset[StopReason]] = {}
    for key, reason in _stops(keys=list(keys)):
        for address in keys[key]:
            found[address] = found.get(address, frozenset()) | {StopReason(reason)}
    return found


@compiled
def _stops(*, keys: Sequence[str]) -> QuerySet[Suppression, tuple[str, str]]:
    rows = Suppression.objects.filter(key__one_of=keys, deleted_at__isnull=True)
    return rows.values_list("key", "reason")


def hold_address(address: str) -> None:
    """Wait for messages to this address that are being decided; hold it until the end."""
    _hold([address], shared=False)


def _hold(addresses: Collection[str], *, shared: bool) -> None:
    # Always in the same order, so that two who hold several never wait for each other.
    keys = sorted({address_key(address) for address in addresses})
    with connection.cursor() as cursor:
        cursor.execute(_HOLD_SHARED if shared else _HOLD, [ADDRESS_LOCK, keys])


_HOLD = """
    SELECT pg_advisory_xact_lock(%s, n) FROM
        (SELECT DISTINCT hashtext(k) AS n FROM unnest(%s::text[]) AS k ORDER BY n) AS held
"""
_HOLD_SHARED = _HOLD.replace("xact_lock", "xact_lock_shared")


# --- links for the person alone -------------------------------------------------------------------

CONFIRM_WITHIN = dt.timedelta(days=14)
_CONFIRM = "tandem.consent.confirm"
_PREFER = "tandem.consent.prefer"


@dataclass(frozen=True, slots=True)
class MailLink:
    """What a link in a mail says: whose it is, to which mailbox it went, and about what.

    ``topics`` are (channel, topic, purpose); ``key`` is the beginning of the address's keyed hash.
    """

    person: UUID
    key: str
    topics: tuple[tuple[str, str, str], ...]


def confirmation_url(person: UUID, address: str, topics: Sequence[tuple[str, str, str]]) -> str:
    """Where the person confirms what they asked for; good for two weeks."""
    return f"{settings.PUBLIC_URL}/c/{_token(_CONFIRM, person, address, topics)}"


def unsubscribe_url(person: UUID, topic: str, address: str, *, channel: str = "email") -> str:
    """Where the person says what they want to hear, and stops this topic with one click."""
    topics = [(channel, topic, "marketing")] if topic else []
    return f"{settings.PUBLIC_URL}/u/{_token(_PREFER, person, address, topics)}"


def unsubscribe_path(link: MailLink) -> str:
    """The preferences of the same person and mailbox, as a path."""
    said = [link.person.hex, link.key, []]
    return f"/u/{signing.dumps(said, salt=_PREFER, compress=True)}"


def read_confirmation(token: str) -> MailLink:
    """What a link to confirm says. Raises LinkInvalid, LinkExpired."""
    return _read(_CONFIRM, token, max_age=CONFIRM_WITHIN)


def read_preferences(token: str) -> MailLink:
    """What a link to the preferences says; it never expires. Raises LinkInvalid."""
    return _read(_PREFER, token, max_age=None)


def address_of(link: MailLink) -> str:
    """The mailbox that a link went to, while it is still the person's; else empty. One query."""
    mails = PersonEmail.objects.filter(person__public_id=link.person, deleted_at__isnull=True)
    for address in mails.values_list("normalized", flat=True):
        if hmac.compare_digest(address_key(address)[:KEY_LENGTH], link.key):
            return address
    return ""


@dataclass(frozen=True, slots=True)
class Preference:
    """One thing that a person may hear from us or not."""

    channel: str
    topic: str
    purpose: str
    state: State | None
    wording: str

    @property
    def value(self) -> str:
        """The name of the choice on the page."""
        return f"{self.channel}:{self.topic}:{self.purpose}"


def preferences_of(link: MailLink) -> list[Preference]:
    """All that the person of a link was ever asked about marketing, and what the link is about."""
    rows = ConsentState.objects.filter(
        person__public_id=link.person, purpose="marketing", deleted_at__isnull=True
    ).select_related("event__wording")
    found = {
        (row.channel, row.topic, row.purpose): Preference(
            row.channel, row.topic, row.purpose, State(row.state), row.event.wording.text
        )
        for row in rows
    }
    for topic in link.topics:
        found.setdefault(topic, Preference(*topic, None, ""))
    return [found[key] for key in sorted(found)]


def _token(salt: str, person: UUID, address: str, topics: Sequence[tuple[str, str, str]]) -> str:
    said = [person.hex, address_key(address)[:KEY_LENGTH], [list(topic) for topic in topics]]
    return signing.dumps(said, salt=salt, compress=True)


def _read(salt: str, token: str, *, max_age: dt.timedelta | None) -> MailLink:
    try:
        person, key, topics = signing.loads(token, salt=salt, max_age=max_age)
        return MailLink(UUID(person), str(key), tuple((a, b, c) for a, b, c in topics))
    except signing.SignatureExpired as error:
        raise LinkExpired() from error
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise LinkInvalid() from error


# --- is all as it was written? --------------------------------------------------------------------


def said_of(event: ConsentEvent, person: str, evidence: ConsentEvidence) -> dict[str, Any]:
    """What the digest of an event is of."""
    return saying(
        person=person,
        channel=event.channel,
        topic=event.topic,
        purpose=event.purpose,
        basis=event.basis,
        state=event.state,
        at=moment_of(event.at),
        wording=event.wording.digest,
        source=evidence.source,
        ip=str(evidence.ip) if evidence.ip else None,
        user_agent=evidence.user_agent,
        url=evidence.url,
        reference=evidence.reference,
        note=evidence.note,
    )


def saying(*, ip: str | None, **texts: str) -> dict[str, Any]:
    """All of what was said, as plain values; see ``said_of`` for what ``texts`` there are.

    ``at`` is as ``moment_of`` writes it.
    """
    return {**texts, "ip": ip or ""}


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


def moment_of(at: dt.datetime) -> str:
    """A moment as digests are made of it."""
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")


def pending_of(states: Sequence[ConsentState]) -> list[ConsentState]:
    """Those of them that wait for their confirmation."""
    return [row for row in states if row.state == State.PENDING]
