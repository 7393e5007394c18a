"""What a reader finds: what is new since last time, what is pinned, either end first, undo."""

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.kernel.actions import action, last_change_set
from tandem.kernel.actor import Scope, job_actor
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.refs import RecordRef
from tandem.kernel.undo import undo
from tandem.people.actions import change_person, create_person
from tandem.people.models import Person
from tandem.people.schemas import ChangePerson, NewPerson
from tandem.timeline import actions
from tandem.timeline.actions import mark_read, order_story, pin, unpin
from tandem.timeline.errors import TooManyPins
from tandem.timeline.models import Pin, StoryMark, StoryReader, TimelineEntry
from tandem.timeline.queries import marks_of, story_of
from tandem.timeline.rules import Marks
from tandem.timeline.slots import ENTRY_KINDS, EntryKind

pytestmark = pytest.mark.django_db


@action(permission="people.edit")
def tell(actor, /, ref, number, **options):
    actions.write(actor, [ref], kind="test.seen", payload={"n": number}, **options)


@pytest.fixture
def person(system):
    made, _new = create_person(system, data=NewPerson(name="Ann"))
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE timeline_entry")
    return made


@pytest.fixture
def ref(person):
    return RecordRef("person", person.pk)


@pytest.fixture
def words_of_others():
    """A kind of entry whose sentence, reason and box are what somebody wrote."""
    written = EntryKind(
        "test.seen",
        "eye",
        lambda entry: format_html("<b>said</b> {}", entry.payload["n"]),
        why=lambda entry: entry.payload["n"],
        box=lambda entry: entry.payload["n"],
    )
    ENTRY_KINDS._parts[written.kind] = written
    yield
    del ENTRY_KINDS._parts[written.kind]


@pytest.fixture
def reader(make_user):
    return make_user("seller", name="Priya")


def read(actor, ref, **options):
    """What opening the page does."""
    marks = marks_of(actor, ref)
    since = marks.since(timezone.now())
    story = story_of(actor, ref, since=since, is_oldest_first=marks.is_oldest_first, **options)
    mark_read(actor, ref, marks)
    return story


def drawn(story):
    """The numbers down the page, with a line where it is drawn."""
    found = []
    for day in story.days:
        for line in day.items:
            found += ["--"] if line.is_at_mark else []
            found.append(line.entry.payload.get("n"))
    return found


def events(ref):
    rows = TimelineEntry.objects.filter(subject_id=ref.id, subject_kind=ref.kind)
    return {entry.payload.get("n"): entry.event_id for entry in rows}


def test_a_line_stands_between_what_is_new_and_what_was_there(admin, reader, ref):
    me = actor_for(reader)
    with time_machine.travel("2026-11-19T10:00:00Z", tick=False) as clock:
        tell(admin, ref, 1)
        first = read(me, ref)
        assert (first.since, first.new, drawn(first)) == (None, 0, [1])
        clock.shift(timedelta(minutes=5))
        tell(admin, ref, 2)
        clock.shift(timedelta(minutes=5))
        assert drawn(read(me, ref)) == [2, 1]  # still the first visit
        clock.shift(timedelta(hours=2))
        tell(admin, ref, 3)
        tell(me, ref, 4)
        clock.shift(timedelta(minutes=1))
        back = read(me, ref)
        assert (back.new, drawn(back)) == (1, [4, 3, "--", 2, 1])
        assert back.since.isoformat() == "2026-11-19T10:10:00+00:00"
        clock.shift(timedelta(minutes=20))
        tell(admin, ref, 5)
        assert drawn(read(me, ref)) == [5, 4, 3, "--", 2, 1]  # the same visit goes on
        clock.shift(timedelta(hours=1))
        assert (read(me, ref).new, drawn(read(me, ref))) == (0, [5, 4, 3, 2, 1])


def test_what_the_reader_wrote_is_not_new_to_them(admin, reader, ref):
    me = actor_for(reader)
    with time_machine.travel("2026-11-19T10:00:00Z", tick=False) as clock:
        read(me, ref)
        clock.shift(timedelta(hours=1))
        tell(me, ref, 1)
        story = read(me, ref)
        assert (story.new, drawn(story)) == (0, [1])
        assert read(admin, ref).new == 0  # and each reader has marks of their own


def test_the_line_falls_into_the_page_where_it_belongs(admin, reader, ref):
    me = actor_for(reader)
    with time_machine.travel("2026-11-19T10:00:00Z", tick=False) as clock:
        for number in (1, 2):
            tell(admin, ref, number, at=timezone.now() + timedelta(seconds=number))
        clock.shift(timedelta(minutes=1))
        read(me, ref)
        clock.shift(timedelta(hours=1))
        for number in (3, 4):
            tell(admin, ref, number, at=timezone.now() + timedelta(seconds=number))
        clock.shift(timedelta(minutes=1))
        first = read(me, ref, limit=2)
        assert drawn(first) == [4, 3]
        assert drawn(read(me, ref, limit=2, before=first.next)) == ["--", 2, 1]
        order_story(me, is_oldest_first=True)
        assert drawn(read(me, ref)) == [1, 2, "--", 3, 4]


def test_a_mark_is_written_once_a_minute_and_for_nobody_else(admin, reader, ref, system):
    me = actor_for(reader)
    with time_machine.travel("2026-11-19T10:00:00Z", tick=False) as clock:
        read(me, ref)
        clock.shift(timedelta(seconds=59))
        read(me, ref)
        assert [row.seen_at.second for row in StoryMark.objects.all()] == [0]
        clock.shift(timedelta(seconds=1))
        read(me, ref)
        read(system, ref)
        rows = StoryMark.objects.values_list("user_id", "seen_at__minute", "before_at")
        assert list(rows) == [(reader.pk, 1, None)]
        assert marks_of(system, ref) == Marks()


def test_a_story_can_be_read_from_its_beginning(admin, reader, ref):
    me = actor_for(reader)
    for number in range(7):
        tell(admin, ref, number)
    order_story(me, is_oldest_first=True)
    assert StoryReader.objects.get().is_oldest_first
    seen, before = [], ""
    while True:
        page = story_of(me, ref, before=before, limit=3, is_oldest_first=True)
        seen += [entry.payload.get("n") for entry in page.entries]
        before = page.next
        if not before:
            break
    assert seen == [*range(7)]
    order_story(me, is_oldest_first=False)
    assert drawn(read(me, ref))[:3] == [6, 5, 4]


def test_a_job_has_no_order_of_its_own():
    with pytest.raises(Refused):
        order_story(job_actor("x", frozenset({"timeline.view"})), is_oldest_first=True)
    assert not StoryReader.objects.exists()


def test_a_pinned_event_stands_on_top_and_in_its_place(admin, ref):
    for number in (1, 2, 3):
        tell(admin, ref, number)
    known = events(ref)
    pin(admin, ref, event=known[1])
    pin(admin, ref, event=known[2])
    pin(admin, ref, event=known[1])
    story = story_of(admin, ref)
    assert [line.entry.payload["n"] for line in story.pinned] == [2, 1]
    assert story.pinned_events == [known[2], known[1]]
    assert drawn(story)[2:] == [3, 2, 1]
    pinned = [line.is_pinned for day in story.days for line in day.items]
    assert pinned[2:] == [False, True, True]
    assert story_of(admin, ref, side="mine").pinned == []
    unpin(admin, ref, event=known[2])
    assert [line.entry.payload["n"] for line in story_of(admin, ref).pinned] == [1]
    done = last_change_set()
    assert done is not None
    undo(admin, done)
    assert [line.entry.payload["n"] for line in story_of(admin, ref).pinned] == [2, 1]
    kinds = TimelineEntry.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds)[3:6] == ["timeline.pinned", "timeline.pinned", "timeline.unpinned"]


def test_a_pin_needs_the_right_the_record_and_the_event(admin, viewer, make_actor, ref, system):
    tell(admin, ref, 1)
    other, _new = create_person(system, data=NewPerson(name="Bea"))
    event = events(ref)[1]
    with pytest.raises(Refused):
        pin(viewer, ref, event=event)
    for where in (RecordRef("person", other.pk), RecordRef("gadget", 1)):
        with pytest.raises(Missing):
            pin(admin, where, event=event)
    with pytest.raises(Missing):
        unpin(admin, ref, event=event)
    own = replace(make_actor("seller"), scopes={"*": Scope.OWN})
    with pytest.raises(Missing):
        pin(own, ref, event=event)
    assert not Pin.objects.exists()


def test_ten_pins_are_enough(admin, ref):
    for number in range(11):
        tell(admin, ref, number)
    known = events(ref)
    for number in range(10):
        pin(admin, ref, event=known[number])
    with pytest.raises(TooManyPins):
        pin(admin, ref, event=known[10])
    assert Pin.objects.count() == 10


@pytest.fixture
def ruled():
    kind = EntryKind(
        "test.ruled", "robot", lambda entry: SafeString("a rule did this"), offers_undo=True
    )
    ENTRY_KINDS._parts[kind.kind] = kind
    yield kind
    del ENTRY_KINDS._parts[kind.kind]


@action(permission="people.edit")
def name_by_rule(actor, /, person, name):
    change_person(actor, person.public_id, data=ChangePerson(name=name))
    actions.write(
        actor, [RecordRef("person", person.pk)], kind="test.ruled", payload={}, is_automatic=True
    )


def test_what_a_rule_did_is_undone_from_beside_its_entry(admin, reader, system, person, ref, ruled):
    name_by_rule(system, person, "Wrong")
    (line,) = [x for d in story_of(admin, ref).days for x in d.items if x.entry.kind == ruled.kind]
    assert line.undo is not None
    assert all(one.undo is None for one in lines_of(actor_for(reader), ref))  # no right to
    undo(admin, line.undo)
    assert Person.objects.get(pk=person.pk).name == "Ann"
    assert all(one.undo is None for one in lines_of(admin, ref))  # done once


def lines_of(actor, ref):
    return [line for day in story_of(actor, ref).days for line in day.items]


def shows(client, person, part):
    return f'id="{part}"' in client.get(f"/people/{person.public_id}").text


def test_the_page_draws_marks_pins_and_runs(client: Client, admin, ref, person, system):
    client.force_login(User.objects.get(pk=admin.user_id))
    tell(admin, ref, 1, at=timezone.now() - timedelta(hours=2))
    where = f"/timeline/people/{person.public_id}"
    event = str(events(ref)[1])
    page = f"/people/{person.public_id}?tab=timeline&side=mine"
    made = client.post(f"{where}/pins", {"event": event, "side": "mine"})
    assert (made.status_code, made["Location"]) == (303, page)
    assert shows(client, person, "pinned")
    removed = client.post(f"{where}/pins/{event}/removal")
    assert removed.status_code == 303
    assert not shows(client, person, "pinned")
    assert client.post(f"{where}/order", {"order": "oldest"}).status_code == 303
    assert StoryReader.objects.get().is_oldest_first
    assert client.post(f"{where}/order", {"order": "sideways"}).status_code == 422
    StoryMark.objects.update(seen_at=timezone.now() - timedelta(hours=1))
    tell(system, ref, 2)
    assert shows(client, person, "new-since")


def test_the_words_of_others_are_escaped_in_every_part_of_a_line(
    client: Client, admin, ref, person, words_of_others
):
    client.force_login(User.objects.get(pk=admin.user_id))
    tell(admin, ref, "<i>x</i> & co")
    page = client.get(f"/people/{person.public_id}").text
    assert "<i>x" not in page
    assert '<p class="c-entry_why">&lt;i&gt;x&lt;/i&gt; &amp; co</p>' in page
    assert "<div data-verbatim>&lt;i&gt;x&lt;/i&gt; &amp; co</div>" in page
    assert '<span class="sr-only">Pin on top: said &lt;i&gt;x&lt;/i&gt; &amp; co</span>' in page


def test_a_long_story_asks_no_more_than_a_short_one(client: Client, admin, ref, person):
    client.force_login(User.objects.get(pk=admin.user_id))
    asked = []
    for lines in (2, 40):
        for number in range(lines):
            tell(admin, ref, number)
        client.get(f"/people/{person.public_id}")
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/people/{person.public_id}")
        asked.append(len(queries))
    assert asked[0] == asked[1]
    assert asked[0] <= 36
