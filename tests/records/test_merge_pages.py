"""The preview of a merge, the merge by page, and taking it back by page."""

import pytest

from tandem.people.actions import create_person
from tandem.people.models import Person
from tandem.people.schemas import NewPerson
from tandem.records.actions import add_tag
from tandem.records.models import MergeEvent
from tandem.records.schemas import NewTag
from tandem.records.slots import object_type

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(system):
    one = create_person(system, data=NewPerson(name="Ann Lee", email="ann@lee.example"))[0]
    other = create_person(
        system,
        data=NewPerson(name="Anne Lee", email="anne@lee.example", title="Buyer", country="GB"),
    )[0]
    add_tag(system, object_type("person"), other.public_id, data=NewTag(name="vip"))
    return one, other


@pytest.fixture
def browser(client, make_user):
    client.force_login(make_user("admin"))
    return client


def test_the_preview_shows_both_and_what_comes_along(browser, two):
    one, other = two
    answer = browser.get(f"/people/{one.public_id}/merge", {"with": str(other.public_id)})
    assert answer.status_code == 200
    assert {str(label): count for label, count in answer.context["rows"]} == {
        "Mail addresses": 1,
        "Jobs": 1,
        "Tags": 1,
    }
    lines = {line.key: line for line in answer.context["choices"]}
    assert {key for key, line in lines.items() if line.is_open} == {"name", "email"}
    assert (lines["name"].side, lines["country"].side) == ("survivor", "absorbed")
    page = answer.content.decode()
    # What neither of them says is not asked about.
    assert (lines["country"].is_told, lines["salutation"].is_told) == (True, False)
    assert (page.count(">Country</th>"), page.count(">Salutation</th>")) == (1, 0)
    assert not MergeEvent.objects.exists()


def test_merged_by_page_with_choices_and_taken_back_by_page(browser, two):
    one, other = two
    answer = browser.post(
        f"/people/{one.public_id}/merge",
        {"with": str(other.public_id), "choice.name": "absorbed", "reason": "The same"},
    )
    assert (answer.status_code, answer.url) == (303, f"/people/{one.public_id}")
    event = MergeEvent.objects.get()
    assert (event.choices, event.reason) == ({"name": "absorbed"}, "The same")
    assert Person.objects.get(pk=one.pk).name == "Anne Lee"
    page = f"/people/{one.public_id}/merges/{event.public_id}"
    assert page in browser.get(f"/people/{one.public_id}").content.decode()
    assert "Anne Lee" in browser.get(page).content.decode()
    answer = browser.post(page)
    assert (answer.status_code, answer.url) == (303, f"/people/{one.public_id}")
    assert Person.objects.get(pk=one.pk).name == "Ann Lee"
    assert Person.objects.get(pk=other.pk).merged_into_id is None
    assert browser.post(page).status_code == 409


def test_another_one_is_searched_for(browser, two):
    one, other = two
    page = f"/people/{one.public_id}/merge"
    assert "Merge with which record?" in browser.get(page).content.decode()
    found = browser.get(page, {"q": "lee"}).content.decode()
    assert f"?with={other.public_id}" in found
    assert f"?with={one.public_id}" not in found


def test_what_cannot_be_merged_says_so_and_changes_nothing(browser, two, client, make_user):
    one, other = two
    page = f"/people/{one.public_id}/merge"
    same = browser.get(page, {"with": str(one.public_id)})
    assert "A record cannot be merged with itself." in same.content.decode()
    assert browser.post(page, {"with": str(one.public_id)}).status_code == 422
    assert browser.post(page, {"with": "nobody"}).status_code == 404
    assert (
        browser.post(page, {"with": str(other.public_id), "choice.shoe": "absorbed"}).status_code
        == 422
    )
    client.force_login(make_user("viewer"))
    assert client.get(page, {"with": str(other.public_id)}).status_code == 403
    assert client.post(page, {"with": str(other.public_id)}).status_code == 403
    client.logout()
    assert client.post(page, {"with": str(other.public_id)}).status_code == 302
    assert not MergeEvent.objects.exists()
