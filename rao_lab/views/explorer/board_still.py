"""The board without JavaScript: how training stands, as text and as a picture of its success."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from rao_lab.base.safe_text import visible
from rao_lab.views.explorer.curves import Curves
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.states import sentence_of

ROWS = 12
"""Newest steps that are listed."""
POINTS = 200
"""Of a curve; of more steps some are left out, evenly."""
SERIES = 6
WIDTH, HEIGHT, LEFT, BOTTOM = 640, 180, 36, 20
_TONES = ("#35556e", "#5746ad", "#3f86cc", "#7a5a00", "#0d7561", "#8e2f5c")
_COLUMNS = {"success": "success", "R": "R", "nodes": "nodes", "depth": "depth", "trees": "trees"}


def board_words(source: Source, title: str) -> tuple[str, str, str]:
    """How training stands, what is missing, and the figures of the newest steps."""
    status = source.status()
    curves = Curves.of(source.metrics()).to_json()
    head = visible(", ".join(part for part in (title, *_state(status)) if part))
    if not curves["step"]:
        return head, sentence_of("no_points"), ""
    names = [name for name in _COLUMNS if name in curves["columns"]]
    lines = ["  ".join(f"{name:>8}" for name in ("step", *names))]
    for place in range(max(0, len(curves["step"]) - ROWS), len(curves["step"])):
        values = (_plain(curves["columns"][name][place]) for name in names)
        lines.append("  ".join(f"{value:>8}" for value in (str(curves["step"][place]), *values)))
    if len(curves["step"]) > ROWS:
        lines.append(f"and {len(curves['step']) - ROWS:,} earlier steps")
    return head, "", "\n".join(lines)


def _state(status: Mapping[str, Any]) -> list[str]:
    done, total = status.get("step"), status.get("total")
    step = "no step yet" if done is None else f"step {done}" + (f" of {total}" if total else "")
    error = status.get("error") or status.get("trouble") or ""
    return [step, str(status.get("state", "")), error]


def _plain(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.2f}"


def success_svg(source: Source) -> str:
    """Root success by difficulty over the steps; empty if no step has a figure."""
    curves = Curves.of(source.metrics()).to_json()
    steps, columns = curves["step"], curves["columns"]
    ending = "/success"
    found = {
        name.removesuffix(ending).partition("/")[2]: columns[name]
        for name in columns
        if name.startswith("success_by_difficulty/") and name.endswith(ending)
    } or {name: columns[name] for name in ("success", "probe_success") if name in columns}
    series = {
        name: points
        for name, values in list(found.items())[:SERIES]
        if (points := [(step, each) for step, each in zip(steps, values, strict=True) if each is not None])
    }
    if not series:
        return ""
    first, last = steps[0], max(steps[-1], steps[0] + 1)
    parts = [_axis(value) for value in (0.0, 0.5, 1.0)]
    parts += [_words(LEFT, HEIGHT - 4, str(first)), _words(WIDTH - 110, HEIGHT - 4, f"step {last}", "end")]
    for (name, points), tone in zip(series.items(), _TONES, strict=False):
        parts.append(_curve(name, points, first, last, tone))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" style="background:#fff;max-width:100%"><title>Root success by difficulty</title>'
        f'<g font-family="Helvetica,Arial,sans-serif" font-size="11">{"".join(parts)}</g></svg>'
    )


def _y(value: float) -> float:
    return 8 + (1 - value) * (HEIGHT - BOTTOM - 16)


def _axis(value: float) -> str:
    y = _y(value)
    line = f'<path d="M{LEFT} {y:.1f}H{WIDTH - 110}" stroke="#e4e6e9"/>'
    return line + _words(LEFT - 6, y + 4, f"{value:.1f}", "end")


def _words(x: float, y: float, words: str, anchor: str = "start", tone: str = "#636a73") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{tone}">{escape(visible(words))}</text>'
    )


def _curve(name: str, points: Sequence[tuple[int, float]], first: int, last: int, tone: str) -> str:
    thin = points[:: -(-len(points) // POINTS)]
    kept = thin if thin[-1] == points[-1] else [*thin, points[-1]]
    places = [
        (LEFT + (step - first) / (last - first) * (WIDTH - 110 - LEFT), _y(min(1.0, max(0.0, value))))
        for step, value in kept
    ]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{tone}"/>' for x, y in places)
    x, y = places[-1]
    label = _words(x + 8, y + 4, f"{name[:14] or 'success'} {points[-1][1]:.2f}", tone=tone)
    return f'<path d="M{path}" fill="none" stroke="{tone}" stroke-width="1.8"/>{dots}{label}'
