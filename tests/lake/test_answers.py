"""Whatever is asked of whatever happened, DuckDB answers as the plain telling does."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.lake.engine.compiling import compile_breakdown, compile_question
from tandem.lake.schemas import read_breakdown, read_question, written
from tests.lake import drawing, reference
from tests.lake.answering import InDuck
from tests.lake.reference import NOW, Alias, Told


@pytest.fixture(scope="module")
def duck() -> InDuck:
    return InDuck()


@settings(max_examples=120, deadline=None)
@given(asked=drawing.questions, events=drawing.histories, aliases=drawing.aliases())
def test_who_did_what_is_answered_as_it_is_told(duck, asked, events, aliases):
    question = read_question(asked)
    assert read_question(written(question)) == question
    found = duck.answer(compile_question(question, now=NOW), events, aliases)
    assert [who for (who,) in found] == reference.subjects(question, events, aliases, NOW)


@pytest.mark.parametrize("kind", sorted(drawing.LEAVES))
@settings(max_examples=60, deadline=None)
@given(of=drawing.subjects, data=st.data(), events=drawing.histories, aliases=drawing.aliases())
def test_each_kind_of_leaf_is_answered_as_it_is_told(duck, kind, of, data, events, aliases):
    question = read_question({"of": of, "where": data.draw(drawing.LEAVES[kind])})
    found = duck.answer(compile_question(question, now=NOW), events, aliases)
    assert [who for (who,) in found] == reference.subjects(question, events, aliases, NOW)


@settings(max_examples=25, deadline=None)
@given(asked=drawing.questions, events=drawing.histories, aliases=drawing.aliases())
def test_how_many_they_are_is_counted_as_it_is_answered(duck, asked, events, aliases):
    compiled = compile_question(read_question(asked), now=NOW)
    found = duck.answer(compiled, events, aliases)
    assert duck.answer(compiled.counted(), events, aliases) == [(len(found),)]


@settings(max_examples=75, deadline=None)
@given(asked=drawing.breakdowns, events=drawing.histories, aliases=drawing.aliases())
def test_how_many_did_it_is_answered_as_it_is_told(duck, asked, events, aliases):
    breakdown = read_breakdown(asked)
    assert read_breakdown(written(breakdown)) == breakdown
    found = duck.answer(compile_breakdown(breakdown, now=NOW), events, aliases)
    assert found == reference.breakdown(breakdown, events, aliases, NOW)


@pytest.mark.parametrize(("seconds", "expected"), [(-1, []), (0, [7]), (59, [7]), (60, [])])
def test_a_browser_is_its_owners_from_the_first_moment_and_before_the_last(duck, seconds, expected):
    since = NOW - timedelta(days=1)
    done = Told(since + timedelta(seconds=seconds), "v1", "order", "", "", {})
    theirs = Alias("v1", 7, since, since + timedelta(minutes=1))
    question = read_question({"of": "person", "where": {"kind": "did", "event": {"name": "order"}}})
    found = duck.answer(compile_question(question, now=NOW), [done], [theirs])
    assert [who for (who,) in found] == expected
