"""Values of custom fields: one form per type, whatever way they come in; what does not fit."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.records.errors import ValueUnfit
from tandem.records.rules import FieldType
from tandem.records.rules.custom import (
    CUSTOM_TYPES,
    Definition,
    Option,
    key_of,
    major_of,
    numbered,
    option_values,
    read_custom,
)

TIERS = (
    Option("gold", "Gold"),
    Option("silver", "Silver"),
    Option("tin", "Tin", is_retired=True),
)
ANN = "0198e2c0-0000-7000-8000-000000000001"
USERS = {ANN: ANN, "ann@x.example": ANN, "ann lee": ANN}


def field(kind: FieldType, **traits: object) -> Definition:
    return Definition("x_field", kind, "Field", options=TIERS, currency="GBP", **traits)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "raw", "stored"),
    [
        (FieldType.TEXT, "  Tin works ", "Tin works"),
        (FieldType.TEXT, "Cafe\u0301", "Café"),
        (FieldType.NUMBER, 12, 12),
        (FieldType.NUMBER, 12.0, 12),
        (FieldType.NUMBER, Decimal("12.500"), 12.5),
        (FieldType.NUMBER, -0.1, -0.1),
        (FieldType.MONEY, Decimal("12.50"), 1250),
        (FieldType.MONEY, 12, 1200),
        (FieldType.DATE, "2026-02-28", "2026-02-28"),
        (FieldType.DATE, date(2026, 2, 28), "2026-02-28"),
        (FieldType.CHOICE, "gold", "gold"),
        (FieldType.CHOICE, "SILVER", "silver"),
        (FieldType.CHOICES, ["Silver", "gold", "gold"], ["gold", "silver"]),
        (FieldType.USER, "Ann Lee", ANN),
        (FieldType.USER, ANN, ANN),
        (FieldType.LINK, "https://tin.example/a?b=c#d", "https://tin.example/a?b=c#d"),
        (FieldType.LINK, "tin.example", "https://tin.example"),
        (FieldType.BOOLEAN, False, False),
    ],
)
def test_a_value_has_one_form(kind, raw, stored):
    found = read_custom(field(kind), raw, users=USERS)
    assert found == stored
    assert type(found) is type(stored)


@pytest.mark.parametrize(
    ("kind", "raw", "code"),
    [
        (FieldType.TEXT, 5, "text_invalid"),
        (FieldType.TEXT, "two\nlines", "text_invalid"),
        (FieldType.TEXT, "\u202eabc", "text_invalid"),
        (FieldType.TEXT, "x" * 401, "text_too_long"),
        (FieldType.NUMBER, True, "number_invalid"),
        (FieldType.NUMBER, "5", "number_invalid"),
        (FieldType.NUMBER, float("nan"), "number_invalid"),
        (FieldType.NUMBER, 10**15, "number_too_long"),
        (FieldType.NUMBER, Decimal("0.1234567"), "number_too_long"),
        (FieldType.NUMBER, Decimal("1234567890123.456"), "number_too_long"),
        (FieldType.MONEY, Decimal("1.005"), "amount_too_fine"),
        (FieldType.DATE, "28.2.2026", "date_invalid"),
        (FieldType.DATE, "2026-02-30", "date_invalid"),
        (FieldType.DATE, 20260228, "date_invalid"),
        (FieldType.CHOICE, "bronze", "choice_unknown"),
        (FieldType.CHOICE, "tin", "choice_unknown"),
        (FieldType.CHOICE, ["gold"], "choice_unknown"),
        (FieldType.CHOICES, "gold", "choice_unknown"),
        (FieldType.CHOICES, ["gold", "bronze"], "choice_unknown"),
        (FieldType.USER, "Bob", "user_unknown"),
        (FieldType.LINK, "javascript://x.example/%0aalert(1)", "link_invalid"),
        (FieldType.LINK, "https://nothing", "link_invalid"),
        (FieldType.LINK, "https://a.example/<b>", "link_invalid"),
        (FieldType.BOOLEAN, "yes", "boolean_invalid"),
        (FieldType.BOOLEAN, 1, "boolean_invalid"),
    ],
)
def test_what_does_not_fit_is_refused_with_field_and_reason(kind, raw, code):
    with pytest.raises(ValueUnfit) as refused:
        read_custom(field(kind), raw, users=USERS)
    assert [(one.field, one.code) for one in refused.value.errors] == [("x_field", code)]


@pytest.mark.parametrize(
    ("kind", "text", "stored"),
    [
        (FieldType.NUMBER, " 12.50 ", 12.5),
        (FieldType.MONEY, "12.5", 1250),
        (FieldType.BOOLEAN, "Yes", True),
        (FieldType.BOOLEAN, "0", False),
        (FieldType.CHOICES, "Silver; gold;", ["gold", "silver"]),
    ],
)
def test_a_text_of_a_file_may_stand_for_it(kind, text, stored):
    assert read_custom(field(kind), text, is_text=True) == stored


@pytest.mark.parametrize("kind", CUSTOM_TYPES)
@pytest.mark.parametrize("empty", [None, "", "  ", []])
def test_nothing_is_no_value_unless_it_is_needed(kind, empty):
    assert read_custom(field(kind), empty) is None
    with pytest.raises(ValueUnfit) as refused:
        read_custom(field(kind, is_required=True), empty)
    assert [one.code for one in refused.value.errors] == ["value_missing"]


@given(st.integers(-(10**12), 10**12))
def test_money_comes_back_as_it_was_said(pence):
    definition = field(FieldType.MONEY)
    amount = Decimal(pence) / 100
    stored = read_custom(definition, amount)
    assert stored == pence
    assert Decimal(str(major_of(definition, stored))) == amount


@given(st.decimals(-(10**8), 10**8, places=6))
def test_a_number_keeps_every_digit(number):
    stored = read_custom(field(FieldType.NUMBER), number)
    assert Decimal(str(stored)) == number


def test_keys_and_values_are_made_of_labels():
    assert key_of("Turnover (£) für 2026") == "x_turnover_fur_2026"
    assert key_of("営業") == ""
    assert len(key_of("a" * 90)) == 40
    assert numbered("x_" + "a" * 38, 12) == "x_" + "a" * 35 + "_12"
    assert option_values(["Gold", "gold!", "金"], {"gold"}) == ["gold_2", "gold_3", "choice"]
