"""One table: each verb by page, by API and as an action, with equal outcome and equal refusals.

A new verb is a new row here. What a refusal leaves is the same everywhere: nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from django.db.models import Q
from pydantic import BaseModel, ValidationError

from tandem.accounts.actions import add_user, change_company_settings
from tandem.accounts.models import User
from tandem.accounts.queries import company_settings
from tandem.accounts.schemas import CompanyInput, NewUser
from tandem.campaigns.actions import create_campaign
from tandem.campaigns.models import Campaign
from tandem.campaigns.schemas import NewCampaign
from tandem.capture.actions import create_form, create_page
from tandem.capture.models import Form, LandingPage
from tandem.capture.schemas import NewForm, NewPage
from tandem.deals.actions import create_pipeline, lose_deal, move_deal, open_deal, win_deal
from tandem.deals.models import Deal, Pipeline
from tandem.deals.schemas import LoseDeal, MoveDeal, NewDeal, NewPipeline, WinDeal
from tandem.kernel.actor import Actor
from tandem.kernel.errors import DomainError, Missing, Refused, Unauthenticated
from tandem.people.actions import change_person, create_person, delete_person
from tandem.people.models import Person
from tandem.people.schemas import ChangePerson, NewPerson
from tandem.records.actions import add_comment, add_field, add_tag, save_view
from tandem.records.actions.many import Deed, ask_for
from tandem.records.models import Comment, FieldDef, SavedView, TagLink
from tandem.records.queries import ListQuery, Selection
from tandem.records.schemas import BulkVerb, NewComment, NewField, NewTag, NewView
from tandem.records.slots import object_type
from tandem.revenue.actions import book_order
from tandem.revenue.models import Order
from tandem.revenue.schemas import NewOrder
from tests.doors.conftest import Scene

pytestmark = pytest.mark.django_db


class Door(StrEnum):
    PAGE = "page"
    API = "api"
    ACTION = "action"


Input = dict[str, Any]


@dataclass(frozen=True)
class Verb:
    """A row of the table.

    ``page`` and ``api`` are addresses with ``{id}`` where the verb is about a record; a verb has
    no ``api`` where none is offered. ``outcome`` reads what the verb has done from the database.
    """

    name: str
    allowed: str
    refused: str  # "" where every role may
    page: str
    api: tuple[str, str] | None
    schema: type[BaseModel] | None
    act: Callable[[Actor, UUID, Any], object]
    good: Input
    bad: Input | None
    outcome: Callable[[UUID], object]
    expected: object
    page_refuses: int = 403
    by_api: Callable[[Input], Input] | None = None  # where the body is not just the input
    kind: str = ""  # "_deal" where the record is a deal, else it is a person


def person(pk: UUID) -> Person:
    return Person.objects.get(public_id=pk)


def deal(pk: UUID) -> Deal:
    return Deal.objects.select_related("stage", "company").get(public_id=pk)


def at(pk: UUID) -> Q:
    return Q(kind="person", record_id=person(pk).pk)


def settings_now() -> tuple[str, str, str]:
    found = company_settings()
    return found.name, found.base_currency, found.time_zone


def tagged(pk: UUID) -> list[tuple[int, str]]:
    return [(person(pk).pk, "Trade fair")]


# Everything that who asks may see.
EVERY: Input = {"op": "and", "items": []}
ALL = Selection(every=ListQuery())
PEOPLE = object_type("person")
COMPANY = {"name": "Thistle", "base_currency": "GBP", "time_zone": "Europe/London"}

VERBS = (
    Verb(
        name="create person",
        allowed="seller",
        refused="viewer",
        page="/people/new",
        api=("POST", "/people"),
        schema=NewPerson,
        act=lambda actor, _id, data: create_person(actor, data=data),
        good={"name": "Cy Dee", "email": "cy@x.example"},
        bad={"name": "Cy Dee", "email": "nothing"},
        outcome=lambda _id: list(
            Person.objects.filter(emails__normalized="cy@x.example").values_list(
                "name", "owner__name"
            )
        ),
        expected=[("Cy Dee", "Priya Nair")],
    ),
    Verb(
        name="define field",
        allowed="manager",
        refused="seller",
        page="/settings/fields/new",
        api=("POST", "/fields"),
        schema=NewField,
        act=lambda actor, _id, data: add_field(actor, data=data),
        good={"kind": "person", "type": "number", "label": "Shoe size"},
        bad={"kind": "person", "type": "number", "label": "x" * 81},
        outcome=lambda _id: list(FieldDef.objects.values_list("kind", "key", "type", "label")),
        expected=[("person", "x_shoe_size", "number", "Shoe size")],
    ),
    Verb(
        name="change person",
        allowed="seller",
        refused="viewer",
        page="/people/{id}/fields/name",
        api=("PATCH", "/people/{id}"),
        schema=ChangePerson,
        act=lambda actor, pk, data: change_person(actor, pk, data=data),
        good={"name": "Ann Lee"},
        bad={"name": "x" * 201},
        outcome=lambda pk: (person(pk).name, person(pk).sort_key, person(pk).row_version),
        expected=("Ann Lee", "ann lee", 2),
    ),
    Verb(
        name="delete person",
        allowed="manager",
        refused="seller",
        page="/people/{id}/deletion",
        api=("DELETE", "/people/{id}"),
        schema=None,
        act=lambda actor, pk, _data: delete_person(actor, pk),
        good={},
        bad=None,
        outcome=lambda pk: (
            person(pk).deleted_at is not None,
            person(pk).emails.filter(deleted_at__isnull=True).count(),
        ),
        expected=(True, 0),
    ),
    Verb(
        name="comment",
        allowed="seller",
        refused="viewer",
        page="/people/{id}/comments",
        api=("POST", "/people/{id}/comments"),
        schema=NewComment,
        act=lambda actor, pk, data: add_comment(actor, object_type("person"), pk, data=data),
        good={"text": "Wants tins"},
        bad={"text": "  "},
        outcome=lambda pk: list(Comment.objects.filter(at(pk)).values_list("text", "author__name")),
        expected=[("Wants tins", "Priya Nair")],
    ),
    Verb(
        name="tag",
        allowed="seller",
        refused="viewer",
        page="/people/{id}/tags",
        api=("POST", "/people/{id}/tags"),
        schema=NewTag,
        act=lambda actor, pk, data: add_tag(actor, object_type("person"), pk, data=data),
        good={"name": "Trade fair"},
        bad={"name": "x" * 61},
        outcome=lambda pk: list(TagLink.objects.filter(at(pk)).values_list("tag__name", flat=True)),
        expected=["Trade fair"],
    ),
    Verb(
        name="tag many",
        allowed="seller",
        refused="viewer",
        page="/people/many/tag?_all=1",
        api=("POST", "/people/bulk"),
        by_api=lambda data: {"verb": "tag", "filter": EVERY, "tag": data},
        schema=NewTag,
        act=lambda actor, _id, data: ask_for(actor, PEOPLE, ALL, Deed(BulkVerb.TAG, data)),
        good={"name": "Trade fair"},
        bad={"name": "x" * 61},
        outcome=lambda pk: (
            list(TagLink.objects.values_list("record_id", "tag__name")) == tagged(pk)
        ),
        expected=True,
    ),
    Verb(
        name="change many",
        allowed="seller",
        refused="viewer",
        page="/people/many/change?_all=1&_field=country",
        api=("POST", "/people/bulk"),
        by_api=lambda data: {"verb": "change", "filter": EVERY, "changes": data},
        schema=ChangePerson,
        act=lambda actor, _id, data: ask_for(actor, PEOPLE, ALL, Deed(BulkVerb.CHANGE, data)),
        good={"country": "IE"},
        bad={"country": "Nowhere"},
        outcome=lambda _id: list(Person.objects.order_by("pk").values_list("name", "country")),
        expected=[("Ann", "IE"), ("Bo", "")],
    ),
    Verb(
        name="delete many",
        allowed="manager",
        refused="seller",
        page="/people/many/delete?_all=1",
        api=("POST", "/people/bulk"),
        by_api=lambda _data: {"verb": "delete", "filter": EVERY},
        schema=None,
        act=lambda actor, _id, _data: ask_for(actor, PEOPLE, ALL, Deed(BulkVerb.DELETE)),
        good={},
        bad=None,
        outcome=lambda _id: Person.objects.filter(deleted_at__isnull=True).count(),
        expected=0,
    ),
    Verb(
        name="save view",
        allowed="viewer",
        refused="",
        page="/people/views/new",
        api=("POST", "/people/views"),
        schema=NewView,
        act=lambda actor, _id, data: save_view(actor, object_type("person"), data=data),
        good={"name": "Everybody"},
        bad={"name": "x" * 81},
        outcome=lambda _id: list(
            SavedView.objects.values_list("name", "visibility", "owner__name", "is_pinned")
        ),
        expected=[("Everybody", "private", "Priya Nair", False)],
    ),
    Verb(
        name="share view",
        allowed="manager",
        refused="viewer",
        page="/people/views/new",
        api=("POST", "/people/views"),
        schema=NewView,
        act=lambda actor, _id, data: save_view(actor, object_type("person"), data=data),
        good={"name": "Ours", "visibility": "everyone"},
        bad={"name": "Ours", "visibility": "strangers"},
        outcome=lambda _id: list(SavedView.objects.values_list("name", "visibility")),
        expected=[("Ours", "everyone")],
        page_refuses=422,  # the form does not offer it: a choice that is not among them
    ),
    Verb(
        name="book order",
        allowed="seller",
        refused="viewer",
        page="/orders/new",
        api=("POST", "/orders"),
        schema=NewOrder,
        act=lambda actor, _id, data: book_order(actor, data=data),
        good={"number": "T-1", "amount": "12.50", "currency": "GBP"},
        bad={"number": "T-1", "amount": "much"},
        outcome=lambda _id: list(Order.objects.values_list("number", "net_minor", "line_count")),
        expected=[("T-1", 1250, 1)],
    ),
    Verb(
        name="plan campaign",
        allowed="marketer",
        refused="seller",
        page="/campaigns/new",
        api=("POST", "/campaigns"),
        schema=NewCampaign,
        act=lambda actor, _id, data: create_campaign(actor, data=data),
        good={"name": "Winter Tins", "budget": "18000", "currency": "GBP"},
        bad={"name": "Winter Tins", "starts_on": "2026-11-30", "ends_on": "2026-11-01"},
        outcome=lambda _id: list(
            Campaign.objects.values_list("code", "budget_minor", "owner__name")
        ),
        expected=[("winter-tins", 1_800_000, "Priya Nair")],
    ),
    Verb(
        name="make form",
        allowed="marketer",
        refused="seller",
        page="/forms/new",
        api=("POST", "/forms"),
        schema=NewForm,
        act=lambda actor, _id, data: create_form(actor, data=data),
        good={"name": "Samples", "slug": "samples", "fields": "email | Mail * | email"},
        bad={"name": "Samples", "slug": "Two Words", "fields": "email | Mail * | email"},
        outcome=lambda _id: list(Form.objects.values_list("slug", "status", "fields__0__key")),
        expected=[("samples", "draft", "email")],
    ),
    Verb(
        name="make landing page",
        allowed="marketer",
        refused="viewer",
        page="/pages/new",
        api=("POST", "/pages"),
        schema=NewPage,
        act=lambda actor, _id, data: create_page(actor, data=data),
        good={"name": "Tins", "slug": "tins", "headline": "Winter tins", "blocks": "# Why"},
        bad={"name": "Tins", "slug": "tins", "headline": "", "blocks": "# Why"},
        outcome=lambda _id: list(LandingPage.objects.values_list("slug", "blocks")),
        expected=[("tins", [{"kind": "heading", "text": "Why"}])],
    ),
    Verb(
        name="open deal",
        allowed="seller",
        refused="marketer",
        page="/deals/new",
        api=("POST", "/deals"),
        schema=NewDeal,
        act=lambda actor, _id, data: open_deal(actor, data=data),
        good={"name": "Crates", "amount": "12.50", "currency": "GBP"},
        bad={"name": "Crates", "amount": "much"},
        outcome=lambda _id: list(
            Deal.objects.filter(name="Crates").values_list("amount_minor", "owner__name")
        ),
        expected=[(1250, "Priya Nair")],
    ),
    Verb(
        name="move deal",
        kind="_deal",
        allowed="seller",
        refused="marketer",
        page="/deals/{id}/stage",
        api=("POST", "/deals/{id}/stage"),
        schema=MoveDeal,
        act=lambda actor, pk, data: move_deal(actor, pk, data=data),
        good={"stage": "Proposal"},
        bad={"stage": "Nowhere"},
        outcome=lambda pk: (deal(pk).stage.name, deal(pk).intervals.count()),
        expected=("Proposal", 2),
    ),
    Verb(
        name="win deal",
        kind="_deal",
        allowed="seller",
        refused="marketer",
        page="/deals/{id}/win",
        api=("POST", "/deals/{id}/win"),
        schema=WinDeal,
        act=lambda actor, pk, data: win_deal(actor, pk, data=data),
        good={"company": "Hythe Gifts"},
        bad={},  # nobody is named who buys
        outcome=lambda pk: (deal(pk).status, str(deal(pk).company)),
        expected=("won", "Hythe Gifts"),
    ),
    Verb(
        name="lose deal",
        kind="_deal",
        allowed="seller",
        refused="viewer",
        page="/deals/{id}/loss",
        api=("POST", "/deals/{id}/loss"),
        schema=LoseDeal,
        act=lambda actor, pk, data: lose_deal(actor, pk, data=data),
        good={"reason": "price", "said_by": "buyer"},
        bad={"reason": "weather"},
        outcome=lambda pk: (deal(pk).status, deal(pk).close_reason, deal(pk).close_said_by),
        expected=("lost", "price", "buyer"),
    ),
    Verb(
        name="set up pipeline",
        allowed="manager",
        refused="seller",
        page="/settings/pipelines",
        api=("POST", "/pipelines"),
        schema=NewPipeline,
        act=lambda actor, _id, data: create_pipeline(actor, data=data),
        good={"name": "Partners"},
        bad={"name": ""},
        outcome=lambda _id: list(
            Pipeline.objects.filter(name="Partners").values_list("is_default", "motion__key")
        ),
        expected=[(False, "new_business")],
    ),
    Verb(
        name="add user",
        allowed="admin",
        refused="manager",
        page="/settings/users/new",
        api=None,  # users are read by API; adding them by API is not offered yet
        schema=NewUser,
        act=lambda actor, _id, data: add_user(actor, data),
        good={"name": "Mara", "email": "Mara@thistle.example", "role": "marketer"},
        bad={"name": "Mara", "email": "Mara@thistle.example", "role": "king"},
        outcome=lambda _id: list(
            User.objects.filter(name="Mara").values_list("email", "role", "side")
        ),
        expected=[("mara@thistle.example", "marketer", "marketing")],
    ),
    Verb(
        name="change company settings",
        allowed="admin",
        refused="manager",
        page="/settings/company",
        api=None,  # read through /me; changing them by API is not offered yet
        schema=CompanyInput,
        act=lambda actor, _id, data: change_company_settings(actor, data),
        good={**COMPANY, "working_hours": {"monday": "09:00-17:00"}},
        bad={**COMPANY, "base_currency": "XYZ", "working_hours": {}},
        outcome=lambda _id: settings_now(),
        expected=("Thistle", "GBP", "Europe/London"),
    ),
)

# How each door says no.
REFUSALS: Mapping[str, Mapping[Door, Any]] = {
    "refused": {Door.PAGE: 403, Door.API: 403, Door.ACTION: Refused},
    "nobody": {Door.PAGE: 302, Door.API: 401, Door.ACTION: Unauthenticated},
    "invalid": {Door.PAGE: 422, Door.API: 422, Door.ACTION: (DomainError, ValidationError)},
    "foreign": {Door.PAGE: 404, Door.API: 404, Door.ACTION: Missing},
}


def through_page(verb: Verb, scene: Scene, about: UUID, data: Input) -> Any:
    """Post the form as a browser does; the answer's status."""
    return scene.browser().post(verb.page.format(id=about), flat(data)).status_code


def flat(data: Input, prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in data.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = str(value)
    return found


def through_api(verb: Verb, scene: Scene, about: UUID, data: Input) -> Any:
    """Send the request as a program does; the answer's status."""
    assert verb.api is not None
    method, path = verb.api
    body = data if verb.schema else None
    if verb.by_api is not None:
        body = verb.by_api(data)
    answer = scene.api(method, path.format(id=about), body)
    if answer.status_code >= 400:
        assert set(answer.json()) == {"code", "message", "errors"}
    return answer.status_code


def through_action(verb: Verb, scene: Scene, about: UUID, data: Input) -> Any:
    """Validate the input and call the action, as a job would; what was raised, or None."""
    try:
        verb.act(scene.actor, about, verb.schema.model_validate(data) if verb.schema else None)
    except (DomainError, ValidationError) as error:
        return error
    return None


RUNNERS = {Door.PAGE: through_page, Door.API: through_api, Door.ACTION: through_action}
DONE: Mapping[Door, set[Any]] = {
    Door.PAGE: {302, 303},
    Door.API: {200, 201, 204},
    Door.ACTION: {None},
}


def rows(kept: Callable[[Verb], object] = lambda verb: True) -> list[Any]:
    return [
        pytest.param(verb, door, id=f"{verb.name}-{door}")
        for verb in VERBS
        if kept(verb)
        for door in Door
        if door is not Door.API or verb.api
    ]


@pytest.mark.parametrize(("verb", "door"), rows())
def test_who_may_does_the_same_by_every_door(verb, door, scene_for):
    scene = scene_for(verb.allowed)
    about = scene.about(verb.kind)
    said = RUNNERS[door](verb, scene, about, verb.good)
    assert said in DONE[door], said
    assert verb.outcome(about) == verb.expected


def refusals() -> list[Any]:
    found = []
    for why, kept in {
        "refused": lambda verb: verb.refused,
        "nobody": lambda verb: True,
        "invalid": lambda verb: verb.bad is not None,
        # Whoever else may do a verb sees every record: out of sight is a matter of sellers.
        "foreign": lambda verb: "{id}" in verb.page and verb.allowed == "seller",
    }.items():
        found += [pytest.param(*row.values, why, id=f"{row.id}-{why}") for row in rows(kept)]
    return found


@pytest.mark.parametrize(("verb", "door", "why"), refusals())
def test_a_refusal_is_the_same_by_every_door_and_changes_nothing(
    verb, door, why, scene_for, written
):
    scene = scene_for({"refused": verb.refused, "nobody": ""}.get(why, verb.allowed))
    before, settings_before = written(), settings_now()
    about = scene.about(verb.kind, is_foreign=why == "foreign")
    data = verb.bad if why == "invalid" else verb.good
    said = RUNNERS[door](verb, scene, about, data)
    expected = REFUSALS[why][door]
    if why == "refused" and door is Door.PAGE:
        expected = verb.page_refuses
    if door is Door.ACTION:
        assert isinstance(said, expected), said
    else:
        assert said == expected
    assert written() == before
    assert settings_now() == settings_before
