"""Many records at once: whom it touches, whom it leaves alone, what it tells, taking it back."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tandem.accounts.actions import add_token
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor, Scope
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.models import ChangeSet, ProgressRecord, PublishedFact
from tandem.kernel.undo import undo
from tandem.people.actions import change_people, change_person, create_company, create_person
from tandem.people.models import Company, Person, PersonEmail
from tandem.people.schemas import ChangeCompany, ChangePerson, NewCompany, NewPerson
from tandem.records import queries
from tandem.records.actions import many
from tandem.records.actions.many import BulkReport, Deed, Forecast, ask_for, deed_of, forecast
from tandem.records.errors import NotForMany, NothingChosen, SelectionChanged
from tandem.records.jobs import run_bulk
from tandem.records.models import Tag, TagLink
from tandem.records.queries import ListQuery, Selection, chosen, read_filters
from tandem.records.schemas import BulkVerb, NewTag
from tandem.records.slots import object_type
from tandem.timeline.models import TimelineEntry

pytestmark = pytest.mark.django_db

EVERYONE = Selection(every=ListQuery())
TAG = Deed(BulkVerb.TAG, NewTag(name="Fair"))
UNTAG = Deed(BulkVerb.UNTAG, NewTag(name="fair"))
TO_GB = Deed(BulkVerb.CHANGE, ChangePerson(country="GB"))
DELETE = Deed(BulkVerb.DELETE)


@pytest.fixture
def add(system: Actor) -> Callable[..., Person]:
    def make(name: str, **fields: Any) -> Person:
        person, _new = create_person(system, data=NewPerson(name=name, **fields))
        return person

    return make


def countries() -> dict[str, str]:
    return dict(Person.objects.values_list("name", "country"))


def tagged() -> set[str]:
    ids = TagLink.objects.filter(kind="person").values_list("record_id", flat=True)
    return set(Person.objects.filter(pk__in=list(ids)).values_list("name", flat=True))


def stories(kind: str) -> list[tuple[int, Any]]:
    found = TimelineEntry.objects.filter(kind=kind).order_by("subject_id")
    return list(found.values_list("subject_id", "payload"))


def test_a_field_is_set_for_what_differs_and_told_to_each(admin: Actor, add: Any) -> None:
    people = [add("Ann"), add("Bo", country="GB"), add("Cy", country="DE")]
    report = ask_for(admin, object_type("person"), EVERYONE, TO_GB)
    assert isinstance(report, BulkReport)
    assert (report.matched, report.changed, report.unchanged, report.skipped) == (3, 2, 1, 0)
    assert set(countries().values()) == {"GB"}
    assert list(Person.objects.order_by("pk").values_list("row_version", flat=True)) == [2, 1, 2]
    told = {"changes": [{"field": "country", "old": "", "new": "GB"}]}
    assert stories("people.changed") == [(people[0].pk, told), (people[2].pk, told)]
    fact = PublishedFact.objects.get(name="people.PeopleChanged")
    assert fact.payload["person_ids"] == [people[0].pk, people[2].pk]
    assert fact.payload["fields"] == ["country"]
    made = ChangeSet.objects.get(public_id=str(report.change_set))
    assert (made.action, made.changes.count()) == ("people.change_people", 2)


def test_the_same_again_changes_nothing(admin: Actor, add: Any) -> None:
    add("Ann", country="GB")
    report = ask_for(admin, object_type("person"), EVERYONE, TO_GB)
    assert report == BulkReport(matched=1, changed=0, skipped=0, change_set=None)
    assert stories("people.changed") == []


def test_a_field_is_emptied(admin: Actor, add: Any) -> None:
    add("Ann", country="GB")
    ask_for(
        admin,
        object_type("person"),
        EVERYONE,
        deed_of(object_type("person"), "change", {"country": None}),
    )
    assert countries() == {"Ann": ""}


def test_undo_takes_all_back_but_what_was_changed_since(admin: Actor, add: Any) -> None:
    ann, _bo = add("Ann", country="FR"), add("Bo")
    report = ask_for(admin, object_type("person"), EVERYONE, TO_GB)
    assert isinstance(report, BulkReport)
    assert report.change_set is not None
    change_person(admin, ann.public_id, data=ChangePerson(country="IE"))
    undo(admin, report.change_set)
    assert countries() == {"Ann": "IE", "Bo": ""}


def test_the_undo_of_one_record_is_still_refused_where_it_was_changed_since(
    admin: Actor, add: Any
) -> None:
    ann = add("Ann")
    change_person(admin, ann.public_id, data=ChangePerson(country="GB"))
    first = last_change_set()
    change_person(admin, ann.public_id, data=ChangePerson(country="IE"))
    assert first is not None
    with pytest.raises(Exception, match="changed again since"):
        undo(admin, first)
    assert countries() == {"Ann": "IE"}


def test_deleting_frees_the_addresses_and_undo_brings_all_back(
    admin: Actor, add: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        add(f"P{number}", email=f"p{number}@x.example", company="Hythe", title="Buyer")
    keys = dict(Person.objects.values_list("pk", "search_key"))
    with django_assert_max_num_queries(18):
        report = ask_for(admin, object_type("person"), EVERYONE, DELETE)
    assert isinstance(report, BulkReport)
    assert report.change_set is not None
    assert (report.matched, report.changed) == (12, 12)
    assert Person.objects.filter(deleted_at__isnull=True).count() == 0
    assert PersonEmail.objects.filter(deleted_at__isnull=True).count() == 0
    assert len(stories("people.deleted")) == 12
    Person.objects.update(search_key="")  # it has no history: the undo makes it anew
    undo(admin, report.change_set)
    assert Person.objects.filter(deleted_at__isnull=True).count() == 12
    assert PersonEmail.objects.filter(deleted_at__isnull=True).count() == 12
    assert dict(Person.objects.values_list("pk", "search_key")) == keys


def test_undoing_a_deletion_costs_the_same_for_few_and_many(admin: Actor, add: Any) -> None:
    costs = []
    for size in (2, 9):
        Person.objects.update(deleted_at=None)
        for number in range(size):
            add(f"P{size}-{number}", email=f"p{size}-{number}@x.example")
        report = ask_for(
            admin,
            object_type("person"),
            Selection(every=ListQuery(text=f"p{size}-")),
            DELETE,
        )
        assert isinstance(report, BulkReport)
        assert report.changed == size
        assert report.change_set is not None
        with CaptureQueriesContext(connection) as counted:
            undo(admin, report.change_set)
        costs.append(len(counted))
    assert costs[0] == costs[1]


def test_a_tag_is_put_on_once_and_taken_off(admin: Actor, add: Any) -> None:
    people = [add("Ann"), add("Bo"), add("Cy")]
    kind = object_type("person")
    one = Selection(ids=(people[0].public_id,))
    assert _numbers(ask_for(admin, kind, one, TAG)) == (1, 1)
    assert _numbers(ask_for(admin, kind, EVERYONE, TAG)) == (3, 2)
    assert (tagged(), Tag.objects.get().name) == ({"Ann", "Bo", "Cy"}, "Fair")
    assert [pk for pk, _payload in stories("records.tagged")] == [one.pk for one in people]
    report = ask_for(admin, kind, EVERYONE, UNTAG)
    assert _numbers(report) == (3, 3)
    assert tagged() == set()
    assert isinstance(report, BulkReport)
    assert report.change_set is not None
    undo(admin, report.change_set)
    assert tagged() == {"Ann", "Bo", "Cy"}


def test_the_forecast_says_what_will_change(admin: Actor, add: Any) -> None:
    kind = object_type("person")
    people = [add("Ann", country="GB"), add("Bo"), add("Cy")]
    ask_for(admin, kind, Selection(ids=(people[0].public_id,)), TAG)
    assert forecast(admin, kind, EVERYONE, TO_GB) == Forecast(3, 2)
    assert forecast(admin, kind, EVERYONE, TAG) == Forecast(3, 2)
    assert forecast(admin, kind, EVERYONE, UNTAG) == Forecast(3, 1)
    assert forecast(admin, kind, EVERYONE, DELETE) == Forecast(3, 3)
    assert forecast(admin, kind, EVERYONE, None) == Forecast(3, 3)


def test_the_filter_and_the_words_say_whom_it_touches(admin: Actor, add: Any) -> None:
    kind = object_type("person")
    add("Ann Lee", country="DE")
    add("Ann Bee", country="FR")
    add("Bo Lee", country="DE")
    tree = {"op": "and", "items": [{"field": "country", "is": "any_of", "value": ["DE"]}]}
    query = ListQuery(filters=read_filters(kind, tree), text="ann")
    ask_for(admin, kind, Selection(every=query), TAG)
    assert tagged() == {"Ann Lee"}


def test_what_is_out_of_sight_is_skipped_like_what_is_not_there(
    make_actor: Callable[..., Actor], make_user: Callable[..., User], add: Any
) -> None:
    seller = make_actor("seller")
    stranger = make_user("seller")
    own, other = add("Own"), add("Other", owner=str(stranger.public_id))
    ids = (own.public_id, other.public_id, uuid4())
    for deed in (TO_GB, TAG, UNTAG):
        report = ask_for(seller, object_type("person"), Selection(ids=ids), deed)
        assert isinstance(report, BulkReport)
        assert (report.matched, report.skipped) == (1, 2)
    assert countries() == {"Own": "GB", "Other": ""}
    before = Person.objects.get(pk=other.pk)
    assert (before.row_version, before.owner_id) == (1, stranger.pk)
    assert TagLink.objects.count() == 0
    told = TimelineEntry.objects.filter(subject_id=other.pk).exclude(kind="people.created")
    assert not told.exists()


def test_the_room_itself_looks_for_what_may_be_seen(
    make_actor: Callable[..., Actor], add: Any, system: Actor
) -> None:
    add("Ann")
    seller = replace(make_actor("seller"), scopes={"*": Scope.OWN})
    rows = chosen(object_type("person"), system, EVERYONE)
    assert many.tag_many(seller, object_type("person"), rows, data=NewTag(name="x")).matched == 0
    assert change_people(seller, rows, data=ChangePerson(country="GB")).matched == 0
    assert (countries(), tagged()) == ({"Ann": ""}, set())


@pytest.mark.parametrize(
    ("role", "deed"),
    [
        ("viewer", TO_GB),
        ("viewer", TAG),
        ("viewer", UNTAG),
        ("seller", DELETE),
    ],
)
def test_who_may_not_changes_nothing(
    role: str, deed: Deed, make_actor: Callable[..., Actor], add: Any
) -> None:
    add("Ann")
    with pytest.raises(Refused):
        ask_for(make_actor(role), object_type("person"), EVERYONE, deed)
    assert Person.objects.get().row_version == 1
    assert (Person.objects.get().deleted_at, tagged()) == (None, set())


def test_an_owner_needs_the_right_to_assign(make_actor: Callable[..., Actor], add: Any) -> None:
    add("Ann")
    actor = make_actor("admin")
    may_edit = replace(actor, permissions=actor.permissions - {"people.assign"})
    owner = Deed(BulkVerb.CHANGE, ChangePerson(owner=None))
    with pytest.raises(Refused):
        ask_for(may_edit, object_type("person"), EVERYONE, owner)
    assert Person.objects.get().row_version == 1


def test_a_field_that_is_ones_own_cannot_be_set_for_many(admin: Actor, add: Any) -> None:
    add("Ann")
    for data in ({"name": "Bo"}, {"email": "a@x.example"}, {}):
        with pytest.raises(NotForMany):
            ask_for(
                admin,
                object_type("person"),
                EVERYONE,
                deed_of(object_type("person"), "change", data),
            )
    assert countries() == {"Ann": ""}


def test_companies_get_an_industry_and_lose_their_people_when_deleted(
    admin: Actor, add: Any, system: Actor
) -> None:
    add("Ann", company="Hythe")
    create_company(system, data=NewCompany(name="Below", parent="Hythe"))
    kind = object_type("company")
    report = ask_for(
        admin,
        kind,
        EVERYONE,
        Deed(BulkVerb.CHANGE, ChangeCompany.model_validate({"industry": "Gifts", "size": "1-9"})),
    )
    assert _numbers(report) == (2, 2)
    assert set(Company.objects.values_list("industry", "size_band")) == {("Gifts", "1-9")}
    gone = ask_for(
        admin, kind, Selection(ids=(Company.objects.get(name="Hythe").public_id,)), DELETE
    )
    assert isinstance(gone, BulkReport)
    assert Company.objects.get(name="Below").parent_id is None
    assert gone.change_set is not None
    undo(admin, gone.change_set)
    assert str(Company.objects.get(name="Below").parent) == "Hythe"


def test_a_kind_that_declares_nothing_can_be_tagged_only(admin: Actor) -> None:
    with pytest.raises(Missing):
        ask_for(admin, object_type("pipeline"), EVERYONE, DELETE)
    assert _numbers(ask_for(admin, object_type("pipeline"), EVERYONE, TAG)) == (0, 0)


def test_nothing_chosen_is_refused(admin: Actor) -> None:
    with pytest.raises(NothingChosen):
        ask_for(admin, object_type("person"), Selection(), TAG)


def test_another_number_than_was_shown_is_refused(admin: Actor, add: Any) -> None:
    add("Ann")
    with pytest.raises(SelectionChanged, match="1 records, no longer 2"):
        ask_for(admin, object_type("person"), EVERYONE, DELETE, expected=2)
    assert Person.objects.get().deleted_at is None


# --- by a worker ----------------------------------------------------------------------------------


def test_many_are_done_by_a_worker_as_the_user_who_asked(
    make_actor: Callable[..., Actor], add: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(many, "AT_ONCE", 2)
    monkeypatch.setattr(many, "enqueue", lambda name, **payload: asked.append(payload))
    manager = make_actor("manager")
    for name in ("Ann", "Bo", "Cy"):
        add(name)
    record = ask_for(manager, object_type("person"), EVERYONE, TO_GB)
    assert isinstance(record, ProgressRecord)
    assert (record.state, record.total, record.actor_id) == ("running", 3, manager.user_id)
    assert set(countries().values()) == {""}
    run_bulk(**json.loads(json.dumps(asked[0])))
    record.refresh_from_db()
    assert set(countries().values()) == {"GB"}
    assert (record.state, record.done, record.result["changed"]) == ("done", 3, 3)
    made = ChangeSet.objects.get(public_id=record.result["change_set"])
    assert (made.actor_id, made.action) == (manager.user_id, "people.change_people")


def test_a_worker_that_is_stopped_changes_nothing(
    make_actor: Callable[..., Actor], add: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(many, "AT_ONCE", 0)
    monkeypatch.setattr(many, "enqueue", lambda name, **payload: asked.append(payload))
    add("Ann")
    record = ask_for(make_actor("manager"), object_type("person"), EVERYONE, DELETE)
    assert isinstance(record, ProgressRecord)
    ProgressRecord.objects.update(cancel_requested=True)
    run_bulk(**asked[0])
    record.refresh_from_db()
    assert (record.state, Person.objects.get().deleted_at) == ("cancelled", None)


# --- how many there are ---------------------------------------------------------------------------


def test_a_page_counts_no_further_than_its_limit(
    client: Client, admin: Actor, add: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Ann Lee", "Ann Bee", "Bo"):
        add(name)
    kind = object_type("person")
    assert queries.count_up_to(kind, admin, ListQuery(), limit=3) == (3, True)
    assert queries.count_up_to(kind, admin, ListQuery(), limit=2) == (2, False)
    assert queries.count_up_to(kind, admin, ListQuery(text="ann"), limit=2) == (2, True)
    monkeypatch.setattr(queries, "COUNTED_AT_ONCE", 1)
    client.force_login(User.objects.get(pk=admin.user_id or 0))
    page = client.get("/people?q=ann").content.decode()
    assert "<b>1+</b> people" in page
    assert 'hx-get="/people/count?q=ann"' in page
    assert client.get("/people/count?q=ann").content.decode().strip() == "<b>2</b> people"


# --- pages and API --------------------------------------------------------------------------------


@pytest.fixture
def user(make_user: Callable[..., User]) -> User:
    return make_user("manager", name="Mara Quinn")


@pytest.fixture
def browser(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def test_the_list_offers_the_verbs_round_a_form_that_needs_no_script(
    browser: Client, add: Any
) -> None:
    ann = add("Ann")
    page = browser.get("/people?q=ann").content.decode()
    assert f'name="_ids" value="{ann.public_id}" form="many"' in page
    assert '<input type="hidden" name="q" value="ann">' in page
    for offer in ("owner", "change", "tag", "delete"):
        assert f'formaction="/people/many/{offer}"' in page


def test_a_viewer_is_offered_nothing(client: Client, viewer: Actor, add: Any) -> None:
    add("Ann")
    client.force_login(User.objects.get(pk=viewer.user_id or 0))
    page = client.get("/people").content.decode()
    assert "Ann" in page
    assert 'name="_ids"' not in page
    assert client.get("/people/many/tag?_all=1").status_code == 403


def test_the_dialog_names_the_number_and_the_deed_is_done(browser: Client, add: Any) -> None:
    for name in ("Ann Lee", "Ann Bee", "Bo"):
        add(name)
    page = browser.get("/people/many/delete?_all=1&q=ann").content.decode()
    for words in ("Delete 2 people?", "2 people will be deleted. Undo brings them back."):
        assert words in page
    answer = browser.post("/people/many/delete?_all=1&q=ann", {"_count": "2"})
    assert (answer.status_code, answer["Location"]) == (303, "/people?q=ann")
    assert set(Person.objects.filter(deleted_at=None).values_list("name", flat=True)) == {"Bo"}
    page = browser.get("/people").content.decode()
    assert "2 people deleted" in page
    assert "/undo/" in page


def test_a_look_before_says_how_many_would_change_and_changes_nothing(
    browser: Client, add: Any
) -> None:
    add("Ann", country="GB")
    add("Bo")
    page = browser.post(
        "/people/many/change?_all=1&_field=country", {"_look": "1", "country": "GB"}
    )
    assert "1 of 2 people will change, 1 stay as they are." in page.content.decode()
    assert countries() == {"Ann": "GB", "Bo": ""}


def test_a_stale_number_is_shown_anew(browser: Client, add: Any) -> None:
    add("Ann")
    answer = browser.post("/people/many/delete?_all=1", {"_count": "2"})
    assert answer.status_code == 422
    assert "Meanwhile it would be 1 records, no longer 2." in answer.content.decode()
    assert Person.objects.get().deleted_at is None


def test_the_owner_and_a_field_are_set_by_their_dialogs(
    browser: Client, add: Any, user: User
) -> None:
    ann = add("Ann")
    picked = f"_ids={ann.public_id}"
    assert "Assign 1 person" in browser.get(f"/people/many/owner?{picked}").content.decode()
    browser.post(f"/people/many/owner?{picked}", {"owner": str(user.public_id), "_count": "1"})
    browser.post(f"/people/many/change?{picked}&_field=country", {"country": "IE"})
    browser.post(f"/people/many/tag?{picked}", {"name": "Fair"})
    ann.refresh_from_db()
    assert (ann.owner_id, ann.country, tagged()) == (user.pk, "IE", {"Ann"})
    browser.post(f"/people/many/tag?{picked}", {"name": "Fair", "_untag": "1"})
    assert tagged() == set()


@pytest.mark.parametrize(
    "address", ["/people/many/juggle?_all=1", "/people/many/tag?_ids=x", "/nobody/many/tag?_all=1"]
)
def test_strange_addresses_are_not_there(browser: Client, address: str) -> None:
    assert browser.get(address).status_code == 404


def test_how_far_it_is_has_a_page_with_undo_at_the_end(
    browser: Client, add: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(many, "AT_ONCE", 0)
    monkeypatch.setattr(many, "enqueue", lambda name, **payload: asked.append(payload))
    add("Ann")
    answer = browser.post("/people/many/tag?_all=1", {"name": "Fair", "_count": "1"})
    page = browser.get(answer["Location"]).content.decode()
    assert "Waiting for a worker." in page
    run_bulk(**asked[0])
    page = browser.get(answer["Location"]).content.decode()
    assert "1 person tagged" in page
    assert "/undo/" in page


@pytest.fixture
def call(user: User) -> Callable[..., Any]:
    token = add_token(actor_for(user), NewToken(name="bulk")).raw

    def send(path: str, body: Any, **headers: str) -> Any:
        return Client().post(
            f"/api/v1{path}",
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}", **headers},
        )

    return send


def test_by_api_with_ids_or_a_filter(call: Callable[..., Any], add: Any) -> None:
    ann = add("Ann")
    add("Bo", country="DE")
    answer = call(
        "/people/bulk",
        {"verb": "tag", "ids": [str(ann.public_id), str(uuid4())], "tag": {"name": "Fair"}},
    )
    assert answer.status_code == 200
    assert answer.json() == {
        "state": "done",
        "matched": 1,
        "changed": 1,
        "unchanged": 0,
        "skipped": {"not_found": 1},
        "change_set": answer.headers["Tandem-Change-Set"],
        "export": None,
        "progress": None,
    }
    tree = {"op": "and", "items": [{"field": "country", "is": "any_of", "value": ["DE"]}]}
    body = {"verb": "change", "filter": tree, "changes": {"country": "FR"}, "expected": 1}
    assert call("/people/bulk", body).json()["changed"] == 1
    assert (tagged(), countries()) == ({"Ann"}, {"Ann": "", "Bo": "FR"})


def test_a_key_sent_twice_does_it_once(call: Callable[..., Any], add: Any) -> None:
    add("Ann")
    body = {"verb": "tag", "filter": {}, "tag": {"name": "Fair"}}
    first = call(
        "/people/bulk", {**body, "filter": {"op": "and", "items": []}}, **{"Idempotency-Key": "k1"}
    )
    again = call(
        "/people/bulk", {**body, "filter": {"op": "and", "items": []}}, **{"Idempotency-Key": "k1"}
    )
    assert (first.status_code, first.json()) == (200, again.json())
    assert first.json()["changed"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"verb": "tag", "tag": {"name": "x"}}, "ids"),
        ({"verb": "tag", "ids": [str(uuid4())], "filter": {}, "tag": {"name": "x"}}, "ids"),
        ({"verb": "tag", "ids": [str(uuid4())]}, "tag"),
        ({"verb": "delete", "ids": [str(uuid4())], "tag": {"name": "x"}}, "tag"),
        ({"verb": "change", "ids": [str(uuid4())], "changes": {"name": "x"}}, "name"),
        ({"verb": "tag", "ids": [str(uuid4())], "q": "x", "tag": {"name": "x"}}, "q"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    call: Callable[..., Any], add: Any, body: Any, field: str
) -> None:
    add("Ann")
    answer = call("/people/bulk", body)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert (tagged(), Person.objects.get().row_version) == (set(), 1)


def test_many_by_api_answers_where_to_look(
    call: Callable[..., Any], add: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "AT_ONCE", 0)
    monkeypatch.setattr(many, "enqueue", lambda name, **payload: None)
    add("Ann")
    every = {"op": "and", "items": []}
    answer = call("/people/bulk", {"verb": "delete", "filter": every})
    record = ProgressRecord.objects.get()
    assert answer.status_code == 202
    assert answer.json()["progress"] == f"/api/v1/progress/{record.public_id}"
    assert (answer.json()["state"], answer.json()["matched"]) == ("running", 1)
    assert Person.objects.get().deleted_at is None


def _numbers(report: object) -> tuple[int, int]:
    assert isinstance(report, BulkReport)
    return report.matched, report.changed
