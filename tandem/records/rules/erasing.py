"""What names somebody in a text, as patterns of Postgres; and the seal of a certificate."""

import hashlib
import hmac
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

MIN_NAME = 6
"""Letters: a shorter full name is a word that others bear or use."""
MIN_DIGITS = 7

# A letter or sign that makes a longer address of a shorter one: j.ann@ is not ann@.
_BEFORE = r"(?<![[:alnum:]._%+-])"
_AFTER = r"(?!\.?[[:alnum:]-])"
_NO_LETTER = r"(?<![[:alnum:]])"
_NO_LETTER_AFTER = r"(?![[:alnum:]])"


def address_pattern(addresses: Collection[str]) -> str:
    """A pattern of these mail addresses as they stand in texts, JSON and web addresses."""
    plain = _any(form for one in addresses for form in _forms(one))
    coded = _any(quote(one, safe=".-_") for one in addresses if quote(one, safe=".-_") != one)
    found = [f"{_BEFORE}{plain}{_AFTER}"] if plain else []
    return "|".join([*found, coded] if coded else found)


def word_pattern(words: Collection[str]) -> str:
    """A pattern of numbers or names, where they stand alone."""
    plain = _any(form for one in words for form in _forms(one))
    return f"{_NO_LETTER}{plain}{_NO_LETTER_AFTER}" if plain else ""


def pieces_of(texts: Collection[str]) -> list[str]:
    """Lower-case pieces of which any text holds one that an address, number or name is found in.

    For what can be searched by plain text only; each stands where a pattern of these matches.
    """
    coded = {quote(one, safe=".-_") for one in texts}
    return sorted(
        {form.lower() for one in texts for form in _forms(one)} | {c.lower() for c in coded}
    )


def id_pattern(ids: Collection[UUID]) -> str:
    """A pattern of public ids."""
    return _any(str(one) for one in ids)


def is_telling(name: str) -> bool:
    """Whether a name is long enough, and of several words or rare letters, to name somebody."""
    return len(name) >= MIN_NAME and (" " in name.strip() or len(name) >= 2 * MIN_NAME)


def is_number(text: str) -> bool:
    """Whether a text has so many digits that it is somebody's number."""
    return sum(letter.isdigit() for letter in text) >= MIN_DIGITS


def canonical(certificate: Mapping[str, Any]) -> bytes:
    """The one form of a certificate that is sealed: JSON, keys in order, nothing between them."""
    text = json.dumps(certificate, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def seal(certificate: Mapping[str, Any], secret: str) -> str:
    """What proves that this installation made a certificate: HMAC-SHA256 of its one form."""
    key = f"tandem.erasure:{secret}".encode()
    return hmac.new(key, canonical(certificate), hashlib.sha256).hexdigest()


def is_sealed(certificate: Mapping[str, Any], told: str, secret: str) -> bool:
    """Whether the seal is that of this certificate, unchanged."""
    return hmac.compare_digest(seal(certificate, secret), told)


def _forms(text: str) -> set[str]:
    """A text as it may stand in a column: plain, and as JSON writes it."""
    return {
        text,
        text.lower(),
        text.upper(),
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
    }


def _any(texts: Iterable[str]) -> str:
    found = sorted({_literal(one) for one in texts if one}, key=lambda one: (-len(one), one))
    return f"(?:{'|'.join(found)})" if found else ""


def _literal(text: str) -> str:
    return "".join(one if one.isalnum() else f"\\{one}" for one in text)
