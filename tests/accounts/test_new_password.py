"""A new password by mail: the link goes through the ledger, says nothing of who is here."""

import re

import pytest
from django.test import Client

from tandem.accounts.actions import deactivate_user
from tandem.accounts.models import User
from tandem.delivery.models import Message
from tests.conftest import PASSWORD

HELP = "/accounts/help/"
NEW = "harbour lights and tin whistle"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mail_is_set(settings) -> None:
    settings.SMTP_URL = "smtp://127.0.0.1:1"
    settings.EMAIL_BACKEND = "tandem.delivery.backend.LedgerBackend"
    settings.PUBLIC_URL = "https://crm.thistle.example"


def link() -> str:
    message = Message.objects.get()
    found = re.search(r"https://crm\.thistle\.example(/accounts/help/\S+)", message.text)
    assert found is not None
    return found[1]


def test_the_link_gives_a_new_password_once(client: Client, make_user):
    user: User = make_user("seller")
    asked = client.post(HELP, {"email": user.email.upper()}, HTTP_HOST="evil.example")
    assert (asked.status_code, asked["Location"]) == (302, "/accounts/help/sent/")
    message = Message.objects.get()
    assert (message.to_address, message.is_confidential) == (user.email, True)
    assert "evil.example" not in message.text
    opened = client.get(link(), follow=True)
    assert opened.status_code == 200
    form = {"password1": NEW, "password2": NEW}
    done = client.post(opened.request["PATH_INFO"], form)
    assert (done.status_code, done["Location"]) == (302, "/accounts/help/changed/")
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert not user.check_password(PASSWORD)
    assert "used up" in Client().get(link(), follow=True).content.decode()


def test_an_unknown_address_gets_the_same_answer_and_no_mail(client: Client, make_user, system):
    gone: User = make_user("seller", email="gone@thistle.example")
    deactivate_user(system, gone.public_id)
    pages = []
    for address in ("nobody@thistle.example", gone.email, make_user("viewer").email):
        answer = client.post(HELP, {"email": address}, follow=True)
        pages.append(
            (
                answer.redirect_chain,
                re.sub(r'(value|content)="\w{64}"', "", answer.content.decode()),
            )
        )
    assert pages[0] == pages[1] == pages[2]
    assert Message.objects.count() == 1


def test_who_asks_too_often_is_slowed_down(client: Client, make_user):
    user: User = make_user("seller")
    codes = [client.post(HELP, {"email": user.email}).status_code for _ in range(7)]
    assert codes[:5] == [302] * 5
    assert codes[5:] == [429, 429]
    assert Message.objects.count() == 5


def test_a_weak_password_is_refused_in_words(client: Client, make_user):
    user: User = make_user("seller")
    client.post(HELP, {"email": user.email})
    opened = client.get(link(), follow=True)
    answer = client.post(
        opened.request["PATH_INFO"], {"password1": "12345678", "password2": "12345678"}
    )
    assert answer.status_code == 200
    assert "is-invalid" in answer.content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
