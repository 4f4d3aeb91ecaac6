"""A comparison as plotly figures: success by difficulty, over what is spent and over tries, and what a try costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from rao_lab.base.safe_text import one_line
from rao_lab.base.words import counted
from rao_lab.evaluation.bootstrap import Interval
from rao_lab.evaluation.compare import Comparison
from rao_lab.evaluation.measures import Measure, cost_of, curve_of
from rao_lab.views.diff.style import DARK, LIGHT

if TYPE_CHECKING:
    import plotly.graph_objects as go

TONES: Mapping[str, tuple[str, ...]] = {
    "light": ("#352a6b", "#7b6dbb", "#a89dd6", "#55479a"),
    "dark": ("#cbc4f3", "#7c71b3", "#5a5185", "#a196d8"),
}
"""Of the arms, in their order."""
DASHES = ("solid", "dash", "dot", "dashdot")
SHAPES = ("circle", "square-open", "diamond", "triangle-up-open")
FONT = "system-ui, Helvetica, Arial, sans-serif"
HEIGHT = 300


def comparison_figures(found: Comparison, dark: bool = False) -> dict[str, go.Figure]:
    """By title; only what there is something to show of."""
    found = found.shown
    drawing = _Drawing(found, dark)
    budget = found.budget
    shown = (found.measures[-1] if budget is not None else found.measures[0]).name
    figures = {f"Success by difficulty, {shown}": drawing.by_band(shown)}
    if budget is not None:
        figures["Solved within what is spent on a task"] = drawing.over_budget()
    if found.repeats > 1:
        figures["Solved by one of k tries"] = drawing.over_tries()
    if any(cost.tokens for cost in found.costs.values()):
        figures["Generated tokens of a try"] = drawing.costs(lambda cost: cost.tokens)
    else:
        figures["Turns of a try"] = drawing.costs(lambda cost: cost.turns)
    return figures


class _Drawing:
    """Figures of one comparison in the tones of one theme."""

    def __init__(self, found: Comparison, dark: bool) -> None:
        self._found = found
        self._ink = DARK if dark else LIGHT
        self._tones = TONES["dark" if dark else "light"]
        self._arms = list(found.tries)
        self._bands = list(dict.fromkeys(rows[0].difficulty for rows in next(iter(found.tries.values()))))

    def by_band(self, name: str) -> go.Figure:
        """Dots with intervals of one measure, and the flat ceiling as a mark."""
        parts = [
            each
            for each in self._found.measures
            if each.name == name and (each.band or len(self._bands) == 1)
        ]
        figure = self._empty("", "", [-0.03, 1.03])
        names = self._names(parts)
        for place, arm in enumerate(self._arms):
            seen = [each.values[arm] for each in parts]
            shift = (place - (len(self._arms) - 1) / 2) * 0.16
            figure.add_scatter(
                x=[at + shift for at in range(len(parts))],
                y=[None if one is None else one.value for one in seen],
                error_y=_bounds(seen, self._tone(place)),
                mode="markers",
                marker={"size": 9, "symbol": SHAPES[place % 4], "color": self._tone(place)},
                name=_plain(arm),
                hovertemplate=f"{_plain(arm)}: %{{y:.2f}}<extra></extra>",
            )
        ceilings = self._ceilings([each.band for each in parts])
        if ceilings:
            kind = next(iter(self._found.evaluations.values())).overall.flat_ceiling_of
            figure.add_scatter(
                x=[at for at, _ in ceilings],
                y=[value for _, value in ceilings],
                mode="markers",
                marker={
                    "symbol": "line-ew",
                    "size": 46,
                    "line": {"width": 2, "color": self._ink["gauge"]},
                },
                name=f"flat ceiling ({kind})" if kind else "flat ceiling",
                hovertemplate="flat ceiling: %{y:.2f}<extra></extra>",
            )
        figure.update_xaxes(
            tickvals=list(range(len(parts))), ticktext=names, range=[-0.6, len(parts) - 0.4], showgrid=False
        )
        return figure

    def over_budget(self) -> go.Figure:
        """A line for each arm, up to the budget of each task."""
        budget, found = self._found.budget, self._found
        assert budget is not None
        figure = self._empty(budget.words, "", [-0.03, 1.03])
        for place, arm in enumerate(self._arms):
            spent, shares = curve_of(found.tries[arm], budget, found.amounts)
            self._line(figure, place, spent, shares, "hv")
            # A step at the very end of the budget shows its level by a mark, which needs room at the right.
            figure.add_scatter(
                x=spent[-1:],
                y=shares[-1:],
                mode="markers",
                marker={"size": 7, "symbol": SHAPES[place % 4], "color": self._tone(place)},
                showlegend=False,
                hoverinfo="skip",
            )
        figure.update_xaxes(range=[0, spent[-1] * 1.04])
        return figure

    def over_tries(self) -> go.Figure:
        """A line for each arm with its intervals."""
        figure = self._empty("k", "", [-0.03, 1.03])
        parts = [each for each in self._found.measures if not each.band and each.name.startswith("pass@")]
        ks = [int(each.name.removeprefix("pass@")) for each in parts]
        for place, arm in enumerate(self._arms):
            seen = [each.values[arm] for each in parts]
            self._line(
                figure, place, ks, [None if one is None else one.value for one in seen], "linear", seen
            )
        figure.update_xaxes(type="log", tickvals=ks, ticktext=[str(k) for k in ks])
        return figure

    def costs(self, of: Callable[[Any], float]) -> go.Figure:
        """A bar for each arm and band, with its number."""
        figure = self._empty("", "", None)
        parts = [each for each in self._found.measures if each.name == "pass@1"]
        parts = [each for each in parts if each.band or len(self._bands) == 1]
        for place, arm in enumerate(self._arms):
            by_task = self._found.tries[arm]
            values = [
                of(
                    cost_of(
                        [rows for rows in by_task if not each.band or rows[0].difficulty == each.band],
                        self._found.repeats,
                    )
                )
                for each in parts
            ]
            digits = 1 if max(values, default=0) < 100 else 0
            figure.add_bar(
                x=self._names(parts),
                y=values,
                text=[f"{value:,.{digits}f}" for value in values],
                textposition="outside",
                textfont={"size": 10},
                cliponaxis=False,
                name=_plain(arm),
                marker={"color": self._tone(place)},
                hovertemplate=f"{_plain(arm)}: %{{y:,.{digits}f}}<extra></extra>",
            )
        figure.update_layout(bargap=0.35, bargroupgap=0.08)
        figure.update_xaxes(showgrid=False)
        figure.update_yaxes(rangemode="tozero")
        return figure

    def _line(
        self,
        figure: go.Figure,
        place: int,
        x: Sequence[float],
        y: Sequence[float | None],
        shape: str,
        seen: Sequence[Interval | None] = (),
    ) -> None:
        arm = _plain(self._arms[place])
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines+markers" if seen else "lines",
            marker={"size": 7, "symbol": SHAPES[place % 4]},
            error_y=_bounds(seen, self._tone(place)) if seen else None,
            line={"color": self._tone(place), "width": 1.8, "dash": DASHES[place % 4], "shape": shape},
            name=arm,
            hovertemplate=f"{arm}: %{{y:.2f}} at %{{x}}<extra></extra>",
        )

    def _empty(self, x: str, y: str, top: list[float] | None) -> go.Figure:
        import plotly.graph_objects as go

        ink = self._ink
        figure = go.Figure()
        figure.update_layout(
            template="none",
            paper_bgcolor="rgba(0,0,0,0)",
            plot_bgcolor="rgba(0,0,0,0)",
            height=HEIGHT,
            margin={"l": 40, "r": 12, "t": 8, "b": 40},
            font={"family": FONT, "size": 11, "color": ink["label"]},
            hoverlabel={"bgcolor": ink["panel"], "font": {"color": ink["text"], "size": 12}},
            legend={
                "orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"color": ink["second"]}
            },
            showlegend=True,
        )  # fmt: skip
        lines = {"gridcolor": ink["rule"], "zeroline": False, "linecolor": ink["strong"], "ticks": ""}
        figure.update_xaxes(**lines, title={"text": x, "standoff": 6, "font": {"size": 11}})
        figure.update_yaxes(**lines, title={"text": y}, range=top)
        return figure

    def _names(self, parts: Sequence[Measure]) -> list[str]:
        return [f"{_plain(each.band or self._bands[0])}<br>{counted(each.tasks, 'task')}" for each in parts]

    def _ceilings(self, bands: Sequence[str]) -> list[tuple[int, float]]:
        evaluation = next(iter(self._found.evaluations.values()))
        found = [evaluation.by_difficulty.get(band, evaluation.overall) for band in bands]
        return [(at, part.flat_ceiling) for at, part in enumerate(found) if part.flat_ceiling is not None]

    def _tone(self, place: int) -> str:
        return self._tones[place % len(self._tones)]


def _bounds(seen: Sequence[Interval | None], tone: str) -> dict[str, Any]:
    known = [(one.high - one.value, one.value - one.low) if one else (0.0, 0.0) for one in seen]
    return {
        "array": [above for above, _ in known],
        "arrayminus": [below for _, below in known],
        "symmetric": False,
        "color": tone,
        "thickness": 1.2,
        "width": 0,
    }


def _plain(name: str) -> str:
    """Text for plotly, which reads some markup."""
    return escape(one_line(name, 40))
