"""Somebody gets all that is stored about them: whole, readable, and naming nobody else."""

import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tandem.accounts.actions import add_token, change_user
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken, UserChange
from tandem.consent.models import ConsentEvidence
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.models import ProgressRecord
from tandem.people.actions import create_company, create_person, delete_person
from tandem.people.models import Person
from tandem.people.schemas import NewCompany, NewPerson
from tandem.records.actions import ask_disclosure, disclose, merge
from tandem.records.actions.exports import forget_exported_files
from tandem.records.errors import NotErasable
from tandem.records.jobs import run_disclosure
from tandem.records.models import ExportRun
from tandem.records.queries import file_of
from tandem.records.queries.disclosing import columns_told
from tandem.records.queries.erasing import reached_from
from tandem.records.slots import object_type
from tandem.timeline.models import TimelineEntry
from tests.people.test_canaries import MAIL, NAME, boss, everywhere, folder, planted, seller

__all__ = ["boss", "folder", "seller"]  # fixtures

pytestmark = pytest.mark.django_db

# Where a planted word is not a part of the copy: the room says why, and that they are named there.
ELSEWHERE = {
    "deals_deal",  # the name of a deal with a company
    "kernel_idempotencykey",  # an answer kept a week for its repetition: a copy of the rest
    "records_comment",  # of the deal
    "records_importrun",  # what a file said, a week
    "records_savedview",
    "timeline_entry",  # of the deal, and of the company
}


def archive_of(run: ExportRun) -> zipfile.ZipFile:
    return zipfile.ZipFile(file_of(run))


def data_of(run: ExportRun) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(archive_of(run).read("data.json"))
    return found


def planted_words(text: str) -> set[str]:
    return set(re.findall(r"zqx[a-z.@]+", text.lower()))


def words_of(table: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT t::text FROM "{table}" t')
        return {word for (row,) in cursor.fetchall() for word in planted_words(row)}


def test_every_word_that_is_stored_about_them_is_in_it(boss, seller, system, folder):
    person = planted(boss, seller, system, folder)
    stored = {table: words_of(table) for table in everywhere("zqx")}
    assert len(stored) >= 25
    run = disclose(actor_for(boss), object_type("person"), person.public_id)
    archive = archive_of(run)
    told = planted_words(archive.read("data.json").decode())
    missing = {table: words - told for table, words in stored.items() if table not in ELSEWHERE}
    assert {table: words for table, words in missing.items() if words} == {}
    data = json.loads(archive.read("data.json"))
    assert set(data["named_elsewhere"]) >= {"deals.deal", "records.savedview"}
    assert data["about"] == NAME
    (letter,) = [one for one in data["files"] if one["name"] == "zqxfile.txt"]
    assert archive.read(letter["file"]) == b"zqxcontent of a letter"
    names = {"index.html", "data.json", "style.css", letter["file"]}
    assert set(archive.namelist()) == names
    assert run.count == sum(len(rows) for rows in data["tables"].values())


def test_the_page_reads_without_anything_else(boss, seller, system, folder):
    person = planted(boss, seller, system, folder)
    run = disclose(actor_for(boss), object_type("person"), person.public_id)
    page = archive_of(run).read("index.html").decode()
    assert "<script" not in page
    assert re.findall(r'(?:src|href)="(?!#)([^"]+)"', page) == [
        "style.css",
        "files/001%20zqxfile.txt",
    ]
    assert '<html lang="en-gb">' in page
    for text in (
        NAME,
        MAIL,
        "Zqxhobby",
        "Send me news.",
        "zqxpage",
        "Hobby",
        "zqxcomment was rude",
    ):
        assert text in page


def test_it_names_no_colleague_no_other_person_and_no_salt(boss, seller, system, folder):
    person = planted(boss, seller, system, folder)
    other, _new = create_person(
        system, data=NewPerson(name="Bo Berg", email="bo@berg.example", company="Harbour Foods")
    )
    run = disclose(actor_for(boss), object_type("person"), person.public_id)
    whole = archive_of(run).read("data.json").decode() + archive_of(run).read("index.html").decode()
    assert "Bo Berg" not in whole
    assert "Harbour Foods" in whole
    tables = data_of(run)["tables"]
    assert "actor_label" not in json.dumps(tables)
    assert tables["records.comment"][0]["author"] == "colleague"
    assert len(tables["consent.consentevidence"]) == ConsentEvidence.objects.count()
    assert all("salt" not in row for row in tables["consent.consentevidence"])
    assert other.pk not in [row["id"] for row in tables["people.person"]]


def test_every_table_that_erasing_comes_to_is_told_with_its_texts():
    for model in reached_from(Person):
        told = {field.name for field in columns_told(model)}
        untold = {field.name for field in model._meta.local_fields} - told
        assert untold <= {
            "row_version", "search_key", "sort_key", "created_in", "undone_in", "change_set",
            "salt", "actor_label", "actor_user_id",
        }, model._meta.label  # fmt: skip


def test_who_was_merged_and_what_was_deleted_are_in_it(admin, folder):
    kind = object_type("person")
    ann, _new = create_person(admin, data=NewPerson(name="Ann Lee", email="ann@lee.example"))
    double, _new = create_person(admin, data=NewPerson(name="Annie Lee", email="annie@lee.example"))
    merge(admin, kind, ann.public_id, double.public_id)
    data = data_of(disclose(admin, kind, ann.public_id))
    assert [row["name"] for row in data["tables"]["people.person"]] == ["Ann Lee", "Annie Lee"]
    told = {row["address"] for row in data["tables"]["people.personemail"]}
    assert told == {"ann@lee.example", "annie@lee.example"}
    assert "records.mergeevent" in data["tables"]


def test_it_is_noted_who_made_it_and_the_file_is_theirs_for_a_week(admin, make_actor, folder):
    kind = object_type("person")
    ann, _new = create_person(admin, data=NewPerson(name="Ann Lee"))
    run = disclose(admin, kind, ann.public_id)
    assert (run.user_id, run.kind, run.format, run.picked) == (admin.user_id, "person", "zip", 1)
    entry = TimelineEntry.objects.get(subject_id=ann.pk, kind="records.disclosed")
    assert (entry.actor_user_id, entry.payload) == (admin.user_id, {"rows": run.count})
    assert file_of(run).is_file()
    forget_exported_files(older_than_seconds=-1)
    assert not (folder / "files" / "exports" / run.stored_as).exists()
    assert ExportRun.objects.get().pk == run.pk


@pytest.mark.parametrize("role", ["manager", "marketer", "seller", "viewer"])
def test_others_may_not(role, admin, make_actor, folder):
    ann, _new = create_person(admin, data=NewPerson(name="Ann Lee"))
    for deed in (ask_disclosure, disclose):
        with pytest.raises(Refused):
            deed(make_actor(role), object_type("person"), ann.public_id)
    assert not ExportRun.objects.exists()
    assert not ProgressRecord.objects.exists()


def test_only_persons_who_are_there(admin, folder):
    ann, _new = create_person(admin, data=NewPerson(name="Ann Lee"))
    firm, _new = create_company(admin, data=NewCompany(name="Thistle Ltd"))
    delete_person(admin, ann.public_id)
    with pytest.raises(Missing):
        ask_disclosure(admin, object_type("person"), ann.public_id)
    with pytest.raises(NotErasable):
        ask_disclosure(admin, object_type("company"), firm.public_id)
    assert not ProgressRecord.objects.exists()


# --- by page and by API ---------------------------------------------------------------------------


@pytest.fixture
def browser(client: Client, make_user: Callable[..., User]) -> Client:
    client.force_login(make_user("admin"))
    return client


def done_by_worker(progress: ProgressRecord, person: Person) -> dict[str, Any]:
    run_disclosure(
        progress.actor_id or 0, "ui", "person", str(person.public_id), str(progress.public_id)
    )
    progress.refresh_from_db()
    assert progress.state == "done"
    return dict(progress.result)


def test_asked_for_by_page_made_by_a_worker_and_fetched(browser, system, folder):
    ann, _new = create_person(system, data=NewPerson(name="Ann Lee", email="ann@lee.example"))
    url = f"/people/{ann.public_id}/disclosure"
    assert url in browser.get(f"/people/{ann.public_id}").content.decode()
    asked = browser.get(url)
    assert asked.status_code == 200
    assert "Mail addresses" in asked.content.decode()
    sent = browser.post(url)
    progress = ProgressRecord.objects.get()
    assert (sent.status_code, sent["Location"]) == (303, f"{url}/{progress.public_id}")
    assert b"hx-trigger" in browser.get(sent["Location"]).content
    result = done_by_worker(progress, ann)
    page = browser.get(sent["Location"]).content.decode()
    assert f"/exports/{result['export']}" in page
    got = browser.get(f"/exports/{result['export']}")
    assert (got.status_code, got["Content-Type"]) == (200, "application/zip")
    assert got.getvalue()[:2] == b"PK"


def test_by_api_once_for_one_key(make_user, system, folder):
    ann, _new = create_person(system, data=NewPerson(name="Ann Lee", email="ann@lee.example"))
    user = make_user("admin")
    token = add_token(actor_for(user), NewToken(name="sync"))
    headers = {"Authorization": f"Bearer {token.raw}", "Idempotency-Key": "k1"}
    answers = [
        Client().post(f"/api/v1/people/{ann.public_id}/export", headers=headers) for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    progress = ProgressRecord.objects.get()
    assert answers[0].json() == {
        "state": "running",
        "progress": f"/api/v1/progress/{progress.public_id}",
    }
    export = done_by_worker(progress, ann)["export"]
    got = Client().get(
        f"/api/v1/exports/{export}", headers={"Authorization": headers["Authorization"]}
    )
    assert got["Content-Type"] == "application/zip"
    assert got.getvalue()[:2] == b"PK"
    gone = Client().post(f"/api/v1/companies/{ann.public_id}/export", headers=headers)
    assert gone.status_code == 404


def test_another_administrator_does_not_get_the_file_nor_who_lost_the_right(
    browser, make_user, system, folder
):
    ann, _new = create_person(system, data=NewPerson(name="Ann Lee"))
    user = make_user("admin")
    run = disclose(actor_for(user), object_type("person"), ann.public_id)
    assert browser.get(f"/exports/{run.public_id}").status_code == 404
    change = UserChange(email=user.email, name=user.name, role="marketer", side="none")
    change_user(system, user.public_id, change)
    mine = Client()
    mine.force_login(User.objects.get(pk=user.pk))
    assert mine.get(f"/exports/{run.public_id}").status_code == 403
