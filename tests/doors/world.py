"""A small company in which everything is there twice: once in sight of a seller, once not.

``furnish`` makes one set of records of every kind for an owner; each text that somebody could
recognise carries the mark of that set. What is out of sight also points at what is in sight (a
deal with a company, a person who works there, a story told on both): that is where leaks are.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID

from tandem.accounts.actions import add_team, set_members
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import TeamInput, TeamMembers
from tandem.campaigns.actions import create_campaign, create_cost
from tandem.campaigns.schemas import NewCampaign, NewCost
from tandem.capture.actions import create_form, create_page, enter_submission
from tandem.capture.models import Form, LandingPage
from tandem.capture.schemas import NewForm, NewPage, NewSubmission
from tandem.consent.actions import create_consent, create_suppression
from tandem.consent.models import Suppression
from tandem.consent.schemas import NewConsent, NewSuppression
from tandem.deals.actions import move_deal, open_deal, put_contact
from tandem.deals.models import Pipeline, Stage
from tandem.deals.schemas import ContactIn, MoveDeal, NewDeal
from tandem.delivery.actions import plan_message
from tandem.handoff.actions import create_lead
from tandem.handoff.models import Handoff
from tandem.handoff.schemas import NewLead
from tandem.kernel.actor import Actor
from tandem.kernel.refs import RecordRef
from tandem.people.actions import change_person, create_company
from tandem.people.models import Employment, PersonEmail, PersonPhone
from tandem.people.schemas import ChangePerson, NewCompany, NewPerson
from tandem.records.actions import (
    add_comment,
    add_field,
    add_tag,
    attach_files,
    create_record,
    find_duplicates,
    keep_content,
    merge,
    save_view,
)
from tandem.records.schemas import FieldKind, NewComment, NewField, NewTag, NewView, OptionIn
from tandem.records.slots import OBJECT_TYPES, object_type
from tandem.revenue.actions import book_order
from tandem.revenue.schemas import NewOrder
from tandem.segments.actions import create_segment, follow
from tandem.segments.models import Segment
from tandem.segments.schemas import NewSegment
from tandem.timeline.actions import pin
from tandem.timeline.models import TimelineEntry

AT = datetime(2026, 11, 3, 9, tzinfo=UTC)
QUESTIONS = "name | Name | text\nemail | Mail * | email"


@dataclass
class Things:
    """One set of records: public ids by kind, and what hangs on its person."""

    mark: str
    owner: User
    ids: dict[str, UUID] = field(default_factory=dict)
    comment: UUID | None = None
    attachment: UUID | None = None
    view: UUID | None = None
    merge: UUID | None = None
    event: UUID | None = None
    numbers: dict[str, int] = field(default_factory=dict)  # of a part, by the word in addresses


@dataclass
class World:
    """Users, and what is in sight of Priya; what is out of it comes later."""

    users: dict[str, User]
    own: Things
    form: Form


def found_world(system: Actor, make_user: Any) -> World:
    """The company with its users, shared settings, and the records of Priya."""
    users = {
        "priya": make_user("seller", name="Priya Nair"),
        "mate": make_user("seller", name="Mate Orr"),
        "tom": make_user("seller", name="Tom Else"),
    }
    team = add_team(system, TeamInput(name="North", kind="sales"))
    members = [users["priya"].public_id, users["mate"].public_id]
    set_members(system, team.public_id, TeamMembers(members=members))
    for kind in OBJECT_TYPES:
        if kind.is_customisable:
            _add_fields(system, kind.kind)
    form, _new = create_form(
        system, data=NewForm(name="Samples", slug="samples", fields=QUESTIONS, status="published")
    )
    create_page(system, data=NewPage(name="Tins", slug="tins", headline="Tins", form="samples"))
    create_suppression(system, data=NewSuppression(address="stop@tins.example"))
    own = furnish(system, users["priya"], mark="Qown", form=form)
    return World(users=users, own=own, form=form)


def _add_fields(system: Actor, kind: str) -> None:
    """A field of every type that a company can add."""
    for type_ in get_args(FieldKind):
        options = [OptionIn(label="Amber"), OptionIn(label="Teal")]
        choices = options if type_.startswith("choice") else []
        label = f"{type_} of {kind}".capitalize()
        add_field(system, data=NewField(kind=kind, type=type_, label=label, choices=choices))


def furnish(
    system: Actor, owner: User, *, mark: str, form: Form, points_at: Things | None = None
) -> Things:
    """One record of each kind for an owner; ``points_at`` are records that these point at."""
    made = Things(mark=mark, owner=owner, ids={"form": form.public_id})
    actor, whose = actor_for(owner), str(owner.public_id)
    company, _new = create_company(
        system,
        data=NewCompany(
            name=f"{mark} Ltd",
            domain=f"{mark}-tins.example".lower(),
            owner=whose,
            country="IE",
            industry=f"{mark} teal",
        ),
    )
    made.ids["company"] = company.public_id
    near = str(points_at.ids["company"]) if points_at else f"{mark} Ltd"
    person, _new = create_record(
        system,
        object_type("person"),
        data=NewPerson(
            name=f"{mark} Lee",
            email=f"lee@{mark}.example".lower(),
            phone=_number(mark, 1),
            title=f"{mark} buyer",
            country="GB",
            company=near,
            owner=whose,
        ),
        fields={"x_text_of_person": f"{mark} amber"},
    )
    made.ids["person"] = person.public_id
    for name in (f"{mark} Leigh Grant", f"{mark} Leigh Grant"):
        create_record(
            system,
            object_type("person"),
            data=NewPerson(name=name, company=near, owner=whose),
            fields={},
        )
    change_person(actor, person.public_id, data=ChangePerson(title=f"{mark} head of buying"))
    _campaign(system, made, whose)
    _segment(system, made)
    _deal(system, made, points_at, whose, near)
    _lead(system, made)
    _order(system, made)
    _messages(system, made, form, person)
    _talk(actor, made)
    _double(system, made, whose)
    made.numbers = _numbers(made)
    return made


def _numbers(made: Things) -> dict[str, int]:
    of_person: dict[str, Any] = {
        "emails": PersonEmail,
        "phones": PersonPhone,
        "employments": Employment,
    }
    whose = made.ids["person"]
    return {
        word: model.objects.filter(person__public_id=whose).values_list("pk", flat=True)[0]
        for word, model in of_person.items()
    }


def _number(mark: str, which: int) -> str:
    return f"+4420794{sum(mark.encode()) % 1000:03d}{which:02d}"


def _segment(system: Actor, made: Things) -> None:
    """One for all, since segments belong to nobody; whoever is called Lee is in it."""
    named = {"kind": "person", "where": {"field": "name", "is": "contains", "value": "Lee"}}
    known = Segment.objects.first()
    if known is None:
        data = NewSegment(name="All the Lees", who={"kind": "all", "of": [named]})
        known, _new = create_segment(system, data=data)
    made.ids["segment"] = known.public_id
    follow(system)


def _campaign(system: Actor, made: Things, whose: str) -> None:
    campaign, _new = create_campaign(
        system,
        data=NewCampaign(
            name=f"{made.mark} Winter", budget=Decimal(100), currency="GBP", owner=whose
        ),
    )
    made.ids["campaign"] = campaign.public_id
    cost, _new = create_cost(
        system,
        data=NewCost(
            campaign=campaign.code,
            on=AT.date(),
            amount=Decimal(17),
            currency="GBP",
            note=f"{made.mark} stand",
        ),
    )
    made.ids["cost"] = cost.public_id


def _deal(system: Actor, made: Things, points_at: Things | None, whose: str, company: str) -> None:
    deal, _new = open_deal(
        system,
        data=NewDeal(
            name=f"{made.mark} tins",
            amount=Decimal(4321),
            currency="GBP",
            company=company,
            owner=whose,
            next_step=f"{made.mark} call",
        ),
    )
    made.ids["deal"] = deal.public_id
    contact = (points_at or made).ids["person"]
    put_contact(system, deal.public_id, data=ContactIn(person=str(contact), role="champion"))
    pipeline = Pipeline.objects.get(pk=deal.pipeline_id)
    made.ids["pipeline"] = pipeline.public_id
    stage = Stage.objects.filter(pipeline=pipeline, category="open").order_by("position")[1]
    move_deal(system, deal.public_id, data=MoveDeal(stage=str(stage.public_id)))


def _lead(system: Actor, made: Things) -> None:
    lead, _new = create_lead(
        system,
        data=NewLead(
            person=made.ids["person"],
            asked_for=f"{made.mark} samples",
            owner=str(made.owner.public_id),
        ),
    )
    made.ids["lead"] = lead.public_id
    made.ids["handoff"] = Handoff.objects.get(lead=lead).public_id


def _order(system: Actor, made: Things) -> None:
    order, _new = book_order(
        system,
        data=NewOrder(
            number=f"{made.mark}-1",
            amount=Decimal("777.77"),
            currency="GBP",
            company=str(made.ids["company"]),
            person=str(made.ids["person"]),
            ordered_at=AT,
        ),
    )
    made.ids["order"] = order.public_id


def _messages(system: Actor, made: Things, form: Form, person: Any) -> None:
    submission, _new = enter_submission(
        system,
        data=NewSubmission(
            form=form.slug,
            name=f"{made.mark} Lee",
            email=f"lee@{made.mark}.example".lower(),
        ),
    )
    made.ids["submission"] = submission.public_id
    made.ids["page"] = LandingPage.objects.get(form=form).public_id
    message = plan_message(
        system,
        message_class="transactional",
        purpose="service",
        topic="",
        to=f"lee@{made.mark}.example".lower(),
        subject=f"{made.mark} hello",
        text=f"{made.mark} dear",
        send_key=f"{made.mark}:1",
        person_id=person.pk,
    )
    message.refresh_from_db()
    made.ids["message"] = message.public_id
    made.ids["suppression"] = Suppression.objects.get().public_id
    create_consent(
        system,
        data=NewConsent(
            person=person.public_id,
            channel="email",
            topic="news",
            purpose="marketing",
            state="granted",
            basis="consent",
            wording=f"{made.mark} yes",
        ),
    )


def _talk(actor: Actor, made: Things) -> None:
    for kind in ("person", "company", "deal", "campaign"):
        described, about = object_type(kind), made.ids[kind]
        if kind != "campaign":
            comment = add_comment(
                actor, described, about, data=NewComment(text=f"{made.mark} words on {kind}")
            )
            add_tag(actor, described, about, data=NewTag(name="Trade"))
        content = keep_content(f"{made.mark}-{kind}.txt", [f"{made.mark} text".encode()])
        [attached] = attach_files(actor, described, about, contents=[content])
        if kind == "person":
            comment.refresh_from_db()
            attached.refresh_from_db()
            made.comment, made.attachment = comment.public_id, attached.public_id
    person = object_type("person").model._default_manager.get(public_id=made.ids["person"])
    entry = TimelineEntry.objects.filter(subject_kind="person", subject_id=person.pk).first()
    assert entry is not None
    made.event = entry.event_id
    pin(actor, RecordRef("person", person.pk), event=entry.event_id)
    view = save_view(actor, object_type("person"), data=NewView(name=f"{made.mark} view"))
    made.view = view.public_id


def _double(system: Actor, made: Things, whose: str) -> None:
    kind = object_type("person")
    find_duplicates(system, kind)
    absorbed, _new = create_record(
        system, kind, data=NewPerson(name=f"{made.mark} Twin", owner=whose), fields={}
    )
    event = merge(system, kind, made.ids["person"], absorbed.public_id)
    event.refresh_from_db()
    made.merge = event.public_id
