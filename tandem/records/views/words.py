"""Filters in words: what chips, dialogs and the sentence above a list say."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from tandem.accounts.queries import user_names
from tandem.records.rules import Condition, Group, Node
from tandem.records.slots import Field, FieldType


class Known(Protocol):
    """Who knows the fields that a filter names, as far as the reader sees them."""

    def field(self, key: str) -> Field | None: ...


OPERATOR_LABELS: Mapping[str, str | Promise] = {
    "contains": gettext_lazy("contains"),
    "is": pgettext_lazy("filter", "is"),
    "is_not": pgettext_lazy("filter", "is not"),
    "starts_with": gettext_lazy("starts with"),
    "empty": gettext_lazy("is empty"),
    "not_empty": gettext_lazy("is filled in"),
    "at_least": gettext_lazy("at least"),
    "at_most": gettext_lazy("at most"),
    "last_days": gettext_lazy("within the last days"),
    "older_than_days": gettext_lazy("more days ago than"),
    "on": pgettext_lazy("filter by date", "on"),
    "before": gettext_lazy("before"),
    "after": gettext_lazy("after"),
    "any_of": gettext_lazy("any of"),
    "none_of": gettext_lazy("none of"),
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
    joint = f" {JOINTS['or' if node.op == 'not' else node.op]} "
    inner = joint.join(_bracketed(known, item) for item in node.items)
    return f"{JOINTS['not']} {inner}" if node.op == "not" else inner


def _bracketed(known: Known, node: Node) -> str:
    words = node_in_words(known, node)
    return f"({words})" if isinstance(node, Group) and len(node.items) > 1 else words
