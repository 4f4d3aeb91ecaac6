"""A policy without a model: it solves the bundled worlds by rule, so that everything runs without weights.

It reads requests and nothing else, writes the `codeact` dialect, and takes as many decode steps as
its text would take tokens, so that logical clocks and timelines look like a model's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from random import Random
from typing import get_args

from rao_lab.base.checks import MOST_SEED, choice, number, whole
from rao_lab.environments.textcraft.mistakes import mistaken_turn
from rao_lab.environments.textcraft.script import Style, next_turn, read
from rao_lab.protocols import NodeKey, TurnReply, TurnRequest
from rao_lab.tree import path_key

CHARS_PER_TOKEN = 4
"""Of ordinary prose and code under ordinary tokenizers: makes decode steps of text."""


class ScriptedPolicy:
    """A `Policy`; see `crafting.py` for the styles.

    Args:
        style: how it delegates.
        error_rate: probability that a turn goes wrong, in the ways of people and small models.
        seed: of the mistakes, which depend on the request's noise key and nothing else.

    Raises:
        ConfigError: a value means nothing.
    """

    name = "scripted"
    version = 0
    dialect = "codeact"
    window = 0

    def __init__(self, style: Style = "summed", error_rate: float = 0.0, seed: int = 0) -> None:
        choice("style", style, get_args(Style))
        self.style: Style = style
        self.error_rate = number("error_rate", error_rate, most=1.0)
        self.seed = whole("seed", seed, least=-MOST_SEED, most=MOST_SEED)
        self._running = Pending()

    def submit(self, request: TurnRequest) -> None:
        self._running.add(self._reply(request))

    def tick(self) -> Sequence[TurnReply]:
        return self._running.tick()

    def forget(self, key: NodeKey) -> None:
        self._running.drop(key)

    def _reply(self, request: TurnRequest) -> TurnReply:
        if not isinstance(request.args.get("targets"), Mapping):
            return TurnReply(
                request.key, "", stop="error", error="the scripted policy has no script for this environment"
            )
        rng = Random(repr((self.seed, request.noise)))
        wrong = rng.random() < self.error_rate
        now = read(request, self.style)
        thought, code = mistaken_turn(now, rng) if wrong else next_turn(now)
        text = f"{thought}\n\n```python\n{code}\n```" if code else thought
        return TurnReply(request.key, text, decode_steps=max(1, len(text) // CHARS_PER_TOKEN))


class Pending:
    """Replies that are decided but not yet due on the logical clock."""

    def __init__(self) -> None:
        self._now = 0
        self._due: list[tuple[int, int, tuple[int, ...], TurnReply]] = []
        self._wanted: dict[NodeKey, TurnReply] = {}

    def add(self, reply: TurnReply) -> None:
        """The reply is due `decode_steps` ticks from now."""
        index, path = reply.key
        self._wanted[reply.key] = reply
        heappush(self._due, (self._now + max(1, reply.decode_steps), index, path_key(path), reply))

    def tick(self) -> list[TurnReply]:
        """The replies that are due, in key order."""
        self._now += 1
        found = []
        while self._due and self._due[0][0] <= self._now:
            reply = heappop(self._due)[3]
            if self._wanted.get(reply.key) is reply:
                del self._wanted[reply.key]
                found.append(reply)
        return found

    def drop(self, key: NodeKey) -> None:
        """The node is gone: its reply is not wanted any more."""
        self._wanted.pop(key, None)
