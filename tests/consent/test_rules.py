"""Who may be contacted, what holds after several words, and the chain: pure rules."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.consent.rules import (
    HARD_STOPS,
    Link,
    Purpose,
    State,
    StopReason,
    Verdict,
    VerdictReason,
    broken_links,
    event_digest,
    folded,
    link_digest,
    may_contact,
    next_state,
    stricter,
    wording_digest,
)

STATES = st.one_of(st.none(), st.sampled_from(State))
STOPS = st.frozensets(st.sampled_from(StopReason))


@pytest.mark.parametrize(
    ("state", "stops", "purpose", "allowed", "reason"),
    [
        (State.GRANTED, (), Purpose.MARKETING, True, VerdictReason.CONSENT),
        (State.PENDING, (), Purpose.MARKETING, False, VerdictReason.PENDING),
        (State.WITHDRAWN, (), Purpose.MARKETING, False, VerdictReason.WITHDRAWN),
        (State.DENIED, (), Purpose.MARKETING, False, VerdictReason.DENIED),
        (None, (), Purpose.MARKETING, False, VerdictReason.NO_CONSENT),
        (State.GRANTED, (), Purpose.SALES, True, VerdictReason.CONSENT),
        (None, (), Purpose.SALES, False, VerdictReason.NO_CONSENT),
        (None, (), Purpose.SERVICE, True, VerdictReason.SERVICE),
        (State.WITHDRAWN, (), Purpose.SERVICE, True, VerdictReason.SERVICE),
    ],
)
def test_what_was_said_decides_by_purpose(state, stops, purpose, allowed, reason):
    assert may_contact(state, stops, purpose=purpose) == Verdict(allowed, reason)


@pytest.mark.parametrize("stop", StopReason)
def test_every_stop_ends_marketing_and_only_dead_mailboxes_end_service(stop):
    reason = VerdictReason(f"suppressed_{stop}")
    for purpose in (Purpose.MARKETING, Purpose.SALES):
        assert may_contact(State.GRANTED, {stop}, purpose=purpose) == Verdict(False, reason)
    service = may_contact(None, {stop}, purpose=Purpose.SERVICE)
    assert service.allowed is (stop not in {StopReason.BOUNCED, StopReason.INVALID})


@given(STATES, STOPS, st.sampled_from(Purpose))
def test_nobody_is_contacted_without_a_ground(state, stops, purpose):
    verdict = may_contact(state, stops, purpose=purpose)
    if verdict.allowed:
        assert not stops & HARD_STOPS
        assert purpose is Purpose.SERVICE or (state is State.GRANTED and not stops)
    more = may_contact(state, stops | {StopReason.BOUNCED}, purpose=purpose)
    assert not more.allowed  # a stop never opens a way


def test_asking_again_does_not_unsay_a_confirmed_yes():
    assert next_state(State.GRANTED, State.PENDING) is State.GRANTED
    assert next_state(State.WITHDRAWN, State.PENDING) is State.PENDING
    assert next_state(State.PENDING, State.GRANTED) is State.GRANTED
    assert folded([]) is None


@given(st.lists(st.sampled_from(State), min_size=1))
def test_a_withdrawal_holds_until_something_else_is_said(said):
    assert folded([*said, State.WITHDRAWN]) is State.WITHDRAWN
    assert folded([*said, State.DENIED]) is State.DENIED
    if folded(said) is State.GRANTED:
        assert State.GRANTED in said


@given(st.sampled_from(State), st.sampled_from(State))
def test_the_stricter_of_two_does_not_depend_on_their_order(one, other):
    assert stricter(one, other) is stricter(other, one)
    assert stricter(one, State.WITHDRAWN) is State.WITHDRAWN
    assert stricter(State.GRANTED, other) is other


def test_the_same_words_are_the_same_text():
    assert wording_digest("Yes,\r\nplease. ") == wording_digest("Yes,\nplease.")
    assert wording_digest("Yes") != wording_digest("yes")


def chain(length: int) -> list[Link]:
    links: list[Link] = []
    previous = ""
    for number in range(1, length + 1):
        said = {"state": "granted", "number": number}
        digest = event_digest(b"salt", said)
        link = link_digest(previous, digest)
        links.append(Link(number, 3, number, digest, previous, link, b"salt", said))
        previous = link
    return links


def test_a_chain_as_written_holds_also_without_what_was_erased():
    links = chain(4)
    assert broken_links(links) == []
    assert broken_links([*links[:1], replace(links[1], salt=None, said=None), *links[2:]]) == []


def test_what_was_changed_taken_out_or_put_in_is_found():
    links = chain(4)
    other = {"state": "withdrawn", "number": 2}
    assert broken_links([links[0], replace(links[1], said=other), *links[2:]]) == [2]
    forged = replace(links[1], digest=event_digest(b"salt", other), said=other)
    assert broken_links([links[0], forged, *links[2:]]) == [2]
    relinked = replace(forged, link=link_digest(forged.previous, forged.digest))
    assert broken_links([links[0], relinked, *links[2:]]) == [3]
    assert broken_links([links[0], *links[2:]]) == [3]
    assert broken_links(links[1:]) == [2]
