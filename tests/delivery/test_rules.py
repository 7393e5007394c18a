"""The way of a message as rules: every step legal, every end reached, nothing sent too often."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.delivery.errors import HeaderInvalid, MailServerInvalid
from tandem.delivery.rules import (
    LONGEST_WAIT_SECONDS,
    MAX_ATTEMPTS,
    MAX_RESENDS,
    TRANSITIONS,
    Answer,
    MessageClass,
    MessageState,
    Security,
    after,
    answer_of,
    backoff_seconds,
    header_text,
    is_bad_address,
    mail_server,
    masked,
    plain_words,
)

S = MessageState


@given(st.sampled_from(MessageClass), st.lists(st.sampled_from(Answer), min_size=40, max_size=60))
def test_every_message_ends_and_is_accepted_once_at_most(message_class, answers):
    attempts = ambiguous = 0
    state, perhaps_there = S.PLANNED, 0
    for answer in answers:
        assert S.RESERVED in TRANSITIONS[state]
        attempts += 1
        ambiguous += answer is Answer.UNKNOWN
        perhaps_there += answer in (Answer.UNKNOWN, Answer.ACCEPTED)
        then = after(message_class, answer, attempts=attempts, ambiguous=ambiguous)
        assert then.state in TRANSITIONS[S.HANDED]
        assert (then.state is S.PLANNED) is (then.wait_seconds > 0)
        assert then.reason or then.state is S.ACCEPTED
        state = then.state
        if state is not S.PLANNED:
            break
    assert state in (S.ACCEPTED, S.REFUSED, S.UNKNOWN)
    assert attempts <= MAX_ATTEMPTS + MAX_RESENDS
    allowed = 1 if message_class is MessageClass.MARKETING else 1 + MAX_RESENDS
    assert perhaps_there <= allowed


@given(st.integers(min_value=0, max_value=10_000))
def test_waits_grow_and_are_bounded(attempts):
    wait = backoff_seconds(attempts)
    assert 60 <= wait <= LONGEST_WAIT_SECONDS
    assert backoff_seconds(attempts + 1) >= wait


@given(st.integers(min_value=-1, max_value=999))
def test_only_a_clear_no_ends_a_message(code):
    assert (answer_of(code) is Answer.REFUSED) is (500 <= code < 600)
    assert (answer_of(code) is Answer.ACCEPTED) is (200 <= code < 400)


def test_a_missing_mailbox_is_told_from_a_dislike():
    assert is_bad_address(550, "5.1.1 <a@b.example>: no such user")
    assert not is_bad_address(550, "5.7.1 relaying denied")
    assert not is_bad_address(450, "4.1.1 try again")
    assert not is_bad_address(550, "see 15.1.12.3")


@given(st.text())
def test_a_head_takes_a_line_or_refuses(text):
    try:
        assert header_text(text) == text
    except HeaderInvalid:
        assert any(char != " " for char in text)
    else:
        assert len(text.splitlines()) <= 1
        assert "\x00" not in text


@given(st.binary(max_size=2000))
def test_a_servers_words_become_one_short_plain_line(raw):
    words = plain_words(raw)
    assert len(words) <= 300
    assert words == " ".join(words.split())
    assert words.isprintable() or not words.isascii()


def test_links_for_the_receiver_alone_are_cut_off():
    text = "At https://x.example/c/eyJhbGciOi:1abc_-Z, at https://x.example/u/eyJhbGciOiJ.x?y, /c/1"
    assert masked(text) == "At https://x.example/c/…, at https://x.example/u/…?y, /c/1"


@pytest.mark.parametrize(
    ("url", "host", "port", "user", "security"),
    [
        ("smtp://mail.x.example", "mail.x.example", 25, "", Security.OFFERED),
        (
            "smtp://a%40x.example:p@mail.x.example",
            "mail.x.example",
            587,
            "a@x.example",
            "starttls",
        ),
        ("smtps://a:b@mail.x.example", "mail.x.example", 465, "a", Security.TLS),
        ("smtp://a:b@127.0.0.1:1025", "127.0.0.1", 1025, "a", Security.OFFERED),
        ("smtp://a:b@mail.x.example:25?starttls=never", "mail.x.example", 25, "a", Security.NONE),
        ("smtp://mail.x.example?starttls=always", "mail.x.example", 25, "", Security.STARTTLS),
        ("smtp://[::1]:2525", "::1", 2525, "", Security.OFFERED),
    ],
)
def test_the_address_of_a_mail_server(url, host, port, user, security):
    found = mail_server(url)
    assert found is not None
    assert (found.host, found.port, found.user, found.security) == (host, port, user, security)


def test_a_password_may_hold_any_sign_and_is_not_in_the_name():
    found = mail_server("smtp://a:p%3Aw%2F@mail.x.example")
    assert found is not None
    assert found.password == "p:w/"
    assert found.name == "mail.x.example:587"


@pytest.mark.parametrize(
    "url",
    ["http://x.example", "smtp://", "smtp:x", "smtp://x:port", "smtp://x.example?starttls=maybe"],
)
def test_what_is_no_mail_server_is_refused(url):
    with pytest.raises(MailServerInvalid):
        mail_server(url)


def test_no_address_is_no_server():
    assert mail_server("") is None
