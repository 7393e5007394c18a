"""Rows of persons and companies: found and locked, checked, written."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from tandem.kernel.errors import FieldError, Missing
from tandem.people import queries
from tandem.people.errors import VersionConflict
from tandem.people.models import Party

AnyParty = TypeVar("AnyParty", bound=Party)


def locked(rows: QuerySet[AnyParty], public_id: UUID) -> AnyParty:
    """The row of this id, locked until the action ends. Raises Missing."""
    found = rows.filter(public_id=public_id).select_for_update(of=("self",)).first()
    if found is None:
        raise Missing()
    return found


def check_version(kind: str, record: Party, version: int | None) -> None:
    """Raise VersionConflict, with the fields that others changed, for an old ``version``."""
    if version is None or version == record.row_version:
        return
    fields = queries.fields_changed_since(kind, record, version)
    raise VersionConflict(
        errors=[FieldError(name, "changed_since", _("Changed since")) for name in fields]
    )


def touch(model: type[AnyParty], ids: Sequence[int], **columns: Any) -> None:
    """Write columns of records, and that they changed: time and version."""
    model._default_manager.filter(pk__in=ids).update(
        **columns, updated_at=Now(), row_version=F("row_version") + 1
    )
