"""Who sent an event, by what it says of itself."""

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given
from hypothesis import strategies as st

from tandem.lake.rules.agents import ONE_OF_MANY, Kind, judge, number_of

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/143.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    "agent",
    [
        CHROME,
        f"{CHROME} Edg/143.0.0.0",
        "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15"
        " (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Windows NT 10.0; Trident/7.0; rv:11.0) like Gecko",
    ],
)
def test_browsers_of_people_are_people(agent):
    verdict = judge(f"  {agent} ")
    assert (verdict.kind, verdict.p_human, verdict.reasons) == (Kind.HUMAN, 0.95, ("browser",))


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://example.com/b)", "crawler:search-engine"),
        (
            f"{CHROME} (compatible; Googlebot/2.1; +http://example.com/b)",
            "crawler:search-engine",
        ),
        ("Mozilla/5.0 (compatible; GPTBot/1.3; +https://example.com)", "crawler:ai-crawler"),
        ("LinkedInBot/1.0 (compatible; Mozilla/5.0)", "crawler:social-preview"),
        (CHROME.replace("Chrome/", "HeadlessChrome/"), "automation:HeadlessChrome"),
        ("curl/8.15.0", "library:^curl"),
        ("python-requests/2.32.5", "library:python-requests"),
    ],
)
def test_machines_are_machines_and_it_is_said_by_what(agent, reason):
    verdict = judge(agent)
    assert (verdict.kind, verdict.p_human, verdict.reasons) == (Kind.MACHINE, 0.01, (reason,))


@pytest.mark.parametrize(
    ("agent", "from_page", "kind", "reason"),
    [
        ("curl/8.15.0", False, Kind.UNKNOWN, "server:^curl"),
        ("curl/8.15.0", True, Kind.MACHINE, "library:^curl"),
        ("Mozilla/5.0 (compatible; GPTBot/1.3)", False, Kind.MACHINE, "crawler:ai-crawler"),
        (CHROME, False, Kind.HUMAN, "browser"),
    ],
)
def test_a_library_that_no_page_uses_is_somebody_s_server(agent, from_page, kind, reason):
    verdict = judge(agent, from_page=from_page)
    assert (verdict.kind, verdict.reasons) == (kind, (reason,))


def test_every_known_text_of_a_machine_is_a_machine():
    known = [one for entry in CRAWLER_USER_AGENTS_DATA for one in entry["instances"]]
    assert len(known) > 2000
    assert [one for one in known if judge(one).kind is not Kind.MACHINE] == []


@pytest.mark.parametrize(
    ("agent", "reason"), [("", "no_agent"), (" ", "no_agent"), ("Our shop 3.2", "no_browser")]
)
def test_of_others_nobody_can_tell(agent, reason):
    verdict = judge(agent)
    assert (verdict.kind, verdict.p_human, verdict.reasons) == (Kind.UNKNOWN, 0.5, (reason,))


@given(st.text(max_size=400))
def test_every_text_gets_one_verdict_and_one_number(agent):
    verdict = judge(agent)
    assert verdict == judge(agent)
    assert 0 <= verdict.p_human <= 1
    assert verdict.reasons
    assert (verdict.kind is Kind.MACHINE) == (verdict.p_human < 0.5)
    assert -(2**63) <= number_of(agent) < 2**63


def test_a_number_stays_for_ever():
    """Numbers are kept in files: another way to count would make strangers of all who came."""
    assert number_of("Mozilla/5.0") == 1318407374697511714
    assert number_of("Mozilla/5.0", from_page=False) == -3493069349918537175
    assert sorted(ONE_OF_MANY.values()) == [1, 2, 3]
