"""A question that is none is refused with what is wrong, where, and what to do."""

from typing import Any

import pytest

from tandem.lake.errors import QuestionInvalid
from tandem.lake.schemas import read_breakdown, read_question, written

ORDER = {"name": "order"}


def wrong(where: Any) -> list[tuple[str, str]]:
    """Places and messages."""
    with pytest.raises(QuestionInvalid) as refused:
        read_question({"where": where})
    assert refused.value.code == "question_invalid"
    return [(one.field, str(one.message)) for one in refused.value.errors]


def did(**more: Any) -> dict[str, Any]:
    return {"kind": "did", "event": ORDER, **more}


def condition(**more: Any) -> dict[str, Any]:
    return did(event={"where": [more]})


FIELDS = (
    "Events have no field of this name; there are: url, referrer, title, source, medium, campaign,"
    " channel, and props.NAME."
)


@pytest.mark.parametrize(
    ("where", "place", "message"),
    [
        ({"kind": "did"}, "where.event", "Field required"),
        (did(time={}), "where.time", "Extra inputs are not permitted"),
        (did(times={}), "where.times", "Say at_least, at_most, more_than, less_than or exactly"),
        (did(times={"at_least": "3"}), "where.times.at_least", "Input should be a valid"),
        (did(window={"last": {}}), "where.window.last", "Say how long: weeks, days, hours or"),
        (
            did(window={"last": {"days": 1}, "since": "2026-11-01T00:00:00Z"}),
            "where.window",
            "Say either last and ago, or since and until, not both.",
        ),
        (
            did(window={"since": "2026-11-02T00:00:00Z", "until": "2026-11-02T00:00:00Z"}),
            "where.window",
            "The end is not after the begin.",
        ),
        (
            did(window={"since": "2026-11-02T00:00:00"}),
            "where.window.since",
            "Input should have timezone info",
        ),
        (condition(field="colour", value="red"), "where.event.where.0", FIELDS),
        (condition(field="visitor", value="a"), "where.event.where.0", FIELDS),
        (condition(field='props.a"b', value="a"), "where.event.where.0", FIELDS),
        (condition(field="props.", value="a"), "where.event.where.0", FIELDS),
        (condition(field="url"), "where.event.where.0", "Give one value."),
        (condition(field="url", value=1), "where.event.where.0", "This field is a text"),
        (condition(field="url", test="at_least", value=1), "where.event.where.0", "This field is"),
        (condition(field="props.a", test="at_least", value="1"), "where.event.where.0", "Give a n"),
        (condition(field="url", test="contains", value=""), "where.event.where.0", "Give a text."),
        (condition(field="url", test="one_of", value=[]), "where.event.where.0", "Give a list of"),
        (condition(field="url", test="is_there", value="x"), "where.event.where.0", "Leave the"),
        (condition(field="url", value="a\x00"), "where.event.where.0.value", "String should match"),
        (
            {"kind": "in_order", "steps": [ORDER]},
            "where.steps",
            "Tuple should have at least 2 items",
        ),
        ({"kind": "first", "event": ORDER}, "where", "Say at (when it was) or where (how it was)."),
        (
            {
                "kind": "amount",
                "event": ORDER,
                "how": "sum",
                "field": "url",
                "value": {"at_least": 1},
            },
            "where",
            "Name a property, as props.NAME.",
        ),
        (
            {"kind": "ratio", "event": ORDER, "to": {}, "sum_of": "x", "value": {"at_least": 1}},
            "where",
            "Name a property, as props.NAME.",
        ),
        ({"kind": "all", "of": []}, "where.of", "Tuple should have at least 1 item"),
        ({"kind": "not", "of": {"kind": "dig"}}, "where.of", "Input tag 'dig' found using 'kind'"),
        ({"event": ORDER}, "where", "Unable to extract tag using discriminator 'kind'"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(where, place, message):
    found = wrong(where)
    assert found[0][0] == place
    assert message in found[0][1]


def test_every_wrong_place_is_named():
    found = wrong({"kind": "all", "of": [did(times={}), did(), {"kind": "did_not"}]})
    assert [place for place, _message in found] == ["where.of.0.times", "where.of.2.event"]


def test_a_tree_is_neither_too_deep_nor_too_wide():
    deep: dict[str, Any] = did()
    for _level in range(11):
        deep = {"kind": "not", "of": deep}
    read_question({"where": deep})
    assert wrong({"kind": "not", "of": deep}) == [("", "Nest at most 12 levels.")]
    wide = {"kind": "all", "of": [did()] * 25}
    read_question({"where": {"kind": "any", "of": [wide, wide]}})
    assert wrong({"kind": "any", "of": [wide, wide, did()]}) == [
        ("", "Ask at most 50 things at once.")
    ]


def test_a_tree_without_end_is_refused():
    endless: dict[str, Any] = did()
    for _level in range(2_000):
        endless = {"kind": "not", "of": endless}
    assert wrong(endless)


def test_a_question_is_written_as_it_was_said():
    said = {"of": "visitor", "where": did(window={"last": {"days": 30}}, times={"at_most": 2})}
    question = read_question(said)
    assert written(question) == said
    assert read_question(written(question)) == question


def test_a_breakdown_names_its_wrong_places_too():
    with pytest.raises(QuestionInvalid) as refused:
        read_breakdown({"event": {}, "zone": "Mars/Olympus", "per": "hour"})
    assert [one.field for one in refused.value.errors] == ["per", "zone"]
