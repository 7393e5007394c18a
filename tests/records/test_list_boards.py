"""A list as a board: its columns, what stands in their heads, further cards, moves, saved views."""

import json
from urllib.parse import urlencode

import pytest

from tandem.accounts.queries import actor_for
from tandem.kernel.errors import Invalid
from tandem.people.actions import change_company, create_company
from tandem.people.models import Company
from tandem.people.schemas import ChangeCompany, NewCompany
from tandem.people.views.kinds import size_choices
from tandem.records.actions import add_field, change_record, change_view, save_view
from tandem.records.models import SavedView
from tandem.records.schemas import ChangeView, NewField, NewView
from tandem.records.slots import object_type

pytestmark = pytest.mark.django_db
URL = "/companies?layout=board&group=size"


@pytest.fixture
def owner(make_user):
    return make_user("admin")


@pytest.fixture
def desk(client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def firms(system):
    given = [("Alder", "1-10"), ("Birch", "1-10"), ("Cedar", "11-50"), ("Dogwood", None)]
    sizes = [one.value for one in size_choices()]
    first, second = sizes[:2]
    known = {"1-10": first, "11-50": second, None: None}
    return {
        name: create_company(system, data=NewCompany(name=name, size=known[size]))[0]
        for name, size in given
    }


def columns(answer):
    return {
        one.key: (one.count, [card.name for card in one.cards], one.more)
        for one in answer.context["board"]
    }


def test_each_choice_is_a_column_in_its_order_and_none_is_the_last(desk, firms):
    answer = desk.get(URL)
    sizes = [choice.value for choice in size_choices()]
    found = columns(answer)
    assert list(found) == [*sizes, "-"]
    assert found[sizes[0]] == ("2", ["Alder", "Birch"], "")
    assert found[sizes[1]] == ("1", ["Cedar"], "")
    assert found[sizes[2]] == ("0", [], "")
    assert found["-"] == ("1", ["Dogwood"], "")


def test_counts_and_sums_are_of_all_and_further_cards_are_fetched(desk, owner, system):
    actor, kind = actor_for(owner), object_type("company")
    add_field(system, data=NewField(kind="company", label="Worth", type="money", currency="GBP"))
    size = size_choices()[0].value
    for number in range(60):
        firm, _new = create_company(system, data=NewCompany(name=f"Firm {number:02}", size=size))
        change_record(actor, kind, firm.public_id, data=ChangeCompany(), fields={"x_worth": number})
    answer = desk.get(f"{URL}&sort=name&footers=x_worth:sum")
    first = answer.context["board"][0]
    assert (first.count, len(first.cards), first.more) == ("60", 25, "35")
    assert [figure for _label, figure in first.sums] == ["£1,770"]
    more = desk.get(first.more_url, headers={"HX-Request": "true"})
    assert [card.name for card in more.context["cards"]] == [
        f"Firm {number:02}" for number in range(25, 50)
    ]
    assert more.context["more"] == "10"
    last = desk.get(more.context["more_url"], headers={"HX-Request": "true"})
    assert ([card.name for card in last.context["cards"]][-1], last.context["more"]) == (
        "Firm 59",
        "",
    )
    plain = desk.get(first.more_url)
    assert (plain.status_code, plain.url.partition("?")[0]) == (303, "/companies")
    assert desk.get("/companies/cards?group=size").status_code == 404


def test_filters_narrow_the_board(desk, firms):
    tree = {"op": "and", "items": [{"field": "name", "is": "contains", "value": "d"}]}
    found = columns(desk.get(f"{URL}&{urlencode({'filter': json.dumps(tree)})}"))
    assert sorted(name for _n, names, _more in found.values() for name in names) == [
        "Alder",
        "Cedar",
        "Dogwood",
    ]


def test_a_move_is_the_change_of_its_field_and_refused_with_the_reason(desk, firms, system):
    alder, _kind = firms["Alder"], object_type("company")
    second = size_choices()[1].value
    url = f"/companies/{alder.public_id}/fields/size"
    headers = {"HX-Request": "true"}
    done = desk.post(url, {"size": second, "version": "1"}, headers=headers)
    assert done.status_code == 200
    assert "/undo/" in done.headers["HX-Trigger"]
    assert Company.objects.get(pk=alder.pk).size_band == second
    change_company(system, alder.public_id, data=ChangeCompany(size=None))
    refused = desk.post(url, {"size": second, "version": "2"}, headers=headers)
    assert refused.status_code == 422
    assert "Meanwhile someone changed this" in refused.content.decode()
    assert Company.objects.get(pk=alder.pk).size_band == ""


def test_who_may_not_edit_sees_a_board_that_does_not_move(client, make_user, firms):
    client.force_login(make_user("viewer"))
    page = client.get(URL).content.decode()
    assert "data-kanban" in page
    assert "data-may-move" not in page
    assert "data-card-menu" not in page


def test_a_view_keeps_its_layout(desk, owner, firms):
    actor, kind = actor_for(owner), object_type("company")
    view = save_view(actor, kind, data=NewView(name="By size", group="size", layout="board"))
    assert (view.layout, view.grouping) == ("board", "size")
    assert "board" in desk.get(f"/companies?view={view.public_id}").context
    # The same view looked at as a table is a changed view.
    table = desk.get(f"/companies?view={view.public_id}&layout=table&group=none")
    assert "board" not in table.context
    assert table.context["state"].is_changed
    change_view(actor, kind, view.public_id, data=ChangeView(name="Sizes"))
    assert SavedView.objects.get().layout == "board"
    change_view(actor, kind, view.public_id, data=ChangeView(group="", layout=""))
    assert (SavedView.objects.get().layout, SavedView.objects.get().grouping) == ("table", "")


@pytest.mark.parametrize("group", ["", "created_at:month", "owner"])
def test_only_a_field_of_one_choice_makes_a_board(desk, owner, group):
    with pytest.raises(Invalid):
        save_view(
            actor_for(owner),
            object_type("company"),
            data=NewView(name="x", group=group, layout="board"),
        )
    assert not SavedView.objects.exists()
    assert "board" not in desk.get(f"/companies?layout=board&group={group}").context


def test_a_board_costs_no_query_a_card(desk, system, django_assert_max_num_queries):
    sizes = size_choices()
    for number in range(40):
        size = sizes[number % 4].value
        create_company(system, data=NewCompany(name=f"Firm {number}", size=size))
    desk.get(URL)
    with django_assert_max_num_queries(16):
        desk.get(URL)
