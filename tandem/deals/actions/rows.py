"""Rows of deals: found and locked, checked against what was seen, written, told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from tandem.deals import queries
from tandem.deals.errors import DealMoved, PersonUnknown, VersionConflict
from tandem.deals.models import Deal, DealStageInterval, DealValue, Stage
from tandem.deals.schemas import Seen
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.live import changed
from tandem.kernel.refs import RecordRef
from tandem.people.models import Person
from tandem.people.queries import people_visible_to, person_with_address
from tandem.people.rules import normalize_email, sort_key
from tandem.records.slots import tell_story

Columns = dict[str, Any]


def locked(actor: Actor, public_id: UUID) -> Deal:
    """The deal of this id, locked until the action ends. Raises Missing."""
    # Without what belongs to it: who waited gets the row as it is by then, with its new stage.
    row = queries.deals_visible_to(actor).filter(public_id=public_id)
    pk = row.select_for_update(of=("self",)).values_list("pk", flat=True).first()
    if pk is None:
        raise Missing()
    return queries.prepare_deals(queries.deals_visible_to(actor)).get(pk=pk)


def check_seen(deal: Deal, seen: Seen) -> None:
    """Raise DealMoved, with where the deal is now, unless it is still what the actor saw."""
    if seen.seen is not None and seen.seen != deal.stage.public_id:
        raise DealMoved(where_now(deal))
    check_version(deal, seen.version)


def check_version(deal: Deal, version: int | None) -> None:
    """Raise VersionConflict, with what the deal says now, for an old ``version``."""
    if version is not None and version != deal.row_version:
        raise VersionConflict(where_now(deal, moved=False))


def where_now(deal: Deal, *, moved: bool = True) -> str:
    """Where a deal stands now and who put it there, as a sentence."""
    stay = deal.current_stay
    who = str(stay.moved_by) if stay is not None and stay.moved_by is not None else _("somebody")
    if not moved:
        return _("Meanwhile this deal was changed. It is in “%(stage)s” now.") % {
            "stage": deal.stage.name
        }
    return _("Meanwhile %(who)s moved this deal to “%(stage)s”.") % {
        "who": who,
        "stage": deal.stage.name,
    }


def touch(deal: Deal, **columns: Any) -> None:
    """Write columns of a deal, and that it changed: time and version."""
    Deal.objects.filter(pk=deal.pk).update(
        **columns, updated_at=Now(), row_version=F("row_version") + 1
    )


def enter_stage(actor: Actor, deal: Deal, stage: Stage, *, at: datetime | None = None) -> datetime:
    """End the stay of a deal where it is and begin one in a stage; the moment of both.

    The moment never lies before the stay began, whatever the clocks say.
    """
    moment = at or timezone.now()
    stay = DealStageInterval.objects.filter(deal_id=deal.pk, left_at__isnull=True).first()
    if stay is not None:
        moment = max(moment, stay.entered_at)
        DealStageInterval.objects.filter(pk=stay.pk).update(left_at=moment)
    DealStageInterval.objects.create(
        deal_id=deal.pk, stage=stage, entered_at=moment, moved_by_id=actor.user_id
    )
    return moment


def note_value(deal_id: int, *, at: datetime) -> None:
    """Append what a deal is said to be worth from now on, unless the last word was the same."""
    deal = Deal.objects.select_related("stage").get(pk=deal_id)
    said = {
        "amount_minor": deal.amount_minor,
        "currency": deal.currency,
        "expected_close": deal.expected_close,
        "probability": deal.stage.probability,
    }
    last = DealValue.objects.filter(deal_id=deal_id).order_by("-at", "-pk").first()
    if last is not None and all(getattr(last, name) == value for name, value in said.items()):
        return
    DealValue.objects.create(deal_id=deal_id, at=max(at, last.at) if last else at, **said)


def tell(
    actor: Actor,
    deal: Deal,
    kind: str,
    *,
    payload: Mapping[str, Any] | None = None,
    people: Sequence[int] | None = None,
) -> None:
    """Write a line into the story of a deal, of its persons and its company, and to open pages."""
    persons = queries.contact_ids(deal.pk) if people is None else people
    refs = [RecordRef("deal", deal.pk), *(RecordRef("person", pk) for pk in persons)]
    if deal.company_id is not None:
        refs.append(RecordRef("company", deal.company_id))
    about = {"deal": deal.name, "deal_id": str(deal.public_id)}
    tell_story(actor, refs, kind=kind, payload={**about, **(payload or {})})
    tell_pages(deal, persons)


def tell_pages(deal: Deal, persons: Sequence[int]) -> None:
    """Let open pages that show a deal, its persons or its company ask again."""
    ids = Person.objects.filter(pk__in=persons).values_list("public_id", flat=True)
    firm = [f"company:{deal.company.public_id}"] if deal.company else []
    changed("deal", f"deal:{deal.public_id}", *firm, *(f"person:{one}" for one in ids))


def person_named(actor: Actor, named: str) -> Person:
    """The visible person of this public id, mail address or name (the oldest of several).

    Raises PersonUnknown, ExistsNotVisible.
    """
    rows = people_visible_to(actor).order_by("pk")
    try:
        found = rows.filter(public_id=UUID(named)).first()
    except ValueError:
        if "@" in named:
            found = person_with_address(actor, normalize_email(named))
        else:
            key = sort_key(named)
            found = rows.filter(sort_key=key).first() if key else None
    if found is None:
        raise PersonUnknown(field="person")
    return found
