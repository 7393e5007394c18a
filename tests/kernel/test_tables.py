"""Files as tables: what is whole is read, what is not is refused before the first row."""

import gzip
import json

import pytest

from tandem.kernel.damage import FileDamaged, FileEmpty, FileTooLarge, FileUnreadable, Findings
from tandem.kernel.delimited import DELIMITERS
from tandem.kernel.tables import ENCODINGS, rows, sample_of, survey

PLAIN = "no,price\n1,2.5\n2,3.5\n"


def packed(content: bytes) -> bytes:
    """Pack without the time of day, which would name the cases differently in each worker."""
    return gzip.compress(content, mtime=0)


@pytest.fixture
def put(tmp_path):
    def write(content, name="orders.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def read(path):
    found = survey(path)
    return [list(row) for _first, batch in rows(path, found) for row in batch]


@pytest.mark.parametrize(
    ("content", "name", "delimiter", "encoding"),
    [
        (PLAIN, "a.csv", ",", "utf-8"),
        (PLAIN.replace(",", ";"), "a.csv", ";", "utf-8"),
        (PLAIN.replace(",", "\t"), "a.tsv", "\t", "utf-8"),
        (PLAIN.replace("\n", "\r\n"), "a.csv", ",", "utf-8"),
        (b"\xef\xbb\xbf" + PLAIN.encode(), "a.csv", ",", "utf-8-sig"),
        (PLAIN.encode("utf-16"), "a.csv", ",", "utf-16"),
        (packed(PLAIN.encode()), "a.csv.gz", ",", "utf-8"),
        (packed(PLAIN.encode()), "renamed.csv", ",", "utf-8"),
        ("no,price\n\n1,2.5\n\n2,3.5", "a.csv", ",", "utf-8"),
    ],
)
def test_a_table_is_read_however_it_is_written(put, content, name, delimiter, encoding):
    path = put(content, name)
    found = survey(path)
    assert (found.delimiter, found.encoding, found.header) == (delimiter, encoding, ("no", "price"))
    assert read(path) == [["1", "2.5"], ["2", "3.5"]]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (PLAIN, "a.csv"),
        (PLAIN.rstrip("\n"), "a.csv"),
        ('{"no": 1}\n{"no": 2}\n', "a.jsonl"),
        ("ann@example.com,Ann\nbo@example.com,Bo\n", "a.csv"),
    ],
)
def test_how_many_rows_there_are_is_known_before_they_are_read(put, content, name):
    assert survey(put(content, name)).rows == 2


def test_quotes_keep_delimiters_and_line_breaks(put):
    assert read(put('no,text\n1,"a, ""b""\nc"\n')) == [["1", 'a, "b"\nc']]


def test_an_old_encoding_is_recognised(put):
    path = put("no,name\n1,Käthe\n".encode("cp1252"))
    assert survey(path).encoding == "cp1252"
    assert read(path) == [["1", "Käthe"]]


def test_json_lines_are_a_table_too(put):
    lines = [{"no": 1, "price": 2.5}, {"price": None, "no": "2"}]
    path = put("\n".join(json.dumps(line) for line in lines), "a.jsonl")
    assert survey(path).header == ("no", "price")
    assert read(path) == [["1", "2.5"], ["2", ""]]


def test_rows_carry_their_number(put):
    path = put("no\n" + "".join(f"{n}\n" for n in range(50)))
    found = survey(path)
    assert [first for first, _batch in rows(path, found, chunk=20)] == [1, 21, 41]
    assert len(sample_of(path, found, limit=7)) == 7


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_file_is_read_in_the_encoding_that_is_said(put, encoding):
    path = put("no,name\n1,Ann\n".encode(encoding))
    found = survey(path, encoding=encoding)
    assert [list(row) for _first, batch in rows(path, found) for row in batch] == [["1", "Ann"]]


@pytest.mark.parametrize(("name", "sign"), DELIMITERS.items())
def test_a_file_is_cut_by_the_sign_that_is_said(put, name, sign):
    path = put(f"no{sign}name\n1{sign}Ann\n")
    assert survey(path, delimiter=name).header == ("no", "name")


@pytest.mark.parametrize("chunk", [1, 2, 3])
@pytest.mark.parametrize(
    ("content", "found", "told"),
    [
        ("1\n2,3.5\n3\n", [["1", ""], ["2", "3.5"], ["3", ""]], {"short_rows": 2}),
        (
            "1\n2,3.5\n3",
            [["1", ""], ["2", "3.5"], ["3", ""]],
            {"short_rows": 1, "ends_short": 1},
        ),
        (
            "1,2.5\n2,3.5\n3",
            [["1", "2.5"], ["2", "3.5"], ["", ""]],
            {"shifted_columns": 1, "cut_off": 1},
        ),
    ],
)
def test_a_short_row_is_filled_up_unless_the_file_ends_within(put, chunk, content, found, told):
    path = put(f"no,price\n{content}")
    findings = Findings()
    batches = list(rows(path, survey(path), chunk=chunk, findings=findings))
    assert [row for _first, batch in batches for row in batch] == found
    assert {one.code: one.count for one in findings.told()} == told


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", FileEmpty),
        (b"\n\n", FileEmpty),
        (packed(PLAIN.encode() * 99)[:-20], FileDamaged),
        (packed(PLAIN.encode() * 99)[:40], FileDamaged),
        (packed(b"a,b\n" + b"0" * 4_000_000), FileTooLarge),
        (b"PK\x03\x04rest", FileUnreadable),
        (b"a,b\n\x00\x01\x02,3\n", FileUnreadable),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(1, 200)), FileUnreadable),
        (",".join(f"c{n}" for n in range(201)).encode(), FileUnreadable),
    ],
)
def test_what_is_no_whole_table_is_refused(put, content, refusal):
    with pytest.raises(refusal):
        survey(put(content))


def test_a_broken_checksum_is_found_before_the_first_row(put):
    broken = bytearray(packed(PLAIN.encode() * 99))
    broken[-6] ^= 0xFF
    with pytest.raises(FileDamaged):
        survey(put(bytes(broken)))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("no,price\n1,2,3\n", "Row 1 and most others have more or fewer cells"),
        ('no,price\n1,2\n1,"2\n3,4\n', "Line 3 opens a quote .* up to line 4"),
        ('no,price\n1,2\n1,"2"x\n', "Line 3 is quoted wrongly"),
        ("no\n" + "x" * 70_000, "quoted wrongly"),
    ],
)
def test_a_broken_row_is_named(put, content, words):
    path = put(content)
    found = survey(path)
    with pytest.raises(FileDamaged, match=words):
        list(rows(path, found))
