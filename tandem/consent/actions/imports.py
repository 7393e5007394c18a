"""What a file says of consent, kept in the ledger: many people at once, each word with its proof.

An import never revives: who has withdrawn, refused, or stands on the stop list is not granted
anything by a file. A no is always kept.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tandem.consent import queries
from tandem.consent.actions.ledger import SALT_BYTES, keep_wording
from tandem.consent.facts import AddressesSuppressed, ConsentChanged
from tandem.consent.models import ConsentEvent, ConsentEvidence, ConsentState, Suppression
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
from tandem.kernel.facts import publish
from tandem.kernel.ids import new_public_id
from tandem.kernel.refs import RecordRef
from tandem.people.rules import Said
from tandem.people.slots import EVIDENCE_KEEPERS
from tandem.records.slots import Notice, Staged, tell_story

ENOUGH_TO_COUNT = 1000  # new rows, after which the planner looks at the tables again
TOPIC = "news"
SOURCE = "import"
REVERTED = "import taken back"
_STATES = {
    Said.GRANTED: State.GRANTED,
    Said.PENDING: State.PENDING,
    Said.WITHDRAWN: State.WITHDRAWN,
}
_STOPS = {Said.WITHDRAWN: StopReason.UNSUBSCRIBED, Said.BOUNCED: StopReason.BOUNCED}


@dataclass(frozen=True, slots=True)
class _Row:
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


@action(permission="consent.record")
def keep_imported(actor: Actor, staged: Staged) -> tuple[Sequence[int], Sequence[Notice]]:
    """Keep what ``import_consent`` says (people.slots.EvidenceKeeper).

    Said is said once: what holds already is not written again. Whoever else says something at the
    same moment waits until the import ends.
    """
    rows = _rows()
    stopped = _stopped(rows)
    held_back = [row for row in rows if _is_revival(row, stopped)]
    left = {row.line for row in held_back}
    said = [row for row in rows if row.line not in left and _is_news(row)]
    _lock_chains({row.person_id % CHAINS for row in said})
    _append(
        actor,
        said,
        plain=_("Imported from %(file)s, which does not hold the words.") % {"file": staged.file},
        source=SOURCE,
        reference=staged.file,
    )
    _suppress(actor, rows)
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
    return sorted({row.person_id for row in said}), notices


def _rows() -> list[_Row]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.line, c.person_id, c.public_id, c.address, c.said, c.at, c.source, c.wording,
                   c.ip, c.note, s.state, coalesce(v.source = %(reverted)s, false)
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
        return [_Row(*row) for row in cursor.fetchall()]


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


def _lock_chains(chains: Iterable[int]) -> None:
    with connection.cursor() as cursor:
        for chain in sorted(chains):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [queries.CHAIN_LOCK, chain])


# --- written --------------------------------------------------------------------------------------


def _append(actor: Actor, said: Sequence[_Row], *, plain: str, source: str, reference: str) -> None:
    """Events at the ends of their chains, their evidence, and what holds from now on.

    ``plain`` stands for words that a row does not hold; ``reference`` is where the rows are.
    """
    if not said:
        return
    now = timezone.now()
    wordings = {text: keep_wording(text, now) for text in {row.wording or plain for row in said}}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval('consent_consentevent_id_seq') FROM generate_series(1, %s)", [len(said)]
        )
        ids = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            "SELECT DISTINCT ON (chain) chain, position, link FROM consent_consentevent"
            " ORDER BY chain, position DESC"
        )
        ends = {chain: (position, link) for chain, position, link in cursor.fetchall()}
    written = []
    for event_id, row in zip(ids, said, strict=True):
        event = ConsentEvent(
            id=event_id,
            public_id=new_public_id(),
            person_id=row.person_id,
            channel=str(Channel.EMAIL),
            topic=TOPIC,
            purpose=str(Purpose.MARKETING),
            basis=str(Basis.CONSENT),
            state=str(_STATES[Said(row.said)]),
            at=min(row.at or now, now),
            wording=wordings[row.wording or plain],
            chain=row.person_id % CHAINS,
        )
        proof = _proof(row, source=source, reference=reference)
        position, previous = ends.get(event.chain, (0, ""))
        event.position, event.previous = position + 1, previous
        said_digest = queries.said_of(event, proof.said_by, proof)
        event.digest = event_digest(bytes(proof.salt), said_digest)
        event.link = link_digest(previous, event.digest)
        ends[event.chain] = (event.position, event.link)
        written.append((event, proof))
    _copy(written)
    _keep_states([event for event, _proof in written])
    _tell(actor, said, [event for event, _proof in written])


def _proof(row: _Row, *, source: str, reference: str) -> ConsentEvidence:
    return ConsentEvidence(
        salt=secrets.token_bytes(SALT_BYTES),
        person_id=row.person_id,
        said_by=str(row.public_id),
        source=(f"{source}: {row.source}" if row.source else source)[:60],
        ip=_ip(row.ip),
        user_agent="",
        url="",
        reference=f"{reference} {row.line}"[-200:],
        note=(row.note or "")[:1000],
    )


def _ip(text: str | None) -> str | None:
    try:
        return str(ip_address(text)) if text else None
    except ValueError:
        return None


def _copy(written: Sequence[tuple[ConsentEvent, ConsentEvidence]]) -> None:
    with connection.cursor() as cursor:
        with cursor.copy(
            "COPY consent_consentevent (id, public_id, person_id, channel, topic, purpose, basis,"
            " state, at, wording_id, chain, position, digest, previous, link) FROM STDIN"
        ) as copy:
            for event, _proof in written:
                copy.write_row(
                    (
                        event.pk,
                        event.public_id,
                        event.person_id,
                        event.channel,
                        event.topic,
                        event.purpose,
                        event.basis,
                        event.state,
                        event.at,
                        event.wording_id,
                        event.chain,
                        event.position,
                        event.digest,
                        event.previous,
                        event.link,
                    )
                )
        with cursor.copy(
            "COPY consent_consentevidence (event_id, person_id, salt, said_by, source, ip,"
            " user_agent, url, reference, note) FROM STDIN"
        ) as copy:
            for event, proof in written:
                copy.write_row(
                    (
                        event.pk,
                        proof.person_id,
                        proof.salt,
                        proof.said_by,
                        proof.source,
                        proof.ip,
                        proof.user_agent,
                        proof.url,
                        proof.reference,
                        proof.note,
                    )
                )


def _keep_states(events: Sequence[ConsentEvent]) -> None:
    """What holds after the events, one of each person."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE import_said (person_id bigint, public_id uuid, event_id bigint)"
            " ON COMMIT DROP"
        )
        with cursor.copy("COPY import_said FROM STDIN") as copy:
            for event in events:
                copy.write_row((event.person_id, new_public_id(), event.pk))
        cursor.execute(
            """
            INSERT INTO consent_consentstate (public_id, person_id, channel, topic, purpose, basis,
                state, since, event_id, created_in_id)
            SELECT i.public_id, i.person_id, e.channel, e.topic, e.purpose, e.basis, e.state, e.at,
                   e.id, tandem_change_set()
            FROM import_said i JOIN consent_consentevent e ON e.id = i.event_id
            ON CONFLICT (person_id, channel, topic, purpose) DO UPDATE SET
                state = excluded.state, basis = excluded.basis, since = excluded.since,
                event_id = excluded.event_id, deleted_at = NULL, updated_at = now(),
                row_version = consent_consentstate.row_version + 1
            """
        )
        cursor.execute("DROP TABLE import_said")
        if len(events) >= ENOUGH_TO_COUNT:
            for name in ("consentstate", "consentevent", "consentevidence"):
                cursor.execute(f"ANALYZE consent_{name}")


def _tell(actor: Actor, said: Sequence[_Row], events: Sequence[ConsentEvent]) -> None:
    groups: dict[tuple[str, int], list[RecordRef]] = {}
    for row, event in zip(said, events, strict=True):
        ref = RecordRef("person", row.person_id)
        groups.setdefault((event.state, event.wording_id), []).append(ref)
    for (state, wording), refs in groups.items():
        payload: Mapping[str, Any] = {
            "entries": [[str(Channel.EMAIL), TOPIC, str(Purpose.MARKETING)]],
            "basis": str(Basis.CONSENT),
            "wording": wording,
        }
        tell_story(actor, refs, kind=f"consent.{state}", payload=payload)
    ids = tuple(sorted({row.person_id for row in said}))
    publish(ConsentChanged(current_change_set().id, ids))


def _suppress(actor: Actor, rows: Iterable[_Row]) -> None:
    """Addresses whose owners left, or that are not there, onto the stop list; never off it."""
    stops = [
        (
            new_public_id(),
            queries.address_key(row.address),
            row.address,
            str(_STOPS[Said(row.said)]),
        )
        for row in rows
        if row.address and row.said in _STOPS
    ]
    if not stops:
        return
    actor.require("consent.suppress")
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
        )
        for at, row in enumerate(states.order_by("pk"), start=1)
    ]
    _lock_chains({row.person_id % CHAINS for row in rows})
    _append(actor, rows, plain="", source=REVERTED, reference=f"change set {change_set_id}")
    Suppression.objects.filter(created_in_id=change_set_id, deleted_at__isnull=True).update(
        deleted_at=timezone.now()
    )


class ImportedEvidence:
    """The keeper that the importers below reach through their slot."""

    def keep(self, actor: Actor, staged: Staged) -> tuple[Sequence[int], Sequence[Notice]]:
        return keep_imported(actor, staged)

    def take_back(self, actor: Actor, change_set_id: int) -> None:
        take_back_imported(actor, change_set_id)


EVIDENCE_KEEPERS.register("consent", ImportedEvidence())
