"""JSON as its standard has it: one value per key, finite numbers, real text, some depth."""

import json
import math
from typing import Any, NoReturn

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.errors import HttpError
from ninja.parser import Parser

MAX_DEPTH = 64


class StrictParser(Parser):
    """Reads a body whatever its Content-Type says: it is JSON, or it is refused with 400."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            body = json.loads(
                request.body,
                object_pairs_hook=_one_value_per_key,
                parse_constant=_refuse,
                parse_float=_finite,
            )
            _check_text(body, depth=0)
        except (ValueError, RecursionError) as error:
            raise HttpError(400, _("The body is not JSON that can be read.")) from error
        return body


def _one_value_per_key(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _check_text(value: Any, *, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("text holds a null character")
        value.encode()  # a lone surrogate is no text
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_text(key, depth=depth)
            _check_text(inner, depth=depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check_text(inner, depth=depth + 1)
