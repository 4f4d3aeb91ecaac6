"""Plotly pictures of runs and trees, for notebooks and reports: returned, never shown.

    >>> rl.figures.curves(rl.open_run("runs/a.rao"))
    Figure({...

Position and length carry numbers, colour carries sign, shape carries status, as in the Explorer.
Nothing here computes credit: advantages come from the attributions that the trainer stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from rao_lab.base.calls import checked_call
from rao_lab.base.safe_text import one_line
from rao_lab.base.words import fixed
from rao_lab.credit import Attribution, Attributions
from rao_lab.errors import ConfigError, MissingError
from rao_lab.tree import Node, Status, Tree, path_key
from rao_lab.tree.earned import Credit, earned_by
from rao_lab.tree.text import node_label, preamble
from rao_lab.views.curve_figures import curves as curves
from rao_lab.views.curve_figures import gradient_share as gradient_share
from rao_lab.views.evolution.figure import evolution as evolution
from rao_lab.views.plotting import SEQUENTIAL, empty, layout
from rao_lab.views.tones import INK

if TYPE_CHECKING:
    import plotly.graph_objects as go

ADVANTAGE = ((0.0, "#9c3d08"), (0.25, "#f3c49c"), (0.5, "#ebecee"), (0.75, "#b4d0ec"), (1.0, "#1a5a9e"))
"""Advantage from -1 to +1."""
MARKS = {
    Status.RUNNING: "circle-open-dot",
    Status.WAITING: "circle-open-dot",
    Status.ERROR: "triangle-up-open",
    Status.CANCELLED: "circle-x-open",
}
LIMIT_MARK, DONE_MARK, FAILED_MARK, UNSCORED_MARK = "square-open", "circle", "circle-open", "circle-open-dot"


@checked_call
def tree(tree: Tree, attributions: Credit | Iterable[Attribution] = None) -> go.Figure:
    """One tree, left to right, siblings in spawn order; colour is the advantage, if it is known.

    Args:
        attributions: those of the tree's step, or the records of its nodes.

    Raises:
        MissingError: they are of other trees.
    """
    import plotly.graph_objects as go

    nodes = list(tree.walk()) if tree.nodes else []
    if not nodes:
        return empty("This tree has no nodes yet.")
    places = _places(tree, nodes)
    known = earned_by(tree, _by_path(attributions)) or {}
    figure = go.Figure(layout=layout(f"{escape(one_line(tree.task.id)) or 'task'}, {len(nodes)} nodes"))
    edges_x: list[float | None] = []
    edges_y: list[float | None] = []
    for node in nodes:
        if node.parent is not None:
            (x0, y0), (x1, y1) = places[node.parent], places[node.path]
            edges_x += [x0, x0 + 0.5, x0 + 0.5, x1, None]
            edges_y += [y0, y0, y1, y1, None]
    figure.add_scatter(
        x=edges_x, y=edges_y, mode="lines", line={"color": "#a2a8af", "width": 1.2}, hoverinfo="skip"
    )
    advantages = [_advantage(known.get(node.path)) for node in nodes]
    without = preamble(nodes)
    labels = [_label(node, without) for node in nodes]
    figure.add_scatter(
        x=[places[node.path][0] for node in nodes],
        y=[places[node.path][1] for node in nodes],
        mode="markers+text",
        marker={
            "size": 13,
            "symbol": [_mark(node) for node in nodes],
            "color": [0.0 if a is None else a for a in advantages] if known else "#55479a",
            "colorscale": [list(stop) for stop in ADVANTAGE],
            "cmin": -1,
            "cmax": 1,
            "line": {"color": INK, "width": 1},
            "showscale": bool(known),
            "colorbar": {"title": {"text": "A"}, "thickness": 10},
        },
        text=labels,
        textposition="bottom center",
        textfont={"size": 11},
        customdata=[_hover(*row) for row in zip(nodes, labels, advantages, strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, autorange="reversed")
    return figure


def _by_path(given: Credit | Iterable[Attribution]) -> Credit:
    if given is None or isinstance(given, Mapping | Attributions) or not isinstance(given, Iterable):
        return given
    rows = list(given)
    known = {row.node: row for row in rows}
    if len(known) < len(rows):
        raise MissingError(
            "these records are of several trees: give the attributions of the step, or one tree's"
        )
    return known


@checked_call
def timeline(tree: Tree, unit: str = "seconds") -> go.Figure:
    """One lane a node: computing as a bar, waiting as the gap, in seconds or decode steps.

    Raises:
        ConfigError: `unit` is neither "seconds" nor "decode steps".
    """
    import plotly.graph_objects as go

    if unit not in ("seconds", "decode steps"):
        raise ConfigError(f"unit={unit!r}: choose 'seconds' or 'decode steps'")
    figure = go.Figure(layout=layout(f"Who works when, {unit}"))
    lanes = [node.path for node in tree.nodes]
    without = preamble(tree.nodes)
    bars: dict[str, list[Any]] = {"base": [], "x": [], "y": [], "text": [], "color": []}
    for node in tree.nodes:
        for start, length, words in _spans(node, _label(node, without), unit):
            bars["base"].append(start)
            bars["x"].append(length)
            bars["y"].append(node.path)
            bars["text"].append(words)
            bars["color"].append(SEQUENTIAL[min(node.depth, len(SEQUENTIAL) - 1)])
    figure.add_bar(
        base=bars["base"],
        x=bars["x"],
        y=bars["y"],
        orientation="h",
        marker={"color": bars["color"]},
        customdata=bars["text"],
        hovertemplate="%{customdata}<extra></extra>",
    )
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=lanes[::-1])
    figure.update_xaxes(title={"text": unit})
    return figure


def _spans(node: Node, label: str, unit: str) -> Iterable[tuple[float, float, str]]:
    for turn in node.turns:
        if turn.ended is None or turn.ended_tick is None or turn.sampled_tick is None:
            continue
        words = f"{label}, node {node.path}, turn {turn.index}"
        if unit == "seconds" and turn.started is not None:
            yield turn.started, max(turn.compute_seconds or 0.0, 1e-4), words
        elif unit != "seconds":
            yield turn.started_tick, max(turn.sampled_tick - turn.started_tick, 1), words


def _places(tree: Tree, nodes: Sequence[Node]) -> dict[str, tuple[float, float]]:
    """(depth, row) of each node by path: each leaf has its own row, a parent is in the middle of its children."""
    rows: dict[str, float] = {}
    leaf = 0
    for node in sorted(nodes, key=lambda node: path_key(node.path), reverse=False):
        if not node.children:
            rows[node.path] = leaf
            leaf += 1
    for node in sorted(nodes, key=lambda node: -node.depth):
        if node.children:
            rows[node.path] = (rows[node.children[0]] + rows[node.children[-1]]) / 2
    return {node.path: (float(node.depth), rows[node.path]) for node in nodes}


def _mark(node: Node) -> str:
    if node.status in MARKS:
        return MARKS[node.status]
    if node.status is not Status.FINISHED:
        return LIMIT_MARK
    if node.success is None:
        return UNSCORED_MARK
    return DONE_MARK if node.success >= 0.5 else FAILED_MARK


def _advantage(row: Attribution | None) -> float | None:
    return None if row is None else row.A


def _label(node: Node, without: str) -> str:
    """A node's goal as text: plotly reads some HTML in labels."""
    return escape(node_label(node, without))


def _hover(node: Node, label: str, advantage: float | None) -> str:
    success = "not scored" if node.success is None else f"s = {node.success:g}"
    credit = "" if advantage is None else f"<br>A = {fixed(advantage, 3, sign=True)}".replace("-", "−")
    return f"{label}<br>node {node.path}, {node.status}, {success}{credit}"
