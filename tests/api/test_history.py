"""History by API: what was done to a record, what one did, what one took out."""

import json

import pytest

from tandem.accounts.actions import hide_fields
from tandem.accounts.queries import actor_for
from tandem.accounts.rules import Role
from tandem.kernel.ids import new_public_id
from tandem.kernel.models import ChangeSet
from tandem.records.models import ExportRun

pytestmark = pytest.mark.django_db

ANN = {"name": "Ann Lee", "email": "ann@lee.example", "title": "Buyer"}


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def made(api, **fields) -> str:
    return str(api.post("/people", {**ANN, **fields}).json()["id"])


def test_the_history_of_a_record_tells_each_field_latest_first(admin_api):
    about = made(admin_api)
    admin_api.patch(f"/people/{about}", {"title": "Head of buying"})
    changed = admin_api.patch(f"/people/{about}", {"name": "Anna Lee", "country": "IE"})
    found = admin_api.get(f"/people/{about}/history").json()
    assert [{one["field"] for one in deed["changes"]} for deed in found["items"]] == [
        {"name", "given_name", "country"},
        {"title"},
        set(),
    ]
    assert found["next"] is None
    latest = found["items"][0]
    assert {"field": "name", "label": "Name", "old": "Ann Lee", "new": "Anna Lee"} in latest[
        "changes"
    ]
    assert (latest["id"], latest["actor"], latest["source"]) == (
        changed["Tandem-Change-Set"],
        admin_api.user.name,
        "api",
    )
    assert (latest["can_undo"], latest["undone"], latest["is_undo"]) == (True, False, False)
    assert found["items"][1]["changes"] == [
        {"field": "title", "label": "Title", "old": "Buyer", "new": "Head of buying"}
    ]


def test_a_history_says_names_sums_and_days_in_words(admin_api, make_user):
    owner = make_user("seller", name="Theo Lind")
    firm = admin_api.post("/companies", {"name": "Gifts Ltd"}).json()["id"]
    deal = {"name": "Shelves", "company": firm, "amount": "1250.50", "currency": "EUR"}
    about = admin_api.post("/deals", deal).json()["id"]
    other = admin_api.post("/companies", {"name": "Larder Ltd"}).json()["id"]
    changed = {"owner": str(owner.public_id), "company": other, "amount": "1300"}
    admin_api.patch(f"/deals/{about}", {**changed, "expected_close": "2031-12-24"})
    (latest, _made) = admin_api.get(f"/deals/{about}/history").json()["items"]
    told = {one["field"]: (one["label"], one["old"], one["new"]) for one in latest["changes"]}
    assert told == {
        "owner": ("Owner", admin_api.user.name, "Theo Lind"),
        "company": ("Company", "Gifts Ltd", "Larder Ltd"),
        "amount": ("Amount", "€1,250.50", "€1,300"),
        "expected_close": ("Expected close", "", "24 Dec 2031"),
    }


def test_a_history_names_nothing_that_is_not_seen(admin_api, make_user, client_of):
    theo, ida = (make_user("seller", name=name) for name in ("Theo Lind", "Ida Beck"))
    firm = admin_api.post("/companies", {"name": "Gifts Ltd", "owner": str(ida.public_id)})
    deal = {"name": "Shelves", "owner": str(theo.public_id), "currency": "EUR"}
    about = admin_api.post("/deals", deal).json()["id"]
    admin_api.patch(f"/deals/{about}", {"company": firm.json()["id"]})
    (latest, _made) = client_of(theo).get(f"/deals/{about}/history").json()["items"]
    assert [(one["field"], one["new"]) for one in latest["changes"]] == [
        ("company", "not shown to you")
    ]


def test_a_history_goes_on_page_by_page(admin_api):
    about = made(admin_api)
    for number in range(5):
        admin_api.patch(f"/people/{about}", {"country": ("IE", "GB")[number % 2]})
    whole = admin_api.get(f"/people/{about}/history").json()["items"]
    pages, cursor = [], ""
    while True:
        page = admin_api.get(f"/people/{about}/history", limit=2, cursor=cursor).json()
        pages.append(page["items"])
        if page["next"] is None:
            break
        cursor = page["next"]
    assert [one for page in pages for one in page] == whole
    assert [len(page) for page in pages] == [2, 2, 2]


def test_what_is_undone_says_so_and_by_what(admin_api):
    about = made(admin_api)
    changed = admin_api.patch(f"/people/{about}", {"country": "IE"})["Tandem-Change-Set"]
    admin_api.post(f"/change-sets/{changed}/undo", {})
    undoing, undone, _first = admin_api.get(f"/people/{about}/history").json()["items"]
    assert (undoing["is_undo"], undoing["undone"], undoing["can_undo"]) == (True, False, True)
    assert (undone["is_undo"], undone["undone"], undone["can_undo"]) == (False, True, False)


def test_a_history_is_there_for_who_sees_the_record(admin_api, client_as):
    seller, viewer = client_as("seller"), client_as("viewer")
    about = made(admin_api, owner=str(admin_api.user.public_id))
    admin_api.patch(f"/people/{about}", {"country": "IE"})
    assert seller.get(f"/people/{about}/history").status_code == 404
    found = viewer.get(f"/people/{about}/history").json()["items"]
    assert [(deed["actor"], deed["can_undo"]) for deed in found] == [
        (admin_api.user.name, False),
        (admin_api.user.name, False),
    ]
    assert admin_api.get(f"/people/{new_public_id()}/history").status_code == 404


def test_a_history_tells_no_hidden_field(admin_api, client_as):
    manager = client_as("manager")
    about = made(manager)
    both = manager.patch(f"/people/{about}", {"title": "Head of buying", "country": "IE"})
    manager.patch(f"/people/{about}", {"title": "Director"})
    hide_fields(actor_for(admin_api.user), Role.MANAGER, "person", fields=["title"])
    told = manager.get(f"/people/{about}/history").json()["items"]
    assert [[one["field"] for one in deed["changes"]] for deed in told] == [["country"], []]
    path = f"/change-sets/{both['Tandem-Change-Set']}/changes"
    seen = manager.get(path).json()
    assert [one["field"] for one in seen["items"][0]["changes"]] == ["country"]
    assert seen["unseen"] == 1
    assert "Head of buying" in admin_api.get(path).content.decode()


def test_my_changes_are_listed_latest_first_and_lead_to_their_undo(admin_api, client_as):
    seller = client_as("seller")
    about = made(seller)
    made(admin_api, email="bo@lee.example")
    seller.patch(f"/people/{about}", {"country": "IE"})
    changed, first, token = seller.get("/change-sets").json()["items"]
    assert token["action"] == "accounts.add_token"
    assert [changed["action"], first["action"]] == ["people.change_person", "people.create_person"]
    assert changed["touched"] == [{"kind": "person", "count": 1, "more": False}]
    assert seller.post(f"/change-sets/{changed['id']}/undo", {}).status_code == 200
    undoing, undone, *_others = seller.get("/change-sets").json()["items"]
    assert (undoing["is_undo"], undone["undone"]) == (True, True)
    detail = seller.get(f"/change-sets/{changed['id']}/changes").json()
    assert detail == {
        "items": [
            {
                "kind": "person",
                "id": about,
                "name": "Ann Lee",
                "changes": [{"field": "country", "label": "Country", "old": "", "new": "IE"}],
            }
        ],
        "unseen": 0,
        "next": None,
    }


def test_the_changes_of_everybody_are_for_who_may_undo_any(admin_api, client_as):
    seller = client_as("seller")
    theirs = made(seller)
    refused = seller.get("/change-sets", everyones="true")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    whole = admin_api.get("/change-sets", everyones="true").json()["items"]
    assert seller.user.name in {one["actor"] for one in whole}
    own = admin_api.get("/change-sets").json()["items"]
    assert {one["actor"] for one in own} == {admin_api.user.name}
    ours = made(admin_api, email="bo@lee.example")
    own = admin_api.get("/change-sets").json()["items"][0]["id"]
    assert seller.get(f"/change-sets/{own}/changes").status_code == 404
    assert client_as("viewer").get("/change-sets").status_code == 403
    assert theirs != ours


def test_my_changes_go_on_page_by_page(admin_api):
    about = made(admin_api)
    for number in range(54):
        admin_api.patch(f"/people/{about}", {"country": ("IE", "GB")[number % 2]})
    first = admin_api.get("/change-sets").json()
    rest = admin_api.get("/change-sets", cursor=first["next"]).json()
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (50, 6, None)
    ids = [one["id"] for one in (*first["items"], *rest["items"])]
    own = ChangeSet.objects.filter(actor_id=admin_api.user.pk).order_by("-id")
    assert len(ids) == 56  # the token of the client, one made, 54 changed
    assert ids == [str(one) for one in own.values_list("public_id", flat=True)]


def test_ones_exports_are_listed_asked_about_and_fetched(admin_api, client_as):
    about = made(admin_api)
    file = {"format": "csv", "columns": ["name", "email"]}
    body = {"verb": "export", "ids": [about], "export": file}
    for _time in range(3):
        assert admin_api.post("/people/bulk", body).status_code == 200
    first = admin_api.get("/exports", limit=2).json()
    rest = admin_api.get("/exports", limit=2, cursor=first["next"]).json()
    found = [*first["items"], *rest["items"]]
    assert (len(found), rest["next"]) == (3, None)
    assert {(one["kind"], one["format"], one["count"]) for one in found} == {("person", "csv", 1)}
    latest = found[0]
    assert admin_api.get(f"/exports/{latest['id']}/status").json() == latest
    fetched = admin_api.get(latest["file"].removeprefix("/api/v1"))
    assert b"".join(fetched).decode("utf-8-sig").splitlines()[1].split(",")[0] == "Ann Lee"
    other = client_as("marketer")
    assert other.get("/exports").json() == {"items": [], "next": None}
    assert other.get(f"/exports/{latest['id']}/status").status_code == 404


def test_an_export_whose_file_is_gone_says_so(admin_api, settings):
    about = made(admin_api)
    body = {"verb": "export", "ids": [about], "export": {"format": "csv"}}
    made_id = admin_api.post("/people/bulk", body).json()["export"]
    run = ExportRun.objects.get(public_id=made_id)
    (settings.MEDIA_ROOT / "exports" / run.stored_as).unlink()
    assert admin_api.get(f"/exports/{made_id}/status").json()["file"] is None
    assert admin_api.get("/exports").json()["items"][0]["file"] is None
    assert json.loads(admin_api.get(f"/exports/{made_id}").content)["code"] == "file_gone"
