"""What may be done with teams and their members."""

from collections.abc import Iterable
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from tandem.accounts.actions.rows import write
from tandem.accounts.errors import TeamExists, UnknownMember
from tandem.accounts.models import Membership, Team, User
from tandem.accounts.schemas import TeamInput, TeamMembers
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing


@action(permission="accounts.manage_teams")
def add_team(actor: Actor, new: TeamInput) -> Team:
    """Add a team. Raises TeamExists."""
    try:
        with transaction.atomic():
            return Team.objects.create(**new.model_dump(mode="json"))
    except IntegrityError as taken:
        raise TeamExists(field="name") from taken


@action(permission="accounts.manage_teams")
def change_team(actor: Actor, public_id: UUID, change: TeamInput) -> Team:
    """Rename a team or change its kind. Raises Missing, TeamExists."""
    try:
        with transaction.atomic():
            return write(_team(public_id), **change.model_dump(mode="json"))
    except IntegrityError as taken:
        raise TeamExists(field="name") from taken


@action(permission="accounts.manage_teams")
def remove_team(actor: Actor, public_id: UUID) -> Team:
    """Remove a team; its members share nothing by it any more. Raises Missing."""
    return write(_team(public_id), deleted_at=timezone.now())


@action(permission="accounts.manage_teams")
def set_members(actor: Actor, public_id: UUID, chosen: TeamMembers) -> Team:
    """Make these users, and no others, the members of a team. Raises Missing, UnknownMember."""
    team = _team(public_id)
    users = _users(chosen.members)
    leads = {user.pk for user in users if user.public_id in set(chosen.leads)}
    wanted = {user.pk: user.pk in leads for user in users}
    kept = {member.user_id: member for member in Membership.objects.filter(team=team)}
    Membership.objects.filter(team=team).exclude(user_id__in=wanted).delete()
    Membership.objects.bulk_create(
        Membership(team=team, user_id=user_id, is_lead=is_lead)
        for user_id, is_lead in wanted.items()
        if user_id not in kept
    )
    for is_lead in (True, False):
        Membership.objects.filter(
            team=team, user_id__in=[pk for pk, leads in wanted.items() if leads is is_lead]
        ).exclude(is_lead=is_lead).update(is_lead=is_lead)
    return team


def _team(public_id: UUID) -> Team:
    found = (
        Team.objects.select_for_update()
        .filter(public_id=public_id, deleted_at__isnull=True)
        .first()
    )
    if found is None:
        raise Missing()
    return found


def _users(public_ids: Iterable[UUID]) -> list[User]:
    wanted = set(public_ids)
    found = list(User.objects.filter(public_id__in=wanted))
    if len(found) < len(wanted):
        raise UnknownMember(field="members")
    return found
