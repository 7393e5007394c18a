"""What may be done with a campaign."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from tandem.accounts.models import User
from tandem.accounts.queries import base_currency
from tandem.campaigns import queries
from tandem.campaigns.actions.rows import (
    check_version,
    locked,
    minor_units,
    tell,
    tell_pages,
    write,
)
from tandem.campaigns.errors import CodeTaken, DatesReversed
from tandem.campaigns.facts import CampaignsCreated, CampaignsDeleted
from tandem.campaigns.models import Campaign, CampaignAsset
from tandem.campaigns.rules import code_of, numbered
from tandem.campaigns.schemas import ChangeCampaign, NewCampaign
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor, Scope
from tandem.kernel.facts import publish
from tandem.kernel.models import ChangeSet
from tandem.kernel.refs import RecordRef
from tandem.kernel.undo import UNDO_FOLLOWERS
from tandem.people.actions.owners import owner_named
from tandem.people.rules import sort_key
from tandem.records.facts import OwnersGiven
from tandem.records.slots import tell_story

# Names that are alike are numbered; so many campaigns of one name are a mistake.
MAX_NUMBER = 99


@action(permission="campaigns.create")
def create_campaign(actor: Actor, *, data: NewCampaign) -> tuple[Campaign, bool]:
    """Plan a campaign; (campaign, True). Who plans one owns it unless another is named.

    A code that is given must be free (CodeTaken), one made of the name is numbered until it is.
    Raises AmountTooFine, OwnerUnknown.
    """
    currency = data.currency or base_currency()
    columns = {
        "name": data.name,
        "sort_key": sort_key(data.name),
        "aim": data.aim or "",
        "starts_on": data.starts_on,
        "ends_on": data.ends_on,
        "currency": currency,
        "budget_minor": _minor(data.budget, currency, "budget"),
        "goal_minor": _minor(data.goal, currency, "goal"),
        "goal_leads": data.goal_leads,
        "owner_id": _first_owner(actor, data.owner),
    }
    campaign = _insert(columns, data.code, data.name)
    tell_story(actor, [RecordRef("campaign", campaign.pk)], kind="campaigns.created", payload={})
    publish(CampaignsCreated(current_change_set().id, (campaign.pk,)))
    publish(OwnersGiven(current_change_set().id, "campaign", (campaign.pk,)))
    tell_pages(campaign)
    return campaign, True


@action(permission="campaigns.edit")
def change_campaign(
    actor: Actor, public_id: UUID, *, data: ChangeCampaign, version: int | None = None
) -> Campaign:
    """Change the given fields of a campaign; what is the same already is no change.

    Raises Missing, VersionConflict, CodeTaken, DatesReversed, AmountTooFine, OwnerUnknown.
    """
    campaign = locked(queries.visible_to(actor), public_id)
    check_version(campaign, version, data.version)
    columns: dict[str, Any] = {}
    told: list[dict[str, str]] = []
    for name, value in data.given.items():
        _take(actor, campaign, name, value, columns, told)
    if not told:
        return campaign
    starts_on = columns.get("starts_on", campaign.starts_on)
    ends_on = columns.get("ends_on", campaign.ends_on)
    if starts_on and ends_on and ends_on < starts_on:
        raise DatesReversed(field="ends_on" if "ends_on" in columns else "starts_on")
    try:
        with transaction.atomic():
            write(campaign, **columns)
    except IntegrityError as error:
        raise CodeTaken(field="code") from error
    payload = {"changes": told}
    fields = [one["field"] for one in told]
    tell(actor, campaign, kind="campaigns.changed", payload=payload, fields=fields)
    if "owner" in fields:
        publish(OwnersGiven(current_change_set().id, "campaign", (campaign.pk,)))
    return Campaign.objects.get(pk=campaign.pk)


@action(permission="campaigns.delete")
def delete_campaign(actor: Actor, public_id: UUID) -> None:
    """Delete a campaign and free its code and assets; its leads stay, and undo brings it back."""
    campaign = locked(queries.visible_to(actor), public_id)
    CampaignAsset.objects.filter(campaign_id=campaign.pk).delete()
    write(campaign, deleted_at=timezone.now())
    tell_story(actor, [RecordRef("campaign", campaign.pk)], kind="campaigns.deleted", payload={})
    publish(CampaignsDeleted(current_change_set().id, (campaign.pk,)))
    tell_pages(campaign)


def follow_undo(actor: Actor, change_set_id: int) -> None:
    """What an undo entails: the key that sorts made anew, a word in the story, pages told.

    Part of the undo's own transaction (a follower of kernel.undo).
    """
    undoing = ChangeSet.objects.get(pk=change_set_id)
    roots = undoing.changes.filter(root_kind="campaign").order_by()
    ids = sorted(set(roots.values_list("root_id", flat=True)))
    for campaign in Campaign.objects.filter(pk__in=ids):
        Campaign.objects.filter(pk=campaign.pk).update(sort_key=sort_key(campaign.name))
        tell_pages(campaign)
    refs = [RecordRef("campaign", pk) for pk in ids]
    tell_story(actor, refs, kind="campaigns.undone", payload={})


UNDO_FOLLOWERS.register("campaigns", follow_undo)


def _insert(columns: Mapping[str, Any], code: str | None, name: str) -> Campaign:
    wanted = code or code_of(name)
    for number in range(1, MAX_NUMBER + 1):
        try:
            with transaction.atomic():
                return Campaign.objects.create(
                    **columns, code=wanted if number == 1 else numbered(wanted, number)
                )
        except IntegrityError as error:
            if code is not None:
                raise CodeTaken(field="code") from error
    raise CodeTaken(field="code")


def _first_owner(actor: Actor, named: str | None) -> int | None:
    if named:
        return owner_named(actor, named).pk
    sees_some = actor.scope_of("campaign") in (Scope.OWN, Scope.TEAM)
    return actor.user_id if sees_some or actor.side == "marketing" else None


# --- changing -------------------------------------------------------------------------------------

_COLUMNS: Mapping[str, str] = {"budget": "budget_minor", "goal": "goal_minor"}


def _take(
    actor: Actor,
    campaign: Campaign,
    name: str,
    value: Any,
    columns: dict[str, Any],
    told: list[dict[str, str]],
) -> None:
    """Read one given field: its columns where it differs, and its line for the story."""
    if name == "owner":
        user = owner_named(actor, value) if value else None
        old = User.everyone.filter(pk=campaign.owner_id or 0).first()
        new_columns: dict[str, Any] = {"owner_id": user.pk if user else None}
        before, after = str(old or ""), str(user or "")
    else:
        new_columns = _PLAIN.get(name, _as_it_is)(campaign, name, value)
        before = _said(campaign, name, getattr(campaign, _COLUMNS.get(name, name)))
        after = _said(campaign, name, new_columns[_COLUMNS.get(name, name)])
    if any(getattr(campaign, column) != new for column, new in new_columns.items()):
        columns.update(new_columns)
        told.append({"field": name, "old": before, "new": after})


def _as_it_is(campaign: Campaign, name: str, value: Any) -> dict[str, Any]:
    return {name: value}


def _text(campaign: Campaign, name: str, value: Any) -> dict[str, Any]:
    return {name: value or ""}


def _name(campaign: Campaign, name: str, value: Any) -> dict[str, Any]:
    return {"name": value, "sort_key": sort_key(value)}


def _money(campaign: Campaign, name: str, value: Any) -> dict[str, Any]:
    return {_COLUMNS[name]: _minor(value, campaign.currency, name)}


_PLAIN: Mapping[str, Callable[[Campaign, str, Any], dict[str, Any]]] = {
    "name": _name,
    "aim": _text,
    "budget": _money,
    "goal": _money,
}


def _minor(amount: Any, currency: str, field: str) -> int | None:
    return None if amount is None else minor_units(amount, currency, field=field)


def _said(campaign: Campaign, name: str, value: Any) -> str:
    """A value as the story keeps it: money as its minor units and currency, days in ISO."""
    if value is None or value == "":
        return ""
    if name in _COLUMNS:
        return f"{value} {campaign.currency}"
    return str(value)
