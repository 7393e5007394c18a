"""Questions about events as data: who did what, how often, in which order, when, for how much.

A question is a tree that comes in and goes out as JSON. Its leaves look at the events of one
subject (a visitor, or a person by the browsers that are known to be theirs), its branches are
``all``, ``any`` and ``not``. What a question means does not depend on the engine that answers it:

- ``now`` is the moment for which it is asked; later events are not there.
- A window is from its first moment on and before its last one.
- A step of ``in_order`` is later than the one before by at least a microsecond.
- Of several events at the first (or last) moment it is enough that one is as asked.
- What was never done was done 0 times, and has no first, no last, no sum and no ratio.
- A property is a text, a number or a flag as its JSON says; a text that is a number counts as one
  where numbers are compared. A property that is not there is unlike every value.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self, TypeVar

from django.utils.translation import gettext as _
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from tandem.accounts.schemas import TimeZone
from tandem.kernel.errors import FieldError
from tandem.lake.errors import QuestionInvalid
from tandem.lake.rules import ASKED_COLUMNS, PROPERTY

MOST_DEPTH = 12
MOST_LEAVES = 50
MOST_STEPS = 10

Number = Annotated[StrictInt | StrictFloat, Field(ge=-1e15, le=1e15)]
Text = Annotated[str, StringConstraints(max_length=2048, pattern=r"^[^\x00]*$")]
EventName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00]*$")]


def _refusal(code: str, text: str) -> PydanticCustomError:
    return PydanticCustomError(code, "{text}", {"text": text})


class Part(BaseModel):
    """A part of a question: nothing unknown in it, and it does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --- time -----------------------------------------------------------------------------------------


class Duration(Part):
    """A length of time; a day is 24 hours."""

    weeks: Annotated[int, Field(ge=0, le=5_000, strict=True)] = 0
    days: Annotated[int, Field(ge=0, le=36_000, strict=True)] = 0
    hours: Annotated[int, Field(ge=0, le=900_000, strict=True)] = 0
    minutes: Annotated[int, Field(ge=0, le=50_000_000, strict=True)] = 0

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if not self.length:
            raise _refusal("too_short", _("Say how long: weeks, days, hours or minutes."))
        return self

    @property
    def length(self) -> timedelta:
        """As a difference of moments."""
        return timedelta(weeks=self.weeks, days=self.days, hours=self.hours, minutes=self.minutes)


class Window(Part):
    """A span of time: the ``last`` so long (which ended ``ago``), or from ``since`` to ``until``.

    Open where nothing is said.
    """

    last: Duration | None = None
    ago: Duration | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        is_relative = self.last is not None or self.ago is not None
        if is_relative and (self.since is not None or self.until is not None):
            raise _refusal(
                "window_mixed", _("Say either last and ago, or since and until, not both.")
            )
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise _refusal("window_empty", _("The end is not after the begin."))
        return self

    def bounds(self, now: datetime) -> tuple[datetime | None, datetime]:
        """From when on and before when; it never goes beyond now."""
        end = now - self.ago.length if self.ago else now
        if self.until is not None:
            end = min(end, self.until)
        return (end - self.last.length if self.last else self.since), end


ALWAYS = Window()

# --- which events ---------------------------------------------------------------------------------


class Test(StrEnum):
    """How a field of an event is compared."""

    IS = "is"
    IS_NOT = "is_not"
    ONE_OF = "one_of"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    IS_PAGE = "is_page"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"
    IS_THERE = "is_there"


COMPARING = frozenset({Test.AT_LEAST, Test.AT_MOST, Test.MORE_THAN, Test.LESS_THAN})
_SEARCHING = frozenset({Test.CONTAINS, Test.STARTS_WITH, Test.IS_PAGE})


def _field(name: str) -> str:
    if name in ASKED_COLUMNS or PROPERTY.fullmatch(name):
        return name
    raise _refusal(
        "field_unknown",
        _("Events have no field of this name; there are: %(names)s, and props.NAME.")
        % {"names": ", ".join(ASKED_COLUMNS)},
    )


class Condition(Part):
    """What a field of an event is: a column, or a property as ``props.NAME``."""

    field: Annotated[str, Field(max_length=100)]
    test: Test = Test.IS
    value: Text | StrictBool | Number | tuple[Text, ...] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _field(self.field)
        refused = _value_refusal(self.test, self.value)
        if refused:
            raise _refusal("value_unfit", refused)
        if not self.key and not isinstance(self.value, str | tuple | None):
            raise _refusal("value_unfit", _("This field is a text: compare it with one."))
        return self

    @property
    def key(self) -> str:
        """The name of the property; empty for a column."""
        return self.field.removeprefix("props.") if self.field.startswith("props.") else ""


def _value_refusal(test: Test, value: Any) -> str:
    """Why a value does not fit the test; empty where it does."""
    if test is Test.IS_THERE:
        return "" if value is None else _("Leave the value out: is_there needs none.")
    if test is Test.ONE_OF:
        fits = isinstance(value, tuple) and 0 < len(value) <= 200
        return "" if fits else _("Give a list of 1 to 200 texts.")
    if test in COMPARING:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if is_number else _("Give a number.")
    if test in _SEARCHING:
        return "" if isinstance(value, str) and value else _("Give a text.")
    return "" if value is not None and not isinstance(value, tuple) else _("Give one value.")


class Doing(Part):
    """Which events: of a name (any where none is said), with all of these conditions."""

    name: EventName | None = None
    where: Annotated[tuple[Condition, ...], Field(max_length=20)] = ()


class Bounds(Part):
    """What a number must be; all that is said holds."""

    at_least: Number | None = None
    at_most: Number | None = None
    more_than: Number | None = None
    less_than: Number | None = None
    exactly: Number | None = None

    @model_validator(mode="after")
    def _bounds_something(self) -> Self:
        if not self.said:
            raise _refusal(
                "bounds_missing",
                _("Say at_least, at_most, more_than, less_than or exactly with a number."),
            )
        return self

    @property
    def said(self) -> Mapping[str, int | float]:
        """The bounds that are given, by their names."""
        return {name: value for name, value in self if value is not None}

    def hold(self, number: float) -> bool:
        """Whether a number is within them."""
        holds = {
            "at_least": lambda bound: number >= bound,
            "at_most": lambda bound: number <= bound,
            "more_than": lambda bound: number > bound,
            "less_than": lambda bound: number < bound,
            "exactly": lambda bound: number == bound,
        }
        return all(holds[name](bound) for name, bound in self.said.items())


# --- leaves ---------------------------------------------------------------------------------------


class Leaf(Part):
    """What looks at the events of a subject in a window."""

    window: Window = ALWAYS


class Did(Leaf):
    """Did it so many times, at least once where nothing is said. ``at_most`` takes in never."""

    kind: Literal["did"]
    event: Doing
    times: Bounds = Bounds(at_least=1)


class DidNot(Leaf):
    """Did it never in the window: everybody else who is known."""

    kind: Literal["did_not"]
    event: Doing


class InOrder(Leaf):
    """Did all of these one after the other, from the first to the last within so long."""

    kind: Literal["in_order"]
    steps: Annotated[tuple[Doing, ...], Field(min_length=2, max_length=MOST_STEPS)]
    within: Duration | None = None


class Moment(Leaf):
    """When (``at``) and how (``where``) it was done for the first or last time in the window."""

    kind: Literal["first", "last"]
    event: Doing
    at: Window | None = None
    where: Annotated[tuple[Condition, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.at is None and not self.where:
            raise _refusal("moment_unasked", _("Say at (when it was) or where (how it was)."))
        return self


class How(StrEnum):
    """What is made of the numbers of a property."""

    COUNT = "count"
    SUM = "sum"
    MIN = "min"
    MAX = "max"


def _property(name: str) -> str:
    if not PROPERTY.fullmatch(name):
        raise _refusal("field_unknown", _("Name a property, as props.NAME."))
    return name


class Amount(Leaf):
    """Count, sum, least or greatest of the numbers in a property of these events."""

    kind: Literal["amount"]
    event: Doing
    how: How
    field: Annotated[str, Field(max_length=100)]
    value: Bounds

    @model_validator(mode="after")
    def _is_of_a_property(self) -> Self:
        _property(self.field)
        return self


class Ratio(Leaf):
    """Times (or the sum of a property) in the window as a share of those in ``to``, the past.

    Who did nothing in ``to`` has no ratio.
    """

    kind: Literal["ratio"]
    event: Doing
    to: Window
    sum_of: Annotated[str, Field(max_length=100)] | None = None
    value: Bounds

    @model_validator(mode="after")
    def _is_of_a_property(self) -> Self:
        if self.sum_of is not None:
            _property(self.sum_of)
        return self


# --- branches -------------------------------------------------------------------------------------


class AllOf(Part):
    """Every one of these holds."""

    kind: Literal["all"]
    of: Annotated[tuple["Node", ...], Field(min_length=1, max_length=MOST_LEAVES)]


class AnyOf(Part):
    """One of these holds, or more."""

    kind: Literal["any"]
    of: Annotated[tuple["Node", ...], Field(min_length=1, max_length=MOST_LEAVES)]


class NotSo(Part):
    """This does not hold."""

    kind: Literal["not"]
    of: "Node"


Branch = AllOf | AnyOf | NotSo
Leaves = Did | DidNot | InOrder | Moment | Amount | Ratio
Node = Annotated[Leaves | Branch, Field(discriminator="kind")]

for _model in (AllOf, AnyOf, NotSo):
    _model.model_rebuild()

# --- questions ------------------------------------------------------------------------------------


class Subject(StrEnum):
    """Whose events are looked at together: a browser's, or those of all browsers of a person."""

    VISITOR = "visitor"
    PERSON = "person"


class Question(Part):
    """Of which subjects this is true."""

    of: Subject = Subject.PERSON
    where: Node

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        _refuse_too_much(self.where)
        return self


class Grain(StrEnum):
    """How long a piece of a timeline is; a week begins on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Breakdown(Part):
    """How many subjects did it, by a field and by pieces of time; ``where`` says which subjects."""

    of: Subject = Subject.PERSON
    event: Doing
    window: Window = ALWAYS
    where: Node | None = None
    by: Annotated[str, Field(max_length=100)] | None = None
    per: Grain | None = None
    zone: TimeZone = "UTC"

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        if self.by is not None:
            _field(self.by)
        if self.where is not None:
            _refuse_too_much(self.where)
        return self


def leaves(node: Leaves | Branch) -> Iterator[Leaves]:
    """The leaves of a tree, from left to right."""
    for child in children(node):
        yield from leaves(child)
    if not isinstance(node, Branch):
        yield node


def children(node: Leaves | Branch) -> Sequence[Leaves | Branch]:
    """What stands directly below a node."""
    if isinstance(node, AllOf | AnyOf):
        return node.of
    return (node.of,) if isinstance(node, NotSo) else ()


def _refuse_too_much(node: Leaves | Branch) -> None:
    if _depth(node) > MOST_DEPTH:
        raise _refusal("too_deep", _("Nest at most %(most)d levels.") % {"most": MOST_DEPTH})
    if sum(1 for _leaf in leaves(node)) > MOST_LEAVES:
        raise _refusal(
            "too_many", _("Ask at most %(most)d things at once.") % {"most": MOST_LEAVES}
        )


def _depth(node: Leaves | Branch) -> int:
    return 1 + max((_depth(child) for child in children(node)), default=0)


# --- JSON -----------------------------------------------------------------------------------------

Asked = TypeVar("Asked", bound=Part)


def read_question(data: Any) -> Question:
    """A question from JSON. Raises QuestionInvalid, which names each wrong place."""
    return _read(Question, data)


def read_breakdown(data: Any) -> Breakdown:
    """A breakdown from JSON. Raises QuestionInvalid, which names each wrong place."""
    return _read(Breakdown, data)


def written(question: Question | Breakdown) -> dict[str, Any]:
    """A question as JSON, without what is as usual."""
    return question.model_dump(mode="json", exclude_unset=True)


def _read(kind: type[Asked], data: Any) -> Asked:
    try:
        return kind.model_validate(data)
    except ValidationError as refused:
        raise QuestionInvalid(
            errors=[
                FieldError(_place(one["loc"], data), one["type"], one["msg"])
                for one in refused.errors(include_url=False)
            ]
        ) from refused


def _place(path: tuple[int | str, ...], data: Any) -> str:
    """Where in the JSON it is wrong: of Pydantic's path only what is a way through the data."""
    words: list[str] = []
    here = data
    for number, step in enumerate(path):
        is_last = number == len(path) - 1
        if _has(here, step):
            here = here[step]
        elif not is_last or not isinstance(here, dict) or step == here.get("kind"):
            continue  # the name of a kind of node, or of a type of value
        words.append(str(step))
    return ".".join(words)


def _has(here: Any, step: int | str) -> bool:
    if isinstance(here, list):
        return isinstance(step, int) and step < len(here)
    return isinstance(here, dict) and step in here
