"""Imports that a page or the API asked for, done by a worker as the user who asked."""

from tandem.accounts.queries import actor_for
from tandem.kernel.actor import Actor, Source
from tandem.kernel.jobs import job
from tandem.records.actions.imports import forget_old_files, import_now
from tandem.records.models import ImportRun, ImportState
from tandem.records.queries import path_of

KEPT_DAYS = 7


@job("records.run_import", permissions=frozenset({"records.import"}))
def run_import(actor: Actor, run_id: int, is_trial: bool) -> None:
    """Run one import; one whose worker died is taken up again, from the start."""
    run = ImportRun.objects.select_related("user").get(pk=run_id)
    if run.state in (ImportState.WAITING, ImportState.RUNNING) and run.user is not None:
        who = actor_for(run.user, Source.IMPORT)
        import_now(who, run, path=path_of(run), is_trial=is_trial)


@job("records.forget_uploads", permissions=frozenset({"records.import"}), every="17 3 * * *")
def forget_uploads(actor: Actor) -> None:
    """Remove uploads that nobody imported within a week."""
    actor.require("records.import")
    forget_old_files(older_than_seconds=KEPT_DAYS * 86_400)
