"""Somebody is given all that is stored about them, as one archive: to read, for programs, files.

What it holds follows from what erasing and merging know (queries.disclosing); nothing is hidden
from who asks for their own data, whatever the role of who hands it over may see.
"""

import json
import zipfile
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from tandem.accounts.queries import company_settings
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.ids import new_public_id
from tandem.kernel.jobs import enqueue
from tandem.kernel.models import ProgressRecord, RecordChange
from tandem.kernel.progress import Progress, announce
from tandem.records import queries
from tandem.records.actions.accesses import note_access
from tandem.records.actions.exports import export_folder
from tandem.records.actions.sweeping import Patterns, named_in
from tandem.records.models import AccessDeed, Attachment, ExportRun
from tandem.records.queries.disclosing import (
    Disclosure,
    Told,
    ToldTable,
    disclosure_of,
    history_of,
    name_of_table,
    rows_told,
)
from tandem.records.queries.erasing import erasable
from tandem.records.queries.merging import selves_of
from tandem.records.slots import ObjectType, tell_story

JOB = "records.disclose"
VERSION = 1
SHOWN_ROWS = 500
"""Of one table on the page to read; all of them are in the file for programs."""


@action(permission="records.disclose")
def ask_disclosure(actor: Actor, kind: ObjectType, public_id: UUID) -> ProgressRecord:
    """Have a worker put together all that is stored about somebody; its result names the export.

    Raises NotErasable for kinds that are not of persons, Missing.
    """
    _of_whom(actor, kind, public_id)
    progress = announce(
        actor, kind="records.disclose", label=_("Copy of one's data"), unit=_("tables"), total=0
    )
    enqueue(
        JOB,
        user_id=actor.user_id,
        source=str(actor.source),
        kind=kind.kind,
        public_id=str(public_id),
        progress=str(progress.public_id),
    )
    return progress


@action(permission="records.disclose")
def disclose(
    actor: Actor, kind: ObjectType, public_id: UUID, *, progress: Progress | None = None
) -> ExportRun:
    """Write the archive; whoever did it, and when, is kept for good, the file for a week.

    Raises NotErasable, Missing, and Cancelled when somebody asked to stop.
    """
    record = _of_whom(actor, kind, public_id)
    with translation.override(_language_of(record)):
        count, name = _write(kind, record, progress)
    run = ExportRun(
        kind=kind.kind,
        format=queries.ARCHIVE,
        columns=[],
        filters={},
        picked=1,
        count=count,
        stored_as=name,
        user_id=actor.user_id,
        actor_label=actor.label[:200],
        change_set_id=current_change_set().id,
    )
    run.save()
    run.refresh_from_db()
    note_access(
        actor,
        AccessDeed.EXPORTED,
        kind=kind.kind,
        record_id=record.pk,
        about=queries.ARCHIVE,
        count=count,
    )
    tell_story(actor, [kind.ref(record)], kind="records.disclosed", payload={"rows": count})
    return run


def _of_whom(actor: Actor, kind: ObjectType, public_id: UUID) -> Any:
    erasable(kind)
    for permission in (kind.permissions.view, "records.export"):
        actor.require(permission)
    return queries.visible_record(kind, actor, public_id)


def _language_of(record: Any) -> str:
    """Theirs, where the product speaks it; else that of the installation."""
    wanted = str(getattr(record, "locale", "")).replace("_", "-").lower()
    try:
        return str(translation.get_supported_language_variant(wanted))
    except LookupError:
        return str(translation.get_supported_language_variant(translation.get_language() or "en"))


def _write(kind: ObjectType, record: Any, progress: Progress | None) -> tuple[int, str]:
    """The archive below the folder of exports: rows told, and its name there."""
    ids = selves_of(kind.kind, [record.pk])
    traces = erasable(kind).traces(ids)
    found = disclosure_of(kind, record.pk, traces)
    if progress is not None:
        progress.expect(len(rows_told(found.reach)) + 2)
    name = new_public_id().hex
    with zipfile.ZipFile(export_folder() / name, "w", zipfile.ZIP_DEFLATED) as archive:
        tables = list(_counted(found, progress))
        files = [_file(archive, number, one) for number, one in enumerate(found.files, start=1)]
        named = named_in(Patterns.of(traces, _public_ids(found)), but=_known(found))
        told = {
            "version": VERSION,
            "about": kind.name_of(record),
            "id": str(record.public_id),
            "made": timezone.now(),
            "by": company_settings().name or settings.PUBLIC_URL,
            "tables": {one.name: [_plain(row) for row in one.rows] for one in tables},
            "files": files,
            "named_elsewhere": named,
        }
        archive.writestr("data.json", json.dumps(told, cls=DjangoJSONEncoder, indent=1))
        page = {
            **told,
            "language": translation.get_language(),
            "tables": [
                (one.label, len(one.rows), [_shown(row) for row in one.rows[:SHOWN_ROWS]])
                for one in tables
            ],
            "shown": SHOWN_ROWS,
            "named": [(name_of_table(label), count) for label, count in named.items()],
        }
        archive.writestr("index.html", render_to_string("records/disclosure.html", page))
        archive.writestr("style.css", render_to_string("records/disclosure.css"))
    return sum(len(one.rows) for one in tables), name


def _counted(found: Disclosure, progress: Progress | None) -> Iterator[ToldTable]:
    for table in found.tables:
        if progress is not None:
            progress.advance()
        yield table


def _file(archive: zipfile.ZipFile, number: int, one: Attachment) -> dict[str, Any]:
    """A file with the others: its own name behind a number, so that two of a name are two."""
    place = f"files/{number:03} {one.name}"
    path = queries.content_path(one.file.sha256)
    if path.is_file():
        archive.write(path, place)
    told = {"name": one.name, "type": one.file.media_type, "size": one.file.size}
    return {**told, "file": place if path.is_file() else None}


def _plain(row: list[Told]) -> dict[str, Any]:
    return {one.key: one.value for one in row}


def _shown(row: list[Told]) -> list[tuple[Any, str]]:
    return [(one.label, _text(one.shown)) for one in row if one.shown not in ("", None)]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_text(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_text(one) for one in value)
    if hasattr(value, "isoformat"):
        return str(
            value.isoformat(sep=" ", timespec="seconds") if hasattr(value, "hour") else value
        )
    return "" if value is None else str(value)


def _public_ids(found: Disclosure) -> list[UUID]:
    own = found.reach.gone
    return [
        public_id
        for model, pks in own.items()
        if any(field.name == "public_id" for field in model._meta.local_fields)
        for public_id in model._base_manager.filter(pk__in=pks).values_list("public_id", flat=True)
    ]


def _known(found: Disclosure) -> dict[type[Model], Collection[Any]]:
    """The rows that the archive holds: there they are not named elsewhere."""
    changes = history_of(found.reach).values_list("pk", flat=True)
    return {**rows_told(found.reach), RecordChange: list(changes)}
