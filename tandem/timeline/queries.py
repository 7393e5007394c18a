"""Reads of the story: always of records that the actor may see."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache, partial
from html import escape
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tandem.accounts.queries import members_of_my_teams, scoped
from tandem.kernel.actor import Actor, Scope
from tandem.kernel.compiled import compiled, planned
from tandem.kernel.errors import Missing
from tandem.kernel.refs import RecordRef
from tandem.kernel.undo import undoable_among
from tandem.records.models import Comment
from tandem.records.queries.mentions import mentions_of, names_in
from tandem.records.queries.merging import selves_of
from tandem.records.rules.mentions import drawn
from tandem.records.slots import OBJECT_TYPES, ObjectType, object_type
from tandem.timeline.models import Pin, TimelineEntry, Visibility
from tandem.timeline.rules import Day, Marks, Place, Side, by_day, place_of, runs
from tandem.timeline.slots import EntryKind, kind_of, not_touches, told_elsewhere, words_of
from tandem.ui import marks

PAGE_SIZE = 50
MOST_NEW = 100
EVER = datetime(1, 1, 1, tzinfo=UTC)
CLOCKS_DIFFER = timedelta(hours=1)
# Entries of all records that are looked through for the latest in sight, step by step.
LOOKED_THROUGH = (100, 1_000, 10_000)
LOOKS_BACK = (timedelta(days=92), timedelta(days=366), None)
FILTERS = ("mkt", "sales", "system", "mine")
COMMENTED = "records.commented"


@dataclass(frozen=True)
class Line:
    """One line of a story: an entry, or several of a run; as text it is its part of the page."""

    entries: Sequence[TimelineEntry]
    is_before: bool = False
    subjects: Sequence[tuple[str, str]] = ()
    is_pinned: bool = False
    is_on_top: bool = False
    undo: UUID | None = None
    is_at_mark: bool = False

    @property
    def entry(self) -> TimelineEntry:
        """The newest one."""
        return self.entries[0]

    @property
    def parts(self) -> Sequence[tuple[SafeString, datetime]]:
        """What a run is made of, as it opens in its place."""
        return [(self.kind.sentence(one), one.at) for one in self.entries] if self.is_run else []

    @property
    def anchor(self) -> str:
        """By what a link leads to this line of a page."""
        return f"{'pinned' if self.is_on_top else 'entry'}-{self.entry.event_id}"

    @cached_property
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

    @cached_property
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

    def drawn(self, acts: str = "") -> SafeString:
        """The line as its part of a page; ``acts`` is what can be done to it, drawn."""
        words = self.sentence
        if self.is_run:
            words = SafeString(f'<span class="c-entry_run">{words}</span>')
        box = self.box
        return marks.entry(
            f"{words}{self._subjects_drawn()}",
            side=self.side,
            is_human=self.is_human,
            is_before=self.is_before,
            at=self.at,
            until=self.until,
            why=conditional_escape(self.why),
            box=f"<div data-verbatim>{conditional_escape(box)}</div>" if box else "",
            more=f"{self._parts_drawn()}{acts}",
            attributes=f'id="{self.anchor}"',
        )

    def _subjects_drawn(self) -> str:
        links = [
            f'<a class="t-link" href="{escape(address)}" data-verbatim>{escape(name)}</a>'
            for name, address in self.subjects
        ]
        return f": {', '.join(links)}" if links else ""

    def _parts_drawn(self) -> str:
        if not self.is_run:
            return ""
        lines = [f"<li><span>{words}</span> {marks.clock(at)}</li>" for words, at in self.parts]
        return (
            f'<details class="c-entry_parts"><summary>{escape(_("Show each"))}</summary>'
            f"<ol>{''.join(lines)}</ol></details>"
        )

    def __str__(self) -> str:
        return self.drawn()


@dataclass(frozen=True)
class Story:
    """A page of a story in the reader's order; ``next`` is the cursor of what follows, or empty.

    ``since`` is when the reader was here last, ``new`` how many entries others wrote since (at
    most ``MOST_NEW``); ``pinned`` stand on top of the first page.
    """

    days: list[Day[Line]]
    next: str
    side: str = ""
    entries: Sequence[TimelineEntry] = field(default_factory=list)
    pinned: Sequence[Line] = ()
    pinned_events: Sequence[UUID] = ()
    since: datetime | None = None
    new: int = 0


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
    is_oldest_first: bool = False,
    since: datetime | None = None,
) -> Story:
    """A page of the story of a record, newest first unless asked; eight queries at most.

    What was told of a record that was merged into it is told here too.

    ``side`` is a lane or ``mine``; ``before`` the cursor of the page before; ``since`` draws the
    line of what others wrote after it. Raises Missing when the actor may not see the record,
    PlaceInvalid for a strange cursor.
    """
    _require_visible(actor, ref)
    refs = [RecordRef(ref.kind, pk) for pk in selves_of(ref.kind, [ref.id])]
    entries = _entries_of(actor, refs, side=side)
    place = place_of(before)
    if place is None and len(refs) == 1:
        found = _first_page(actor, ref.kind, side, is_oldest_first, limit + 1, subject=ref.id)
    else:
        found = planned(_from_place(entries, place, is_oldest_first=is_oldest_first)[: limit + 1])
    page = _shown(actor, found[:limit])
    has_more = len(found) > limit
    is_whole = not (place or side or has_more)
    handed_at = _first_handoff(actor, refs, found if is_whole else None) if page else None
    # The lane of sales begins with the hand-off; where there was none, with their first entry.
    has_sales = any(entry.side == Side.SALES for entry in page)
    new = _count_new(actor, entries, since) if since else 0
    pins = _pinned(actor, ref, refs)
    pinned_ids = {entry.event_id for entry in pins}
    undoable = _undoable(actor, page)
    lines = [
        Line(
            run[::-1] if is_oldest_first else run,
            is_before=run[0].at < handed_at if handed_at else not has_sales,
            is_pinned=run[0].event_id in pinned_ids,
            undo=undoable.get(run[0].change_set_id) if len(run) == 1 else None,
        )
        for run in runs(page, partial(_run_key, since))
    ]
    if since and new:
        _draw_mark(lines, since, place, is_oldest_first=is_oldest_first)
    on_top = _shown(actor, pins) if not place and not side else []
    return Story(
        days=by_day(lines, _day_of_line, after=_day(place.at) if place else None),
        next=Place(found[limit - 1].at, found[limit - 1].id).encoded() if has_more else "",
        side=side or "",
        entries=page,
        pinned=[Line([entry], is_pinned=True, is_on_top=True) for entry in on_top],
        pinned_events=[entry.event_id for entry in pins],
        since=since,
        new=new,
    )


def marks_of(actor: Actor, ref: RecordRef) -> Marks:
    """What the actor left in the story of a record; one query."""
    if actor.user_id is None:
        return Marks()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT v.seen_at, v.before_at, coalesce(r.is_oldest_first, false)
            FROM (SELECT %(user)s::bigint AS id) u
            LEFT JOIN timeline_storyreader r ON r.user_id = u.id
            LEFT JOIN timeline_storymark v ON v.user_id = u.id
                AND v.subject_kind = %(kind)s AND v.subject_id = %(id)s
            """,
            {"user": actor.user_id, "kind": ref.kind, "id": ref.id},
        )
        return Marks(*cursor.fetchone())


def entry_of(actor: Actor, ref: RecordRef, event: UUID) -> TimelineEntry | None:
    """The entry of an event in the story of a record, where the actor may read it. Raises Missing
    where the record is out of sight."""
    _require_visible(actor, ref)
    refs = [RecordRef(ref.kind, pk) for pk in selves_of(ref.kind, [ref.id])]
    return _entries_of(actor, refs).filter(event_id=event).first()


def place_above(entry: TimelineEntry, *, is_oldest_first: bool) -> str:
    """The cursor of the page of a story that begins with an entry."""
    return Place(entry.at, entry.id + (-1 if is_oldest_first else 1)).encoded()


def event_of_comment(ref: RecordRef, comment: UUID) -> UUID | None:
    """The event under which a comment stands in the story of a record; two queries."""
    refs = [RecordRef(ref.kind, pk) for pk in selves_of(ref.kind, [ref.id])]
    told = TimelineEntry.objects.filter(_about(refs), kind=COMMENTED)
    return (
        told.filter(payload__comment=str(comment))
        .order_by("-at")
        .values_list("event_id", flat=True)
        .first()
    )


def latest_of(actor: Actor, kind: str, ids: Sequence[int]) -> dict[int, TimelineEntry]:
    """The latest touch of each of these records, which the actor sees already; three queries at
    most. What is still to come is no touch.

    The table is cut by months, and each that is looked into costs: most records were touched of
    late, so only the others are looked for further back. Between two moments the months are looked
    into from the last one on, and no further than to the first entry.
    """
    found: dict[int, TimelineEntry] = {}
    now = timezone.now()
    until = now + CLOCKS_DIFFER
    for back in LOOKS_BACK:
        since = now - back if back else EVER
        left = [pk for pk in ids if pk not in found]
        found |= _latest_between(actor, kind, left, since=since, until=until)
        until = since
    return {entry.subject_id: entry for entry in _shown(actor, found.values())}


def _latest_between(
    actor: Actor, kind: str, ids: Sequence[int], *, since: datetime, until: datetime
) -> dict[int, TimelineEntry]:
    if not ids:
        return {}
    statement, params = _latest_statement(Reader.of(actor), kind)
    bounds = {SINCE: since, UNTIL: until}
    latest = TimelineEntry.objects.raw(
        statement,
        [list(ids), *(bounds.get(one, one) if type(one) is datetime else one for one in params)],
    )
    return {entry.subject_id: entry for entry in planned(latest)}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, as far as it decides what a statement says: equal for equal sights."""

    sight: tuple[object, ...]
    actor: Actor = field(compare=False)

    @classmethod
    def of(cls, actor: Actor) -> "Reader":
        scopes = frozenset(actor.scopes.items())
        return cls((actor.user_id, actor.permissions, scopes, actor.team_ids), actor)


# What stands for the bounds in a statement that is put together once.
SINCE, UNTIL = EVER + timedelta(seconds=1), EVER + timedelta(seconds=2)


@lru_cache(maxsize=256)
def _latest_statement(reader: Reader, kind: str) -> tuple[str, Sequence[Any]]:
    """The statement that finds the latest touches, and its values but for the ids: to put it
    together costs more than to ask it, and it says the same to who sees the same."""
    actor = reader.actor
    entries = TimelineEntry.objects.filter(
        Q(visibility=Visibility.ALL) | Q(actor_user_id=actor.user_id or 0),
        subject_kind=kind,
        subject_id=RawSQL("s.id", ()),
        at__gte=SINCE,
        at__lt=UNTIL,
    ).exclude(kind__in=not_touches())
    for out_of_sight in _out_of_sight(actor):
        entries = entries.exclude(out_of_sight)
    one, params = entries.order_by("-at", "-id")[:1].query.sql_with_params()
    text = " ".join(
        ("SELECT e.* FROM unnest(%s::bigint[]) s (id) CROSS JOIN LATERAL (", one, ") e")
    )
    return text, params


def last_touches(actor: Actor, kind: str, ids: Sequence[int]) -> dict[int, Touch]:
    """The same in words, for a column."""
    return {
        subject: Touch(entry.side, _short(entry), entry.at)
        for subject, entry in latest_of(actor, kind, ids).items()
    }


def latest_stories(actor: Actor, *, limit: int = 12) -> list[Line]:
    """The latest that happened to any record that the actor may see, each event once.

    The story is looked through from its end, ever more at a time, until there is enough: to ask for
    what is in sight at once would gather all records first. Who sees few of very many records, of
    which nothing has happened for long, is told less.
    """
    events: dict[UUID, list[TimelineEntry]] = {}
    place: Place | None = None
    for size in LOOKED_THROUGH:
        entries = _readable(actor, TimelineEntry.objects.all())
        latest = _from_place(entries, place, is_oldest_first=False)[:size]
        keys = planned(latest.values_list("at", "id", "subject_kind", "subject_id"))
        for entry in _shown(actor, _in_sight(actor, keys, limit * 4)):
            events.setdefault(entry.event_id, []).append(entry)
        if len(events) >= limit or len(keys) < size:
            break
        place = Place(*keys[-1][:2])
    told = list(events.values())[:limit]
    named = _names(entry for event in told for entry in event)
    return [
        Line(
            [event[0]],
            subjects=_different(
                named[key]
                for entry in reversed(event)
                if (key := (entry.subject_kind, entry.subject_id)) in named
            )[:2],
        )
        for event in told
    ]


def _in_sight(
    actor: Actor, keys: Sequence[tuple[datetime, int, str, int]], limit: int
) -> list[TimelineEntry]:
    """The first of these entries whose records the actor sees; a query for each kind, and one."""
    ids: dict[str, set[int]] = {}
    for _at, _id, kind, subject in keys:
        ids.setdefault(kind, set()).add(subject)
    seen: set[tuple[str, int]] = set()
    for kind, some in ids.items():
        found = OBJECT_TYPES.get(kind)
        if found is not None and actor.may(found.permissions.view):
            rows = found.visible_to(actor).order_by().filter(pk__in=some)
            seen.update((kind, pk) for pk in rows.values_list("pk", flat=True))
    first = [(at, pk) for at, pk, kind, subject in keys if (kind, subject) in seen][:limit]
    if not first:
        return []
    moments = [at for at, _pk in first]
    whole = TimelineEntry.objects.filter(
        pk__in=[pk for _at, pk in first], at__gte=min(moments), at__lte=max(moments)
    )
    return list(whole.order_by("-at", "-id"))


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
    if not _visible(actor, ref.kind, pk=ref.id):
        raise Missing()
    return found


@compiled
def _visible(actor: Actor, kind: str, *, pk: int) -> QuerySet[Any, int]:
    rows: QuerySet[Any] = object_type(kind).visible_to(actor).order_by()
    return rows.filter(pk=pk).values_list("pk", flat=True)


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


@compiled
def _first_page(
    actor: Actor, kind: str, side: str | None, is_oldest_first: bool, limit: int, *, subject: int
) -> QuerySet[TimelineEntry]:
    entries = _entries_of(actor, [RecordRef(kind, subject)], side=side)
    return _from_place(entries, None, is_oldest_first=is_oldest_first)[:limit]


def _from_place(
    entries: QuerySet[TimelineEntry], place: Place | None, *, is_oldest_first: bool
) -> QuerySet[TimelineEntry]:
    if is_oldest_first:
        if place is not None:
            entries = entries.filter(Q(at__gt=place.at) | Q(at=place.at, id__gt=place.id))
        return entries.order_by("at", "id")
    if place is not None:
        entries = entries.filter(Q(at__lt=place.at) | Q(at=place.at, id__lt=place.id))
    return entries.order_by("-at", "-id")


def _count_new(actor: Actor, entries: QuerySet[TimelineEntry], since: datetime) -> int:
    others = entries.filter(at__gt=since).exclude(
        actor_user_id__isnull=False, actor_user_id=actor.user_id
    )
    return others.order_by()[:MOST_NEW].count()


def _draw_mark(
    lines: list[Line], since: datetime, place: Place | None, *, is_oldest_first: bool
) -> None:
    """Draw the line between what is new and what was there, where it falls into this page."""
    was_new = place.at > since if place else None
    for at, line in enumerate(lines):
        is_new = line.entry.at > since
        if was_new is not None and is_new != was_new:
            lines[at] = replace(line, is_at_mark=True)
            return
        was_new = is_new


def _pinned(actor: Actor, ref: RecordRef, refs: Sequence[RecordRef]) -> list[TimelineEntry]:
    """The entries on top, the last one pinned first; one query more where there are any."""
    places = dict(_pins(kind=ref.kind, subject=ref.id))
    if not places:
        return []
    entries = _entries_of(actor, refs).filter(event_id__in=places, at__in=places.values())
    found = {entry.event_id: entry for entry in entries}
    return [found[event] for event in places if event in found]


@compiled
def _pins(*, kind: str, subject: int) -> QuerySet[Pin, tuple[UUID, datetime]]:
    pins = Pin.objects.filter(subject_kind=kind, subject_id=subject).order_by("-id")
    return pins.values_list("event_id", "at")


def _undoable(actor: Actor, entries: Iterable[TimelineEntry]) -> dict[int, UUID]:
    """The change sets behind automatic entries that the actor may take back, by key; one query
    where there are any."""
    asked = [
        entry.change_set_id
        for entry in entries
        if entry.is_automatic and kind_of(entry).offers_undo
    ]
    return undoable_among(actor, asked) if asked else {}


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
    for out_of_sight in _out_of_sight(actor):
        entries = entries.exclude(out_of_sight)
    return entries.filter(open_to_me)


def _out_of_sight(actor: Actor) -> Iterator[Q]:
    """What is told here of a record that the actor does not see: a colleague's deal in the story
    of a company. Nothing for who sees all; else a look at the same event, by its moment."""
    for about, kinds in told_elsewhere().items():
        seen = {kind: rows for kind in about if (rows := _known(actor, kind)) is not None}
        if any(rows is EVERYTHING for rows in seen.values()):
            continue
        # The look comes last: an import tells thousands of events at one moment.
        yield Q(kind__in=kinds) & ~Q(subject_kind__in=about) & ~Q(ToldOf(seen))


class ToldOf(Func):
    """Whether the event of an entry is told of one of these records, too; ``seen`` are the ids of
    records by their kind."""

    output_field = BooleanField()

    def __init__(self, seen: Mapping[str, QuerySet[Any, Any]]) -> None:
        super().__init__(F("event_id"), F("at"))
        self.seen = seen

    def as_sql(
        self, compiler: Any, connection: Any, *_words: Any, **_context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        parts, params = zip(*map(compiler.compile, self.source_expressions), strict=True)
        told = [value for some in params for value in some]
        looks, asked = [], []
        for kind, rows in self.seen.items():
            try:
                visible, values = rows.query.sql_with_params()
            except EmptyResultSet:
                continue
            looks.append(f"kind = %s AND EXISTS (SELECT FROM ({visible}) v (id) WHERE v.id = o.id)")
            asked += [kind, *values]
        if not looks:
            return "false", ()
        whose = f"timeline_told_of({', '.join(parts)}, %s) o"
        text = f"EXISTS (SELECT FROM {whose} WHERE ({') OR ('.join(looks)}))"
        return text, (*told, list(self.seen), *asked)


EVERYTHING = object()


def _known(actor: Actor, kind: str) -> Any:
    """The ids of the records of a kind that the actor sees, or saw before they were deleted."""
    found = OBJECT_TYPES.get(kind)
    if found is None or not actor.may(found.permissions.view):
        return None
    if actor.scope_of(kind) is Scope.ALL:
        return EVERYTHING
    if any(field.name == "owner" for field in found.model._meta.fields):
        return scoped(found.model._default_manager.all(), actor, kind=kind).values("pk")
    return found.visible_to(actor).order_by().values("pk")


def _first_handoff(
    actor: Actor, refs: Sequence[RecordRef], whole: Sequence[TimelineEntry] | None
) -> datetime | None:
    """When sales took over; no query where the whole story is there already."""
    if whole is not None:
        return min((entry.at for entry in whole if entry.side == Side.HANDOFF), default=None)
    firsts = (_handed_at(actor, ref.kind, subject=ref.id) for ref in refs)
    return min((found[0] for found in firsts if found), default=None)


@compiled
def _handed_at(actor: Actor, kind: str, *, subject: int) -> QuerySet[TimelineEntry, datetime]:
    handed = _entries_of(actor, [RecordRef(kind, subject)]).filter(side=Side.HANDOFF)
    return handed.order_by("at", "id").values_list("at", flat=True)[:1]


def _shown(actor: Actor, entries: Iterable[TimelineEntry]) -> list[TimelineEntry]:
    """What is told to who reads: live words, and nothing of a field that is hidden from them."""
    found = list(entries)
    if actor.hidden:
        found = [told for entry in found if (told := _seen(actor, entry)) is not None]
    return _with_live_words(found)


def _seen(actor: Actor, entry: TimelineEntry) -> TimelineEntry | None:
    """The entry without changes of hidden fields; None where nothing is left of it."""
    hidden = actor.hidden_of(entry.subject_kind)
    for name in kind_of(entry).tells:
        kind, _dot, key = name.rpartition(".")
        if actor.hides(kind or entry.subject_kind, key):
            return None
    for part in ("changes", "fields"):
        told = entry.payload.get(part)
        if hidden and isinstance(told, list):
            kept = [one for one in told if _key_of(one) not in hidden]
            if told and not kept:
                return None
            entry.payload = {**entry.payload, part: kept}
    return entry


def _key_of(told: Any) -> Any:
    return told.get("field") if isinstance(told, dict) else told


def _with_live_words(entries: list[TimelineEntry]) -> list[TimelineEntry]:
    """The words of comments: they stand with the comment alone, so that one that was taken back
    says nothing any more, wherever its story is told, and mentions colleagues by the names of
    today. One query where there are any, one more where somebody is mentioned."""
    comments = [entry for entry in entries if entry.kind == COMMENTED]
    if comments:
        wanted = {entry.payload["comment"] for entry in comments}
        live = Comment.objects.filter(public_id__in=wanted, deleted_at__isnull=True)
        words = {str(one): text for one, text in live.values_list("public_id", "text")}
        names = names_in(words.values())
        for entry in comments:
            text = words.get(entry.payload["comment"], "")
            told = {"text": drawn(text, names), "mentions": mentions_of(text, names)}
            entry.payload = {**entry.payload, **told}
    return entries


def _run_key(since: datetime | None, entry: TimelineEntry) -> object | None:
    if not entry.is_automatic or kind_of(entry).run is None:
        return None
    return entry.kind, entry.side, _day(entry.at), since is not None and entry.at > since


def _day(moment: datetime) -> date:
    return timezone.localtime(moment).date()


def _day_of_line(line: Line) -> date:
    return _day(line.entry.at)


def _short(entry: TimelineEntry) -> str:
    kind = kind_of(entry)
    return kind.short(entry) if kind.short is not None else words_of(kind.sentence(entry))


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
