"""Filters in words: what chips, dialogs and the sentence above a list say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from tandem.accounts.queries import user_names
from tandem.kernel.actor import Actor
from tandem.records.rules import Condition, Group, Node, Related
from tandem.records.slots import Field, FieldType, ObjectType, Relation, relations_of
from tandem.records.slots import object_type as type_of


class Known(Protocol):
    """Who knows the fields that a filter names, as far as the reader sees them."""

    def field(self, key: str) -> Field | None: ...

    def related(self, key: str) -> "tuple[Relation, Known] | None": ...


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads filters of a kind of record."""

    object_type: ObjectType
    actor: Actor

    def field(self, key: str) -> Field | None:
        return self.object_type.field_for(self.actor, key)

    def related(self, key: str) -> tuple[Relation, Known] | None:
        found = relations_of(self.object_type.kind).get(key)
        return (found, Reader(type_of(found.to), self.actor)) if found else None


OPERATOR_LABELS: Mapping[str, str | Promise] = {
    "contains": gettext_lazy("contains"),
    "is": pgettext_lazy("filter", "is"),
    "is_not": pgettext_lazy("filter", "is not"),
    "starts_with": gettext_lazy("starts with"),
    "empty": gettext_lazy("is empty"),
    "not_empty": gettext_lazy("is filled in"),
    "at_least": gettext_lazy("at least"),
    "at_most": gettext_lazy("at most"),
    "within": gettext_lazy("within"),
    "last_days": gettext_lazy("within the last days"),
    "next_days": gettext_lazy("within the next days"),
    "older_than_days": gettext_lazy("more days ago than"),
    "on": pgettext_lazy("filter by date", "on"),
    "before": gettext_lazy("before"),
    "after": gettext_lazy("after"),
    "any_of": gettext_lazy("any of"),
    "none_of": gettext_lazy("none of"),
}

PERIOD_LABELS: Mapping[str, str | Promise] = {
    "today": gettext_lazy("today"),
    "yesterday": gettext_lazy("yesterday"),
    "tomorrow": gettext_lazy("tomorrow"),
    "this_week": gettext_lazy("this week"),
    "last_week": gettext_lazy("last week"),
    "next_week": gettext_lazy("next week"),
    "this_month": gettext_lazy("this month"),
    "last_month": gettext_lazy("last month"),
    "next_month": gettext_lazy("next month"),
    "this_quarter": gettext_lazy("this quarter"),
    "last_quarter": gettext_lazy("last quarter"),
    "next_quarter": gettext_lazy("next quarter"),
    "this_year": gettext_lazy("this year"),
    "last_year": gettext_lazy("last year"),
    "next_year": gettext_lazy("next year"),
}

JOINTS: Mapping[str, str | Promise] = {
    "and": gettext_lazy("and"),
    "or": gettext_lazy("or"),
    "not": gettext_lazy("none of"),
}

PERSONS: Mapping[str, str | Promise] = {
    "me": gettext_lazy("me"),
    "my_team": gettext_lazy("my team"),
    "nobody": gettext_lazy("nobody"),
}


def value_in_words(field: Field, condition: Condition) -> str:
    """``within 14 days``, ``contains harbour``, ``me, nobody``."""
    value = condition.value
    if value is None:
        return str(OPERATOR_LABELS[condition.operator])
    if condition.operator == "last_days" and isinstance(value, int):
        return ngettext("within %(n)d day", "within %(n)d days", value) % {"n": value}
    if condition.operator == "within":
        return str(PERIOD_LABELS[str(value)])
    if condition.operator == "next_days" and isinstance(value, int):
        words = ngettext("within the next %(n)d day", "within the next %(n)d days", value)
        return words % {"n": value}
    if condition.operator == "older_than_days" and isinstance(value, int):
        return ngettext("more than %(n)d day ago", "more than %(n)d days ago", value) % {"n": value}
    if isinstance(value, tuple):
        named = ", ".join(_names(field, value))
        if condition.operator == "none_of":
            return _("none of %(values)s") % {"values": named}
        return named
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return f"{OPERATOR_LABELS[condition.operator]} {value}"


def _names(field: Field, values: Sequence[str]) -> list[str]:
    if field.type is FieldType.USER:
        names = user_names(value for value in values if value not in PERSONS)
        return [str(PERSONS.get(value) or names.get(value, _("someone gone"))) for value in values]
    labels = (
        {choice.value: str(choice.label) for choice in field.choices()} if field.choices else {}
    )
    return [labels.get(value, value) for value in values]


def node_in_words(known: Known, node: Node) -> str:
    """A node as a clause; groups inside are put in brackets."""
    if isinstance(node, Condition):
        field = known.field(node.field)
        return f"{field.label} {value_in_words(field, node)}" if field else node.field
    if isinstance(node, Related):
        found = known.related(node.relation)
        return f"{found[0].label}: {related_in_words(known, node)}" if found else node.relation
    joint = f" {JOINTS['or' if node.op == 'not' else node.op]} "
    inner = joint.join(_bracketed(known, item) for item in node.items)
    return f"{JOINTS['not']} {inner}" if node.op == "not" else inner


def related_in_words(known: Known, node: Related) -> str:
    """``any``, ``none``, ``Stage is Quote``, ``none with Stage is Quote``."""
    found = known.related(node.relation)
    if found is None or node.where.is_empty:
        return _("any") if node.is_any else pgettext("related records", "none")
    inner = node_in_words(found[1], node.where)
    return inner if node.is_any else _("none with %(what)s") % {"what": inner}


def _bracketed(known: Known, node: Node) -> str:
    words = node_in_words(known, node)
    return f"({words})" if isinstance(node, Group) and len(node.items) > 1 else words
