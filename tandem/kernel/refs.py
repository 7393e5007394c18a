"""Pointers between records: upward or at any kind by RecordRef, downward by SubjectKey."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.apps import apps
from django.db import models


@dataclass(frozen=True, slots=True)
class RecordRef:
    """A record of any kind: the kind's name and the dense primary key."""

    kind: str
    id: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


class OnMerge(StrEnum):
    """What becomes of a row when the record it points to is merged into another."""

    MOVE = "move"  # the row points to the survivor
    UNION = "union"  # as MOVE, but a row that the survivor already has is dropped
    KEEP_STRICTEST = "keep_strictest"  # of two rows the more restrictive one stays
    CUSTOM = "custom"  # the owning room has its own rule
    STAY = "stay"  # the row is history and goes on pointing to the absorbed record


class OnErase(StrEnum):
    """What becomes of a row when the record it points to is erased."""

    DELETE = "delete"
    BLANK = "blank"  # the pointer is emptied, the row stays
    ANONYMISE = "anonymise"  # the row stays without personal data


class SubjectKey(models.ForeignKey[Any, Any]):
    """A foreign key to a person or company that says what merging and erasing do to the row.

    ``same_by`` names the columns that make two live rows the same one for a union, where no unique
    constraint says so.
    """

    def __init__(
        self,
        to: Any,
        on_delete: Any = models.CASCADE,
        *,
        on_merge: OnMerge = OnMerge.MOVE,
        on_erase: OnErase = OnErase.DELETE,
        same_by: tuple[str, ...] = (),
        **options: Any,
    ) -> None:
        self.on_merge = on_merge
        self.same_by = same_by
        self.on_erase = on_erase
        super().__init__(to, on_delete, **options)

    def deconstruct(self) -> Any:
        # What merging and erasing do is a rule of the code, not of the schema.
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.ForeignKey", args, options


@dataclass(frozen=True, slots=True)
class SubjectRefs:
    """The same declaration for a table whose rows point by RecordRef (kind and id columns)."""

    kind_column: str
    id_column: str
    on_merge: OnMerge
    on_erase: OnErase


@dataclass(frozen=True, slots=True)
class Pointer:
    """A column that points to records of one kind, as its table declares it."""

    model: type[models.Model]
    column: str
    kind_column: str  # empty where a foreign key says the kind
    on_merge: OnMerge
    on_erase: OnErase
    same_by: tuple[str, ...] = ()

    def rows(self, kind: str, *ids: int) -> models.QuerySet[Any]:
        """The rows that point to these records of a kind, deleted ones too."""
        of_kind = {self.kind_column: kind} if self.kind_column else {}
        return self.model._base_manager.filter(**of_kind, **{f"{self.column}__in": ids})

    @property
    def columns(self) -> frozenset[str]:
        """The names of the fields that make up the pointer."""
        name = self.model._meta.get_field(self.column).name
        return frozenset({name, self.kind_column} - {""})


def pointers_to(subject: type[models.Model]) -> list[Pointer]:
    """Every declared pointer to records of this model, and every one to records of any kind."""
    return list(_pointers(subject))


def keys_to(model: type[models.Model]) -> list[Pointer]:
    """Every plain foreign key to rows of this model: what it says of deleting, erasing does too.

    One that protects or says nothing is emptied where it can be; else its row goes along.
    """
    return [
        Pointer(other, field.attname, "", OnMerge.STAY, _as_deleted(field))
        for other in apps.get_models()
        for field in other._meta.local_fields
        if isinstance(field, models.ForeignKey)
        and not isinstance(field, SubjectKey)
        and field.related_model is model
    ]


def _as_deleted(field: "models.ForeignKey[Any, Any]") -> OnErase:
    if field.remote_field.on_delete is models.CASCADE or not field.null:
        return OnErase.DELETE
    return OnErase.BLANK


def _pointers(subject: type[models.Model]) -> Iterator[Pointer]:
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, SubjectKey) and field.related_model is subject:
                yield Pointer(
                    model, field.attname, "", field.on_merge, field.on_erase, field.same_by
                )
        for value in vars(model).values():
            for refs in value if isinstance(value, tuple | list) else [value]:
                if isinstance(refs, SubjectRefs):
                    yield Pointer(
                        model, refs.id_column, refs.kind_column, refs.on_merge, refs.on_erase
                    )
