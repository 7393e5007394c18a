"""Imports: a file noted, tried or run whole in one transaction, taken back.

Everything that a run writes is one change set in one transaction: a run that is stopped, refused or
killed has written nothing, and is started anew. How far it is stands in its Progress. Whoever runs
one holds its lock: so that two never do, and that it can be seen when nobody does.
"""

import gzip
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from tandem.kernel.actions import action, current_change_set, mark_as_undo
from tandem.kernel.actor import Actor
from tandem.kernel.delimited import name_of_delimiter
from tandem.kernel.errors import DomainError
from tandem.kernel.ids import new_public_id
from tandem.kernel.jobs import enqueue, is_asked_for
from tandem.kernel.models import ChangeSet, ProgressRecord, ProgressState
from tandem.kernel.progress import SILENT_AFTER, Progress, settle, tracking
from tandem.kernel.tables import Survey, sample_of
from tandem.kernel.undo import UNDO_WAYS, AlreadyUndone
from tandem.records import queries
from tandem.records.actions.fields import add_field
from tandem.records.actions.import_values import write_own_fields
from tandem.records.actions.staging import failures, gaps, oddities, results, stage
from tandem.records.errors import ImportNotDone, ImportNotReady, ImportReverted, NothingRead
from tandem.records.models import ImportRun, ImportState
from tandem.records.queries.columns import remembered, signature_of, with_own_fields
from tandem.records.schemas import FieldKind, ImportOptions, NewField
from tandem.records.slots import Importer, Outcome

# Of all the work: reading the file, then what the importer does with it.
READING = 0.3
JOB = "records.run_import"
MOST_STARTS = 3  # of a run that nobody ends, before its owner is asked


def import_folder() -> Path:
    """Where uploaded files wait for their import; names in it are ours, never the uploader's."""
    folder = Path(settings.MEDIA_ROOT) / "imports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@action(permission="records.import")
def note_upload(
    actor: Actor,
    *,
    kind: str,
    name: str,
    of: Survey,
    options: ImportOptions,
    stored_as: str = "",
    sample: Sequence[Sequence[str]] = (),
    does_remember: bool = False,
) -> ImportRun:
    """Note a file that can be read, with its columns guessed; nothing is imported yet.

    ``stored_as`` is its name in ``import_folder``; empty where it stays where it is. ``sample`` are
    its first rows, to guess by. With ``does_remember`` it is read as the last one with the same
    columns was. Raises ImportUnknown, Refused, MappingInvalid.
    """
    importer = with_own_fields(queries.importer_for(actor, kind), options)
    before = remembered(importer, of.header, user_id=actor.user_id) if does_remember else None
    if before is not None:
        there = {one.key for one in importer.fields_for(actor)}
        kept = {key: column for key, column in before.mapping.items() if key in there}
        left_out = {one.key: None for one in importer.fields if one.key not in kept}
        options = ImportOptions.model_validate(
            {
                **before.options,
                "encoding": options.encoding,
                "delimiter": options.delimiter,
                "mapping": {**left_out, **kept, **options.mapping},
            }
        )
    run = ImportRun(
        kind=kind,
        file_name=Path(name).name[:200],
        sha256=of.sha256,
        size=of.size,
        stored_as=stored_as,
        options=options.model_dump(mode="json", exclude={"mapping"}),
        mapping=queries.mapping_for(importer, actor, of.header, options.mapping, sample=sample),
        reading=_reading(of),
        signature=signature_of(of.header),
        user_id=actor.user_id,
        actor_label=actor.label[:200],
    )
    run.save()
    run.refresh_from_db()
    return run


def take_upload(
    actor: Actor,
    *,
    kind: str,
    name: str,
    chunks: Iterable[bytes],
    options: ImportOptions,
    does_remember: bool = False,
) -> ImportRun:
    """Keep an uploaded file and note it; one that cannot be read or imported is not kept.

    The file goes to disk as it comes. ``does_remember`` is as note_upload has it. Raises what that
    raises, FileUnreadable and its kinds.
    """
    actor.require("records.import")
    queries.importer_for(actor, kind)
    path = import_folder() / new_public_id().hex
    try:
        with path.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
        found = queries.surveyed(path, name=name, options=options)
        return note_upload(
            actor,
            kind=kind,
            name=name,
            of=found,
            options=options,
            stored_as=path.name,
            sample=sample_of(path, found),
            does_remember=does_remember,
        )
    except DomainError:
        path.unlink(missing_ok=True)
        raise


@action(permission="records.import")
def change_import(
    actor: Actor,
    public_id: UUID,
    *,
    options: ImportOptions,
    new_fields: Mapping[str, FieldKind] = MappingProxyType({}),
) -> ImportRun:
    """Read an upload otherwise: other columns, currency, zone, date order, encoding, delimiter.

    ``new_fields`` are columns for which an own field of a type is added, called as they are. Where
    another encoding or delimiter makes other columns, those that are new are guessed anew, and get
    no fields yet. Raises Missing, ImportNotReady, MappingInvalid, Refused, FileUnreadable, and what
    add_field raises.
    """
    run = _ready(actor, public_id)
    importer = queries.importer_for(actor, run.kind)
    path = queries.path_of(run)
    found = queries.surveyed(path, name=run.file_name, options=options)
    is_same = signature_of(found.header) == run.signature
    mapping = {
        key: column for key, column in options.mapping.items() if is_same or column in found.header
    }
    for column, kind in new_fields.items() if is_same else ():
        label = " ".join(column.split())[:80]
        added = add_field(actor, data=NewField(kind=importer.record_kind, label=label, type=kind))
        mapping[added.key] = column
    options = options.model_copy(update={"mapping": mapping})
    importer = with_own_fields(importer, options)
    run.options = options.model_dump(mode="json", exclude={"mapping"})
    sample = () if is_same else sample_of(path, found)
    run.mapping = queries.mapping_for(importer, actor, found.header, mapping, sample=sample)
    run.reading, run.signature = _reading(found), signature_of(found.header)
    run.state, run.error, run.report = ImportState.UPLOADED, "", {}
    run.save()
    return run


@action(permission="records.import")
def start_import(actor: Actor, public_id: UUID, *, is_trial: bool = False) -> ImportRun:
    """Give an upload to a worker; a trial does all of it and takes it back before it is written.

    Raises Missing, ImportNotReady, ColumnMissing, FileGone.
    """
    run = _ready(actor, public_id)
    importer = queries.importer_for(actor, run.kind)
    queries.check_mapping(importer, run.mapping)
    queries.path_of(run)
    run.state, run.error, run.report = ImportState.WAITING, "", {"dry_run": is_trial}
    run.save()
    enqueue(JOB, run_id=run.pk, is_trial=is_trial)
    return run


def import_now(
    actor: Actor,
    run: ImportRun,
    *,
    path: Path,
    is_trial: bool = False,
    listener: Callable[[ProgressRecord], None] | None = None,
) -> ImportRun:
    """Run an import with its progress shown; the run with its report, or the refusal noted.

    Raises what run_import raises, once it stands in the run.
    """
    label = _("Import of %(file)s") % {"file": run.file_name}
    is_again = run.state == ImportState.RUNNING  # whoever began it has died
    try:
        with tracking(
            actor,
            kind="import",
            label=label,
            unit=_("rows"),
            listener=listener,
            announced=run.progress if is_again else None,
        ) as progress:
            _begin(actor, run, progress=progress.public_id)
            try:
                run_import(actor, run, path=path, progress=progress, is_trial=is_trial)
            except _Trial as trial:
                _note_trial(actor, run, report=trial.report)
            run.refresh_from_db()
            progress.record.done = progress.record.total or 0
            progress.record.result = {"import": str(run.public_id)}
    except DomainError as refused:
        fail_import(actor, run, error=str(refused))
        raise
    if run.state == ImportState.DONE:
        _forget_file(run)
    return run


@action(permission="records.import")
def run_import(
    actor: Actor, run: ImportRun, *, path: Path, progress: Progress, is_trial: bool
) -> None:
    """Read the file and write all of it, in one transaction, or nothing.

    Raises FileUnreadable and its kinds, ColumnMissing, NothingRead, Cancelled, and what the
    importer refuses.
    """
    began = time.monotonic()
    options = ImportOptions.model_validate(run.options)
    importer = with_own_fields(queries.importer_for(actor, run.kind), options)
    queries.check_mapping(importer, run.mapping)
    with connection.cursor() as cursor:
        # Imports of one kind go one after the other: both might add the same customer.
        for name in (_lock_of(run), f"records.import:{run.kind}"):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
    if not ImportRun.objects.filter(pk=run.pk, state=ImportState.RUNNING).exists():
        return  # one that was thought dead has ended it meanwhile
    found = queries.surveyed(path, name=run.file_name, options=options)
    progress.expect(found.rows)

    def step(share: float, message: str) -> None:
        progress.record.done = round((progress.record.total or 0) * share)
        progress.advance(0, message=message if message != progress.record.message else None)

    staged = stage(
        path,
        found,
        importer=importer,
        mapping=run.mapping,
        options=options,
        file=run.file_name,
        step=lambda share, message: step(share * READING, message),
    )
    writing = replace(
        staged.staged,
        step=lambda share, message: step(READING + share * (1 - READING), message),
    )
    outcome = write_own_fields(actor, importer, writing, importer.commit(actor, writing))
    failed, first_failures = failures(importer)
    _keep_results(run, importer, is_trial=is_trial)
    if failed == staged.staged.rows:
        raise NothingRead(
            _("No row of this file could be read. The first: row %(row)d, %(why)s.")
            % {"row": first_failures[0][0], "why": first_failures[0][1]}
            if first_failures
            else None
        )
    seconds = time.monotonic() - began
    outcome = replace(
        outcome,
        notices=(*oddities(importer, found, staged), *outcome.notices, *gaps(importer)),
    )
    report = {
        **_counts(outcome, rows=staged.staged.rows, failed=failed),
        "assumed": staged.assumed,
        "readings": staged.readings,
        "failures": [{"row": row, "reason": why} for row, why in first_failures],
        "dry_run": is_trial,
        "seconds": round(seconds, 2),
        "rows_per_second": round(staged.staged.rows / max(seconds, 0.001)),
        "import_id": str(run.public_id),
    }
    if is_trial:
        raise _Trial(report)
    _write_last(outcome)
    ImportRun.objects.filter(pk=run.pk).update(
        state=ImportState.DONE,
        report=report,
        ended_at=timezone.now(),
        change_set_id=current_change_set().id,
    )


@action(permission="records.import")
def fail_import(actor: Actor, run: ImportRun, *, error: str) -> None:
    """Note why a run wrote nothing; it can be started again where its file is kept."""
    ImportRun.objects.filter(pk=run.pk).exclude(
        state__in=(ImportState.DONE, ImportState.REVERTED)
    ).update(state=ImportState.FAILED, error=error, ended_at=timezone.now())


@action(permission="records.import")
def take_up_imports(actor: Actor) -> int:
    """Start again what was begun and nobody works at; how many runs were found so.

    One that was started often enough, or whose file is not here, is noted as failed: its owner may
    start it again, the file and its columns are kept. Nothing of it was written.
    """
    begun = ImportRun.objects.filter(state__in=(ImportState.WAITING, ImportState.RUNNING))
    found = [run for run in begun.select_for_update(skip_locked=True) if _is_abandoned(run)]
    for run in found:
        starts = run.report.get("starts", 1)
        is_here = bool(run.stored_as) and (import_folder() / run.stored_as).is_file()
        if is_here and run.user_id and starts < MOST_STARTS:
            run.report = {**run.report, "starts": starts + 1}
            run.save(update_fields=["report"])
            enqueue(JOB, run_id=run.pk, is_trial=bool(run.report.get("dry_run")))
        else:
            fail_import(actor, run, error=_("The import was interrupted before its end."))
    _settle_progress()
    return len(found)


def _is_abandoned(run: ImportRun) -> bool:
    record = ProgressRecord.objects.filter(public_id__in=filter(None, [run.progress])).first()
    if run.state == ImportState.RUNNING and record is not None and not _is_silent(record):
        return False
    if is_asked_for(JOB, run_id=run.pk):
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [_lock_of(run)])
        return bool(cursor.fetchone()[0])


def _is_silent(record: ProgressRecord) -> bool:
    is_running = record.state == ProgressState.RUNNING
    return not is_running or record.updated_at < timezone.now() - SILENT_AFTER


def _settle_progress() -> None:
    """The end of runs whose worker died when all was written, or before it could say why not."""
    silent = ProgressRecord.objects.filter(
        kind="import",
        state=ProgressState.RUNNING,
        updated_at__lt=timezone.now() - SILENT_AFTER,
    )
    for record in silent:
        run = ImportRun.objects.filter(progress=record.public_id).first()
        if run is None or run.state == ImportState.FAILED:
            message = run.error if run else ""
            settle(record, state=ProgressState.FAILED, message=message)
        elif run.state not in (ImportState.WAITING, ImportState.RUNNING):
            settle(record, state=ProgressState.DONE)


def _lock_of(run: ImportRun) -> str:
    return f"records.import.run:{run.pk}"


@action(permission="records.import")
def revert_import(actor: Actor, public_id: UUID) -> Mapping[str, int]:
    """Take back what an import wrote; what people have changed since stays, and is counted.

    Raises Missing, ImportNotDone, AlreadyUndone.
    """
    run = queries.import_by_public_id(actor, public_id)
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.state == ImportState.REVERTED:
        raise AlreadyUndone()
    if run.state != ImportState.DONE or run.change_set_id is None:
        raise ImportNotDone()
    ChangeSet.objects.select_for_update().get(pk=run.change_set_id)
    if ChangeSet.objects.filter(undo_of_id=run.change_set_id).exists():
        raise AlreadyUndone()
    mark_as_undo(run.change_set_id)
    return _revert(actor, run, run.change_set_id)


def _revert(actor: Actor, run: ImportRun, change_set_id: int) -> Mapping[str, int]:
    counts = queries.importer_for(actor, run.kind).revert(actor, change_set_id)
    run.state = ImportState.REVERTED
    run.report = {**run.report, "reverted": dict(counts)}
    run.save()
    return counts


def take_back(actor: Actor, target: ChangeSet) -> None:
    """The undo of an import is its reversion, by whatever door; a reversion is not undone."""
    run = ImportRun.objects.select_for_update().filter(change_set_id=target.pk).first()
    if run is None:
        raise ImportReverted()
    _revert(actor, run, target.pk)


UNDO_WAYS.register("records.run_import", take_back)


def _write_last(outcome: Outcome) -> None:
    with connection.cursor() as cursor:
        # What would be checked at the commit is checked before anybody has to wait for it.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    for write in outcome.last:
        write()


class _Trial(Exception):
    """Ends the transaction of a trial, so that nothing of it stays; carries what it came to."""

    def __init__(self, report: dict[str, Any]) -> None:
        super().__init__()
        self.report = report


@action(permission="records.import")
def _begin(actor: Actor, run: ImportRun, *, progress: UUID) -> None:
    open_states = (ImportState.DONE, ImportState.REVERTED)
    begun = (
        ImportRun.objects.filter(pk=run.pk)
        .exclude(state__in=open_states)
        .update(state=ImportState.RUNNING, progress=progress, started_at=timezone.now(), error="")
    )
    if not begun:
        raise ImportNotReady()


@action(permission="records.import")
def _note_trial(actor: Actor, run: ImportRun, *, report: dict[str, Any]) -> None:
    ImportRun.objects.filter(pk=run.pk).update(
        state=ImportState.PREVIEWED, report=report, ended_at=timezone.now()
    )


def _counts(outcome: Outcome, *, rows: int, failed: int) -> dict[str, Any]:
    return {
        "rows": rows,
        "created": outcome.created,
        "updated": outcome.updated,
        "skipped": outcome.skipped,
        "failed": failed,
        "merged": outcome.merged,
        "related": {kind: dict(deeds) for kind, deeds in outcome.related.items()},
        "figures": dict(outcome.figures),
        "warnings": [
            {**asdict(notice), "examples": list(notice.examples)} for notice in outcome.notices
        ],
        "samples": [asdict(sample) for sample in outcome.samples],
    }


def _keep_results(run: ImportRun, importer: Importer, *, is_trial: bool) -> None:
    """Write what became of each row into a file beside the uploads; it holds ids, nobody's data.

    A run that ends otherwise than it seemed to leaves a file that nobody is shown.
    """
    part = queries.results_path(run).with_suffix(".part")
    with gzip.open(part, "wb", compresslevel=1) as file:
        file.write(b"row,verdict,id,note\n")
        file.writelines(results(importer, is_trial=is_trial))
    part.replace(queries.results_path(run))


def _reading(of: Survey) -> dict[str, str]:
    """What a file was found to be, in the words of the API."""
    is_text, is_cut = of.kind != "xlsx", of.kind == "csv"
    return {
        "format": of.kind,
        "encoding": of.encoding if is_text else "",
        "delimiter": name_of_delimiter(of.delimiter) if is_cut else "",
        "sheet": of.sheet,
    }


def _ready(actor: Actor, public_id: UUID) -> ImportRun:
    run = queries.import_by_public_id(actor, public_id)
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.state not in (ImportState.UPLOADED, ImportState.PREVIEWED, ImportState.FAILED):
        raise ImportNotReady()
    return run


def _forget_file(run: ImportRun) -> None:
    if run.stored_as:
        (import_folder() / run.stored_as).unlink(missing_ok=True)


def forget_old_files(*, older_than_seconds: float) -> int:
    """Remove uploads that nobody imported; how many there were."""
    limit = time.time() - older_than_seconds
    old = [path for path in import_folder().iterdir() if path.stat().st_mtime < limit]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
