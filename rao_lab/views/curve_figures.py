"""Metrics of one run or of several over their steps, as plotly pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from rao_lab.base.calls import checked_call, nearest
from rao_lab.base.safe_text import one_line, quoted
from rao_lab.errors import ConfigError
from rao_lab.evaluation.compare_runs import probe_tasks_apart
from rao_lab.evaluation.intervals import wilson
from rao_lab.store.differences import differences
from rao_lab.views.plotting import SEQUENTIAL, empty, layout
from rao_lab.views.tones import INK, LABEL

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from rao_lab.store import Run

DASHES = ("solid", "dash", "dot", "dashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
"""What tells runs apart beside their names: the tone tells what is measured."""
MOST_RUNS = 6
MOST_LINES = 24
MOST_BANDS = 4
"""Lines whose intervals can be told apart; of more lines none is drawn."""
NOTED = 6
"""Settings that differ and are named under the title."""
NO_STEPS = "No steps yet: start training."


class Line(NamedTuple):
    """One number of one run over its steps."""

    name: str
    run: int
    probe: bool
    points: list[tuple[int, float, float | None, float | None]]
    """Step, value, and its 95 % interval if it is a share whose count is known."""


@checked_call
def curves(runs: Run | Sequence[Run], metric: str = "success_by_difficulty") -> go.Figure:
    """A metric over the steps: raw, not smoothed; up to four shares with their 95 % intervals.

    Several runs are drawn over each other, step by step. Dash and mark tell them apart, names stand at the ends,
    and the settings that differ under the title. Of one run, probe tasks (never trained) are solid and what was
    trained on is dotted; of several, probes have open marks.

    Args:
        metric: a name among `run.metrics[-1]`; of a table ("success_by_depth", "refusals") each entry is a line.

    Raises:
        ConfigError: no run has the metric, or it is no number.
    """
    shown = _runs(runs)
    if not any(run.metrics for run in shown):
        return empty(NO_STEPS)
    lines = [line for place, run in enumerate(shown) for line in _lines(run, place, metric)]
    if not lines:
        raise ConfigError(_unknown(shown, metric))
    return _drawn(lines, shown, metric)


@checked_call
def gradient_share(runs: Run | Sequence[Run]) -> go.Figure:
    """Share of loss weight by depth over steps (`|c| T`; not of gradient norm), a column for each step: a depth that no
    node of a step reached has no part in it. Several runs stand below each other."""
    from plotly.subplots import make_subplots

    shown = _runs(runs)
    rows = [[row for row in run.metrics if row.get("gradient_share_by_depth")] for run in shown]
    if not any(run.metrics for run in shown):
        return empty(NO_STEPS)
    if not any(rows):
        return empty("Nothing was trained in this run.")
    names = _names(shown)
    titles = names if len(shown) > 1 else None
    figure = make_subplots(len(shown), 1, shared_xaxes=True, subplot_titles=titles, vertical_spacing=0.12)
    figure.update_layout(
        layout("Share of loss weight by depth"), height=380 if titles is None else 140 + 220 * len(shown)
    )
    depths = sorted({int(depth) for part in rows for row in part for depth in row["gradient_share_by_depth"]})
    for place, part in enumerate(rows, 1):
        for depth in depths:
            figure.add_bar(
                x=[row["step"] for row in part],
                y=[row["gradient_share_by_depth"].get(str(depth)) or 0.0 for row in part],
                name=f"depth {depth}",
                marker={"color": SEQUENTIAL[min(depth, len(SEQUENTIAL) - 1)], "line": {"width": 0}},
                legendgroup=str(depth),
                showlegend=place == 1,
                row=place,
                col=1,
            )
    figure.update_yaxes(range=[0, 1], tickformat=".0%")
    figure.update_xaxes(title={"text": "step"}, row=len(shown), col=1)
    figure.update_layout(showlegend=True, barmode="stack", bargap=0.1)
    return figure


def _runs(given: Run | Sequence[Run]) -> list[Run]:
    runs: list[Any] = list(given) if isinstance(given, list | tuple) else [given]
    if not 1 <= len(runs) <= MOST_RUNS or not all(hasattr(run, "metrics") for run in runs):
        raise ConfigError(
            f"a run, or a list of 1 to {MOST_RUNS} runs, is due here: open them with rl.open_run"
        )
    return runs


def _names(runs: Sequence[Run]) -> list[str]:
    """By their files; a name that comes again gets its place."""
    stems = [
        escape(one_line(run.path.stem, 30)) if hasattr(run, "path") else f"run {i}"
        for i, run in enumerate(runs, 1)
    ]
    return [f"{stem} ({i})" if stems.count(stem) > 1 else stem for i, stem in enumerate(stems, 1)]


def _unknown(runs: Sequence[Run], metric: str) -> str:
    known = sorted(
        {name for run in runs for row in run.metrics[-1:] for name in row if list(_values(name, row[name]))}
    )
    near = nearest(str(metric), known)
    hint = f": did you mean {near!r}?" if near else f": there are {', '.join(known[:12])}, ..."
    return f"metric={quoted(metric)} is in no step of these runs, or no number{hint}"


def _lines(run: Run, place: int, metric: str) -> Iterator[Line]:
    for name in (metric, f"probe_{metric}"):
        found: dict[str, list[tuple[int, float, float | None, float | None]]] = {}
        for row in run.metrics:
            for key, point in _values(name, row.get(name)):
                found.setdefault(key, []).append((row["step"], *point))
        probe = name != metric or metric.startswith("probe_")
        yield from (Line(key, place, probe, found[key]) for key in _ordered(found, run))


def _ordered(names: Iterable[str], run: Run) -> list[str]:
    """Depths by number, difficulties as the world has them, all else by name."""
    order = getattr(run, "config", {}).get("difficulties")
    known = {name: place for place, name in enumerate(order)} if isinstance(order, list) else {}
    return sorted(
        names, key=lambda name: (known.get(name, len(known)), len(name) if name.isdecimal() else 0, name)
    )[:MOST_LINES]


def _values(metric: str, value: Any) -> Iterator[tuple[str, tuple[float, float | None, float | None]]]:
    """The numbers of a metric in one step, by name; shares of counts with their intervals."""
    if isinstance(value, Mapping):
        for key, cell in value.items():
            if isinstance(cell, Mapping):
                count = cell.get("tasks", cell.get("nodes"))
                share: Any = cell.get("success")
                if _is_number(share) and count:
                    yield str(key), (share, *wilson(share * count, count))
            elif _is_number(cell):
                yield str(key), (cell, None, None)
    elif _is_number(value) and metric != "step":
        yield "", (value, None, None)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _drawn(lines: Sequence[Line], runs: Sequence[Run], metric: str) -> go.Figure:
    import plotly.graph_objects as go

    success = metric.endswith("success_by_difficulty")
    title = "Root success by difficulty" if success else one_line(metric.replace("_", " ").capitalize())
    figure = go.Figure(layout=layout(escape(title)))
    several = len(runs) > 1
    names = _names(runs)
    order = list(dict.fromkeys(line.name for line in lines))
    labels = [_label(line, names if several else None, metric) for line in lines]
    for line, label in zip(lines, labels, strict=True):
        colour = SEQUENTIAL[3 if len(order) == 1 else 1 + order.index(line.name) % 4]
        if line.points[0][2] is not None and len(lines) <= MOST_BANDS:
            _add_band(figure, line, colour)
        dash = DASHES[line.run % len(DASHES)] if several else "solid" if line.probe or not success else "dot"
        symbol = SYMBOLS[line.run] + ("-open" if several and line.probe else "")
        figure.add_scatter(
            x=[point[0] for point in line.points],
            y=[point[1] for point in line.points],
            mode="lines+markers",
            name=label,
            line={"color": colour, "dash": dash, "width": 1 if several and line.probe else 1.8},
            marker={"size": 6 if several else 4, "symbol": symbol},
        )
    span = _name_ends(figure, lines, labels)
    figure.update_layout(margin={"r": min(320, 24 + round(6.2 * max(map(len, labels), default=0)))})
    figure.update_yaxes(
        range=[-0.02, 1.02] if success else span, title={"text": "share of roots" if success else ""}
    )
    figure.update_xaxes(title={"text": "step"})
    if several:
        _say_differences(figure, runs, names)
    return figure


def _label(line: Line, names: Sequence[str] | None, metric: str) -> str:
    name = f"depth {line.name}" if metric.endswith("by_depth") else line.name or ("" if names else metric)
    words = escape(one_line(name, 30)) + (" (probe)" if line.probe else "")
    return words if names is None else f"{words}, {names[line.run]}".removeprefix(", ").strip()


def _add_band(figure: go.Figure, line: Line, colour: str) -> None:
    steps = [point[0] for point in line.points]
    figure.add_scatter(
        x=[*steps, *steps[::-1]],
        y=[point[3] for point in line.points] + [point[2] for point in line.points][::-1],
        mode="lines",
        fill="toself",
        fillcolor=colour,
        opacity=0.15,
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )


def _name_ends(figure: go.Figure, lines: Sequence[Line], labels: Sequence[str]) -> list[float]:
    """Names at the ends of lines, moved apart; returns the range of values."""
    values = [each for line in lines for point in line.points for each in point[1:] if each is not None]
    low, high = min(0.0, *values), max(*values, min(values) + 1e-9)
    pad = 0.03 * (high - low)
    gap, floor = (high - low) * 0.055, float("-inf")
    for end, label in sorted(
        zip([line.points[-1][:2] for line in lines], labels, strict=True), key=lambda each: each[0][1]
    ):
        floor = max(end[1], floor + gap)
        figure.add_annotation(
            x=end[0],
            y=floor,
            text=label,
            showarrow=False,
            xanchor="left",
            xshift=6,
            font={"size": 11, "color": LABEL},
        )
    return [low - pad, max(high, floor) + pad]


def _say_differences(figure: go.Figure, runs: Sequence[Run], names: Sequence[str]) -> None:
    """Under the title: the settings that differ, run by run in their order."""
    probes = probe_tasks_apart([run.metrics for run in runs])
    found = {} if probes is None else {"probe tasks": probes}
    found |= differences([getattr(run, "config", {}) for run in runs])
    parts = [f"{escape(name)}: {escape(' | '.join(values))}" for name, values in [*found.items()][:NOTED]]
    more = f" and {len(found) - NOTED} more" if len(found) > NOTED else ""
    said = (
        f"{' | '.join(names)}<br>differ in {'; '.join(parts)}{more}"
        if found
        else f"{' | '.join(names)}: equal configs"
    )
    figure.update_layout(margin={"t": 84})
    figure.add_annotation(
        text=said,
        xref="paper",
        yref="paper",
        x=0,
        y=1,
        yshift=36,
        xanchor="left",
        align="left",
        showarrow=False,
        font={"size": 11, "color": INK},
    )
