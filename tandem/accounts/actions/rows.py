"""Rows of accounts: the user who acts, and the one way in which a row is written."""

from typing import Any, TypeVar

from django.db.models import F
from django.db.models.functions import Now

from tandem.accounts.models import User
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.models import Record

AnyRecord = TypeVar("AnyRecord", bound=Record)


def acting_user(actor: Actor) -> User:
    """The user who acts, locked until the action ends. Raises Missing."""
    found = User.objects.select_for_update().filter(pk=actor.user_id or 0).first()
    if found is None:
        raise Missing()
    return found


def write(record: AnyRecord, **values: Any) -> AnyRecord:
    """Write what differs, nothing else; the record carries its new values."""
    changed = {name: value for name, value in values.items() if getattr(record, name) != value}
    if changed:
        type(record)._base_manager.filter(pk=record.pk).update(
            **changed, updated_at=Now(), row_version=F("row_version") + 1
        )
        record.refresh_from_db()
    return record
