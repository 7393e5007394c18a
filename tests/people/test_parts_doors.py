"""What belongs to a record by API and by page, with the same refusals."""

import json

import pytest
from django.test import Client

from tandem.accounts.actions import add_token
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.people.models import Employment, PersonEmail, Relationship

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(client, make_user):
    """The API as a user of a role: ``api("admin").post(path, data)``."""

    def of(role="admin"):
        user = make_user(role)
        token = add_token(actor_for(user), NewToken(name="parts"))
        found = Client(headers={"Authorization": f"Bearer {token.raw}"})

        def ask(method, path, data=None):
            answer = getattr(found, method)(
                f"/api/v1{path}", data=data, content_type="application/json"
            )
            return answer.status_code, answer.json() if answer.content else None

        return ask

    return of


def test_addresses_by_api(api, add):
    ask, ann = api(), add("Ann", email="ann@lee.example")
    path = f"/people/{ann.public_id}/emails"
    status, made = ask("post", path, {"address": "ann@work.example"})
    assert (status, made["address"], made["is_primary"]) == (201, "ann@work.example", False)
    status, main = ask("patch", f"{path}/{made['id']}", {"is_primary": True, "status": "invalid"})
    assert (status, main["is_primary"], main["status"]) == (200, True, "invalid")
    _ok, listed = ask("get", path)
    assert [(one["address"], one["is_primary"]) for one in listed["items"]] == [
        ("ann@work.example", True),
        ("ann@lee.example", False),
    ]
    assert ask("get", f"/people/{ann.public_id}")[1]["email"] == "ann@work.example"
    assert ask("delete", f"{path}/{made['id']}") == (204, None)
    assert ask("delete", f"{path}/{made['id']}")[0] == 404
    assert ask("post", path, {"address": "no address"})[0] == 422
    assert PersonEmail.objects.filter(deleted_at__isnull=True).count() == 1


def test_jobs_ties_and_ways_by_api(api, add):
    ask, ann, ben = api(), add("Ann"), add("Ben")
    job = {"company": "Hall", "title": "Buyer", "seniority": "senior", "started_on": "2024-01-31"}
    status, made = ask("post", f"/people/{ann.public_id}/employments", job)
    assert (status, made["company"]["name"], made["started_on"]) == (201, "Hall", "2024-01-31")
    tie = {"type": "leads", "person": str(ben.public_id), "note": "shop"}
    status, tied = ask("post", f"/people/{ann.public_id}/relationships", tie)
    assert (status, tied["type"], tied["person"]["name"]) == (201, "leads", "Ben")
    assert ask("post", f"/people/{ben.public_id}/relationships", {**tie, "type": "reports_to"})[
        0
    ] in (409, 422)
    _ok, other = ask("get", f"/people/{ben.public_id}/relationships")
    assert [one["type"] for one in other["items"]] == ["reports_to"]
    assert ask("get", f"/people/{ben.public_id}/introductions") == (200, {"items": []})
    assert Relationship.objects.count() == 1


def test_a_viewer_changes_nothing_by_api_and_by_page(api, add, client, make_user):
    ann = add("Ann", email="ann@lee.example")
    assert api("viewer")("post", f"/people/{ann.public_id}/emails", {"address": "x@y.example"})[
        0
    ] == (403)
    client.force_login(make_user("viewer"))
    page = client.post(f"/people/{ann.public_id}/emails", {"address": "x@y.example"})
    assert page.status_code == 403
    assert PersonEmail.objects.count() == 1


def test_by_page_a_job_is_added_changed_and_removed(client, make_user, add):
    ann = add("Ann")
    client.force_login(make_user("admin"))
    base = f"/people/{ann.public_id}"
    form = client.get(f"{base}/employments", headers={"HX-Request": "true"}).content.decode()
    assert 'name="ends_current"' in form
    sent = {"company": "Hall", "title": "Buyer", "started_on": "2024-01-31", "seniority": ""}
    assert client.post(f"{base}/employments", sent).status_code == 303
    job = Employment.objects.get(person=ann)
    shown = client.get(base).content.decode()
    assert "Buyer, since 31 Jan 2024" in shown
    form = client.get(f"{base}/employments/{job.pk}").content.decode()
    assert 'value="Hall"' in form
    changed = client.post(f"{base}/employments/{job.pk}", {**sent, "ended_on": "2023-01-31"})
    assert changed.status_code == 422
    assert "The end is before the beginning." in changed.content.decode()
    assert client.post(f"{base}/employments/{job.pk}/removal").status_code == 303
    assert not Employment.objects.filter(deleted_at__isnull=True).exists()
    assert client.post(f"{base}/employments/{job.pk}/removal").status_code == 404


def test_by_page_the_main_address_and_both_sides_of_a_tie(client, make_user, add):
    ann, ben = add("Ann", email="ann@lee.example"), add("Ben")
    client.force_login(make_user("admin"))
    base = f"/people/{ann.public_id}"
    client.post(f"{base}/emails", {"address": "ann@work.example"})
    second = PersonEmail.objects.get(address="ann@work.example")
    assert client.post(f"{base}/emails/{second.pk}/main").status_code == 303
    assert PersonEmail.objects.get(is_primary=True) == second
    sent = {"type": "reports_to", "person": "Ben", "note": ""}
    assert client.post(f"{base}/relationships", sent).status_code == 303
    assert "reports to" in client.get(base).content.decode()
    assert "leads" in client.get(f"/people/{ben.public_id}").content.decode()
    refused = client.post(f"{base}/relationships", {**sent, "person": "Nobody here"})
    assert refused.status_code == 422
    assert Relationship.objects.count() == 1
    ways = client.get(f"{base}/introductions")
    assert "No way yet" in ways.content.decode()


def test_a_part_is_asked_for_and_saved_in_its_panel(client, make_user, add):
    ann = add("Ann", email="ann@lee.example")
    client.force_login(make_user("admin"))
    base = f"/people/{ann.public_id}/emails"
    htmx = {"HX-Request": "true"}
    asked = client.get(base, headers=htmx)
    assert asked.status_code == 200
    assert asked.content.decode().strip().startswith("<form")
    refused = client.post(base, {"address": "no address"}, headers=htmx)
    assert refused.status_code == 422
    assert refused.content.decode().strip().startswith("<form")
    assert "HX-Trigger" not in refused.headers
    assert PersonEmail.objects.count() == 1
    saved = client.post(base, {"address": "ann@work.example"}, headers=htmx)
    assert (saved.status_code, saved.content) == (204, b"")
    assert "HX-Redirect" not in saved.headers
    told = json.loads(saved.headers["HX-Trigger"])
    assert set(told) == {"toast", "record-changed"}
    assert (told["toast"]["message"], told["toast"]["undo"][:6]) == ("Mail address saved", "/undo/")
    second = PersonEmail.objects.get(address="ann@work.example")
    removed = client.post(f"{base}/{second.pk}/removal", headers=htmx)
    assert (removed.status_code, "record-changed" in removed.headers["HX-Trigger"]) == (204, True)
    assert PersonEmail.objects.filter(deleted_at__isnull=True).count() == 1


def test_a_record_has_its_fields_under_headings_and_the_empty_ones_apart(client, make_user, add):
    ann = add("Ann", email="ann@lee.example", title="Buyer")
    client.force_login(make_user("admin"))
    shown = client.get(f"/people/{ann.public_id}").content.decode()
    filled, _fold, empty = shown.partition("empty fields")
    for heading in ("About", "Name and language", "Record"):
        assert f"<h2>{heading}</h2>" in filled
    assert f"/people/{ann.public_id}/fields/title" in filled
    assert f"/people/{ann.public_id}/fields/salutation" in empty
    assert f"/people/{ann.public_id}/fields/title" not in empty
    asked = client.get("/people/new").content.decode()
    assert 'name="function"' not in asked
    assert 'name="company"' in asked


def test_who_is_said_to_be_another_is_not_shown_again(client, make_user, add):
    ann = add("Ann Lee", email="ann@lee.example")
    client.force_login(make_user("admin"))
    typed = {"name": "Anne Lee"}
    shown = client.get("/people/new/likely", typed).content.decode()
    assert f'value="{ann.public_id}"' in shown
    typed = {**typed, "_apart": str(ann.public_id)}
    again = client.get("/people/new/likely", typed).content.decode()
    assert f'type="hidden" name="_apart" value="{ann.public_id}"' in again
    assert "Perhaps this is here already" not in again
    made = client.post("/people/new", typed, follow=True).content.decode()
    assert "looks like the same" not in made
