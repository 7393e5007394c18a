"""A write that moves the record out of the writer's own sight is a write, not a refusal."""

from collections.abc import Callable

import pytest
from django.test import Client

from tandem.accounts.models import User
from tandem.people.models import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def seller(client: Client, make_user: Callable[..., User]) -> Client:
    client.force_login(
        make_user("seller"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_giving_a_record_away_says_saved_and_leads_to_the_list(
    seller: Client, make_user: Callable[..., User], headers: dict[str, str]
) -> None:
    isla = make_user("marketer")
    seller.post("/people/new", {"name": "Ann"})
    ann = Person.objects.get()
    answer = seller.post(
        f"/people/{ann.public_id}/fields/owner", {"owner": str(isla.public_id)}, headers=headers
    )
    ann.refresh_from_db()
    assert ann.owner_id == isla.pk
    leads_to = answer.headers.get("HX-Redirect") or answer.headers.get("Location")
    assert (answer.status_code, leads_to) == (204 if headers else 303, "/people")
    page = seller.get("/people").content.decode()
    assert "You do not see this record any more." in page
    assert "/undo/" in page


def test_adding_a_record_for_another_leads_to_the_list(
    seller: Client, make_user: Callable[..., User]
) -> None:
    isla = make_user("marketer")
    answer = seller.post("/people/new", {"name": "Ann", "owner": str(isla.public_id)})
    assert Person.objects.get().owner_id == isla.pk
    assert (answer.status_code, answer["Location"]) == (303, "/people")
