"""Companies from files: known by id, domain or name; filled or added, and taken back."""

from functools import partial
from typing import Any

import pytest

from tandem.kernel.tables import survey
from tandem.people.actions import change_company
from tandem.people.models import Company, CompanyDomain
from tandem.people.rules import SizeBand, is_mangled_range, size_of
from tandem.people.schemas import ChangeCompany
from tandem.records.actions import import_now, note_upload, revert_import
from tandem.records.models import ExternalId, ImportRun, TagLink
from tandem.records.queries import result_rows
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
    def run(*rows: str, header: str = HEADER, is_trial: bool = False, **given: Any) -> ImportRun:
        path = tmp_path / "firms.csv"
        path.write_text("\n".join((header, *rows)))
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


def told(run: ImportRun) -> dict[str, tuple[int, ...]]:
    return {one["code"]: (one["count"], *one["examples"]) for one in run.report["warnings"]}


def verdicts(run: ImportRun) -> list[tuple[str, str]]:
    return [(one["verdict"], one["note"]) for one in result_rows(run, after=0, limit=9)]


def test_a_domain_that_cannot_be_read_leaves_the_name_and_that_is_said(load, add_firm):
    bell = add_firm("Bell", domain="bell.example")
    run = load(",Bell,see below,Bells,,,", ",Fern,no website,,,,", ",FERN,-,,,,", "7,Moss,-,,,,")
    assert counts(run) == [4, 2, 1, 1, 0]
    assert told(run) == {
        "rows_of_one_company": (1, "3 = 2"),
        "known_by_name": (3, "row 1", "row 2", "row 3"),
        "left_out": (4, "row 1", "row 2", "row 3"),
    }
    odd = "known by its name, as its domain cannot be read"
    assert verdicts(run) == [
        ("updated", f"industry; {odd}"),
        ("created", odd),
        ("skipped", f"the same company as row 2; {odd}"),
        ("created", ""),  # its id says which one it is
    ]
    bell.refresh_from_db()
    assert (bell.industry, [one.domain for one in bell.domains.all()]) == (
        "Bells",
        ["bell.example"],
    )


def test_a_domain_that_cannot_be_read_and_nothing_else_fails_the_row(load):
    run = load(ROWS[0], ",,no website,Bells,,,", ",,,Bells,,,")
    assert (counts(run), told(run)) == ([3, 1, 0, 0, 2], {})
    assert verdicts(run)[1:] == [
        ("failed", "Domain cannot be read, and the row says neither a name nor an id"),
        ("failed", "says neither a name nor a domain"),
    ]
    assert held() == (1, 1, 2, 1)


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


# --- who is above whom ----------------------------------------------------------------------------

FAMILY = "Record ID,Company name,Company Domain Name,Parent Company"


def parents() -> dict[str, str]:
    living = Company.objects.filter(deleted_at__isnull=True)
    return {one.name: one.parent.name for one in living if one.parent}


def left_out(run: ImportRun) -> list[tuple[str, int, list[str]]]:
    return [
        (one["message"], one["count"], one["examples"])
        for one in run.report["warnings"]
        if one["code"] == "left_out"
    ]


@pytest.fixture
def family(load):
    return partial(load, header=FAMILY)


def test_parents_are_found_by_name_domain_and_id_wherever_they_stand(family, add_firm):
    add_firm("Old Holding", domain="old.example")
    rows = (
        "1,Leaf,leaf.example,Branch Ltd",
        "2,Branch Ltd,,root.example",
        "3,Root,root.example,",
        "4,Twig,,2",
        "5,Ivy,,https://www.old.example/about",
        "6,Moss,,old  HOLDING",
    )
    run = family(*rows)
    assert (counts(run), left_out(run)) == ([6, 6, 0, 0, 0], [])
    assert parents() == {
        "Leaf": "Branch Ltd",
        "Branch Ltd": "Root",
        "Twig": "Branch Ltd",
        "Ivy": "Old Holding",
        "Moss": "Old Holding",
    }
    assert counts(family(*reversed(rows))) == [6, 0, 0, 6, 0]


def test_a_parent_that_nobody_knows_is_left_out_and_said(family):
    run = family("1,Leaf,,Nowhere Ltd", "2,Tree,,")
    assert counts(run) == [2, 2, 0, 0, 0]
    assert left_out(run) == [
        (
            "Left out: Parent company, by name, domain or id is no company here or in this file.",
            1,
            ["row 1"],
        )
    ]
    assert parents() == {}


def test_a_circle_is_refused_at_the_row_that_closes_it(family):
    run = family("1,A,,B", "2,B,,C", "3,C,,A", "4,D,,D", "5,E,,A")
    assert counts(run) == [5, 5, 0, 0, 0]
    assert left_out(run) == [
        (
            "Left out: Parent company, by name, domain or id is below the company that it would"
            " be above.",
            2,
            ["row 3", "row 4"],
        )
    ]
    assert parents() == {"A": "B", "B": "C", "E": "A"}


def test_a_circle_through_a_company_that_is_here_is_refused(family):
    family("1,Root,,", "2,Leaf,,1")
    run = family("1,Root,,Leaf", policy="overwrite")
    assert (counts(run), len(left_out(run))) == ([1, 0, 0, 1, 0], 1)
    assert parents() == {"Leaf": "Root"}
    turned = family("1,Root,,Leaf", "2,Leaf,,Crown", "3,Crown,,", policy="overwrite")
    assert (counts(turned), left_out(turned)) == ([3, 1, 2, 0, 0], [])
    assert parents() == {"Root": "Leaf", "Leaf": "Crown"}


def test_a_parent_follows_the_policy_and_is_said(family, load):
    family("1,Root,,", "2,Leaf,,1")
    assert counts(family("2,Leaf,,Other", "9,Other,,")) == [2, 1, 0, 1, 0]
    assert parents() == {"Leaf": "Root"}
    run = family("2,Leaf,,Other", policy="overwrite", is_trial=True)
    assert [one["changes"] for one in run.report["samples"]] == [[["parent", "Root", "Other"]]]
    assert parents() == {"Leaf": "Root"}
    family("2,Leaf,,Other", policy="overwrite")
    assert parents() == {"Leaf": "Other"}


def test_taken_back_families_go_whole_and_stay_where_somebody_uses_them(family, add_firm, system):
    add_firm("Leaf", domain="leaf.example")
    before = held()
    run = family("1,Leaf,leaf.example,Branch", "2,Branch,,Root", "3,Root,,")
    assert parents() == {"Leaf": "Branch", "Branch": "Root"}
    assert revert_import(system, run.public_id) == {"companies": 2, "changes": 1, "kept": 0}
    assert (held(), parents()) == (before, {})

    run = family("4,Bud,,Bough", "5,Bough,,Trunk", "6,Trunk,,", "7,Weed,,Trunk")
    bud = Company.objects.get(name="Bud", deleted_at__isnull=True)
    change_company(system, bud.public_id, data=ChangeCompany(industry="Flowers"))
    assert revert_import(system, run.public_id) == {"companies": 1, "changes": 0, "kept": 3}
    assert parents() == {"Bud": "Bough", "Bough": "Trunk"}
