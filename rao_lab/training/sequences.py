"""From recorded turns to training sequences and padded packs: pure and without torch.

Only recorded ids are used, never text that is tokenized again. If the ids so far are an exact prefix of a turn's
prompt, the turn joins the sequence; otherwise a new sequence starts. A node over several sequences is still one
node. Each sampled token stands in exactly one sequence.

A pack pads on the right and needs no attention mask: the model is causal, so no real token reads padding, and
padded positions are never trained. Sequences are sorted by length first, which leaves little padding.

Letters of shapes: T tokens of a sequence, B rows of a pack, L tokens of a row, n trained tokens of a pack.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rao_lab.errors import ConfigError, RecordError
from rao_lab.tree import Node, Turn

Ids = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class TrainSequence:
    """One run of T tokens as the model read and wrote them."""

    ids: Ids
    """[T]"""
    mask: Flags
    """[T] True if the node itself sampled the token: these are trained, the rest is context."""
    logprobs: NDArray[np.float32]
    """[T] recorded log-prob of each sampled token; 0.0 for context."""
    turns: tuple[int, ...]
    """The turns (from 1) whose sampled tokens it holds."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def trained(self) -> int:
        """Number of trained tokens."""
        return int(self.mask.sum())


def sequences(node: Node) -> list[TrainSequence]:
    """The node's training sequences in turn order; none if it sampled nothing.

    Raises:
        RecordError: a turn whose arrays differ in length, that continues nothing, or that was sampled
            without a prompt.
    """
    found: list[TrainSequence] = []
    draft = _Draft()
    for stretch in stretches(node):
        if stretch.begins:
            found += draft.close()
            draft = _Draft()
        draft.read(stretch.read)
        draft.write(stretch.turn)
    return found + draft.close()


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """What one turn adds to the sequences of its node."""

    turn: Turn
    begins: bool
    """A new sequence begins here."""
    held: int
    """Tokens of the sequence before it, which are read once for all turns of the sequence."""
    read: array[int]
    """What it reads beyond these; then what it sampled follows."""


def stretches(node: Node) -> Iterator[Stretch]:
    """The turns of a node, as its sequences take them in.

    Raises:
        RecordError: as `sequences`.
    """
    held: array[int] = array("i")
    for turn in node.turns:
        problem = _unusable(turn, len(held))
        if problem:
            raise RecordError(f"node {node.path}, turn {turn.index}: {problem}")
        prompt = turn.prompt_ids
        if turn.continues:
            stretch = Stretch(turn, False, len(held), prompt)
        elif held and prompt[: len(held)] == held:
            stretch = Stretch(turn, False, len(held), prompt[len(held) :])
        else:
            stretch = Stretch(turn, True, 0, prompt)
        if stretch.begins:
            held = array("i")
        held.extend(stretch.read)
        held.extend(turn.sampled_ids)
        yield stretch


def _unusable(turn: Turn, held: int) -> str | None:
    if len(turn.sampled_ids) != len(turn.logprobs):
        return f"{len(turn.sampled_ids)} sampled ids but {len(turn.logprobs)} log-probs"
    if turn.continues and not held:
        return "it continues a context that does not exist"
    if turn.sampled_ids and not turn.continues and not turn.prompt_ids:
        return "its tokens were sampled from an empty prompt, so the first has no distribution"
    return None


class _Draft:
    """A sequence while its turns are read."""

    def __init__(self) -> None:
        self.ids: array[int] = array("i")
        self._sampled: list[tuple[int, Turn]] = []

    def read(self, ids: array[int]) -> None:
        self.ids.extend(ids)

    def write(self, turn: Turn) -> None:
        if turn.sampled_ids:
            self._sampled.append((len(self.ids), turn))
            self.ids.extend(turn.sampled_ids)

    def close(self) -> list[TrainSequence]:
        """The sequence up to its last sampled token: what follows trains nothing."""
        if not self._sampled:
            return []
        start, last = self._sampled[-1]
        length = start + len(last.sampled_ids)
        mask = np.zeros(length, bool)
        logprobs = np.zeros(length, np.float32)
        for start, turn in self._sampled:
            own = slice(start, start + len(turn.sampled_ids))
            mask[own] = True
            logprobs[own] = turn.logprobs
        ids = np.array(self.ids[:length], np.int64)
        return [TrainSequence(ids, mask, logprobs, tuple(turn.index for _, turn in self._sampled))]


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """Sequences side by side: B rows of L tokens, and the n trained tokens of all rows as columns.

    The last token of a sequence is read by nothing and stands only among the targets.
    """

    ids: Ids
    """[B, L]; padding is 0."""
    row: Ids
    """[n] which row a trained token lies in."""
    column: Ids
    """[n] the position whose hidden state predicts it: the one before its own."""
    target: Ids
    """[n] its id."""
    logprobs: NDArray[np.float32]
    """[n] as recorded when it was sampled."""
    owner: Ids
    """[n] index of its sequence in what was packed."""

    def __len__(self) -> int:
        return len(self.target)


def pack(items: Sequence[TrainSequence], token_budget: int) -> list[Pack]:
    """Packs every sequence once, longest first, at most `token_budget` padded tokens to a pack.

    A sequence longer than the budget fills a pack alone.

    Raises:
        ConfigError: a budget below 1.
    """
    if token_budget < 1:
        raise ConfigError(f"a pack of {token_budget} tokens holds nothing: give at least 1")
    return [_pad(items, chosen) for chosen in _fill(items, token_budget)]


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
