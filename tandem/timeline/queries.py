"""Reads of the story: always of records that the actor may see."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.safestring import SafeString

from tandem.accounts.queries import members_of_my_teams
from tandem.kernel.actor import Actor, Scope
from tandem.kernel.errors import Missing
from tandem.kernel.refs import RecordRef
from tandem.records.models import Comment
from tandem.records.queries.merging import selves_of
from tandem.records.slots import OBJECT_TYPES, ObjectType, object_type
from tandem.timeline.models import TimelineEntry, Visibility
from tandem.timeline.rules import Day, Place, Side, by_day, place_of, runs
from tandem.timeline.slots import EntryKind, kind_of, not_touches

PAGE_SIZE = 50
FILTERS = ("mkt", "sales", "system", "mine")


@dataclass(frozen=True)
class Line:
    """One line of a story: an entry, or several of a run; as text it is its part of the page."""

    entries: Sequence[TimelineEntry]
    is_before: bool = False
    subjects: Sequence[tuple[str, str]] = ()

    @property
    def entry(self) -> TimelineEntry:
        """The newest one."""
        return self.entries[0]

    @property
    def kind(self) -> EntryKind:
        return kind_of(self.entry)

    @property
    def side(self) -> str:
        return self.entry.side

    @property
    def is_run(self) -> bool:
        return len(self.entries) > 1

    @property
    def is_human(self) -> bool:
        """Whether the node is filled: words or a deed of a human, not what was observed."""
        return not self.kind.is_observed and not self.is_run

    @property
    def sentence(self) -> SafeString:
        kind = self.kind
        if self.is_run and kind.run is not None:
            return kind.run(self.entries)
        return kind.sentence(self.entry)

    @property
    def why(self) -> str | SafeString:
        return "" if self.is_run else self.kind.why(self.entry)

    @property
    def box(self) -> str | SafeString:
        return "" if self.is_run else self.kind.box(self.entry)

    @property
    def at(self) -> datetime:
        """When it happened; of a run, when it began."""
        return self.entries[-1].at

    @property
    def until(self) -> datetime | None:
        """When a run ended."""
        return self.entry.at if self.is_run else None

    def __str__(self) -> str:
        return render_to_string("timeline/line.html", {"line": self})


@dataclass(frozen=True)
class Story:
    """A page of a story, newest first; ``next`` is the cursor of what is older, or empty."""

    days: list[Day[Line]]
    next: str
    side: str = ""
    entries: Sequence[TimelineEntry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Touch:
    """The latest that happened to a record, as a list shows it."""

    side: str
    text: str
    at: datetime

    def __str__(self) -> str:
        return self.text


def story_of(
    actor: Actor,
    ref: RecordRef,
    *,
    side: str | None = None,
    before: str = "",
    limit: int = PAGE_SIZE,
) -> Story:
    """A page of the story of a record, newest first; five queries at most.

    What was told of a record that was merged into it is told here too.

    ``side`` is a lane or ``mine``; ``before`` the cursor of the page before. Raises Missing when
    the actor may not see the record, PlaceInvalid for a strange cursor.
    """
    _require_visible(actor, ref)
    refs = [RecordRef(ref.kind, pk) for pk in selves_of(ref.kind, [ref.id])]
    entries = _entries_of(actor, refs, side=side)
    place = place_of(before)
    if place is not None:
        entries = entries.filter(Q(at__lt=place.at) | Q(at=place.at, id__lt=place.id))
    found = list(entries.order_by("-at", "-id")[: limit + 1])
    page = found[:limit]
    has_more = len(found) > limit
    handed_at = _first_handoff(refs) if page else None
    # The lane of sales begins with the hand-off; where there was none, with their first entry.
    has_sales = any(entry.side == Side.SALES for entry in page)
    lines = [
        Line(run, is_before=run[0].at < handed_at if handed_at else not has_sales)
        for run in runs(_with_live_words(page), _run_key)
    ]
    return Story(
        days=by_day(lines, _day_of_line, after=_day(place.at) if place else None),
        next=Place(page[-1].at, page[-1].id).encoded() if has_more else "",
        side=side or "",
        entries=page,
    )


def latest_of(actor: Actor, kind: str, ids: Sequence[int]) -> dict[int, TimelineEntry]:
    """The latest touch of each of these records, which the actor sees already; one query."""
    if not ids:
        return {}
    latest = RawSQL(
        """
        (SELECT e.id FROM unnest(%s::bigint[]) s (id) CROSS JOIN LATERAL (
            SELECT id FROM timeline_entry
            WHERE subject_kind = %s AND subject_id = s.id AND kind <> ALL (%s)
                AND (visibility = 'all' OR actor_user_id = %s)
            ORDER BY at DESC, id DESC LIMIT 1) e)
        """,
        [list(ids), kind, not_touches(), actor.user_id],
    )
    found = _with_live_words(list(TimelineEntry.objects.filter(id__in=latest)))
    return {entry.subject_id: entry for entry in found}


def last_touches(actor: Actor, kind: str, ids: Sequence[int]) -> dict[int, Touch]:
    """The same in words, for a column."""
    return {
        subject: Touch(entry.side, _short(entry), entry.at)
        for subject, entry in latest_of(actor, kind, ids).items()
    }


def latest_stories(actor: Actor, *, limit: int = 12) -> list[Line]:
    """The latest that happened to any record that the actor may see, each event once."""
    visible = Q(pk__in=[])
    for kind, found in OBJECT_TYPES.items():
        if actor.may(found.permissions.view):
            rows = found.visible_to(actor).order_by().values("pk")
            visible |= Q(subject_kind=kind, subject_id__in=rows)
    entries = _readable(actor, TimelineEntry.objects.filter(visible))
    newest: dict[UUID, list[TimelineEntry]] = {}
    for entry in entries.order_by("-at", "-id")[: limit * 4]:
        newest.setdefault(entry.event_id, []).append(entry)
    events = list(newest.values())[:limit]
    named = _names(entry for event in events for entry in event)
    _with_live_words([event[0] for event in events])
    return [
        Line(
            [event[0]],
            subjects=_different(
                named[key]
                for entry in reversed(event)
                if (key := (entry.subject_kind, entry.subject_id)) in named
            )[:2],
        )
        for event in events
    ]


def _different(subjects: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """One of each name: a lead and its hand-off bear that of their person."""
    found: dict[str, tuple[str, str]] = {}
    for name, address in subjects:
        found.setdefault(name, (name, address))
    return list(found.values())


def has_entries(actor: Actor, ref: RecordRef) -> bool:
    """Whether anything has happened yet; one query."""
    return bool(_entries_of(actor, [ref]).exists())


def _require_visible(actor: Actor, ref: RecordRef) -> ObjectType:
    found = OBJECT_TYPES.get(ref.kind)
    if found is None or not actor.may(found.permissions.view):
        raise Missing()
    if not found.visible_to(actor).filter(pk=ref.id).exists():
        raise Missing()
    return found


def _entries_of(
    actor: Actor, refs: Sequence[RecordRef], *, side: str | None = None
) -> QuerySet[TimelineEntry]:
    entries = _readable(actor, TimelineEntry.objects.filter(_about(refs)))
    if side == "mine":
        return entries.filter(actor_user_id=actor.user_id)
    if side in ("mkt", "sales"):
        # The hand-off belongs to both lanes: it is where one ends in the other.
        return entries.filter(side__in=[side, Side.HANDOFF])
    return entries.filter(side=side) if side else entries


def _about(refs: Sequence[RecordRef]) -> Q:
    whose = Q(pk__in=[])
    for ref in refs:
        whose |= Q(subject_kind=ref.kind, subject_id=ref.id)
    return whose


def _readable(actor: Actor, entries: QuerySet[TimelineEntry]) -> QuerySet[TimelineEntry]:
    """Without what was written for others: a team's own words, the words of a few."""
    mine = Q(actor_user_id=actor.user_id) if actor.user_id is not None else Q(pk__in=[])
    open_to_me = Q(visibility=Visibility.ALL) | mine
    if actor.scope_of("*") is Scope.ALL:
        open_to_me |= Q(visibility=Visibility.TEAM)
    elif actor.team_ids:
        colleague = members_of_my_teams(actor).filter(user_id=OuterRef("actor_user_id"))
        open_to_me |= Q(visibility=Visibility.TEAM) & Q(Exists(colleague))
    if actor.user_id is not None:
        open_to_me |= Q(
            visibility=Visibility.PARTICIPANTS, payload__participants__contains=actor.user_id
        )
    return entries.filter(open_to_me)


def _first_handoff(refs: Sequence[RecordRef]) -> datetime | None:
    return (
        TimelineEntry.objects.filter(_about(refs), side=Side.HANDOFF)
        .order_by(F("at"), F("id"))
        .values_list("at", flat=True)
        .first()
    )


def _with_live_words(entries: list[TimelineEntry]) -> list[TimelineEntry]:
    """The words of comments: they stand with the comment alone, so that one that was taken back
    says nothing any more, wherever its story is told. One query where there are any."""
    comments = [entry for entry in entries if entry.kind == "records.commented"]
    if comments:
        wanted = {entry.payload["comment"] for entry in comments}
        live = Comment.objects.filter(public_id__in=wanted, deleted_at__isnull=True)
        words = {str(one): text for one, text in live.values_list("public_id", "text")}
        for entry in comments:
            entry.payload = {**entry.payload, "text": words.get(entry.payload["comment"], "")}
    return entries


def _run_key(entry: TimelineEntry) -> object | None:
    if not entry.is_automatic or kind_of(entry).run is None:
        return None
    return entry.kind, entry.side, _day(entry.at)


def _day(moment: datetime) -> date:
    return timezone.localtime(moment).date()


def _day_of_line(line: Line) -> date:
    return _day(line.entry.at)


def _short(entry: TimelineEntry) -> str:
    kind = kind_of(entry)
    return kind.short(entry) if kind.short is not None else strip_tags(kind.sentence(entry))


def _names(entries: Iterable[TimelineEntry]) -> Mapping[tuple[str, int], tuple[str, str]]:
    """The names and addresses of subjects that have been allowed already; a query per kind."""
    wanted: dict[str, set[int]] = {}
    for entry in entries:
        wanted.setdefault(entry.subject_kind, set()).add(entry.subject_id)
    found: dict[tuple[str, int], tuple[str, str]] = {}
    for kind, ids in wanted.items():
        described = object_type(kind)
        for record in described.model._default_manager.filter(pk__in=ids):
            found[kind, record.pk] = (described.name_of(record), _address(described, record))
    return found


def _address(described: ObjectType, record: Any) -> str:
    return f"/{described.slug}/{record.public_id}"
