"""Forms and landing pages: made, changed, deleted."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from tandem.capture import queries
from tandem.capture.errors import FieldsOdd, FormInUse, FormUnknown, SlugTaken
from tandem.capture.models import Form, LandingPage, Publication
from tandem.capture.rules import AnswerType
from tandem.capture.schemas import ChangeForm, ChangePage, NewForm, NewPage
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.refs import RecordRef
from tandem.people.errors import VersionConflict
from tandem.records.slots import tell_story

Published = TypeVar("Published", Form, LandingPage)


@action(permission="capture.create")
def create_form(actor: Actor, *, data: NewForm) -> tuple[Form, bool]:
    """Make a form. Raises SlugTaken, FieldsOdd."""
    _refuse_unknown_fields(data.fields)
    with _free_slug():
        made = Form.objects.create(**data.model_dump())
    tell_story(actor, [RecordRef("form", made.pk)], kind="capture.created", payload={})
    return made, True


@action(permission="capture.edit")
def change_form(
    actor: Actor, public_id: UUID, *, data: ChangeForm, version: int | None = None
) -> Form:
    """Change the given fields of a form. Raises Missing, SlugTaken, FormInUse, FieldsOdd."""
    form: Form = locked(queries.forms_visible_to(actor), public_id)
    # A question that stays may ask for a field that was retired since: it is not asked any more.
    known = {field["key"] for field in form.fields}
    _refuse_unknown_fields([one for one in data.given.get("fields", []) if one["key"] not in known])
    if data.given.get("status") == Publication.DRAFT:
        _refuse_in_use(form)
    return _changed(actor, form, data.given, version=version or data.version)


@action(permission="capture.delete")
def delete_form(actor: Actor, public_id: UUID) -> None:
    """Delete a form; what came in by it stays. Raises Missing, FormInUse."""
    form = locked(queries.forms_visible_to(actor), public_id)
    _refuse_in_use(form)
    _retire(actor, form)


@action(permission="capture.create")
def create_page(actor: Actor, *, data: NewPage) -> tuple[LandingPage, bool]:
    """Make a landing page. Raises SlugTaken, FormUnknown."""
    values = data.model_dump()
    values["form"] = form_called(actor, data.form) if data.form else None
    with _free_slug():
        made = LandingPage.objects.create(**values)
    tell_story(actor, [RecordRef("page", made.pk)], kind="capture.created", payload={})
    return made, True


@action(permission="capture.edit")
def change_page(
    actor: Actor, public_id: UUID, *, data: ChangePage, version: int | None = None
) -> LandingPage:
    """Change the given fields of a landing page. Raises Missing, SlugTaken, FormUnknown."""
    page: LandingPage = locked(queries.pages_visible_to(actor), public_id)
    values = data.given
    if "form" in values:
        values["form"] = form_called(actor, values["form"]) if values["form"] else None
    return _changed(actor, page, values, version=version or data.version)


@action(permission="capture.delete")
def delete_page(actor: Actor, public_id: UUID) -> None:
    """Delete a landing page; what came in by it stays. Raises Missing."""
    page = locked(queries.pages_visible_to(actor), public_id)
    _retire(actor, page)


def locked(rows: Any, public_id: UUID) -> Any:
    """The record among ``rows``, held until the action ends; raises Missing."""
    found = rows.filter(public_id=public_id).select_for_update(of=("self",)).first()
    if found is None:
        raise Missing()
    return found


def _changed(
    actor: Actor, record: Published, values: Mapping[str, Any], *, version: int | None
) -> Published:
    """Write what differs and tell it. Raises VersionConflict, SlugTaken."""
    if version is not None and version != record.row_version:
        raise VersionConflict()
    new = {name: value for name, value in values.items() if getattr(record, name) != value}
    if not new:
        return record
    with _free_slug():
        _write(record, new)
    payload = {"fields": sorted(new), "status": str(new.get("status", ""))}
    tell_story(actor, [_ref(record)], kind="capture.changed", payload=payload)
    return type(record).objects.get(pk=record.pk)


def _retire(actor: Actor, record: Form | LandingPage) -> None:
    _write(record, {"deleted_at": Now()})
    tell_story(actor, [_ref(record)], kind="capture.deleted", payload={})


def _write(record: Form | LandingPage, columns: Mapping[str, Any]) -> None:
    type(record).objects.filter(pk=record.pk).update(
        **columns, updated_at=Now(), row_version=F("row_version") + 1
    )


def _ref(record: Form | LandingPage) -> RecordRef:
    return RecordRef("form" if isinstance(record, Form) else "page", record.pk)


@contextmanager
def _free_slug() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise SlugTaken(field="slug") from error


def _refuse_unknown_fields(fields: Any) -> None:
    asked = {one["key"] for one in fields if one["type"] == AnswerType.FIELD}
    unknown = sorted(asked - set(queries.fields_to_ask()))
    if unknown:
        words = _("Persons have no field %(key)s that can be asked for in a form.")
        raise FieldsOdd(words % {"key": unknown[0]}, field="fields")


def _refuse_in_use(form: Form) -> None:
    pages = form.pages.filter(deleted_at__isnull=True, status=Publication.PUBLISHED)
    if pages.exists():
        raise FormInUse()


def form_called(actor: Actor, named: str) -> Form:
    """The form of this public id, slug or name; raises FormUnknown."""
    rows = queries.forms_visible_to(actor)
    try:
        found = rows.filter(public_id=UUID(named)).first()
    except ValueError:
        found = rows.filter(slug=named).first() or rows.filter(name=named).first()
    if found is None:
        raise FormUnknown(field="form")
    return found
