"""Records written to files: what stands in them, who may, who did."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client

from tandem.accounts.actions import add_token
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.deals.actions import open_deal
from tandem.deals.schemas import NewDeal
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.models import ProgressRecord
from tandem.kernel.sheets import SheetTooLong, Value, harmless, write_csv, write_xlsx
from tandem.people.actions import create_person
from tandem.people.models import Person
from tandem.people.schemas import NewPerson
from tandem.records import queries
from tandem.records.actions import many
from tandem.records.actions.exports import (
    export_folder,
    export_many,
    forget_exported_files,
)
from tandem.records.errors import FileGone
from tandem.records.jobs import run_bulk
from tandem.records.models import ExportRun
from tandem.records.queries import ListQuery, Selection
from tandem.records.schemas import ExportAs
from tandem.records.slots import object_type

pytestmark = pytest.mark.django_db

EVERYONE = Selection(every=ListQuery())


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def add(system: Actor) -> Callable[..., Person]:
    def make(name: str, **fields: Any) -> Person:
        person, _new = create_person(system, data=NewPerson(name=name, **fields))
        return person

    return make


def table(run: ExportRun) -> list[list[str]]:
    text = queries.file_of(run).read_text(encoding="utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_the_columns_of_the_list_in_its_order(admin: Actor, add: Any, make_user: Any) -> None:
    priya = make_user("seller", name="Priya Nair")
    add("Bo", country="DE", owner=priya.email)
    add("Ann", company="Hythe")
    data = ExportAs(columns=["name", "company", "owner", "country", "gone"])
    run = export_many(admin, object_type("person"), EVERYONE, data=data)
    assert table(run) == [
        ["Name", "Company", "Owner", "Country"],
        ["Ann", "Hythe", "", ""],
        ["Bo", "", "Priya Nair", "Germany"],
    ]
    assert (run.count, run.columns) == (2, ["name", "company", "owner", "country"])


def test_it_is_kept_who_took_what_out(admin: Actor, add: Any) -> None:
    add("Ann Lee")
    add("Bo")
    tree = {"op": "and", "items": [{"field": "name", "is": "contains", "value": "lee"}]}
    kind = object_type("person")
    every = ListQuery(filters=queries.read_filters(kind, tree), text="ann")
    export_many(admin, kind, Selection(every=every), data=ExportAs())
    run = ExportRun.objects.get()
    assert (run.kind, run.format, run.filters, run.text) == ("person", "csv", tree, "ann")
    assert (run.count, run.picked, run.user_id) == (1, 0, admin.user_id)
    assert (run.actor_label, run.change_set.action) == (admin.label, "records.export_many")


def test_only_what_one_sees_is_in_it(
    make_actor: Callable[..., Actor], make_user: Callable[..., User], add: Any
) -> None:
    seller = make_actor("seller")
    may = seller.permissions | {"records.export"}
    own, other = add("Own"), add("Other", owner=make_user("seller").email)
    ids = Selection(ids=(own.public_id, other.public_id))
    run = export_many(
        replace(seller, permissions=may),
        object_type("person"),
        ids,
        data=ExportAs(columns=["name"]),
    )
    assert table(run) == [["Name"], ["Own"]]
    assert (run.count, run.picked) == (1, 2)


@pytest.mark.parametrize("role", ["seller", "viewer"])
def test_who_may_not_gets_nothing(role: str, make_actor: Callable[..., Actor], add: Any) -> None:
    add("Ann")
    with pytest.raises(Refused):
        export_many(make_actor(role), object_type("person"), EVERYONE, data=ExportAs())
    assert not ExportRun.objects.exists()
    assert list(export_folder().iterdir()) == []


def test_the_file_is_for_who_exported_it(admin: Actor, make_actor: Any, add: Any) -> None:
    add("Ann")
    run = export_many(admin, object_type("person"), EVERYONE, data=ExportAs())
    assert queries.export_by_public_id(admin, run.public_id) == run
    with pytest.raises(Missing):
        queries.export_by_public_id(make_actor("admin"), run.public_id)


def test_the_file_goes_after_a_week_the_note_stays(admin: Actor, add: Any) -> None:
    add("Ann")
    run = export_many(admin, object_type("person"), EVERYONE, data=ExportAs())
    assert forget_exported_files(older_than_seconds=3600) == 0
    assert forget_exported_files(older_than_seconds=-1) == 1
    with pytest.raises(FileGone):
        queries.file_of(run)
    assert ExportRun.objects.count() == 1


def test_an_amount_has_its_currency_beside_it(admin: Actor) -> None:
    open_deal(admin, data=NewDeal(name="Tins", amount=Decimal("12.5"), currency="GBP"))
    open_deal(admin, data=NewDeal(name="Wine", amount=Decimal(900), currency="JPY"))
    data = ExportAs(columns=["name", "amount"])
    run = export_many(
        admin, object_type("deal"), Selection(every=ListQuery(sort="name")), data=data
    )
    assert table(run) == [
        ["Name", "Amount", "Amount (currency)"],
        ["Tins", "12.50", "GBP"],
        ["Wine", "900", "JPY"],
    ]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+44 20", "'+44 20"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("-12.5", "-12.5"),
        ("Ann = Bo", "Ann = Bo"),
        ("", ""),
    ],
)
def test_no_text_is_a_formula(text: str, written: str) -> None:
    assert harmless(text) == written


def test_a_formula_in_a_name_is_text_in_both_forms(admin: Actor, add: Any) -> None:
    add('=HYPERLINK("http://x.example")')
    columns = ["name"]
    run = export_many(admin, object_type("person"), EVERYONE, data=ExportAs(columns=columns))
    assert table(run)[1] == ['\'=HYPERLINK("http://x.example")']
    run = export_many(
        admin, object_type("person"), EVERYONE, data=ExportAs(format="xlsx", columns=columns)
    )
    assert sheet(queries.file_of(run))[1] == [("inlineStr", '=HYPERLINK("http://x.example")')]
    assert (
        "<f>" not in zipfile.ZipFile(queries.file_of(run)).read("xl/worksheets/sheet1.xml").decode()
    )


def sheet(path: Path) -> list[list[tuple[str, str]]]:
    """Cells as (type or style, text), read as a strict reader would."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
        root = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    spaces = {"m": re.match(r"{(.*)}", root.tag)[1]}  # type: ignore[index]
    return [
        [
            (cell.get("t") or cell.get("s") or "", "".join(cell.itertext()))
            for cell in row.findall("m:c", spaces)
        ]
        for row in root.findall(".//m:row", spaces)
    ]


def test_a_sheet_holds_numbers_days_and_times_as_such(tmp_path: Path) -> None:
    row: list[Value] = [
        7,
        Decimal("1.50"),
        date(2026, 11, 22),
        datetime(2026, 11, 22, 12, tzinfo=UTC),
        True,
        None,
    ]
    write_xlsx(tmp_path / "a.xlsx", ["A<b>", *"bcdef"], [row, ["a & b\x00", *[None] * 5]])
    head, first, second = sheet(tmp_path / "a.xlsx")
    assert head[0] == ("inlineStr", "A<b>")
    assert first == [
        ("", "7"),
        ("", "1.50"),
        ("1", "46348"),
        ("2", "46348.500000"),
        ("b", "1"),
        ("", ""),
    ]
    assert second[0] == ("inlineStr", "a & b")


def test_a_sheet_that_is_too_long_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tandem.kernel.sheets.MAX_SHEET_ROWS", 2)
    write_xlsx(tmp_path / "a.xlsx", ["a"], [["1"], ["2"]])
    with pytest.raises(SheetTooLong):
        write_xlsx(tmp_path / "b.xlsx", ["a"], [["1"], ["2"], ["3"]])


def test_csv_is_known_to_excel_and_has_times_with_their_zone(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ["wörd", "at"], [['é;,"', datetime(2026, 1, 2, tzinfo=UTC)]])
    raw = (tmp_path / "a.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.decode("utf-8-sig") == 'wörd,at\r\n"é;,""",2026-01-02T00:00:00+00:00\r\n'


# --- doors ----------------------------------------------------------------------------------------


@pytest.fixture
def user(make_user: Callable[..., User]) -> User:
    return make_user("marketer", name="Isla Fraser")


def test_by_page_with_the_columns_of_the_list(client: Client, user: User, add: Any) -> None:
    client.force_login(user)
    add("Ann", country="GB")
    address = "/people/many/export?_all=1&columns=name,country"
    assert "Export 1 person" in client.get(address).content.decode()
    answer = client.post(address, {"format": "csv", "_count": "1"})
    assert answer.status_code == 303
    run = ExportRun.objects.get()
    assert f"/exports/{run.public_id}" in client.get("/people").content.decode()
    file = client.get(f"/exports/{run.public_id}")
    assert b"".join(file).decode("utf-8-sig") == "Name,Country\r\nAnn,United Kingdom\r\n"
    assert re.fullmatch(
        r'attachment; filename="people-\d{4}-\d\d-\d\d.csv"', file["Content-Disposition"]
    )


def test_by_page_no_format_but_ours(client: Client, user: User, add: Any) -> None:
    client.force_login(user)
    add("Ann")
    answer = client.post("/people/many/export?_all=1", {"format": "exe"})
    assert answer.status_code == 422
    assert not ExportRun.objects.exists()


def test_another_ones_file_is_not_there(
    client: Client, user: User, make_user: Callable[..., User], add: Any
) -> None:
    add("Ann")
    run = export_many(
        actor_for(make_user("admin")), object_type("person"), EVERYONE, data=ExportAs()
    )
    client.force_login(user)
    assert client.get(f"/exports/{run.public_id}").status_code == 404


def test_many_are_exported_by_a_worker(
    client: Client, user: User, add: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(many, "AT_ONCE", 1)
    monkeypatch.setattr(many, "enqueue", lambda name, **payload: asked.append(payload))
    client.force_login(user)
    add("Ann")
    add("Bo")
    answer = client.post("/people/many/export?_all=1&sort=-name&columns=name", {"format": "csv"})
    run_bulk(**json.loads(json.dumps(asked[0])))
    record = ProgressRecord.objects.get()
    run = ExportRun.objects.get()
    assert (record.state, record.done, record.result["export"]) == ("done", 2, str(run.public_id))
    assert table(run) == [["Name"], ["Bo"], ["Ann"]]
    page = client.get(answer["Location"]).content.decode()
    assert f"/exports/{run.public_id}" in page
    assert "2 people exported" in page


def test_by_api_the_file_is_fetched_with_the_token(user: User, add: Any) -> None:
    add("Ann")
    headers = {"Authorization": f"Bearer {add_token(actor_for(user), NewToken(name='x')).raw}"}
    body = {
        "verb": "export",
        "filter": {"op": "and", "items": []},
        "export": {"format": "xlsx", "columns": ["name"]},
    }
    answer = Client().post(
        "/api/v1/people/bulk", json.dumps(body), content_type="application/json", headers=headers
    )
    assert answer.status_code == 200, answer.content
    said = answer.json()
    assert (said["matched"], said["change_set"]) == (1, None)
    file = Client().get(f"/api/v1/exports/{said['export']}", headers=headers)
    assert b"".join(file).startswith(b"PK")
    assert file["Content-Type"].endswith("spreadsheetml.sheet")
    assert Client().get(f"/api/v1/exports/{said['export']}").status_code == 401
