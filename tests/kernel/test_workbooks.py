"""Workbooks as tables: what a sheet shows is what is read, and none can fill the memory."""

import gzip

import pytest

from tandem.kernel.damage import FileDamaged, FileEmpty, FileTooLarge, FileUnreadable, Findings
from tandem.kernel.tables import rows, survey
from tests.corpus.workbooks import sheet, workbook

HEAD = ["Name", "When", "Worth"]
FAR = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'


@pytest.fixture
def put(tmp_path):
    def write(content, name="people.xlsx"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def read(path):
    findings = Findings()
    found = survey(path)
    batches = [batch for _first, batch in rows(path, found, findings=findings)]
    told = {one.code: (one.count, *one.places) for one in (*found.found, *findings.told())}
    return found, [list(row) for batch in batches for row in batch], told


def test_days_are_days_and_numbers_are_not_mangled(put):
    days: list[list[object]] = [
        ["Ann", (45322,), 12.5],
        ["Ben", (45322.4375,), 0.1 + 0.2],
        [True, None, 491701234567],
    ]
    found, read_rows, told = read(put(workbook({"People": sheet([HEAD, *days])})))
    assert (found.kind, found.sheet, found.header) == ("xlsx", "People", tuple(HEAD))
    assert read_rows == [
        ["Ann", "2024-01-31", "12.5"],
        ["Ben", "2024-01-31 10:30:00", "0.3"],
        ["true", "", "491701234567"],
    ]
    assert told == {}


def test_days_of_a_workbook_that_counts_from_1904(put):
    content = workbook({"P": sheet([HEAD, ["Ann", (45322 - 1462,), 1]])}, from_1904=True)
    assert read(put(content))[1] == [["Ann", "2024-01-31", "1"]]


def test_the_first_sheet_that_is_shown_and_filled_is_read_and_the_others_named(put):
    full = sheet([["Name", "Mail"], ["Ann", "a@b.example"]])
    content = workbook(
        {"Notes": sheet([]), "Secret": full, "People": full, "Old": full}, hidden=["Secret"]
    )
    found, read_rows, told = read(put(content))
    assert (found.sheet, len(read_rows)) == ("People", 1)
    assert told == {"hidden_sheets": (1, "Secret"), "other_sheets": (1, "Old")}


def test_a_title_above_the_names_empty_rows_and_cells_behind_are_passed_over(put):
    content = sheet(
        [["Our contacts"], [], ["Name", "Mail", None], ["Ann", "a@b.example", None], []]
    )
    found, read_rows, told = read(put(workbook({"P": content})))
    assert (found.header, read_rows) == (("Name", "Mail"), [["Ann", "a@b.example"]])
    assert told == {"lines_above_header": (2, "sheet P")}


def test_errors_are_empty_and_merged_cells_hold_for_each_row(put):
    content = sheet(
        [["Company", "Name"], ["Acme", "Ann"], [None, "Ben"], ["#N/A", "Cid"], ["Bell", "#REF!"]],
        merged=["A2:A3"],
    )
    _found, read_rows, told = read(put(workbook({"P": content})))
    assert read_rows == [["Acme", "Ann"], ["Acme", "Ben"], ["", "Cid"], ["Bell", ""]]
    assert told == {
        "merged_cells": (1, "row 2"),
        "error_cells": (2, "cell A4", "cell B5"),
    }


def test_a_sheet_may_claim_what_it_likes(put):
    content = sheet([HEAD, ["Ann", None, 1]], claims="A1:XFD1048576")
    assert read(put(workbook({"P": content})))[1] == [["Ann", "", "1"]]


def test_a_packed_workbook_is_one(put):
    packed = gzip.compress(workbook({"P": sheet([HEAD, ["Ann", None, 1]])}), mtime=0)
    assert read(put(packed, "p.xlsx.gz"))[1] == [["Ann", "", "1"]]


def test_a_sheet_without_names_has_numbered_columns(put):
    content = sheet([["Ann", "ann@b.example"], ["Ben", "ben@b.example"]])
    found, read_rows, told = read(put(workbook({"P": content})))
    assert found.header == ("Column 1", "Column 2")
    assert read_rows == [["Ann", "ann@b.example"], ["Ben", "ben@b.example"]]
    assert told == {"no_header": (1, "row 1")}


ENTITIES = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><worksheet/>'


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (workbook({"P": sheet([HEAD], more=FAR)}), FileTooLarge),
        (workbook({"P": sheet([HEAD], more=FAR.replace('"', "'"))}), FileTooLarge),
        (workbook({"P": sheet([HEAD])}, extra={"xl/media/a": b"0" * 90_000_000}), FileTooLarge),
        (workbook({"P": sheet([HEAD])}, extra={f"xl/{n}": b"" for n in range(2001)}), FileTooLarge),
        (workbook({"P": sheet([])}), FileEmpty),
        (workbook({"P": ENTITIES}), FileUnreadable),
        (workbook({"P": sheet([HEAD])})[:-40], FileDamaged),
        (workbook({"P": sheet([HEAD])[:-30]}), FileDamaged),
        (workbook({"P": "no sheet"}), FileUnreadable),
        (workbook({}), FileUnreadable),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, FileUnreadable),
    ],
    ids=range(11),
)
def test_what_is_no_whole_workbook_is_refused(put, content, refusal):
    with pytest.raises(refusal):
        read(put(content))
