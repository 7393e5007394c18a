"""Whether somebody may ask what a definition asks, and what it says in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from tandem.capture.queries import EVENT_LABELS
from tandem.consent.models import CHANNEL_LABELS, PURPOSE_LABELS, STATE_LABELS
from tandem.kernel.actor import Actor
from tandem.kernel.errors import DomainError, FieldError
from tandem.lake.schemas import (
    Amount,
    Bounds,
    Branch,
    Did,
    DidNot,
    Doing,
    Duration,
    How,
    InOrder,
    Moment,
    Window,
)
from tandem.lake.schemas import Condition as EventCondition
from tandem.records.errors import FilterInvalid
from tandem.records.queries.phrases import Reader, node_in_words
from tandem.records.rules import Group
from tandem.segments.errors import DefinitionInvalid, SegmentInCircle, SegmentUnknown
from tandem.segments.models import Segment, Use
from tandem.segments.queries import others_in, visible_to
from tandem.segments.queries.conditions import (
    CONSENT,
    filters_of,
    fitting,
    is_of_events,
    person_type,
    question_of,
    reads,
)
from tandem.segments.rules import Tree, is_group, leaves
from tandem.segments.schemas import Agreed

_ONCE = {"at_least": 1}


def check(actor: Actor, tree: Tree, segment: Segment | None = None) -> None:
    """Raise where an actor may not ask this, or nobody can.

    DefinitionInvalid names the places (``of.0.where``); FieldHidden where a field is not there for
    the actor, SegmentUnknown, SegmentInCircle.
    """
    for place, leaf in _placed(tree):
        try:
            _check_leaf(actor, leaf)
        except DefinitionInvalid:
            raise
        except DomainError as refused:
            if refused.status != DefinitionInvalid.status:
                raise
            found = refused.errors or (FieldError("", refused.code, refused.text),)
            raise DefinitionInvalid(
                errors=[
                    FieldError(".".join(filter(None, [place, one.field])), one.code, one.message)
                    for one in found
                ]
            ) from refused
    named = others_in([tree])
    others = list(visible_to(actor).filter(public_id__in=named))
    if len(others) < len(named) or any(not one.definition_version for one in others):
        raise SegmentUnknown(field="who")
    if segment is not None and segment.pk in _made_of({one.pk for one in others}):
        raise SegmentInCircle(field="who")


def tells_of(tree: Tree) -> set[str]:
    """The fields that a definition asks for, by way of other segments too."""
    found = {name for leaf in leaves(tree) if leaf["kind"] == "person" for name in _fields_of(leaf)}
    others = Segment.objects.filter(public_id__in=others_in([tree]))
    return found.union(*others.values_list("tells", flat=True))


def _fields_of(leaf: Tree) -> frozenset[str]:
    try:
        return reads(leaf).fields
    except FilterInvalid:  # a field that is gone tells nothing any more
        return frozenset()


def _placed(tree: Tree, place: str = "") -> list[tuple[str, Tree]]:
    if not is_group(tree):
        return [(place, tree)]
    return [
        found
        for at, child in enumerate(tree["of"])
        for found in _placed(child, f"{place}.of.{at}".lstrip("."))
    ]


def _check_leaf(actor: Actor, leaf: Tree) -> None:
    if leaf["kind"] in ("segment", CONSENT):
        return
    if is_of_events(leaf):
        question_of(leaf)
        return
    fitting(actor, leaf)  # refuses what is hidden from who asks
    found = reads(leaf)
    if "segment" in found.kinds:
        raise DefinitionInvalid(_("Ask for another segment by a condition of its own."))
    if found.is_of_reader:
        raise DefinitionInvalid(
            _("A segment is the same for everybody: name a colleague instead of “me” or “my team”.")
        )


def _made_of(segments: set[int]) -> set[int]:
    """These segments and all that they are made of."""
    found = set(segments)
    while segments:
        below = Use.objects.filter(segment__in=segments, other__isnull=False)
        segments = set(below.values_list("other", flat=True)) - found
        found |= segments
    return found


# --- words ----------------------------------------------------------------------------------------


class Words:
    """Definitions in words, as a reader may see them; segments that they name are read at once."""

    def __init__(self, actor: Actor, tree: Tree) -> None:
        self._reader = Reader(person_type(), actor)
        rows = visible_to(actor).filter(public_id__in=others_in([tree]))
        self._segments: Mapping[str, str] = {str(one.public_id): one.name for one in rows}

    def whole(self, tree: Tree) -> str:
        """A definition as a sentence: ``people who …, and who …; but none who …``."""
        if not any(True for _leaf in leaves(tree)):
            return _("Everybody: no condition yet.")
        return _("People with: %(what)s") % {"what": self.of(tree)}

    def of(self, node: Tree) -> str:
        """A node as a clause; groups inside are put in brackets."""
        if not is_group(node):
            return self.leaf(node)
        parts = [self._bracketed(one) for one in node["of"]]
        if node["kind"] == "all":
            plain = [
                part for part, one in zip(parts, node["of"], strict=True) if one["kind"] != "none"
            ]
            without = [self.of(one) for one in node["of"] if one["kind"] == "none" and one["of"]]
            return "; ".join(filter(None, [_(" and ").join(plain), *without]))
        if node["kind"] == "any":
            return _(" or ").join(parts)
        return _("without %(what)s") % {"what": _(" or ").join(parts)} if parts else ""

    def leaf(self, leaf: Tree) -> str:
        """A condition as a clause; of what can no longer be asked it is said that it is gone."""
        try:
            return self._leaf(leaf)
        except FilterInvalid:
            return _("a field that is gone")

    def _leaf(self, leaf: Tree) -> str:
        if leaf["kind"] == "segment":
            name = self._segments.get(leaf["id"], _("a segment that is gone"))
            return _("in the segment “%(name)s”") % {"name": name}
        if leaf["kind"] == CONSENT:
            return agreed_in_words(Agreed.model_validate(leaf))
        if not is_of_events(leaf):
            tree = filters_of(leaf)
            node = tree.items[0] if len(tree.items) == 1 else tree
            return node_in_words(self._reader, node) if node != Group("and") else _("anybody")
        return event_in_words(leaf)

    def _bracketed(self, node: Tree) -> str:
        words = self.of(node)
        return f"({words})" if is_group(node) and len(node["of"]) > 1 else words


def agreed_in_words(said: Agreed) -> str:
    """A condition on consent as a clause."""
    about = [str(CHANNEL_LABELS[said.channel]), str(PURPOSE_LABELS[said.purpose])]
    about += [said.topic] if said.topic else []
    return _("consent to %(what)s: %(state)s") % {
        "what": ", ".join(about),
        "state": str(STATE_LABELS[said.state]).lower(),
    }


def event_in_words(leaf: Tree) -> str:
    """A condition on events as a clause."""
    one = question_of(leaf).where
    assert not isinstance(one, Branch)
    parts: list[str]
    if isinstance(one, InOrder):
        within = _("all %(time)s") % {"time": _within(one.within)} if one.within else ""
        parts = [_(", then ").join(_doing(step) for step in one.steps), within]
    elif isinstance(one, DidNot):
        parts = [_("never: %(what)s") % {"what": _doing(one.event)}]
    elif isinstance(one, Did):
        parts = [_doing(one.event), _times(dict(one.times.said))]
    elif isinstance(one, Moment):
        first, last = _("the first time: %(what)s"), _("the last time: %(what)s")
        said = (first if one.kind == "first" else last) % {"what": _doing(one.event)}
        parts = [said, window_in_words(one.at) if one.at else "", _all_of(one.where)]
    elif isinstance(one, Amount):
        name = one.field.removeprefix("props.")
        parts = [f"{_doing(one.event)}: {HOW_LABELS[one.how]} {name} {_bounds(one.value)}"]
    else:
        return _("%(what)s, %(when)s as a share of %(past)s: %(bounds)s") % {
            "what": _doing(one.event),
            "when": window_in_words(one.window) or _("ever"),
            "past": window_in_words(one.to) or _("ever"),
            "bounds": _bounds(one.value),
        }
    return ", ".join(filter(None, [*parts, window_in_words(one.window)]))


def window_in_words(window: Window) -> str:
    """``in the last 14 days``, ``since 3 May``; empty for always."""
    if window.last and window.ago:
        return _("%(within)s until %(ago)s ago") % {
            "within": _within(window.last),
            "ago": _length(window.ago),
        }
    if window.last:
        return _within(window.last)
    if window.ago:
        return _("longer than %(ago)s ago") % {"ago": _length(window.ago)}
    since, until = (one and f"{one:%Y-%m-%d}" for one in (window.since, window.until))
    if since and until:
        return _("from %(since)s until %(until)s") % {"since": since, "until": until}
    if since:
        return _("since %(since)s") % {"since": since}
    return _("until %(until)s") % {"until": until} if until else ""


def _within(length: Duration) -> str:
    return _("within %(time)s") % {"time": _length(length)}


def _length(length: Duration) -> str:
    parts = []
    if length.weeks:
        parts.append(ngettext("%(n)d week", "%(n)d weeks", length.weeks) % {"n": length.weeks})
    if length.days:
        parts.append(ngettext("%(n)d day", "%(n)d days", length.days) % {"n": length.days})
    if length.hours:
        parts.append(ngettext("%(n)d hour", "%(n)d hours", length.hours) % {"n": length.hours})
    if length.minutes:
        parts.append(
            ngettext("%(n)d minute", "%(n)d minutes", length.minutes) % {"n": length.minutes}
        )
    return " ".join(parts)


def _doing(doing: Doing) -> str:
    name = str(EVENT_LABELS.get(doing.name, doing.name)) if doing.name else _("anything")
    where = _all_of(doing.where)
    return f"{name} ({where})" if where else name


def _all_of(conditions: tuple[EventCondition, ...]) -> str:
    return ", ".join(
        " ".join(filter(None, [_field(one.field), str(TEST_LABELS[one.test]), _value(one.value)]))
        for one in conditions
    )


def _field(name: str) -> str:
    return str(EVENT_FIELDS.get(name, name.removeprefix("props.")))


def _value(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _times(said: dict[str, int | float]) -> str:
    if said == _ONCE:
        return ""
    return _("%(bounds)s times") % {"bounds": _bounds(Bounds(**said))}


def _bounds(bounds: Bounds) -> str:
    said = (f"{BOUND_LABELS[name]} {number:g}" for name, number in bounds.said.items())
    return _(" and ").join(said)


HOW_LABELS: Mapping[How, Any] = {
    How.COUNT: gettext_lazy("number of"),
    How.SUM: gettext_lazy("sum of"),
    How.MIN: gettext_lazy("least"),
    How.MAX: gettext_lazy("greatest"),
}
TEST_LABELS: Mapping[str, Any] = {
    "is": pgettext_lazy("event", "is"),
    "is_not": pgettext_lazy("event", "is not"),
    "one_of": gettext_lazy("is one of"),
    "contains": gettext_lazy("contains"),
    "starts_with": gettext_lazy("starts with"),
    "is_page": gettext_lazy("is the page"),
    "at_least": gettext_lazy("at least"),
    "at_most": gettext_lazy("at most"),
    "more_than": gettext_lazy("more than"),
    "less_than": gettext_lazy("less than"),
    "is_there": gettext_lazy("is told"),
}
BOUND_LABELS: Mapping[str, Any] = {
    "at_least": gettext_lazy("at least"),
    "at_most": gettext_lazy("at most"),
    "more_than": gettext_lazy("more than"),
    "less_than": gettext_lazy("less than"),
    "exactly": gettext_lazy("exactly"),
}
EVENT_FIELDS: Mapping[str, Any] = {
    "url": gettext_lazy("address"),
    "referrer": gettext_lazy("address before"),
    "title": gettext_lazy("title"),
    "source": gettext_lazy("source"),
    "medium": gettext_lazy("medium"),
    "campaign": gettext_lazy("campaign"),
    "channel": gettext_lazy("channel"),
}
