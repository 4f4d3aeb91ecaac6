"""Batched generation for many nodes at once, each continuing from its own cached prefix.

One `tick` is one decode step: every running row gets one more token. A row is one node's context; its
keys and values stay in one slot of the model's cache from turn to turn, until the node is forgotten or
the cache is cleared. Running rows always fill the first slots, so that the model reads them as one
view and never gathers; where rows go is a function of keys and of the tick they were submitted at.

A row's tokens (`sampling.py`) do not depend on which rows run beside it, but for the last bits of floating
point.

The engine knows token ids only: no text, no messages, no trees. How a model is run is a `Forward`;
`policies/` has two of them.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from rao_lab.base import checks as checked
from rao_lab.base.device import full_memory_says
from rao_lab.errors import InputError, RecordError
from rao_lab.policies.local.sampling import sample, uniforms
from rao_lab.policies.pending import key_order
from rao_lab.protocols import NodeKey

SHARE_FROM = 48
"""Shortest prefix, in tokens, worth copying from another row instead of computing it again."""


LESS = (
    "give the cache less (load_policy(..., cache_gb=1)), shorten limits.context_window, or take a smaller model; "
    "`rao-lab doctor` says what fits"
)
"""What to do where generation fills the memory."""


@dataclass(frozen=True, slots=True)
class Feed:
    """New tokens for consecutive slots: what one forward pass computes.

    Attributes:
        first: the first slot.
        ids: the new tokens of each slot, slot after slot.
        counts: how many of them each slot gets; the first `decoding` slots get one each.
        starts: how many tokens each slot's cache holds before.
    """

    first: int
    ids: NDArray[np.int64]
    counts: NDArray[np.int64]
    starts: NDArray[np.int64]
    decoding: int


class Forward(Protocol):
    """A model with a cache in slots."""

    def capacity(self, length: int) -> int:
        """Most slots of that many tokens that its memory may hold; at least 1."""
        ...

    def reserve(self, slots: int, length: int) -> None:
        """Makes room for that many slots of that many tokens; what is cached in them stays."""
        ...

    def copy(self, to: Sequence[int], source: Sequence[int], length: int) -> None:
        """Copies the first `length` entries of slots onto others, all read before any is written."""
        ...

    def logits(self, feed: Feed) -> torch.Tensor:
        """Caches the new tokens and returns the logits after the last one of each slot: [slots, V]."""
        ...

    def refresh(self) -> None:
        """The weights have changed."""
        ...

    def release(self) -> None:
        """Frees the cache's memory."""
        ...


@dataclass(slots=True)
class Row:
    """One node's context and its running turn."""

    key: NodeKey
    slot: int
    """-1 while the cache has no room for it: it waits, and its context is computed again later."""
    turn: int = 0
    """Number of its last turn among all that were submitted: who came first goes first."""
    cached: int = 0
    """Tokens in the cache."""
    ids: list[int] = field(default_factory=list)
    """The whole context: what is cached, then what is not yet."""
    uniforms: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    room: int = 0
    """Most tokens this turn may sample."""
    window_full: bool = False
    """`room` is what is left of the window."""
    running: bool = False
    sampled: array[int] = field(default_factory=lambda: array("i"))
    logprobs: array[float] = field(default_factory=lambda: array("f"))
    entropies: array[float] = field(default_factory=lambda: array("f"))

    @property
    def fresh(self) -> bool:
        """It runs and has more than its last token to read: its turn begins, or the cache was emptied."""
        return self.running and (not self.sampled or len(self.ids) - self.cached > 1)


@dataclass(frozen=True, slots=True)
class Sampled:
    """One ended turn."""

    key: NodeKey
    ids: array[int]
    logprobs: array[float]
    entropies: array[float]
    stop: str


class Engine:
    """Rows in slots, one decode step a tick."""

    def __init__(self, forward: Forward, stop_ids: Sequence[int], temperature: float = 1.0) -> None:
        self.forward = forward
        self.stop_ids = frozenset(stop_ids)
        self.temperature = checked.temperature(temperature)
        self._rows: dict[NodeKey, Row] = {}
        self._slots: list[Row | None] = []
        self._full: list[Sampled] = []
        self._turns = 0

    def submit(
        self, key: NodeKey, ids: Sequence[int], *, noise: Sequence[int | str], room: int, window: int
    ) -> None:
        """Starts a turn of `key`, whose whole context is `ids`.

        What the cache already holds of it is not computed again.

        Raises:
            RecordError: the key's last turn has not ended.
        """
        row = self._rows.get(key) or self._open(key)
        if row.running:
            raise RecordError(f"node {key} was submitted while its last turn still runs")
        ids = list(ids)
        left = window - len(ids)
        row.cached = max(0, min(row.cached, _common(row.ids, ids), len(ids) - 1))
        row.ids = ids
        row.window_full = left <= room
        row.room = min(room, left)
        row.sampled, row.logprobs, row.entropies = array("i"), array("f"), array("f")
        if row.room <= 0 or not ids:
            self._full.append(Sampled(key, row.sampled, row.logprobs, row.entropies, "context"))
            return
        row.uniforms = uniforms(noise, row.room)
        row.running = True
        row.turn = self._turns = self._turns + 1

    def context(self, key: NodeKey) -> list[int] | None:
        """All ids of the node's context as far as this engine knows it."""
        row = self._rows.get(key)
        return None if row is None else row.ids

    def forget(self, key: NodeKey) -> None:
        """Frees the node's slot, and with the last one the cache's memory: an update may need it."""
        row = self._rows.pop(key, None)
        if row is not None:
            if row.slot >= 0:
                self._slots[row.slot] = None
            row.running = False
            if not self._rows:
                self._slots = []
                self.forward.release()
        self._full = [ended for ended in self._full if ended.key != key]

    def clear(self) -> None:
        """Empties every cache: the weights have changed. Contexts that run are computed again."""
        self.forward.refresh()
        self._slots = []
        for key in sorted(self._rows, key=key_order):
            row = self._rows[key]
            row.cached, row.slot = 0, len(self._slots)
            self._slots.append(row)

    @property
    def idle(self) -> bool:
        return not self._full and not any(row.running for row in self._rows.values())

    @torch.inference_mode()
    def tick(self) -> list[Sampled]:
        """One token for every running row that has room; the turns that ended, in key order.

        Raises:
            InputError: the model computes no probabilities.
            UnavailableError: the device's memory is full.
        """
        ended, self._full = self._full, []
        if not self.idle:
            with full_memory_says("tokens are generated", LESS):
                running, drawn = self._decode()
            ended += self._record(running, drawn)
        return sorted(ended, key=lambda turn: key_order(turn.key))

    def _decode(self) -> tuple[list[Row], NDArray[np.float64]]:
        """One forward pass for every running row that has a slot; what `sample` drew for each."""
        longest = max(len(row.ids) for row in self._rows.values() if row.running)
        self._seat(self.forward.capacity(longest))
        self.forward.reserve(len(self._slots), longest)
        decoding, fresh = self._arrange()
        running = decoding + fresh
        self._share(fresh)
        counts = np.array([len(row.ids) - row.cached for row in running], dtype=np.int64)
        starts = np.array([row.cached for row in running], dtype=np.int64)
        ids = np.array([token for row in running for token in row.ids[row.cached :]], dtype=np.int64)
        logits = self.forward.logits(Feed(0, ids, counts, starts, len(decoding)))
        draw = np.array([row.uniforms[len(row.sampled)] for row in running])
        return running, sample(logits, draw, self.temperature)

    def _record(self, running: Sequence[Row], drawn: NDArray[np.float64]) -> list[Sampled]:
        if not np.isfinite(drawn[1]).all():
            raise InputError(
                "the model's log-probs are not finite: its weights are damaged, or training diverged; "
                "take an earlier checkpoint, or train anew with a smaller learning_rate"
            )
        ended = []
        for row, token, logprob, entropy in zip(running, *drawn.tolist(), strict=True):
            row.cached = len(row.ids)
            row.ids.append(int(token))
            row.sampled.append(int(token))
            row.logprobs.append(logprob)
            row.entropies.append(entropy)
            stop = self._stop(row)
            if stop:
                row.running = False
                ended.append(Sampled(row.key, row.sampled, row.logprobs, row.entropies, stop))
        return ended

    def _stop(self, row: Row) -> str:
        if row.sampled[-1] in self.stop_ids:
            return "stop"
        if len(row.sampled) < row.room:
            return ""
        return "context" if row.window_full else "length"

    # Slots.

    def _open(self, key: NodeKey) -> Row:
        slot = self._slots.index(None) if None in self._slots else len(self._slots)
        if slot == len(self._slots):
            self._slots.append(None)
        row = self._rows[key] = self._slots[slot] = Row(key, slot)
        return row

    def _seat(self, most: int) -> None:
        """Brings all rows into `most` slots, where there are more.

        Turns under way go on, then those that came first; rows that only wait keep what they have cached
        where room is left, the latest first. Whoever finds none is read again from the beginning later.
        """
        rows = self._rows.values()
        if len(self._slots) <= most and not any(row.running and row.slot < 0 for row in rows):
            return
        wanted = sorted(
            (row for row in rows if row.running or row.cached),
            key=lambda row: (not row.running, not row.sampled, row.turn if row.running else -row.turn),
        )
        seated = {row.key for row in wanted[:most]}
        for row in rows:
            if row.key not in seated and row.slot >= 0:
                self._slots[row.slot] = None
                row.slot, row.cached = -1, 0
        self._slots += [None] * (most - len(self._slots))
        free = (slot for slot in range(most) if self._slots[slot] is None)
        moved = []
        for row in wanted[:most]:
            if not 0 <= row.slot < most:
                if row.cached:
                    moved.append((slot := next(free), row.slot, row.cached))
                else:
                    slot = next(free)
                self._slots[slot], row.slot = row, slot
        if moved:
            to, source, lengths = zip(*moved, strict=True)
            self.forward.copy(to, source, max(lengths))
        del self._slots[most:]
        while self._slots and self._slots[-1] is None:
            self._slots.pop()

    def _arrange(self) -> tuple[list[Row], list[Row]]:
        """Moves rows until decoding ones fill the first slots and fresh ones the next."""
        held = [row for row in self._slots if row is not None]
        decoding = [row for row in held if row.running and not row.fresh]
        fresh = sorted((row for row in held if row.fresh), key=lambda row: key_order(row.key))
        begin, end = len(decoding), len(decoding) + len(fresh)
        origin = list(range(len(self._slots)))
        self._gather(decoding, range(begin), origin)
        self._gather(fresh, range(begin, end), origin)
        moved = [
            (slot, origin[slot])
            for slot, row in enumerate(self._slots)
            if row is not None and row.cached and origin[slot] != slot
        ]
        if moved:
            longest = max(row.cached for slot, _ in moved if (row := self._slots[slot]) is not None)
            self.forward.copy([slot for slot, _ in moved], [source for _, source in moved], longest)
        running = [row for row in self._slots[:end] if row is not None]
        return running[:begin], running[begin:]

    def _gather(self, rows: Sequence[Row], zone: range, origin: list[int]) -> None:
        """Swaps rows that lie outside their zone with what lies there and does not belong."""
        inside = {row.slot for row in rows if row.slot in zone}
        holes = (slot for slot in zone if slot not in inside)
        for row in [row for row in rows if row.slot not in zone]:
            hole, old = next(holes), row.slot
            other = self._slots[hole]
            self._slots[hole], self._slots[old] = row, other
            origin[hole], origin[old] = origin[old], origin[hole]
            row.slot = hole
            if other is not None:
                other.slot = old

    def _share(self, fresh: Sequence[Row]) -> None:
        """Gives rows without a cache the longest prefix that another row already has, or will have."""
        groups: dict[tuple[int, ...], list[Row]] = {}
        for row in fresh:
            if not row.cached and len(row.ids) > SHARE_FROM:
                groups.setdefault(tuple(row.ids[:SHARE_FROM]), []).append(row)
        for head, rows in groups.items():
            donors = [
                row
                for row in self._slots
                if row is not None and row.cached >= SHARE_FROM and tuple(row.ids[:SHARE_FROM]) == head
            ]
            if not donors and len(rows) > 1:
                donors = [rows.pop(0)]
                self._prefill(donors[0], min(_common(donors[0].ids, row.ids) for row in rows))
            for row in rows if donors else ():
                shared = [min(_common(donor.ids, row.ids), donor.cached) for donor in donors]
                best = max(range(len(donors)), key=shared.__getitem__)
                row.cached = min(shared[best], len(row.ids) - 1)
                self.forward.copy([row.slot], [donors[best].slot], row.cached)

    def _prefill(self, row: Row, length: int) -> None:
        length = min(length, len(row.ids) - 1)
        ids = np.array(row.ids[:length], dtype=np.int64)
        self.forward.logits(Feed(row.slot, ids, np.array([length]), np.zeros(1, dtype=np.int64), 0))
        row.cached = length


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """Length of the longest common prefix."""
    most = min(len(one), len(other))
    if one[:most] == other[:most]:
        return most
    return next(i for i in range(most) if one[i] != other[i])
