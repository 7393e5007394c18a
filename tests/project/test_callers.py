from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tandem.accounts.actions import deactivate_user
from tandem.accounts.models import User
from tandem.project.wsgi import application

pytestmark = pytest.mark.django_db(transaction=False)


@pytest.fixture(autouse=True)
def kept_connection(monkeypatch):
    """The connection of the test holds its transaction."""
    monkeypatch.setattr("tandem.project.callers.close_old_connections", lambda: None)


def caller(cookie: str | None) -> tuple[str, bytes]:
    told: list[str] = []

    def start_response(status: str, _headers: Any, _error: Any = None) -> Callable[[bytes], object]:
        told.append(status)
        return lambda _block: None

    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET", "PATH_INFO": "/-/caller", "SERVER_NAME": "x", "SERVER_PORT": "80",
        "wsgi.input": BytesIO(),
    }  # fmt: skip
    if cookie is not None:
        environ["HTTP_COOKIE"] = f"{settings.SESSION_COOKIE_NAME}={cookie}"
    body = b"".join(application(environ, start_response))
    return told[0], body


def cookie_of(user: User) -> tuple[Client, str]:
    client = Client()
    client.force_login(user)
    return client, client.cookies[settings.SESSION_COOKIE_NAME].value


def test_the_cookie_of_a_session_says_who_calls(make_user):
    user = make_user("seller")
    _, cookie = cookie_of(user)

    assert caller(cookie) == ("200 OK", str(user.pk).encode())


@pytest.mark.parametrize("cookie", [None, "", "forged"])
def test_other_cookies_are_nobodys(cookie, db):
    assert caller(cookie) == ("401 Unauthorized", b"")


def test_a_signed_out_cookie_is_nobodys(make_user):
    client, cookie = cookie_of(make_user("seller"))
    client.logout()

    assert caller(cookie) == ("401 Unauthorized", b"")


def test_a_deactivated_user_is_nobody(make_user, system):
    user = make_user("seller")
    _, cookie = cookie_of(user)
    deactivate_user(system, user.public_id)

    assert caller(cookie) == ("401 Unauthorized", b"")
