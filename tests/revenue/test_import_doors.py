"""Importing by page and by API: uploaded, looked at, tried, started, reported, taken back."""

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tandem.accounts.actions import add_token
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.records.actions.imports import import_folder
from tandem.records.jobs import run_import
from tandem.records.models import ImportRun
from tandem.revenue.models import Order

pytestmark = pytest.mark.django_db

CONTENT = (
    "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    "1,A,2,01/02/2011 08:00,2.5,17850,EIRE\n"
    "C2,Z,-1,25/02/2011 08:00,4,17850,EIRE\n"
)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def user(make_user):
    return make_user("manager", name="Mara Quinn")


@pytest.fixture
def browser(client: Client, user):
    client.force_login(user)
    return client


@pytest.fixture
def api(user):
    token = add_token(actor_for(user), NewToken(name="test")).raw
    headers = {"Authorization": f"Bearer {token}"}

    def send(method, path, data=None):
        call = getattr(Client(raise_request_exception=False), method)
        return call(f"/api/v1{path}", data, headers=headers)

    return send


def put(content=CONTENT, name="orders.csv"):
    raw = content if isinstance(content, bytes) else content.encode()
    return SimpleUploadedFile(name, raw)


def words_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def columns_of(mapping):
    """What the page sends: the field for each column of the file."""
    targets = {column: key for key, column in mapping.items()}
    header = CONTENT.splitlines()[0].split(",")
    return {f"_column_{place}": targets.get(name, "") for place, name in enumerate(header)}


def work(*, is_trial=False):
    """What the worker does with what was asked for last."""
    run_import(run_id=ImportRun.objects.latest("pk").pk, is_trial=is_trial)


def test_a_file_is_uploaded_looked_at_tried_and_started(browser):
    answer = browser.post("/imports", {"kind": "orders", "file": put()})
    assert answer.status_code == 303
    url = answer["Location"]
    page = words_of(browser.get(url))
    for word in ("orders.csv", "01/02/2011 08:00", "day, month, year", "Start the import"):
        assert word in page, word
    assert Order.objects.count() == 0
    form = {"currency": "GBP", "time_zone": "Europe/London", "date_order": "", "source": "shop"}
    columns = columns_of(ImportRun.objects.get().mapping)
    assert browser.post(f"{url}/start", {**form, **columns, "_try": "1"}).status_code == 303
    assert "Waiting for a worker" in words_of(browser.get(url))
    work(is_trial=True)
    assert Order.objects.count() == 0
    page = words_of(browser.get(url))
    assert "What the import would do Rows 2 Created 2" in page
    assert browser.post(f"{url}/start", {**form, **columns, "_start": "1"}).status_code == 303
    work()
    page = words_of(browser.get(url))
    assert "What the import did Rows 2 Created 2" in page
    assert Order.objects.get(number="1").source == "shop"
    assert list(import_folder().iterdir()) == []  # the upload is not kept longer than needed
    listing = browser.get(f"{url}/lists/unlinked-reversals").content.decode().splitlines()
    assert listing[1].startswith("C2,1,")
    assert listing[1].endswith("Customer 17850,Z,,-1,1,4,-4.00")
    assert browser.post(f"{url}/reversion").status_code == 303
    assert Order.objects.filter(deleted_at__isnull=True).count() == 0
    assert "Taken back" in words_of(browser.get("/imports"))


def test_another_column_is_picked(browser):
    url = browser.post("/imports", {"kind": "orders", "file": put()})["Location"]
    browser.post(
        f"{url}/start",
        {"currency": "GBP", "time_zone": "UTC", "date_order": "dmy", "source": "import",
         **columns_of({"number": "StockCode", "unit_price": "UnitPrice"})},
    )  # fmt: skip
    assert ImportRun.objects.get().mapping["number"] == "StockCode"


def test_a_needed_column_that_is_left_out_is_said_in_the_form(browser):
    url = browser.post("/imports", {"kind": "orders", "file": put()})["Location"]
    answer = browser.post(
        f"{url}/start",
        {"currency": "GBP", "time_zone": "UTC", "date_order": "", "source": "import",
         "_start": "1"},
    )  # fmt: skip
    assert answer.status_code == 422
    assert "Order number" in words_of(answer)
    assert ImportRun.objects.get().state == "uploaded"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x1f\x8b\x08\x00cut", "cut off or broken"),
        (b"", "no rows"),
        (b"\x00\x01\x02\x03", "binary"),
    ],
)
def test_a_damaged_upload_is_refused_and_not_kept(browser, content, words):
    answer = browser.post("/imports", {"kind": "orders", "file": put(content)})
    assert answer.status_code == 422
    assert words in words_of(answer)
    assert ImportRun.objects.count() == 0
    assert list(import_folder().iterdir()) == []


@pytest.mark.parametrize("role", ["seller", "viewer"])
def test_who_may_not_import_has_no_page(client, make_user, role):
    client.force_login(make_user(role))
    assert client.get("/imports").status_code == 403
    assert client.post("/imports", {"kind": "orders", "file": put()}).status_code == 403
    assert ImportRun.objects.count() == 0


def test_the_import_of_another_is_not_there(browser, client, make_user):
    url = browser.post("/imports", {"kind": "orders", "file": put()})["Location"]
    client.force_login(make_user("manager"))
    for path in (url, f"{url}/lists/unlinked-reversals"):
        assert client.get(path).status_code == 404
    assert client.post(f"{url}/reversion").status_code == 404


def test_a_file_is_imported_by_api(api):
    fields = {"kind": "orders", "currency": "GBP", "time_zone": "UTC", "date_order": "dmy"}
    answer = api("post", "/imports", {**fields, "file": put()})
    assert answer.status_code == 202
    made = answer.json()
    assert made["state"] == "waiting"
    assert made["reading"] == {
        "format": "csv",
        "encoding": "utf-8",
        "delimiter": "comma",
        "sheet": "",
    }
    work()
    seen = api("get", f"/imports/{made['id']}").json()
    assert (seen["state"], seen["report"]["created"]) == ("done", 2)
    assert [one["id"] for one in api("get", "/imports").json()["items"]] == [made["id"]]
    back = api("post", f"/imports/{made['id']}/reversion")
    assert back.json()["reverted"] == {"orders": 2, "companies": 1, "kept": 0}
    assert api("post", f"/imports/{made['id']}/reversion").status_code == 409


def test_the_api_is_told_how_a_file_is_written(api):
    content = CONTENT.replace(",", "|").replace("EIRE", "Spain; EIRE").encode("utf-16-be")
    fields = {"kind": "orders", "encoding": "utf-16", "delimiter": "pipe", "currency": "GBP"}
    made = api("post", "/imports", {**fields, "file": put(content)}).json()
    assert made["reading"] == {
        "format": "csv",
        "encoding": "utf-16-be",
        "delimiter": "pipe",
        "sheet": "",
    }
    assert made["mapping"]["number"] == "InvoiceNo"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "clouds"}, "kind"),
        ({"kind": "orders", "colour": "red"}, "colour"),
        ({"kind": "orders", "currency": "XYZ"}, "currency"),
        ({"kind": "orders", "encoding": "rot13"}, "encoding"),
        (
            {"kind": "orders", "encoding": "cp932", "file": put("Größe,\x81\n".encode("latin-1"))},
            "encoding",
        ),
        ({"kind": "orders", "delimiter": ";"}, "delimiter"),
        ({"kind": "orders", "mapping": "{"}, "mapping"),
        ({"kind": "orders", "mapping": json.dumps({"colour": "InvoiceNo"})}, "mapping.colour"),
    ],
)
def test_what_cannot_be_read_is_refused_by_api(api, fields, field):
    answer = api("post", "/imports", {"file": put(), **fields})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert ImportRun.objects.count() == 0
    assert list(import_folder().iterdir()) == []


def test_a_worker_that_died_is_followed_by_another(api):
    api(
        "post", "/imports", {"kind": "orders", "currency": "GBP", "time_zone": "UTC", "file": put()}
    )
    ImportRun.objects.update(state="running")
    work()
    assert Order.objects.count() == 2
    work()  # a second delivery of the job finds it done
    assert ImportRun.objects.get().report["created"] == 2
