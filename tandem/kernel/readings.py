"""Texts of a column read as numbers, moments or names. Pure: no database, no clock.

How a column is written is decided once for all of it, by every distinct value in it, and said: so
a day and a month are never swapped from one row to the next.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

DateOrder = Literal["dmy", "mdy", "ymd"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the texts of a column mean.

    ``values`` and ``faults`` (codes) are by text, each text in one of them; ``style`` says how the
    column is written. ``is_certain`` is False where the texts fit another style as well.
    """

    values: Mapping[str, Any]
    faults: Mapping[str, str]
    style: str = ""
    is_certain: bool = True


# --- numbers --------------------------------------------------------------------------------------

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_GROUPED = {
    ",": re.compile(r"[+-]?\d{1,3}(,\d{3})+(?![\d,])"),
    ".": re.compile(r"[+-]?\d{1,3}(\.\d{3})+(?![\d.])"),
}
_SPACES = str.maketrans("", "", " \u00a0\u202f'_")
_LIMIT = Decimal(10) ** 12


def read_numbers(texts: Iterable[str]) -> Reading:
    """Numbers with a point or a comma before the decimals, whichever the column as a whole has.

    ASCII digits only; (12.50) is negative. Up to 12 digits before the point and 6 behind it.
    """
    texts = list(texts)
    mark, is_certain = _decimal_mark(texts)
    values: dict[str, Decimal] = {}
    faults: dict[str, str] = {}
    for text in texts:
        value = _number(text, mark)
        if isinstance(value, str):
            faults[text] = value
        else:
            values[text] = value
    return Reading(values, faults, style=f"1{mark}5", is_certain=is_certain)


def _decimal_mark(texts: Iterable[str]) -> tuple[str, bool]:
    points = commas = False
    for text in texts:
        plain = text.strip().strip("()").translate(_SPACES)
        point, comma = plain.rfind("."), plain.rfind(",")
        if point >= 0 and comma >= 0:
            return (".", True) if point > comma else (",", True)
        if point >= 0:
            if plain.count(".") > 1:
                return ",", True  # points between thousands
            if len(plain) - point != 4:
                return ".", True
            points = True
        if comma >= 0:
            if plain.count(",") > 1:
                return ".", True
            if len(plain) - comma != 4:
                return ",", True
            commas = True
    # 1.234 and 1,234 alone can be read both ways: a point is taken for one of decimals, a comma
    # for one of thousands, and the reader is told.
    return ".", not (points or commas)


def _number(text: str, mark: str) -> Decimal | str:
    plain = text.strip().translate(_SPACES)
    if plain.startswith("(") and plain.endswith(")"):
        plain = f"-{plain[1:-1]}"
    thousands = "," if mark == "." else "."
    if thousands in plain and not _GROUPED[thousands].match(plain):
        return "no_number"  # 2,5 where others have points is not 25
    plain = plain.replace(thousands, "").replace(mark, ".")
    if not plain.isascii() or not _NUMBER.fullmatch(plain):
        return "no_number"
    value = Decimal(plain)
    if abs(value) >= _LIMIT:
        return "too_large"
    return value if value == round(value, 6) else "too_many_decimals"


# --- moments --------------------------------------------------------------------------------------

_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6})\d*)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?)?"
)
_PARTS = re.compile(
    r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})"
    r"(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp][Mm])?)?"
)
_SERIAL = re.compile(r"\d{5}([.,]\d+)?")  # days since the end of 1899, as spreadsheets count
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  (a day of the file's own zone)


def read_moments(
    texts: Iterable[str], *, zone: ZoneInfo, order: DateOrder | None = None
) -> Reading:
    """Moments as aware UTC; those without an offset are of ``zone``.

    Without ``order`` the column itself tells whether the day or the month comes first; where no
    value does, the day is taken and ``is_certain`` is False. A time that a change of clocks left
    out is a fault; of one that it brings twice, the first is taken.
    """
    texts = list(texts)
    found, is_certain = (order, True) if order else _order_of(texts)
    values: dict[str, datetime] = {}
    faults: dict[str, str] = {}
    for text in texts:
        value = _moment(text.strip(), found or "dmy", zone)
        if isinstance(value, str):
            faults[text] = value
        else:
            values[text] = value
    return Reading(values, faults, style=found or "ymd", is_certain=is_certain)


def _order_of(texts: Iterable[str]) -> tuple[DateOrder | None, bool]:
    first = second = ambiguous = False
    for text in texts:
        match = None if _ISO.fullmatch(text.strip()) else _PARTS.fullmatch(text.strip())
        if match is None or len(match[1]) == 4:
            continue
        ambiguous = True
        first = first or int(match[1]) > 12
        second = second or int(match[2]) > 12
    if first or not (second or ambiguous):
        return ("dmy", not second) if first else (None, True)
    return ("mdy", True) if second else ("dmy", False)


def _moment(text: str, order: DateOrder, zone: ZoneInfo) -> datetime | str:
    try:
        return _in_utc(_naive(text, order), zone)
    except _NoMoment:
        return "no_date"
    except (ValueError, OverflowError):
        return "no_such_day"


class _NoMoment(ValueError):
    pass


def _naive(text: str, order: DateOrder) -> datetime:
    if iso := _ISO.fullmatch(text):
        year, month, day, hour, minute, second, fraction, offset = iso.groups()
        moment = datetime(  # noqa: DTZ001  (its zone comes later)
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "").ljust(6, "0") or 0),
        )
        if offset:
            plain = "+00:00" if offset == "Z" else offset
            return datetime.fromisoformat(f"{moment.isoformat()}{plain}")
        return moment
    if parts := _PARTS.fullmatch(text):
        return _ordered(parts, order)
    if _SERIAL.fullmatch(text):
        return (_EPOCH + timedelta(days=float(text.replace(",", ".")))).replace(microsecond=0)
    raise _NoMoment


def _ordered(parts: re.Match[str], order: DateOrder) -> datetime:
    one, two, three = (int(part) for part in parts.groups()[:3])
    if len(parts[1]) == 4:
        year, month, day = one, two, three
    elif order == "mdy":
        month, day, year = one, two, three
    else:
        day, month, year = one, two, three
    if len(parts[3]) <= 2 and len(parts[1]) != 4:
        year += 2000 if year < 70 else 1900
    hour = int(parts[4] or 0)
    if parts[7]:
        hour = hour % 12 + (12 if parts[7].lower() == "pm" else 0)
    minute, second = int(parts[5] or 0), int(parts[6] or 0)
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001


def _in_utc(moment: datetime, zone: ZoneInfo) -> datetime | str:
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    there = moment.replace(tzinfo=zone).astimezone(UTC)
    if there.astimezone(zone).replace(tzinfo=None) != moment:
        return "no_such_time"
    return there


# --- names ----------------------------------------------------------------------------------------

WHOLE = re.compile(r"\d+\.0")  # what a spreadsheet makes of a number that is a name


def read_ids(texts: Iterable[str]) -> Reading:
    """Numbers of customers and the like: texts, but for a ``.0`` that a spreadsheet put to all."""
    texts = list(texts)
    trimmed = {text: text.strip() for text in texts}
    if trimmed and all(WHOLE.fullmatch(text) for text in trimmed.values()):
        return Reading({raw: text[:-2] for raw, text in trimmed.items()}, {}, style="17850.0")
    return Reading(trimmed, {})


READERS: Mapping[str, Callable[..., Reading]] = {
    "number": read_numbers,
    "moment": read_moments,
    "id": read_ids,
}
