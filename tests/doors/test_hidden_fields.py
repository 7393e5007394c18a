"""Every field of every kind, hidden from a role: no answer holds it, and no door takes it.

All fields that can be hidden are hidden from managers at once, and every address of the product is
read: none of the values, which an administrator finds there, stands in any answer. Then each field
by itself: whatever an administrator may ask for by it is refused to a manager.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import time_machine
from django.core.cache import caches
from django.db import transaction
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
from tandem.kernel.errors import DomainError
from tandem.kernel.tables import survey
from tandem.measures.queries import measures_for, value, ways_for, ways_of
from tandem.measures.slots import MEASURES, Measure
from tandem.records.actions import import_now, note_upload
from tandem.records.errors import MappingInvalid
from tandem.records.models import ImportState
from tandem.records.queries import mapping_for, visible_record
from tandem.records.schemas import ImportOptions
from tandem.records.slots import (
    IMPORTERS,
    OBJECT_TYPES,
    RECORD_HEADS,
    RECORD_PANELS,
    RECORD_TABS,
    TAGS,
    Field,
    FieldType,
    ObjectType,
)
from tandem.records.views.cells import cells_of
from tandem.timeline.slots import ENTRY_KINDS
from tandem.ui.home import HOME_PANELS
from tests.doors.routes import readings
from tests.doors.stamps import COMPUTED, add_spares, guarded_fields, stamp
from tests.doors.test_matrix import contents
from tests.doors.test_out_of_sight import FLEETING
from tests.doors.world import AT, World, found_world

# Hundreds of requests in each test: on a busy machine that takes its time.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(3600)]


# What may hang on hidden fields: figures over all records (``test_no_measure_is_split`` below), who
# of us sees a record, how many rows there are on one.
OVER_ALL = re.compile(r"^(/api/v1)?/(metrics|measures|attribution)|/colleagues$|/many/merge")


@pytest.fixture(autouse=True)
def _kept(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr("tandem.accounts.api.REQUESTS_PER_MINUTE", 1_000_000)
    caches["process"].clear()
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def world(system: Actor, make_user: Callable[..., User]) -> World:
    found = found_world(system, make_user)
    add_spares(system)
    return found


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
        return answer.status_code, FLEETING.sub("", text.decode(errors="replace"))


def test_every_field_that_can_be_hidden_has_two_values_here(world, system, boss):
    """What the tests below rely on: each field shows another value after each stamp."""
    found = [stamped(system, world, boss, turn) for turn in (0, 1)]
    names = {f"{kind.kind}.{field.key}" for kind, field in guarded_fields()}
    assert len(names) > 180
    assert COMPUTED - names == set()
    alike = [one for one in names if found[0][one] == found[1][one]]
    assert sorted(set(alike) - COMPUTED) == []
    empty = [one for one in names for shown in found[:1] if not shown[one]]
    assert sorted(set(empty) - COMPUTED) == []


def stamped(system, world, boss, turn):
    stamp(system, world.own, turn=turn)
    return shown_to(boss, world)


def shown_to(user: User, world: World) -> dict[str, str]:
    """Each field of the records, in words."""
    actor = actor_for(user)
    return {
        f"{kind.kind}.{cell.key}": cell.words
        for kind in OBJECT_TYPES
        for record in [visible_record(kind, actor, world.own.ids[kind.kind])]
        for cell in cells_of(kind, actor, record, kind.every_field)
    }


def test_no_answer_holds_or_hangs_on_what_is_hidden(world, system, boss, manager):
    """With other values in all hidden fields, every answer is the same to the byte."""
    addresses = list(dict.fromkeys(readings(world.own, actor=actor_for(boss))))
    theirs, ours = Reader(boss), Reader(manager)
    stamps = stamp(system, world.own, turn=0)
    missing = {word: one.name for one in stamps for word in one.written[:1]}
    assert len(missing) > 80
    for address in addresses:
        text = theirs.ask(address)[1] if missing else ""
        missing = {word: name for word, name in missing.items() if word not in text}
    assert missing == {}
    for address in ("/api/v1/me", *addresses[:3]):
        ours.ask(address)  # the first answers fill caches, and say when a token was used
    before = {address: ours.ask(address) for address in addresses}
    assert [one for one, (status, _text) in before.items() if status >= 500] == []
    assert sum(status == 200 for status, _text in before.values()) > 300
    words = [(word, one.name) for one in stamps for word in one.written]
    leaks = [
        f"{address} tells {name}"
        for address, (_status, text) in before.items()
        for word, name in words
        if word in text
    ]
    stamp(system, world.own, turn=1)
    compared = [one for one in before if not OVER_ALL.search(one)]
    hang = [one for one in compared if ours.ask(one) != before[one]]
    assert leaks == []
    assert hang == []


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


Asked = tuple[str, Any, str]


def by_field(kind: ObjectType, field: Field, world: World) -> Iterator[Asked]:
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
        yield f"{base}?layout=board&group={key}", None, ""
        yield f"{base}?footers={key}:count", None, ""
    yield f"{base}/foot/{key}", None, ""
    yield f"{api}/views", {"name": f"by {key}", "filters": tree}, ""
    yield f"{api}/views", {"name": f"sorted by {key}", "sort": key}, ""
    yield f"{api}/views", {"name": f"with {key}", "columns": ["name", key]}, ""
    yield f"{api}/views", {"name": f"grouped by {key}", "group": key}, ""
    yield f"{api}/views", {"name": f"feet of {key}", "footers": {key: "count"}}, ""
    yield from _on_records(kind, field, world, tree)


def _on_records(
    kind: ObjectType, field: Field, world: World, tree: dict[str, Any]
) -> Iterator[Asked]:
    """The same of one record and of many: what reads, and what would write."""
    key, api = field.key, f"/api/v1/{kind.slug}"
    about = str(world.own.ids[kind.kind])
    record = f"/{kind.slug}/{about}"
    yield f"{record}/fields/{key}", None, ""
    file = {"format": "csv", "columns": [kind.name_key]}
    yield f"{api}/bulk", {"verb": "export", "filter": tree, "export": file}, ""
    if key == TAGS:
        yield f"{api}/{about}/tags", {"name": "A"}, ""
        yield f"{api}/{about}/tags?name=Trade", None, "DELETE"
        yield f"{api}/bulk", {"verb": "tag", "ids": [about], "tag": {"name": "A"}}, ""
        return
    value = None if field.custom is None else _VALUES.get(field.type, "x")
    written = {"fields": {key: value}} if field.custom is not None else {key: value}
    if field.custom is None and key not in kind.change_schema.model_fields:
        return
    yield f"{api}/{about}", written, "PATCH"
    yield api, {"rows": [{"id": about, **written}]}, "PATCH"
    bulk = written if field.custom is not None else {"changes": written}
    yield f"{api}/bulk", {"verb": "change", "ids": [about], **bulk}, ""


# What could be written into a field of the company's own.
_VALUES = {
    FieldType.NUMBER: 7,
    FieldType.MONEY: 7,
    FieldType.DATE: "2026-03-04",
    FieldType.CHOICE: "teal",
    FieldType.CHOICES: ["teal"],
    FieldType.BOOLEAN: True,
    FieldType.LINK: "https://tins.example",
    FieldType.USER: None,
}


def test_nothing_is_asked_for_by_a_hidden_field(world, boss, manager):
    """Whatever an administrator may ask for by a field, is refused to whom it is hidden from."""
    theirs, ours = Reader(boss), Reader(manager)
    wrong, refused, others = [], 0, []
    before = contents()
    for kind, field in guarded_fields():
        for asked in by_field(kind, field, world):
            status, text = ours.ask(*asked)
            if status == 403 and ("field_hidden" in text or not asked[0].startswith("/api/")):
                refused += 1
            elif status < 400:
                wrong.append(f"{asked}: {status}")
            else:
                others.append((asked, status))
    assert wrong == []
    assert contents() == before
    for asked, status in others:
        with transaction.atomic():
            found, _text = theirs.ask(*asked)
            transaction.set_rollback(True)
        if found < 400:
            wrong.append(f"{asked}: {status}, and {found} to an administrator")
    assert wrong == []
    assert refused > 2500


def forms_of(kind: ObjectType, field: Field, world: World) -> Iterator[tuple[str, dict[str, str]]]:
    """What the forms of pages send to write a field: address and what is filled in."""
    key, base, about = field.key, f"/{kind.slug}", str(world.own.ids[kind.kind])
    typed = {key: str(_TYPED.get(field.type, "Xylophone"))}
    yield f"{base}/{about}/fields/{key}", typed
    chosen = f"_ids={about}&_field={key}"
    offer = "owner" if key == "owner" else "change"
    yield f"{base}/many/{offer}?{chosen}", {**typed, "_count": "1"}
    if key == TAGS:
        yield f"{base}/{about}/tags", {"name": "Xylophone"}
        yield f"{base}/{about}/tags/removal", {"name": "Trade"}
        yield f"{base}/many/tag?{chosen}", {"name": "Xylophone", "_count": "1"}
    block = {"_ids": about, "_at": "1", "_seen": "", "_left": "", "_confirm": "1"}
    yield f"{base}/paste?columns={kind.name_key},{key}", {**block, "_block": typed[key]}


# Fields of which it is seen that the forms do write, when an administrator sends them.
WATCHED = ("title", "industry", "close_on", TAGS)
# As somebody types it; of colleagues the first that there is.
_TYPED = {
    **{type_: value for type_, value in _VALUES.items() if value is not None},
    FieldType.CHOICES: "teal",
    FieldType.BOOLEAN: "on",
}


def test_no_form_of_a_page_writes_what_is_hidden(world, system, boss, manager):
    """A manager sends the forms of every hidden field; an administrator's same forms do write."""
    stamp(system, world.own, turn=0)
    theirs, ours = Client(raise_request_exception=False), Client(raise_request_exception=False)
    theirs.force_login(boss)
    ours.force_login(manager)
    shown, before = shown_to(boss, world), contents()
    broken, wrote = [], Counter[str]()
    for kind, field in guarded_fields():
        for address, data in forms_of(kind, field, world):
            status = ours.post(address, data).status_code
            if status >= 500:
                broken.append(f"{address}: {status}")
            if field.key in WATCHED and kind.kind in ("person", "company", "deal"):
                with transaction.atomic():
                    theirs.post(address, data)
                    wrote[resolve(urlsplit(address).path).url_name or ""] += (
                        shown_to(boss, world) != shown
                    )
                    transaction.set_rollback(True)
    assert broken == []
    assert shown_to(boss, world) == shown
    assert contents() == before
    assert +wrote == {"field": 2, "many": 4, "paste": 2, "tag": 3}


def test_a_file_that_a_manager_imports_leaves_what_is_hidden_as_it_was(
    world, system, boss, manager, tmp_path
):
    """Every column is there under its own name: only those that are seen are read."""
    stamp(system, world.own, turn=0)
    actor, shown = actor_for(manager), shown_to(boss, world)
    read = done = 0
    for importer in IMPORTERS:
        kind = OBJECT_TYPES.get(importer.record_kind)
        if kind is None:
            continue
        row = {str(one.label): "Xylophone" for one in importer.fields}
        path = tmp_path / f"{importer.kind}.csv"
        path.write_text(
            ",".join(f'"{name}"' for name in row) + "\n" + ",".join(row.values()) + "\n"
        )
        run = note_upload(
            actor, kind=importer.kind, name=path.name, of=survey(path), options=ImportOptions()
        )
        filled = {one.key for one in importer.fields if actor.hides(*importer.fills(one))}
        assert not filled & run.mapping.keys()
        read += len(run.mapping)
        whole = {**run.mapping, **{key: next(iter(row)) for key in filled}}
        with suppress(DomainError):  # nothing may be left that names a record
            done += import_now(actor, run, path=path).state == ImportState.DONE
        if not filled:
            continue
        kept = contents()
        with pytest.raises((MappingInvalid, FieldHidden)):
            note_upload(
                actor,
                kind=importer.kind,
                name=path.name,
                of=survey(path),
                options=ImportOptions(mapping=whole),
            )
        assert contents() == kept
    assert shown_to(boss, world) == shown
    assert (read, done) == (18, 2)


def test_an_export_holds_no_column_of_what_is_hidden(world, boss, manager):
    ours = Reader(manager)
    for kind in OBJECT_TYPES:
        about, api = str(world.own.ids[kind.kind]), f"/api/v1/{kind.slug}"
        seen = [field for field in kind.fields_for(actor_for(manager)) if field.load is None]
        for field in kind.every_field:
            columns = list(dict.fromkeys([kind.name_key, field.key]))
            file = {"format": "csv", "columns": columns}
            body = {"verb": "export", "ids": [about], "export": file}
            status, text = ours.ask(f"{api}/bulk", body)
            assert status == 200, (kind.kind, field.key, text)
            found = ours.ask(f"/api/v1/exports/{json.loads(text)['export']}")[1]
            header = found.lstrip("\ufeff").splitlines()[0].split(",")
            there = [str(one.label) for one in seen if one.key in columns]
            assert header == there, (kind.kind, field.key)


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
