"""What the tests of insight share: touches, orders, deals with a lead of a campaign."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Sum
from django.utils import timezone

from tandem.campaigns.actions import create_campaign
from tandem.campaigns.models import Campaign
from tandem.campaigns.schemas import NewCampaign
from tandem.capture.models import Form, Submission
from tandem.deals.models import Deal, DealLead, Pipeline, Stage
from tandem.handoff.models import Lead, Motion
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.ids import new_public_id
from tandem.measures.rules import Unit
from tandem.measures.slots import MEASURES, Measure, define
from tandem.people.actions import create_person
from tandem.people.models import Person
from tandem.people.schemas import NewPerson
from tandem.revenue.actions import book_order
from tandem.revenue.models import Order, OrderLine
from tandem.revenue.queries import orders_visible_to
from tandem.revenue.schemas import NewOrder

START = dt.datetime(2026, 11, 1, 9, tzinfo=dt.UTC)


def day(number: float) -> dt.datetime:
    return START + dt.timedelta(days=number - 1)


@pytest.fixture
def campaign(system: Actor, db: None) -> Campaign:
    return create_campaign(system, data=NewCampaign(name="Winter Tins", currency="GBP"))[0]


@pytest.fixture
def person(system: Actor, db: None) -> Callable[..., Person]:
    def make(name: str, **fields: Any) -> Person:
        return create_person(system, data=NewPerson(name=name, **fields))[0]

    return make


@pytest.fixture
def touch(system: Actor, db: None) -> Callable[..., Submission]:
    """A form of a person on a day: ``touch(ann, 3, "email", campaign="winter-tins")``."""

    @action(permission="capture.create")
    def make(
        actor: Actor, person: Person, at: float, channel: str, campaign: str = ""
    ) -> Submission:
        form = Form.objects.first() or Form.objects.create(name="F", slug="f")
        return Submission.objects.create(
            form=form,
            person=person,
            nonce=new_public_id(),
            at=day(at),
            address="x@y.example",
            contact_kind="contact",
            channel=channel,
            utm_campaign=campaign,
        )

    return lambda *args, **more: make(system, *args, **more)


@pytest.fixture
def order(system: Actor, db: None) -> Callable[..., Order]:
    """Book an order on a day: ``order("17", 5, "100", person=ann)``."""

    def make(number: str, at: float, amount: str = "", **fields: Any) -> Order:
        buyer = fields.pop("person", None)
        if buyer is not None:
            fields["person"] = str(buyer.public_id)
        if amount:
            fields["amount"] = amount
        data = {"number": number, "ordered_at": day(at), "currency": "GBP", **fields}
        return book_order(system, data=NewOrder.model_validate(data))[0]

    return make


@pytest.fixture
def deal_of(system: Actor, db: None) -> Callable[..., Deal]:
    """An open deal from a lead of a person, of a campaign or of none."""

    @action(permission="deals.create")
    def make(actor: Actor, person: Person, campaign: Campaign | None) -> Deal:
        motion = Motion.objects.first() or Motion.objects.create(key="new", name="New business")
        pipeline = Pipeline.objects.first()
        if pipeline is None:
            pipeline = Pipeline.objects.create(name="Trade", motion=motion)
        stage = pipeline.stages.filter(category="open").first()
        if stage is None:
            stage = Stage.objects.create(pipeline=pipeline, name="New", position=1, probability=0)
        lead = Lead.objects.create(
            person=person,
            motion=motion,
            campaign=campaign,
            origin="form",
            kind="hand_raise",
            opened_at=START,
        )
        deal = Deal.objects.create(
            name=f"Deal of {person.name}",
            sort_key="deal",
            motion=motion,
            pipeline=pipeline,
            stage=stage,
            currency="GBP",
            opened_at=timezone.now(),
        )
        DealLead.objects.create(deal=deal, lead=lead)
        return deal

    return lambda person, campaign=None: make(system, person, campaign)


@pytest.fixture
def book_for(system: Actor) -> Callable[[Order, Deal], None]:
    """Say that an order was booked for a deal, and belongs to nobody by itself."""

    @action(permission="revenue.edit")
    def put(actor: Actor, order: Order, deal: Deal) -> None:
        Order.objects.filter(pk=order.pk).update(deal_id=deal.pk, person=None)

    return lambda order, deal: put(system, order, deal)


def _lines(actor: Actor) -> Any:
    return OrderLine.objects.filter(order__in=orders_visible_to(actor))


@pytest.fixture(autouse=True)
def revenue_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Revenue's own measure, where its room does not bring it."""
    if MEASURES.get("revenue_net") is None:
        monkeypatch.setattr(MEASURES, "_parts", dict(MEASURES.items()))
        define(
            Measure(
                key="revenue_net",
                label="Net revenue",
                definition="All order lines net of reversals.",
                unit=Unit.MONEY,
                rows=_lines,
                at="at",
                aggregate=Sum("amount_minor"),
                currency="order__currency",
                permission="measures.view",
            )
        )
