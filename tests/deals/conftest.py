"""What the tests of deals share: a seller, quick deals, leads, and a way to undo."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.campaigns.models import Campaign
from tandem.deals.actions import ensure_pipeline, open_deal
from tandem.deals.models import Deal, Pipeline, Stage
from tandem.deals.queries import stages_of
from tandem.deals.schemas import NewDeal
from tandem.handoff.models import Lead
from tandem.kernel.actions import action, last_change_set
from tandem.kernel.actor import Actor
from tandem.people.actions import create_company, create_person
from tandem.people.models import Company, Person
from tandem.people.schemas import NewCompany, NewPerson


def last_done() -> UUID:
    """The change set that the last action made."""
    done = last_change_set()
    assert done is not None
    return done


@pytest.fixture
def priya_user(make_user: Callable[..., User]) -> User:
    return make_user("seller", name="Priya Nair")


@pytest.fixture
def priya(priya_user: User) -> Actor:
    return actor_for(priya_user)


@pytest.fixture
def pipeline(system: Actor, db: None) -> Pipeline:
    return ensure_pipeline(system)


@pytest.fixture
def stage(pipeline: Pipeline) -> Callable[[str], Stage]:
    """A stage of the default pipeline by its name."""
    by_name = {one.name: one for one in stages_of(pipeline.pk)}
    return by_name.__getitem__


@pytest.fixture
def ann(system: Actor, db: None) -> Person:
    person, _new = create_person(system, data=NewPerson(name="Ann Lee", email="ann@hythe.example"))
    return person


@pytest.fixture
def hythe(system: Actor, db: None) -> Company:
    company, _new = create_company(system, data=NewCompany(name="Hythe Gifts"))
    return company


@pytest.fixture
def deal(priya: Actor, pipeline: Pipeline) -> Callable[..., Deal]:
    """Open a deal as Priya: ``deal("Tins", amount="900")``."""

    def make(name: str = "Tins", *, by: Actor | None = None, **fields: Any) -> Deal:
        fields.setdefault("currency", "GBP")
        opened, is_new = open_deal(by or priya, data=NewDeal(name=name, **fields))
        assert is_new
        return opened

    return make


@action(permission="handoff.create")
def _make_lead(actor: Actor, /, person: Person, **fields: Any) -> Lead:
    return Lead.objects.create(
        person=person, origin="form", opened_at=timezone.now(), **{"kind": "hand_raise", **fields}
    )


@pytest.fixture
def lead(system: Actor, pipeline: Pipeline, ann: Person) -> Callable[..., Lead]:
    """A lead of Ann's that marketing made."""

    def make(**fields: Any) -> Lead:
        return _make_lead(system, **{"person": ann, "motion": pipeline.motion, **fields})

    return make


def again(deal: Deal) -> Deal:
    return Deal.objects.select_related("stage", "owner", "company").get(pk=deal.pk)


@action(permission="deals.edit")
def _backdate(actor: Actor, /, deal: Deal, **moments: Any) -> None:
    Deal.objects.filter(pk=deal.pk).update(**moments)


@pytest.fixture
def backdate(system: Actor) -> Callable[..., None]:
    """Let a deal have been opened or closed at another moment."""

    def put(deal: Deal, **moments: Any) -> None:
        _backdate(system, deal, **moments)

    return put


@action(permission="campaigns.create")
def _plan(actor: Actor, /, code: str) -> Campaign:
    return Campaign.objects.create(name=code.title(), sort_key=code, code=code, currency="EUR")


@pytest.fixture
def campaign(system: Actor, db: None) -> Campaign:
    return _plan(system, "autumn")
