"""Definitions of segments as data, and what else is put into them and told of them.

A definition is a tree. Its branches are ``all``, ``any`` and ``none`` of what stands below; its
leaves ask for what a person is (``person``: a condition of the filters of people), what a person
did (the leaves of questions about events, ``lake.schemas``), what a person agreed to (``consent``),
or whether a person is in another segment.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from tandem.consent.rules import Channel, Purpose, State
from tandem.kernel.errors import FieldError
from tandem.lake.schemas import (
    MOST_DEPTH,
    MOST_LEAVES,
    Amount,
    Did,
    DidNot,
    InOrder,
    Moment,
    Part,
    Ratio,
)
from tandem.people.schemas import Change, EmptyIsNone, Input, Name, Named, Plain, RefOut
from tandem.segments.errors import DefinitionInvalid

Note = Annotated[str, Field(max_length=1000), Plain]


class Is(Part):
    """What a person, their company, deals or orders are: one node of the filters of people."""

    kind: Literal["person"]
    where: dict[str, Any]


class InSegment(Part):
    """In another segment, by its public id."""

    kind: Literal["segment"]
    id: UUID


class Agreed(Part):
    """What a person said about being contacted: the consent that holds on a channel, for a purpose
    and, where one is named, a topic."""

    kind: Literal["consent"]
    channel: Channel
    state: State = State.GRANTED
    purpose: Purpose = Purpose.MARKETING
    topic: Annotated[str, Field(max_length=40)] | None = None


class AllOf(Part):
    """Every one of these holds."""

    kind: Literal["all"]
    of: Annotated[tuple["Node", ...], Field(max_length=MOST_LEAVES)] = ()


class AnyOf(Part):
    """One of these holds, or more."""

    kind: Literal["any"]
    of: Annotated[tuple["Node", ...], Field(max_length=MOST_LEAVES)] = ()


class NoneOf(Part):
    """None of these holds."""

    kind: Literal["none"]
    of: Annotated[tuple["Node", ...], Field(max_length=MOST_LEAVES)] = ()


Group = AllOf | AnyOf | NoneOf
Leaf = Is | InSegment | Agreed | Did | DidNot | InOrder | Moment | Amount | Ratio
Node = Annotated[Leaf | Group, Field(discriminator="kind")]

for _model in (AllOf, AnyOf, NoneOf):
    _model.model_rebuild()


class Definition(Part):
    """Who is in a segment: a group that holds the rest."""

    who: Annotated[Group, Field(discriminator="kind")]

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        if _depth(self.who) > MOST_DEPTH:
            raise _refusal("too_deep", _("Nest at most %(most)d levels.") % {"most": MOST_DEPTH})
        if sum(1 for _one in _leaves(self.who)) > MOST_LEAVES:
            raise _refusal(
                "too_many", _("Ask at most %(most)d things at once.") % {"most": MOST_LEAVES}
            )
        return self


def _refusal(code: str, text: str) -> PydanticCustomError:
    return PydanticCustomError(code, "{text}", {"text": text})


def _leaves(node: Leaf | Group) -> Iterator[Leaf]:
    if not isinstance(node, Group):
        yield node
        return
    for child in node.of:
        yield from _leaves(child)


def _depth(node: Leaf | Group) -> int:
    return 1 + max(map(_depth, node.of), default=0) if isinstance(node, Group) else 1


def read_tree(data: Any) -> dict[str, Any]:
    """A tree from JSON, in its shortest form. Raises DefinitionInvalid, which names the places."""
    try:
        found = Definition.model_validate({"who": data})
    except ValidationError as refused:
        raise DefinitionInvalid(
            errors=[
                FieldError(_place(one["loc"]), one["type"], one["msg"])
                for one in refused.errors(include_url=False)
            ]
        ) from refused
    tree: dict[str, Any] = found.model_dump(mode="json", exclude_defaults=True)["who"]
    return _with_kinds(tree)


def _with_kinds(tree: dict[str, Any]) -> dict[str, Any]:
    """Groups that are empty keep their list."""
    if tree["kind"] in ("all", "any", "none"):
        return {**tree, "of": [_with_kinds(one) for one in tree.get("of", ())]}
    return tree


def _place(path: tuple[int | str, ...]) -> str:
    """Where in the tree it is wrong, without the names of the kinds that Pydantic adds."""
    kinds = {
        "all",
        "any",
        "none",
        "person",
        "segment",
        "consent",
        "did",
        "did_not",
        "in_order",
        "first",
    }
    kinds |= {"last", "amount", "ratio", "who"}
    return ".".join(str(step) for step in path if step not in kinds)


def _tree(data: dict[str, Any]) -> dict[str, Any]:
    try:
        return read_tree(data)
    except DefinitionInvalid as refused:
        first = refused.errors[0]
        text = f"{first.field}: {first.message}" if first.field else str(first.message)
        raise _refusal(first.code, text) from refused


Who = Annotated[dict[str, Any], AfterValidator(_tree)]


class NewSegment(Input):
    """A segment to make. ``who`` is its definition, published at once where it is given."""

    name: Name
    note: Annotated[Note | None, EmptyIsNone] = None
    owner: Annotated[Named | None, EmptyIsNone] = None
    who: Who | None = None


class ChangeSegment(Change):
    """Fields of a segment to change; ``who`` is a definition that is published at once."""

    name: Name | None = None
    note: Annotated[Note | None, EmptyIsNone] = None
    owner: Annotated[Named | None, EmptyIsNone] = None
    who: Who | None = None

    @model_validator(mode="after")
    def keeps_what_it_needs(self) -> "ChangeSegment":
        for name in ("name", "who"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise PydanticCustomError("missing", "Field required")
        return self


class SegmentOut(BaseModel):
    """A segment; ``definition_version`` counts what was published. How many are in it, as far as
    you see them, comes with its members."""

    id: UUID
    name: str
    note: str | None
    who: dict[str, Any] | None
    definition_version: int
    is_snapshot: bool
    owner: RefOut | None
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int


class MembersOut(BaseModel):
    """Persons in a segment whom the caller may see, a page at a time; ``total`` of all of them."""

    total: int

    items: list[RefOut]
    next: str | None


class WhyOut(BaseModel):
    """Why a person is in a segment or not: each condition, with what speaks for it."""

    is_in: bool
    conditions: list["ConditionOut"]


class ConditionOut(BaseModel):
    """One condition: where it stands, in words, whether it holds, the evidence."""

    place: str
    words: str
    holds: bool
    evidence: list[str]
    until: dt.datetime | None
