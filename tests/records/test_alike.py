"""How alike two records are, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.records.rules.alike import MOST, POINTS, Seen, likeness, name_reason, slips

texts = st.text(alphabet="abcde ", max_size=12)
keys = st.frozensets(st.sampled_from("wxyz"), max_size=2)
seen = st.builds(Seen, texts, keys, keys, keys, keys, st.sampled_from(["", "GB", "DE"]))


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("ann lee", "ann lee", "same_name"),
        ("ann lee", "lee ann", "words_turned"),
        ("ann lee", "anne lee", "one_letter"),
        ("anna leigh", "anan leigh", "one_letter"),  # two letters changed over
        ("margaret hill", "margret hil", "two_letters"),
        ("a lee", "ann lee", "initial"),
        ("a lee", "bo lee", ""),
        ("ann lee", "ann smith", "same_first_name"),
        ("lee", "ann lee", "like_name"),  # a word left out
        ("lucas bowerman", "bowermann lucs", "like_name"),  # changed over, with slips
        ("bayden sonoma", "baden hill", "like_name"),
        ("bo", "jo", ""),  # of two letters nothing is a slip
        ("", "", ""),
        ("ann lee", "carl jones", ""),
    ],
)
def test_names_are_alike_for_a_reason(one, other, reason):
    assert name_reason(one, other, is_person=True) == reason
    assert name_reason(other, one, is_person=True) == reason


def test_a_score_is_the_sum_of_its_reasons():
    one = Seen("ann lee", mail_names=frozenset({"annlee"}), country="GB")
    other = Seen("anne lee", mail_names=frozenset({"annlee"}), country="GB")
    found = likeness(one, other, is_person=True)
    assert found.reasons == ("one_letter", "same_mail_name", "same_country")
    assert found.score == sum(POINTS[reason] for reason in found.reasons)
    assert found.is_worth_asking


def test_a_family_shares_a_number_and_is_not_the_same():
    phone = frozenset({"+442071838750"})
    one, other = Seen("ann lee", phones=phone), Seen("bo lee", phones=phone)
    assert likeness(one, other, is_person=True).score == 0


@pytest.mark.parametrize(("one", "other"), [("clarke", "bayley clarke"), ("ann lee", "anne hill")])
def test_names_that_are_partly_alike_need_the_same_number(one, other):
    phone = frozenset({"+442071838750"})
    found = likeness(Seen(one, phones=phone), Seen(other, phones=phone), is_person=True)
    assert found.reasons == ("same_phone", "like_name")
    assert found.is_worth_asking
    assert likeness(Seen(one), Seen(other), is_person=True).score == 0


def test_one_name_at_two_companies_is_two_persons():
    one = Seen("ann lee", companies=frozenset({"thistle"}))
    other = Seen("ann lee", companies=frozenset({"hythe"}))
    assert not likeness(one, other, is_person=True).is_worth_asking


def test_companies_of_one_web_domain_are_one():
    web = frozenset({"thistle"})
    one, other = Seen("thistle", domains=web), Seen("thistle tins", domains=web)
    found = likeness(one, other, is_person=False)
    assert found.reasons == ("same_web", "part_of_name")
    assert found.is_worth_asking


@given(one=seen, other=seen, is_person=st.booleans())
def test_the_order_does_not_matter_and_the_score_has_its_bounds(one, other, is_person):
    found = likeness(one, other, is_person=is_person)
    assert found == likeness(other, one, is_person=is_person)
    assert 0 <= found.score <= MOST


@given(one=st.text(alphabet="abc", max_size=7), other=st.text(alphabet="abc", max_size=7))
def test_slips_are_counted_up_to_the_most(one, other):
    far = slips(one, other, most=20)
    assert slips(one, other, most=2) == min(far, 3)
    assert (far == 0) == (one == other)
    assert far == slips(other, one, most=20)
