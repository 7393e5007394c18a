"""Words that stand nowhere else are planted in every field of a person; after the erasure a search
through all tables, files and logs finds none of them."""

import json
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import duckdb
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from tandem.accounts.actions import add_token
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.capture import queries as capture
from tandem.capture.actions import PUBLIC, create_form, submit_form
from tandem.capture.models import Form, Submission
from tandem.capture.rules import origin_of
from tandem.capture.schemas import NewForm, SubmissionIn
from tandem.consent.actions import record_consent, suppress
from tandem.consent.models import ConsentEvent, Suppression
from tandem.consent.queries import address_key
from tandem.consent.rules import StopReason
from tandem.consent.schemas import ConsentEntry, ConsentEvidenceIn
from tandem.deals.actions import open_deal, put_contact, remove_contact
from tandem.deals.schemas import ContactIn, NewDeal
from tandem.delivery.actions import plan_message
from tandem.delivery.models import Message
from tandem.handoff.actions import create_lead, reject_handoff
from tandem.handoff.models import Handoff
from tandem.handoff.schemas import NewLead, Rejection
from tandem.kernel.actor import Actor
from tandem.kernel.facts import deliver_facts
from tandem.kernel.refs import RecordRef
from tandem.kernel.tables import survey
from tandem.lake.actions import ensure_days, flush, link_subject
from tandem.lake.models import Event, EventFile
from tandem.lake.queries import Counted, count_events
from tandem.people.actions import change_person, create_person
from tandem.people.models import Person
from tandem.people.schemas import ChangePerson, NewPerson
from tandem.records.actions import (
    add_comment,
    add_field,
    add_tag,
    ask_erasure,
    attach_files,
    erase,
    import_now,
    keep_content,
    merge,
    note_upload,
    save_view,
    settle,
)
from tandem.records.actions.exports import export_many
from tandem.records.models import Erasure, ErasureBasis
from tandem.records.queries import ListQuery, Selection
from tandem.records.schemas import ExportAs, ImportOptions, NewComment, NewField, NewTag, NewView
from tandem.records.slots import object_type
from tandem.revenue.actions import book_order
from tandem.revenue.models import Order
from tandem.revenue.schemas import NewOrder

pytestmark = pytest.mark.django_db

MAIL = "zqxmail.ann@zqxhost.example"
OTHER_MAIL = "zqxother@zqxhost.example"
NAME = "Zqxgiven Zqxfamily"
FORMER = "Zqxformer Zqxmaiden"
PHONE = "+442079460958"
CANARY = "zqx"
"""Every word that is planted begins so, and no other text does."""

FIELDS = """
name | Name * | text
email | Mail * | email
message | Message | long 2000
"""


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.ERASURE_LEDGER = tmp_path / "erased.jsonl"
    return tmp_path


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG, logger="tandem"):
        yield caplog


@pytest.fixture
def boss(make_user: Any) -> User:
    user: User = make_user("admin", name="Ada Admin")
    return user


@pytest.fixture
def seller(make_user: Any) -> User:
    user: User = make_user("seller", name="Priya Nair")
    return user


def everywhere(needle: str) -> dict[str, int]:
    """The tables in whose rows a text stands, as the database writes rows; parts included."""
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'm')"
            " AND relnamespace = current_schema()::regnamespace ORDER BY relname"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(
                f'SELECT count(*) FROM "{table}" t WHERE t::text ILIKE %s', [f"%{needle}%"]
            )
            if count := cursor.fetchone()[0]:
                found[table] = count
    return found


def on_disk(folder: Path, needles: Iterable[str]) -> list[str]:
    """The files below a folder in which one of these texts stands."""
    wanted = [one.lower().encode() for one in needles]
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(one in path.read_bytes().lower() for one in wanted)
    ]


def planted(boss: User, seller: User, system: Actor, folder: Path) -> Person:
    """A person with a canary in every field, through all ordinary flows."""
    actor, kind = actor_for(boss), object_type("person")
    add_field(actor, data=NewField(kind="person", type="text", label="Hobby", key="x_hobby"))
    person, _new = create_person(
        actor,
        data=NewPerson(
            name=FORMER, email=MAIL, phone=PHONE, title="Zqxtitle", company="Harbour Foods"
        ),
    )
    change_person(actor, person.public_id, data=ChangePerson(name=NAME))
    browser = Client()
    browser.force_login(boss)
    url = f"/people/{person.public_id}"
    sent = browser.post(f"{url}/fields/x_hobby", {"x_hobby": "Zqxhobby"})
    assert sent.status_code in (200, 303)
    add_comment(actor, kind, person.public_id, data=NewComment(text="zqxcomment was rude"))
    add_tag(actor, kind, person.public_id, data=NewTag(name="vip"))
    attach_files(
        actor,
        kind,
        person.public_id,
        contents=[keep_content("zqxfile.txt", [b"zqxcontent of a letter"])],
    )
    _imported(actor, folder)
    double, _new = create_person(actor, data=NewPerson(name="Zqxdouble Zqxtwin", email=OTHER_MAIL))
    merge(actor, kind, person.public_id, double.public_id, reason="zqxreason of a merge")
    record_consent(
        actor,
        person.pk,
        entries=[
            ConsentEntry(
                channel="email", topic="news", purpose="marketing", basis="consent", state="granted"
            )
        ],
        wording="Send me news.",
        evidence=ConsentEvidenceIn(
            source="form", url="https://shop.example/?q=zqxevidence", user_agent="zqxagent"
        ),
    )
    suppress(actor, address=MAIL, reason=StopReason.MANUAL, note="zqxnote")
    _at_the_seam(actor, seller, person)
    _written_to(actor, person)
    _watched(system, person)
    book_order(actor, data=NewOrder(number="A-1", person=MAIL, amount="120.50"))
    save_view(
        actor,
        kind,
        data=NewView(
            name="One",
            filters={"field": "email", "is": "contains", "value": MAIL},
        ),
    )
    run = export_many(
        actor,
        kind,
        Selection(every=ListQuery()),
        data=ExportAs(format="csv", columns=["name", "email"]),
    )
    assert run.count >= 1
    _answered_by_api(boss, person)
    deliver_facts()
    return Person.objects.get(pk=person.pk)


def _imported(actor: Actor, folder: Path) -> None:
    """A trial and an import, with what they show of the rows."""
    path = folder / "people.csv"
    path.write_text(f"Email,Job Title,Phone\n{MAIL},Zqximported,+442079460958\n")
    options = ImportOptions.model_validate({"source": "crm", "policy": "overwrite"})
    noted = note_upload(actor, kind="people", name=path.name, of=survey(path), options=options)
    run = import_now(actor, noted, path=path, is_trial=False)
    assert run.report["updated"] == 1
    path.unlink()


def _at_the_seam(actor: Actor, seller: User, person: Person) -> None:
    form = create_form(
        actor,
        data=NewForm.model_validate(
            {
                "name": "Trade", "slug": "trade", "fields": FIELDS, "status": "published",
                "raises_hand": True, "contact_kind": "call_back",
            }
        ),
    )[0]  # fmt: skip
    token = capture.signed_token(form, None, origin_of("https://shop.example/?u=zqxurl", ""))
    answers = {"name": NAME, "email": MAIL, "message": "zqxanswer please"}
    made = submit_form(PUBLIC, data=SubmissionIn(token=token, answers=answers))
    _aside(form)
    deliver_facts()
    lead, _new = create_lead(
        actor,
        data=NewLead(person=person.public_id, asked_for="zqxasked", owner=str(seller.public_id)),
    )
    handoff = Handoff.objects.filter(lead=lead).order_by("-pk").first()
    assert handoff is not None
    reject_handoff(
        actor_for(seller), handoff.public_id, data=Rejection(code="wrong_data", note="zqxwhy")
    )
    deal, _new = open_deal(
        actor, data=NewDeal(name=f"Deal with {NAME}", person=MAIL, company="Harbour Foods")
    )
    other, _new = open_deal(actor, data=NewDeal(name="Another", company="Harbour Foods"))
    put_contact(actor, other.public_id, data=ContactIn(person=MAIL, role="buyer"))
    remove_contact(actor, other.public_id, person=person.public_id)
    add_comment(
        actor,
        object_type("deal"),
        deal.public_id,
        data=NewComment(text=f"{NAME} ({MAIL}, {PHONE}) decides"),
    )
    assert made.person_id == person.pk


def _aside(form: Form) -> None:
    """One that looked like spam, of the same address."""
    Submission.objects.create(
        form=form,
        nonce=uuid4(),
        at=timezone.now(),
        state="quarantined",
        answers={"message": "zqxspam"},
        address=MAIL,
        contact_kind="call_back",
        created_in_id=form.created_in_id,
    )


def _written_to(actor: Actor, person: Person) -> None:
    given: dict[str, Any] = {"message_class": "transactional", "purpose": "service", "to": MAIL}
    plan_message(
        actor, subject="Zqxsubject", text="zqxbody", html="<p>zqxhtml</p>", send_key="k-1",
        person_id=person.pk, **given,
    )  # fmt: skip
    plan_message(actor, subject="Zqxloose", text="zqxloosebody", send_key="k-2", **given)


def _watched(system: Actor, person: Person) -> None:
    ensure_days(system)
    visitor, now = f"zqxvisitor{uuid4().hex}", timezone.now()
    ref = RecordRef("person", person.pk)
    link_subject(system, visitor, to=ref, since=now, proof="zqxproof")
    event = {
        "id": str(uuid4()),
        "at": now.isoformat(),
        "visitor": visitor,
        "name": "page_view",
        "url": f"https://shop.example/?mail={quote(MAIL)}",
        "title": "zqxpage",
        "props": {"search": "zqxsearch"},
        **dict.fromkeys(("referrer", "source", "medium", "campaign", "channel"), ""),
    }
    stranger = {
        **event,
        "id": str(uuid4()),
        "visitor": "",
        "url": "https://shop.example/x",
        "title": "",
        "props": {"asked": MAIL},
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT lake_store(%s::json)", [json.dumps([event, stranger])])
    assert Event.objects.count() == 2
    flush(system)
    with connection.cursor() as cursor:
        again = [{**one, "id": str(uuid4())} for one in (event, stranger)]
        cursor.execute("SELECT lake_store(%s::json)", [json.dumps(again)])
    assert (Event.objects.count(), EventFile.objects.get().rows) == (2, 2)


def in_lake(folder: Path) -> str:
    """What the files of the lake say, which are compressed."""
    paths = sorted((folder / "files" / "lake").rglob("*.parquet"))
    return " ".join(
        str(
            duckdb.sql(
                f"SELECT * EXCLUDE (\"at\", received_at, client_at) FROM '{path}'"
            ).fetchall()
        )
        for path in paths
    ).lower()


def _answered_by_api(boss: User, person: Person) -> None:
    """An answer that is kept for its repetition."""
    token = add_token(actor_for(boss), NewToken(name="sync"))
    sent = Client().patch(
        f"/api/v1/people/{person.public_id}",
        json.dumps({"country": "GB"}),
        content_type="application/json",
        headers={"Idempotency-Key": "k1", "Authorization": f"Bearer {token.raw}"},
    )
    assert sent.status_code == 200
    assert MAIL in everywhere_text("kernel_idempotencykey")


def everywhere_text(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT string_agg(t::text, chr(10)) FROM "{table}" t')
        return str(cursor.fetchone()[0])


def erased(boss: User, person: Person) -> Erasure:
    actor = actor_for(boss)
    asked = ask_erasure(
        actor,
        object_type("person"),
        person.public_id,
        typed=person.name,
        basis=ErasureBasis.REQUEST,
    )
    done = erase(actor, asked)
    settle(done)
    return Erasure.objects.get(pk=done.pk)


def test_no_word_of_them_is_left_anywhere(boss, seller, system, folder, log):
    person = planted(boss, seller, system, folder)
    other, _new = create_person(
        actor_for(boss), data=NewPerson(name="Bo Berg", email="bo.ann@host.example")
    )
    before = everywhere(CANARY)
    assert len(before) >= 25  # the canaries are where they should be
    assert on_disk(folder, ["zqxcontent", MAIL]) != []
    assert CANARY in in_lake(folder)
    done = erased(boss, person)
    assert CANARY not in in_lake(folder)
    assert done.certificate["deleted"]["lake.event"] == 2
    assert count_events(Counted.EVENTS) == [((), 2, 2)]  # of the stranger, without the name
    assert everywhere(CANARY) == {}
    assert everywhere(PHONE) == {}
    assert everywhere(PHONE.removeprefix("+44")) == {}
    hashes = set(everywhere(address_key(MAIL)))
    assert hashes == {"consent_suppression"}
    assert on_disk(folder, [CANARY, PHONE]) == []
    assert [one for one in log.messages if CANARY in one.lower()] == []
    assert Person.objects.get(pk=other.pk).name == "Bo Berg"
    assert json.dumps(done.certificate).lower().count(CANARY) == 0


def test_what_is_kept_is_exactly_the_evidence(boss, seller, system, folder):
    person = planted(boss, seller, system, folder)
    said = ConsentEvent.objects.count()
    sent = Message.objects.filter(person=person).count()
    done = erased(boss, person)
    assert done.certificate["kept"] == {
        "revenue.order": 1,
        "delivery.message": sent,
        "consent.consentevent": said,
    }
    order = Order.objects.get()
    assert (order.person_id, order.number, order.net_minor) == (None, "A-1", 12_050)
    assert ConsentEvent.objects.filter(person__isnull=False).count() == 0
    assert set(Message.objects.values_list("to_address", "text", "html")) == {("", "", "")}
    stopped = Suppression.objects.filter(deleted_at__isnull=True)
    assert set(stopped.values_list("address", flat=True)) == {""}
    assert {(one.key, one.reason) for one in stopped} == {
        (address_key(MAIL), "manual"),
        (address_key(MAIL), "erased"),
        (address_key(OTHER_MAIL), "erased"),
    }
    assert str(person.public_id) in done.subjects
    assert len(done.subjects) == 2  # the double that was merged, too
