"""Columns of files: known by name and content, remembered, filling own fields, and taken back."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tandem.kernel.tables import sample_of, survey
from tandem.people.models import Company, Person
from tandem.records.actions import add_field, import_now, note_upload, revert_import
from tandem.records.jobs import run_import
from tandem.records.models import FieldDef, ImportRun
from tandem.records.queries.columns import signature_of, type_of
from tandem.records.schemas import ImportOptions, NewField
from tandem.timeline.models import TimelineEntry

pytestmark = pytest.mark.django_db

# The first row of each export as these products write it, with a row below; what is to be known.
EXPORTS = {
    "hubspot": (
        "Record ID,First Name,Last Name,Email,Phone Number,Contact owner,Lifecycle Stage,"
        "Create Date,Associated Company,Lead Status,Job Title,Country/Region\n"
        "51,Ann,Bell,ann@bell.example,+493012345678,x@y.example,lead,2024-01-31 10:00,Bell,New,"
        "CEO,Germany\n",
        {
            "external_id": "Record ID",
            "given": "First Name",
            "family": "Last Name",
            "email": "Email",
            "phone": "Phone Number",
            "owner": "Contact owner",
            "stage": "Lifecycle Stage",
            "created_at": "Create Date",
            "company": "Associated Company",
            "title": "Job Title",
            "country": "Country/Region",
        },
    ),
    "salesforce": (
        '"Contact ID","First Name","Last Name","Title","Account Name","Email","Phone","Mobile",'
        '"Mailing Country","Has Opted Out of Email","Created Date"\n'
        '"0035","Ann","Bell","CEO","Bell","ann@bell.example","030 123456","","Germany","0",'
        '"31/01/2024"\n',
        {
            "external_id": "Contact ID",
            "given": "First Name",
            "family": "Last Name",
            "title": "Title",
            "company": "Account Name",
            "email": "Email",
            "phone": "Phone",
            "phone_2": "Mobile",
            "country": "Mailing Country",
            "opted_out": "Has Opted Out of Email",
            "created_at": "Created Date",
        },
    ),
    "pipedrive": (
        "Person - ID,Person - Name,Person - Organization,Person - Email - Work,"
        "Person - Phone - Work,Person - Owner,Person - Labels,Person - Person created\n"
        "7,Ann Bell,Bell,ann@bell.example,030 123456,Priya,Hot,45322\n",
        {
            "external_id": "Person - ID",
            "name": "Person - Name",
            "company": "Person - Organization",
            "email": "Person - Email - Work",
            "phone": "Person - Phone - Work",
            "owner": "Person - Owner",
            "tags": "Person - Labels",
            "created_at": "Person - Person created",
        },
    ),
    "mailchimp": (
        "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,"
        "CONFIRM_IP,LEID,EUID,TAGS\n"
        "ann@bell.example,Ann,Bell,2,,,2019-03-01 09:00:00,192.0.2.1,1,a1,Fair\n",
        {
            "email": "Email Address",
            "given": "First Name",
            "family": "Last Name",
            "consent_at": "CONFIRM_TIME",
            "consent_ip": "CONFIRM_IP",
            "asked_at": "OPTIN_TIME",
            "asked_ip": "OPTIN_IP",
            "external_id": "EUID",
            "tags": "TAGS",
        },
    ),
    "google": (
        "First Name,Middle Name,Last Name,Organization Name,Organization Title,Labels,"
        "E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Website 1 - Value\n"
        "Ann,,Bell,Bell,CEO,* myContacts,Work,ann@bell.example,Mobile,+49 30 123456,bell.example\n",
        {
            "given": "First Name",
            "middle": "Middle Name",
            "family": "Last Name",
            "company": "Organization Name",
            "title": "Organization Title",
            "tags": "Labels",
            "email": "E-mail 1 - Value",
            "phone": "Phone 1 - Value",
            "domain": "Website 1 - Value",
        },
    ),
    "without names": (
        "a1,ann@bell.example,+49 30 123456\nb2,ben@bell.example,+49 30 123457\n",
        {"email": "Column 2", "phone": "Column 3"},
    ),
    "names of its own": (
        "Who,Reach at,Call,Seen\nAnn,ann@bell.example,(030) 123456,2024-01-31\n",
        {"email": "Reach at", "phone": "Call"},
    ),
    "a name that only begins so": (
        "Email verified,Write to\nyes,ann@bell.example\n",
        {"email": "Write to"},
    ),
}


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def note(system, tmp_path):
    def run(content, *, kind="people", mapping=None, **options):
        path = tmp_path / "people.csv"
        path.write_text(content)
        found = survey(path)
        return note_upload(
            system,
            kind=kind,
            name=path.name,
            of=found,
            options=ImportOptions(mapping=mapping or {}, **options),
            sample=sample_of(path, found),
        )

    return run


@pytest.fixture
def load(system, tmp_path, note):
    def run(content, *, is_trial=False, **options):
        noted = note(content, **options)
        return import_now(system, noted, path=tmp_path / "people.csv", is_trial=is_trial)

    return run


@pytest.fixture
def own(system):
    def make(label, kind="text", *, of="person", **more):
        return add_field(system, data=NewField(kind=of, label=label, type=kind, **more)).key

    return make


@pytest.mark.parametrize("case", EXPORTS)
def test_the_columns_of_usual_exports_are_known(note, case):
    content, expected = EXPORTS[case]
    assert note(content).mapping == expected


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["https://a.example", "https://b.example/x"], "link"),
        (["yes", "No"], "boolean"),
        (["1,5", "2"], "number"),
        (["007", "012"], "text"),
        (["31.01.2024", "01.02.2024"], "date"),
        (["31.01.2024", "soon"], "text"),
        ([], "text"),
    ],
)
def test_the_type_of_a_new_field_is_seen_in_the_column(texts, kind):
    assert type_of(texts) == kind


def test_a_signature_is_that_of_the_names_in_any_order():
    assert signature_of(("a", "b")) == signature_of(("b", "a")) != signature_of(("a", "c"))


def test_own_fields_are_read_by_column_and_their_reading_is_told(own, load):
    own("Turnover", "money", currency="EUR")
    own("Birthday", "date")
    own("Region", "choice", choices=[{"label": "North"}, {"label": "South"}])
    own("Is partner", "boolean")
    report = load(
        "Name,Turnover,Birthday,Region,Is partner\n"
        'Ann,"1.234,50",02/03/1990,north,yes\nBen,"7,1",04/05/1991,West,no\n'
    ).report
    ann, ben = (Person.objects.get(name=name) for name in ("Ann", "Ben"))
    assert ann.x == {
        "x_turnover": 123450,
        "x_birthday": "1990-03-02",
        "x_region": "north",
        "x_is_partner": True,
    }
    assert ben.x == {"x_turnover": 710, "x_birthday": "1991-05-04", "x_is_partner": False}
    assert (ann.row_version, report["created"]) == (1, 2)
    assert report["readings"]["x_turnover"] == "1,5"
    assert report["assumed"]["x_birthday"] == "dmy"
    (left,) = [one for one in report["warnings"] if one["code"] == "left_out"]
    assert (left["message"], left["examples"]) == (
        "Left out: Region is none of the choices.",
        ["row 2"],
    )


@pytest.mark.parametrize(
    ("policy", "x", "verdicts"),
    [
        ("fill", {"x_region": "North", "x_code": "1"}, (0, 1, 1)),
        ("overwrite", {"x_region": "East", "x_code": "2"}, (0, 1, 1)),
        ("update", {"x_region": "East", "x_code": "2"}, (0, 1, 1)),
        ("create", {"x_region": "North"}, (0, 0, 2)),
    ],
)
def test_known_records_follow_the_policy_in_own_fields_too(own, load, policy, x, verdicts):
    own("Region")
    own("Code")
    load("Name,Email,Region\nAnn,ann@bell.example,North\n")
    before = Person.objects.get()
    run = load(
        "Name,Email,Region,Code\nAnn,ann@bell.example,South,1\nAnn,ann@bell.example,East,2\n",
        policy=policy,
    )
    after = Person.objects.get()
    assert after.x == x
    report = run.report
    assert tuple(report[key] for key in ("created", "updated", "skipped")) == verdicts
    is_changed = policy != "create"
    assert after.row_version == before.row_version + is_changed
    told = TimelineEntry.objects.filter(kind="records.import_changed", subject_id=after.pk)
    assert [one.payload["labels"] for one in told] == [["Region", "Code"]] * is_changed


def test_a_revert_takes_own_fields_back_and_keeps_later_words(system, own, load):
    own("Region")
    load("Name,Email,Region\nAnn,ann@bell.example,North\nBen,ben@bell.example,\n")
    before = {one.name: one.x for one in Person.objects.all()}
    run = load(
        "Name,Email,Region\nAnn,ann@bell.example,East\nBen,ben@bell.example,West\nCid,c@b.example,X\n",
        policy="overwrite",
    )
    counts = revert_import(system, run.public_id)
    live = Person.objects.filter(deleted_at__isnull=True)
    assert {one.name: one.x for one in live} == before
    assert (counts["people"], counts["changes"], counts["kept"]) == (1, 2, 0)


def test_a_trial_writes_no_own_field(own, load):
    own("Region")
    run = load("Name,Region\nAnn,North\n", is_trial=True)
    assert (run.report["created"], Person.objects.count()) == (1, 0)


def test_companies_have_own_fields_from_files_as_well(own, load):
    own("Segment", of="company")
    load("Name,Segment\nBell,Key\n", kind="companies")
    assert Company.objects.get().x == {"x_segment": "Key"}


# --- on the page ----------------------------------------------------------------------------------

CSV = b"Name,Email,Shoe size,Since\nAnn,ann@bell.example,42,31.01.2020\n"
HTMX = {"HX-Request": "true"}
FORM = {"currency": "EUR", "time_zone": "UTC", "date_order": "", "source": "import",
        "match": "keys", "policy": "fill"}  # fmt: skip


def upload(client, content=CSV):
    file = SimpleUploadedFile("people.csv", content)
    return client.post("/imports", {"kind": "people", "file": file})["Location"]


def test_a_new_field_is_made_from_a_column_and_remembered(client, make_user):
    client.force_login(make_user("admin"))
    url = upload(client)
    page = client.get(url).content.decode()
    assert "New field: number" in page
    targets = {"_column_0": "name", "_column_1": "email", "_column_2": "+number",
               "_column_3": "+date"}  # fmt: skip
    assert client.post(f"{url}/start", {**FORM, **targets, "_start": "1"}).status_code == 303
    run_import(run_id=ImportRun.objects.get().pk, is_trial=False)
    assert Person.objects.get().x == {"x_shoe_size": 42, "x_since": "2020-01-31"}
    assert list(FieldDef.objects.order_by("position", "pk").values_list("label", "type")) == [
        ("Shoe size", "number"),
        ("Since", "date"),
    ]

    again = upload(client, b"Since,Shoe size,Email,Name\n01.02.2021,43,ben@bell.example,Ben\n")
    assert ImportRun.objects.latest("pk").mapping == {
        "name": "Name",
        "email": "Email",
        "x_shoe_size": "Shoe size",
        "x_since": "Since",
    }
    assert "which has the same columns" in client.get(again).content.decode()


def test_a_column_that_was_left_out_stays_out_next_time(client, make_user):
    client.force_login(make_user("marketer"))
    url = upload(client)
    client.post(f"{url}/start", {**FORM, "_column_0": "name", "_start": "1"})
    run_import(run_id=ImportRun.objects.get().pk, is_trial=False)
    upload(client)
    assert ImportRun.objects.latest("pk").mapping == {"name": "Name"}


def test_who_may_not_add_fields_is_not_offered_any_and_refused(client, make_user):
    client.force_login(make_user("marketer"))
    url = upload(client)
    assert "New field" not in client.get(url).content.decode()
    answer = client.post(f"{url}/start", {**FORM, "_column_0": "name", "_column_2": "+number"})
    assert answer.status_code == 422
    assert not FieldDef.objects.exists()
    assert "x_shoe_size" not in ImportRun.objects.get().mapping


# --- how the file is written, as found out or said ------------------------------------------------

CYRILLIC = "Name,Email\nМария,m@b.example\n".encode("cp1251")  # noqa: RUF001
BARRED = b"Name;Comma, inside|Email\nAnn;x, y|a@b.example\nBen;x, y|b@b.example\n"


def options_of(page, name):
    """What a choice on the page offers first, and what is chosen in it."""
    _before, box = page.split(f'name="{name}"', 1)
    box = box.split("</select>")[0]
    chosen = re.findall(r'<option value="([^"]*)" selected', box)
    return re.findall(r'<option value="">([^<]*)', box)[0], next(iter(chosen), None)


def test_the_encoding_that_was_guessed_is_shown_and_another_can_be_chosen(client, make_user):
    client.force_login(make_user("marketer"))
    url = upload(client, CYRILLIC)
    page = client.get(url).content.decode()
    assert options_of(page, "encoding") == ("Western (Windows), found out", None)
    assert "Мария" not in page
    form = {**FORM, "_column_0": "name", "_column_1": "email", "delimiter": ""}
    answer = client.post(f"{url}/start", {**form, "encoding": "cp1251"}, headers=HTMX)
    assert answer.status_code == 200  # read again at once
    page = answer.content.decode()
    assert options_of(page, "encoding") == ("Find it out", "cp1251")
    assert "Мария" in page
    run = ImportRun.objects.get()
    assert run.reading == {"format": "csv", "encoding": "cp1251", "delimiter": "comma", "sheet": ""}
    client.post(f"{url}/start", {**form, "encoding": "cp1251", "_start": "1"})
    run_import(run_id=run.pk, is_trial=False)
    run.refresh_from_db()
    assert Person.objects.get().name == "Мария"
    assert ("encoding" in run.report["assumed"], run.report["warnings"]) == (False, [])


def test_another_delimiter_makes_other_columns_which_are_looked_at_first(client, make_user):
    client.force_login(make_user("marketer"))
    url = upload(client, BARRED)
    page = client.get(url).content.decode()
    assert options_of(page, "delimiter") == ("Comma, found out", None)
    form = {**FORM, "_column_0": "name", "encoding": "", "delimiter": "pipe", "_start": "1"}
    assert client.post(f"{url}/start", form).status_code == 303
    run = ImportRun.objects.get()
    assert (run.state, run.mapping) == (
        "uploaded",  # nothing was started
        {"name": "Name;Comma, inside", "email": "Email"},
    )
    page = client.get(url).content.decode()
    assert (options_of(page, "delimiter"), "Name;Comma, inside" in page) == (
        ("Find it out", "pipe"),
        True,
    )


def test_an_encoding_that_does_not_fit_is_refused_and_nothing_changes(client, make_user):
    client.force_login(make_user("marketer"))
    url = upload(client, CYRILLIC)
    before = ImportRun.objects.values().get()
    form = {**FORM, "_column_0": "name", "encoding": "utf-8", "delimiter": ""}
    answer = client.post(f"{url}/start", form, headers=HTMX)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Not all of this file can be read in this encoding" in page
    assert options_of(page, "encoding") == ("Find it out", "utf-8")
    assert ImportRun.objects.values().get() == before


def test_a_file_whose_encoding_cannot_be_found_out_is_taken_with_it(client, make_user):
    client.force_login(make_user("marketer"))
    content = (
        "Name,Email\n北京,a@b.example\nЁ,e@b.example\n".encode("gb18030")
        + b"\x81\x40,f@b.example\n"
    )

    def send(**more):
        file = SimpleUploadedFile("people.csv", content)
        return client.post("/imports", {"kind": "people", "file": file, **more})

    assert "Encoding" not in client.get("/imports").content.decode()
    answer = send()
    assert (answer.status_code, ImportRun.objects.count()) == (422, 0)
    assert "choose the encoding" in answer.content.decode()
    assert options_of(answer.content.decode(), "encoding") == ("", None)
    page = client.get(send(encoding="gb18030")["Location"]).content.decode()
    assert "北京" in page
    assert options_of(page, "encoding") == ("Find it out", "gb18030")


def test_what_was_chosen_for_one_file_is_not_said_of_the_next(client, make_user):
    client.force_login(make_user("marketer"))
    url = upload(client, CYRILLIC)
    form = {**FORM, "_column_0": "name", "encoding": "cp1251", "delimiter": "", "_start": "1"}
    client.post(f"{url}/start", form)
    run_import(run_id=ImportRun.objects.get().pk, is_trial=False)
    upload(client, "Name,Email\nYük,z@b.example\n".encode())
    run = ImportRun.objects.latest("pk")
    assert (run.reading["encoding"], run.options["encoding"]) == ("utf-8", None)
    assert run.mapping == {"name": "Name"}


def test_two_columns_cannot_fill_one_field(client, make_user):
    client.force_login(make_user("marketer"))
    url = upload(client)
    answer = client.post(f"{url}/start", {**FORM, "_column_0": "name", "_column_1": "name"})
    assert answer.status_code == 422
    assert "Name and Email both fill Name" in answer.content.decode()


def test_what_was_assumed_is_said_in_words(load, own, client, make_user):
    own("Birthday", "date")
    run = load("Name,Birthday\nAnn,02/03/1990\n")
    client.force_login(make_user("admin"))
    page = client.get(f"/imports/{run.public_id}").content.decode()
    (said,) = re.findall(r"Assumed:(.*?)</p>", page, re.DOTALL)
    words = " ".join(re.sub(r"<.*?>", "", said).split())
    assert words == "Time zone: UTC · Birthday: day, month, year"
