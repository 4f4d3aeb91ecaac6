"""The comparison of rules as one plotly picture: a row of bars for each rule, a panel for each figure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from rao_lab.base.safe_text import one_line
from rao_lab.views.plotting import SEQUENTIAL, layout
from rao_lab.views.rules.comparison import COLUMNS, SHARES, RuleComparison, steps_words
from rao_lab.views.tones import LABEL, RULE

if TYPE_CHECKING:
    import plotly.graph_objects as go

ROW = 30
"""px of a rule in a panel."""


def comparison_figure(found: RuleComparison) -> go.Figure:
    """Bars with intervals over steps; the last panel is the share of the update at each depth."""
    from plotly.subplots import make_subplots

    panels = list(found.shown)
    columns = 3 if len(panels) <= 6 else 4
    rows = -(-len(panels) // columns) + 1
    titles = [COLUMNS[each][0] for each in panels]
    titles += [""] * ((rows - 1) * columns - len(panels)) + ["share of the update by depth"]
    specs: list[list[dict[str, int] | None]] = [[{}] * columns for _ in range(rows - 1)]
    specs.append([{"colspan": columns}, *[None] * (columns - 1)])
    for place in range(len(panels), (rows - 1) * columns):
        specs[place // columns][place % columns] = None
    titles = [title for title in titles if title]
    figure = make_subplots(
        rows,
        columns,
        subplot_titles=titles,
        specs=specs,
        shared_yaxes=True,
        vertical_spacing=0.16 / (rows - 1),
    )
    names = [escape(one_line(name, 32)) for name in found.names]
    for place, each in enumerate(panels):
        at = {"row": place // columns + 1, "col": place % columns + 1}
        _bars(figure, found, names, each, at)
    for depth in range(max(len(found.share_by_depth(name)) for name in found.names)):
        shares = [(*found.share_by_depth(name), *[0.0] * (depth + 1))[depth] for name in found.names]
        tone = SEQUENTIAL[min(depth, len(SEQUENTIAL) - 1)]
        figure.add_bar(
            **{"x": shares, "y": names, "orientation": "h", "name": f"depth {depth}"},
            marker={"color": tone},
            hovertemplate=f"depth {depth}: %{{x:.1%}}<extra>%{{y}}</extra>",
            showlegend=True,
            row=rows,
            col=1,
        )
    figure.update_yaxes(autorange="reversed", showgrid=False, ticksuffix="  ")
    figure.update_xaxes(gridcolor=RULE, zerolinecolor=LABEL, nticks=4)
    figure.update_xaxes(tickformat=".0%", range=[0, 1], row=rows, col=1)
    figure.update_annotations(font_size=12)
    title = f"Rules of credit on the same rollouts, {steps_words(found.steps)}"
    given = layout(title) | {"height": 140 + rows * (60 + ROW * len(names)), "barmode": "stack"}
    wide = {"l": 12 + 7 * max(map(len, names)), "r": 20, "t": 78, "b": 70}
    legend = {"orientation": "h", "y": 0.01, "yref": "container", "yanchor": "bottom", "traceorder": "normal"}
    figure.update_layout(**given | {"margin": wide, "showlegend": True, "legend": legend})
    return figure


def _bars(figure: go.Figure, found: RuleComparison, names: list[str], each: str, at: dict[str, int]) -> None:
    overs = [found.over(name, each) for name in found.names]
    ends = [(over.value, *over.bounds(each)) if over else (0.0, 0.0, 0.0) for over in overs]
    at_all = any(over and over.half for over in overs)
    lengths = {
        "array": [high - value for value, _, high in ends],
        "arrayminus": [value - low for value, low, _ in ends],
    }
    bounds = {**lengths, "symmetric": False, "visible": at_all, "color": LABEL, "thickness": 1}
    figure.add_bar(
        x=[None if over is None else over.value for over in overs],
        y=names,
        orientation="h",
        marker={"color": SEQUENTIAL[2]},
        error_x=bounds,
        showlegend=False,
        hovertemplate="%{x:.3g}<extra>%{y}</extra>",
        **at,
    )
    if each in SHARES:
        figure.update_xaxes(tickformat=".0%", rangemode="tozero", **at)
