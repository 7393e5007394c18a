"""Addresses, numbers, domains and names in their one form. Pure: no database, no network."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from urllib.parse import urlsplit

import phonenumbers
from babel import Locale, UnknownLocaleError
from email_validator import EmailNotValidError, validate_email
from publicsuffixlist import PublicSuffixList

from tandem.people.errors import (
    AddressDeceptive,
    AddressInvalid,
    AddressNotAscii,
    AddressTooLong,
    AddressWithoutDomain,
    DomainInvalid,
    PhoneInvalid,
)

MAX_LOCAL = 64
MAX_ADDRESS = 254
MAX_KEY = 200
MAX_SEARCH_KEY = 2000
MAX_SEARCH_WORDS = 8
SHORTEST_INSIDE = 3  # what an index of three signs finds in the middle of a word


class SizeBand(StrEnum):
    """How many people work at a company."""

    MICRO = "1-9"
    SMALL = "10-49"
    MEDIUM = "50-249"
    LARGE = "250-999"
    ENTERPRISE = "1000+"


class Reach(StrEnum):
    """Whether an address or number can be reached, as far as we know."""

    OK = "ok"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    INVALID = "invalid"


class Tie(StrEnum):
    """How one person stands to another, as it is said from the first one's side."""

    REPORTS_TO = "reports_to"
    LEADS = "leads"
    ASSISTANT_OF = "assistant_of"
    ASSISTED_BY = "assisted_by"
    INTRODUCED_BY = "introduced_by"
    INTRODUCED = "introduced"
    WORKED_WITH = "worked_with"
    FAMILY = "family"
    KNOWS = "knows"


# What the same tie is called from the other side, where it is called something else. It is kept in
# the words of the left column only, whoever says it.
_TURNED = {
    Tie.REPORTS_TO: Tie.LEADS,
    Tie.ASSISTANT_OF: Tie.ASSISTED_BY,
    Tie.INTRODUCED_BY: Tie.INTRODUCED,
}
_BACK = {there: here for here, there in _TURNED.items()}
KEPT_TIES = tuple(tie for tie in Tie if tie not in _BACK)


def turned(tie: Tie) -> Tie:
    """A tie as the other side says it; turning twice changes nothing."""
    return _TURNED.get(tie) or _BACK.get(tie) or tie


def is_kept(tie: Tie) -> bool:
    """Whether a tie is kept in these words; else in those of the other side."""
    return tie not in _BACK


NEW_BUSINESS = "new_business"  # the motion that everybody is in who was never a customer


class Stage(StrEnum):
    """Where a person or company stands, from stranger to evangelist, in the order of the way."""

    VISITOR = "visitor"
    KNOWN = "known"
    SUBSCRIBER = "subscriber"
    ENGAGED = "engaged"
    RECYCLED = "recycled"
    MQL = "mql"
    OFFERED = "offered"
    RETURNED = "returned"
    SAL = "sal"
    SQL = "sql"
    OPPORTUNITY = "opportunity"
    LOST = "lost"
    CUSTOMER = "customer"
    ONBOARDING = "onboarding"
    ACTIVE = "active"
    AT_RISK = "at_risk"
    CHURNED = "churned"
    LOYAL = "loyal"
    EVANGELIST = "evangelist"


# Ways back or out: never the furthest that somebody came.
_SIDE_STAGES = frozenset({Stage.RECYCLED, Stage.RETURNED, Stage.LOST, Stage.AT_RISK, Stage.CHURNED})
_RANKS = {stage: rank for rank, stage in enumerate(one for one in Stage if one not in _SIDE_STAGES)}


# The way as one line: what both teams see of a customer, each step on the side that brings it.
MILESTONES = (
    (Stage.VISITOR, "mkt"),
    (Stage.KNOWN, "mkt"),
    (Stage.MQL, "mkt"),
    (Stage.OFFERED, "handoff"),
    (Stage.SAL, "handoff"),
    (Stage.OPPORTUNITY, "sales"),
    (Stage.CUSTOMER, "sales"),
    (Stage.LOYAL, "sales"),
    (Stage.EVANGELIST, "sales"),
)


def rank(stage: Stage) -> int:
    """How far a stage is on the way; a way back or out is before all others."""
    return _RANKS.get(stage, -1)


def further(one: Stage, other: Stage) -> Stage:
    """The one of two stages that is further on the way."""
    return max(one, other, key=rank)


@dataclass(frozen=True, slots=True)
class SplitName:
    """The guessed parts of a name; what is shown is always the name as it was written."""

    given: str
    family: str


# --- names ----------------------------------------------------------------------------------------

# Letters that have no accent to take off, as most keyboards write them.
_PLAIN = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "\u0131": "i",
        "ħ": "h",
    }
)
# Words of a family name that are written before its main word.
_PARTICLES = frozenset(
    "af al av ben bin da dal de del della den der des di do dos du el la le lo ten ter van vander"
    " ver vom von y zu zum zur".split()
)
_PARTS = re.compile(r"[^\w]+")
_WORDS = re.compile(r"[\s,;]+")
_PHONE_LIKE = re.compile(r"[+(]?[0-9\s().\-/]{4,}")


def folded(text: str) -> str:
    """Text without case, accents and doubled space; ``Siobhán  O’Rourke`` -> ``siobhan o'rourke``.

    Folding twice changes nothing.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    plain = text.replace("’", "'")
    for _step in range(4):  # taking off one accent may leave a letter with another form
        before, plain = plain, _folded_once(plain)
        if plain == before:
            break
    return " ".join(plain.split())


def _folded_once(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    return "".join(char for char in plain if not unicodedata.combining(char))


def sort_key(name: str) -> str:
    """What lists are ordered by: the same on every server, whatever its locale."""
    return folded(name)[:MAX_KEY].strip()


# What a search finds persons and companies by besides their names, as ``kind.field``: a kind of
# record that is found by its people or companies names these among its ``searched_fields``.
SEARCHED = ("person.email", "person.phone", "company.domain")


def search_key(name: str, addresses: Sequence[str], phones: Sequence[str]) -> str:
    """What a text is looked for in: each word behind a space, so that a prefix is ``% prefix%``.

    Addresses are there as a whole and by their parts, numbers by their digits, with the country
    and as they are dialled at home.
    """
    words = folded(name).split()
    words += [part for word in words for part in _PARTS.split(word)]
    for address in addresses:
        plain = folded(address)
        words += [plain, plain.partition("@")[2], *_PARTS.split(plain)]
    for phone in phones:
        words += _digits_of(phone)
    return f" {' '.join(dict.fromkeys(filter(None, words)))}"[:MAX_SEARCH_KEY]


def search_words(text: str) -> list[str]:
    """The words of a search as they stand in a search key; a phone number is one word."""
    if _PHONE_LIKE.fullmatch(text.strip()):
        digits = re.sub(r"[^0-9]", "", text)
        return [digits.removeprefix("00")] if digits else []
    return [word for word in _WORDS.split(folded(text)) if word][:MAX_SEARCH_WORDS]


def is_near(typed: str, key: str) -> bool:
    """Whether each typed word is one of a search key's, or a beginning of one, but for a slip.

    A letter missing, doubled, wrong or two changed over: one in a word of 4 to 6 letters, two in a
    longer one (optimal string alignment distance).
    """
    words = key.split()
    return all(any(_is_slip(word, other) for other in words) for word in typed.split())


def slip_patterns(words: Sequence[str]) -> list[list[str]]:
    """What search keys are asked for to find words with slips: one list of parts, all of them in
    the key, for each place where a slip may be. What is behind ``…`` follows somewhere.

    First all as they are. Of several words one has its slips in one place, in two of a long one, or
    each has some behind its first half.
    """
    if not words:
        return []
    found, several = [], []
    for at, word in enumerate(words):
        right = [f" {other}" for other in (*words[:at], *words[at + 1 :])]
        found += [[part, *right] for part in _intact_parts(word)]
        several.append(f" {word[: (len(word) + 1) // 2]}" if _slips(word) else f" {word}")
    found.sort(key=lambda parts: -len(parts[0]))
    last = [several] if sum(_slips(word) > 0 for word in words) > 1 else []
    return [[f" {word}" for word in words], *found, *last]


def _intact_parts(word: str) -> list[str]:
    """A word without two signs that follow on another, in each place: of a letter missing,
    doubled, wrong or changed over the rest is right. Then a long one without a third of it."""
    slips, length = _slips(word), len(word)
    if not slips:
        return []
    third = length // 3
    parts = [(word[:at], word[at + 2 :]) for at in range(length - 1)]
    if slips > 1:
        thirds = word[:third], word[third : length - third], word[length - third :]
        parts += [(thirds[0], thirds[2]), (thirds[0], thirds[1]), ("", f"{thirds[1]}…{thirds[2]}")]
    joined = [f" {start}…{end}" if start else end for start, end in parts]
    return [one.rstrip("…") for one in joined if one[0] == " " or len(one) >= SHORTEST_INSIDE]


def _slips(word: str) -> int:
    # An address or a number is right or it is another one.
    return 0 if len(word) < 4 or not word.isalpha() else 1 if len(word) < 7 else 2


def _is_slip(word: str, other: str) -> bool:
    if other.startswith(word):
        return True
    allowed = _slips(word)
    if not allowed or len(other) < len(word) - allowed:
        return False
    return _begins_nearly(word, other[: len(word) + allowed], allowed)


@lru_cache(maxsize=4096)
def _begins_nearly(one: str, two: str, allowed: int) -> bool:
    """Whether a beginning of the second is the first but for so many slips."""
    before: list[int] = []
    row = list(range(len(two) + 1))
    for at, char in enumerate(one, 1):
        before, last, row = row, before, [at]
        for to, other in enumerate(two, 1):
            cost = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (char != other))
            if at > 1 and to > 1 and char == two[to - 2] and one[at - 2] == other:
                cost = min(cost, last[to - 2] + 1)
            row.append(cost)
        if min(row) > allowed and min(before) > allowed:
            return False  # two rows of the table decide the next
    return min(row[max(len(one) - allowed, 0) :]) <= allowed


def split_name(name: str) -> SplitName:
    """A western best guess: particles go with the family name, a comma turns the order round."""
    family, comma, given = name.partition(",")
    if comma and given.strip():
        return SplitName(" ".join(given.split()), " ".join(family.split()))
    words = name.replace(",", " ").split()
    if len(words) < 2:
        return SplitName(" ".join(words), "")
    start = len(words) - 1
    while start > 1 and words[start - 1].lower() in _PARTICLES:
        start -= 1
    return SplitName(" ".join(words[:start]), " ".join(words[start:]))


def _digits_of(phone: str) -> list[str]:
    digits = re.sub(r"[^0-9]", "", phone)
    try:
        number = _plain_number(phone) or phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return [digits]
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return [digits, re.sub(r"[^0-9]", "", national), str(number.national_number)]


# --- mail addresses -------------------------------------------------------------------------------

# Small letters of Cyrillic and Greek that are drawn as Latin ones.
_TWINS = frozenset("асеорхуіјѕһԁԛԝӏοανρι")  # noqa: RUF001  (that is what they are for)
# Scripts that Japanese and Korean put into one word.
_TOGETHER = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL"})
# Controls that turn the direction of reading or show nothing, private and unassigned characters.
_UNSEEN = frozenset({"Cf", "Cc", "Co", "Cs", "Cn"})


# What needs no second look: small words of letters and digits with single signs between them. The
# top words that nobody has outside (local, test and the like) are looked at like all others.
_PLAIN_ADDRESS = re.compile(
    r"[a-z0-9]+([._+-][a-z0-9]+){0,8}@([a-z0-9]+(-[a-z0-9]+){0,4}\.){1,6}"
    r"(com|net|org|edu|gov|io|eu|info|biz|ai|dev|app|[a-z]{2}|example)",
    re.IGNORECASE | re.ASCII,
)


def normalize_email(text: str) -> str:
    """A mail address in the one form in which it is stored and compared. Nothing is asked of DNS.

    Trimmed, lower case, the domain in its ASCII form (IDNA). Raises a subclass of AddressInvalid.
    """
    address = text.strip()
    if len(address) <= MAX_LOCAL and _PLAIN_ADDRESS.fullmatch(address):
        return address.lower()
    if any(unicodedata.category(char) in _UNSEEN for char in address):
        raise AddressDeceptive()
    local, at, domain = address.rpartition("@")
    if not at or not local:
        raise AddressInvalid()
    if len(local) > MAX_LOCAL or len(address) > MAX_ADDRESS:
        raise AddressTooLong()
    if not local.isascii():
        raise AddressNotAscii()
    top = domain.rstrip(".").rpartition(".")[2]
    if domain.startswith("[") or "." not in domain.strip(".") or top.isdigit():
        raise AddressWithoutDomain()
    _refuse_mixed_scripts(domain)
    try:
        checked = validate_email(
            address, check_deliverability=False, allow_smtputf8=False, test_environment=True
        )
    except EmailNotValidError as error:
        raise AddressInvalid() from error
    normalized = f"{checked.local_part}@{checked.ascii_domain}".lower()
    if len(normalized) > MAX_ADDRESS:
        raise AddressTooLong()
    return normalized


def _refuse_mixed_scripts(domain: str) -> None:
    """One label is written in one script: a Cyrillic letter in a Latin word is a trap."""
    for label in domain.split("."):
        scripts = {_script(char) for char in label if char.isalpha()}
        if len(scripts) > 1 and not scripts <= _TOGETHER:
            raise AddressDeceptive()
        if scripts & {"CYRILLIC", "GREEK"} and _looks_latin(label):
            raise AddressDeceptive()


def _looks_latin(label: str) -> bool:
    return all(char in _TWINS for char in label.lower() if char.isalpha())


def _script(char: str) -> str:
    return unicodedata.name(char, "UNKNOWN").split()[0]


# --- phones ---------------------------------------------------------------------------------------

_PLAIN_NUMBER = re.compile(r"\+[1-9][0-9]*(?:[ .-][0-9]+)*", re.ASCII)
_GAPS = str.maketrans("", "", "+ .-")


def normalize_phone(text: str, region: str = "") -> str:
    """A number as E.164 (``+4412274960142``); ``region`` (ISO 3166) reads national forms.

    Raises PhoneInvalid.
    """
    if not text.isascii() or not text.isprintable():
        raise PhoneInvalid()
    if plain := _plain_number(text):
        return f"+{plain.country_code}{plain.national_number}"
    try:
        number = phonenumbers.parse(text, region.upper() or None)
    except phonenumbers.NumberParseException as error:
        raise PhoneInvalid() from error
    if not phonenumbers.is_possible_number(number) or number.extension:
        raise PhoneInvalid()
    normalized = str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    if not number.italian_leading_zero:
        return normalized
    # Of +49 00 681 only one zero was taken for the trunk's; the other would go at the next reading.
    return normalized if normalized == text else normalize_phone(normalized)


def _plain_number(text: str) -> phonenumbers.PhoneNumber | None:
    """A number of the world in groups of digits, read without a look at all that a number may be.

    Only where the whole reading could come to nothing else: the country's digits are known, no
    prefix stands before the others, and there are as many as a whole number has. Else None.
    """
    if not _PLAIN_NUMBER.fullmatch(text):
        return None
    digits = text.translate(_GAPS)
    for length in (1, 2, 3):
        plan = _dialling_plan(int(digits[:length]))
        if plan is None:
            continue
        prefix, lengths = plan
        rest = digits[length:]
        if len(rest) not in lengths or rest.startswith("0") or (prefix and prefix.match(rest)):
            return None
        return phonenumbers.PhoneNumber(
            country_code=int(digits[:length]), national_number=int(rest)
        )
    return None


@cache
def _dialling_plan(code: int) -> tuple[re.Pattern[str] | None, frozenset[int]] | None:
    """Of a country's code: what may be dialled before a number, and how many digits that has."""
    if code not in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        return None
    region = phonenumbers.region_code_for_country_code(code)
    known = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    if known is None or known.general_desc is None:
        return None
    prefix = known.national_prefix_for_parsing
    return re.compile(prefix) if prefix else None, frozenset(known.general_desc.possible_length)


def shown_phone(normalized: str) -> str:
    """The number with its usual gaps: ``+44 1227 496014``."""
    try:
        number = _plain_number(normalized) or phonenumbers.parse(normalized)
    except phonenumbers.NumberParseException:
        return normalized
    form = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(number, form))


# --- domains --------------------------------------------------------------------------------------

# Providers at whom anybody has a mailbox: such a domain says nothing about a company.
FREE_MAIL = frozenset(
    "163.com aol.com bluewin.ch fastmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.de"
    " gmx.net googlemail.com hey.com hotmail.co.uk hotmail.com hotmail.fr icloud.com laposte.net"
    " libero.it live.com mac.com mail.com mail.ru me.com msn.com naver.com orange.fr outlook.com"
    " outlook.de posteo.de proton.me protonmail.com qq.com seznam.cz t-online.de tutanota.com"
    " virgilio.it web.de wp.pl yahoo.co.uk yahoo.com yahoo.de yahoo.fr yandex.ru ymail.com"
    " zoho.com".split()
)


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def registrable_domain(text: str) -> str:
    """The domain that one registers, of a domain or address: ``www.a.co.uk/x`` -> ``a.co.uk``.

    Raises DomainInvalid.
    """
    plain = text.strip().lower()
    if any(unicodedata.category(char) in _UNSEEN for char in plain):
        raise DomainInvalid()
    try:
        host = urlsplit(plain if "//" in plain else f"//{plain}").hostname or ""
        # The same reading of names as in addresses: IDNA, lengths, no literals, no twins.
        domain = normalize_email(f"x@{host.strip('.')}").partition("@")[2]
    except (ValueError, AddressInvalid) as error:
        raise DomainInvalid() from error
    found = _suffixes().privatesuffix(domain)
    if not found:
        raise DomainInvalid()
    return str(found)


def is_free_mail(domain: str) -> bool:
    """Whether anybody can have a mailbox at this domain."""
    return domain in FREE_MAIL


# --- countries ------------------------------------------------------------------------------------

# What people call a country, where it is neither its English name nor its code.
_ALSO = {"eire": "IE", "rsa": "ZA", "usa": "US", "uk": "GB", "great britain": "GB", "england": "GB"}


@lru_cache(maxsize=1)
def _territories() -> dict[str, str]:
    names = Locale("en").territories
    found = {name.casefold(): code for code, name in names.items() if len(code) == 2}
    return {**found, "czech republic": "CZ", "hong kong": "HK", **_ALSO}


def country_of(name: str) -> str:
    """The code of a country by its English name or its code; empty where it is neither."""
    plain = name.strip().casefold()
    code = plain.upper()
    if len(code) == 2 and code in _territories().values():
        return code
    return _territories().get(plain, "")


# --- languages ------------------------------------------------------------------------------------


def language_tag(text: str) -> str:
    """A language, with a region perhaps, in its one form: ``EN_gb`` -> ``en-GB``; empty where it is
    none that is known (CLDR)."""
    words = text.strip().replace("_", "-").split("-")
    try:
        found = Locale.parse("_".join([words[0].lower(), *(word.upper() for word in words[1:])]))
    except (UnknownLocaleError, ValueError, TypeError):
        return ""
    return "-".join(filter(None, [found.language, found.territory]))


# --- what files say -------------------------------------------------------------------------------


class Said(StrEnum):
    """What a file says of somebody's mail: that they agreed, were asked, left or cannot be had."""

    GRANTED = "granted"
    PENDING = "pending"
    WITHDRAWN = "withdrawn"
    BOUNCED = "bounced"


_SAID: Mapping[str, Said] = {
    **dict.fromkeys(
        "subscribed subscribe yes true 1 optin optedin granted active confirmed y x ja oui"
        " marketing".split(),
        Said.GRANTED,
    ),
    **dict.fromkeys("pending unconfirmed requested".split(), Said.PENDING),
    **dict.fromkeys(
        "unsubscribed unsubscribe no false 0 optout optedout withdrawn denied n nein non"
        " complained".split(),
        Said.WITHDRAWN,
    ),
    **dict.fromkeys("cleaned bounced invalid hardbounce hardbounced".split(), Said.BOUNCED),
}


def said_in(text: str) -> Said | None:
    """What a word of a list of subscribers means; None where it is none that we know."""
    return _SAID.get("".join(char for char in text.casefold() if char.isalnum()))


_NO = frozenset("no false 0 n nein non".split())


def opted_out_in(text: str) -> bool | None:
    """Whether a word under "does not want mail" is a yes; None where it is no word that we know."""
    said = said_in(text)
    if said is None or said is Said.PENDING:
        return None
    return text.strip().casefold() not in _NO


_STAGES: Mapping[str, Stage] = {
    **{stage.value.replace("_", ""): stage for stage in Stage},
    "lead": Stage.KNOWN,
    "marketingqualifiedlead": Stage.MQL,
    "salesacceptedlead": Stage.SAL,
    "salesqualifiedlead": Stage.SQL,
    "deal": Stage.OPPORTUNITY,
    "client": Stage.CUSTOMER,
    "advocate": Stage.EVANGELIST,
}


def stage_of(text: str) -> Stage | None:
    """The stage that other systems call by this word; None where there is none."""
    return _STAGES.get("".join(char for char in text.casefold() if char.isalnum()))


_BANDS = (
    (10, SizeBand.MICRO),
    (50, SizeBand.SMALL),
    (250, SizeBand.MEDIUM),
    (1000, SizeBand.LARGE),
)
_FIGURE = re.compile(r"\d[\d.,' \u00a0]*")
_MANGLED = re.compile(
    r"\d{1,2}[-. /]*(jan|feb|m[aä]r|apr|mai|may|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]*\.?"
    r"|(jan|feb|m[aä]r|apr|mai|may|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]*[-. /]*\d{1,4}"
    r"|\d{4}-\d{2}-\d{2}( 00:00:00)?",
    re.IGNORECASE,
)


def is_mangled_range(text: str) -> bool:
    """Whether a text is what spreadsheets make of a range: ``10-12`` becomes ``12-Oct``."""
    return _MANGLED.fullmatch(text.strip()) is not None


def size_of(text: str) -> SizeBand | None:
    """The band of a number of people or of a range, by its middle; ``1,001-5,000`` -> 1000+."""
    figures = [re.sub(r"\D", "", one) for one in _FIGURE.findall(text)]
    if not 1 <= len(figures) <= 2 or any(len(one) > 9 for one in figures):
        return None
    middle = sum(map(int, figures)) / len(figures)
    if middle < 1:
        return None
    return next((band for below, band in _BANDS if middle < below), SizeBand.ENTERPRISE)


# --- doubles --------------------------------------------------------------------------------------

# Legal forms stand behind the name of a firm; joints anywhere in it.
LEGAL = tuple(
    "ab ag aps as asa bv co company corp corporation cv doo ek eg ev gbr gmbh inc incorporated kft"
    " kg kgaa lda limited llc llp lp ltd ltda mbh nv ohg oo oy oyj plc pte pty pvt sa sarl sas se"
    " sl slu sp spa srl sro ug z zoo".split()
)
JOINTS = ("and", "et", "the", "und", "y")
_NOT_NAMES = frozenset((*LEGAL, *JOINTS))
_SHORT = {
    "assoc": "associates",
    "bros": "brothers",
    "intl": "international",
    "mfg": "manufacturing",
    "mgmt": "management",
    "svc": "services",
    "svcs": "services",
    "tech": "technology",
    "technologies": "technology",
}
_SIGNS = re.compile(r"[^\w ]")
_WITHIN = re.compile(r"[.'’]")
# German vowels that are written out where a keyboard has no dots.
_WRITTEN_OUT = re.compile(r"([aou])e")
# Letters that stand alone are one word: s a r l.
_LETTERS = re.compile(r"\b\w(?: \w\b)+")


def bare_name(key: str) -> str:
    """A sort key without signs, for comparing."""
    return " ".join(_SIGNS.sub("", key).split())


def bare_firm(key: str) -> str:
    """The same of a company, without its legal form and joints, usual short forms written out:
    ``smith & sons, s.a.r.l.`` -> ``smith sons``."""
    plain = " ".join(_SIGNS.sub(" ", _WITHIN.sub("", key)).split())
    plain = _WRITTEN_OUT.sub(r"\1", plain)
    words = _LETTERS.sub(lambda found: found.group().replace(" ", ""), plain).split()
    kept = [word for word in words if word not in JOINTS]
    while len(kept) > 1 and kept[-1] in _NOT_NAMES:
        kept.pop()
    return " ".join(_SHORT.get(word, word) for word in kept) or " ".join(words)


def bare_web(domain: str) -> str:
    """What a domain is called: ``thistle-gifts.co.uk`` -> ``thistlegifts``."""
    return domain.partition(".")[0].replace("-", "")


def mailbox(address: str) -> str:
    """The name of a mailbox as doubles share it: without dots and tags; empty of a short one."""
    name = address.partition("@")[0].partition("+")[0].replace(".", "")
    return name if len(name) >= MIN_MAILBOX and name not in _ROLES else ""


MIN_MAILBOX = 5
# Mailboxes of an office: everybody has one.
_ROLES = frozenset(
    "admin billing contact hello info invoice kontakt mail marketing newsletter office orders"
    " sales service shop support team webmaster".split()
)
