"""The board without JavaScript: how training stands and the chosen step, as text and as a picture of the plots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rao_lab.base.safe_text import one_line, visible
from rao_lab.base.words import fixed
from rao_lab.views.explorer.beside import differing, run_names
from rao_lab.views.explorer.board_svg import board_svg
from rao_lab.views.explorer.catalogue import FRONT, catalogue, figures_of, said
from rao_lab.views.explorer.curves import Curves
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.states import sentence_of

ROWS = 12
"""Newest steps that are listed."""
KINDS = 6
"""Figures of one metric that are said."""
DIFFERENT = 12
"""Settings that are said."""
NAME = 18
_COLUMNS = {
    "success": "success",
    "probe_success": "probes",
    "R": "R",
    "nodes": "nodes",
    "depth": "depth",
    "trees": "trees",
}
_BESIDE = ("success", "probe_success", "R")
"""Those that runs are compared by."""

Row = Mapping[str, float | None]


def board_words(source: Source, title: str, step: int | None = None) -> tuple[str, str, str]:
    """How training stands, the chosen step or what is missing, and the figures: of the newest steps in a table, of the
    chosen step all.

    Args:
        step: the chosen one, which is marked; by default the newest.
    """
    runs = [source, *source.beside]
    head = visible(", ".join(part for part in (title, *_state(source.status())) if part))
    rows = [_rows(run) for run in runs]
    steps = sorted({each for known in rows for each in known})
    if not steps:
        return head, sentence_of("no_points"), ""
    chosen = _chosen(steps, step)
    body = _several(runs, rows, steps, chosen) if source.beside else _table(rows[0], steps, chosen)
    note = "" if chosen == steps[-1] else f"Step {chosen} is chosen."
    return head, note, "\n".join([*body, "", f"Step {chosen}", *_all_of(rows, chosen)])


def _rows(source: Source) -> dict[int, Row]:
    """The metrics of each step, by the names of the board's columns."""
    curves = Curves.of(source.metrics()).to_json()
    columns = curves["columns"].items()
    return {step: {name: values[i] for name, values in columns} for i, step in enumerate(curves["step"])}


def _table(rows: Mapping[int, Row], steps: Sequence[int], chosen: int) -> list[str]:
    names = [name for name in _COLUMNS if any(name in row for row in rows.values())]
    lines = [_line("step", [_COLUMNS[name] for name in names])]
    return lines + _listed(steps, chosen, lambda step: [_plain(rows[step].get(name)) for name in names])


def _several(
    runs: Sequence[Source], rows: Sequence[Mapping[int, Row]], steps: Sequence[int], chosen: int
) -> list[str]:
    """A column for each run under each metric, and the settings that differ."""
    names = run_names(runs)
    metrics = [name for name in _BESIDE if any(name in row for known in rows for row in known.values())]
    signs = [f"{_COLUMNS[metric]} {place}" for metric in metrics for place in range(1, len(runs) + 1)]
    wide = max(8, *map(len, signs))

    def cells(step: int) -> list[str]:
        return [_plain(known.get(step, {}).get(metric)) for metric in metrics for known in rows]

    lines = [
        f"{place}: {name}, {len(known)} steps"
        for place, (name, known) in enumerate(zip(names, rows, strict=True), 1)
    ]
    apart = differing(runs)
    lines += [f"  {name}: {' | '.join(values)}" for name, values in [*apart.items()][:DIFFERENT]]
    if len(apart) > DIFFERENT:
        lines.append(f"  and {len(apart) - DIFFERENT} more settings that differ")
    lines += [] if apart else ["  the same settings"]
    return [*lines, _line("step", signs, wide), *_listed(steps, chosen, cells, wide)]


def _listed(steps: Sequence[int], chosen: int, cells: Any, wide: int = 8) -> list[str]:
    """A line for each of the newest steps, and for the chosen one."""
    listed = range(max(0, len(steps) - ROWS), len(steps))
    place = steps.index(chosen)
    lines = []
    for each in [*([] if place in listed else [place]), *listed]:
        mark = "> " if each == place else ""
        lines.append(_line(f"{mark}{steps[each]}", cells(steps[each]), wide))
    left = len(steps) - len(lines)
    return lines + ([f"and {left:,} earlier {'step' if left == 1 else 'steps'}"] if left else [])


def _all_of(rows: Sequence[Mapping[int, Row]], step: int) -> Iterator[str]:
    """All metrics of a step, a line for each and for each run; what was not recorded is left out."""
    section = FRONT
    for entry in catalogue():
        title = str(entry["title"])
        for place, known in enumerate(rows, 1):
            found = [*figures_of(entry, known.get(step, {}))]
            if not found:
                continue
            if entry["section"] != section:
                section = entry["section"]
                yield f"  {section}"
            words = ", ".join(
                f"{one_line(label, NAME)} {said(entry, value)}".strip() for label, value in found[:KINDS]
            )
            words += f" and {len(found) - KINDS} more" if len(found) > KINDS else ""
            run = f"{place}  " if len(rows) > 1 else ""
            yield f"    {title:<28} {run}{words}"
            title = ""


def board_picture(source: Source, step: int | None = None) -> str:
    """The plots of the board as SVG, with the chosen step; empty if there is nothing to draw."""
    curves = Curves.of(source.metrics()).to_json()
    if not curves["step"]:
        return ""
    others = [Curves.of(other.metrics()).to_json() for other in source.beside]
    names = run_names([source, *source.beside])
    order = source.status().get("difficulties") or ()
    return board_svg(curves, _chosen(curves["step"], step), order, names, others)


def _chosen(steps: Sequence[int], step: int | None) -> int:
    return steps[-1] if step is None or step not in steps else step


def _line(step: str, cells: Sequence[str], wide: int = 8) -> str:
    return "  ".join([f"{step:>8}", *(f"{cell:>{wide}}" for cell in cells)])


def _state(status: Mapping[str, Any]) -> list[str]:
    done, total = status.get("step"), status.get("total")
    step = "no step yet" if done is None else f"step {done}" + (f" of {total}" if total else "")
    error = status.get("error") or status.get("trouble") or status.get("problems") or ""
    return [step, str(status.get("state", "")), error]


def _plain(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else fixed(value, 2)
