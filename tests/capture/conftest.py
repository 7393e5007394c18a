"""What the tests of capture share: a form, a page, and a visitor who sends them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from tandem.capture import queries
from tandem.capture.actions import PUBLIC, create_form, create_page, submit_form
from tandem.capture.models import Form, LandingPage, Submission
from tandem.capture.rules import origin_of
from tandem.capture.schemas import NewForm, NewPage, SubmissionIn
from tandem.kernel.actor import Actor

FIELDS = """
name | Your name * | text
email | Mail address * | email
phone | Phone | phone
company | Company | text
about | What is it about? | choice: Tins, Cards
message | Message | long 2000
"""


@pytest.fixture(autouse=True)
def _fresh_counters() -> None:
    caches["process"].clear()


@pytest.fixture
def add_form(system: Actor, db: None) -> Callable[..., Form]:
    """Make a published form; ``add_form(raises_hand=True)``."""

    def make(**fields: Any) -> Form:
        values = {
            "name": "Trade prices",
            "slug": "trade-prices",
            "fields": FIELDS,
            "status": "published",
            **fields,
        }
        return create_form(system, data=NewForm.model_validate(values))[0]

    return make


@pytest.fixture
def form(add_form: Callable[..., Form]) -> Form:
    return add_form(
        raises_hand=True,
        contact_kind="pricing",
        consent_wording="Send me news by e-mail. I can stop that at any time.",
    )


@pytest.fixture
def page(system: Actor, form: Form) -> LandingPage:
    data = {
        "name": "Winter tins",
        "slug": "winter-tins",
        "headline": "Tins that sell themselves",
        "blocks": "# Why\n\n- They stack\n\n> Sold out in a week — Ann",
        "form": form.slug,
        "status": "published",
    }
    return create_page(system, data=NewPage.model_validate(data))[0]


@pytest.fixture
def send(form: Form) -> Callable[..., Submission]:
    """Send the form as the public: ``send(email="a@b.example", url=..., referrer=...)``."""

    def post(
        *,
        token: str = "",
        url: str = "https://shop.example/f/trade-prices",
        referrer: str = "",
        page: LandingPage | None = None,
        of: Form | None = None,
        **given: Any,
    ) -> Submission:
        extra = {
            name: given.pop(name)
            for name in ("has_consent", "is_trapped", "visitor", "network")
            if name in given
        }
        answers = {"name": "Ann Lee", "email": "ann@lee.example", **given}
        signed = token or queries.signed_token(of or form, page, origin_of(url, referrer))
        return submit_form(PUBLIC, data=SubmissionIn(token=signed, answers=answers, **extra))

    return post


@pytest.fixture
def visitor() -> Client:
    """A browser without cookies or scripts."""
    return Client(raise_request_exception=False)


def token_in(html: str) -> str:
    """The token that a shown form carries."""
    found = re.search(r'name="_token" value="([^"]+)"', html)
    assert found is not None
    return found[1]
