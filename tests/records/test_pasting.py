"""A block pasted into a list: what is shown before, what is written, refused, told, taken back."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tandem.accounts.actions import add_token, hide_fields
from tandem.accounts.queries import actor_for
from tandem.accounts.rules import Role
from tandem.accounts.schemas import NewToken
from tandem.kernel.actor import job_actor
from tandem.kernel.models import ChangeSet, PublishedFact
from tandem.kernel.undo import UndoConflict, undo
from tandem.people.actions import change_person, create_person
from tandem.people.models import Company, Person
from tandem.people.queries import people_visible_to, prepare_people
from tandem.people.schemas import ChangePerson, NewPerson
from tandem.records.actions import add_field
from tandem.records.models import FieldDef
from tandem.records.schemas import NewField
from tandem.timeline.models import TimelineEntry

pytestmark = pytest.mark.django_db
URL = "/people/paste?columns=name,email,title,company,owner,country,last_touch"


@pytest.fixture
def people(system):
    given = [("Ann Lee", "ann@lee.example"), ("Bo Low", "bo@low.example"), ("Cy Moor", None)]
    return [create_person(system, data=NewPerson(name=n, email=e))[0] for n, e in given]


@pytest.fixture
def priya(make_user):
    return make_user("admin", name="Priya Nair", email="priya@thistle.example")


@pytest.fixture
def desk(client, priya):
    client.force_login(priya)
    return client


def give(system, people, user):
    for one in people:
        change_person(system, one.public_id, data=ChangePerson(owner=str(user.public_id)))


def block(people, *rows, at=0, **more):
    text = "\n".join("\t".join(row) for row in rows)
    return {"_block": text, "_at": str(at), "_ids": [str(p.public_id) for p in people], **more}


def lines(answer):
    """What the preview shows: (name, field, old, new, why not)."""
    return [
        (one.name, str(change.label), change.old, change.new, change.fault)
        for one in answer.context["blocks"]
        for change in one.changes
    ]


def confirm(desk, answer, url=URL, **more):
    shown = answer.context
    given = {
        "_block": shown["text"],
        "_at": str(shown["at"]),
        "_ids": shown["ids"],
        "_seen": shown["seen"],
        "_left": shown["left"],
        "_confirm": "1",
    }
    return desk.post(url, given | more)


def state():
    """Name, address, title, country and version of everybody, in the order they came."""
    return [
        (
            one.name,
            one.primary_email.address if one.primary_email else None,
            one.primary_job.title if one.primary_job else None,
            one.country,
            one.row_version,
        )
        for one in prepare_people(
            people_visible_to(job_actor("look", frozenset({"people.view"})))
        ).order_by("pk")
    ]


def test_the_preview_shows_every_cell_and_writes_nothing(desk, people):
    before, sets = state(), ChangeSet.objects.count()
    answer = desk.post(
        URL, block(people, ["Buyer", "Saltmarsh", "priya nair", "Ireland"], ["Owner"], at=2)
    )
    assert answer.status_code == 200
    assert lines(answer) == [
        ("Ann Lee", "Title", "", "Buyer", ""),
        ("Ann Lee", "Company", "", "Saltmarsh", ""),
        ("Ann Lee", "Owner", "", "Priya Nair", ""),
        ("Ann Lee", "Country", "", "Ireland", ""),
        ("Bo Low", "Title", "", "Owner", ""),
    ]
    assert answer.context["says"] == "5 cells of 2 people will change."
    assert state() == before
    assert ChangeSet.objects.count() == sets
    assert not Company.objects.exists()
    assert not TimelineEntry.objects.filter(kind="people.changed").exists()


def test_what_was_confirmed_is_one_step_that_one_undo_takes_back(desk, people, admin):
    before = state()
    answer = confirm(desk, desk.post(URL, block(people, ["Buyer"], ["Owner"], at=2)))
    assert (answer.status_code, answer.url) == (303, URL.replace("/paste", "").replace(",", "%2C"))
    assert [row[2] for row in state()] == ["Buyer", "Owner", None]
    made = ChangeSet.objects.latest("id")
    assert made.action == "records.change_rows"
    undo(admin, made.public_id)
    assert [row[:4] for row in state()] == [row[:4] for row in before]


def test_the_undo_of_a_paste_is_refused_where_a_value_was_changed_since(desk, people, admin):
    confirm(desk, desk.post(URL, block(people, ["GB"], ["IE"], at=5)))
    made = ChangeSet.objects.latest("id")
    change_person(admin, people[1].public_id, data=ChangePerson(country="FR"))
    with pytest.raises(UndoConflict):
        undo(admin, made.public_id)
    assert [row[3] for row in state()] == ["GB", "FR", ""]


def test_a_cell_that_does_not_fit_is_named_and_the_others_can_be_written(desk, people, system):
    create_person(system, data=NewPerson(name="Di", email="taken@di.example"))
    answer = desk.post(
        URL,
        block(
            people,
            ["", "no address", "Buyer", "", "nobody known", "Atlantis"],
            ["Bo Lowe", "taken@di.example", "Owner", "", "", "IE"],
        ),
    )
    found = lines(answer)
    assert ("Ann Lee", "Mail", "ann@lee.example", "no address") in [one[:4] for one in found]
    bad = {(name, label): why for name, label, _old, _new, why in found if why}
    assert set(bad) == {
        ("Ann Lee", "Name"),
        ("Ann Lee", "Mail"),
        ("Ann Lee", "Owner"),
        ("Ann Lee", "Country"),
        ("Bo Low", "Mail"),
    }
    assert bad["Ann Lee", "Owner"] == "No colleague is known by this name."
    assert bad["Ann Lee", "Country"] == "This is none of the choices."
    assert answer.context["changing"] == 4
    assert answer.context["verb"] == "Change the 4 that fit"
    confirm(desk, answer)
    assert state()[:2] == [
        ("Ann Lee", "ann@lee.example", "Buyer", "", 2),
        ("Bo Lowe", "bo@low.example", "Owner", "IE", 2),
    ]


def test_rows_and_columns_beyond_the_list_and_those_of_others_are_told(desk, people):
    answer = desk.post(URL, block(people, *[["GB", "a call", "more"]] * 5, at=5))
    assert answer.context["notes"] == [
        "2 rows of the block are beyond the end of this page and are left out.",
        "1 column of the block is beyond the last column and is left out.",
        "Not written by hand, and left out: Last touch.",
    ]
    assert [one[:2] for one in lines(answer)] == [(p.name, "Country") for p in people]


def test_what_is_so_already_is_no_change(desk, people):
    answer = desk.post(URL, block(people, ["Ann Lee", "ANN@lee.example "], ["Bo Low"]))
    assert answer.context["says"] in (
        "Nothing would change.",
        "1 cell of 1 person will change. 2 are so already.",
    )
    answer = desk.post(URL, block(people, ["Ann Lee", "ann@lee.example"], ["Bo Low"]))
    assert (answer.context["says"], answer.context["changing"]) == ("Nothing would change.", 0)
    confirm(desk, answer)
    assert [row[-1] for row in state()] == [1, 1, 1]


def test_a_field_that_somebody_changed_meanwhile_is_not_overwritten(desk, people, admin):
    answer = desk.post(URL, block(people, ["Buyer"], ["Owner"], at=2))
    change_person(admin, people[0].public_id, data=ChangePerson(title="Founder"))
    refused = confirm(desk, answer)
    assert refused.status_code == 422
    assert refused.context["failed"] == ["Ann Lee, Title: Changed since"]
    assert [row[2] for row in state()] == ["Founder", None, None]
    # The preview is new: the value of now stands in it, and can be confirmed.
    assert lines(refused)[0] == ("Ann Lee", "Title", "Founder", "Buyer", "")
    assert confirm(desk, refused).status_code == 303
    assert [row[2] for row in state()] == ["Buyer", "Owner", None]


def test_a_change_of_another_field_meanwhile_stands_in_nobodys_way(desk, people, admin):
    answer = desk.post(URL, block(people, ["Buyer"], at=2))
    change_person(admin, people[0].public_id, data=ChangePerson(country="FR"))
    assert confirm(desk, answer).status_code == 303
    assert state()[0] == ("Ann Lee", "ann@lee.example", "Buyer", "FR", 3)


def test_a_hidden_field_is_no_column_and_cannot_be_written(client, make_user, people, system):
    hide_fields(system, Role.SELLER, "person", fields=["title"])
    seller = make_user("seller")
    give(system, people, seller)
    client.force_login(seller)
    answer = client.post(URL, block(people, ["Bo", "x@y.example", "Hythe"]))
    assert [one[1] for one in lines(answer)][:3] == ["Name", "Mail", "Company"]
    confirm(client, answer)
    assert {row[2] for row in state()} <= {None, ""}


def test_who_may_not_edit_may_not_paste(client, make_user, people):
    before = state()
    client.force_login(make_user("viewer"))
    assert client.post(URL, block(people, ["Buyer"], at=2)).status_code == 403
    assert client.get(URL).status_code == 403
    assert state() == before
    page = client.get("/people").content.decode()
    assert "data-paste" not in page


def test_a_record_out_of_sight_is_not_touched(client, make_user, people, system):
    give(system, people, make_user("marketer"))
    client.force_login(make_user("seller"))
    before = state()
    given = block(people, ["Buyer"], at=2)
    assert client.post(URL, given).status_code == 404
    assert client.post(URL, given | {"_confirm": "1", "_seen": "1"}).status_code == 404
    assert state() == before


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"_block": ""}, "There is nothing to paste"),
        ({"_block": "\t\n\t"}, "There is nothing to paste"),
        ({"_block": "x\n" * 6000}, "too large"),
        ({"_ids": []}, "Choose the row and the column"),
        ({"_at": "40"}, "Choose the row and the column"),
        ({"_at": "6"}, "None of these columns is written by hand"),
    ],
)
def test_what_cannot_be_pasted_at_all_says_why(desk, people, given, words):
    answer = desk.post(URL, block(people, ["Buyer"], at=2) | given)
    assert answer.status_code == 422
    assert words in answer.context["refused"]


def test_custom_fields_are_read_by_their_types_column_by_column(desk, people, admin):
    for label, kind in [
        ("Since", "date"),
        ("Worth", "money"),
        ("Seats", "number"),
        ("Ok", "boolean"),
    ]:
        add_field(
            admin,
            data=NewField(
                kind="person", label=label, type=kind, currency="GBP" if kind == "money" else None
            ),
        )
    url = "/people/paste?columns=name,x_since,x_worth,x_seats,x_ok"
    answer = desk.post(
        url,
        block(
            people,
            ["03/04/2026", "£1,200.50", "1.5", "yes"],
            ["13/04/2026", "£3", "2", "no"],
            ["soon", "3.001", "many", "perhaps"],
            at=1,
        ),
    )
    assert [one[:4] for one in lines(answer) if not one[4]] == [
        ("Ann Lee", "Since", "", "3 April 2026"),
        ("Ann Lee", "Worth", "", "£1,200.50"),
        ("Ann Lee", "Seats", "", "1.5"),
        ("Ann Lee", "Ok", "", "yes"),
        ("Bo Low", "Since", "", "13 April 2026"),
        ("Bo Low", "Worth", "", "£3"),
        ("Bo Low", "Seats", "", "2"),
        ("Bo Low", "Ok", "", "no"),
    ]
    assert [one[1:2] + one[4:] for one in lines(answer) if one[4]] == [
        ("Since", "This is no day."),
        ("Worth", "This currency has no coins as small as that."),
        ("Seats", "This is no number."),
        ("Ok", "Say yes or no."),
    ]
    confirm(desk, answer, url)
    assert Person.objects.get(pk=people[0].pk).x == {
        "x_since": "2026-04-03",
        "x_worth": 120050,
        "x_seats": 1.5,
        "x_ok": True,
    }
    assert FieldDef.objects.count() == 4


def test_an_order_of_days_that_is_not_sure_is_told(desk, people, admin):
    add_field(admin, data=NewField(kind="person", label="Since", type="date"))
    answer = desk.post("/people/paste?columns=name,x_since", block(people, ["03/04/2026"], at=1))
    assert answer.context["notes"] == ["Since is read as day, month, year."]


def test_without_scripts_a_row_and_a_column_are_chosen(desk, people):
    page = desk.get(URL)
    assert [name for _id, name in page.context["rows"]] == ["Ann Lee", "Bo Low", "Cy Moor"]
    assert [str(label) for _at, label in page.context["columns"]] == [
        "Name",
        "Mail",
        "Title",
        "Company",
        "Owner",
        "Country",
    ]
    given = block(people, ["Buyer"], at=2, _from=str(people[1].public_id))
    assert lines(desk.post(URL, given)) == [("Bo Low", "Title", "", "Buyer", "")]


def test_the_queries_of_a_preview_grow_by_rows_alone(desk, system):
    def cost(count):
        people = [
            create_person(system, data=NewPerson(name=f"P {count} {n}"))[0] for n in range(count)
        ]
        with CaptureQueriesContext(
            connection,
        ) as seen:
            desk.post(URL, block(people, *[["Buyer", "Hythe"]] * count, at=2))
        return len(seen)

    cost(1)
    three, six = cost(3), cost(6)
    assert (six - three) / 3 <= 24


# --- by the API -----------------------------------------------------------------------------------


@pytest.fixture
def patch(client, admin_token):
    def send(rows, path="/api/v1/people"):
        answer = client.patch(
            path,
            json.dumps({"rows": rows}),
            content_type="application/json",
            headers={"authorization": f"Bearer {admin_token}"},
        )
        return answer.status_code, answer.json()

    return send


@pytest.fixture
def admin_token(priya, system):
    return add_token(actor_for(priya), NewToken(name="test")).raw


def test_the_api_changes_each_in_its_own_way_or_none(patch, people):
    ids = [str(one.public_id) for one in people]
    status, answer = patch(
        [{"id": ids[0], "title": "Buyer"}, {"id": ids[1], "title": None, "country": "IE"}]
    )
    assert (status, answer["matched"], answer["changed"], answer["unchanged"]) == (200, 2, 2, 0)
    assert [row[2:4] for row in state()] == [("Buyer", ""), (None, "IE"), (None, "")]
    assert PublishedFact.objects.filter(name="people.PeopleChanged").count() == 2
    before = state()
    status, answer = patch(
        [
            {"id": ids[0], "title": "Owner"},
            {"id": ids[1], "version": 1, "country": "FR"},
            {"id": ids[2], "email": "ann@lee.example"},
            {"id": ids[2], "title": "again"},
            {"id": "00000000-0000-4000-8000-000000000000", "title": "x"},
        ]
    )
    assert (status, answer["code"]) == (422, "rows_unfit")
    assert {(one["field"], one["code"]) for one in answer["errors"]} == {
        ("rows.1.country", "changed_since"),
        ("rows.2.email", "address_taken"),
        ("rows.3", "stands_twice"),
        ("rows.4", "not_found"),
    }
    assert state() == before


def test_the_api_names_a_custom_field_where_it_stands(patch, people, admin):
    add_field(admin, data=NewField(kind="person", label="Seats", type="number"))
    ids = [str(one.public_id) for one in people]
    status, answer = patch(
        [{"id": ids[0], "fields": {"x_seats": 3}}, {"id": ids[1], "fields": {"x_seats": "many"}}]
    )
    assert (status, answer["errors"][0]["field"]) == (422, "rows.1.fields.x_seats")
    assert Person.objects.get(pk=people[0].pk).x == {}
    status, answer = patch([{"id": ids[0], "fields": {"x_seats": 3}}])
    assert (status, answer["changed"]) == (200, 1)
