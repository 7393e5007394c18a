"""A field that is hidden from a role is not there for it: not shown, found, sorted, written."""

import json
from dataclasses import replace

import pytest
from django.test import Client

from tandem.accounts.actions import add_token, hide_fields
from tandem.accounts.errors import FieldHidden
from tandem.accounts.models import HiddenField
from tandem.accounts.queries import actor_for
from tandem.accounts.rules import Role
from tandem.accounts.schemas import NewToken
from tandem.kernel.actions import last_change_set
from tandem.kernel.undo import undo
from tandem.people.actions import change_person, create_person
from tandem.people.models import Person
from tandem.people.schemas import ChangePerson, NewPerson
from tandem.records import queries
from tandem.records.actions import add_field, change_record, create_record, merge, save_view
from tandem.records.actions.many import BulkReport, Deed, ask_for, forecast
from tandem.records.queries import ListQuery, Selection
from tandem.records.queries.history import deeds_of
from tandem.records.schemas import BulkVerb, CustomValues, ExportAs, NewField, NewView
from tandem.records.slots import object_type
from tandem.timeline.queries import latest_stories, story_of

SECRET = "+442079460999"
HIDDEN = ("phone", "country", "x_rank")


@pytest.fixture
def kind(db):
    return object_type("person")


@pytest.fixture
def ann(system, kind):
    """A person with a phone, a country and a rank, changed once each."""
    add_field(system, data=NewField(kind="person", type="number", label="Rank"))
    made, _new = create_record(
        system,
        kind,
        data=NewPerson(name="Ann Lee", phone="+442079460001", country="GB", email="ann@x.example"),
        fields={"x_rank": 1},
    )
    change_person(system, made.public_id, data=ChangePerson(phone=SECRET))
    change_person(system, made.public_id, data=ChangePerson(country="IE"))
    change_record(system, kind, made.public_id, data=ChangePerson(), fields={"x_rank": 77700777})
    return Person.objects.get(pk=made.pk)


@pytest.fixture
def marketer(make_user, admin, ann):
    """A marketer, from whom phone, country and the company's own field are hidden."""
    hide_fields(admin, Role.MARKETER, "person", fields=HIDDEN)
    return make_user("marketer", name="Mara")


@pytest.fixture
def actor(marketer):
    return actor_for(marketer)


@pytest.fixture
def browser(marketer):
    client = Client(raise_request_exception=False)
    client.force_login(marketer)
    return client


@pytest.fixture
def api(actor):
    token = add_token(actor, NewToken(name="door")).raw
    client = Client(raise_request_exception=False)

    def call(method, path, body=None, **params):
        return client.generic(
            method,
            f"/api/v1{path}",
            b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
            QUERY_STRING="&".join(f"{key}={value}" for key, value in params.items()),
        )

    return call


def tree(field, is_="not_empty", **value):
    return {"op": "and", "items": [{"field": field, "is": is_, **value}]}


def leaks(text):
    """What of the hidden values stands in a text."""
    return [one for one in ("9460999", "9460001", "Ireland", "77700777", "Rank") if one in text]


def test_other_roles_and_other_fields_are_as_before(kind, ann, actor, admin, make_actor):
    keys = {field.key for field in kind.fields_for(actor)}
    assert keys == {field.key for field in kind.every_field} - set(HIDDEN)
    for other in (admin, make_actor("seller"), make_actor("manager"), make_actor("viewer")):
        assert kind.fields_for(other) == kind.every_field


@pytest.mark.parametrize("key", HIDDEN)
def test_filter_sort_and_view_by_it_are_refused(kind, ann, actor, key):
    filters = queries.read_filters(kind, tree(key))
    for query in (ListQuery(filters=filters), ListQuery(sort=key), ListQuery(sort=f"-{key}")):
        with pytest.raises(FieldHidden):
            queries.list_page(kind, actor, query)
    with pytest.raises(FieldHidden):
        queries.count_up_to(kind, actor, ListQuery(filters=filters))
    with pytest.raises(FieldHidden):
        forecast(actor, kind, Selection(every=ListQuery(filters=filters)), None)
    for data in (NewView(name="a", filters=tree(key)), NewView(name="a", sort=key)):
        with pytest.raises(FieldHidden):
            save_view(actor, kind, data=data)
    with pytest.raises(FieldHidden):
        save_view(actor, kind, data=NewView(name="a", columns=["name", key]))


def test_a_filter_deep_in_a_tree_is_refused_too(kind, ann, actor):
    inner = tree("country", "any_of", value=["IE"])
    whole = {"op": "not", "items": [{"op": "or", "items": [inner]}]}
    filters = queries.read_filters(kind, whole)
    with pytest.raises(FieldHidden):
        queries.list_page(kind, actor, ListQuery(filters=filters))


@pytest.mark.parametrize("key", HIDDEN)
def test_it_is_refused_by_page_and_by_api(kind, ann, browser, api, key):
    filter_ = json.dumps(tree(key))
    for params in ({"filter": filter_}, {"sort": key}):
        assert browser.get("/people", params).status_code == 403
        assert browser.get("/people/count", params).status_code == 403
    listed = api("GET", "/people", sort=key)
    assert (listed.status_code, listed.json()["code"]) == (403, "field_hidden")
    for of in (f"{key}:count", f"{key}:filled", f"{key}:max"):
        assert api("GET", "/people/aggregates", of=of).json()["code"] == "field_hidden"
    bulk = {"verb": "tag", "filter": tree(key), "tag": {"name": "a"}}
    assert api("POST", "/people/bulk", bulk).json()["code"] == "field_hidden"
    assert browser.get(f"/people/{ann.public_id}/fields/{key}").status_code == 403


def test_a_page_of_every_sort_tells_nothing_of_it(ann, browser, make_user):
    url = f"/people/{ann.public_id}"
    pages = ["/people", "/people?columns=name,phone,country,x_rank", url, f"{url}/peek"]
    pages += [f"{url}?tab=history", f"{url}?tab=story", "/people/new", "/search?q=ann", "/"]
    pages += [f"{url}/merge?with={ann.public_id}", "/people/filter", "/people/many/change?_all=1"]
    for page in pages:
        answer = browser.get(page)
        assert answer.status_code in (200, 422), page
        assert leaks(answer.content.decode()) == [], page
    others = Client()
    others.force_login(make_user("manager"))
    for page in (url, f"{url}?tab=history", f"{url}?tab=story"):
        assert leaks(others.get(page).content.decode()) != [], page


def test_the_api_leaves_it_out(ann, api):
    one = api("GET", f"/people/{ann.public_id}").json()
    assert one["name"] == "Ann Lee"
    assert one["email"] == "ann@x.example"
    assert one["fields"] == {}
    assert {"phone", "country"} & one.keys() == set()
    assert api("GET", "/people").json()["items"] == [one]
    assert leaks(api("GET", "/fields").content.decode()) == []
    story = api("GET", "/timeline", person=ann.public_id)
    assert story.status_code == 200
    assert leaks(story.content.decode()) == []


@pytest.mark.parametrize("body", [{"phone": "+4420"}, {"country": None}, {"fields": {"x_rank": 2}}])
def test_it_cannot_be_written(ann, api, body):
    before = Person.objects.values().get(pk=ann.pk)
    answer = api("PATCH", f"/people/{ann.public_id}", body)
    assert (answer.status_code, answer.json()["code"]) == (403, "field_hidden")
    answer = api("POST", "/people", {"name": "New One", **body})
    assert (answer.status_code, answer.json()["code"]) == (403, "field_hidden")
    assert Person.objects.values().get() == before


def test_it_cannot_be_set_for_many(kind, ann, actor):
    everyone = Selection(every=ListQuery())
    for data in (ChangePerson(country="GB"), CustomValues(fields={"x_rank": 2})):
        with pytest.raises(FieldHidden):
            ask_for(actor, kind, everyone, Deed(BulkVerb.CHANGE, data))
    ann.refresh_from_db()
    assert (ann.country, ann.x) == ("IE", {"x_rank": 77700777})


def test_a_form_for_a_new_record_does_not_take_it(ann, browser):
    sent = {"name": "New One", "phone": "+442079460002", "country": "GB", "x_rank": "3"}
    browser.post("/people/new", sent)
    made = Person.objects.filter(name="New One").first()
    assert made is None or (made.country, made.x, made.phones.count()) == ("", {}, 0)


def test_an_export_has_no_column_of_it(kind, ann, actor, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    data = ExportAs(columns=["name", "phone", "country", "x_rank", "email"])
    done = ask_for(actor, kind, Selection(every=ListQuery()), Deed(BulkVerb.EXPORT, data))
    assert isinstance(done, BulkReport)
    assert done.export is not None
    run = queries.export_by_public_id(actor, done.export)
    assert run.columns == ["name", "email"]
    assert leaks(queries.file_of(run).read_text()) == []


def test_search_does_not_look_at_it(kind, ann, actor, admin):
    for text in ("9460999", "+44 20 7946 0999"):
        assert queries.search_everywhere(actor, text, types=[kind]) == []
    everywhere = queries.search_everywhere(actor, "ann", types=[kind])
    assert [one.name for one in everywhere[0][1]] == ["Ann Lee"]
    found = queries.search_everywhere(admin, "+442079460999", types=[kind])
    assert [one.name for one in found[0][1]] == ["Ann Lee"]


def test_history_and_story_do_not_tell_it(kind, ann, actor, admin):
    told = [change.field for deed in deeds_of(admin, kind, ann)[0] for change in deed.changes]
    assert {"Country", "Rank"} <= set(told)
    for deed in deeds_of(actor, kind, ann)[0]:
        for change in deed.changes:
            assert leaks(f"{change.field} {change.old} {change.new}") == []
            assert change.field not in ("Country", "Phone", "Normalized", "Number")
    kinds = [entry.kind for entry in story_of(actor, kind.ref(ann)).entries]
    assert kinds == ["people.created"]
    assert len(story_of(admin, kind.ref(ann)).entries) == 4
    assert leaks(" ".join(str(line) for line in latest_stories(actor))) == []


def test_a_merge_cannot_choose_it_and_loses_nothing(kind, ann, actor, admin, system):
    other, _new = create_person(system, data=NewPerson(name="Ann Le", phone="+442079460003"))
    manager = actor_for_manager(admin, HIDDEN)
    with pytest.raises(FieldHidden):
        merge(manager, kind, other.public_id, ann.public_id, choices={"country": "absorbed"})
    merge(manager, kind, other.public_id, ann.public_id)
    kept = Person.objects.get(pk=other.pk)
    assert (kept.country, kept.x) == ("IE", {"x_rank": 77700777})


def actor_for_manager(admin, fields):
    return replace(admin, hidden={"person": frozenset(fields)})


def test_hiding_is_undone(ann, admin, marketer):
    assert HiddenField.objects.count() == len(HIDDEN)
    assert actor_for(marketer).hidden == {"person": frozenset(HIDDEN)}
    hide_fields(admin, Role.MARKETER, "person", fields=["phone"])
    assert actor_for(marketer).hidden == {"person": frozenset({"phone"})}
    made = last_change_set()
    assert made is not None
    undo(admin, made)
    assert actor_for(marketer).hidden == {"person": frozenset(HIDDEN)}


def test_a_saved_view_that_filters_by_it_says_so(kind, ann, admin, browser):
    view = save_view(
        admin,
        kind,
        data=NewView(name="Irish", filters=tree("country"), visibility="everyone"),
    )
    answer = browser.get(f"/people?view={view.public_id}")
    assert answer.status_code == 403
    assert "does not see this field" in answer.content.decode()
    assert leaks(answer.content.decode()) == []
