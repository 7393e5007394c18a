"""What a foot of a list can say about a column: which words go with which type. Pure."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from tandem.records.rules import FieldType, Unreadable


class Aggregate(StrEnum):
    """One figure made of a column of all the rows that a list shows."""

    COUNT = "count"
    FILLED = "filled"
    EMPTY = "empty"
    UNIQUE = "unique"
    SUM = "sum"
    AVERAGE = "average"
    MIN = "min"
    MAX = "max"
    EARLIEST = "earliest"
    LATEST = "latest"


# Of amounts these are told for each currency: unlike currencies are neither added nor compared.
BY_CURRENCY = frozenset({Aggregate.SUM, Aggregate.AVERAGE, Aggregate.MIN, Aggregate.MAX})

MAX_AGGREGATES = 40

_HELD = (Aggregate.FILLED, Aggregate.EMPTY)
_NAMED = (*_HELD, Aggregate.UNIQUE)
_DAYS = (*_NAMED, Aggregate.EARLIEST, Aggregate.LATEST)
_SUMS = (Aggregate.SUM, Aggregate.AVERAGE, Aggregate.MIN, Aggregate.MAX)

OFFERED: Mapping[FieldType, tuple[Aggregate, ...]] = {
    FieldType.TEXT: _NAMED,
    FieldType.EMAIL: _NAMED,
    FieldType.PHONE: _NAMED,
    FieldType.LINK: _NAMED,
    FieldType.RECORD: _NAMED,
    FieldType.CHOICE: _NAMED,
    FieldType.USER: _NAMED,
    FieldType.BOOLEAN: _NAMED,
    FieldType.NUMBER: (*_NAMED, *_SUMS),
    FieldType.MONEY: (*_HELD, *_SUMS),
    FieldType.DATE: _DAYS,
    FieldType.MOMENT: _DAYS,
    FieldType.CHOICES: _HELD,
    FieldType.TAGS: _HELD,
    FieldType.TOUCH: (),
}

Asked = tuple[tuple[str, Aggregate], ...]


def parse_asked(parts: Sequence[str], offered: Mapping[str, Sequence[Aggregate]]) -> Asked:
    """``amount:sum`` and the like, in their order, each once; raises Unreadable with the place."""
    if len(parts) > MAX_AGGREGATES:
        raise Unreadable(f"more than {MAX_AGGREGATES} aggregates")
    found: dict[tuple[str, Aggregate], None] = {}
    for at, part in enumerate(parts):
        key, _colon, word = part.partition(":")
        if key not in offered:
            raise Unreadable("there is no such field to count or add up", path=str(at))
        known = next((one for one in offered[key] if one == word), None)
        if known is None:
            words = ", ".join(offered[key])
            raise Unreadable(f"{key} can be told by {words}", path=str(at))
        found[key, known] = None
    return tuple(found)
