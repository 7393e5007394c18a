"""Long work that a page or the API asked for, done by a worker as the user who asked."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from tandem.accounts.models import User
from tandem.accounts.queries import actor_for, company_settings
from tandem.kernel.actor import Actor, Source
from tandem.kernel.errors import DomainError
from tandem.kernel.jobs import job
from tandem.kernel.progress import tracking
from tandem.kernel.undo import run_announced as run_announced_undo
from tandem.records.actions.accesses import forget_accesses
from tandem.records.actions.disclosing import disclose
from tandem.records.actions.duplicates import SEARCH, find_duplicates
from tandem.records.actions.erasing import erase, note_failed, settle
from tandem.records.actions.exports import forget_exported_files
from tandem.records.actions.files import sweep_contents
from tandem.records.actions.imports import (
    fail_import,
    forget_old_files,
    import_now,
    take_up_imports,
)
from tandem.records.actions.indexes import make_index
from tandem.records.actions.many import deed_of, query_from, run_announced
from tandem.records.models import Erasure, ErasureState, FieldDef, ImportRun, ImportState
from tandem.records.queries import path_of
from tandem.records.slots import OBJECT_TYPES, object_type

KEPT_DAYS = 7


@job("records.run_import", permissions=frozenset({"records.import"}))
def run_import(actor: Actor, run_id: int, is_trial: bool) -> None:
    """Run one import; one whose worker died is taken up again, from the start."""
    run = ImportRun.objects.select_related("user").get(pk=run_id)
    if run.state in (ImportState.WAITING, ImportState.RUNNING) and run.user is not None:
        who = actor_for(run.user, Source.IMPORT)
        try:
            path = path_of(run)
        except DomainError as gone:
            fail_import(actor, run, error=str(gone))
            raise
        import_now(who, run, path=path, is_trial=is_trial)


@job("records.take_up_imports", permissions=frozenset({"records.import"}), every="* * * * *")
def take_up(actor: Actor) -> None:
    """See to imports that were interrupted, and that no job is left for."""
    take_up_imports(actor)


@job("records.run_bulk")
def run_bulk(
    actor: Actor,
    user_id: int,
    source: str,
    kind: str,
    filters: dict[str, Any],
    text: str,
    sort: str,
    deed: dict[str, Any],
    progress: str,
) -> None:
    """Do with many records what a user asked for, as that user, with the rights of now."""
    found = object_type(kind)
    run_announced(
        actor_for(User.objects.get(pk=user_id), Source(source)),
        found,
        query_from(found, filters, text, sort=sort),
        deed_of(found, **deed),
        progress=UUID(progress),
    )


@job("records.run_undo")
def run_undo(
    actor: Actor,
    user_id: int,
    source: str,
    change_set: str,
    keep_later_edits: bool,
    progress: str,
) -> None:
    """Take back a change set of very many rows, as the user who asked, with the rights of now."""
    run_announced_undo(
        actor_for(User.objects.get(pk=user_id), Source(source)),
        UUID(change_set),
        keep_later_edits=keep_later_edits,
        progress=UUID(progress),
    )


@job("records.forget_uploads", permissions=frozenset({"records.import"}), every="17 3 * * *")
def forget_uploads(actor: Actor) -> None:
    """Remove uploads that nobody imported within a week."""
    actor.require("records.import")
    forget_old_files(older_than_seconds=KEPT_DAYS * 86_400)


@job("records.index_field", permissions=frozenset({"records.fields"}))
def index_field(actor: Actor, field_id: int, user_id: int | None = None) -> None:
    """Make the index of a custom field, or drop it, as the field says by now."""
    user = User.objects.filter(pk=user_id or 0).first()
    who = actor_for(user, Source.AUTOMATION) if user is not None else actor
    make_index(who if who.may("records.fields") else actor, FieldDef.objects.get(pk=field_id))


@job("records.forget_exports", permissions=frozenset({"records.export"}), every="23 3 * * *")
def forget_exports(actor: Actor) -> None:
    """Remove files that were exported a week ago."""
    actor.require("records.export")
    forget_exported_files(older_than_seconds=KEPT_DAYS * 86_400)


@job("records.forget_accesses", permissions=frozenset({"records.see_accesses"}), every="29 3 * * *")
def forget_old_accesses(actor: Actor) -> None:
    """Let go of who saw what, once it was kept as long as the company wants."""
    forget_accesses(actor, older_than_days=company_settings().access_log_days)


@job("records.sweep_contents", permissions=frozenset({"records.attach"}), every="41 3 * * *")
def sweep(actor: Actor) -> None:
    """Remove content of files that is on no record any more."""
    actor.require("records.attach")
    sweep_contents()


@job("records.find_duplicates", permissions=frozenset({"records.find_duplicates"}))
def look_for_duplicates(
    actor: Actor, kind: str, user_id: int | None = None, progress: str | None = None
) -> None:
    """Look for doubles among all records of a kind; whoever asked sees how far it is."""
    found = object_type(kind)
    user = User.objects.filter(pk=user_id or 0).first()
    asked_by = actor if user is None else actor_for(user)
    with tracking(
        asked_by,
        kind=SEARCH,
        label=_("Duplicates: %(kind)s") % {"kind": found.label_plural},
        unit=_("percent"),
        total=100,
        announced=UUID(progress) if progress else None,
    ) as shown:

        def step(share: float, message: str) -> None:
            shown.advance(int(share * 100) - shown.record.done)

        shown.record.result = {"open": find_duplicates(actor, found, step=step)}
        shown.record.done = 100


@job(
    "records.look_for_all_duplicates",
    permissions=frozenset({"records.find_duplicates"}),
    every="41 2 * * *",
)
def look_for_all_duplicates(actor: Actor) -> None:
    """Every night all kinds, so that nothing hangs on a fact that nobody told."""
    for kind in OBJECT_TYPES:
        if kind.merging is not None and kind.merging.alike is not None:
            find_duplicates(actor, kind)


@job("records.erase", permissions=frozenset({"records.erase"}))
def carry_out_erasure(actor: Actor, erasure_id: int) -> None:
    """Erase what a user asked for, as that user; then see to files and tombstone."""
    found = Erasure.objects.select_related("user").get(pk=erasure_id)
    if found.state == ErasureState.WAITING and found.user is not None:
        who = actor_for(found.user)
        with tracking(
            who,
            kind="records.erase",
            label=_("Erasing for good"),
            unit=_("steps"),
            total=2,
            announced=found.progress,
        ) as progress:
            try:
                found = erase(who, found)
            except DomainError:
                note_failed(actor, found)
                raise
            progress.advance()
            settle(found)
            progress.advance()
            progress.record.result = {"erasure": str(found.public_id)}
    else:
        settle(found)


@job("records.disclose")
def run_disclosure(
    actor: Actor, user_id: int, source: str, kind: str, public_id: str, progress: str
) -> None:
    """Put together all that is stored about somebody, as the user who asked."""
    who = actor_for(User.objects.get(pk=user_id), Source(source))
    with tracking(
        who, kind="records.disclose", label="", unit="", announced=UUID(progress)
    ) as shown:
        run = disclose(who, object_type(kind), UUID(public_id), progress=shown)
        shown.record.done = shown.record.total or 0
        shown.record.result = {"export": str(run.public_id)}


@job("records.settle_erasures", every="*/10 * * * *")
def settle_erasures(actor: Actor) -> None:
    """Remove the files of erasures whose worker died before it could."""
    for found in Erasure.objects.filter(state=ErasureState.DONE, settled_at__isnull=True):
        settle(found)
