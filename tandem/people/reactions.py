"""What this room does when records were added or changed: look whether they are here twice."""

from tandem.kernel.actor import Actor
from tandem.kernel.facts import reacts_to
from tandem.people.facts import CompaniesChanged, CompaniesCreated, PeopleChanged, PeopleCreated
from tandem.records.actions import look_again
from tandem.records.slots import object_type

_MAY = frozenset({"records.find_duplicates"})


@reacts_to(PeopleCreated, permissions=_MAY)
def compare_new_people(actor: Actor, fact: PeopleCreated) -> None:
    """Persons who were added may be here already."""
    look_again(actor, object_type("person"), fact.person_ids)


@reacts_to(PeopleChanged, permissions=_MAY)
def compare_changed_people(actor: Actor, fact: PeopleChanged) -> None:
    """Persons who were changed may have come to be like others, or unlike them."""
    look_again(actor, object_type("person"), fact.person_ids)


@reacts_to(CompaniesCreated, permissions=_MAY)
def compare_new_companies(actor: Actor, fact: CompaniesCreated) -> None:
    """Companies that were added may be here already."""
    look_again(actor, object_type("company"), fact.company_ids)


@reacts_to(CompaniesChanged, permissions=_MAY)
def compare_changed_companies(actor: Actor, fact: CompaniesChanged) -> None:
    """Companies that were changed may have come to be like others, or unlike them."""
    look_again(actor, object_type("company"), fact.company_ids)
