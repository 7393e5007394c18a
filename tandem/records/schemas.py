"""Inputs of saved views, tags and comments: the one validation for page, API and job."""

from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    create_model,
)
from pydantic_core import PydanticCustomError

from tandem.accounts.schemas import WHOLE, Currency, TimeZone
from tandem.kernel.delimited import DelimiterName
from tandem.kernel.tables import Encoding
from tandem.records.rules import normalized_tag
from tandem.records.rules.columns import MAX_COLUMNS, MAX_WIDTH, MIN_WIDTH
from tandem.records.rules.custom import MAX_FIELDS, MAX_OPTIONS

MAX_TAG = 60
# So many records, the one that stays among them, are merged in one step.
MOST_MERGED = 10


def _tag(name: str) -> str:
    # Some letters become several where case is folded, and by that form a tag is known.
    if len(normalized_tag(name)) > MAX_TAG:
        raise PydanticCustomError("string_too_long", "{text}", {"text": _("This tag is too long.")})
    return name


# By the key of a field what the foot of its column tells.
Footers = Annotated[
    dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=10)]],
    Field(max_length=40),
]
# By the key of a field the width of its column, in pixels.
Widths = Annotated[
    dict[Annotated[str, Field(max_length=40)], Annotated[int, Field(ge=MIN_WIDTH, le=MAX_WIDTH)]],
    Field(max_length=MAX_COLUMNS),
]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00-\x1f]*$")
]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class OpensFor(StrEnum):
    """Whose list opens with a view."""

    NOBODY = "nobody"
    ME = "me"
    EVERYONE = "everyone"


class ViewIcon(StrEnum):
    """The pictures that a view can have on its tab."""

    NONE = ""
    STAR = "star"
    FLAG = "flag"
    HEART = "heart"
    BOLT = "bolt"
    TARGET = "target"
    CLOCK = "clock"
    CALENDAR = "calendar"
    PHONE = "phone"
    MAIL = "mail"
    MAP_PIN = "map-pin"
    USERS = "users"
    BUILDING = "building"
    BRIEFCASE = "briefcase"
    TROPHY = "trophy"
    GIFT = "gift"
    TAG = "tag"
    CHART = "chart-line"
    EYE = "eye"
    ALERT = "alert-triangle"


class Opening(_Input):
    """Whose list opens with a view; ``everyone`` means all who chose none themselves."""

    opens_for: OpensFor = OpensFor.NOBODY


class ViewName(Opening):
    """What a person says of a view: its name and picture, who sees it, whom it opens for."""

    name: Annotated[Line, Field(max_length=80)]
    icon: ViewIcon = ViewIcon.NONE
    visibility: Literal["private", "team", "everyone"] = "private"
    is_pinned: StrictBool = False


class NewView(ViewName):
    """A view to save: its name, and the list as it stands; a ``board`` has the choices of the field
    in ``group`` as its columns."""

    filters: dict[str, Any] = Field(default_factory=dict)
    sort: Annotated[str, Field(max_length=60)] = ""
    columns: list[Annotated[str, Field(max_length=40)]] = Field(default_factory=list, max_length=40)
    widths: Widths = Field(default_factory=dict)
    density: Literal["comfortable", "compact"] = "comfortable"
    footers: Footers = Field(default_factory=dict)
    group: Annotated[str, Field(max_length=60)] = ""
    layout: Literal["", "board"] = ""


class ChangeView(_Input):
    """What to change of a saved view; what is left out stays. Whom it opens for is for everyone to
    say who may open it, of themselves."""

    name: Annotated[Line, Field(max_length=80)] | None = None
    icon: ViewIcon | None = None
    opens_for: OpensFor | None = None
    visibility: Literal["private", "team", "everyone"] | None = None
    filters: dict[str, Any] | None = None
    sort: Annotated[str, Field(max_length=60)] | None = None
    columns: list[Annotated[str, Field(max_length=40)]] | None = Field(default=None, max_length=40)
    widths: Widths | None = None
    density: Literal["comfortable", "compact"] | None = None
    footers: Footers | None = None
    group: Annotated[str, Field(max_length=60)] | None = None
    layout: Literal["", "board"] | None = None
    is_pinned: StrictBool | None = None


class NewTag(_Input):
    """A tag to put on a record."""

    name: Annotated[Line, Field(max_length=MAX_TAG), AfterValidator(_tag)]


class BulkVerb(StrEnum):
    """What is done with many records at once."""

    CHANGE = "change"
    TAG = "tag"
    UNTAG = "untag"
    DELETE = "delete"
    EXPORT = "export"


class ExportAs(_Input):
    """How records are written to a file; without columns those that a list shows at first."""

    format: Literal["csv", "xlsx"] = "csv"
    columns: list[Annotated[str, Field(max_length=40)]] = Field(default_factory=list, max_length=40)


class NewComment(_Input):
    """A comment: plain text, line breaks kept."""

    text: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000),
        Field(pattern=r"^[^\x00]*$"),
    ]


# Who a row is: by its ids and addresses, or also by name and company where it has neither.
ImportMatch = Literal["keys", "names"]
# What becomes of records that are here: empty fields filled, all overwritten, nothing; or all
# overwritten and nobody added.
ImportPolicy = Literal["fill", "overwrite", "create", "update"]


class ImportReading(_Input):
    """How a file is read. What is not given is found out, or taken from the company's settings,
    and said."""

    currency: Currency | None = None
    time_zone: TimeZone | None = None
    date_order: Literal["dmy", "mdy", "ymd"] | None = None
    encoding: Encoding | None = None
    delimiter: DelimiterName | None = None
    source: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.:-]*$", max_length=40)] = (
        "import"
    )
    match: ImportMatch = "keys"
    policy: ImportPolicy = "fill"


class ImportOptions(ImportReading):
    """How a file is read, with the column for each field; an empty name leaves a field out."""

    mapping: dict[
        Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=400)] | None
    ] = Field(default_factory=dict, max_length=200)


# --- fields of a company's own --------------------------------------------------------------------

# Values of custom fields by key: text, number, flag, list of choices; null empties.
Values = Annotated[
    dict[
        Annotated[str, StringConstraints(pattern=r"^x_[a-z0-9_]+$", max_length=40)],
        str | int | float | bool | list[str] | None,
    ],
    Field(max_length=MAX_FIELDS),
]


class CustomValues(_Input):
    """What to put into custom fields of many records."""

    fields: Annotated[Values, Field(min_length=1)]


FieldKind = Literal[
    "text", "number", "money", "date", "choice", "choices", "user", "link", "boolean"
]
Label = Annotated[Line, Field(max_length=80)]
Help = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
Key = Annotated[str, StringConstraints(max_length=40, pattern=r"^x_[a-z0-9][a-z0-9_]*$")]
Place = Annotated[int, Field(ge=1, le=999), WHOLE]


class OptionIn(_Input):
    """One choice. Without ``value`` it is a new one, and gets a value made of its label."""

    value: Annotated[str, StringConstraints(max_length=40)] | None = None
    label: Label
    tone: Literal["", "mkt", "sales", "handoff", "ok", "warn", "bad"] = ""
    is_retired: StrictBool = False


class FieldTraits(_Input):
    """What of a field can be changed at any time."""

    label: Label
    help: Help = ""
    is_required: StrictBool = False
    is_personal: StrictBool = False
    is_indexed: StrictBool = False


class NewField(FieldTraits):
    """A field to add to a kind of record. ``key`` is made of the label where it is left out;
    ``currency`` is for money (the company's where it is left out), ``choices`` to choose from."""

    kind: Annotated[str, Field(max_length=30)]
    type: FieldKind
    key: Key | None = None
    currency: Currency | None = None
    choices: list[OptionIn] = Field(default_factory=list, max_length=MAX_OPTIONS)


class ChangeField(_Input):
    """What to change of a field; what is left out stays.

    ``choices`` are all choices in their order, those that are here by ``value``: one that is left
    out is retired and keeps its values. ``type``, ``key`` and ``currency`` stay what they are, and
    are taken only when they say so. ``position`` counts from 1.
    """

    label: Label | None = None
    help: Help | None = None
    is_required: StrictBool | None = None
    is_personal: StrictBool | None = None
    is_indexed: StrictBool | None = None
    choices: list[OptionIn] | None = Field(default=None, max_length=MAX_OPTIONS)
    position: Place | None = None
    type: FieldKind | None = None
    key: Key | None = None
    currency: Currency | None = None
    version: Annotated[int, Field(ge=1, lt=2**31), WHOLE] | None = None


class NewMerge(_Input):
    """What is merged into a record: another one of its kind. ``choices`` names by field the side
    whose value stays; without one it is the survivor's, or the other's where that is empty."""

    absorbed: UUID
    choices: dict[Annotated[str, Field(max_length=60)], Literal["survivor", "absorbed"]] = Field(
        default_factory=dict, max_length=200
    )
    reason: Annotated[Line, Field(max_length=400)] = ""


class NewMergeOfMany(_Input):
    """What is merged into a record: one to nine others of its kind. ``sources`` names by field the
    record whose value stays; without one it is the survivor's, or the first that is not empty."""

    absorbed: list[UUID] = Field(min_length=1, max_length=MOST_MERGED - 1)
    sources: dict[Annotated[str, Field(max_length=60)], UUID] = Field(
        default_factory=dict, max_length=200
    )
    reason: Annotated[Line, Field(max_length=400)] = ""


def own_part(schema: type[BaseModel], value: BaseModel) -> Any:
    """What of a wider input is the kind's own. What was not sent has its default as validated."""
    names = schema.model_fields.keys() & type(value).model_fields.keys()
    return schema.model_construct(
        _fields_set=names & value.model_fields_set, **{name: getattr(value, name) for name in names}
    )


# --- answers --------------------------------------------------------------------------------------

# By them a record is known: they are there for everyone who sees it.
ALWAYS_THERE = frozenset({"id", "name", "version"})


@cache
def partly(schema: type[BaseModel]) -> type[BaseModel]:
    """The API's form of a record, in which what is hidden from who asks is left out."""
    fields: dict[str, Any] = {
        name: (info.annotation, Field(default_factory=_left_out, description=info.description))
        for name, info in schema.model_fields.items()
        if name not in ALWAYS_THERE
    }
    return create_model(schema.__name__, __base__=schema, **fields)


def _left_out() -> None:
    """What stands for a field that is not there; it is not written."""
