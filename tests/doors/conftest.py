"""The scene of the doors: two sellers who do not see each other's people, and how one comes in."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.core.cache import caches
from django.test import Client

from tandem.accounts.actions import add_token
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.deals.actions import open_deal
from tandem.deals.schemas import NewDeal
from tandem.kernel.actor import NOBODY, Actor
from tandem.people.actions import create_person
from tandem.people.schemas import NewPerson

# Rows that say who looked, not what was done.
NO_BUSINESS = {"accounts.apitoken", "kernel.idempotencykey"}
OURS = (
    *("kernel", "accounts", "records", "lake", "timeline", "people", "consent", "capture"),
    *("revenue", "campaigns", "deals", "segments"),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """Who stands at the door, and what there is: a person of theirs and one out of their sight."""

    user: User | None
    own: UUID
    foreign: UUID
    own_deal: UUID
    foreign_deal: UUID
    token: str

    def about(self, kind: str, *, is_foreign: bool = False) -> UUID:
        """The person or deal that a verb is about: one's own, or one out of sight."""
        found: UUID = getattr(self, ("foreign" if is_foreign else "own") + kind)
        return found

    @property
    def actor(self) -> Actor:
        return actor_for(self.user) if self.user else NOBODY

    def browser(self) -> Client:
        client = Client(raise_request_exception=False)
        if self.user:
            client.force_login(self.user)
        return client

    def api(self, method: str, path: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return Client(raise_request_exception=False).generic(
            method,
            f"/api/v1{path}",
            b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers=headers,
        )


@pytest.fixture(autouse=True)
def _quick_and_fresh(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    caches["process"].clear()


@pytest.fixture
def scene_for(make_user: Callable[..., User], system: Actor) -> Callable[[str], Scene]:
    """The scene with a user of a role at the door; ``""`` is nobody."""

    def furnish(role: str) -> Scene:
        user = make_user(role, name="Priya Nair") if role else None
        stranger = make_user("seller", name="Tom Else")
        mine = {"owner": str(user.public_id)} if user else {}
        own, _new = create_person(system, data=NewPerson(name="Ann", email="ann@x.example", **mine))
        other, _new = create_person(
            system, data=NewPerson(name="Bo", owner=str(stranger.public_id))
        )
        deal, _new = open_deal(system, data=NewDeal(name="Tins", amount=Decimal(5), **mine))
        theirs = NewDeal(name="Boxes", owner=str(stranger.public_id))
        other_deal, _new = open_deal(system, data=theirs)
        token = add_token(actor_for(user), NewToken(name="door")).raw if user else ""
        ids = (own.public_id, other.public_id, deal.public_id, other_deal.public_id)
        return Scene(user, *ids, token)

    return furnish


@pytest.fixture
def written(db: None) -> Callable[[], dict[str, int]]:
    """How many rows there are in every business table, its history included."""

    def count() -> dict[str, int]:
        return {
            model._meta.label_lower: model._base_manager.count()
            for model in apps.get_models()
            if model._meta.app_label in OURS and model._meta.managed
            if model._meta.label_lower not in NO_BUSINESS
        }

    return count
