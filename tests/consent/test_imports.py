"""Consent that comes with a file: kept with its proof, never revived, a no always counted."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from tandem.consent.actions import record_consent, suppress
from tandem.consent.models import ConsentEvent, ConsentState, Suppression
from tandem.consent.queries import CHAIN_LOCK, broken_events, consent_of, crooked_states
from tandem.consent.rules import Basis, Channel, Purpose, State, StopReason
from tandem.consent.schemas import ConsentEntry, ConsentEvidenceIn
from tandem.kernel.models import ChangeSet
from tandem.kernel.tables import survey
from tandem.kernel.undo import AlreadyUndone, undo
from tandem.people.actions import create_person
from tandem.people.models import Person
from tandem.people.schemas import NewPerson
from tandem.records.actions import import_now, imports, note_upload, revert_import
from tandem.records.errors import ImportReverted
from tandem.records.models import ImportRun, ImportState
from tandem.records.schemas import ImportOptions
from tandem.records.slots import Outcome

pytestmark = pytest.mark.django_db

HEADER = "Email Address,First Name,OPTIN_TIME,OPTIN_IP,UNSUB_TIME,UNSUB_REASON"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def load(system, tmp_path):
    def run(*rows: str, header: str = HEADER, **given: Any) -> ImportRun:
        path = tmp_path / "members.csv"
        path.write_text("\n".join((header, *rows)))
        options = ImportOptions.model_validate({"time_zone": "UTC", **given})
        noted = note_upload(system, kind="people", name=path.name, of=survey(path), options=options)
        return import_now(system, noted, path=path)

    return run


def held(address: str) -> str | None:
    person = Person.objects.filter(emails__normalized=address).latest("pk")
    found = consent_of(person.pk, "email", "news", "marketing")
    return found.state if found else None


def notices(run: ImportRun) -> dict[str, int]:
    return {one["code"]: one["count"] for one in run.report["warnings"]}


def is_sound() -> bool:
    return broken_events() == [] and crooked_states() == []


def test_a_yes_is_kept_with_when_and_from_where(load):
    run = load("ann@bell.example,Ann,2024-03-01 10:20:30,203.0.113.7,,")
    assert held("ann@bell.example") == State.GRANTED
    event = ConsentEvent.objects.get()
    assert event.at == datetime(2024, 3, 1, 10, 20, 30, tzinfo=UTC)
    assert (event.evidence.ip, event.evidence.source) == ("203.0.113.7", "import")
    assert event.evidence.reference == "members.csv 1"
    assert event.wording.text == "Imported from members.csv, which does not hold the words."
    assert notices(run) == {"consent_without_wording": 1}
    assert is_sound()


def test_who_unsubscribed_elsewhere_is_not_written_to_here(load):
    load("ann@bell.example,Ann,2024-03-01 10:20:30,,2025-01-01 08:00:00,too many")
    assert held("ann@bell.example") == State.WITHDRAWN
    event = ConsentEvent.objects.get()
    assert (event.at.year, event.evidence.note) == (2025, "too many")
    stop = Suppression.objects.get()
    assert (stop.address, stop.reason) == ("ann@bell.example", StopReason.UNSUBSCRIBED)
    assert is_sound()


def test_a_file_says_nothing_twice(load):
    row = "ann@bell.example,Ann,2024-03-01 10:20:30,,,"
    load(row)
    run = load(row)
    assert run.report["skipped"] == 1
    assert ConsentEvent.objects.count() == 1


@pytest.mark.parametrize("how", [State.WITHDRAWN, State.DENIED])
def test_a_no_is_not_revived(load, system, how):
    person, _new = create_person(system, data=NewPerson(name="Ann", email="ann@bell.example"))
    entry = ConsentEntry(
        channel=Channel.EMAIL,
        topic="news",
        purpose=Purpose.MARKETING,
        basis=Basis.CONSENT,
        state=how,
    )
    proof = ConsentEvidenceIn(source="page")
    record_consent(system, person.pk, entries=[entry], wording="No more.", evidence=proof)
    run = load("ann@bell.example,Ann,2024-03-01 10:20:30,,,")
    assert held("ann@bell.example") == how
    assert notices(run) == {"consent_not_revived": 1}
    assert ConsentEvent.objects.count() == 1


@pytest.fixture
def before_the_end(monkeypatch):
    """Do something when an import has written all but what others must wait for."""

    def arrange(step: Callable[[], object]) -> None:
        write_last = imports._write_last

        def run(outcome: Outcome) -> None:
            step()
            write_last(outcome)

        monkeypatch.setattr(imports, "_write_last", run)

    return arrange


def test_a_no_that_is_said_while_an_import_runs_stands(load, system, before_the_end):
    person, _new = create_person(system, data=NewPerson(name="Ann", email="ann@bell.example"))
    entry = ConsentEntry(
        channel=Channel.EMAIL,
        topic="news",
        purpose=Purpose.MARKETING,
        basis=Basis.CONSENT,
        state=State.WITHDRAWN,
    )
    proof = ConsentEvidenceIn(source="page")
    before_the_end(
        lambda: record_consent(
            system, person.pk, entries=[entry], wording="No more.", evidence=proof
        )
    )
    load("ann@bell.example,Ann,2024-03-01 10:20:30,,,", "ben@bell.example,Ben,2024-03-01,,,")
    assert (held("ann@bell.example"), held("ben@bell.example")) == (State.WITHDRAWN, State.GRANTED)
    assert ConsentEvent.objects.count() == 2
    assert is_sound()


def test_nobody_waits_for_a_chain_before_the_end_of_an_import(load, before_the_end):
    held_then: list[int] = []

    def count_locks() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()"
                " AND locktype = 'advisory' AND classid = %s",
                [CHAIN_LOCK],
            )
            held_then.append(cursor.fetchone()[0])

    before_the_end(count_locks)
    load("ann@bell.example,Ann,2024-03-01 10:20:30,,,")
    count_locks()
    assert held_then == [0, 1]


def test_who_stands_on_the_stop_list_stays_there(load, system):
    suppress(system, address="ann@bell.example", reason=StopReason.COMPLAINED)
    run = load("Ann@Bell.example,Ann,2024-03-01 10:20:30,,,")
    assert (run.report["created"], held("ann@bell.example")) == (1, None)
    assert notices(run) == {"consent_not_revived": 1}
    assert Suppression.objects.filter(deleted_at__isnull=True).count() == 1


@pytest.mark.parametrize(
    ("said", "state", "stops"),
    [
        ("subscribed", "granted", 0),
        ("Yes", "granted", 0),
        ("unsubscribed", "withdrawn", 1),
        ("FALSE", "withdrawn", 1),
        ("cleaned", None, 1),
        ("maybe", None, 0),
        ("", None, 0),
    ],
)
def test_words_of_a_status_column_are_understood(load, said, state, stops):
    load(f"ann@bell.example,{said}", header="Email,Subscription status")
    assert (held("ann@bell.example"), Suppression.objects.count()) == (state, stops)


@pytest.mark.parametrize(("said", "state"), [("true", "withdrawn"), ("false", None), ("0", None)])
def test_an_opt_out_column_says_the_opposite(load, said, state):
    load(f"ann@bell.example,{said}", header="Email,HasOptedOutOfEmail")
    assert held("ann@bell.example") == state


def test_of_two_rows_the_stricter_word_counts(load):
    load(
        "ann@bell.example,subscribed",
        "ann@bell.example,unsubscribed",
        header="Email,Subscription status",
    )
    assert held("ann@bell.example") == State.WITHDRAWN


def test_a_no_is_kept_even_of_people_who_are_left_as_they_are(load, system):
    create_person(system, data=NewPerson(name="Ann", email="ann@bell.example"))
    load("ann@bell.example,unsubscribed", header="Email,Subscription status", policy="create")
    assert held("ann@bell.example") == State.WITHDRAWN


def test_taken_back_nobody_is_written_to_and_a_second_try_may_grant(load, system):
    create_person(system, data=NewPerson(name="Ann", email="ann@bell.example"))
    rows = ("ann@bell.example,subscribed", "ben@bell.example,unsubscribed")
    run = load(*rows, header="Email,Subscription status")
    revert_import(system, run.public_id)
    assert held("ann@bell.example") == State.WITHDRAWN
    assert not Suppression.objects.filter(deleted_at__isnull=True).exists()
    load(*rows, header="Email,Subscription status")
    assert held("ann@bell.example") == State.GRANTED
    assert is_sound()
    assert ConsentState.objects.filter(state="granted").count() == 1


def test_undo_of_an_import_by_any_door_is_its_reversion(load, system):
    create_person(system, data=NewPerson(name="Bo Berg", email="bo@berg.example"))
    run = load(
        "ann@bell.example,Ann,2024-03-01 10:20:30,,,",
        "bo@berg.example,Bo,2024-03-01 10:20:30,,,",
    )
    imported_in = ChangeSet.objects.get(pk=run.change_set_id).public_id
    assert held("bo@berg.example") == State.GRANTED
    undoing = undo(system, imported_in)
    run.refresh_from_db()
    assert run.state == ImportState.REVERTED
    assert run.report["reverted"] != {}
    assert held("bo@berg.example") != State.GRANTED
    assert list(Person.objects.filter(deleted_at__isnull=True).values_list("name", flat=True)) == [
        "Bo Berg"
    ]
    assert is_sound()
    for again in (lambda: undo(system, imported_in), lambda: revert_import(system, run.public_id)):
        with pytest.raises(AlreadyUndone):
            again()
    with pytest.raises(ImportReverted):
        undo(system, undoing)
    assert Person.objects.filter(deleted_at__isnull=True).count() == 1
    assert held("bo@berg.example") != State.GRANTED
