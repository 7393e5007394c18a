"""Every address of the product, its arguments filled with the records of a set of things."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.urls import get_resolver

from tandem.kernel.actor import Actor
from tandem.measures.queries import ways_of
from tandem.measures.slots import MEASURES
from tandem.records.queries.aggregates import offered_aggregates
from tandem.records.queries.groups import groupings
from tandem.records.rules.aggregates import MAX_AGGREGATES
from tandem.records.slots import OBJECT_TYPES, RECORD_TABS, ObjectType, relations_of, shown_of
from tandem.records.views.offers import offers
from tandem.ui.home import HOME_PANELS
from tests.api.openapi import METHODS, described
from tests.doors.world import Things
from tests.house.test_doors import routes

NOT_THERE = UUID("01890000-0000-7000-8000-00000000dead")
NO_NUMBER = 10**9  # of no part
# Whose ``public_id`` a route takes that says no kind.
ABOUT: Mapping[str, str] = {
    "/forms/": "form",
    "/pages/": "page",
    "/campaigns/": "campaign",
    "/segments/": "segment",
    "/handoffs/": "handoff",
    "/deals/from-lead/": "lead",
    "/deals/": "deal",
    "/settings/pipelines/": "pipeline",
}


def page_routes() -> list[tuple[str, Any]]:
    """The routes of pages and fragments, with their views."""
    found = routes(get_resolver().url_patterns)
    return [(where, view) for where, view in found if not where.startswith("/api/v1")]


def operations() -> list[tuple[str, str, str]]:
    """The operations of the API: method, path, name."""
    return [
        (method.upper(), path, methods[method]["operationId"])
        for path, methods in described()["paths"].items()
        for method in METHODS
        if method in methods
    ]


def filled(where: str, things: Things) -> list[str]:
    """The addresses of a route about these things, one for each kind of record that it is about."""
    kinds: list[ObjectType | None] = [None]
    if re.search(r"<kind:kind>|<slug:slug>/<uuid|of/<slug:kind>", where):
        kinds = [one for one in OBJECT_TYPES if one.kind in things.ids]
    return [
        "".join(
            _word(part[1:-1].rpartition(":")[2], where, kind, things) if part[:1] == "<" else part
            for part in re.split(r"(<[^>]+>)", where)
        )
        for kind in kinds
    ]


def _word(name: str, where: str, kind: ObjectType | None, things: Things) -> str:
    own: Mapping[str, UUID | None] = {
        "comment_id": things.comment,
        "attachment_id": things.attachment,
        "event_id": things.merge,
        "event": things.event,
        "person_id": things.ids["person"],
        "cost_id": things.ids["cost"],
        "merge_id": things.merge,
        "view_id": things.view,
        "person": things.ids["person"],
        "asset_id": things.ids.get("form"),
    }
    if name in own:
        return str(own[name] or NOT_THERE)
    if name == "number":
        part = re.search(r"/(\w+)/<", where.partition("public_id")[2])
        return str(things.numbers.get(part[1], NO_NUMBER) if part else NO_NUMBER)
    if name == "public_id":
        if "/views/" in where:
            return str(things.view or NOT_THERE)
        named = kind.kind if kind else _about(where)
        return str(things.ids.get(named, NOT_THERE))
    if name == "kind":
        return (kind.kind if "of/<" in where else kind.slug) if kind else "person"
    return {
        "slug": kind.slug if kind else "samples",
        "key": "name",
        "offer": "tag",
        "role": "seller",
    }.get(name, str(NOT_THERE) if name.endswith("_id") else "x")


def _about(where: str) -> str:
    plain = where.removeprefix("/api/v1")
    known = {**{f"/{one.slug}/": one.kind for one in OBJECT_TYPES}, **ABOUT}
    found = [start for start in known if plain.startswith(start)]
    return known[max(found, key=len)] if found else ""


def readings(things: Things, *, actor: Actor) -> Iterator[str]:
    """Addresses to GET that show what there is to a reader: every route and what it takes."""
    for where, _view in page_routes():
        if not where.startswith(("/accounts/", "/ui/", "/walk", "/settings/", "/f/", "/p/")):
            yield from filled(where.replace("^", "").replace("\\Z", ""), things)
    for method, path, _name in operations():
        if method == "GET":
            yield from filled(re.sub(r"{(\w+)}", r"<\1>", path), things)
    for kind in OBJECT_TYPES:
        yield from _of_kind(kind, things, actor)
    yield from _figures(things)


def _of_kind(kind: ObjectType, things: Things, actor: Actor) -> Iterator[str]:
    base, api = f"/{kind.slug}", f"/api/v1/{kind.slug}"
    every = ",".join(field.key for field in kind.every_field)
    yield f"{base}?columns={every}"
    yield f"{api}?q=Q"
    yield f"{base}/count?q=Q"
    for relation in relations_of(kind.kind):
        tree = f'{{"op":"and","items":[{{"related":"{relation}","is":"any"}}]}}'
        yield f"{api}?filter={quote(tree)}"
    for grouping in groupings(kind, actor):
        if grouping.span in ("", "month"):
            yield f"{base}?group={quote(str(grouping))}"
    asked = [
        f"{key}:{word}" for key, words in offered_aggregates(kind, actor).items() for word in words
    ]
    for start in range(0, len(asked), MAX_AGGREGATES):
        yield f"{api}/aggregates?of={','.join(asked[start : start + MAX_AGGREGATES])}"
    if kind.kind in things.ids:
        record = f"{base}/{things.ids[kind.kind]}"
        for tab in shown_of(RECORD_TABS, kind, actor):
            yield f"{record}?tab={tab.key}"
        yield f"/timeline{record}?side=sales"
    for offer in offers(kind, actor):
        yield f"{base}/many/{offer.name}?_all=1"
    yield f"{base}/new/likely?name=Leigh+Grant"


def _figures(things: Things) -> Iterator[str]:
    for text in ("Q", "Leigh", "tins", "777", "lee@"):
        for where in ("search", "palette"):
            yield f"/{where}?q={quote(text)}"
    for measure in MEASURES:
        yield f"/measures/{measure.key}"
        for by in ("", *ways_of(measure)[0]):
            yield f"/api/v1/metrics/{measure.key}" + (f"?by={by}" if by else "")
    for by in ("channel", "campaign"):
        yield f"/api/v1/attribution?model=linear&by={by}"
        yield f"/attribution?by={by}"
    yield from (f"/home/{key}" for key, _panel in HOME_PANELS.items())
    for kind in ("people", "companies"):
        yield f"/duplicates?kind={kind}"
    for other in ("person", "company"):
        yield f"/api/v1/timeline?{other}={things.ids[other]}"
        yield f"/api/v1/timeline?{other}={things.ids[other]}&order=oldest"
    yield f"/people/{things.ids['person']}/merge?q=Q"
