"""What a file says of consent, kept in the ledger: many people at once, each word with its proof.

An import never revives: who has withdrawn, refused, or stands on the stop list is not granted
anything by a file. A no is always kept.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from ipaddress import ip_address
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tandem.consent import queries
from tandem.consent.actions.ledger import SALT_BYTES, keep_wording
from tandem.consent.facts import AddressesSuppressed, ConsentChanged
from tandem.consent.models import ConsentState, Suppression, Wording
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
from tandem.kernel.ids import new_public_id, new_public_ids
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
    public_id: str
    address: str
    said: str
    at: str | None  # in UTC, as evidence writes it; None where it is not told, or not yet
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
    at: str
    wording_id: int
    salt: bytes
    source: str
    ip: str | None
    reference: str
    note: str
    digest: str


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
    events = _begin_events(
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


def _keep(actor: Actor, begun: Future[Sequence[_Event]], stops: Sequence[_Row]) -> None:
    """Write it. Whoever says something at the same moment waits from here until the import ends:
    what others have said of a person since it was weighed stands."""
    events = begun.result()
    _lock_chains(events)
    since = _said_since(events)
    _append(actor, [event for event in events if event.row.person_id not in since])
    _suppress(actor, stops)


def _rows() -> list[_Row]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.line, c.person_id, c.public_id::text, c.address, c.said,
                   CASE WHEN c.at <= clock_timestamp() THEN
                       to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') END,
                   c.source, c.wording, c.ip, c.note,
                   s.state, coalesce(v.source = %(reverted)s, false), c.is_known
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


def _begin_events(
    said: Sequence[_Row], *, plain: str, source: str, reference: str
) -> Future[Sequence[_Event]]:
    """What was said, as events with their evidence; a thread makes them while the database works.

    ``plain`` stands for words that a row does not hold; ``reference`` is where the rows are.
    """
    now = timezone.now()
    moment = queries.moment_of(now)
    wordings = {text: keep_wording(text, now) for text in {row.wording or plain for row in said}}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(nextval('consent_consentevent_id_seq')) FROM generate_series(1, %s)",
            [len(said)],
        )
        (ids,) = cursor.fetchone()

    def make() -> Sequence[_Event]:
        return [
            _event(event_id, row, wordings[row.wording or plain], source, reference, moment)
            for event_id, row in zip(ids or (), said, strict=True)
        ]

    aside = ThreadPoolExecutor(1)
    begun = aside.submit(make)
    aside.shutdown(wait=False)
    return begun


def _event(
    event_id: int, row: _Row, wording: Wording, source: str, reference: str, now: str
) -> _Event:
    state, at, ip = _STATES[Said(row.said)], row.at or now, _ip(row.ip)
    source = (f"{source}: {row.source}" if row.source else source)[:60]
    reference, note = f"{reference} {row.line}"[-200:], (row.note or "")[:1000]
    salt = secrets.token_bytes(SALT_BYTES)
    said = queries.saying(
        person=row.public_id,
        channel=Channel.EMAIL,
        topic=TOPIC,
        purpose=Purpose.MARKETING,
        basis=Basis.CONSENT,
        state=state,
        at=at,
        wording=wording.digest,
        source=source,
        ip=ip,
        user_agent="",
        url="",
        reference=reference,
        note=note,
    )
    return _Event(
        row,
        event_id,
        state,
        at,
        wording.pk,
        salt,
        source,
        ip,
        reference,
        note,
        event_digest(salt, said),
    )


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
                *(one.id, public_id, one.row.person_id, one.at, str(one.state), one.wording_id),
                *(*about, made),
                *place,
            )
            for one, public_id, place in zip(
                events, new_public_ids(len(events)), places, strict=True
            )
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
                *(one.id, one.row.person_id, one.row.public_id, one.salt),
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
    """What holds after the events, one of each person; of a new one nothing did before."""
    made = current_change_set().id
    about = (str(Channel.EMAIL), TOPIC, str(Purpose.MARKETING), str(Basis.CONSENT))
    columns = (
        *("public_id", "person_id", "state", "since", "event_id"),
        *("channel", "topic", "purpose", "basis", "created_in_id"),
    )
    rows = [
        ((public_id, one.row.person_id, str(one.state), one.at, one.id, *about, made), one)
        for one, public_id in zip(events, new_public_ids(len(events)), strict=True)
    ]
    copy_in("consent_consentstate", columns, (row for row, one in rows if not one.row.is_known))
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE import_said ON COMMIT DROP AS SELECT public_id, person_id, state,"
            " since, event_id, channel, topic, purpose, basis, created_in_id"
            " FROM consent_consentstate LIMIT 0"
        )
        copy_in("import_said", columns, (row for row, one in rows if one.row.is_known))
        cursor.execute(
            """
            INSERT INTO consent_consentstate (public_id, person_id, state, since, event_id,
                channel, topic, purpose, basis, created_in_id)
            SELECT * FROM import_said
            ON CONFLICT (person_id, channel, topic, purpose) DO UPDATE SET
                state = excluded.state, basis = excluded.basis, since = excluded.since,
                event_id = excluded.event_id, deleted_at = NULL, updated_at = now(),
                row_version = consent_consentstate.row_version + 1
            """
        )
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
            public_id=str(row.person.public_id),
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
    begun = _begin_events(rows, plain="", source=REVERTED, reference=f"change set {change_set_id}")
    events = begun.result()
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
