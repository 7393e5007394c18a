"""What a form brings: one person, consent, a story, a fact; and nothing where it is refused."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.db import DatabaseError, connection

from tandem.capture import queries
from tandem.capture.actions import PUBLIC, delete_submission, release_submission, submit_form
from tandem.capture.errors import NotPublished, TokenExpired, TokenInvalid, TooManyForms
from tandem.capture.models import Submission
from tandem.capture.rules import origin_of
from tandem.capture.schemas import ChangeSubmission, SubmissionIn
from tandem.consent.models import ConsentState
from tandem.kernel.actor import NOBODY, Actor
from tandem.kernel.errors import DomainError, Invalid, Missing, Refused, Unauthenticated
from tandem.kernel.ids import new_public_id
from tandem.kernel.models import PublishedFact
from tandem.lake.models import SubjectAlias
from tandem.people.actions import create_person
from tandem.people.models import Company, Employment, Person, PersonEmail, PersonPhone
from tandem.people.schemas import NewPerson
from tandem.timeline.models import TimelineEntry

pytestmark = pytest.mark.django_db

WATCHED = (Submission, Person, PersonEmail, Company, ConsentState, SubjectAlias, TimelineEntry)


def rows() -> dict[str, int]:
    counts = {model.__name__: model._base_manager.count() for model in WATCHED}
    return {**counts, "facts": PublishedFact.objects.filter(name__startswith="capture").count()}


def test_a_form_makes_a_person_with_a_story_and_a_fact(send):
    made = send(
        phone="+44 1227 496014",
        company="Lee Gifts",
        message="Two hundred tins?",
        url="https://shop.example/p/tins?utm_source=news&utm_medium=email&utm_campaign=winter",
        referrer="https://mail.example/inbox?secret=1",
    )

    person = Person.objects.get()
    assert made.person == person
    assert (person.name, person.owner) == ("Ann Lee", None)
    assert PersonEmail.objects.get().normalized == "ann@lee.example"
    assert Employment.objects.get(person=person).company == Company.objects.get(name="Lee Gifts")
    assert made.answers == {
        "name": "Ann Lee",
        "email": "ann@lee.example",
        "phone": PersonPhone.objects.get(person=person).normalized,
        "company": "Lee Gifts",
        "message": "Two hundred tins?",
    }
    assert (made.utm_source, made.utm_medium, made.utm_campaign) == ("news", "email", "winter")
    assert (made.channel, made.referrer) == ("email", "https://mail.example/inbox")
    assert made.raises_hand is True
    told = TimelineEntry.objects.get(kind="capture.submitted")
    assert (told.subject_kind, told.subject_id, told.side) == ("person", person.pk, "mkt")
    assert told.payload["campaign"] == "winter"
    fact = PublishedFact.objects.get(name="capture.FormSubmitted")
    assert fact.payload["submission_ids"] == [made.pk]


def test_who_was_here_keeps_what_is_known_and_gets_what_was_empty(send, system: Actor):
    known, _new = create_person(
        system, data=NewPerson(name="Ann R. Lee", email="Ann@Lee.example", title="Buyer")
    )
    made = send(name="Somebody Else", phone="+44 1227 496014", company="Lee Gifts")

    person = Person.objects.get()
    assert (made.person_id, person.name) == (known.pk, "Ann R. Lee")
    job = Employment.objects.get(person=person, is_primary=True)
    assert (job.title, job.company and job.company.name) == ("Buyer", "Lee Gifts")
    assert PersonPhone.objects.get(person=person).normalized.endswith("1227496014")


def test_a_person_known_by_address_alone_gets_a_name_later(add_form, send):
    short = add_form(slug="news", fields="email | Mail * | email")
    token = queries.signed_token(short, None, origin_of("", ""))
    data = SubmissionIn(token=token, answers={"email": "ann@lee.example"})
    made = submit_form(PUBLIC, data=data)
    assert made.person is not None
    assert made.person.name == "ann@lee.example"
    send()
    assert Person.objects.get().name == "Ann Lee"


def test_the_same_token_twice_makes_nothing_new(send, form):
    token = queries.signed_token(form, None, origin_of("", ""))
    first = send(token=token)
    before = rows()
    again = send(token=token, email="other@lee.example")
    assert again.pk == first.pk
    assert rows() == before


@pytest.mark.parametrize("token", ["", "nonsense", "a:b:c"])
def test_a_wrong_token_is_refused_and_leaves_nothing(send, token):
    before = rows()
    with pytest.raises(TokenInvalid):
        send(token=token or " ")
    assert rows() == before


def test_a_changed_token_is_refused(send, form):
    token = queries.signed_token(form, None, origin_of("", ""))
    with pytest.raises(TokenInvalid):
        send(token=("A" if token[1] != "A" else "B").join((token[:1], token[2:])))
    assert rows()["Submission"] == 0


def test_an_expired_token_is_refused_and_leaves_nothing(send, form, monkeypatch):
    token = queries.signed_token(form, None, origin_of("https://x.example/?utm_source=a", ""))
    monkeypatch.setattr(queries, "TOKEN_LASTS", -timedelta(seconds=1))
    before = rows()
    with pytest.raises(TokenExpired):
        send(token=token)
    assert rows() == before
    assert queries.origin_in(token).source == "a"


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"favourite": "tins"}, "favourite"),
        ({"email": "nobody"}, "email"),
        ({"name": ""}, "name"),
        ({"about": "Elephants"}, "about"),
        ({"phone": "12"}, "phone"),
        ({"message": "x" * 2001}, "message"),
        ({"message": "nul \x00"}, "message"),
        ({"name": "two\nlines"}, "name"),
    ],
)
def test_a_wrong_answer_is_refused_and_leaves_nothing(send, answers, field):
    before = rows()
    with pytest.raises(Invalid) as refused:
        send(**answers)
    assert [error.field for error in refused.value.errors] == [field]
    assert rows() == before


def test_nobody_may_submit_past_the_page(form):
    token = queries.signed_token(form, None, origin_of("", ""))
    with pytest.raises(Unauthenticated):
        submit_form(NOBODY, data=SubmissionIn(token=token, answers={}))


def test_a_draft_takes_nothing(add_form, send):
    draft = add_form(slug="later", status="draft")
    with pytest.raises(NotPublished):
        send(of=draft)
    assert rows()["Submission"] == 0


def test_consent_waits_for_the_mailbox_and_a_raised_hand_may_be_answered(send):
    made = send(has_consent=True, phone="+44 1227 496014")
    states = set(
        ConsentState.objects.filter(person_id=made.person_id).values_list(
            "channel", "topic", "purpose", "state"
        )
    )
    assert states == {
        ("email", "news", "marketing", "pending"),
        ("email", "contact", "sales", "granted"),
        ("phone", "contact", "sales", "granted"),
    }


def test_no_box_ticked_no_consent(send):
    made = send()
    purposes = ConsentState.objects.filter(person_id=made.person_id).values_list("purpose")
    assert list(purposes) == [("sales",)]


def test_a_visitor_is_linked_only_with_the_id_of_its_consent(send):
    send(visitor="")
    send(visitor="not-an-id", email="b@lee.example")
    send(visitor="2f1e7e3e-6e0f-4c5b-9d51-0d3a3a1b2c3d", email="c@lee.example")  # version 4
    assert SubjectAlias.objects.count() == 0
    visitor = str(new_public_id())
    made = send(visitor=visitor)
    alias = SubjectAlias.objects.get()
    assert (alias.subject, alias.kind, alias.record_id) == (visitor, "person", made.person_id)
    assert alias.since <= made.at


def test_a_second_person_in_the_same_browser_ends_the_time_of_the_first(send):
    visitor = str(new_public_id())
    first, second = send(visitor=visitor), send(visitor=visitor, email="bo@lee.example")
    send(visitor=visitor, email="bo@lee.example")
    old, new = SubjectAlias.objects.order_by("pk")
    assert (old.record_id, new.record_id) == (first.person_id, second.person_id)
    assert (old.until, new.until) == (new.since, None)


def test_what_looks_like_spam_is_kept_aside_until_released(send, admin: Actor):
    before = rows()
    made = send(is_trapped=True, has_consent=True)
    assert (made.state, made.person_id, made.suspicions[0]) == ("quarantined", None, "trap")
    assert rows() == {**before, "Submission": before["Submission"] + 1}

    released = release_submission(admin, made.public_id, data=ChangeSubmission())
    assert (released.state, Person.objects.get().pk) == ("accepted", released.person_id)
    assert rows()["facts"] == 1


def test_links_in_a_fast_form_keep_it_aside_but_speed_alone_does_not(send):
    assert send().state == "accepted"
    assert send(message="see https://a.example").state == "quarantined"


def test_a_seller_neither_sees_nor_releases_what_was_kept_aside(send, make_actor: Any):
    seller = make_actor("seller")
    made = send(is_trapped=True)
    assert list(queries.submissions_visible_to(seller)) == []
    with pytest.raises(Refused):
        release_submission(seller, made.public_id, data=ChangeSubmission())


def test_a_deleted_submission_is_gone_and_its_person_stays(send, admin: Actor):
    made = send()
    delete_submission(admin, made.public_id)
    assert list(queries.submissions_visible_to(admin)) == []
    assert Person.objects.filter(deleted_at__isnull=True).count() == 1
    with pytest.raises(Missing):
        delete_submission(admin, made.public_id)


def test_the_rate_of_a_network_and_of_an_address_is_bounded(send, monkeypatch):
    monkeypatch.setattr("tandem.capture.actions.submissions.PER_NETWORK", 2)
    send(network="203.0.113.7")
    send(network="203.0.113.7", email="b@lee.example")
    before = rows()
    with pytest.raises(TooManyForms):
        send(network="203.0.113.7", email="c@lee.example")
    assert rows() == before
    caches["process"].clear()
    monkeypatch.setattr("tandem.capture.actions.submissions.PER_ADDRESS", 1)
    send()
    with pytest.raises(TooManyForms):
        send()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_one_token", [True, False])
def test_eight_at_once_make_one_person(send, form, is_one_token):
    one = queries.signed_token(form, None, origin_of("", ""))
    gate = threading.Barrier(8)
    failures: list[BaseException] = []

    def post(number: int) -> None:
        try:
            gate.wait()
            send(
                token=one if is_one_token else "",
                name=f"Ann {number}",
                company="Lee Gifts",
                phone="+44 1227 496014",
            )
        except (DomainError, DatabaseError) as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=post, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (Person.objects.count(), Company.objects.count()) == (1, 1)
    assert Submission.objects.count() == (1 if is_one_token else 8)
    assert set(Submission.objects.values_list("person_id", flat=True)) == {Person.objects.get().pk}
