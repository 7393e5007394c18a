"""What may be put into forms and pages; the schema that a form's questions make."""

import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError

from tandem.accounts.schemas import WHOLE
from tandem.capture.errors import FieldsOdd
from tandem.capture.rules import (
    SEVERAL,
    AnswerType,
    LineOdd,
    blocks_from_text,
    fields_from_text,
)
from tandem.kernel.errors import DomainError
from tandem.people.rules import normalize_phone
from tandem.people.schemas import (
    Address,
    Change,
    CompanyNamed,
    EmptyIsNone,
    Input,
    Line,
    Name,
    Plain,
    RefOut,
)
from tandem.records.errors import DateUnfit
from tandem.records.rules.custom import PREFIX

MAX_FIELDS = 30
MAX_BLOCKS = 60
MAX_TEXT = 20_000
LONG_ANSWER = 5_000
SHORT_ANSWER = 200
EMAIL = "email"

# --- texts ----------------------------------------------------------------------------------------


def _refusal(refused: DomainError) -> PydanticCustomError:
    return PydanticCustomError(refused.code, "{text}", {"text": str(refused)})


def _words(value: str) -> str:
    # Several lines are welcome; what PostgreSQL cannot keep and what nobody sees is not.
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\r\t" for char in value):
        raise PydanticCustomError("text_odd", "{text}", {"text": _("This holds odd characters.")})
    return value.replace("\r\n", "\n")


def _as_it_is(value: Any) -> Any:
    return value  # what is kept is plain JSON already


Words = AfterValidator(_words)
Slug = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$")]
Topic = Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9_-]*$")]
Title = Annotated[str, Field(min_length=1, max_length=120), Plain]
Headline = Annotated[str, Field(min_length=1, max_length=160), Plain]
Button = Annotated[str, Field(max_length=60), Plain]
Paragraph = Annotated[str, Field(max_length=2000), Words]
Status = Literal["draft", "published"]
Kind = Literal["demo", "pricing", "call_back", "catalogue", "newsletter", "contact"]

# --- the questions of a form ----------------------------------------------------------------------


class FormField(Input):
    """One question of a form. ``key`` names the answer; some keys fill a person's own fields, and
    that of a custom field, with the type ``field``, fills that one."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    label: Annotated[str, Field(min_length=1, max_length=160), Plain]
    type: AnswerType = AnswerType.TEXT
    required: StrictBool = False
    max_length: Annotated[int, Field(ge=1, le=LONG_ANSWER), WHOLE] | None = None
    options: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=120), Plain]], Field(max_length=50)
    ] = []

    @model_validator(mode="after")
    def is_named_as_it_is_typed(self) -> "FormField":
        if (self.type is AnswerType.FIELD) != self.key.startswith(PREFIX):
            raise PydanticCustomError(
                "key_of_field",
                "{text}",
                {"text": _("Keys that begin with x_ are those of custom fields: write no type.")},
            )
        return self

    @model_validator(mode="after")
    def has_options_to_choose(self) -> "FormField":
        if (self.type in (AnswerType.CHOICE, AnswerType.CHOICES)) != bool(self.options):
            raise PydanticCustomError(
                "options",
                "{text}",
                {"text": _("A choice needs options, and nothing else has any.")},
            )
        if self.type is AnswerType.CHOICES and any(SEVERAL in one for one in self.options):
            raise PydanticCustomError(
                "options",
                "{text}",
                {"text": _("An option of which several can be picked holds no semicolon.")},
            )
        return self


def _read_fields(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return fields_from_text(value)
    except LineOdd as odd:
        text = _("Line %(line)s: write key | Label * | type.") % {"line": odd.line}
        raise _refusal(FieldsOdd(text)) from odd


def _sound_fields(value: Any) -> list[dict[str, Any]]:
    fields: list[FormField] = value
    keys = [field.key for field in fields]
    if len(set(keys)) != len(keys):
        raise _refusal(FieldsOdd(_("Two fields have the same key.")))
    mails = [field for field in fields if field.key == EMAIL]
    if not mails:
        first = FormField(key=EMAIL, label=_("Mail address"), type=AnswerType.EMAIL, required=True)
        fields = [first, *fields]
    elif mails[0].type is not AnswerType.EMAIL or not mails[0].required:
        raise _refusal(FieldsOdd(_("Write the mail address as: email | Label * | email.")))
    return [field.model_dump(mode="json", exclude_defaults=True) | _kept(field) for field in fields]


def _kept(field: FormField) -> dict[str, Any]:
    return {"type": str(field.type), "required": field.required}


# Read as a list of questions, or as the text of one a line that people write.
Fields = Annotated[
    str | list[FormField],
    Field(max_length=MAX_TEXT),
    BeforeValidator(_read_fields),
    AfterValidator(_sound_fields),
    PlainSerializer(_as_it_is, return_type=Any),
]

# --- the body of a page ---------------------------------------------------------------------------


class Heading(Input):
    """A heading."""

    kind: Literal["heading"]
    text: Annotated[str, Field(min_length=1, max_length=200), Plain]


class Text(Input):
    """A paragraph."""

    kind: Literal["text"]
    text: Annotated[str, Field(min_length=1, max_length=4000), Words]


class ItemList(Input):
    """A list."""

    kind: Literal["list"]
    items: Annotated[list[Annotated[str, Field(max_length=400), Plain]], Field(max_length=40)]


class Card(Input):
    """A feature: its name and what it does."""

    title: Annotated[str, Field(min_length=1, max_length=120), Plain]
    text: Annotated[str, Field(max_length=600), Plain] = ""


class Cards(Input):
    """Features beside each other."""

    kind: Literal["cards"]
    items: Annotated[list[Card], Field(min_length=1, max_length=12)]


class Quote(Input):
    """Words of somebody."""

    kind: Literal["quote"]
    text: Annotated[str, Field(min_length=1, max_length=1000), Words]
    who: Annotated[str, Field(max_length=160), Plain] = ""


Block = Annotated[Heading | Text | ItemList | Cards | Quote, Field(discriminator="kind")]


def _read_blocks(value: Any) -> Any:
    return blocks_from_text(value) if isinstance(value, str) else value


def _dumped(value: Any) -> list[dict[str, Any]]:
    return [block.model_dump(mode="json") for block in value]


Blocks = Annotated[
    str | list[Block],
    Field(max_length=MAX_TEXT),
    BeforeValidator(_read_blocks),
    AfterValidator(_dumped),
    PlainSerializer(_as_it_is, return_type=Any),
]

# --- forms and pages ------------------------------------------------------------------------------


class NewForm(Input):
    """A form to make. ``slug`` is its address below /f/; without fields it asks for the address."""

    name: Title
    slug: Slug
    fields: Fields = Field(
        default="name | Your name * | text\nemail | Mail address * | email", validate_default=True
    )
    status: Status = "draft"
    raises_hand: StrictBool = False
    contact_kind: Kind = "contact"
    intro: Paragraph = ""
    button: Button = ""
    consent_wording: Paragraph = ""
    consent_topic: Topic = "news"
    thanks: Paragraph = ""


class ChangeForm(Change):
    """What of a form to change."""

    name: Title = ""
    slug: Slug = ""
    fields: Fields = ""
    status: Status = "draft"
    raises_hand: StrictBool = False
    contact_kind: Kind = "contact"
    intro: Paragraph = ""
    button: Button = ""
    consent_wording: Paragraph = ""
    consent_topic: Topic = "news"
    thanks: Paragraph = ""


class NewPage(Input):
    """A landing page to make. ``form`` is the slug or public id of the form in it."""

    name: Title
    slug: Slug
    headline: Headline
    lead: Paragraph = ""
    blocks: Blocks = Field(default="", validate_default=True)
    form: Annotated[Annotated[str, Field(max_length=120)] | None, EmptyIsNone] = None
    status: Status = "draft"


class ChangePage(Change):
    """What of a landing page to change."""

    name: Title = ""
    slug: Slug = ""
    headline: Headline = ""
    lead: Paragraph = ""
    blocks: Blocks = ""
    form: Annotated[Annotated[str, Field(max_length=120)] | None, EmptyIsNone] = None
    status: Status = "draft"


class FormOut(BaseModel):
    """A form."""

    id: UUID
    name: str
    slug: str
    status: str
    fields: list[dict[str, Any]]
    raises_hand: bool
    contact_kind: str
    intro: str
    button: str
    consent_wording: str
    consent_topic: str
    thanks: str
    created_at: datetime
    updated_at: datetime
    version: int


class PageOut(BaseModel):
    """A landing page."""

    id: UUID
    name: str
    slug: str
    status: str
    headline: str
    lead: str
    blocks: list[dict[str, Any]]
    form: RefOut | None
    created_at: datetime
    updated_at: datetime
    version: int


# --- what comes in --------------------------------------------------------------------------------


class SubmissionIn(BaseModel):
    """A form as the public sends it.

    ``network`` is where it came from, counted for an hour and never kept; ``visitor`` is the id
    that a browser carries after its consent.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: str
    answers: dict[str, str]
    has_consent: StrictBool = False
    is_trapped: StrictBool = False
    visitor: str = ""
    network: str = ""


class NewSubmission(Input):
    """An enquiry that somebody writes down by hand: a call, a visit to the stand."""

    form: Annotated[str, Field(min_length=1, max_length=120)]
    name: Name
    email: Address
    phone: Annotated[Annotated[str, Field(max_length=40), Plain] | None, EmptyIsNone] = None
    company: Annotated[CompanyNamed | None, EmptyIsNone] = None
    message: Annotated[Annotated[str, Field(max_length=LONG_ANSWER), Words] | None, EmptyIsNone] = (
        None
    )


class ChangeSubmission(Change):
    """A submission is never edited; one that was kept aside can be accepted."""

    state: Literal["accepted"] = "accepted"


class SubmissionOut(BaseModel):
    """A form as it came in; ``person`` is null for what was kept aside."""

    id: UUID
    at: datetime
    state: str
    suspicions: list[str]
    form: RefOut | None
    page: RefOut | None
    person: RefOut | None
    email: str
    answers: dict[str, Any]
    raises_hand: bool
    contact_kind: str
    has_consent: bool
    channel: str
    utm_source: str
    utm_medium: str
    utm_campaign: str
    utm_term: str
    utm_content: str
    url: str
    referrer: str


class Answers(Input):
    """Base of the schemas that forms make of their questions."""


# Keys whose answers fill the fields of a person, with the bounds that these have.
_OWN: Mapping[str, Any] = {"name": Name, "company": CompanyNamed, "title": Line}


def answers_schema(fields: Sequence[Mapping[str, Any]], *, region: str) -> type[Answers]:
    """The schema of a form's answers; numbers without a country are read as of ``region``.

    Custom fields are left to ``records.rules.custom``.
    """
    plain = [field for field in fields if field["type"] != AnswerType.FIELD]
    return _answers_schema(json.dumps(plain), region)


@lru_cache(maxsize=200)
def _answers_schema(fields: str, region: str) -> type[Answers]:
    made: dict[str, Any] = {}
    for raw in json.loads(fields):
        one = FormField.model_validate(raw)
        annotation = _annotation(one, region)
        if one.type is AnswerType.TICK:
            made[one.key] = (bool, Field(title=one.label) if one.required else False)
        elif one.required:
            made[one.key] = (annotation, Field(title=one.label))
        else:
            made[one.key] = (Annotated[annotation | None, EmptyIsNone], None)
    return create_model("FormAnswers", __base__=Answers, **made)


def _annotation(field: FormField, region: str) -> Any:
    own = _OWN.get(field.key) if field.type is AnswerType.TEXT else None
    if own is not None:
        return Annotated[own, Field(min_length=1)]
    match field.type:
        case AnswerType.EMAIL:
            return Address
        case AnswerType.PHONE:
            return Annotated[
                str, Field(min_length=1, max_length=40), AfterValidator(_phone(region))
            ]
        case AnswerType.NUMBER:
            return Annotated[Decimal, Field(max_digits=18, allow_inf_nan=False)]
        case AnswerType.DATE:
            return Annotated[date, BeforeValidator(_day)]
        case AnswerType.CHOICE:
            return Literal[tuple(field.options)]
        case AnswerType.CHOICES:
            least = Field(min_length=1 if field.required else 0)
            picked = list[Literal[tuple(field.options)]]  # type: ignore[misc, valid-type]
            in_order = AfterValidator(_in_order(field.options))
            return Annotated[picked, least, BeforeValidator(_several), in_order]
        case AnswerType.LONG:
            limit = field.max_length or LONG_ANSWER
            return Annotated[str, Field(min_length=1, max_length=limit), Words]
        case _:
            limit = field.max_length or SHORT_ANSWER
            return Annotated[str, Field(min_length=1, max_length=limit), Plain]


def _day(value: str) -> date:
    try:
        day = date.fromisoformat(value)
    except ValueError as odd:
        raise _refusal(DateUnfit()) from odd
    if day.isoformat() != value:  # Python reads weeks, and days without dashes, too
        raise _refusal(DateUnfit())
    return day


def _several(value: str) -> list[str]:
    return [part.strip() for part in value.split(SEVERAL) if part.strip()]


def _in_order(options: Sequence[str]) -> Callable[[list[str]], list[str]]:
    def read(picked: list[str]) -> list[str]:
        return [option for option in options if option in picked]

    return read


def _phone(region: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        try:
            return normalize_phone(value, region)
        except DomainError as refused:
            raise _refusal(refused) from refused

    return read


def given_answers(answers: Answers) -> dict[str, Any]:
    """The answers that were given, as they are kept; what was left empty is not there."""
    return {
        key: value
        for key, value in answers.model_dump(mode="json").items()
        if value not in (None, "", False, [])
    }
