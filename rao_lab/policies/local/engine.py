"""Batched generation for many nodes at once, each continuing from its own cached prefix.

One `tick` is one decode step: every running row gets one more token. A row is one node's context. Its keys
and values stay in the model's cache from turn to turn, until the node is forgotten or the cache is cleared.

Which tokens a row samples (`sampling.py`) does not depend on the rows that run beside it, except for the last
bits of floating point.

The engine knows token ids only: no text, no messages, no trees. `forward.py` says how it has a model run,
`places.py` in which slot a row lies.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from rao_lab.base import checks as checked
from rao_lab.base.device import full_memory_says
from rao_lab.errors import InputError, RecordError
from rao_lab.policies.local.forward import Feed, Forward
from rao_lab.policies.local.places import Places, Row
from rao_lab.policies.local.sampling import Uniforms, sample
from rao_lab.policies.pending import key_order
from rao_lab.protocols import NodeKey

SHARE_FROM = 48
"""Shortest prefix, in tokens, worth copying from another row instead of computing it again."""


LESS = (
    "give the cache less (load_policy(..., cache_gb=1)), shorten limits.context_window, or take a smaller model; "
    "`rao-lab doctor` says what fits"
)
"""What to do if generation fills the memory."""


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
        self._places = Places(forward)
        self._uniforms = Uniforms()
        self._full: list[Sampled] = []
        self._turns = 0
        self.written = 0
        """Tokens sampled so far, of all rows."""

    def submit(
        self,
        key: NodeKey,
        ids: Sequence[int],
        *,
        noise: Sequence[int | str],
        room: int,
        window: int,
        given: Sequence[int] = (),
    ) -> None:
        """Starts a turn of `key`, whose whole context is `ids`.

        What the cache already holds of it is not computed again. A turn whose ids are `given` does the same work; what
        it draws is not used, and it has no log-probs.

        Raises:
            RecordError: the key's last turn has not ended.
        """
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = self._places.open(key)
        if row.running:
            raise RecordError(f"node {key} was submitted while its last turn still runs")
        ids = list(ids)
        left = window - len(ids)
        row.cached = max(0, min(row.cached, _common(row.ids, ids), len(ids) - 1))
        row.ids = ids
        row.window_full = left <= room
        row.room = min(room, left)
        row.given = given
        row.sampled, row.logprobs, row.entropies = array("i"), array("f"), array("f")
        if row.room <= 0 or not ids:
            self._full.append(Sampled(key, row.sampled, row.logprobs, row.entropies, "context"))
            return
        row.uniforms = self._uniforms(noise, row.room)
        row.running = True
        row.turn = self._turns = self._turns + 1

    def context(self, key: NodeKey) -> list[int] | None:
        """All ids of the node's context as far as this engine knows it."""
        row = self._rows.get(key)
        return None if row is None else row.ids

    def forget(self, key: NodeKey) -> None:
        """Frees the node's slot. After the last node the cache's memory is freed too: an update may need it."""
        row = self._rows.pop(key, None)
        if row is not None:
            self._places.free(row)
            row.running = False
            if not self._rows:
                self._places.restart([])
                self.forward.release()
        self._full = [ended for ended in self._full if ended.key != key]

    def clear(self) -> None:
        """Empties the cache, because the weights have changed. Contexts still in use are computed again."""
        self.forward.refresh()
        self._places.restart([self._rows[key] for key in sorted(self._rows, key=key_order)])

    @property
    def idle(self) -> bool:
        return not self._full and not any(row.running for row in self._rows.values())

    @torch.inference_mode()
    def tick(self) -> list[Sampled]:
        """Samples one token for every running row that has a slot; returns the turns that ended, in key order.

        Raises:
            InputError: the model's outputs are not finite.
            UnavailableError: the device's memory is full.
        """
        ended, self._full = self._full, []
        if not self.idle:
            with full_memory_says("tokens are generated", LESS):
                running, drawn = self._decode()
            ended += self._record(running, drawn)
        return sorted(ended, key=lambda turn: key_order(turn.key))

    def _decode(self) -> tuple[list[Row], NDArray[np.float64]]:
        """One forward pass over the R running rows that have a slot; those rows, and what `sample` drew: [3, R]."""
        longest = max(len(row.ids) for row in self._rows.values() if row.running)
        self._places.fit(self._rows.values(), self.forward.capacity(longest))
        self.forward.reserve(len(self._places.slots), longest)
        decoding, fresh = self._places.arrange()
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
        self.written += len(running)
        ended = []
        for row, token, logprob, entropy in zip(running, *drawn.tolist(), strict=True):
            row.cached = len(row.ids)
            written = row.given[len(row.sampled)] if row.given else int(token)
            row.ids.append(written)
            row.sampled.append(written)
            if not row.given:
                row.logprobs.append(logprob)
                row.entropies.append(entropy)
            stop = self._stop(row)
            if stop:
                row.running = False
                ended.append(Sampled(row.key, row.sampled, row.logprobs, row.entropies, stop))
        return ended

    def _stop(self, row: Row) -> str:
        if row.given:
            return "stop" if len(row.sampled) == len(row.given) else ""
        if row.sampled[-1] in self.stop_ids:
            return "stop"
        if len(row.sampled) < row.room:
            return ""
        return "context" if row.window_full else "length"

    def _share(self, fresh: Sequence[Row]) -> None:
        """Copies to rows with nothing cached the longest prefix that another row has.

        If no row has it yet but several need it, the first of them computes it now.
        """
        groups: dict[tuple[int, ...], list[Row]] = {}
        for row in fresh:
            if not row.cached and len(row.ids) > SHARE_FROM:
                groups.setdefault(tuple(row.ids[:SHARE_FROM]), []).append(row)
        for head, rows in groups.items():
            donors = [
                row
                for row in self._places.slots
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
    """Length of the longest prefix that both share."""
    most = min(len(one), len(other))
    if one[:most] == other[:most]:
        return most
    return next(i for i in range(most) if one[i] != other[i])
