"""Forms, pages and submissions as marketers work with them: by page and by API."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pydantic import ValidationError

from tandem.accounts.actions import add_token
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.capture.actions import change_form, change_page, create_form, delete_form, delete_page
from tandem.capture.errors import FormInUse, FormUnknown, SlugTaken
from tandem.capture.models import Form, LandingPage, Submission
from tandem.capture.schemas import ChangeForm, ChangePage, NewForm
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing, Refused
from tandem.people.errors import VersionConflict
from tandem.people.models import LifecycleState

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(make_user: Callable[..., User]) -> Callable[..., Any]:
    """Ask the API as a role: ``api("marketer", "POST", "/forms", {...})`` -> (status, body)."""

    def ask(role: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        token = add_token(actor_for(make_user(role)), NewToken(name="test")).raw
        answer = Client().generic(
            method,
            f"/api/v1{path}",
            b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )
        return answer.status_code, answer.json() if answer.content else None

    return ask


def test_a_form_is_made_by_api_and_shown_to_the_public(api, visitor):
    data = {
        "name": "Samples",
        "slug": "samples",
        "status": "published",
        "fields": [{"key": "colour", "label": "Colour?", "type": "choice", "options": ["Red"]}],
    }
    status, made = api("marketer", "POST", "/forms", data)
    assert status == 201
    assert [field["key"] for field in made["fields"]] == ["email", "colour"]
    assert "Colour?" in visitor.get("/f/samples").text
    assert api("marketer", "POST", "/forms", data)[0] == 409
    assert api("seller", "POST", "/forms", {**data, "slug": "b"})[0] == 403
    assert api("seller", "GET", f"/forms/{made['id']}")[1] == made


def test_a_form_and_a_page_are_made_of_no_more_than_their_names(api):
    status, form = api("marketer", "POST", "/forms", {"name": "Samples", "slug": "samples"})
    assert (status, [field["key"] for field in form["fields"]]) == (201, ["name", "email"])
    data = {"name": "Spring", "slug": "spring", "headline": "Spring is here"}
    status, page = api("marketer", "POST", "/pages", data)
    assert (status, page["blocks"]) == (201, [])


@pytest.mark.parametrize(
    "fields",
    [
        "email | Mail | text",
        "a | A | choice",
        "a | A | choices",
        "a | A | choices: red; blue, green",
        "a | A | date: x",
        "a | A | text: x",
        "a | A | riddle",
        "a | A | text\na | B | text",
        "A-b | A | text",
        "just words",
        "\n".join(f"k{number} | K | text 99999" for number in range(3)),
    ],
)
def test_questions_that_make_no_sense_are_refused(fields):
    with pytest.raises(ValidationError):
        NewForm.model_validate({"name": "A", "slug": "a", "fields": fields})


def test_a_page_needs_a_form_that_is_there_and_the_form_stays_with_it(system: Actor, page):
    form: Form = page.form
    with pytest.raises(FormUnknown):
        change_page(system, page.public_id, data=ChangePage(form="nothing"))
    with pytest.raises(FormInUse):
        delete_form(system, form.public_id)
    with pytest.raises(FormInUse):
        change_form(system, form.public_id, data=ChangeForm(status="draft"))
    delete_page(system, page.public_id)
    delete_form(system, form.public_id)
    assert list(LandingPage.objects.filter(deleted_at__isnull=True)) == []
    with pytest.raises(Missing):
        delete_form(system, form.public_id)


def test_a_change_keeps_the_rest_and_tells_a_second_writer(system: Actor, form, add_form):
    changed = change_form(system, form.public_id, data=ChangeForm(intro="Hello"))
    assert (changed.intro, changed.raises_hand, changed.row_version) == ("Hello", True, 2)
    with pytest.raises(VersionConflict):
        change_form(system, form.public_id, data=ChangeForm(intro="Other"), version=1)
    other = add_form(slug="other")
    with pytest.raises(SlugTaken):
        change_form(system, other.public_id, data=ChangeForm(slug=form.slug))
    assert Form.objects.get(pk=other.pk).slug == "other"


def test_one_field_is_edited_on_the_page_and_the_others_stay(client, make_user, form):
    client.force_login(make_user("marketer"))
    where = f"/forms/{form.public_id}/fields"
    assert client.post(f"{where}/button", {"button": "Ask us"}).status_code == 303
    assert client.post(f"{where}/raises_hand", {}).status_code == 303
    fields = "email | Your mail * | email\nsize | How many? | number"
    assert "Your name * | text" in client.get(f"{where}/fields").text
    assert client.post(f"{where}/fields", {"fields": fields}).status_code == 303
    bad = client.post(f"{where}/fields", {"fields": "email"})
    assert (bad.status_code, "Line 1" in bad.text) == (422, True)
    now = Form.objects.get(pk=form.pk)
    assert (now.button, now.raises_hand, now.status) == ("Ask us", False, "published")
    assert [field["key"] for field in now.fields] == ["email", "size"]


def test_questions_and_bodies_are_edited_as_text(client, make_user, page):
    client.force_login(make_user("marketer"))
    where = f"/forms/{page.form.public_id}/questions"
    assert "Your name * | text" in client.get(where).text
    bad = client.post(where, {"fields": "email", "version": "1"})
    assert (bad.status_code, "Line 1" in bad.text) == (422, True)
    good = client.post(where, {"fields": "email | Your mail * | email", "version": "1"})
    assert good.status_code == 303
    late = client.post(where, {"fields": "email | Mail * | email", "version": "1"})
    assert late.status_code == 422
    where = f"/pages/{page.public_id}/body"
    assert "- They stack" in client.get(where).text
    assert client.post(where, {"blocks": "# New"}).status_code == 303
    assert LandingPage.objects.get().blocks == [{"kind": "heading", "text": "New"}]
    assert Form.objects.get().fields[0]["label"] == "Your mail"
    client.force_login(make_user("seller"))
    assert client.get(where).status_code == 403


@pytest.mark.parametrize("role", ["admin", "marketer", "seller", "viewer"])
def test_every_page_of_the_kinds_opens(client, make_user, page, send, role):
    made = send(page=page, message="Tins?\nMany.")
    kept = send(is_trapped=True, email="bot@lee.example")
    client.force_login(make_user(role))
    for path in (
        "/forms",
        "/pages",
        "/submissions",
        f"/forms/{page.form.public_id}",
        f"/forms/{page.form.public_id}?tab=submissions",
        f"/pages/{page.public_id}",
        f"/pages/{page.public_id}?tab=submissions",
        f"/submissions/{made.public_id}",
        f"/submissions/{made.public_id}/peek",
        f"/people/{made.person.public_id}",
    ):
        assert client.get(path).status_code == 200, path
    expected = 200 if role in ("admin", "marketer") else 404
    assert client.get(f"/submissions/{kept.public_id}").status_code == expected


def test_what_was_kept_aside_is_released_by_api_once(api, send):
    kept = send(is_trapped=True)
    where = f"/submissions/{kept.public_id}"
    assert api("seller", "PATCH", where, {"state": "accepted"})[0] == 403
    status, answer = api("marketer", "PATCH", where, {"state": "accepted"})
    assert (status, answer["state"], answer["person"]["name"]) == (200, "accepted", "Ann Lee")
    assert api("marketer", "PATCH", where, {"state": "accepted"})[0] == 409
    assert api("marketer", "PATCH", where, {"answers": {}})[0] == 422
    assert Submission.objects.count() == 1


def test_an_enquiry_is_written_down_by_hand(api, form):
    data = {"form": "trade-prices", "name": "Bo Lee", "email": "bo@lee.example", "message": "Tins"}
    status, answer = api("marketer", "POST", "/submissions", data)
    assert (status, answer["person"]["name"], answer["channel"]) == (201, "Bo Lee", "unknown")
    assert answer["answers"]["message"] == "Tins"
    assert api("marketer", "POST", "/submissions", {**data, "form": "none"})[0] == 422
    assert api("seller", "POST", "/submissions", data)[0] == 403


def test_who_sends_a_form_is_known_from_then_on(send):
    made = send()
    states = LifecycleState.objects.values_list("subject_kind", "subject_id", "stage")
    assert list(states) == [("person", made.person_id, "known")]


def test_a_seller_cannot_make_a_form(make_actor: Callable[..., Actor]):
    with pytest.raises(Refused):
        create_form(make_actor("seller"), data=NewForm(name="A", slug="a"))
    assert Form.objects.count() == 0
