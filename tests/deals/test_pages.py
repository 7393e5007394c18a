"""The board, the pages and the API of deals as a browser and a program meet them."""

import datetime as dt
import json
import re

import pytest
from django.test import Client

from tandem.accounts.actions import add_token, set_rates
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken, RateInput
from tandem.deals.actions import change_deal, lose_deal, win_deal
from tandem.deals.models import Deal, DealContact, Pipeline
from tandem.deals.queries.board import BoardFilter, board, more_cards
from tandem.deals.schemas import ChangeDeal, LoseDeal, WinDeal
from tandem.kernel.context import remembering
from tests.deals.conftest import again

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(client: Client, priya_user):
    client.force_login(priya_user)
    return client


@pytest.fixture
def api(priya_user):
    token = add_token(actor_for(priya_user), NewToken(name="deals")).raw

    def ask(method: str, path: str, body=None):
        answer = Client().generic(
            method,
            f"/api/v1{path}",
            b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )
        return answer.status_code, answer.json() if answer.content else None

    return ask


def text_of(answer) -> str:
    return str(answer.content.decode())


# --- the board ------------------------------------------------------------------------------------


def test_without_a_pipeline_the_board_offers_to_set_one_up(browser):
    page = text_of(browser.get("/deals/board"))
    assert "No pipeline yet" in page
    assert browser.post("/deals/board/setting-up").status_code == 303
    assert Pipeline.objects.get().is_default
    assert "No open deals yet" in text_of(browser.get("/deals/board"))


def test_a_column_counts_all_of_its_deals_and_shows_the_first(deal, priya, pipeline, browser):
    for number in range(28):
        deal(f"Deal {number:02d}", amount="100")
    found = board(priya, pipeline, BoardFilter())
    first = found.columns[0]
    assert (first.count, len(first.cards), first.more) == (28, 25, 3)
    assert first.total.base.minor == 0  # GBP has no rate into the euros of this company
    assert [money.minor for money in first.total.without_rate] == [280_000]
    assert first.median_days == pytest.approx(0, abs=0.01)
    cards, left = more_cards(priya, pipeline, BoardFilter(), stage=first.stage.public_id, after=25)
    assert [card.deal.name for card in cards] == ["Deal 02", "Deal 01", "Deal 00"]
    assert left == 0
    page = text_of(browser.get("/deals/board"))
    assert page.count("data-card=") == 25
    assert "3 more" in page
    more = page.split('<li class="c-more" hx-get="')[1].split('"')[0].replace("&amp;", "&")
    assert text_of(browser.get(more, headers=HTMX)).count("data-card=") == 3
    assert browser.get(more).status_code == 303  # without a script: the board with more cards
    assert text_of(browser.get(browser.get(more).url)).count("data-card=") == 28


def test_unlike_currencies_are_converted_and_told(deal, admin, browser, pipeline, priya):
    set_rates(admin, [RateInput(currency="GBP", rate="1.25", date=dt.date(2020, 1, 1))])
    deal(amount="100", currency="GBP")
    deal(amount="10", currency="EUR")
    deal(amount="5", currency="CHF")
    found = board(priya, pipeline, BoardFilter())
    assert (found.total.base.minor, found.total.base.currency) == (13_500, "EUR")
    assert found.weighted.base.minor == 2_025
    page = text_of(browser.get("/deals/board"))
    assert "of it £100, €10; and CHF5 without a rate" in page


def test_a_board_is_narrowed_by_owner_and_words(deal, priya, pipeline, make_user, system):
    deal("Tins")
    deal("Boxes", company="Hythe Gifts")
    tom = make_user("seller", name="Tom Else")
    deal("Crates", by=system, owner=str(tom.public_id))

    def names(by, **narrowed):
        found = board(by, pipeline, BoardFilter(**narrowed))
        return sorted(card.deal.name for card in found.columns[0].cards)

    assert names(system) == ["Boxes", "Crates", "Tins"]
    assert names(system, owner=str(tom.public_id)) == ["Crates"]
    assert names(system, owner="nonsense") == []
    assert names(system, text="hythe") == ["Boxes"]
    assert names(priya) == ["Boxes", "Tins"]  # Tom is in no team of hers
    assert names(priya, owner="me", text="ti") == ["Tins"]


def test_a_board_asks_the_same_number_of_questions_for_many(
    deal, priya, pipeline, django_assert_num_queries
):
    for number in range(3):
        deal(f"Deal {number}", company=f"Firm {number}", amount="5", currency="EUR")
    with remembering(), django_assert_num_queries(6):
        board(priya, pipeline, BoardFilter())
    for number in range(20):
        deal(f"More {number}", company=f"House {number}", amount="5", currency="EUR")
    with remembering(), django_assert_num_queries(6):
        board(priya, pipeline, BoardFilter())


def test_closed_deals_are_not_on_the_board(deal, priya, pipeline):
    won, lost = deal(amount="5", company="Hythe"), deal()
    win_deal(priya, won.public_id, data=WinDeal())
    lose_deal(priya, lost.public_id, data=LoseDeal(reason="price"))
    assert board(priya, pipeline, BoardFilter()).count == 0


def test_a_fragment_of_the_board_brings_columns_and_summary(deal, browser):
    deal(amount="5", currency="EUR")
    page = text_of(browser.get("/deals/board", headers=HTMX))
    assert "<html" not in page
    assert 'hx-swap-oob="true"' in page
    assert "1 open, €5, weighted €0.75" in page


def test_a_late_deal_says_so_unless_its_next_step_is_planned(deal, pipeline, priya):
    late = deal()
    since = late.intervals.get().entered_at - dt.timedelta(days=25)
    late.intervals.update(entered_at=since)
    card = board(priya, pipeline, BoardFilter()).columns[0].cards[0]
    assert (card.days, card.age) == (25, "stale")
    planned = ChangeDeal(next_step_on=dt.date(2999, 1, 1))
    change_deal(priya, late.public_id, data=planned)
    assert board(priya, pipeline, BoardFilter()).columns[0].cards[0].age == "fresh"


# --- the verbs as pages ---------------------------------------------------------------------------


def test_a_card_is_moved_by_the_board(deal, browser, stage):
    made = deal()
    data = {
        "stage": str(stage("Proposal").public_id),
        "seen": str(stage("Discovery").public_id),
        "after": "",
        "_from": "board",
    }
    answer = browser.post(f"/deals/{made.public_id}/stage", data, headers=HTMX)
    assert answer.status_code == 204
    heard = json.loads(answer.headers["HX-Trigger"])
    assert heard["toast"]["message"] == "Tins moved to Proposal"
    assert heard["toast"]["undo"].startswith("/undo/")
    again_answer = browser.post(f"/deals/{made.public_id}/stage", data, headers=HTMX)
    assert again_answer.status_code == 409
    said = json.loads(again_answer.headers["HX-Trigger"])["toast"]["message"]
    assert said == "Meanwhile Priya Nair moved this deal to “Proposal”."
    assert again(made).stage == stage("Proposal")


def test_without_a_script_a_deal_is_moved_by_a_page(deal, browser, stage):
    made = deal()
    page = text_of(browser.get(f"/deals/{made.public_id}/stage?_from=board"))
    assert "Samples sent" in page
    data = {"stage": str(stage("Samples sent").public_id), "_from": "board"}
    answer = browser.post(f"/deals/{made.public_id}/stage", data)
    assert (answer.status_code, answer.url) == (303, "/deals/board")
    assert again(made).stage == stage("Samples sent")


def test_winning_asks_only_for_what_is_missing(deal, browser):
    made = deal(company="Hythe Gifts")
    dialog = text_of(browser.get(f"/deals/{made.public_id}/win?_from=board", headers=HTMX))
    assert 'name="amount"' in dialog
    assert 'name="company"' not in dialog
    refused = browser.post(f"/deals/{made.public_id}/win", {"_from": "board"}, headers=HTMX)
    assert refused.status_code == 422
    assert "Say what the deal is worth." in text_of(refused)
    assert again(made).status == "open"
    done = browser.post(
        f"/deals/{made.public_id}/win", {"_from": "board", "amount": "12.50"}, headers=HTMX
    )
    assert done.status_code == 204
    assert {"toast", "board-done", "dialog-close"} <= set(json.loads(done.headers["HX-Trigger"]))
    assert (again(made).status, again(made).amount_minor) == ("won", 1_250)


def test_losing_needs_a_reason(deal, browser):
    made = deal()
    assert browser.post(f"/deals/{made.public_id}/loss", {}).status_code == 422
    assert again(made).status == "open"
    data = {"reason": "timing", "said_by": "buyer", "note": "Next spring"}
    assert browser.post(f"/deals/{made.public_id}/loss", data).status_code == 303
    page = text_of(browser.get(f"/deals/{made.public_id}"))
    for words in ("Not now", "the buyer said so", "Next spring", "Reopen"):
        assert words in page, words
    assert browser.post(f"/deals/{made.public_id}/reopening", {}).status_code == 303
    assert again(made).status == "open"


def test_the_next_step_is_written_on_the_page(deal, browser):
    made = deal()
    assert "No next step" in text_of(browser.get(f"/deals/{made.public_id}"))
    data = {"next_step": "Send samples", "next_step_on": "2999-01-02"}
    assert browser.post(f"/deals/{made.public_id}/next-step", data).status_code == 303
    assert (again(made).next_step, again(made).next_step_on) == (
        "Send samples",
        dt.date(2999, 1, 2),
    )
    assert browser.post(f"/deals/{made.public_id}/next-step", {}).status_code == 303
    assert (again(made).next_step, again(made).next_step_on) == ("", None)


def test_a_person_is_put_into_a_deal_and_taken_out(deal, browser, ann):
    made = deal()
    url = f"/deals/{made.public_id}/contacts"
    assert browser.post(url, {"person": "Ann Lee", "role": "champion"}).status_code == 303
    page = text_of(browser.get(f"/deals/{made.public_id}"))
    assert "Champion" in page
    assert "Tins" in text_of(browser.get(f"/people/{ann.public_id}"))
    assert browser.post(f"{url}/{ann.public_id}/removal").status_code == 303
    assert not DealContact.objects.exists()


def test_a_lead_becomes_a_deal_by_a_page(lead, browser, priya_user):
    hers = lead(owner=priya_user, asked_for="Tin boxes")
    url = f"/deals/from-lead/{hers.public_id}"
    assert "Open a deal with Ann Lee" in text_of(browser.get(url))
    answer = browser.post(url, {"amount": "1,200", "currency": "GBP"})
    made = Deal.objects.get()
    assert (answer.status_code, answer.url) == (303, f"/deals/{made.public_id}")
    assert (made.amount_minor, made.name) == (120_000, "Ann Lee, Tin boxes")
    assert "Tin boxes" in text_of(browser.get(answer.url))
    assert browser.post(url, {"currency": "GBP"}).status_code == 422
    assert Deal.objects.count() == 1


def test_amount_and_company_are_edited_in_place(deal, browser):
    made = deal(amount="1234.50")
    form = text_of(browser.get(f"/deals/{made.public_id}/fields/amount"))
    assert 'value="1234.5"' in form
    answer = browser.post(f"/deals/{made.public_id}/fields/amount", {"amount": "2,000"})
    assert answer.status_code == 303
    assert again(made).amount_minor == 200_000


# --- the settings ---------------------------------------------------------------------------------


def test_stages_are_set_up_on_a_page(client, make_user, pipeline, stage, deal):
    client.force_login(make_user("manager"))
    url = f"/settings/pipelines/{pipeline.public_id}"
    assert "New business" in text_of(client.get("/settings/pipelines"))
    client.post(f"{url}/stages", {"name": "Agreement", "probability": "90", "rot_days": ""})
    made = pipeline.stages.get(name="Agreement")
    assert (str(made.probability), made.rot_days) == ("0.900", None)
    client.post(f"{url}/stages/{made.public_id}", {"name": "Contract", "probability": "95"})
    assert str(pipeline.stages.get(name="Contract").probability) == "0.950"
    refused = client.post(f"{url}/stages", {"name": "", "probability": "90"})
    assert refused.status_code == 422
    deal()
    busy = client.post(f"{url}/stages/{stage('Discovery').public_id}/removal")
    assert busy.status_code == 409
    assert "There are deals in this stage" in text_of(busy)


def test_a_seller_does_not_open_the_settings(browser, pipeline):
    assert browser.get("/settings/pipelines").status_code == 403
    assert browser.get(f"/settings/pipelines/{pipeline.public_id}").status_code == 403


# --- the API --------------------------------------------------------------------------------------


def test_a_deal_goes_its_way_by_api(api, stage, ann):
    status, made = api(
        "POST",
        "/deals",
        {"name": "Tins", "person": "ann@hythe.example", "amount": "100.50", "currency": "GBP"},
    )
    assert status == 201
    assert (made["amount"], made["currency"], made["stage"]["name"]) == (
        "100.50",
        "GBP",
        "Discovery",
    )
    assert made["person"]["name"] == "Ann Lee"
    url = f"/deals/{made['id']}"
    status, moved = api("POST", f"{url}/stage", {"stage": "Proposal", "version": made["version"]})
    assert (status, moved["stage"]["name"], moved["probability"]) == (200, "Proposal", "0.550")
    status, refused = api("POST", f"{url}/stage", {"stage": "Negotiation", "version": 1})
    assert (status, refused["code"]) == (409, "version_conflict")
    status, won = api("POST", f"{url}/win", {})
    assert (status, won["status"]) == (200, "won")
    assert api("POST", f"{url}/loss", {"reason": "price"})[1]["code"] == "deal_closed"
    assert api("POST", f"{url}/reopening", {})[1]["stage"]["name"] == "Proposal"
    status, lost = api("POST", f"{url}/loss", {"reason": "price", "said_by": "buyer"})
    assert (status, lost["status"], lost["reason"], lost["said_by"]) == (
        200,
        "lost",
        "price",
        "buyer",
    )
    assert api("GET", f"{url}/contacts")[1]["items"][0]["person"]["name"] == "Ann Lee"


def test_an_incomplete_win_names_each_missing_field(api, pipeline):
    _status, made = api("POST", "/deals", {"name": "Tins"})
    status, refused = api("POST", f"/deals/{made['id']}/win", {})
    assert (status, refused["code"]) == (422, "win_incomplete")
    assert [one["field"] for one in refused["errors"]] == ["amount", "company"]
    assert Deal.objects.get().status == "open"


def test_pipelines_are_read_with_their_stages(api, pipeline):
    status, found = api("GET", "/pipelines")
    assert status == 200
    assert [one["category"] for one in found["items"][0]["stages"]] == [
        *["open"] * 4,
        "won",
        "lost",
    ]
    assert api("POST", "/pipelines", {"name": "Mine"})[0] == 403


def test_the_palette_offers_what_can_be_done_with_a_deal(deal, browser, make_user, priya):
    made = deal()

    def ways(who):
        answer = who.get(
            "/palette", {"path": f"/deals/{made.public_id}"}, headers={"HX-Request": "true"}
        )
        there = rf'hx-get="/deals/{made.public_id}/(\w+)"'
        return re.findall(there, answer.content.decode())

    assert ways(browser) == ["stage", "win", "loss"]
    victor = Client()
    victor.force_login(make_user("viewer", name="Victor"))
    assert ways(victor) == []
    lose_deal(priya, made.public_id, data=LoseDeal(reason="price"))
    assert ways(browser) == []
