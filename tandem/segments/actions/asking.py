"""Conditions asked, and segments put together from what they hold."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from graphlib import TopologicalSorter

from django.db import connection

from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.facts import publish
from tandem.kernel.live import changed
from tandem.segments.facts import MembersChanged
from tandem.segments.models import Condition, Membership, MemberStep, Segment, Turn, Use
from tandem.segments.queries import Holding
from tandem.segments.queries.conditions import ask, hears, key_of
from tandem.segments.rules import EVERYONE, Persons, Step, Tree, leaves, rounded_up

_LOCK = 0x74616E73
"""Advisory lock of whoever writes who is in segments: one at a time."""


def wait_in_line() -> None:
    """Wait until nobody else writes memberships; until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def is_alone() -> bool:
    """Whether nobody else writes memberships; then nobody does until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        [(is_mine,)] = cursor.fetchall()
    return bool(is_mine)


def ask_new(trees: Iterable[Tree], *, now: datetime, older_than: datetime | None = None) -> None:
    """Ask the conditions of trees that were never asked, of everybody; and those that nobody keeps
    up to date and that were asked before a moment. Raises EventsUnreadable."""
    wanted = {key_of(leaf): leaf for tree in trees for leaf in leaves(tree)}
    wanted = {key: leaf for key, leaf in wanted.items() if leaf["kind"] != "segment"}
    wanted[key_of(EVERYONE)] = EVERYONE
    known = {one.key: one for one in Condition.objects.filter(key__in=wanted)}
    kept = set(
        Use.objects.filter(condition__key__in=wanted).values_list("condition__key", flat=True)
    )
    for key, leaf in wanted.items():
        found = known.get(key)
        is_old = older_than is not None and found is not None and found.asked_at < older_than
        if found is None or (key not in kept and is_old):
            ask_everybody(found or Condition(key=key, leaf=leaf), now=now)
    Condition.objects.filter(key__in=wanted).update(used_at=now)


def ask_everybody(condition: Condition, *, now: datetime) -> bool:
    """Ask a condition of everybody; whether its answer is another one."""
    answer = ask(condition.leaf, now=now)
    heard = hears(condition.leaf, now=now)
    is_new = condition.persons != answer.found
    condition.names = sorted(heard.names)
    condition.kinds = sorted(heard.kinds)
    condition.is_rest = answer.is_rest
    condition.found = _kept(answer.found)
    condition.asked_at, condition.ask_at, condition.is_stale = now, heard.ask_at, False
    condition.fault = ""
    condition.save()
    Turn.objects.filter(condition=condition).delete()
    Turn.objects.bulk_create(
        Turn(condition=condition, at=at, found=_kept(persons))
        for at, persons in rounded_up(answer.turns, now=now).items()
    )
    return is_new


def ask_some(condition: Condition, among: Collection[int], *, now: datetime) -> bool:
    """Ask a condition of some persons; whether its answer is another one."""
    answer = ask(condition.leaf, now=now, among=among)
    before = condition.persons
    after = (before - Persons(among)) | answer.found
    _turn(condition, rounded_up(answer.turns, now=now))
    if after == before:
        return False
    condition.found = _kept(after)
    condition.save(update_fields=["found"])
    return True


def _turn(condition: Condition, due: Mapping[datetime, Persons]) -> None:
    """Note whom to ask again when, beside those who are noted."""
    if not due:
        return
    noted = {one.at: one for one in Turn.objects.filter(condition=condition, at__in=due)}
    Turn.objects.bulk_create(
        [
            Turn(
                condition=condition,
                at=at,
                found=_kept(persons | noted[at].persons if at in noted else persons),
            )
            for at, persons in due.items()
        ],
        update_conflicts=True,
        unique_fields=["condition", "at"],
        update_fields=["found"],
    )


def refresh(segments: Collection[int], *, now: datetime, is_edited: bool = False) -> None:
    """Put these segments together anew, and those that are made of them; steps and facts of who
    came and went. In the running action."""
    rows = _in_order(segments)
    for segment in rows:
        held = Membership.objects.filter(segment=segment).first()
        before = held.persons if held else Persons()
        after = Holding([segment.who]).of(segment.who)
        step = Step.between(before, after)
        if held is not None and step.is_none:
            continue
        Membership.objects.update_or_create(
            segment=segment,
            defaults={"found": _kept(after), "size": len(after), "counted_at": now},
        )
        note_step(segment, step, len(after), now=now, is_edited=is_edited)


def note_step(
    segment: Segment, step: Step, size: int, *, now: datetime, is_edited: bool = False
) -> None:
    """Keep who came and who went, and tell it."""
    noted = MemberStep.objects.create(
        segment=segment,
        at=now,
        definition_version=segment.definition_version,
        came=_kept(step.joined),
        went=_kept(step.left),
        came_count=len(step.joined),
        went_count=len(step.left),
        size=size,
    )
    publish(
        MembersChanged(
            change_set_id=current_change_set().id,
            segment_id=segment.pk,
            step_id=noted.pk,
            joined=noted.came_count,
            left=noted.went_count,
            is_edited=is_edited,
        )
    )
    changed("segment", f"segment:{segment.public_id}")


@action(permission="segments.follow")
def refresh_followed(actor: Actor, segments: Sequence[int], *, now: datetime) -> int:
    """Put segments together anew after their conditions were asked; the id of the change set."""
    refresh(segments, now=now)
    return current_change_set().id


def use(segment: Segment) -> None:
    """Note what the published definition of a segment is made of."""
    Use.objects.filter(segment=segment).delete()
    found = [*leaves(segment.who), EVERYONE] if segment.who else []
    keys = {key_of(leaf) for leaf in found if leaf["kind"] != "segment"}
    ids = {leaf["id"] for leaf in found if leaf["kind"] == "segment"}
    conditions = Condition.objects.filter(key__in=keys)
    others = Segment.objects.filter(public_id__in=ids)
    Use.objects.bulk_create(
        [
            *(Use(segment=segment, condition=one) for one in conditions),
            *(Use(segment=segment, other=one) for one in others),
        ]
    )


def _in_order(segments: Collection[int]) -> list[Segment]:
    """These segments and all that are made of them, each behind those that it is made of."""
    made_of: dict[int, set[int]] = {}
    for segment, other in Use.objects.filter(other__isnull=False).values_list("segment", "other"):
        made_of.setdefault(segment, set()).add(other)
    wanted = set(segments)
    while more := {one for one, of in made_of.items() if of & wanted} - wanted:
        wanted |= more
    order = TopologicalSorter({one: made_of.get(one, set()) & wanted for one in wanted})
    rows = Segment.objects.filter(
        pk__in=wanted, deleted_at__isnull=True, is_snapshot=False, definition_version__gt=0
    ).in_bulk()
    return [rows[one] for one in order.static_order() if one in rows]


def _kept(persons: Persons) -> bytes:
    persons.run_optimize()
    return bytes(persons.serialize())
