"""The public's pages: shown without cookies, framed by ourselves only, sent and thanked."""

from urllib.parse import urlencode

import pytest

from tandem.capture.models import Submission
from tests.capture.conftest import token_in

pytestmark = pytest.mark.django_db

ANSWERS = {"name": "Ann Lee", "email": "ann@lee.example"}


def test_a_form_is_shown_sent_and_thanked_without_any_cookie(visitor, form):
    query = "utm_source=leaflet&utm_campaign=harrogate&email=a@b.example"
    shown = visitor.get(f"/f/trade-prices?{query}", headers={"Referer": "https://fair.example/x?y"})
    assert shown.status_code == 200
    answer = visitor.post("/f/trade-prices", {**ANSWERS, "_token": token_in(shown.text)})
    assert (answer.status_code, answer["Location"]) == (303, "/f/trade-prices/thanks")
    assert visitor.get("/f/trade-prices/thanks").status_code == 200
    assert not visitor.cookies
    assert 'rel="icon" href="data:,"' in shown.text  # or the browser asks elsewhere for one
    made = Submission.objects.get()
    assert (made.utm_source, made.utm_campaign) == ("leaflet", "harrogate")
    assert (made.referrer, made.channel) == ("https://fair.example/x", "referral")
    assert "a%40b" not in made.url


def test_a_page_carries_its_form_and_its_own_origin(visitor, page):
    shown = visitor.get("/p/winter-tins?utm_medium=cpc&utm_campaign=winter")
    assert "They stack" in shown.text
    answer = visitor.post("/p/winter-tins", {**ANSWERS, "_token": token_in(shown.text)})
    assert answer["Location"] == "/p/winter-tins/thanks"
    made = Submission.objects.get()
    assert (made.page, made.channel, made.utm_campaign) == (page, "paid", "winter")


def test_a_form_reached_from_our_own_page_keeps_the_campaign_of_that_page(visitor, form):
    before = "http://testserver/p/tins?" + urlencode({"utm_campaign": "winter"})
    shown = visitor.get("/f/trade-prices", headers={"Referer": before})
    visitor.post("/f/trade-prices", {**ANSWERS, "_token": token_in(shown.text)})
    assert Submission.objects.get().utm_campaign == "winter"


def test_only_these_pages_may_be_framed_and_only_by_ourselves(visitor, form):
    shown = visitor.get("/f/trade-prices")
    assert shown["X-Frame-Options"] == "SAMEORIGIN"
    policy = shown["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in policy
    assert "script-src 'self';" in f"{policy};"
    other = visitor.get("/accounts/login/")
    assert other["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in other["Content-Security-Policy"]


def test_a_wrong_answer_comes_back_with_what_was_typed(visitor, form):
    token = token_in(visitor.get("/f/trade-prices").text)
    answer = visitor.post(
        "/f/trade-prices", {"name": "Ann <b>", "email": "nobody", "x": "1", "_token": token}
    )
    assert answer.status_code == 422
    assert 'value="Ann &lt;b&gt;"' in answer.text
    assert "Write a mail address" in answer.text
    assert "The form does not ask for this." in answer.text
    assert token_in(answer.text) == token
    assert Submission.objects.count() == 0


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_wrong_token_comes_back_with_a_fresh_one(visitor, form, token):
    answer = visitor.post("/f/trade-prices", {**ANSWERS, "_token": token})
    assert answer.status_code == 422
    assert "Check your answers and send it again" in answer.text
    again = visitor.post("/f/trade-prices", {**ANSWERS, "_token": token_in(answer.text)})
    assert again.status_code == 303
    assert Submission.objects.count() == 1


def test_the_answer_does_not_tell_whether_the_address_was_known(visitor, form):
    def post() -> tuple[int, str]:
        token = token_in(visitor.get("/f/trade-prices").text)
        answer = visitor.post("/f/trade-prices", {**ANSWERS, "_token": token})
        return answer.status_code, answer["Location"]

    assert post() == post()


def test_the_trap_is_thanked_like_everybody(visitor, form):
    token = token_in(visitor.get("/f/trade-prices").text)
    answer = visitor.post(
        "/f/trade-prices", {**ANSWERS, "_token": token, "_website": "https://spam.example"}
    )
    assert answer.status_code == 303
    assert Submission.objects.get().state == "quarantined"


def test_a_draft_is_for_colleagues_only(client, visitor, add_form, make_user):
    add_form(slug="later", status="draft")
    assert visitor.get("/f/later").status_code == 404
    assert visitor.get("/f/nothing").status_code == 404
    client.force_login(make_user("seller"))
    assert "only colleagues see this" in client.get("/f/later").text
