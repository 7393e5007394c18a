"""`tandem lake ask`: questions from a file, answered or refused in words."""

import json

import pytest
from click.testing import CliRunner
from django.db import connection

from tandem.kernel.ids import new_public_id
from tandem.project.commands import lake
from tandem.project.faults import OperatorError


@pytest.fixture
def ask(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    texts = dict.fromkeys("url referrer title source medium campaign channel".split(), "")
    events = [
        {"id": str(new_public_id()), "at": at, "visitor": visitor, "name": "order", **texts}
        for visitor, at in (
            ("a", "2026-11-02T10:00Z"),
            ("a", "2026-11-03T10:00Z"),
            ("b", "2026-11-03T10:00Z"),
        )
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lake_store(%s::json)", [json.dumps([{**one, "props": {}} for one in events])]
        )

    def call(asked: object, *words: str):
        said = asked if isinstance(asked, str) else json.dumps(asked)
        return CliRunner().invoke(lake.command, ["ask", "-", *words], input=said)

    return call


TWICE = {
    "of": "visitor",
    "where": {"kind": "did", "event": {"name": "order"}, "times": {"at_least": 2}},
}


def test_of_whom_it_is_true_is_counted_or_listed(ask):
    assert ask(TWICE).output == "1 subjects\n"
    assert json.loads(ask(TWICE, "--json").output) == {"subjects": ["a"]}


def test_a_breakdown_is_told_by_rows(ask):
    asked = {"of": "visitor", "event": {}, "per": "day"}
    assert ask(asked).output == "2026-11-02  1  1\n2026-11-03  2  2\n"
    assert json.loads(ask(asked, "--json").output)["rows"][0] == {
        "value": "",
        "begins": "2026-11-02",
        "subjects": 1,
        "events": 1,
    }
    assert ask({"event": {}}).output == "nobody\n"


def test_what_is_no_question_is_refused_with_its_places(ask):
    answer = ask({"where": {"kind": "did", "event": {}, "times": {}}})
    assert isinstance(answer.exception, OperatorError)
    assert str(answer.exception) == (
        "This is no question about events. See what is wrong with each part.\nwhere.times: Say"
        " at_least, at_most, more_than, less_than or exactly with a number."
    )
    assert str(ask("{").exception).startswith("This is no JSON: ")
