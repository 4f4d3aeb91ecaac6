"""What several rules of credit say of the same nodes: figures with intervals over steps, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from rao_lab.base.lazy import later
from rao_lab.base.safe_text import visible
from rao_lab.base.words import fixed
from rao_lab.credit import CreditConfig
from rao_lab.credit.compare import RuleFigures
from rao_lab.credit.named import rule_words
from rao_lab.errors import MissingError
from rao_lab.evaluation.clustered import t_quantile

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from rao_lab.training.rule_gradients import RuleGradients

comparison_figure = later("rao_lab.views.rules.figure", "comparison_figure")
comparison_html = later("rao_lab.views.rules.html", "comparison_html")
save_comparison = later("rao_lab.views.rules.html", "save_comparison")

COLUMNS: Mapping[str, tuple[str, str]] = {
    "signs_changed": (
        "signs changed",
        "of nodes with credit by either rule, whose sign differs; 0 and none count",
    ),
    "turned": (
        "+ to - or back",
        "of nodes with credit by both, made more likely by one and less by the other",
    ),
    "rank": ("rank corr.", "Spearman's correlation of A with the first rule's"),
    "silent": ("no signal", "share of all nodes that are not trained or have A = 0"),
    "variance_A": ("var A", "over trained nodes"),
    "variance_c": ("var wA", "over trained nodes"),
    "cosine": ("gradient cosine", "of the policy gradient with the first rule's, on the same rollouts"),
}
"""Each figure: its head, and what it is."""
SHARES = ("signs_changed", "turned", "silent")
CORRELATIONS = ("rank", "cosine")
BESIDE_FIRST = ("signs_changed", "turned", *CORRELATIONS)
"""Figures that say nothing of the first rule: it is compared with itself."""


@dataclass(frozen=True, slots=True)
class Over:
    """A figure over steps: its mean, and the half of its 95 % interval; None for one or two steps."""

    value: float
    half: float | None = None

    @classmethod
    def of(cls, values: Sequence[float]) -> Over:
        if len(values) < 3:
            return cls(fmean(values))
        return cls(fmean(values), t_quantile(0.975, len(values) - 1) * stdev(values) / sqrt(len(values)))

    def to_json(self) -> dict[str, float | None]:
        return {"value": self.value, "half": self.half}

    def bounds(self, figure: str) -> tuple[float, float]:
        """The interval, within what the figure can be."""
        low, high = (-1.0, 1.0) if figure in CORRELATIONS else (0.0, 1.0 if figure in SHARES else inf)
        half = self.half or 0.0
        return max(low, self.value - half), min(high, self.value + half)


@dataclass(frozen=True, eq=False, repr=False)
class RuleComparison:
    """Rules of credit on the same rollouts. `print` and a cell of a notebook show it; `figure()` is for reports.

    >>> found = rl.compare_rules(rl.open_run("runs/a.rao"), ["recorded", "tree_relative", "moving"])
    >>> found.names, found.over("recorded", "signs_changed").value
    (('recorded', 'tree_relative', 'moving'), 0.0)
    """

    rules: Mapping[str, CreditConfig]
    """By name; the first is what the others are compared with."""
    steps: tuple[int, ...]
    figures: Mapping[str, Sequence[RuleFigures]]
    """Of each rule, one for each step."""
    gradients: Sequence[RuleGradients] = ()
    """Of each step; empty if nobody asked for them."""
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.rules)

    def values(self, name: str, figure: str) -> list[float]:
        """A figure of a rule, one number for each step that has it.

        Raises:
            MissingError: there is no such rule or figure.
        """
        if name not in self.rules or figure not in COLUMNS:
            raise MissingError(
                f"no figure {figure!r} of {name!r}: rules are {', '.join(self.names)}; figures {', '.join(COLUMNS)}"
            )
        if figure == "cosine":
            place = self.names.index(name)
            found = [each.cosines[place] for each in self.gradients]
        else:
            found = [getattr(each, figure) for each in self.figures[name]]
        return [value for value in found if value is not None]

    def over(self, name: str, figure: str) -> Over | None:
        """A figure over the steps; None if no step has it."""
        values = self.values(name, figure)
        return Over.of(values) if values else None

    def share_by_depth(self, name: str) -> tuple[float, ...]:
        """Part of the loss weight at each depth, the mean over the steps."""
        found = [each.share_by_depth for each in self.figures[name]]
        levels = max((len(each) for each in found), default=0)
        return tuple(fmean([(*each, *[0.0] * levels)[depth] for each in found]) for depth in range(levels))

    def told(self, name: str, figure: str) -> str:
        """A figure as it is printed; "-" if there is none, or nothing to compare with."""
        if figure in BESIDE_FIRST and name == self.names[0]:
            return "-"
        return said(figure, self.over(name, figure))

    @property
    def noise(self) -> Over | None:
        """Cosine of the first rule's gradients on two halves of the groups: differences below it are noise."""
        known = [each.halves for each in self.gradients if each.halves is not None]
        return Over.of(known) if known else None

    @property
    def shown(self) -> tuple[str, ...]:
        """The figures there are, by their names in `COLUMNS`."""
        return tuple(name for name in COLUMNS if name != "cosine" or self.gradients)

    def to_json(self) -> dict[str, Any]:
        """Everything, for machines; null = there is no such number."""
        rules = {
            name: {
                "config": config.to_dict(),
                **{
                    each: found and found.to_json()
                    for each in self.shown
                    for found in [self.over(name, each)]
                },
                "share_by_depth": list(self.share_by_depth(name)),
                "by_step": [each.to_json() for each in self.figures[name]],
            }
            for name, config in self.rules.items()
        }
        noise = self.noise
        return {
            "steps": list(self.steps),
            "first": self.names[0],
            "rules": rules,
            "halves_cosine": noise and noise.to_json(),
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    def __repr__(self) -> str:
        return f"<RuleComparison: {', '.join(self.names)} on {steps_words(self.steps)}>"

    def _repr_html_(self) -> str:
        shown: str = comparison_html(self)
        return shown

    def save_html(self, path: str | Path) -> None:
        """Saves the table as one page that needs nothing else and runs no script.

        Raises:
            InputError, RunFileError: something else lies there.
            UnavailableError: it cannot be written.
        """
        save_comparison(self, Path(path))

    def figure(self) -> go.Figure:
        """A plotly picture of all of it."""
        found: go.Figure = comparison_figure(self)
        return found


def steps_words(steps: Sequence[int]) -> str:
    if len(steps) == 1:
        return f"step {steps[0]}"
    return f"{len(steps)} steps, {steps[0]} to {steps[-1]}"


def said(figure: str, found: Over | None) -> str:
    """A figure as it is printed."""
    if found is None:
        return "-"
    scale, unit, digits = (100, " %", 1) if figure in SHARES else (1, "", 3)
    half = "" if found.half is None else f" ± {found.half * scale:.{digits}f}"
    return f"{found.value * scale:.{digits}f}{half}{unit}"


def about(found: RuleComparison) -> Iterator[str]:
    """What the table is of, and how to read it, line by line."""
    first = found.names[0]
    nodes = sum(each.nodes for each in found.figures[first])
    yield f"Rules of credit on the same rollouts: {steps_words(found.steps)}, {nodes:,} nodes. Compared with {first}."
    if len(found.steps) > 1:
        half = ", ± half of the 95 % interval" if len(found.steps) > 2 else ""
        yield f"Means over steps{half}; steps of one training are not independent."
    if (noise := found.noise) is not None:
        yield (
            f"Two halves of the groups, both credited by {first}, have gradients with the cosine "
            f"{said('cosine', noise)}: so much differs by chance."
        )
    gaps = [each.difference for each in found.gradients if each.difference is not None]
    if gaps and max(gaps) > 0.02:
        yield (
            f"Recorded and recomputed log-probs differ by {max(gaps):.3g} nats on average: other weights sampled "
            "these trees, so these are not the gradients of that step."
        )
    yield from found.notes


def _lines(found: RuleComparison) -> Iterator[str]:
    yield from map(visible, about(found))
    yield ""
    depths = [found.share_by_depth(name) for name in found.names]
    levels = max(map(len, depths), default=0)
    heads = ["rule", *(COLUMNS[each][0] for each in found.shown), *(f"d{depth}" for depth in range(levels))]
    rows = [heads]
    for name, shares in zip(found.names, depths, strict=True):
        cells = [found.told(name, each) for each in found.shown]
        rows.append([visible(name), *cells, *(fixed(share * 100, 1) for share in shares)])
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            row[0].ljust(sizes[0]),
            *(cell.rjust(size) for cell, size in zip(row[1:], sizes[1:], strict=True)),
        ]
        yield "  ".join(cells).rstrip()
    yield ""
    for each in found.shown:
        yield f"{COLUMNS[each][0]}: {COLUMNS[each][1]}"
    yield "d0, d1, ...: per cent of the loss weight at each depth"
    yield ""
    for name, config in found.rules.items():
        yield f"{visible(name)}: {visible(rule_words(config))}"
