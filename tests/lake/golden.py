"""A question of each kind, what it becomes in SQL, and what it answers of a known history.

``python -m tests.lake.golden`` with the settings of the product writes the SQL anew; look at it
before it is committed.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

from tandem.lake.engine.compiling import Compiled, compile_breakdown, compile_question
from tandem.lake.engine.dialects import Dialect
from tandem.lake.schemas import read_breakdown, read_question
from tests.lake.reference import NOW, Alias, Told

FOLDER = Path(__file__).parent / "golden"


def _days(ago: float) -> Any:
    return NOW - timedelta(days=ago)


# Ada buys at last, Ben has gone quiet, Cleo looks only; dora is a browser of nobody who is known.
HISTORY = (
    Told(_days(50), "ben", "visit", "email"),
    Told(_days(45), "ben", "order", "email", props={"price": 80, "plan": "gold"}),
    Told(_days(40), "ben", "order", props={"price": "20.5"}),
    Told(_days(35), "ben", "visit", "paid"),
    Told(_days(20), "cleo", "visit", "paid", url="https://shop.example/tins"),
    Told(_days(9), "ada", "visit", "paid", url="https://shop.example/tins"),
    Told(_days(8), "ada", "form", "paid"),
    Told(_days(3), "ada-phone", "order", "direct", props={"price": 120, "plan": "silver"}),
    Told(_days(2), "ben", "visit", "direct"),
    Told(_days(1), "dora", "order", props={"price": 5, "is_gift": True}),
    Told(_days(1), "", "order", props={"price": 1000}),
)
ADA, BEN, CLEO, EVE = 1, 2, 3, 4
ALIASES = (
    Alias("ada", ADA, _days(60)),
    Alias("ada-phone", ADA, _days(60)),
    Alias("ben", BEN, _days(60)),
    Alias("cleo", CLEO, _days(60)),
    Alias("eve", EVE, _days(10)),
)
_MONTH = {"last": {"days": 30}}
_MONTH_BEFORE = {"last": {"days": 30}, "ago": {"days": 30}}
_VISIT, _ORDER = {"name": "visit"}, {"name": "order"}
_DID = {"kind": "did", "event": _ORDER}

QUESTIONS: Mapping[str, tuple[dict[str, Any], list[Any]]] = {
    "did": ({"where": {**_DID, "times": {"at_least": 2}}}, [BEN]),
    "did_in_window": ({"where": {**_DID, "window": _MONTH}}, [ADA]),
    "did_at_most": ({"where": {**_DID, "times": {"at_most": 1}}}, [ADA, CLEO, EVE]),
    "did_by_visitor": ({"of": "visitor", "where": _DID}, ["ada-phone", "ben", "dora"]),
    "did_with_conditions": (
        {
            "where": {
                "kind": "did",
                "event": {
                    "name": "order",
                    "where": [
                        {"field": "props.plan", "test": "one_of", "value": ["gold", "silver"]},
                        {"field": "props.price", "test": "at_least", "value": 100},
                        {"field": "channel", "value": "direct"},
                    ],
                },
            }
        },
        [ADA],
    ),
    "did_with_texts": (
        {
            "of": "visitor",
            "where": {
                "kind": "did",
                "event": {
                    "where": [
                        {"field": "url", "test": "contains", "value": "/tins"},
                        {"field": "channel", "test": "starts_with", "value": "pa"},
                        {"field": "channel", "test": "is_not", "value": "it's \\ that"},
                        {"field": "props.plan", "test": "is_not", "value": "gold"},
                    ]
                },
            },
        },
        ["ada", "cleo"],
    ),
    "did_with_flag": (
        {
            "of": "visitor",
            "where": {
                "kind": "did",
                "event": {
                    "where": [
                        {"field": "props.is_gift", "value": True},
                        {"field": "props.price", "test": "is_there"},
                    ]
                },
            },
        },
        ["dora"],
    ),
    "did_not": (
        {"where": {"kind": "did_not", "event": _VISIT, "window": _MONTH}},
        [EVE],
    ),
    "did_not_by_visitor": (
        {"of": "visitor", "where": {"kind": "did_not", "event": _VISIT}},
        ["ada-phone", "dora"],
    ),
    "in_order": (
        {
            "where": {
                "kind": "in_order",
                "steps": [_VISIT, {"name": "form"}, _ORDER],
                "within": {"days": 7},
            }
        },
        [ADA],
    ),
    "in_order_within_less": (
        {"where": {"kind": "in_order", "steps": [_VISIT, _ORDER], "within": {"days": 5}}},
        [BEN],
    ),
    "in_order_or_else": (
        {
            "where": {
                "kind": "any",
                "of": [
                    {"kind": "in_order", "steps": [_ORDER, _VISIT], "window": _MONTH},
                    {"kind": "in_order", "steps": [_ORDER, _VISIT]},
                    {"kind": "did_not", "event": {}},
                ],
            }
        },
        [BEN, EVE],
    ),
    "first": (
        {"where": {"kind": "first", "event": _VISIT, "at": _MONTH}},
        [ADA, CLEO],
    ),
    "last": (
        {
            "where": {
                "kind": "last",
                "event": _VISIT,
                "where": [{"field": "channel", "value": "direct"}],
            }
        },
        [BEN],
    ),
    "amount_sum": (
        {
            "where": {
                "kind": "amount",
                "event": _ORDER,
                "how": "sum",
                "field": "props.price",
                "value": {"more_than": 100.25, "at_most": 100.5},
            }
        },
        [BEN],
    ),
    "amount_count_min_max": (
        {
            "where": {
                "kind": "all",
                "of": [
                    {
                        "kind": "amount",
                        "event": {},
                        "how": how,
                        "field": "props.price",
                        "value": {"at_least": least},
                    }
                    for how, least in (("count", 1), ("min", 20), ("max", 100))
                ],
            }
        },
        [ADA],
    ),
    "ratio": (
        {
            "where": {
                "kind": "ratio",
                "event": {},
                "window": _MONTH,
                "to": _MONTH_BEFORE,
                "value": {"less_than": 0.5},
            }
        },
        [BEN],
    ),
    "ratio_of_sums": (
        {
            "where": {
                "kind": "ratio",
                "event": _ORDER,
                "sum_of": "props.price",
                "window": _MONTH,
                "to": _MONTH_BEFORE,
                "value": {"exactly": 0},
            }
        },
        [BEN],
    ),
    "nested": (
        {
            "where": {
                "kind": "all",
                "of": [
                    {"kind": "not", "of": {**_DID, "window": _MONTH}},
                    {"kind": "any", "of": [_DID, {"kind": "did", "event": _VISIT}]},
                ],
            }
        },
        [BEN, CLEO],
    ),
}
BREAKDOWNS: Mapping[str, tuple[dict[str, Any], list[Any]]] = {
    "breakdown": (
        {"event": _VISIT, "by": "channel", "per": "month", "zone": "Europe/Berlin"},
        [
            ("direct", "2026-11-01", 1, 1),
            ("email", "2026-10-01", 1, 1),
            ("paid", "2026-10-01", 1, 1),
            ("paid", "2026-11-01", 2, 2),
        ],
    ),
    "breakdown_of_some": (
        {
            "of": "visitor",
            "event": _ORDER,
            "where": {"kind": "did", "event": _VISIT},
            "by": "props.plan",
            "per": "week",
        },
        [("", "2026-10-19", 1, 1), ("gold", "2026-10-12", 1, 1)],
    ),
    "breakdown_of_all": ({"of": "visitor", "event": {}}, [("", "", 5, 10)]),
}


def compiled(name: str) -> Compiled:
    """A question of these."""
    if name in QUESTIONS:
        return compile_question(read_question(QUESTIONS[name][0]), now=NOW)
    return compile_breakdown(read_breakdown(BREAKDOWNS[name][0]), now=NOW)


def text(name: str) -> str:
    """What it becomes in each dialect."""
    found = compiled(name)
    return "\n".join(f"-- {dialect.value}\n{found.text(dialect)}\n" for dialect in Dialect)


if __name__ == "__main__":
    django.setup()
    FOLDER.mkdir(exist_ok=True)
    for name in (*QUESTIONS, *BREAKDOWNS):
        (FOLDER / f"{name}.sql").write_text(text(name))
