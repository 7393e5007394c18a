"""What a file says of consent, kept in the ledger: many people at once, each word with its proof.

An import never revives: who has withdrawn, refused, or stands on the stop list is not granted
anything by a file. A no is always kept.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from ipaddress import ip_address
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tandem.consent import queries
from tandem.consent.actions.ledger import SALT_BYTES, keep_wording
from tandem.consent.facts import AddressesSuppressed, ConsentChanged
from tandem.consent.models import ConsentState, Suppression
from tandem.consent.rules import (
    CHAINS,
    Basis,
    Channel,
    Purpose,
    State,
    StopReason,
    event_digest,
    link_digest,
)
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.copying import copy_in
from tandem.kernel.facts import publish
from tandem.kernel.ids import new_public_id
from tandem.kernel.refs import RecordRef
from tandem.people.rules import Said
from tandem.people.slots import EVIDENCE_KEEPERS, Weighed
from tandem.records.slots import Notice, Staged, tell_story

TOPIC = "news"
SOURCE = "import"
REVERTED = "import taken back"
_STATES = {
    Said.GRANTED: State.GRANTED,
    Said.PENDING: State.PENDING,
    Said.WITHDRAWN: State.WITHDRAWN,
}
_STOPS = {Said.WITHDRAWN: StopReason.UNSUBSCRIBED, Said.BOUNCED: StopReason.BOUNCED}


class _Row(NamedTuple):
    """What one row says, and what holds of its person until now."""

    line: int
    person_id: int
    public_id: UUID
    address: str
    said: str
    at: datetime | None
    source: str | None
    wording: str | None
    ip: str | None
    note: str | None
    state: str | None
    was_taken_back: bool
    is_known: bool


class _Event(NamedTuple):
    """One word of one person with its proof, all but its place in a chain."""

    row: _Row
    id: int
    state: State
    at: datetime
    wording_id: int
    salt: bytes
    source: str
    ip: str | None
    reference: str
    note: str
    digest: str = ""


@action(permission="consent.record")
def weigh_imported(actor: Actor, staged: Staged) -> Weighed:
    """What of ``import_consent`` is to be kept (people.slots.EvidenceKeeper).

    Said is said once: what holds already is not written again.
    """
    rows = _rows()
    stopped = _stopped(rows)
    held_back = [row for row in rows if _is_revival(row, stopped)]
    left = {row.line for row in held_back}
    said = [row for row in rows if row.line not in left and _is_news(row)]
    events = _events(
        said,
        plain=_("Imported from %(file)s, which does not hold the words.") % {"file": staged.file},
        source=SOURCE,
        reference=staged.file,
    )
    stops = [row for row in rows if row.address and row.said in _STOPS]
    if stops:
        actor.require("consent.suppress")
    notices = []
    if held_back:
        text = ngettext(
            "person had said no or stands on the stop list: their consent is not revived.",
            "people had said no or stand on the stop list: their consent is not revived.",
            len(held_back),
        )
        rows_named = tuple(_("row %(row)d") % {"row": row.line} for row in held_back[:3])
        notices.append(Notice("consent_not_revived", len(held_back), text, rows_named))
    wordless = sum(row.said == Said.GRANTED and not row.wording for row in said)
    if wordless:
        text = ngettext(
            "person agreed by this file, which does not hold the words that were agreed to.",
            "people agreed by this file, which does not hold the words that were agreed to.",
            wordless,
        )
        notices.append(Notice("consent_without_wording", wordless, text))
    persons = sorted({row.person_id for row in said})
    return Weighed(persons, notices, partial(_keep, actor, events, stops))


def _keep(actor: Actor, events: Sequence[_Event], stops: Sequence[_Row]) -> None:
    """Write it. Whoever says something at the same moment waits from here until the import ends:
    what others have said of a person since it was weighed stands."""
    _lock_chains(events)
    since = _said_since(events)
    _append(actor, [event for event in events if event.row.person_id not in since])
    _suppress(actor, stops)


def _rows() -> list[_Row]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.line, c.person_id, c.public_id, c.address, c.said, c.at, c.source, c.wording,
                   c.ip, c.note, s.state, coalesce(v.source = %(reverted)s, false), c.is_known
            FROM import_consent c
            LEFT JOIN consent_consentstate s ON s.person_id = c.person_id AND s.deleted_at IS NULL
                AND s.channel = %(channel)s AND s.topic = %(topic)s AND s.purpose = %(purpose)s
            LEFT JOIN consent_consentevidence v ON v.event_id = s.event_id
            ORDER BY c.line
            """,
            {
                "reverted": REVERTED,
                "channel": str(Channel.EMAIL),
                "topic": TOPIC,
                "purpose": str(Purpose.MARKETING),
            },
        )
        return [_Row._make(row) for row in cursor.fetchall()]


def _is_news(row: _Row) -> bool:
    """Whether it says something that does not hold already."""
    if row.said == Said.BOUNCED or row.said == row.state:
        return False
    return row.said != Said.PENDING or row.state is None


def _is_revival(row: _Row, stopped: set[str]) -> bool:
    if row.said not in (Said.GRANTED, Said.PENDING) or row.state == State.GRANTED:
        return False
    said_no = row.state in (State.WITHDRAWN, State.DENIED) and not row.was_taken_back
    return said_no or row.address in stopped


def _stopped(rows: Iterable[_Row]) -> set[str]:
    """Which of the addresses stand on the stop list, for whatever reason."""
    stops = Suppression.objects.filter(deleted_at__isnull=True)
    if not stops.exists():
        return set()
    keys = {queries.address_key(row.address): row.address for row in rows if row.address}
    return {keys[key] for key in stops.filter(key__in=list(keys)).values_list("key", flat=True)}


def _lock_chains(events: Iterable[_Event]) -> None:
    with connection.cursor() as cursor:
        for chain in sorted({_chain(event) for event in events}):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [queries.CHAIN_LOCK, chain])


def _chain(event: _Event) -> int:
    return event.row.person_id % CHAINS


def _said_since(events: Iterable[_Event]) -> set[int]:
    """Persons who were here and of whom something else holds by now."""
    before = {event.row.person_id: event.row.state for event in events if event.row.is_known}
    if not before:
        return set()
    states = ConsentState.objects.filter(
        person_id__in=list(before),
        channel=str(Channel.EMAIL),
        topic=TOPIC,
        purpose=str(Purpose.MARKETING),
        deleted_at__isnull=True,
    )
    now = dict(states.values_list("person_id", "state"))
    return {person for person, state in before.items() if now.get(person) != state}


# --- written --------------------------------------------------------------------------------------


def _events(said: Sequence[_Row], *, plain: str, source: str, reference: str) -> Sequence[_Event]:
    """What was said, as events with their evidence.

    ``plain`` stands for words that a row does not hold; ``reference`` is where the rows are.
    """
    now = timezone.now()
    wordings = {text: keep_wording(text, now) for text in {row.wording or plain for row in said}}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval('consent_consentevent_id_seq') FROM generate_series(1, %s)", [len(said)]
        )
        ids = [row[0] for row in cursor.fetchall()]
    events: list[_Event] = []
    for event_id, row in zip(ids, said, strict=True):
        wording = wordings[row.wording or plain]
        state, at = _STATES[Said(row.said)], min(row.at or now, now)
        salt = secrets.token_bytes(SALT_BYTES)
        event = _Event(
            row=row,
            id=event_id,
            state=state,
            at=at,
            wording_id=wording.pk,
            salt=salt,
            source=(f"{source}: {row.source}" if row.source else source)[:60],
            ip=_ip(row.ip),
            reference=f"{reference} {row.line}"[-200:],
            note=(row.note or "")[:1000],
        )
        said_by_them = queries.saying(
            person=str(row.public_id),
            channel=Channel.EMAIL,
            topic=TOPIC,
            purpose=Purpose.MARKETING,
            basis=Basis.CONSENT,
            state=state,
            at=at,
            wording=wording.digest,
            source=event.source,
            ip=event.ip,
            user_agent="",
            url="",
            reference=event.reference,
            note=event.note,
        )
        events.append(event._replace(digest=event_digest(salt, said_by_them)))
    return events


def _ip(text: str | None) -> str | None:
    try:
        return str(ip_address(text)) if text else None
    except ValueError:
        return None


def _append(actor: Actor, events: Sequence[_Event]) -> None:
    """Write events at the ends of their chains, their evidence, and what holds from now on."""
    if not events:
        return
    made, places = current_change_set().id, list(_linked(events))
    about = (str(Channel.EMAIL), TOPIC, str(Purpose.MARKETING), str(Basis.CONSENT))
    copy_in(
        "consent_consentevent",
        (
            *("id", "public_id", "person_id", "at", "state", "wording_id"),
            *("channel", "topic", "purpose", "basis", "created_in_id"),
            *("chain", "position", "digest", "previous", "link"),
        ),
        (
            (
                *(one.id, new_public_id(), one.row.person_id, one.at, one.state, one.wording_id),
                *(*about, made),
                *place,
            )
            for one, place in zip(events, places, strict=True)
        ),
    )
    copy_in(
        "consent_consentevidence",
        (
            *("event_id", "person_id", "said_by", "salt"),
            *("source", "ip", "reference", "note", "user_agent", "url", "created_in_id"),
        ),
        (
            (
                *(one.id, one.row.person_id, one.row.public_id, f"\\x{one.salt.hex()}"),
                *(one.source, one.ip, one.reference, one.note, "", "", made),
            )
            for one in events
        ),
    )
    _keep_states(events)
    _tell(actor, events)


def _linked(events: Sequence[_Event]) -> Iterator[tuple[int, int, str, str, str]]:
    """Chain, position, digest, previous and link of each, after what stands there already."""
    chains = sorted({_chain(event) for event in events})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.chain, e.position, e.link FROM unnest(%s::int[]) AS c (chain)"
            " CROSS JOIN LATERAL (SELECT position, link FROM consent_consentevent"
            "  WHERE chain = c.chain ORDER BY position DESC LIMIT 1) e",
            [chains],
        )
        ends = {chain: (position, link) for chain, position, link in cursor.fetchall()}
    for event in events:
        chain = _chain(event)
        position, previous = ends.get(chain, (0, ""))
        link = link_digest(previous, event.digest)
        ends[chain] = (position + 1, link)
        yield chain, position + 1, event.digest, previous, link


def _keep_states(events: Sequence[_Event]) -> None:
    """What holds after the events, one of each person."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE import_said (person_id bigint, public_id uuid, state text,"
            " at timestamptz, event_id bigint) ON COMMIT DROP"
        )
        copy_in(
            "import_said",
            ("person_id", "public_id", "state", "at", "event_id"),
            ((one.row.person_id, new_public_id(), one.state, one.at, one.id) for one in events),
        )
        cursor.execute(
            """
            INSERT INTO consent_consentstate (public_id, person_id, channel, topic, purpose, basis,
                state, since, event_id, created_in_id)
            SELECT public_id, person_id, %s, %s, %s, %s, state, at, event_id, %s FROM import_said
            ON CONFLICT (person_id, channel, topic, purpose) DO UPDATE SET
                state = excluded.state, basis = excluded.basis, since = excluded.since,
                event_id = excluded.event_id, deleted_at = NULL, updated_at = now(),
                row_version = consent_consentstate.row_version + 1
            """,
            [
                str(Channel.EMAIL), TOPIC, str(Purpose.MARKETING), str(Basis.CONSENT),
                current_change_set().id,
            ],
        )  # fmt: skip
        cursor.execute("DROP TABLE import_said")


def _tell(actor: Actor, events: Sequence[_Event]) -> None:
    groups: dict[tuple[str, int], list[RecordRef]] = {}
    for event in events:
        ref = RecordRef("person", event.row.person_id)
        groups.setdefault((str(event.state), event.wording_id), []).append(ref)
    for (state, wording), refs in groups.items():
        payload: Mapping[str, Any] = {
            "entries": [[str(Channel.EMAIL), TOPIC, str(Purpose.MARKETING)]],
            "basis": str(Basis.CONSENT),
            "wording": wording,
        }
        tell_story(actor, refs, kind=f"consent.{state}", payload=payload)
    ids = tuple(sorted({event.row.person_id for event in events}))
    publish(ConsentChanged(current_change_set().id, ids))


def _suppress(actor: Actor, rows: Sequence[_Row]) -> None:
    """Addresses whose owners left, or that are not there, onto the stop list; never off it."""
    stops = [
        (
            new_public_id(),
            queries.address_key(row.address),
            row.address,
            str(_STOPS[Said(row.said)]),
        )
        for row in rows
    ]
    if not stops:
        return
    columns = list(zip(*stops, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO consent_suppression (public_id, key, address, reason, note, created_in_id)
            SELECT DISTINCT ON (key, reason) *, 'import', tandem_change_set()
            FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[])
                AS s (public_id, key, address, reason)
            ON CONFLICT (key, reason) WHERE deleted_at IS NULL DO NOTHING RETURNING id
            """,
            [list(column) for column in columns],
        )
        found = tuple(row[0] for row in cursor.fetchall())
    if found:
        publish(AddressesSuppressed(current_change_set().id, found))


# --- taken back -----------------------------------------------------------------------------------


@action(permission="consent.record")
def take_back_imported(actor: Actor, change_set_id: int) -> None:
    """Withdraw what an import granted to persons who stay, and lift the stops that it set.

    What was said stays in the ledger; a later import may grant it again.
    """
    states = ConsentState.objects.filter(
        event__created_in_id=change_set_id,
        state__in=[str(State.GRANTED), str(State.PENDING)],
        person__deleted_at__isnull=True,
        deleted_at__isnull=True,
    ).select_related("person", "event__wording")
    rows = [
        _Row(
            line=at,
            person_id=row.person_id,
            public_id=row.person.public_id,
            address="",
            said=str(Said.WITHDRAWN),
            at=None,
            source=None,
            wording=row.event.wording.text,
            ip=None,
            note=None,
            state=row.state,
            was_taken_back=False,
            is_known=True,
        )
        for at, row in enumerate(states.order_by("pk"), start=1)
    ]
    events = _events(rows, plain="", source=REVERTED, reference=f"change set {change_set_id}")
    _lock_chains(events)
    _append(actor, events)
    Suppression.objects.filter(created_in_id=change_set_id, deleted_at__isnull=True).update(
        deleted_at=timezone.now()
    )


class ImportedEvidence:
    """The keeper that the importers below reach through their slot."""

    def weigh(self, actor: Actor, staged: Staged) -> Weighed:
        return weigh_imported(actor, staged)

    def take_back(self, actor: Actor, change_set_id: int) -> None:
        take_back_imported(actor, change_set_id)


EVIDENCE_KEEPERS.register("consent", ImportedEvidence())
