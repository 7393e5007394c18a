"""Values of custom fields, written beside what a room's own actions write: one step of a user."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from psycopg import sql
from pydantic import BaseModel

from tandem.accounts.queries import user_names
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.errors import FieldError, Missing
from tandem.kernel.facts import publish
from tandem.kernel.live import changed
from tandem.kernel.models import Operation, RecordChange
from tandem.kernel.refs import RecordRef
from tandem.records.errors import FieldUnknown, RecordChanged, ValueUnfit
from tandem.records.facts import CustomFieldsChanged
from tandem.records.queries.custom import custom_fields, shown_value, users_named
from tandem.records.rules import FieldType, in_parts
from tandem.records.rules.custom import Definition, Stored, read_custom
from tandem.records.schemas import CustomValues
from tandem.records.slots import Advance, BulkDone, ObjectType, ignore, tell_story


def create_record(
    actor: Actor, object_type: ObjectType, *, data: BaseModel, fields: Mapping[str, Any]
) -> tuple[Any, bool]:
    """Add a record with values of custom fields; (record, whether it is new).

    One that was here already stays as it was. Raises what the kind's own action raises, and
    ValueUnfit with every value that a field cannot hold, and FieldHidden.
    """
    object_type.refuse_hidden(actor, (*data.model_fields_set, *fields))
    definitions = custom_fields(object_type.kind) if object_type.is_customisable else ()
    is_plain = all(value is None or value == [] for value in fields.values())
    if is_plain and not any(one.is_required for one in definitions):
        return object_type.create(actor, data=data)
    return create_with_fields(actor, object_type, data=data, fields=fields)


def change_record(
    actor: Actor,
    object_type: ObjectType,
    public_id: UUID,
    *,
    data: BaseModel,
    fields: Mapping[str, Any],
) -> Any:
    """Change fields of a record, custom ones among them; what is left out stays, null empties.

    Raises what the kind's own action raises, ValueUnfit, FieldHidden, and RecordChanged when
    somebody changed the same custom field after the version in ``data``.
    """
    object_type.refuse_hidden(actor, (*data.model_fields_set, *fields))
    if not fields:
        return object_type.update(actor, public_id, data=data)
    return change_with_fields(actor, object_type, public_id, data=data, fields=fields)


@action(permission="records.write")
def create_with_fields(
    actor: Actor, object_type: ObjectType, *, data: BaseModel, fields: Mapping[str, Any]
) -> tuple[Any, bool]:
    """``create_record`` where there is something to write beside the kind's own action."""
    values = read_values(object_type, fields, is_new=True)
    record, is_new = object_type.create(actor, data=data)
    if is_new:
        kept = {key: value for key, value in values.items() if value is not None}
        type(record)._default_manager.filter(pk=record.pk).update(x=kept)
    return record, is_new


@action(permission="records.write")
def change_with_fields(
    actor: Actor,
    object_type: ObjectType,
    public_id: UUID,
    *,
    data: BaseModel,
    fields: Mapping[str, Any],
) -> None:
    """``change_record`` where there is something to write beside the kind's own action."""
    actor.require(object_type.permissions.edit)
    rows = object_type.visible_to(actor).filter(public_id=public_id)
    pk = rows.select_for_update(of=("self",)).values_list("pk", flat=True).first()
    if pk is None:
        raise Missing()
    values = read_values(object_type, fields, is_new=False)
    record: Any = object_type.model._default_manager.get(pk=pk)
    _refuse_stale(object_type, record, getattr(data, "version", None), values)
    if data.model_fields_set - {"version"}:
        object_type.update(actor, public_id, data=data)
    write_values(actor, object_type, record, values)


@action(permission="records.write", is_of_many=True)
def change_values(
    actor: Actor,
    object_type: ObjectType,
    chosen: QuerySet[Any],
    *,
    data: CustomValues,
    advance: Advance = ignore,
) -> BulkDone:
    """Put values into custom fields of all the chosen records that the actor sees.

    A few statements for any number of records. Raises ValueUnfit with all that do not fit.
    """
    actor.require(object_type.permissions.edit)
    values = read_values(object_type, data.fields, is_new=False)
    kept = {key: value for key, value in values.items() if value is not None}
    gone = [key for key in values if key not in kept]
    rows = object_type.visible_to(actor).filter(pk__in=chosen.order_by().values("pk"))
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    known = {one.key: one for one in custom_fields(object_type.kind)}
    payload = {"changes": _told([known[key] for key in values], {}, kept)}
    changed_ids: list[int] = []
    for part in in_parts(ids):
        statement = sql.SQL(
            "UPDATE {table} SET x = (x || %s::jsonb) - %s::text[], updated_at = now(),"
            " row_version = row_version + 1"
            " WHERE id = ANY (%s) AND (x || %s::jsonb) - %s::text[] <> x RETURNING id"
        ).format(table=sql.Identifier(object_type.model._meta.db_table))
        new = json.dumps(kept)
        with connection.cursor() as cursor:
            cursor.execute(statement, [new, gone, list(part), new, gone])
            made = [row[0] for row in cursor.fetchall()]
        if made:
            refs = [RecordRef(object_type.kind, pk) for pk in made]
            tell_story(actor, refs, kind="records.changed", payload=payload)
        changed_ids += made
        advance(len(part))
    if changed_ids:
        publish(
            CustomFieldsChanged(
                change_set_id=current_change_set().id,
                kind=object_type.kind,
                record_ids=tuple(changed_ids),
                keys=tuple(sorted(values)),
            )
        )
        changed(object_type.kind)
    return BulkDone(matched=len(ids), changed=len(changed_ids))


def read_values(
    object_type: ObjectType, given: Mapping[str, Any], *, is_new: bool
) -> dict[str, Stored | None]:
    """Every given value in its one form; raises ValueUnfit with all that do not fit."""
    definitions = custom_fields(object_type.kind) if object_type.is_customisable else ()
    known = {one.key: one for one in definitions}
    errors = [
        FieldError(key, FieldUnknown.code, FieldUnknown.message)
        for key in given
        if key not in known
    ]
    users = users_named(definitions, given)
    found: dict[str, Stored | None] = {}
    for definition in definitions:
        if definition.key in given or (is_new and definition.is_required):
            try:
                found[definition.key] = read_custom(
                    definition, given.get(definition.key), users=users
                )
            except ValueUnfit as refused:
                errors += refused.errors
    if errors:
        raise ValueUnfit(errors=errors)
    return found


def write_values(
    actor: Actor, object_type: ObjectType, record: Any, values: Mapping[str, Stored | None]
) -> None:
    """Write values that are in their form, into a record that the action has locked."""
    old = dict(record.x)
    new = {key: value for key, value in {**old, **values}.items() if value is not None}
    keys = [key for key in values if old.get(key) != new.get(key)]
    if not keys:
        return
    type(record)._default_manager.filter(pk=record.pk).update(
        x=new, updated_at=Now(), row_version=F("row_version") + 1
    )
    known = {one.key: one for one in custom_fields(object_type.kind)}
    changes = _told([known[key] for key in keys], old, new)
    tell_story(
        actor, [object_type.ref(record)], kind="records.changed", payload={"changes": changes}
    )
    publish(
        CustomFieldsChanged(
            change_set_id=current_change_set().id,
            kind=object_type.kind,
            record_ids=(record.pk,),
            keys=tuple(sorted(keys)),
        )
    )
    changed(object_type.kind, f"{object_type.kind}:{record.public_id}")


def _told(
    definitions: list[Definition], old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[dict[str, str]]:
    """The changes as the story keeps them, in words of now: labels may change later."""
    ids = {
        side[one.key]
        for one in definitions
        for side in (old, new)
        if one.type is FieldType.USER and one.key in side
    }
    names = user_names(ids)
    return [
        {
            "field": one.key,
            "label": one.label,
            "old": shown_value(one, old.get(one.key), names),
            "new": shown_value(one, new.get(one.key), names),
        }
        for one in definitions
    ]


def _refuse_stale(
    object_type: ObjectType, record: Any, version: int | None, values: Mapping[str, Any]
) -> None:
    """Raise RecordChanged when a change after ``version`` touched one of these custom fields."""
    newer = record.row_version - version if version is not None else 0
    if newer <= 0:
        return
    since = RecordChange.objects.filter(
        root_kind=object_type.kind,
        root_id=record.pk,
        model=object_type.model._meta.label_lower,
        operation=Operation.UPDATE,
    ).order_by("-id")[:newer]
    touched: set[str] = set()
    for change in since:
        before, after = change.fields.get("x", ({}, {}))
        touched |= {key for key in {*before, *after} if before.get(key) != after.get(key)}
    stale = sorted(touched & set(values))
    if stale:
        raise RecordChanged(
            errors=[FieldError(key, "changed_since", _("Changed since")) for key in stale]
        )
