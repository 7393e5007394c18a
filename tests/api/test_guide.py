"""The guide to the API speaks of what there is: addresses, headers, codes, limits."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from tandem.accounts.api import REQUESTS_PER_MINUTE
from tandem.api import entry
from tandem.api.parsing import MAX_DEPTH
from tandem.kernel.errors import DomainError
from tandem.kernel.idempotency import KEPT_FOR
from tandem.records import rules
from tandem.records.queries import MAX_PAGE_SIZE, PAGE_SIZE
from tests.api.openapi import described

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "guide" / "api.md").read_text()


def test_every_address_in_the_guide_exists():
    known = {re.sub(r"\{\w+\}", "ID", path) for path in described()["paths"]}
    named = set(re.findall(r"/api/v1/[a-z/ID-]+[a-zD]", GUIDE))
    assert named - known - {"/api/v1/openapi.json", "/api/v1/openapi"} == set()
    assert len(named) > 10


def test_every_address_is_in_the_guide():
    words = {path.split("/")[3] for path in described()["paths"]}
    assert [word for word in sorted(words) if f"/api/v1/{word}" not in GUIDE] == []


@pytest.mark.parametrize(
    "header", [entry.KEY_HEADER, entry.REPLAYED_HEADER, entry.CHANGE_SET_HEADER, "Retry-After"]
)
def test_every_header_is_in_the_guide(header):
    assert f"`{header}" in GUIDE or f"{header}:" in GUIDE


def test_every_code_in_the_guide_is_one_that_is_answered():
    def codes(of: type[DomainError]) -> set[str]:
        return {of.code}.union(*map(codes, of.__subclasses__()))

    named = set(re.findall(r"409 `(\w+)`", GUIDE)) | set(re.findall(r'"code": "(\w+)"', GUIDE))
    assert named - codes(DomainError) == set()
    assert len(named) >= 5


def test_every_operator_is_in_the_guide():
    words = {operator.key for several in rules.OPERATORS.values() for operator in several}
    assert [word for word in sorted(words) if f"`{word}`" not in GUIDE] == []


def test_the_figures_in_the_guide_are_those_of_the_product():
    assert (REQUESTS_PER_MINUTE, PAGE_SIZE, MAX_PAGE_SIZE, MAX_DEPTH) == (600, 50, 200, 64)
    assert (rules.MAX_DEPTH, rules.MAX_CONDITIONS, entry.MAX_KEY) == (6, 50, 200)
    assert (KEPT_FOR.days, settings.DATA_UPLOAD_MAX_MEMORY_SIZE) == (7, 2_621_440)
