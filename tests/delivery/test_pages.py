"""The ledger on pages and in the API: what is shown, to whom, and what never is."""

import html
from typing import Any

import pytest
from django.test import Client

from tandem.accounts.actions import add_token
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.consent.rules import State
from tandem.delivery.models import Message

pytestmark = pytest.mark.django_db
LINK = "http://127.0.0.1/c/abcdefghijklmnopqrstuvwxyz:1abc"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    token = add_token(actor_for(user), NewToken(name="x"))
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token.raw}"
    return client


@pytest.fixture
def admin_client(make_user: Any) -> Client:
    return client_of(make_user("admin"))


def test_a_mail_is_shown_in_a_closed_frame_without_its_links(admin_client, plan, ann):
    body = f'<p onclick="x()">Hi</p><script>alert(1)</script><a href="{LINK}">confirm</a>'
    message = plan(person=ann, text=f"Confirm: {LINK}", html=body)
    page = admin_client.get(f"/messages/{message.public_id}").content.decode()
    frame = page[page.index("<iframe") : page.index("</iframe>")]
    assert " sandbox " in frame
    assert "allow-" not in frame
    assert html.escape("<script>") in frame
    assert "<script>alert" not in page
    assert "abcdefghijklmnop" not in page
    answer = admin_client.get(f"/api/v1/messages/{message.public_id}").json()
    assert answer["text"] == "Confirm: http://127.0.0.1/c/…"
    assert "abcdefghijklmnop" not in answer["html"]
    assert (answer["to"], answer["state"]) == ("ann@lee.example", "planned")


def test_what_is_confidential_is_shown_to_nobody(admin_client, plan):
    message = plan(text="A secret link", html="<p>A secret link</p>", is_confidential=True)
    page = admin_client.get(f"/messages/{message.public_id}").content.decode()
    assert "secret" not in page
    answer = admin_client.get(f"/api/v1/messages/{message.public_id}").json()
    assert (answer["text"], answer["html"]) == ("", "")


def test_mails_of_the_product_to_its_users_are_an_operators_alone(make_user, plan, ann):
    plan(person=ann, subject="To Ann")
    plan(subject="To a colleague", is_confidential=True)
    for role, subjects in (("admin", 2), ("manager", 1), ("viewer", 1)):
        client = client_of(make_user(role))
        items = client.get("/api/v1/messages").json()["items"]
        assert len(items) == subjects, role
        assert ("To a colleague" in client.get("/messages").content.decode()) is (subjects == 2)


def test_the_ledger_is_read_only(admin_client, plan, ann):
    message = plan(person=ann)
    address = f"/api/v1/messages/{message.public_id}"
    answers = [
        admin_client.post("/api/v1/messages", "{}", content_type="application/json"),
        admin_client.patch(address, "{}", content_type="application/json"),
        admin_client.delete(address),
        admin_client.post("/messages/new", {}),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert Message.objects.get().row_version == 1


def test_the_page_says_why_mails_wait_and_sends_a_test(admin_client, settings, plan):
    settings.SMTP_URL = ""
    plan()
    page = admin_client.get("/settings/mail").content.decode()
    assert "Mails wait: no mail server is set" in page
    assert "TANDEM_SMTP_URL=" in page
    assert admin_client.post("/settings/mail/test", {"to": "a@b.example"}).status_code == 422
    settings.SMTP_URL = "smtp://tandem:secret@127.0.0.1:1"
    page = admin_client.get("/settings/mail").content.decode()
    assert "127.0.0.1:1" in page
    assert "secret" not in page
    assert admin_client.post("/settings/mail/test", {"to": "a@b.example"}).status_code == 303
    assert Message.objects.latest("id").to_address == "a@b.example"
    form = {
        "from_name": "Thistle",
        "from_address": "hi@thistle.example",
        "imprint": "1 High Street",
    }
    assert admin_client.post("/settings/mail", form).status_code == 303
    assert plan().from_address == "hi@thistle.example"


def test_only_operators_set_up_mail(make_user, settings):
    settings.SMTP_URL = "smtp://127.0.0.1:1"
    for role in ("manager", "marketer", "seller", "viewer"):
        client = client_of(make_user(role))
        assert client.get("/settings/mail").status_code == 403
        assert client.post("/settings/mail/test", {"to": "a@b.example"}).status_code == 403
    assert Message.objects.count() == 0


def test_a_person_shows_what_holds_and_what_was_sent(admin_client, plan, send, post, ann, say):
    say(ann, State.PENDING)
    plan(person=ann, subject="Your samples")
    send()
    page = admin_client.get(f"/people/{ann.public_id}").content.decode()
    assert "Not yet confirmed" in page
    assert "Send me news about new gift ware" in page
    assert page.count("Your samples") >= 2  # in the panel and in the story
    assert "Mail went out" in page


def test_consent_by_api(make_user, ann):
    client = client_of(make_user("marketer"))
    given = {"person": str(ann.public_id), "state": "granted", "wording": "Yes, news please."}
    made = client.post("/api/v1/consents", given, content_type="application/json")
    assert made.status_code == 201
    assert (made.json()["state"], made.json()["topic"]) == ("granted", "news")
    found = client.get(f"/api/v1/consents?person={ann.public_id}").json()
    assert [item["id"] for item in found["items"]] == [made.json()["id"]]
    assert client.get(f"/api/v1/consents/{made.json()['id']}").json() == made.json()
    again = client.post("/api/v1/consents", given, content_type="application/json")
    assert again.status_code == 200
    bad = client.post("/api/v1/consents", {**given, "state": "x"}, content_type="application/json")
    assert bad.status_code == 422
    viewer = client_of(make_user("viewer"))
    refused = viewer.post("/api/v1/consents", given, content_type="application/json")
    assert refused.status_code == 403
