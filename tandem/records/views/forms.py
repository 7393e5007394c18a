"""The forms of any kind of record: what is declared, and the fields that the company added."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.utils.translation import gettext as _
from pydantic import BaseModel, Field, create_model

from tandem.accounts.queries import user_choices
from tandem.accounts.schemas import Day
from tandem.kernel.actor import Actor
from tandem.kernel.money import Money
from tandem.records.rules.custom import MAX_LINK, MAX_TEXT, Definition
from tandem.records.schemas import own_part
from tandem.records.slots import Field as RecordField
from tandem.records.slots import FieldType, ObjectType

# How a control's text is taken; what the value must be is for rules.custom to say.
_CONTROLS: dict[FieldType, Any] = {
    FieldType.TEXT: Annotated[str, Field(max_length=MAX_TEXT)],
    FieldType.LINK: Annotated[str, Field(max_length=MAX_LINK)],
    FieldType.NUMBER: Decimal,
    FieldType.MONEY: Decimal,
    FieldType.DATE: Day,
    FieldType.CHOICE: str,
    FieldType.CHOICES: list[str],
    FieldType.USER: str,
    FieldType.BOOLEAN: str,
}
_FLAGS = {"true": True, "false": False}


def new_schema(object_type: ObjectType, actor: Actor) -> type[BaseModel]:
    """What the form for a new record posts."""
    there = object_type.fields_for(actor)
    fields = [field.custom for field in there if field.custom is not None]
    return _extended(object_type.input_schema, fields)


def new_names(object_type: ObjectType, actor: Actor) -> list[str]:
    """What of it is asked of an actor: what is there for them and must be said or usually is."""
    hidden = object_type.names_hidden(actor)
    named = new_schema(object_type, actor).model_fields
    asked = object_type.new_fields
    later = set(object_type.input_schema.model_fields).difference(asked) if asked else set[str]()
    return [name for name in named if name not in hidden and name not in later]


def change_schema(object_type: ObjectType, field: RecordField) -> type[BaseModel]:
    """What the form of one field posts."""
    if field.custom is None:
        return object_type.change_schema
    return _extended(object_type.change_schema, [field.custom])


def parted(
    object_type: ObjectType, value: BaseModel, schema: type[BaseModel]
) -> tuple[BaseModel, dict[str, Any]]:
    """What was posted as the kind's own input, and the values of custom fields by key."""
    added = value.model_fields_set - schema.model_fields.keys()
    flags = {one.key for one in object_type.custom_fields if one.type is FieldType.BOOLEAN}
    fields = {
        name: _FLAGS.get(one, one) if name in flags else one
        for name, one in ((name, getattr(value, name)) for name in added)
    }
    return own_part(schema, value), fields


def form_choices(object_type: ObjectType, actor: Actor) -> dict[str, list[tuple[object, Any]]]:
    """What can be picked in the forms of a kind of record."""
    choices: dict[str, list[tuple[object, Any]]] = {}
    for field in object_type.fields_for(actor):
        if field.type is FieldType.USER:
            choices[field.key] = list(user_choices())
        elif field.custom is not None and field.type is FieldType.BOOLEAN:
            choices[field.key] = [("true", _("yes")), ("false", _("no"))]
        elif field.custom is not None and field.custom.options:
            live = [one for one in field.custom.options if not one.is_retired]
            choices[field.key] = [(one.value, one.label) for one in live]
        elif field.choices is not None:
            choices[field.key] = [(choice.value, choice.label) for choice in field.choices()]
    return choices


def as_json(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Values that were posted as JSON has them: days as text, figures as plain numbers."""
    return {
        key: float(value)
        if isinstance(value, Decimal)
        else value.isoformat()
        if isinstance(value, date)
        else value
        for key, value in fields.items()
    }


def as_input(value: Any) -> Any:
    """The value of a custom field as its control has it."""
    if isinstance(value, Money):
        return value.major
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return Decimal(repr(value))
    return value


def _extended(schema: type[BaseModel], definitions: list[Definition]) -> type[BaseModel]:
    if not definitions:
        return schema
    added: dict[str, Any] = {one.key: _control(one) for one in definitions}
    return create_model(schema.__name__, __base__=schema, **added)


def _control(definition: Definition) -> tuple[Any, Any]:
    annotation = _CONTROLS[definition.type]
    if definition.type is FieldType.CHOICES:
        return annotation, Field(default_factory=list)
    if definition.is_required:
        return annotation, ...
    return annotation | None, None
