"""What questions mean, told slowly and plainly: the answers that every engine must give.

Nothing here is shared with the compiler but the question itself.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tandem.lake.schemas import (
    AllOf,
    Amount,
    AnyOf,
    Bounds,
    Branch,
    Breakdown,
    Condition,
    Did,
    DidNot,
    Doing,
    InOrder,
    Leaves,
    Moment,
    NotSo,
    Question,
    Ratio,
    Subject,
    Window,
)

Known = int | str


@dataclass(frozen=True, slots=True)
class Told:
    """An event of the history."""

    at: datetime
    visitor: str
    name: str
    channel: str = ""
    url: str = ""
    props: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alias:
    """The time in which a visitor was a person."""

    visitor: str
    record_id: int
    since: datetime
    until: datetime | None = None


def subjects(
    question: Question, events: Sequence[Told], aliases: Sequence[Alias], now: datetime
) -> list[Known]:
    """Of whom the question is true."""
    stories = _stories(question.of, events, aliases, now)
    return sorted(who for who, story in stories.items() if _holds(question.where, story, now))


def breakdown(
    asked: Breakdown, events: Sequence[Told], aliases: Sequence[Alias], now: datetime
) -> list[tuple[str, str, int, int]]:
    """Rows of value, begin of the piece of time, subjects, events."""
    found: dict[tuple[str, str], list[Known]] = {}
    for who, story in _stories(asked.of, events, aliases, now).items():
        if asked.where is not None and not _holds(asked.where, story, now):
            continue
        for one in _done(asked.event, asked.window, story, now):
            key = (_shown(asked.by, one), _piece(asked, one.at))
            found.setdefault(key, []).append(who)
    return sorted((*key, len(set(who)), len(who)) for key, who in found.items())


def _stories(
    of: Subject, events: Sequence[Told], aliases: Sequence[Alias], now: datetime
) -> dict[Known, list[Told]]:
    if of is Subject.VISITOR:
        visitors = {one.visitor for one in events if one.visitor and one.at < now}
        return {who: [one for one in events if one.visitor == who] for who in visitors}
    found: dict[Known, list[Told]] = {a.record_id: [] for a in aliases if a.since < now}
    for alias in aliases:
        for one in events:
            is_theirs = one.visitor == alias.visitor and alias.since <= one.at < now
            if is_theirs and (alias.until is None or one.at < alias.until):
                found.setdefault(alias.record_id, []).append(one)
    return found


def _holds(node: Leaves | Branch, story: Sequence[Told], now: datetime) -> bool:
    if isinstance(node, AllOf):
        return all(_holds(one, story, now) for one in node.of)
    if isinstance(node, AnyOf):
        return any(_holds(one, story, now) for one in node.of)
    if isinstance(node, NotSo):
        return not _holds(node.of, story, now)
    if isinstance(node, InOrder):
        return _went_in_order(node, story, now)
    done = _done(node.event, node.window, story, now)
    if isinstance(node, Did):
        return _is_within(node.times, len(done))
    if isinstance(node, DidNot):
        return not done
    if isinstance(node, Moment):
        return _moment_holds(node, done, now)
    if isinstance(node, Amount):
        return _amounts_to(node, done)
    assert isinstance(node, Ratio)
    share = _size(node, done)
    whole = _size(node, _done(node.event, node.to, story, now))
    return whole > 0 and all(
        _is_within(Bounds(**{name: 0}), share - bound * whole)
        for name, bound in node.value.said.items()
    )


def _went_in_order(node: InOrder, story: Sequence[Told], now: datetime) -> bool:
    """Try every way through the steps."""
    steps = [sorted({one.at for one in _done(s, node.window, story, now)}) for s in node.steps]

    def goes_on(began: datetime, last: datetime, rest: Sequence[Sequence[datetime]]) -> bool:
        if not rest:
            return node.within is None or last - began <= node.within.length
        return any(goes_on(began, at, rest[1:]) for at in rest[0] if at > last)

    return any(goes_on(at, at, steps[1:]) for at in steps[0])


def _amounts_to(node: Amount, done: Sequence[Told]) -> bool:
    found = [_number(one.props.get(_key(node.field))) for one in done]
    numbers = [number for number in found if number is not None]
    if node.how == "count":
        return _is_within(node.value, len(numbers))
    if not numbers:
        return False
    made = {"sum": sum(numbers), "min": min(numbers), "max": max(numbers)}
    return _is_within(node.value, made[node.how])


def _moment_holds(node: Moment, done: Sequence[Told], now: datetime) -> bool:
    if not done:
        return False
    edge = (min if node.kind == "first" else max)(one.at for one in done)
    if node.at is not None and not _is_in(node.at, edge, now):
        return False
    return not node.where or any(
        all(_fits(condition, one) for condition in node.where) for one in done if one.at == edge
    )


def _size(node: Ratio, done: Sequence[Told]) -> float:
    if node.sum_of is None:
        return len(done)
    return sum(_number(one.props.get(_key(node.sum_of))) or 0 for one in done)


def _done(doing: Doing, window: Window, story: Iterable[Told], now: datetime) -> list[Told]:
    return [
        one
        for one in story
        if _is_in(window, one.at, now)
        and doing.name in {None, one.name}
        and all(_fits(condition, one) for condition in doing.where)
    ]


def _is_in(window: Window, at: datetime, now: datetime) -> bool:
    if at >= now or (window.until is not None and at >= window.until):
        return False
    if window.since is not None and at < window.since:
        return False
    end = now - (window.ago.length if window.ago else timedelta(0))
    return at < end and (window.last is None or at >= end - window.last.length)


def _fits(condition: Condition, one: Told) -> bool:
    value, test = condition.value, condition.test
    have = one.props.get(condition.key) if condition.key else getattr(one, condition.field)
    if test == "is_there":
        return have not in {None, ""} if not isinstance(have, dict | list) else True
    if isinstance(value, bool):
        return (have is value) == (test == "is")
    if isinstance(value, int | float):
        number = _number(have)
        signs = {"is": "exactly", "is_not": "exactly"}
        is_so = number is not None and _is_within(Bounds(**{signs.get(test, test): value}), number)
        return is_so != (test == "is_not")
    text = have if isinstance(have, str) else None
    if isinstance(value, tuple):
        return text in value
    assert isinstance(value, str)
    if test == "contains":
        return text is not None and value in text
    if test == "starts_with":
        return text is not None and text.startswith(value)
    if test == "is_page":
        return text is not None and re.split(r"[?#]", text)[0] == value
    return (text == value) == (test == "is")


def _key(name: str) -> str:
    return name.removeprefix("props.")


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?", value):
        return float(value)
    return float(value) if isinstance(value, int | float) else None


def _is_within(bounds: Bounds, number: float) -> bool:
    return (
        (bounds.at_least is None or number >= bounds.at_least)
        and (bounds.at_most is None or number <= bounds.at_most)
        and (bounds.more_than is None or number > bounds.more_than)
        and (bounds.less_than is None or number < bounds.less_than)
        and (bounds.exactly is None or number == bounds.exactly)
    )


def _shown(by: str | None, one: Told) -> str:
    if by is None:
        return ""
    value = one.props.get(_key(by)) if by.startswith("props.") else getattr(one, by)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _piece(asked: Breakdown, at: datetime) -> str:
    if asked.per is None:
        return ""
    day = at.astimezone(ZoneInfo(asked.zone)).date()
    if asked.per == "week":
        day -= timedelta(days=day.weekday())
    if asked.per == "month":
        day = day.replace(day=1)
    return day.isoformat()


NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
