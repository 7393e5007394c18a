"""The story: lanes, visibility, order, runs; append-only, and a table in parts."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django.utils.safestring import SafeString
from hypothesis import given
from hypothesis import strategies as st

from tandem.accounts.actions import add_team, set_members
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import TeamInput, TeamMembers
from tandem.kernel.actions import action
from tandem.kernel.actor import Scope, job_actor
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.refs import RecordRef
from tandem.people.actions import create_person
from tandem.people.schemas import NewPerson
from tandem.timeline import actions, rules
from tandem.timeline.errors import PlaceInvalid
from tandem.timeline.jobs import make_partitions
from tandem.timeline.models import TimelineEntry, Visibility
from tandem.timeline.queries import last_touches, latest_of, latest_stories, story_of
from tandem.timeline.slots import ENTRY_KINDS, EntryKind

NOON = datetime(2026, 11, 19, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@action(permission="people.edit")
def tell(actor, /, refs, **options):
    options = {"kind": "test.seen", "payload": {}, **options}
    actions.write(actor, refs, **options)


def forget_all():
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE timeline_entry")


@pytest.fixture
def person(system):
    made, _new = create_person(system, data=NewPerson(name="Ann"))
    forget_all()
    return RecordRef("person", made.pk)


@pytest.fixture
def page_views():
    kind = EntryKind(
        "test.page_view",
        "eye",
        lambda entry: SafeString("a page view"),
        side=rules.Side.MARKETING,
        run=lambda entries: SafeString(f"{len(entries)} page views"),
    )
    ENTRY_KINDS._parts[kind.kind] = kind
    yield kind
    del ENTRY_KINDS._parts[kind.kind]


def told(actor, ref, **options):
    return [entry.payload.get("n") for entry in story_of(actor, ref, **options).entries]


def test_one_event_stands_in_every_story(admin, system, person):
    other, _new = create_person(system, data=NewPerson(name="Bea"))
    forget_all()
    tell(admin, [person, RecordRef("person", other.pk)], payload={"n": 1})
    rows = TimelineEntry.objects.order_by("id")
    assert [(row.subject_kind, row.subject_id) for row in rows] == [
        ("person", person.id),
        ("person", other.pk),
    ]
    assert len({(row.event_id, row.at, row.change_set_id) for row in rows}) == 1
    assert (rows[0].actor_user_id, rows[0].actor_label, rows[0].source) == (
        admin.user_id,
        admin.label,
        "ui",
    )


def test_the_lane_is_the_side_the_user_had(make_user, system, person):
    seller, marketer, admin = (make_user(role) for role in ("seller", "marketer", "admin"))
    for user in (seller, marketer, admin):
        tell(actor_for(user), [person])
    tell(system, [person])
    tell(actor_for(seller), [person], is_automatic=True)
    sides = TimelineEntry.objects.order_by("id").values_list("side", flat=True)
    assert list(sides) == ["sales", "mkt", "system", "system", "system"]
    assert [e.side for e in story_of(system, person, side="sales").entries] == ["sales"]
    mine = story_of(actor_for(marketer), person, side="mine").entries
    assert [e.side for e in mine] == ["mkt"]


def test_a_page_goes_on_exactly_where_the_last_ended(admin, person):
    for number in range(25):  # five moments, five entries at each
        tell(admin, [person], payload={"n": number}, at=NOON + timedelta(seconds=number // 5))
    seen, before, pages = [], "", 0
    while True:
        story = story_of(admin, person, before=before, limit=4)
        seen += [entry.payload["n"] for entry in story.entries]
        pages += 1
        before = story.next
        if not before:
            break
    assert seen == list(range(24, -1, -1))
    assert pages == 7


def test_who_sees_the_record_sees_its_story_and_nobody_else(make_actor, system, person, admin):
    tell(system, [person], payload={"n": 1})
    assert told(admin, person) == [1]
    own = replace(make_actor("seller"), scopes={"*": Scope.OWN})
    for stranger in (own, replace(admin, permissions=frozenset({"timeline.view"}))):
        with pytest.raises(Missing):
            story_of(stranger, person)
    assert latest_stories(own) == []
    assert [line.entry.payload for line in latest_stories(admin)] == [{"n": 1}]
    with pytest.raises(Missing):
        story_of(admin, RecordRef("gadget", 1))


def test_the_latest_in_sight_are_found_behind_very_many_of_others(
    make_actor, system, person, monkeypatch
):
    """The story is looked through in steps: what is in sight may stand in any of them."""
    monkeypatch.setattr("tandem.timeline.queries.LOOKED_THROUGH", (3, 6, 12))
    own = replace(make_actor("seller"), scopes={"*": Scope.OWN})
    user = User.objects.get(pk=own.user_id)
    given = NewPerson(name="Bo Low", owner=str(user.public_id))
    mine, _new = create_person(system, data=given)
    soon = timezone.now() + timedelta(minutes=5)
    for second in range(30):
        ref = RecordRef("person", mine.pk) if second in (0, 9, 20, 28) else person
        tell(system, [ref], payload={"n": second}, at=soon + timedelta(seconds=second))
    assert [line.entry.payload["n"] for line in latest_stories(own)] == [28, 20, 9]
    assert [line.entry.payload["n"] for line in latest_stories(own, limit=2)] == [28, 20]


def test_words_for_a_team_or_for_some_stay_with_them(make_user, system, person):
    priya, tom, zoe = (make_user("seller") for _ in range(3))
    team = add_team(system, TeamInput(name="Trade", kind="sales"))
    set_members(system, team.public_id, TeamMembers(members=(priya.public_id, tom.public_id)))
    me, mate, other = (
        replace(actor_for(user), scopes={"*": Scope.TEAM}) for user in (priya, tom, zoe)
    )
    tell(me, [person], payload={"n": "all"}, visibility=Visibility.ALL)
    tell(me, [person], payload={"n": "team"}, visibility=Visibility.TEAM)
    some = {"n": "some", "participants": [zoe.pk]}
    tell(me, [person], payload=some, visibility=Visibility.PARTICIPANTS)
    assert told(me, person) == ["some", "team", "all"]
    assert told(mate, person) == ["team", "all"]
    assert told(other, person) == ["some", "all"]
    assert told(replace(other, scopes={"*": Scope.ALL}), person) == ["some", "team", "all"]
    assert latest_of(mate, "person", [person.id])[person.id].payload["n"] == "all"


def test_runs_of_one_day_are_told_at_once(admin, person, page_views):
    times = [NOON - timedelta(days=1)] + [NOON + timedelta(minutes=n) for n in range(6)]
    for at in times:
        tell(admin, [person], kind=page_views.kind, at=at, is_automatic=True)
    tell(admin, [person], kind=page_views.kind, at=NOON + timedelta(hours=1))  # a human's own
    story = story_of(admin, person)
    lines = [line for day in story.days for line in day.items]
    assert [len(line.entries) for line in lines] == [1, 6, 1]
    assert lines[1].sentence == "6 page views"
    assert (lines[1].at, lines[1].until) == (times[1], times[6])
    assert [len(day.items) for day in story.days] == [2, 1]
    assert {line.side for line in lines} == {"mkt"}


def test_what_came_before_the_hand_off_stands_in_one_lane(admin, person):
    ENTRY_KINDS._parts["test.handed"] = EntryKind(
        "test.handed", "swap", lambda entry: SafeString("handed"), side=rules.Side.HANDOFF
    )
    try:
        tell(admin, [person], at=NOON)
        tell(admin, [person], kind="test.handed", at=NOON + timedelta(minutes=1))
        tell(admin, [person], at=NOON + timedelta(minutes=2))
        days = story_of(admin, person).days
    finally:
        del ENTRY_KINDS._parts["test.handed"]
    assert [line.is_before for line in days[0].items] == [False, False, True]


def test_an_unknown_kind_is_told_all_the_same(admin, person):
    tell(admin, [person], kind="deals.stage_moved")
    line = story_of(admin, person).days[0].items[0]
    assert "stage moved" in str(line)
    assert last_touches(admin, "person", [person.id])[person.id].text.endswith("stage moved")


def test_an_event_with_a_key_is_written_once(admin, person):
    for _time in range(2):
        tell(admin, [person], at=NOON, dedupe_key="mail:1")
    tell(admin, [person], at=NOON, dedupe_key="mail:2")
    for _time in range(2):
        tell(admin, [person], at=NOON)
    assert TimelineEntry.objects.count() == 4


def test_nothing_of_the_story_is_rewritten_unless_someone_is_erased(admin, person):
    tell(admin, [person])
    for statement in ("UPDATE timeline_entry SET kind = 'x'", "DELETE FROM timeline_entry"):
        with (
            pytest.raises(DatabaseError, match="never changed"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert list(TimelineEntry.objects.values_list("kind", flat=True)) == ["test.seen"]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('tandem.erasing', 'on', true)")
        cursor.execute("DELETE FROM timeline_entry")
        assert cursor.rowcount == 1


def test_a_story_is_written_in_actions_only(admin, person):
    with pytest.raises(DatabaseError, match="no open change set"), transaction.atomic():
        actions.write(admin, [person], kind="test.seen", payload={})


def parts():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'timeline_entry'::regclass ORDER BY 1"
        )
        return [row[0] for row in cursor.fetchall()]


def test_the_months_to_come_get_their_parts_once(person, admin):
    keeper = job_actor("timeline.ensure_partitions", frozenset({"timeline.maintain"}))
    made = actions.ensure_partitions(keeper, today=date(2031, 11, 30))
    assert made == [
        "timeline_entry_y2031m11",
        "timeline_entry_y2031m12",
        "timeline_entry_y2032m01",
        "timeline_entry_y2032m02",
    ]
    assert set(made) < set(parts())
    assert actions.ensure_partitions(keeper, today=date(2031, 11, 30)) == []
    tell(admin, [person], at=datetime(2031, 12, 31, 23, 59, tzinfo=UTC))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM timeline_entry_y2031m12")
        assert cursor.fetchone() == (1,)
    make_partitions()
    with pytest.raises(Refused):
        actions.ensure_partitions(admin)


def test_a_month_with_entries_in_the_default_part_stays_there(person, admin):
    tell(admin, [person], at=datetime(2035, 1, 5, tzinfo=UTC))
    keeper = job_actor("keeper", frozenset({"timeline.maintain"}))
    made = actions.ensure_partitions(keeper, today=date(2034, 12, 1))
    assert made == [
        "timeline_entry_y2034m12",
        "timeline_entry_y2035m02",
        "timeline_entry_y2035m03",
    ]
    assert len(told(admin, person)) == 1


def test_the_last_touch_of_many_is_looked_for_in_ever_more_months(
    admin, person, system, django_assert_num_queries
):
    others = [create_person(system, data=NewPerson(name=f"P{n}"))[0].pk for n in range(5)]
    forget_all()
    for number, pk in enumerate(others):
        for step in range(3):
            at = NOON + timedelta(hours=step)
            tell(admin, [RecordRef("person", pk)], payload={"n": (number, step)}, at=at)
        tell(admin, [RecordRef("person", pk)], kind="people.changed", payload={"changes": []})
    with django_assert_num_queries(3):  # nothing happened to this person, in no month
        found = latest_of(admin, "person", [*others, person.id])
    assert {pk: entry.payload["n"] for pk, entry in found.items()} == {
        pk: [number, 2] for number, pk in enumerate(others)
    }
    assert latest_of(admin, "person", []) == {}
    for pk in others:
        tell(admin, [RecordRef("person", pk)], payload={"n": "now"}, at=timezone.now())
    with django_assert_num_queries(1):
        found = latest_of(admin, "person", others)
    assert [entry.payload["n"] for entry in found.values()] == ["now"] * 5
    longago = timezone.now() - timedelta(days=2000)
    tell(admin, [RecordRef("person", person.id)], payload={"n": "old"}, at=longago)
    assert latest_of(admin, "person", [person.id])[person.id].payload["n"] == "old"


def test_what_is_to_come_is_no_touch(admin, person):
    forget_all()
    day = timedelta(days=1)
    for number, at in enumerate((timezone.now() - day, timezone.now() + day)):
        tell(admin, [RecordRef("person", person.id)], payload={"n": number}, at=at)
    assert latest_of(admin, "person", [person.id])[person.id].payload["n"] == 0


def test_a_touch_in_words_has_the_signs_of_what_it_quotes(admin, make_user):
    teller = actor_for(make_user("admin", name="Ann & <Theo>"))
    made, _is_new = create_person(teller, data=NewPerson(name="Bea"))
    assert (
        str(last_touches(admin, "person", [made.pk])[made.pk]) == "Ann & <Theo> added this record"
    )


# --- places, runs, days ---------------------------------------------------------------------------


@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 2**63 - 1))
def test_a_place_comes_back_from_its_cursor(at, id_):
    place = rules.Place(at, id_)
    assert rules.place_of(place.encoded()) == place


@given(st.text(max_size=60))
def test_any_cursor_is_a_place_or_refused(text):
    with suppress(PlaceInvalid):
        rules.place_of(text)


@given(st.lists(st.one_of(st.none(), st.integers(0, 2))))
def test_runs_keep_every_item_in_order(items):
    found = rules.runs(items, lambda item: item)
    assert [item for run in found for item in run] == items
    assert all(len(set(run)) == 1 and (run[0] is not None or len(run) == 1) for run in found)
    assert all(a[0] is None or a[0] != b[0] for a, b in pairwise(found))


def test_months_follow_each_other_over_the_year():
    assert [rules.month_name(one) for one in rules.months_from(date(2026, 11, 30), count=3)] == [
        "timeline_entry_y2026m11",
        "timeline_entry_y2026m12",
        "timeline_entry_y2027m01",
    ]
