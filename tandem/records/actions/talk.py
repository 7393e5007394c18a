"""Saved views, tags and comments: written in the same way on records of every kind."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.facts import publish
from tandem.kernel.refs import RecordRef
from tandem.records import queries, rules
from tandem.records.actions.mentions import read_mentions
from tandem.records.errors import GroupingInvalid, ViewNameTaken, ViewNotShared
from tandem.records.facts import CommentAdded
from tandem.records.models import (
    Comment,
    Layout,
    OpeningView,
    SavedView,
    Tag,
    TagLink,
    Visibility,
)
from tandem.records.queries.aggregates import read_footers
from tandem.records.queries.groups import board_of, read_grouping
from tandem.records.schemas import ChangeView, NewComment, NewTag, NewView, OpensFor
from tandem.records.slots import TAGS, ObjectType, tell_story


@action(permission="records.own_views")
def save_view(actor: Actor, object_type: ObjectType, *, data: NewView) -> SavedView:
    """Keep a list as a view of the actor's own; sharing it needs the right to share."""
    actor.require(object_type.permissions.view)
    _may_share(actor, data.visibility)
    _refuse_unseen(object_type, actor, data.filters, data.sort)
    read_footers(object_type, actor, data.footers)
    view = SavedView(
        **_laid_out(object_type, actor, data.group, data.layout),
        kind=object_type.kind,
        name=data.name,
        icon=data.icon,
        filters=data.filters,
        sort=data.sort,
        columns=_known_columns(object_type, actor, data.columns),
        widths=_known_widths(object_type, actor, data.widths),
        density=data.density,
        footers=data.footers,
        visibility=data.visibility,
        is_pinned=data.is_pinned,
        owner_id=_user_id(actor),
        team_id=_team_for(actor, data.visibility),
    )
    _save_named(view)
    _open_with(actor, view, data.opens_for)
    return view


@action(permission="records.own_views")
def change_view(
    actor: Actor, object_type: ObjectType, public_id: UUID, *, data: ChangeView
) -> SavedView:
    """Change a view: one's own, or a shared one with the right to share; others save as.

    Whom it opens for anybody may say of themselves, and with the right to share of everyone.
    Raises FieldHidden for one that asks by a field that is not there for who acts.
    """
    changes = data.model_dump(exclude_none=True, exclude={"opens_for"})
    if changes:
        view = _own_view(actor, object_type, public_id)
    else:
        view = queries.saved_view(actor, object_type.kind, public_id)
    queries.refuse_unseen_view(actor, object_type, view)
    if not changes:
        _open_with(actor, view, data.opens_for)
        return view
    if "visibility" in changes:
        _may_share(actor, data.visibility or "private")
        view.team_id = _team_for(actor, data.visibility or "private")
    _refuse_unseen(object_type, actor, changes.get("filters"), changes.get("sort", ""))
    if "footers" in changes:
        read_footers(object_type, actor, changes["footers"])
    if "columns" in changes:
        changes["columns"] = _known_columns(object_type, actor, changes["columns"])
    if "widths" in changes:
        changes["widths"] = _known_widths(object_type, actor, changes["widths"])
    if {"group", "layout"} & set(changes):
        is_board = view.layout == Layout.BOARD
        group = changes.pop("group", view.grouping)
        layout = changes.pop("layout", Layout.BOARD if is_board and group else "")
        changes |= _laid_out(object_type, actor, group, layout)
    for name, value in changes.items():
        setattr(view, name, value)
    view.updated_at = timezone.now()
    view.row_version = F("row_version") + 1
    _save_named(view)
    view.refresh_from_db()
    if view.visibility != Visibility.EVERYONE:
        OpeningView.objects.filter(view=view, user__isnull=True).delete()
    _open_with(actor, view, data.opens_for)
    return view


@action(permission="records.own_views")
def delete_view(actor: Actor, object_type: ObjectType, public_id: UUID) -> None:
    """Delete a view; undo brings it back."""
    view = _own_view(actor, object_type, public_id)
    if view.owner_id != actor.user_id:
        queries.refuse_unseen_view(actor, object_type, view)
    SavedView.objects.filter(pk=view.pk).update(deleted_at=timezone.now())


@action(permission="records.tag")
def add_tag(actor: Actor, object_type: ObjectType, public_id: UUID, *, data: NewTag) -> Tag:
    """Put a tag on a record the actor sees; a tag that is there already stays once. Raises
    FieldHidden where tags are not there for them."""
    object_type.refuse_hidden(actor, (TAGS,))
    record = queries.visible_record(object_type, actor, public_id)
    tag, _new = Tag.objects.get_or_create(
        normalized=rules.normalized_tag(data.name), defaults={"name": data.name}
    )
    _link, is_new = TagLink.objects.get_or_create(
        tag=tag, kind=object_type.kind, record_id=record.pk
    )
    if is_new:
        tell_story(
            actor, [object_type.ref(record)], kind="records.tagged", payload={"tag": tag.name}
        )
    return tag


@action(permission="records.tag")
def remove_tag(actor: Actor, object_type: ObjectType, public_id: UUID, *, name: str) -> None:
    """Take a tag off a record; Missing when it is not there. Raises FieldHidden."""
    object_type.refuse_hidden(actor, (TAGS,))
    record = queries.visible_record(object_type, actor, public_id)
    removed, _by_model = TagLink.objects.filter(
        kind=object_type.kind,
        record_id=record.pk,
        tag__normalized=rules.normalized_tag(name),
    ).delete()
    if not removed:
        raise Missing()
    tell_story(actor, [object_type.ref(record)], kind="records.untagged", payload={"tag": name})


@action(permission="records.comment")
def add_comment(
    actor: Actor, object_type: ObjectType, public_id: UUID, *, data: NewComment
) -> Comment:
    """Write to the colleagues about a record that the actor sees; who is mentioned is told.

    Raises Missing, MentionUnknown, TooManyMentions, MentionOutOfSight.
    """
    record = queries.visible_record(object_type, actor, public_id)
    text, mentioned = read_mentions(actor, object_type, record, data.text)
    comment = Comment.objects.create(
        kind=object_type.kind, record_id=record.pk, author_id=_user_id(actor), text=text
    )
    _tell(actor, [object_type.ref(record)], comment)
    publish(
        CommentAdded(
            change_set_id=current_change_set().id,
            comment_id=comment.pk,
            kind=object_type.kind,
            record_id=record.pk,
            mentioned=tuple(user.pk for user in mentioned),
        )
    )
    return comment


@action(permission="records.comment")
def delete_comment(
    actor: Actor, object_type: ObjectType, public_id: UUID, *, comment_id: UUID
) -> None:
    """Take one's own comment back."""
    record = queries.visible_record(object_type, actor, public_id)
    removed = (
        queries.comments_on(object_type, record)
        .filter(public_id=comment_id, author_id=actor.user_id)
        .update(deleted_at=timezone.now())
    )
    if not removed:
        raise Missing()


def _tell(actor: Actor, refs: Sequence[RecordRef], comment: Comment) -> None:
    tell_story(
        actor,
        refs,
        kind="records.commented",
        payload={"comment": str(comment.public_id)},
    )


def _own_view(actor: Actor, object_type: ObjectType, public_id: UUID) -> SavedView:
    view = queries.saved_view(actor, object_type.kind, public_id)
    if view.owner_id != actor.user_id and not actor.may("records.share_views"):
        raise Refused()
    return view


def _open_with(actor: Actor, view: SavedView, opens_for: OpensFor | None) -> None:
    """Let the list of the actor or of everyone open with a view, or not any more. Raises
    ViewNotShared."""
    if opens_for is None:
        return
    known = OpeningView.objects.filter(kind=view.kind)
    own, shared = known.filter(user_id=_user_id(actor)), known.filter(user__isnull=True)
    if opens_for is OpensFor.EVERYONE:
        actor.require("records.share_views")
        if view.visibility != Visibility.EVERYONE:
            raise ViewNotShared(field="opens_for")
        OpeningView.objects.update_or_create(kind=view.kind, user=None, defaults={"view": view})
    elif actor.may("records.share_views"):
        shared.filter(view=view).delete()
    if opens_for is OpensFor.ME:
        mine = {"kind": view.kind, "user_id": _user_id(actor)}
        OpeningView.objects.update_or_create(**mine, defaults={"view": view})
    else:
        own.filter(view=view).delete()


def _may_share(actor: Actor, visibility: str) -> None:
    if visibility != Visibility.PRIVATE:
        actor.require("records.share_views")


def _team_for(actor: Actor, visibility: str) -> int | None:
    return min(actor.team_ids, default=None) if visibility == Visibility.TEAM else None


def _refuse_unseen(object_type: ObjectType, actor: Actor, filters: Any, sort: str) -> None:
    object_type.refuse_hidden(actor, queries.fields_of(queries.read_filters(object_type, filters)))
    queries.sort_of(object_type, actor, sort)


def _known_columns(object_type: ObjectType, actor: Actor, columns: Sequence[str]) -> list[str]:
    return [key for key in columns if object_type.field_for(actor, key) is not None]


def _known_widths(
    object_type: ObjectType, actor: Actor, widths: Mapping[str, int]
) -> dict[str, int]:
    known = _known_columns(object_type, actor, list(widths))
    return {key: widths[key] for key in known}


def _laid_out(object_type: ObjectType, actor: Actor, group: str, layout: str) -> dict[str, str]:
    """The columns of a view that say how it is laid out, and what makes its groups or the columns
    of its board. Raises GroupingInvalid."""
    grouping = read_grouping(object_type, actor, group) if group else None
    if layout == Layout.BOARD and board_of(grouping) is None:
        raise GroupingInvalid(field="group")
    usual = Layout.TABLE if grouping is None else Layout.GROUP
    return {"layout": layout or usual, "grouping": str(grouping or "")}


def _save_named(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise ViewNameTaken(field="name") from error


def _user_id(actor: Actor) -> Any:
    # Only users keep views and write comments; a job would break the column's constraint.
    if actor.user_id is None:
        raise Refused()
    return actor.user_id
