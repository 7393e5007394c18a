import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.records import rules
from tandem.records.rules import Condition, FieldType, Group, Names, Unreadable

FIELDS = {
    "name": FieldType.TEXT,
    "country": FieldType.CHOICE,
    "created_at": FieldType.MOMENT,
    "size": FieldType.NUMBER,
    "vip": FieldType.BOOLEAN,
}
NAMES = Names(FIELDS)

conditions = st.one_of(
    st.builds(
        lambda text: {"field": "name", "is": "contains", "value": text},
        st.text("abc ", min_size=1).filter(str.strip).map(str.strip),
    ),
    st.builds(
        lambda days: {"field": "created_at", "is": "last_days", "value": days}, st.integers(0, 900)
    ),
    st.builds(
        lambda values: {"field": "country", "is": "any_of", "value": values},
        st.lists(st.sampled_from(["GB", "DE", "FR"]), min_size=1, max_size=3),
    ),
    st.just({"field": "vip", "is": "is", "value": True}),
    st.just({"field": "name", "is": "empty"}),
)
trees = st.recursive(
    conditions,
    lambda inner: st.builds(
        lambda op, items: {"op": op, "items": items},
        st.sampled_from(["and", "or", "not"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=8,
)


@given(trees)
def test_a_tree_survives_writing_and_reading(tree: dict[str, Any]) -> None:
    parsed = rules.parse({"op": "and", "items": [tree]}, NAMES)
    again = rules.parse(json.loads(json.dumps(rules.as_json(parsed))), NAMES)
    assert again == parsed


@given(st.lists(conditions, min_size=1, max_size=4), st.data())
def test_removing_what_was_added_gives_the_tree_back(
    items: list[dict[str, Any]], data: st.DataObject
) -> None:
    tree = rules.parse({"op": "and", "items": items}, NAMES)
    longer = rules.added(tree, [], Condition("name", "empty"))
    assert len(longer.items) == len(tree.items) + 1
    assert rules.removed(longer, [len(tree.items)]) == tree
    at = data.draw(st.integers(0, len(tree.items) - 1))
    assert len(rules.removed(tree, [at]).items) == len(tree.items) - 1


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        ("no tree", ""),
        ({"op": "xor", "items": []}, "op"),
        ({"op": "and", "items": "x"}, "items"),
        ({"op": "and", "items": [], "more": 1}, ""),
        ({"field": "secret", "is": "is", "value": "x"}, "field"),
        ({"field": "name", "is": "last_days", "value": 3}, "is"),
        ({"field": "name", "is": "contains", "value": "  "}, "value"),
        ({"field": "name", "is": "contains", "value": "a\0b"}, "value"),
        ({"field": "size", "is": "is", "value": "NaN"}, "value"),
        ({"field": "size", "is": "is", "value": True}, "value"),
        ({"field": "created_at", "is": "on", "value": "31.12.2026"}, "value"),
        ({"field": "created_at", "is": "last_days", "value": 10**9}, "value"),
        ({"op": "and", "items": [{"field": "name", "is": "empty", "value": "x"}]}, "items.0.value"),
    ],
)
def test_a_bad_tree_is_refused_with_its_place(tree: Any, path: str) -> None:
    with pytest.raises(Unreadable) as refused:
        rules.parse(tree, NAMES)
    assert refused.value.path == path


def test_depth_and_size_are_bounded() -> None:
    deep: dict[str, Any] = {"field": "name", "is": "empty"}
    for _level in range(rules.MAX_DEPTH + 1):
        deep = {"op": "and", "items": [deep]}
    with pytest.raises(Unreadable, match="deeper"):
        rules.parse(deep, NAMES)
    many = [{"field": "name", "is": "empty"}] * (rules.MAX_CONDITIONS + 1)
    with pytest.raises(Unreadable, match="conditions"):
        rules.parse({"op": "or", "items": many}, NAMES)


def test_nothing_is_everything() -> None:
    assert rules.parse({}, NAMES) == Group("and")
    assert rules.parse(None, NAMES).is_empty
