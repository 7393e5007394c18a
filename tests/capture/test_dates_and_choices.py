"""Questions for a date and for several choices that fill no custom field."""

import re

import pytest
from django.test import Client

from tandem.capture.models import Form, Submission
from tandem.capture.queries import answered
from tandem.people.models import Person
from tests.capture.conftest import token_in

pytestmark = pytest.mark.django_db

ASKS = """
email | Mail address * | email
day | Which day? * | date
wants | What may we send? * | choices: Tins, Gift wrap, Cards
extras | Extras | choices: Ribbon, Bow
"""


@pytest.fixture
def form(add_form) -> Form:
    made: Form = add_form(fields=ASKS)
    return made


@pytest.fixture
def fill(form, visitor: Client):
    """Fill the public page: ``fill(day="2026-05-04", wants=["Tins"])``; its answer."""

    def send(**given: str | list[str]):
        html = visitor.get(f"/f/{form.slug}").content.decode()
        page = {"_token": token_in(html), "email": "ann@lee.example", **given}
        return visitor.post(f"/f/{form.slug}", page)

    return send


def test_they_are_asked_with_a_date_and_boxes(form, visitor: Client):
    html = visitor.get(f"/f/{form.slug}").content.decode()
    assert '<input id="q-day" name="day" type="date"' in html
    boxes = re.findall(r'type="checkbox" name="wants" value="([^"]+)"', html)
    assert boxes == ["Tins", "Gift wrap", "Cards"]


def test_what_was_picked_is_kept_in_the_order_of_the_form(fill):
    assert fill(day="2026-05-04", wants=["Cards", "Tins", "Cards"]).status_code == 303
    made = Submission.objects.get()
    assert made.answers == {
        "email": "ann@lee.example",
        "day": "2026-05-04",
        "wants": ["Tins", "Cards"],
    }
    assert answered(made, made.answers) == [
        ("Mail address", "ann@lee.example"),
        ("Which day?", "2026-05-04"),
        ("What may we send?", "Tins, Cards"),
    ]


@pytest.mark.parametrize(
    ("key", "given"),
    [
        ("day", ""),
        ("day", "20260504"),
        ("day", "2026-02-30"),
        ("day", "2026-W19-1"),
        ("day", "1777852800"),
        ("wants", []),
        ("wants", [";"]),
        ("wants", ["Tins", "Rockets"]),
        ("extras", ["Rockets"]),
    ],
)
def test_what_cannot_be_is_refused_beside_its_question_and_nothing_is_kept(fill, key, given):
    answer = fill(**{"day": "2026-05-04", "wants": ["Tins"], key: given})
    assert answer.status_code == 422
    assert re.findall(r'class="p-error" id="e-(\w+)"', answer.content.decode()) == [key]
    assert (Submission.objects.count(), Person.objects.count()) == (0, 0)


def test_what_was_picked_stays_picked_when_the_form_is_shown_again(fill):
    shown = fill(day="never", wants=["Gift wrap", "Cards"]).content.decode()
    picked = re.findall(r'name="wants" value="([^"]+)" checked', shown)
    assert picked == ["Gift wrap", "Cards"]
