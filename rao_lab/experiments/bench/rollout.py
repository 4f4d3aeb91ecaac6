"""Tokens per second in whole trees: the engine, compared with `generate` for one turn at a time.

Both run the same policy on the same tasks through the same executor, with the sandbox and the world. The
engine keeps the prefix of every node and decodes all nodes together; `generate` reads each prompt again.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from statistics import median
from time import perf_counter
from typing import Any

import torch

from rao_lab.api.defaults import suggested
from rao_lab.base.device import attention_of_any_shape
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.evaluation.evaluate import evaluate
from rao_lab.experiments.bench.cases import Case, Say
from rao_lab.policies.load import load_policy
from rao_lab.protocols import NodeKey, Policy, TurnReply, TurnRequest
from rao_lab.tree import Message

TREES = {"tiny/generate": 16, "tiny/engine": 64}
REPEATS = 3


class OneTurnAtATime:
    """A policy that calls `model.generate` for each turn by itself, from its beginning."""

    version = 0

    def __init__(self, policy: Any) -> None:
        self.name = "generate"
        self.dialect = policy.dialect
        self.window = policy.window
        self._model, self._tokenizer = policy.model, policy.tokenizer
        self._waiting: list[TurnRequest] = []

    def submit(self, request: TurnRequest) -> None:
        self._waiting.append(request)

    def tick(self) -> Sequence[TurnReply]:
        return [self._reply(self._waiting.pop(0))] if self._waiting else []

    def forget(self, key: NodeKey) -> None:
        self._waiting = [request for request in self._waiting if request.key != key]

    def _reply(self, request: TurnRequest) -> TurnReply:
        said = [m for turn in request.history for m in (*turn.messages, Message("assistant", turn.text))]
        chat = [{"role": message.role, "content": message.content} for message in (*said, *request.messages)]
        text = self._tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        prompt = self._tokenizer.encode(text, add_special_tokens=False)
        room = min(request.max_new_tokens, self.window - len(prompt))
        if room < 1:
            return TurnReply(request.key, "", stop="context")
        ids = torch.tensor([prompt]).to(self._model.device)
        with torch.inference_mode(), attention_of_any_shape(self._model.device):
            whole = self._model.generate(
                ids, attention_mask=torch.ones_like(ids), max_new_tokens=room, do_sample=True, top_k=0
            )
        sampled = whole[0, len(prompt) :].tolist()
        zeros = array("f", [0.0] * len(sampled))
        return TurnReply(
            request.key,
            self._tokenizer.decode(sampled, skip_special_tokens=True),
            prompt_ids=array("i", prompt),
            sampled_ids=array("i", sampled),
            logprobs=zeros,
            entropies=zeros,
            decode_steps=len(sampled),
        )


def measure(say: Say) -> list[Case]:
    """Measures the tokens per second of both, and their ratio."""
    policy: Any = load_policy("tiny")
    torch.manual_seed(0)
    speeds = {}
    for name, trees in TREES.items():
        say(f"{name}: {REPEATS} times {trees} trees")
        actor = policy if name == "tiny/engine" else OneTurnAtATime(policy)
        speeds[name] = _tokens_per_second(actor, trees, policy)
    slow, fast = speeds["tiny/generate"], speeds["tiny/engine"]
    return [
        Case("tiny/generate", slow, "tokens/s"),
        Case("tiny/engine", fast, "tokens/s", "tiny/generate", fast / slow),
    ]


def _tokens_per_second(actor: Policy, trees: int, policy: Policy) -> float:
    fitting = suggested(policy)
    world = TextCraft.suited(fitting.player)
    tasks = world.tasks("dev")[:trees]
    found = []
    for seed in range(REPEATS):
        began = perf_counter()
        done = evaluate(world, actor, tasks=tasks, limits=fitting.limits, seed=seed, batch=trees)
        found.append(done.overall.tokens / (perf_counter() - began))
    return median(found)
