"""Who saw personal data and took it out: noted by every door, never changed, kept for a while."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from tandem.accounts.actions import add_token, set_scopes, set_verbs
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.rules import Role, permissions_of
from tandem.accounts.schemas import NewToken
from tandem.kernel.actor import Scope
from tandem.kernel.errors import Refused
from tandem.people.actions import create_company, create_person
from tandem.people.schemas import NewCompany, NewPerson
from tandem.records.actions import ask_erasure, attach_files, erase, keep_content, merge
from tandem.records.actions.accesses import forget_accesses
from tandem.records.models import Access, Erasure, ErasureBasis
from tandem.records.queries.accesses import AccessQuery, accesses_for, page_of_accesses
from tandem.records.slots import object_type

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(system):
    made, _new = create_person(system, data=NewPerson(name="Ann Lee", email="ann@x.example"))
    return made


@pytest.fixture
def mara_user(make_user):
    return make_user("marketer", name="Mara")


@pytest.fixture
def browser(mara_user):
    client = Client(raise_request_exception=False)
    client.force_login(mara_user)
    return client


@pytest.fixture
def api(mara_user):
    token = add_token(actor_for(mara_user), NewToken(name="door")).raw

    def call(path, body=None, *, as_token=token, **params):
        return Client().generic(
            "GET" if body is None else "POST",
            f"/api/v1{path}",
            b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {as_token}"},
            QUERY_STRING="&".join(f"{key}={value}" for key, value in params.items()),
        )

    return call


def log():
    """The whole log: who, by which door, what, of which record, about what, how many."""
    rows = Access.objects.order_by("pk")
    return list(
        rows.values_list("actor_label", "source", "deed", "kind", "record_id", "about", "count")
    )


def fetched(*answers):
    """Read these files to their end, which closes them."""
    for answer in answers:
        assert answer.status_code == 200
        assert b"".join(answer)


def test_who_opens_a_person_is_noted_once_an_hour(ann, browser, api):
    url = f"/people/{ann.public_id}"
    with time_machine.travel("2026-11-03T09:10:00Z", tick=False) as clock:
        for address in (url, f"{url}/peek", f"{url}?tab=files", f"/timeline{url}"):
            assert browser.get(address).status_code == 200
        assert log() == [("Mara", "ui", "seen", "person", ann.pk, "", None)]
        assert api(url).status_code == 200
        assert api("/timeline", person=ann.public_id).status_code == 200
        assert log()[1:] == [("Mara", "api", "seen", "person", ann.pk, "", None)]
        clock.shift(timedelta(hours=1))
        browser.get(url)
        assert len(log()) == 3


def test_what_is_not_opened_leaves_no_row(system, ann, browser, api, mara_user):
    company, _new = create_company(system, data=NewCompany(name="Lee Ltd"))
    for address in ("/people", f"/companies/{company.public_id}", "/people/new", "/"):
        assert browser.get(address).status_code == 200
    strange = "01890000-0000-7000-8000-00000000dead"
    assert browser.get(f"/people/{strange}").status_code == 404
    assert api(f"/people/{strange}").status_code == 404
    assert api("/people").status_code == 200
    assert Client().get(f"/people/{ann.public_id}").status_code == 302
    assert log() == []


def test_searches_are_noted_by_their_words(ann, browser, api):
    tree = {"op": "and", "items": [{"field": "country", "is": "empty"}]}
    browser.get("/people", {"q": "ann lee"})
    browser.get("/people", {"filter": json.dumps(tree)})
    browser.get("/search", {"q": "ann"})
    browser.get("/palette", {"q": "an"})
    api("/people", q="ann")
    browser.get("/people", {"q": "ann lee"})
    told = [(one[1], one[2], one[3], one[5]) for one in log()]
    assert told == [
        ("ui", "searched", "person", "ann lee"),
        ("ui", "searched", "person", json.dumps(tree)),
        ("ui", "searched", "", "ann"),
        ("ui", "searched", "", "an"),
        ("api", "searched", "person", "ann"),
    ]


def test_files_and_exports_are_noted(settings, tmp_path, ann, browser, api, mara_user):
    settings.MEDIA_ROOT = tmp_path
    person = object_type("person")
    content = keep_content("offer.txt", [b"tins"])
    [file] = attach_files(actor_for(mara_user), person, ann.public_id, contents=[content])
    file.refresh_from_db()
    path = f"/people/{ann.public_id}/files/{file.public_id}"
    fetched(browser.get(path), api(path))
    asked = {"verb": "export", "filter": {"op": "and", "items": []}}
    asked["export"] = {"format": "csv", "columns": ["name", "email"]}
    for _time in range(2):
        export = api("/people/bulk", asked).json()["export"]
    fetched(browser.get(f"/exports/{export}"), api(f"/exports/{export}"))
    assert [one[1:] for one in log()] == [
        ("ui", "file", "person", ann.pk, "offer.txt", None),
        ("api", "file", "person", ann.pk, "offer.txt", None),
        ("api", "exported", "person", None, "name, email", 1),
        ("api", "exported", "person", None, "name, email", 1),
        ("ui", "fetched", "person", None, "csv", 1),
        ("api", "fetched", "person", None, "csv", 1),
    ]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE records_access SET about = 'x'", "DELETE FROM records_access"],
)
def test_nothing_in_it_is_changed(ann, browser, statement):
    browser.get(f"/people/{ann.public_id}")
    before = log()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert log() == before


def test_it_is_forgotten_when_its_time_is_over(system, ann, browser):
    browser.get(f"/people/{ann.public_id}")
    with time_machine.travel(timezone.now() + timedelta(days=30)):
        assert forget_accesses(system, older_than_days=31) == 0
        assert len(log()) == 1
        assert forget_accesses(system, older_than_days=29) == 1
    assert log() == []
    browser.get(f"/people/{ann.public_id}")
    with pytest.raises(DatabaseError), transaction.atomic():
        Access.objects.all().delete()


def test_only_who_may_sees_it(ann, browser, api, admin, mara_user, make_user):
    actor = actor_for(mara_user)
    with pytest.raises(Refused):
        page_of_accesses(actor, AccessQuery())
    assert browser.get("/settings/accesses").status_code == 403
    assert api("/accesses").status_code == 403
    page = browser.get(f"/people/{ann.public_id}?tab=accesses").content.decode()
    assert 'href="?tab=accesses"' not in page
    set_verbs(admin, Role.SELLER, held=permissions_of("seller") | {"records.see_accesses"})
    set_scopes(admin, Role.SELLER, scopes={"person": Scope.OWN})
    seller = actor_for(make_user("seller"))
    assert list(accesses_for(seller, AccessQuery())) == []
    assert accesses_for(admin, AccessQuery()).count() == 1


def test_pages_and_api_show_it(ann, browser, admin, system, make_user, api):
    boss = make_user("admin", name="Boss")
    browser.get(f"/people/{ann.public_id}")
    browser.get("/people", {"q": "lee"})
    other, _new = create_person(system, data=NewPerson(name="Bo"))
    browser.get(f"/people/{other.public_id}")
    there = Client()
    there.force_login(boss)
    page = there.get("/settings/accesses").content.decode()
    assert page.count("<tr><td>") == 3
    assert "Ann Lee" in page
    narrowed = there.get("/settings/accesses", {"deed": "searched"}).content.decode()
    assert (narrowed.count("<tr><td>"), "Ann Lee" in narrowed) == (1, False)
    assert there.get("/settings/accesses", {"to": "2001-01-01"}).content.decode().count("<td>") == 0
    tab = there.get(f"/people/{ann.public_id}", {"tab": "accesses"}).content.decode()
    assert "Mara" in tab
    token = add_token(actor_for(boss), NewToken(name="audit")).raw
    first = api("/accesses", as_token=token, limit=1).json()
    assert first["next"] is not None
    of_ann = api("/accesses", as_token=token, person=ann.public_id).json()["items"]
    told = [(one["who"], one["deed"], one["record"]) for one in of_ann]
    assert told == [("Boss", "seen", str(ann.public_id)), ("Mara", "seen", str(ann.public_id))]


def test_the_log_is_read_in_few_queries(ann, browser, admin, system, django_assert_max_num_queries):
    for number in range(12):
        person, _new = create_person(system, data=NewPerson(name=f"P {number}"))
        browser.get(f"/people/{person.public_id}")
    client = Client()
    client.force_login(User.objects.get(pk=admin.user_id))
    client.get("/settings/accesses")
    with django_assert_max_num_queries(14):
        assert client.get("/settings/accesses").content.decode().count("<tr><td>") == 12


def test_what_was_merged_is_told_of_the_survivor(ann, browser, admin, system):
    other, _new = create_person(system, data=NewPerson(name="Ann Le"))
    browser.get(f"/people/{other.public_id}")
    merge(admin, object_type("person"), ann.public_id, other.public_id)
    about = AccessQuery(record=object_type("person").ref(ann))
    assert [(one.actor_label, one.record_id) for one in accesses_for(admin, about)] == [
        ("Mara", other.pk)
    ]


def test_who_is_erased_is_out_of_it(settings, tmp_path, ann, browser, admin, system):
    settings.MEDIA_ROOT = tmp_path
    browser.get(f"/people/{ann.public_id}")
    browser.get("/search", {"q": "ann@x.example"})
    browser.get("/search", {"q": "ANN@x.example"})
    person = object_type("person")
    ask_erasure(admin, person, ann.public_id, basis=ErasureBasis.REQUEST, typed="Ann Lee")
    erase(admin, Erasure.objects.get())
    assert [one[2] for one in log()] == ["searched", "searched"]
    assert all("ann@x" not in one[5].lower() for one in log())
