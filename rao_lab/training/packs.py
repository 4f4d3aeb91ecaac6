"""Training sequences side by side, as a model reads them in one forward pass: pure and without torch.

There are two kinds of packs. `pack` gives each sequence a row of its own, padded on the right. It needs no
attention mask: the model is causal, so no real token reads padding, and padded positions are never trained.
Sequences are sorted by length first, which leaves little padding.

`pack_shared` writes what several sequences begin with once. The nodes of a step read the same system message,
the rollouts of a task the same goal, and turns that were written anew the same history. A row is then a forest:
each token sees the tokens before it in its own sequences, and nothing else. The gradient is the same, since
what a shared token earns in each of its sequences adds up. At least `FULL` of the tokens of a pack are real.

Letters of shapes: B rows of a pack, L tokens of a row, n trained tokens of a pack, u different ones among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rao_lab.errors import ConfigError
from rao_lab.training.sequences import Ids, TrainSequence

FULL = 0.95
"""The least share of real tokens in a shared pack."""

WIDEST = 4096
"""The most tokens of a shared row: attention looks at all pairs of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """What the tokens of a shared pack see."""

    positions: Ids
    """[B, L] place of each token in its sequences."""
    ends: Ids
    """[B, L] token j is seen by the tokens from j to before ends[j] of its row, and by no others."""


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """Sequences side by side: B rows of L tokens, and the n trained tokens of all rows as columns.

    The last token of a sequence is read by nothing and stands only among the targets.
    """

    ids: Ids
    """[B, L]; padding is 0."""
    row: Ids
    """[u] which row a trained token lies in."""
    column: Ids
    """[u] the position whose hidden state predicts it: the one before its own."""
    target: Ids
    """[u] its id."""
    logprobs: NDArray[np.float32]
    """[n] as recorded when it was sampled."""
    owner: Ids
    """[n] index of its sequence in what was packed."""
    forest: Forest | None = None
    """None = each row is one sequence; then u = n."""
    same: Ids | None = None
    """[n] which of the u each trained token is; None = the n-th."""

    def __len__(self) -> int:
        return len(self.owner)


def pack(items: Sequence[TrainSequence], token_budget: int) -> list[Pack]:
    """Packs every sequence once, longest first, at most `token_budget` padded tokens to a pack.

    A sequence longer than the budget fills a pack alone.

    Raises:
        ConfigError: a budget below 1.
    """
    _check(token_budget)
    return [_pad(items, chosen) for chosen in _fill(items, token_budget)]


def _check(token_budget: int) -> None:
    if token_budget < 1:
        raise ConfigError(f"a pack of {token_budget} tokens holds nothing: give at least 1")


def _fill(items: Sequence[TrainSequence], token_budget: int) -> Iterator[list[int]]:
    """Indices by falling length, cut before the row that would pass the budget."""
    order = sorted(range(len(items)), key=lambda index: (-len(items[index]), index))
    chosen: list[int] = []
    for index in order:
        width = len(items[chosen[0]] if chosen else items[index]) - 1
        if chosen and (len(chosen) + 1) * width > token_budget:
            yield chosen
            chosen = []
        chosen.append(index)
    if chosen:
        yield chosen


def _pad(items: Sequence[TrainSequence], chosen: Sequence[int]) -> Pack:
    ids = np.zeros((len(chosen), max(len(items[index]) for index in chosen) - 1), np.int64)
    parts: list[tuple[NDArray[Any], ...]] = []
    for row, index in enumerate(chosen):
        item = items[index]
        ids[row, : len(item) - 1] = item.ids[:-1]
        own = np.flatnonzero(item.mask)
        same = np.ones(len(own), np.int64)
        parts.append((same * row, own - 1, item.ids[own], item.logprobs[own], same * index))
    row_, column, target, logprobs, owner = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Pack(ids, row_, column, target, logprobs, owner)


def pack_shared(items: Sequence[TrainSequence], token_budget: int, attention: float) -> list[Pack]:
    """Packs every sequence once, what they begin with shared, at most `token_budget` tokens to a pack.

    A sequence longer than the budget fills a pack alone. If one is longer than `WIDEST`, nothing is shared.

    Args:
        attention: what it costs a token to look at one other, as a share of all else that is computed for it. The
            wider a row, the more is shared and the more is looked at: the width that costs least is taken.

    Raises:
        ConfigError: a budget below 1.
    """
    _check(token_budget)
    longest = max((len(item) - 1 for item in items), default=0)
    if longest > WIDEST:
        return pack(items, token_budget)
    line = _Line(items)
    widths = [max(longest, min(token_budget, WIDEST))] if items else []
    while widths and widths[-1] > longest:
        widths.append(max(longest, widths[-1] // 2))
    rows = min(
        (line.rows(width) for width in widths),
        key=lambda cut: sum(row.tokens * (1 + attention * row.tokens) for row in cut),
        default=[],
    )
    return [line.pack(chosen) for chosen in _level(rows, token_budget)]


@dataclass(frozen=True, slots=True)
class _Row:
    """Neighbours in the line, and the tokens that they take together."""

    begin: int
    end: int
    tokens: int


def _level(rows: Sequence[_Row], token_budget: int) -> Iterator[list[_Row]]:
    """Rows by falling length, cut before a row that would pass the budget or leave too much padding."""
    chosen: list[_Row] = []
    for row in sorted(rows, key=lambda row: (-row.tokens, row.begin)):
        if chosen:
            width, real = chosen[0].tokens, sum(each.tokens for each in chosen) + row.tokens
            padded = (len(chosen) + 1) * width
            if padded > token_budget or real < FULL * padded:
                yield chosen
                chosen = []
        chosen.append(row)
    if chosen:
        yield chosen


class _Line:
    """Sequences in the order of their ids: those that begin alike are neighbours."""

    def __init__(self, items: Sequence[TrainSequence]) -> None:
        self._order = sorted(range(len(items)), key=lambda index: (items[index].ids.tolist(), index))
        self._items = [items[index] for index in self._order]
        self._read = [item.ids[:-1] for item in self._items]
        pairs = zip(self._read, self._read[1:], strict=False)
        self._shared = [0, *(_common(one, two) for one, two in pairs)]
        """So many first tokens each has in common with the one before it."""

    def rows(self, width: int) -> list[_Row]:
        """The line cut before each sequence that would make a row wider than `width`."""
        rows: list[_Row] = []
        begin = tokens = 0
        for place, read in enumerate(self._read):
            more = len(read) - self._shared[place]
            if place > begin and tokens + more > width:
                rows.append(_Row(begin, place, tokens))
                begin, tokens = place, 0
            tokens += more if place > begin else len(read)
        return [*rows, _Row(begin, len(self._read), tokens)]

    def pack(self, rows: Sequence[_Row]) -> Pack:
        shape = len(rows), rows[0].tokens
        ids, positions = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        ends = np.broadcast_to(np.arange(1, shape[1] + 1), shape).copy()  # padding sees itself
        parts: list[tuple[NDArray[Any], ...]] = []
        for row, chosen in enumerate(rows):
            path, at = np.zeros(0, np.int64), 0
            for place in range(chosen.begin, chosen.end):
                held = self._shared[place] if place > chosen.begin else 0
                new = self._read[place][held:]
                ends[row, path[held:]] = at
                path = np.concatenate([path[:held], np.arange(at, at + len(new))])
                ids[row, path[held:]] = new
                positions[row, path[held:]] = np.arange(held, held + len(new))
                at += len(new)
                parts.append(self._trained(place, row, path))
            ends[row, path] = at
        row_, column, target, logprobs, owner = (np.concatenate(part) for part in zip(*parts, strict=True))
        (row_, column, target), same = np.unique(
            np.stack([row_, column, target]), axis=1, return_inverse=True
        )
        return Pack(ids, row_, column, target, logprobs, owner, Forest(positions, ends), same.reshape(-1))

    def _trained(self, place: int, row: int, path: Ids) -> tuple[NDArray[Any], ...]:
        item = self._items[place]
        own = np.flatnonzero(item.mask)
        alike = np.ones(len(own), np.int64)
        return alike * row, path[own - 1], item.ids[own], item.logprobs[own], alike * self._order[place]


def _common(one: Ids, two: Ids) -> int:
    """Length of the longest beginning that both have."""
    most = min(len(one), len(two))
    differ = np.flatnonzero(one[:most] != two[:most])
    return int(differ[0]) if len(differ) else most
