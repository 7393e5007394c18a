"""Every engine gives the answers of a person and of the plain telling, so all give the same."""

import time

import pytest
from hypothesis import given, settings

from tandem.lake.engine.compiling import compile_breakdown, compile_question
from tandem.lake.schemas import read_breakdown, read_question
from tests.lake import drawing, golden, reference
from tests.lake.engines import (
    STARTING_SECONDS,
    WORKERS,
    InClickHouse,
    InSpark,
    reason_to_skip,
    spark_cluster,
)
from tests.lake.reference import NOW

pytestmark = [
    pytest.mark.engines,
    # What the libraries of others leave open or warn of.
    pytest.mark.filterwarnings("ignore"),
]
NAMES = [*golden.QUESTIONS, *golden.BREAKDOWNS]
clickhouse_is_here = pytest.mark.skipif(bool(reason_to_skip("chdb")), reason=reason_to_skip("chdb"))
spark_is_here = pytest.mark.skipif(
    bool(reason_to_skip("pyspark")), reason=reason_to_skip("pyspark")
)


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory):
    engine = InClickHouse(tmp_path_factory.mktemp("clickhouse"))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spark")
    with spark_cluster(folder) as address:
        engine = InSpark(folder, address)
        yield engine
        engine.close()


def answers_as_a_person_would(engine, name):
    found = engine.answer(golden.compiled(name), golden.HISTORY, golden.ALIASES)
    if name in golden.QUESTIONS:
        assert [who for (who,) in found] == golden.QUESTIONS[name][1]
    else:
        assert found == golden.BREAKDOWNS[name][1]


def answers_as_it_is_told(engine, asked, events, aliases):
    question = read_question(asked)
    found = engine.answer(compile_question(question, now=NOW), events, aliases)
    assert [who for (who,) in found] == reference.subjects(question, events, aliases, NOW)


def counts_as_it_is_told(engine, asked, events, aliases):
    asked = read_breakdown(asked)
    found = engine.answer(compile_breakdown(asked, now=NOW), events, aliases)
    assert found == reference.breakdown(asked, events, aliases, NOW)


@clickhouse_is_here
@pytest.mark.parametrize("name", NAMES)
def test_clickhouse_answers_as_a_person_would(clickhouse, name):
    answers_as_a_person_would(clickhouse, name)


@clickhouse_is_here
@settings(max_examples=150, deadline=None)
@given(asked=drawing.questions, events=drawing.histories, aliases=drawing.aliases())
def test_clickhouse_answers_as_it_is_told(clickhouse, asked, events, aliases):
    answers_as_it_is_told(clickhouse, asked, events, aliases)


@clickhouse_is_here
@settings(max_examples=50, deadline=None)
@given(asked=drawing.breakdowns, events=drawing.histories, aliases=drawing.aliases())
def test_clickhouse_counts_as_it_is_told(clickhouse, asked, events, aliases):
    counts_as_it_is_told(clickhouse, asked, events, aliases)


@spark_is_here
def test_spark_works_by_all_its_workers(spark):
    last = time.monotonic() + STARTING_SECONDS
    while spark.executors() < WORKERS and time.monotonic() < last:
        time.sleep(0.2)
    assert spark.executors() == WORKERS


@spark_is_here
@pytest.mark.parametrize("name", NAMES)
def test_spark_answers_as_a_person_would(spark, name):
    answers_as_a_person_would(spark, name)


@spark_is_here
@settings(max_examples=20, deadline=None)
@given(asked=drawing.questions, events=drawing.histories, aliases=drawing.aliases())
def test_spark_answers_as_it_is_told(spark, asked, events, aliases):
    answers_as_it_is_told(spark, asked, events, aliases)


@spark_is_here
@settings(max_examples=10, deadline=None)
@given(asked=drawing.breakdowns, events=drawing.histories, aliases=drawing.aliases())
def test_spark_counts_as_it_is_told(spark, asked, events, aliases):
    counts_as_it_is_told(spark, asked, events, aliases)
