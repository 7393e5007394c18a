"""The filter tree: its grammar, its words and its edits. Pure: no database, no clock.

A tree is JSON: ``{"op": "and" | "or" | "not", "items": [...]}`` or a condition
``{"field": "country", "is": "any_of", "value": ["GB"]}``, or records of another kind that belong
to it: ``{"related": "deals", "is": "any" | "none", "where": tree}``.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Literal

from tandem.records.rules.periods import PERIODS


class FieldType(StrEnum):
    """What a field holds: decides its operators, its cell and its input."""

    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    MOMENT = "moment"
    CHOICE = "choice"
    CHOICES = "choices"
    LINK = "link"
    USER = "user"
    RECORD = "record"
    BOOLEAN = "boolean"
    TAGS = "tags"
    TOUCH = "touch"


MAX_DEPTH = 6
MAX_CONDITIONS = 50
MAX_TEXT = 200
MAX_CHOICES = 100

Value = str | int | Decimal | date | bool | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Condition:
    """One field compared with a value."""

    field: str
    operator: str
    value: Value = None


@dataclass(frozen=True, slots=True)
class Group:
    """Several nodes joined; ``not`` means that none of them holds."""

    op: Literal["and", "or", "not"]
    items: "tuple[Node, ...]" = ()

    @property
    def is_empty(self) -> bool:
        return not self.items


@dataclass(frozen=True, slots=True)
class Related:
    """Records of another kind that belong to it: that there is one which ``where`` holds for, or
    that there is none."""

    relation: str
    is_any: bool
    where: Group


Node = Condition | Group | Related
EVERYTHING = Group("and")


@dataclass(frozen=True, slots=True)
class Names:
    """What a tree about a kind of record may name: its fields, and the kinds related to it."""

    fields: Mapping[str, FieldType]
    related: "Mapping[str, Callable[[], Names]]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operator:
    """How a field may be compared: ``takes`` says what stands beside it."""

    key: str
    takes: Literal["nothing", "text", "number", "date", "days", "period", "choices", "boolean"]


_EMPTY = (Operator("empty", "nothing"), Operator("not_empty", "nothing"))
_TEXT = (
    Operator("contains", "text"),
    Operator("is", "text"),
    Operator("is_not", "text"),
    Operator("starts_with", "text"),
    *_EMPTY,
)
_NUMBER = (
    Operator("is", "number"),
    Operator("at_least", "number"),
    Operator("at_most", "number"),
    *_EMPTY,
)
_DATE = (
    Operator("within", "period"),
    Operator("last_days", "days"),
    Operator("next_days", "days"),
    Operator("older_than_days", "days"),
    Operator("on", "date"),
    Operator("before", "date"),
    Operator("after", "date"),
    *_EMPTY,
)
_CHOICES = (Operator("any_of", "choices"), Operator("none_of", "choices"), *_EMPTY)

OPERATORS: Mapping[FieldType, tuple[Operator, ...]] = {
    FieldType.TEXT: _TEXT,
    FieldType.EMAIL: _TEXT,
    FieldType.PHONE: _TEXT,
    FieldType.RECORD: _TEXT,
    FieldType.LINK: _TEXT,
    FieldType.NUMBER: _NUMBER,
    FieldType.MONEY: _NUMBER,
    FieldType.DATE: _DATE,
    FieldType.MOMENT: _DATE,
    FieldType.CHOICE: _CHOICES,
    FieldType.CHOICES: _CHOICES,
    FieldType.USER: _CHOICES,
    FieldType.TAGS: _CHOICES,
    FieldType.BOOLEAN: (Operator("is", "boolean"), *_EMPTY),
}


class Unreadable(ValueError):
    """Why a tree cannot be read; ``path`` names the place (``items.0.value``)."""

    def __init__(self, reason: str, *, path: str = "") -> None:
        self.reason = reason
        self.path = path
        super().__init__(reason)


def parse(tree: Any, names: Names) -> Group:
    """Read a tree against what may be named in it; raises Unreadable."""
    if tree in (None, {}, ""):
        return EVERYTHING
    node = _parse(tree, names, path="", depth=0)
    if count_conditions(node) > MAX_CONDITIONS:
        raise Unreadable(f"more than {MAX_CONDITIONS} conditions")
    return node if isinstance(node, Group) else Group("and", (node,))


def _parse(tree: Any, names: Names, *, path: str, depth: int) -> Node:
    if not isinstance(tree, dict):
        raise Unreadable("neither a condition nor a group", path=path)
    if "op" not in tree and "related" not in tree:
        return _parse_condition(tree, names.fields, path=path)
    if depth >= MAX_DEPTH:
        raise Unreadable(f"nested deeper than {MAX_DEPTH}", path=path)
    if "related" in tree:
        return _parse_related(tree, names, path=path, depth=depth)
    if set(tree) - {"op", "items"}:
        raise Unreadable("a group has op and items only", path=path)
    op, items = tree["op"], tree.get("items", [])
    if op not in ("and", "or", "not"):
        raise Unreadable("op must be and, or, not", path=f"{path}op")
    if not isinstance(items, list):
        raise Unreadable("items must be a list", path=f"{path}items")
    return Group(
        op,
        tuple(
            _parse(item, names, path=f"{path}items.{at}.", depth=depth + 1)
            for at, item in enumerate(items)
        ),
    )


def _parse_related(tree: Mapping[str, Any], names: Names, *, path: str, depth: int) -> Related:
    if set(tree) - {"related", "is", "where"}:
        raise Unreadable("related records have related, is and where only", path=path)
    name = tree["related"]
    if not isinstance(name, str) or name not in names.related:
        raise Unreadable("there are no such related records", path=f"{path}related")
    if tree.get("is") not in ("any", "none"):
        raise Unreadable("related records can be any or none", path=f"{path}is")
    where = tree.get("where") or {"op": "and", "items": []}
    node = _parse(where, names.related[name](), path=f"{path}where.", depth=depth + 1)
    group = node if isinstance(node, Group) else Group("and", (node,))
    return Related(name, tree["is"] == "any", group)


def _parse_condition(
    tree: Mapping[str, Any], fields: Mapping[str, FieldType], *, path: str
) -> Condition:
    if set(tree) - {"field", "is", "value"}:
        raise Unreadable("a condition has field, is and value only", path=path)
    name = tree.get("field")
    if not isinstance(name, str) or name not in fields:
        raise Unreadable("there is no such field to filter by", path=f"{path}field")
    operator = next((o for o in OPERATORS[fields[name]] if o.key == tree.get("is")), None)
    if operator is None:
        known = ", ".join(o.key for o in OPERATORS[fields[name]])
        raise Unreadable(f"{name} can be compared by {known}", path=f"{path}is")
    try:
        value = _VALUES[operator.takes](tree.get("value"))
    except (ValueError, TypeError, InvalidOperation) as error:
        raise Unreadable(f"the value must be {operator.takes}", path=f"{path}value") from error
    return Condition(name, operator.key, value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_TEXT or "\0" in value:
        raise ValueError
    value.encode()  # a lone surrogate is no text that a database takes
    return value.strip()


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    number = Decimal(str(value))
    if not number.is_finite() or abs(number) >= Decimal(10) ** 18:
        raise ValueError
    return number


def _days(value: Any) -> int:
    number = _number(value)
    if number != int(number) or not 0 <= number <= 36_500:
        raise ValueError
    return int(number)


def _date(value: Any) -> date:
    if not isinstance(value, str):
        raise TypeError
    return date.fromisoformat(value)


def _period(value: Any) -> str:
    if value not in PERIODS:
        raise ValueError
    return str(value)


def _choices(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not 0 < len(values) <= MAX_CHOICES:
        raise ValueError
    return tuple(_text(one) for one in values)


def _boolean(value: Any) -> bool:
    if value in (True, "true", "yes"):
        return True
    if value in (False, "false", "no"):
        return False
    raise ValueError


def _nothing(value: Any) -> None:
    if value not in (None, ""):
        raise ValueError


_VALUES = {
    "nothing": _nothing,
    "text": _text,
    "number": _number,
    "date": _date,
    "days": _days,
    "period": _period,
    "choices": _choices,
    "boolean": _boolean,
}


def as_json(node: Node) -> dict[str, Any]:
    """The tree as JSON, in its shortest form; ``parse`` reads it back to the same tree."""
    if isinstance(node, Group):
        return {"op": node.op, "items": [as_json(item) for item in node.items]}
    if isinstance(node, Related):
        word = "any" if node.is_any else "none"
        return {"related": node.relation, "is": word, "where": as_json(node.where)}
    tree: dict[str, Any] = {"field": node.field, "is": node.operator}
    if isinstance(node.value, tuple):
        tree["value"] = list(node.value)
    elif isinstance(node.value, date | Decimal):
        tree["value"] = str(node.value)
    elif node.value is not None:
        tree["value"] = node.value
    return tree


def count_conditions(node: Node) -> int:
    """How many conditions the tree has in all."""
    if isinstance(node, Condition):
        return 1
    if isinstance(node, Related):
        return 1 + count_conditions(node.where)
    return sum(count_conditions(item) for item in node.items)


def conditions(node: Node) -> list[Condition]:
    """Every condition of the tree on the kind itself, depth first; none on related records."""
    if isinstance(node, Condition):
        return [node]
    if isinstance(node, Related):
        return []
    return [found for item in node.items for found in conditions(item)]


Path = Sequence[int]


def added(tree: Group, at: Path, node: Node) -> Group:
    """The tree with ``node`` put at the end of the group at this path."""
    return _edited(tree, at, lambda group: Group(group.op, (*group.items, node)))


def removed(tree: Group, at: Path) -> Group:
    """The tree without the node at this path; groups that become empty go with it."""
    *parent, index = at
    shorter = _edited(
        tree,
        parent,
        lambda group: Group(group.op, group.items[:index] + group.items[index + 1 :]),
    )
    return _pruned(shorter)


def replaced(tree: Group, at: Path, node: Node) -> Group:
    """The tree with another node at this path."""
    *parent, index = at
    return _edited(
        tree,
        parent,
        lambda group: Group(group.op, (*group.items[:index], node, *group.items[index + 1 :])),
    )


def rejoined(tree: Group, at: Path, op: Literal["and", "or", "not"]) -> Group:
    """The tree with the group at this path joined by another word."""
    return _edited(tree, at, lambda group: Group(op, group.items))


def _edited(tree: Group, at: Path, edit: Any) -> Group:
    if not at:
        edited: Group = edit(tree)
        return edited
    head, *rest = at
    if not 0 <= head < len(tree.items) or not isinstance(tree.items[head], Group):
        raise Unreadable("there is no such group")
    inner = tree.items[head]
    assert isinstance(inner, Group)
    items = list(tree.items)
    items[head] = _edited(inner, rest, edit)
    return Group(tree.op, tuple(items))


def _pruned(tree: Group) -> Group:
    items = []
    for item in tree.items:
        kept = _pruned(item) if isinstance(item, Group) else item
        if not isinstance(kept, Group) or kept.items:
            items.append(kept)
    return Group(tree.op, tuple(items))


def in_parts(ids: Sequence[int], *, size: int = 10_000) -> list[Sequence[int]]:
    """Many ids in parts, each for one statement: between two of them a deed may be stopped."""
    return [ids[first : first + size] for first in range(0, len(ids), size)]


def normalized_tag(name: str) -> str:
    """Tags are the same when they differ by case or space only."""
    return " ".join(name.split()).casefold()


# --- names of files -------------------------------------------------------------------------------

MAX_FILE_NAME = 200


def file_name(text: str) -> str:
    """The name of an uploaded file as it is kept and shown: no folders, nothing invisible.

    Marks that turn the reading direction would show ``gpj.exe`` as ``exe.jpg``; they go with all
    other characters that are not seen. An overlong name keeps its ending.
    """
    name = unicodedata.normalize("NFC", text).replace("\\", "/").rpartition("/")[2]
    name = "".join(char for char in name if unicodedata.category(char)[0] != "C")
    name = " ".join(name.split()).strip(". ")
    if len(name) > MAX_FILE_NAME:
        stem, dot, ending = name.rpartition(".")
        ending = f"{dot}{ending}" if stem and len(ending) <= 20 else ""
        name = name[: MAX_FILE_NAME - len(ending)] + ending
    return name or "file"


# --- columns of files -----------------------------------------------------------------------------


def plain_name(text: str) -> str:
    """A column's name in small letters without signs: ``Invoice No.`` is ``invoiceno``."""
    return "".join(char for char in text.casefold() if char.isalnum())


def guess_mapping(
    fields: Sequence[tuple[str, Sequence[str]]], header: Sequence[str]
) -> dict[str, str]:
    """The column for each field, by name: its key or a synonym, whole words before parts of them.

    ``fields`` are (key, synonyms); earlier fields and synonyms go first, and a column is taken
    once. What another field is called by in full is no part of a name. Fields without a column
    are left out.
    """
    whole = {plain_name(word) for key, synonyms in fields for word in (key, *synonyms)}
    left = {name: plain_name(name) for name in header if name}
    found: dict[str, str] = {}
    for is_fit in (str.__eq__, str.startswith):
        if is_fit is str.startswith:
            left = {column: name for column, name in left.items() if name not in whole}
        for key, synonyms in fields:
            if key in found:
                continue
            names = [plain_name(key), *map(plain_name, synonyms)]
            fits = (column for word in names for column in left if is_fit(left[column], word))
            column = next(fits, None)
            if column is not None:
                found[key] = column
                del left[column]
    return found
