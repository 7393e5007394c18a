"""Odd and damaged files of people: each is refused whole or taken row by row, as said here.

The files are made here, a few lines each. What is refused has changed nothing.
"""

import codecs
import gzip
import io
import zipfile

import pytest

from tandem.kernel.errors import DomainError
from tandem.people.models import Person

pytestmark = pytest.mark.django_db

HEAD = "Name,Email\n"
TWO = HEAD + "Ann Bell,ann@bell.example\nBen Bell,ben@bell.example\n"
UMLAUT = HEAD + "Jürgen Möwe,jm@bell.example\n"


def packed(content: bytes) -> bytes:
    return gzip.compress(content)


def archive() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr("people.csv", TWO)
    return held.getvalue()


# name: (file, name of the file, rows created / updated / skipped / failed)
TAKEN = {
    "plain": (TWO, "p.csv", (2, 0, 0, 0)),
    "bom": (codecs.BOM_UTF8 + TWO.encode(), "p.csv", (2, 0, 0, 0)),
    "utf16": (TWO.encode("utf-16"), "p.csv", (2, 0, 0, 0)),
    "western": (UMLAUT.encode("cp1252"), "p.csv", (1, 0, 0, 0)),
    "utf8 letters": (UMLAUT, "p.csv", (1, 0, 0, 0)),
    "crlf": (TWO.replace("\n", "\r\n"), "p.csv", (2, 0, 0, 0)),
    "no last break": (TWO.rstrip(), "p.csv", (2, 0, 0, 0)),
    "semicolons": (TWO.replace(",", ";"), "p.csv", (2, 0, 0, 0)),
    "tabs": (TWO.replace(",", "\t"), "p.tsv", (2, 0, 0, 0)),
    "tabs under another name": (TWO.replace(",", "\t"), "p.txt", (2, 0, 0, 0)),
    "pipes": (TWO.replace(",", "|"), "p.csv", (2, 0, 0, 0)),
    "gzip": (packed(TWO.encode()), "p.csv.gz", (2, 0, 0, 0)),
    "gzip without ending": (packed(TWO.encode()), "p.csv", (2, 0, 0, 0)),
    "quoted": ('"Name","Email"\n"Bell, Ann","ann@bell.example"\n', "p.csv", (1, 0, 0, 0)),
    "quotes in quotes": (HEAD + '"Ann ""A"" Bell",ann@bell.example\n', "p.csv", (1, 0, 0, 0)),
    "empty lines": (TWO.replace("\nBen", "\n\n\nBen"), "p.csv", (2, 0, 0, 0)),
    "empty row": (TWO + ",\n", "p.csv", (2, 0, 0, 1)),
    "jsonl": ('{"name":"Ann","email":"ann@bell.example"}\n', "p.jsonl", (1, 0, 0, 0)),
    "jsonl null": ('{"name":"Ann","email":null}\n{"email":"b@b.example"}\n', "p", (2, 0, 0, 0)),
    "jsonl packed": (packed(b'{"name":"Ann"}\n'), "p.jsonl.gz", (1, 0, 0, 0)),
    "jsonl blank lines": ('\n{"name":"Ann"}\n\n', "p.jsonl", (1, 0, 0, 0)),
    "upper case addresses": (HEAD + "Ann,ANN@BELL.EXAMPLE\n,ann@bell.example\n", "p", (1, 0, 1, 0)),
    "blanks around": (HEAD + "  Ann  ,  ann@bell.example \n", "p.csv", (1, 0, 0, 0)),
    "only addresses": ("Email\nann@bell.example\nben@bell.example\n", "p.csv", (2, 0, 0, 0)),
    "only names": ("Name\nAnn\nBen\n", "p.csv", (2, 0, 0, 0)),
    "same person twice": (TWO + "Ann,ann@bell.example\n", "p.csv", (2, 0, 1, 0)),
    "same name, two people": (HEAD + "Ann,a@b.example\nAnn,b@b.example\n", "p.csv", (2, 0, 0, 0)),
    "no mail address": (TWO + "Cid,cid at home\n", "p.csv", (2, 0, 0, 1)),
    "two signs": (TWO + "Cid,cid@@bell.example\n", "p.csv", (2, 0, 0, 1)),
    "address of a machine": (TWO + "Cid,cid@localhost\n", "p.csv", (2, 0, 0, 1)),
    "number as domain": (TWO + "Cid,cid@10.0.0.1\n", "p.csv", (2, 0, 0, 1)),
    "reserved domain": (TWO + "Cid,cid@bell.invalid\n", "p.csv", (2, 0, 0, 1)),
    "long address": (TWO + f"Cid,{'c' * 65}@bell.example\n", "p.csv", (2, 0, 0, 1)),
    "cyrillic twin": (TWO + "Cid,cid@b\u0435ll.example\n", "p.csv", (2, 0, 0, 1)),
    "zero width": (TWO + "Cid,ci\u200bd@bell.example\n", "p.csv", (2, 0, 0, 1)),
    "turned name": (TWO + "C\u202eid,cid@bell.example\n", "p.csv", (2, 0, 0, 1)),
    "line break in a name": (TWO + '"Ci\nd",cid@bell.example\n', "p.csv", (2, 0, 0, 1)),
    "long name": (TWO + f"{'C' * 201},cid@bell.example\n", "p.csv", (2, 0, 0, 1)),
    "several addresses": (HEAD + '"Ann","a@b.example; c@b.example"\n', "p.csv", (1, 0, 0, 0)),
    "one bad of several": (TWO + '"Cid","c@b.example, nonsense"\n', "p.csv", (2, 0, 0, 1)),
    "formula": (HEAD + "=1+1,ann@bell.example\n", "p.csv", (1, 0, 0, 0)),
    "markup": (HEAD + "<b>Ann</b>,ann@bell.example\n", "p.csv", (1, 0, 0, 0)),
    "sql": (HEAD + "Robert'); DROP TABLE--,bob@bell.example\n", "p.csv", (1, 0, 0, 0)),
    "percent signs": (HEAD + "100 %s %(x)s {},ann@bell.example\n", "p.csv", (1, 0, 0, 0)),
    "backslash N": (HEAD + "\\N,ann@bell.example\n", "p.csv", (1, 0, 0, 0)),
    "idn domain": (HEAD + "Ann,ann@möwe.example\n", "p.csv", (1, 0, 0, 0)),
    "unknown column": ("Name,Email,Shoe\nAnn,a@b.example,42\n", "p.csv", (1, 0, 0, 0)),
    "column without name": ("Name,Email,\nAnn,a@b.example,42\n", "p.csv", (1, 0, 0, 0)),
    "bad date": ("Name,Email,Created\nAnn,a@b.example,31/02/2020\n", "p.csv", (1, 0, 0, 0)),
    "bad number": ("Name,Email,Phone\nAnn,a@b.example,1.23E+11\n", "p.csv", (1, 0, 0, 0)),
    "bad country": ("Name,Email,Country\nAnn,a@b.example,Atlantis\n", "p.csv", (1, 0, 0, 0)),
    "strange owner": ("Name,Email,Owner\nAnn,a@b.example,nobody@x.example\n", "p", (1, 0, 0, 0)),
    "consent in words": ("Name,Email,Consent\nAnn,a@b.example,perhaps\n", "p.csv", (1, 0, 0, 0)),
}  # fmt: skip
# name: (file, name of the file, code of the refusal)
REFUSED = {
    "empty": ("", "p.csv", "file_empty"),
    "only a header": (HEAD, "p.csv", "nothing_read"),
    "blank header": ("\n\n", "p.csv", "file_empty"),
    "cut gzip": (packed(TWO.encode() * 50)[:-12], "p.csv.gz", "file_damaged"),
    "archive": (archive(), "p.zip", "file_unreadable"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "p.csv", "file_unreadable"),
    "zeros": (b"\0" * 200, "p.csv", "file_unreadable"),
    "bomb": (packed(b"a" * 3_000_000), "p.csv.gz", "file_too_large"),
    "most rows shifted": (HEAD + "Cid,x,cid@bell.example\n" * 2, "p.csv", "file_damaged"),
    "open quote": (TWO + '"Cid,cid@bell.example\n', "p.csv", "file_damaged"),
    "text behind a quote": (TWO + '"Cid"x,cid@bell.example\n', "p.csv", "file_damaged"),
    "broken json": ('{"name":"Ann"}\n{"name":\n', "p.jsonl", "file_damaged"),
    "json list": ('{"name":"Ann"}\n[1]\n', "p.jsonl", "file_damaged"),
    "nobody at all": (HEAD + ",nonsense\n,\n", "p.csv", "nothing_read"),
}


@pytest.mark.parametrize("case", TAKEN)
def test_what_can_be_taken_is_taken_and_the_rest_counted(load, case):
    content, name, expected = TAKEN[case]
    report = load(content, name).report
    found = tuple(report[key] for key in ("created", "updated", "skipped", "failed"))
    assert found == expected
    assert report["rows"] == sum(expected)
    assert Person.objects.count() == expected[0]


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_trusted_is_refused_whole(load, case):
    content, name, code = REFUSED[case]
    with pytest.raises(DomainError) as refused:
        load(content, name)
    assert refused.value.code == code
    assert not Person.objects.exists()
