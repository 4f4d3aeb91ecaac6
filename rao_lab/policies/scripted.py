"""A policy without a model: it solves the bundled worlds by rule, so that everything runs without weights.

It reads requests and nothing else, writes the `codeact` dialect, and takes as many decode steps as
its text would take tokens, so that logical clocks and timelines look like a model's.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import get_args

from rao_lab.base.checks import MOST_SEED, choice, number, whole
from rao_lab.environments.textcraft.mistakes import mistaken_turn
from rao_lab.environments.textcraft.script import Style, next_turn, read
from rao_lab.policies.pending import KnownAtOnce, lost
from rao_lab.protocols import TurnReply, TurnRequest

CHARS_PER_TOKEN = 4
"""Of ordinary prose and code under ordinary tokenizers: makes decode steps of text."""


class ScriptedPolicy(KnownAtOnce):
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
        super().__init__()
        choice("style", style, get_args(Style))
        self.style: Style = style
        self.error_rate = number("error_rate", error_rate, most=1.0)
        self.seed = whole("seed", seed, least=-MOST_SEED, most=MOST_SEED)

    def reply(self, request: TurnRequest) -> TurnReply:
        if not isinstance(request.args.get("targets"), Mapping):
            return lost(request, "the scripted policy has no script for this environment")
        rng = Random(repr((self.seed, request.noise)))
        wrong = rng.random() < self.error_rate
        now = read(request, self.style)
        thought, code = mistaken_turn(now, rng) if wrong else next_turn(now)
        text = f"{thought}\n\n```python\n{code}\n```" if code else thought
        return TurnReply(request.key, text, decode_steps=max(1, len(text) // CHARS_PER_TOKEN))
