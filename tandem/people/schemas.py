"""What may be put into persons and companies, and how they are answered."""

import unicodedata
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from tandem.accounts.schemas import WHOLE, Country, Day, Flag, TimeZone
from tandem.kernel.errors import DomainError
from tandem.people.errors import DatesTurned, JobEmpty, LanguageUnknown, NameMissing, TextOdd
from tandem.people.rules import (
    Reach,
    SizeBand,
    Tie,
    language_tag,
    normalize_email,
    registrable_domain,
)

MAX_VERSION = 2**31 - 1


def _refusal(refused: DomainError) -> PydanticCustomError:
    return PydanticCustomError(refused.code, "{text}", {"text": str(refused)})


def _plain(value: str) -> str:
    if value.isascii() and value.isprintable():
        return value
    # Line breaks, NUL and what turns the direction of reading have no place in a line of text.
    if any(unicodedata.category(char) in ("Cc", "Cs") or char in _BIDI for char in value):
        raise _refusal(TextOdd())
    composed = unicodedata.normalize("NFC", value)
    return composed if len(composed) <= len(value) else value  # some letters have no shorter form


_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _address(value: str) -> str:
    try:
        normalize_email(value)
    except DomainError as refused:
        raise _refusal(refused) from refused
    return value


def _domain(value: str) -> str:
    try:
        return registrable_domain(value)
    except DomainError as refused:
        raise _refusal(refused) from refused


def _language(value: str) -> str:
    found = language_tag(value)
    if not found:
        raise _refusal(LanguageUnknown())
    return found


def _none_if_empty(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


Plain = AfterValidator(_plain)
Name = Annotated[str, Field(min_length=1, max_length=200), Plain]
Line = Annotated[str, Field(max_length=120), Plain]
Address = Annotated[str, Field(max_length=254), AfterValidator(_address)]
Phone = Annotated[str, Field(max_length=40), Plain]
Domain = Annotated[str, Field(max_length=253), AfterValidator(_domain)]
Part = Annotated[str, Field(max_length=200), Plain]
Function = Annotated[str, Field(max_length=60), Plain]
Seniority = Annotated[str, Field(max_length=30), Plain]
Salutation = Annotated[str, Field(max_length=40), Plain]
Language = Annotated[str, Field(max_length=20), AfterValidator(_language)]
# A record or user named by public id, or by what people call it.
Named = Annotated[str, Field(max_length=254), Plain]
CompanyNamed = Annotated[str, Field(max_length=200), Plain]  # one that nobody knows is added


class _EmptyIsNone:
    """Takes an empty text for null, and says so in the description of the field."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(_none_if_empty, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        found = handler(schema)
        if {"type": "null"} in found.get("anyOf", ()):
            found["anyOf"].append({"type": "string", "pattern": r"^\s*$"})
        return found


EmptyIsNone = _EmptyIsNone()
Version = Annotated[int, Field(ge=1, le=MAX_VERSION), WHOLE]


class Input(BaseModel):
    """Base of all inputs: unknown fields are refused, texts are trimmed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class NewPerson(Input):
    """A person to add. ``company`` is a name or a public id, ``owner`` a public id or address."""

    name: Name
    email: Annotated[Address | None, EmptyIsNone] = None
    phone: Annotated[Phone | None, EmptyIsNone] = None
    title: Annotated[Line | None, EmptyIsNone] = None
    company: Annotated[CompanyNamed | None, EmptyIsNone] = None
    owner: Annotated[Named | None, EmptyIsNone] = None
    country: Annotated[Country | None, EmptyIsNone] = None
    function: Annotated[Function | None, EmptyIsNone] = None
    seniority: Annotated[Seniority | None, EmptyIsNone] = None
    salutation: Annotated[Salutation | None, EmptyIsNone] = None
    given_name: Annotated[Part | None, EmptyIsNone] = None
    family_name: Annotated[Part | None, EmptyIsNone] = None
    language: Annotated[Language | None, EmptyIsNone] = None
    time_zone: Annotated[TimeZone | None, EmptyIsNone] = None


class Change(Input):
    """What to change: what is left out stays, null empties; ``version`` is what was read."""

    version: Version | None = None

    @property
    def given(self) -> dict[str, Any]:
        """The fields that were sent, with their values, in the order of the schema."""
        return {
            name: getattr(self, name)
            for name in type(self).model_fields
            if name in self.model_fields_set and name != "version"
        }


class ChangePerson(Change):
    """Fields of a person to change."""

    name: Name | None = None
    email: Annotated[Address | None, EmptyIsNone] = None
    phone: Annotated[Phone | None, EmptyIsNone] = None
    title: Annotated[Line | None, EmptyIsNone] = None
    company: Annotated[CompanyNamed | None, EmptyIsNone] = None
    owner: Annotated[Named | None, EmptyIsNone] = None
    country: Annotated[Country | None, EmptyIsNone] = None
    function: Annotated[Function | None, EmptyIsNone] = None
    seniority: Annotated[Seniority | None, EmptyIsNone] = None
    salutation: Annotated[Salutation | None, EmptyIsNone] = None
    given_name: Annotated[Part | None, EmptyIsNone] = None
    family_name: Annotated[Part | None, EmptyIsNone] = None
    language: Annotated[Language | None, EmptyIsNone] = None
    time_zone: Annotated[TimeZone | None, EmptyIsNone] = None

    @field_validator("name")
    @classmethod
    def has_name(cls, value: str | None) -> str | None:
        return _not_none(value)


class NewCompany(Input):
    """A company to add. ``parent`` is the name or public id of one that is here."""

    name: Name
    domain: Annotated[Domain | None, EmptyIsNone] = None
    industry: Annotated[Line | None, EmptyIsNone] = None
    size: Annotated[SizeBand | None, EmptyIsNone] = None
    country: Annotated[Country | None, EmptyIsNone] = None
    parent: Annotated[Named | None, EmptyIsNone] = None
    owner: Annotated[Named | None, EmptyIsNone] = None


class ChangeCompany(Change):
    """Fields of a company to change."""

    name: Name | None = None
    domain: Annotated[Domain | None, EmptyIsNone] = None
    industry: Annotated[Line | None, EmptyIsNone] = None
    size: Annotated[SizeBand | None, EmptyIsNone] = None
    country: Annotated[Country | None, EmptyIsNone] = None
    parent: Annotated[Named | None, EmptyIsNone] = None
    owner: Annotated[Named | None, EmptyIsNone] = None

    @field_validator("name")
    @classmethod
    def has_name(cls, value: str | None) -> str | None:
        return _not_none(value)


def _not_none(value: str | None) -> str:
    if value is None:
        raise _refusal(NameMissing())
    return value


class RefOut(BaseModel):
    """Another record or user: ``id`` is the public id."""

    id: UUID
    name: str

    @classmethod
    def of(cls, record: Any) -> Self | None:
        return None if record is None else cls(id=record.public_id, name=record.name)


class PersonOut(BaseModel):
    """A person; ``version`` goes back with a change to find out whether others came first."""

    id: UUID
    name: str
    email: str | None
    phone: str | None
    title: str | None
    company: RefOut | None
    owner: RefOut | None
    country: str | None
    function: str | None
    seniority: str | None
    salutation: str | None
    given_name: str | None
    family_name: str | None
    language: str | None
    time_zone: str | None
    created_at: datetime
    updated_at: datetime
    version: int


class CompanyOut(BaseModel):
    """A company."""

    id: UUID
    name: str
    domain: str | None
    industry: str | None
    size: str | None
    country: str | None
    parent: RefOut | None
    owner: RefOut | None
    created_at: datetime
    updated_at: datetime
    version: int


# --- what belongs to them: addresses, numbers, domains, jobs, ties --------------------------------


class NewEmail(Input):
    """One more mail address of a person; the first one is the main one."""

    address: Address
    is_primary: Flag = False


class NewPhone(Input):
    """One more phone number of a person; the first one is the main one."""

    number: Annotated[Phone, Field(min_length=1)]
    is_primary: Flag = False


class ChangeReach(Input):
    """Make an address or number the main one, or say whether it can be reached."""

    is_primary: Literal[True] | None = None
    status: Reach | None = None


class NewDomain(Input):
    """One more domain of a company; the first one is the main one."""

    domain: Domain
    is_primary: Flag = False


class ChangeDomain(Input):
    """Make a domain the main one."""

    is_primary: Literal[True]


class _Job(Input):
    company: Annotated[CompanyNamed | None, EmptyIsNone] = None
    title: Annotated[Line | None, EmptyIsNone] = None
    function: Annotated[Function | None, EmptyIsNone] = None
    seniority: Annotated[Seniority | None, EmptyIsNone] = None
    started_on: Annotated[Day | None, EmptyIsNone] = None
    ended_on: Annotated[Day | None, EmptyIsNone] = None

    @model_validator(mode="after")
    def in_order(self) -> Self:
        if self.started_on and self.ended_on and self.ended_on < self.started_on:
            raise _refusal(DatesTurned())
        return self


class NewEmployment(_Job):
    """A job, present or past. ``company`` is a name or a public id. With ``ends_current`` the
    main job until now ends where this one begins."""

    is_primary: Flag = False
    ends_current: Flag = False

    @model_validator(mode="after")
    def is_something(self) -> Self:
        if not (self.company or self.title):
            raise _refusal(JobEmpty())
        return self


class ChangeEmployment(_Job):
    """What to change of a job: what is left out stays, null empties."""

    is_primary: Literal[True] | None = None

    @property
    def given(self) -> dict[str, Any]:
        """The fields that were sent, with their values."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class NewRelationship(Input):
    """How a person stands to another one: a public id, mail address or name."""

    type: Tie
    person: Annotated[Named, Field(min_length=1)]
    note: Part = ""


class ChangeRelationship(Input):
    """What is known of a tie."""

    note: Part


class PartOut(BaseModel):
    """What belongs to a record; ``id`` is its number there."""

    id: int


class EmailOut(PartOut):
    """A mail address of a person."""

    address: str
    is_primary: bool
    status: str
    verified_at: datetime | None


class PhoneOut(PartOut):
    """A phone number of a person: as it is read, and as it is dialled from anywhere."""

    number: str
    normalized: str
    is_primary: bool
    status: str
    verified_at: datetime | None


class DomainOut(PartOut):
    """A domain of a company; a shared one (free mail) does not say whose it is."""

    domain: str
    is_primary: bool
    is_shared: bool


class EmploymentOut(PartOut):
    """A job of a person; one without an end is held today."""

    company: RefOut | None
    title: str | None
    function: str | None
    seniority: str | None
    started_on: date | None
    ended_on: date | None
    is_primary: bool


class RelationshipOut(PartOut):
    """How this person stands to another one, as it is said from this side."""

    type: str
    person: RefOut
    note: str


class StepOut(BaseModel):
    """One step of a way: who, and what ties them to the next one on it."""

    person: RefOut
    type: str


class WayInOut(BaseModel):
    """Who of us can introduce us: a colleague who owns the first person on the way."""

    colleague: RefOut
    steps: list[StepOut]


class FamilyOut(BaseModel):
    """The group of a company: who stands above it, the next one first, and right below; how many
    companies there are below in all, and how many people work in all of them."""

    above: list[RefOut]
    below: list[RefOut]
    companies: int
    people: int
