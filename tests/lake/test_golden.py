"""Each kind of question becomes the SQL that was looked at, and answers as a person would."""

import pytest

from tests.lake import golden
from tests.lake.answering import InDuck

NAMES = [*golden.QUESTIONS, *golden.BREAKDOWNS]


@pytest.fixture(scope="module")
def duck() -> InDuck:
    return InDuck()


@pytest.mark.parametrize("name", NAMES)
def test_it_becomes_the_sql_that_was_looked_at(name):
    assert golden.text(name) == (golden.FOLDER / f"{name}.sql").read_text()


def test_nothing_is_there_that_is_not_asked():
    assert {path.stem for path in golden.FOLDER.iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_answers_as_a_person_would(duck, name):
    found = duck.answer(golden.compiled(name), golden.HISTORY, golden.ALIASES)
    if name in golden.QUESTIONS:
        assert [who for (who,) in found] == golden.QUESTIONS[name][1]
    else:
        assert found == golden.BREAKDOWNS[name][1]
