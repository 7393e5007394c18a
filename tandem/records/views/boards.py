"""A list as a board: a column for each choice of a field, counted whole and shown in part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from django.urls import reverse

from tandem.kernel.actor import Actor
from tandem.records import queries
from tandem.records.queries import ListQuery
from tandem.records.queries.groups import (
    CARDS,
    MANY_CHOICES,
    Grouping,
    GroupOfRows,
    groups_of,
    more_of_group,
)
from tandem.records.rules.aggregates import Asked
from tandem.records.slots import Field, ObjectType
from tandem.records.views.cells import Row, rows_of
from tandem.records.views.feet import LABELS, in_words
from tandem.records.views.groups import names_of
from tandem.ui import formats

FIELDS_A_CARD = 4


class Listed(Protocol):
    """What of the state of a list its board asks for."""

    object_type: ObjectType
    actor: Actor
    query: ListQuery
    footers: Asked

    @property
    def params(self) -> dict[str, str]: ...

    def url(self, **changes: str | None) -> str: ...


@dataclass(frozen=True, slots=True)
class Column:
    """A column: ``key`` is the choice, ``sums`` what is told of all its records."""

    key: str
    id: str
    name: str
    tone: str
    count: str
    sums: Sequence[tuple[str, str]]
    cards: Sequence[Row]
    more: str
    more_url: str


def board_context(state: Listed, grouping: Grouping) -> dict[str, Any]:
    """What the board of a list shows; a query more than its groups for each computed field."""
    object_type, actor = state.object_type, state.actor
    groups, _is_all = groups_of(
        object_type,
        actor,
        state.query,
        grouping,
        asked=state.footers,
        shut=frozenset(),
        is_timed=True,
        limit=CARDS,
    )
    shown = _card_fields(state, grouping)
    records = [row for one in groups for row in one.rows]
    cards = {row.id: row for row in rows_of(object_type, actor, records, shown, back=state.url())}
    filled = {one.key: one for one in groups}
    return {
        "board": [
            _column(state, at, place, filled.get(place[0]), cards)
            for at, place in enumerate(_places(grouping, groups))
        ],
        "board_field": grouping.field,
        "total": formats.number(sum(one.totals.rows for one in groups)),
        "may_move": _may_move(state, grouping),
    }


def cards_context(state: Listed, grouping: Grouping, *, key: str, after: int) -> dict[str, Any]:
    """What the next cards of one column show."""
    object_type, actor = state.object_type, state.actor
    rows, left = more_of_group(object_type, actor, state.query, grouping, key=key, after=after)
    fields = _card_fields(state, grouping)
    return {
        "type": object_type,
        "cards": rows_of(object_type, actor, rows, fields, back=state.url()),
        "board_field": grouping.field,
        "more": formats.number(left) if left else "",
        "more_url": _more_url(state, key, after + len(rows)),
        "may_move": _may_move(state, grouping),
    }


def _may_move(state: Listed, grouping: Grouping) -> bool:
    return state.actor.may(state.object_type.permissions.edit) and grouping.field.is_editable


def _card_fields(state: Listed, grouping: Grouping) -> list[Field]:
    """What a card tells beside the name: the first columns of the list."""
    columns = queries.columns_of(state.object_type, state.actor, state.query.columns)
    others = [one for one in columns if one.key not in ("name", grouping.field.key)]
    return others[:FIELDS_A_CARD]


def _places(grouping: Grouping, groups: Sequence[GroupOfRows]) -> list[tuple[str, str, str]]:
    """The columns in their order: key, name and tone; those that nobody has, too."""
    known = list(grouping.field.choices()) if grouping.field.choices else []
    there = {one.key for one in groups}
    shown = [one for one in known if len(known) <= MANY_CHOICES or one.value in there]
    found = [(one.value, str(one.label), one.tone) for one in shown]
    placed = {key for key, _name, _tone in found}
    names = names_of(grouping, [one.value for one in groups])
    return found + [(one.key, names[one.value], "") for one in groups if one.key not in placed]


def _column(
    state: Listed,
    at: int,
    place: tuple[str, str, str],
    group: GroupOfRows | None,
    cards: Mapping[str, Row],
) -> Column:
    key, name, tone = place
    rows = group.rows if group else ()
    count = group.totals.rows if group else 0
    asked = dict(state.footers)
    figures = group.totals.figures if group else ()
    return Column(
        key=key,
        id=f"column-{at}",
        name=name,
        tone=tone,
        count=formats.number(count),
        sums=[
            (str(LABELS[asked[one.key]]), " ".join(in_words(one.value)) or "–") for one in figures
        ],
        cards=[cards[str(row.public_id)] for row in rows],
        more=formats.number(count - len(rows)) if count > len(rows) else "",
        more_url=_more_url(state, key, len(rows)),
    )


def _more_url(state: Listed, key: str, after: int) -> str:
    more = urlencode({**state.params, "_column": key, "_after": after})
    return f"{reverse('records:cards', args=[state.object_type])}?{more}"
