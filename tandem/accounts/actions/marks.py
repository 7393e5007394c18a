"""When a user was last here and a token last used: marks, no changes of a record."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from tandem.accounts.models import ApiToken, User

# Marks that are no business: written at most once in this time.
MARK_EVERY = timedelta(minutes=1)


def mark_seen(user: User) -> None:
    """Remember that a user is here, at most once a minute."""
    _mark(User.everyone.filter(pk=user.pk), "last_seen_at", last=user.last_seen_at)


def mark_token_used(token: ApiToken) -> None:
    """Remember that a token is in use, at most once a minute."""
    _mark(ApiToken.objects.filter(pk=token.pk), "last_used_at", last=token.last_used_at)


def _mark(row: QuerySet[Any], column: str, *, last: datetime | None) -> None:
    now = timezone.now()
    if last is not None and now - last < MARK_EVERY:
        return
    is_due = Q((f"{column}__isnull", True)) | Q((f"{column}__lte", now - MARK_EVERY))
    row.filter(is_due).update(**{column: now})
