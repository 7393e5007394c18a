import datetime as dt
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, field_validator

from tandem.kernel.errors import Conflict, Invalid
from tandem.ui.forms import Form, control, read_number, submit, written


class Motion(StrEnum):
    NEW = "new"
    RENEWAL = "renewal"


class Address(BaseModel):
    city: str = Field(min_length=1)
    postcode: str = ""


class NewDeal(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=20)
    amount: Decimal = Field(gt=0)
    seats: int | None = Field(default=None, ge=1)
    closes: dt.date | None = None
    meeting: dt.datetime | None = None
    motion: Motion = Motion.NEW
    size: Literal["small", "large"] = "small"
    tags: list[str] = []
    urgent: bool = False
    note: Annotated[str, Field(max_length=2000)] = ""
    address: Address | None = None

    @field_validator("name")
    @classmethod
    def is_no_greeting(cls, value: str) -> str:
        if value == "hello":
            raise ValueError("A name, not a greeting.")
        return value


GOOD = "name=Roskilde&amount=9900&address.city=Kent"


def errors_of(query: str) -> dict[str, list[str]]:
    return dict(submit(NewDeal, QueryDict(query)).errors)


def test_posted_text_becomes_the_schemas_model():
    form = submit(
        NewDeal,
        QueryDict(
            "name=Roskilde&amount=9900.50&seats=3&closes=2026-12-11&motion=renewal&size=large"
            "&tags=tin&tags=gift&urgent=on&note=&address.city=Kent&csrfmiddlewaretoken=x&_stay=1"
        ),
    )
    assert form.is_valid
    assert form.status == 200
    assert form.value == NewDeal(
        name="Roskilde",
        amount=Decimal("9900.50"),
        seats=3,
        closes=dt.date(2026, 12, 11),
        motion=Motion.RENEWAL,
        size="large",
        tags=["tin", "gift"],
        urgent=True,
        address=Address(city="Kent"),
    )


def test_empty_controls_are_none_or_the_default():
    form = submit(NewDeal, QueryDict(f"{GOOD}&seats=&closes=&motion=&note=&tags="))
    value = form.value
    assert (value.seats, value.closes, value.motion, value.note, value.tags) == (
        None,
        None,
        Motion.NEW,
        "",
        [],
    )


def test_a_nested_model_of_empty_controls_is_none():
    value = submit(NewDeal, QueryDict("name=a&amount=1&address.city=&address.postcode=")).value
    assert value.address is None


def test_a_box_that_was_not_ticked_is_false():
    assert submit(NewDeal, QueryDict(GOOD)).value.urgent is False


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("name=&amount=1&address.city=K", "name", "This is needed."),
        ("amount=1&address.city=K", "name", "This is needed."),
        (f"name={'x' * 21}&amount=1&address.city=K", "name", "At most 20 characters."),
        ("name=a&amount=&address.city=K", "amount", "This is needed."),
        ("name=a&amount=lots&address.city=K", "amount", "Write a number."),
        ("name=a&amount=0&address.city=K", "amount", "More than 0."),
        (f"{GOOD}&seats=1.5", "seats", "Write a whole number."),
        (f"{GOOD}&seats=0", "seats", "At least 1."),
        (f"{GOOD}&closes=soon", "closes", "Write a date, such as 2026-11-19."),
        (f"{GOOD}&meeting=soon", "meeting", "Write a date and a time."),
        (f"{GOOD}&motion=sideways", "motion", "Pick one of the choices."),
        (f"{GOOD}&size=huge", "size", "Pick one of the choices."),
        ("name=a&amount=1&address.city=&address.postcode=ME1", "address.city", "This is needed."),
        ("name=hello&amount=1&address.city=K", "name", "A name, not a greeting."),
        (f"{GOOD}&admin=1", "admin", "The field admin is not known here."),
    ],
)
def test_a_complaint_stands_at_its_field(query, field, message):
    assert errors_of(query) == {field: [message]}


def test_a_refused_form_has_no_value_and_the_status_422():
    form = submit(NewDeal, QueryDict("name=&amount=1&address.city=K"))
    assert form.status == 422
    with pytest.raises(Invalid) as refused:
        _ = form.value
    assert [(error.field, error.message) for error in refused.value.errors] == [
        ("name", "This is needed.")
    ]


def test_what_was_written_stays_as_it_was():
    form = submit(NewDeal, QueryDict("name=Roskilde&amount=9,9,00&motion=sideways"))
    assert form["amount"].value == "9,9,00"
    assert form["motion"].value == "sideways"
    assert [choice.chosen for choice in form["motion"].choices] == [False, False]


def test_a_refusal_of_the_action_becomes_messages():
    form = submit(NewDeal, QueryDict(GOOD))
    with form.refusals():
        raise Conflict("Somebody has this name.", field="name")
    assert form["name"].errors == ("Somebody has this name.",)
    with form.refusals():
        raise Conflict("The pipeline is closed.")
    assert form.general_errors == ["The pipeline is closed."]
    assert form.status == 422


def test_a_form_is_filled_from_a_record():
    deal = NewDeal(name="Roskilde", amount=Decimal("9900.5"), tags=["tin"], urgent=True)
    form = Form(NewDeal, initial=deal)
    assert not form.is_submitted
    assert form.status == 200
    assert {field.name: field.value for field in form} == {
        "name": "Roskilde",
        "amount": "9900.5",
        "seats": "",
        "closes": "",
        "meeting": "",
        "motion": "new",
        "size": "small",
        "tags": "tin",
        "urgent": "on",
        "note": "",
        "address.city": "",
        "address.postcode": "",
    }


def test_kinds_of_controls():
    assert {field.name: field.kind for field in Form(NewDeal)} == {
        "name": "text",
        "amount": "text",
        "seats": "text",
        "closes": "date",
        "meeting": "datetime-local",
        "motion": "choice",
        "size": "choice",
        "tags": "choices",
        "urgent": "bool",
        "note": "textarea",
        "address.city": "text",
        "address.postcode": "text",
    }


def test_choices_come_from_the_page_where_the_schema_has_none():
    form = Form(NewDeal, initial={"name": "b"}, choices={"name": [("a", "First"), ("b", "Second")]})
    assert [(c.value, c.label, c.chosen) for c in form["name"].choices] == [
        ("a", "First", False),
        ("b", "Second", True),
    ]


def test_a_moment_without_a_zone_is_meant_in_the_readers_own():
    with timezone.override(ZoneInfo("Europe/Copenhagen")):
        form = submit(NewDeal, QueryDict(f"{GOOD}&meeting=2026-07-01T14:30"))
        assert form.value.meeting == dt.datetime(2026, 7, 1, 12, 30, tzinfo=dt.UTC)
        assert Form(NewDeal, initial=form.value)["meeting"].value == "2026-07-01T14:30"


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en-gb", "9,900.50", "9900.50"),
        ("en-gb", "9900.5", "9900.5"),
        ("de", "9.900,50", "9900.50"),
        ("de", "1.234", "1234"),
        ("fr", "9\u202f900,5", "9900.5"),
        ("en-gb", " 12 ", "12"),
    ],
)
def test_numbers_are_read_as_the_reader_writes_them(language, text, value):
    with translation.override(language):
        assert read_number(text) == Decimal(value)


def test_an_ambiguous_number_is_asked_back():
    with translation.override("en-gb"), pytest.raises(Invalid) as refused:
        read_number("9.900,00")
    assert str(refused.value) == "Is this 9.9 or 9,900? Write it without separators."


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9
    )
)
def test_a_number_that_is_shown_is_read_back(value):
    for language in ("en-gb", "de", "fr"):
        with translation.override(language):
            (text,) = written(value)
            assert read_number(text) == value


def test_hint_and_errors_are_tied_to_the_control():
    field = control(None, name="sum", hint="In pounds.", error="Too much.")
    assert field.id == "f-sum"
    assert field.aria == ' aria-describedby="f-sum-hint f-sum-error" aria-invalid="true"'
    assert control(None, name="sum").aria == ""


def test_a_password_is_never_sent_back():
    assert not control(None, name="secret", type="password", value="tin").shows_value
