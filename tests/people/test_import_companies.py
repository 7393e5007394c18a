"""Companies from files: known by id, domain or name; filled or added, and taken back."""

from typing import Any

import pytest

from tandem.kernel.tables import survey
from tandem.people.models import Company, CompanyDomain
from tandem.people.rules import SizeBand, is_mangled_range, size_of
from tandem.records.actions import import_now, note_upload, revert_import
from tandem.records.models import ExternalId, ImportRun, TagLink
from tandem.records.schemas import ImportOptions

pytestmark = pytest.mark.django_db

HEADER = (
    "Record ID,Company name,Company Domain Name,Industry,Number of Employees,Country/Region,Tags"
)
ROWS = (
    "1,Thistle Ltd,https://www.thistle.example/x,Ceramics,51-200,United Kingdom,a;b",
    "2,Bell & Sons,bell.example,,12,,",
    ",Möwe GmbH,,,,Germany,",
)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def load(system, tmp_path):
    def run(*rows: str, is_trial: bool = False, **given: Any) -> ImportRun:
        path = tmp_path / "firms.csv"
        path.write_text("\n".join((HEADER, *rows)))
        options = ImportOptions.model_validate({"source": "crm", **given})
        noted = note_upload(
            system, kind="companies", name=path.name, of=survey(path), options=options
        )
        return import_now(system, noted, path=path, is_trial=is_trial)

    return run


def counts(run: ImportRun) -> list[int]:
    return [run.report[name] for name in ("rows", "created", "updated", "skipped", "failed")]


def held() -> tuple[int, ...]:
    return (
        Company.objects.filter(deleted_at__isnull=True).count(),
        CompanyDomain.objects.filter(deleted_at__isnull=True).count(),
        TagLink.objects.count(),
        ExternalId.objects.count(),
    )


def test_companies_are_added_once(load):
    assert counts(load(*ROWS)) == [3, 3, 0, 0, 0]
    assert held() == (3, 2, 2, 2)
    firm = Company.objects.get(domains__domain="thistle.example")
    assert (firm.name, firm.industry, firm.size_band, firm.country, firm.sort_key) == (
        "Thistle Ltd", "Ceramics", SizeBand.MEDIUM, "GB", "thistle ltd"
    )  # fmt: skip
    assert counts(load(*ROWS)) == [3, 0, 0, 3, 0]
    assert held() == (3, 2, 2, 2)
    assert set(Company.objects.values_list("row_version", flat=True)) == {1}


def test_what_is_empty_is_filled_or_all_overwritten(load, add_firm):
    firm = add_firm("Bell", domain="bell.example", industry="Bells")
    load("2,Bell & Sons,bell.example,Ropes,12,UK,x")
    firm.refresh_from_db()
    assert (firm.name, firm.industry, firm.size_band, firm.country, firm.row_version) == (
        "Bell", "Bells", SizeBand.SMALL, "GB", 2
    )  # fmt: skip
    load("2,Bell & Sons,,Ropes,,,", policy="overwrite")
    firm.refresh_from_db()
    assert (firm.name, firm.industry, firm.country) == ("Bell & Sons", "Ropes", "GB")


def test_a_trial_writes_nothing_and_says_the_changes(load, add_firm):
    add_firm("Bell", domain="bell.example")
    before = held()
    run = load(*ROWS, is_trial=True)
    assert held() == before
    assert [(one["verdict"], one["name"]) for one in run.report["samples"]] == [
        ("created", "Thistle Ltd"), ("created", "Möwe GmbH"), ("updated", "Bell & Sons")
    ]  # fmt: skip


def test_rows_of_one_company_and_rows_of_none(load):
    run = load(ROWS[0], "1,,thistle.example,,,,", ",,,Nothing,,,", ",THISTLE LTD,,,,,")
    assert counts(run) == [4, 2, 0, 1, 1]


def test_taken_back_leaves_the_tables_as_before(load, add_firm, system):
    firm = add_firm("Bell", domain="bell.example")
    before = held()
    run = load(*ROWS, policy="overwrite")
    assert revert_import(system, run.public_id) == {"companies": 2, "changes": 1, "kept": 0}
    firm.refresh_from_db()
    assert (held(), firm.name, firm.size_band, firm.sort_key) == (before, "Bell", "", "bell")


@pytest.mark.parametrize(
    ("text", "band"),
    [
        ("1-9", "1-9"),
        ("42", "10-49"),
        ("51 - 200", "50-249"),
        ("1,001-5,000", "1000+"),
        ("10,000+", "1000+"),
        ("0", None),
        ("many", None),
    ],
)
def test_numbers_of_people_come_into_their_band(text, band):
    assert size_of(text) == band


@pytest.mark.parametrize("text", ["01-Sep", "9. Jan", "Okt 12", "2026-01-09"])
def test_a_range_that_became_a_date_is_known(text):
    assert is_mangled_range(text)
    assert not is_mangled_range("11-50")
