"""The page of a segment: the tree, the dialog of a condition, publishing, reasons, overlap."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.kernel.actor import Actor, Scope
from tandem.people.models import Person
from tandem.segments import queries
from tandem.segments.models import Condition, Segment
from tests.segments.conftest import BRITISH, PRICES, names_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def marketer(client: Client, make_user: Callable[..., User]) -> Client:
    client.force_login(make_user("marketer"))
    return client


def drafted(segment: Segment) -> dict[str, Any]:
    """The draft as it stands."""
    segment.refresh_from_db()
    assert segment.draft is not None
    return dict(segment.draft)


def test_a_condition_is_put_together_in_the_dialog(
    marketer: Client, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    person("Ann", country="GB")
    made = segment(BRITISH, kind="any")
    here = reverse("segments:condition", args=[made.public_id])
    shown = marketer.get(here, {"at": "", "kind": "event"}).content.decode()
    assert "What people did" in shown
    typed = {
        "at": "",
        "kind": "event",
        "doing": "in_order",
        "name_0": "page",
        "field_0_0": "url",
        "test_0_0": "contains",
        "value_0_0": "/prices",
        "name_1": "form",
        "days": "30",
        "within": "7",
    }
    assert marketer.post(here, typed).status_code == 303
    assert drafted(made)["of"][1] == {
        "kind": "in_order",
        "steps": [
            {
                "name": "page",
                "where": [{"field": "url", "test": "contains", "value": "/prices"}],
            },
            {"name": "form"},
        ],
        "within": {"days": 7},
        "window": {"last": {"days": 30}},
    }
    again = marketer.get(here, {"at": "1"}).content.decode()
    assert 'value="/prices"' in again
    assert "says more than this dialog" not in again


def test_a_line_about_people_goes_through_the_dialog(
    marketer: Client, segment: Callable[..., Segment]
) -> None:
    made = segment(PRICES)
    here = reverse("segments:condition", args=[made.public_id])
    typed = {
        "at": "",
        "kind": "person",
        "_field": ["country", "deals.status"],
        "_is_0": "any_of",
        "_value_0": ["GB", "IE"],
        "_is_1": "any_of",
        "_value_1": ["open"],
    }
    assert marketer.post(here, typed).status_code == 303
    assert drafted(made)["of"][1]["where"]["items"] == [
        {"field": "country", "is": "any_of", "value": ["GB", "IE"]},
        {
            "related": "deals",
            "is": "any",
            "where": {
                "op": "and",
                "items": [{"field": "status", "is": "any_of", "value": ["open"]}],
            },
        },
    ]


@pytest.mark.parametrize(
    "typed",
    [
        {"kind": "event", "doing": "did", "name_0": "page", "times": "often"},
        {"kind": "event", "doing": "in_order", "name_0": "page"},
        {"kind": "segment", "segment": ""},
        {"kind": "person", "_field": "country", "_is_0": "any_of"},
    ],
)
def test_what_was_typed_wrong_is_said_and_changes_nothing(
    typed: dict[str, str], marketer: Client, segment: Callable[..., Segment]
) -> None:
    made = segment(BRITISH)
    here = reverse("segments:condition", args=[made.public_id])
    answer = marketer.post(here, {"at": "", **typed})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    made.refresh_from_db()
    assert made.draft is None


def test_a_field_that_nobody_has_is_refused(
    marketer: Client, segment: Callable[..., Segment]
) -> None:
    made = segment(BRITISH)
    here = reverse("segments:condition", args=[made.public_id])
    typed = {"at": "", "kind": "person", "_field": "cats", "_is_0": "any_of", "_value_0": "x"}
    assert marketer.post(here, typed).status_code == 422
    made.refresh_from_db()
    assert made.draft is None


def test_the_definition_as_data_is_taken_or_refused(
    marketer: Client, segment: Callable[..., Segment]
) -> None:
    made = segment(BRITISH)
    here = reverse("segments:definition", args=[made.public_id])
    for text in ("{", json.dumps({"kind": "all", "of": [{"kind": "did"}]}), "[" * 5000):
        answer = marketer.post(here, {"who": text})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode()
    made.refresh_from_db()
    assert made.draft is None
    assert (
        marketer.post(here, {"who": json.dumps({"kind": "any", "of": [BRITISH]})}).status_code
        == 303
    )
    made.refresh_from_db()
    assert made.draft == {"kind": "any", "of": [BRITISH]}


def test_draft_and_publication_on_the_page(
    marketer: Client, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    ann = person("Ann Kowalczyk", country="GB", email="ann@tin.example")
    person("Ben", country="NL")
    made = segment(BRITISH)
    page = reverse("records:record", args=["segments", made.public_id])
    edit = reverse("segments:edit", args=[made.public_id])
    marketer.post(edit, {"do": "joint", "at": "", "kind": "none"})
    shown = marketer.get(page).content.decode()
    assert "1 person" in shown
    assert "Version 1 has 1. 1 would join, 1 leave." in shown
    marketer.post(reverse("segments:publication", args=[made.public_id]))
    assert names_in(made) == ["Ben"]
    reasons = reverse("segments:reasons", args=[made.public_id])
    told = marketer.get(reasons, {"person": str(ann.public_id)}).content.decode()
    assert "is not in it" in told
    assert "Country: United Kingdom" in told
    assert "Ann Kowalczyk" in marketer.get(reasons, {"find": "kowal"}).content.decode()
    # An edit at a place that is gone changes nothing, and says so.
    assert marketer.post(edit, {"do": "remove", "at": "7"}).status_code == 303
    made.refresh_from_db()
    assert made.draft is None


def test_a_condition_that_cannot_be_asked_says_so(
    marketer: Client, segment: Callable[..., Segment]
) -> None:
    made = segment(BRITISH)
    Condition.objects.filter(leaf=BRITISH).update(fault="This field is gone.")
    page = reverse("records:record", args=["segments", made.public_id])
    assert "holds whom it held: This field is gone." in marketer.get(page).content.decode()


def test_overlap_counts_whom_both_hold(
    marketer: Client, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    for name, country in (("Ann", "GB"), ("Ben", "GB"), ("Cas", "NL")):
        person(name, country=country)
    british, everybody = (
        segment(BRITISH, name="British"),
        segment(BRITISH, kind="none", name="Else"),
    )
    both = segment({"kind": "any", "of": [BRITISH, {"kind": "none", "of": [BRITISH]}]}, name="All")
    asked = {"of": [str(one.public_id) for one in (british, everybody, both)]}
    answer = marketer.get(reverse("segments:overlap"), asked)
    counts = [[cell.count for cell in cells] for *_rest, cells in answer.context["rows"]]
    assert counts == [[3, 2, 1], [2, 2, 0], [1, 0, 1]]  # All, British, Else


def test_the_list_of_people_is_narrowed_to_a_segment(
    marketer: Client, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    person("Ann", country="GB")
    person("Ben", country="NL")
    made = segment(BRITISH, name="British")
    page = marketer.get(reverse("records:record", args=["segments", made.public_id]))
    found = re.search(r'href="(/people[^"]+)"', page.content.decode())
    assert found is not None
    shown = marketer.get(unescape(found[1])).content.decode()
    assert "Ann" in shown
    assert "Ben" not in shown
    # In a definition another segment is a condition of its own, which is followed.
    node = {"kind": "person", "where": {"related": "segments", "is": "any"}}
    here = reverse("segments:definition", args=[made.public_id])
    answer = marketer.post(here, {"who": json.dumps({"kind": "all", "of": [node]})})
    assert answer.status_code == 422


def test_a_segment_is_as_large_as_one_sees(
    system: Actor,
    make_user: Callable[..., User],
    person: Callable[..., Person],
    segment: Callable[..., Segment],
) -> None:
    owner, other = make_user("seller"), make_user("seller")
    person("Ann", country="GB", owner=owner.email)
    person("Ben", country="GB", owner=other.email)
    made = segment(BRITISH)
    assert queries.sizes_for(system, [made]) == {made.pk: 2}
    own = replace(actor_for(owner), scopes={"*": Scope.OWN})
    assert queries.sizes_for(own, [made]) == {made.pk: 1}
