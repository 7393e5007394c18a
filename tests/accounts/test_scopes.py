"""The one policy of who sees which rows, against a model that looks at every row."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.accounts.models import ApiToken, Membership, Team, User
from tandem.accounts.queries import actor_for, scoped
from tandem.accounts.rules import Role, Side, default_side, permissions_of
from tandem.kernel.actions import action
from tandem.kernel.actor import NOBODY, Actor, ActorKind, Scope, job_actor
from tandem.kernel.models import ProgressRecord

USERS = 4
TEAMS = 3


@pytest.fixture
def people(system, make_user):
    return [make_user("seller") for _ in range(USERS)]


@pytest.fixture
def teams(system):
    @action(permission="accounts.manage_teams")
    def plant(actor):
        return [Team.objects.create(name=f"Team {at}", kind="sales") for at in range(TEAMS)]

    return plant(system)


def sees(scope: Scope, me: int | None, owner: int | None, colleagues: set[int]) -> bool:
    """The policy in plain words, row by row."""
    if scope is Scope.ALL:
        return True
    if scope is Scope.NONE or me is None:
        return False
    if scope is Scope.OWN:
        return owner == me
    return owner is None or owner == me or owner in colleagues


members = st.sets(st.tuples(st.integers(0, USERS - 1), st.integers(0, TEAMS - 1)))
owners = st.lists(st.one_of(st.none(), st.integers(0, USERS - 1)), max_size=12)


@settings(max_examples=60)
@given(
    members=members,
    owners=owners,
    me=st.one_of(st.none(), st.integers(0, USERS - 1)),
    scope=st.sampled_from(Scope),
)
def test_scope_is_what_the_words_say(system, people, teams, members, owners, me, scope):
    @action(permission="accounts.manage_teams")
    def arrange(actor):
        Membership.objects.all().delete()
        Membership.objects.bulk_create(
            Membership(user=people[user], team=teams[team]) for user, team in members
        )

    arrange(system)
    ProgressRecord.objects.all().delete()
    owner_ids = [None if owner is None else people[owner].pk for owner in owners]
    ProgressRecord.objects.bulk_create(
        ProgressRecord(kind="row", label="row", unit="rows", actor_id=owner) for owner in owner_ids
    )
    my_teams = {team for user, team in members if user == me}
    my_id = None if me is None else people[me].pk
    actor = Actor(
        kind=ActorKind.USER,
        label="me",
        user_id=my_id,
        scopes={"row": scope},
        team_ids=frozenset(teams[team].pk for team in my_teams),
    )
    colleagues = {people[user].pk for user, team in members if team in my_teams}
    expected = sorted(str(owner) for owner in owner_ids if sees(scope, my_id, owner, colleagues))
    rows = scoped(ProgressRecord.objects.all(), actor, kind="row", owner_field="actor_id")
    assert sorted(str(row.actor_id) for row in rows) == expected


def test_a_kind_without_a_scope_of_its_own_takes_the_default():
    actor = Actor(
        kind=ActorKind.USER, label="me", user_id=1, scopes={"*": Scope.OWN, "a": Scope.ALL}
    )
    assert actor.scope_of("a") is Scope.ALL
    assert actor.scope_of("b") is Scope.OWN


@pytest.mark.parametrize("actor", [NOBODY, Actor(kind=ActorKind.USER, label="x", user_id=1)])
def test_without_any_scope_nothing_is_seen(db, make_user, actor):
    make_user("admin")
    assert list(scoped(User.objects.all(), actor, kind="user", owner_field="id")) == []


def test_a_job_sees_every_row(make_user):
    user = make_user("admin")
    job = job_actor("sweep", frozenset())
    assert list(scoped(User.objects.all(), job, kind="user", owner_field="id")) == [user]


def test_scope_reaches_through_other_records(system, people):
    ApiToken.objects.create(user=people[0], name="a", prefix="a", secret_hash="")
    ApiToken.objects.create(user=people[1], name="b", prefix="b", secret_hash="")
    actor = Actor(kind=ActorKind.USER, label="x", user_id=people[0].pk, scopes={"*": Scope.OWN})
    rows = scoped(ApiToken.objects.all(), actor, kind="token", owner_field="user")
    assert [row.name for row in rows] == ["a"]


@pytest.mark.parametrize(
    ("role", "scope"),
    [
        (Role.ADMIN, Scope.ALL),
        (Role.MANAGER, Scope.ALL),
        (Role.MARKETER, Scope.ALL),
        (Role.SELLER, Scope.TEAM),
        (Role.VIEWER, Scope.ALL),
    ],
)
def test_each_role_has_its_scope_and_rights(make_user, role, scope):
    actor = actor_for(make_user(role))
    assert actor.scope_of("person") is scope
    assert actor.permissions == permissions_of(role)
    assert actor.may("accounts.manage_users") is (role is Role.ADMIN)
    assert actor.may("accounts.view_users")


def test_the_side_comes_with_the_role():
    assert [default_side(role) for role in Role] == [
        Side.NONE,
        Side.NONE,
        Side.MARKETING,
        Side.SALES,
        Side.NONE,
    ]


def test_the_actor_of_a_user_costs_one_query(make_user, django_assert_num_queries):
    user = make_user("seller")
    with django_assert_num_queries(1):
        actor_for(user)
