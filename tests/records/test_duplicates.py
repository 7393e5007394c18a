"""The queue of what may be here twice: found, asked about, answered, never asked again."""

import re

import pytest

from tandem.kernel.actions import last_change_set
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.facts import deliver_facts
from tandem.kernel.models import ProgressRecord
from tandem.kernel.undo import undo
from tandem.people.actions import change_person, create_company, create_person, delete_person
from tandem.people.models import Person
from tandem.people.schemas import ChangePerson, NewCompany, NewPerson
from tandem.records.actions import find_duplicates, keep_apart, merge, unmerge
from tandem.records.jobs import look_for_duplicates
from tandem.records.models import DuplicatePair
from tandem.records.queries.duplicates import neighbours_of, open_pairs
from tandem.records.slots import object_type

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def kind():
    return object_type("person")


@pytest.fixture
def add(system):
    return lambda name, **of: create_person(system, data=NewPerson(name=name, **of))[0]


def names(actor, kind):
    found = dict(kind.model.objects.values_list("pk", "name"))
    return [(found[p.one_id], found[p.other_id]) for p in open_pairs(actor, kind)]


def test_what_is_here_twice_is_found_with_the_reason_and_the_likeliest_first(system, add, kind):
    add("Ann Lee", phone="+442071838750")
    add("Anne Lee", phone="+442071838750")
    add("Siobhán O'Rourke", email="siobhan.orourke@one.example")
    add("Siobhan Orourke", email="siobhanorourke@two.example")
    add("Bo Dee")
    add("Carl Jones")
    assert find_duplicates(system, kind) == 2
    pairs = list(open_pairs(system, kind))
    assert [(p.score, p.reasons) for p in pairs] == [
        (82, ["one_letter", "same_phone"]),
        (80, ["same_name", "same_mail_name"]),
    ]
    assert names(system, kind)[0] == ("Ann Lee", "Anne Lee")


def test_new_and_changed_people_are_compared_by_themselves(system, add, kind):
    one = add("Ann Lee")
    add("Anne Lee")
    deliver_facts()
    assert names(system, kind) == [("Ann Lee", "Anne Lee")]
    change_person(system, one.public_id, data=ChangePerson(name="Walter Mitty"))
    deliver_facts()
    assert names(system, kind) == []


def test_companies_are_compared_without_their_legal_form(system):
    kind = object_type("company")
    for name in ("Thistle Gifts Ltd", "Thistle Gifts GmbH", "Hythe & Co"):
        create_company(system, data=NewCompany(name=name))
    find_duplicates(system, kind)
    assert names(system, kind) == [("Thistle Gifts Ltd", "Thistle Gifts GmbH")]


def test_what_was_answered_is_not_asked_again_and_can_be_undone(system, add, kind):
    add("Ann Lee")
    add("Anne Lee")
    find_duplicates(system, kind)
    (pair,) = open_pairs(system, kind)
    keep_apart(system, kind, pair.public_id)
    answered = last_change_set()
    assert answered is not None
    find_duplicates(system, kind)
    assert names(system, kind) == []
    assert DuplicatePair.objects.get().state == "different"
    undo(system, answered)
    assert names(system, kind) == [("Ann Lee", "Anne Lee")]


def test_a_merge_answers_and_taking_it_back_asks_again(system, add, kind):
    one, other = add("Ann Lee"), add("Anne Lee")
    find_duplicates(system, kind)
    event = merge(system, kind, one.public_id, other.public_id)
    assert DuplicatePair.objects.get().state == "merged"
    find_duplicates(system, kind)
    assert names(system, kind) == []
    unmerge(system, kind, one.public_id, event=event.public_id)
    assert names(system, kind) == [("Ann Lee", "Anne Lee")]


def test_what_is_gone_is_not_asked_about(system, add, kind):
    one, _other = add("Ann Lee"), add("Anne Lee")
    find_duplicates(system, kind)
    delete_person(system, one.public_id)
    assert list(open_pairs(system, kind)) == []
    find_duplicates(system, kind)
    assert not DuplicatePair.objects.exists()


def test_a_pair_is_asked_of_who_sees_both(system, add, kind, make_user, make_actor, viewer):
    one, other = add("Ann Lee"), add("Anne Lee")
    find_duplicates(system, kind)
    owner = make_user("seller")
    change_person(system, one.public_id, data=ChangePerson(owner=str(owner.public_id)))
    stranger = make_actor("seller")
    pair = DuplicatePair.objects.get()
    assert list(open_pairs(stranger, kind)) == []
    with pytest.raises(Missing):
        keep_apart(stranger, kind, pair.public_id)
    with pytest.raises(Refused):
        keep_apart(viewer, kind, pair.public_id)
    assert DuplicatePair.objects.get().state == "open"
    assert Person.objects.get(pk=other.pk).merged_into_id is None


def test_the_queue_is_gone_through_one_by_one(system, add, kind):
    for name in ("Ann Lee", "Anne Lee", "Bob Stone", "Bob Stone"):
        add(name)
    find_duplicates(system, kind)
    first, second = open_pairs(system, kind)
    assert neighbours_of(system, kind, first) == (None, second)
    assert neighbours_of(system, kind, second) == (first, None)


def test_the_page_shows_pairs_and_takes_answers(client, make_user, system, add, kind):
    add("Ann Lee")
    add("Anne Lee")
    client.force_login(make_user("admin"))
    assert "No duplicates" in client.get("/duplicates").content.decode()
    find_duplicates(system, kind)
    shown = client.get("/duplicates?kind=people").content.decode()
    assert "names differ by one letter" in shown
    pair = DuplicatePair.objects.get()
    answer = client.post(f"/people/duplicates/{pair.public_id}/apart")
    assert (answer.status_code, answer.url) == (303, "/duplicates?kind=people")
    assert DuplicatePair.objects.get().state == "different"
    assert client.post("/people/duplicates/search").status_code == 303
    client.force_login(make_user("viewer"))
    assert client.get("/duplicates").status_code == 403
    assert client.post(f"/people/duplicates/{pair.public_id}/apart").status_code == 403


def test_the_page_tells_of_a_search_and_then_shows_what_it_found(client, make_user, add):
    add("Ann Lee")
    add("Anne Lee")
    client.force_login(make_user("admin"))
    page = client.post("/people/duplicates/search").url
    record = ProgressRecord.objects.get()
    assert page == f"/duplicates?kind=people&job={record.public_id}"
    # Asked once more, it is the same search.
    assert client.post("/people/duplicates/search").url == page

    whole = client.get(page).content.decode()
    assert ('hx-trigger="every 1s"' in whole, "Load the page again" in whole) == (True, True)
    part = client.get(page, headers=HTMX)
    assert part.content.decode().startswith('<div id="search" hx-get="/duplicates?kind=people')
    assert "HX-Retarget" not in part.headers

    look_for_duplicates(kind="person", user_id=record.actor_id, progress=str(record.public_id))
    part = client.get(page, headers=HTMX)
    assert (part["HX-Retarget"], part["HX-Reswap"]) == ("#duplicates", "outerHTML")
    assert "The search has ended" in part["HX-Trigger"]
    for shown in (part.content.decode(), client.get(page).content.decode()):
        assert "names differ by one letter" in shown
        assert "every 1s" not in shown
    assert ProgressRecord.objects.get().state == "done"


def test_who_comes_second_is_told_and_sees_no_search_of_others(client, make_user, add):
    client.force_login(make_user("admin"))
    page = client.post("/people/duplicates/search").url
    client.force_login(make_user("manager"))
    assert client.post("/people/duplicates/search").url == "/duplicates?kind=people"
    assert ProgressRecord.objects.count() == 1
    for address in (page, "/duplicates?kind=people&job=none"):
        assert 'id="search"' not in client.get(address).content.decode()


def test_a_merge_is_listed_until_two_are_made_again(client, make_user, system, add, kind):
    one, other = add("Ann Lee"), add("Anne Lee")
    merge(system, kind, one.public_id, other.public_id)
    client.force_login(make_user("admin"))
    page = client.get("/duplicates?kind=people").content.decode()
    (address,) = re.findall(rf'action="(/people/{one.public_id}/merges/[^"]+)"', page)
    assert "Merged lately" in page
    assert "Anne Lee" in page
    assert client.post(address).status_code == 303
    assert Person.objects.filter(merged_into__isnull=True).count() == 2
    assert "Merged lately" not in client.get("/duplicates?kind=people").content.decode()


def test_the_preview_of_a_pair_says_why_and_leads_to_the_next(client, make_user, system, add, kind):
    for name in ("Ann Lee", "Anne Lee", "Bob Stone", "Bob Stone"):
        add(name)
    find_duplicates(system, kind)
    first, second = open_pairs(system, kind)
    ids = dict(Person.objects.values_list("pk", "public_id"))
    client.force_login(make_user("admin"))
    page = f"/people/{ids[second.one_id]}/merge?with={ids[second.other_id]}"
    shown = client.get(page)
    assert shown.context["reasons"] == "names differ by one letter"
    assert shown.context["previous_url"] == (
        f"/people/{ids[first.one_id]}/merge?with={ids[first.other_id]}"
    )
    assert shown.context["next_url"] == ""
    assert f"/people/duplicates/{second.public_id}/apart" in shown.content.decode()
