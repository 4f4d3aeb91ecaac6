"""The board without JavaScript: how training stands and the chosen step, as text and as a picture of the plots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rao_lab.base.safe_text import visible
from rao_lab.views.explorer.board_svg import board_svg
from rao_lab.views.explorer.curves import Curves
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.states import sentence_of

ROWS = 12
"""Newest steps that are listed."""
_COLUMNS = {
    "success": "success",
    "probe_success": "probes",
    "R": "R",
    "nodes": "nodes",
    "depth": "depth",
    "trees": "trees",
}


def board_words(source: Source, title: str, step: int | None = None) -> tuple[str, str, str]:
    """How training stands, the chosen step or what is missing, and the figures of the newest steps.

    Args:
        step: the chosen one, which is marked; by default the newest.
    """
    status = source.status()
    curves = Curves.of(source.metrics()).to_json()
    head = visible(", ".join(part for part in (title, *_state(status)) if part))
    steps, columns = curves["step"], curves["columns"]
    if not steps:
        return head, sentence_of("no_points"), ""
    names = [name for name in _COLUMNS if name in columns]
    lines = [_line("step", [_COLUMNS[name] for name in names])]
    listed = range(max(0, len(steps) - ROWS), len(steps))
    chosen = _chosen(steps, step)
    place = steps.index(chosen)
    for each in [*([] if place in listed else [place]), *listed]:
        mark = "> " if each == place else ""
        lines.append(_line(f"{mark}{steps[each]}", [_plain(columns[name][each]) for name in names]))
    left = len(steps) - len(lines) + 1
    if left:
        lines.append(f"and {left:,} earlier {'step' if left == 1 else 'steps'}")
    note = "" if chosen == steps[-1] else f"Step {chosen} is chosen."
    return head, note, "\n".join(lines)


def board_picture(source: Source, step: int | None = None) -> str:
    """The plots of the board as SVG, with the chosen step; empty if there is nothing to draw."""
    curves = Curves.of(source.metrics()).to_json()
    if not curves["step"]:
        return ""
    return board_svg(curves, _chosen(curves["step"], step), source.status().get("difficulties") or ())


def _chosen(steps: list[int], step: int | None) -> int:
    return step if step in steps else steps[-1]


def _line(step: str, cells: list[str]) -> str:
    return "  ".join(f"{cell:>8}" for cell in (step, *cells))


def _state(status: Mapping[str, Any]) -> list[str]:
    done, total = status.get("step"), status.get("total")
    step = "no step yet" if done is None else f"step {done}" + (f" of {total}" if total else "")
    error = status.get("error") or status.get("trouble") or status.get("problems") or ""
    return [step, str(status.get("state", "")), error]


def _plain(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.2f}"
