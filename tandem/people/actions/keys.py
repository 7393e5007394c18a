"""Keys by which a record is found and sorted: derived, without history, made anew after an undo."""

from collections.abc import Collection, Mapping, Sequence

from django.db import connection
from django.db.models import Model, Q
from psycopg import sql

from tandem.kernel.actor import Actor
from tandem.kernel.models import ChangeSet
from tandem.kernel.refs import RecordRef
from tandem.kernel.undo import UNDO_FOLLOWERS
from tandem.people import queries
from tandem.people.models import Company, CompanyDomain, Party, Person, PersonEmail, PersonPhone
from tandem.people.rules import search_key, sort_key
from tandem.records.rules import in_parts
from tandem.records.slots import tell_story


def follow_undo(actor: Actor, change_set_id: int) -> None:
    """What an undo entails: keys made anew where need be, and a word in each story.

    It puts stored values back past the actions; the keys are derived and have no history. Part of
    the undo's own transaction (a follower of kernel.undo). A few statements for thousands.
    """
    roots = ChangeSet.objects.get(pk=change_set_id).changes.filter(root_kind__in=_PARTS).order_by()
    named = Q(model__in=_MODELS, fields__has_key="name")
    for kind, (model, parts) in _PARTS.items():
        keyed = roots.filter(Q(model__in=parts) | named, root_kind=kind)
        ids = sorted(set(keyed.values_list("root_id", flat=True)))
        for part in in_parts(ids):
            _rekey(model, part)
    touched = roots.values_list("root_kind", "root_id").distinct()
    refs = [RecordRef(kind, pk) for kind, pk in touched]
    tell_story(actor, refs, kind="people.undone", payload={})


UNDO_FOLLOWERS.register("people", follow_undo)

_MODELS = ("people.person", "people.company")
# By kind: the table, and the parts of which its keys are made beside the name.
_PARTS: Mapping[str, tuple[type[Party], tuple[str, ...]]] = {
    "person": (Person, ("people.personemail", "people.personphone")),
    "company": (Company, ("people.companydomain",)),
}
# Where the parts of a search key stand: table, whose, column, and its place in the key.
_KEYED: Mapping[type[Party], tuple[tuple[type[Model], str, str, int], ...]] = {
    Person: (
        (PersonEmail, "person_id", "normalized", 0),
        (PersonPhone, "person_id", "normalized", 1),
    ),
    Company: ((CompanyDomain, "company_id", "domain", 0),),
}


def derive_people(ids: Collection[int]) -> None:
    """Make the keys of these persons anew; four statements."""
    _rekey(Person, sorted(ids))


def derive_companies(ids: Collection[int]) -> None:
    """Make the keys of these companies anew; three statements."""
    _rekey(Company, sorted(ids))


def search_key_of(party: Party, *, name: str) -> str:
    """The key of a record that bears this name, with what belongs to it; one or two queries."""
    return _search_keys(type(party), {party.pk: name})[party.pk]


def _search_keys(model: type[Party], names: Mapping[int, str]) -> dict[int, str]:
    texts: dict[int, tuple[list[str], list[str]]] = {pk: ([], []) for pk in names}
    for part, owner, column, at in _KEYED[model]:
        rows = queries.live_parts(part, **{f"{owner}__in": list(names)}).order_by("pk")
        for pk, text in rows.values_list(owner, column):
            texts[pk][at].append(text)
    return {pk: search_key(name, *texts[pk]) for pk, name in names.items()}


def _rekey(model: type[Party], ids: Sequence[int]) -> None:
    """Make the keys of records anew; at most four statements."""
    names = dict(model._default_manager.filter(pk__in=ids).values_list("pk", "name"))
    found = _search_keys(model, names)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "UPDATE {table} t SET search_key = k.search_key, sort_key = k.sort_key"
                " FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS k (id, search_key, sort_key)"
                " WHERE t.id = k.id AND (t.search_key, t.sort_key)"
                " IS DISTINCT FROM (k.search_key, k.sort_key)"  # a write costs, a look does not
            ).format(table=sql.Identifier(model._meta.db_table)),
            [list(found), list(found.values()), [sort_key(names[pk]) for pk in found]],
        )
