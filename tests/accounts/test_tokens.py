"""API tokens: shown once, stored as a hash, as good as their user and no better."""

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from tandem.accounts import actions
from tandem.accounts.models import ApiToken
from tandem.accounts.queries import actor_for, actor_for_token
from tandem.accounts.rules import TokenParts, new_token, secret_hash, token_parts
from tandem.accounts.schemas import NewToken
from tandem.kernel.actor import Source
from tandem.kernel.errors import Missing, Refused


@pytest.fixture
def issued(make_user):
    user = make_user("seller")
    return actions.add_token(actor_for(user), NewToken(name="till"))


def test_a_token_acts_as_its_user_through_the_api(issued):
    actor = actor_for_token(issued.raw)
    assert actor is not None
    assert actor == actor_for(issued.token.user, Source.API)


def test_only_the_hash_is_stored(issued):
    stored = ApiToken.objects.filter(pk=issued.token.pk).values().get()
    secret = issued.raw.split("_", 2)[2]
    assert len(secret) == 43  # 256 bits in base64
    assert secret not in str(stored)
    assert stored["secret_hash"] == secret_hash(secret)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: "",
        lambda raw: raw[:-1],
        lambda raw: raw + "A",
        lambda raw: raw.replace("tdm_", "tdx_"),
        lambda raw: "tdm__",
        lambda raw: "tdm_0000000000_" + raw.split("_", 2)[2],
        lambda raw: raw.rsplit("_", 1)[0] + "_",
    ],
)
def test_a_spoilt_token_is_nobodys(issued, spoil):
    assert actor_for_token(spoil(issued.raw)) is None


def test_tokens_survive_taking_apart():
    for _ in range(200):
        parts = new_token()
        assert token_parts(str(parts)) == parts
    assert token_parts("tdm_a_b_c") == TokenParts("a", "b_c")


def test_a_revoked_token_stays_dead(issued):
    owner = actor_for(issued.token.user)
    actions.revoke_token(owner, issued.token.public_id)
    assert actor_for_token(issued.raw) is None
    first = ApiToken.objects.get().revoked_at
    actions.revoke_token(owner, issued.token.public_id)
    assert ApiToken.objects.get().revoked_at == first


def test_a_token_ends_with_its_days(make_user):
    user = make_user("seller")
    issued = actions.add_token(actor_for(user), NewToken(name="till", valid_days=7))
    with time_machine.travel(timezone.now() + dt.timedelta(days=6, hours=23)):
        assert actor_for_token(issued.raw) is not None
    with time_machine.travel(timezone.now() + dt.timedelta(days=7, seconds=1)):
        assert actor_for_token(issued.raw) is None


def test_a_token_ends_with_its_users_access(system, issued):
    actions.deactivate_user(system, issued.token.user.public_id)
    assert actor_for_token(issued.raw) is None
    actions.reactivate_user(system, issued.token.user.public_id)
    assert actor_for_token(issued.raw) is not None


def test_tokens_of_others_are_out_of_reach(issued, make_actor, make_user, nothing_written):
    other, stranger = make_actor("manager"), make_user("viewer")
    before = nothing_written()
    with pytest.raises(Missing):
        actions.revoke_token(other, issued.token.public_id)
    with pytest.raises(Refused):
        actions.add_token(other, NewToken(name="mine now"), user=stranger)
    assert nothing_written() == before
    assert ApiToken.objects.get().revoked_at is None


def test_an_administrator_makes_and_ends_tokens_of_others(make_actor, make_user):
    admin, user = make_actor("admin"), make_user("viewer")
    issued = actions.add_token(admin, NewToken(name="till"), user=user)
    actor = actor_for_token(issued.raw)
    assert actor is not None
    assert actor.user_id == user.pk
    assert not actor.may("accounts.manage_users")
    actions.revoke_token(admin, issued.token.public_id)
    assert actor_for_token(issued.raw) is None


def test_use_is_marked_once_a_minute(issued, django_assert_num_queries):
    with time_machine.travel("2026-11-19T09:00:00Z", tick=False) as clock:
        for seconds, queries in ((0, 1), (30, 0), (31, 1)):
            clock.shift(seconds)
            token = ApiToken.objects.get()
            with django_assert_num_queries(queries):
                actions.mark_token_used(token)
    used = ApiToken.objects.get().last_used_at
    assert used == dt.datetime(2026, 11, 19, 9, 1, 1, tzinfo=dt.UTC)
