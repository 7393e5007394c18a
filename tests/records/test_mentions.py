"""Mentions: written as names, kept as references, drawn with the name of today."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tandem.accounts.actions import change_user, deactivate_user
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import UserChange
from tandem.kernel.actor import Actor
from tandem.people.actions import create_person
from tandem.people.models import Person
from tandem.people.schemas import NewPerson
from tandem.records.actions import add_comment
from tandem.records.errors import MentionOutOfSight, MentionUnknown, TooManyMentions
from tandem.records.models import Comment
from tandem.records.queries.mentions import offers, words_of
from tandem.records.rules.mentions import Colleague, drawn, handle, kept, mentioned_in
from tandem.records.schemas import NewComment
from tandem.records.slots import object_type
from tandem.timeline.models import TimelineEntry
from tandem.timeline.queries import event_of_comment, story_of

PRIYA = Colleague("0198c000-0000-7000-8000-000000000001", "Priya Nair", "priya@thistle.example")
PRIYA_TOO = Colleague("0198c000-0000-7000-8000-000000000002", "priya nair", "nair@thistle.example")
ANN = Colleague("0198c000-0000-7000-8000-000000000003", "Ann", "ann@thistle.example")
ANN_LEE = Colleague("0198c000-0000-7000-8000-000000000004", "Ann Lee", "lee@thistle.example")


@pytest.mark.parametrize(
    ("written", "there", "found"),
    [
        ("Hi @Priya Nair, look", [PRIYA], "Hi @{1}, look"),
        ("@priya nair.", [PRIYA], "@{1}."),
        ("@priya@thistle.example knows", [PRIYA], "@{1} knows"),
        ("@Priya Nairn", [PRIYA], "@Priya Nairn"),
        ("a@Priya Nair", [PRIYA], "a@Priya Nair"),
        ("@Ann Lee and @Ann", [ANN, ANN_LEE], "@{4} and @{3}"),
        ("@Priya Nair", [PRIYA, PRIYA_TOO], "@Priya Nair"),
        ("@nair@thistle.example", [PRIYA, PRIYA_TOO], "@{2}"),
        ("mail bo@ann.example", [ANN], "mail bo@ann.example"),
        ("@Ann", [], "@Ann"),
        ("no one", [ANN], "no one"),
    ],
)
def test_who_is_meant_by_what_is_written(written, there, found):
    for number in range(1, 5):
        found = found.replace(f"{{{number}}}", f"{{0198c000-0000-7000-8000-00000000000{number}}}")
    assert kept(written, there) == found


def test_each_colleague_has_words_that_name_nobody_else():
    everyone = [PRIYA, PRIYA_TOO, ANN, ANN_LEE]
    assert [handle(one, everyone) for one in everyone] == [
        "@priya@thistle.example",
        "@nair@thistle.example",
        "@Ann",
        "@Ann Lee",
    ]


@given(
    st.lists(st.sampled_from([PRIYA, PRIYA_TOO, ANN, ANN_LEE]), max_size=5),
    st.lists(st.sampled_from([" and ", ", ", ".\n", " – ", " @ "]), min_size=6, max_size=6),
)
def test_what_the_words_of_colleagues_make_is_read_back(mentioned, between):
    everyone = [PRIYA, PRIYA_TOO, ANN, ANN_LEE]
    text = between[0]
    for one, gap in zip(mentioned, between[1:], strict=False):
        text += handle(one, everyone) + gap
    found = kept(text, everyone)
    assert mentioned_in(found) == list(dict.fromkeys(one.id for one in mentioned))
    assert kept(found, everyone) == found
    assert "{" not in drawn(found, {one.id: one.name for one in everyone})


@pytest.fixture
def priya(make_user) -> User:
    user: User = make_user("seller", name="Priya Nair", email="priya@thistle.example")
    return user


@pytest.fixture
def ann(system) -> Person:
    person, _new = create_person(system, data=NewPerson(name="Ann Kowalczyk"))
    return person


def say(actor: Actor, person: Person, text: str) -> Comment:
    return add_comment(actor, object_type("person"), person.public_id, data=NewComment(text=text))


@pytest.mark.django_db
def test_a_mention_survives_a_new_name_and_the_leaving_of_who_is_mentioned(
    admin, ann, priya, system
):
    made = say(admin, ann, "Ask @Priya Nair <b>soon</b>")
    assert made.text == f"Ask @{{{priya.public_id}}} <b>soon</b>"
    change_user(
        system,
        priya.public_id,
        UserChange(email=priya.email, name="Priya O'Hara & Sons", role=priya.role, side=priya.side),
    )
    deactivate_user(system, priya.public_id)
    assert words_of(made.text) == "Ask @Priya O'Hara & Sons <b>soon</b>"
    [line] = [
        line
        for day in story_of(admin, object_type("person").ref(ann)).days
        for line in day.items
        if line.entry.kind == "records.commented"
    ]
    assert str(line.box) == (
        '<p>Ask <span class="c-mention">@Priya O&#x27;Hara &amp; Sons</span>'
        " &lt;b&gt;soon&lt;/b&gt;</p>"
    )
    assert line.entry.payload["mentions"] == [
        {"user": str(priya.public_id), "name": "Priya O'Hara & Sons"}
    ]


@pytest.mark.django_db
def test_who_does_not_see_the_record_is_refused_and_nothing_is_written(
    admin, make_user, priya, system
):
    isla = make_user("marketer", name="Isla")
    hers, _new = create_person(system, data=NewPerson(name="Hers", owner=isla.email))
    before = TimelineEntry.objects.count()
    with pytest.raises(MentionOutOfSight) as refused:
        say(admin, hers, "@Isla and @Priya Nair, see this")
    assert str(refused.value).startswith("Priya Nair does not see this record")
    assert [one.field for one in refused.value.errors] == ["text"]
    assert Comment.objects.count() == 0
    assert TimelineEntry.objects.count() == before
    assert say(admin, hers, "@Isla, see this").text == f"@{{{isla.public_id}}}, see this"


@pytest.mark.django_db
def test_nobody_and_too_many_are_refused(admin, ann, make_user, system):
    with pytest.raises(MentionUnknown):
        say(admin, ann, f"@{{{uuid4()}}}")
    everyone = [make_user("admin") for _number in range(21)]
    with pytest.raises(TooManyMentions):
        say(admin, ann, " ".join(f"@{user.email}" for user in everyone))
    gone = everyone[0]
    deactivate_user(system, gone.public_id)
    with pytest.raises(MentionUnknown):
        say(admin, ann, f"@{{{gone.public_id}}}")
    assert Comment.objects.count() == 0


@pytest.mark.django_db
def test_colleagues_are_offered_by_the_beginning_of_their_words(
    admin, make_user, priya, system, django_assert_max_num_queries
):
    isla = make_user("marketer", name="Isla Nash")
    make_user("seller", name="Ronan")
    deactivate_user(system, make_user("seller", name="Nadia Left").public_id)
    hers, _new = create_person(system, data=NewPerson(name="Hers", owner=isla.email))
    kind = object_type("person")
    with django_assert_max_num_queries(6):
        found = offers(admin, kind, hers, "na")
    assert [(one.user, one.words, one.sees) for one in found] == [
        (isla, "@Isla Nash", True),
        (priya, "@Priya Nair", False),
    ]


@pytest.mark.django_db
def test_the_page_offers_colleagues_and_hides_a_record_out_of_sight(
    make_user: Callable[..., User], priya: User, system: Actor
) -> None:
    isla = make_user("marketer", name="Isla Nash")
    hers, _new = create_person(system, data=NewPerson(name="Hers", owner=isla.email))
    page = Client()
    page.force_login(isla)
    answer = page.get(f"/people/{hers.public_id}/colleagues?q=na")
    assert 'data-words="@Isla Nash"' in answer.text
    assert "does not see this record" in answer.text
    page.force_login(priya)
    assert page.get(f"/people/{hers.public_id}/colleagues?q=na").status_code == 404


@pytest.mark.django_db
def test_a_refused_note_stays_in_its_field(make_user, priya, system):
    isla = make_user("marketer", name="Isla")
    hers, _new = create_person(system, data=NewPerson(name="Hers", owner=isla.email))
    page = Client()
    page.force_login(isla)
    answer = page.post(
        f"/people/{hers.public_id}/comments",
        {"text": "Look, @Priya Nair"},
        headers={"HX-Request": "true"},
    )
    assert (answer.status_code, answer.headers["HX-Reswap"]) == (422, "none")
    assert "Priya Nair does not see this record" in answer.headers["HX-Trigger"]
    assert Comment.objects.count() == 0


@pytest.mark.django_db
def test_a_link_leads_to_an_entry_however_old_it_is(make_user, ann, admin):
    reader = make_user("admin")
    first = say(admin, ann, "The first of all")
    for number in range(60):
        say(admin, ann, f"Word {number}")
    event = event_of_comment(object_type("person").ref(ann), first.public_id)
    page = Client()
    page.force_login(reader)
    base = f"/people/{ann.public_id}?tab=timeline"
    assert "The first of all" not in page.get(base).text
    found = page.get(f"{base}&entry={event}").text
    assert f'id="entry-{event}"' in found
    assert "The first of all" in found
    assert "Word 59" not in found
    assert "Word 59" in page.get(f"{base}&entry={uuid4()}").text
    assert event_of_comment(object_type("person").ref(ann), uuid4()) is None
    assert actor_for(reader).may("records.view")
