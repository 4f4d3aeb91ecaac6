"""Tokens a second of the engine, beside three ways that transformers has to write the same turns.

    generate     `generate` for one turn at a time
    padded       `generate` for all turns that wait, padded on the left; the next ones wait for the longest
    continuous   the continuous batching of transformers: its thread, pages and prefixes are warm
    engine       the engine of this lab

MODEL/WAY is end to end: the same tasks by the same executor, sandbox and world, whole trees. MODEL/A x T/WAY is writing
alone: A agents take turns of exactly T tokens each, after prompts of random ids that are new in every round. A model of
chat size begins with a prompt that all agents share.

The ways take turns round after round, and each ratio is of one round. `generate` by itself is timed for few agents,
since each takes as long as the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
import torch
from transformers.utils import logging

from rao_lab.api.defaults import suggested
from rao_lab.base.threads import computing
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import MissingError
from rao_lab.evaluation.evaluate import evaluate
from rao_lab.experiments.bench.actors import Actor
from rao_lab.experiments.bench.cases import Case, Say, paired
from rao_lab.experiments.bench.ways import Continuous, OneByOne, Ours, Padded, Way
from rao_lab.policies.load import load_policy
from rao_lab.protocols import NodeKey
from rao_lab.tree import ROOT

WAYS = ("generate", "padded", "continuous", "engine")
LEAST, MOST, ENOUGH = 2, 7, 6.0
"""Rounds of a figure: at least and at most so many, and no more after so many seconds."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured of a model."""

    model: str
    sizes: Sequence[tuple[int, int]]
    """Agents, and tokens a turn."""
    shared: int
    """Tokens of the prompt that all agents have in common."""
    own: int
    more: int
    """Tokens that an agent reads between two turns."""
    turns: int
    alone: int
    """Agents that `generate` is timed for."""
    trees: int
    at_once: int
    """The most agents of these trees that run together."""
    context: int
    """The most tokens that one of them holds."""
    limits: Mapping[str, int]
    """Bounds of whole trees, if they are not those that suit the model."""


TINY = Plan(
    "tiny",
    ((1, 8), (8, 8), (64, 4), (64, 8), (64, 24), (512, 8)),
    shared=0,
    own=16,
    more=4,
    turns=4,
    alone=2,
    trees=64,
    at_once=512,
    context=128,
    limits={},
)
SMOL = Plan(
    "smollm2",
    ((1, 8), (8, 4), (8, 8), (8, 24), (64, 8)),
    shared=32,
    own=16,
    more=8,
    turns=2,
    alone=1,
    trees=2,
    at_once=2,
    context=1536,
    limits={"max_turns": 2, "max_new_tokens": 16, "max_depth": 0, "context_window": 1536},
)
QUICK = replace(TINY, sizes=((64, 8),), trees=32)


def measure(say: Say, quick: bool = False) -> list[Case]:
    """Measures the embedded policy, and SmolLM2 if it has been fetched."""
    cases: list[Case] = []
    for plan, policy in loaded((QUICK,) if quick else (TINY, SMOL), say):
        for case in measured(policy, plan, say):
            cases.append(case)
            if case.name.endswith("/engine"):
                say(f"{case.name}: {case.median:,.0f} tokens/s, {said(case)}")
    return cases


def loaded(plans: Sequence[Plan], say: Say) -> Iterator[tuple[Plan, Any]]:
    """Each plan with its model, if that is here."""
    for plan in plans:
        try:
            policy = load_policy(plan.model)
        except MissingError as missing:
            say(f"{plan.model} is left out: {missing}")
            continue
        yield plan, policy


def said(case: Case) -> str:
    """What a case is compared with, in words."""
    return ", ".join(
        f"{ratio:.2f} x {name.rpartition('/')[2]}" for name, (_, ratio, _) in case.ratios.items()
    )


def measured(policy: Any, plan: Plan, say: Say) -> Iterator[Case]:
    """The cases of one model: end to end first, then writing alone."""
    torch.manual_seed(0)
    logging.set_verbosity_error()  # `generate` warns if padding reaches beyond a window
    with ExitStack() as stack:
        stack.enter_context(computing(policy.threads))
        stops = _stops(policy)
        actors: dict[str, Any] = {"engine": policy}
        for name, way in _ways(policy.model, stops, plan.at_once, plan.context).items():
            stack.callback(way.close)
            if name != "engine":
                actors[name] = Actor(name, policy, way, stops)
        say(f"{plan.model}: {plan.trees} whole trees, {torch.get_num_threads()} threads")
        works = {name: _trees(actors[name], policy, plan) for name in WAYS}
        yield from _rounds(plan.model, works)
    length = plan.shared + plan.own + plan.turns * (max(each for _, each in plan.sizes) + plan.more)
    most = max(agents for agents, _ in plan.sizes)
    with ExitStack() as stack:
        stack.enter_context(computing(policy.threads))
        ways = _ways(policy.model, (), most, length)
        for way in ways.values():
            stack.callback(way.close)
        for agents, tokens in plan.sizes:
            name = f"{plan.model}/{agents} x {tokens}"
            say(f"{name}: so many agents, so many tokens a turn")
            works = {each: _turns(ways[each], each, policy, plan, agents, tokens) for each in WAYS}
            yield from _rounds(name, works)


def _stops(policy: Any) -> list[int]:
    """Ids that end a turn."""
    named = policy.model.generation_config.eos_token_id
    listed = named if isinstance(named, list) else [named]
    return sorted({stop for stop in (*listed, policy.tokenizer.eos_token_id) if stop is not None})


def _ways(model: Any, stops: Sequence[int], agents: int, length: int) -> dict[str, Way]:
    return {
        "generate": OneByOne(model, stops),
        "padded": Padded(model, stops),
        "continuous": Continuous(model, stops, agents, length),
        "engine": Ours(model, stops, length),
    }


Work = Callable[[int], int]
"""One round, by its number; how many tokens were sampled."""


def _rounds(name: str, works: Mapping[str, Work]) -> list[Case]:
    """Tokens a second of each way, in rounds in which they take turns, the last of one round first in the next."""
    found: dict[str, list[float]] = {f"{name}/{way}": [] for way in WAYS}
    began = perf_counter()
    turn = 0
    while turn < LEAST or (turn < MOST and perf_counter() - began < ENOUGH):
        for way in WAYS if turn % 2 else reversed(WAYS):
            started = perf_counter()
            tokens = works[way](turn)
            found[f"{name}/{way}"].append(tokens / (perf_counter() - started))
        turn += 1
    return paired(found, "tokens/s", [f"{name}/{way}" for way in WAYS[:-1]])


def _trees(actor: Any, policy: Any, plan: Plan) -> Work:
    """Whole trees: the same tasks in every round, so that pages and prefixes are warm where they may be."""
    fitting = suggested(policy)
    world = TextCraft.suited(fitting.player)
    tasks = world.tasks("dev")[: plan.trees]
    limits = replace(fitting.limits, **dict(plan.limits))

    def work(turn: int) -> int:
        if actor is policy:
            policy.clear_cache()
        found = evaluate(world, actor, tasks=tasks, limits=limits, seed=turn, batch=plan.trees)
        return found.overall.tokens or 0

    return work


def _turns(way: Way, name: str, policy: Any, plan: Plan, agents: int, tokens: int) -> Work:
    timed = min(agents, plan.alone) if name == "generate" else agents

    def work(turn: int) -> int:
        return play(way, plan, timed, tokens, policy.model.config.vocab_size, seed=turn * 1000 + agents)

    return work


def play(way: Way, plan: Plan, agents: int, tokens: int, vocabulary: int, seed: int) -> int:
    """Every agent takes its turns, as fast as its way lets it; tokens that were sampled."""
    dice = np.random.default_rng(seed)
    way.fresh()
    shared = dice.integers(vocabulary, size=plan.shared).tolist()
    told = dice.integers(vocabulary, size=(agents, plan.turns, plan.more)).tolist()
    contexts: dict[NodeKey, list[int]] = {}
    for agent in range(agents):
        key = (agent, ROOT)
        contexts[key] = [*shared, *dice.integers(vocabulary, size=plan.own).tolist()]
        way.submit(key, contexts[key], tokens)
    left = dict.fromkeys(contexts, plan.turns)
    sampled = 0
    while left:
        for turn in way.tick():
            sampled += len(turn.ids)
            left[turn.key] -= 1
            if not left[turn.key]:
                del left[turn.key]
                continue
            contexts[turn.key] += [*turn.ids, *told[turn.key[0]][left[turn.key]]]
            way.submit(turn.key, contexts[turn.key], tokens)
    return sampled
