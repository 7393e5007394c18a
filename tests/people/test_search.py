"""Search of people: what is found first, with slips, by whom, and at what cost."""

import re
from dataclasses import replace

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from tandem.kernel.actor import Scope
from tandem.people.models import Person
from tandem.people.queries import search
from tandem.people.queries.search import first_found, near
from tandem.people.rules import is_near, slip_patterns
from tandem.people.views.kinds import PERSON

WORDS = st.text("abcdefgh", min_size=5, max_size=14)


@st.composite
def slipped(draw):
    """A word, and what somebody typed who meant it: one slip, four letters or more left."""
    word = draw(WORDS)
    at = draw(st.integers(0, len(word) - 1))
    letter = draw(st.sampled_from("abcdefgh"))
    turned = word[at : at + 2][::-1]
    typed = draw(
        st.sampled_from(
            [
                word[:at] + word[at + 1 :],
                word[:at] + letter + word[at + 1 :],
                word[:at] + letter + word[at:],
                word[:at] + turned + word[at + 2 :],
            ]
        )
    )
    return word, typed if len(typed) > 4 else word


def asks_for(parts, key):
    return all(re.search(".*".join(map(re.escape, part.split("…"))), key) for part in parts)


@given(slipped())
def test_a_word_with_one_slip_is_asked_for_wherever_the_slip_is(meant):
    word, typed = meant
    key = f" zoe {word}@example"
    assert is_near(typed, key)
    assert any(asks_for(parts, key) for parts in slip_patterns([typed]))
    assert any(asks_for(parts, key) for parts in slip_patterns(["zoe", typed]))
    assert not any(asks_for(parts, key) for parts in slip_patterns(["ann", typed]))


@pytest.mark.parametrize("typed", ["kowalczik", "kovalcyk", "kowlcyk", "kowaallczyk"])
def test_a_long_word_may_have_two_slips(typed):
    key = " ann kowalczyk"
    assert is_near(typed, key)
    assert any(asks_for(parts, key) for parts in slip_patterns([typed]))


def test_numbers_and_short_words_have_no_slips():
    assert slip_patterns(["0044", "ann", "a.b@c.example"]) == [[" 0044", " ann", " a.b@c.example"]]
    assert slip_patterns([]) == []


@pytest.mark.django_db
class TestFinding:
    def test_names_that_begin_so_come_first(self, admin, add):
        add("Bea Annan")
        add("Cid", email="anna@a.example")
        add("Anna Zed")
        add("Ann Ash")
        assert self.names(admin, "ann") == ["Ann Ash", "Anna Zed", "Bea Annan", "Cid"]
        assert self.names(admin, "ann", limit=3) == ["Ann Ash", "Anna Zed", "Bea Annan"]
        assert self.names(admin, "an bea") == ["Bea Annan"]

    def test_what_is_spelt_nearly_so_comes_last_and_only_where_there_are_few(self, admin, add):
        add("Kowalczyk Ann")
        add("Bea Kowalczik")
        assert self.names(admin, "kowalczik") == ["Bea Kowalczik", "Kowalczyk Ann"]
        for number in range(4):
            add(f"Kowalczik {number}")
        assert "Kowalczyk Ann" not in self.names(admin, "kowalczik", limit=20)

    def test_only_what_is_seen_is_found(self, admin, add, make_user):
        tom = make_user("seller", name="Tom")
        add("Hanna One", owner=tom.email)
        add("Hanna Two")
        seller = replace(admin, user_id=tom.pk, scopes={"*": Scope.OWN})
        nobody = replace(admin, scopes={"*": Scope.NONE})
        for text in ("hanna", "one", "hamna", "o"):
            assert self.names(seller, text) == ["Hanna One"], text
            assert self.names(nobody, text) == [], text

    def test_a_hidden_address_is_not_looked_in(self, admin, add):
        add("Ann", email="zed@a.example")
        add("Zed")
        assert self.names(admin, "zed") == ["Zed", "Ann"]
        without = replace(admin, hidden={"person": frozenset({"email"})})
        assert self.names(without, "zed") == ["Zed"]

    # In the transaction of a test, each step by an index is a savepoint with two statements more.
    @pytest.mark.parametrize(("text", "most"), [("kow", 2), ("ann", 5), ("kovalczyk", 8)])
    def test_a_search_costs_four_queries_at_most(
        self, admin, add, django_assert_max_num_queries, text, most
    ):
        for number in range(7):
            add(f"Kowalczyk {number}", email=f"ann{number}@a.example")
        with django_assert_max_num_queries(most):
            assert len(self.names(admin, text)) == 6

    def test_what_takes_too_long_is_cut_off_and_nothing_else(self, admin, add, monkeypatch):
        add("Kowalczyk")
        rows = PERSON.visible_to(admin)
        assert len(near(rows, "kovalczyk")) == 1
        monkeypatch.setattr(search, "LONGEST_MS", 50)
        slow = rows.extra(where=["pg_sleep(600) IS NOT NULL"])
        assert near(slow, "kovalczyk") == []
        with connection.cursor() as cursor:
            for name, usual in (("statement_timeout", "0"), ("enable_seqscan", "on")):
                cursor.execute(f"SHOW {name}")
                assert cursor.fetchone() == (usual,)
        assert PERSON.visible_to(admin).count() == 1

    def test_words_that_take_too_long_find_nothing_as_one_types_but_all_in_a_list(
        self, admin, add, monkeypatch
    ):
        add("Kowalczyk")
        rows = PERSON.visible_to(admin)
        # Whole names come first, and are no matter of this step: only a later word is.
        add("Ann Kowalczyk")
        assert len(first_found(rows, "kowalczyk", 6)) == 2
        monkeypatch.setattr(search, "_by_index", too_long)
        assert names_of(first_found(rows, "kowalczyk", 6)) == ["Kowalczyk"]
        assert [one.name for one in search.search_people(rows, "kowalczyk")] == [
            "Ann Kowalczyk",
            "Kowalczyk",
        ]

    def test_signs_of_patterns_are_letters(self, admin, add):
        add("Per_cent O%Neill")
        assert self.names(admin, "per_c") == ["Per_cent O%Neill"]
        assert self.names(admin, "o%n") == ["Per_cent O%Neill"]
        assert self.names(admin, "o_n") == self.names(admin, "p%t") == []

    @staticmethod
    def names(actor, text, *, limit=6):
        return [row.name for row in PERSON.first_for(actor, text, limit)]


def too_long(rows, patterns=()):
    """The step, as the database cuts it off."""
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SET LOCAL statement_timeout = 10")
        cursor.execute("SELECT pg_sleep(600)")


def names_of(keys):
    return [Person.objects.get(pk=key).name for key in keys]
