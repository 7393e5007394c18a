"""Segments kept up to date: what was changed, what came in, which windows have moved on.

Each of these names persons, and the conditions that are to be asked of them again; whose answer is
another one changes the segments that are made of it. To ask twice gives the same answer, so that
nothing is lost where a worker dies: what was heard is noted in the same transaction.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from tandem.consent.models import ConsentEvent
from tandem.kernel.actions import OpenChangeSet, before_commit
from tandem.kernel.actor import Actor
from tandem.kernel.errors import DomainError
from tandem.lake.models import SubjectAlias
from tandem.lake.queries import arrived
from tandem.records.models import MergeEvent
from tandem.records.queries.changes import roots_touched
from tandem.segments.actions.asking import ask_everybody, ask_some, is_alone, refresh_followed
from tandem.segments.models import Condition, Heard, Touched, Turn, Use
from tandem.segments.queries.conditions import ANY_NAME, CONSENT

log = logging.getLogger(__name__)

AT_ONCE = 2_000
"""Of more persons a condition is asked as if of everybody: that is cheaper."""

_PATIENCE = timedelta(minutes=1)
_RETRIED = timedelta(minutes=5)
_BREATH = timedelta(seconds=10)
"""So long a condition that reads other records is left alone after everybody was asked."""
_KEPT = timedelta(days=1)


class _Asked:
    """Which conditions are to be asked again, of whom; None is everybody."""

    def __init__(self, conditions: Iterable[Condition]) -> None:
        self.conditions = {one.pk: one for one in conditions}
        self.persons: dict[int, set[int] | None] = {}

    def of(self, condition: Condition, persons: Iterable[int] | None) -> None:
        """Ask a condition of these persons, too."""
        before = self.persons.get(condition.pk, set())
        found = None if persons is None or before is None else before | set(persons)
        if found is None or found:
            self.persons[condition.pk] = None if found and len(found) > AT_ONCE else found


def follow(actor: Actor, *, now: datetime | None = None) -> None:
    """Ask again what may have changed, and put together the segments that are made of it.

    Where another worker is at it, nothing.
    """
    actor.require("segments.follow")
    with transaction.atomic():
        if not is_alone():
            return
        moment = now or timezone.now()
        used = Q(pk__in=Use.objects.filter(condition__isnull=False).values("condition"))
        asked = _Asked(Condition.objects.filter(used))
        _hear_changes(asked, moment)
        _hear_events(asked)
        _take_turns(asked, moment)
        for one in asked.conditions.values():
            if one.is_stale or (one.ask_at is not None and one.ask_at <= moment):
                asked.of(one, None)
        new = [pk for pk in asked.persons if _ask(asked, pk, moment)]
        # What nobody uses is not kept up to date: it is asked when somebody looks at it again.
        Condition.objects.exclude(used).filter(Q(is_stale=True) | Q(ask_at__lte=moment)).update(
            is_stale=False, ask_at=None
        )
        segments = Use.objects.filter(condition__in=new).values_list("segment", flat=True)
        if chosen := sorted(set(segments)):
            own = refresh_followed(actor, chosen, now=moment)
            Touched.objects.filter(pk=own).delete()  # nothing in it that is not known here


def sweep(actor: Actor, *, now: datetime | None = None) -> None:
    """Let go what conditions hold that nobody uses or has looked at for a day."""
    actor.require("segments.follow")
    old = (now or timezone.now()) - _KEPT
    Condition.objects.filter(uses__isnull=True, used_at__lt=old).delete()


def _ask(asked: _Asked, pk: int, now: datetime) -> bool:
    """Ask a condition again; whether its answer is another one. What cannot be asked (a field is
    gone, a file damaged) holds what it held, holds up no other, and is tried again in a while."""
    condition, persons = asked.conditions[pk], asked.persons[pk]
    try:
        if persons is None:
            return ask_everybody(condition, now=now)
        return ask_some(condition, persons, now=now)
    except DomainError as refused:
        log.warning("a condition of a segment cannot be asked: %s", refused.code)
        Condition.objects.filter(pk=pk).update(
            fault=str(refused)[:200], is_stale=False, ask_at=now + _RETRIED
        )
        return False


def _hear_changes(asked: _Asked, now: datetime) -> None:
    """What was changed in the product: of persons exactly they are asked again; what else a
    condition reads makes it ask everybody, now or when it has had a breath."""
    heard = list(Touched.objects.order_by("pk")[:500].values_list("pk", flat=True))
    if not heard:
        return
    touched = roots_touched(heard, limit=AT_ONCE)
    known, agreed = _whose_browsers(heard), _who_agreed(heard)
    for one in asked.conditions.values():
        if one.names:
            asked.of(one, known)
        elif CONSENT in one.kinds:
            asked.of(one, agreed)
        elif (touched.keys() & set(one.kinds)) - {"person"}:
            _ask_everybody_soon(asked, one, touched.get("person", set()), now)
        elif "person" in touched:
            asked.of(one, touched["person"])
    Touched.objects.filter(pk__in=heard).delete()


def _ask_everybody_soon(
    asked: _Asked, condition: Condition, persons: set[int] | None, now: datetime
) -> None:
    soonest = condition.asked_at + _BREATH
    if soonest <= now:
        asked.of(condition, None)
        return
    asked.of(condition, persons)
    if condition.ask_at is None or condition.ask_at > soonest:
        condition.ask_at = soonest
        condition.save(update_fields=["ask_at"])


def _whose_browsers(change_sets: list[int]) -> set[int]:
    """The persons of whom more or fewer browsers are known since these change sets."""
    linked = SubjectAlias.objects.filter(kind="person", created_in_id__in=change_sets)
    return {*linked.values_list("record_id", flat=True), *_merged(change_sets)}


def _who_agreed(change_sets: list[int]) -> set[int]:
    """The persons of whom something else was said about consent, or who were joined or parted."""
    said = ConsentEvent.objects.filter(created_in_id__in=change_sets, person__isnull=False)
    return {*said.values_list("person_id", flat=True), *_merged(change_sets)}


def _merged(change_sets: list[int]) -> set[int]:
    """The persons who became one in these change sets, or two again."""
    merged = MergeEvent.objects.filter(
        Q(created_in_id__in=change_sets) | Q(undone_in_id__in=change_sets), kind="person"
    )
    pairs = merged.values_list("survivor_id", "absorbed_id")
    return {pk for pair in pairs for pk in pair}


def _hear_events(asked: _Asked) -> None:
    """What came in since the last time. Who was away for more than a minute asks everybody: the
    events may be in files by now."""
    now = timezone.now()
    heard = Heard.objects.first()
    hearing = [one for one in asked.conditions.values() if one.names]
    if heard is None or not hearing:
        _hear_until(now, heard)
        return
    if now - heard.until > _PATIENCE:
        _hear_until(now, heard)
        for one in hearing:
            asked.of(one, None)
        return
    found = arrived(heard.until)
    _hear_until(found.heard_until, heard)
    for one in hearing:
        asked.of(one, _heard_by(one, found.persons) | found.filed)


def _heard_by(condition: Condition, persons: Mapping[str, frozenset[int]]) -> set[int]:
    if ANY_NAME in condition.names:
        return {one for found in persons.values() for one in found}
    return {one for name in condition.names for one in persons.get(name, ())}


def _hear_until(until: datetime, heard: Heard | None) -> None:
    if heard is None:
        Heard.objects.create(until=until)
    else:
        Heard.objects.filter(pk=heard.pk).update(until=until)


def _take_turns(asked: _Asked, now: datetime) -> None:
    """Whose windows have moved on."""
    due = Turn.objects.filter(at__lte=now)
    for one in due:
        if one.condition_id in asked.conditions:
            asked.of(asked.conditions[one.condition_id], one.persons)
    due.delete()


def _note(change_set: OpenChangeSet) -> None:
    # With the change itself, so that none is missed; nothing where there are no segments.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO segments_touched (change_set_id)"
            " SELECT %s WHERE EXISTS (SELECT FROM segments_use)",
            [change_set.id],
        )


before_commit(_note)
