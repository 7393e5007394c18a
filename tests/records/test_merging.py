"""Two records become one and two again: every row that points to them, whatever its table."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.accounts.models import User
from tandem.campaigns.models import Campaign
from tandem.capture.models import ContactKind, Form
from tandem.consent.actions import record_consent
from tandem.consent.models import ConsentState
from tandem.consent.queries import is_consent_different
from tandem.consent.schemas import ConsentEntry, ConsentEvidenceIn
from tandem.deals.actions import ensure_pipeline
from tandem.deals.models import Deal
from tandem.handoff.actions import ensure_policy
from tandem.handoff.models import Handoff, Lead
from tandem.kernel.actions import action, last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.models import ChangeSet, PublishedFact
from tandem.kernel.refs import OnMerge, pointers_to
from tandem.kernel.undo import AlreadyUndone, undo
from tandem.people.actions import change_person, create_company, create_person, delete_person
from tandem.people.actions.merging import merge_lifecycle
from tandem.people.models import (
    Company,
    LifecycleState,
    Person,
    PersonEmail,
)
from tandem.people.schemas import ChangePerson, NewCompany, NewPerson
from tandem.records.actions import add_comment, merge, unmerge
from tandem.records.errors import (
    AlreadyUnmerged,
    MergeChoiceInvalid,
    MergeWithItself,
    NotMergeable,
    NotMergedLast,
)
from tandem.records.models import Comment, MergeEvent, StoredFile, Tag
from tandem.records.queries.merging import pointers_of
from tandem.records.schemas import NewComment
from tandem.records.slots import MERGED_TABLES, ObjectType, object_type
from tandem.timeline.models import TimelineEntry
from tandem.timeline.queries import story_of

pytestmark = pytest.mark.django_db

PER_TABLE = 50
BOOKKEEPING = {"updated_at", "row_version"}
# Written anew by everything; what a merge says about itself.
OWN = {"records.mergeevent", "records.mergedrow"}


@action(permission="records.merge")
def in_one_change(actor: Actor, build: Callable[[], Any]) -> Any:
    """Rows of any table, made in one change set: to set a scene."""
    return build()


def last_done() -> UUID:
    done = last_change_set()
    assert done is not None
    return done


@pytest.fixture
def person_kind() -> ObjectType:
    return object_type("person")


@pytest.fixture
def company_kind() -> ObjectType:
    return object_type("company")


@pytest.fixture
def add(system: Actor, db: None) -> Callable[..., Person]:
    def make(name: str, *, by: Actor | None = None, **fields: Any) -> Person:
        return create_person(by or system, data=NewPerson(name=name, **fields))[0]

    return make


# --- every table ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stage:
    """What rows of every table need besides the record that they point to."""

    user: User
    tags: list[Tag]
    deals: list[Deal]
    company: Company
    people: list[Person]
    form: Form
    campaigns: list[Campaign]
    motion: Any
    policy: Any
    now: dt.datetime


@pytest.fixture
def stage(system: Actor, make_user: Callable[..., User]) -> Stage:
    pipeline = ensure_pipeline(system)
    policy = ensure_policy()
    user = make_user("admin", name="Ann Admin")
    firm = create_company(system, data=NewCompany(name="Hythe Gifts"))[0]
    now = timezone.now()
    first = pipeline.stages.order_by("pk")[0]

    def build() -> Stage:
        return Stage(
            user=user,
            tags=[
                Tag.objects.create(name=f"t{one}", normalized=f"t{one}")
                for one in range(PER_TABLE * 3)
            ],
            deals=[
                Deal.objects.create(
                    name=f"Deal {one}",
                    sort_key=f"deal {one}",
                    motion=pipeline.motion,
                    pipeline=pipeline,
                    stage=first,
                    currency="EUR",
                    opened_at=now,
                )
                for one in range(PER_TABLE * 3)
            ],
            company=firm,
            people=[
                Person.objects.create(name=f"P{one}", sort_key=f"p{one}", search_key="")
                for one in range(PER_TABLE * 2)
            ],
            form=Form.objects.create(name="Contact", slug="contact"),
            campaigns=[
                Campaign.objects.create(
                    name="Autumn", sort_key="autumn", code="autumn", currency="EUR"
                )
            ],
            motion=policy.motion,
            policy=policy,
            now=now,
        )

    return in_one_change(system, build)  # type: ignore[no-any-return]


def _submission(stage: Stage, pk: int, side: int, at: int) -> dict[str, Any]:
    return {
        "form": stage.form,
        "person_id": pk,
        "nonce": uuid4(),
        "at": stage.now,
        "address": f"s{side}{at}@x.example",
        "contact_kind": ContactKind.values[0],
    }


def _message(stage: Stage, side: int, at: int) -> dict[str, Any]:
    return {
        "send_key": f"k{side}-{at}-{uuid4()}",
        "message_class": "transactional",
        "purpose": "service",
        "channel": "email",
        "to_address": "a@b.example",
        "from_address": "c@d.example",
        "subject": "Hello",
        "text": "Hello",
        "message_id": f"<{uuid4()}@x>",
        "thread_key": "t",
        "not_after": stage.now,
    }


MOTIONS = ["new-business", *(f"m{one}" for one in range(PER_TABLE * 3))]

# A row of each table that points to persons or companies: the values of the n-th one of a side.
# Some are of both sides (the same tag, the same deal), as they are in life.
ROWS: dict[tuple[str, str], Callable[[Stage, int, int, int], dict[str, Any]]] = {
    ("people.relationship", "from_person_id"): lambda s, pk, side, n: {
        "from_person_id": pk,
        "to_person": s.people[n],
        "type": "knows",
    },
    ("people.relationship", "to_person_id"): lambda s, pk, side, n: {
        "from_person": s.people[n + side * PER_TABLE],
        "to_person_id": pk,
        "type": "reports_to",
        "note": f"n{n}",
    },
    ("people.personemail", "person_id"): lambda s, pk, side, n: {
        "person_id": pk,
        "address": f"p{side}-{n}@x.example",
        "normalized": f"p{side}-{n}@x.example",
        "is_primary": n == 0,
        "deleted_at": s.now if n % 7 == 3 else None,
    },
    ("people.personphone", "person_id"): lambda s, pk, side, n: {
        "person_id": pk,
        "number": f"+4420{n if n % 3 == 0 else n + side * 100}",
        "normalized": f"+4420{n if n % 3 == 0 else n + side * 100}",
        "is_primary": n == 0,
    },
    ("people.employment", "person_id"): lambda s, pk, side, n: {
        "person_id": pk,
        "company": s.company,
        "title": f"Job {n if n % 2 else n + side * 100}",
        "is_primary": n == 0,
        "ended_on": None if n % 2 == 0 else dt.date(2020, 1, 1 + n % 28),
    },
    ("people.employment", "company_id"): lambda s, pk, side, n: {
        "person": Person.objects.create(name=f"W{side}{n}", search_key="", sort_key=""),
        "company_id": pk,
        "title": "Clerk",
    },
    ("people.companydomain", "company_id"): lambda s, pk, side, n: {
        "company_id": pk,
        "domain": f"d{n}.example" if n % 3 == 0 else f"d{side}-{n}.example",
        "is_shared": n % 3 == 0,
        "is_primary": n == 0,
    },
    ("people.company", "parent_id"): lambda s, pk, side, n: {
        "name": f"Below {side}-{n}",
        "search_key": "",
        "sort_key": "",
        "parent_id": pk,
    },
    ("people.lifecyclestate", "subject_id"): lambda s, pk, side, n: {
        "subject_kind": _kind(s, pk),
        "subject_id": pk,
        "motion": MOTIONS[n] if n % 2 else MOTIONS[n + side * PER_TABLE],
        "stage": ("customer", "known", "lost")[(n + side) % 3],
        "since": s.now,
        "furthest_stage": ("customer", "mql")[(n + side) % 2],
        "furthest_at": s.now,
    },
    ("records.taglink", "record_id"): lambda s, pk, side, n: {
        "tag": s.tags[n] if n % 2 else s.tags[n + side * PER_TABLE],
        "kind": _kind(s, pk),
        "record_id": pk,
    },
    ("records.comment", "record_id"): lambda s, pk, side, n: {
        "kind": _kind(s, pk),
        "record_id": pk,
        "author": s.user,
        "text": f"Note {side}-{n}",
    },
    ("records.attachment", "record_id"): lambda s, pk, side, n: {
        "kind": _kind(s, pk),
        "record_id": pk,
        "file": StoredFile.objects.get_or_create(
            sha256=f"{n:064}", defaults={"size": 1, "media_type": "text/plain"}
        )[0],
        "name": f"offer-{side}-{n}.txt",
        "author": s.user,
    },
    ("records.externalid", "record_id"): lambda s, pk, side, n: {
        "kind": _kind(s, pk),
        "record_id": pk,
        "source": "shop",
        "value": f"{side}-{n}",
    },
    ("timeline.pin", "subject_id"): lambda s, pk, side, n: {
        "subject_kind": _kind(s, pk),
        "subject_id": pk,
        "event_id": UUID(int=n if n % 3 == 0 else n + side * 100),
        "at": s.now,
    },
    ("notifications.notification", "subject_id"): lambda s, pk, side, n: {
        "user": s.user,
        "reason": f"r{n if n % 3 == 0 else n + side * 100}",
        "subject_kind": _kind(s, pk),
        "subject_id": pk,
        "at": s.now,
    },
    ("lake.subjectalias", "record_id"): lambda s, pk, side, n: {
        "subject": f"v{side}-{n}",
        "kind": _kind(s, pk),
        "record_id": pk,
        "since": s.now,
        "proof": "form",
    },
    ("consent.consentstate", "person_id"): lambda s, pk, side, n: {
        "person_id": pk,
        "channel": "email",
        "topic": f"topic-{n if n % 2 else n + side * 100}",
        "purpose": "marketing",
        "basis": "consent",
        "state": ("granted", "pending", "withdrawn", "denied")[(n // 2 + side) % 4],
        "since": s.now,
        "event_id": _said(s, pk),
    },
    ("capture.submission", "person_id"): _submission,
    ("delivery.message", "person_id"): lambda s, pk, side, n: {
        **_message(s, side, n),
        "person_id": pk,
        "about_kind": "person" if n % 2 else "",
        "about_id": pk if n % 2 else None,
    },
    ("delivery.message", "about_id"): lambda s, pk, side, n: {
        **_message(s, side, n),
        "about_kind": _kind(s, pk),
        "about_id": pk,
    },
    ("campaigns.campaignasset", "asset_id"): lambda s, pk, side, n: {
        "campaign": s.campaigns[0],
        "asset_kind": _kind(s, pk),
        "asset_id": pk,
    },
    ("handoff.lead", "person_id"): lambda s, pk, side, n: {
        "person_id": pk,
        "motion": s.motion,
        "origin": "form",
        "kind": "mql",
        "opened_at": s.now + dt.timedelta(minutes=side),
        **(
            {"status": "working" if side else "new"}
            if n == 0
            else {"status": "recycled", "close_reason": "later", "closed_at": s.now}
        ),
    },
    ("handoff.lead", "company_id"): lambda s, pk, side, n: {
        "person": Person.objects.create(name=f"L{side}{n}", search_key="", sort_key=""),
        "company_id": pk,
        "motion": s.motion,
        "origin": "form",
        "kind": "mql",
        "opened_at": s.now,
    },
    ("deals.deal", "company_id"): lambda s, pk, side, n: {
        "name": f"Of {side}-{n}",
        "sort_key": "",
        "company_id": pk,
        "motion": s.deals[0].motion,
        "pipeline": s.deals[0].pipeline,
        "stage": s.deals[0].stage,
        "currency": "EUR",
        "opened_at": s.now,
    },
    ("deals.dealcontact", "person_id"): lambda s, pk, side, n: {
        "deal": s.deals[n] if n % 2 else s.deals[n + side * PER_TABLE],
        "person_id": pk,
        "role": "champion" if side else "",
    },
    ("revenue.order", "company_id"): lambda s, pk, side, n: {
        "source": "shop",
        "number": f"C{side}-{n}",
        "company_id": pk,
        "ordered_at": s.now,
        "currency": "EUR",
    },
    ("revenue.order", "person_id"): lambda s, pk, side, n: {
        "source": "shop",
        "number": f"P{side}-{n}",
        "person_id": pk,
        "ordered_at": s.now,
        "currency": "EUR",
    },
}
# Of these a record may have but one.
SINGLE = {"campaigns.campaignasset"}

_said_of: dict[int, int] = {}
_kinds: dict[str, str] = {}


def _kind(stage: Stage, pk: int) -> str:
    return _kinds["now"]


def _said(stage: Stage, pk: int) -> int:
    return _said_of[pk]


def fill(
    system: Actor, stage: Stage, kind: ObjectType, one: Any, other: Any, only: str = ""
) -> None:
    """Fifty rows of every kind of link for each of two records."""
    _kinds["now"] = kind.kind
    if kind.kind == "person":
        for record in (one, other):
            _said_of[record.pk] = _say(system, record)

    def build() -> None:
        for pointer in pointers_to(kind.model):
            label = pointer.model._meta.label_lower
            if pointer.on_merge is OnMerge.STAY or (only and label != only):
                continue
            make = ROWS[label, pointer.column]
            for side, record in enumerate((one, other)):
                for n in range(1 if label in SINGLE else PER_TABLE):
                    pointer.model._base_manager.create(**make(stage, record.pk, side, n))
        Handoff.objects.bulk_create(
            Handoff(lead=lead, kind="mql", offered_at=stage.now, accept_due=stage.now)
            for lead in Lead.objects.filter(person_id__in=[one.pk, other.pk])
        )

        assert kind.merging is not None
        kind.merging.derive([one.pk, other.pk])

    in_one_change(system, build)


def _say(system: Actor, person: Person) -> int:
    entry = ConsentEntry(
        channel="email", topic="first", purpose="marketing", basis="consent", state="granted"
    )
    (held,) = record_consent(
        system,
        person.pk,
        entries=[entry],
        wording="Send me news.",
        evidence=ConsentEvidenceIn(source="form"),
    )
    return int(held.event_id)


def everything(kind: ObjectType, *ids: int) -> dict[str, dict[int, Any]]:
    """All rows of all tables that may point to these records, and the records; by table and id."""
    found: dict[str, dict[int, Any]] = {}
    tables: set[Any] = {one.model for one in pointers_to(kind.model)} | {kind.model, Handoff}
    for model in tables:
        if model is TimelineEntry or model._meta.label_lower in OWN:
            continue
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {model._meta.pk.column}, to_jsonb(t) FROM {model._meta.db_table} t"
            )
            found[model._meta.label_lower] = {
                pk: {
                    name: value
                    for name, value in (json.loads(row) if isinstance(row, str) else row).items()
                    if name not in BOOKKEEPING
                }
                for pk, row in cursor.fetchall()
            }
    return found


def differences(before: dict[str, dict[int, Any]], after: dict[str, dict[int, Any]]) -> list[str]:
    """Where two states of all tables are not the same: table, id, column, both values."""
    found = []
    for label in sorted(before.keys() | after.keys()):
        one, other = before[label], after[label]
        for pk in sorted(one.keys() | other.keys()):
            old, new = one.get(pk, {}), other.get(pk, {})
            found += [
                f"{label} {pk} {name}: {old.get(name)!r} is {new.get(name)!r}"
                for name in sorted(old.keys() | new.keys())
                if old.get(name) != new.get(name)
            ]
    return found


def pointing_at(kind: ObjectType, pk: int) -> dict[str, int]:
    return {
        one.model._meta.label_lower + "." + one.column: count
        for one in pointers_of(kind)
        if (count := one.rows(kind.kind, pk).count())
    }


@pytest.fixture
def two_people(add: Callable[..., Person]) -> tuple[Person, Person]:
    return add("Ann Lee", country="GB"), add("Anne Lee")


@pytest.fixture
def two_firms(system: Actor) -> tuple[Company, Company]:
    made = [
        create_company(system, data=NewCompany(name=name))[0] for name in ("Thistle", "Thistle Ltd")
    ]
    return made[0], made[1]


def test_there_are_rows_for_every_table_that_points_to_them(person_kind, company_kind):
    wanted = {
        (one.model._meta.label_lower, one.column)
        for kind in (person_kind, company_kind)
        for one in pointers_to(kind.model)
        if one.on_merge is not OnMerge.STAY
    }
    assert wanted - set(ROWS) == set()


def test_every_table_has_a_name_for_people_and_a_rule_where_it_declares_one(
    person_kind, company_kind
):
    for kind in (person_kind, company_kind):
        for one in pointers_of(kind):
            table = MERGED_TABLES.get(one.model._meta.label_lower)
            assert table is not None, one.model._meta.label
            if one.on_merge in (OnMerge.CUSTOM, OnMerge.KEEP_STRICTEST):
                assert table.rule is not None, one.model._meta.label


@pytest.mark.parametrize("which", ["person", "company"])
def test_merged_with_fifty_links_of_every_kind_and_taken_apart_both_are_as_they_were(
    which, system, stage, two_people, two_firms
):
    kind = object_type(which)
    one, other = two_people if which == "person" else two_firms
    fill(system, stage, kind, one, other)
    before = everything(kind, one.pk, other.pk)
    counts = pointing_at(kind, other.pk)
    few = {label for label, count in counts.items() if count < PER_TABLE}
    assert few == {"campaigns.campaignasset.asset_id"}  # of these a record has one
    assert len(counts) == len(pointers_to(kind.model)) - _history(kind)
    event = merge(system, kind, one.public_id, other.public_id)
    assert pointing_at(kind, other.pk) == {}
    assert everything(kind, one.pk, other.pk) != before
    done = unmerge(system, kind, one.public_id, event=event.public_id)
    assert done.stays == {}
    assert differences(before, everything(kind, one.pk, other.pk)) == []


def _history(kind: ObjectType) -> int:
    return sum(one.on_merge is OnMerge.STAY for one in pointers_to(kind.model))


@pytest.mark.parametrize("which", ["person", "company"])
def test_the_general_undo_takes_it_apart_and_its_undo_merges_again(
    which, system, stage, two_people, two_firms
):
    kind = object_type(which)
    one, other = two_people if which == "person" else two_firms
    fill(system, stage, kind, one, other)
    before = everything(kind, one.pk, other.pk)
    merge(system, kind, one.public_id, other.public_id)
    merged_in = last_done()
    undoing = undo(system, merged_in)
    assert differences(before, everything(kind, one.pk, other.pk)) == []
    with pytest.raises(AlreadyUndone):
        undo(system, merged_in)
    again = undo(system, undoing)
    assert pointing_at(kind, other.pk) == {}
    undo(system, again)
    assert differences(before, everything(kind, one.pk, other.pk)) == []


@settings(max_examples=8)
@given(data=st.data())
def test_later_edits_of_the_survivor_stay_and_all_else_goes_back(
    data, system, stage, add, person_kind
):
    one, other = add("Ann Lee"), add("Bo Lee", country="DE")
    fill(system, stage, person_kind, one, other, only="people.personphone")
    fill(system, stage, person_kind, one, other, only="records.comment")
    before = everything(person_kind, one.pk, other.pk)
    event = merge(system, person_kind, one.public_id, other.public_id)
    moved = list(Comment.objects.filter(pk__in=_of(before, "records.comment", other.pk)))
    edited = data.draw(st.sets(st.sampled_from([row.pk for row in moved]), max_size=5))
    gone = data.draw(st.sets(st.sampled_from([row.pk for row in moved]), max_size=5)) - edited
    name = data.draw(st.sampled_from(["Ann Lee", "Ann Marie Lee"]))

    def later() -> None:
        Comment.objects.filter(pk__in=edited).update(text="later")
        Comment.objects.filter(pk__in=gone).delete()
        Comment.objects.create(
            kind="person", record_id=one.pk, author=stage.user, text="after the merge"
        )

    in_one_change(system, later)
    change_person(system, one.public_id, data=ChangePerson(name=name, country="FR"))
    done = unmerge(system, person_kind, one.public_id, event=event.public_id)
    after = everything(person_kind, one.pk, other.pk)
    assert done.stays.get("records.comment", 0) == len(edited | gone)
    for pk, row in before["records.comment"].items():
        if pk in gone:
            assert pk not in after["records.comment"]
        elif pk in edited:
            assert after["records.comment"][pk] == {**row, "record_id": one.pk, "text": "later"}
        else:
            assert after["records.comment"][pk] == row
    added = set(after["records.comment"]) - set(before["records.comment"])
    assert [after["records.comment"][pk]["record_id"] for pk in added] == [one.pk]
    assert after["people.personphone"] == before["people.personphone"]
    survivor = after["people.person"][one.pk]
    assert (survivor["name"], survivor["country"]) == (name, "FR")
    assert after["people.person"][other.pk] == before["people.person"][other.pk]


def _of(found: dict[str, dict[int, Any]], label: str, record_id: int) -> list[int]:
    return [pk for pk, row in found[label].items() if row["record_id"] == record_id]


# --- any links, any order -------------------------------------------------------------------------

# Links of a person that a merge moves, unites or weighs; each in two rows, one of which all share.
FEW = (
    "people.personemail",
    "people.personphone",
    "people.employment",
    "people.lifecyclestate",
    "records.taglink",
    "records.comment",
    "timeline.pin",
    "lake.subjectalias",
    "consent.consentstate",
    "handoff.lead",
    "deals.dealcontact",
)
SOME = st.dictionaries(
    st.tuples(st.sampled_from(FEW), st.integers(0, 2)), st.integers(1, 2), max_size=14
)
ORDERS = st.lists(
    st.one_of(
        st.tuples(st.just("merge"), st.integers(0, 2), st.integers(0, 2)),
        st.tuples(st.just("part"), st.integers(0, 3), st.just(0)),
    ),
    min_size=2,
    max_size=8,
)


@settings(max_examples=12)
@given(links=SOME, order=ORDERS)
def test_merged_and_parted_in_any_order_all_are_as_they_were(
    links, order, system, stage, add, person_kind
):
    with transaction.atomic():
        people = [add("Ann Lee"), add("Anne Lee", country="GB"), add("Anna Lee", country="DE")]
        _kinds["now"] = "person"
        for person in people:
            _said_of[person.pk] = _say(system, person)
        in_one_change(system, lambda: _link(stage, person_kind, people, links))
        before = everything(person_kind)
        standing: list[MergeEvent] = []
        for deed, one, other in order:
            if deed == "part":
                _try_to_part(system, person_kind, standing, one)
            else:
                _try_to_merge(system, person_kind, people, standing, one, other)
        while standing:
            assert _try_to_part(system, person_kind, standing, len(standing) - 1)
        assert differences(before, everything(person_kind)) == []
        transaction.set_rollback(True)


def _link(
    stage: Stage, kind: ObjectType, people: list[Person], links: dict[tuple[str, int], int]
) -> None:
    columns = {one.model._meta.label_lower: one for one in pointers_of(kind)}
    for (label, side), count in links.items():
        pointer = columns[label]
        make = ROWS[label, pointer.column]
        for n in range(count):
            pointer.model._base_manager.create(**make(stage, people[side].pk, side, n))
    assert kind.merging is not None
    kind.merging.derive([person.pk for person in people])


def _try_to_merge(
    system: Actor,
    kind: ObjectType,
    people: list[Person],
    standing: list[MergeEvent],
    one: int,
    other: int,
) -> None:
    try:
        with transaction.atomic():
            event = merge(system, kind, people[one].public_id, people[other].public_id)
    except (Missing, MergeWithItself):
        return
    standing.append(event)


def _try_to_part(system: Actor, kind: ObjectType, standing: list[MergeEvent], at: int) -> bool:
    """Whether it could be taken back; what a later merge has written over waits for that."""
    if at >= len(standing):
        return False
    event = standing[at]
    survivor = Person.objects.get(pk=event.survivor_id)
    try:
        with transaction.atomic():
            done = unmerge(system, kind, survivor.public_id, event=event.public_id)
    except (Missing, NotMergedLast):
        return False
    assert done.stays == {}
    standing.pop(at)
    return True


def test_a_merge_whose_rows_a_later_one_wrote_over_waits_for_that(system, add, person_kind):
    one, two, three = add("Ann"), add("Anne", email="a@x.example"), add("Anna", email="b@x.example")
    first = merge(system, person_kind, one.public_id, two.public_id)
    second = merge(
        system, person_kind, one.public_id, three.public_id, choices={"email": "absorbed"}
    )
    before = everything(person_kind)
    with pytest.raises(NotMergedLast):
        unmerge(system, person_kind, one.public_id, event=first.public_id)
    assert differences(before, everything(person_kind)) == []
    unmerge(system, person_kind, one.public_id, event=second.public_id)
    unmerge(system, person_kind, one.public_id, event=first.public_id)
    primary = PersonEmail.objects.filter(is_primary=True).values_list("person_id", flat=True)
    assert set(primary) == {two.pk, three.pk}


# --- which values stay ----------------------------------------------------------------------------


def test_the_survivors_values_stay_and_empty_ones_are_filled(system, add, person_kind):
    one = add("Ann Lee", email="ann@lee.example", title="Buyer")
    other = add("Anne Lee", email="anne@lee.example", phone="+442071838750", country="GB")
    merge(system, person_kind, one.public_id, other.public_id)
    person = person_kind.prepare(person_kind.visible_to(system)).get(pk=one.pk)
    assert (person.name, person.country) == ("Ann Lee", "GB")
    assert person.primary_email.address == "ann@lee.example"
    assert person.primary_phone.number == "+44 20 7183 8750"
    assert person.primary_job.title == "Buyer"
    mails = PersonEmail.objects.filter(person=one).order_by("pk")
    assert list(mails.values_list("address", "is_primary")) == [
        ("ann@lee.example", True),
        ("anne@lee.example", False),
    ]
    assert "anne" in person.search_key


def test_the_chosen_values_stay(system, add, person_kind):
    one = add("Ann Lee", email="ann@lee.example", country="GB")
    other = add("Anne Marie Leigh", email="anne@lee.example", country="DE")
    choices = {"name": "absorbed", "email": "absorbed", "country": "survivor"}
    event = merge(system, person_kind, one.public_id, other.public_id, choices=choices)
    person = person_kind.prepare(person_kind.visible_to(system)).get(pk=one.pk)
    assert (person.name, person.given_name, person.family_name) == (
        "Anne Marie Leigh",
        "Anne Marie",
        "Leigh",
    )
    assert person.sort_key == "anne marie leigh"
    assert person.country == "GB"
    assert person.primary_email.address == "anne@lee.example"
    unmerge(system, person_kind, one.public_id, event=event.public_id)
    person = person_kind.prepare(person_kind.visible_to(system)).get(pk=one.pk)
    assert (person.name, person.sort_key) == ("Ann Lee", "ann lee")
    assert person.primary_email.address == "ann@lee.example"


@pytest.mark.parametrize(
    "choices",
    [
        {"nothing": "survivor"},
        {"name": "neither"},
        {"created_at": "absorbed"},
        {"title": "absorbed", "company": "survivor"},
    ],
)
def test_a_choice_that_there_is_not_is_refused(choices, system, two_people, person_kind):
    one, other = two_people
    with pytest.raises(MergeChoiceInvalid):
        merge(system, person_kind, one.public_id, other.public_id, choices=choices)
    assert not MergeEvent.objects.exists()
    assert Person.objects.filter(merged_into__isnull=False).count() == 0


# --- refusals -------------------------------------------------------------------------------------


def test_a_record_is_not_merged_with_itself(system, two_people, person_kind):
    one, _other = two_people
    with pytest.raises(MergeWithItself):
        merge(system, person_kind, one.public_id, one.public_id)
    assert Person.objects.get(pk=one.pk).merged_into_id is None


def test_what_was_merged_deleted_or_is_of_another_kind_is_not_there(
    system, two_people, two_firms, add, person_kind
):
    one, other = two_people
    third = add("Cy Dee")
    merge(system, person_kind, one.public_id, other.public_id)
    delete_person(system, third.public_id)
    for gone in (other.public_id, third.public_id, two_firms[0].public_id, uuid4()):
        with pytest.raises(Missing):
            merge(system, person_kind, one.public_id, gone)
        with pytest.raises(Missing):
            merge(system, person_kind, gone, one.public_id)
    assert MergeEvent.objects.count() == 1


def test_who_does_not_see_one_of_them_learns_nothing(make_actor, system, two_people, person_kind):
    one, other = two_people
    seller = make_actor("seller")
    other_seller = make_actor("seller")
    for person, owner in ((one, seller), (other, other_seller)):
        change_person(
            system, person.public_id, data=ChangePerson(owner=str(_user(owner).public_id))
        )
    for pair in ((one, other), (other, one)):
        with pytest.raises(Missing):
            merge(seller, person_kind, pair[0].public_id, pair[1].public_id)
    assert not MergeEvent.objects.exists()


def _user(actor: Actor) -> User:
    return User.objects.get(pk=actor.user_id or 0)


def test_who_may_not_change_may_not_merge(viewer, system, two_people, person_kind):
    one, other = two_people
    with pytest.raises(Refused):
        merge(viewer, person_kind, one.public_id, other.public_id)
    event = merge(system, person_kind, one.public_id, other.public_id)
    with pytest.raises(Refused):
        unmerge(viewer, person_kind, one.public_id, event=event.public_id)
    assert Person.objects.get(pk=other.pk).merged_into_id == one.pk


def test_records_that_stand_alone_are_not_merged(system):
    with pytest.raises(NotMergeable):
        merge(system, object_type("campaign"), uuid4(), uuid4())


def test_a_merge_is_taken_back_once_and_the_last_one_first(system, add, person_kind):
    one, two, three = add("Ann"), add("Anne"), add("Anna")
    first = merge(system, person_kind, two.public_id, three.public_id)
    second = merge(system, person_kind, one.public_id, two.public_id)
    assert Person.objects.get(pk=three.pk).merged_into_id == one.pk  # flat, however often
    with pytest.raises(Missing):
        unmerge(system, person_kind, two.public_id, event=first.public_id)
    with pytest.raises(NotMergedLast):
        undo(system, ChangeSet.objects.get(pk=_event(first).created_in_id).public_id)
    unmerge(system, person_kind, one.public_id, event=second.public_id)
    assert Person.objects.get(pk=three.pk).merged_into_id == two.pk
    with pytest.raises(AlreadyUnmerged):
        unmerge(system, person_kind, one.public_id, event=second.public_id)
    unmerge(system, person_kind, two.public_id, event=first.public_id)
    assert Person.objects.filter(merged_into__isnull=False).count() == 0


def _event(event: MergeEvent) -> MergeEvent:
    return MergeEvent.objects.get(pk=event.pk)


# --- rules of rooms -------------------------------------------------------------------------------


def test_the_stricter_word_holds_and_comes_apart_again(system, stage, two_people, person_kind):
    one, other = two_people
    fill(system, stage, person_kind, one, other, only="consent.consentstate")
    strict = {"granted": 0, "pending": 1, "denied": 2, "withdrawn": 3}
    expected: dict[str, str] = {}
    for topic, state in ConsentState.objects.values_list("topic", "state"):
        expected[topic] = max(expected.get(topic, state), state, key=strict.__getitem__)
    assert is_consent_different(one.pk, other.pk)
    merge(system, person_kind, one.public_id, other.public_id)
    held = ConsentState.objects.values_list("topic", "state")
    assert dict(held.filter(person=one)) == expected
    assert not held.filter(person=other).exists()


def test_of_two_open_leads_the_one_that_is_worked_on_goes_on(
    system, stage, two_people, person_kind
):
    one, other = two_people
    fill(system, stage, person_kind, one, other, only="handoff.lead")
    merge(system, person_kind, one.public_id, other.public_id)
    leads = Lead.objects.filter(person=one)
    assert leads.count() == PER_TABLE * 2
    assert [lead.status for lead in leads.filter(closed_at__isnull=True)] == ["working"]
    closed = leads.get(close_reason="duplicate")
    assert (closed.status, closed.handoffs.get().state) == ("disqualified", "withdrawn")


def test_the_further_stage_is_where_they_stand(system, add, person_kind):
    one, other = add("Ann"), add("Anne")
    now = timezone.now()

    def stand() -> None:
        for person, stage, best in ((one, "known", "mql"), (other, "customer", "customer")):
            LifecycleState.objects.create(
                subject_kind="person",
                subject_id=person.pk,
                motion="new-business",
                stage=stage,
                since=now,
                furthest_stage=best,
                furthest_at=now,
            )

    in_one_change(system, stand)
    merge(system, person_kind, one.public_id, other.public_id)
    state = LifecycleState.objects.get()
    assert (state.subject_id, state.stage, state.furthest_stage, state.entry_count) == (
        one.pk,
        "customer",
        "customer",
        2,
    )


def test_the_further_stages_of_any_number_of_motions_are_three_statements(system, add):
    now = timezone.now()

    def stand(person, motions, stage, best) -> None:
        LifecycleState.objects.bulk_create(
            LifecycleState(
                subject_kind="person",
                subject_id=person.pk,
                motion=motion,
                stage=stage,
                since=now,
                furthest_stage=best,
                furthest_at=now,
            )
            for motion in motions
        )

    for motions in (["one"], ["one", "two", "three", "four"]):
        one, other = add("Ann"), add("Anne")

        def unite(one=one, other=other, motions=motions) -> None:
            stand(one, motions, "mql", "opportunity")
            stand(other, [*motions, "more"], "known", "customer")
            with CaptureQueriesContext(connection) as asked:
                merge_lifecycle("person", one.pk, other.pk)
            assert len(asked) == 3

        in_one_change(system, unite)
        found = LifecycleState.objects.filter(subject_id=one.pk)
        assert {
            (state.motion, state.stage, state.furthest_stage, state.entry_count) for state in found
        } == {
            *((motion, "mql", "customer", 2) for motion in motions),
            ("more", "known", "customer", 1),
        }
        assert LifecycleState.objects.filter(subject_id=other.pk).count() == 0


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({"A": "S"}, {"S": None}),  # the absorbed one stood below the survivor
        ({"S": "A"}, {"S": None}),
        ({"S": "A", "A": "T"}, {"S": "T"}),
        ({"S": "X", "X": "A"}, {"S": None, "X": "S"}),
        ({"S": "X", "X": "A", "A": "T"}, {"S": "T", "X": "S"}),
        ({"A": "X", "X": "S"}, {"S": None, "X": "S"}),
        ({"A": "T"}, {"S": "T"}),
        ({"X": "A", "Y": "A"}, {"S": None, "X": "S", "Y": "S"}),
    ],
)
def test_a_company_never_comes_below_itself(tree, expected, system, company_kind):
    firms = {
        name: create_company(system, data=NewCompany(name=f"Firm {name}"))[0] for name in "SATXY"
    }

    def plant() -> None:
        for name, above in tree.items():
            Company.objects.filter(pk=firms[name].pk).update(parent=firms[above])

    in_one_change(system, plant)
    before = everything(company_kind)
    event = merge(system, company_kind, firms["S"].public_id, firms["A"].public_id)
    names = {firm.pk: name for name, firm in firms.items()}
    found = {
        names[pk]: names.get(parent)
        for pk, parent in Company.objects.exclude(pk=firms["A"].pk).values_list("pk", "parent_id")
    }
    assert {name: found[name] for name in expected} == expected
    unmerge(system, company_kind, firms["S"].public_id, event=event.public_id)
    assert differences(before, everything(company_kind)) == []


# --- what is told ---------------------------------------------------------------------------------


def test_it_is_told_and_published(system, two_people, person_kind):
    one, other = two_people
    event = merge(
        system, person_kind, one.public_id, other.public_id, reason="Same person, two spellings"
    )
    entry = TimelineEntry.objects.get(kind="records.merged")
    assert (entry.subject_id, entry.payload["name"], entry.payload["reason"]) == (
        one.pk,
        "Anne Lee",
        "Same person, two spellings",
    )
    assert ChangeSet.objects.get(pk=_event(event).created_in_id).reason == (
        "Same person, two spellings"
    )
    fact = PublishedFact.objects.get(name="records.RecordsMerged")
    assert (fact.payload["kind"], fact.payload["survivor_id"], fact.payload["absorbed_id"]) == (
        "person",
        one.pk,
        other.pk,
    )
    unmerge(system, person_kind, one.public_id, event=event.public_id)
    told = TimelineEntry.objects.filter(kind="records.unmerged").order_by("subject_id")
    assert [entry.subject_id for entry in told] == sorted([one.pk, other.pk])
    assert PublishedFact.objects.filter(name="records.RecordsUnmerged").count() == 1


def test_the_story_of_both_is_told_of_the_survivor(system, make_actor, two_people, person_kind):
    one, other = two_people
    ref = person_kind.ref(one)
    add_comment(make_actor(), person_kind, other.public_id, data=NewComment(text="Hers"))
    event = merge(system, person_kind, one.public_id, other.public_id)
    told = [entry.payload.get("text") for entry in story_of(system, ref).entries]
    assert "Hers" in told
    unmerge(system, person_kind, one.public_id, event=event.public_id)
    assert "Hers" not in [e.payload.get("text") for e in story_of(system, ref).entries]


def test_a_merge_is_a_handful_of_statements_whatever_the_number_of_rows(
    system, stage, two_people, person_kind, django_assert_max_num_queries
):
    one, other = two_people
    fill(system, stage, person_kind, one, other)
    with django_assert_max_num_queries(191):
        event = merge(system, person_kind, one.public_id, other.public_id)
    assert event.merged_rows.count() > PER_TABLE * 10
    with django_assert_max_num_queries(193):  # five for each table that has links
        unmerge(system, person_kind, one.public_id, event=event.public_id)


def test_old_links_lead_to_the_survivor_for_who_may_see_it(
    client, make_user, system, two_people, person_kind
):
    one, other = two_people
    merge(system, person_kind, one.public_id, other.public_id)
    client.force_login(make_user("admin"))
    for rest in ("", "/peek", "?tab=history"):
        answer = client.get(f"/people/{other.public_id}{rest}")
        assert (answer.status_code, answer.url) == (302, f"/people/{one.public_id}{rest}")
    assert client.post(f"/people/{other.public_id}/deletion").status_code == 404
    owner = make_user("seller")
    change_person(system, one.public_id, data=ChangePerson(owner=str(owner.public_id)))
    client.force_login(make_user("seller"))
    assert client.get(f"/people/{other.public_id}").status_code == 404
