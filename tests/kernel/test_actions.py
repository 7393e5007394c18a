from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, transaction

from tandem.kernel.actions import action, current_change_set, give_reason, last_change_set
from tandem.kernel.actor import NOBODY, Actor
from tandem.kernel.errors import Refused, Unauthenticated
from tandem.kernel.models import ChangeSet
from tandem.kernel.undo import undo
from tandem.records.models import Tag

pytestmark = pytest.mark.django_db


@action(permission="records.tag")
def make_tag(actor: Actor, name: str) -> Tag:
    return Tag.objects.create(name=name, normalized=name)


@action(permission="records.tag")
def make_two(actor: Actor) -> int:
    make_tag(actor, "inner")
    Tag.objects.create(name="outer", normalized="outer")
    give_reason("because")
    return current_change_set().id


@action(permission="records.tag")
def make_and_fail(actor: Actor) -> None:
    make_tag(actor, "lost")
    raise ZeroDivisionError


def test_an_action_keeps_who_did_what(admin: Actor) -> None:
    tag = make_tag(admin, "new")
    tag.refresh_from_db()
    made = ChangeSet.objects.get(pk=tag.created_in_id)
    assert (made.actor_id, made.actor_label, made.source) == (admin.user_id, admin.label, "ui")
    assert made.action == "kernel.make_tag"
    assert last_change_set() == made.public_id


def test_an_action_inside_another_is_part_of_it(admin: Actor) -> None:
    before = ChangeSet.objects.count()
    change_set_id = make_two(admin)
    assert ChangeSet.objects.count() == before + 1
    assert set(Tag.objects.values_list("created_in_id", flat=True)) == {change_set_id}
    assert ChangeSet.objects.get(pk=change_set_id).reason == "because"


@action(permission="records.tag", is_apart=True)
def make_shelf(actor: Actor) -> Tag:
    return Tag.objects.create(name="shelf", normalized="shelf")


@action(permission="records.tag")
def make_on_shelf(actor: Actor, *, fails: bool = False) -> Tag:
    make_shelf(actor)
    if fails:
        raise ZeroDivisionError
    return Tag.objects.create(name="on it", normalized="on it")


def test_what_an_action_sets_up_apart_stays_when_the_deed_is_undone(admin: Actor) -> None:
    make_on_shelf(admin)
    done = ChangeSet.objects.get(public_id=last_change_set() or uuid4())
    assert done.action == "kernel.make_on_shelf"
    undo(admin, done.public_id)
    assert list(Tag.objects.values_list("name", flat=True)) == ["shelf"]


def test_what_an_action_sets_up_apart_goes_with_a_deed_that_fails(admin: Actor) -> None:
    before = ChangeSet.objects.count()
    with pytest.raises(ZeroDivisionError):
        make_on_shelf(admin, fails=True)
    assert (Tag.objects.count(), ChangeSet.objects.count()) == (0, before)


def test_a_failing_action_leaves_nothing(admin: Actor) -> None:
    before = ChangeSet.objects.count()
    with pytest.raises(ZeroDivisionError):
        make_and_fail(admin)
    assert (Tag.objects.count(), ChangeSet.objects.count()) == (0, before)
    with pytest.raises(RuntimeError):
        current_change_set()


@pytest.mark.parametrize(("who", "error"), [("viewer", Refused), ("nobody", Unauthenticated)])
def test_without_the_permission_nothing_is_done(
    who: str, error: type[Exception], viewer: Actor
) -> None:
    before = ChangeSet.objects.count()
    with pytest.raises(error):
        make_tag(viewer if who == "viewer" else NOBODY, "refused")
    assert (Tag.objects.count(), ChangeSet.objects.count()) == (0, before)


def test_the_database_refuses_a_write_outside_of_an_action(admin: Actor) -> None:
    tag = make_tag(admin, "kept")
    with pytest.raises(DatabaseError, match="no open change set"), transaction.atomic():
        Tag.objects.create(name="stray", normalized="stray")
    with pytest.raises(DatabaseError, match="no open change set"), transaction.atomic():
        Tag.objects.update(name="changed")
    tag.refresh_from_db()
    assert tag.name == "kept"
    assert Tag.objects.count() == 1


def test_an_undeclared_permission_is_refused_at_import() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"records\.fly"):

        @action(permission="records.fly")
        def fly(actor: Actor) -> None: ...
