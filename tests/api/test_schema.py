"""Requests made from the OpenAPI file, sound and unsound: what comes back is what it says.

Every operation is asked by an admin, by a viewer and without a token; each example is rolled back.
Left out, and why: ``positive_data_acceptance``, because a schema cannot tell that an address needs
a domain that exists or that a filter names a field; and the look-up of 405, which belongs to an
address and not to an operation (``test_refusals`` looks at its form). ``negative_data_rejection``
is left out only where the wrong part is not sent: see ``unsound_on_the_wire``.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tandem.accounts.queries import actor_for
from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.models import ProgressRecord
from tandem.people.actions import create_company, create_person
from tandem.people.schemas import NewCompany, NewPerson
from tandem.records.actions import add_comment, save_view
from tandem.records.schemas import NewComment, NewView
from tandem.records.slots import object_type
from tests.api.conftest import ApiClient
from tests.api.openapi import METHODS, described

EXAMPLES = 8

pytestmark = pytest.mark.django_db

Known = Mapping[str, Mapping[str, UUID]]


schema = schemathesis.openapi.from_wsgi(
    "/api/v1/openapi.json",
    get_wsgi_application(),
    config=SchemathesisConfig.from_dict({"generation": {"database": "none"}}),
)


@pytest.fixture
def known(system: Actor) -> Callable[[ApiClient], Known]:
    """What there is, by the first word of the path and the name of the argument."""

    def furnish(caller: ApiClient) -> Known:
        actor = _actor(caller)
        made: dict[str, dict[str, UUID]] = {}
        person, _ = create_person(system, data=NewPerson(name="Ann", email="ann@lee.example"))
        company, _ = create_company(system, data=NewCompany(name="Lee"))
        for slug, kind, record in (("people", "person", person), ("companies", "company", company)):
            described_type, ids = object_type(kind), {"public_id": record.public_id}
            view = save_view(actor, described_type, data=NewView(name="Mine"))
            ids["view_id"] = view.public_id
            if actor.may("records.comment"):
                said = add_comment(
                    actor, described_type, record.public_id, data=NewComment(text="Hello")
                )
                said.refresh_from_db()
                ids["comment_id"] = said.public_id
            made[slug] = ids
        done = last_change_set()
        assert done is not None
        job = ProgressRecord.objects.create(kind="x", label="x", unit="x", actor_id=actor.user_id)
        job.refresh_from_db()
        made["change-sets"] = {"public_id": done}
        made["progress"] = {"public_id": job.public_id}
        return made

    return furnish


def _actor(caller: ApiClient) -> Actor:
    assert caller.user is not None
    return actor_for(caller.user)


def aimed(case: Any, known: Known) -> None:
    """Let three of four sound ids be those of something that is there."""
    there = known.get(case.path.removeprefix("/api/v1/").split("/")[0], {})
    for name, value in (case.path_parameters or {}).items():
        try:
            number = UUID(str(value)).int
        except ValueError:
            continue
        if name in there and number % 4:
            case.path_parameters[name] = str(there[name])


def unsound_on_the_wire(case: Any) -> bool:
    """Say whether what makes a case unsound is sent: a query's nothing and a wrong header are not.

    A query cannot write null or an empty list, so the parameter stays away, which is allowed; and
    the token that the test sends replaces a wrong one.
    """
    headers = case.meta.components.get(ParameterLocation.HEADER)
    replaced = headers is not None and headers.mode.is_negative
    return not replaced and not any(value in (None, []) for value in (case.query or {}).values())


@pytest.fixture
def one_transaction() -> Iterator[None]:
    """Let the end of a request leave the connection as it is, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def callers(client_as, known, monkeypatch, one_transaction) -> list[tuple[ApiClient, Known]]:
    monkeypatch.setattr("tandem.accounts.api.REQUESTS_PER_MINUTE", 1_000_000)
    return [(client, known(client)) for client in (client_as("admin"), client_as("viewer"))]


@schema.parametrize()
# The same cases each time: what is found is found by whoever changes something, not by chance.
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_described(case, callers):
    left_out = [positive_data_acceptance]
    if not unsound_on_the_wire(case):
        left_out.append(negative_data_rejection)
    for caller, there in callers:
        aimed(case, there)
        with transaction.atomic():
            case.call_and_validate(
                # Without a wire in between nobody decompresses.
                headers={
                    "Authorization": f"Bearer {caller.token}",
                    "Accept-Encoding": "identity",
                },
                excluded_checks=left_out,
            )
            transaction.set_rollback(True)


def test_nothing_opens_without_a_token(nobody_api, db):
    for method, path, operation in operations():
        answer = nobody_api.send(method.upper(), _filled(path, operation), {})
        assert (method, path, answer.status_code) == (method, path, 401)
        assert answer.json()["code"] == "unauthenticated"
        assert answer["WWW-Authenticate"] == "Bearer"


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation: its method, its path and what the description says of it."""
    found = [
        (method, path, methods[method])
        for path, methods in described()["paths"].items()
        for method in METHODS
        if method in methods
    ]
    assert len(found) >= 200
    return found


def _filled(path: str, operation: dict[str, Any]) -> str:
    for given in operation["parameters"]:
        if given["in"] == "path":
            path = path.replace(f"{{{given['name']}}}", _word_of(given["schema"]))
    assert "{" not in path
    return path.removeprefix("/api/v1")


def _word_of(schema: dict[str, Any]) -> str:
    """A word that the pattern of the address takes."""
    if schema.get("format") == "uuid":
        return str(UUID(int=1))
    return "1" if schema.get("type") == "integer" else "x"
