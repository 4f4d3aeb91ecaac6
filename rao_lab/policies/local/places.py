"""Which node's context lies in which slot of the cache.

Running rows always fill the first slots, those that decode before those that have more to read, so that the
model reads them as one view and never gathers. Where a row goes is a function of keys and of the tick it
was submitted at.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rao_lab.policies.local.forward import Forward
from rao_lab.policies.pending import key_order
from rao_lab.protocols import NodeKey


@dataclass(slots=True)
class Row:
    """One node's context and its running turn."""

    key: NodeKey
    slot: int
    """-1 while the cache has no room for it. It then waits, and its context is computed again later."""
    turn: int = 0
    """Number of its last turn among all that were submitted: the first to come goes first."""
    cached: int = 0
    """Tokens in the cache."""
    ids: list[int] = field(default_factory=list)
    """The whole context: what is cached, then what is not yet."""
    uniforms: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """One number in [0, 1) for each token that this turn may sample: `[room]`."""
    room: int = 0
    """The most tokens that this turn may sample."""
    window_full: bool = False
    """`room` is what is left of the window: the turn then ends with stop "context", not "length"."""
    given: Sequence[int] = ()
    """The ids of this turn, if they are known and only decoded again."""
    running: bool = False
    """Its turn is under way. The three arrays below hold what it has sampled so far, `[T]` each."""
    sampled: array[int] = field(default_factory=lambda: array("i"))
    logprobs: array[float] = field(default_factory=lambda: array("f"))
    entropies: array[float] = field(default_factory=lambda: array("f"))

    @property
    def fresh(self) -> bool:
        """It runs and the model must read more than its last token: its turn begins, or its cache was lost."""
        return self.running and (not self.sampled or len(self.ids) - self.cached > 1)


class Places:
    """The slots of a cache and the rows in them; `slots[i]` is None if slot i is free."""

    def __init__(self, forward: Forward) -> None:
        self.slots: list[Row | None] = []
        self._forward = forward

    def open(self, key: NodeKey) -> Row:
        """A new row, in the first free slot."""
        slot = self.slots.index(None) if None in self.slots else len(self.slots)
        if slot == len(self.slots):
            self.slots.append(None)
        row = self.slots[slot] = Row(key, slot)
        return row

    def free(self, row: Row) -> None:
        """Nothing of the row lies in a slot any more."""
        if row.slot >= 0:
            self.slots[row.slot] = None
        row.slot, row.cached = -1, 0

    def restart(self, rows: Collection[Row]) -> None:
        """These rows and no others have a slot, in this order, with nothing cached."""
        self.slots = [*rows]
        for slot, row in enumerate(rows):
            row.cached, row.slot = 0, slot

    def fit(self, rows: Collection[Row], most: int) -> None:
        """Makes do with `most` slots, if the rows use more or a running row has none.

        Turns under way come first, then new turns in the order they came. If room is left, rows between two
        turns keep what they have cached, the latest first. A row without a slot is computed again later.
        """
        if len(self.slots) <= most and not any(row.running and row.slot < 0 for row in rows):
            return
        wanted = sorted(
            (row for row in rows if row.running or row.cached),
            key=lambda row: (not row.running, not row.sampled, row.turn if row.running else -row.turn),
        )
        seated = {row.key for row in wanted[:most]}
        for row in rows:
            if row.key not in seated and row.slot >= 0:
                self.free(row)
        self.slots += [None] * (most - len(self.slots))
        free = (slot for slot in range(most) if self.slots[slot] is None)
        moved = []
        for row in wanted[:most]:
            if not 0 <= row.slot < most:
                if row.cached:
                    moved.append((slot := next(free), row.slot, row.cached))
                else:
                    slot = next(free)
                self.slots[slot], row.slot = row, slot
        if moved:
            to, source, lengths = zip(*moved, strict=True)
            self._forward.copy(to, source, max(lengths))
        del self.slots[most:]
        while self.slots and self.slots[-1] is None:
            self.slots.pop()

    def arrange(self) -> tuple[list[Row], list[Row]]:
        """Moves rows until decoding rows fill the first slots and fresh rows the next; returns both."""
        held = [row for row in self.slots if row is not None]
        decoding = [row for row in held if row.running and not row.fresh]
        fresh = sorted((row for row in held if row.fresh), key=lambda row: key_order(row.key))
        begin, end = len(decoding), len(decoding) + len(fresh)
        origin = list(range(len(self.slots)))
        self._gather(decoding, range(begin), origin)
        self._gather(fresh, range(begin, end), origin)
        moved = [
            (slot, origin[slot])
            for slot, row in enumerate(self.slots)
            if row is not None and row.cached and origin[slot] != slot
        ]
        if moved:
            longest = max(row.cached for slot, _ in moved if (row := self.slots[slot]) is not None)
            self._forward.copy([slot for slot, _ in moved], [source for _, source in moved], longest)
        running = [row for row in self.slots[:end] if row is not None]
        return running[:begin], running[begin:]

    def _gather(self, rows: Sequence[Row], zone: range, origin: list[int]) -> None:
        """Swaps each row that lies outside its zone with something in the zone that does not belong there.

        `origin[slot]` tells where the content of a slot came from; it is kept up to date.
        """
        inside = {row.slot for row in rows if row.slot in zone}
        holes = (slot for slot in zone if slot not in inside)
        for row in [row for row in rows if row.slot not in zone]:
            hole, old = next(holes), row.slot
            other = self.slots[hole]
            self.slots[hole], self.slots[old] = row, other
            origin[hole], origin[old] = origin[old], origin[hole]
            row.slot = hole
            if other is not None:
                other.slot = old
