"""Fields that the company added: their definitions, their values, and filtering by them."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from tandem.accounts.models import User
from tandem.accounts.queries import company_settings, members_of_my_teams
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.money import Money
from tandem.records.errors import FilterInvalid, ValueUnfit
from tandem.records.models import FieldDef, field_definitions
from tandem.records.rules import Condition, FieldType
from tandem.records.rules.custom import Definition, Stored, read_custom
from tandem.records.rules.periods import span_of
from tandem.ui import formats


def custom_fields(kind: str) -> tuple[Definition, ...]:
    """The fields in use that the company added to a kind, in order; one query a request at most."""
    return tuple(one.definition for one in field_definitions(kind))


def definitions_for(actor: Actor, kind: str = "") -> QuerySet[FieldDef]:
    """Every custom field, those that are retired too, in order; of one kind or of all."""
    rows = FieldDef.objects.filter(deleted_at__isnull=True)
    if not actor.may("records.view"):
        return rows.none()
    for hiding, keys in actor.hidden.items():
        rows = rows.exclude(kind=hiding, key__in=keys)
    return (rows.filter(kind=kind) if kind else rows).order_by("kind", "position", "id")


def definition_by_public_id(actor: Actor, public_id: UUID) -> FieldDef:
    """One custom field, retired or not; Missing when there is none."""
    found = definitions_for(actor).filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    return found


def user_index() -> dict[str, str]:
    """Public ids of colleagues by public id, mail address and name, in small letters; one query.

    A name that two have stands for neither. For ``rules.custom.read_custom``.
    """
    found: dict[str, str] = {}
    twice: set[str] = set()
    users = User.objects.get_queryset().active()
    for public_id, email, name in users.values_list("public_id", "email", "name"):
        known = name.strip().casefold()
        if known in found:
            twice.add(known)
        found |= {str(public_id): str(public_id), email.casefold(): str(public_id)}
        if known:
            found[known] = str(public_id)
    return {word: public_id for word, public_id in found.items() if word not in twice}


def users_named(definitions: Iterable[Definition], given: Iterable[str]) -> dict[str, str]:
    """``user_index`` where one of the given keys is a field of a colleague, else nothing."""
    keys = set(given)
    if any(one.type is FieldType.USER and one.key in keys for one in definitions):
        return user_index()
    return {}


def custom_value(record: Any, definition: Definition) -> Any:
    """What a record holds: a day as a date, money as Money, the rest in its one form."""
    stored = record.x.get(definition.key)
    if definition.type is FieldType.DATE and isinstance(stored, str):
        try:
            return date.fromisoformat(stored)
        except ValueError:
            return None
    if definition.type is FieldType.MONEY and isinstance(stored, int):
        return Money(stored, definition.currency)
    return stored


def shown_value(definition: Definition, stored: Any, users: Mapping[str, str]) -> str:
    """A stored value as stories and history tell it; ``users`` are names by public id."""
    if stored is None:
        return ""
    labels = {option.value: option.label for option in definition.options}
    match definition.type:
        case FieldType.CHOICE:
            return labels.get(stored, str(stored))
        case FieldType.CHOICES if isinstance(stored, list):
            return ", ".join(labels.get(one, str(one)) for one in stored)
        case FieldType.BOOLEAN:
            return _("yes") if stored else _("no")
        case FieldType.MONEY if isinstance(stored, int):
            return formats.money(Money(stored, definition.currency))
        case FieldType.USER:
            return users.get(stored) or _("someone gone")
        case _:
            return str(stored)


def rows_without(rows: QuerySet[Any], values: Mapping[str, Stored | None]) -> QuerySet[Any]:
    """Those of the rows that do not hold all these values yet; None is no value."""
    differs = Q()
    for key, value in values.items():
        has = Q(x__has_key=key)
        differs |= has if value is None else ~(has & Q(**{f"x__{key}": value}))
    return rows.filter(differs)


# --- filters --------------------------------------------------------------------------------------


def custom_condition(definition: Definition, actor: Actor, condition: Condition) -> Q:
    """One condition on a custom field.

    A record without the field is none that it holds for, so that its opposite holds there; the
    key is asked for beside the comparison because NULL is neither.
    """
    path = f"x__{definition.key}"
    has = Q(x__has_key=definition.key)
    operator = condition.operator
    if operator in ("empty", "not_empty"):
        return ~has if operator == "empty" else has
    if operator == "none_of":
        return ~_picked(definition, actor, condition.value)
    if operator == "any_of":
        return _picked(definition, actor, condition.value)
    if definition.type is FieldType.DATE:
        return has & _dated(path, condition)
    if operator == "is_not":
        return ~(has & Q(**{f"{path}__iexact": condition.value}))
    lookup = _LOOKUPS[operator]
    value: Any = condition.value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        lookup, value = "exact" if lookup == "iexact" else lookup, _stored(definition, value)
    elif isinstance(value, bool):
        lookup = "exact"
    return has & Q(**{f"{path}__{lookup}": value})


_LOOKUPS = {
    "contains": "icontains",
    "starts_with": "istartswith",
    "is": "iexact",
    "at_least": "gte",
    "at_most": "lte",
}


def _stored(definition: Definition, value: int | Decimal) -> Any:
    try:
        return read_custom(definition, value)
    except ValueUnfit as refused:
        raise FilterInvalid(str(refused), field="filters") from refused


def _picked(definition: Definition, actor: Actor, value: Any) -> Q:
    path = f"x__{definition.key}"
    has = Q(x__has_key=definition.key)
    if definition.type is FieldType.USER:
        return _colleague(definition.key, actor, value)
    if definition.type is FieldType.CHOICES:
        any_of = Q()
        for one in value:
            any_of |= Q(**{f"{path}__contains": [one]})
        return has & any_of
    return has & Q(**{f"{path}__in": list(value)})


def _colleague(key: str, actor: Actor, words: Iterable[str]) -> Q:
    ids: set[str] = set()
    is_nobody = False
    for word in words:
        if word == "me":
            ids |= _public_ids(User.everyone.filter(pk=actor.user_id or 0))
        elif word == "my_team":
            ids |= _public_ids(User.everyone.filter(pk__in=members_of_my_teams(actor)))
        elif word == "nobody":
            is_nobody = True
        else:
            try:
                ids.add(str(UUID(word)))
            except ValueError as error:
                raise FilterInvalid(field="filters") from error
    named = Q(x__has_key=key) & Q(**{f"x__{key}__in": sorted(ids)})
    return named | ~Q(x__has_key=key) if is_nobody else named


def _public_ids(users: QuerySet[User]) -> set[str]:
    return {str(one) for one in users.values_list("public_id", flat=True)}


def company_zone() -> ZoneInfo:
    """The zone of the company: a view that colleagues share means the same days to all."""
    try:
        return ZoneInfo(company_settings().time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def company_today() -> date:
    """The day that it is in the zone of the company."""
    return timezone.localdate(timezone=company_zone())


def period_span(period: str) -> tuple[date, date]:
    """A moving period as it lies today, by the company's weeks and business year."""
    company = company_settings()
    return span_of(
        period,
        company_today(),
        week_start=company.week_start,
        year_start=company.fiscal_year_start_month,
    )


def _dated(path: str, condition: Condition) -> Q:
    value = condition.value
    if condition.operator == "within":
        first, after = period_span(str(value))
        return Q(**{f"{path}__gte": first.isoformat(), f"{path}__lt": after.isoformat()})
    if condition.operator == "next_days" and isinstance(value, int):
        today = company_today()
        last = today + timedelta(days=value)
        return Q(**{f"{path}__gte": today.isoformat(), f"{path}__lte": last.isoformat()})
    if isinstance(value, int):
        since = timezone.localdate() - timedelta(days=value)
        beyond = "gte" if condition.operator == "last_days" else "lt"
        return Q(**{f"{path}__{beyond}": since.isoformat()})
    assert isinstance(value, date)
    lookup = {"on": "exact", "before": "lt", "after": "gt"}[condition.operator]
    return Q(**{f"{path}__{lookup}": value.isoformat()})
