"""Sessions in the database, as Django keeps them; read by a compiled read, for every page asks."""

import datetime as dt
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from tandem.kernel.compiled import compiled


class SessionStore(db.SessionStore):
    """The engine that SESSION_ENGINE names."""

    def _get_session_from_db(self) -> Session | None:
        found: list[Any] = _live(key=self.session_key, now=timezone.now())
        if not found:
            self._session_key = None
            return None
        session: Session = found[0]
        return session


@compiled
def _live(*, key: str | None, now: dt.datetime) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key, expire_date__gt=now)
