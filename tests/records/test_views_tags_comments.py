from collections.abc import Callable
from uuid import uuid4

import pytest

from tandem.accounts.models import User
from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.undo import undo
from tandem.people.actions import create_person
from tandem.people.models import Person
from tandem.people.schemas import NewPerson
from tandem.records import queries
from tandem.records.actions import (
    add_comment,
    add_tag,
    change_view,
    delete_comment,
    delete_view,
    remove_tag,
    save_view,
)
from tandem.records.errors import FilterInvalid, ViewNameTaken
from tandem.records.models import Comment, SavedView, Tag, TagLink
from tandem.records.schemas import ChangeView, NewComment, NewTag, NewView
from tandem.records.slots import object_type

pytestmark = pytest.mark.django_db

TREE = {"op": "and", "items": [{"field": "name", "is": "contains", "value": "ann"}]}


@pytest.fixture
def ann(system: Actor) -> Person:
    person, _new = create_person(system, data=NewPerson(name="Ann Kowalczyk"))
    return person


def view(**fields: object) -> NewView:
    return NewView.model_validate({"name": "Anns", "filters": TREE, "sort": "-name"} | fields)


def test_a_view_describes_the_list_again(admin: Actor) -> None:
    kind = object_type("person")
    made = save_view(admin, kind, data=view(columns=["name", "email", "gone"]))
    found = queries.query_of(kind, admin, queries.saved_view(admin, "person", made.public_id))
    assert (found.sort, found.columns) == ("-name", ("name", "email"))
    assert found.filters == queries.read_filters(kind, TREE)


def test_a_private_view_is_seen_by_its_owner_only(
    admin: Actor, make_actor: Callable[..., Actor]
) -> None:
    kind = object_type("person")
    seller = make_actor("seller")
    own = save_view(seller, kind, data=view())
    shared = save_view(admin, kind, data=view(visibility="everyone"))
    assert list(queries.views_for(seller, "person")) == [own, shared]
    assert list(queries.views_for(admin, "person")) == [shared]
    with pytest.raises(Missing):
        queries.saved_view(admin, "person", own.public_id)


def test_sharing_and_changing_what_is_shared_need_the_right(
    admin: Actor, make_actor: Callable[..., Actor]
) -> None:
    kind = object_type("person")
    seller = make_actor("seller")
    shared = save_view(admin, kind, data=view(visibility="everyone"))
    with pytest.raises(Refused):
        save_view(seller, kind, data=view(name="Mine", visibility="everyone"))
    with pytest.raises(Refused):
        change_view(seller, kind, shared.public_id, data=ChangeView(name="Taken over"))
    with pytest.raises(Refused):
        delete_view(seller, kind, shared.public_id)
    assert list(SavedView.objects.values_list("name", "deleted_at")) == [("Anns", None)]


def test_a_name_is_taken_once_and_a_bad_filter_is_refused(admin: Actor) -> None:
    kind = object_type("person")
    save_view(admin, kind, data=view())
    with pytest.raises(ViewNameTaken):
        save_view(admin, kind, data=view())
    with pytest.raises(FilterInvalid):
        save_view(admin, kind, data=view(name="Other", filters={"field": "secret", "is": "is"}))
    assert SavedView.objects.count() == 1


def test_a_deleted_view_comes_back_by_undo(admin: Actor) -> None:
    kind = object_type("person")
    made = save_view(admin, kind, data=view())
    delete_view(admin, kind, made.public_id)
    assert list(queries.views_for(admin, "person")) == []
    deed = last_change_set()
    assert deed is not None
    undo(admin, deed)
    assert list(queries.views_for(admin, "person")) == [made]


def test_a_tag_is_one_word_whatever_its_case_and_stands_once(admin: Actor, ann: Person) -> None:
    kind = object_type("person")
    add_tag(admin, kind, ann.public_id, data=NewTag(name="Key account"))
    add_tag(admin, kind, ann.public_id, data=NewTag(name=" key  ACCOUNT "))
    assert (Tag.objects.count(), TagLink.objects.count()) == (1, 1)
    assert queries.tags_on("person", [ann.pk]) == {ann.pk: ["Key account"]}
    remove_tag(admin, kind, ann.public_id, name="KEY account")
    assert queries.tags_on("person", [ann.pk]) == {}
    with pytest.raises(Missing):
        remove_tag(admin, kind, ann.public_id, name="key account")


def test_only_the_author_takes_a_comment_back(
    admin: Actor, make_actor: Callable[..., Actor], ann: Person
) -> None:
    kind = object_type("person")
    comment = add_comment(admin, kind, ann.public_id, data=NewComment(text="Call her.\nSoon."))
    with pytest.raises(Missing):
        delete_comment(make_actor("admin"), kind, ann.public_id, comment_id=comment.public_id)
    assert [one.text for one in queries.comments_on(kind, ann)] == ["Call her.\nSoon."]
    delete_comment(admin, kind, ann.public_id, comment_id=comment.public_id)
    assert list(queries.comments_on(kind, ann)) == []


def test_nothing_is_said_about_a_record_out_of_sight(
    system: Actor, make_actor: Callable[..., Actor], make_user: Callable[..., User]
) -> None:
    kind = object_type("person")
    isla = make_user("marketer")
    hers, _new = create_person(system, data=NewPerson(name="Hers", owner=isla.email))
    seller = make_actor("seller")
    with pytest.raises(Missing):
        add_comment(seller, kind, hers.public_id, data=NewComment(text="x"))
    with pytest.raises(Missing):
        add_tag(seller, kind, hers.public_id, data=NewTag(name="x"))
    with pytest.raises(Missing):
        add_tag(seller, kind, uuid4(), data=NewTag(name="x"))
    assert (Comment.objects.count(), Tag.objects.count()) == (0, 0)


def test_a_viewer_reads_only(viewer: Actor, ann: Person) -> None:
    kind = object_type("person")
    with pytest.raises(Refused):
        add_comment(viewer, kind, ann.public_id, data=NewComment(text="x"))
    with pytest.raises(Refused):
        add_tag(viewer, kind, ann.public_id, data=NewTag(name="x"))
    assert (Comment.objects.count(), Tag.objects.count()) == (0, 0)
