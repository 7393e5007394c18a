"""Who hears of what: mentions and records given, once, and never of what is out of sight."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.accounts.actions import deactivate_user, hide_fields
from tandem.accounts.queries import actor_for
from tandem.accounts.rules import Role
from tandem.kernel.actions import last_change_set
from tandem.kernel.facts import Fact, deliver_facts
from tandem.kernel.models import Delivery, DeliveryState, PublishedFact
from tandem.kernel.undo import undo
from tandem.notifications.actions import Notice, change_preferences, notify
from tandem.notifications.models import Notification
from tandem.notifications.queries import unread_count
from tandem.notifications.reactions import tell_mentioned
from tandem.notifications.schemas import ChangePreferences
from tandem.people.actions import change_people, change_person, create_person, delete_person
from tandem.people.models import Person
from tandem.people.schemas import ChangePerson, NewPerson
from tandem.records.actions import ask_erasure, delete_comment, erase, merge
from tandem.records.facts import CommentAdded
from tandem.records.models import ErasureBasis
from tandem.records.slots import object_type

pytestmark = pytest.mark.django_db


def texts(items):
    return [item.text for item in items]


def test_who_is_mentioned_hears_of_it_and_nobody_else(isla, priya, ann, say, hears):
    say(isla, ann, "@Priya Nair, please call her.\nSoon.")
    [item] = hears(priya)
    assert item.text == "Isla Byrne mentioned you on Ann Kowalczyk"
    assert item.excerpt == "@Priya Nair, please call her. Soon."
    assert (item.record, item.told.count, item.is_read) == (ann, 1, False)
    assert hears(isla) == []
    assert Notification.objects.count() == 1


def test_a_second_mention_on_the_record_counts_and_one_elsewhere_stands_alone(
    isla, priya, ann, say, hears, system
):
    ben, _new = create_person(system, data=NewPerson(name="Ben"))
    for text in ("@Priya Nair, one", "@Priya Nair, two"):
        say(isla, ann, text)
    say(isla, ben, "@Priya Nair")
    assert texts(hears(priya)) == [
        "Isla Byrne mentioned you on Ben",
        "Isla Byrne mentioned you 2 times on Ann Kowalczyk",
    ]
    assert hears(priya)[1].excerpt == "@Priya Nair, two"


def test_nobody_is_told_of_their_own_words_and_deeds(isla, ann, say, hears):
    say(isla, ann, "A note to @Isla Byrne herself")
    actor = actor_for(isla)
    change_person(actor, ann.public_id, data=ChangePerson(owner=isla.email))
    create_person(actor, data=NewPerson(name="Hers", owner=isla.email))
    assert hears(isla) == []
    assert Notification.objects.count() == 0


def test_a_note_that_is_taken_back_is_told_no_more(isla, priya, ann, say, hears):
    first = say(isla, ann, "@Priya Nair, one")
    second = say(isla, ann, "@Priya Nair, two")
    kind = object_type("person")
    assert hears(priya)[0].told.count == 2
    delete_comment(actor_for(isla), kind, ann.public_id, comment_id=second.public_id)
    [item] = hears(priya)
    assert (item.told.count, item.excerpt) == (1, "@Priya Nair, one")
    delete_comment(actor_for(isla), kind, ann.public_id, comment_id=first.public_id)
    assert hears(priya) == []
    assert unread_count(actor_for(priya)) == 0


def test_who_is_given_a_record_hears_of_it_until_another_owns_it(isla, priya, ann, hears):
    actor = actor_for(isla)
    change_person(actor, ann.public_id, data=ChangePerson(owner=priya.email))
    deed = last_change_set()
    assert texts(hears(priya)) == ["Isla Byrne made you the owner of Ann Kowalczyk"]
    change_person(actor, ann.public_id, data=ChangePerson(country="GB"))
    assert len(hears(priya)) == 1
    assert deed is not None
    undo(actor, deed)
    assert hears(priya) == []


def test_who_is_given_many_hears_of_them_at_once(
    isla, priya, system, hears, django_assert_max_num_queries
):
    for number in range(30):
        create_person(system, data=NewPerson(name=f"Person {number}"))
    chosen = Person.objects.all()
    change_people(actor_for(isla), chosen, data=ChangePerson(owner=priya.email))
    [item] = hears(priya)
    assert item.text == "Isla Byrne made you the owner of 30 people"
    assert (item.record, Notification.objects.count()) == (None, 1)
    change_people(actor_for(isla), chosen, data=ChangePerson(owner=isla.email))
    change_people(actor_for(isla), chosen, data=ChangePerson(owner=priya.email))
    [item] = hears(priya)
    assert item.text == "Isla Byrne made you the owner of 60 people"
    with django_assert_max_num_queries(3):
        assert unread_count(actor_for(priya)) == 1


def test_who_brings_in_records_one_by_one_makes_one_row_of_them(isla, priya, hears):
    actor = actor_for(isla)
    create_person(actor, data=NewPerson(name="One", owner=priya.email))
    assert texts(hears(priya)) == ["Isla Byrne made you the owner of 1 person"]
    for number in range(3):
        create_person(actor, data=NewPerson(name=f"Other {number}", owner=priya.email))
    assert texts(hears(priya)) == ["Isla Byrne made you the owner of 4 people"]
    assert Notification.objects.count() == 1


def test_a_fact_that_comes_twice_tells_once(isla, priya, ann, say, hears):
    say(isla, ann, "@Priya Nair")
    change_person(actor_for(isla), ann.public_id, data=ChangePerson(owner=priya.email))
    assert sorted(item.told.count for item in hears(priya)) == [1, 1]
    Delivery.objects.update(state=DeliveryState.DUE, due_at=PublishedFact.objects.earliest("at").at)
    deliver_facts()
    assert sorted(item.told.count for item in hears(priya)) == [1, 1]


def test_who_wants_to_hear_nothing_of_it_does_not(isla, priya, ann, say, hears):
    change_preferences(actor_for(priya), data=ChangePreferences(ways={"mention": "off"}))
    say(isla, ann, "@Priya Nair")
    change_person(actor_for(isla), ann.public_id, data=ChangePerson(owner=priya.email))
    assert [item.reason.key for item in hears(priya)] == ["assigned"]


def test_who_left_is_told_nothing(isla, priya, ann, say, system):
    say(isla, ann, "@Priya Nair")
    deactivate_user(system, priya.public_id)
    deliver_facts()
    assert Notification.objects.count() == 0


def test_what_went_out_of_sight_is_shown_and_counted_no_more(isla, priya, ann, say, hears, system):
    say(isla, ann, "@Priya Nair, secret words")
    change_person(actor_for(isla), ann.public_id, data=ChangePerson(owner=priya.email))
    assert len(hears(priya)) == 2
    change_person(system, ann.public_id, data=ChangePerson(owner=isla.email))
    assert hears(priya, shows="all") == []
    assert unread_count(actor_for(priya)) == 0
    change_person(system, ann.public_id, data=ChangePerson(owner=None))
    assert [item.reason.key for item in hears(priya)] == ["mention"]
    delete_person(system, ann.public_id)
    assert hears(priya, shows="all") == []


def test_whose_role_does_not_see_owners_is_not_told_of_being_one(isla, priya, ann, hears, admin):
    change_person(actor_for(isla), ann.public_id, data=ChangePerson(owner=priya.email))
    assert len(hears(priya)) == 1
    hide_fields(admin, Role.SELLER, "person", fields=["owner"])
    assert hears(priya) == []
    assert unread_count(actor_for(priya)) == 0


@settings(max_examples=25)
@given(
    owners=st.lists(st.sampled_from(["isla", "priya", None]), min_size=1, max_size=4),
    mentioned=st.lists(st.integers(0, 3), max_size=4),
)
def test_nobody_ever_hears_of_a_record_that_they_do_not_see(
    owners, mentioned, isla, priya, system, say, hears
):
    Notification.objects.all().delete()
    users = {"isla": isla, "priya": priya}
    made = [create_person(system, data=NewPerson(name="Somebody"))[0] for _owner in owners]
    told = [made[at % len(made)] for at in mentioned]
    for person in told:
        say(isla, person, "@Priya Nair, look")
    for person, owner in zip(made, owners, strict=True):
        named = users[owner].email if owner else None
        change_person(system, person.public_id, data=ChangePerson(owner=named))
    found = hears(priya, shows="all")
    seen = set(object_type("person").visible_to(actor_for(priya)).values_list("pk", flat=True))
    mentions = {item.record.pk for item in found if item.reason.key == "mention"}
    assert mentions == {person.pk for person in told} & seen
    given_to_her = {item.record.pk for item in found if item.reason.key == "assigned"}
    assert given_to_her == {
        person.pk for person, owner in zip(made, owners, strict=True) if owner == "priya"
    }
    assert unread_count(actor_for(priya)) == len(mentions) + len(given_to_her)


def test_two_who_become_one_keep_one_notification(isla, priya, ann, say, hears, admin, system):
    other, _new = create_person(system, data=NewPerson(name="Anne"))
    say(isla, ann, "@Priya Nair")
    say(isla, other, "@Priya Nair")
    assert len(hears(priya)) == 2
    merge(admin, object_type("person"), ann.public_id, other.public_id)
    [item] = hears(priya)
    assert item.record == ann


def test_an_erased_person_leaves_no_notification(isla, priya, ann, say, hears, admin):
    say(isla, ann, "@Priya Nair")
    assert len(hears(priya)) == 1
    asked = ask_erasure(
        admin,
        object_type("person"),
        ann.public_id,
        typed=ann.name,
        basis=ErasureBasis.REQUEST,
    )
    erase(admin, asked)
    assert Notification.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_many_writers_at_once_make_one_row_that_counts_each(isla, priya, ann, system):
    def tell(cause):
        try:
            notify(system, "mention", [Notice(priya.pk, "person", ann.pk, f"cause {cause % 8}")])
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tell, range(24)))
    [row] = Notification.objects.all()
    assert (row.count, sorted(row.causes)) == (8, sorted(f"cause {n}" for n in range(8)))


def test_a_fact_of_before_mentions_were_told_tells_nobody(system, ann):
    assert issubclass(CommentAdded, Fact)
    tell_mentioned(system, CommentAdded(1, 1, "person", ann.pk))
    assert Notification.objects.count() == 0
