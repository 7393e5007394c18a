"""What of the rooms below is told: mentions, and records that somebody was given."""

from tandem.kernel.actor import Actor
from tandem.kernel.facts import reacts_to
from tandem.notifications.actions import Notice, notify, notify_owners
from tandem.notifications.queries import comment_id
from tandem.people.facts import CompaniesChanged, CompaniesCreated, PeopleChanged, PeopleCreated
from tandem.records.facts import CommentAdded, OwnersGiven

_MAY = frozenset({"notifications.tell"})
MENTION = "mention"


@reacts_to(CommentAdded, permissions=_MAY)
def tell_mentioned(actor: Actor, fact: CommentAdded) -> None:
    """Who is mentioned in a comment hears of it."""
    cause = comment_id(fact.comment_id) if fact.mentioned else None
    if cause is None:
        return
    notices = [Notice(user, fact.kind, fact.record_id, cause) for user in fact.mentioned]
    notify(actor, MENTION, notices, change_set_id=fact.change_set_id)


@reacts_to(PeopleCreated, permissions=_MAY)
def tell_owners_of_new_people(actor: Actor, fact: PeopleCreated) -> None:
    """Who owns persons that somebody else added hears of it."""
    notify_owners(actor, "person", fact.person_ids, change_set_id=fact.change_set_id)


@reacts_to(PeopleChanged, permissions=_MAY)
def tell_owners_of_people(actor: Actor, fact: PeopleChanged) -> None:
    """Who was made the owner of persons hears of it."""
    if "owner" in fact.fields:
        notify_owners(actor, "person", fact.person_ids, change_set_id=fact.change_set_id)


@reacts_to(CompaniesCreated, permissions=_MAY)
def tell_owners_of_new_companies(actor: Actor, fact: CompaniesCreated) -> None:
    """Who owns companies that somebody else added hears of it."""
    notify_owners(actor, "company", fact.company_ids, change_set_id=fact.change_set_id)


@reacts_to(CompaniesChanged, permissions=_MAY)
def tell_owners_of_companies(actor: Actor, fact: CompaniesChanged) -> None:
    """Who was made the owner of companies hears of it."""
    if "owner" in fact.fields:
        notify_owners(actor, "company", fact.company_ids, change_set_id=fact.change_set_id)


@reacts_to(OwnersGiven, permissions=_MAY)
def tell_owners(actor: Actor, fact: OwnersGiven) -> None:
    """Who was made the owner of records of any other kind hears of it."""
    notify_owners(actor, fact.kind, fact.record_ids, change_set_id=fact.change_set_id)
