import pytest
from django.core.checks import run_checks
from django.db import connection, transaction

from tandem.kernel import jobs
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Invalid, Unavailable
from tandem.kernel.jobs import (
    enqueue,
    enqueue_once,
    is_asked_for,
    job,
    sweep_stalled,
    unknown_jobs,
)

seen: list[Actor] = []


@job("kernel.tried", permissions=frozenset({"records.tag"}))
def tried(actor: Actor, refusal: str = "") -> None:
    seen.append(actor)
    if refusal:
        raise {"invalid": Invalid, "unavailable": Unavailable}[refusal]()


@pytest.fixture
def empty_queue(transactional_db: None) -> None:
    """The queue's tables are not Django's, which empties only its own between tests."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")


def rows() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT task_name, status::text FROM procrastinate_jobs"
            " WHERE task_name IN ('kernel.tried', 'kernel.deliver_facts') ORDER BY id"
        )
        return [(name, status) for name, status in cursor.fetchall()]


def test_a_job_acts_under_its_name_with_just_its_permissions() -> None:
    seen.clear()
    tried()
    assert [(actor.label, actor.permissions) for actor in seen] == [
        ("kernel.tried", frozenset({"records.tag"}))
    ]


def test_a_refusal_for_good_ends_the_job_and_one_for_now_is_raised_for_the_queue() -> None:
    tried("invalid")
    with pytest.raises(Unavailable):
        tried("unavailable")


@pytest.mark.usefixtures("empty_queue")
def test_a_job_is_there_when_its_transaction_commits_and_not_when_it_fails() -> None:
    with transaction.atomic():
        enqueue("kernel.tried")
    with transaction.atomic():
        enqueue("kernel.tried")
        transaction.set_rollback(True)
    assert rows() == [("kernel.tried", "todo")]


@pytest.mark.usefixtures("empty_queue")
def test_one_that_waits_does_the_work_of_the_next() -> None:
    for _time in range(3):
        enqueue_once("kernel.deliver_facts")
    assert rows() == [("kernel.deliver_facts", "todo")]


@pytest.mark.usefixtures("empty_queue")
def test_the_job_of_a_dead_worker_is_given_back_and_that_of_a_live_one_is_not() -> None:
    enqueue("kernel.tried")
    enqueue("kernel.tried")
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat)"
            " VALUES (now() - interval '1 hour') RETURNING id),"
            " live AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())"
            " RETURNING id)"
            " UPDATE procrastinate_jobs SET status = 'doing', attempts = 1, worker_id ="
            " CASE WHEN id = (SELECT min(id) FROM procrastinate_jobs)"
            " THEN (SELECT id FROM dead) ELSE (SELECT id FROM live) END"
        )
    assert sweep_stalled() == 1
    assert [status for _name, status in rows()] == ["todo", "doing"]
    assert sweep_stalled() == 0


@pytest.mark.usefixtures("empty_queue")
def test_a_job_that_kills_every_worker_is_given_up() -> None:
    enqueue("kernel.tried")
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat)"
            " VALUES (now() - interval '1 hour') RETURNING id)"
            " UPDATE procrastinate_jobs SET status = 'doing', attempts = %s,"
            " worker_id = (SELECT id FROM dead)",
            [jobs.MOST_DEATHS],
        )
    assert sweep_stalled() == 1
    assert rows() == [("kernel.tried", "failed")]
    assert sweep_stalled() == 0


@pytest.mark.usefixtures("empty_queue")
def test_a_job_is_asked_for_until_it_has_ended() -> None:
    assert not is_asked_for("kernel.tried", refusal="invalid")
    enqueue("kernel.tried", refusal="invalid")
    assert is_asked_for("kernel.tried", refusal="invalid")
    assert not is_asked_for("kernel.tried", refusal="unavailable")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing'")
        assert is_asked_for("kernel.tried", refusal="invalid")
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed'")
    assert not is_asked_for("kernel.tried", refusal="invalid")


def test_a_name_that_no_job_has_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_asked_for", {"people.forgotten"})
    assert unknown_jobs() == {"people.forgotten"}
    assert [error.id for error in run_checks() if "people.forgotten" in error.msg] == [
        "tandem.E001"
    ]
