"""The persons in a deal."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from tandem.deals.actions.lifecycle import reach
from tandem.deals.actions.rows import locked, person_named, tell, touch
from tandem.deals.models import Category, Deal, DealContact
from tandem.deals.schemas import ContactIn
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.people.models import Person
from tandem.people.queries import people_visible_to
from tandem.people.rules import Stage
from tandem.records.slots import refuse_hidden


@action(permission="deals.edit")
def put_contact(actor: Actor, public_id: UUID, *, data: ContactIn) -> DealContact:
    """Put a person into a deal with a role, or give one who is in it another role.

    The first person becomes the main one. Raises Missing, PersonUnknown, FieldHidden.
    """
    refuse_hidden(actor, "deal.person")
    deal = locked(actor, public_id)
    person = person_named(actor, data.person)
    contact = DealContact.objects.filter(deal_id=deal.pk, person_id=person.pk).first()
    if contact is not None:
        DealContact.objects.filter(pk=contact.pk).update(role=data.role, stance=data.stance)
    else:
        is_first = not DealContact.objects.filter(deal_id=deal.pk, is_primary=True).exists()
        contact = DealContact.objects.create(
            deal=deal, person=person, role=data.role, stance=data.stance, is_primary=is_first
        )
        if deal.status == Category.OPEN:
            cause = _("In a deal: %(deal)s") % {"deal": deal.name}
            reach(actor, deal, Stage.OPPORTUNITY, cause=cause)
    touch(deal)
    said = {"person": person.name, "role": data.role}
    tell(actor, deal, "deals.contact_put", payload=said, people=[person.pk])
    return DealContact.objects.select_related("person").get(pk=contact.pk)


@action(permission="deals.edit")
def remove_contact(actor: Actor, public_id: UUID, *, person: UUID) -> None:
    """Take a person out of a deal; of those left the first becomes the main one. Raises Missing,
    FieldHidden."""
    refuse_hidden(actor, "deal.person")
    deal = locked(actor, public_id)
    seen = people_visible_to(actor).filter(public_id=person).values("pk")
    rows = DealContact.objects.filter(deal_id=deal.pk, person__in=seen)
    contact = rows.select_related("person").first()
    if contact is None:
        raise Missing()
    DealContact.objects.filter(pk=contact.pk).delete()
    if contact.is_primary:
        following = DealContact.objects.filter(deal_id=deal.pk).order_by("pk").first()
        if following is not None:
            DealContact.objects.filter(pk=following.pk).update(is_primary=True)
    touch(deal)
    said = {"person": contact.person.name}
    tell(actor, deal, "deals.contact_removed", payload=said, people=[contact.person_id])


def put_main_contact(deal: Deal, person: Person | None) -> Any:
    """Make a person the main contact of a deal, or nobody; who was it stays in the deal."""
    DealContact.objects.filter(deal_id=deal.pk, is_primary=True).update(is_primary=False)
    if person is None:
        return
    there = DealContact.objects.filter(deal_id=deal.pk, person_id=person.pk)
    if not there.update(is_primary=True):
        DealContact.objects.create(deal=deal, person=person, is_primary=True)
