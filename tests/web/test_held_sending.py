import pytest
from django.test import Client

from tandem.accounts.models import User
from tandem.kernel.installation import hold_sending, installation
from tandem.kernel.models import Installation

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_an_administrator_sees_that_sending_is_held_and_releases_it(make_user) -> None:
    before = installation().epoch
    hold_sending(reason="Restored from a backup.")
    client = signed_in(make_user("admin"))
    assert "Restored from a backup." in client.get("/").content.decode()
    answer = client.post("/sending/release")
    assert (answer.status_code, answer["Location"]) == (303, "/")
    held = installation()
    assert (held.is_sending_held, held.held_reason, held.epoch) == (False, "", before + 1)
    assert "Sending is held" not in client.get("/").content.decode()


def test_others_see_it_and_cannot_release_it(make_user) -> None:
    Installation.objects.all().delete()  # as in a database that was emptied, not migrated
    hold_sending(reason="Restored from a backup.")
    client = signed_in(make_user("manager"))
    page = client.get("/").content.decode()
    assert "Restored from a backup." in page
    assert "/sending/release" not in page
    assert client.post("/sending/release").status_code == 403
    assert installation().is_sending_held
