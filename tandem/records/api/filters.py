"""The filter tree as the API takes it: JSON in the parameter ``filter``."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated

from pydantic import StringConstraints

from tandem.records import queries
from tandem.records.errors import FilterInvalid
from tandem.records.rules import EVERYTHING, Group
from tandem.records.slots import ObjectType

Plain = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]


def filters_in(object_type: ObjectType, text: str) -> Group:
    """The tree that the text holds, everything for none. Raises FilterInvalid."""
    if not text:
        return EVERYTHING
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FilterInvalid(field="filter") from error
    return queries.read_filters(object_type, tree)


@contextmanager
def place_in_filter() -> Iterator[None]:
    """Name the place in a refused tree by the parameter; a saved view says ``filters``."""
    try:
        yield
    except FilterInvalid as error:
        errors = [replace(one, field=f"filter{_PLACE.sub('', one.field)}") for one in error.errors]
        raise FilterInvalid(error.text, errors=errors) from error


_PLACE = re.compile("^filters?")
