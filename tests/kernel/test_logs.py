import io
import json
import logging

import pytest
from django.db import IntegrityError, connection, transaction

from tandem.kernel.context import logging_as
from tandem.kernel.logs import ContextFilter, Formatter

SECRET = "zqxvalue"


@pytest.fixture
def log() -> tuple[logging.Logger, io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(ContextFilter())
    handler.setFormatter(Formatter("%(message)s"))
    logger = logging.getLogger("tandem.test")
    logger.handlers, logger.propagate = [handler], False
    return logger, stream


def test_a_line_is_json_with_the_ids_of_its_unit_of_work(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = log
    with logging_as(request="r1"), logging_as(change_set="c1"):
        logger.warning("%s rows", 3)
    line = json.loads(stream.getvalue())
    assert {key: line[key] for key in ("message", "level", "logger", "request", "change_set")} == {
        "message": "3 rows",
        "level": "warning",
        "logger": "tandem.test",
        "request": "r1",
        "change_set": "c1",
    }


def test_ids_end_with_their_unit_of_work(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    with logging_as(request="r1"):
        pass
    logger.warning("later")
    assert "request" not in json.loads(stream.getvalue())


def test_a_mail_address_that_slips_in_is_not_written(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = log
    logger.warning("no mail for %s", "Ann <ann.kowalczyk@hhgifts.example>")
    assert "kowalczyk" not in stream.getvalue()
    assert json.loads(stream.getvalue())["message"] == "no mail for Ann <[address]>"


@pytest.mark.django_db
def test_an_error_says_where_and_what_kind_and_none_of_its_words(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = log
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO kernel_changeset (action) VALUES ('{SECRET}')")
    except IntegrityError:
        logger.exception("a job failed")
    try:
        raise ValueError(SECRET) from KeyError(SECRET)
    except ValueError:
        logger.exception("another failed")
    first, second = (json.loads(line)["exc_info"] for line in stream.getvalue().splitlines())
    assert SECRET not in stream.getvalue()
    assert first.splitlines()[0] == "django.db.utils.IntegrityError"
    assert "psycopg.errors." in first
    assert "test_logs.py" in first
    kinds = [line for line in second.splitlines() if line.startswith("builtins.")]
    assert kinds == ["builtins.ValueError", "builtins.KeyError"]


def test_what_a_job_was_given_is_not_written(log: tuple[logging.Logger, io.StringIO]) -> None:
    _logger, stream = log
    queue = logging.getLogger("procrastinate.worker.test")
    queue.handlers, queue.propagate = _logger.handlers, False
    queue.error(
        "Job records.run_bulk[7](text='zqx(1)', filters={'q': 'zqx'}) ended with status: Error,"
        " lasted 0.1 s",
        extra={"action": "job_error", "job": {"task_kwargs": {"text": "zqx"}}},
    )
    line = json.loads(stream.getvalue())
    assert "zqx" not in stream.getvalue()
    assert line["message"] == "Job records.run_bulk[7] ended with status: Error, lasted 0.1 s"
