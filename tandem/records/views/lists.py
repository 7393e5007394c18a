"""The list of a kind of record: views as tabs, filter chips, table, side panel."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest
from tandem.kernel.errors import Missing
from tandem.records import queries, rules
from tandem.records.actions.accesses import note_search
from tandem.records.models import SavedView
from tandem.records.queries import ListQuery, ViewTab
from tandem.records.queries.aggregates import Totals, kept_footers, read_asked, totals
from tandem.records.queries.groups import (
    Grouping,
    GroupOfRows,
    board_of,
    boards,
    group_filters,
    groupings,
    groups_of,
    read_grouping,
)
from tandem.records.queries.phrases import (
    JOINTS,
    Known,
    Reader,
    node_in_words,
    related_in_words,
    value_in_words,
)
from tandem.records.rules import Condition, Group, Related
from tandem.records.rules.aggregates import Asked
from tandem.records.slots import Field, ObjectType, Relation
from tandem.records.views.boards import board_context
from tandem.records.views.columns import (
    column_choices,
    heads_of,
    picked,
    read_density,
    read_widths,
    usual_widths_url,
)
from tandem.records.views.doors import record_page
from tandem.records.views.feet import NO_FEET, feet_cells
from tandem.records.views.groups import grouped_rows, grouping_label, read_shut, toggled
from tandem.records.views.offers import Offer, first_ones, offers
from tandem.records.views.table import rows_drawn, table_rows
from tandem.ui import formats
from tandem.ui.responses import render, see_other


@dataclass(frozen=True, slots=True)
class Tab:
    """A saved view above the list."""

    label: str
    url: str
    is_current: bool
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """One node at the top of the filter tree, with the addresses that edit or remove it."""

    label: str
    value: str
    edit_url: str
    remove_url: str


# What of the address changes a saved view.
_OF_A_VIEW = ("filter", "sort", "columns", "widths", "density", "footers", "group", "layout")
BOARD = "board"
# What the address says where the list shall not open with the view that it usually opens with.
NO_VIEW = "all"
TABLE = "table"


class ListState:
    """What the address says: a saved view and what was changed of it since."""

    def __init__(self, object_type: ObjectType, actor: Actor, params: Mapping[str, str]) -> None:
        self.object_type = object_type
        self.actor = actor
        self._params = params
        self.view = self._find_view()
        base = queries.query_of(object_type, actor, self.view) if self.view else ListQuery()
        self.query = ListQuery(
            filters=self._filters(base.filters),
            text=params.get("q", "").strip()[: rules.MAX_TEXT],
            sort=params.get("sort", base.sort),
            columns=tuple(params["columns"].split(",")) if params.get("columns") else base.columns,
            cursor=params.get("cursor", ""),
        )
        queries.sort_of(object_type, actor, self.query.sort)
        object_type.refuse_hidden(actor, queries.fields_of(self.query.filters))
        self.widths = read_widths(params.get("widths", ""), self.view)
        self.is_compact = read_density(params.get("density", ""), self.view)
        self.footers = self._footers()
        self.grouping = self._grouping()
        self.board = board_of(self.grouping) if self._layout() == BOARD else None
        self.shut = read_shut(params.get("shut", ""))

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The fields that are there for the reader."""
        return self.object_type.fields_for(self.actor)

    def field(self, key: str) -> Field | None:
        """The field of this key that is there for the reader."""
        return self.object_type.field_for(self.actor, key)

    def related(self, key: str) -> tuple[Relation, Known] | None:
        """The relation of this key, and who reads what is on its other side."""
        return Reader(self.object_type, self.actor).related(key)

    @property
    def is_changed(self) -> bool:
        return any(name in self._params for name in _OF_A_VIEW)

    @property
    def is_filtered(self) -> bool:
        return bool(self.query.text) or not self.query.filters.is_empty

    @property
    def sort(self) -> str:
        return self.query.sort or self.object_type.default_sort

    @property
    def params(self) -> dict[str, str]:
        """The parameters of this list without the page, for links and hidden fields."""
        return {name: value for name, value in self._params.items() if name != "cursor" and value}

    @property
    def shown(self) -> tuple[str, ...]:
        """What the controls around a list draw of its address, so that they are drawn once."""
        return (self.object_type.slug, *(f"{name}={value}" for name, value in self.params.items()))

    @cached_property
    def filters_json(self) -> str:
        return json.dumps(rules.as_json(self.query.filters), separators=(",", ":"))

    def url(self, **changes: str | None) -> str:
        """The address of this list with some parameters changed; None takes one away."""
        params: dict[str, str | None] = {**self.params, **changes}
        kept = {name: value for name, value in params.items() if value is not None}
        path = reverse("records:list", args=[self.object_type])
        return f"{path}?{urlencode(kept)}" if kept else path

    @property
    def reset_url(self) -> str:
        """The address of the view as it was saved, or of the whole list."""
        path = reverse("records:list", args=[self.object_type])
        return f"{path}?{urlencode({'view': self._params['view']})}" if self.is_of_view else path

    @property
    def is_of_view(self) -> bool:
        """Whether the address names a view, or that it is none."""
        return bool(self._params.get("view"))

    def url_with(self, filters: Group) -> str:
        return self.url(filter=json.dumps(rules.as_json(filters), separators=(",", ":")))

    @property
    def unfiltered_url(self) -> str:
        """The address of the list with all that there is, in its order and columns."""
        is_narrow = self.view is not None and bool(self.view.filters)
        return self.url(q=None, filter="{}" if is_narrow else None)

    def _find_view(self) -> SavedView | None:
        if self._params.get("view", "") in ("", NO_VIEW):
            return None
        try:
            public_id = UUID(self._params["view"])
        except ValueError:
            raise Missing() from None
        return queries.saved_view(self.actor, self.object_type.kind, public_id)

    def _filters(self, base: Group) -> Group:
        if "filter" not in self._params:
            return base
        try:
            tree = json.loads(self._params["filter"] or "{}")
        except (ValueError, RecursionError):
            tree = "unreadable"
        return queries.read_filters(self.object_type, tree)

    def _footers(self) -> Asked:
        """What the feet of the columns tell: ``net:sum,owner:empty``, or ``none``."""
        given = self._params.get("footers", "")
        if not given:
            kept = self.view.footers if self.view else {}
            return kept_footers(self.object_type, self.actor, kept)
        parts = [] if given == NO_FEET else given.split(",")
        return read_asked(self.object_type, self.actor, parts, place="footers")

    def _layout(self) -> str:
        """How the list is laid out: a board, or a table that may be in groups."""
        return self._params.get("layout") or (self.view.layout if self.view else TABLE)

    def _grouping(self) -> Grouping | None:
        """What makes groups: ``country``, ``created_at:month``, or ``none``."""
        given = self._params.get("group", "")
        if given == NO_FEET:
            return None
        if given:
            return read_grouping(self.object_type, self.actor, given)
        kept = self.view.grouping if self.view else ""
        known = groupings(self.object_type, self.actor) if kept else ()
        return next((one for one in known if str(one) == kept), None)


@require_GET
@record_page
def record_list(request: ActorRequest, object_type: ObjectType) -> HttpResponseBase:
    """The list; the form of its columns leads to the address that keeps them."""
    if not {"_column", "_density"}.isdisjoint(request.GET):
        return see_other(request, _with_columns(object_type, request))
    views = queries.tabs_for(request.actor, object_type)
    if not request.GET and (opening := queries.opening_of(views)):
        return see_other(request, f"{request.path}?view={opening.public_id}")
    state = ListState(object_type, request.actor, request.GET.dict())
    note_search(request.actor, object_type, state.query)
    offered = offers(object_type, request.actor)
    if state.board:
        columns = queries.columns_of(object_type, request.actor, state.query.columns)
        shown = {
            **board_context(state, state.board),
            "column_choices": column_choices(state, columns),
            "grouped_by": grouping_label(state.board),
        }
    elif state.grouping:
        shown = grouped_context(state, state.grouping, offered=offered)
    else:
        shown = table_context(state, offered=offered)
    if not shown.get("rows") and not state.board:
        shown = {**shown, **_nothing(state)}
    may_edit = request.actor.may(object_type.permissions.edit)
    context = {
        "type": object_type,
        "page_title": object_type.label_plural,
        "state": state,
        **shown,
        "tabs": _tabs(state, views),
        "chips": _chips(state),
        "offers": tuple(offered),
        "may_edit": may_edit,
        "may_paste": may_edit and bool(shown.get("rows")),
        "may_create": request.actor.may(object_type.permissions.create),
        "may_save": state.is_changed and request.actor.may("records.own_views"),
        "may_set_view": state.view is not None and request.actor.may("records.own_views"),
        "may_change_view": state.view is not None and state.view.owner_id == request.actor.user_id,
        "state_query": urlencode(state.params),
        "reset_url": state.reset_url,
        "usual_widths_url": usual_widths_url(state),
        **_layouts(state),
    }
    fragment = "board" if state.board else "rows"
    return render(request, "records/list.html", context, fragment=fragment)


def _nothing(state: ListState) -> dict[str, Any]:
    """What an empty list says: that its filters find nothing, or how the first ones come."""
    everything = state.object_type.visible_to(state.actor)
    if (state.is_filtered or state.query.cursor) and everything.exists():
        return {"unfiltered_url": state.unfiltered_url}
    return {"first_ones": first_ones(state.object_type, state.actor)}


def _layouts(state: ListState) -> dict[str, str]:
    """Where the same list is a table and a board; no address where it cannot be one."""
    found = boards(state.object_type, state.actor)
    if not found or state.object_type.board:
        return {}
    by = board_of(state.grouping) or found[0]
    return {
        "board_url": state.url(layout=BOARD, group=str(by), shut=None),
        "table_url": state.url(layout=TABLE if state.view else None, group=NO_FEET),
    }


def _with_columns(object_type: ObjectType, request: ActorRequest) -> str:
    """The address of the list with the columns that were picked."""
    params = {name: value for name, value in request.GET.dict().items() if not name.startswith("_")}
    state = ListState(object_type, request.actor, params)
    return state.url(**picked(state, request.GET))


@require_GET
@record_page
def record_count(request: ActorRequest, object_type: ObjectType) -> HttpResponseBase:
    """How many a list holds, exactly; fetched after the page where there are very many."""
    state = ListState(object_type, request.actor, request.GET.dict())
    total = queries.records_matching(object_type, request.actor, state.query).count()
    context = {"type": object_type, "page_title": object_type.label_plural, "state": state}
    told = {"total": formats.number(total), "counted": counted(object_type, total)}
    return TemplateResponse(request, "records/list.html#total", context | told)


def table_context(state: ListState, *, offered: Sequence[Offer]) -> dict[str, Any]:
    """What the table of a list shows."""
    object_type = state.object_type
    columns = queries.columns_of(object_type, state.actor, state.query.columns)
    page = queries.list_page(object_type, state.actor, state.query, shown=columns)
    found = _totals(state)
    rows = table_rows(
        object_type,
        state.actor,
        page.rows,
        columns,
        back=state.url(),
        can_be_picked=bool(offered),
    )
    frame = _frame(state, columns, found)
    is_part = bool(page.next or state.query.cursor)
    return {
        **frame,
        "rows": rows,
        "matching": frame["total"] if is_part else "",
        "next_url": state.url(cursor=page.next) if page.next else "",
        "first_url": state.url() if state.query.cursor else "",
    }


def grouped_context(
    state: ListState, grouping: Grouping, *, offered: Sequence[Offer]
) -> dict[str, Any]:
    """What the table of a list in groups shows: each group with its first rows."""
    object_type, actor = state.object_type, state.actor
    columns = queries.columns_of(object_type, actor, state.query.columns)
    found = _totals(state)
    groups, is_all = groups_of(
        object_type,
        actor,
        state.query,
        grouping,
        asked=state.footers,
        shut=state.shut,
        is_timed=not found.is_all,
    )
    records = [row for one in groups for row in one.rows]
    picking = {"can_be_picked": bool(offered)}
    drawn = rows_drawn(object_type, actor, records, columns, back=state.url(), **picking)
    rows = grouped_rows(
        grouping,
        groups,
        drawn,
        columns,
        state.footers,
        shut=state.shut,
        toggle_url=lambda key: state.url(shut=toggled(state.shut, key)),
        alone_url=lambda one: _alone_url(state, one),
        **picking,
    )
    frame = _frame(state, columns, found)
    return {
        **frame,
        "rows": rows,
        "matching": frame["total"] if len(records) < found.rows else "",
        "grouped_by": grouping_label(grouping),
        "are_more_groups": not is_all,
    }


def _alone_url(state: ListState, group: GroupOfRows) -> str:
    """The address of the list of one group alone."""
    filters = group_filters(state.query.filters, group.condition)
    tree = json.dumps(rules.as_json(filters), separators=(",", ":"))
    return state.url(filter=tree, group=NO_FEET if state.view else None, shut=None)


def _frame(state: ListState, columns: Sequence[Field], found: Totals) -> dict[str, Any]:
    """What stands around the rows of a list, in groups or not."""
    object_type = state.object_type
    heads = heads_of(state, columns)
    return {
        "heads": heads,
        "is_sized": any(head.width for head in heads),
        "column_choices": column_choices(state, columns),
        "sort": state.sort,
        "total": formats.number(found.rows) if found.is_all else f"{formats.number(found.rows)}+",
        "counted": counted(object_type, found.rows if found.is_all else found.rows + 1),
        "feet": feet_of(state, found, why=_("Being added up")),
        "count_url": "" if found.is_all or state.footers else _url_of(state, "count"),
        "feet_url": _url_of(state, "feet") if state.footers and not found.is_all else "",
    }


def _totals(state: ListState) -> Totals:
    """How many rows there are and what the feet tell of them; one query, of a bounded cost."""
    if state.footers:
        limit = queries.COUNTED_AT_ONCE
        return totals(state.object_type, state.actor, state.query, state.footers, limit=limit)
    rows, is_all = queries.count_up_to(state.object_type, state.actor, state.query)
    return Totals(rows, is_all, ())


def feet_of(state: ListState, found: Totals, *, why: str = "") -> SafeString:
    """The cells of the foot of a list; ``why`` says why figures are not known."""
    columns = queries.columns_of(state.object_type, state.actor, state.query.columns)
    path = reverse("records:foot", args=[state.object_type, "KEY"])
    url = f"{path}?{urlencode(state.params)}"
    return feet_cells(columns, state.footers, found.figures, choose_url=url, why=why)


def counted(object_type: ObjectType, total: int) -> str:
    return str(object_type.label if total == 1 else object_type.label_plural).lower()


def _url_of(state: ListState, part: str) -> str:
    """The address of a part of the list that is fetched after the page."""
    path = reverse(f"records:{part}", args=[state.object_type])
    return f"{path}?{urlencode(state.params)}"


def _tabs(state: ListState, views: Sequence[ViewTab]) -> tuple[Tab, ...]:
    path = reverse("records:list", args=[state.object_type])
    everything = Tab(
        _("All %(plural)s") % {"plural": str(state.object_type.label_plural).lower()},
        f"{path}?view={NO_VIEW}" if queries.opening_of(views) else path,
        state.view is None,
    )
    current = state.view.public_id if state.view else None
    saved = [
        Tab(
            one.name,
            f"{path}?view={one.public_id}",
            one.public_id == current,
            one.icon or ("pin" if one.is_pinned else ""),
        )
        for one in views
    ]
    return (everything, *saved)


def _chips(state: ListState) -> tuple[Chip, ...]:
    return tuple(_chip(state, at) for at in range(len(state.query.filters.items)))


def _chip(state: ListState, at: int) -> Chip:
    tree = state.query.filters
    node = tree.items[at]
    edit = reverse("records:filter", args=[state.object_type])
    edit_url = f"{edit}?{urlencode({**state.params, 'filter': state.filters_json, 'at': at})}"
    remove_url = state.url_with(rules.removed(tree, [at]))
    field = state.field(node.field) if isinstance(node, Condition) else None
    if field is not None and isinstance(node, Condition):
        return Chip(str(field.label), value_in_words(field, node), edit_url, remove_url)
    if isinstance(node, Related) and (found := state.related(node.relation)):
        return Chip(str(found[0].label), related_in_words(state, node), edit_url, remove_url)
    label = _("Either")
    if isinstance(node, Group) and node.op == "not":
        label, node = str(JOINTS["not"]).capitalize(), Group("or", node.items)
    return Chip(label, node_in_words(state, node), edit_url, remove_url)
