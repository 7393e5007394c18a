"""The pages of persons and companies in the browser of the test, and the same by API."""

import json
import re

import pytest
from django.test import Client

from tandem.accounts.actions import add_token
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.people.models import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(make_user):
    return make_user("manager", name="Mara Quinn")


@pytest.fixture
def browser(client: Client, user):
    client.force_login(user)
    return client


@pytest.fixture
def ann(add, user):
    return add(
        "Ann Kowalczyk",
        by=actor_for(user),
        email="ann@hhgifts.example",
        title="Buyer",
        company="Harbour & Hythe Gifts",
    )


def test_the_list_shows_company_title_and_last_touch(browser, ann):
    page = browser.get("/people").content.decode()
    for words in ("Ann Kowalczyk", "Harbour &amp; Hythe Gifts", "Buyer", "added this record"):
        assert words in page, words


def test_the_page_of_a_person_tells_the_story_and_who_else_is_there(browser, ann, add):
    add("Rupert Hythe", title="Owner", company="Harbour & Hythe Gifts")
    page = browser.get(f"/people/{ann.public_id}").content.decode()
    for words in ("Rupert Hythe", "Others there", "added this record", "Mara Quinn", "c-composer"):
        assert words in page, words
    firm = page.split("/companies/")[1][:36]
    company = browser.get(f"/companies/{firm}").content.decode()
    assert "Ann Kowalczyk" in company
    assert "Rupert Hythe" in company


def test_the_main_address_stands_once_and_is_changed_in_its_place(browser, ann, make_user):
    url = f"/people/{ann.public_id}"
    browser.post(f"{url}/emails", {"address": "ann@home.example"})
    answer = browser.get(url)
    page = answer.content.decode()
    listed = re.findall('class="c-parts_value" data-verbatim>(.*?)</span>', page)
    assert len(listed) == 2
    assert f'data-cell="{url}/fields/email"' in listed[0]
    assert listed[0].endswith(">ann@hhgifts.example</a>")
    assert listed[1] == "ann@home.example"
    shown = [cell.key for _heading, cells in answer.context["groups"] for cell in cells]
    empty = [cell.key for cell in answer.context["empty_fields"]]
    assert ("title" in shown, "email" in shown, "phone" in shown + empty) == (True, False, False)
    browser.force_login(make_user("viewer"))
    seen = browser.get(url).content.decode()
    assert "ann@home.example" in seen
    assert 'data-cell="' not in seen


def test_jobs_of_long_ago_fold_away(browser, ann):
    url = f"/people/{ann.public_id}"
    for year in range(2001, 2007):
        job = {"title": f"Clerk {year}", "started_on": f"{year}-01-01", "ended_on": f"{year}-12-01"}
        assert browser.post(f"{url}/employments", job).status_code == 303
    page = browser.get(url).content.decode()
    jobs = page.split("<h2>Jobs</h2>")[1].split("</section>")[0]
    open_ones, _summary, folded = jobs.partition("Show 3 more")
    assert [f"Clerk {year}" in open_ones for year in range(2006, 2000, -1)] == [True] * 3 + [
        False
    ] * 3
    assert [f"Clerk {year}" in folded for year in range(2006, 2000, -1)] == [False] * 3 + [True] * 3


def test_a_note_stands_in_the_story(browser, ann):
    url = f"/people/{ann.public_id}"
    answer = browser.post(f"{url}/comments", {"text": "Wants <b>tins</b>\nby December"})
    assert answer.status_code == 303
    page = browser.get(f"{url}?tab=timeline&side=mine").content.decode()
    assert "Wants &lt;b&gt;tins&lt;/b&gt;<br>by December" in page
    assert "noted" in page
    assert "noted" not in browser.get(f"{url}?tab=timeline&side=mkt").content.decode()


def test_older_entries_load_behind_the_newest(browser, ann, user, system):
    url = f"/people/{ann.public_id}"
    for number in range(55):
        browser.post(f"{url}/comments", {"text": f"note {number:02d}."})
    first = browser.get(url).content.decode()
    assert "note 54." in first
    assert "note 04." not in first
    older = "/timeline" + first.split('hx-get="/timeline')[1].split('"')[0].replace("&amp;", "&")
    assert older.startswith("/timeline/people/")
    fragment = browser.get(older, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "note 04." in fragment
    assert "note 54." not in fragment
    assert "c-story_day" not in fragment  # the heading of this day stands above already
    assert "<html" in browser.get(older).content.decode()


def test_strange_addresses_of_a_story_are_refused(browser, ann):
    url = f"/timeline/people/{ann.public_id}"
    assert browser.get(f"{url}?before=strange").status_code == 422
    assert browser.get(f"/timeline/gadgets/{ann.public_id}").status_code == 404
    assert browser.get("/timeline/people/00000000-0000-0000-0000-000000000000").status_code == 404


@pytest.fixture
def api(client, user):
    raw = add_token(actor_for(user), NewToken(name="test")).raw

    def call(method, path, body=None):
        answer = client.generic(
            method,
            f"/api/v1{path}",
            json.dumps(body) if body is not None else "",
            content_type="application/json",
            headers={"Authorization": f"Bearer {raw}"},
        )
        return answer.status_code, json.loads(answer.content) if answer.content else None

    return call


def test_a_person_by_api_is_made_found_changed_and_deleted(api):
    made = {"name": "Ann", "email": "ann@a.example", "company": "Harbour", "country": "gb"}
    status, person = api("POST", "/people", made)
    assert status == 201
    assert (person["email"], person["company"]["name"], person["version"]) == (
        "ann@a.example",
        "Harbour",
        1,
    )
    again = api("POST", "/people", {"name": "Other", "email": "ANN@a.example"})
    assert again == (200, person)
    status, changed = api("PATCH", f"/people/{person['id']}", {"title": "Buyer", "version": 1})
    assert (status, changed["title"], changed["version"]) == (200, "Buyer", 2)
    status, refused = api("PATCH", f"/people/{person['id']}", {"title": "Head", "version": 1})
    assert (status, refused["code"]) == (409, "version_conflict")
    assert [one["field"] for one in refused["errors"]] == ["title"]
    status, story = api("GET", f"/timeline?person={person['id']}&limit=1")
    assert status == 200
    assert [entry["kind"] for entry in story["items"]] == ["people.changed"]
    status, rest = api("GET", f"/timeline?person={person['id']}&cursor={story['next']}")
    assert [entry["kind"] for entry in rest["items"]] == ["people.created"]
    assert rest["next"] is None
    assert api("DELETE", f"/people/{person['id']}")[0] == 204
    assert api("GET", f"/people/{person['id']}")[0] == 404
    assert api("GET", f"/timeline?person={person['id']}")[0] == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "a@b.example"}, "name"),
        ({"name": None}, "name"),
        ({"name": "A", "email": "a@localhost"}, "email"),
        ({"name": "A", "phone": "x"}, "phone"),
        ({"name": "A", "owner": "nobody"}, "owner"),
        ({"name": "A", "nickname": "B"}, "nickname"),
    ],
)
def test_a_refused_person_by_api_names_the_field(api, body, field):
    status, answer = api("POST", "/people", body)
    assert status == 422
    assert [one["field"] for one in answer["errors"]] == [field]
    assert Person.objects.count() == 0


@pytest.mark.parametrize(
    "query", ["", "?person=x", "?limit=0", "?side=east", "?person={0}&company={0}"]
)
def test_a_story_is_asked_of_one_record(api, ann, query):
    assert api("GET", f"/timeline{query.format(ann.public_id)}")[0] == 422
