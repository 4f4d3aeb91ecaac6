"""Two kinds of plots as SVG, which follow the reader's light or dark setting: intervals in panels, and curves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from rao_lab.evaluation.bootstrap import Interval
from rao_lab.experiments.pictures import STYLE

Lines = Iterator[str]
MORE_STYLE = """
  .grid { stroke: var(--line); stroke-width: 1; }
  .base { stroke: var(--soft); fill: var(--soft); }
  .recursive { stroke: var(--more); fill: var(--more); }
  .flat { stroke: var(--less); fill: var(--less); }
  .other { stroke: var(--done); fill: var(--done); }
  .bar { stroke-width: 2; }
  .curve { fill: none; stroke-width: 2; }
  .range { stroke: none; opacity: 0.14; }
  .room { stroke: var(--ink); stroke-width: 1.5; }
  .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 12px; }
  text.recursive, text.flat, text.base, text.other { stroke: none; }
"""
WIDTH = 960
LEFT, RIGHT, TOP, ROW = 178, 24, 92, 24
GAP = 34
"""Between two panels."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of intervals, one a panel; None = not measured."""

    label: str
    kind: str
    """recursive, flat, base or other: its colour."""
    intervals: Sequence[Interval | None]


@dataclass(frozen=True, slots=True)
class Curve:
    """Means over seeds by step, `[S]`, and the lowest and highest seed."""

    label: str
    kind: str
    middle: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    dashed: bool = False


def intervals(
    title: str,
    note: str,
    panels: Sequence[str],
    rows: Sequence[Bar],
    span: tuple[float, float],
    marks: Sequence[float | None] = (),
) -> str:
    """Rows of intervals in panels side by side.

    Args:
        panels: their headings.
        span: lowest and highest value of every axis.
        marks: of each panel a value that is marked with a line through all rows, such as the flat ceiling.
    """
    width = (WIDTH - LEFT - RIGHT - GAP * (len(panels) - 1)) / len(panels)
    bottom = TOP + ROW * len(rows) + 8
    body: list[str] = []
    for place, heading in enumerate(panels):
        scale = _Scale(LEFT + place * (width + GAP), width, *span)
        body += [_text(scale.left, TOP - 14, heading, "soft")]
        body += _axis(scale, bottom)
        if place < len(marks) and marks[place] is not None:
            at = scale(marks[place] or 0.0)
            body.append(f'<path class="room" d="M{at:.1f} {TOP - 6}V{bottom}" stroke-dasharray="3 3"/>')
        for number, row in enumerate(rows):
            body += _bar(scale, TOP + ROW * number + ROW / 2, row.kind, row.intervals[place])
    body += [
        _text(LEFT - 16, TOP + ROW * number + ROW / 2 + 4, row.label, "mono", "end")
        for number, row in enumerate(rows)
    ]
    return _page(title, note, body, bottom + 38)


def curves(title: str, note: str, found: Sequence[Curve], span: tuple[float, float], steps: str) -> str:
    """Curves over steps on one axis, each with its label at its end."""
    height, right = 300, WIDTH - 190
    longest = max(len(each.middle) for each in found)
    across = _Scale(60, right - 60, 1, max(2, longest))
    up = _Scale(TOP + height, -height, *span)
    body = []
    for value in _ticks(*span):
        body.append(f'<path class="grid" d="M60 {up(value):.1f}H{right}"/>')
        body.append(_text(50, up(value) + 4, _short(value), "soft", "end"))
    for value in _steps(longest):
        body.append(_text(across(value), TOP + height + 20, str(value), "soft", "middle"))
    body.append(_text(right, TOP + height + 38, steps, "soft", "end"))
    for each in found:
        body += _curve(across, up, each)
    for label, y in _spread({each.label: up(each.middle[-1]) for each in found}):
        kind = next(each.kind for each in found if each.label == label)
        body.append(_text(right + 12, y + 4, label, f"mono {kind}"))
    return _page(title, note, body, TOP + height + 56)


def _curve(across: _Scale, up: _Scale, each: Curve) -> Lines:
    def points(values: Iterable[float], start: int = 1, by: int = 1) -> str:
        return " ".join(f"{across(start + by * at):.1f},{up(value):.1f}" for at, value in enumerate(values))

    count = len(each.middle)
    yield f'<polygon class="{each.kind} range" points="{points(each.low)} {points([*each.high][::-1], count, -1)}"/>'
    dash = ' stroke-dasharray="5 4"' if each.dashed else ""
    yield f'<polyline class="{each.kind} curve" style="fill:none" points="{points(each.middle)}"{dash}/>'


def _bar(scale: _Scale, y: float, kind: str, found: Interval | None) -> Lines:
    if found is None:
        yield _text(scale.left + 4, y + 4, "not measured", "soft")
        return
    low, high = scale(found.low), scale(found.high)
    yield f'<path class="bar {kind}" d="M{low:.1f} {y:.1f}H{high:.1f}"/>'
    yield f'<circle class="{kind}" cx="{scale(found.value):.1f}" cy="{y:.1f}" r="4"/>'


def _axis(scale: _Scale, bottom: float) -> Lines:
    for value in _ticks(scale.low, scale.high):
        at = scale(value)
        heavy = " axis" if value == 0 and scale.low < 0 else ""
        yield f'<path class="grid{heavy}" d="M{at:.1f} {TOP - 6}V{bottom}"/>'
        yield _text(at, bottom + 16, _short(value), "soft", "middle")


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to places on the page; beyond the ends is drawn at the end."""

    left: float
    width: float
    low: float
    high: float

    def __call__(self, value: float) -> float:
        inside = min(max(value, self.low), self.high)
        return self.left + self.width * (inside - self.low) / (self.high - self.low)


def _ticks(low: float, high: float) -> list[float]:
    step = next(
        each for each in (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5, 10, 25, 50, 100) if (high - low) / each <= 5
    )
    first = round(low / step)
    return [
        at * step for at in range(first, round(high / step) + 1) if low - 1e-9 <= at * step <= high + 1e-9
    ]


def _steps(longest: int) -> list[int]:
    step = next(each for each in (1, 5, 10, 20, 50, 100) if longest / each <= 9)
    return [1, *range(step, longest + 1, step)] if step > 1 else [*range(1, longest + 1)]


def _spread(places: Mapping[str, float], apart: float = 16) -> list[tuple[str, float]]:
    """Labels moved down until none lies upon another."""
    found: list[tuple[str, float]] = []
    for label, y in sorted(places.items(), key=lambda each: each[1]):
        found.append((label, max(y, found[-1][1] + apart) if found else y))
    return found


def _short(value: float) -> str:
    text = f"{abs(value):.2f}".rstrip("0").rstrip(".") or "0"
    return ("-" if value < 0 else "") + (text[1:] if text.startswith("0.") else text)


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _page(title: str, note: str, body: Sequence[str], height: float) -> str:
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img"'
            f' aria-label="{escape(title)}">',
            f"<style>{STYLE}{MORE_STYLE}</style>",
            f'<rect class="panel" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:.0f}" rx="12"/>',
            _text(24, 34, title, "title"),
            _text(24, 54, note, "soft"),
            *body,
            "</svg>\n",
        )
    )
