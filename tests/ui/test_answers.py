"""Pages, fragments, toasts and refusals, as a browser and as htmx get them."""

import json
from uuid import UUID

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django_htmx.middleware import HtmxMiddleware

from tandem.kernel.errors import Conflict, FieldError, Invalid
from tandem.ui.responses import Toast, errors_by_field, see_other, trigger

pytestmark = pytest.mark.usefixtures("design_site")
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def test_a_refusal_is_a_page_with_its_status_and_a_trace(client):
    answer = client.get("/refuse/conflict")
    assert answer.status_code == 409
    assert "Hanna changed this two minutes ago." in answer.text
    assert answer["X-Trace"] in answer.text


def test_a_refusal_is_a_toast_for_htmx(client):
    answer = client.get("/refuse/conflict", headers=HTMX)
    assert (answer.status_code, answer.content, answer["HX-Reswap"]) == (409, b"", "none")
    toast = json.loads(answer["HX-Trigger"])["toast"]
    assert (toast["message"], toast["tone"]) == ("Hanna changed this two minutes ago.", "bad")


def test_who_is_not_signed_in_is_sent_to_sign_in(client):
    assert client.get("/refuse/unauthenticated")["Location"] == "/in?next=/refuse/unauthenticated"
    answer = client.get("/refuse/unauthenticated", headers=HTMX)
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/in?next=/refuse/unauthenticated")


def test_a_fault_shows_a_trace_and_nothing_else(client, caplog):
    answer = client.get("/crash")
    assert answer.status_code == 500
    assert answer["X-Trace"] in answer.text
    assert "ZeroDivisionError" not in answer.text
    assert client.get("/crash", headers=HTMX)["HX-Reswap"] == "none"


def test_a_wrong_address_is_a_page_in_the_shell(client):
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text
    assert 'class="c-nav"' in answer.text


def test_a_form_without_its_token_is_refused():
    answer = Client(enforce_csrf_checks=True).post("/theme", {"theme": "dark"})
    assert answer.status_code == 403
    assert "Load it again" in answer.text


def test_the_theme_is_kept_in_a_cookie_and_drawn_by_the_server(client):
    assert 'data-bs-theme="system"' in client.get("/ui/components").text
    answer = client.post("/theme", {"theme": "dark", "next": "/ui/components"})
    assert (answer.status_code, answer["Location"]) == (303, "/ui/components")
    assert 'data-bs-theme="dark"' in client.get("/ui/components").text


def test_an_unknown_theme_changes_nothing(client):
    client.post("/theme", {"theme": "neon"})
    assert 'data-bs-theme="system"' in client.get("/ui/components").text


@pytest.mark.parametrize(
    "foreign", ["https://evil.example/", "//evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_to_a_foreign_page(client, foreign):
    assert client.post("/theme", {"theme": "dark", "next": foreign})["Location"] == "/"


def test_a_toast_waits_for_the_next_page(client):
    client.post("/ui/components/answer", {"next": "/ui/components/list"})
    page = client.get("/ui/components/list").text
    assert page.count("3 people assigned to Tom") == 1
    assert 'action="/undo/00000000-0000-0000-0000-000000000000"' in page
    assert "3 people assigned to Tom" not in client.get("/ui/components/list").text


def test_a_toast_for_htmx_comes_as_a_trigger(client):
    answer = client.post("/ui/components/answer", headers=HTMX)
    assert answer.status_code == 204
    assert json.loads(answer["HX-Trigger"])["toast"]["undo"] == f"/undo/{UUID(int=0)}"


def test_triggers_add_up():
    response = HttpResponse()
    trigger(response, "toast", Toast("Saved").as_dict())
    trigger(response, "dialog-close")
    assert set(json.loads(response["HX-Trigger"])) == {"toast", "dialog-close"}


def test_a_redirect_is_followed_by_htmx_too():
    request = RequestFactory().post("/", headers=HTMX)
    HtmxMiddleware(lambda request: HttpResponse())(request)
    response = see_other(request, "/next")
    assert (response.status_code, response["HX-Redirect"]) == (204, "/next")


def test_errors_stand_under_their_fields():
    error = Invalid(errors=[FieldError("email", "taken", "Taken."), FieldError("", "x", "Closed.")])
    assert errors_by_field(error) == {"email": ["Taken."], "": ["Closed."]}
    assert errors_by_field(Conflict("Too late.")) == {"": ["Too late."]}


def test_the_palette_finds_records_and_pages(client):
    answer = client.get("/palette", {"q": "an"}, headers=HTMX)
    assert "<mark>An</mark>n Kowalczyk" in answer.text
    assert "<html" not in answer.text
    assert "Start" not in answer.text
    assert 'href="/listed"' in client.get("/palette", {"q": "LIST"}, headers=HTMX).text


def test_the_palette_shows_only_pages_the_actor_may_open(client):
    assert "Secret" not in client.get("/palette", headers=HTMX).text


def test_the_palette_works_without_a_script(client):
    answer = client.get("/palette", {"q": "ann"})
    assert "<html" in answer.text
    assert answer.text.count('href="/ann"') == 1


def test_what_was_searched_for_is_shown_as_text(client):
    answer = client.get("/palette", {"q": "<script>alert(1)</script>"}, headers=HTMX)
    assert "Nothing found for “&lt;script&gt;alert(1)&lt;/script&gt;”." in answer.text


def test_the_gallery_is_closed_unless_a_developer_asked_for_it(client, settings):
    settings.TANDEM_GALLERY = False
    assert client.get("/ui/components").status_code == 404
    assert client.post("/ui/components/answer").status_code == 404
