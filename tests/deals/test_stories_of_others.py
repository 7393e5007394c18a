"""What happened to a deal is told in the story of its company, to whom the deal is in sight."""

from decimal import Decimal

import pytest
from django.db import connection

from tandem.accounts.actions import add_team, set_members, set_scopes
from tandem.accounts.queries import actor_for
from tandem.accounts.rules import Role
from tandem.accounts.schemas import TeamInput, TeamMembers
from tandem.deals.actions import delete_deal, open_deal
from tandem.deals.models import Deal
from tandem.deals.schemas import NewDeal
from tandem.kernel.actions import action
from tandem.kernel.actor import Scope
from tandem.people.actions import create_company
from tandem.people.schemas import NewCompany
from tandem.records.slots import object_type, tell_story
from tandem.timeline.queries import last_touches, latest_stories, story_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def users(make_user):
    return {name: make_user("seller", name=name) for name in ("Me", "Mate", "Else")}


@pytest.fixture
def company(system, admin, users):
    """My company, with a deal of mine, of a colleague in my team, of a stranger, of nobody."""
    team = add_team(admin, TeamInput(name="North", kind="sales"))
    mine = [users["Me"].public_id, users["Mate"].public_id]
    set_members(admin, team.public_id, TeamMembers(members=mine))
    made, _new = create_company(
        system, data=NewCompany(name="Lee Ltd", owner=str(users["Me"].public_id))
    )
    for name in ("Me", "Mate", "Nobody", "Else"):
        owner = {"owner": str(users[name].public_id)} if name in users else {}
        deal = NewDeal(name=f"Tins of {name}", company="Lee Ltd", amount=Decimal(5), **owner)
        open_deal(system, data=deal)
    return made


def told(actor, company):
    """Whose deals the story of the company tells of."""
    entries = story_of(actor, object_type("company").ref(company)).entries
    return sorted(one.payload["deal"].split()[-1] for one in entries if "deal" in one.payload)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope.ALL, ["Else", "Mate", "Me", "Nobody"]),
        (Scope.TEAM, ["Mate", "Me", "Nobody"]),
        (Scope.OWN, ["Me"]),
        (Scope.NONE, []),
    ],
)
def test_the_story_tells_of_deals_in_sight(company, users, admin, scope, expected):
    set_scopes(admin, Role.SELLER, scopes={"deal": scope})
    assert told(actor_for(users["Me"]), company) == expected
    assert told(admin, company) == ["Else", "Mate", "Me", "Nobody"]


def test_a_deal_that_was_deleted_is_told_as_before(company, users, admin, system):
    for name in ("Mate", "Else"):
        deal = Deal.objects.get(name=f"Tins of {name}")
        delete_deal(system, deal.public_id)
    assert told(actor_for(users["Me"]), company) == ["Mate", "Mate", "Me", "Nobody"]


def test_the_last_touch_and_the_home_page_are_of_what_is_in_sight(company, users, admin):
    me, kind = actor_for(users["Me"]), object_type("company")
    assert "Else" in last_touches(admin, "company", [company.pk])[company.pk].text
    touch = last_touches(me, "company", [company.pk])[company.pk]
    assert "Tins of Nobody" in touch.text
    lines = " ".join(str(line) for line in latest_stories(me))
    assert "Tins of Mate" in lines
    assert "Else" not in lines
    assert kind.visible_to(me).filter(pk=company.pk).exists()


def test_what_an_import_told_at_one_moment_is_not_looked_up_elsewhere(company, users, system):
    """Only an entry of a kind that is told of deals costs the look at the same event."""
    ref = object_type("company").ref(company)
    tell_imported(system, [ref] * 50)
    asked = []

    def note(execute, statement, params, *rest):
        asked.append((statement, params))
        return execute(statement, params, *rest)

    with connection.execute_wrapper(note):
        last_touches(actor_for(users["Me"]), "company", [company.pk])
    statement, params = next(one for one in asked if "LATERAL" in one[0])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", params)
        ((plan,),) = cursor.fetchall()
    looks = [one for one in nodes(plan[0]["Plan"]) if one.get("Parent Relationship") == "SubPlan"]
    assert len(looks) > 0
    assert [one["Actual Loops"] for one in looks] == [0] * len(looks)


@action(permission="records.write")
def tell_imported(actor, refs):
    tell_story(actor, refs, kind="people.imported", payload={"file": "a.csv"})


def nodes(plan):
    yield plan
    for one in plan.get("Plans", ()):
        yield from nodes(one)


def test_a_deal_tells_its_own_story_whoever_has_the_company(company, users, admin, system):
    theirs = actor_for(users["Else"])
    deal = Deal.objects.get(name="Tins of Else")
    assert [one.kind for one in story_of(theirs, object_type("deal").ref(deal)).entries] == [
        "deals.opened"
    ]
