"""What stands beside records: a deal's persons and source; the deals of a person, company, lead."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from tandem.deals import queries
from tandem.deals.models import Deal
from tandem.deals.views.words import ROLES
from tandem.handoff.models import OPEN_STATUSES, Lead
from tandem.kernel.actor import Actor
from tandem.kernel.compiled import compiled
from tandem.records.slots import OBJECT_TYPES, RECORD_PANELS, ObjectType
from tandem.ui import formats

OF_LEAD = ("lead", "handoff")


class DealContacts:
    """The persons in a deal, with their roles."""

    order = 10
    in_peek = True
    tells: tuple[str, ...] = ("deal.person",)

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == "deal"

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        contacts = [
            (
                one,
                _page("people", one.person),
                ROLES.get(one.role, ""),
            )
            for one in queries.contacts_of(actor, record)
        ]
        context = {
            "deal": record,
            "contacts": contacts,
            "roles": [("", ""), *ROLES.items()],
            "may_edit": actor.may("deals.edit"),
        }
        return SafeString(render_to_string("deals/contacts.html", context, request=request))


class DealSource:
    """Where a deal came from: its lead, and the campaign of that."""

    order = 15
    in_peek = True
    tells: tuple[str, ...] = ("lead.asked_for", "lead.campaign", "lead.opened_at")

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == "deal"

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        lead: Lead | None = record.source.lead if record.source else None
        campaign = lead.campaign if lead is not None else None
        context = {
            "lead": lead,
            "lead_url": _link("lead", "leads", lead, actor),
            "campaign": campaign,
            "campaign_url": _link("campaign", "campaigns", campaign, actor),
            "is_from_marketing": queries.is_from_marketing(record),
        }
        return SafeString(render_to_string("deals/source.html", context, request=request))


class DealsThere:
    """The deals of a person, a company, or a lead, and opening one from a lead."""

    order = 12
    in_peek = True
    tells: tuple[str, ...] = ("deal.stage", "deal.status")

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind in ("person", "company", *OF_LEAD) and actor.may("deals.view")

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        found = _deals(actor, object_type.kind, pk=_key(object_type.kind, record))
        lead: Lead | None = _lead(object_type.kind, record)
        context = {
            "deals": [_line(actor, deal) for deal in found[: queries.SHOWN_BESIDE]],
            "has_more": len(found) > queries.SHOWN_BESIDE,
            "open_url": _open_url(actor, lead),
        }
        return SafeString(render_to_string("deals/there.html", context, request=request))


@compiled
def _deals(actor: Actor, kind: str, *, pk: int) -> QuerySet[Deal]:
    of = {"person": queries.deals_of_person, "company": queries.deals_of_company}
    return of.get(kind, queries.deals_of_lead)(actor, pk)[: queries.SHOWN_BESIDE + 1]


def _key(kind: str, record: Any) -> int:
    """The person, the company, or the lead that stands behind a record."""
    key: int = record.lead_id if kind in OF_LEAD and kind != "lead" else record.pk
    return key


def _lead(kind: str, record: Any) -> Lead | None:
    if kind not in OF_LEAD:
        return None
    found: Lead = record if kind == "lead" else record.lead
    return found


def _open_url(actor: Actor, lead: Lead | None) -> str:
    """Where a deal is opened from a lead; nowhere when it has one, or has ended."""
    if lead is None or not actor.may("deals.create") or lead.status not in OPEN_STATUSES:
        return ""
    if queries.lead_has_deal(lead.pk):
        return ""
    return reverse("deals:from_lead", args=[lead.public_id])


def _line(actor: Actor, deal: Deal) -> dict[str, Any]:
    money = queries.money_for(actor, deal)
    worth = formats.money(money) if money is not None else ""
    return {
        "name": deal.name,
        "url": _page("deals", deal),
        "note": ", ".join(filter(None, [worth, deal.stage.name])),
        "tone": {"won": "ok", "lost": "bad"}.get(deal.status, ""),
    }


def _link(kind: str, slug: str, record: Any, actor: Actor) -> str:
    """Where a record's page is, empty where the actor may not see it."""
    found = OBJECT_TYPES.get(kind)
    if record is None or found is None or not actor.may(found.permissions.view):
        return ""
    if not found.visible_to(actor).filter(pk=record.pk).exists():
        return ""
    return _page(slug, record)


def _page(slug: str, record: Any) -> str:
    return reverse("records:record", args=[slug, record.public_id])


RECORD_PANELS.register("deals.contacts", DealContacts())
RECORD_PANELS.register("deals.source", DealSource())
RECORD_PANELS.register("deals.there", DealsThere())
