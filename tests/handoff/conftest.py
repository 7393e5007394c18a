"""The scene at the seam: two sellers and a marketer, forms that come in, and the clock held."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.core.cache import caches

from tandem.accounts.actions import add_team, set_members
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import TeamInput, TeamMembers
from tandem.capture import queries as capture
from tandem.capture.actions import PUBLIC, create_form, submit_form
from tandem.capture.models import Form, Submission
from tandem.capture.rules import origin_of
from tandem.capture.schemas import NewForm, SubmissionIn
from tandem.handoff import actions
from tandem.handoff.models import Handoff, Lead
from tandem.handoff.queries import prepare_handoffs
from tandem.handoff.schemas import NewLead
from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.facts import deliver_facts
from tandem.people.actions import create_person
from tandem.people.models import Person
from tandem.people.schemas import NewPerson

# A Thursday in London's winter, at work; company settings are the usual ones (UTC, 9 to 17:30).
NOW = dt.datetime(2026, 11, 19, 10, 14, tzinfo=dt.UTC)
FIELDS = """
name | Name * | text
email | Mail * | email
phone | Phone | phone
message | Message | long 2000
"""


def last_done() -> UUID:
    """The change set that the last action made."""
    done = last_change_set()
    assert done is not None
    return done


@pytest.fixture
def clock() -> Iterator[Any]:
    """Thursday, 10:14; stands still until it is moved."""
    caches["process"].clear()
    with time_machine.travel(NOW, tick=False) as travelled:
        yield travelled


@pytest.fixture
def priya_user(make_user: Callable[..., User]) -> User:
    return make_user("seller", name="Priya Nair")


@pytest.fixture
def tom_user(make_user: Callable[..., User]) -> User:
    return make_user("seller", name="Tom Okafor")


@pytest.fixture
def priya(priya_user: User, tom_user: User, system: Actor) -> Actor:
    """A seller with Tom in one team."""
    team = add_team(system, TeamInput(name="Trade sales", kind="sales"))
    members = (priya_user.public_id, tom_user.public_id)
    set_members(system, team.public_id, TeamMembers(members=members, leads=()))
    return actor_for(priya_user)


@pytest.fixture
def tom(priya: Actor, tom_user: User) -> Actor:
    return actor_for(tom_user)


@pytest.fixture
def isla(make_actor: Callable[..., Actor]) -> Actor:
    return make_actor("marketer", name="Isla Fraser")


@pytest.fixture
def add(system: Actor, db: None) -> Callable[..., Person]:
    def make(name: str = "Ann Lee", **fields: Any) -> Person:
        return create_person(system, data=NewPerson(name=name, **fields))[0]

    return make


@pytest.fixture
def form(system: Actor, db: None) -> Form:
    """A form that raises a hand."""
    data = {
        "name": "Trade terms", "slug": "trade-terms", "fields": FIELDS, "status": "published",
        "raises_hand": True, "contact_kind": "call_back",
    }  # fmt: skip
    return create_form(system, data=NewForm.model_validate(data))[0]


@pytest.fixture
def catalogue(system: Actor, db: None) -> Form:
    """A form that raises no hand."""
    data = {
        "name": "Catalogue", "slug": "catalogue", "fields": FIELDS, "status": "published",
        "contact_kind": "catalogue",
    }  # fmt: skip
    return create_form(system, data=NewForm.model_validate(data))[0]


def post(form: Form, *, url: str = "https://shop.example/p", **given: Any) -> Submission:
    """Send a form as the public; its facts wait to be delivered."""
    token = capture.signed_token(form, None, origin_of(url, ""))
    answers = {"name": "Ann Lee", "email": "ann@lee.example", **given}
    return submit_form(PUBLIC, data=SubmissionIn(token=token, answers=answers))


def send(form: Form, **given: Any) -> Submission:
    """Send a form and let everybody hear of it."""
    made = post(form, **given)
    deliver_facts()
    return made


def the_handoff() -> Handoff:
    """The newest hand-off."""
    found = prepare_handoffs(Handoff.objects.all()).order_by("-pk").first()
    assert found is not None
    return found


@pytest.fixture
def offered(clock: Any, priya: Actor, isla: Actor, add: Callable[..., Person]) -> Handoff:
    """A lead made by hand and offered to Priya."""
    person = add("Ann Lee", email="ann@lee.example")
    owner = str(prepare_owner(priya))
    lead, _new = actions.create_lead(
        isla, data=NewLead(person=person.public_id, asked_for="Own label", owner=owner)
    )
    assert Lead.objects.get().pk == lead.pk
    return the_handoff()


def prepare_owner(actor: Actor) -> UUID:
    found: UUID = User.objects.get(pk=actor.user_id or 0).public_id
    return found
