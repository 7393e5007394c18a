"""Compiled reads: put together once, planned once, the same rows as when asked directly."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, QuerySet

from tandem.accounts.models import User
from tandem.kernel import compiled as module
from tandem.kernel.compiled import aggregated, compiled, counted, planned

pytestmark = pytest.mark.django_db


def prepared() -> list[str]:
    """What PostgreSQL has prepared for this connection."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement FROM pg_prepared_statements WHERE statement ~ 'accounts_user'"
        )
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def unchecked(monkeypatch):
    """As in production, where a read is put together once only."""
    monkeypatch.setattr(module, "is_checked", False)


def test_a_read_is_put_together_once_and_planned_once_for_all_values(make_user, unchecked):
    built = []

    @compiled
    def called(*, name: str) -> QuerySet[User]:
        built.append(1)
        return User.objects.filter(name=name).order_by("pk")

    ann, ben = make_user(name="Ann"), make_user(name="Ben")
    before = len(prepared())
    assert [called(name=name) for name in ("Ann", "Ben", "Ann", "Cy")] == [[ann], [ben], [ann], []]
    assert (len(built), len(prepared())) == (1, before + 1)


def test_numbers_of_any_size_are_one_statement(make_user, unchecked):
    @compiled
    def with_keys(*, ids: Sequence[int], least: int) -> QuerySet[User, int]:
        rows = User.objects.filter(pk__one_of=ids, pk__gte=least)
        return rows.order_by("pk").values_list("pk", flat=True)

    ann, ben = make_user().pk, make_user().pk
    before = len(prepared())
    assert with_keys(ids=[ann, ben, 2**40], least=0) == [ann, ben]
    assert with_keys(ids=(ben,), least=-(2**40)) == [ben]
    assert len(prepared()) == before + 1
    assert with_keys(ids=[], least=1) == []


def test_what_is_given_by_place_makes_texts_of_its_own(make_actor, unchecked):
    built = []

    @compiled
    def own(actor: Any, order: str) -> QuerySet[User, str]:
        built.append(order)
        rows = User.objects.filter(pk=actor.user_id)
        return rows.order_by(order).values_list("name", flat=True)

    ann, ben = make_actor(name="Ann"), make_actor(name="Ben")
    assert own(ann, "pk") == own(ann, "-pk") == ["Ann"]
    assert own(ben, "pk") == ["Ben"]
    assert own(replace(ann, label="another word for her"), "pk") == ["Ann"]
    assert built == ["pk", "-pk", "pk"]


@pytest.mark.parametrize(
    "change",
    [
        {"permissions": frozenset({"people.view"})},
        {"scopes": {"person": "own"}},
        {"hidden": {"person": frozenset({"email"})}},
        {"team_ids": frozenset({7})},
        {"user_id": 8},
    ],
    ids=lambda change: next(iter(change)),
)
def test_no_two_sights_share_a_text(make_actor, change, unchecked):
    built = []

    @compiled
    def everybody(actor: Any) -> QuerySet[User]:
        built.append(actor)
        return User.objects.order_by("pk")

    ann = make_actor()
    other = replace(ann, **change)
    for actor in (ann, other, ann, other):
        everybody(actor)
    assert built == [ann, other]


def test_rows_come_as_the_query_set_says(make_user):
    @compiled
    def mails(*, name: str) -> QuerySet[User, Any]:
        return User.objects.filter(name=name).values("email")

    @compiled
    def users(*, name: str) -> QuerySet[User]:
        return User.objects.filter(name=name).only("email").annotate(teams=Count("memberships"))

    ann = make_user(name="Ann", email="ann@thistle.example")
    assert mails(name="Ann") == [{"email": "ann@thistle.example"}]
    (found,) = users(name="Ann")
    assert (found, found.email, vars(found)["teams"]) == (ann, "ann@thistle.example", 0)
    assert found.get_deferred_fields() >= {"name"}
    assert found is not users(name="Ann")[0]


def test_sums_are_one_row_even_of_nothing(make_user):
    @compiled
    def counted(*, name: str) -> QuerySet[User, tuple[int]]:
        return aggregated(User.objects.filter(name=name), Count("pk"))

    make_user(name="Ann")
    make_user(name="Ann")
    assert (counted(name="Ann"), counted(name="Nobody")) == ([(2,)], [(0,)])


def test_rows_are_counted_up_to_a_limit(make_user):
    @counted
    def called(limit: int, *, name: str) -> QuerySet[User, Any]:
        return User.objects.filter(name=name).values("pk")[:limit]

    @counted
    def nobody(*, name: str) -> QuerySet[User, Any]:
        return User.objects.none().filter(name=name)

    for _each in range(3):
        make_user(name="Ann")
    assert [called(limit, name="Ann") for limit in (2, 5)] == [2, 3]
    assert called(5, name="Nobody") == nobody(name="Ann") == 0


def test_what_can_have_no_rows_is_not_asked(django_assert_num_queries):
    @compiled
    def nobody(*, name: str) -> QuerySet[User]:
        return User.objects.none().filter(name=name)

    with django_assert_num_queries(0):
        assert nobody(name="Ann") == []


def test_a_text_that_depends_on_what_changes_is_found_by_the_tests(make_user):
    """What tests/conftest.py switches on for every read of the product."""
    name = ["Ann"]

    @compiled
    def called() -> QuerySet[User]:
        return User.objects.filter(name=name[0])

    ann = make_user(name="Ann")
    assert called() == [ann]
    name[0] = "Ben"
    with pytest.raises(AssertionError, match="a compiled read changed"):
        called()


def test_a_refusal_is_raised_each_time_and_not_kept(make_user, unchecked):
    @compiled
    def refused(name: str) -> QuerySet[User]:
        if name == "Ann":
            raise LookupError(name)
        return User.objects.filter(name=name)

    for _each in range(2):
        with pytest.raises(LookupError):
            refused("Ann")
    assert refused("Ben") == []


@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_by_its_own_connection(make_user):
    @compiled
    def called(*, name: str) -> QuerySet[User, tuple[str, int]]:
        rows = User.objects.filter(name=name).extra(select={"pid": "pg_backend_pid()"})
        return rows.values_list("name", "pid")

    for number in range(4):
        make_user(name=f"User {number}")
    found: dict[int, Any] = {}

    def ask(number: int) -> None:
        found[number] = [called(name=f"User {number}") for _each in range(20)]
        connection.close()

    threads = [threading.Thread(target=ask, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number: {row[0] for (row,) in found[number]} for number in found} == {
        number: {f"User {number}"} for number in range(4)
    }
    assert all(len({row[1] for (row,) in rows}) == 1 for rows in found.values())


# --- a query set that is put together anew ------------------------------------------------------


def test_one_statement_serves_every_value(make_user):
    ann, ben = make_user(name="Ann"), make_user(name="Ben")
    before = len(prepared())
    for user in (ann, ben, ann):
        assert planned(User.objects.filter(pk=user.pk)) == [user]
    assert planned(User.objects.filter(pk=0)) == []
    assert len(prepared()) == before + 1


def test_what_is_asked_otherwise_is_prepared_by_nobody(make_user):
    ann = make_user(name="Ann")
    planned(User.objects.filter(pk=ann.pk))
    before = len(prepared())
    assert list(User.objects.filter(name="Ann")) == [ann]
    assert len(prepared()) == before


def test_a_read_that_fails_leaves_the_connection_as_it_was(make_user):
    ann = make_user(name="Ann")
    with pytest.raises(ZeroDivisionError):
        planned(1 // 0 for _user in (ann,))
    before = len(prepared())
    assert list(User.objects.filter(name="Ann")) == [ann]
    assert len(prepared()) == before
