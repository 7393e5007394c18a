"""JSON keeps its types: true is no number, "5" and 1 are no number and no flag of any input."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

import tandem
from tandem.ui.forms import _item_type

pytestmark = pytest.mark.django_db

ROOMS = sorted(path.parent.name for path in Path(tandem.__path__[0]).glob("*/schemas.py"))
# What a page of ours or a job hands over, and no body of the API holds.
INSIDE = {"delivery"}
WRONG: dict[type, tuple[object, ...]] = {int: (True, "5", " 5 ", 5.5), bool: (1, 0, "true", "on")}


def _inputs() -> Iterator[tuple[str, FieldInfo, type]]:
    """Every number and flag of an input that refuses strange fields."""
    for room in ROOMS:
        module = import_module(f"tandem.{room}.schemas")
        for name, found in sorted(vars(module).items()):
            if room in INSIDE or not isinstance(found, type) or not issubclass(found, BaseModel):
                continue
            if found.model_config.get("extra") != "forbid" or found.__module__ != module.__name__:
                continue
            for field, info in found.model_fields.items():
                inner, many = _item_type(info.annotation)
                if inner in WRONG and not many:
                    yield f"{room}.{name}.{field}", info, inner


CASES = list(_inputs())


def adapter(info: FieldInfo) -> TypeAdapter[Any]:
    whole: Any = info.annotation
    if info.metadata:
        whole = Annotated[whole, *info.metadata]
    return TypeAdapter(whole)


@pytest.mark.parametrize(("info", "kind"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_an_input_keeps_the_types_of_json(info, kind):
    taken = []
    for value in WRONG[kind]:
        try:
            adapter(info).validate_python(value)
        except ValidationError:
            continue
        taken.append(value)
    assert taken == []


@pytest.mark.parametrize(("info", "kind"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_what_may_be_empty_still_is(info, kind):
    if NoneType in get_args(info.annotation):
        assert adapter(info).validate_python(None) is None


def test_there_are_inputs_to_look_at():
    assert len(CASES) > 25


def test_the_api_says_so(admin_api):
    ann = admin_api.post("/people", {"name": "Ann"}).json()
    for version in (True, "1"):
        answer = admin_api.patch(f"/people/{ann['id']}", {"name": "Bo", "version": version})
        assert answer.status_code == 422
        assert [one["field"] for one in answer.json()["errors"]] == ["version"]
    assert admin_api.get(f"/people/{ann['id']}").json() == ann
