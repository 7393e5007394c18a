"""Reads of one's own notifications: of records that the reader sees now, and still true."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.safestring import SafeString

from tandem.kernel.actor import Actor, Scope
from tandem.kernel.compiled import compiled
from tandem.kernel.errors import Missing
from tandem.notifications.models import Notification, Preferences
from tandem.notifications.rules import Place, Way, place_of
from tandem.notifications.slots import REASONS, Reason, Told, reasons
from tandem.records.models import Comment
from tandem.records.queries.mentions import names_in
from tandem.records.rules.mentions import drawn
from tandem.records.slots import OBJECT_TYPES, ObjectType, object_type

PAGE_SIZE = 50
MOST_COUNTED = 100
LONGEST_EXCERPT = 200


@dataclass(frozen=True)
class Item:
    """A notification as its reader sees it; ``record`` is None where it tells of many."""

    notification: Notification
    reason: Reason
    object_type: ObjectType
    record: Any
    told: Told
    excerpt: str

    @property
    def sentence(self) -> SafeString:
        return self.reason.sentence(self.told)

    @property
    def text(self) -> str:
        """The sentence without marks, for mails and programs."""
        return strip_tags(str(self.sentence))

    @property
    def is_read(self) -> bool:
        return self.notification.read_at is not None

    @property
    def side(self) -> str:
        """The half of the house of who did it, as faces draw it."""
        author = self.notification.author
        return author.mark if author is not None else ""


@dataclass(frozen=True)
class Page:
    """A page of a list of notifications; ``next`` is the cursor of what follows, or empty."""

    items: Sequence[Item]
    next: str


@dataclass(frozen=True, slots=True)
class _Standing:
    """A notification that can be shown, with the words of its causes that still are."""

    notification: Notification
    words: Mapping[str, str] | None

    @property
    def count(self) -> int:
        return self.notification.count if self.words is None else len(self.words)

    @property
    def excerpt(self) -> str:
        """The newest words."""
        found = list((self.words or {}).values())
        text = " ".join(found[-1].split()) if found else ""
        return text if len(text) <= LONGEST_EXCERPT else f"{text[:LONGEST_EXCERPT]}…"


def unread_count(actor: Actor) -> int:
    """How many notifications wait for the actor, at most a hundred; one query where none does, else
    one more for each kind of record and reason among them."""
    return len(_standing(actor, _unread(actor, now=timezone.now())))


@compiled
def _unread(actor: Actor, *, now: datetime) -> QuerySet[Notification]:
    return _waiting(_own(actor), now).order_by("-at")[:MOST_COUNTED]


def page_of(
    actor: Actor, *, shows: str = "unread", reason: str = "", cursor: str = "",
    limit: int = PAGE_SIZE,
) -> Page:  # fmt: skip
    """A page of the actor's notifications, newest first. ``shows`` is unread, snoozed or all.

    What cannot be shown any more is left out, so that a page may be shorter. Raises PlaceInvalid.
    """
    rows = _SHOWN[shows](_own(actor), timezone.now()).select_related("author")
    if reason:
        rows = rows.filter(reason=reason)
    place = place_of(cursor)
    if place is not None:
        rows = rows.filter(Q(at__lt=place.at) | Q(at=place.at, id__lt=place.id))
    found = list(rows.order_by("-at", "-id")[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=_items(actor, _standing(actor, found[:limit])),
        next=Place(last.at, last.pk).encoded() if last is not None else "",
    )


def item_of(actor: Actor, public_id: UUID) -> Item:
    """One of the actor's own notifications. Raises Missing where it cannot be shown."""
    found = _own(actor).filter(public_id=public_id).select_related("author")
    items = _items(actor, _standing(actor, list(found)))
    if not items:
        raise Missing()
    return items[0]


def to_mail(actor: Actor, *, before: datetime) -> list[Item]:
    """The unread notifications that came before a moment and that a mail should tell of, newest
    first; at most a hundred."""
    rows = _waiting(_own(actor), timezone.now()).filter(
        Q(mailed_at__isnull=True) | Q(mailed_at__lt=F("at")), at__lt=before
    )
    chosen = ways_of(preferences_of(actor.user_id))
    mailed = [key for key, way in chosen.items() if way is Way.MAIL]
    rows = rows.filter(reason__in=mailed).select_related("author").order_by("-at", "-id")
    return _items(actor, _standing(actor, list(rows[:MOST_COUNTED])))


def preferences_of(user_id: int | None) -> Preferences:
    """How a user wants to hear, as chosen or as is usual; one query."""
    found = Preferences.objects.filter(user_id=user_id or 0).first()
    return found or Preferences(user_id=user_id or 0)


def ways_of(preferences: Preferences) -> dict[str, Way]:
    """The way of every reason: as chosen, else the usual one."""
    return {one.key: Way(preferences.ways.get(one.key, one.way)) for one in reasons()}


def known_causes(reason: str, kind: str, ids: Collection[int]) -> set[str]:
    """What somebody was told already of these records for this reason; one query."""
    rows = Notification.objects.filter(reason=reason, subject_kind=kind, subject_id__in=ids)
    return {cause for causes in rows.values_list("causes", flat=True) for cause in causes}


def comment_id(pk: int) -> str | None:
    """The public id of a comment that was not taken back; one query."""
    found = Comment.objects.filter(pk=pk, deleted_at__isnull=True)
    public_id = found.values_list("public_id", flat=True).first()
    return None if public_id is None else str(public_id)


def words_of_comments(causes: Collection[str]) -> dict[str, str]:
    """The words of those of these comments that were not taken back; two queries."""
    found = Comment.objects.filter(public_id__in=causes, deleted_at__isnull=True)
    texts = {str(public_id): text for public_id, text in found.values_list("public_id", "text")}
    names = names_in(texts.values())
    return {public_id: drawn(text, names) for public_id, text in texts.items()}


def address_of(item: Item) -> str:
    """Where a notification leads: to the entry of the story, the record, or the list of the many;
    at most two queries."""
    if item.record is None:
        return _list_of_mine(item.object_type)
    base = f"/{item.object_type.slug}/{item.record.public_id}"
    finds, causes = item.reason.entry, item.notification.causes
    event = finds(item.notification, causes[-1]) if finds is not None and causes else ""
    return (
        f"{base}?{urlencode({'tab': 'timeline', 'entry': event})}#entry-{event}" if event else base
    )


# --- which ----------------------------------------------------------------------------------------


def _own(actor: Actor) -> QuerySet[Notification]:
    rows = Notification.objects.all()
    return rows.filter(user_id=actor.user_id) if actor.user_id is not None else rows.none()


def _waiting(rows: QuerySet[Notification], now: datetime) -> QuerySet[Notification]:
    awake = Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=now)
    return rows.filter(awake, read_at__isnull=True)


def _snoozed(rows: QuerySet[Notification], now: datetime) -> QuerySet[Notification]:
    return rows.filter(snoozed_until__gt=now, read_at__isnull=True)


def _every(rows: QuerySet[Notification], now: datetime) -> QuerySet[Notification]:
    return rows


_SHOWN: Mapping[str, Callable[[QuerySet[Notification], datetime], QuerySet[Notification]]] = {
    "unread": _waiting,
    "snoozed": _snoozed,
    "all": _every,
}


def _standing(actor: Actor, rows: Sequence[Notification]) -> list[_Standing]:
    """Those that the reader may be shown, and of which something still is true."""
    groups: dict[tuple[str, str], list[Notification]] = {}
    for row in rows:
        groups.setdefault((row.subject_kind, row.reason), []).append(row)
    found: dict[int, _Standing] = {}
    for (kind, key), some in groups.items():
        reason, described = REASONS.get(key), OBJECT_TYPES.get(kind)
        if reason is None or described is None or not _may_hear(actor, reason, described):
            continue
        for row in _in_sight(actor, reason, described, some):
            found[row.pk] = _Standing(row, None)
        if reason.standing is not None:
            _with_words(found, reason.standing, [row for row in some if row.pk in found])
    return [found[row.pk] for row in rows if row.pk in found]


def _may_hear(actor: Actor, reason: Reason, described: ObjectType) -> bool:
    if not actor.may("records.view") or not actor.may(described.permissions.view):
        return False
    return not (reason.tells and actor.hides(described.kind, reason.tells))


def _in_sight(
    actor: Actor, reason: Reason, described: ObjectType, rows: Sequence[Notification]
) -> list[Notification]:
    ids = [row.subject_id for row in rows if row.subject_id is not None]
    seen: set[int] = set()
    if ids:
        records = reason.still(actor, described.visible_to(actor)).filter(pk__in=ids)
        seen = set(records.order_by().values_list("pk", flat=True))
    sees_many = not described.is_scoped or actor.scope_of(described.kind) is not Scope.NONE
    return [
        row for row in rows if (sees_many if row.subject_id is None else row.subject_id in seen)
    ]


def _with_words(
    found: dict[int, _Standing],
    standing: Callable[[Collection[str]], Mapping[str, str]],
    rows: Sequence[Notification],
) -> None:
    """The words of what was told since it was read, or of the last where it was read; one query."""
    causes = {row.pk: row.causes[-max(row.count, 1) :] for row in rows}
    words = standing({cause for some in causes.values() for cause in some}) if causes else {}
    for row in rows:
        left = {cause: words[cause] for cause in causes[row.pk] if cause in words}
        if left:
            found[row.pk] = _Standing(row, left)
        else:
            del found[row.pk]


def _items(actor: Actor, found: Sequence[_Standing]) -> list[Item]:
    """With the records by name; a query or two for each kind."""
    wanted: dict[str, set[int]] = {}
    for one in found:
        if one.notification.subject_id is not None:
            wanted.setdefault(one.notification.subject_kind, set()).add(one.notification.subject_id)
    records = {
        (kind, record.pk): record
        for kind, ids in wanted.items()
        for record in _records(actor, kind, ids)
    }
    return [item for one in found if (item := _item(one, records)) is not None]


def _records(actor: Actor, kind: str, ids: Iterable[int]) -> Iterable[Any]:
    described = object_type(kind)
    rows: Iterable[Any] = described.prepare(described.visible_to(actor)).filter(pk__in=ids)
    return rows


def _item(one: _Standing, records: Mapping[tuple[str, int], Any]) -> Item | None:
    row = one.notification
    described = object_type(row.subject_kind)
    reason = REASONS.get(row.reason)
    record = records.get((row.subject_kind, row.subject_id or 0))
    if reason is None or (record is None and row.subject_id is not None):
        return None  # gone between two queries
    told = Told(
        notification=row,
        who=str(row.author) if row.author is not None else "",
        name=described.name_of(record) if record is not None else "",
        kind=described.label if record is not None or one.count == 1 else described.label_plural,
        count=one.count,
    )
    return Item(row, reason, described, record, told, one.excerpt)


def _list_of_mine(described: ObjectType) -> str:
    """The list of the records that the reader owns."""
    base = reverse("records:list", args=[described])
    owner = next((one for one in described.fields if one.path == "owner"), None)
    if owner is None:
        return base
    mine = {"field": owner.key, "is": "any_of", "value": ["me"]}
    return f"{base}?{urlencode({'filter': json.dumps({'op': 'and', 'items': [mine]})})}"
