"""The filter tree against rows in the database: it lets through what a plain reading would."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.kernel.actor import Actor
from tandem.people.actions import create_person
from tandem.people.schemas import NewPerson
from tandem.records import queries
from tandem.records.actions import add_tag
from tandem.records.errors import CursorInvalid, FilterInvalid, SortInvalid
from tandem.records.queries import ListQuery
from tandem.records.rules import Condition, Group, Node
from tandem.records.schemas import NewTag
from tandem.records.slots import object_type

pytestmark = pytest.mark.django_db

CAST = (
    ("Ann Kowalczyk", "GB", "Buyer", ("key",)),
    ("Bram Kuiper", "NL", None, ()),
    ("Camille Verdier", "FR", "Owner", ("key", "fair")),
    ("Dafydd Pryce", "GB", "Shop manager", ("fair",)),
    ("Élodie Ann", None, "Buyer", ()),
)


@pytest.fixture
def cast(system: Actor) -> dict[str, dict[str, Any]]:
    """Five people, and what is true of each."""
    kind = object_type("person")
    facts = {}
    for name, country, title, tags in CAST:
        person, _new = create_person(
            system, data=NewPerson(name=name, country=country, title=title)
        )
        for tag in tags:
            add_tag(system, kind, person.public_id, data=NewTag(name=tag))
        facts[name] = {"name": name, "country": country or "", "title": title or "", "tags": tags}
    return facts


def names(actor: Actor, tree: Node | dict[str, Any]) -> set[str]:
    kind = object_type("person")
    filters = tree if isinstance(tree, Group) else queries.read_filters(kind, tree)
    rows = queries.records_matching(kind, actor, ListQuery(filters=filters))
    return set(rows.values_list("name", flat=True))


def holds(node: Node, fact: dict[str, Any]) -> bool:
    """The plain reading of a tree."""
    if isinstance(node, Group):
        inner = [holds(item, fact) for item in node.items]
        if not inner:
            return True
        return {"and": all(inner), "or": any(inner), "not": not any(inner)}[node.op]
    assert isinstance(node, Condition)
    value, wanted = fact[node.field], node.value
    match node.operator:
        case "contains":
            return str(wanted).lower() in value.lower()
        case "starts_with":
            return bool(value.lower().startswith(str(wanted).lower()))
        case "is":
            return bool(value.lower() == str(wanted).lower())
        case "is_not":
            return bool(value.lower() != str(wanted).lower())
        case "any_of":
            assert isinstance(wanted, tuple)
            return bool(set(value) & set(wanted)) if node.field == "tags" else value in wanted
        case "none_of":
            assert isinstance(wanted, tuple)
            return not (set(value) & set(wanted)) if node.field == "tags" else value not in wanted
        case "empty":
            return not value
        case _:
            return bool(value)


texts = st.sampled_from(["ann", "a", "kui", "buyer", "owner", "x"])
conditions = st.one_of(
    st.builds(
        Condition,
        st.sampled_from(["name", "title"]),
        st.sampled_from(["contains", "starts_with", "is", "is_not"]),
        texts,
    ),
    st.builds(
        Condition,
        st.just("country"),
        st.sampled_from(["any_of", "none_of"]),
        st.lists(st.sampled_from(["GB", "NL", "DE"]), min_size=1, max_size=2).map(tuple),
    ),
    st.builds(
        Condition,
        st.just("tags"),
        st.sampled_from(["any_of", "none_of"]),
        st.lists(st.sampled_from(["key", "fair"]), min_size=1, max_size=2).map(tuple),
    ),
    st.builds(
        Condition,
        st.sampled_from(["title", "country", "tags"]),
        st.sampled_from(["empty", "not_empty"]),
    ),
)
trees = st.recursive(
    conditions,
    lambda inner: st.builds(
        Group,
        st.sampled_from(["and", "or", "not"]),
        st.lists(inner, min_size=1, max_size=3).map(tuple),
    ),
    max_leaves=6,
)


@settings(max_examples=150)
@given(tree=trees)
def test_a_tree_lets_through_what_its_plain_reading_does(
    system: Actor, cast: dict[str, dict[str, Any]], tree: Node
) -> None:
    group = Group("and", (tree,))
    assert names(system, group) == {name for name, fact in cast.items() if holds(group, fact)}


def test_owners_are_named_by_words_and_by_id(system: Actor, make_user: Callable[..., User]) -> None:
    priya, tom = make_user("admin"), make_user("admin")
    for name, owner in (("Hers", priya.email), ("His", tom.email), ("Nobody's", None)):
        create_person(system, data=NewPerson(name=name, owner=owner))
    her = actor_for(priya)

    def owned(operator: str, *words: str) -> set[str]:
        return names(her, {"field": "owner", "is": operator, "value": list(words)})

    assert owned("any_of", "me") == {"Hers"}
    assert owned("any_of", "nobody", str(tom.public_id)) == {"His", "Nobody's"}
    assert owned("none_of", "nobody", "me") == {"His"}
    assert owned("any_of", "my_team") == set()


def test_relative_days_follow_the_clock(system: Actor, cast: dict[str, dict[str, Any]]) -> None:
    recent = {"field": "created_at", "is": "last_days", "value": 1}
    old = {"field": "created_at", "is": "older_than_days", "value": 1}
    assert names(system, recent) == set(cast)
    assert names(system, old) == set()


@pytest.mark.parametrize(
    "tree",
    [
        {"field": "owner", "is": "any_of", "value": ["someone"]},
        {"field": "last_touch", "is": "contains", "value": "x"},
        {"field": "nothing", "is": "is", "value": "x"},
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(system: Actor, tree: dict[str, Any]) -> None:
    with pytest.raises(FilterInvalid):
        names(system, tree)


def test_strange_sorts_and_cursors_are_refused(system: Actor) -> None:
    kind = object_type("person")
    for sort in ("secret", "-last_touch", "tags"):
        with pytest.raises(SortInvalid):
            queries.list_page(kind, system, ListQuery(sort=sort))
    for cursor in ("x", "W10", "WzEsMl0x", "WyJhIiwtMV0", "WyJhXHUwMDAwIiwxXQ"):
        with pytest.raises(CursorInvalid):
            queries.list_page(kind, system, ListQuery(cursor=cursor))
