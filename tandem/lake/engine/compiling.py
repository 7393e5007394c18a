"""A question as one tree of SQL, the same for every engine.

All leaves that count are measured in one pass over the events: a subject has one row with a column
for each number that a leaf needs, and the question is a condition on that row. Only ``in_order``
looks at events in their order. Where the answer takes in subjects of whom nothing was looked at (it
says "never"), all others who are known are added.

The tree reads the tables ``events`` (``rules.COLUMNS``) and, for persons, ``aliases`` (visitor,
record_id, since_us, until_us). Every moment is a number of microseconds, every value a literal made
by sqlglot: nothing is pasted into SQL.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlglot import exp

from tandem.lake.engine import phrases as sql
from tandem.lake.engine.dialects import Dialect, Word, rendered, word
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
    How,
    InOrder,
    Leaves,
    Moment,
    NotSo,
    Question,
    Ratio,
    Subject,
    Test,
    Window,
    leaves,
)

_MICROSECOND = timedelta(microseconds=1)
_AGGREGATES = {How.COUNT: exp.Count, How.SUM: exp.Sum, How.MIN: exp.Min, How.MAX: exp.Max}
_IS_NUMBER = r"^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?\z"


@dataclass(frozen=True, slots=True)
class Compiled:
    """A question as a tree, and which part of the events it reads."""

    tree: exp.Query
    columns: tuple[str, ...]
    since: datetime | None
    until: datetime
    of: Subject

    def text(self, dialect: Dialect) -> str:
        """The text for an engine."""
        return rendered(self.tree, dialect)

    def counted(self) -> "Compiled":
        """How many rows the answer has, instead of them."""
        rows = exp.Subquery(this=self.tree, alias=exp.to_identifier("answer"))
        return replace(self, tree=exp.select(exp.Count(this=exp.Star())).from_(rows))


def compile_question(question: Question, *, now: datetime) -> Compiled:
    """The subjects of whom the question is true at a moment: one column ``subject``."""
    asked = _Asked(question.of, now)
    asked.look_at(question.where)
    return asked.compiled(asked.subjects(question.where))


def compile_breakdown(breakdown: Breakdown, *, now: datetime) -> Compiled:
    """Columns ``value`` and ``bucket`` (empty where not asked for), ``subjects`` and ``events``."""
    asked = _Asked(breakdown.of, now)
    asked.look_at_doing(breakdown.event, breakdown.window)
    found = asked.done(breakdown.event, breakdown.window)
    if breakdown.where is not None:
        asked.look_at(breakdown.where)
        found = exp.and_(found, sql.is_in(asked.subjects(breakdown.where)))
    value = asked.shown(breakdown.by) if breakdown.by else sql.text("")
    bucket = (
        word(Word.BUCKET, sql.column("us"), breakdown.per.value, breakdown.zone)
        if breakdown.per
        else sql.text("")
    )
    split = (
        exp.select(sql.column("subject"), exp.alias_(value, "value"), exp.alias_(bucket, "bucket"))
        .from_("told")
        .where(found)
    )
    each = exp.Count(this=exp.Distinct(expressions=[sql.column("subject")]))
    tree = (
        exp.select("value", "bucket", exp.alias_(each, "subjects"))
        .select(exp.alias_(exp.Count(this=exp.Star()), "events"))
        .from_(split.subquery("split"))
        .group_by("value", "bucket")
    )
    return asked.compiled(tree)


def compile_turns(question: Question, *, now: datetime) -> Compiled | None:
    """Columns ``subject`` and ``us``: when at the soonest the question may be answered otherwise
    though the subject did nothing, since an event comes into a window or leaves it. None where no
    window moves with time."""
    lengths = {leaf: _lengths(leaf) for leaf in leaves(question.where)}
    longest = max((one for found in lengths.values() for one in found), default=None)
    if longest is None:
        return None
    asked = _Asked(question.of, now)
    asked.look_at(question.where)
    asked.begins, asked.ends = [now - longest], [now]
    turns = [
        asked.turns(leaf, length) for leaf, found in lengths.items() for length in sorted(found)
    ]
    soonest = exp.alias_(exp.Min(this=sql.column("us")), "us")
    every = turns[0] if len(turns) == 1 else exp.union(*turns, distinct=False)
    return asked.compiled(
        exp.select("subject", soonest).from_(every.subquery("turns")).group_by("subject")
    )


def _lengths(leaf: Leaves) -> set[timedelta]:
    """How long after an event a window of a leaf begins to hold it, or holds it no more."""
    windows = [leaf.window]
    if isinstance(leaf, Ratio):
        windows.append(leaf.to)
    if isinstance(leaf, Moment) and leaf.at is not None:
        windows.append(leaf.at)
    found: set[timedelta] = set()
    for one in windows:
        ago = one.ago.length if one.ago else timedelta(0)
        found |= {ago} if one.ago else set()
        found |= {ago + one.last.length} if one.last else set()
    return found


@dataclass(slots=True)
class _Asked:
    """What a question needs of the events, gathered while its tree is put together."""

    of: Subject
    now: datetime
    measures: dict[exp.Expr, str] = field(default_factory=dict)
    tables: list[tuple[str, exp.Query]] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    orders: int = 0
    is_of_any_name: bool = False
    is_of_all_known: bool = False
    begins: list[datetime | None] = field(default_factory=list)
    ends: list[datetime] = field(default_factory=list)

    # --- which part of the events -----------------------------------------------------------------

    def look_at(self, node: Leaves | Branch) -> None:
        """Note which events the leaves of a tree are about."""
        for leaf in leaves(node):
            for doing in leaf.steps if isinstance(leaf, InOrder) else (leaf.event,):
                self.look_at_doing(doing, leaf.window)
                if isinstance(leaf, Ratio):
                    self.look_at_doing(doing, leaf.to)

    def look_at_doing(self, doing: Doing, window: Window) -> None:
        """Note the name and the time of events."""
        since, until = window.bounds(self.now)
        self.begins.append(since)
        self.ends.append(until)
        if doing.name is None:
            self.is_of_any_name = True
        else:
            self.names.add(doing.name)

    @property
    def since(self) -> datetime | None:
        """From when on events are looked at."""
        begins = [one for one in self.begins if one is not None]
        return min(begins) if len(begins) == len(self.begins) else None

    @property
    def until(self) -> datetime:
        """Before when."""
        return max(self.ends)

    # --- the whole --------------------------------------------------------------------------------

    def subjects(self, node: Leaves | Branch) -> exp.Query:
        """The subjects of whom a tree is true."""
        if isinstance(node, InOrder):
            return exp.select("subject").from_(self.in_order(node))
        holds = self.holds(node)
        measured = [exp.alias_(one.copy(), name) for one, name in self.measures.items()]
        self.tables.append(
            ("counted", exp.select("subject", *measured).from_("told").group_by("subject"))
        )
        found = exp.select("subject").from_("counted").where(holds)
        if not holds_of_nothing(node):
            return found
        self.is_of_all_known = True
        rest = exp.not_(sql.is_in(exp.select("subject").from_("counted")))
        return exp.union(found, exp.select("subject").from_("known").where(rest), distinct=False)

    def compiled(self, tree: exp.Query) -> Compiled:
        """The tree with the tables that it reads."""
        first = [("told", self._told())]
        if self.is_of_all_known:
            first.append(("known", self._known()))
        for name, table in [*first, *self.tables]:
            tree = tree.with_(name, as_=table, copy=False)
        is_of_all_visitors = self.is_of_all_known and self.of is Subject.VISITOR
        return Compiled(
            tree=tree,
            columns=("at", "visitor", *sorted(self.columns)),
            since=None if is_of_all_visitors else self.since,
            until=self.now if is_of_all_visitors else self.until,
            of=self.of,
        )

    def _told(self) -> exp.Query:
        """The events that are looked at, by subject."""
        if not self.is_of_any_name:
            self.columns.add("name")
        kept = [sql.column(name) for name in sorted(self.columns)]
        moment = word(Word.MICROS, exp.column("at", quoted=True))
        seen = (
            exp.select(sql.column("visitor"), exp.alias_(moment, "us"), *kept)
            .from_("events")
            .where(exp.NEQ(this=sql.column("visitor"), expression=sql.text("")))
            .subquery("seen")
        )
        looked_at = [sql.between("us", self.since, self.until)]
        if not self.is_of_any_name:
            looked_at.append(sql.one_of(sql.column("name"), sorted(self.names)))
        if self.of is Subject.VISITOR:
            subject = exp.alias_(sql.column("visitor"), "subject")
            return exp.select(subject, "us", *kept).from_(seen).where(*looked_at)
        events = exp.select("*").from_(seen).where(*looked_at).subquery("done")
        us, until = exp.column("us", "done"), exp.column("until_us", "aliases")
        return (
            exp.select(exp.alias_(exp.column("record_id", "aliases"), "subject"))
            .select(exp.column("us", "done"), *(exp.column(one.name, "done") for one in kept))
            .from_(events)
            .join(
                "aliases",
                on=exp.EQ(
                    this=exp.column("visitor", "done"), expression=exp.column("visitor", "aliases")
                ),
            )
            .where(exp.GTE(this=us, expression=exp.column("since_us", "aliases")))
            .where(
                exp.or_(
                    exp.LT(this=us, expression=until), exp.Is(this=until, expression=exp.null())
                )
            )
        )

    def _known(self) -> exp.Query:
        """Every subject of whom anything is known by now."""
        if self.of is Subject.PERSON:
            return (
                exp.select(exp.alias_(sql.column("record_id"), "subject"))
                .distinct()
                .from_("aliases")
                .where(sql.between("since_us", None, self.now))
            )
        moment = word(Word.MICROS, exp.column("at", quoted=True))
        ever = exp.select("visitor", exp.alias_(moment, "us")).from_("events").subquery("ever")
        return (
            exp.select(exp.alias_(sql.column("visitor"), "subject"))
            .distinct()
            .from_(ever)
            .where(exp.NEQ(this=sql.column("visitor"), expression=sql.text("")))
            .where(sql.between("us", None, self.now))
        )

    # --- nodes: conditions on the row of a subject ------------------------------------------------

    def holds(self, node: Leaves | Branch) -> exp.Expr:
        """Whether a tree is true of a subject; never null."""
        if isinstance(node, NotSo):
            return exp.not_(exp.paren(self.holds(node.of)))
        if isinstance(node, AllOf):
            return exp.and_(*map(self.holds, node.of))
        if isinstance(node, AnyOf):
            return exp.or_(*map(self.holds, node.of))
        if isinstance(node, InOrder):
            return sql.is_in(exp.select("subject").from_(self.in_order(node)))
        return self._leaf_holds(node)

    def _leaf_holds(self, leaf: Did | DidNot | Moment | Amount | Ratio) -> exp.Expr:
        done = self.done(leaf.event, leaf.window)
        if isinstance(leaf, Did):
            return sql.within(self.measure(sql.count(done)), leaf.times)
        if isinstance(leaf, DidNot):
            return exp.EQ(this=self.measure(sql.count(done)), expression=sql.number(0))
        if isinstance(leaf, Moment):
            return sql.surely(self._moment_holds(leaf, done))
        if isinstance(leaf, Amount):
            numbers = sql.when(done, self.number(leaf.field))
            return sql.surely(
                sql.within(self.measure(_AGGREGATES[leaf.how](this=numbers)), leaf.value)
            )
        return sql.surely(self._ratio_holds(leaf, done))

    def _moment_holds(self, leaf: Moment, done: exp.Expr) -> exp.Expr:
        edge = exp.Min if leaf.kind == "first" else exp.Max
        at = self.measure(edge(this=sql.when(done, sql.column("us"))))
        found = []
        if leaf.at is not None:
            found.append(sql.between(at.name, *leaf.at.bounds(self.now)))
        if leaf.where:
            so = exp.and_(done, *map(self.fits, leaf.where))
            found.append(
                exp.EQ(this=at, expression=self.measure(edge(this=sql.when(so, sql.column("us")))))
            )
        return exp.and_(*found)

    def _ratio_holds(self, leaf: Ratio, done: exp.Expr) -> exp.Expr:
        before = self.done(leaf.event, leaf.to)
        share, whole = (
            self.measure(exp.Sum(this=sql.when(one, self.number(leaf.sum_of))))
            if leaf.sum_of
            else self.measure(sql.count(one))
            for one in (done, before)
        )
        is_some = exp.GT(this=whole, expression=sql.number(0))
        bounds = [
            sql.SIGNS[name](
                this=sql.double(exp.Coalesce(this=share, expressions=[sql.number(0)])),
                expression=exp.Mul(this=sql.number(float(bound)), expression=sql.double(whole)),
            )
            for name, bound in leaf.value.said.items()
        ]
        return exp.and_(is_some, *bounds)

    def measure(self, aggregate: exp.Expr) -> exp.Column:
        """The column of a number, the same for the same number."""
        name = self.measures.setdefault(aggregate, f"m{len(self.measures)}")
        return sql.column(name)

    def in_order(self, leaf: InOrder) -> str:
        """The name of a table of who did all steps one after the other.

        For each event: the latest begin of a row of steps before it; of several rows the one that
        began last is the one that ends soonest after its begin.
        """
        self.orders += 1
        name = f"order{self.orders}"
        last = len(leaf.steps)
        doing = [exp.and_(*self._is_doing(one)) for one in leaf.steps]
        marks = [
            exp.alias_(sql.when(one, sql.number(1), sql.number(0)), f"s{number}")
            for number, one in enumerate(doing, 1)
        ]
        seen = (
            exp.select("subject", "us", *marks)
            .from_("told")
            .where(sql.between("us", *leaf.window.bounds(self.now)), exp.or_(*doing))
        )
        # The first step is the most usual one: who cannot have done the rest is left out before.
        ready = exp.select("subject").from_(f"{name}seen").where(sql.is_step(last))
        if last > 2:
            later = exp.or_(*(sql.is_step(number) for number in range(2, last + 1)))
            ready = (
                exp.select("subject")
                .from_(f"{name}seen")
                .where(later)
                .group_by("subject")
                .having(
                    exp.LT(
                        this=exp.Min(this=sql.when(sql.is_step(2), sql.column("us"))),
                        expression=exp.Max(this=sql.when(sql.is_step(last), sql.column("us"))),
                    )
                )
            )
        self.tables.append((f"{name}seen", seen))
        source, reached = f"{name}seen", sql.is_in(ready)
        for number in range(2, last + 1):
            began = sql.column("us" if number == 2 else f"b{number - 1}")
            begin = sql.before(exp.Max(this=sql.when(sql.is_step(number - 1), began)))
            after = [sql.column(f"s{later}") for later in range(number, last + 1)]
            step = exp.select("subject", "us", *after, exp.alias_(begin, f"b{number}"))
            self.tables.append((f"{name}step{number}", step.from_(source).where(reached)))
            source = f"{name}step{number}"
            reached = exp.not_(exp.Is(this=sql.column(f"b{number}"), expression=exp.null()))
        found = exp.select("subject").distinct().from_(source).where(sql.is_step(last), reached)
        if leaf.within is not None:
            took = exp.Sub(this=sql.column("us"), expression=sql.column(f"b{last}"))
            longest = leaf.within.length // _MICROSECOND
            found = found.where(exp.LTE(this=took, expression=sql.number(longest)))
        self.tables.append((name, found))
        return name

    def turns(self, leaf: Leaves, length: timedelta) -> exp.Query:
        """When the first of the events of a leaf that is not so long ago will be."""
        doings = leaf.steps if isinstance(leaf, InOrder) else (leaf.event,)
        kinds = [exp.and_(*self._is_doing(one)) for one in doings]
        turn = length // _MICROSECOND + 1  # a window holds its first moment
        first = exp.Add(this=exp.Min(this=sql.column("us")), expression=sql.number(turn))
        return (
            exp.select("subject", exp.alias_(first, "us"))
            .from_("told")
            .where(sql.between("us", self.now - length, self.now), exp.or_(*kinds))
            .group_by("subject")
        )

    # --- conditions on one event ------------------------------------------------------------------

    def done(self, doing: Doing, window: Window) -> exp.Expr:
        """Whether an event is one of these."""
        return exp.and_(*self._is_doing(doing), sql.between("us", *window.bounds(self.now)))

    def _is_doing(self, doing: Doing) -> list[exp.Expr]:
        found: list[exp.Expr] = [exp.true()] if doing.name is None and not doing.where else []
        if doing.name is not None:
            self.columns.add("name")
            found.append(exp.EQ(this=sql.column("name"), expression=sql.text(doing.name)))
        return [*found, *map(self.fits, doing.where)]

    def fits(self, condition: Condition) -> exp.Expr:
        """Whether a field of an event is as asked; never null."""
        fits = sql.surely(self._compared(condition))
        return exp.not_(fits) if condition.test is Test.IS_NOT else fits

    def _compared(self, condition: Condition) -> exp.Expr:
        value = condition.value
        if condition.test is Test.IS_THERE:
            nothing = ["null", '""'] if condition.key else [""]
            return exp.not_(sql.one_of(self._raw(condition.field), nothing))
        if isinstance(value, bool):
            flag = "true" if value else "false"
            return exp.EQ(this=self._raw(condition.field), expression=sql.text(flag))
        if isinstance(value, int | float):
            bounds = {"exactly" if condition.test in {Test.IS, Test.IS_NOT} else condition.test}
            return sql.within(self.number(condition.field), Bounds(**dict.fromkeys(bounds, value)))
        text = self._text_of(condition.field)
        if isinstance(value, tuple):
            return sql.one_of(text, value)
        assert value is not None
        if condition.test is Test.CONTAINS:
            place = exp.StrPosition(this=text, substr=sql.text(value))
            return exp.GT(this=place, expression=sql.number(0))
        if condition.test is Test.STARTS_WITH:
            return exp.StartsWith(this=text, expression=sql.text(value))
        if condition.test is Test.IS_PAGE:
            return sql.is_page(text, value)
        return exp.EQ(this=text, expression=sql.text(value))

    def _raw(self, name: str) -> exp.Expr:
        """A property as JSON has it, a column as it is."""
        return self._property(Word.RAW, name) if "." in name else self._plain(name)

    def _text_of(self, name: str) -> exp.Expr:
        """A column; a property where it is a text, else null."""
        if "." not in name:
            return self._plain(name)
        is_text = exp.StartsWith(this=self._property(Word.RAW, name), expression=sql.text('"'))
        return sql.when(is_text, self._property(Word.TEXT, name))

    def shown(self, name: str) -> exp.Expr:
        """A field as a text to group by; empty where it is not there."""
        found = self._property(Word.TEXT, name) if "." in name else self._plain(name)
        return exp.Coalesce(this=found, expressions=[sql.text("")])

    def number(self, name: str) -> exp.Expr:
        """A property as a double, else null."""
        text = self._property(Word.TEXT, name)
        is_number = exp.RegexpLike(this=text, expression=sql.text(_IS_NUMBER))
        return sql.when(is_number, word(Word.NUMBER, text))

    def _property(self, kind: Word, name: str) -> exp.Expr:
        self.columns.add("props")
        return word(kind, sql.column("props"), name.partition(".")[2])

    def _plain(self, name: str) -> exp.Expr:
        self.columns.add(name)
        return sql.column(name)


def holds_of_nothing(node: Leaves | Branch) -> bool:
    """Whether a tree is true of who did nothing that it looks at."""
    if isinstance(node, NotSo):
        return not holds_of_nothing(node.of)
    if isinstance(node, AllOf):
        return all(map(holds_of_nothing, node.of))
    if isinstance(node, AnyOf):
        return any(map(holds_of_nothing, node.of))
    if isinstance(node, Did):
        return node.times.hold(0)
    if isinstance(node, Amount):
        return node.how is How.COUNT and node.value.hold(0)
    return isinstance(node, DidNot)
