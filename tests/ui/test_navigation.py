import pytest
from django.core.exceptions import ImproperlyConfigured

from tandem.kernel.actor import NOBODY
from tandem.ui.navigation import (
    Count,
    NavItem,
    Section,
    entries_for,
    groups_of,
    register,
    settings_of,
    tabs_of,
)
from tests.ui.site import PRIYA

pytestmark = pytest.mark.usefixtures("design_site")


def test_only_what_the_actor_may_open_is_shown():
    assert [entry.key for entry in entries_for(PRIYA)] == ["start", "kit", "list", "company"]


def test_nobody_sees_no_entry():
    assert entries_for(NOBODY) == []


def test_the_longest_address_that_begins_the_path_is_here():
    here = [entry.key for entry in entries_for(PRIYA, path="/ui/components/list") if entry.is_here]
    assert here == ["kit"]


def test_the_start_page_is_here_only_on_itself():
    assert [e.key for e in entries_for(PRIYA, path="/elsewhere") if e.is_here] == []
    assert [e.key for e in entries_for(PRIYA, path="/") if e.is_here] == ["start"]


def test_counts_are_asked_only_where_they_are_shown():
    assert [entry.count for entry in entries_for(PRIYA)] == [None, Count(11, due=True), None, None]
    assert [entry.count for entry in entries_for(PRIYA, with_counts=False)] == [None] * 4


def test_entries_stand_under_their_headings_and_settings_apart():
    entries = entries_for(PRIYA)
    assert [(str(g.heading), [e.key for e in g.entries]) for g in groups_of(entries)] == [
        ("", ["start", "kit"]),
        ("Both teams", ["list"]),
    ]
    assert [entry.key for entry in settings_of(entries)] == ["company"]
    assert [entry.key for entry in tabs_of(entries, most=2)] == ["start", "kit"]


def test_a_key_is_taken_once():
    with pytest.raises(ImproperlyConfigured, match="already has an entry 'start'"):
        register(NavItem("start", "Another", "home", "start"))


def test_a_shortcut_is_taken_once():
    with pytest.raises(ImproperlyConfigured, match="g h is taken by 'start'"):
        register(NavItem("hello", "Hello", "home", "start", shortcut="h"))


def test_an_entry_that_leads_nowhere_is_refused():
    register(NavItem("lost", "Lost", "home", "no-such-route", Section.TOP))
    with pytest.raises(ImproperlyConfigured, match="'no-such-route', which is no route"):
        entries_for(PRIYA)
