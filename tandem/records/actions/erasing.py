"""A record is erased for good: what hangs on it, what was kept of it, what names it elsewhere.

All of it is one transaction; files go after it, from a list that the transaction wrote, and the
tombstone goes into a ledger outside of the database, so that a restored copy erases it again.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pgtrigger
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, Model, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg import sql

from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.facts import publish
from tandem.kernel.history import trackings
from tandem.kernel.jobs import enqueue
from tandem.kernel.locks import FILES_LOCK
from tandem.kernel.models import ChangeSet, RecordChange, Tracked
from tandem.kernel.progress import announce
from tandem.records import queries
from tandem.records.actions.exports import export_folder
from tandem.records.actions.files import hold_contents, remove_content, unused_contents
from tandem.records.actions.sweeping import Patterns, sweep
from tandem.records.errors import ErasureOpen, ErasureUnconfirmed, ReasonMissing
from tandem.records.facts import RecordErased
from tandem.records.models import (
    Erasure,
    ErasureBasis,
    ErasureState,
    ExportRun,
    ImportRun,
    ImportState,
    MergedRow,
    StoredFile,
)
from tandem.records.queries.erasing import (
    Reach,
    column_of,
    erasable,
    kinds_of,
    open_erasure,
    reach_of,
    table_of,
    tombstones_in,
    tracked_pointers,
)
from tandem.records.rules.erasing import seal
from tandem.records.slots import ERASERS, OBJECT_TYPES, ObjectType, object_type

_Model = type[Model]
STEPS = 2
CERTIFICATE_VERSION = 1


# --- asking and refusing --------------------------------------------------------------------------


@action(permission="records.erase", is_final=True)
def ask_erasure(
    actor: Actor, kind: ObjectType, public_id: UUID, *, typed: str, basis: ErasureBasis
) -> Erasure:
    """Have a worker erase a record for good; ``typed`` is its name, typed to confirm.

    Raises NotErasable, Missing, ErasureUnconfirmed, ErasureOpen.
    """
    record = _to_be_erased(actor, kind, public_id)
    if typed.split() != kind.name_of(record).split():
        raise ErasureUnconfirmed(field="typed")
    progress = announce(
        actor, kind="records.erase", label=_("Erasing for good"), unit=_("steps"), total=STEPS
    )
    found = Erasure.objects.create(
        kind=kind.kind,
        record_id=record.pk,
        basis=basis,
        user_id=actor.user_id,
        actor_label=actor.label[:200],
        progress=progress.public_id,
    )
    enqueue("records.erase", erasure_id=found.pk)
    found.refresh_from_db()
    return found


@action(permission="records.erase", is_final=True)
def refuse_erasure(actor: Actor, kind: ObjectType, public_id: UUID, *, reason: str) -> Erasure:
    """Write down why a record may not be erased (a claim, a duty to keep); it holds until it is
    withdrawn. Raises NotErasable, Missing, ReasonMissing, ErasureOpen."""
    record = _to_be_erased(actor, kind, public_id)
    if not reason.strip():
        raise ReasonMissing(field="reason")
    found = Erasure.objects.create(
        kind=kind.kind,
        record_id=record.pk,
        state=ErasureState.REFUSED,
        refusal=reason.strip()[:400],
        user_id=actor.user_id,
        actor_label=actor.label[:200],
    )
    found.refresh_from_db()
    return found


@action(permission="records.erase", is_final=True)
def withdraw_refusal(actor: Actor, public_id: UUID) -> None:
    """Say that what stood against an erasure does not any more. Raises Missing."""
    refused = Erasure.objects.filter(public_id=public_id, state=ErasureState.REFUSED)
    if not refused.update(state=ErasureState.WITHDRAWN):
        raise Missing()


@action(permission="records.erase", is_final=True)
def note_failed(actor: Actor, erasure: Erasure) -> None:
    """Say that an erasure came to nothing; it can be asked for again."""
    waiting = Erasure.objects.filter(pk=erasure.pk, state=ErasureState.WAITING)
    waiting.update(state=ErasureState.FAILED)


def _to_be_erased(actor: Actor, kind: ObjectType, public_id: UUID) -> Any:
    erasable(kind)
    actor.require(kind.permissions.view)
    actor.require(kind.permissions.delete)
    record = queries.visible_record(kind, actor, public_id)
    kind.model._base_manager.select_for_update().get(pk=record.pk)
    if open_erasure(kind.kind, record.pk) is not None:
        raise ErasureOpen()
    return record


# --- erasing --------------------------------------------------------------------------------------


@action(permission="records.erase", is_final=True)
def erase(actor: Actor, erasure: Erasure) -> Erasure:
    """Carry out what was asked for: all or nothing, and for good.

    What is done already is answered as it is. Raises Refused, Missing when the record is gone.
    """
    waiting = Erasure.objects.select_for_update().get(pk=erasure.pk)
    if waiting.state == ErasureState.DONE:
        return waiting
    if waiting.state != ErasureState.WAITING or waiting.record_id is None:
        raise Missing()
    kind = object_type(waiting.kind)
    return _erase(actor, kind, waiting, waiting.record_id)


@action(permission="records.erase", is_final=True)
def erase_again(actor: Actor, *, kind: ObjectType, told: Mapping[str, Any]) -> bool:
    """Erase what a tombstone names and a restored copy brought back; whether there was any.

    Those who were one when they were erased may be several in the copy: each is. The tombstone is
    kept in the copy, too, with the certificate of the first time.
    """
    known = Erasure.objects.select_for_update().filter(public_id=told["id"]).first()
    if known is None:
        known = Erasure.objects.create(
            public_id=told["id"],
            kind=kind.kind,
            state=ErasureState.FAILED,
            basis=told["basis"],
            subjects=told["subjects"],
            keys=told["keys"],
            actor_label=told["by"],
            asked_at=told["at"],
        )
    # Whom others were merged into goes first, and takes them along.
    rows = kind.model._base_manager.filter(public_id__in=told["subjects"])
    order = F("merged_into_id").asc(nulls_first=True) if kind.merging is not None else "pk"
    is_back = False
    while (record_id := rows.order_by(order).values_list("pk", flat=True).first()) is not None:
        known = _erase(actor, kind, known, record_id, keep=told)
        is_back = True
    if not is_back and known.state != ErasureState.DONE:
        _keep_tombstone(known, told)
    return is_back


def erase_restored(actor: Actor, tombstones: Iterable[Mapping[str, Any]]) -> int:
    """Erase again, in a restored copy, whom these tombstones name; how many of them were back.

    Files go with them, and the ledger of this installation knows all that the copy knows. Done
    again it does nothing. Raises Refused.
    """
    back = 0
    for told in tombstones:
        kind = OBJECT_TYPES.get(told["kind"])
        back += kind is not None and erase_again(actor, kind=kind, told=told)
    listed = {told["id"] for told in tombstones_in(Path(settings.ERASURE_LEDGER))}
    for found in Erasure.objects.filter(state=ErasureState.DONE).order_by("pk"):
        if found.settled_at is None:
            settle(found)
        elif str(found.public_id) not in listed:
            write_tombstone(found)
    return back


def _erase(
    actor: Actor,
    kind: ObjectType,
    erasure: Erasure,
    record_id: int,
    *,
    keep: Mapping[str, Any] | None = None,
) -> Erasure:
    how = erasable(kind)
    kind.model._base_manager.select_for_update().filter(pk=record_id).first()
    Erasure.objects.filter(pk=erasure.pk).update(record_id=None)
    _put_triggers_at_rest()
    first = reach_of(kind, record_id)
    traces = how.traces(first.ids)
    subjects = _public_ids(first)
    rows = kind.model._base_manager.filter(pk__in=first.ids)
    names = [str(one) for one in rows.values_list("public_id", flat=True)]
    told = replace(traces, ids=frozenset(str(one) for one in subjects))
    own = [one for prepare in ERASERS if (one := prepare(kind.kind, first.ids, told)) is not None]
    reach = reach_of(kind, record_id)
    files = _files_with(reach)
    files += [name for one in own for name in one.files]
    counts = _write(reach)
    for label, count in (item for one in own for item in one.deleted.items()):
        counts["deleted"][label] = counts["deleted"].get(label, 0) + count
    replaced = sweep(Patterns.of(traces, subjects), mark=f"[erased {erasure.pk}]")
    files += _files_without_row()
    now = timezone.now()
    files += erasure.files if keep is not None else []
    Erasure.objects.filter(pk=erasure.pk).update(
        record_id=None,
        state=ErasureState.DONE,
        settled_at=None,
        subjects=names if keep is None else sorted({*names, *keep["subjects"]}),
        keys=list(how.keys(traces)) if keep is None else keep["keys"],
        files=files,
        done_at=now,
        **_certified(erasure, now, counts, replaced, len(files), keep),
    )
    _wake_triggers()
    publish(RecordErased(current_change_set().id, kind.kind, first.ids))
    return Erasure.objects.get(pk=erasure.pk)


def _certified(
    erasure: Erasure,
    now: datetime,
    counts: Mapping[str, Mapping[str, int]],
    replaced: Mapping[str, int],
    files: int,
    keep: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What was done, in numbers only, and its seal; a second time keeps that of the first."""
    if keep is not None:
        return {"certificate": keep["certificate"], "seal": keep["seal"]}
    certificate = {
        "version": CERTIFICATE_VERSION,
        "id": str(erasure.public_id),
        "kind": erasure.kind,
        "basis": erasure.basis,
        "asked_at": erasure.asked_at.astimezone(UTC).isoformat(),
        "erased_at": now.astimezone(UTC).isoformat(),
        "by": erasure.actor_label,
        "deleted": counts["deleted"],
        "kept": counts["kept"],
        "replaced": replaced,
        "files": files,
    }
    return {"certificate": certificate, "seal": seal(certificate, settings.SECRET_KEY)}


def _keep_tombstone(known: Erasure, told: Mapping[str, Any]) -> None:
    Erasure.objects.filter(pk=known.pk).update(
        record_id=None,
        state=ErasureState.DONE,
        certificate=told["certificate"],
        seal=told["seal"],
        done_at=told["at"],
        settled_at=told["at"],
    )


def _put_triggers_at_rest() -> None:
    """No history of what is erased, and nothing that only may be added to stands in the way."""
    names = ",".join(trigger.get_pgid(model) for model, trigger in pgtrigger.registered())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('tandem.erasing', 'on', true),"
            " set_config('pgtrigger.ignore', %s, true)",
            [f"{{{names}}}"],
        )


def _wake_triggers() -> None:
    # Inside an outer transaction the settings would outlive the action; a rollback takes them back.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('tandem.erasing', '', true),"
            " set_config('pgtrigger.ignore', '{}', true)"
        )


def _public_ids(reach: Reach) -> list[UUID]:
    """The public ids of all rows that go."""
    found: list[UUID] = []
    for model, pks in reach.gone.items():
        if any(field.name == "public_id" for field in model._meta.local_fields):
            rows = model._base_manager.filter(pk__in=pks)
            found += rows.values_list("public_id", flat=True)
    return found


# --- rows -----------------------------------------------------------------------------------------


def _write(reach: Reach) -> dict[str, dict[str, int]]:
    """Empty what stays, delete what goes, and what history and merges kept of either; counts."""
    for model, rows in reach.staying.items():
        _clear(model, rows)
        _clear_copies(model, rows)
    said_in = _change_sets(reach)
    forgotten = sum(_forget_copies(model, pks) for model, pks in reach.gone.items())
    forgotten += _forget_pointers(reach)
    for model, pks in reach.gone.items():
        _run("DELETE FROM {table} WHERE {key} = ANY (%s)", model, [list(pks)])
    _forget_reasons(said_in)
    deleted = {model._meta.label_lower: len(pks) for model, pks in reach.gone.items()}
    if forgotten:
        deleted[RecordChange._meta.label_lower] = forgotten
    return {
        "deleted": deleted,
        "kept": {model._meta.label_lower: len(rows) for model, rows in reach.staying.items()},
    }


def _change_sets(reach: Reach) -> set[int]:
    """The deeds that made or changed what goes."""
    found: set[int] = set()
    for model, pks in reach.gone.items():
        if issubclass(model, Tracked):
            found |= set(
                model._base_manager.filter(pk__in=pks).values_list("created_in", flat=True)
            )
        for one in kinds_of(model):
            changes = RecordChange.objects.filter(root_kind=one.kind, root_id__in=pks)
            found |= set(changes.values_list("change_set_id", flat=True))
    return found


def _forget_reasons(change_sets: set[int]) -> None:
    """The reason that was given for a deed on them alone; what changed others keeps its own."""
    others = RecordChange.objects.filter(change_set=OuterRef("pk"))
    ChangeSet.objects.filter(~Exists(others), pk__in=change_sets).exclude(reason="").update(
        reason=""
    )


def _clear(model: _Model, rows: Mapping[int, frozenset[str]]) -> None:
    values = table_of(model).clears
    for columns in set(rows.values()):
        pks = [pk for pk, pointing in rows.items() if pointing == columns]
        emptied = {column: None for column in columns if model._meta.get_field(column).null}
        model._base_manager.filter(pk__in=pks).update(**{**emptied, **values})


def _clear_copies(model: _Model, rows: Mapping[int, frozenset[str]]) -> None:
    """What history says of the columns that were emptied."""
    columns = sorted({*table_of(model).clears, *(name for one in rows.values() for name in one)})
    stored = [column_of(model, name) for name in columns]
    _run(
        "UPDATE kernel_recordchange SET fields = fields - %s::text[]"
        " WHERE model = %s AND object_id = ANY (%s) AND fields ?| %s::text[]",
        model,
        [stored, model._meta.label_lower, list(rows), stored],
    )
    _run(
        "DELETE FROM kernel_recordchange WHERE model = %s AND object_id = ANY (%s)"
        " AND fields = '{{}}'",
        model,
        [model._meta.label_lower, list(rows)],
    )


def _forget_copies(model: _Model, pks: frozenset[int]) -> int:
    """History of these rows, in whose ever it stands, and what a merge of others kept of them."""
    label, ids = model._meta.label_lower, list(pks)
    gone = sum(
        _run(
            "DELETE FROM kernel_recordchange WHERE root_kind = %s AND root_id = ANY (%s)",
            model,
            [one.kind, ids],
        )
        for one in kinds_of(model)
    )
    if label in trackings():
        gone += _run(
            "DELETE FROM kernel_recordchange WHERE model = %s AND object_id = ANY (%s)",
            model,
            [label, ids],
        )
        MergedRow.objects.filter(model=label, object_id__in=ids).delete()
    return gone


def _forget_pointers(reach: Reach) -> int:
    """History of rows that pointed once, and were deleted or turned to another since."""
    gone = 0
    for model, column in tracked_pointers(reach):
        gone += _run(
            "DELETE FROM kernel_recordchange WHERE model = %s AND ("
            " fields -> %s = ANY (%s::jsonb[])"
            " OR fields -> %s -> 0 = ANY (%s::jsonb[]) OR fields -> %s -> 1 = ANY (%s::jsonb[]))",
            model,
            [model._meta.label_lower, *([column, [str(pk) for pk in reach.ids]] * 3)],
        )
    return gone


def _run(statement: str, model: _Model, params: Sequence[Any]) -> int:
    assert model._meta.pk is not None
    named = sql.SQL(statement).format(  # made here, values apart
        table=sql.Identifier(model._meta.db_table),
        key=sql.Identifier(str(model._meta.pk.column)),
    )
    with connection.cursor() as cursor:
        cursor.execute(named, params)
        return int(cursor.rowcount)


# --- files ----------------------------------------------------------------------------------------


def _files_with(reach: Reach) -> list[str]:
    """Files that may hold a row of the record, by their place below the folder of files: exports
    made while it was here, and uploads that no import has in hand."""
    since = min(
        (one.created_at for one in object_type(reach.kind).model._base_manager.filter(
            pk__in=reach.ids)),
        default=None,
    )  # fmt: skip
    exports = ExportRun.objects.filter(created_at__gte=since) if since else ExportRun.objects.none()
    found = [f"exports/{name}" for name in exports.values_list("stored_as", flat=True)]
    in_hand = (ImportState.WAITING, ImportState.RUNNING)
    uploads = ImportRun.objects.exclude(state__in=in_hand).exclude(stored_as="")
    found += [f"imports/{name}" for name in uploads.values_list("stored_as", flat=True)]
    return [one for one in found if (_folder() / one).is_file()]


def _files_without_row() -> list[str]:
    """Contents that no record has any more."""
    hold_contents(unused_contents().values_list("sha256", flat=True))
    hashes = list(unused_contents().values_list("sha256", flat=True))
    StoredFile.objects.filter(sha256__in=hashes).delete()
    return [str(queries.content_path(one).relative_to(_folder())) for one in hashes]


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT)


def settle(erasure: Erasure) -> None:
    """After the commit: remove the files that were listed, and write the tombstone outside of the
    database. Done again as often as need be; until then the erasure is not settled."""
    if erasure.state != ErasureState.DONE or erasure.settled_at is not None:
        return
    export_folder()
    _remove_all(erasure)
    write_tombstone(erasure)
    _note_settled(erasure)


def _remove_all(erasure: Erasure) -> None:
    """The files that were listed; a backup that is being written has its copy of them first."""
    with transaction.atomic():
        if erasure.files:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FILES_LOCK])
        for name in erasure.files:
            _remove(_folder() / name, erasure)


def _remove(path: Path, erasure: Erasure) -> None:
    """A file that was listed; what somebody has sent since and uses again is theirs."""
    assert erasure.done_at is not None
    if path.is_relative_to(queries.content_folder()):
        with transaction.atomic():
            hold_contents([path.name])
            remove_content(path, sent_before=erasure.done_at.timestamp())
    else:
        path.unlink(missing_ok=True)


def _note_settled(erasure: Erasure) -> None:
    with transaction.atomic():
        Erasure.objects.filter(pk=erasure.pk).update(files=[], settled_at=timezone.now())


def tombstone(erasure: Erasure) -> dict[str, Any]:
    """What is kept of an erasure outside of the database; nothing that says who it was."""
    assert erasure.done_at is not None
    return {
        "id": str(erasure.public_id),
        "kind": erasure.kind,
        "at": erasure.done_at.astimezone(UTC).isoformat(),
        "basis": erasure.basis,
        "by": erasure.actor_label,
        "subjects": erasure.subjects,
        "keys": erasure.keys,
        "certificate": erasure.certificate,
        "seal": erasure.seal,
    }


def write_tombstone(erasure: Erasure) -> None:
    """Add a line to the ledger of the installation, and make it last; one that is there is kept."""
    path = Path(settings.ERASURE_LEDGER)
    told = tombstone(erasure)
    if any(one["id"] == told["id"] for one in tombstones_in(path)):
        return
    line = json.dumps(told, separators=(",", ":")) + "\n"
    if path.exists() and not path.read_bytes().endswith(b"\n"):
        line = "\n" + line  # behind one that a power cut left unfinished
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
