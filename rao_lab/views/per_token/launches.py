"""Is delegation itself praised? The tokens of launches against the rest of what nodes wrote, over a whole step.

Every trained token of a node is multiplied by the same c = w * A, so launches are praised if they stand in nodes that
earn more than others of their depth do.

Letters of shapes: N nodes of a step, D depths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rao_lab.credit import Attributions
from rao_lab.errors import MissingError, RaoLabError
from rao_lab.tree import Node
from rao_lab.tree.text import signed
from rao_lab.views.explorer.decoder import Decoder
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.table import StepTable
from rao_lab.views.per_token.columns import TokenTexts
from rao_lab.views.per_token.roles import LAUNCH, roles

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Written:
    """What the nodes of a step wrote, launches apart. All arrays are `[2, N]`: first launches, then the rest."""

    tokens: NDArray[np.int64]
    logprob: Floats
    """Sums of recorded log-probs; NaN = not known."""
    entropy: Floats
    unread: int
    """Nodes that could not be read: they count nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    """The trained tokens of one depth, or (None) of all: launches or the rest. None = there is no such number."""

    depth: int | None
    launch: bool
    nodes: int
    """That wrote some of them."""
    tokens: int
    mean_c: float | None
    """Mean of c = w * A over these tokens: above 0, they are made more likely."""
    share: float | None
    """Their part of the step's loss weight."""
    logprob: float | None
    entropy: float | None


def written(table: StepTable, decode: Decoder | None) -> Written:
    """Reads all trees of a step; about 0.2 ms a node."""
    count = len(table)
    found = Written(np.zeros((2, count), np.int64), np.zeros((2, count)), np.zeros((2, count)), 0)
    unread = 0
    texts = TokenTexts(decode)
    for place in range(len(table.trees)):
        rows = table.rows_of(place).tolist()
        if not rows:
            continue
        try:
            nodes = {node.path: node for node in table.tree(place).nodes}
        except RaoLabError:
            unread += len(rows)
            continue
        for row in rows:
            _count(found, row, nodes[table.path[row]], texts if decode else None)
    return Written(found.tokens, found.logprob, found.entropy, unread)


def launches_of(source: Source, table: StepTable) -> Written:
    """What the nodes of a step wrote, launches apart.

    Raises:
        MissingError: its tokens cannot be decoded here, or there are none.
    """
    found = None if source.decode is None else written(table, source.decode)
    if found is not None and found.tokens.any():
        return found
    why = "the tokens of this run cannot be decoded here (load its policy, and give tokenizer=policy)"
    if found is not None or not _has_ids(table):
        why = "the nodes of this step have no token ids"
    raise MissingError(f"{why}, so launches cannot be told apart")


def _has_ids(table: StepTable) -> bool:
    """Whether the first node that wrote something has the ids of what it wrote."""
    rows = np.flatnonzero(table.columns["wrote"])
    if not len(rows):
        return False
    row = int(rows[0])
    return table.node(int(table.columns["tree"][row]), table.path[row]).trainable_tokens > 0


def _count(found: Written, row: int, node: Node, texts: TokenTexts | None) -> None:
    for turn in node.turns:
        count = len(turn.sampled_ids)
        launch = np.zeros(count, bool)
        if texts is not None and "launch_subagent" in turn.code:
            words = [texts.words[each][0] for each in texts(turn.sampled_ids).tolist()]
            launch = roles(turn, words) == LAUNCH
        for side, mask in enumerate((launch, ~launch)):
            found.tokens[side, row] += int(mask.sum())
            for sums, values in ((found.logprob, turn.logprobs), (found.entropy, turn.entropies)):
                known = np.frombuffer(values, np.float32)
                sums[side, row] += float(known[mask].sum()) if len(known) == count else np.nan


def lines(found: Written, credit: Attributions | StepTable) -> list[Line]:
    """Launches against the rest of what trained nodes wrote: for each depth, then over all."""
    return list(_lines(found, *_columns(credit)))


def _columns(credit: Attributions | StepTable) -> tuple[NDArray[np.int64], Floats, Floats, NDArray[np.bool_]]:
    """Depth, c, share and whether each node is trained, `[N]`."""
    if isinstance(credit, Attributions):
        return credit.table.depth.astype(np.int64), credit.c, credit.share, credit.trained
    depth = credit.columns["depth"].astype(np.int64)
    if credit.credit is None or np.isnan(credit.credit["c"]).all():
        nothing = np.full(len(credit), np.nan)
        return depth, nothing, nothing, np.ones(len(credit), bool)
    own = credit.credit
    return depth, own["c"], own["share"], own["why"] == 0


def _lines(
    found: Written, depth: NDArray[np.int64], c: Floats, share: Floats, trained: NDArray[np.bool_]
) -> Iterator[Line]:
    wrote = found.tokens.sum(0)
    known = sorted(set(depth[trained & (wrote > 0)].tolist()))
    for each in [*known, None]:
        rows = np.flatnonzero(trained & (wrote > 0) & ((depth == each) if each is not None else True))
        for side, launch in enumerate((True, False)):
            tokens = found.tokens[side, rows]
            part = tokens / wrote[rows]
            total = int(tokens.sum())
            some = rows[tokens > 0]
            yield Line(
                each,
                launch,
                len(some),
                total,
                _ratio((tokens * c[rows])[tokens > 0].sum(), total),
                _ratio((part * share[rows])[tokens > 0].sum(), 1) if total else None,
                _ratio(found.logprob[side, some].sum(), total),
                _ratio(found.entropy[side, some].sum(), total),
            )


def _ratio(above: float, below: int) -> float | None:
    return None if not below or np.isnan(above) else float(above / below)


def at_like_depths(found: Sequence[Line]) -> float | None:
    """What launch tokens would earn on average if they earned what the rest does at their depths: deep nodes weigh
    more and seldom launch, so the mean of all the rest says little."""
    pairs = list(zip(found[:-2:2], found[1:-2:2], strict=True))
    known = [(a.tokens, b.mean_c) for a, b in pairs if a.tokens and b.mean_c is not None]
    total = sum(tokens for tokens, _ in known)
    return sum(tokens * mean for tokens, mean in known) / total if total else None


def verdict(found: Sequence[Line]) -> str:
    """The answer in a sentence."""
    launch = found[-2] if found else None
    if launch is None or not launch.tokens:
        return "No trained node launched anything in this step"
    like = at_like_depths(found)
    if launch.mean_c is None:
        return "These trees have no advantages, so nothing says whether delegation is praised"
    likely = "more" if launch.mean_c > 0 else "less"
    way = "left as they are" if abs(launch.mean_c) < 5e-4 else f"made {likely} likely"
    said = f"Launch tokens are {way}: mean wA {signed(launch.mean_c, 3)}"
    if like is None:
        return said
    gap = launch.mean_c - like
    than = "level with" if abs(gap) < 5e-3 else "above" if gap > 0 else "below"
    return f"{said}, {than} what else is written at the same depths ({signed(like, 3)})"
