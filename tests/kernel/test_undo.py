from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.kernel.actions import action, last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.models import ChangeSet, RecordChange
from tandem.kernel.undo import AlreadyUndone, UndoConflict, undo, undoable_by
from tandem.records.models import Tag

pytestmark = pytest.mark.django_db


@action(permission="records.tag")
def make_tags(actor: Actor, names: list[str]) -> None:
    Tag.objects.bulk_create(Tag(name=name, normalized=name) for name in names)


@action(permission="records.tag")
def rename(actor: Actor, normalized: str, to: str) -> None:
    Tag.objects.filter(normalized=normalized).update(name=to)


@action(permission="records.tag")
def apply_steps(actor: Actor, steps: list[tuple[str, str, str]]) -> None:
    for verb, normalized, name in steps:
        tags = Tag.objects.filter(normalized=normalized)
        if verb == "rename":
            tags.update(name=name)
        elif verb == "delete":
            tags.delete()
        elif not tags.exists():
            Tag.objects.create(name=name, normalized=normalized)


def done() -> object:
    return last_change_set()


def state() -> list[tuple[int, str, str, int]]:
    return list(Tag.objects.order_by("id").values_list("id", "name", "normalized", "created_in_id"))


def test_history_keeps_old_and_new_of_every_row_of_a_bulk_write(admin: Actor) -> None:
    make_tags(admin, ["a", "b", "c"])
    rename(admin, "a", "A")
    assert list(RecordChange.objects.values_list("operation", "root_kind", "fields")) == [
        ("update", "tag", {"name": ["a", "A"]})
    ]


def test_a_write_that_changes_nothing_leaves_no_history(admin: Actor) -> None:
    make_tags(admin, ["a"])
    rename(admin, "a", "a")
    assert RecordChange.objects.count() == 0


def test_undo_puts_values_back_and_can_be_undone(admin: Actor) -> None:
    make_tags(admin, ["a", "b"])
    rename(admin, "a", "A")
    undoing = undo(admin, last_change_set())  # type: ignore[arg-type]
    assert [row[1] for row in state()] == ["a", "b"]
    assert ChangeSet.objects.get(public_id=undoing).undo_of is not None
    undo(admin, undoing)
    assert [row[1] for row in state()] == ["A", "b"]


def test_undo_is_refused_whole_when_someone_changed_a_value_since(admin: Actor) -> None:
    make_tags(admin, ["a", "b"])
    apply_steps(admin, [("rename", "a", "A"), ("rename", "b", "B")])
    first = last_change_set()
    assert first is not None
    rename(admin, "a", "later")
    with pytest.raises(UndoConflict) as refused:
        undo(admin, first)
    assert [error.code for error in refused.value.errors] == ["changed_since"]
    assert [row[1] for row in state()] == ["later", "B"]
    undo(admin, first, keep_later_edits=True)
    assert [row[1] for row in state()] == ["later", "b"]


def test_what_another_has_changed_since_is_not_deleted_with_its_making(
    admin: Actor, make_actor: Callable[..., Actor]
) -> None:
    make_tags(admin, ["a", "b"])
    made = last_change_set()
    assert made is not None
    rename(make_actor("seller"), "a", "hers")
    hers = last_change_set()
    assert hers is not None
    before = state()
    with pytest.raises(UndoConflict) as refused:
        undo(admin, made)
    (error,) = refused.value.errors
    assert (error.code, error.field.partition(".")[0], error.field.rpartition(".")[2]) == (
        "changed_since",
        "tag",
        "name",
    )
    assert state() == before
    undo(admin, made, keep_later_edits=True)
    assert [row[1] for row in state()] == ["hers"]


def test_what_one_changed_oneself_or_another_took_back_goes_with_its_making(
    admin: Actor, make_actor: Callable[..., Actor]
) -> None:
    seller = make_actor("seller")
    make_tags(admin, ["a", "b"])
    made = last_change_set()
    assert made is not None
    rename(admin, "a", "mine")
    rename(seller, "b", "hers")
    hers = last_change_set()
    assert hers is not None
    undo(seller, hers)
    undo(admin, made)
    assert state() == []


def test_a_change_set_is_undone_once(admin: Actor) -> None:
    make_tags(admin, ["a"])
    rename(admin, "a", "A")
    deed = last_change_set()
    assert deed is not None
    undo(admin, deed)
    with pytest.raises(AlreadyUndone):
        undo(admin, deed)


def test_the_change_of_another_is_missing_except_for_an_administrator(
    admin: Actor, make_actor: Callable[..., Actor]
) -> None:
    seller = make_actor("seller")
    make_tags(admin, ["a"])
    rename(admin, "a", "A")
    deed = last_change_set()
    assert deed is not None
    with pytest.raises(Missing):
        undo(seller, deed)
    assert [row[1] for row in state()] == ["A"]
    undo(make_actor("admin"), deed)
    assert [row[1] for row in state()] == ["a"]


def test_who_lost_the_right_to_do_a_thing_cannot_undo_it(admin: Actor) -> None:
    make_tags(admin, ["a"])
    rename(admin, "a", "A")
    deed = last_change_set()
    assert deed is not None
    demoted = replace(admin, permissions=frozenset({"kernel.undo"}))
    with pytest.raises(Refused):
        undo(demoted, deed)
    assert [row[1] for row in state()] == ["A"]
    undoing = undo(admin, deed)
    with pytest.raises(Refused):
        undo(demoted, undoing)
    assert [row[1] for row in state()] == ["a"]


def test_a_taken_unique_value_refuses_the_undo(admin: Actor) -> None:
    make_tags(admin, ["a"])
    apply_steps(admin, [("delete", "a", "")])
    deed = last_change_set()
    assert deed is not None
    make_tags(admin, ["a"])
    before = state()
    with pytest.raises(UndoConflict):
        undo(admin, deed)
    assert state() == before


def test_the_last_own_deed_is_what_undo_means(
    admin: Actor, make_actor: Callable[..., Actor]
) -> None:
    make_tags(admin, ["a"])
    mine = last_change_set()
    make_tags(make_actor("seller"), ["b"])
    found = undoable_by(admin)
    assert found is not None
    assert found.public_id == mine
    undo(admin, found.public_id)
    assert undoable_by(admin) is None


def test_a_deed_that_changed_nothing_is_not_what_undo_means(admin: Actor) -> None:
    make_tags(admin, ["a"])
    mine = last_change_set()
    rename(admin, "a", "a")
    found = undoable_by(admin)
    assert found is not None
    assert found.public_id == mine


words = st.sampled_from(["a", "b", "c", "d"])
steps = st.lists(
    st.tuples(st.sampled_from(["make", "rename", "delete"]), words, words), max_size=12
)


@settings(max_examples=60)
@given(before=steps, deed=steps)
def test_undo_is_the_inverse_of_any_change_set(
    system: Actor, before: list[tuple[str, str, str]], deed: list[tuple[str, str, str]]
) -> None:
    apply_steps(system, [("delete", word, "") for word in "abcd"])
    apply_steps(system, before)
    was = state()
    apply_steps(system, deed)
    became = state()
    changed = last_change_set()
    assert changed is not None
    everyone = replace(system, user_id=7)
    undoing = undo(everyone, changed)
    assert state() == was
    undo(everyone, undoing)
    assert state() == became
