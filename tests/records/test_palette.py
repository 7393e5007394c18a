"""What the palette offers on the page and the side panel of a record: its verbs, by right."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from tandem.accounts.actions import hide_fields
from tandem.accounts.models import User
from tandem.accounts.rules import Role
from tandem.kernel.actor import Actor
from tandem.people.actions import create_person, delete_person
from tandem.people.models import Person
from tandem.people.schemas import NewPerson

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
ALL = [
    "Assign",
    "Set a field",
    "Tag",
    "Add a note",
    "History and undo",
    "Merge with another",
    "Export everything about this person",
    "Delete",
    "Erase for good",
]


@pytest.fixture
def ann(system: Actor) -> Person:
    return create_person(system, data=NewPerson(name="Ann Kowalczyk"))[0]


@pytest.fixture
def browser(make_user: Callable[..., User]) -> Callable[[str], Client]:
    """The browser of somebody with a role."""

    def make(role: str) -> Client:
        client = Client()
        client.force_login(make_user(role, name=f"A {role}"))
        return client

    return make


def offered(client: Client, path: str, query: str = "") -> list[str]:
    """The verbs under the name of the record."""
    answer = client.get("/palette", {"q": query, "path": path}, headers=HTMX)
    assert answer.status_code == 200
    groups = dict(
        re.findall(r"<h3[^>]*>([^<]*)</h3>(.*?)(?=<h3|\Z)", answer.content.decode(), re.DOTALL)
    )
    found = re.findall(
        r'<span class="ellipsis" data-verbatim>(.*?)</span>', groups.get("Ann Kowalczyk", "")
    )
    return [unescape(re.sub(r"</?mark>", "", one)) for one in found]


def test_a_record_and_its_side_panel_offer_what_may_be_done_with_it(
    ann: Person, browser: Callable[[str], Client]
) -> None:
    client = browser("admin")
    page = f"/people/{ann.public_id}"
    assert offered(client, page) == ALL
    assert offered(client, f"{page}/peek") == ALL
    assert offered(client, page, "tag") == ["Tag"]
    assert offered(client, page, "nothing like it") == []
    for elsewhere in ("/people", "/", "/no/such/page", "", f"{page}/merge", "/people/new"):
        assert offered(client, elsewhere) == []
    assert offered(client, "/people/01890000-0000-7000-8000-00000000dead") == []


def test_a_verb_without_the_right_to_it_is_not_offered(
    ann: Person, browser: Callable[[str], Client], admin: Actor
) -> None:
    page = f"/people/{ann.public_id}"
    assert offered(browser("viewer"), page) == []
    seller = browser("seller")
    mine = offered(seller, page)
    assert "Erase for good" not in mine
    assert {"Assign", "Tag", "Add a note"} <= set(mine)
    # The page has the same ones in its menu.
    html = seller.get(page).content.decode()
    for words in ("Merge with another", "Erase for good", "Export everything about this person"):
        assert (words in mine) == (words in html)
    hide_fields(admin, Role.SELLER, "person", fields=["owner", "tags"])
    assert set(mine) - set(offered(seller, page)) == {"Assign", "Tag"}


def test_a_record_that_the_actor_does_not_see_offers_nothing(
    system: Actor, make_user: Callable[..., User], ann: Person, admin: Actor
) -> None:
    delete_person(admin, ann.public_id)
    client = Client()
    client.force_login(make_user("admin", name="Root"))
    assert offered(client, f"/people/{ann.public_id}") == []


def test_an_offered_dialog_does_it_and_stays_where_it_was_asked(
    ann: Person, browser: Callable[[str], Client]
) -> None:
    client = browser("admin")
    page = f"/people/{ann.public_id}"
    here = f"http://testserver{page}?tab=timeline"
    answer = client.get("/palette", {"path": page}, headers=HTMX).content.decode()
    to = unescape(re.findall(r'hx-get="([^"]*/many/tag[^"]*)"', answer)[0])
    said = HTMX | {"HX-Current-URL": here}
    assert "Tag 1 person" in client.get(to, headers=HTMX).content.decode()
    done = client.post(to, {"name": "Hot", "_count": "1"}, headers=said)
    assert done.headers["HX-Redirect"] == here
    assert "Hot" in client.get(page).content.decode()
    # Another place of ours than a page of Tandem is not led to.
    away = HTMX | {"HX-Current-URL": "https://elsewhere.example/people"}
    done = client.post(to, {"name": "Hot", "_count": "1"}, headers=away)
    assert done.headers["HX-Redirect"] == "/"


def test_deleting_from_a_list_leads_back_to_the_list_as_it_was(
    ann: Person, browser: Callable[[str], Client]
) -> None:
    client = browser("admin")
    page = f"/people/{ann.public_id}"
    stood = {"Referer": "http://testserver/people?sort=-name"}
    done = client.post(f"{page}/deletion", headers=stood)
    assert (done.status_code, done["Location"]) == (303, "http://testserver/people?sort=-name")
    assert not Person.objects.filter(pk=ann.pk, deleted_at__isnull=True).exists()


def test_query_count_of_the_palette_on_a_record(
    ann: Person, browser: Callable[[str], Client], django_assert_max_num_queries: Any
) -> None:
    client = browser("admin")
    page = f"/people/{ann.public_id}"
    offered(client, page)
    with django_assert_max_num_queries(8):
        offered(client, page)
