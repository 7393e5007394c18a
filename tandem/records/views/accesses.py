"""Who saw what: the log under Settings, and the tab of a personal record."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from tandem.accounts.queries import user_choices
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page
from tandem.records.models import Access, AccessDeed
from tandem.records.queries.accesses import AccessQuery, page_of_accesses
from tandem.records.queries.changes import records_named
from tandem.records.slots import RECORD_TABS, ObjectType, Privacy
from tandem.ui import navigation
from tandem.ui.navigation import NavItem, Section
from tandem.ui.responses import render


@require_GET
@page(permission="records.see_accesses")
def accesses(request: ActorRequest) -> HttpResponseBase:
    """The log, a page at a time, narrowed by user, deed and days."""
    asked = request.GET
    query = AccessQuery(
        user=_uuid(asked.get("user", "")),
        deed=asked.get("deed", "") if asked.get("deed") in AccessDeed.values else "",
        first=_day(asked.get("from", "")),
        last=_day(asked.get("to", "")),
        after=_number(asked.get("after", "")),
    )
    rows, after = page_of_accesses(request.actor, query)
    kept = {name: asked[name] for name in ("user", "deed", "from", "to") if asked.get(name)}
    path = reverse("records:accesses")
    context = {
        "page_title": _("Access log"),
        "lines": lines_of(request.actor, rows),
        "users": user_choices(),
        "deeds": AccessDeed.choices,
        "asked": {**kept, "first": kept.get("from", ""), "last": kept.get("to", "")},
        "is_narrowed": bool(kept),
        "next_url": f"{path}?{urlencode({**kept, 'after': after})}" if after else "",
        "first_url": f"{path}?{urlencode(kept)}" if query.after else "",
    }
    return render(request, "records/accesses.html", context)


def lines_of(actor: Actor, rows: Sequence[Access]) -> list[dict[str, Any]]:
    """Rows with the names of their records, as far as the actor sees them; a query a kind."""
    wanted: dict[str, set[int]] = {}
    for row in rows:
        if row.record_id is not None:
            wanted.setdefault(row.kind, set()).add(row.record_id)
    named = records_named(actor, wanted)
    return [{"row": row, **_about(named.get((row.kind, row.record_id or 0)))} for row in rows]


def _about(found: tuple[ObjectType, Any] | None) -> dict[str, str]:
    if found is None:
        return {"name": "", "url": ""}
    kind, record = found
    is_there = getattr(record, "deleted_at", None) is None
    url = reverse("records:record", args=[kind, record.public_id]) if is_there else ""
    return {"name": kind.name_of(record), "url": url}


class AccessTab:
    """Who saw this record, fetched its files."""

    key = "accesses"
    label = gettext_lazy("Access")
    order = 95
    tells: tuple[str, ...] = ()

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.privacy is Privacy.PERSONAL and actor.may("records.see_accesses")

    def count(self, actor: Actor, object_type: ObjectType, record: Any) -> int | None:
        return None

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        query = AccessQuery(record=object_type.ref(record))
        rows, after = page_of_accesses(actor, query)
        context = {"lines": [{"row": row} for row in rows], "has_more": bool(after)}
        return SafeString(render_to_string("records/access_tab.html", context, request=request))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


RECORD_TABS.register("accesses", AccessTab())

navigation.register(
    NavItem(
        key="accesses",
        label=gettext_lazy("Access log"),
        icon="eye",
        url_name="records:accesses",
        section=Section.SETTINGS,
        order=76,
        permission="records.see_accesses",
    ),
)
