"""A policy without a model: it plays an environment's own script, so that everything runs without weights.

It reads requests and nothing else. It writes the `codeact` dialect, and takes as many decode steps as its text
would take tokens, so that logical clocks and timelines look like a model's.
"""

from __future__ import annotations

from random import Random

from rao_lab.base.blame import blamed
from rao_lab.base.cell import facts_html
from rao_lab.base.checks import MOST_SEED, choice, number, quoted, whole
from rao_lab.errors import ConfigError, RaoLabError
from rao_lab.policies.pending import KnownAtOnce, lost
from rao_lab.prompts import CodeAct
from rao_lab.protocols import TurnReply, TurnRequest

CHARS_PER_TOKEN = 4
"""Of ordinary prose and code under ordinary tokenizers: makes decode steps of text."""


class ScriptedPolicy(KnownAtOnce):
    """A `Policy` for environments that are `Scripted`.

    Args:
        style: one of the environment's ways of playing; None = its usual one.
        error_rate: probability that a turn goes wrong, in the ways of people and small models.
        seed: of the mistakes, which depend on the request's noise key and nothing else.

    Raises:
        ConfigError: a value means nothing. A style that the environment does not have is refused at the first
            turn.
    """

    name = "scripted"
    version = 0
    dialect = "codeact"
    window = 0

    def __init__(self, style: str | None = None, error_rate: float = 0.0, seed: int = 0) -> None:
        super().__init__()
        if style is not None and not isinstance(style, str):
            raise ConfigError(f"style must be the name of a style, not {quoted(style)}")
        self.style = style
        self.error_rate = number("error_rate", error_rate, most=1.0)
        self.seed = whole("seed", seed, least=-MOST_SEED, most=MOST_SEED)

    def __repr__(self) -> str:
        return f"ScriptedPolicy(style={self.style!r}, error_rate={self.error_rate:g}, seed={self.seed})"

    def _repr_html_(self) -> str:
        facts = {
            "style": self.style or "the environment's usual one",
            "error rate": self.error_rate,
            "seed": self.seed,
        }
        return facts_html("Scripted policy, no model", facts)

    def reply(self, request: TurnRequest) -> TurnReply:
        script = request.script
        if script is None:
            return lost(request, "the scripted policy has no script for this environment")
        style = script.styles[0] if self.style is None else choice("style", self.style, script.styles)
        rng = Random(repr((self.seed, request.noise)))
        wrong = rng.random() < self.error_rate
        said = f"{type(script).__name__}.play(request, {style!r}) at node {request.key[1]}"
        with blamed(said, "correct it", RaoLabError):
            action = script.play(request, style, rng if wrong else None)
        text = CodeAct().reply(action)
        return TurnReply(request.key, text, decode_steps=max(1, len(text) // CHARS_PER_TOKEN))
