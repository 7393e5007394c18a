"""Files that are odd in shape: what is taken of each, and what its owner is told, code for code."""

import gzip
import json

import pytest

from tandem.kernel.errors import DomainError
from tandem.people.models import Person
from tests.corpus.workbooks import sheet, workbook

pytestmark = pytest.mark.django_db

HEAD = "Name,Email\n"
ANN, BEN = "Ann Bell,ann@bell.example\n", "Ben Bell,ben@bell.example\n"
TWO = HEAD + ANN + BEN
LINES = ["Ann Bell,ann@bell.example", "Ben Bell,ben@bell.example"]
SHEET = [["Name", "Email"], ["Ann Bell", "ann@bell.example"], ["Ben Bell", "ben@bell.example"]]
LIST = [{"name": "Ann Bell", "email": "ann@bell.example"}, {"name": "Ben", "email": "b@b.example"}]

# name: (file, name of the file, rows created / updated / skipped / failed, what is told)
TAKEN = {
    "carets": (TWO.replace(",", "^"), "p.csv", (2, 0, 0, 0), {}),
    "tildes": (TWO.replace(",", "~"), "p.txt", (2, 0, 0, 0), {}),
    "unit separators": (TWO.replace(",", "\x1f"), "p.txt", (2, 0, 0, 0), {}),
    "line that says the delimiter": ("sep=;\n" + TWO.replace(",", ";"), "p.csv", (2, 0, 0, 0), {}),
    "only carriage returns": (TWO.replace("\n", "\r"), "p.csv", (2, 0, 0, 0), {}),
    "utf16 without mark": (TWO.encode("utf-16-le"), "p.csv", (2, 0, 0, 0), {}),
    "utf16 big endian": (TWO.encode("utf-16-be"), "p.csv", (2, 0, 0, 0), {}),
    "apostrophes as quotes": (
        "'Name','Email'\n'Bell, Ann','ann@bell.example'\n",
        "p.csv",
        (1, 0, 0, 0),
        {},
    ),
    "backslashes before quotes": (
        'Name,Email\n"Ann \\"A\\" Bell","ann@bell.example"\n"Ben","b@b.example"\n',
        "p.csv",
        (2, 0, 0, 0),
        {},
    ),
    "all rows quoted whole": (
        "".join(f'"{line}"\n' for line in ["Name,Email", *LINES]),
        "p.csv",
        (2, 0, 0, 0),
        {"rows_quoted_whole": (2, "line 2", "line 3")},
    ),
    "all but the names quoted whole": (
        HEAD + "".join(f'"{line}"\n' for line in LINES),
        "p.csv",
        (2, 0, 0, 0),
        {"rows_quoted_whole": (2, "line 2", "line 3")},
    ),
    "one row quoted whole": (
        HEAD + ANN + f'"{LINES[1]}"\n',
        "p.csv",
        (2, 0, 0, 0),
        {"rows_quoted_whole": (1, "line 3")},
    ),
    "shifted by a comma in a name": (
        TWO + "Cid,Dr,cid@bell.example\n",
        "p.csv",
        (2, 0, 0, 1),
        {"shifted_columns": (1, "line 4: 3 cells for 2 columns")},
    ),
    "shifted by decimal commas": (
        "Name,Email,Worth\nAnn,a@b.example,1\nBen,b@b.example,2,50\nCid,c@b.example,3\n",
        "p.csv",
        (2, 0, 0, 1),
        {"shifted_columns": (1, "line 3: 4 cells for 3 columns")},
    ),
    "empty cells behind the last": (HEAD + ANN.replace("\n", ",,\n"), "p.csv", (1, 0, 0, 0), {}),
    "row that ends before empty cells": (
        TWO + "Cid\n",
        "p.csv",
        (3, 0, 0, 0),
        {
            "short_rows": (1, "line 4: 1 cells for 2 columns"),
            "people_without_key": (1, "Cid"),
        },
    ),
    "rows whose last empty cells were left off": (
        "Email,Name,Phone,Shoe,Note\nann@bell.example,Ann\n"
        "ben@bell.example,Ben,+49 30 123456,42,x\n"
        "cid@bell.example\ndan@bell.example,Dan,,43\n",
        "p.csv",
        (4, 0, 0, 0),
        {
            "short_rows": (
                3,
                "line 2: 2 cells for 5 columns",
                "line 4: 1 cells for 5 columns",
                "line 5: 4 cells for 5 columns",
            )
        },
    ),
    "a column that no row reaches": (
        TWO.replace("Email\n", "Email,Note\n"),
        "p.csv",
        (2, 0, 0, 0),
        {
            "short_rows": (
                2,
                "line 2: 2 cells for 3 columns",
                "line 3: 2 cells for 3 columns",
            )
        },
    ),
    "short row that lacks a cell in the middle": (
        "Name,Email,Phone,City\nAnn,ann@bell.example,,Ulm\nBen,Ulm\nCid,cid@bell.example,,Jena\n",
        "p.csv",
        (2, 0, 0, 1),
        {"shifted_columns": (1, "line 3: 2 cells for 4 columns")},
    ),
    "short row that lacks its first cell": (
        TWO + "cid@bell.example\n",
        "p.csv",
        (2, 0, 0, 1),
        {"shifted_columns": (1, "line 4: 1 cells for 2 columns")},
    ),
    "short row in which figures stand under words": (
        "Name,Email,City,Code\n"
        + "".join(f"P{n},p{n}@b.example,Ulm,890{n % 10}\n" for n in range(10))
        + "Cid,cid@bell.example,89073\n",
        "p.csv",
        (10, 0, 0, 1),
        {"shifted_columns": (1, "line 12: 3 cells for 4 columns")},
    ),
    "cut off in the last row": (
        TWO + "Cid Be",
        "p.csv",
        (2, 0, 0, 1),
        {"shifted_columns": (1, "line 4: 1 cells for 2 columns"), "cut_off": (1, "the last line")},
    ),
    "last row without its empty end, as others have": (
        "Name,Email,Phone,Note\nAnn,ann@bell.example,+49 30 123456,seen\n"
        "Ben,ben@bell.example,+49 30 123457,\nCid,cid@bell.example,+49 30 123458",
        "p.csv",
        (3, 0, 0, 0),
        {"ends_short": (1, "line 4: 3 cells for 4 columns")},
    ),
    "last row that ends where others say something": (
        "Name,Email,Phone,Note\nAnn,ann@bell.example,+49 30 123456,seen\n"
        "Ben,ben@bell.example,+49 30 123457,seen\nCid,cid@bell.example,+49 30 123458",
        "p.csv",
        (2, 0, 0, 1),
        {"shifted_columns": (1, "line 4: 3 cells for 4 columns"), "cut_off": (1, "the last line")},
    ),
    "rows swallowed by two stray quotes": (
        TWO + '"Cid,c@b.example\nDan,d@b.example\nEve","e@b.example"\n',
        "p.csv",
        (2, 0, 0, 1),
        {"swallowed_rows": (1, "line 4")},
    ),
    "line of many rows below a blank one": (
        TWO.replace("Ben", "\n\nBen") + "Cid,Dr,cid@bell.example\n",
        "p.csv",
        (2, 0, 0, 1),
        {"shifted_columns": (1, "line 6: 3 cells for 2 columns")},
    ),
    "two columns of one name": (
        "Email,Name,Email\na@b.example,Ann,a2@b.example\n",
        "p.csv",
        (1, 0, 0, 0),
        {"duplicate_headers": (1, "Email (2)")},
    ),
    "columns without names": (
        "Name,Email,,\nAnn,a@b.example,1,2\n",
        "p.csv",
        (1, 0, 0, 0),
        {"nameless_columns": (2, "Column 3", "Column 4")},
    ),
    "title above the names": (
        "Contacts of May\n\n" + TWO,
        "p.csv",
        (2, 0, 0, 0),
        {"lines_above_header": (2, "line 1")},
    ),
    "numbers of a spreadsheet": (
        "Name,Email,Phone\nAnn,a@b.example,4.91E+11\nBen,b@b.example,+493012345678\n",
        "p.csv",
        (2, 0, 0, 0),
        {"shortened_numbers": (1, "row 1"), "left_out": (1, "row 1")},
    ),
    "letters encoded twice": (
        HEAD + "JÃ¼rgen,j@b.example\nRenÃ©,r@b.example\n",
        "p.csv",
        (2, 0, 0, 0),
        {"twice_encoded": (2, "row 1", "row 2")},
    ),
    "letters lost": (
        HEAD + "J\ufffdrgen,j@b.example\n",
        "p",
        (1, 0, 0, 0),
        {"lost_letters": (1, "row 1")},
    ),
    "a capital A with tilde": (HEAD + "JoÃo,j@b.example\n", "p.csv", (1, 0, 0, 0), {}),
    "list of JSON": (json.dumps(LIST), "p.json", (2, 0, 0, 0), {}),
    "list of JSON, one to a line": (
        "[\n" + ",\n".join(map(json.dumps, LIST)) + "\n]\n",
        "p.json",
        (2, 0, 0, 0),
        {},
    ),
    "list of JSON, packed": (
        gzip.compress(json.dumps(LIST).encode()),
        "p.json.gz",
        (2, 0, 0, 0),
        {},
    ),
    "JSON with nothing in a text": (
        '{"name":"An\\u0000n","email":"a@b.example"}\n',
        "p.jsonl",
        (1, 0, 0, 0),
        {"mended_text": (1, "row 1"), "lost_letters": (1, "row 1")},
    ),
    "JSON with half a letter": (
        '{"name":"Ann \\ud83d","email":"a@b.example"}\n',
        "p.jsonl",
        (1, 0, 0, 0),
        {"mended_text": (1, "row 1")},
    ),
    "workbook": (workbook({"People": sheet(SHEET)}), "p.xlsx", (2, 0, 0, 0), {}),
    "workbook, packed": (
        gzip.compress(workbook({"P": sheet(SHEET)})),
        "p.xlsx.gz",
        (2, 0, 0, 0),
        {},
    ),
    "workbook under another name": (workbook({"P": sheet(SHEET)}), "p.csv", (2, 0, 0, 0), {}),
    "workbook of two sheets": (
        workbook({"Empty": sheet([]), "P": sheet(SHEET), "Old": sheet(SHEET)}),
        "p.xlsx",
        (2, 0, 0, 0),
        {"other_sheets": (1, "Old")},
    ),
    "workbook with a hidden sheet": (
        workbook({"Old": sheet(SHEET[:2]), "P": sheet(SHEET)}, hidden=["Old"]),
        "p.xlsx",
        (2, 0, 0, 0),
        {"hidden_sheets": (1, "Old")},
    ),
    "workbook with errors": (
        workbook({"P": sheet([*SHEET, ["#REF!", "cid@bell.example"]])}),
        "p.xlsx",
        (3, 0, 0, 0),
        {"error_cells": (1, "cell A4")},
    ),
    "workbook that claims a million columns": (
        workbook({"P": sheet(SHEET, claims="A1:XFD1048576")}),
        "p.xlsx",
        (2, 0, 0, 0),
        {},
    ),
    "workbook with merged cells": (
        workbook(
            {"P": sheet([*SHEET, ["Bell", "c@b.example"], [None, "d@b.example"]], merged=["A4:A5"])}
        ),
        "p.xlsx",
        (4, 0, 0, 0),
        {"merged_cells": (1, "row 4")},
    ),
}

# name: (file, name of the file, code of the refusal, words with the place)
REFUSED = {
    "quote never closed": (
        TWO + '"Cid,c@b.example\nDan,d@b.example\n',
        "p.csv",
        "file_damaged",
        "Line 4 opens a quote that is never closed: it swallows the file up to line 5",
    ),
    "quote in the middle": (
        TWO + '"Cid "C" Bell",c@b.example\n',
        "p.csv",
        "file_damaged",
        "Line 4 is quoted wrongly",
    ),
    "cell without end": (
        HEAD + ANN + f"{'x' * 70_000},c@b.example\n",
        "p.csv",
        "file_damaged",
        "line 3",
    ),
    "another encoding below": (
        (HEAD + ANN * 5000).encode() + "Käthe,k@b.example\n".encode("utf-16-le"),
        "p.csv",
        "file_unreadable",
        "binary",
    ),
    "list of JSON that is cut off": (json.dumps(LIST)[:-1], "p.json", "file_damaged", "record 2"),
    "list of JSON cut in a record": (json.dumps(LIST)[:-9], "p.json", "file_damaged", "Record 2"),
    "list of JSON with something behind": (
        json.dumps(LIST) + "[]",
        "p.json",
        "file_damaged",
        "behind the list",
    ),
    "list of JSON of lists": ('[{"name":"A"},[1]]', "p.json", "file_damaged", "Record 2"),
    "list of nothing": ("[]", "p.json", "file_empty", "no rows"),
    "JSON without bottom": ('{"a":' * 100_000, "p.jsonl", "file_damaged", "Line 1"),
    "workbook cut off": (
        workbook({"P": sheet(SHEET)})[:-30],
        "p.xlsx",
        "file_damaged",
        "cut off or broken",
    ),
    "workbook with a cell far away": (
        workbook({"P": sheet(SHEET, more='<row r="9999999"><c r="XFD9999999"><v>1</v></c></row>')}),
        "p.xlsx",
        "file_too_large",
        "far from the others",
    ),
    "workbook that is a bomb": (
        workbook({"P": sheet(SHEET)}, extra={"xl/media/a.bin": b"\0" * 80_000_000}),
        "p.xlsx",
        "file_too_large",
        "too large",
    ),
    "empty workbook": (workbook({"P": sheet([])}), "p.xlsx", "file_empty", "no rows"),
    "workbook of an old kind": (
        b"\xd0\xcf\x11\xe0" + b"\0" * 512,
        "p.xls",
        "file_unreadable",
        "XLSX",
    ),
    "web page": ("<html><body>Sign in</body></html>", "p.csv", "column_missing", "No column"),
}


@pytest.mark.parametrize("case", TAKEN)
def test_what_is_odd_is_taken_and_told(load, case):
    content, name, expected, told = TAKEN[case]
    report = load(content, name).report
    found = tuple(report[key] for key in ("created", "updated", "skipped", "failed"))
    assert (found, report["rows"]) == (expected, sum(expected))
    assert Person.objects.count() == expected[0]
    warnings = {one["code"]: (one["count"], *one["examples"]) for one in report["warnings"]}
    assert warnings == told


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_broken_is_refused_with_the_place(load, case):
    content, name, code, words = REFUSED[case]
    with pytest.raises(DomainError) as refused:
        load(content, name)
    assert refused.value.code == code
    assert words in str(refused.value)
    assert not Person.objects.exists()
