"""Calling and writing to a person from the page of their record, where sales may do so now."""

from typing import Any

from django.utils.translation import gettext as _

from tandem.consent.rules import Channel
from tandem.handoff import queries
from tandem.kernel.actor import Actor
from tandem.people.models import Person
from tandem.records.slots import RECORD_VERBS, ObjectType, RecordVerb

# By whom a lead is seen, and that its person asked to be contacted.
_ASKED = ("lead.score", "lead.status")


def verbs(actor: Actor, object_type: ObjectType, record: Any) -> list[RecordVerb]:
    """Calling and writing, on the ways that are open; nothing of an address hidden from the actor.

    Three queries.
    """
    if object_type.kind != "person" or not actor.may("consent.view"):
        return []
    person: Person = record
    now = queries.may_contact_now(person, has_asked=_has_asked(actor, person))
    phone, mail = now[Channel.PHONE], now[Channel.EMAIL]
    found = []
    if phone["allowed"] and not actor.hides("person", "phone"):
        to = "tel:" + phone["address"].replace(" ", "")
        found.append(RecordVerb(_("Call"), to, "phone", key="l", is_first=True))
    if mail["allowed"] and not actor.hides("person", "email"):
        found.append(
            RecordVerb(_("Mail"), f"mailto:{mail['address']}", "mail", key="m", is_first=True)
        )
    return found


def _has_asked(actor: Actor, person: Person) -> bool:
    if not actor.may("handoff.view") or actor.hides_any(*_ASKED):
        return False
    return queries.asks_for_contact(actor, person.pk)


RECORD_VERBS.register("handoff.contacts", verbs)
