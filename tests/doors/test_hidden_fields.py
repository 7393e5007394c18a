"""Every field of every kind, hidden from a role: no answer holds it, and no door takes it.

All fields that can be hidden are hidden from managers at once, and every address of the product is
read: none of the values, which an administrator finds there, stands in any answer. Then each field
by itself: whatever an administrator may ask for by it is refused to a manager.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.core.cache import caches
from django.test import Client
from django.urls import resolve

from tandem.accounts.actions import add_token, hide_fields
from tandem.accounts.errors import FieldHidden
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.rules import Role
from tandem.accounts.schemas import NewToken
from tandem.accounts.slots import guarded_kinds
from tandem.kernel.actor import Actor
from tandem.measures.queries import measures_for, value, ways_for, ways_of
from tandem.measures.slots import MEASURES, Measure
from tandem.records.errors import MappingInvalid
from tandem.records.queries import mapping_for
from tandem.records.slots import (
    IMPORTERS,
    OBJECT_TYPES,
    RECORD_HEADS,
    RECORD_PANELS,
    RECORD_TABS,
    Field,
    ObjectType,
)
from tandem.timeline.slots import ENTRY_KINDS
from tandem.ui.home import HOME_PANELS
from tests.doors.routes import readings
from tests.doors.test_matrix import contents
from tests.doors.world import AT, World, found_world

# Hundreds of requests in each test: on a busy machine that takes its time.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(3600)]

# Values as the pages and the API write them, of fields of every type.
CANARIES = (
    "lee@qown.example",
    "Qown head of buying",
    "Qown buyer",
    "Qown amber",
    "Qown call",
    "Qown samples",
    "Qown stand",
    "Qown teal",
    "4,321",
    "4321.0",
    "777.77",
)


@pytest.fixture(autouse=True)
def _kept(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr("tandem.accounts.api.REQUESTS_PER_MINUTE", 1_000_000)
    caches["process"].clear()
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def world(system: Actor, make_user: Callable[..., User]) -> World:
    return found_world(system, make_user)


@pytest.fixture
def boss(make_user: Callable[..., User]) -> User:
    return make_user("admin", name="Boss")


@pytest.fixture
def manager(world: World, boss: User, make_user: Callable[..., User]) -> User:
    """From whom everything is hidden that can be."""
    for kind in guarded_kinds():
        keys = [field.key for field in kind.fields]
        hide_fields(actor_for(boss), Role.MANAGER, kind.kind, fields=keys)
    return make_user("manager", name="Mo")


class Reader:
    """Somebody at the doors, by session and by token."""

    def __init__(self, user: User) -> None:
        self._client = Client(raise_request_exception=False)
        self._client.force_login(user)
        token = add_token(actor_for(user), NewToken(name="reading")).raw
        self._bearer = {"Authorization": f"Bearer {token}"}

    def ask(self, address: str, body: Any = None, method: str = "") -> tuple[int, str]:
        is_api = address.startswith("/api/")
        answer = self._client.generic(
            method or ("GET" if body is None else "POST"),
            address,
            b"" if body is None else json.dumps(body).encode(),
            content_type="application/json",
            headers=self._bearer if is_api else {},
        )
        text = b"".join(answer) if answer.streaming else answer.content
        return answer.status_code, text.decode(errors="replace")


def test_no_answer_holds_what_is_hidden(world, boss, manager):
    addresses = list(dict.fromkeys(readings(world.own, actor=actor_for(boss))))
    theirs, ours = Reader(boss), Reader(manager)
    missing = set(CANARIES)
    for address in addresses:
        if missing:
            text = theirs.ask(address)[1]
            missing -= {one for one in missing if one in text}
    assert missing == set()
    leaks = []
    for address in addresses:
        status, text = ours.ask(address)
        leaks += [f"{address} tells {one}" for one in CANARIES if one in text]
        leaks += [f"{address} answers {status}"] if status >= 500 else []
    assert leaks == []


def test_what_is_declared_to_be_told_are_fields(db):
    """A name that is misspelt would withhold nothing."""
    told = [
        name
        for slot in (RECORD_HEADS, RECORD_TABS, RECORD_PANELS, HOME_PANELS)
        for one in slot
        for name in one.tells
    ]
    told += [name for one in MEASURES if isinstance(one, Measure) for name in one.tells]
    told += [name for one in MEASURES if isinstance(one, Measure) for name in one.fields.values()]
    told += [name for one in OBJECT_TYPES for names in one.told.values() for name in names]
    told += [name for one in ENTRY_KINDS for name in one.tells if "." in name]
    fields = {f"{kind.kind}.{field.key}" for kind in OBJECT_TYPES for field in kind.fields}
    anything = {f"{kind.kind}.*" for kind in OBJECT_TYPES}
    assert len(told) > 30
    assert sorted(set(told) - fields - anything) == []


def by_field(kind: ObjectType, field: Field, world: World) -> Iterator[tuple[str, Any, str]]:
    """What can be asked for by a field: address, body, method."""
    key, base, api = field.key, f"/{kind.slug}", f"/api/v1/{kind.slug}"
    tree = {"op": "and", "items": [{"field": key, "is": "not_empty"}]}
    filter_ = quote(json.dumps(tree))
    deep = {"op": "not", "items": [{"op": "or", "items": [tree]}]}
    yield f"{api}?sort={key}", None, ""
    yield f"{api}?sort=-{key}", None, ""
    yield f"{api}?filter={filter_}", None, ""
    yield f"{api}?filter={quote(json.dumps(deep))}", None, ""
    yield f"{api}/aggregates?of={key}:count", None, ""
    yield f"{base}/count?filter={filter_}", None, ""
    if resolve(base).view_name == "records:list":  # handoffs have a page of their own there
        yield f"{base}?sort={key}", None, ""
        yield f"{base}?filter={filter_}", None, ""
        yield f"{base}?group={key}", None, ""
        yield f"{base}?footers={key}:count", None, ""
    yield f"{base}/foot/{key}", None, ""
    yield f"{api}/views", {"name": f"by {key}", "filters": tree}, ""
    yield f"{api}/views", {"name": f"sorted by {key}", "sort": key}, ""
    yield f"{api}/views", {"name": f"with {key}", "columns": ["name", key]}, ""
    yield f"{api}/bulk", {"verb": "tag", "filter": tree, "tag": {"name": "A"}}, ""
    if kind.kind in world.own.ids:
        record = f"{base}/{world.own.ids[kind.kind]}"
        yield f"{record}/fields/{key}", None, ""
        if field.custom is not None:
            yield f"{api}/{world.own.ids[kind.kind]}", {"fields": {key: "x"}}, "PATCH"
        elif key in kind.change_schema.model_fields:
            yield f"{api}/{world.own.ids[kind.kind]}", {key: None}, "PATCH"


def test_nothing_is_asked_for_by_a_hidden_field(world, boss, manager, system):
    theirs, ours = Reader(boss), Reader(manager)
    hidden = {one.kind: {field.key for field in one.fields} for one in guarded_kinds()}
    wrong, asked = [], 0
    before = contents()
    for kind in OBJECT_TYPES:
        for field in kind.every_field:
            if field.key not in hidden[kind.kind]:
                continue
            for address, body, method in by_field(kind, field, world):
                status, text = ours.ask(address, body, method)
                if status == 403 and ("field_hidden" in text or not address.startswith("/api/")):
                    asked += 1
                elif status not in (404, 422):
                    wrong.append(f"{method} {address} {body}: {status}")
    assert wrong == []
    assert contents() == before
    assert asked > 800
    assert theirs.ask("/api/v1/people?sort=email")[0] == 200


def test_a_filter_by_a_related_record_that_is_hidden_is_refused(world, boss, manager):
    ours = Reader(manager)
    where = {"op": "and", "items": [{"field": "country", "is": "not_empty"}]}
    for related in ({"where": where}, {}):
        tree = {"op": "and", "items": [{"related": "company", "is": "any", **related}]}
        status, text = ours.ask(f"/api/v1/people?filter={quote(json.dumps(tree))}")
        assert (status, json.loads(text)["code"]) == (403, "field_hidden")


def test_no_measure_is_split_or_narrowed_by_a_hidden_field(world, boss, manager):
    actor, whole = actor_for(manager), actor_for(boss)
    asked = 0
    for measure in measures_for(actor):
        if not isinstance(measure, Measure):
            continue
        dimensions, filters = ways_for(actor, measure)
        assert not {*dimensions, *filters} & {*measure.fields}
        assert ways_for(whole, measure) == ways_of(measure)
        for name in {*measure.fields} & {*measure.dimensions}:
            asked += 1
            for by, only in (([name], {}), ([], {name: "x"})):
                with pytest.raises(FieldHidden):
                    value(actor, measure.key, by=by, filters=only)
    assert asked > 5


def test_no_column_of_a_file_fills_a_hidden_field(world, boss, manager):
    actor = actor_for(manager)
    for importer in IMPORTERS:
        there = {one.key for one in importer.fields_for(actor)}
        for one in importer.fields:
            fills = importer.fills(one)
            if actor.hides(*fills):
                assert one.key not in there, one.key
                with pytest.raises((MappingInvalid, FieldHidden)):
                    mapping_for(importer, actor, ["A"], {one.key: "A"})


def test_the_name_of_a_record_cannot_be_hidden(world, boss):
    for kind in OBJECT_TYPES:
        offered = next(one for one in guarded_kinds() if one.kind == kind.kind)
        assert kind.name_key not in {field.key for field in offered.fields}
