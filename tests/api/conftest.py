"""What the tests of the API share: clients that speak JSON with the token of a user of a role."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from tandem.accounts.actions import add_token
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken

BASE = "/api/v1"


class ApiClient:
    """Requests with one token; ``body`` is sent as JSON, or as it is when it is text."""

    def __init__(self, token: str, user: User | None = None) -> None:
        self.token = token
        self.user = user

    def send(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **params: Any
    ) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if key is not None:
            headers["Idempotency-Key"] = key
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        return Client(raise_request_exception=False).generic(
            method,
            BASE + path,
            b"" if body is None else data,
            content_type="application/json",
            headers=headers,
            query_params=params or None,
        )

    def get(self, path: str, **params: Any) -> Any:
        return self.send("GET", path, **params)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        return self.send("POST", path, body, key=key)

    def patch(self, path: str, body: Any, *, key: str | None = None) -> Any:
        return self.send("PATCH", path, body, key=key)

    def delete(self, path: str, *, key: str | None = None, **params: Any) -> Any:
        return self.send("DELETE", path, key=key, **params)


@pytest.fixture(autouse=True)
def _quick_and_fresh(settings: Any) -> None:
    """Passwords are not what is tested here; the pace of tokens begins anew."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    caches["process"].clear()


@pytest.fixture
def client_of(db: None) -> Callable[[User], ApiClient]:
    """The API with a new token of a user."""
    return lambda user: ApiClient(add_token(actor_for(user), NewToken(name="test")).raw, user)


@pytest.fixture
def client_as(
    client_of: Callable[[User], ApiClient], make_user: Callable[..., User]
) -> Callable[..., ApiClient]:
    """The API as a new user of a role: ``client_as("seller")``."""
    return lambda role, **fields: client_of(make_user(role, **fields))


@pytest.fixture
def admin_api(client_as: Callable[..., ApiClient]) -> ApiClient:
    return client_as("admin")


@pytest.fixture
def viewer_api(client_as: Callable[..., ApiClient]) -> ApiClient:
    return client_as("viewer")


@pytest.fixture
def nobody_api(db: None) -> ApiClient:
    return ApiClient("")
