"""Every door x every role x own, team's and foreign records, held against the policy.

The doors are listed from the URL table and the OpenAPI file: a new one without a row in ``policy``
fails. Every address is asked by every role (and by nobody) about records that all of them see;
pages that are there for every kind of record are asked of a person, a deal and a form there. A
seller is asked about all kinds, each time of a foreign record; of an own one and one of the team
everything about persons and deals, and whatever reads of the other kinds.
What is refused is really sent, and afterwards no row of any table is another; what is let in is
taken back.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import time_machine
from django.core.cache import caches
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client

from tandem.accounts.actions import add_token
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.kernel.actor import Actor
from tandem.kernel.permissions import declared
from tandem.records.slots import OBJECT_TYPES
from tests.doors import policy
from tests.doors.routes import NOT_THERE, filled, operations, page_routes
from tests.doors.world import AT, Things, found_world, furnish
from tests.house.test_doors import DOORS_OF_OTHERS, _origin

# Hundreds of requests in each test: on a busy machine that takes its time.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(3600)]

SAMPLED_KINDS = ("person", "deal", "form")
IS_ABOUT_A_RECORD = re.compile(r"<(uuid:)?(public_id|person_id)>|{public_id}")


@dataclass(frozen=True)
class Door:
    """An address that is filled in, how it is asked and what it needs."""

    route: str
    method: str
    address: str
    kind: str
    needs: str
    operation: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.route} {self.kind}"


# --- the doors ------------------------------------------------------------------------------------


def own_pages() -> list[str]:
    """The routes of pages, but for those of the library that signs people in."""
    others = tuple(DOORS_OF_OTHERS)
    return [
        route.replace("^", "").replace("\\Z", "")
        for route, view in page_routes()
        if not route.startswith("/accounts/") and not _origin(view).startswith(others)
    ]


def doors(things: Things) -> Iterator[Door]:
    """Every door about a set of records; a page is asked to show and to do."""
    kinds = {one.slug: one.kind for one in OBJECT_TYPES} | {
        one.kind: one.kind for one in OBJECT_TYPES
    }
    for route in dict.fromkeys(own_pages()):
        if policy.PAGES[route] == policy.PUBLIC:
            continue
        for address in filled(route, things):
            kind = _kind_in(route, address.strip("/").split("/"), kinds)
            for method in ("GET", "POST"):
                yield Door(route, method, address, kind, policy.needs_of_page(route, kind))
    for method, path, name in operations():
        kind = name.split("_")[0] if name.split("_")[0] in policy.VERBS else ""
        if kind and kind not in things.ids:
            continue
        for address in filled(re.sub(r"{(\w+)}", r"<\1>", path), things):
            yield Door(path, method, address, kind, policy.needs_of_operation(name), name)


# Where the kind stands in the addresses of these routes, beside those that begin with any.
KIND_AT = {
    "/timeline/": 1,
    "/handoffs/of/": 2,
    "/segments/<": 0,
    "/<kind:kind>": 0,
    "/<slug:slug>": 0,
}


def _kind_in(route: str, parts: list[str], kinds: Mapping[str, str]) -> str:
    at = next((at for begin, at in KIND_AT.items() if route.startswith(begin)), None)
    return "" if at is None else kinds.get(parts[at], "")


# --- who asks -------------------------------------------------------------------------------------


class Caller:
    """A role at the doors: by session at pages, by token at the API."""

    def __init__(self, user: User | None) -> None:
        self._browser = Client(raise_request_exception=False)
        self._program = Client(raise_request_exception=False)
        self._token = ""
        if user is not None:
            self._browser.force_login(user)
            self._token = add_token(actor_for(user), NewToken(name="door")).raw

    def ask(self, door: Door, things: Things) -> int:
        """What is answered to this request, with a sound body where it takes one."""
        if not door.operation:
            answer = (
                self._browser.get(door.address)
                if door.method == "GET"
                else self._browser.post(door.address, FORMS.get(door.route, {}))
            )
            is_sent_away = answer.status_code == 302 and "/accounts/login" in answer["Location"]
            status = 401 if is_sent_away else answer.status_code
        else:
            answer = self._send(door, things)
            status = answer.status_code
        if answer.streaming:
            list(answer)  # reading a file to its end closes it
        return status

    def _send(self, door: Door, things: Things) -> Any:
        bearer = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if door.operation.endswith("_attach"):
            file = SimpleUploadedFile("a.txt", b"tins")
            return self._program.post(door.address, {"file": file}, headers=bearer)
        if door.operation == "import_create":
            file = SimpleUploadedFile("a.csv", b"name,email\nCy,cy@x.example\n")
            sent = {"kind": "people", "file": file}
            return self._program.post(door.address, sent, headers=bearer)
        body = body_of(door, things)
        sent = {"data": body, "content_type": "application/json"} if body is not None else {}
        address = door.address + ASKED.get(door.operation, lambda _things: "")(things)
        if door.operation.endswith("_untag"):
            address += "?name=Trade"
        if door.operation.endswith("_aggregates"):
            address += "?of=name:count"
        return self._program.generic(
            door.method,
            address,
            b"" if body is None else _json(body),
            content_type="application/json",
            headers=bearer,
        )


def _json(body: Any) -> bytes:
    import json  # noqa: PLC0415

    return json.dumps(body).encode()


_ONE = "/<kind:kind>/<uuid:public_id>"
FORMS: dict[str, dict[str, Any]] = {
    f"{_ONE}/comments": {"text": "Hello"},
    f"{_ONE}/tags": {"name": "Trade"},
    "/handoffs/<uuid:public_id>/rejection": {"code": "no_project"},
    "/handoffs/<uuid:public_id>/touches": {"channel": "call", "outcome": "reached"},
    "/deals/<uuid:public_id>/contacts": {"person": "Somebody"},
}
ASKED: dict[str, Callable[[Things], str]] = {
    "timeline_list": lambda things: f"?person={things.ids['person']}",
    "timeline_pin": lambda things: f"?person={things.ids['person']}",
    "timeline_unpin": lambda things: f"?person={things.ids['person']}",
    "attribution_get": lambda _things: "?model=first",
}

CREATED: dict[str, Callable[[Things], dict[str, Any]]] = {
    "person": lambda _t: {"name": "Cy Dee"},
    "company": lambda _t: {"name": "Dee Ltd"},
    "suppression": lambda _t: {"address": "stop@x.example"},
    "form": lambda _t: {"name": "More", "slug": "more", "fields": "email | Mail * | email"},
    "page": lambda _t: {"name": "More", "slug": "more", "headline": "More"},
    "submission": lambda _t: {"form": "samples", "name": "Cy", "email": "cy@x.example"},
    "message": lambda _t: {},
    "campaign": lambda _t: {"name": "Spring", "currency": "GBP"},
    "segment": lambda _t: {"name": "Warm"},
    "cost": lambda t: {"campaign": str(t.ids["campaign"]), "on": "2026-11-01", "amount": 5},
    "lead": lambda t: {"person": str(t.ids["person"])},
    "handoff": lambda t: {"lead": str(t.ids["lead"])},
    "deal": lambda _t: {"name": "Crates"},
    "pipeline": lambda _t: {"name": "Renewals"},
    "order": lambda _t: {"number": "T-9", "amount": "12.50", "currency": "GBP"},
}
BODIES: dict[str, Callable[[Things], Any]] = {
    "comment": lambda _t: {"text": "Hello"},
    "tag": lambda _t: {"name": "Trade"},
    "save_view": lambda _t: {"name": "Mine"},
    "change_view": lambda _t: {"name": "Ours"},
    "bulk": lambda _t: {"verb": "tag", "filter": {"op": "and", "items": []}, "tag": {"name": "A"}},
    "merge": lambda _t: {"absorbed": str(NOT_THERE)},
    "merge_many": lambda _t: {"absorbed": [str(NOT_THERE)]},
    "change": lambda _t: {},
    "erase": lambda _t: {"name": "Somebody"},
    "refuse_erasure": lambda _t: {"reason": "A claim"},
    "role_rights": lambda _t: {"held": []},
    "role_scopes": lambda _t: {"scopes": {}},
    "role_hidden_fields": lambda _t: {"fields": []},
    "deal_move": lambda _t: {"stage": "Discovery"},
    "deal_win": lambda _t: {},
    "deal_lose": lambda _t: {"reason": "price"},
    "deal_reopen": lambda _t: {},
    "deal_put_contact": lambda t: {"person": str(t.ids["person"])},
    "pipeline_add_stage": lambda _t: {"name": "Trial"},
    "pipeline_change_stage": lambda _t: {"name": "Trial"},
    "field_create": lambda _t: {"kind": "person", "type": "number", "label": "Shoe size"},
    "field_change": lambda _t: {"label": "Shoe"},
    "consent_create": lambda t: {
        "person": str(t.ids["person"]), "state": "granted", "wording": "Yes",
    },
    "campaign_attach_asset": lambda t: {"kind": "form", "id": str(NOT_THERE)},
    "handoff_accept": lambda _t: {},
    "handoff_reject": lambda _t: {"code": "no_project"},
    "handoff_reply": lambda _t: {"verdict": "agree"},
    "handoff_touch": lambda _t: {"channel": "call", "outcome": "reached"},
    "change_set_undo": lambda _t: {},
    "person_add_email": lambda _t: {"address": "more@x.example"},
    "person_change_email": lambda _t: {"status": "ok"},
    "person_add_phone": lambda _t: {"number": "+442071838751"},
    "person_change_phone": lambda _t: {"status": "ok"},
    "person_add_employment": lambda _t: {"title": "Buyer"},
    "person_change_employment": lambda _t: {"title": "Buyer"},
    "person_add_relationship": lambda _t: {"type": "knows", "person": "Somebody"},
    "person_change_relationship": lambda _t: {"note": "x"},
    "company_add_domain": lambda _t: {"domain": "more.example"},
    "company_change_domain": lambda _t: {"is_primary": True},
}  # fmt: skip


def body_of(door: Door, things: Things) -> Any:
    """A sound body for an operation; None where it takes none."""
    if door.operation in BODIES:
        return BODIES[door.operation](things)
    verb = door.operation.partition("_")[2]
    if verb == "change_many":
        return {"rows": [{"id": str(things.ids[door.kind])}]}
    if verb == "create" and door.kind:
        return CREATED[door.kind](things)
    if door.kind and verb in BODIES:
        return BODIES[verb](things)
    return None


# --- what there is --------------------------------------------------------------------------------


def contents() -> dict[str, str]:
    """A hash of every table but those that say who looked."""
    looked = {"accounts_apitoken", "django_session", "kernel_cache", "accounts_user",
              "records_access", "timeline_storymark", "kernel_idempotencykey"}  # fmt: skip
    tables = [
        name
        for name in connection.introspection.table_names()
        if name not in looked and not re.search(r"_y\d{4}m\d\d$", name)
    ]
    parts = " UNION ALL ".join(
        f"SELECT '{name}', md5(coalesce(string_agg(md5(t::text), '' ORDER BY t::text), ''))"
        f' FROM "{name}" t'
        for name in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(parts)
        return dict(cursor.fetchall())


@pytest.fixture(autouse=True)
def _kept(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr("tandem.accounts.api.REQUESTS_PER_MINUTE", 1_000_000)
    caches["process"].clear()
    with time_machine.travel(AT, tick=False):
        yield


def outcome(caller: Caller, door: Door, things: Things) -> int:
    """The status of a request that may do something, which is taken back."""
    with transaction.atomic():
        status = caller.ask(door, things)
        transaction.set_rollback(True)
    return status


# --- the table is whole ---------------------------------------------------------------------------


def test_the_policy_names_every_right_and_who_has_it():
    assert {name: set(of.split()) for name, of in policy.RIGHTS.items()} == {
        name: set(found.roles) for name, found in declared().items()
    }


def test_the_policy_names_every_kind_of_record():
    assert {
        one.kind: (
            one.permissions.view, one.permissions.create,
            one.permissions.edit, one.permissions.delete,
        )
        for one in OBJECT_TYPES
    } == dict(policy.VERBS)  # fmt: skip


def test_the_policy_names_every_page():
    assert sorted(policy.PAGES) == sorted(set(own_pages()))


def test_the_policy_names_every_operation():
    names = [name for _method, _path, name in operations()]
    of_kinds = {f"{kind}_{verb}" for kind in policy.VERBS for verb in policy.KIND_OPERATIONS}
    assert [name for name in names if name not in of_kinds and name not in policy.OPERATIONS] == []
    assert set(policy.OPERATIONS) - set(names) == set()
    used = {name.partition("_")[2] for name in names if name in of_kinds}
    assert set(policy.KIND_OPERATIONS) - used == set()


# --- the matrix -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [*(one for one in policy.ROLES if one != "seller"), ""])
def test_every_door_lets_in_whom_the_policy_says(role, system: Actor, make_user):
    world = found_world(system, make_user)
    caller = Caller(make_user(role, name="Zoe") if role else None)
    asked = [one for one in doors(world.own) if one.kind in (*SAMPLED_KINDS, "")]
    wrong = []
    refused = [one for one in asked if not policy.may(role, one.needs)]
    before = contents()
    for door in refused:
        status = caller.ask(door, world.own)
        if status not in refusals(door, role):
            wrong.append(f"{role or 'nobody'} {door}: {status}, and should be refused")
    assert contents() == before
    for door in asked:
        if policy.may(role, door.needs) and not is_own_only(door):
            status = outcome(caller, door, world.own)
            if status in (401, 403) or status >= 500:
                wrong.append(f"{role} {door}: {status}, and should be let in")
    assert wrong == []
    assert len(refused) > 15 or role == "admin"


def test_a_seller_meets_own_and_team_records_and_no_foreign_ones(system: Actor, make_user):
    world = found_world(system, make_user)
    users = world.users
    mates = furnish(system, users["mate"], mark="Qmate", form=world.form)
    foreign = furnish(system, users["tom"], mark="Zfar", form=world.form)
    caller = Caller(users["priya"])
    wrong: list[str] = []
    before = contents()
    alike = zip(doors(world.own), doors(mates), doors(foreign), strict=True)
    for own, team, far in alike:
        is_let_in = policy.may("seller", own.needs)
        is_far = is_let_in and far.address != own.address and _is_scoped(far)
        if not is_let_in:
            found = [caller.ask(own, world.own), caller.ask(far, foreign)]
            if found[0] not in refusals(own, "seller") or found[1] not in (403, 404, 405):
                wrong.append(f"{own}: {found}, and should be refused")
        elif is_far:
            status = caller.ask(far, foreign)
            if status not in (404, 405):
                wrong.append(f"foreign {far}: {status}")
            if is_own_only(own) or (own.method != "GET" and own.kind not in ("person", "deal")):
                continue
            found = [outcome(caller, own, world.own), outcome(caller, team, mates)]
            if found[0] != found[1] or found[0] in (401, 403) or found[0] >= 500:
                wrong.append(f"own and team {own}: {found}")
    assert contents() == before
    assert wrong == []


def refusals(door: Door, role: str) -> tuple[int, int]:
    """How a door answers a role that it does not let in; 405 where it takes no such method."""
    if not role:
        return (401, 405)
    return (404 if door.needs == policy.ABSENT else 403, 405)


def is_own_only(door: Door) -> bool:
    """Whether the deed is on words, a file or a view, and takes that they are one's own."""
    named = door.operation.partition("_")[2] if door.operation else door.route
    return named.endswith(policy.OWN_ONLY)


def _is_scoped(door: Door) -> bool:
    """Whether the address is about one record that has an owner, or follows one."""
    return door.kind in policy.FOLLOWS_AN_OWNER or not door.kind
