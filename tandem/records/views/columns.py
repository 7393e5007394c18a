"""The columns of a list: which, in what order, how wide, and how close their rows stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.http import QueryDict

from tandem.kernel.errors import FieldError
from tandem.records.errors import WidthsInvalid
from tandem.records.models import Density, SavedView
from tandem.records.rules import Unreadable
from tandem.records.rules.columns import (
    MAX_WIDTH,
    MIN_WIDTH,
    moved_forward,
    parse_widths,
    widths_as_text,
)
from tandem.records.slots import NAME, Field
from tandem.records.views.cells import VERBATIM

# What the address says where a view has widths and the list shall have the usual ones.
NO_WIDTHS = "none"
# A column that takes the room that others leave.
REST = "w-rest"


class Listed(Protocol):
    """What of the state of a list its columns ask for."""

    view: SavedView | None
    widths: dict[str, int]
    is_compact: bool

    @property
    def fields(self) -> tuple[Field, ...]: ...

    def url(self, **changes: str | None) -> str: ...


@dataclass(frozen=True, slots=True)
class Head:
    """A column as its head and the picker show it; ``width`` in pixels, empty for the usual one."""

    key: str
    label: str
    style: str
    is_sortable: bool
    width: str
    is_first: bool  # stays where it is

    @classmethod
    def of(cls, field: Field, widths: Mapping[str, int]) -> "Head":
        style = field.width or REST
        style = f"{style} is-own" if field.type in VERBATIM else style
        width = str(widths.get(field.key, ""))
        is_first = field.key == NAME
        return cls(field.key, str(field.label), style, field.is_sortable, width, is_first)


@dataclass(frozen=True, slots=True)
class Choice:
    """A column that the picker offers."""

    head: Head
    is_shown: bool


def heads_of(state: Listed, columns: Sequence[Field]) -> tuple[Head, ...]:
    """The heads of a list, in their order."""
    return tuple(Head.of(field, state.widths) for field in columns)


def column_choices(state: Listed, columns: Sequence[Field]) -> tuple[Choice, ...]:
    """What the picker offers: the columns shown, in their order, then the others."""
    shown = {field.key for field in columns}
    others = [field for field in state.fields if field.key not in shown]
    return tuple(
        Choice(Head.of(field, state.widths), field.key in shown) for field in (*columns, *others)
    )


def read_widths(text: str, view: SavedView | None) -> dict[str, int]:
    """The widths that the address gives, else those of the view. Raises WidthsInvalid."""
    if not text:
        return dict(view.widths) if view else {}
    if text == NO_WIDTHS:
        return {}
    try:
        return parse_widths(text)
    except Unreadable as error:
        at = f"widths.{error.path}".rstrip(".")
        refused = FieldError(at, WidthsInvalid.code, error.reason)
        raise WidthsInvalid(errors=[refused]) from error


def read_density(text: str, view: SavedView | None) -> bool:
    """Whether the rows stand close, by the address or else by the view."""
    return (text or (view.density if view else "")) == Density.COMPACT


def usual_widths_url(state: Listed) -> str:
    """The address of the list with the usual widths; none where it has them."""
    if not state.widths:
        return ""
    return state.url(widths=NO_WIDTHS if state.view and state.view.widths else None)


def picked(state: Listed, form: QueryDict) -> dict[str, str | None]:
    """What the form of the picker changes of the address.

    The name stays first; ``_front`` is the button of a column that shall come a place sooner. A
    width that nobody can mean (1, or a word) is taken for the nearest, or for none.
    """
    keys = [key for key in form.getlist("_column") if key != NAME]
    keys = [NAME, *moved_forward(keys, form.get("_front", ""))]
    changes: dict[str, str | None] = {"columns": ",".join(keys)}
    if "_density" not in form:
        return changes
    widths = {key: width for key in keys if (width := _width(form.get(f"_width.{key}", "")))}
    kept = state.view.widths if state.view else {}
    changes["widths"] = None if widths == kept else widths_as_text(widths) or NO_WIDTHS
    usual = state.view.density if state.view else Density.COMFORTABLE
    density = form["_density"]
    changes["density"] = density if density in Density.values and density != usual else None
    return changes


def _width(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        return 0
    return min(max(int(text[:6]), MIN_WIDTH), MAX_WIDTH)
