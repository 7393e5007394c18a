"""A list that is searched for words: the same rows in the same order, however they are found."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tandem.kernel.actor import Scope
from tandem.kernel.context import remembering
from tandem.people.models import Person
from tandem.people.queries import search
from tandem.people.views.kinds import PERSON
from tandem.records.queries import ListQuery, count_up_to, list_page, neighbours
from tandem.records.rules import Condition, Group

# How many are taken by their keys, and how many are gathered: all by key, all by words, and none.
WAYS = ((6_000, 20_000), (0, 20_000), (0, 0))
FIRST, LAST = ("Yara", "Ros", "Adam", "Zoe"), ("Rosen", "Yaralin", "Adamson", "Ash")
COUNTRIES = ("GB", "", "DE")
NAMED = [f"{first} {last}" for first in FIRST for last in LAST]


@pytest.fixture
def crowd(add, make_user):
    """Sixteen people, some of whom are a seller's, and who that is."""
    tom = make_user("seller", name="Tom")
    for at, name in enumerate(NAMED):
        owner = {"owner": tom.email} if at % 3 else {}
        add(
            name,
            country=COUNTRIES[at % 3],
            email=f"ros{at}@a.example" if at % 5 == 0 else "",
            **owner,
        )
    return tom


@pytest.fixture(params=WAYS, ids=("by key", "by words", "walked"))
def way(request, monkeypatch):
    most_by_key, most_gathered = request.param
    monkeypatch.setattr(search, "MAX_BY_KEY", most_by_key)
    monkeypatch.setattr(search, "MAX_GATHERED", most_gathered)
    return request.param


def pages_of(actor, query):
    """The names of all pages, one after another."""
    found = []
    while True:
        page = list_page(PERSON, actor, query)
        found += [row.name for row in page.rows]
        if not page.next:
            return found
        query = replace(query, cursor=page.next)


@pytest.mark.django_db
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(
        st.sampled_from(["ros", "yara", "adam", "a", "z", "ash"]), min_size=1, max_size=2
    ),
    sort=st.sampled_from(["name", "-name", "country", "-country"]),
    limit=st.sampled_from([1, 3, 50]),
    is_narrow=st.booleans(),
    is_seller=st.booleans(),
)
def test_pages_and_counts_are_those_of_the_plain_question(
    admin, crowd, way, words, sort, limit, is_narrow, is_seller
):
    actor = replace(admin, user_id=crowd.pk, scopes={"*": Scope.OWN}) if is_seller else admin
    narrow = Group("and", (Condition("country", "is", "GB"),))
    query = ListQuery(text=" ".join(words), sort=sort, limit=limit)
    query = replace(query, filters=narrow) if is_narrow else query

    rows = Person.objects.all()
    for word in words:
        rows = rows.filter(search_key__contains=f" {word}")
    rows = rows.filter(country="GB") if is_narrow else rows
    rows = rows.filter(owner=crowd.pk) if is_seller else rows
    key = sort.removeprefix("-")
    plain = sorted(rows, key=lambda one: one.pk)
    plain.sort(
        key=lambda one: one.country if key == "country" else one.sort_key, reverse=sort != key
    )
    expected = [one.name for one in plain]

    if len(expected) >= search.ENOUGH_HITS or len(query.text) < search.SHORTEST_NEAR:
        assert pages_of(actor, query) == expected
        assert count_up_to(PERSON, actor, query) == (len(expected), True)
    else:  # with those that are spelt nearly so
        found = pages_of(actor, query)
        assert set(expected) <= set(found)
        assert len(found) == len(set(found)) == count_up_to(PERSON, actor, query)[0]


@pytest.mark.django_db
def test_the_records_beside_one_are_those_of_the_searched_list(admin, crowd, way):
    query = ListQuery(text="ros", sort="name")
    names = pages_of(admin, query)
    assert len(names) > 5
    for at, name in enumerate(names):
        before, after = neighbours(PERSON, admin, query, Person.objects.get(name=name))
        assert (before and before.name) == (names[at - 1] if at else None)
        assert (after and after.name) == (names[at + 1] if at + 1 < len(names) else None)


@pytest.mark.django_db
def test_a_hidden_address_is_neither_found_nor_counted(admin, crowd, way):
    without = replace(admin, hidden={"person": frozenset({"email"})})
    query = ListQuery(text="ros")
    seen = [name for name in sorted(NAMED) if "Ros" in name]
    assert pages_of(without, query) == seen
    assert count_up_to(PERSON, without, query) == (len(seen), True)
    assert len(pages_of(admin, query)) > len(seen)


@pytest.mark.django_db
def test_a_count_ends_at_its_limit(admin, crowd, way):
    assert count_up_to(PERSON, admin, ListQuery(text="a"), limit=3) == (3, False)


@pytest.mark.django_db
def test_few_are_sorted_and_many_walked_and_the_index_is_asked_once_a_request(admin, crowd, way):
    query = ListQuery(text="ros")
    with remembering(), CaptureQueriesContext(connection) as asked:
        list_page(PERSON, admin, query)
        count_up_to(PERSON, admin, query)
    texts = [one["sql"] for one in asked]
    assert sum("enable_seqscan" in text for text in texts) == 1
    is_gathered = way[1] > 0
    assert any("ORDER BY (SELECT" in text for text in texts) == is_gathered
