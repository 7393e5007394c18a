"""Histories and questions drawn at random, small enough that much of them meets."""

from datetime import timedelta
from itertools import zip_longest
from typing import Any

from hypothesis import strategies as st

from tests.lake.reference import NOW, Alias, Told

NAMES = ["visit", "order", "it's \\ 100 %"]
CHANNELS = ["", "email", "paid"]
TEXTS = ["gold", 'it\'s \\ a "thing"', "Größe\n", "", "12", "12.5", " 12", "12\n", "true", "null"]
NUMBERS = [0, 1, -2, 12, 12.5, 0.25, 1e9]
VALUES: list[Any] = [*TEXTS, *NUMBERS, True, False, None, {"a": 1}, ["gold"]]
KEYS = ["plan", "a.b", "größe", "of it"]

# Steps of six hours, so that moments meet each other and the bounds of windows; or just beside.
moments = st.builds(
    lambda steps, beside: NOW - timedelta(hours=6 * steps, microseconds=beside),
    st.integers(-1, 40),
    st.sampled_from([0, 0, 0, 1, -1]),
)
PAGE = "https://shop.example/a"
URLS = ["", f"{PAGE}_b%", "\\", PAGE, f"{PAGE}?b=1", f"{PAGE}#b", f"{PAGE}b?x"]
visitors = st.sampled_from(["v1", "v2", "v3", ""])
events = st.builds(
    Told,
    at=moments,
    visitor=visitors,
    name=st.sampled_from(NAMES),
    channel=st.sampled_from(CHANNELS),
    url=st.sampled_from(URLS),
    props=st.builds(
        lambda values, tier: {**values, **tier},
        st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=3),
        st.fixed_dictionaries({}, optional={"tier": st.sampled_from(["gold", "", 3, True, None])}),
    ),
)
histories = st.lists(events, min_size=3, max_size=25)


@st.composite
def aliases(draw: st.DrawFn) -> list[Alias]:
    """At most one person a browser and moment, as the database has it."""
    found: list[Alias] = []
    for visitor in ("v1", "v2", "v3"):
        begins = sorted(draw(st.lists(moments, max_size=2)))
        for since, until in zip_longest(begins, begins[1:]):
            found.append(Alias(visitor, draw(st.integers(1, 3)), since, until))
    return found


durations = st.one_of(
    st.fixed_dictionaries({"hours": st.sampled_from([6, 12, 24, 60])}),
    st.fixed_dictionaries({"days": st.integers(1, 9)}),
)
_fixed = st.lists(moments, min_size=2, max_size=2, unique=True).map(sorted)
windows: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"last": durations}, optional={"ago": durations}),
    _fixed.map(lambda two: {"since": two[0].isoformat(), "until": two[1].isoformat()}),
    moments.map(lambda one: {"until": one.isoformat()}),
)
fields = st.sampled_from(["channel", "url", *(f"props.{key}" for key in KEYS)])
properties = st.sampled_from([f"props.{key}" for key in KEYS])
_asked_texts = st.sampled_from([*TEXTS, "email", "a_b%", "\\"])
conditions = st.one_of(
    st.just({"field": "url", "test": "is_page", "value": PAGE}),
    st.fixed_dictionaries(
        {"field": fields, "test": st.sampled_from(["is", "is_not"]), "value": _asked_texts}
    ),
    st.fixed_dictionaries(
        {
            "field": fields,
            "test": st.sampled_from(["contains", "starts_with"]),
            "value": _asked_texts.filter(bool),
        }
    ),
    st.fixed_dictionaries(
        {
            "field": fields,
            "test": st.just("one_of"),
            "value": st.lists(_asked_texts, min_size=1, max_size=3),
        }
    ),
    st.fixed_dictionaries(
        {
            "field": properties,
            "test": st.sampled_from(
                ["is", "is_not", "at_least", "at_most", "more_than", "less_than"]
            ),
            "value": st.sampled_from(NUMBERS),
        }
    ),
    st.fixed_dictionaries(
        {"field": properties, "test": st.sampled_from(["is", "is_not"]), "value": st.booleans()}
    ),
    st.fixed_dictionaries({"field": fields, "test": st.just("is_there")}),
)
several = st.lists(conditions, max_size=2)
doings = st.fixed_dictionaries({}, optional={"name": st.sampled_from(NAMES), "where": several})
plain_doings = st.fixed_dictionaries({"name": st.sampled_from(NAMES)})
bound_names = st.sampled_from(["at_least", "at_most", "more_than", "less_than", "exactly"])


def bounds(numbers: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """One or two bounds of a number."""
    return st.dictionaries(bound_names, numbers, min_size=1, max_size=2)


def _leaf(kind: str, **more: Any) -> st.SearchStrategy[dict[str, Any]]:
    always = {"kind": st.just(kind), "window": windows, "event": st.one_of(plain_doings, doings)}
    return st.fixed_dictionaries({**always, **more})


def _in_order() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "kind": st.just("in_order"),
            "window": windows,
            "steps": st.lists(st.one_of(plain_doings, doings), min_size=2, max_size=4),
        },
        optional={"within": durations},
    )


_shares = bounds(st.sampled_from([0, 0.25, 0.5, 1, 2]))
LEAVES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "did": _leaf("did", times=bounds(st.integers(0, 3))),
    "did_not": _leaf("did_not"),
    "in_order": _in_order(),
    **{
        kind: st.one_of(_leaf(kind, at=windows), _leaf(kind, at=windows, where=several))
        for kind in ("first", "last")
    },
    "amount": _leaf(
        "amount",
        how=st.sampled_from(["count", "sum", "min", "max"]),
        field=properties,
        value=bounds(st.sampled_from(NUMBERS)),
    ),
    "ratio": _leaf("ratio", to=windows, value=_shares),
    "ratio_of_sums": _leaf("ratio", to=windows, value=_shares, sum_of=properties),
}
leaves = st.one_of(*LEAVES.values())
trees = st.recursive(
    leaves,
    lambda child: st.one_of(
        st.fixed_dictionaries(
            {
                "kind": st.sampled_from(["all", "any"]),
                "of": st.lists(child, min_size=1, max_size=3),
            }
        ),
        st.fixed_dictionaries({"kind": st.just("not"), "of": child}),
    ),
    max_leaves=5,
)
subjects = st.sampled_from(["visitor", "person"])
questions = st.fixed_dictionaries({"of": subjects, "where": trees})
breakdowns = st.fixed_dictionaries(
    {
        "of": subjects,
        "event": st.one_of(plain_doings, doings),
        "window": windows,
        "zone": st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York"]),
    },
    optional={
        "where": trees,
        # Engines write numbers with a fraction each in its way; a tier is a text or whole.
        "by": st.sampled_from(["channel", "props.tier"]),
        "per": st.sampled_from(["day", "week", "month"]),
    },
)
