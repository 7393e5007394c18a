import io
import json
import logging

import pytest

from tandem.kernel.context import logging_as
from tandem.kernel.logs import ContextFilter, Formatter


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
