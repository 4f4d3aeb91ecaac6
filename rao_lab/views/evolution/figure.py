"""The trends of tasks that come back as one plotly picture, for reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rao_lab.base.calls import checked_call
from rao_lab.base.words import counted
from rao_lab.views.evolution.columns import columns_of
from rao_lab.views.evolution.evolution import Evolution
from rao_lab.views.explorer.shown import Shown, source_of
from rao_lab.views.explorer.states import sentence_of
from rao_lab.views.plotting import SEQUENTIAL, empty, layout
from rao_lab.views.tones import INK

if TYPE_CHECKING:
    import plotly.graph_objects as go

PANELS = {
    "solved": ("Solved", "mean s of the roots, 95 % interval over trees"),
    "nodes": ("Nodes", "mean of a tree"),
    "depth": ("Depth", "mean of a tree"),
    "fan_out": ("Fan-out", "children of a node that delegates"),
    "together": ("Together", "share of launched nodes beside another"),
    "delegating": ("Delegating", "share of nodes that launch any"),
}
SHARES = ("solved", "together", "delegating")
ACROSS = 3


@checked_call
def evolution(shown: Evolution | Shown) -> go.Figure:
    """What the trees of the probe tasks have become over training; the band is the 95 % interval of what was solved.

    Args:
        shown: what `rl.evolution` gave, or takes.
    """
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    if not isinstance(shown, Evolution):
        source = source_of(shown)
        shown = Evolution(source, columns_of(source, "probes"))
    if not shown.steps:
        return empty(sentence_of("no_probes"))
    titles = [f"{name}, {about}" for name, about in PANELS.values()]
    figure = make_subplots(rows=2, cols=ACROSS, subplot_titles=titles, vertical_spacing=0.2)
    steps = [row.step for row in shown.trends]
    for place, name in enumerate(PANELS):
        at = {"row": place // ACROSS + 1, "col": place % ACROSS + 1}
        values = [getattr(row, name) for row in shown.trends]
        if name == "solved":
            rows = [row for row in shown.trends if row.low is not None]
            around = [row.step for row in rows]
            band = go.Scatter(
                x=[*around, *around[::-1]],
                y=[row.high for row in rows] + [row.low for row in rows][::-1],
                mode="lines",
                fill="toself",
                fillcolor=SEQUENTIAL[1],
                opacity=0.45,
                line={"width": 0},
                hoverinfo="skip",
            )
            figure.add_trace(band, **at)
        line = {"color": SEQUENTIAL[3], "width": 1.8}
        figure.add_trace(
            go.Scatter(x=steps, y=values, mode="lines+markers", line=line, marker={"size": 4}), **at
        )
        top = [-0.02, 1.02] if name in SHARES else [0, max(1, max((v for v in values if v), default=1)) * 1.1]
        figure.update_yaxes(range=top, tickformat=".0%" if name in SHARES[1:] else None, **at)
    words = f"{counted(len(shown.tasks), 'probe task')} over {counted(len(steps), 'step')}"
    figure.update_layout(**{**layout(words), "height": 520, "margin": {"l": 50, "r": 30, "t": 84, "b": 42}})
    figure.update_annotations(font={"size": 12, "color": INK})
    figure.update_xaxes(title={"text": "step", "standoff": 4})
    return figure
