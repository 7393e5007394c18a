"""Forms: what a page posts, read by the room's own Pydantic schema, and what the page shows.

There is one validation for page, API and job: the schema. This module turns posted text into its
input (languages, empty fields, boxes that were not ticked) and its complaints into sentences.
"""

import datetime as dt
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, Generic, Literal, TypeVar, Union, get_args, get_origin

from annotated_types import MaxLen
from babel.numbers import NumberFormatError, parse_decimal
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from tandem.kernel.errors import DomainError, FieldError, Invalid
from tandem.ui import formats
from tandem.ui.complaints import NUMBER, sentence
from tandem.ui.responses import errors_by_field

Schema = TypeVar("Schema", bound=BaseModel)
Text = str | Promise
LONG_TEXT = 300
NOT_OURS = ("csrfmiddlewaretoken",)
UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to pick."""

    value: str
    label: Text
    chosen: bool = False


@dataclass(frozen=True)
class Field:
    """One field as a template draws it; `value` is the text of the control."""

    name: str
    id: str
    kind: str = "text"
    value: str = ""
    errors: tuple[str, ...] = ()
    required: bool = False
    choices: tuple[Choice, ...] = ()
    max_length: int | None = None
    input_mode: str = ""
    rows: int = 4
    has_hint: bool = False
    values: frozenset[str] = field(default_factory=frozenset)

    @property
    def shows_value(self) -> bool:
        """A password is never sent back."""
        return self.kind != "password" and self.value != ""

    @property
    def aria(self) -> SafeString:
        """The attributes that tie hint and errors to the control."""
        ids = [f"{self.id}-hint"] if self.has_hint else []
        ids += [
            f"{self.id}-error" + (f"-{at}" if at > 1 else "")
            for at in range(1, len(self.errors) + 1)
        ]
        pairs = [("aria-describedby", " ".join(ids))] if ids else []
        if self.errors:
            pairs.append(("aria-invalid", "true"))
        return format_html_join("", ' {}="{}"', pairs) if pairs else SafeString("")


class Form(Generic[Schema]):
    """A schema on a page: empty, filled from a record, or filled by what was posted.

    `initial` gives the first values by field name (dots for nested ones) or is an instance of the
    schema; `choices` gives what can be picked where the schema itself does not say. `only` names
    the fields that the page shows, where it does not show all: a box that is not there is not one
    that was left empty.
    """

    def __init__(
        self,
        schema: type[Schema],
        *,
        initial: Mapping[str, object] | BaseModel | None = None,
        data: QueryDict | None = None,
        choices: Mapping[str, Sequence[tuple[object, Text]]] | None = None,
        prefix: str = "",
        only: Sequence[str] = (),
    ) -> None:
        self.schema = schema
        self.prefix = prefix
        self._data = data
        self._choices = dict(choices or {})
        self._initial = _flat(
            initial.model_dump() if isinstance(initial, BaseModel) else initial or {}
        )
        self._leaves = {name: info for name, info in _leaves(schema) if not only or name in only}
        self._messages: dict[str, list[str]] = {}
        self._value: Schema | None = None
        if data is not None:
            self._read(data)

    @property
    def is_submitted(self) -> bool:
        return self._data is not None

    @property
    def is_valid(self) -> bool:
        return self.is_submitted and not self._messages

    @property
    def status(self) -> int:
        """The status of the page that shows the form: 422 when something was refused."""
        return UNPROCESSABLE if self._messages else 200

    @property
    def value(self) -> Schema:
        """What was posted as the schema's model; raises Invalid with the refused fields."""
        if self._value is None:
            raise Invalid(
                errors=[
                    FieldError(name, "invalid", message)
                    for name, messages in self._messages.items()
                    for message in messages
                ]
            )
        return self._value

    @property
    def errors(self) -> Mapping[str, list[str]]:
        """Messages by field name."""
        return self._messages

    @property
    def general_errors(self) -> list[str]:
        """Messages that belong to no field of this form."""
        return [
            message
            for name, messages in self._messages.items()
            if name not in self._leaves
            for message in messages
        ]

    def refusals(self) -> "Refusals":
        """Keep a DomainError of the block as messages of this form."""
        return Refusals(self)

    def refuse(self, refused: DomainError) -> None:
        """Add what an action refused; messages that are here already are not repeated."""
        for name, messages in errors_by_field(refused).items():
            known = self._messages.setdefault(name, [])
            known.extend(message for message in messages if message not in known)

    def __getitem__(self, name: str) -> Field:
        """The field as a template draws it: `form.email`; nested, `form|field:"address.city"`."""
        if name not in self._leaves:
            raise KeyError(name)
        info = self._leaves[name]
        annotation, many = _item_type(info.annotation)
        chosen = self._texts(name)
        choices = self._choices_of(name, annotation, chosen)
        limit = next((one.max_length for one in info.metadata if isinstance(one, MaxLen)), None)
        return Field(
            name=f"{self.prefix}{name}",
            id=f"f-{self.prefix}{name}".replace(".", "-"),
            kind=_kind(
                annotation,
                many=many,
                has_choices=bool(choices),
                limit=limit,
                secret=_is_secret(name),
            ),
            value=chosen[0] if chosen else "",
            values=frozenset(chosen),
            errors=tuple(self._messages.get(name, ())),
            required=info.is_required() and annotation is not bool,
            choices=choices,
            max_length=limit,
            input_mode={Decimal: "decimal", float: "decimal", int: "numeric"}.get(annotation, ""),
        )

    def __iter__(self) -> Iterator[Field]:
        return (self[name] for name in self._leaves)

    # -- reading ---------------------------------------------------------------------------

    def _read(self, data: QueryDict) -> None:
        self._refuse_strangers(data)
        given: dict[str, object] = {}
        for name, info in self._leaves.items():
            annotation, many = _item_type(info.annotation)
            texts = data.getlist(f"{self.prefix}{name}")
            if many:
                _place(given, name, [text for text in texts if text != ""])
            elif annotation is bool:
                _place(given, name, bool(texts) and texts[-1] not in ("", "false", "0"))
            elif texts:
                self._read_one(given, name, info, texts[-1])
        try:
            value = self.schema.model_validate(given)
        except ValidationError as refused:
            for error in refused.errors(include_url=False):
                name = _name_of(error["loc"], self._leaves)
                if name not in self._messages:
                    self._complain(
                        name, sentence(error["type"], error.get("ctx", {}), error["msg"])
                    )
        else:
            self._value = value if not self._messages else None

    def _refuse_strangers(self, data: QueryDict) -> None:
        for key in data:
            if key in NOT_OURS or key.startswith("_") or not key.startswith(self.prefix):
                continue
            name = key[len(self.prefix) :]
            if name not in self._leaves:
                self._complain(name, _("The field %(name)s is not known here.") % {"name": name})

    def _read_one(self, given: dict[str, object], name: str, info: FieldInfo, text: str) -> None:
        annotation, _many = _item_type(info.annotation)
        may_be_none = _allows_none(info.annotation)
        if _is_left_out(
            text, annotation, is_needed=info.is_required() or may_be_none or "." in name
        ):
            if may_be_none:
                _place(given, name, None)
        elif annotation in (Decimal, float, int):
            try:
                _place(given, name, read_number(text))
            except Invalid as refused:
                self._complain(name, str(refused))
                _place(given, name, text)
        elif annotation is dt.datetime:
            _place(given, name, _aware(text))
        else:
            _place(given, name, text)

    def _complain(self, name: str, message: str) -> None:
        self._messages.setdefault(name, []).append(message)

    # -- showing ---------------------------------------------------------------------------

    def _texts(self, name: str) -> list[str]:
        """The texts of the control: what was posted stays as it was written."""
        if self._data is not None:
            return [text for text in self._data.getlist(f"{self.prefix}{name}") if text != ""]
        info = self._leaves[name]
        default = (
            None
            if info.is_required()
            else info.get_default(call_default_factory=True, validated_data={})
        )
        return written(self._initial.get(name, default))

    def _choices_of(
        self, name: str, annotation: object, chosen: Sequence[str]
    ) -> tuple[Choice, ...]:
        pairs: Sequence[tuple[object, Text]] = self._choices.get(name, _own_choices(annotation))
        return tuple(
            Choice(text, label, text in chosen)
            for value, label in pairs
            for text in written(value) or [""]
        )


class Refusals:
    """The block of `with form.refusals()`; what follows it runs in either case."""

    def __init__(self, form: Form[Any]) -> None:
        self._form = form

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        refused: BaseException | None,
        trace: types.TracebackType | None,
    ) -> bool:
        if not isinstance(refused, DomainError):
            return False
        self._form.refuse(refused)
        return True


def submit(
    schema: type[Schema],
    data: QueryDict,
    *,
    choices: Mapping[str, Sequence[tuple[object, Text]]] | None = None,
    prefix: str = "",
) -> Form[Schema]:
    """Read posted data by a schema; look at `.is_valid`, take `.value`, show `.errors`."""
    return Form(schema, data=data, choices=choices, prefix=prefix)


def control(
    of: Field | None,
    *,
    name: str = "",
    id: str = "",
    type: str = "",
    value: object = "",
    error: str = "",
    required: bool = False,
    options: Sequence[tuple[object, Text]] | None = None,
    hint: str = "",
    rows: str = "",
) -> Field:
    """The field that `<c-field>` draws: a form's, with what the template says, or a free one."""
    base = of or Field(name=name, id=id or f"f-{name}".replace(".", "-"))
    texts = written(value)
    if texts or not of:
        base = replace(base, value=texts[0] if texts else "", values=frozenset(texts))
    if options is not None:
        picked = base.values
        base = replace(
            base,
            kind=base.kind if base.kind == "choices" else "choice",
            choices=tuple(Choice(str(one), label, str(one) in picked) for one, label in options),
        )
    return replace(
        base,
        id=id or base.id,
        kind="textarea" if rows else type or base.kind,
        rows=int(rows) if rows else base.rows,
        errors=(*base.errors, error) if error else base.errors,
        required=base.required or bool(required),
        has_hint=bool(hint),
    )


def read_number(text: str) -> Decimal:
    """A number as the reader writes it; raises Invalid with a question where it is ambiguous."""
    plain = text.strip().replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
    try:
        return parse_decimal(plain, locale=formats.locale(), strict=True)
    except NumberFormatError as refused:
        suggestions = [str(one) for one in refused.suggestions or []]
    if len(suggestions) > 1:
        raise Invalid(
            _("Is this %(first)s or %(second)s? Write it without separators.")
            % {"first": suggestions[0], "second": suggestions[1]}
        )
    try:
        return Decimal(plain)
    except InvalidOperation:
        raise Invalid(NUMBER) from None


def written(value: object) -> list[str]:
    """A value as the texts of a control: what a person would have typed or picked."""
    match value:
        case None | "":
            return []
        case Enum():
            return [str(value.value)]
        case bool():
            return ["on"] if value else []
        case Decimal() | float():
            return [formats.plain_number(value)]
        case dt.datetime():
            return [formats.local(value).strftime("%Y-%m-%dT%H:%M")]
        case dt.date():
            return [value.isoformat()]
        case dt.time():
            return [value.strftime("%H:%M")]
        case list() | tuple() | set() | frozenset():
            return [text for one in value for text in written(one)]
        case _:
            return [str(value)]


# -- types ---------------------------------------------------------------------------------


def _leaves(schema: type[BaseModel], before: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, info in schema.model_fields.items():
        annotation, many = _item_type(info.annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel) and not many:
            yield from _leaves(annotation, f"{before}{name}.")
        else:
            yield f"{before}{name}", info


def _without_none(annotation: object) -> object:
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [one for one in get_args(annotation) if one is not types.NoneType]
        return inner[0] if len(inner) == 1 else str
    return annotation


def _allows_none(annotation: object) -> bool:
    return get_origin(annotation) in (Union, types.UnionType) and types.NoneType in get_args(
        annotation
    )


def _item_type(annotation: object) -> tuple[Any, bool]:
    """The type of one value and whether there may be many."""
    inner = _without_none(annotation)
    while hasattr(inner, "__metadata__"):
        inner = _without_none(get_args(inner)[0])
    if get_origin(inner) in (list, tuple, set, frozenset, Sequence):
        return _item_type(get_args(inner)[0])[0], True
    return inner, False


def _is_left_out(text: str, annotation: object, *, is_needed: bool) -> bool:
    """An empty control: no value at all, except for a text that may be empty.

    Inside a nested model an empty text is none too, or a record without it could not be sent.
    """
    return text == "" and is_needed if annotation is str else text.strip() == ""


def _own_choices(annotation: object) -> list[tuple[object, Text]]:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [
            (one.value, getattr(one, "label", one.name.replace("_", " ").capitalize()))
            for one in annotation
        ]
    if get_origin(annotation) is Literal:
        return [(one, str(one)) for one in get_args(annotation)]
    return []


def _kind(
    annotation: object, *, many: bool, has_choices: bool, limit: int | None, secret: bool
) -> str:
    if many:
        return "choices"
    if has_choices:
        return "choice"
    if secret:
        return "password"
    kinds: dict[object, str] = {
        bool: "bool",
        dt.date: "date",
        dt.datetime: "datetime-local",
        dt.time: "time",
    }
    if annotation in kinds:
        return kinds[annotation]
    name = getattr(annotation, "__name__", "")
    if name == "EmailStr":
        return "email"
    if name.endswith("Url"):
        return "url"
    return "textarea" if annotation is str and limit is not None and limit > LONG_TEXT else "text"


def _is_secret(name: str) -> bool:
    return name.rpartition(".")[2].endswith("password")


def _flat(values: Mapping[str, object], before: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{before}{name}."))
        else:
            flat[f"{before}{name}"] = value
    return flat


def _place(given: dict[str, object], name: str, value: object) -> None:
    *outer, last = name.split(".")
    for part in outer:
        nested = given.setdefault(part, {})
        assert isinstance(nested, dict)
        given = nested
    given[last] = value


def _name_of(place: Sequence[str | int], leaves: Mapping[str, object]) -> str:
    """The field that a complaint belongs to: its longest known prefix, else its whole path."""
    parts = [str(one) for one in place]
    for length in range(len(parts), 0, -1):
        if ".".join(parts[:length]) in leaves:
            return ".".join(parts[:length])
    return ".".join(parts)


def _aware(text: str) -> object:
    """A moment without a zone is meant in the reader's own; anything else is left to the schema."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
