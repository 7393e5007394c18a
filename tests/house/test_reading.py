"""GET changes no record: every page and endpoint, asked as an admin, writes no business table.

What was written is asked of PostgreSQL itself (its counters of this transaction), so that raw
SQL, triggers and functions are seen too.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice, product
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection, models
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import get_resolver, path

from tandem.accounts.actions import add_token
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.capture.actions import create_form, create_page
from tandem.capture.schemas import NewForm, NewPage
from tandem.kernel.actor import Actor
from tandem.kernel.doors import public_page
from tandem.kernel.ids import new_public_id
from tandem.kernel.installation import installation
from tandem.kernel.models import IdempotencyKey, Record
from tandem.people.actions import create_person
from tandem.people.schemas import NewPerson
from tests.house.test_doors import routes

# The tables that a GET may write, and of each the columns where they are not all free.
WRITABLE: dict[str, frozenset[str]] = {
    "django_session": frozenset(),  # who is signed in, which language: no record
    "kernel_cache": frozenset(),  # counters of rates: no record
    "accounts_user": frozenset({"last_seen_at"}),  # the user's own last-seen mark
    "timeline_storymark": frozenset(),  # the reader's own mark in a story: no record
    "records_access": frozenset(),  # who saw what: rows are only added
    "accounts_apitoken": frozenset({"last_used_at"}),  # the same of a token
}
# Reading these is no question to the pages: they stream for as long as somebody listens.
ENDLESS: frozenset[str] = frozenset()
ADDRESSES_PER_ROUTE = 5

pytestmark = pytest.mark.django_db


def written_by(read: Callable[[], object]) -> list[str]:
    """The tables that ``read`` wrote, unless it may."""
    guarded = {table: free for table, free in WRITABLE.items() if free and _exists(table)}
    before, contents = _counters(), {table: _content(table, guarded[table]) for table in guarded}
    read()
    changed = [table for table, count in _counters().items() if count != before.get(table, 0)]
    return sorted(
        table
        for table in changed
        if table not in WRITABLE
        or (table in guarded and _content(table, guarded[table]) != contents[table])
    )


def _counters() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
        )
        return dict(cursor.fetchall())


def _content(table: str, free: Iterable[str]) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT md5(string_agg((to_jsonb(t) - %s::text[])::text, '' ORDER BY t.id))"
            f" FROM {table} t",
            [list(free)],
        )
        return str(cursor.fetchone()[0])


def _exists(table: str) -> bool:
    return table in connection.introspection.table_names()


def addresses(patterns: Iterable[Any], samples: dict[str, list[str]]) -> Iterator[str]:
    """Addresses of every route, its arguments filled with what there is."""
    for where, _ in routes(patterns):
        if where not in ENDLESS:
            yield from islice(_filled(where, samples), ADDRESSES_PER_ROUTE)


def _filled(where: str, samples: dict[str, list[str]]) -> Iterator[str]:
    plain = re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", where)  # a route by regular expression
    choices = [_choices(piece, samples) for piece in re.split(r"(<[^>]+>)", plain)]
    for words in product(*choices):
        yield re.sub("//+", "/", "".join(words))


def _choices(piece: str, samples: dict[str, list[str]]) -> list[str]:
    """Values for ``<uuid:public_id>`` by its name, else by its type; other text stays."""
    if not piece.startswith("<"):
        return [re.sub(r"\\Z|[\^$]|\\", "", piece)]
    kind, _, name = piece.strip("<>").rpartition(":")
    return samples.get(name) or samples.get(kind) or samples["str"]


def sample_arguments() -> dict[str, list[str]]:
    """Values for the arguments of routes: the public ids of what is in the database."""
    kinds = [model for model in apps.get_models() if issubclass(model, Record)]
    ids = [str(row.public_id) for model in kinds for row in _rows(model)[:2]]
    names = [str(model._meta.model_name) for model in kinds]
    plural = [str(model._meta.verbose_name_plural) for model in kinds]
    return {
        "uuid": [*ids, str(new_public_id())],
        "int": ["1"],
        "kind": [*names, *plural],
        "slug": [*names, *plural, "x"],
        "str": [*ids[:4], *names, *plural, "x"],
        "path": ["x"],
    }


def _rows(model: type[Record]) -> models.QuerySet[Any]:
    return model._default_manager.order_by("pk")


@pytest.fixture(autouse=True)
def installed(db: None) -> None:
    """What ``migrate`` made is there, though an earlier test with commits emptied every table."""
    installation()


@pytest.fixture
def admin_client(client: Client, make_user: Callable[..., User]) -> Client:
    user = make_user("admin")
    client.force_login(user)
    token = add_token(actor_for(user), NewToken(name="reading"))
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token.raw}"
    client.raise_request_exception = False
    return client


@pytest.fixture
def furnished(system: Actor, db: None) -> None:
    """One of each kind of record, so that pages have something to show."""
    create_person(
        system, data=NewPerson(name="Ann Lee", email="ann@lee.example", company="Lee Ltd")
    )
    # Their addresses are among the samples of the type slug.
    create_form(system, data=NewForm(name="Prices", slug="form", status="published"))
    create_page(
        system,
        data=NewPage(
            name="Tins", slug="landingpage", headline="Tins", form="form", status="published"
        ),
    )


@pytest.mark.usefixtures("furnished")
def test_reading_changes_no_record(admin_client: Client):
    wrong, asked = [], 0
    every = dict.fromkeys(addresses(get_resolver().url_patterns, sample_arguments()))
    for address in every:
        answers: list[int] = []
        get = partial(_get, admin_client, address, answers)
        wrong += [f"GET {address} writes {table}" for table in written_by(get)]
        wrong += [f"GET {address} answers {code}" for code in answers if code >= 500]
        asked += 1
    assert wrong == []
    assert asked > 20


def _get(client: Client, address: str, answers: list[int]) -> None:
    answers.append(client.get(address).status_code)


@public_page(reason="planted")
def writes(request: HttpRequest) -> HttpResponse:
    IdempotencyKey.objects.create(actor_id=1, key="k", fingerprint="f")
    return HttpResponse()


@public_page(reason="planted")
def writes_by_sql(request: HttpRequest, id: UUID) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_installation SET held_reason = 'x'")
    return HttpResponse()


@public_page(reason="planted")
def reads(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(IdempotencyKey.objects.count()))


urlpatterns = [
    path("writes/", writes),
    path("writes-by-sql/<uuid:id>/", writes_by_sql),
    path("reads/", reads),
]


@pytest.mark.urls(__name__)
def test_a_page_that_writes_is_found(client: Client):
    found = {
        address.split("/")[1]: written_by(partial(client.get, address))
        for address in addresses(urlpatterns, sample_arguments())
    }
    assert found == {
        "writes": ["kernel_idempotencykey"],
        "writes-by-sql": ["kernel_installation"],
        "reads": [],
    }
