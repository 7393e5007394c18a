"""Imports whose worker died: taken up again from the state of the run, once, or said to be over."""

import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from tandem.kernel.models import ProgressRecord, ProgressState
from tandem.kernel.progress import tracking
from tandem.people.models import Person
from tandem.records.actions import import_now, imports, start_import, take_up_imports, take_upload
from tandem.records.actions.imports import import_folder
from tandem.records.jobs import run_import
from tandem.records.models import ImportRun, ImportState
from tandem.records.queries import path_of
from tandem.records.schemas import ImportOptions

pytestmark = pytest.mark.django_db

CSV = b"Name,Email\nAnn,ann@bell.example\nBen,ben@bell.example\n"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def begun(admin):
    """An upload that was started; its worker died in the midst, ``seconds`` ago."""

    def make(*, is_trial=False, seconds=120):
        run = take_upload(admin, kind="people", name="p.csv", chunks=[CSV], options=ImportOptions())
        start_import(admin, run.public_id, is_trial=is_trial)
        with tracking(admin, kind="import", label="p", unit="rows", total=2) as progress:
            pass
        ProgressRecord.objects.filter(pk=progress.record.pk).update(
            state=ProgressState.RUNNING,
            done=1,
            finished_at=None,
            updated_at=timezone.now() - timedelta(seconds=seconds),
        )
        ImportRun.objects.filter(pk=run.pk).update(
            state=ImportState.RUNNING, progress=progress.public_id
        )
        return ImportRun.objects.get(pk=run.pk)

    return make


def lose_jobs():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'records.run_import'")


def asked_for():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args::text FROM procrastinate_jobs WHERE task_name = 'records.run_import'"
            " ORDER BY id"
        )
        return [json.loads(row[0]) for row in cursor.fetchall()]


def test_a_second_worker_ends_what_the_first_began_under_the_same_progress(begun):
    run = begun()
    run_import(run_id=run.pk, is_trial=False)
    after = ImportRun.objects.get(pk=run.pk)
    assert (after.state, after.progress) == (ImportState.DONE, run.progress)
    assert Person.objects.count() == 2
    (record,) = ProgressRecord.objects.filter(kind="import")
    assert (record.state, record.done, record.total) == (ProgressState.DONE, 2, 2)
    assert record.finished_at is not None


def test_who_comes_back_after_another_has_ended_it_writes_nothing_more(begun, admin, monkeypatch):
    run = begun()
    slow = ImportRun.objects.get(pk=run.pk)
    path = path_of(run)
    content = path.read_bytes()
    begin = imports._begin

    def begin_and_be_overtaken(*given, **named):
        begin(*given, **named)
        monkeypatch.setattr(imports, "_begin", begin)
        import_now(admin, run, path=path)
        path.write_bytes(content)

    monkeypatch.setattr(imports, "_begin", begin_and_be_overtaken)
    ended = import_now(admin, slow, path=path)
    assert (ended.state, ended.report["created"]) == (ImportState.DONE, 2)
    made_in = set(Person.objects.values_list("created_in_id", flat=True))
    assert (made_in, Person.objects.count()) == ({ended.change_set_id}, 2)
    assert ProgressRecord.objects.get(kind="import").state == ProgressState.DONE


@pytest.mark.parametrize("is_trial", [False, True])
def test_a_run_whose_job_is_lost_is_asked_for_again_as_it_was(begun, system, is_trial):
    run = begun(is_trial=is_trial)
    assert take_up_imports(system) == 0
    lose_jobs()
    assert take_up_imports(system) == 1
    assert asked_for() == [{"run_id": run.pk, "is_trial": is_trial}]
    assert take_up_imports(system) == 0
    run_import(**asked_for()[0])
    assert Person.objects.count() == (0 if is_trial else 2)


def test_a_run_that_still_counts_is_left_alone(begun, system):
    begun(seconds=5)
    lose_jobs()
    assert take_up_imports(system) == 0
    assert asked_for() == []


def test_a_run_that_never_ends_is_failed_and_can_be_started_without_another_upload(
    begun, system, admin
):
    run = begun()
    for _time in range(2):
        lose_jobs()
        assert take_up_imports(system) == 1
    lose_jobs()
    assert take_up_imports(system) == 1
    run.refresh_from_db()
    assert (run.state, run.error) == (
        ImportState.FAILED,
        "The import was interrupted before its end.",
    )
    assert asked_for() == []
    (record,) = ProgressRecord.objects.filter(kind="import")
    assert (record.state, record.message) == (ProgressState.FAILED, run.error)
    start_import(admin, run.public_id)
    run_import(**asked_for()[0])
    assert Person.objects.count() == 2


def test_an_import_by_command_that_was_killed_is_failed(begun, system):
    run = begun()
    lose_jobs()
    ImportRun.objects.filter(pk=run.pk).update(stored_as="")
    assert take_up_imports(system) == 1
    run.refresh_from_db()
    assert run.state == ImportState.FAILED
    assert asked_for() == []


def test_progress_that_a_worker_could_not_end_says_what_became_of_the_run(begun, system):
    run = begun()
    ImportRun.objects.filter(pk=run.pk).update(state=ImportState.DONE)
    take_up_imports(system)
    assert ProgressRecord.objects.get(kind="import").state == ProgressState.DONE


def test_a_run_whose_file_is_gone_says_so(begun):
    run = begun()
    (import_folder() / run.stored_as).unlink()
    run_import(run_id=run.pk, is_trial=False)
    run.refresh_from_db()
    assert run.state == ImportState.FAILED
    assert run.error


def test_the_page_says_that_an_import_is_interrupted_and_goes_on_by_itself(client, make_user):
    user = make_user("admin")
    client.force_login(user)
    file = SimpleUploadedFile("p.csv", CSV)
    url = client.post("/imports", {"kind": "people", "file": file})["Location"]
    run = ImportRun.objects.get()
    record = ProgressRecord.objects.create(kind="import", label="p", unit="rows", actor_id=user.pk)
    long_ago = timezone.now() - timedelta(minutes=2)
    ProgressRecord.objects.update(updated_at=long_ago)
    record.refresh_from_db()
    ImportRun.objects.filter(pk=run.pk).update(state=ImportState.RUNNING, progress=record.public_id)
    assert "It is taken up again by itself" in client.get(url).content.decode()
