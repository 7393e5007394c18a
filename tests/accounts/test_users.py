"""Users: adding, changing, ending access, and the administrator that must remain."""

from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from pydantic import SecretStr, ValidationError

from tandem.accounts import actions
from tandem.accounts.errors import LastAdmin, TeamExists, UnknownMember, UserExists, WeakPassword
from tandem.accounts.models import Team, User
from tandem.accounts.queries import actor_for, command_actor, user_by_address, visible_users
from tandem.accounts.schemas import (
    NewPassword,
    NewUser,
    OwnSettings,
    TeamInput,
    TeamMembers,
    UserChange,
)
from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import NOBODY, Source
from tandem.kernel.errors import Missing, Refused, Unauthenticated
from tandem.kernel.history import changes_of
from tandem.kernel.undo import UndoConflict, undo
from tests.accounts.conftest import last_undo


def change_of(user: User, **fields: object) -> UserChange:
    values = {"email": user.email, "name": user.name, "role": user.role, "side": user.side}
    return UserChange.model_validate({**values, **fields})


def test_an_address_has_one_user_in_whatever_letters(system, make_user, nothing_written):
    make_user(email="Ann@Thistle.example")
    before = nothing_written()
    with pytest.raises(UserExists) as refused:
        actions.add_user(system, NewUser(email="ANN@thistle.EXAMPLE", role="seller"))
    assert [error.field for error in refused.value.errors] == ["email"]
    assert nothing_written() == before
    assert user_by_address(" ann@thistle.example ").email == "ann@thistle.example"


@pytest.mark.parametrize("address", ["", "ann", "ann@", "@thistle.example", "a b@c.example"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ValidationError):
        NewUser(email=address, role="seller")


def test_a_user_without_a_name_is_called_by_the_address(system, db):
    user = actions.add_user(system, NewUser(email="tom@thistle.example", role="seller"))
    assert (user.name, user.side, user.has_usable_password()) == ("tom", "sales", False)


@pytest.mark.parametrize("password", ["short", "password123", "8273645546"])
def test_a_weak_password_is_refused(system, db, nothing_written, password):
    before = nothing_written()
    new = NewUser(email="tom@thistle.example", role="seller", password=SecretStr(password))
    with pytest.raises(WeakPassword) as refused:
        actions.add_user(system, new)
    assert {error.field for error in refused.value.errors} == {"password"}
    assert nothing_written() == before


def test_only_administrators_add_users(make_actor, nothing_written):
    actors = [make_actor(role) for role in ("manager", "marketer", "seller", "viewer")]
    before = nothing_written()
    new = NewUser(email="tom@thistle.example", role="admin")
    for actor in actors:
        with pytest.raises(Refused):
            actions.add_user(actor, new)
    with pytest.raises(Unauthenticated):
        actions.add_user(NOBODY, new)
    assert nothing_written() == before


def test_the_last_administrator_keeps_role_and_access(system, make_user, nothing_written):
    admin = make_user("admin")
    gone = make_user("admin")
    actions.deactivate_user(system, gone.public_id)
    before = nothing_written()
    with pytest.raises(LastAdmin) as refused:
        actions.change_user(system, admin.public_id, change_of(admin, role="manager"))
    assert [error.field for error in refused.value.errors] == ["role"]
    with pytest.raises(LastAdmin):
        actions.deactivate_user(system, admin.public_id)
    assert nothing_written() == before
    admin.refresh_from_db()
    assert (admin.role, admin.is_active) == ("admin", True)


def test_one_of_two_administrators_may_go(system, make_user):
    first, second = make_user("admin"), make_user("admin")
    actions.change_user(system, first.public_id, change_of(first, role="seller"))
    with pytest.raises(LastAdmin):
        actions.deactivate_user(system, second.public_id)
    assert set(User.objects.filter(role="admin")) == {second}


def test_the_database_itself_keeps_an_administrator(make_user):
    admin = make_user("admin")
    for values in ({"role": "seller"}, {"is_active": False}, {"deleted_at": "2026-01-01T00:00Z"}):
        with pytest.raises(IntegrityError, match="no active administrator"), transaction.atomic():
            User.objects.filter(pk=admin.pk).update(**values)


def test_no_undo_takes_the_last_administrator_away(system, make_user, make_actor):
    first = make_user("admin")
    admin = actor_for(first)
    second = actions.add_user(admin, NewUser(email="second@thistle.example", role="admin"))
    adding = last_change_set()
    assert adding is not None
    actions.change_user(admin, first.public_id, change_of(first, role="manager"))
    with pytest.raises(UndoConflict), transaction.atomic():
        undo(admin, adding)
    assert list(User.objects.filter(role="admin")) == [second]


def test_who_lost_access_is_nobody(system, make_user):
    make_user("admin")
    user = actions.deactivate_user(system, make_user("seller").public_id)
    assert actor_for(user) is NOBODY
    assert actor_for(actions.reactivate_user(system, user.public_id)).user_id == user.pk


def test_adding_undone_and_done_again_is_the_same_user(make_actor):
    admin = make_actor("admin")
    new = NewUser(email="tom@thistle.example", role="seller", name="Tom")
    first = actions.add_user(admin, new)
    last_undo(admin)
    assert not User.objects.filter(email="tom@thistle.example").exists()
    with pytest.raises(Missing):
        user_by_address("tom@thistle.example")
    again = actions.add_user(admin, new)
    assert (again.pk, again.deleted_at) == (first.pk, None)


def test_a_change_is_seen_in_history_without_secrets(make_actor, make_user):
    admin, user = make_actor("admin"), make_user("seller", name="Tom")
    actions.change_user(admin, user.public_id, change_of(user, name="Thomas", role="marketer"))
    change = changes_of("user", user.pk)[0]
    assert change.fields == {"name": ["Tom", "Thomas"], "role": ["seller", "marketer"]}
    assert change.change_set.actor_id == admin.user_id
    actions.set_password(admin, user.public_id, NewPassword(password="another tin whistle"))
    assert changes_of("user", user.pk).count() == 1
    user.refresh_from_db()
    assert user.check_password("another tin whistle")


def test_nothing_is_written_where_nothing_differs(system, make_user):
    user = make_user("seller")
    version = user.row_version
    actions.change_user(system, user.public_id, change_of(user))
    user.refresh_from_db()
    assert user.row_version == version


def test_users_settle_only_themselves(make_user):
    me, other = make_user("seller"), make_user("seller")
    changed = actions.change_own_settings(
        actor_for(me),
        OwnSettings(name="Priya", theme="dark", locale="en-de", time_zone="Asia/Tokyo"),
    )
    assert (changed.pk, changed.theme, changed.single_letter_keys) == (me.pk, "dark", False)
    other.refresh_from_db()
    assert (other.theme, other.single_letter_keys) == ("system", True)


@pytest.mark.parametrize(
    "fields", [{"locale": "xx"}, {"time_zone": "Mars/Base"}, {"theme": "pink"}, {"role": "admin"}]
)
def test_unknown_settings_are_refused(fields):
    with pytest.raises(ValidationError):
        OwnSettings.model_validate({"name": "Priya", **fields})


def test_a_lost_second_factor_is_taken_away_by_an_administrator(system, make_user, make_actor):
    user = make_user("seller")
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})
    with pytest.raises(Refused):
        actions.remove_second_factor(make_actor("manager"), user.public_id)
    assert Authenticator.objects.filter(user=user).count() == 1
    actions.remove_second_factor(system, user.public_id)
    assert Authenticator.objects.filter(user=user).count() == 0


def test_members_of_a_team_are_just_those_given(system, make_user, django_assert_num_queries):
    ann, ben, cat = (make_user("seller") for _ in range(3))
    team = actions.add_team(system, TeamInput(name="North", kind="sales"))
    for members, leads in ([ann, ben], [ann]), ([ben, cat], [cat]):
        actions.set_members(
            system,
            team.public_id,
            TeamMembers(
                members=[one.public_id for one in members], leads=[one.public_id for one in leads]
            ),
        )
    found = {one.user_id: one.is_lead for one in team.memberships.all()}
    assert found == {ben.pk: False, cat.pk: True}
    assert actor_for(ben).team_ids == {team.pk}
    assert actor_for(ann).team_ids == frozenset()


def test_a_removed_team_shares_nothing(system, make_user):
    user = make_user("seller")
    team = actions.add_team(system, TeamInput(name="North", kind="sales"))
    actions.change_user(system, user.public_id, change_of(user, teams=[team.public_id]))
    assert actor_for(user).team_ids == {team.pk}
    actions.remove_team(system, team.public_id)
    assert actor_for(user).team_ids == frozenset()


def test_strangers_cannot_be_put_into_teams(system, make_user, nothing_written):
    user = make_user("seller")
    team = actions.add_team(system, TeamInput(name="North", kind="sales"))
    before = nothing_written()
    with pytest.raises(UnknownMember):
        actions.set_members(system, team.public_id, TeamMembers(members=[uuid4()]))
    with pytest.raises(UnknownMember):
        actions.change_user(system, user.public_id, change_of(user, teams=[uuid4()]))
    with pytest.raises(ValidationError):
        TeamMembers(members=[], leads=[user.public_id])
    assert nothing_written() == before


def test_a_team_name_is_taken_in_whatever_letters(system, db):
    actions.add_team(system, TeamInput(name="North", kind="sales"))
    other = actions.add_team(system, TeamInput(name="South", kind="sales"))
    with pytest.raises(TeamExists), transaction.atomic():
        actions.add_team(system, TeamInput(name="north", kind="other"))
    with pytest.raises(TeamExists), transaction.atomic():
        actions.change_team(system, other.public_id, TeamInput(name="NORTH", kind="sales"))
    assert sorted(Team.objects.values_list("name", flat=True)) == ["North", "South"]


def test_the_command_line_holds_only_what_it_needs(make_user):
    make_user("admin")
    actor = command_actor()
    assert actor.source is Source.COMMAND
    assert actor.may("accounts.manage_users")
    assert not actor.may("kernel.undo_any")
    assert visible_users(actor).count() == 1
    assert visible_users(NOBODY).count() == 0
