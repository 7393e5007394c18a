"""Keys by which a record is found and sorted: derived, without history, made anew after an undo."""

from tandem.kernel.actor import Actor
from tandem.kernel.models import ChangeSet
from tandem.kernel.refs import RecordRef
from tandem.kernel.undo import UNDO_FOLLOWERS
from tandem.people import queries
from tandem.people.models import Company, CompanyDomain, Party, Person, PersonEmail, PersonPhone
from tandem.people.rules import search_key, sort_key
from tandem.records.slots import tell_story


def follow_undo(actor: Actor, change_set_id: int) -> None:
    """What an undo entails: keys made anew, and a word in the story of each record.

    It puts stored values back past the actions; the keys are derived and have no history. Part of
    the undo's own transaction (a follower of kernel.undo).
    """
    undoing = ChangeSet.objects.get(pk=change_set_id)
    touched: dict[str, set[int]] = {"person": set(), "company": set()}
    roots = undoing.changes.filter(root_kind__in=touched).order_by()
    for kind, pk in roots.values_list("root_kind", "root_id").distinct():
        touched[kind].add(pk)
    for person in Person.objects.filter(pk__in=touched["person"]):
        _rekey(person)
    for company in Company.objects.filter(pk__in=touched["company"]):
        _rekey(company)
    refs = [RecordRef(kind, pk) for kind, found in touched.items() for pk in sorted(found)]
    tell_story(actor, refs, kind="people.undone", payload={})


UNDO_FOLLOWERS.register("people", follow_undo)


def search_key_of(party: Party, *, name: str) -> str:
    """The key of a record that bears this name, with what belongs to it; one or two queries."""
    if isinstance(party, Person):
        mails = queries.live_parts(PersonEmail, person_id=party.pk).order_by("pk")
        phones = queries.live_parts(PersonPhone, person_id=party.pk).order_by("pk")
        return search_key(
            name,
            list(mails.values_list("normalized", flat=True)),
            list(phones.values_list("normalized", flat=True)),
        )
    domains = queries.live_parts(CompanyDomain, company_id=party.pk).order_by("pk")
    return search_key(name, list(domains.values_list("domain", flat=True)), [])


def _rekey(party: Party) -> None:
    type(party)._default_manager.filter(pk=party.pk).update(
        search_key=search_key_of(party, name=party.name), sort_key=sort_key(party.name)
    )
