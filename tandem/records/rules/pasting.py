"""A block of cells as a spreadsheet copies it, and its columns read as values. Pure.

A column is read as a whole (see kernel.readings): a day and a month, a point and a comma mean the
same in all of its cells.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from tandem.kernel.readings import Reading, read_moments, read_numbers
from tandem.records.rules import FieldType
from tandem.records.rules.custom import FALSE_WORDS, TRUE_WORDS

MAX_BLOCK_ROWS = 500
MAX_BLOCK_CELLS = 5_000
MAX_BLOCK_TEXT = 500_000

NO_NAMES: Mapping[str, str] = {}
_BETWEEN = re.compile(r"[;,\n]")


def read_block(text: str) -> list[list[str]]:
    """The cells by row, without the space around them; no row for an empty text.

    Spreadsheets part cells by tabs and put a cell with a break in quotes; where the quotes do not
    fit, they are letters like others. Rows need not be of one length.
    """
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        return []
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t", strict=True))
    except csv.Error:
        rows = [line.split("\t") for line in text.splitlines()]
    return [[cell.strip() for cell in row] for row in rows]


def read_column(
    kind: FieldType,
    texts: Iterable[str],
    *,
    zone: ZoneInfo,
    names: Mapping[str, str] = NO_NAMES,
    signs: Sequence[str] = (),
) -> Reading:
    """What the texts of a column mean for a field of this type; an empty text is None.

    ``names`` gives the value by what people call it, in small letters: of a choice, a colleague, a
    yes or no. ``signs`` are those of the currency, which may stand at an amount.
    """
    all_of_them = list(dict.fromkeys(texts))
    filled = [text for text in all_of_them if text]
    empty: dict[str, Any] = (
        {"": [] if kind is FieldType.CHOICES else None} if "" in all_of_them else {}
    )
    found = _read(kind, filled, zone, names, signs)
    return Reading({**found.values, **empty}, found.faults, found.style, found.is_certain)


def _read(
    kind: FieldType,
    texts: Sequence[str],
    zone: ZoneInfo,
    names: Mapping[str, str],
    signs: Sequence[str],
) -> Reading:
    match kind:
        case FieldType.NUMBER:
            return read_numbers(texts)
        case FieldType.MONEY:
            return _amounts(texts, signs)
        case FieldType.DATE:
            found = read_moments(texts, zone=zone)
            days: dict[str, date] = {
                text: value.astimezone(zone).date() for text, value in found.values.items()
            }
            return Reading(days, found.faults, found.style, found.is_certain)
        case FieldType.MOMENT:
            return read_moments(texts, zone=zone)
        case FieldType.CHOICE:
            return _named(texts, names, "no_choice")
        case FieldType.USER:
            return _named(texts, names, "no_user")
        case FieldType.BOOLEAN:
            words = dict.fromkeys(TRUE_WORDS, True) | dict.fromkeys(FALSE_WORDS, False)
            return _named(texts, {**words, **{name: one == "true" for name, one in names.items()}})
        case FieldType.CHOICES:
            return _several(texts, names)
        case _:
            return Reading({text: text for text in texts}, {})


def _amounts(texts: Sequence[str], signs: Sequence[str]) -> Reading:
    bare = {text: _without(text, signs) for text in texts}
    found = read_numbers(bare.values())
    return Reading(
        {text: found.values[one] for text, one in bare.items() if one in found.values},
        {text: found.faults[one] for text, one in bare.items() if one in found.faults},
        found.style,
        found.is_certain,
    )


def _without(text: str, signs: Sequence[str]) -> str:
    """The amount without the sign of its currency; one of another currency stays and is none."""
    for sign in signs:
        text = re.sub(rf"(?i)^([+-]?)\s*{re.escape(sign)}\s*|\s*{re.escape(sign)}$", r"\1", text)
    return text


def _named(texts: Iterable[str], names: Mapping[str, Any], fault: str = "no_flag") -> Reading:
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for text in texts:
        known = text.casefold()
        if known in names:
            values[text] = names[known]
        else:
            faults[text] = fault
    return Reading(values, faults)


def _several(texts: Iterable[str], names: Mapping[str, str]) -> Reading:
    values: dict[str, list[str]] = {}
    faults: dict[str, str] = {}
    for text in texts:
        # A label may have a comma in it: the whole text goes before its parts.
        parts = [text] if text.casefold() in names else _BETWEEN.split(text)
        words = [part.strip().casefold() for part in parts if part.strip()]
        if all(word in names for word in words):
            values[text] = list(dict.fromkeys(names[word] for word in words))
        else:
            faults[text] = "no_choice"
    return Reading(values, faults)
