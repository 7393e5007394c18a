"""To whom a lead goes, and what each rule said."""

from tandem.handoff.rules.reasons import ANSWERS, Code, Group, needs_tries, suggested_route
from tandem.handoff.rules.routing import Seller, route

PRIYA, TOM = Seller(1, "Priya", open=5, total=9), Seller(2, "Tom", open=2, total=9)


def told(routing):
    return [(step["rule"], step["matched"], step["why"], step["who"]) for step in routing.trace]


def test_the_owner_of_the_company_goes_first():
    found = route([PRIYA, TOM], company_owner=1, person_owner=2)

    assert found.seller == PRIYA
    assert told(found) == [("company_owner", True, "matched", "Priya")]


def test_then_the_owner_of_the_person():
    found = route([PRIYA, TOM], company_owner=99, person_owner=1)

    assert found.seller == PRIYA
    assert told(found) == [
        ("company_owner", False, "not_selling", ""),
        ("person_owner", True, "matched", "Priya"),
    ]


def test_then_who_has_the_fewest_open():
    found = route([PRIYA, TOM])

    assert found.seller == TOM
    assert told(found)[-1] == ("fewest_open", True, "matched", "Tom")
    assert found.trace[-1]["open"] == 2


def test_of_equals_who_had_the_fewest_in_all_then_the_first():
    assert route([Seller(2, "B", 1, 4), Seller(1, "A", 1, 5)]).seller == Seller(2, "B", 1, 4)
    assert route([Seller(2, "B", 1, 5), Seller(1, "A", 1, 5)]).seller == Seller(1, "A", 1, 5)


def test_who_has_rejected_does_not_get_it_again():
    found = route([PRIYA, TOM], company_owner=1, excluded={1})

    assert found.seller == TOM
    assert told(found)[0] == ("company_owner", False, "has_rejected", "Priya")


def test_who_is_chosen_gets_it():
    assert route([PRIYA, TOM], chosen=1, company_owner=2, excluded={1}).seller == PRIYA
    assert route([PRIYA, TOM], chosen=7, company_owner=2).seller == TOM


def test_without_sellers_it_is_nobodys():
    found = route([], person_owner=3)

    assert found.seller is None
    assert told(found)[-1] == ("fewest_open", False, "nobody", "")


def test_every_reason_has_a_group_a_key_and_a_way_on():
    assert [ANSWERS[code].key for code in Code] == [*"1234567890", "u"]
    ways: dict[Group, set[str]] = {}
    for code in Code:
        ways.setdefault(ANSWERS[code].group, set()).add(str(suggested_route(code)))
    assert ways == {
        Group.TARGETING: {"disqualify"},
        Group.TIMING: {"recycle"},
        Group.DATA: {"fix"},
        Group.ROUTING: {"reroute"},
        Group.CONSENT: {"disqualify"},
        Group.EFFORT: {"recycle"},
    }
    assert [code for code in Code if needs_tries(code)] == [Code.UNREACHABLE]
