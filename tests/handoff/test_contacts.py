"""Calling and writing from the page of a person: only on the ways that are open to sales."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from tandem.accounts.actions import hide_fields
from tandem.accounts.models import User
from tandem.accounts.rules import Role
from tandem.capture.models import Form
from tandem.consent.actions import create_consent, create_suppression
from tandem.consent.schemas import NewConsent, NewSuppression
from tandem.kernel.actor import Actor
from tandem.people.models import Person
from tests.handoff.conftest import send

CALL, MAIL = ("tel:+441227496014", "l"), ("mailto:ann@hythe.example", "m")


@pytest.fixture
def browser(priya: Actor, priya_user: User) -> Client:
    client = Client()
    client.force_login(priya_user)
    return client


@pytest.fixture
def ann(add: Callable[..., Person]) -> Person:
    return add("Ann Lee", email="ann@hythe.example", phone="+44 1227 496014")


def offered(client: Client, person: Person) -> list[tuple[str, str]]:
    """Address and key of each button that leads to somebody, on the page and in the palette."""
    page = f"/people/{person.public_id}"
    html = client.get(page).content.decode()
    head = html[html.index('id="record-head"') :]
    found = re.findall(r'<a href="((?:tel|mailto):[^"]*)"[^>]*data-key="(\w)"', head)
    palette = client.get("/palette", {"path": page}, headers={"HX-Request": "true"})
    told = re.findall(r'<a href="((?:tel|mailto):[^"]*)"', palette.content.decode())
    assert told == [address for address, _key in found]
    return found


def agrees(actor: Actor, person: Person, channel: str, state: str = "granted") -> None:
    create_consent(
        actor,
        data=NewConsent(
            person=person.public_id,
            channel=channel,
            topic="sales",
            purpose="sales",
            state=state,
            wording="You may.",
        ),
    )


def test_only_the_ways_that_are_open_are_offered(
    browser: Client, ann: Person, system: Actor
) -> None:
    assert offered(browser, ann) == []
    agrees(system, ann, "phone")
    assert offered(browser, ann) == [CALL]
    agrees(system, ann, "email")
    assert offered(browser, ann) == [CALL, MAIL]
    agrees(system, ann, "phone", "withdrawn")
    assert offered(browser, ann) == [MAIL]
    create_suppression(system, data=NewSuppression(address="ann@hythe.example"))
    assert offered(browser, ann) == []


def test_who_asked_to_be_called_may_be(
    browser: Client, catalogue: Form, form: Form, system: Actor, clock: object
) -> None:
    send(form, email="ann@hythe.example", phone="+44 1227 496014", message="Please call me.")
    assert offered(browser, Person.objects.get()) == [CALL, MAIL]


def test_nothing_is_offered_of_what_is_hidden_or_without_the_right(
    browser: Client, ann: Person, system: Actor, admin: Actor
) -> None:
    agrees(system, ann, "phone")
    agrees(system, ann, "email")
    hide_fields(admin, Role.SELLER, "person", fields=["phone"])
    assert offered(browser, ann) == [MAIL]
    hide_fields(admin, Role.SELLER, "person", fields=["phone", "email"])
    assert offered(browser, ann) == []
