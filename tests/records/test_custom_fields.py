"""Custom fields from end to end: defined, filled in, listed, filtered, sorted, retired, undone."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.context import remembering
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.history import changes_of
from tandem.kernel.undo import UndoConflict, undo
from tandem.people.actions import create_person
from tandem.people.models import Person
from tandem.people.schemas import ChangePerson, NewPerson
from tandem.records import queries
from tandem.records.actions import (
    add_field,
    change_field,
    change_record,
    create_record,
    restore_field,
    retire_field,
)
from tandem.records.errors import (
    ChoiceInvalid,
    FieldKeyTaken,
    NotCustomisable,
    RecordChanged,
    SortInvalid,
    TooManyFields,
    TypeStays,
    ValueUnfit,
)
from tandem.records.models import FieldDef
from tandem.records.queries import ListQuery
from tandem.records.queries.custom import custom_fields
from tandem.records.schemas import ChangeField, NewField, OptionIn
from tandem.records.slots import object_type
from tests.people.conftest import last_done

pytestmark = pytest.mark.django_db


@pytest.fixture
def define(system: Actor) -> Callable[..., FieldDef]:
    """Add a field to persons: ``define("Tier", "choice", choices=[...])``."""

    def make(label: str, kind: str = "text", *, of: str = "person", **traits: Any) -> FieldDef:
        return add_field(
            system,
            data=NewField.model_validate({"label": label, "type": kind, "kind": of} | traits),
        )

    return make


@pytest.fixture
def add(system: Actor) -> Callable[..., Person]:
    """Add a person with values of custom fields."""

    def make(name: str, **fields: Any) -> Person:
        data = NewPerson(name=name)
        person, _new = create_record(system, object_type("person"), data=data, fields=fields)
        return Person.objects.get(pk=person.pk)

    return make


TIERS = [{"label": "Gold", "tone": "ok"}, {"label": "Silver"}, {"label": "Tin"}]


def put(actor: Actor, person: Person, **fields: Any) -> Person:
    version = fields.pop("version", None)
    data = ChangePerson.model_construct(
        _fields_set={"version"} if version else set(), version=version
    )
    change_record(actor, object_type("person"), person.public_id, data=data, fields=fields)
    return Person.objects.get(pk=person.pk)


def listed(actor: Actor, tree: dict[str, Any]) -> list[str]:
    kind = object_type("person")
    query = ListQuery(filters=queries.read_filters(kind, tree))
    rows = queries.records_matching(kind, actor, query)
    return sorted(rows.values_list("name", flat=True))


# --- definitions ----------------------------------------------------------------------------------


def test_a_field_is_defined_with_a_key_of_its_label(define):
    made = define("Credit limit", "money")
    assert (made.key, made.currency, made.position) == ("x_credit_limit", "EUR", 1)
    assert define("Credit limit").key == "x_credit_limit_2"
    assert [one.key for one in custom_fields("person")] == ["x_credit_limit", "x_credit_limit_2"]
    assert custom_fields("company") == ()


def test_definitions_that_cannot_be_are_refused(define, system):
    define("Tier", "choice", choices=TIERS)
    with pytest.raises(FieldKeyTaken):
        define("Other", key="x_tier")
    with pytest.raises(NotCustomisable):
        define("Other", of="pipeline")
    with pytest.raises(ChoiceInvalid):
        define("Other", "choice")
    with pytest.raises(ChoiceInvalid):
        define("Other", "choices", choices=[{"label": "A"}, {"label": "a"}])
    with pytest.raises(ChoiceInvalid):
        define("Other", "text", choices=[{"label": "A"}])
    assert FieldDef.objects.count() == 1


def test_a_kind_has_so_many_fields_and_no_more(define, monkeypatch):
    monkeypatch.setattr("tandem.records.actions.fields.MAX_FIELDS", 2)
    define("One")
    define("Two")
    with pytest.raises(TooManyFields):
        define("Three")


def test_only_managers_define_fields(make_actor, define):
    made = define("Tier", "choice", choices=TIERS)
    for role in ("marketer", "seller", "viewer"):
        actor = make_actor(role)
        for deed in (
            lambda who=actor: add_field(who, data=NewField(kind="person", label="A", type="text")),
            lambda who=actor: change_field(who, made.public_id, data=ChangeField(label="B")),
            lambda who=actor: retire_field(who, made.public_id),
            lambda who=actor: restore_field(who, made.public_id),
        ):
            with pytest.raises(Refused):
                deed()
    made.refresh_from_db()
    assert (FieldDef.objects.count(), made.label, made.retired_at) == (1, "Tier", None)
    assert add_field(make_actor("manager"), data=NewField(kind="person", label="A", type="text")).pk


def test_type_and_key_stay_what_they_are(define, system):
    made = define("Tier")
    for change in ({"type": "number"}, {"key": "x_other"}, {"currency": "GBP"}):
        with pytest.raises(TypeStays):
            change_field(system, made.public_id, data=ChangeField.model_validate(change))
    same = ChangeField(type="text", key="x_tier", label="Rank")
    assert change_field(system, made.public_id, data=same).label == "Rank"


def test_a_choice_is_renamed_and_records_keep_it(define, add, system):
    made = define("Tier", "choice", choices=TIERS)
    ann = add("Ann", x_tier="gold")
    renamed = [OptionIn(value="silver", label="Silver"), OptionIn(value="gold", label="Platinum")]
    changed = change_field(system, made.public_id, data=ChangeField(choices=renamed))
    assert [(one["value"], one["label"], one["is_retired"]) for one in changed.choices] == [
        ("silver", "Silver", False),
        ("gold", "Platinum", False),
        ("tin", "Tin", True),
    ]
    assert Person.objects.get(pk=ann.pk).x == {"x_tier": "gold"}
    with pytest.raises(ValueUnfit):
        put(system, ann, x_tier="tin")
    strange = [OptionIn(value="brass", label="Brass")]
    with pytest.raises(ChoiceInvalid):
        change_field(system, made.public_id, data=ChangeField(choices=strange))


def test_fields_are_put_in_order(define, system):
    first, second, third = define("One"), define("Two"), define("Three")
    change_field(system, third.public_id, data=ChangeField(position=1))
    assert [one.label for one in custom_fields("person")] == ["Three", "One", "Two"]
    change_field(system, first.public_id, data=ChangeField(position=9))
    assert [one.label for one in custom_fields("person")] == ["Three", "Two", "One"]
    assert second.pk


def test_a_retired_field_hides_its_values_and_brings_them_back(define, add, system):
    made = define("Tier", "choice", choices=TIERS)
    ann = add("Ann", x_tier="gold")
    kind = object_type("person")
    retire_field(system, made.public_id)
    assert custom_fields("person") == ()
    assert kind.field_for(system, "x_tier") is None
    with pytest.raises(ValueUnfit):
        put(system, ann, x_tier="silver")
    assert Person.objects.get(pk=ann.pk).x == {"x_tier": "gold"}
    with pytest.raises(FieldKeyTaken):
        define("Another", key="x_tier")
    restore_field(system, made.public_id)
    assert kind.field_for(system, "x_tier") is not None
    assert listed(system, {"field": "x_tier", "is": "any_of", "value": ["gold"]}) == ["Ann"]


def test_a_definition_is_undone(define, make_actor):
    admin = make_actor("admin")
    made = add_field(admin, data=NewField(kind="person", label="Tier", type="text"))
    change_field(admin, made.public_id, data=ChangeField(label="Rank"))
    with remembering():
        assert [one.label for one in custom_fields("person")] == ["Rank"]
        undo(admin, last_done())
        assert [one.label for one in custom_fields("person")] == ["Tier"]
    assert changes_of("field", made.pk).count() == 2


# --- values ---------------------------------------------------------------------------------------


def test_values_are_written_in_their_form_told_and_undone(define, add, make_actor):
    define("Tier", "choice", choices=TIERS)
    define("Limit", "money", currency="GBP")
    admin = make_actor("admin")
    ann = add("Ann", x_limit=10)
    assert ann.x == {"x_limit": 1000}
    changed = put(admin, ann, x_tier="Gold", x_limit=12.5)
    assert (changed.x, changed.row_version) == ({"x_tier": "gold", "x_limit": 1250}, 2)
    assert put(admin, ann, x_tier="gold").row_version == 2
    done = last_change_set()
    put(admin, ann, x_tier=None)
    assert Person.objects.get(pk=ann.pk).x == {"x_limit": 1250}
    undo(admin, last_done())
    assert Person.objects.get(pk=ann.pk).x == {"x_tier": "gold", "x_limit": 1250}
    assert done is not None


def test_every_value_that_does_not_fit_is_named_and_nothing_is_written(define, add, system):
    define("Tier", "choice", choices=TIERS)
    define("Size", "number")
    ann = add("Ann", x_size=3)
    with pytest.raises(ValueUnfit) as refused:
        put(system, ann, x_tier="brass", x_size="many", x_other=1)
    assert sorted((one.field, one.code) for one in refused.value.errors) == [
        ("x_other", "unknown_field"),
        ("x_size", "number_invalid"),
        ("x_tier", "choice_unknown"),
    ]
    assert Person.objects.get(pk=ann.pk).x == {"x_size": 3}
    count = Person.objects.count()
    with pytest.raises(ValueUnfit):
        add("Bob", x_tier="brass")
    assert Person.objects.count() == count


def test_what_is_needed_must_be_there_on_a_new_record(define, add, system):
    define("Tier", "choice", choices=TIERS, is_required=True)
    with pytest.raises(ValueUnfit) as refused:
        add("Ann")
    assert [(one.field, one.code) for one in refused.value.errors] == [("x_tier", "value_missing")]
    assert Person.objects.count() == 0
    ann = add("Ann", x_tier="gold")
    with pytest.raises(ValueUnfit):
        put(system, ann, x_tier=None)


def test_values_follow_the_rights_on_the_record(define, make_actor, system):
    define("Size", "number")
    seller, viewer = make_actor("seller"), make_actor("viewer")
    person, _new = create_person(system, data=NewPerson(name="Ann", owner=make_owner(make_actor)))
    with pytest.raises(Missing):
        put(seller, person, x_size=5)
    with pytest.raises(Refused):
        put(viewer, person, x_size=5)
    assert Person.objects.get(pk=person.pk).x == {}


def make_owner(make_actor: Callable[..., Actor]) -> str:
    return str(User.objects.get(pk=make_actor("seller").user_id or 0).public_id)


def test_two_who_change_different_fields_both_win_and_the_same_one_conflicts(define, add, system):
    define("Size", "number")
    define("Note")
    ann = add("Ann")
    seen = ann.row_version
    put(system, ann, x_size=5, version=seen)
    assert put(system, ann, x_note="tin", version=seen).x == {"x_size": 5, "x_note": "tin"}
    with pytest.raises(RecordChanged) as refused:
        put(system, ann, x_size=6, version=seen)
    assert [(one.field, one.code) for one in refused.value.errors] == [("x_size", "changed_since")]
    assert Person.objects.get(pk=ann.pk).x["x_size"] == 5


def test_undo_takes_back_the_one_field_and_leaves_the_others(define, add, system):
    define("Size", "number")
    define("Note")
    define("Tier", "choice", choices=TIERS)
    ann = add("Ann", x_size=1, x_note="old")
    put(system, ann, x_size=5, x_tier="gold")
    of_size = last_done()
    put(system, ann, x_note="new")
    undo(system, of_size)
    assert Person.objects.get(pk=ann.pk).x == {"x_size": 1, "x_note": "new"}
    undone = last_done()
    put(system, ann, x_note="newer")
    undo(system, undone)
    assert Person.objects.get(pk=ann.pk).x == {"x_size": 5, "x_tier": "gold", "x_note": "newer"}


def test_undo_of_a_field_that_was_changed_again_is_refused_and_names_it(define, add, system):
    define("Size", "number")
    define("Note")
    ann = add("Ann")
    put(system, ann, x_size=5, x_note="tin")
    first = last_done()
    put(system, ann, x_size=6)
    with pytest.raises(UndoConflict) as refused:
        undo(system, first)
    assert [one.field for one in refused.value.errors] == [f"person.{ann.pk}.x.x_size"]
    assert Person.objects.get(pk=ann.pk).x == {"x_size": 6, "x_note": "tin"}
    undo(system, first, keep_later_edits=True)
    assert Person.objects.get(pk=ann.pk).x == {"x_size": 6}


# --- lists ----------------------------------------------------------------------------------------


@pytest.fixture
def cast(define, add, make_user, system) -> dict[str, Any]:
    """Three people, the last of whom has nothing filled in."""
    for label, kind in (
        ("Note", "text"),
        ("Size", "number"),
        ("Limit", "money"),
        ("Since", "date"),
        ("Keeper", "user"),
        ("Site", "link"),
        ("Trade", "boolean"),
    ):
        define(label, kind)
    define("Tier", "choice", choices=TIERS)
    define("Likes", "choices", choices=[{"label": "Tins"}, {"label": "Tea"}])
    user = make_user("seller", name="Priya Nair")
    add(
        "Ann",
        x_note="Harbour lights",
        x_size=9,
        x_limit=12.5,
        x_since="2026-03-01",
        x_keeper="Priya Nair",
        x_site="tin.example",
        x_trade=True,
        x_tier="gold",
        x_likes=["tins", "tea"],
    )
    add("Bob", x_size=10.5, x_limit=100, x_since="2025-01-01", x_trade=False, x_likes=["tea"])
    add("Cy")
    return {"user": user}


@pytest.mark.parametrize(
    ("field", "operator", "value", "names"),
    [
        ("x_note", "contains", "HARBOUR", ["Ann"]),
        ("x_note", "starts_with", "harb", ["Ann"]),
        ("x_note", "is", "harbour LIGHTS", ["Ann"]),
        ("x_note", "is_not", "harbour lights", ["Bob", "Cy"]),
        ("x_note", "empty", None, ["Bob", "Cy"]),
        ("x_note", "not_empty", None, ["Ann"]),
        ("x_size", "is", 9, ["Ann"]),
        ("x_size", "at_least", "10", ["Bob"]),
        ("x_size", "at_most", 9, ["Ann"]),
        ("x_limit", "at_least", "12.50", ["Ann", "Bob"]),
        ("x_limit", "is", 100, ["Bob"]),
        ("x_since", "on", "2026-03-01", ["Ann"]),
        ("x_since", "before", "2026-03-01", ["Bob"]),
        ("x_since", "after", "2025-01-01", ["Ann"]),
        ("x_since", "older_than_days", 100, ["Ann", "Bob"]),
        ("x_tier", "any_of", ["gold", "tin"], ["Ann"]),
        ("x_tier", "none_of", ["gold"], ["Bob", "Cy"]),
        ("x_likes", "any_of", ["tins"], ["Ann"]),
        ("x_likes", "any_of", ["tins", "tea"], ["Ann", "Bob"]),
        ("x_likes", "none_of", ["tins"], ["Bob", "Cy"]),
        ("x_keeper", "any_of", ["me"], ["Ann"]),
        ("x_keeper", "none_of", ["me"], ["Bob", "Cy"]),
        ("x_keeper", "any_of", ["nobody"], ["Bob", "Cy"]),
        ("x_site", "contains", "tin.", ["Ann"]),
        ("x_trade", "is", True, ["Ann"]),
        ("x_trade", "is", False, ["Bob"]),
        ("x_trade", "empty", None, ["Cy"]),
    ],
)
def test_lists_are_filtered_by_custom_fields(cast, field, operator, value, names):
    actor = actor_for(cast["user"])
    condition = {"field": field, "is": operator, "value": value}
    assert listed(actor, condition) == names
    opposite = sorted({"Ann", "Bob", "Cy"} - set(names))
    assert listed(actor, {"op": "not", "items": [condition]}) == opposite


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("x_size", ["Ann", "Bob", "Cy"]),
        ("-x_size", ["Bob", "Ann", "Cy"]),
        ("x_limit", ["Ann", "Bob", "Cy"]),
        ("x_since", ["Bob", "Ann", "Cy"]),
        ("-x_note", ["Ann", "Bob", "Cy"]),
    ],
)
def test_lists_are_sorted_and_paged_by_custom_fields(cast, system, sort, names):
    kind = object_type("person")
    found, cursor = [], ""
    while True:
        page = queries.list_page(kind, system, ListQuery(sort=sort, cursor=cursor, limit=1))
        found += [row.name for row in page.rows]
        cursor = page.next
        if not cursor:
            break
    assert found == names


@pytest.mark.parametrize("sort", ["x_keeper", "x_likes", "x_nothing"])
def test_what_has_no_order_does_not_sort(cast, system, sort):
    with pytest.raises(SortInvalid):
        queries.list_page(object_type("person"), system, ListQuery(sort=sort))


def test_definitions_are_read_once_a_request(cast, define, system, django_assert_num_queries):
    kind = object_type("person")
    with remembering():
        with django_assert_num_queries(1):
            assert len(kind.every_field) == len(kind.fields) + 9
        with django_assert_num_queries(0):
            assert kind.field_for(system, "x_tier") is not None
            assert object_type("company").every_field
        define("More")
        assert kind.field_for(system, "x_more") is not None


# --- pages ----------------------------------------------------------------------------------------


@pytest.fixture
def browser(make_user) -> Client:
    client = Client()
    client.force_login(
        make_user("admin"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


def test_the_list_shows_columns_that_were_added(cast, browser):
    html = browser.get(
        "/people?columns=name,x_tier,x_likes,x_limit,x_since,x_keeper,x_site,x_trade"
    ).content.decode()
    for words in ("Gold", "Tins", "Tea", "€12.50", "Priya Nair", "tin.example", ">no<"):
        assert words in html
    assert 'rel="noopener noreferrer"' in html


def test_a_value_is_edited_in_its_cell_and_on_the_page(cast, browser):
    ann = Person.objects.get(name="Ann")
    base = f"/people/{ann.public_id}"
    for key, posted, stored in (
        ("x_size", "1,000.5", 1000.5),
        ("x_limit", "7.25", 725),
        ("x_trade", "false", False),
        ("x_tier", "silver", "silver"),
        ("x_likes", ["tea"], ["tea"]),
        ("x_since", "2026-04-01", "2026-04-01"),
        ("x_keeper", str(cast["user"].public_id), str(cast["user"].public_id)),
        ("x_note", "", None),
    ):
        form = browser.get(f"{base}/fields/{key}")
        assert form.status_code == 200
        version = Person.objects.get(pk=ann.pk).row_version
        answer = browser.post(f"{base}/fields/{key}", {key: posted, "version": version})
        assert answer.status_code == 303, answer.content.decode()
        assert Person.objects.get(pk=ann.pk).x.get(key) == stored
    refused = browser.post(f"{base}/fields/x_size", {"x_size": "many"})
    assert refused.status_code == 422
    page = browser.get(base).content.decode()
    assert "Silver" in page
    assert "€7.25" in page
    history = browser.get(f"{base}?tab=history").content.decode()
    assert "<dt>Tier</dt>" in history
    assert "<del>Gold</del>" in history
    assert browser.get(f"{base}/peek").status_code == 200


def test_the_dialog_of_a_new_record_asks_for_them(cast, define, browser):
    define("Badge", is_required=True, help="On the card.")
    form = browser.get("/people/new").content.decode()
    assert 'name="x_badge"' in form
    assert "On the card." in form
    refused = browser.post("/people/new", {"name": "Di"})
    assert refused.status_code == 422
    assert not Person.objects.filter(name="Di").exists()
    given = {"name": "Di", "x_badge": "7", "x_trade": "true", "x_likes": ["tea", "tins"]}
    assert browser.post("/people/new", given).status_code == 303
    assert Person.objects.get(name="Di").x == {
        "x_badge": "7",
        "x_trade": True,
        "x_likes": ["tins", "tea"],
    }


def test_the_dialog_of_a_filter_offers_them(cast, browser):
    html = browser.get("/people/filter?_field=x_tier&_is_0=any_of").content.decode()
    assert '<option value="x_tier" selected>' in html
    assert '<option value="gold">' in html
    tree = json.dumps({"field": "x_tier", "is": "any_of", "value": ["gold"]})
    listing = browser.get("/people", {"filter": tree}).content.decode()
    assert "Ann" in listing
    assert "Bob" not in listing


def test_the_settings_define_a_field(browser):
    assert "No fields of your own" in browser.get("/settings/fields").content.decode()
    posted = {
        "kind": "person",
        "type": "choice",
        "label": "Tier",
        "currency": "EUR",
        "is_required": "on",
        "_value": ["", ""],
        "_label": ["Gold", "Silver"],
        "_tone": ["ok", ""],
    }
    assert browser.post("/settings/fields/new", posted).status_code == 303
    made = FieldDef.objects.get()
    assert (made.key, made.is_required, made.currency) == ("x_tier", True, "")
    assert [one["value"] for one in made.choices] == ["gold", "silver"]
    where = f"/settings/fields/{made.public_id}"
    page = browser.get(where).content.decode()
    assert 'value="Gold"' in page
    changes = {
        "label": "Rank",
        "version": made.row_version,
        "_value": ["silver", "gold", ""],
        "_label": ["Silver", "Platinum", "Tin"],
        "_tone": ["", "", ""],
        "_retired": ["silver"],
    }
    assert browser.post(where, changes).status_code == 303
    made.refresh_from_db()
    assert (made.label, made.is_required) == ("Rank", False)
    assert [(one["value"], one["label"], one["is_retired"]) for one in made.choices] == [
        ("silver", "Silver", True),
        ("gold", "Platinum", False),
        ("tin", "Tin", False),
    ]
    assert browser.post(where, changes).status_code == 422
    assert browser.post(f"{where}/place", {"position": "1"}).status_code == 303
    assert browser.post(f"{where}/retirement").status_code == 303
    assert "Bring back" in browser.get("/settings/fields").content.decode()
    assert browser.post(f"{where}/restoration").status_code == 303
    made.refresh_from_db()
    assert made.retired_at is None


def test_the_dialog_of_many_sets_a_custom_field(cast, browser):
    ids = [str(one.public_id) for one in Person.objects.order_by("id")]
    query = "&".join(f"_ids={one}" for one in ids)
    address = f"/people/many/change?{query}&_field=x_tier"
    assert '<option value="silver">' in browser.get(address).content.decode()
    assert browser.post(address, {"x_tier": "silver", "_count": "3"}).status_code in (200, 303)
    assert [one.x["x_tier"] for one in Person.objects.order_by("id")] == ["silver"] * 3
    address = f"/people/many/change?{query}&_field=x_limit"
    browser.post(address, {"x_limit": "7.5", "_count": "3"})
    assert [one.x["x_limit"] for one in Person.objects.order_by("id")] == [750] * 3
