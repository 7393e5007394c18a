"""Several selected records become one in one step, and so many again by one undo."""

from uuid import uuid4

import pytest

from tandem.kernel.actions import last_change_set
from tandem.kernel.errors import Missing
from tandem.kernel.undo import undo
from tandem.people.actions import create_person
from tandem.people.models import Person, PersonEmail
from tandem.people.schemas import NewPerson
from tandem.records.actions import add_tag, merge_many, unmerge
from tandem.records.errors import MergeChoiceInvalid, NotSoMany
from tandem.records.models import MergeEvent
from tandem.records.schemas import NewTag
from tandem.records.slots import object_type

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(system):
    given = [
        {"name": "Ann Lee", "email": "ann@lee.example"},
        {"name": "Anne Lee", "email": "anne@lee.example", "title": "Buyer", "company": "Hythe"},
        {"name": "A. Lee", "country": "GB", "title": "Owner"},
    ]
    made = [create_person(system, data=NewPerson(**one))[0] for one in given]
    add_tag(system, object_type("person"), made[2].public_id, data=NewTag(name="vip"))
    return made


def state():
    """Everything that a merge writes of persons and their addresses."""
    people = Person.objects.order_by("pk").values_list("name", "country", "merged_into_id")
    mails = PersonEmail.objects.order_by("pk").values_list("person_id", "address", "is_primary")
    return list(people), list(mails)


def ids(records):
    return [one.public_id for one in records]


def test_three_become_one_and_one_undo_makes_them_three_again(admin, three):
    before = state()
    first, *others = ids(three)
    events = merge_many(admin, object_type("person"), first, others, reason="The same")
    assert [event.created_in_id for event in events] == [events[0].created_in_id] * 2
    ann = three[0].pk
    assert state() == (
        [("Ann Lee", "GB", None), ("Anne Lee", "", ann), ("A. Lee", "GB", ann)],
        [(ann, "ann@lee.example", True), (ann, "anne@lee.example", False)],
    )
    done = last_change_set()
    assert done is not None
    undone = undo(admin, done)
    assert state() == before
    undo(admin, undone)
    assert state()[0][1:] == [("Anne Lee", "", ann), ("A. Lee", "GB", ann)]


def test_the_value_of_any_of_them_can_be_the_one_that_stays(admin, three):
    first, second, third = ids(three)
    sources = {"name": second, "title": third, "company": third, "email": first}
    merge_many(admin, object_type("person"), first, [second, third], sources=sources)
    ann = object_type("person").prepare(object_type("person").visible_to(admin)).get()
    assert (ann.name, ann.primary_job.title, ann.primary_email.address) == (
        "Anne Lee",
        "Owner",
        "ann@lee.example",
    )


def test_the_last_pair_alone_can_be_taken_apart_and_the_rest_by_undo(admin, three):
    first, *others = ids(three)
    events = merge_many(admin, object_type("person"), first, others)
    done = last_change_set()
    assert done is not None
    unmerge(admin, object_type("person"), first, event=events[1].public_id)
    assert [one[2] for one in state()[0]] == [None, three[0].pk, None]
    undo(admin, done)
    assert [one[2] for one in state()[0]] == [None, None, None]


def test_what_cannot_be_merged_leaves_all_as_it_was(admin, three, system):
    before, kind = state(), object_type("person")
    first, second, _third = ids(three)
    gone = uuid4()
    with pytest.raises(NotSoMany):
        merge_many(admin, kind, first, [])
    with pytest.raises(NotSoMany):
        merge_many(admin, kind, first, [uuid4() for _n in range(10)])
    with pytest.raises(Missing):
        merge_many(admin, kind, first, [second, gone])
    with pytest.raises(MergeChoiceInvalid):
        merge_many(admin, kind, first, [second], sources={"name": gone})
    assert state() == before
    assert not MergeEvent.objects.exists()


# --- from the list --------------------------------------------------------------------------------


@pytest.fixture
def desk(client, make_user):
    client.force_login(make_user("admin"))
    return client


def url(records):
    return "/people/many/merge?" + "&".join(f"_ids={one.public_id}" for one in records)


def test_the_dialog_shows_who_may_stay_and_what_differs(desk, three):
    shown = desk.get(url(three)).context
    assert [(one.name, one.stays) for one in shown["records"]] == [
        ("Ann Lee", True),
        ("Anne Lee", False),
        ("A. Lee", False),
    ]
    assert {line.key: [words for _id, words in line.values] for line in shown["lines"]} == {
        "name": ["Ann Lee", "Anne Lee", "A. Lee"],
        "email": ["ann@lee.example", "anne@lee.example"],
        "title": ["Buyer, Hythe", "Owner"],
    }
    assert not MergeEvent.objects.exists()


def test_merged_from_the_list_with_choices(desk, three):
    answer = desk.post(
        url(three),
        {
            "survivor": str(three[1].public_id),
            "choice.name": str(three[2].public_id),
            "choice.title": str(three[2].public_id),
            "choice.email": "",
            "reason": "One and the same",
        },
    )
    assert (answer.status_code, answer.url) == (303, f"/people/{three[1].public_id}")
    assert [one[2] for one in state()[0]] == [three[1].pk, None, three[1].pk]
    assert Person.objects.get(pk=three[1].pk).name == "A. Lee"
    assert set(MergeEvent.objects.values_list("reason", flat=True)) == {"One and the same"}


@pytest.mark.parametrize("count", [1, 11])
def test_one_or_eleven_are_refused_in_words(desk, three, system, count):
    more = [create_person(system, data=NewPerson(name=f"P{n}"))[0] for n in range(8)]
    answer = desk.get(url([*three, *more][:count]))
    assert answer.status_code == 422
    assert "from two to ten" in answer.context["refused"]


def test_the_bar_offers_it_to_who_may(desk, client, make_user, three):
    assert "/people/many/merge" in desk.get("/people").content.decode()
    client.force_login(make_user("viewer"))
    assert "/people/many/merge" not in client.get("/people").content.decode()
    before = state()
    assert client.get(url(three)).status_code == 403
    assert client.post(url(three), {}).status_code == 403
    assert state() == before


def test_a_kind_that_is_not_merged_has_no_such_page(desk):
    assert desk.get("/deals/many/merge?_ids=1").status_code == 404
