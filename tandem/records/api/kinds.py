"""The API resource of every kind of record, made from its ObjectType."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import BaseModel, Field, create_model

from tandem.kernel.actor import Actor
from tandem.kernel.answers import REFUSALS, ErrorOut, actor_of, asks_for
from tandem.kernel.errors import Missing
from tandem.records import actions, queries
from tandem.records.actions import (
    add_comment,
    add_tag,
    change_view,
    delete_comment,
    delete_view,
    merge,
    merge_many,
    remove_tag,
    save_view,
    unmerge,
)
from tandem.records.actions.accesses import note_search, note_seen
from tandem.records.api.aggregates import add_aggregates
from tandem.records.api.changes import add_history
from tandem.records.api.disclosing import add_disclosure
from tandem.records.api.erasures import add_erasing
from tandem.records.api.files import add_files
from tandem.records.api.filters import Plain, filters_in, place_in_filter
from tandem.records.api.many import add_many, in_fields
from tandem.records.api.rows import add_rows, parted, with_fields
from tandem.records.errors import MergedInto
from tandem.records.models import Comment, DuplicatePair, MergeEvent, SavedView
from tandem.records.queries import MAX_PAGE_SIZE, PAGE_SIZE, ListQuery
from tandem.records.queries.duplicates import open_pairs
from tandem.records.queries.mentions import mentions_of, names_in
from tandem.records.queries.merging import merges_of, moved_by, refuse_merged
from tandem.records.rules.custom import major_of
from tandem.records.rules.mentions import drawn
from tandem.records.schemas import (
    ChangeView,
    NewComment,
    NewMerge,
    NewMergeOfMany,
    NewTag,
    NewView,
    Values,
    partly,
)
from tandem.records.slots import ERASABLE, ObjectType


class ListIn(Schema):
    """How to list: a page of ``limit`` rows after ``cursor``; ``filter`` is a tree as JSON."""

    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    cursor: Annotated[Plain, Field(max_length=2000)] = ""
    q: Annotated[Plain, Field(max_length=200)] = ""
    sort: Annotated[Plain, Field(max_length=60)] = ""
    filter: Annotated[Plain, Field(max_length=20_000)] = ""


class MentionOut(Schema):
    """A colleague whom a text mentions, with the name of today."""

    user: UUID
    name: str


class CommentOut(Schema):
    """A comment on a record; ``author`` is the public id of the user, ``text`` draws mentions as
    names (written ``@Full Name``, ``@mail address`` or ``@{public id}``)."""

    id: UUID
    author: UUID
    author_name: str
    text: str
    mentions: list[MentionOut]
    at: datetime


class TagsOut(Schema):
    """The tags of a record, by name."""

    tags: list[str]


class ViewOut(Schema):
    """A saved view: the list that it describes and who sees it."""

    id: UUID
    name: str
    icon: str
    visibility: str
    filters: dict[str, Any]
    sort: str
    columns: list[str]
    widths: dict[str, int]
    density: str
    footers: dict[str, str]
    group: str
    layout: str
    is_pinned: bool
    opens_for_me: bool
    opens_for_everyone: bool
    owner: UUID


class CommentsOut(Schema):
    """The comments of a record, newest first."""

    items: list[CommentOut]


class ViewsOut(Schema):
    """The views that the caller may open."""

    items: list[ViewOut]


class MergeOut(Schema):
    """Two records that became one. ``survivor`` is where the other one's address leads now;
    ``rows`` counts what moved, by table."""

    id: UUID
    survivor: UUID
    absorbed: UUID
    absorbed_name: str
    by: str
    at: datetime
    reason: str
    choices: dict[str, str]
    rows: dict[str, int]


class MergesOut(Schema):
    """The merges into a record that stand, the latest first."""

    items: list[MergeOut]


class UnmergeOut(Schema):
    """Two records again. ``stays`` counts by table what is still with the survivor, because it
    was changed, deleted or given to another since the merge."""

    survivor: UUID
    absorbed: UUID
    stays: dict[str, int]


class PairOut(Schema):
    """Two records that may be the same: how likely from 0 to 99, and why."""

    id: UUID
    one: UUID
    one_name: str
    other: UUID
    other_name: str
    score: int
    reasons: list[str]
    state: str


class PairsOut(Schema):
    """The likeliest pairs that wait for an answer, of records that the caller sees; 200 at most."""

    items: list[PairOut]


# Of one record: also that it lives on in another one, whose address is in Location.
ONE = {308: ErrorOut, **REFUSALS}


def router_for(object_type: ObjectType) -> Router:
    """Every operation on one kind of record; mounted by the ``api`` room under its slug."""
    router = Router(tags=[str(object_type.label_plural)])
    _list_and_create(router, object_type)
    _one(router, object_type)
    _talk(router, object_type)
    add_aggregates(router, object_type)
    add_files(router, object_type)
    add_history(router, object_type)
    add_disclosure(router, object_type)
    _views(router, object_type)
    add_many(router, object_type)
    add_rows(router, object_type)
    if object_type.merging is not None:
        _merges(router, object_type)
        if object_type.merging.alike is not None:
            _duplicates(router, object_type)
    if ERASABLE.get(object_type.kind) is not None:
        add_erasing(router, object_type)
    return router


def answer_schema(object_type: ObjectType) -> type[BaseModel]:
    """What the API answers of a record: its own form, and the fields that the company added."""
    added: dict[str, Any] = {"fields": (Values, ...)} if object_type.is_customisable else {}
    name = object_type.output_schema.__name__
    return create_model(
        f"{name}WithFields" if added else f"{name}Seen",
        __base__=partly(object_type.output_schema),
        **added,
    )


def answer(object_type: ObjectType, actor: Actor, record: Any) -> dict[str, Any]:
    """A record as the API answers it, with its custom fields by key."""
    found = object_type.output_for(actor, record)
    if object_type.is_customisable:
        found["fields"] = {
            field.key: major_of(field.custom, record.x[field.key])
            for field in object_type.fields_for(actor)
            if field.custom is not None and field.key in record.x
        }
    return found


def _name(object_type: ObjectType, verb: str) -> str:
    return f"{object_type.kind}_{verb}"


def _list_and_create(router: Router, object_type: ObjectType) -> None:
    out = answer_schema(object_type)
    page = create_model(
        f"{object_type.kind.capitalize()}Page",
        __base__=Schema,
        items=(list[out], ...),  # type: ignore[valid-type]
        next=(str | None, None),
    )

    @router.get(
        "",
        response={200: page, **REFUSALS},
        operation_id=_name(object_type, "list"),
        exclude_unset=True,
    )
    @asks_for(object_type.permissions.view)
    def list_records(request: HttpRequest, params: Query[ListIn]) -> Any:
        """A page of the records that the caller may see."""
        actor = actor_of(request)
        with place_in_filter():
            query = ListQuery(
                filters=filters_in(object_type, params.filter),
                text=params.q.strip(),
                sort=params.sort,
                cursor=params.cursor,
                limit=params.limit,
            )
            found = queries.list_page(object_type, actor, query)
        note_search(actor, object_type, query)
        return {
            "items": [answer(object_type, actor, row) for row in found.rows],
            "next": found.next or None,
        }

    def create_record(request: HttpRequest, data: Any) -> Any:
        """Make a record; 200 with the existing one where it is here already."""
        actor = actor_of(request)
        plain, fields = parted(data, object_type.input_schema)
        with in_fields():
            record, is_new = actions.create_record(actor, object_type, data=plain, fields=fields)
        written = queries.written_record(object_type, actor, record.public_id)
        return Status(201 if is_new else 200, answer(object_type, actor, written))

    create_record.__annotations__["data"] = with_fields(object_type, object_type.input_schema)
    router.post(
        "",
        response={200: out, 201: out, **REFUSALS},
        operation_id=_name(object_type, "create"),
        exclude_unset=True,
    )(asks_for(object_type.permissions.create)(create_record))


def _one(router: Router, object_type: ObjectType) -> None:
    out = answer_schema(object_type)

    @router.get(
        "/{uuid:public_id}",
        response={200: out, **ONE},
        operation_id=_name(object_type, "get"),
        exclude_unset=True,
    )
    @asks_for(object_type.permissions.view)
    @_follows_merges(object_type)
    def get_record(request: HttpRequest, public_id: UUID) -> Any:
        """One record."""
        actor = actor_of(request)
        record = queries.visible_record(object_type, actor, public_id)
        note_seen(actor, object_type, record.pk)
        return answer(object_type, actor, record)

    def change_record(request: HttpRequest, public_id: UUID, data: Any) -> Any:
        """Change some fields; what is left out stays, null empties."""
        actor = actor_of(request)
        plain, fields = parted(data, object_type.change_schema)
        with in_fields():
            actions.change_record(actor, object_type, public_id, data=plain, fields=fields)
        return answer(object_type, actor, queries.written_record(object_type, actor, public_id))

    change_record.__annotations__["data"] = with_fields(object_type, object_type.change_schema)
    router.patch(
        "/{uuid:public_id}",
        response={200: out, **ONE},
        operation_id=_name(object_type, "change"),
        exclude_unset=True,
    )(asks_for(object_type.permissions.edit)(_follows_merges(object_type)(change_record)))

    @router.delete(
        "/{uuid:public_id}",
        response={204: None, **ONE},
        operation_id=_name(object_type, "delete"),
    )
    @asks_for(object_type.permissions.delete)
    @_follows_merges(object_type)
    def delete_record(request: HttpRequest, public_id: UUID) -> Any:
        """Delete a record; its change set can be undone."""
        object_type.delete(actor_of(request), public_id)
        return Status(204, None)


def _talk(router: Router, object_type: ObjectType) -> None:
    @router.get(
        "/{uuid:public_id}/comments",
        response={200: CommentsOut, **ONE},
        operation_id=_name(object_type, "comments"),
    )
    @asks_for(object_type.permissions.view)
    @_follows_merges(object_type)
    def list_comments(request: HttpRequest, public_id: UUID) -> Any:
        """The last 200 comments on a record, newest first."""
        actor = actor_of(request)
        record = queries.visible_record(object_type, actor, public_id)
        found = list(queries.comments_on(object_type, record)[:MAX_PAGE_SIZE])
        names = names_in(comment.text for comment in found)
        return {"items": [_comment(comment, names) for comment in found]}

    @router.post(
        "/{uuid:public_id}/comments",
        response={201: CommentOut, **ONE},
        operation_id=_name(object_type, "comment"),
    )
    @asks_for("records.comment")
    @_follows_merges(object_type)
    def create_comment(request: HttpRequest, public_id: UUID, data: NewComment) -> Any:
        """Write a comment."""
        made = add_comment(actor_of(request), object_type, public_id, data=data)
        made.refresh_from_db()
        return Status(201, _comment(made, names_in([made.text])))

    @router.delete(
        "/{uuid:public_id}/comments/{uuid:comment_id}",
        response={204: None, **ONE},
        operation_id=_name(object_type, "uncomment"),
    )
    @asks_for("records.comment")
    @_follows_merges(object_type)
    def take_comment_back(request: HttpRequest, public_id: UUID, comment_id: UUID) -> Any:
        """Take one's own comment back."""
        delete_comment(actor_of(request), object_type, public_id, comment_id=comment_id)
        return Status(204, None)

    @router.post(
        "/{uuid:public_id}/tags",
        response={200: TagsOut, **ONE},
        operation_id=_name(object_type, "tag"),
    )
    @asks_for("records.tag")
    @_follows_merges(object_type)
    def put_tag(request: HttpRequest, public_id: UUID, data: NewTag) -> Any:
        """Put a tag on a record; the answer is all its tags."""
        actor = actor_of(request)
        add_tag(actor, object_type, public_id, data=data)
        return _tags(request, object_type, public_id)

    @router.delete(
        "/{uuid:public_id}/tags",
        response={200: TagsOut, **ONE},
        operation_id=_name(object_type, "untag"),
    )
    @asks_for("records.tag")
    @_follows_merges(object_type)
    def take_tag(
        request: HttpRequest,
        public_id: UUID,
        name: Annotated[str, Query(..., max_length=60, pattern=r"^[^\x00]+$")],
    ) -> Any:
        """Take a tag off a record; the answer is what is left."""
        remove_tag(actor_of(request), object_type, public_id, name=name)
        return _tags(request, object_type, public_id)


def _merges(router: Router, object_type: ObjectType) -> None:
    @router.get(
        "/{uuid:public_id}/merges",
        response={200: MergesOut, **ONE},
        operation_id=_name(object_type, "merges"),
    )
    @asks_for(object_type.permissions.view)
    @_follows_merges(object_type)
    def list_merges(request: HttpRequest, public_id: UUID) -> Any:
        """What was merged into a record and can be taken apart again."""
        record = queries.visible_record(object_type, actor_of(request), public_id)
        found = merges_of(object_type, record)[:MAX_PAGE_SIZE]
        return {"items": [_merge(object_type, event) for event in found]}

    @router.post(
        "/{uuid:public_id}/merges",
        response={201: MergeOut, **ONE},
        operation_id=_name(object_type, "merge"),
    )
    @asks_for("records.merge")
    @_follows_merges(object_type)
    def merge_records(request: HttpRequest, public_id: UUID, data: NewMerge) -> Any:
        """Merge another record into this one; it can be taken back."""
        made = merge(
            actor_of(request),
            object_type,
            public_id,
            data.absorbed,
            choices=data.choices,
            reason=data.reason,
        )
        made.refresh_from_db()
        return Status(201, _merge(object_type, made))

    @router.post(
        "/{uuid:public_id}/merges/many",
        response={201: MergesOut, **ONE},
        operation_id=_name(object_type, "merge_many"),
    )
    @asks_for("records.merge")
    @_follows_merges(object_type)
    def merge_several(request: HttpRequest, public_id: UUID, data: NewMergeOfMany) -> Any:
        """Merge several others into this one, all or none; each can be taken back alone."""
        made = merge_many(
            actor_of(request),
            object_type,
            public_id,
            data.absorbed,
            sources=data.sources,
            reason=data.reason,
        )
        for one in made:
            one.refresh_from_db()
        return Status(201, {"items": [_merge(object_type, one) for one in made]})

    @router.delete(
        "/{uuid:public_id}/merges/{uuid:merge_id}",
        response={200: UnmergeOut, **ONE},
        operation_id=_name(object_type, "unmerge"),
    )
    @asks_for("records.merge")
    @_follows_merges(object_type)
    def unmerge_records(request: HttpRequest, public_id: UUID, merge_id: UUID) -> Any:
        """Take a merge back: two records again; later edits of the survivor stay with it."""
        done = unmerge(actor_of(request), object_type, public_id, event=merge_id)
        event = _merge(object_type, done.event)
        return {"survivor": public_id, "absorbed": event["absorbed"], "stays": done.stays}


def _duplicates(router: Router, object_type: ObjectType) -> None:
    @router.get(
        "/duplicates",
        response={200: PairsOut, **REFUSALS},
        operation_id=_name(object_type, "duplicates"),
    )
    @asks_for("records.merge")
    def list_duplicates(request: HttpRequest) -> Any:
        """What may be here twice and was not answered yet, the likeliest first."""
        pairs = list(open_pairs(actor_of(request), object_type)[:MAX_PAGE_SIZE])
        return {"items": [_pair(object_type, pair) for pair in pairs]}

    @router.post(
        "/duplicates/search",
        response={202: None, **REFUSALS},
        operation_id=_name(object_type, "duplicate_search"),
    )
    @asks_for("records.merge")
    def search_duplicates(request: HttpRequest) -> Any:
        """Have a worker look for duplicates among all records."""
        actions.ask_for_search(actor_of(request), object_type)
        return Status(202, None)

    @router.post(
        "/duplicates/{uuid:pair_id}/apart",
        response={200: PairOut, **REFUSALS},
        operation_id=_name(object_type, "keep_apart"),
    )
    @asks_for("records.merge")
    def keep_pair_apart(request: HttpRequest, pair_id: UUID) -> Any:
        """Say that two records are not the same: nobody is asked again."""
        return _pair(object_type, actions.keep_apart(actor_of(request), object_type, pair_id))


def _views(router: Router, object_type: ObjectType) -> None:
    @router.get(
        "/views", response={200: ViewsOut, **REFUSALS}, operation_id=_name(object_type, "views")
    )
    @asks_for(object_type.permissions.view)
    def list_views(request: HttpRequest) -> Any:
        """The saved views that the caller may open."""
        actor = actor_of(request)
        return {"items": [_view(view) for view in queries.views_shown(actor, object_type)]}

    @router.post(
        "/views",
        response={201: ViewOut, **REFUSALS},
        operation_id=_name(object_type, "save_view"),
    )
    @asks_for("records.own_views")
    def create_view(request: HttpRequest, data: NewView) -> Any:
        """Save a view."""
        made = save_view(actor_of(request), object_type, data=data)
        return Status(201, _view_again(request, object_type, made))

    @router.patch(
        "/views/{uuid:view_id}",
        response={200: ViewOut, **REFUSALS},
        operation_id=_name(object_type, "change_view"),
    )
    @asks_for("records.own_views")
    def patch_view(request: HttpRequest, view_id: UUID, data: ChangeView) -> Any:
        """Change a view."""
        changed = change_view(actor_of(request), object_type, view_id, data=data)
        return _view_again(request, object_type, changed)

    @router.delete(
        "/views/{uuid:view_id}",
        response={204: None, **REFUSALS},
        operation_id=_name(object_type, "delete_view"),
    )
    @asks_for("records.own_views")
    def drop_view(request: HttpRequest, view_id: UUID) -> Any:
        """Delete a view."""
        delete_view(actor_of(request), object_type, view_id)
        return Status(204, None)


def _follows_merges(object_type: ObjectType) -> Callable[[Any], Any]:
    """An operation on one record that sends on, with 308, whoever knows it by an old address."""

    def decorate(operation: Any) -> Any:
        @wraps(operation)
        def enter(request: HttpRequest, /, *args: Any, **values: Any) -> Any:
            try:
                return operation(request, *args, **values)
            except Missing:
                old = values["public_id"]
                try:
                    refuse_merged(object_type, actor_of(request), old)
                except MergedInto as merged:
                    merged.location = request.get_full_path().replace(
                        str(old), str(merged.survivor), 1
                    )
                    raise
                raise

        return enter

    return decorate


def _comment(comment: Comment, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": comment.public_id,
        "author": comment.author.public_id,
        "author_name": comment.author.name,
        "text": drawn(comment.text, names),
        "mentions": mentions_of(comment.text, names),
        "at": comment.at,
    }


def _tags(request: HttpRequest, object_type: ObjectType, public_id: UUID) -> dict[str, Any]:
    record = queries.visible_record(object_type, actor_of(request), public_id)
    return {"tags": queries.tags_on(object_type.kind, [record.pk]).get(record.pk, [])}


def _view(view: Any) -> dict[str, Any]:
    return {
        "id": view.public_id,
        "name": view.name,
        "icon": view.icon,
        "visibility": view.visibility,
        "filters": view.filters,
        "sort": view.sort,
        "columns": view.columns,
        "widths": view.widths,
        "density": view.density,
        "footers": view.footers,
        "group": view.grouping,
        "layout": view.layout,
        "is_pinned": view.is_pinned,
        "opens_for_me": view.opens_for_me,
        "opens_for_everyone": view.opens_for_everyone,
        "owner": view.owner.public_id,
    }


def _view_again(request: HttpRequest, object_type: ObjectType, view: SavedView) -> dict[str, Any]:
    actor = actor_of(request)
    return _view(queries.written_view(actor, object_type, view))


def _merge(object_type: ObjectType, event: MergeEvent) -> dict[str, Any]:
    both = object_type.model._default_manager.in_bulk([event.survivor_id, event.absorbed_id])
    absorbed = both[event.absorbed_id]
    return {
        "id": event.public_id,
        "survivor": both[event.survivor_id].public_id,
        "absorbed": absorbed.public_id,
        "absorbed_name": object_type.name_of(absorbed),
        "by": event.actor_label,
        "at": event.at,
        "reason": event.reason,
        "choices": event.choices,
        "rows": moved_by(event),
    }


def _pair(object_type: ObjectType, pair: DuplicatePair) -> dict[str, Any]:
    both = object_type.model._default_manager.in_bulk([pair.one_id, pair.other_id])
    one, other = both[pair.one_id], both[pair.other_id]
    return {
        "id": pair.public_id,
        "one": one.public_id,
        "one_name": object_type.name_of(one),
        "other": other.public_id,
        "other_name": object_type.name_of(other),
        "score": pair.score,
        "reasons": pair.reasons,
        "state": pair.state,
    }
