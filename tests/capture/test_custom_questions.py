"""Questions that fill custom fields of the person: asked, read, kept, shown, retired."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tandem.capture.actions import PUBLIC, change_form, release_submission, submit_form
from tandem.capture.errors import FieldsOdd
from tandem.capture.models import Form, Submission
from tandem.capture.queries import answered, questions_of, signed_token
from tandem.capture.rules import origin_of
from tandem.capture.schemas import ChangeForm, ChangeSubmission, SubmissionIn
from tandem.kernel.context import remembering
from tandem.kernel.errors import Invalid
from tandem.kernel.history import changes_of
from tandem.people.models import Person
from tandem.records.actions import add_field, retire_field
from tandem.records.schemas import NewField
from tandem.timeline.models import TimelineEntry
from tests.capture.conftest import token_in

pytestmark = pytest.mark.django_db

ASKS = """
email | Mail address * | email
x_shops | How many shops?
x_terms | Terms *
x_wants | What may we send?
x_turnover | Turnover
x_since | Trading since
x_trade | I trade
x_site | Your site
"""
OPTIONS = [{"label": "Tins"}, {"label": "Cards"}, {"label": "Wrap"}]


@pytest.fixture
def fields(system) -> dict[str, Any]:
    """The company's fields of persons, by key."""
    made: list[tuple[str, str, dict[str, Any]]] = [
        ("Shops", "number", {}),
        ("Terms", "choice", {"choices": [{"label": "30 days"}, {"label": "Prepaid"}]}),
        ("Wants", "choices", {"choices": OPTIONS}),
        ("Turnover", "money", {"currency": "GBP"}),
        ("Since", "date", {}),
        ("Trade", "boolean", {}),
        ("Site", "link", {}),
        ("Buyer", "user", {}),
    ]
    definitions = [
        add_field(
            system,
            data=NewField.model_validate({"kind": "person", "label": name, "type": kind, **traits}),
        )
        for name, kind, traits in made
    ]
    return {one.key: one for one in definitions}


@pytest.fixture
def form(add_form, fields) -> Form:
    made: Form = add_form(fields=ASKS)
    return made


GIVEN = {
    "x_shops": "0",
    "x_terms": "30_days",
    "x_wants": "wrap;tins",
    "x_turnover": "1200.50",
    "x_since": "2019-04-01",
    "x_trade": "on",
    "x_site": "lee.example",
}
KEPT = {
    "x_shops": 0,
    "x_terms": "30_days",
    "x_wants": ["tins", "wrap"],
    "x_turnover": 120050,
    "x_since": "2019-04-01",
    "x_trade": True,
    "x_site": "https://lee.example",
}


@pytest.fixture
def send_form() -> Callable[..., Submission]:
    """Send a form as the public: ``send_form(form, x_terms="prepaid")``."""

    def post(form: Form, *, is_trapped: bool = False, **given: str) -> Submission:
        token = signed_token(form, None, origin_of("https://shop.example/", ""))
        answers = {"email": "ann@lee.example", **given}
        data = SubmissionIn(token=token, answers=answers, is_trapped=is_trapped)
        return submit_form(PUBLIC, data=data)

    return post


def test_answers_fill_the_fields_of_a_new_person(send_form, form):
    made = send_form(form, **GIVEN)
    assert Person.objects.get().x == KEPT
    assert made.answers == {"email": "ann@lee.example", **KEPT}
    assert answered(made, made.answers) == [
        ("Mail address", "ann@lee.example"),
        ("How many shops?", "0"),
        ("Terms", "30 days"),
        ("What may we send?", "Tins, Wrap"),
        ("Turnover (GBP)", "£1,200.50"),
        ("Trading since", "2019-04-01"),
        ("I trade", "yes"),
        ("Your site", "https://lee.example"),
    ]


def test_of_a_known_person_only_empty_fields_are_filled(send_form, form):
    send_form(form, x_terms="30_days", x_shops="3")
    before = Person.objects.get()
    send_form(form, x_terms="prepaid", x_shops="5", x_trade="on")
    after = Person.objects.get()
    assert after.x == {**before.x, "x_trade": True}
    assert changes_of("person", after.pk)[0].fields == {"x": [before.x, after.x]}
    told = TimelineEntry.objects.filter(kind="records.changed").order_by("pk").last()
    assert told is not None
    assert [one["field"] for one in told.payload["changes"]] == ["x_trade"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"x_terms": ""}, "x_terms"),
        ({"x_terms": "60 days"}, "x_terms"),
        ({"x_terms": "prepaid", "x_shops": "many"}, "x_shops"),
        ({"x_terms": "prepaid", "x_wants": "tins;cake"}, "x_wants"),
        ({"x_terms": "prepaid", "x_since": "yesterday"}, "x_since"),
        ({"x_terms": "prepaid", "x_turnover": "1.999"}, "x_turnover"),
        ({"x_terms": "prepaid", "x_buyer": "ann"}, "x_buyer"),
    ],
)
def test_an_answer_that_the_field_cannot_hold_is_refused_by_name(send_form, form, given, field):
    with pytest.raises(Invalid) as refused:
        send_form(form, **given)
    assert [one.field for one in refused.value.errors] == [field]
    assert (Person.objects.count(), Submission.objects.count()) == (0, 0)


def test_a_retired_field_is_not_asked_any_more_and_the_form_still_works(
    send_form, form, fields, system
):
    retire_field(system, fields["x_terms"].public_id)
    with remembering():
        assert "x_terms" not in [one.key for one in questions_of(form)]
    send_form(form, x_shops="2")
    assert Person.objects.get().x == {"x_shops": 2}
    changed = change_form(
        system, form.public_id, data=ChangeForm(fields=form.fields_text, name="Again")
    )
    assert changed.name == "Again"


def test_what_was_kept_aside_fills_the_fields_when_it_is_released(send_form, form, system):
    aside = send_form(form, is_trapped=True, x_terms="prepaid")
    assert Person.objects.count() == 0
    release_submission(system, aside.public_id, data=ChangeSubmission())
    assert Person.objects.get().x == {"x_terms": "prepaid"}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("x_none | Nothing", "fields_odd"),
        ("x_buyer | Your buyer", "fields_odd"),
    ],
)
def test_a_form_asks_only_for_fields_that_there_are(form, system, line, code):
    with pytest.raises(FieldsOdd) as refused:
        change_form(system, form.public_id, data=ChangeForm(fields=f"{ASKS}\n{line}"))
    assert refused.value.code == code
    assert line.split(" ")[0] in str(refused.value)
    assert Form.objects.get().fields == form.fields


def test_the_public_page_asks_with_the_controls_of_the_fields(form, visitor: Client):
    html = visitor.get(f"/f/{form.slug}").content.decode()
    assert re.findall(r'type="date"|inputmode="(?:decimal|url)"', html) == [
        'inputmode="decimal"',
        'inputmode="decimal"',
        'type="date"',
        'inputmode="url"',
    ]
    assert html.count('name="x_wants"') == 3
    assert '<option value="30_days">30 days</option>' in html
    page = {"_token": token_in(html), "email": "ann@lee.example", "x_terms": "prepaid"}
    answer = visitor.post(f"/f/{form.slug}", {**page, "x_wants": ["tins", "cards"]})
    assert answer.status_code == 303
    assert Person.objects.get().x == {"x_terms": "prepaid", "x_wants": ["tins", "cards"]}


def test_several_choices_stay_picked_when_the_form_is_shown_again(form, visitor: Client):
    html = visitor.get(f"/f/{form.slug}").content.decode()
    page = {"_token": token_in(html), "email": "ann@lee.example", "x_wants": ["tins", "cards"]}
    answer = visitor.post(f"/f/{form.slug}", page)
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert re.findall(r'name="x_wants" value="(\w+)" checked', shown) == ["tins", "cards"]
    assert Person.objects.count() == 0
