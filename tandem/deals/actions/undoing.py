"""What an undo entails for deals: their stays, values and lifecycle follow, and it is told."""

from django.utils import timezone
from django.utils.translation import gettext as _

from tandem.deals import queries
from tandem.deals.actions.lifecycle import go_back, reach, reach_after_loss, reach_after_reopening
from tandem.deals.actions.rows import enter_stage, note_value, tell
from tandem.deals.facts import DealLost, DealMoved, DealOpened, DealReopened, DealWon
from tandem.deals.models import Category, Deal
from tandem.kernel.actor import Actor
from tandem.kernel.facts import publish
from tandem.kernel.live import changed
from tandem.kernel.models import ChangeSet
from tandem.kernel.undo import UNDO_FOLLOWERS
from tandem.people.rules import Stage as LifecycleStage
from tandem.people.rules import sort_key


def follow_undo(actor: Actor, change_set_id: int) -> None:
    """Let what has no history of its own follow the deals whose values went back.

    Stays and values are append-only: an undone move is a further stay, not a stay that never was.
    Part of the undo's own transaction (a follower of kernel.undo).
    """
    roots = ChangeSet.objects.get(pk=change_set_id).changes.filter(root_kind__in=["deal"])
    ids = sorted(set(roots.order_by().values_list("root_id", flat=True)))
    before = {
        change.object_id: change.fields
        for change in roots.filter(model="deals.deal", operation="update").order_by("-id")
    }
    for deal in Deal.objects.filter(pk__in=ids).select_related("stage", "company", "motion"):
        _follow(actor, deal, before.get(deal.pk, {}), change_set_id)
    pipelines = ChangeSet.objects.get(pk=change_set_id).changes.filter(root_kind="pipeline")
    if pipelines.exists():
        changed("deal", "pipeline")


UNDO_FOLLOWERS.register("deals", follow_undo)


def _follow(actor: Actor, deal: Deal, fields: dict[str, list[object]], change_set_id: int) -> None:
    Deal.objects.filter(pk=deal.pk).update(sort_key=sort_key(deal.name))
    now = timezone.now()
    stays = queries.stays_of(deal.pk)
    if not stays or stays[-1].stage_id != deal.stage_id:
        now = enter_stage(actor, deal, deal.stage, at=now)
    note_value(deal.pk, at=now)
    tell(actor, deal, "deals.undone")
    if "deleted_at" in fields:
        _follow_deletion(actor, deal, change_set_id)
    elif "status" in fields:
        _follow_status(actor, deal, str(fields["status"][0]), change_set_id)
    elif "stage_id" in fields:
        publish(DealMoved(change_set_id, (deal.pk,)))


def _follow_deletion(actor: Actor, deal: Deal, change_set_id: int) -> None:
    if deal.deleted_at is not None:
        cause = _("Undone: %(deal)s") % {"deal": deal.name}
        persons = queries.persons_taken_out(deal.pk, change_set_id)
        persons += queries.contact_ids(deal.pk)
        undone_id = ChangeSet.objects.get(pk=change_set_id).undo_of_id or 0
        go_back(actor, deal, persons=persons, undone_id=undone_id, cause=cause)
        return
    _reach_again(actor, deal)
    if deal.status == Category.OPEN:
        publish(DealOpened(change_set_id, (deal.pk,)))


def _follow_status(actor: Actor, deal: Deal, was: str, change_set_id: int) -> None:
    cause = _("Undone: %(deal)s") % {"deal": deal.name}
    if deal.status == Category.OPEN:
        reach_after_reopening(actor, deal, cause=cause)
        publish(DealReopened(change_set_id, (deal.pk,)))
        return
    if was != Category.OPEN:  # won and lost in one deed: open again, then closed
        publish(DealReopened(change_set_id, (deal.pk,)))
    _reach_again(actor, deal)
    fact = DealWon if deal.status == Category.WON else DealLost
    publish(fact(change_set_id, (deal.pk,)))


def _reach_again(actor: Actor, deal: Deal) -> None:
    cause = _("Undone: %(deal)s") % {"deal": deal.name}
    if deal.status == Category.LOST:
        reach_after_loss(actor, deal, cause=cause)
    else:
        is_won = deal.status == Category.WON
        stage = LifecycleStage.CUSTOMER if is_won else LifecycleStage.OPPORTUNITY
        reach(actor, deal, stage, cause=cause)
