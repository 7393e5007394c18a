"""A block as spreadsheets copy it, and its columns read as values."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.records.rules import FieldType
from tandem.records.rules.pasting import read_block, read_column

LONDON = ZoneInfo("Europe/London")


def values(kind, *texts, **extra):
    return read_column(kind, texts, zone=LONDON, **extra).values


def faults(kind, *texts, **extra):
    return read_column(kind, texts, zone=LONDON, **extra).faults


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("", []),
        ("Buyer", [["Buyer"]]),
        ("Ann\tBuyer\nBo\tOwner\n", [["Ann", "Buyer"], ["Bo", "Owner"]]),
        ("Ann\tBuyer\r\nBo\tOwner\r\n", [["Ann", "Buyer"], ["Bo", "Owner"]]),
        ("a\t\tb", [["a", "", "b"]]),
        ("a\n\nb", [["a"], [], ["b"]]),
        ('"two\nlines"\tx', [["two\nlines", "x"]]),
        ('"say ""yes"""\tx', [['say "yes"', "x"]]),
        ('12" wheel\t5\nb\t6', [['12" wheel', "5"], ["b", "6"]]),
        ('"12" wheel\t5\nb\t6', [['"12" wheel', "5"], ["b", "6"]]),
        ('"open\t5\nb\t6', [['"open', "5"], ["b", "6"]]),
        (" a \t b", [["a", "b"]]),
    ],
)
def test_a_block_is_read_as_its_spreadsheet_meant_it(text, cells):
    assert read_block(text) == cells


cell = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1)


@given(st.lists(st.lists(cell, min_size=1, max_size=4), min_size=1, max_size=5))
def test_what_is_written_with_quotes_where_needed_is_read_again(rows):
    text = "\n".join(
        "\t".join('"' + one.replace('"', '""') + '"' if '"' in one else one for one in row)
        for row in rows
    )
    assert read_block(text) == rows


def test_a_column_of_days_is_read_in_one_order():
    # 3/4 alone could be either: 13/4 in the same column says that the day comes first.
    assert values(FieldType.DATE, "03/04/2026", "13/04/2026") == {
        "03/04/2026": date(2026, 4, 3),
        "13/04/2026": date(2026, 4, 13),
    }
    assert values(FieldType.DATE, "03/04/2026", "04/13/2026")["03/04/2026"] == date(2026, 3, 4)
    assert not read_column(FieldType.DATE, ["03/04/2026"], zone=LONDON).is_certain
    assert faults(FieldType.DATE, "2026-02-30", "soon") == {
        "2026-02-30": "no_such_day",
        "soon": "no_date",
    }
    # The day is that of the company, whatever the zone of the text.
    assert values(FieldType.DATE, "2026-07-01T23:30:00Z") == {
        "2026-07-01T23:30:00Z": date(2026, 7, 2)
    }
    assert values(FieldType.MOMENT, "2026-07-01 10:00") == {
        "2026-07-01 10:00": datetime(2026, 7, 1, 9, tzinfo=UTC)
    }


def test_a_column_of_numbers_has_one_decimal_mark():
    assert values(FieldType.NUMBER, "1.234", "1,5") == {"1,5": Decimal("1.5"), "1.234": 1234}
    assert values(FieldType.NUMBER, "1.234", "12.5")["1.234"] == Decimal("1.234")
    assert faults(FieldType.NUMBER, "many") == {"many": "no_number"}


def test_an_amount_may_bear_the_sign_of_its_currency_and_no_other():
    signs = ("GBP", "£")
    found = values(FieldType.MONEY, "£1,200.50", "-£5", "12 GBP", "gbp 7", "3", signs=signs)
    assert found == {
        "£1,200.50": Decimal("1200.50"),
        "-£5": -5,
        "12 GBP": 12,
        "gbp 7": 7,
        "3": 3,
    }
    assert faults(FieldType.MONEY, "€5", "5 USD", signs=signs) == {
        "€5": "no_number",
        "5 USD": "no_number",
    }


def test_names_stand_for_choices_colleagues_and_flags():
    names = {"gold": "gold", "key, large": "key", "small": "small"}
    assert values(FieldType.CHOICE, "Gold", names=names) == {"Gold": "gold"}
    assert faults(FieldType.CHOICE, "Golden", names=names) == {"Golden": "no_choice"}
    assert faults(FieldType.USER, "Ann", names={}) == {"Ann": "no_user"}
    assert values(FieldType.CHOICES, "Gold, small", "Key, large", "gold;gold", names=names) == {
        "Gold, small": ["gold", "small"],
        "Key, large": ["key"],
        "gold;gold": ["gold"],
    }
    assert faults(FieldType.CHOICES, "gold, tin", names=names) == {"gold, tin": "no_choice"}
    words = {"ja": "true", "nein": "false"}
    assert values(FieldType.BOOLEAN, "JA", "nein", "yes", "0", names=words) == {
        "JA": True,
        "nein": False,
        "yes": True,
        "0": False,
    }
    assert faults(FieldType.BOOLEAN, "perhaps", names=words) == {"perhaps": "no_flag"}


@pytest.mark.parametrize("kind", [FieldType.TEXT, FieldType.NUMBER, FieldType.USER])
def test_an_empty_cell_empties_the_field(kind):
    assert values(kind, "", "") == {"": None}
    assert values(FieldType.CHOICES, "") == {"": []}
