"""A value for every field that can be hidden, made from the registry of fields.

``stamp`` fills each guarded field of a set of records: the first time with one value, the next time
with another. A field that is added tomorrow, by a room or by a company, is filled from the moment
it exists; one that cannot be filled so must stand in ``COMPUTED``, with what it is made of.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist
from django.db import DatabaseError, models, transaction

from tandem.accounts.models import User
from tandem.accounts.slots import guarded_kinds
from tandem.capture.actions import create_form
from tandem.capture.rules import blocks_from_text, fields_from_text
from tandem.capture.schemas import NewForm
from tandem.deals.actions import create_pipeline
from tandem.deals.schemas import NewPipeline
from tandem.handoff.models import Motion
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.people.actions import create_company
from tandem.people.schemas import NewCompany
from tandem.records.models import Tag, TagLink
from tandem.records.slots import Field, FieldType, ObjectType, object_type
from tests.doors.world import QUESTIONS, Things

# What is no value of the record itself, but counted or found each time.
COMPUTED = frozenset(
    "person.emails person.parent_company person.last_touch person.when"
    " company.people company.last_touch company.when"
    " form.submissions deal.last_touch pipeline.stages"
    " campaign.status campaign.cost campaign.leads campaign.revenue segment.size".split()
)
# Values go together: a deal that is closed has a moment and a reason.
READY: dict[str, dict[str, Any]] = {
    "deal": {"status": "lost", "closed_at": datetime(2026, 1, 2, tzinfo=UTC), "close_reason": "x"},
    "lead": {
        "status": "recycled",
        "closed_at": datetime(2026, 1, 2, tzinfo=UTC),
        "close_reason": "x",
    },
    "handoff": {
        "state": "rejected",
        "rejection_code": "no_project",
        "accepted_at": datetime(2026, 1, 2, tzinfo=UTC),
    },
    "message": {"reason": "x", "topic": "news"},
}
# Columns that hold what a computed field writes as text.
COLUMNS = {"form.fields": "fields", "page.blocks": "blocks"}
# Columns of codes, which take no word of ours.
CODES: dict[str, tuple[Any, Any]] = {
    **dict.fromkeys(("currency",), ("SEK", "NOK")),
    **dict.fromkeys(("country",), ("IS", "NO")),
}


@dataclass(frozen=True)
class Stamp:
    """A field that was filled; ``written`` is how pages and answers write the value, where it
    cannot be taken for another: a choice, a yes, a colleague stand everywhere."""

    name: str
    written: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Value:
    stored: Any
    written: tuple[str, ...] = ()


def guarded_fields() -> Iterator[tuple[ObjectType, Field]]:
    """Every field that can be hidden, of every kind, those of the company too."""
    for guarded in guarded_kinds():
        keys = {one.key for one in guarded.fields}
        kind = object_type(guarded.kind)
        yield from ((kind, field) for field in kind.every_field if field.key in keys)


@action(permission="records.write")
def add_spares(actor: Actor) -> None:
    """Records that nothing points to yet, so that a pointer can have another value."""
    create_company(actor, data=NewCompany(name="Spare Ltd"))
    create_form(actor, data=NewForm(name="Spare", slug="spare", fields=QUESTIONS))
    motion = Motion.objects.create(key="spare", name="Spare")
    create_pipeline(actor, data=NewPipeline(name="Spare", motion=motion.key))


@action(permission="records.write")
def stamp(actor: Actor, things: Things, *, turn: int) -> list[Stamp]:
    """Fill every guarded field of these records in one change set. Raises where none fits."""
    for known, columns in READY.items():
        object_type(known).model._default_manager.filter(public_id=things.ids[known]).update(
            **columns
        )
    found = []
    for number, (kind, field) in enumerate(guarded_fields()):
        name = f"{kind.kind}.{field.key}"
        if name not in COMPUTED:
            found.append(_filled(actor, kind, field, things.ids[kind.kind], number, turn))
    return found


def _filled(
    actor: Actor, kind: ObjectType, field: Field, about: UUID, number: int, turn: int
) -> Stamp:
    name = f"{kind.kind}.{field.key}"
    record = kind.prepare(kind.visible_to(actor)).get(public_id=about)
    if field.custom is not None:
        value = _custom(field, number, turn)
        own: Any = kind.model._default_manager.filter(pk=record.pk)
        own.update(x={**record.x, field.key: value.stored})
        return Stamp(name, value.written)
    if field.type is FieldType.TAGS:
        tags = [Tag.objects.get_or_create(name=f"Zt{n}", normalized=f"zt{n}")[0] for n in (0, 1)]
        TagLink.objects.filter(kind=kind.kind, record_id=record.pk).delete()
        TagLink.objects.create(kind=kind.kind, record_id=record.pk, tag=tags[turn])
        return Stamp(name)
    holder, column = _place(record, COLUMNS.get(name, field.path))
    # The values that the constraints of the table take, in the same order each time.
    fit = list(islice(_fitting(holder, column, _values(field, column, number)), 2))
    assert len(fit) == 2, f"{name}: no two values fit"
    value = fit[turn]
    type(holder)._default_manager.filter(pk=holder.pk).update(**{column.attname: value.stored})
    return Stamp(name, value.written)


def _place(record: Any, path: str) -> tuple[Any, Any]:
    """The row and the column that hold the value; of a record that is named, the pointer."""
    holder = record
    *hops, last = path.split("__")
    for at, hop in enumerate(hops):
        try:
            column = holder._meta.get_field(hop)
        except FieldDoesNotExist:
            column = None
        if isinstance(column, models.ForeignKey) and (at == len(hops) - 1):
            return holder, column
        holder = getattr(holder, hop)
        assert holder is not None, f"{record._meta.label} in the world has no {hop}"
    return holder, holder._meta.get_field(last)


def _fitting(holder: Any, column: Any, values: Iterator[_Value]) -> Iterator[_Value]:
    for value in values:
        try:
            with transaction.atomic():
                rows = type(holder)._default_manager.filter(pk=holder.pk)
                rows.update(**{column.attname: value.stored})
                transaction.set_rollback(True)
        except DatabaseError:
            continue
        yield value


def _values(field: Field, column: Any, number: int) -> Iterator[_Value]:
    """Values for a column, in the same order each time."""
    if isinstance(column, models.ForeignKey):
        rows = column.related_model._default_manager.order_by("pk")
        yield from (_Value(pk) for pk in rows.values_list("pk", flat=True))
        if column.null:
            yield _Value(None)
    elif field.choices is not None:
        yield from (_Value(one.value) for one in field.choices())
    elif column.name in CODES:
        yield from map(_Value, CODES[column.name])
    else:
        yield from (_value(field, column, number, turn) for turn in (0, 1))


def _value(field: Field, column: Any, number: int, turn: int) -> _Value:
    word = f"Zq{number:03d}{'ab'[turn]}"
    at = 2 * number + turn
    if isinstance(column, models.DateTimeField):
        moment = datetime(2031, 1, 1, 12, tzinfo=UTC) + timedelta(days=at)
        return _Value(moment, _of_day(moment.date()))
    if isinstance(column, models.DateField):
        return _of(date(2033, 1, 1) + timedelta(days=at))
    if isinstance(column, models.BooleanField):
        return _Value(bool(turn))
    if isinstance(column, models.PositiveSmallIntegerField):
        return _Value(20_000 + at)  # such a number may stand in any id
    if isinstance(column, models.IntegerField):
        major = 918_273_000 + at
        is_money = field.type is FieldType.MONEY
        return _Value(major * 100 if is_money else major, (f"{major:,}", str(major)))
    if isinstance(column, models.JSONField):
        return _Value(_written_out(column.name, word), (word,))
    if field.type is FieldType.EMAIL or column.name == "address":
        return _Value(f"{word.lower()}@canary.example", (word.lower(),))
    if field.type is FieldType.PHONE:
        return _Value(f"+44207938{at:04d}", (f"7938{at:04d}",))
    if column.name in ("domain", "slug", "code"):
        dot = ".example" if column.name == "domain" else ""
        return _Value(f"{word.lower()}{dot}", (word.lower(),))
    return _Value(word, (word,))


def _of(day: date) -> _Value:
    return _Value(day, _of_day(day))


def _of_day(day: date) -> tuple[str, ...]:
    return (day.isoformat(), f"{day.day} {day:%b} {day.year}", f"{day.day} {day:%B} {day.year}")


def _written_out(column: str, word: str) -> Sequence[Any]:
    if column == "fields":
        return fields_from_text(f"email | {word} * | email")
    return blocks_from_text(word)


def _custom(field: Field, number: int, turn: int) -> _Value:
    assert field.custom is not None
    word, at = f"Zq{number:03d}{'ab'[turn]}", 2 * number + turn
    options = [option.value for option in field.custom.options]
    match field.type:
        case FieldType.NUMBER:
            return _Value(918_273_000 + at, (f"{918_273_000 + at:,}", str(918_273_000 + at)))
        case FieldType.MONEY:
            return _Value(91_827_300_000 + at * 100, (f"{918_273_000 + at:,}",))
        case FieldType.DATE:
            day = date(2033, 1, 1) + timedelta(days=at)
            return _Value(day.isoformat(), _of_day(day))
        case FieldType.CHOICE:
            return _Value(options[turn])
        case FieldType.CHOICES:
            return _Value([options[turn]])
        case FieldType.BOOLEAN:
            return _Value(bool(turn))
        case FieldType.LINK:
            return _Value(f"https://{word.lower()}.example/", (word.lower(),))
        case FieldType.USER:
            return _Value(str(User.everyone.order_by("pk")[turn].public_id))
        case _:
            return _Value(word, (word,))
