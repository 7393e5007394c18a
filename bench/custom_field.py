"""Custom fields on many people: what columns of them cost a list page, and an index a filter."""

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.db import connection, connections
from django.test import Client

from bench import _scene as scene
from tandem.accounts.queries import command_actor
from tandem.kernel.permissions import declared
from tandem.records.actions import add_field, change_field
from tandem.records.actions.indexes import make_index
from tandem.records.schemas import ChangeField, NewField

SIZE = 100_000
REQUESTS = 30


def run(size: int) -> dict[str, float]:
    """Open the first page of ``size`` people, each with a number and a text of their own."""
    with scene.scratch_database() as user:
        actor = command_actor(frozenset(declared()))
        number, text = (
            add_field(actor, data=NewField(kind="person", label=label, type=kind))
            for label, kind in (("Size", "number"), ("Note", "text"))
        )
        scene.add_people_by_sql(size)
        _fill()
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        by_number = {"field": "x_size", "is": "at_least", "value": size - 20}
        by_text = {"field": "x_note", "is": "contains", "value": f"arbour {size // 2}"}
        found = {
            "plain_page_cpu_ms": _page(client, {})[0],
            "custom_columns_cpu_ms": _page(client, {"columns": "name,company,x_size,x_note"})[0],
            "number_filter_bare_ms": _filtered(client, by_number),
            "text_filter_bare_ms": _filtered(client, by_text),
        }
        began = time.perf_counter()
        for field in (number, text):
            change_field(actor, field.public_id, data=ChangeField(is_indexed=True))
            field.refresh_from_db()
            make_index(actor, field)
        found["indexes_built_s"] = round(time.perf_counter() - began, 2)
        found["number_filter_indexed_ms"] = _filtered(client, by_number)
        found["text_filter_indexed_ms"] = _filtered(client, by_text)
        beside: Any = connections["progress"]
        beside.close()
        beside.close_pool()
    return found


def _page(client: Client, params: dict[str, str]) -> tuple[float, float]:
    """CPU of the web process and wall of one page, in ms."""
    address = f"/people?{urlencode(params)}"
    for _warm in range(3):
        assert client.get(address).status_code == 200
    cpu, wall = time.process_time(), time.perf_counter()
    for _request in range(REQUESTS):
        client.get(address)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return round(cpu / REQUESTS * 1000, 2), round(wall / REQUESTS * 1000, 2)


def _filtered(client: Client, tree: Mapping[str, object]) -> float:
    return _page(client, {"filter": json.dumps(tree)})[1]


def _fill() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE people_person DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE people_person SET x = jsonb_build_object('x_size', id - first,"
            " 'x_note', 'Harbour ' || id - first)"
            " FROM (SELECT min(id) AS first FROM people_person) f"
        )
        cursor.execute("ALTER TABLE people_person ENABLE TRIGGER USER")
        cursor.execute("VACUUM ANALYZE people_person")
