"""Change history by statement-level triggers: no write can forget it, a bulk write pays little.

``@tracked(root=...)`` gives a model two triggers (pgtrigger puts them into its migration). They
write one RecordChange per changed row, with old and new values of the changed columns only.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

import pgtrigger
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from tandem.kernel.models import RecordChange, Tracked

# Bookkeeping columns: they change with every write and say nothing that the change set does not.
UNTRACKED = frozenset({"id", "updated_at", "row_version", "created_in"})

TrackedModel = TypeVar("TrackedModel", bound=type[Tracked])


@dataclass(frozen=True, slots=True)
class Tracking:
    """How a model is tracked: the record in whose history its rows are shown, and the columns.

    ``columns`` are those with history, ``stored_columns`` all that are not computed by Postgres,
    ``by_key`` those JSON columns of them whose keys are values of their own.
    """

    model: type[Tracked]
    root_kind: str  # SQL of a literal, or of a column of ``{row}``
    root_column: str
    columns: tuple[str, ...]
    stored_columns: tuple[str, ...]
    by_key: tuple[str, ...]


_registry: dict[str, Tracking] = {}


def tracked(
    *,
    root: tuple[str, str] | None = None,
    root_by: tuple[str, str] | None = None,
    exclude: Collection[str] = (),
) -> Callable[[TrackedModel], TrackedModel]:
    """Keep the change history of a model.

    ``root`` is the kind of the record in whose history the rows are shown, and the field of this
    model that holds the record's id: ``("person", "id")`` on Person, ``("person", "person")`` on
    PersonEmail. ``root_by`` names the two fields of a RecordRef instead: ``("kind", "record_id")``.
    ``exclude`` names derived fields that can be computed again.
    """
    if (root is None) == (root_by is None):
        raise ImproperlyConfigured("A tracked model names either root or root_by.")

    def track(model: TrackedModel) -> TrackedModel:
        skipped = UNTRACKED | set(exclude)
        stored = [
            field
            for field in model._meta.concrete_fields
            if not isinstance(field, models.GeneratedField)
        ]
        kind, id_field = root or root_by or ("", "")
        tracking = Tracking(
            model=model,
            root_kind=f"'{kind}'" if root else f"{{row}}.{kind}",
            root_column=_column(model._meta.get_field(id_field)),
            columns=tuple(_column(field) for field in stored if field.name not in skipped),
            stored_columns=tuple(_column(field) for field in stored),
            by_key=model.by_key,
        )
        _registry[model._meta.label_lower] = tracking
        pgtrigger.register(_after_update(tracking), _after_delete(tracking))(model)
        return model

    return track


def _column(field: Any) -> str:
    column: str = field.column
    return column


def _rows(**names: str) -> Any:
    # The rows before and after a statement; the library has no types for this one.
    return pgtrigger.Referencing(**names)  # type: ignore[no-untyped-call]


def trackings() -> dict[str, Tracking]:
    """Every tracked model by its label (``people.person``)."""
    return dict(_registry)


def tracking_of(label: str) -> Tracking:
    return _registry[label]


def _insert(tracking: Tracking, *, row: str, operation: str, fields: str, source: str) -> str:
    # Nothing here comes from outside: names of tables and columns of our own models.
    label = tracking.model._meta.label_lower
    return (
        f"INSERT INTO {RecordChange._meta.db_table}"  # noqa: S608
        " (change_set_id, model, object_id, root_kind, root_id, operation, fields)"
        f" SELECT (SELECT tandem_change_set()), '{label}', {row}.id,"
        f" {tracking.root_kind.format(row=row)}, {row}.{tracking.root_column}, '{operation}',"
        f" {fields} FROM {source}; RETURN NULL;"
    )


def _after_update(tracking: Tracking) -> pgtrigger.Trigger:
    changed = " || ".join(
        f"CASE WHEN o.{column} IS DISTINCT FROM n.{column}"
        f" THEN jsonb_build_object('{column}', jsonb_build_array(o.{column}, n.{column}))"
        " ELSE '{}'::jsonb END"
        for column in tracking.columns
    )
    old, new = (", ".join(f"{row}.{one}" for one in tracking.columns) for row in "on")
    # A session keeps the plan of its first call, which may be of one row. A full join cannot be a
    # loop within a loop, so that this plan serves for a hundred thousand rows as well.
    source = (
        f"old_rows o FULL JOIN new_rows n ON n.id = o.id WHERE ({old}) IS DISTINCT FROM ({new})"
    )
    return pgtrigger.Trigger(
        name="history_update",
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        level=pgtrigger.Statement,
        referencing=_rows(old="old_rows", new="new_rows"),
        func=_insert(tracking, row="n", operation="update", fields=changed, source=source),
    )


def _after_delete(tracking: Tracking) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name="history_delete",
        when=pgtrigger.After,
        operation=pgtrigger.Delete,
        level=pgtrigger.Statement,
        referencing=_rows(old="old_rows"),
        func=_insert(
            tracking, row="o", operation="delete", fields="to_jsonb(o)", source="old_rows o"
        ),
    )


def changes_of(kind: str, record_id: int) -> models.QuerySet[RecordChange]:
    """The changes of one record and of the rows that belong to it, newest first; one query."""
    return (
        RecordChange.objects.filter(root_kind=kind, root_id=record_id)
        .select_related("change_set")
        .order_by("-id")
    )
