"""Every route says which permission it needs, or why it needs none."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, include, path
from ninja import NinjaAPI
from ninja.operation import PathView

from tandem.kernel.doors import public_page

# Views of others, which cannot carry our declaration: where they come from, and why that is well.
DOORS_OF_OTHERS = {
    "allauth": "signing in, out and changing one's own sign-in; it asks for the session itself",
    "ninja.openapi.views": "the description of the API, nobody's data",
}


def routes(patterns: Iterable[Any], prefix: str = "/") -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every route of a URL table with its view."""
    for entry in patterns:
        where = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, where)
        elif isinstance(entry, URLPattern):
            yield where, entry.callback


def undeclared(patterns: Iterable[Any]) -> list[str]:
    """The routes whose view declares neither a permission nor a reason to be open."""
    found = [f"{where} ({fault})" for where, view in routes(patterns) for fault in _faults_of(view)]
    return list(dict.fromkeys(found))  # Ninja lists a path once for each of its operations


def _faults_of(view: Callable[..., Any]) -> list[str]:
    if (endpoint := _endpoint(view)) is not None:
        return [
            f"{'/'.join(operation.methods)} {operation.view_func.__name__}: {fault}"
            for operation in endpoint.operations
            if (fault := _fault_of_operation(operation))
        ]
    if _is_declared(view) or _origin(view).startswith(tuple(DOORS_OF_OTHERS)):
        return []
    return [f"{_origin(view)} declares no permission"]


def _endpoint(view: Callable[..., Any]) -> PathView | None:
    """The operations behind a view of Ninja, which wraps them in a function of its own."""
    held = [cell.cell_contents for cell in getattr(inspect.unwrap(view), "__closure__", None) or ()]
    return next((each for each in held if isinstance(each, PathView)), None)


def _fault_of_operation(operation: Any) -> str:
    if getattr(operation.view_func, "public_reason", ""):
        return ""
    if not operation.auth_callbacks:
        return "no authentication"
    return "" if _is_declared(operation.view_func) else "no permission"


def _is_declared(view: Callable[..., Any]) -> bool:
    return bool(getattr(view, "permission", "") or getattr(view, "public_reason", ""))


def _origin(view: Callable[..., Any]) -> str:
    inner = getattr(view, "func", view)  # functools.partial
    inner = getattr(inner, "view_class", inner)
    return f"{inner.__module__}.{getattr(inner, '__qualname__', inner)}"


def test_every_route_declares_its_permission():
    assert undeclared(get_resolver().url_patterns) == []


def test_every_door_of_others_is_in_use():
    origins = [_origin(view) for _, view in routes(get_resolver().url_patterns)]
    unused = [door for door in DOORS_OF_OTHERS if not any(o.startswith(door) for o in origins)]
    assert unused == []


def bare(request: Any) -> HttpResponse:
    return HttpResponse()


def test_a_route_without_permission_is_found():
    nested = [path("inner/", include([path("bare/", bare)]))]
    found = undeclared(nested)
    assert found == [f"/inner/bare/ ({__name__}.bare declares no permission)"]


def test_an_open_door_with_its_reason_is_left_alone():
    opened = public_page(reason="shows nothing")(lambda request: HttpResponse())
    assert undeclared([path("open/", opened)]) == []


@pytest.fixture
def api():
    return NinjaAPI(title="planted", urls_namespace="planted", docs_url=None, openapi_url=None)


def test_an_endpoint_without_authentication_is_found(api):
    api.get("/things")(bare)
    [found] = [text for text in undeclared(api.urls[0]) if "bare" in text]
    assert found.endswith("(GET bare: no authentication)")


def test_an_endpoint_without_permission_is_found(api):
    api.get("/things", auth=lambda request: "someone")(bare)
    [found] = [text for text in undeclared(api.urls[0]) if "bare" in text]
    assert found.endswith("(GET bare: no permission)")
