"""The columns of a list: which, in what order, how wide, how close their rows; their views."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tandem.accounts.errors import FieldHidden
from tandem.accounts.models import User
from tandem.kernel.actor import Actor
from tandem.people.actions import create_person
from tandem.people.schemas import NewPerson
from tandem.records.actions import change_view, save_view
from tandem.records.models import SavedView
from tandem.records.rules import Unreadable
from tandem.records.rules.columns import moved_forward, parse_widths, widths_as_text
from tandem.records.schemas import ChangeView, NewView
from tandem.records.slots import object_type

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(make_user: Callable[..., User], system: Actor) -> Client:
    create_person(system, data=NewPerson(name="Ann Kowalczyk"))
    found = Client()
    found.force_login(make_user("admin"))
    return found


def table(client: Client, **params: Any) -> tuple[str, list[tuple[str, str]]]:
    """The classes of the table of people that tell how it stands, and the width of each column."""
    page = client.get("/people", params)
    assert page.status_code == 200
    html = page.content.decode()
    found = re.search(r'<table class="([^"]*)"', html)
    assert found is not None
    told = " ".join(one for one in found[1].split() if one in ("is-sized", "is-compact"))
    group = re.search("<colgroup>(.*?)</colgroup>", html)
    cols = re.findall(r'<col(?: width="(\d+)")?>', group[1]) if group else []
    # The boxes come before the columns, and behind them is the room that is left.
    heads = re.findall(r'data-head="(\w+)"', html)
    if group:
        assert (cols[0], cols[-1]) == ("", "")
    return told, list(zip(heads, cols[1:-1], strict=True)) if cols else [(one, "") for one in heads]


def asked(answer: Any) -> dict[str, str]:
    """The parameters of the address that an answer leads to."""
    assert answer.status_code == 303
    return {name: one for name, (one,) in parse_qs(urlsplit(answer["Location"]).query).items()}


def test_the_address_says_how_wide_columns_are_and_how_close_rows(client: Client) -> None:
    columns = "name,title,owner"
    usual = [("name", ""), ("title", ""), ("owner", "")]
    assert table(client, columns=columns) == ("", usual)
    assert table(client, columns=columns, widths="title:300,country:90", density="compact") == (
        "is-sized is-compact",
        [("name", ""), ("title", "300"), ("owner", "")],
    )
    # Widths of columns that are not shown change nothing.
    assert table(client, columns=columns, widths="country:90") == ("", usual)


@pytest.mark.parametrize(
    "widths",
    ["title", "title:", "title:47", "title:961", "title:-1", "title:1e2", "title:٩٩", ":90"],
)
def test_a_width_that_is_none_is_refused(client: Client, widths: str) -> None:
    assert client.get("/people", {"widths": widths}).status_code == 422
    with pytest.raises(Unreadable):
        parse_widths(widths)


def test_widths_are_read_as_they_are_written() -> None:
    widths = {"name": 48, "title": 960}
    assert widths_as_text(widths) == "name:48,title:960"
    assert parse_widths("name:48,title:960") == widths
    with pytest.raises(Unreadable) as refused:
        parse_widths(",".join(["title:90"] * 41))
    assert refused.value.reason == "more than 40 columns"


@pytest.mark.parametrize(
    ("key", "keys"), [("c", ["a", "c", "b"]), ("a", ["a", "b", "c"]), ("x", ["a", "b", "c"])]
)
def test_a_column_comes_a_place_sooner(key: str, keys: list[str]) -> None:
    assert moved_forward(["a", "b", "c"], key) == keys


def test_the_picker_leads_to_the_address_that_says_it(client: Client) -> None:
    form = {
        "q": "ann",
        "widths": "owner:200",
        "_density": "compact",
        "_column": ["title", "country", "owner"],
        "_width.name": "",
        "_width.title": "300",
        "_width.country": "7",
        "_width.owner": "wide",
        "_width.email": "90",
        "_front": "owner",
    }
    assert asked(client.get("/people", form)) == {
        "q": "ann",
        "columns": "name,title,owner,country",
        "widths": "title:300,country:48",
        "density": "compact",
    }
    # As they usually are: nothing of it is left in the address.
    usual = {
        "_density": "comfortable",
        "_column": ["title"],
        "widths": "title:9",
        "_width.title": "",
    }
    assert asked(client.get("/people", usual | {"widths": "title:90"})) == {"columns": "name,title"}
    # No column but the name, and a board, whose columns have no widths.
    assert asked(client.get("/people", {"_density": "comfortable"})) == {"columns": "name"}
    board = {"_column": ["title"], "widths": "title:90", "density": "compact"}
    assert asked(client.get("/people", board)) == {
        "columns": "name,title",
        "widths": "title:90",
        "density": "compact",
    }


def test_a_view_keeps_widths_and_density_until_the_list_has_others(client: Client) -> None:
    address = "/people/views/new?columns=name,title&widths=title:300&density=compact"
    client.post(address, {"name": "Wide", "visibility": "private"})
    view = SavedView.objects.get()
    assert (view.columns, view.widths, view.density) == (
        ["name", "title"],
        {"title": 300},
        "compact",
    )
    kept = [("name", ""), ("title", "300")]
    assert table(client, view=view.public_id) == ("is-sized is-compact", kept)
    usual = {"view": view.public_id, "widths": "none", "density": "comfortable"}
    assert table(client, **usual) == ("", [("name", ""), ("title", "")])
    page = client.get("/people", usual).content.decode()
    assert "View changed" in page
    form = {"view": str(view.public_id), "_column": ["title"]}
    unchanged = form | {"_density": "compact", "_width.title": "300"}
    assert asked(client.get("/people", unchanged)) == {
        "view": str(view.public_id),
        "columns": "name,title",
    }
    assert asked(client.get("/people", form | {"_density": "comfortable"})) == {
        "view": str(view.public_id),
        "columns": "name,title",
        "widths": "none",
        "density": "comfortable",
    }
    client.post(f"/people/views/{view.public_id}?view={view.public_id}&widths=title:90")
    view.refresh_from_db()
    assert (view.widths, view.density, view.columns) == (
        {"title": 90},
        "compact",
        ["name", "title"],
    )


def test_widths_of_what_is_not_there_are_not_kept(
    admin: Actor,
) -> None:
    kind = object_type("person")
    data = NewView(name="Wide", widths={"title": 300, "gone": 90}, density="compact")
    view = save_view(admin, kind, data=data)
    assert view.widths == {"title": 300}
    change_view(admin, kind, view.public_id, data=ChangeView(widths={"gone": 90, "country": 90}))
    view.refresh_from_db()
    assert (view.widths, view.density) == ({"country": 90}, "compact")
    blind = replace(admin, hidden={"person": frozenset({"title"})})
    with pytest.raises(FieldHidden):
        change_view(blind, kind, view.public_id, data=ChangeView(widths={"title": 90}))
    view.refresh_from_db()
    assert view.widths == {"country": 90}
