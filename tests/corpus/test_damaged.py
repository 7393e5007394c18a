"""Damaged files that look whole: what other programs lose, cut, swap or make up on the way. Each is
refused with the place, or taken with every loss told; what is taken is what the file meant."""

import codecs
import gzip
import io
import json
import tarfile
import zipfile
from datetime import UTC, datetime

import pytest

from tandem.kernel.errors import DomainError
from tandem.people.models import Company, Person
from tandem.records.models import ExternalId
from tests.corpus.workbooks import sheet, workbook

pytestmark = pytest.mark.django_db

HEAD = "Name,Email\n"
ANN, BEN = "Ann Bell,ann@bell.example\n", "Ben Bell,ben@bell.example\n"
TWO = HEAD + ANN + BEN
SHEET = [["Name", "Email"], ["Ann Bell", "ann@bell.example"], ["Ben Bell", "ben@bell.example"]]
UMLAUTS = HEAD + "Jürgen,j@b.example\nKäthe,k@b.example\nZoë,z@b.example\n"
CYRILLIC = HEAD + "Мария Иванова,m@b.example\nПётр Иванов,p@b.example\n"  # noqa: RUF001


def since(*days: str, zone: str = "") -> str:
    rows = (f"P{at},p{at}@b.example,{day}{zone}\n" for at, day in enumerate(days))
    return "Name,Email,Created\n" + "".join(rows)


def sized(*sizes: str) -> str:
    rows = (f'F{at},f{at}.example,"{size}"\n' for at, size in enumerate(sizes))
    return "Company name,Domain,Employees\n" + "".join(rows)


def days_of(moments: list[datetime]) -> list[str]:
    return [moment.astimezone(UTC).date().isoformat() for moment in moments]


def tar() -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as file:
        entry = tarfile.TarInfo("people.csv")
        entry.size = len(TWO)
        file.addfile(entry, io.BytesIO(TWO.encode()))
    return held.getvalue()


def archive_of(count: int) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        for at in range(count):
            file.writestr(f"xl/{at}", "")
    return held.getvalue()


FORMULA = (
    '<row r="4"><c r="A4" t="str"><f>B4&amp;""</f><v>Cid</v></c>'
    '<c r="B4" t="inlineStr"><is><t>c@b.example</t></is></c></row>'
)
UNSOLVED = (
    '<row r="4"><c r="A4"><f>CONCAT(C4,D4)</f></c>'
    '<c r="B4" t="inlineStr"><is><t>c@b.example</t></is></c></row>'
    '<row r="5"><c r="A5"><f>CONCAT(C5,D5)</f><v></v></c>'
    '<c r="B5" t="inlineStr"><is><t>d@b.example</t></is></c></row>'
)

# name: (file, name of the file, rows created / updated / skipped / failed, what is told)
TAKEN = {
    "mark of UTF-8 before a quoted name": (
        codecs.BOM_UTF8 + b'"Name","Email"\n"Ann","ann@bell.example"\n',
        "p.csv",
        (1, 0, 0, 0),
        {},
    ),
    "mark of UTF-16, big end first": (
        codecs.BOM_UTF16_BE + TWO.encode("utf-16-be"),
        "p.csv",
        (2, 0, 0, 0),
        {},
    ),
    "mark twice": (codecs.BOM_UTF8 * 2 + TWO.encode(), "p.csv", (2, 0, 0, 0), {}),
    "line ends of three kinds": (
        HEAD.replace("\n", "\r\n") + ANN + BEN.replace("\n", "\r") + "Cid,c@b.example\r\n",
        "p.csv",
        (3, 0, 0, 0),
        {},
    ),
    "two files behind each other": (
        TWO + TWO.replace("Ann", "Cid").replace("ann@", "cid@"),
        "p.csv",
        (3, 0, 1, 1),
        {"rows_of_one_person": (1, "5 = 2")},
    ),
    "Western letters": (UMLAUTS.encode("cp1252"), "p.csv", (3, 0, 0, 0), {}),
    "Cyrillic letters of Windows": (
        CYRILLIC.encode("cp1251"),
        "p.csv",
        (2, 0, 0, 0),
        {"strange_letters": (1, "line 1")},
    ),
    "Japanese letters of Windows": (
        (HEAD + "山田太郎,y@b.example\n表示,h@b.example\n").encode("shift-jis"),
        "p.csv",
        (2, 0, 0, 0),
        {"strange_letters": (1, "line 1")},
    ),
    "a cell of sixty thousand signs": (
        HEAD + ANN + f"{'x' * 60_000},c@b.example\n",
        "p.csv",
        (1, 0, 0, 1),
        {},
    ),
    "one column of mixed things": (
        "Email\nann@bell.example\nnonsense\n\nben@bell.example\n",
        "p.csv",
        (2, 0, 0, 1),
        {},
    ),
    "ten thousand empty lines": (TWO + "\n" * 10_000, "p.csv", (2, 0, 0, 0), {}),
    "sign of cells at the end of each line": (
        "Name,Email,\nAnn,ann@bell.example,\nBen,ben@bell.example,\n",
        "p.csv",
        (2, 0, 0, 0),
        {"nameless_columns": (1, "Column 3")},
    ),
    "names of columns three times": (
        "Email,Email,Email\na@b.example,b@b.example,c@b.example\n",
        "p.csv",
        (1, 0, 0, 0),
        {"duplicate_headers": (2, "Email (2)", "Email (3)")},
    ),
    "words of a database for nothing": (
        HEAD + "Null,null@b.example\nNone,none@b.example\nN/A,na@b.example\n",
        "p.csv",
        (3, 0, 0, 0),
        {},
    ),
    "formulas of all kinds as texts": (
        HEAD + "".join(f'"{sign}1+1",f{at}@b.example\n' for at, sign in enumerate("=+-@＝")),  # noqa: RUF001
        "p.csv",
        (5, 0, 0, 0),
        {},
    ),
    "two shifts that make up for each other": (
        "Name,Email,City,Note\nAnn,ann@b.example,Ulm,x\nBen,Jr,ben@b.example,Ulm\n",
        "p.csv",
        (1, 0, 0, 1),
        {},
    ),
    "days of a spreadsheet among written ones": (
        since("45322", "01.02.2024"),
        "p.csv",
        (2, 0, 0, 0),
        {},
    ),
    "days in words": (
        since("31. Januar 2024", "Jan 5 2024", "2024-01-31"),
        "p.csv",
        (3, 0, 0, 0),
        {"left_out": (2, "row 1", "row 2")},
    ),
    "days in two orders": (
        since("31/01/2024", "01/31/2024", "02/03/2024"),
        "p.csv",
        (3, 0, 0, 0),
        {"left_out": (1, "row 2")},
    ),
    "days that do not exist": (
        since("30.02.2024", "29.02.2100", "29.02.2024", "00.01.2024", "01.01.0000"),
        "p.csv",
        (5, 0, 0, 0),
        {"left_out": (4, "row 1", "row 2", "row 4")},
    ),
    "years beyond all bounds": (
        since("9999-12-31", "10000-01-01", "2024-01-31"),
        "p.csv",
        (3, 0, 0, 0),
        {"left_out": (1, "row 2")},
    ),
    "digits of other scripts": (
        since("٢٠٢٤-٠١-٣١", "2024-01-31"),  # noqa: RUF001
        "p.csv",
        (2, 0, 0, 0),
        {},
    ),
    "ranges that became days": (
        sized("1-10", "11-Sep", "Okt 12", "2024-09-11", "51-200"),
        "companies.csv",
        (5, 0, 0, 0),
        {"left_out": (3, "row 2", "row 3", "row 4")},
    ),
    "companies whose domain cannot be read": (
        "Company name,Domain\nBell,bell.example\nFern,see below\n,no website\n",
        "companies.csv",
        (2, 0, 0, 1),
        {"known_by_name": (1, "row 2"), "left_out": (1, "row 2")},
    ),
    "workbook counted from 1904": (
        workbook(
            {"P": sheet([["Name", "Email", "Created"], ["Ann", "a@b.example", (43_860,)]])},
            from_1904=True,
        ),
        "p.xlsx",
        (1, 0, 0, 0),
        {},
    ),
    "workbook with formulas that are worked out": (
        workbook({"P": sheet(SHEET, more=FORMULA)}),
        "p.xlsx",
        (3, 0, 0, 0),
        {},
    ),
    "workbook with formulas that were never worked out": (
        workbook({"P": sheet(SHEET, more=UNSOLVED)}),
        "p.xlsx",
        (4, 0, 0, 0),
        {"formulas_without_value": (2, "cell A4", "cell A5")},
    ),
    "workbook with numbers as names": (
        workbook({"P": sheet([["Name", "Email"], [4711, "a@b.example"], [1.5, "b@b.example"]])}),
        "p.xlsx",
        (2, 0, 0, 0),
        {},
    ),
    "fields that first come far below": (
        '{"name":"A","email":"a@b.example"}\n' * 1000
        + '{"name":"B","email":"b@b.example","phone":"+49 30 123456"}\n',
        "p.jsonl",
        (2, 0, 999, 0),
        {
            "late_fields": (1, "row 1001: phone"),
            "rows_of_one_person": (999, "2 = 1", "3 = 1", "4 = 1", "5 = 1", "6 = 1"),
        },
    ),
    "JSON with lists and objects in cells": (
        '{"name":"Ann","email":["a@b.example","a2@b.example"],"tags":{"a":1}}\n',
        "p.jsonl",
        (1, 0, 0, 0),
        {},
    ),
}

# name: (file, name of the file, code of the refusal, words of it)
REFUSED = {
    "mark of UTF-32": (
        codecs.BOM_UTF32_LE + TWO.encode("utf-32-le"),
        "p.csv",
        "file_damaged",
        "not in the encoding that it begins with",
    ),
    "UTF-16 that ends in half a letter": (
        codecs.BOM_UTF16_LE + TWO.encode("utf-16-le")[:-1],
        "p.csv",
        "file_damaged",
        "not in the encoding",
    ),
    "UTF-8 that ends in half a letter": (
        (UMLAUTS + "Zoë").encode()[:-1],
        "p.csv",
        "file_damaged",
        "Line 5 is not in the encoding of the others",
    ),
    "one line of another encoding": (
        UMLAUTS.encode() + "Bjørn,bj@b.example\n".encode("latin-1") + BEN.encode(),
        "p.csv",
        "file_damaged",
        "Line 5 is not in the encoding of the others",
    ),
    "one byte of zero": (
        (TWO * 40).replace("Ben Bell", "Ben\0Bell", 1).encode(),
        "p.csv",
        "file_damaged",
        "Line 3 holds a character that no text can hold",
    ),
    "ten thousand columns": (
        ",".join(f"c{at}" for at in range(10_000)) + "\n" + "," * 9_999 + "\n",
        "p.csv",
        "file_unreadable",
        "more than 200 columns",
    ),
    "table in a packed archive": (tar(), "p.tar.gz", "file_unreadable", "binary"),
    "packed twice": (
        gzip.compress(gzip.compress(TWO.encode())),
        "p.csv.gz",
        "file_unreadable",
        "binary",
    ),
    "packed nothing": (gzip.compress(b""), "p.csv.gz", "file_empty", "no rows"),
    "packed with something behind": (
        gzip.compress(TWO.encode()) + b"\x01\x02",
        "p.csv.gz",
        "file_damaged",
        "cut off or broken",
    ),
    "packed and changed in the middle": (
        bytes(
            byte ^ (at == 30) for at, byte in enumerate(gzip.compress(TWO.encode() * 9, mtime=0))
        ),
        "p.csv.gz",
        "file_damaged",
        "broken",
    ),
    "document": (b"%PDF-1.4\n" + bytes(range(1, 256)) * 20, "p.csv", "file_unreadable", ""),
    "letter": ("Dear Ann,\nthank you for coming.\n", "p.csv", "column_missing", "No column"),
    "workbook of a thousand parts": (archive_of(2_001), "p.xlsx", "file_too_large", ""),
    "workbook with a declaration": (
        workbook({"P": sheet(SHEET).replace("<worksheet", "<!DOCTYPE x><worksheet", 1)}),
        "p.xlsx",
        "file_unreadable",
        "declares",
    ),
    "JSON in which a name stands twice": (
        '{"name":"Ann","name":"Ben"}\n',
        "p.jsonl",
        "file_damaged",
        "Line 1",
    ),
    "JSON with no number": (
        '{"name":"Ann","email":"a@b.example"}\n{"name":"Ben","shoe":NaN}\n',
        "p.jsonl",
        "file_damaged",
        "Line 2",
    ),
    "quote that opens in the last row": (TWO + '"', "p.csv", "file_damaged", "Line 4 opens a"),
}


def kind_of(name: str) -> str:
    return "companies" if name.startswith("companies") else "people"


@pytest.mark.parametrize("case", TAKEN)
def test_what_is_taken_is_told_whole(load, case):
    content, name, expected, told = TAKEN[case]
    report = load(content, name, kind_of(name)).report
    found = tuple(report[key] for key in ("created", "updated", "skipped", "failed"))
    warnings = {one["code"]: (one["count"], *one["examples"]) for one in report["warnings"]}
    assert (found, warnings) == (expected, told)
    assert report["rows"] == sum(expected)
    model = Company if kind_of(name) == "companies" else Person
    assert model.objects.count() == expected[0]


# name: (file, name of the file, what is said of it, names of the people in it)
SAID = {
    "Cyrillic letters of Windows": (
        CYRILLIC.encode("cp1251"),
        "p.csv",
        {"encoding": "cp1251"},
        ["Мария Иванова", "Пётр Иванов"],
    ),
    "Japanese letters of Windows": (
        (HEAD + "表示,h@b.example\n").encode("cp932"),
        "p.csv",
        {"encoding": "cp932"},
        ["表示"],
    ),
    "Chinese letters, packed": (
        gzip.compress((HEAD + "丂北,b@b.example\n").encode("gb18030")),
        "p.csv.gz",
        {"encoding": "gb18030"},
        ["丂北"],
    ),
    "UTF-8 behind its mark, said": (
        codecs.BOM_UTF8 + UMLAUTS.encode(),
        "p.csv",
        {"encoding": "utf-8"},
        ["Jürgen", "Käthe", "Zoë"],
    ),
    "UTF-16 without a mark, said": (
        UMLAUTS.encode("utf-16-be"),
        "p.csv",
        {"encoding": "utf-16"},
        ["Jürgen", "Käthe", "Zoë"],
    ),
    "colons between the cells": (
        TWO.replace(",", ":"),
        "p.csv",
        {"delimiter": "colon"},
        ["Ann Bell", "Ben Bell"],
    ),
    "more semicolons than the bars that part the cells": (
        "Name|Email\nBell; Ann; Dr|ann@bell.example\nBell; Ben; Dr|ben@bell.example\n",
        "p.csv",
        {"delimiter": "pipe"},
        ["Bell; Ann; Dr", "Bell; Ben; Dr"],
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_a_file_is_read_as_is_said_of_it(load, case):
    content, name, said, names = SAID[case]
    report = load(content, name, **said).report
    assert [report["created"], report["failed"]] == [len(names), 0]
    assert report["warnings"] == []
    assert "encoding" not in report["assumed"]
    assert list(Person.objects.order_by("pk").values_list("name", flat=True)) == names


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (UMLAUTS.encode("cp1252"), "utf-8"),
        (UMLAUTS.encode("cp1252"), "cp932"),
        ((HEAD + "北京,b@b.example\n").encode("gb18030") + b"\x81", "gb18030"),
        (UMLAUTS.encode("utf-16-le")[:-1], "utf-16"),
    ],
)
def test_a_file_that_is_not_what_is_said_of_it_is_refused(load, content, said):
    with pytest.raises(DomainError) as refused:
        load(content, "p.csv", encoding=said)
    assert refused.value.code == "file_unreadable"
    assert [one.field for one in refused.value.errors] == ["encoding"]
    assert not Person.objects.exists()


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_has_changed_nothing(load, case):
    content, name, code, words = REFUSED[case]
    with pytest.raises(DomainError) as refused:
        load(content, name)
    assert (refused.value.code, words in str(refused.value)) == (code, True), str(refused.value)
    assert not Person.objects.exists()


# --- what is taken is what the file meant ---------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "days"),
    [
        ("workbook counted from 1904", ["2024-01-31"]),
        ("days of a spreadsheet among written ones", ["2024-01-31", "2024-02-01"]),
        ("digits of other scripts", ["2024-01-31", "2024-01-31"]),
    ],
)
def test_days_are_those_of_the_file(load, case, days):
    content, name, *_rest = TAKEN[case]
    load(content, name)
    moments = list(Person.objects.order_by("pk").values_list("created_at", flat=True))
    assert days_of(moments) == days


def test_letters_and_signs_are_kept(load):
    for case in ("Western letters", "formulas of all kinds as texts", "mark twice"):
        load(*TAKEN[case][:2])
    names = list(Person.objects.order_by("pk").values_list("name", flat=True))
    assert names == [
        *("Jürgen", "Käthe", "Zoë"),
        *("=1+1", "+1+1", "-1+1", "@1+1", "＝1+1"),  # noqa: RUF001
        *("Ann Bell", "Ben Bell"),
    ]


def test_large_numbers_of_json_keep_their_digits(load):
    record = {"name": "Ann", "external_id": 0}
    raw = json.dumps(record).replace(": 0}", ": 12345678901234567890.10}")
    report = load(raw + "\n", "p.jsonl").report
    assert report["created"] == 1
    assert ExternalId.objects.get().value == "12345678901234567890.10"
