"""The geometry of small charts that are drawn on the server: numbers in, places on a box out."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 1000.0
HEIGHT = 120.0
FILLED = 0.68  # share of its place that a bar covers
WIDEST = 90.0
LEAST = 1.5  # what is not nothing can be seen


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar: mkt, sales, brand or grey."""

    side: str
    value: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One place of a chart; ``title`` says it in words. Pieces below zero hang down."""

    label: str
    parts: Sequence[Part]
    title: str = ""

    @property
    def total(self) -> float:
        return sum(part.value for part in self.parts)


@dataclass(frozen=True, slots=True)
class Box:
    """A drawn piece."""

    x: str
    y: str
    width: str
    height: str
    fill: str
    title: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """Boxes on 1000 by 120, the line of zero, and the labels below: the first, one in the
    middle, the last."""

    boxes: Sequence[Box]
    zero: str
    labels: Sequence[str]


def bar_chart(bars: Sequence[Bar]) -> BarChart | None:
    """Bars of stacked pieces on one scale; None where there is nothing to draw."""
    highs = [sum(part.value for part in bar.parts if part.value > 0) for bar in bars]
    lows = [sum(part.value for part in bar.parts if part.value < 0) for bar in bars]
    high, low = max([0.0, *highs]), min([0.0, *lows])
    if high == low:
        return None
    unit, step = HEIGHT / (high - low), WIDTH / len(bars)
    zero, wide = high * unit, min(step * FILLED, WIDEST)
    boxes = []
    for at, bar in enumerate(bars):
        up = down = zero
        for part in bar.parts:
            if not part.value:
                continue
            tall = max(abs(part.value) * unit, LEAST)
            top = up - tall if part.value > 0 else down
            up, down = (top, down) if part.value > 0 else (up, down + tall)
            x = at * step + (step - wide) / 2
            boxes.append(_box(x, top, wide, tall, part, bar.title))
    shown = [bars[0], bars[len(bars) // 2], bars[-1]] if len(bars) > 4 else list(bars)
    return BarChart(boxes, f"{zero:.1f}", [bar.label for bar in shown])


def _box(x: float, y: float, width: float, height: float, part: Part, title: str) -> Box:
    return Box(f"{x:.1f}", f"{y:.1f}", f"{width:.1f}", f"{height:.1f}", f"f-{part.side}", title)
