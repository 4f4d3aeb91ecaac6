"""The board's plots as one still SVG: root success with its intervals and probes, and the share of each depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple, TypeVar

from rao_lab.base.safe_text import shorten, visible
from rao_lab.base.words import fixed
from rao_lab.evaluation.intervals import wilson
from rao_lab.views.tones import EDGED, INK, LABEL, LINED, PAGE, RULE, line_tone, part_tone

WIDTH, LEFT, TAIL = 640, 40, 150
TITLE, HIGH, LOW, FOOT, GAP = 18, 150, 90, 18, 12
"""Heights in px: of a title, of the large and the small field, of the steps under a field, between two plots."""
NAMES = 70
"""px more for the names of several runs."""
POINTS, PARTS = 120, 600
"""Points of a curve, and parts of all columns; of more steps some are left out, evenly."""
SERIES = 6
"""Of each run."""
DASHES = ("", "7 3", "2 2.5", "9 3 2 3", "4 4", "1 4")
"""How runs are told apart beside their names."""
BANDS = 6
"""Series whose intervals can be told apart."""
FEW = 3
"""Up to this many steps are points: two or three are no curve yet."""
EDGE = 0.75
"""px of the edge of a pale part."""

T = TypeVar("T")
Columns = Mapping[str, Sequence[float | None]]


class Series(NamedTuple):
    """Success of the roots of one difficulty, or of its probes."""

    name: str
    probe: bool
    tone: str
    points: list[tuple[int, float, float, float]]
    """Step, share, and its 95 % interval."""
    run: str = ""
    """Its name, if several are drawn over each other."""
    dash: str = ""


class Field(NamedTuple):
    """Where a plot lies, in px, and the steps it spans."""

    top: float
    high: float
    last: int

    def x(self, step: float) -> float:
        return LEFT + step / self.last * (WIDTH - TAIL - LEFT)

    def y(self, share: float) -> float:
        return self.top + (1 - min(1.0, max(0.0, share))) * self.high


def success_series(steps: Sequence[int], columns: Columns, order: Sequence[str]) -> list[Series]:
    """One series a difficulty, easiest first, and their probes after them; without difficulties, all roots in one."""
    prefixes = ("success_by_difficulty", "probe_success_by_difficulty")
    found = dict.fromkeys(name.split("/")[1] for name in columns if name.split("/")[0] in prefixes)
    names = [*(name for name in order if name in found), *(name for name in found if name not in order)]
    series = []
    for prefix in prefixes:
        for place, name in enumerate(names):
            shares, counts = (columns.get(f"{prefix}/{name}/{what}") for what in ("success", "tasks"))
            points = list(_points(steps, shares or (), counts or ()))
            tone = line_tone(place, len(names))
            series.append(Series(name or "all tasks", prefix != prefixes[0], tone, points))
    if not names:
        for name in ("success", "probe_success"):
            points = [(step, each, each, each) for step, each in _known(steps, columns.get(name, ()))]
            series.append(Series("success", name != "success", line_tone(0, 1), points))
    return [each for each in series if each.points][:SERIES]


def _points(
    steps: Sequence[int], shares: Sequence[float | None], counts: Sequence[float | None]
) -> Iterator[tuple[int, float, float, float]]:
    for step, share, count in zip(steps, shares, counts, strict=False):
        if share is not None and count:
            yield step, share, *wilson(share * count, int(count))


def _known(steps: Sequence[int], values: Sequence[float | None]) -> list[tuple[int, float]]:
    return [(step, each) for step, each in zip(steps, values, strict=False) if each is not None]


def board_svg(
    curves: Mapping[str, Any],
    chosen: int,
    order: Sequence[str] = (),
    names: Sequence[str] = (),
    others: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Root success by difficulty and gradient share by depth over the steps; empty if no step has either.

    Args:
        curves: `Curves.to_json()`.
        chosen: the step that an upright line marks.
        order: difficulties of the world, easiest first.
        names: of all runs, if others are drawn over this one.
        others: their curves.
    """
    steps, columns = curves["step"], curves["columns"]
    last = max(1, *(step for each in (curves, *others) for step in each["step"]), 1)
    series = success_series(steps, columns, order)
    if others:
        series = [
            each._replace(run=name, dash=dash)
            for run, name, dash in zip((curves, *others), names, DASHES, strict=False)
            for each in success_series(run["step"], run["columns"], order)
        ]
    rows = _shares(steps, columns)
    few = sum(step > 0 for step in steps) <= FEW
    parts, below = [], 0.0
    for title, drawn, high in (
        ("Root success by difficulty", series, HIGH),
        (f"Gradient share by depth{', ' + names[0] if others else ''}", rows, LOW),
    ):
        if not drawn:
            continue
        field = Field(below + TITLE, high, last)
        parts.append(_words(0, below + 11, title, weight=600, tone=INK))
        parts.append(_success(field, series, few) if drawn is series else _depths(field, rows))
        parts.append(_steps(field, chosen))
        below = field.top + high + FOOT + GAP
    return _svg(WIDTH + (NAMES if others else 0), below - GAP, "".join(parts)) if parts else ""


def _svg(wide: int, high: float, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high:.0f}" viewBox="0 0 {wide} {high:.0f}" '
        f'role="img" style="background:{PAGE};max-width:100%"><title>Root success and gradient share</title>'
        f'<g font-family="Helvetica,Arial,sans-serif" font-size="11">{body}</g></svg>'
    )


def _success(field: Field, series: Sequence[Series], few: bool) -> str:
    parts = [_rule(field, share, fixed(share, 2)) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    for each in series:
        points = _thin(each.points, POINTS)
        if not few and not each.probe and len(series) <= BANDS:
            parts.append(
                _path(
                    field,
                    [(s, high) for s, _, _, high in points] + [(s, low) for s, _, low, _ in points[::-1]],
                    f'fill="{each.tone}" fill-opacity=".16" stroke="none"',
                )
            )
        if not few:
            dashes = each.dash or ("3 3" if each.probe and not each.run else "none")
            dash = f' stroke-width="{1 if each.probe else 1.8}" stroke-dasharray="{dashes}"'
            parts.append(
                _path(field, [(s, y) for s, y, _, _ in points], f'fill="none" stroke="{each.tone}"{dash}')
            )
        if few or each.probe:
            parts += [_point(field, each, *point) for point in points]
    ends = [
        (
            field.y(each.points[-1][1]),
            _end_words(each),
        )
        for each in series
    ]
    return "".join([*parts, *_ends(field, ends)])


def _end_words(series: Series) -> str:
    run = f" {shorten(series.run, 11)}" if series.run else ""
    return f"{shorten(series.name, 12)}{', probes' if series.probe else ''}{run} {fixed(series.points[-1][1], 2)}"


def _point(field: Field, series: Series, step: int, share: float, low: float, high: float) -> str:
    x, y = field.x(step), field.y(share)
    fill = PAGE if series.probe else series.tone
    return (
        f'<path d="M{x:.1f} {field.y(low):.1f}V{field.y(high):.1f}" stroke="{series.tone}"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{fill}" stroke="{series.tone}" stroke-width="1.4"/>'
    )


def _shares(steps: Sequence[int], columns: Columns) -> list[tuple[int, list[tuple[str, float]]]]:
    """Of each step that was trained, the part of the loss of each depth, which together are 1."""
    prefix = "gradient_share_by_depth/"
    reached = (name for name, shares in columns.items() if name.startswith(prefix) and any(shares))
    names = sorted(reached, key=lambda name: (len(name), name))
    found = []
    for place, step in enumerate(steps):
        parts = [(name.removeprefix(prefix), columns[name][place] or 0.0) for name in names]
        total = sum(part for _, part in parts)
        if total > 0:
            found.append((step, [(name, part / total) for name, part in parts]))
    return found


def _depths(field: Field, rows: Sequence[tuple[int, list[tuple[str, float]]]]) -> str:
    parts = [_rule(field, share, f"{fixed(100 * share, 0)} %") for share in (0.0, 0.5, 1.0)]
    drawn = _thin(rows, PARTS // len(rows[0][1]))
    wide = max(1.0, min(14.0, 0.85 * (field.x(1) - field.x(0)) * len(rows) / len(drawn)))
    edged, gap = wide / 2 >= EDGED, 0.5 if wide / 2 >= LINED else 0.0
    tones = [part_tone(level, len(rows[0][1]), edged) for level in range(len(rows[0][1]))]
    for step, shares in drawn:
        under = 0.0
        for tone, (_, share) in zip(tones, shares, strict=True):
            if share > 0:
                y = field.y(under + share)
                parts.append(_part(field.x(step) - wide / 2, y + gap, wide, field.y(under) - y - gap, tone))
            under += share
    ends, under = [], 0.0
    for name, share in rows[-1][1]:
        if share >= 0.005:
            ends.append((field.y(under + share / 2), f"depth {shorten(name, 8)} {fixed(100 * share, 0)} %"))
        under += share
    return "".join([*parts, *_ends(field, ends)])


def _part(x: float, y: float, wide: float, high: float, tone: tuple[str, str]) -> str:
    """A part of a column; the edge lies within its size."""
    fill, edge = tone
    pen, inset = (f' stroke="{edge}" stroke-width="{EDGE}"', EDGE / 2) if edge else ("", 0.0)
    size = f'width="{wide - 2 * inset:.1f}" height="{max(0.0, high - 2 * inset):.1f}"'
    return f'<rect x="{x + inset:.1f}" y="{y + inset:.1f}" {size} fill="{fill}"{pen}/>'


def _ends(field: Field, ends: Sequence[tuple[float, str]]) -> Iterator[str]:
    """Names at the newest step, moved apart."""
    floor = field.top + field.high + 4
    for y, words in sorted(ends, reverse=True):
        floor = min(y + 4, floor)
        yield _words(WIDTH - TAIL + 10, floor, words, tone=INK)
        floor -= 13


def _steps(field: Field, chosen: int) -> str:
    """Steps under a field, and the line of the chosen one."""
    x, foot = field.x(chosen), field.top + field.high + 13
    line = f'<path d="M{x:.1f} {field.top - 4:.1f}V{field.top + field.high:.1f}" stroke="{INK}"/>'
    ends = [
        _words(field.x(step), foot, str(step), "middle")
        for step in (0, field.last)
        if abs(field.x(step) - x) > 40
    ]
    return "".join([line, *ends, _words(x, foot, f"step {chosen}", "middle", weight=600, tone=INK)])


def _rule(field: Field, share: float, words: str) -> str:
    y = field.y(share)
    line = f'<path d="M{LEFT} {y:.1f}H{WIDTH - TAIL}" stroke="{RULE}"/>'
    return line + _words(LEFT - 6, y + 4, words, "end")


def _words(
    x: float, y: float, words: str, anchor: str = "start", *, weight: int = 400, tone: str = LABEL
) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" fill="{tone}"'
    return f"<text {place}>{escape(visible(words))}</text>"


def _path(field: Field, points: Sequence[tuple[int, float]], pen: str) -> str:
    return f'<path d="M{"L".join(f"{field.x(step):.1f} {field.y(share):.1f}" for step, share in points)}" {pen}/>'


def _thin(points: Sequence[T], most: int) -> list[T]:
    thin = list(points[:: -(-len(points) // max(1, most))])
    return thin if thin[-1] == points[-1] else [*thin, points[-1]]
