"""Fields that a company adds to a kind of record, and how their values are read. Pure.

A value stands in the record's column ``x`` under the key of its field, in one form per type: text
and link as text; number as a JSON number; money as minor units of the field's currency; date as
ISO text; choice as the choice's value; several choices as a list of values in the order of the
field's; user as a public id; boolean as true or false. An empty value is no value: its key goes.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from tandem.kernel.money import Money
from tandem.records.errors import (
    AmountTooFine,
    ChoiceUnknown,
    DateUnfit,
    FlagUnfit,
    LinkUnfit,
    NumberTooLong,
    NumberUnfit,
    TextTooLong,
    TextUnfit,
    UserUnknown,
    ValueMissing,
)
from tandem.records.rules import FieldType

CUSTOM_TYPES = (
    FieldType.TEXT,
    FieldType.NUMBER,
    FieldType.MONEY,
    FieldType.DATE,
    FieldType.CHOICE,
    FieldType.CHOICES,
    FieldType.USER,
    FieldType.LINK,
    FieldType.BOOLEAN,
)
# Keys begin so that a field which Tandem itself gets later never meets one of a company's.
PREFIX = "x_"
KEY = re.compile(r"x_[a-z0-9][a-z0-9_]{0,37}", re.ASCII)
MAX_FIELDS = 60
MAX_OPTIONS = 100
MAX_TEXT = 400
MAX_LINK = 500
MAX_DIGITS = 15
MAX_DECIMALS = 6

Stored = str | int | float | bool | list[str]
NOBODY: Mapping[str, str] = {}

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
TRUE_WORDS = frozenset({"true", "yes", "y", "1", "on"})
FALSE_WORDS = frozenset({"false", "no", "n", "0", "off"})


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a field: what is stored, what is shown; a retired one is kept where it is."""

    value: str
    label: str
    tone: str = ""
    is_retired: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """A custom field, as reading a value needs it; ``currency`` is that of a field of money."""

    key: str
    type: FieldType
    label: str
    options: tuple[Option, ...] = ()
    currency: str = ""
    is_required: bool = False


def read_custom(
    definition: Definition,
    raw: Any,
    *,
    users: Mapping[str, str] = NOBODY,
    is_text: bool = False,
) -> Stored | None:
    """The value of a field in its one form; None for an empty one. Raises ValueUnfit.

    ``raw`` is a value of JSON or of a form; with ``is_text`` also a text of a file, where a text
    may stand for a number (with a point), a flag, or several choices with semicolons between.
    Money is in major units. ``users`` gives the public id by what people call a user: public id,
    mail address or name, in small letters.
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()) or raw in ([], ()):
        if definition.is_required:
            raise ValueMissing(field=definition.key)
        return None
    return _READ[definition.type](definition, raw, users, is_text)


def key_of(label: str) -> str:
    """The key that a label gives: ``Turnover (£)`` is ``x_turnover``; empty where none is left."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:38].strip("_")
    return f"{PREFIX}{slug}" if slug else ""


def numbered(key: str, number: int) -> str:
    """The key with a number behind it, no longer than a key may be."""
    end = f"_{number}"
    return f"{key[: 40 - len(end)]}{end}"


def option_values(labels: Sequence[str], taken: Iterable[str]) -> list[str]:
    """A value for each new choice, made of its label, that no other choice has or had."""
    used, found = set(taken), []
    for label in labels:
        base = key_of(label).removeprefix(PREFIX) or "choice"
        value, number = base, 1
        while value in used:
            number += 1
            value = f"{base}_{number}"
        used.add(value)
        found.append(value)
    return found


def major_of(definition: Definition, stored: Any) -> Any:
    """A stored value as people and the API write it: money in major units, the rest as it is."""
    if definition.type is FieldType.MONEY and isinstance(stored, int):
        return _plain_number(Money(stored, definition.currency).major)
    return stored


def _text(definition: Definition, raw: Any, users: Mapping[str, str], is_text: bool) -> str:
    if not isinstance(raw, str):
        raise TextUnfit(field=definition.key)
    text = unicodedata.normalize("NFC", raw.strip())
    if any(unicodedata.category(char) in ("Cc", "Cs") or char in _BIDI for char in text):
        raise TextUnfit(field=definition.key)
    if len(text) > MAX_TEXT:
        raise TextTooLong(field=definition.key)
    return text


def _decimal(definition: Definition, raw: Any, is_text: bool) -> Decimal:
    if isinstance(raw, str) and is_text and _NUMBER.fullmatch(raw.strip()):
        raw = Decimal(raw.strip())
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal):
        raise NumberUnfit(field=definition.key)
    try:
        number = Decimal(repr(raw)) if isinstance(raw, float) else Decimal(raw)
    except InvalidOperation:
        raise NumberUnfit(field=definition.key) from None
    if not number.is_finite():
        raise NumberUnfit(field=definition.key)
    if abs(number) >= Decimal(10) ** MAX_DIGITS or number != round(number, MAX_DECIMALS):
        raise NumberTooLong(field=definition.key)
    if len(number.normalize().as_tuple().digits) > MAX_DIGITS:
        raise NumberTooLong(field=definition.key)
    return number


def _plain_number(number: Decimal) -> int | float:
    return int(number) if number == int(number) else float(number)


def _number(
    definition: Definition, raw: Any, users: Mapping[str, str], is_text: bool
) -> int | float:
    return _plain_number(_decimal(definition, raw, is_text))


def _money(definition: Definition, raw: Any, users: Mapping[str, str], is_text: bool) -> int:
    amount = _decimal(definition, raw, is_text)
    money = Money.from_major(amount, definition.currency)
    if money.major != amount:
        raise AmountTooFine(field=definition.key)
    return money.minor


def _date(definition: Definition, raw: Any, users: Mapping[str, str], is_text: bool) -> str:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw.isoformat()
    if not isinstance(raw, str) or not _DAY.fullmatch(raw.strip()):
        raise DateUnfit(field=definition.key)
    try:
        return date.fromisoformat(raw.strip()).isoformat()
    except ValueError:
        raise DateUnfit(field=definition.key) from None


def _option(definition: Definition, raw: Any) -> str:
    # A value goes before a label: a label may have become what another choice's value is.
    if isinstance(raw, str):
        wanted = raw.strip().casefold()
        live = [option for option in definition.options if not option.is_retired]
        for option in live:
            if option.value == wanted:
                return option.value
        for option in live:
            if option.label.casefold() == wanted:
                return option.value
    raise ChoiceUnknown(field=definition.key)


def _choice(definition: Definition, raw: Any, users: Mapping[str, str], is_text: bool) -> str:
    return _option(definition, raw)


def _choices(
    definition: Definition, raw: Any, users: Mapping[str, str], is_text: bool
) -> list[str]:
    if isinstance(raw, str) and is_text:
        raw = [part for part in raw.split(";") if part.strip()]
    if not isinstance(raw, list | tuple):
        raise ChoiceUnknown(field=definition.key)
    picked = {_option(definition, one) for one in raw}
    return [option.value for option in definition.options if option.value in picked]


def _user(definition: Definition, raw: Any, users: Mapping[str, str], is_text: bool) -> str:
    found = users.get(raw.strip().casefold()) if isinstance(raw, str) else None
    if found is None:
        raise UserUnknown(field=definition.key)
    return found


def _link(definition: Definition, raw: Any, users: Mapping[str, str], is_text: bool) -> str:
    text = _text(definition, raw, users, is_text) if isinstance(raw, str) else ""
    if "://" not in text:
        text = f"https://{text}"
    if len(text) > MAX_LINK:
        raise TextTooLong(field=definition.key)
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        raise LinkUnfit(field=definition.key) from None
    is_odd = any(char.isspace() or char in '<>"\\^`{|}' for char in text)
    if parts.scheme.lower() not in ("http", "https") or "." not in host.strip(".") or is_odd:
        raise LinkUnfit(field=definition.key)
    return text


def _flag(definition: Definition, raw: Any, users: Mapping[str, str], is_text: bool) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and is_text:
        word = raw.strip().casefold()
        if word in TRUE_WORDS or word in FALSE_WORDS:
            return word in TRUE_WORDS
    raise FlagUnfit(field=definition.key)


_READ: Mapping[FieldType, Callable[[Definition, Any, Mapping[str, str], bool], Stored]] = {
    FieldType.TEXT: _text,
    FieldType.NUMBER: _number,
    FieldType.MONEY: _money,
    FieldType.DATE: _date,
    FieldType.CHOICE: _choice,
    FieldType.CHOICES: _choices,
    FieldType.USER: _user,
    FieldType.LINK: _link,
    FieldType.BOOLEAN: _flag,
}
