"""The view with which a list opens, its picture, and the dialog that says what a view is."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tandem.accounts.actions import add_token, hide_fields
from tandem.accounts.errors import FieldHidden
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.rules import Role
from tandem.accounts.schemas import NewToken
from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.undo import undo
from tandem.people.actions import create_person
from tandem.people.schemas import NewPerson
from tandem.records import queries
from tandem.records.actions import change_view, delete_view, save_view
from tandem.records.errors import ViewNotShared
from tandem.records.models import OpeningView, SavedView
from tandem.records.schemas import ChangeView, NewView, OpensFor, ViewIcon
from tandem.records.slots import object_type

pytestmark = pytest.mark.django_db

Person = Callable[..., User]


@pytest.fixture
def priya(make_user: Person) -> User:
    return make_user("seller", name="Priya")


@pytest.fixture
def shared(admin: Actor) -> SavedView:
    return save_view(admin, object_type("person"), data=NewView(name="Ours", visibility="everyone"))


@pytest.fixture
def api(admin: Actor) -> Callable[..., Any]:
    token = add_token(admin, NewToken(name="door")).raw

    def call(method: str, path: str, body: Any = None) -> Any:
        return Client().generic(
            method,
            f"/api/v1{path}",
            b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )

    return call


def opens_with(actor: Actor) -> str | None:
    found = queries.opening_of(queries.tabs_for(actor, object_type("person")))
    return found.name if found else None


def open_for(actor: Actor, view: SavedView, whom: str) -> None:
    data = ChangeView(opens_for=OpensFor(whom))
    change_view(actor, object_type("person"), view.public_id, data=data)


def browser(user: User) -> Client:
    found = Client()
    found.force_login(user)
    return found


def test_a_list_opens_with_the_view_of_its_reader_before_that_of_everyone(
    admin: Actor, priya: User, shared: SavedView
) -> None:
    seller = actor_for(priya)
    mine = save_view(seller, object_type("person"), data=NewView(name="Mine"))
    assert (opens_with(seller), opens_with(admin)) == (None, None)
    open_for(admin, shared, "everyone")
    assert (opens_with(seller), opens_with(admin)) == ("Ours", "Ours")
    open_for(seller, mine, "me")
    assert (opens_with(seller), opens_with(admin)) == ("Mine", "Ours")
    # One view at a time: another one takes the place of the first.
    open_for(seller, shared, "me")
    assert (opens_with(seller), OpeningView.objects.count()) == ("Ours", 2)
    open_for(admin, shared, "nobody")
    assert (opens_with(seller), opens_with(admin)) == ("Ours", None)
    open_for(seller, shared, "nobody")
    assert (opens_with(seller), OpeningView.objects.count()) == (None, 0)
    deed = last_change_set()
    assert deed is not None
    undo(seller, deed)
    assert opens_with(seller) == "Ours"


def test_opening_everyones_list_needs_the_right_and_a_view_of_everyone(
    admin: Actor, priya: User, shared: SavedView
) -> None:
    seller, kind = actor_for(priya), object_type("person")
    with pytest.raises(Refused):
        open_for(seller, shared, "everyone")
    own = save_view(admin, kind, data=NewView(name="Own"))
    with pytest.raises(ViewNotShared):
        open_for(admin, own, "everyone")
    with pytest.raises(Missing):
        open_for(seller, own, "me")
    with pytest.raises(ViewNotShared):
        save_view(admin, kind, data=NewView(name="New", opens_for=OpensFor.EVERYONE))
    # What a colleague says of the list of their own changes nothing of the view or of others.
    with pytest.raises(Refused):
        change_view(
            seller,
            kind,
            shared.public_id,
            data=ChangeView(icon=ViewIcon.STAR, opens_for=OpensFor.ME),
        )
    assert OpeningView.objects.count() == 0
    open_for(admin, shared, "everyone")
    open_for(seller, shared, "nobody")
    assert opens_with(admin) == "Ours"


def test_a_view_that_is_gone_or_not_shared_any_more_opens_no_list(
    admin: Actor, priya: User, shared: SavedView
) -> None:
    seller, kind = actor_for(priya), object_type("person")
    open_for(admin, shared, "everyone")
    open_for(seller, shared, "me")
    delete_view(admin, kind, shared.public_id)
    assert (opens_with(seller), opens_with(admin)) == (None, None)
    deed = last_change_set()
    assert deed is not None
    undo(admin, deed)
    assert (opens_with(seller), opens_with(admin)) == ("Ours", "Ours")
    change_view(admin, kind, shared.public_id, data=ChangeView(visibility="private"))
    assert (opens_with(seller), opens_with(admin)) == (None, None)
    assert list(OpeningView.objects.values_list("user__name", flat=True)) == ["Priya"]


def test_the_bare_address_leads_to_the_view_and_all_has_one_of_its_own(
    system: Actor, admin: Actor, priya: User, shared: SavedView
) -> None:
    create_person(system, data=NewPerson(name="Ann Kowalczyk"))
    client = browser(priya)
    tabs = re.compile(r'<a href="([^"]*)"[^>]*>(?:<svg.*?</svg>)?\s*<span[^>]*>(All people|Ours)<')
    page = client.get("/people")
    assert {name: to for to, name in tabs.findall(page.content.decode())} == {
        "All people": "/people",
        "Ours": f"/people?view={shared.public_id}",
    }
    open_for(admin, shared, "everyone")
    answer = client.get("/people")
    assert (answer.status_code, answer["Location"]) == (303, f"/people?view={shared.public_id}")
    # Any other address is that of the list it names.
    for address in ("/people?q=ann", "/people?view=all", "/people?sort=-name"):
        assert client.get(address).status_code == 200
    html = client.get("/people?view=all&sort=-name").content.decode()
    assert {name: to for to, name in tabs.findall(html)}["All people"] == "/people?view=all"
    assert 'href="/people?view=all">Reset' in html


def test_the_dialog_changes_what_is_said_of_a_view(
    admin: Actor, make_user: Person, system: Actor
) -> None:
    boss = make_user("manager", name="Boss")
    create_person(system, data=NewPerson(name="Ann Kowalczyk"))
    client, kind = browser(boss), object_type("person")
    view = save_view(
        actor_for(boss), kind, data=NewView(name="Key", icon=ViewIcon.STAR, is_pinned=True)
    )
    url = f"/people/views/{view.public_id}/settings"
    page = client.get(url).content.decode()
    assert re.search(r'name="icon" value="star" checked', page)
    assert re.search(r'name="opens_for" value="nobody" checked', page)
    said = {"name": "Keys", "icon": "flag", "visibility": "everyone", "opens_for": "everyone"}
    assert client.post(url, said).status_code == 303
    view.refresh_from_db()
    assert (view.name, view.icon, view.visibility, view.is_pinned) == (
        "Keys",
        "flag",
        "everyone",
        False,
    )
    assert opens_with(admin) == "Keys"
    shown = client.get(f"/people?view={view.public_id}").content.decode()
    assert "#flag" in shown[shown.index("c-views") :].split("Keys", 1)[0]
    refused = client.post(url, said | {"visibility": "private"})
    assert refused.status_code == 422
    assert "Share the view with everyone first." in refused.content.decode()
    assert client.post(url, said | {"icon": "skull"}).status_code == 422
    view.refresh_from_db()
    assert (view.icon, view.visibility) == ("flag", "everyone")


def test_of_the_views_of_others_one_says_only_whom_they_open_for(
    admin: Actor, priya: User, shared: SavedView, system: Actor
) -> None:
    create_person(system, data=NewPerson(name="Ann Kowalczyk"))
    client = browser(priya)
    url = f"/people/views/{shared.public_id}/settings"
    page = client.get(url).content.decode()
    assert re.findall(r'name="(\w+)"', page[page.index("c-dialog_head") :].split("</form")[0]) == [
        "opens_for",
        "opens_for",
    ]
    assert client.post(url, {"opens_for": "me", "name": "Theirs"}).status_code == 422
    assert client.post(url, {"opens_for": "everyone"}).status_code in (403, 422)
    assert OpeningView.objects.count() == 0
    assert client.post(url, {"opens_for": "me"}).status_code == 303
    assert opens_with(actor_for(priya)) == "Ours"
    shared.refresh_from_db()
    assert shared.name == "Ours"


def test_the_api_tells_and_takes_it(
    api: Callable[..., Any], admin: Actor, shared: SavedView
) -> None:
    answer = api("PATCH", f"/people/views/{shared.public_id}", {"opens_for": "me", "icon": "bolt"})
    told = {key: answer.json()[key] for key in ("icon", "opens_for_me", "opens_for_everyone")}
    assert told == {"icon": "bolt", "opens_for_me": True, "opens_for_everyone": False}
    made = api("POST", "/people/views", {"name": "New", "icon": "eye", "opens_for": "me"}).json()
    assert (made["icon"], made["opens_for_me"]) == ("eye", True)
    listed = {
        one["name"]: one["opens_for_me"] for one in api("GET", "/people/views").json()["items"]
    }
    assert listed == {"Ours": False, "New": True}
    assert api("PATCH", f"/people/views/{made['id']}", {"icon": "skull"}).status_code == 422


def test_a_view_by_a_hidden_field_opens_no_list_and_cannot_be_chosen(
    admin: Actor, priya: User, shared: SavedView, system: Actor
) -> None:
    create_person(system, data=NewPerson(name="Ann Kowalczyk"))
    kind = object_type("person")
    phones = save_view(
        admin,
        kind,
        data=NewView(
            name="By title", sort="title", visibility="everyone", opens_for=OpensFor.EVERYONE
        ),
    )
    other = save_view(
        admin, kind, data=NewView(name="Others", sort="-title", visibility="everyone")
    )
    open_for(actor_for(priya), other, "me")
    assert opens_with(actor_for(priya)) == "Others"
    hide_fields(admin, Role.SELLER, "person", fields=["title"])
    seller = actor_for(priya)
    assert (opens_with(seller), opens_with(admin)) == (None, "By title")
    client = browser(priya)
    page = client.get("/people")
    assert page.status_code == 200
    assert "By title" not in page.content.decode()
    with pytest.raises(FieldHidden):
        open_for(seller, phones, "me")
    refused = client.get(f"/people/views/{phones.public_id}/settings")
    assert refused.status_code in (403, 422)
    assert "By title" not in refused.content.decode()
    assert list(OpeningView.objects.filter(user=priya).values_list("view__name", flat=True)) == [
        "Others"
    ]
    # Another one, that is there for them, still opens.
    open_for(admin, shared, "everyone")
    assert opens_with(seller) == "Ours"


def test_who_takes_a_view_of_another_from_everyone_is_told_what_became_of_it(
    api: Callable[..., Any], make_user: Person, admin: Actor, priya: User, system: Actor
) -> None:
    create_person(system, data=NewPerson(name="Ann Kowalczyk"))
    boss = make_user("manager", name="Boss")
    kind = object_type("person")
    view = save_view(
        actor_for(boss),
        kind,
        data=NewView(name="Theirs", visibility="everyone", opens_for=OpensFor.ME),
    )
    answer = api("PATCH", f"/people/views/{view.public_id}", {"visibility": "private"})
    assert (answer.status_code, answer.json()["visibility"]) == (200, "private")
    assert answer.json()["opens_for_me"] is False
    change_view(actor_for(boss), kind, view.public_id, data=ChangeView(visibility="everyone"))
    other = browser(make_user("manager", name="Other"))
    said = {"name": "Theirs", "icon": "", "visibility": "private", "opens_for": "nobody"}
    done = other.post(f"/people/views/{view.public_id}/settings", said)
    assert (done.status_code, done["Location"]) == (303, "/people")
    assert opens_with(actor_for(boss)) == "Theirs"
