"""Where visitors come from, how forms and pages are written, what looks like spam.

Pure: no database, no clock, and no Django, so that the edge can use it too.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

# --- where from -----------------------------------------------------------------------------------


class Channel(StrEnum):
    """The way by which a visitor came."""

    PAID = "paid"
    ORGANIC = "organic"
    SOCIAL = "social"
    EMAIL = "email"
    REFERRAL = "referral"
    DIRECT = "direct"
    UNKNOWN = "unknown"


# --- what became of events ------------------------------------------------------------------------

TAKEN, REPLAYED = "", "replayed"


class Step(StrEnum):
    """What an event passes, in this order; each may drop it, for one of its ``STEPS`` reasons."""

    REQUEST = "request"
    QUOTA = "quota"
    SHAPE = "shape"
    CLOCK = "clock"
    ONCE = "once"
    STORE = "store"


STEPS: Mapping[Step, tuple[str, ...]] = {
    Step.REQUEST: ("request_invalid_json", "request_invalid", "request_too_large"),
    Step.QUOTA: ("over_quota",),
    Step.SHAPE: (
        "invalid_event",
        "invalid_id",
        "invalid_name",
        "invalid_visitor",
        "invalid_props",
        "invalid_url",
        "invalid_referrer",
        "invalid_title",
        "too_large",
    ),
    Step.CLOCK: ("invalid_at", "too_old"),
    Step.ONCE: (REPLAYED,),
    Step.STORE: ("unstorable", "busy"),
}

# --- addresses ------------------------------------------------------------------------------------

MAX_URL = 2048
MAX_WORD = 120
# What an advertising network adds to the address of who clicked.
CLICK_IDS = frozenset("gclid gbraid wbraid msclkid dclid fbclid ttclid li_fat_id twclid".split())
_PAID_CLICKS = frozenset("gclid gbraid wbraid msclkid dclid ttclid".split())
_UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
KEPT_PARAMETERS = frozenset({*_UTM, *CLICK_IDS})
_SECRET = re.compile(r"mail|token|passw|secret|session|auth|phone|name|^(key|code|sig|otp|sid)$")
_PAID = re.compile(r"cpc|ppc|cpm|cpv|cpa|paid|display|banner|retargeting|ads?")
_EMAIL = re.compile(r"e-?mail|newsletter|mailing")
_SOCIAL = re.compile(r"social.*|sm")
_REFERRAL = re.compile(r"referral|partner|affiliate|press|link")
_ORGANIC = re.compile(r"organic|seo")
_SEARCHERS = frozenset(
    "google bing duckduckgo yahoo ecosia qwant startpage baidu yandex brave kagi seznam"
    " naver".split()
)
_SOCIAL_SITES = frozenset(
    "facebook instagram linkedin lnkd twitter x t pinterest tiktok youtube reddit threads xing"
    " mastodon bsky whatsapp telegram snapchat".split()
)
_MAILERS = re.compile(r"^(mail|webmail|outlook|e?mail)\.|^com\.google\.android\.gm$")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a visit came from, as far as address and referrer tell."""

    url: str = ""
    referrer: str = ""
    source: str = ""
    medium: str = ""
    campaign: str = ""
    term: str = ""
    content: str = ""
    channel: Channel = Channel.UNKNOWN


def origin_of(url: str, referrer: str, *, is_complete: bool = True) -> Origin:
    """The origin that the address of a page and its referrer tell.

    Of the address only campaign parameters and click ids are kept, of the referrer no parameter.
    Where the visitor came from another page of the same host, that page's campaign still counts.
    Not ``is_complete`` says that no referrer could be known, so that none is no sign of "direct".
    """
    here, there = _split(url), _split(referrer)
    words = _parameters(here.query)
    if _host(here) and _host(here) == _host(there):
        if not any(name in words for name in KEPT_PARAMETERS):
            words = _parameters(there.query)
        referrer, there, is_complete = "", _split(""), False
    channel = channel_of(
        source=words.get("utm_source", ""),
        medium=words.get("utm_medium", ""),
        clicks=frozenset(words) & CLICK_IDS,
        referrer_host=_host(there),
        is_complete=is_complete,
    )
    return Origin(
        url=_plain(here, words)[:MAX_URL],
        referrer=_plain(there, {})[:MAX_URL],
        source=words.get("utm_source", "")[:MAX_WORD],
        medium=words.get("utm_medium", "")[:MAX_WORD],
        campaign=words.get("utm_campaign", "").lower()[:MAX_WORD],  # as codes are kept
        term=words.get("utm_term", "")[:MAX_WORD],
        content=words.get("utm_content", "")[:MAX_WORD],
        channel=channel,
    )


def channel_of(
    *,
    source: str,
    medium: str,
    clicks: frozenset[str],
    referrer_host: str,
    is_complete: bool = True,
) -> Channel:
    """The channel of a visit: what the link says goes before what the browser says."""
    named = _channel_of_medium(medium.strip().lower())
    if named is not None:
        return named
    if clicks & _PAID_CLICKS:
        return Channel.PAID
    site = _site(source.strip().lower()) or _site(referrer_host)
    if clicks or site in _SOCIAL_SITES:  # the other click ids are of social networks
        return Channel.SOCIAL
    if _EMAIL.fullmatch(source.strip().lower()) or _MAILERS.search(referrer_host):
        return Channel.EMAIL
    if site in _SEARCHERS:
        return Channel.ORGANIC
    if referrer_host:
        return Channel.REFERRAL
    if source or medium:
        return Channel.UNKNOWN
    return Channel.DIRECT if is_complete else Channel.UNKNOWN


def _channel_of_medium(medium: str) -> Channel | None:
    for pattern, channel in (
        (_PAID, Channel.PAID),
        (_EMAIL, Channel.EMAIL),
        (_ORGANIC, Channel.ORGANIC),
        (_REFERRAL, Channel.REFERRAL),
    ):
        if pattern.fullmatch(medium) or any(pattern.fullmatch(word) for word in _words(medium)):
            return channel
    return Channel.SOCIAL if _SOCIAL.fullmatch(medium) else None


def visited_url(url: str) -> str:
    """The address of a visited page without what names a person or opens a door.

    User and fragment go, and parameters that are secrets by name or hold a mail address.
    """
    parts = _split(url)
    query = parts.query
    if query:
        try:
            pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=200)
        except ValueError:
            pairs = []
        kept = [
            (name, value)
            for name, value in pairs
            if "@" not in value and not _SECRET.search(name.lower())
        ]
        query = urlencode(kept)
    base = _plain(parts, {})
    return f"{base}{'?' + query if query else ''}"[:MAX_URL]


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[^a-z]+", text) if word]


def _split(url: str) -> Any:
    try:
        parts = urlsplit(url.strip())
        _ = parts.hostname  # raises for a broken literal
    except ValueError:
        return urlsplit("")
    return parts


def _host(parts: Any) -> str:
    host = (parts.hostname or "").lower()
    return str(host.removeprefix("www."))


def _site(host: str) -> str:
    """The telling label of a host: ``www.google.co.uk`` -> ``google``, ``t.co`` -> ``t``."""
    labels = [label for label in host.split(".") if label not in {"www", "m", "l", "lm", "search"}]
    known = [label for label in labels if label in _SEARCHERS | _SOCIAL_SITES and len(label) > 1]
    if known:
        return known[0]
    return labels[0] if labels and len(labels) <= 2 else ""


def _parameters(query: str) -> dict[str, str]:
    """The campaign parameters and click ids of a query, the first of each."""
    found: dict[str, str] = {}
    try:
        pairs = parse_qsl(query, max_num_fields=200, errors="replace")
    except ValueError:
        return found
    for name, value in pairs:
        key = name.lower()
        if key in KEPT_PARAMETERS and value.strip():
            found.setdefault(key, "".join(char for char in value if char.isprintable()).strip())
    return found


def _plain(parts: Any, words: Mapping[str, str]) -> str:
    if not parts.hostname and not parts.path:
        return ""
    base = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
    path = "".join(char for char in parts.path if char.isprintable())
    query = urlencode({name: value[:MAX_WORD] for name, value in words.items()})
    return f"{base}{path}{'?' + query if query else ''}"


# --- touches --------------------------------------------------------------------------------------

SESSION_GAP = timedelta(minutes=30)
_SAYS_NOTHING = frozenset({Channel.DIRECT, Channel.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Touch:
    """One contact that a person had with us: a visit or a form."""

    at: datetime
    channel: str
    source: str
    medium: str
    campaign: str
    url: str
    referrer: str
    kind: str


@dataclass(frozen=True, slots=True)
class Visit:
    """A session of one visitor: its first touch, its end, and how many events it had."""

    first: Touch
    ended_at: datetime
    events: int


def visits_of(events: Sequence[Touch]) -> list[Visit]:
    """Events in order of time as sessions: a pause of 30 minutes, or another campaign, starts anew.

    The session speaks by the first of its events that says where the visitor came from.
    """
    found: list[Visit] = []
    for event in events:
        last = found[-1] if found else None
        if last is None or _starts_anew(last, event):
            found.append(Visit(event, event.at, 1))
            continue
        first = last.first
        if first.channel in _SAYS_NOTHING and event.channel not in _SAYS_NOTHING:
            first = _told_by(event, at=first.at)
        found[-1] = Visit(first, event.at, last.events + 1)
    return found


def _told_by(event: Touch, *, at: datetime) -> Touch:
    return Touch(
        at, event.channel, event.source, event.medium, event.campaign, event.url, event.referrer,
        event.kind,
    )  # fmt: skip


def _starts_anew(last: Visit, event: Touch) -> bool:
    if event.at - last.ended_at > SESSION_GAP:
        return True
    known = last.first.campaign
    return bool(event.campaign and known and event.campaign != known)


def touches(visits: Sequence[Visit], forms: Sequence[Touch]) -> list[Touch]:
    """Visits and forms of one person as touches in order of time, a form within a visit once.

    Of the two the one that says where the person came from is kept; the form where both do.
    """
    kept = list(forms)
    for visit in visits:
        inside = [form for form in kept if _is_inside(form, visit)]
        if not inside:
            kept.append(visit.first)
        elif visit.first.channel not in _SAYS_NOTHING and all(
            form.channel in _SAYS_NOTHING for form in inside
        ):
            kept = [form for form in kept if form not in inside] + [visit.first]
    return sorted(kept, key=lambda touch: touch.at)


def _is_inside(form: Touch, visit: Visit) -> bool:
    if form.kind == "visit":
        return False
    begin, end = visit.first.at - timedelta(minutes=1), visit.ended_at + SESSION_GAP
    same = not form.campaign or not visit.first.campaign or form.campaign == visit.first.campaign
    return begin <= form.at <= end and same


# --- forms and pages as people write them ---------------------------------------------------------


class AnswerType(StrEnum):
    """What a field of a form asks for."""

    TEXT = "text"
    LONG = "long"
    EMAIL = "email"
    PHONE = "phone"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    CHOICES = "choices"  # several of them
    TICK = "tick"
    FIELD = "field"  # a custom field of persons: what can be answered is what the field holds


class LineOdd(ValueError):
    """A line of a definition cannot be read; ``line`` counts from 1."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


SEVERAL = ";"  # between several choices of one answer
_LIMIT = re.compile(r"^(?P<type>[a-z]+)(?:\s+(?P<limit>\d{1,5}))?$")


def fields_from_text(text: str) -> list[dict[str, Any]]:
    """Fields written one a line: ``phone | Phone number * | phone``; a star asks for an answer.

    ``long 2000`` bounds the length, ``choice: Tins, Cards`` gives what can be picked, ``choices:``
    several of it; a key like ``x_shops`` is that of a custom field. Raises LineOdd; whether the
    values are sound is the schema's business.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        parts = [part.strip() for part in line.split("|")]
        if len(parts) not in (2, 3):
            raise LineOdd(number)
        usual = "field" if parts[0].startswith("x_") else "text"
        key, label, kind = [*parts, usual][:3]
        field: dict[str, Any] = {
            "key": key,
            "label": label.removesuffix("*").strip(),
            "required": label.endswith("*"),
        }
        name, colon, options = kind.partition(":")
        match = _LIMIT.match(name.strip().lower())
        if match is None:
            raise LineOdd(number)
        field["type"] = match["type"]
        if match["limit"]:
            field["max_length"] = int(match["limit"])
        if colon:
            field["options"] = [option.strip() for option in options.split(",") if option.strip()]
        found.append(field)
    return found


def text_of_fields(fields: Sequence[Mapping[str, Any]]) -> str:
    """The same fields as they are written, one a line."""
    lines = []
    for field in fields:
        kind = str(field["type"])
        if field.get("max_length"):
            kind += f" {field['max_length']}"
        if field.get("options"):
            kind += f": {', '.join(field['options'])}"
        star = " *" if field.get("required") else ""
        lines.append(f"{field['key']} | {field['label']}{star} | {kind}")
    return "\n".join(lines)


def blocks_from_text(text: str) -> list[dict[str, Any]]:
    """The body of a page as it is written, as blocks parted by empty lines.

    ``# Heading``, ``- item`` lines, ``+ Card: what it says`` lines, ``> words — who``, else text.
    """
    blocks: list[dict[str, Any]] = []
    for chunk in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")):
        lines = [line.strip() for line in chunk.splitlines() if line.strip()]
        while lines:
            mark, count = _run(lines)
            blocks.append(_block(mark, lines[:count]))
            lines = lines[count:]
    return blocks


_MARKS = {"# ": "heading", "- ": "list", "+ ": "cards", "> ": "quote"}


def _run(lines: Sequence[str]) -> tuple[str, int]:
    """The mark of the first line, and how many lines belong to its block."""
    mark = next((mark for mark in _MARKS if lines[0].startswith(mark)), "")
    if mark == "# ":
        return mark, 1
    for count, line in enumerate(lines):
        if next((other for other in _MARKS if line.startswith(other)), "") != mark:
            return mark, count
    return mark, len(lines)


def _block(mark: str, lines: Sequence[str]) -> dict[str, Any]:
    words = [line[len(mark) :].strip() for line in lines]
    match mark:
        case "# ":
            return {"kind": "heading", "text": words[0]}
        case "- ":
            return {"kind": "list", "items": words}
        case "+ ":
            pairs = [word.partition(":") for word in words]
            cards = [{"title": a.strip(), "text": b.strip()} for a, _colon, b in pairs]
            return {"kind": "cards", "items": cards}
        case "> ":
            said, _dash, who = " ".join(words).partition(" — ")
            return {"kind": "quote", "text": said.strip(), "who": who.strip()}
        case _:
            return {"kind": "text", "text": " ".join(words)}


def text_of_blocks(blocks: Sequence[Mapping[str, Any]]) -> str:
    """The same blocks as they are written."""
    return "\n\n".join(_written(block) for block in blocks)


def _written(block: Mapping[str, Any]) -> str:
    match block["kind"]:
        case "heading":
            return f"# {block['text']}"
        case "list":
            return "\n".join(f"- {item}" for item in block["items"])
        case "cards":
            return "\n".join(
                f"+ {card['title']}: {card['text']}" if card["text"] else f"+ {card['title']}"
                for card in block["items"]
            )
        case "quote":
            return f"> {block['text']}" + (f" — {block['who']}" if block["who"] else "")
        case _:
            return str(block["text"])


# --- spam -----------------------------------------------------------------------------------------


class Suspicion(StrEnum):
    """Why a form looks as if no person had sent it."""

    TRAP = "trap"  # filled in what no person sees
    FAST = "fast"  # sent sooner than anyone types
    LINKS = "links"  # advertises


FASTEST_SECONDS = 1.5
_LINK = re.compile(r"https?://|www\.|\[url|<a\s", re.IGNORECASE)
_ENOUGH = 2
_WEIGHTS = {Suspicion.TRAP: 2, Suspicion.FAST: 1}
_MANY_LINKS = 3


def suspicions(
    answers: Mapping[str, str], *, is_trapped: bool, seconds: float
) -> tuple[list[Suspicion], bool]:
    """What is odd about a form, and whether it is enough to keep it aside.

    Speed alone is not: a browser fills in a form by itself in less than a second.
    """
    links = sum(len(_LINK.findall(text)) for text in answers.values())
    odd = [Suspicion.TRAP] if is_trapped else []
    odd += [Suspicion.FAST] if seconds < FASTEST_SECONDS else []
    odd += [Suspicion.LINKS] if links else []
    weight = sum(_WEIGHTS.get(one, 0) for one in odd)
    weight += 0 if not links else 1 if links < _MANY_LINKS else 2
    return odd, weight >= _ENOUGH


# --- networks -------------------------------------------------------------------------------------


def network_of(address: str) -> str:
    """The network that forms are counted by: an IPv4 address, the /64 of an IPv6 one.

    Empty for machines of one's own: behind a proxy that is not declared, all the world is one.
    """
    try:
        found = ipaddress.ip_address(address.strip())
    except ValueError:
        return ""
    if found.is_loopback or found.is_private or found.is_link_local:
        return ""
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False))
