"""The tokens of one node as columns: what it read and wrote, in order, and what became of each in training.

Letters of shapes: N tokens that are shown, T of them sampled by the node.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rao_lab.errors import MissingError, RecordError
from rao_lab.training.sequences import Stretch, stretches
from rao_lab.tree import Node
from rao_lab.views.explorer.decoder import Decoder
from rao_lab.views.explorer.node_text import clean, shared
from rao_lab.views.per_token.roles import OTHER, roles

READ, WROTE, UNUSED, CUT = range(4)
"""Kinds of tokens. READ: context of a training sequence, masked. WROTE: sampled by the node. UNUSED: read after the
last sampled token of its sequence, so that no sequence holds it. CUT: taken out of the context that the next turn
read."""
WORD, SPECIAL, PART = range(3)
"""Kinds of text. PART: the bytes of a character that stands at a token before."""
MOST = 120_000
"""Tokens of a node that are shown; it is said how many more there are."""
LONGEST = 4
"""Tokens that one character may take."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TurnTokens:
    """One turn. Its tokens stand in the order cut, read, wrote, from `start` on."""

    index: int
    version: int
    """Updates behind the weights that wrote it."""
    sequence: int
    """Of the node's training sequences, from 1; 0 = nothing was sampled in it, so it is none."""
    begins: bool
    """A new sequence begins here."""
    held: int
    """Tokens of its sequence before it: merged, so that they are computed once for all turns of the sequence."""
    again: int
    """Tokens that were read before, unchanged, and are read again, as its sequence is a new one."""
    start: int
    cut: int
    read: int
    wrote: int
    stop: str


@dataclass(frozen=True, eq=False)
class Columns:
    """The tokens of a node in the order of its turns. All arrays are `[N]`."""

    turns: tuple[TurnTokens, ...]
    words: tuple[tuple[str, int], ...]
    """What tokens decode to, each once, with WORD, SPECIAL or PART."""
    decoded: bool
    """Otherwise words are the numbers of tokens."""
    word: NDArray[np.uint32]
    """Index into `words`."""
    kind: NDArray[np.uint8]
    role: NDArray[np.uint8]
    """What the token is for (`roles.NAMES`); OTHER if the node did not write it."""
    logprob: Floats
    """Recorded when it was sampled; NaN = it was not sampled, or nobody recorded it. As are the next two."""
    entropy: Floats
    drift: Floats
    """Recomputed less recorded log-prob (`Attributions.drift`)."""
    left_out: int
    """Tokens beyond `MOST`."""
    problem: str = ""
    """Why its turns make no training sequence."""

    def __len__(self) -> int:
        return len(self.word)

    @property
    def sequences(self) -> int:
        return max((turn.sequence for turn in self.turns), default=0)


def columns_of(node: Node, decode: Decoder | None, drift: NDArray[Any] | None = None) -> Columns:
    """The tokens of a node.

    Args:
        drift: of the tokens that it sampled, `[T]`.

    Raises:
        MissingError: it has no tokens, said in a sentence.
    """
    if not any(turn.prompt_ids or turn.sampled_ids for turn in node.turns):
        raise MissingError(_without(node))
    try:
        made, problem = list(stretches(node)), ""
    except RecordError as error:
        made, problem = list(_unjoined(node)), str(error)
    draft = _Draft(decode)
    if drift is not None and len(drift) == node.trainable_tokens:
        draft.drift = np.asarray(drift, np.float32)
    for stretch, number, last in _used(made):
        draft.add(stretch, 0 if problem else number, last and not problem)
    return draft.done(problem)


def _unjoined(node: Node) -> Iterator[Stretch]:
    """Turns that make no sequence, as they are: other programs record tokens without what was read, and so on."""
    for turn in node.turns:
        begins = not turn.continues or turn is node.turns[0]
        yield Stretch(turn, begins, 0, turn.prompt_ids)


def _without(node: Node) -> str:
    if any(turn.read or turn.wrote for turn in node.turns):
        return (
            "Its tokens were counted, as servers do, and their ids were not recorded: there are none to show"
        )
    if node.turns:
        return "No token ids were recorded of it: a scripted policy has none, and other programs may not keep theirs"
    return "It has no turn yet, so there are no tokens to show"


def _used(made: Sequence[Stretch]) -> list[tuple[Stretch, int, bool]]:
    """Each stretch with the number of its sequence, and whether its sequence still holds what it reads."""
    lots: list[list[Stretch]] = []
    for stretch in made:
        if stretch.begins:
            lots.append([])
        lots[-1].append(stretch)
    found, number = [], 0
    for lot in lots:
        last = max((at for at, each in enumerate(lot) if each.turn.sampled_ids), default=-1)
        number += last >= 0
        found += [(each, number if last >= 0 else 0, at <= last) for at, each in enumerate(lot)]
    return found


class _Draft:
    """The columns while they are made."""

    def __init__(self, decode: Decoder | None) -> None:
        self.drift: Floats | None = None
        self._texts = TokenTexts(decode)
        self._decode = decode
        self._held: array[int] = array("i")
        self._turns: list[TurnTokens] = []
        self._parts: list[tuple[NDArray[Any], ...]] = []
        self._shown = self._sampled = self._left_out = 0

    def add(self, stretch: Stretch, number: int, holds: bool) -> None:
        """One turn of sequence `number`; `holds`: what it read is in that sequence."""
        turn, held = stretch.turn, self._held
        cut, read, again = array("i"), stretch.read, 0
        if stretch.begins and held:
            front = shared(held, read)
            back = min(shared(held[::-1], read[::-1]), len(held) - front, len(read) - front)
            cut, read, again = held[front : len(held) - back], read[front : len(read) - back], front + back
        start = self._shown
        kept = self._put(CUT, cut), self._put(READ if holds else UNUSED, read)
        self._turns.append(
            TurnTokens(
                turn.index,
                turn.policy_version,
                number,
                stretch.begins,
                stretch.held,
                again,
                start,
                *kept,
                self._write(stretch),
                clean(turn.stop)[:80],
            )
        )
        if stretch.begins:
            self._held = array("i")
        self._held.extend(stretch.read)
        self._held.extend(turn.sampled_ids)

    def _put(self, kind: int, ids: array[int]) -> int:
        ids = self._room(ids)
        nothing = np.full(len(ids), np.nan, np.float32)
        role = np.full(len(ids), OTHER, np.uint8)
        self._parts.append(
            (self._texts(ids), np.full(len(ids), kind, np.uint8), role, nothing, nothing, nothing)
        )
        return len(ids)

    def _write(self, stretch: Stretch) -> int:
        turn = stretch.turn
        ids = self._room(turn.sampled_ids)
        count = len(ids)
        word = self._texts(ids)
        texts = [self._texts.words[each][0] for each in word.tolist()]
        numbers = [_floats(turn.logprobs, count), _floats(turn.entropies, count)]
        place = self._sampled
        self._sampled += len(turn.sampled_ids)
        drift = (
            np.full(count, np.nan, np.float32) if self.drift is None else self.drift[place : place + count]
        )
        role = roles(turn, texts) if self._decode else np.full(count, OTHER, np.uint8)
        self._parts.append((word, np.full(count, WROTE, np.uint8), role, *numbers, drift))
        return count

    def _room(self, ids: array[int]) -> array[int]:
        kept = ids[: max(0, MOST - self._shown)]
        self._shown += len(kept)
        self._left_out += len(ids) - len(kept)
        return kept

    def done(self, problem: str) -> Columns:
        word, kind, role, *numbers = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        logprob, entropy, drift = numbers
        turns, words = tuple(self._turns), tuple(self._texts.words)
        told = self._decode is not None
        return Columns(turns, words, told, word, kind, role, logprob, entropy, drift, self._left_out, problem)


def _floats(values: array[float], count: int) -> Floats:
    found = np.full(count, np.nan, np.float32)
    known = np.frombuffer(values, np.float32)[:count]
    found[: len(known)] = known
    return found


class TokenTexts:
    """What tokens decode to, one by one. Bytes of one character that lie in several tokens stand at the first.

    >>> texts = TokenTexts(None)
    >>> texts(array("i", [7, 9, 7])).tolist(), texts.words
    ([0, 1, 0], [('⟨7⟩', 0), ('⟨9⟩', 0)])
    """

    def __init__(self, decode: Decoder | None) -> None:
        self._decode = decode
        self._known: dict[int, int] = {}
        self._place: dict[tuple[str, int], int] = {}
        self.words: list[tuple[str, int]] = []

    def __call__(self, ids: array[int]) -> NDArray[np.uint32]:
        """The places in `words` of some tokens, `[len(ids)]`."""
        found: list[int] = []
        known, count = self._known, len(ids)
        while len(found) < count:
            at = len(found)
            place = known.get(ids[at])
            if place is not None:
                found.append(place)
                continue
            text, kind, taken = self._text(ids, at)
            found.append(self._word(text, kind))
            found += [self._word("", PART)] * (taken - 1)
            if taken == 1 and "\ufffd" not in text:
                known[ids[at]] = found[at]
        return np.array(found, np.uint32)

    def _text(self, ids: array[int], at: int) -> tuple[str, int, int]:
        if self._decode is None:
            return f"\u27e8{ids[at]}\u27e9", WORD, 1
        first = list(self._decode(ids[at : at + 1]))
        text = "".join(piece for piece, _ in first)
        if any(special for _, special in first):
            return text, SPECIAL, 1
        if "\ufffd" not in text:
            return text, WORD, 1
        for taken in range(2, min(LONGEST, len(ids) - at) + 1):
            pieces = list(self._decode(ids[at : at + taken]))
            whole = "".join(piece for piece, _ in pieces)
            if "\ufffd" not in whole and not any(special for _, special in pieces):
                return whole, WORD, taken
        return text, WORD, 1

    def _word(self, text: str, kind: int) -> int:
        key = clean(text), kind
        place = self._place.setdefault(key, len(self.words))
        if place == len(self.words):
            self.words.append(key)
        return place
