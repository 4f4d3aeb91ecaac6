"""One node's tokens with all that is known of them: what the Tokens view shows, and `rl.tokens` gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rao_lab.base.lazy import later
from rao_lab.credit import WHY_NOT
from rao_lab.errors import MissingError, RaoLabError
from rao_lab.training.config import LossConfig
from rao_lab.tree import Node
from rao_lab.views.explorer.address import name_of
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.table import PROBE, StepTable
from rao_lab.views.per_token.columns import WROTE, Columns, columns_of
from rao_lab.views.per_token.roles import LAUNCH

Floats = NDArray[np.float64]

METRICS: Mapping[str, str] = {
    "logprob": "log-probability of the token when it was sampled, in nats; 0 = it was certain",
    "entropy": "entropy of the distribution it was sampled from, in nats; 0 = there was no choice",
    "ratio": "its probability recomputed by training, divided by the recorded one",
    "clip": "whether the loss cut its ratio: 1 above the bound, -1 below, 0.5 and -0.5 outside yet counted in full",
    "advantage": "A of its node: the same for all tokens of a node",
    "share": "its part of the step's loss weight: the node's share, divided by its tokens",
    "push": "c (1 - p), how hard the update pushes its logit: a token that was certain cannot be pushed",
}
"""What tokens can be coloured by. c log p, a token's term of the loss, is none: its size tells how surprising the token
was, and not what the update does to it."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What a token's metrics need of the loss."""

    name: str
    """As in `LossConfig`; "" = nobody knows."""
    bounds: tuple[float, float] | None
    epochs: int

    @classmethod
    def of(cls, training: Mapping[str, Any]) -> Loss:
        """From the settings of a run file, which may say anything."""
        try:
            config = LossConfig.from_dict(training["loss"])
        except (RaoLabError, KeyError, TypeError, ValueError):
            return cls("", None, 1)
        epochs = training.get("epochs")
        return cls(config.loss, config.bounds, epochs if isinstance(epochs, int) else 1)


@dataclass(frozen=True, eq=False, repr=False)
class NodeTokens:
    """The tokens of one node. `rl.tokens` makes it.

    >>> found = rl.tokens(step, tree=0)
    >>> found.wrote == step.trees[0].root.trainable_tokens
    True
    >>> found.metric("logprob").shape == (len(found),)
    True
    """

    step: int
    tree: str
    """As `rl.tokens` takes it."""
    path: str
    columns: Columns
    """Its tokens, one by one."""
    A: float | None
    w: float | None
    c: float | None
    """c = w * A: what each of its tokens is multiplied by."""
    share: float | None
    why_not: str | None
    """Why it is not trained; None if it is."""
    loss: Loss
    lacks: Mapping[str, str]
    """Metrics that are not known, each with the reason."""

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def wrote(self) -> int:
        """Tokens that it sampled."""
        return int((self.columns.kind == WROTE).sum())

    def metric(self, name: str) -> Floats:
        """One of `METRICS` for each token, `[N]`; NaN = there is none.

        Raises:
            MissingError: it is not known of this node, or there is no such metric.
        """
        if name not in METRICS:
            raise MissingError(f"tokens have no metric {name!r}: there are {', '.join(METRICS)}")
        if name in self.lacks:
            raise MissingError(self.lacks[name])
        return np.where(self.columns.kind == WROTE, self._values(name), np.nan)

    def _values(self, name: str) -> Floats:
        columns = self.columns
        logprob, drift = columns.logprob.astype(float), columns.drift.astype(float)
        if name == "logprob":
            return logprob
        if name == "entropy":
            return columns.entropy.astype(float)
        if name == "ratio":
            return np.exp(drift)
        if name == "clip":
            return self._clip(np.exp(drift))
        if name == "push":
            return (self.c or 0.0) * self._slope(np.exp(drift)) * (1.0 - np.exp(logprob))
        value = self.A if name == "advantage" else None if self.share is None else self.share / self.wrote
        return np.full(len(self), np.nan if value is None else value)

    def _clip(self, ratio: Floats) -> Floats:
        low, high = self.loss.bounds or (0.0, np.inf)
        side = np.where(ratio > high, 1.0, np.where(ratio < low, -1.0, 0.0))
        side[np.isnan(ratio)] = np.nan
        if self.loss.name == "ppo_clip":  # the minimum: a ratio that has gone against c is counted in full
            side *= np.where(side * (self.c or 0.0) > 0, 1.0, 0.5)
        return side

    def _slope(self, ratio: Floats) -> Floats:
        """What the loss multiplies c and the gradient of log p with."""
        if self.loss.bounds is None:
            return np.ones(len(ratio))
        if self.loss.name == "cispo":
            return np.clip(ratio, *self.loss.bounds)
        return np.where(np.abs(self._clip(ratio)) == 1.0, 0.0, ratio)

    def about(self, launch: bool) -> dict[str, float | int | None]:
        """Tokens, mean log-prob, mean entropy, and share of the update, of launches or of the rest of what it wrote."""
        mask = (self.columns.kind == WROTE) & ((self.columns.role == LAUNCH) == launch)
        count = int(mask.sum())
        means = {
            name: float(values[mask].mean()) if count and not np.isnan(values[mask]).any() else None
            for name, values in (("logprob", self.columns.logprob), ("entropy", self.columns.entropy))
        }
        part = self.share * count / self.wrote if self.share is not None and count else None
        return {"tokens": count, **means, "share": part}

    __str__ = later("rao_lab.views.per_token.text", "node_words")
    _repr_html_ = later("rao_lab.views.per_token.html", "node_html")

    def __repr__(self) -> str:
        return f"<tokens of node {self.path}: {len(self.columns.turns)} turns, {self.wrote:,} written>"


def node_tokens(source: Source, table: StepTable, place: int, path: str) -> NodeTokens:
    """The tokens of a node of a step.

    Args:
        place: of its tree in the table.

    Raises:
        MissingError: there is no such node, or it has no tokens.
    """
    return tokens_of(source, table, place, table.node(place, path))


def tokens_of(source: Source, table: StepTable, place: int, node: Node) -> NodeTokens:
    """The same of a node at hand."""
    path = node.path
    drift = table.drift(place, path)
    columns = columns_of(node, source.decode, drift)
    numbers: dict[str, float | None] = dict.fromkeys(("A", "w", "c", "share"))
    why: str | None = "no credit"
    if table.credit is not None:
        row = next((row for row in table.rows_of(place).tolist() if table.path[row] == path), None)
        if row is not None:
            read = {name: float(table.credit[name][row]) for name in numbers}
            numbers = {name: None if value != value else value for name, value in read.items()}
            code = int(table.credit["why"][row])
            why = "probe" if code == PROBE else WHY_NOT[code] if code < len(WHY_NOT) else "unscored"
    loss = Loss.of(source.training())
    lacks = dict(_lacks(table, columns, numbers["c"], why, loss))
    return NodeTokens(
        table.step, name_of(table, place), path, columns, **numbers, why_not=why, loss=loss, lacks=lacks
    )


WHY_WORDS = {
    "unscored": "its success is not known",
    "cancelled": "it was cancelled",
    "not_root": "this estimator trains roots alone",
    "root_unscored": "the root was not scored",
    "no_baseline": "there is no baseline",
    "no_tokens": "it wrote nothing",
    "no_sibling": "it has no sibling to be compared with",
    "by_rule": "the rule of credit leaves it out",
    "probe": "it is a probe",
    "no credit": "these trees have no credit",
}


def _lacks(table: StepTable, columns: Columns, c: float | None, why: str | None, loss: Loss) -> Any:
    """(metric, reason) of what is not known."""
    wrote = columns.kind == WROTE
    for name, values, words in (
        ("logprob", columns.logprob, "log-probs"),
        ("entropy", columns.entropy, "entropies"),
    ):
        if np.isnan(values[wrote]).all():
            yield name, f"nobody recorded {words} of its tokens" if wrote.any() else "it wrote nothing"
    known = bool((~np.isnan(columns.drift)).any())
    if why is not None:
        untrained = f"it is not trained: {WHY_WORDS.get(why, why)}"
        for name in ("ratio", "clip", "advantage", "share", "push"):
            yield name, untrained
        return
    unclipped = "" if loss.bounds else _no_clip(loss)
    if not known:
        reason = _no_ratio(table, c)
        yield "ratio", reason
        yield "clip", unclipped or reason
        if loss.bounds is not None:
            yield "push", reason
    elif unclipped:
        yield "clip", unclipped
    if c is None:
        for name in ("advantage", "share", "push"):
            yield name, "these trees have no advantages"


def _no_clip(loss: Loss) -> str:
    if not loss.name:
        return "nothing says by which loss these trees were trained"
    return f"the loss of this run, {loss.name}, does not clip"


def _no_ratio(table: StepTable, c: float | None) -> str:
    if table.found is None or table.alone:
        return "training recomputed nothing: it was not trained on"
    if table.found.drift is None:
        return "this run was recorded before ratios were kept"
    if c == 0.0:
        return "its c is 0: the update passed over it, so nothing was recomputed"
    return "training recomputed nothing of it"
