"""How a message moves through the ledger, what a server's answer means. Pure."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qs, unquote, urlsplit

from tandem.delivery.errors import HeaderInvalid, MailServerInvalid


class MessageClass(StrEnum):
    """What a message is to its receiver: an answer to their own deed, or something we want."""

    TRANSACTIONAL = "transactional"
    MARKETING = "marketing"


class MessageState(StrEnum):
    """Where a message is between the plan and the mailbox."""

    PLANNED = "planned"
    RESERVED = "reserved"  # a worker has it and found that it may go
    HANDED = "handed"  # about to go over the wire, or gone: written before the first byte
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHHELD = "withheld"
    UNKNOWN = "unknown"  # the connection broke after the last byte: nobody can know
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


S = MessageState

TRANSITIONS: Mapping[MessageState, frozenset[MessageState]] = {
    S.PLANNED: frozenset({S.RESERVED, S.WITHHELD}),
    S.RESERVED: frozenset({S.HANDED, S.PLANNED, S.REFUSED}),
    S.HANDED: frozenset({S.ACCEPTED, S.REFUSED, S.PLANNED, S.UNKNOWN}),
    S.UNKNOWN: frozenset({S.ACCEPTED, S.REFUSED, S.DELIVERED, S.BOUNCED, S.COMPLAINED}),
    S.ACCEPTED: frozenset({S.DELIVERED, S.BOUNCED, S.COMPLAINED}),
    S.DELIVERED: frozenset({S.BOUNCED, S.COMPLAINED}),
    S.BOUNCED: frozenset({S.COMPLAINED}),
    S.REFUSED: frozenset(),
    S.WITHHELD: frozenset(),
    S.COMPLAINED: frozenset(),
}


class Answer(StrEnum):
    """What came back over the wire."""

    ACCEPTED = "accepted"  # 2xx after the final dot
    REFUSED = "refused"  # 5xx
    TEMPORARY = "temporary"  # 4xx, or a connection that broke before the final dot
    UNKNOWN = "unknown"  # a connection that broke after it


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer: its code (0 where it said nothing) and its words, made plain."""

    answer: Answer
    code: int = 0
    words: str = ""
    is_bad_address: bool = False  # the mailbox does not exist, now or later


@dataclass(frozen=True, slots=True)
class Next:
    """What becomes of a message after an answer; ``wait_seconds`` where it is tried again."""

    state: MessageState
    wait_seconds: int = 0
    reason: str = ""


MAX_ATTEMPTS = 14  # with the waits below about eight hours
MAX_RESENDS = 2  # of a message of which nobody knows whether it arrived
LONGEST_WAIT_SECONDS = 3600


def backoff_seconds(attempts: int) -> int:
    """How long to wait after so many attempts: a minute, two, four, up to an hour."""
    doublings = min(max(attempts - 1, 0), 10)
    return min(60 << doublings, LONGEST_WAIT_SECONDS)


def after(message_class: MessageClass, answer: Answer, *, attempts: int, ambiguous: int) -> Next:
    """What becomes of a handed message. ``attempts`` and ``ambiguous`` count this one in.

    Of an unknown outcome: marketing is never sent again; a transactional message is sent again
    with the same Message-ID, twice at most.
    """
    if answer is Answer.ACCEPTED:
        return Next(S.ACCEPTED)
    if answer is Answer.REFUSED:
        return Next(S.REFUSED, reason="refused")
    if answer is Answer.TEMPORARY:
        if attempts >= MAX_ATTEMPTS:
            return Next(S.REFUSED, reason="gave_up")
        return Next(S.PLANNED, backoff_seconds(attempts), reason="temporary")
    if message_class is MessageClass.MARKETING or ambiguous > MAX_RESENDS:
        return Next(S.UNKNOWN, reason="connection_lost")
    return Next(S.PLANNED, backoff_seconds(ambiguous), reason="sent_again")


def answer_of(code: int) -> Answer:
    """What the code of a reply means; one that is none is a broken server: not now."""
    if 200 <= code < 400:
        return Answer.ACCEPTED
    if 500 <= code < 600:
        return Answer.REFUSED
    return Answer.TEMPORARY


_BAD_ADDRESS = re.compile(r"\b5\.1\.(?:0|1|2|3|10)\b")


def is_bad_address(code: int, words: str) -> bool:
    """Whether a refused recipient does not exist (RFC 3463: 5.1.x), rather than that we may not."""
    return 500 <= code < 600 and bool(_BAD_ADDRESS.search(words))


def plain_words(raw: bytes | str, *, longest: int = 300) -> str:
    """A server's words as one short line without anything that could act."""
    text = raw.decode(errors="replace") if isinstance(raw, bytes) else raw
    kept = "".join(char if unicodedata.category(char)[0] != "C" else " " for char in text)
    return " ".join(kept.split())[:longest]


def header_text(value: str, *, field: str = "") -> str:
    """A value that may become a header. Raises HeaderInvalid: no line breaks, no controls."""
    if any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in value):
        raise HeaderInvalid(field=field)
    return value


_TOKEN = re.compile(r"(/[cu]/)[A-Za-z0-9:_~.=-]{12,}")


def masked(text: str) -> str:
    """A message without the links that only its receiver may use."""
    return _TOKEN.sub(r"\1…", text)


# --- the mail server ------------------------------------------------------------------------------


class Security(StrEnum):
    """How the way to the mail server is protected."""

    TLS = "tls"  # from the first byte
    STARTTLS = "starttls"  # asked for, refused without
    OFFERED = "offered"  # used where the server offers it
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where messages are handed in."""

    host: str
    port: int
    user: str
    password: str
    security: Security

    @property
    def name(self) -> str:
        """The server as people are shown it: without password."""
        return f"{self.host}:{self.port}"


_STARTTLS = {
    "always": Security.STARTTLS,
    "required": Security.STARTTLS,
    "true": Security.STARTTLS,
    "1": Security.STARTTLS,
    "never": Security.NONE,
    "false": Security.NONE,
    "0": Security.NONE,
    "auto": Security.OFFERED,
}
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def mail_server(url: str) -> MailServer | None:
    """The server of TANDEM_SMTP_URL; None where it is empty. Raises MailServerInvalid.

    ``smtps://`` speaks TLS from the first byte. ``smtp://`` asks for STARTTLS; without it no
    password is sent, except to this machine. ``?starttls=auto`` takes what is offered,
    ``never`` does without.
    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise MailServerInvalid() from error
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise MailServerInvalid()
    user = unquote(parts.username or "")
    wish = parse_qs(parts.query).get("starttls", [""])[0].lower()
    if wish and wish not in _STARTTLS:
        raise MailServerInvalid()
    if parts.scheme == "smtps":
        security = Security.TLS
    elif wish:
        security = _STARTTLS[wish]
    elif parts.hostname in _LOCAL:
        security = Security.OFFERED
    else:
        security = Security.STARTTLS if user else Security.OFFERED
    usual = 465 if security is Security.TLS else 587 if user else 25
    return MailServer(
        host=parts.hostname,
        port=port or usual,
        user=user,
        password=unquote(parts.password or ""),
        security=security,
    )
