"""Addresses, numbers, domains and names in their one form."""

from contextlib import suppress

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tandem.people import errors
from tandem.people.rules import (
    SplitName,
    folded,
    is_near,
    normalize_email,
    normalize_phone,
    registrable_domain,
    search_key,
    search_words,
    shown_phone,
    sort_key,
    split_name,
)


@pytest.mark.parametrize(
    ("text", "normalized"),
    [
        (" Ann@HHgifts.Example ", "ann@hhgifts.example"),
        ("ann+tins@hhgifts.example", "ann+tins@hhgifts.example"),
        ("info@münchen.example", "info@xn--mnchen-3ya.example"),
        ("INFO@XN--MNCHEN-3YA.example", "info@xn--mnchen-3ya.example"),
        ("info@почта.рф", "info@xn--80a1acny.xn--p1ai"),
        ("o'rourke@wexford.example", "o'rourke@wexford.example"),
        (f"{'a' * 64}@b.example", f"{'a' * 64}@b.example"),
    ],
)
def test_an_address_has_one_form(text, normalized):
    assert normalize_email(text) == normalized


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", errors.AddressInvalid),
        ("ann", errors.AddressInvalid),
        ("@b.example", errors.AddressInvalid),
        ("a b@c.example", errors.AddressInvalid),
        ("a@b..example", errors.AddressInvalid),
        ("a@-b.example", errors.AddressInvalid),
        ("a@localhost", errors.AddressWithoutDomain),
        ("a@localhost.", errors.AddressWithoutDomain),
        ("a@[127.0.0.1]", errors.AddressWithoutDomain),
        ("a@[IPv6:::1]", errors.AddressWithoutDomain),
        ("a@127.0.0.1", errors.AddressWithoutDomain),
        (f"{'a' * 65}@b.example", errors.AddressTooLong),
        (
            f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 20}.example",
            errors.AddressTooLong,
        ),
        ("a@ex\u0430mple.com", errors.AddressDeceptive),
        ("a@\u0441\u043e\u0440\u0443.com", errors.AddressDeceptive),
        ("a@x.com\u202e", errors.AddressDeceptive),
        ("a@x\u200b.com", errors.AddressDeceptive),
        ("a\0@x.com", errors.AddressDeceptive),
        ("ünïcode@x.com", errors.AddressNotAscii),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(text, refusal):
    with pytest.raises(errors.AddressInvalid) as refused:
        normalize_email(text)
    assert type(refused.value) is refusal


@given(st.emails())
def test_normalizing_an_address_twice_changes_nothing(address):
    try:
        once = normalize_email(address)
    except errors.AddressInvalid:
        return
    assert normalize_email(once) == once
    assert normalize_email(f"  {address.upper()} ") == normalize_email(address.upper())


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_refused(text):
    with suppress(errors.AddressInvalid):
        assert "@" in normalize_email(text)


@pytest.mark.parametrize(
    ("text", "region", "normalized"),
    [
        ("+44 1227 496014", "", "+441227496014"),
        ("01227 496014", "GB", "+441227496014"),
        ("(01227) 496-014", "gb", "+441227496014"),
        ("0049 30 901820", "DE", "+4930901820"),
        ("01227 496014", "", None),
        ("call me", "GB", None),
        ("+44 1227 496014 ext. 5", "", None),
        ("١٢٣٤٥٦٧٨٩", "GB", None),
        ("12", "GB", None),
    ],
)
def test_a_number_is_read_by_its_country(text, region, normalized):
    if normalized is None:
        with pytest.raises(errors.PhoneInvalid):
            normalize_phone(text, region)
        return
    assert normalize_phone(text, region) == normalized
    assert normalize_phone(normalized) == normalized
    assert normalize_phone(shown_phone(normalized)) == normalized


PLAIN = r"\+[1-9][0-9]{0,2}[ .-]?[0-9]{2,6}([ .-][0-9]{2,5}){0,2}"


@given(st.from_regex(PLAIN, fullmatch=True))
@example("+49 30 20000123")
@example("+1 202-555-0143")
@example("+39 06 1234 5678")
@example("+8001.23456789")
def test_a_plain_number_is_read_as_any_is(text):
    number = whole = None
    with suppress(phonenumbers.NumberParseException):
        number = phonenumbers.parse(text)
    if number is not None and phonenumbers.is_possible_number(number):
        whole = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    read = None
    with suppress(errors.PhoneInvalid):
        read = normalize_phone(text)
    if number is not None and number.italian_leading_zero and whole is not None:
        assert read is None or read.startswith(f"+{number.country_code}")
        return
    assert read == whole
    if number is not None and whole is not None:
        shown = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        assert shown_phone(whole) == shown


@given(st.from_regex(r"\+?[0-9 ()./-]{3,18}", fullmatch=True), st.sampled_from(["", "GB", "DE"]))
@example("+49 00 681 290480", "DE")
@example("+39 06 1234 5678", "")
def test_normalizing_a_number_twice_changes_nothing(text, region):
    try:
        once = normalize_phone(text, region)
    except errors.PhoneInvalid:
        return
    assert normalize_phone(once, "FR") == once


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("hhgifts.example", "hhgifts.example"),
        ("https://www.hhgifts.example/trade?x=1", "hhgifts.example"),
        ("Shop.HHgifts.co.uk", "hhgifts.co.uk"),
        ("www.münchen.de", "xn--mnchen-3ya.de"),
        ("co.uk", None),
        ("localhost", None),
        ("127.0.0.1", None),
        ("exаmple.com", None),  # noqa: RUF001
        ("http://[::1]/", None),
        ("http://[bad", None),
    ],
)
def test_the_domain_that_one_registers(text, domain):
    if domain is None:
        with pytest.raises(errors.DomainInvalid):
            registrable_domain(text)
        return
    assert registrable_domain(text) == domain
    assert registrable_domain(domain) == domain


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text):
    assert folded(folded(text)) == folded(text)
    assert sort_key(sort_key(text)) == sort_key(text)


def test_keys_know_no_accents_and_no_case():
    assert sort_key("Siobhán  O’Rourke") == "siobhan o'rourke"
    assert sort_key("Łukasz Żółć") == "lukasz zolc"
    assert sort_key("Yusuf İnce") == "yusuf ince"
    assert sort_key("GROSSE STRASSE") == sort_key("große Straße")


def test_a_search_key_holds_words_addresses_and_digits():
    key = search_key("Ann O'Rourke", ["ann@hh-gifts.example"], ["+441227496014"])
    assert key == (
        " ann o'rourke o rourke ann@hh-gifts.example hh-gifts.example hh gifts example"
        " 441227496014 01227496014 1227496014"
    )
    assert search_words("+44 (1227) 496") == ["441227496"]
    assert search_words("Ann, O'R") == ["ann", "o'r"]


@pytest.mark.parametrize(
    ("name", "given_name", "family_name"),
    [
        ("Ann Kowalczyk", "Ann", "Kowalczyk"),
        ("Kowalczyk, Ann Maria", "Ann Maria", "Kowalczyk"),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("Pieter van der Berg", "Pieter", "van der Berg"),
        ("Madonna", "Madonna", ""),
        ("", "", ""),
    ],
)
def test_a_name_is_split_as_most_are(name, given_name, family_name):
    assert split_name(name) == SplitName(given_name, family_name)


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("kowalczyk", True),
        ("kowalc", True),
        ("kowlaczyk", True),
        ("kowalczik", True),
        ("kowalczk", True),
        ("kwalzyk", True),
        ("kwalzik", False),
        ("anne", True),
        ("anm", False),
        ("ann kowlac", True),
        ("bob kowalczyk", False),
    ],
)
def test_a_slip_of_the_finger_is_near(typed, near):
    assert is_near(typed, " ann kowalczyk ann@hhgifts.example") is near


@given(st.text("abc", min_size=7, max_size=9), st.integers(0, 8), st.integers(0, 8))
def test_two_missing_letters_of_a_long_word_are_near(word, one, two):
    typed = "".join(char for at, char in enumerate(word) if at not in (one, two))
    if len(typed) >= 7:
        assert is_near(typed, f" {word} other")
