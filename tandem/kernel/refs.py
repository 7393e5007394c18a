"""Pointers between records: upward or at any kind by RecordRef, downward by SubjectKey."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

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
    """A foreign key to a person or company that says what merging and erasing do to the row."""

    def __init__(
        self,
        to: Any,
        on_delete: Any = models.CASCADE,
        *,
        on_merge: OnMerge = OnMerge.MOVE,
        on_erase: OnErase = OnErase.DELETE,
        **options: Any,
    ) -> None:
        self.on_merge = on_merge
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
