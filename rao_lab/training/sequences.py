"""From recorded turns to training sequences: pure and without torch.

Only recorded ids are used, never text that is tokenized again. If the ids so far are an exact prefix of a turn's
prompt, the turn joins the sequence; otherwise a new sequence starts. A node over several sequences is still one
node. Each sampled token stands in exactly one sequence. T is the number of tokens of a sequence.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rao_lab.errors import RecordError
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
