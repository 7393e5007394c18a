"""What people said is kept word for word; what holds follows in the same transaction."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from tandem.consent import errors, queries
from tandem.consent.actions import (
    confirm_consent,
    create_consent,
    create_suppression,
    delete_suppression,
    record_consent,
    suppress,
)
from tandem.consent.models import (
    ConsentEvent,
    ConsentEvidence,
    ConsentState,
    Suppression,
    Wording,
)
from tandem.consent.rules import Basis, Channel, Purpose, State, StopReason
from tandem.consent.schemas import ConsentEntry, ConsentEvidenceIn, NewConsent, NewSuppression
from tandem.kernel.actor import Scope
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.models import PublishedFact
from tandem.people.actions import create_person
from tandem.people.schemas import NewPerson
from tandem.timeline.models import TimelineEntry
from tests.consent.conftest import WORDS

pytestmark = pytest.mark.django_db

EVIDENCE = ConsentEvidenceIn(source="test")


def facts():
    rows = PublishedFact.objects.filter(name__startswith="consent.").order_by("id")
    return list(rows.values_list("name", flat=True))


def story(person):
    rows = TimelineEntry.objects.filter(subject_kind="person", subject_id=person.pk)
    return list(rows.filter(kind__startswith="consent.").order_by("id").values_list("kind"))


def test_what_was_said_is_kept_with_words_and_evidence(ann, say):
    held = say(ann, State.PENDING)
    assert (held.state, held.basis, held.channel, held.topic, held.purpose) == (
        "pending",
        "consent",
        "email",
        "news",
        "marketing",
    )
    event = ConsentEvent.objects.select_related("wording", "evidence").get()
    assert (event.person_id, event.state, event.position, event.previous) == (
        ann.pk,
        "pending",
        1,
        "",
    )
    assert held.event_id == event.pk
    assert held.since == event.at == event.wording.first_shown_at
    assert event.wording.text == WORDS
    assert (event.evidence.source, event.evidence.ip, event.evidence.reference) == (
        "form",
        "192.0.2.7",
        "s1",
    )
    assert facts() == ["consent.ConsentChanged"]
    assert story(ann) == [("consent.pending",)]
    assert queries.broken_events() == []
    assert queries.crooked_states() == []


def test_the_same_words_are_kept_once_and_others_are_another_text(ann, say):
    say(ann, State.PENDING)
    say(ann, State.GRANTED)
    say(ann, State.GRANTED, topic="offers", wording="Send me offers.")
    assert list(Wording.objects.order_by("pk").values_list("text", flat=True)) == [
        WORDS,
        "Send me offers.",
    ]


def test_what_holds_changes_only_where_something_else_was_said(ann, say):
    first = say(ann, State.GRANTED)
    again = say(ann, State.GRANTED)
    asked = say(ann, State.PENDING)
    assert (again.since, again.event_id, asked.state) == (first.since, first.event_id, "granted")
    assert ConsentEvent.objects.count() == 3  # said is said
    assert facts() == ["consent.ConsentChanged"]
    gone = say(ann, State.WITHDRAWN)
    assert (gone.state, gone.row_version, gone.since > first.since) == ("withdrawn", 2, True)
    assert story(ann) == [("consent.granted",), ("consent.withdrawn",)]
    assert queries.crooked_states() == []
    assert queries.broken_events() == []


def test_what_was_said_cannot_be_rewritten(ann, say):
    say(ann, State.GRANTED)
    for rows, change in (
        (ConsentEvent.objects.all(), {"state": "withdrawn"}),
        (ConsentEvidence.objects.all(), {"note": "x"}),
        (Wording.objects.all(), {"text": "x"}),
    ):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            rows.update(**change)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        ConsentEvent.objects.all()._raw_delete("default")
    assert ConsentEvent.objects.get().state == "granted"


def test_a_forgery_past_the_trigger_is_found(ann, say):
    for state in (State.PENDING, State.GRANTED, State.WITHDRAWN):
        say(ann, state)
    (forged,) = ConsentEvent.objects.filter(position=3)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('tandem.erasing', 'on', true)")
        cursor.execute(
            "UPDATE consent_consentevent SET state = 'granted' WHERE id = %s", [forged.pk]
        )
    assert queries.broken_events() == [forged.pk]
    assert queries.crooked_states() == list(ConsentState.objects.values_list("pk", flat=True))


def test_the_chain_holds_after_an_erasure(ann, say, system):
    say(ann, State.GRANTED)
    ben = create_person(system, data=NewPerson(name="Ben", email="ben@lee.example"))[0]
    say(ben, State.GRANTED)
    say(ann, State.WITHDRAWN)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('tandem.erasing', 'on', true)")
        cursor.execute("DELETE FROM consent_consentevidence WHERE person_id = %s", [ann.pk])
        cursor.execute("DELETE FROM consent_consentstate WHERE person_id = %s", [ann.pk])
        cursor.execute(
            "UPDATE consent_consentevent SET person_id = NULL WHERE person_id = %s", [ann.pk]
        )
        cursor.execute("SELECT set_config('tandem.erasing', '', true)")
    assert queries.broken_events() == []
    assert queries.crooked_states() == []
    assert ConsentEvidence.objects.count() == 1


def test_nothing_is_recorded_without_words_entries_or_a_visible_person(ann, system, make_actor):
    entry = ConsentEntry(
        channel=Channel.EMAIL,
        topic="news",
        purpose=Purpose.MARKETING,
        basis=Basis.CONSENT,
        state=State.GRANTED,
    )
    blind = replace(make_actor("seller"), scopes={"*": Scope.OWN})
    for actor, entries, words, refusal in (
        (system, [entry], "  ", errors.WordingMissing),
        (system, [], WORDS, errors.NothingToRecord),
        (blind, [entry], WORDS, errors.PersonUnknown),
        (make_actor("viewer"), [entry], WORDS, Refused),
    ):
        with pytest.raises(refusal):
            record_consent(actor, ann.pk, entries=entries, wording=words, evidence=EVIDENCE)
    counts = [m.objects.count() for m in (ConsentEvent, ConsentState, ConsentEvidence, Wording)]
    assert counts == [0, 0, 0, 0]
    assert facts() == []


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_about_one_person_make_one_state_and_one_whole_chain(ann, say):
    start = Barrier(8)

    def one(number):
        try:
            start.wait()
            return say(ann, State.GRANTED, wording=f"Words {number % 2}").pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(one, range(8)))
    assert len(set(found)) == 1
    assert (ConsentState.objects.count(), Wording.objects.count()) == (1, 2)
    positions = ConsentEvent.objects.order_by("position").values_list("position", flat=True)
    assert list(positions) == list(range(1, 9))
    assert queries.broken_events() == []


def test_confirming_grants_what_waits_with_the_words_that_were_shown(ann, say, system):
    say(ann, State.PENDING)
    say(ann, State.GRANTED, purpose=Purpose.SALES, topic="contact", basis=Basis.REQUEST)
    suppress(system, address="ann@lee.example", reason=StopReason.UNSUBSCRIBED)
    topics = [(Channel.EMAIL, "news", "marketing"), (Channel.EMAIL, "other", "marketing")]
    confirm: dict[str, Any] = {"address": "Ann@lee.example", "topics": topics, "evidence": EVIDENCE}
    (granted,) = confirm_consent(system, ann.pk, **confirm)
    assert (granted.topic, granted.state, granted.event.wording.text) == ("news", "granted", WORDS)
    assert queries.suppressed(["ann@lee.example"]) == {}
    before = ConsentEvent.objects.count()
    assert confirm_consent(system, ann.pk, **confirm) == []  # a second click says nothing new
    assert ConsentEvent.objects.count() == before


def test_confirming_does_not_bring_back_what_was_withdrawn(ann, say, system):
    say(ann, State.PENDING)
    say(ann, State.WITHDRAWN)
    suppress(system, address="ann@lee.example", reason=StopReason.UNSUBSCRIBED)
    topics = [(Channel.EMAIL, "news", "marketing")]
    assert (
        confirm_consent(system, ann.pk, address="ann@lee.example", topics=topics, evidence=EVIDENCE)
        == []
    )
    assert ConsentState.objects.get().state == "withdrawn"
    assert queries.suppressed(["ann@lee.example"]) == {"ann@lee.example": {StopReason.UNSUBSCRIBED}}


def test_consent_by_hand_names_who_put_it_in(ann, make_actor):
    seller = replace(make_actor("seller", name="Priya Nair"), scopes={"*": Scope.ALL})
    data = NewConsent(person=ann.public_id, state=State.GRANTED, wording=WORDS, note="At the fair")
    held, is_new = create_consent(seller, data=data)
    assert (held.state, is_new) == ("granted", True)
    proof = ConsentEvidence.objects.get()
    assert (proof.source, proof.reference, proof.note) == ("ui", "Priya Nair", "At the fair")
    assert create_consent(seller, data=data)[1] is False


# --- the stop list --------------------------------------------------------------------------------


def test_an_address_is_stopped_once_per_reason_in_any_spelling(system):
    one, is_new = suppress(system, address="Ann@Lee.example", reason=StopReason.BOUNCED)
    two, again = suppress(system, address=" ann@lee.example", reason=StopReason.BOUNCED)
    assert (one.pk, is_new, again) == (two.pk, True, False)
    suppress(system, address="ann@lee.example", reason=StopReason.MANUAL)
    assert queries.suppressed(["ANN@lee.example", "ben@lee.example"]) == {
        "ANN@lee.example": {StopReason.BOUNCED, StopReason.MANUAL}
    }
    assert (one.address, len(one.key), "ann" in one.key) == ("ann@lee.example", 64, False)
    assert facts() == ["consent.AddressesSuppressed"] * 2


def test_the_address_of_an_erased_person_is_stopped_without_being_kept(system):
    row, _new = suppress(system, address="ann@lee.example", reason=StopReason.ERASED)
    assert (row.address, row.note) == ("", "")
    assert queries.suppressed(["ann@lee.example"]) == {"ann@lee.example": {StopReason.ERASED}}
    with pytest.raises(errors.StopStands):
        delete_suppression(system, row.public_id)
    assert Suppression.objects.get().deleted_at is None


def test_who_may_stop_and_who_may_lift(make_actor):
    seller, marketer, viewer = (make_actor(role) for role in ("seller", "marketer", "viewer"))
    row, _new = create_suppression(seller, data=NewSuppression(address="a@b.example"))
    assert row.reason == "manual"
    with pytest.raises(Refused):
        delete_suppression(seller, row.public_id)
    with pytest.raises(Refused):
        create_suppression(viewer, data=NewSuppression(address="c@b.example"))
    assert Suppression.objects.filter(deleted_at__isnull=True).count() == 1
    delete_suppression(marketer, row.public_id)
    with pytest.raises(Missing):
        delete_suppression(marketer, row.public_id)
    assert queries.suppressed(["a@b.example"]) == {}


def test_standing_is_all_that_decides(ann, say, system):
    of = queries.Subject(ann.pk, "ann@lee.example", "email", "news", "marketing")
    stranger = queries.Subject(None, "ben@lee.example", "email", "", "service")
    nothing = queries.Standing(None, frozenset(), None)
    with transaction.atomic():
        assert queries.standings([of, stranger]) == [nothing, nothing]
    held = say(ann, State.GRANTED)
    suppress(system, address="ann@lee.example", reason=StopReason.MANUAL)
    with transaction.atomic():
        found = queries.standings([stranger, of])
    manual = frozenset({StopReason.MANUAL})
    assert found == [nothing, queries.Standing(State.GRANTED, manual, held.event.public_id)]
