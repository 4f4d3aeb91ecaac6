"""A table of figures with their intervals, drawn on one axis: text, and HTML in the tones of the theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

from rao_lab.base.words import fixed
from rao_lab.tree.text import MINUS, signed_interval
from rao_lab.views.diff.style import css, said
from rao_lab.views.intervals import Seen

WIDTH, HEIGHT, EDGE = 200, 22, 12
STEPS = (0.05, 0.1, 0.2, 0.25, 0.5, 1.0)
MOST_TICKS = 5
_SHEET = "margin:0;max-width:60em"
_ROOM = "padding-top:3px;padding-bottom:3px;color:var(--text)"


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """One figure; None = not measured."""

    name: str
    seen: Seen | None
    about: str = ""
    """What the figure is of, in a few words."""
    verdict: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class IntervalTable:
    """Figures with 95 % intervals, a row each.

    >>> from rao_lab.evaluation.bootstrap import share
    >>> found = share([1, 0, 1, 1], "abcd")
    >>> print(IntervalTable("Success", "share of tasks", (IntervalRow("tiny", found),)))
    Success (share of tasks, 95 % interval)
    tiny  0.75 [0.21, 0.97]
    """

    title: str
    unit: str
    """Of all figures: what their axis counts."""
    rows: tuple[IntervalRow, ...]
    differences: bool = False
    """They have a sign, and one whose interval excludes 0 has the colour of its sign."""
    notes: tuple[str, ...] = ()
    mark: float | None = None
    """A value that is marked through all rows, such as a bound; `notes` say what it is."""

    def __str__(self) -> str:
        cells = [(row.name, self.words(row), row.verdict, row.about) for row in self.rows]
        widths = [max((len(row[at]) for row in cells), default=0) for at in range(3)]
        lines = [
            "  ".join((*(cell.ljust(width) for cell, width in zip(row, widths)), row[3])).rstrip()
            for row in cells
        ]
        return "\n".join((f"{self.title} ({self.unit}, 95 % interval)", *lines, *self.notes))

    __repr__ = __str__

    def words(self, row: IntervalRow) -> str:
        """A figure with its interval."""
        if row.seen is None:
            return "not measured"
        seen = (row.seen.value, row.seen.low, row.seen.high)
        if self.differences:
            return signed_interval(*seen)
        value, low, high = (fixed(each, 2).replace("-", MINUS) for each in seen)
        return f"{value} [{low}, {high}]"

    def _repr_html_(self) -> str:
        axis = Axis.of(self.rows, self.differences)
        rows = "".join(self._row(row, axis) for row in self.rows)
        notes = "".join(f'<p class="about">{said(note)}</p>' for note in self.notes)
        head = f'<th class="name"></th><th class="name">{axis.svg(axis.labels(), self.unit)}</th><th></th>'
        return (
            f'<div class="rao-sheet" style="{_SHEET}"><style>{css()}</style><h1>{said(self.title)} '
            f'<span class="quiet">{said(self.unit)}, 95 % interval</span></h1><div class="wide" tabindex="0"><table>'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{notes}</div>"
        )

    def _row(self, row: IntervalRow, axis: Axis) -> str:
        style = "display:block;white-space:normal;min-width:8em;max-width:24em"
        about = f'<span class="quiet" style="{style}">{said(row.about)}</span>' if row.about else ""
        verdict = f'<br><span class="quiet">{said(row.verdict)}</span>' if row.verdict else ""
        excludes = self.differences and row.seen is not None and row.seen.low * row.seen.high > 0
        tone = ("barPlus" if row.seen and row.seen.value > 0 else "barMinus") if excludes else "second"
        words = f"{row.name or row.about}: {self.words(row)} {row.verdict}".strip()
        drawn = axis.svg(axis.ground(self.mark) + axis.bar(row.seen, tone), words)
        return (
            f'<tr><td class="name" style="{_ROOM};white-space:normal">{said(row.name)}{about}</td>'
            f'<td class="name">{drawn}</td>'
            f'<td style="{_ROOM}">{said(self.words(row))}{verdict}</td></tr>'
        )


@dataclass(frozen=True, slots=True)
class Axis:
    """From values to places in a small drawing; what lies beyond an end is drawn at the end."""

    low: float
    high: float
    step: float

    @classmethod
    def of(cls, rows: Sequence[IntervalRow], differences: bool) -> Axis:
        """Shares go from 0 to 1, all else as far as the intervals, and to 0."""
        seen = [row.seen for row in rows if row.seen is not None]
        low, high = min((0.0, *(each.low for each in seen))), max((0.0, *(each.high for each in seen)))
        if not differences and low == 0 and high <= 1:
            return cls(0.0, 1.0, 0.25)
        step = next((each for each in STEPS if (high - low) / each <= MOST_TICKS - 1), STEPS[-1])
        first, last = floor(low / step), ceil(high / step)
        return cls(first * step, (last if last > first else 1) * step, step)

    def __call__(self, value: float) -> float:
        inside = min(max(value, self.low), self.high)
        return EDGE + (inside - self.low) / (self.high - self.low) * (WIDTH - 2 * EDGE)

    def labels(self) -> str:
        return "".join(
            f'<text x="{self(value):.1f}" y="16" text-anchor="middle">{_tick(value)}</text>'
            for value in self._ticks()
        )

    def ground(self, mark: float | None) -> str:
        """Lines at the ticks, a heavier one at 0, and the mark."""
        lines = "".join(
            f'<path d="M{self(value):.1f} 0V{HEIGHT}" stroke="var(--{"strong" if abs(value) < 1e-9 else "rule"})"/>'
            for value in self._ticks()
        )
        if mark is not None:
            lines += f'<path d="M{self(mark):.1f} 0V{HEIGHT}" stroke="var(--text)" stroke-dasharray="3 3"/>'
        return lines

    def bar(self, seen: Seen | None, tone: str) -> str:
        if seen is None:
            return ""
        middle = HEIGHT / 2
        return (
            f'<path d="M{self(seen.low):.1f} {middle}H{self(seen.high):.1f}" stroke="var(--{tone})" stroke-width="4" '
            f'opacity=".55"/><path d="M{self(seen.value):.1f} 4V{HEIGHT - 4}" stroke="var(--{tone})" '
            'stroke-width="2.2"/>'
        )

    def svg(self, drawn: str, words: str) -> str:
        return (
            f'<svg class="plot" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="{said(words)}">{drawn}</svg>'
        )

    def _ticks(self) -> list[float]:
        count = round((self.high - self.low) / self.step)
        return [self.low + at * self.step for at in range(count + 1)]


def _tick(value: float) -> str:
    text = fixed(abs(value), 2).rstrip("0").rstrip(".") or "0"
    return (MINUS if value < -1e-9 else "") + text
