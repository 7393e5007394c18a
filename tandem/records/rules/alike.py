"""How alike two records are, and why. Pure: no database, no clock.

The score is a sum of evidence from 0 to 99, each part of it with its reason, so that people can
judge what the machine says. Nothing is ever merged by itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

# At or above it two records are asked about.
WORTH_ASKING = 40
MOST = 99

# What speaks for and against: points by reason.
POINTS = {
    "same_name": 50,
    "words_turned": 46,
    "one_letter": 42,
    "initial": 40,
    "two_letters": 32,
    "part_of_name": 24,
    "same_first_name": 8,
    "like_name": 8,
    "same_phone": 40,
    "same_mail_name": 30,
    "same_domain": 15,
    "same_web": 40,
    "same_company": 20,
    "name_in_web": 36,
    "same_country": 6,
    "other_company": -20,
    "other_country": -15,
    "other_phone": -4,
    "other_web": -10,
}
LONG_NAME = 8
LONG_WORD, SHORT_WORD = 7, 3
SHORT_MAIL_NAME = 4
SHORT_FIRM = 6
# Two names of persons of which only a part is alike: enough with the same number, not without.
WEAK = frozenset({"", "same_first_name", "like_name"})


@dataclass(frozen=True, slots=True)
class Seen:
    """What is compared of a record: a name in small letters without accents, and sets of keys."""

    name: str
    mail_names: frozenset[str] = field(default_factory=frozenset)
    domains: frozenset[str] = field(default_factory=frozenset)
    phones: frozenset[str] = field(default_factory=frozenset)
    companies: frozenset[str] = field(default_factory=frozenset)
    country: str = ""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two records are; ``reasons`` are keys of POINTS, the weightiest first."""

    score: int
    reasons: tuple[str, ...]

    @property
    def is_worth_asking(self) -> bool:
        return self.score >= WORTH_ASKING


def likeness(one: Seen, other: Seen, *, is_person: bool) -> Likeness:
    """How alike two records are. The order of the two does not matter.

    Of persons a shared domain is their employer's and says little, of organisations it is theirs.
    A name alone must be the same but for a slip; a number or address alone is not enough, a number
    and the first name are: people marry.
    """
    name = name_reason(one.name, other.name, is_person=is_person)
    found = list(filter(None, [name, *_evidence(one, other, is_person=is_person)]))
    score = sum(POINTS[reason] for reason in found)
    if name == "" or (name in WEAK and "same_phone" not in found):
        # Families and offices share numbers and domains: without the name it takes two of them.
        strong = [reason for reason in found if POINTS[reason] >= POINTS["same_mail_name"]]
        score = score if len(strong) > 1 or (not is_person and strong) else 0
    found.sort(key=lambda reason: (-POINTS[reason], reason))
    return Likeness(max(0, min(MOST, score)), tuple(found))


def name_reason(one: str, other: str, *, is_person: bool) -> str:
    """What two names have in common; empty when nothing that counts."""
    if not one or not other:
        return ""
    if one == other:
        return "same_name"
    own, their = one.split(), other.split()
    if not own or not their:
        return ""
    if sorted(own) == sorted(their):
        return "words_turned"
    are_two_words = is_person and min(len(own), len(their)) > 1
    if are_two_words and own[-1] == their[-1] and _is_initial(own[0], their[0]):
        return "initial"
    away = slips(one, other, most=2)
    shortest = SHORT_MAIL_NAME if is_person else SHORT_FIRM
    if away == 1 and min(len(one), len(other)) >= shortest:
        return "one_letter"
    if away == 2 and min(len(one), len(other)) >= LONG_NAME:
        return "two_letters"
    if not is_person:
        return "part_of_name" if _is_part(own, their) else ""
    if are_two_words and own[0] == their[0]:
        return "same_first_name"
    return "like_name" if _is_partly_alike(own, their) else ""


def _is_part(own: Sequence[str], their: Sequence[str]) -> bool:
    """Whether one name has all words of the other and more: two of them, or one that is long."""
    common = set(own) & set(their)
    shorter = min(len(set(own)), len(set(their)))
    return len(common) == shorter and (shorter > 1 or len(next(iter(common))) >= LONG_WORD)


def _is_partly_alike(own: Sequence[str], their: Sequence[str]) -> bool:
    """The names of one person as they are written down in a hurry: a word left out, given and
    family name changed over, a slip in the first name, or in the last one after the same initial.
    Not those of a family: the same last name after another first one."""
    if set(own) <= set(their) or set(their) <= set(own):
        return True
    if _is_near(own[0], their[-1]) or _is_near(own[-1], their[0]) or _is_near(own[0], their[0]):
        return True
    return own[0][0] == their[0][0] and _is_near(own[-1], their[-1])


def _is_near(one: str, other: str) -> bool:
    shorter = min(len(one), len(other))
    most = 2 if shorter >= LONG_WORD else 1 if shorter >= SHORT_WORD else 0
    return slips(one, other, most=most) <= most


def _is_initial(one: str, other: str) -> bool:
    short, long = sorted((one.rstrip("."), other.rstrip(".")), key=len)
    return len(short) == 1 and long.startswith(short)


def _evidence(one: Seen, other: Seen, *, is_person: bool) -> Iterator[str]:
    if one.phones & other.phones:
        yield "same_phone"
    elif one.phones and other.phones:
        yield "other_phone"
    if one.mail_names & other.mail_names:
        yield "same_mail_name"
    elsewhere = one.companies and other.companies and not one.companies & other.companies
    if one.domains & other.domains and not elsewhere:
        yield "same_domain" if is_person else "same_web"
    elif not is_person and one.domains and other.domains:
        yield "other_web"
    elif not is_person and (_is_web_of(one, other) or _is_web_of(other, one)):
        yield "name_in_web"
    if one.companies & other.companies:
        yield "same_company"
    elif elsewhere:
        yield "other_company"
    if one.country and other.country:
        yield "same_country" if one.country == other.country else "other_country"


def _is_web_of(one: Seen, other: Seen) -> bool:
    """Whether a firm is called as the web domain of another one is."""
    whole = one.name.replace(" ", "")
    return len(whole) >= LONG_WORD and whole in other.domains


def slips(one: str, other: str, *, most: int) -> int:
    """Letters missing, added, wrong or changed over between two texts (optimal string alignment);
    ``most + 1`` for all that is further away."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: Sequence[int] = []
    row = list(range(len(other) + 1))
    for at, char in enumerate(one, 1):
        last, before, row = before, row, [at]
        for to, their in enumerate(other, 1):
            cost = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (char != their))
            if at > 1 and to > 1 and char == other[to - 2] and one[at - 2] == their:
                cost = min(cost, last[to - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
