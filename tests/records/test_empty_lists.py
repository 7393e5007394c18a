"""A list without rows: nothing that fits, or nothing at all and what brings the first ones."""

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.test import Client

from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.kernel.actor import Actor
from tandem.people.actions import create_person
from tandem.people.schemas import NewPerson
from tandem.records.actions import save_view
from tandem.records.schemas import NewView
from tandem.records.slots import object_type

pytestmark = pytest.mark.django_db

NONE = '{"op":"and","items":[{"field":"name","is":"contains","value":"zzz"}]}'


def browser(user: User) -> Client:
    found = Client()
    found.force_login(user)
    return found


def offered(client: Client, address: str) -> tuple[str, list[tuple[str, str]]]:
    """What an empty list says, and where it offers to go."""
    page = client.get(address)
    assert page.status_code == 200
    html = page.content.decode()
    empty = html[html.index('<div class="c-empty') :].split("</main>", 1)[0]
    title = re.search(r"<h2>(.*?)</h2>", empty)
    assert title is not None
    links = re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', empty, re.DOTALL)
    words = [(" ".join(re.sub("<[^>]*>", " ", said).split()), to) for to, said in links]
    return title[1], words


@pytest.mark.parametrize(
    ("role", "ways"),
    [
        (
            "marketer",
            [
                ("Add the first person", "/people/new"),
                ("Import a file", "/imports"),
                ("Make a form", "/forms/new"),
            ],
        ),
        ("seller", [("Add the first person", "/people/new")]),
        ("viewer", []),
    ],
)
def test_an_empty_kind_offers_what_brings_the_first_ones(
    make_user: Callable[..., User], role: str, ways: list[tuple[str, str]]
) -> None:
    client = browser(make_user(role))
    assert offered(client, "/people") == ("No people yet", ways)
    # A filter cannot be why a list is empty that has nothing at all.
    assert offered(client, f"/people?filter={quote(NONE)}") == ("No people yet", ways)
    for _way, address in ways:
        assert client.get(address).status_code == 200


def test_each_kind_has_its_own_ways(make_user: Callable[..., User]) -> None:
    client = browser(make_user("admin"))
    assert offered(client, "/companies")[1] == [
        ("Add the first company", "/companies/new"),
        ("Import a file", "/imports"),
    ]
    assert offered(client, "/campaigns")[1] == [("Add the first campaign", "/campaigns/new")]


def test_filters_that_find_nothing_are_dropped_and_the_rest_stays(
    make_user: Callable[..., User], system: Actor
) -> None:
    user = make_user("admin")
    client = browser(user)
    create_person(system, data=NewPerson(name="Ann Kowalczyk"))
    title, ways = offered(client, f"/people?q=ann&sort=-name&filter={quote(NONE)}")
    assert (title, ways) == ("Nothing matches", [("Clear the filters", "/people?sort=-name")])
    assert offered(client, "/people?q=zzz")[1] == [("Clear the filters", "/people")]
    # A view with filters of its own stays the view, without them.
    tree = {"op": "and", "items": [{"field": "name", "is": "contains", "value": "zzz"}]}
    view = save_view(actor_for(user), object_type("person"), data=NewView(name="Z", filters=tree))
    title, ways = offered(client, f"/people?view={view.public_id}")
    assert title == "Nothing matches"
    [(_words, address)] = ways
    assert address == f"/people?view={view.public_id}&amp;filter=%7B%7D"
    page = client.get(address.replace("&amp;", "&")).content.decode()
    assert "Ann Kowalczyk" in page
    assert "View changed" in page
