"""What the processor does while turns and trees are written: shares of its time, by parts.

    forward     the model's forward pass
    engine      the rest of the engine: sampling, rows, cache
    texts       prompts and replies between text and token ids
    sandbox     the code of turns, without what it calls
    world       what it calls, and the tasks
    events      the executor, events and records

The clock is that of the thread, so other processes count for nothing, though they make memory slower. MODEL/64 trees
is whole trees, as `rollout` runs them end to end; MODEL/64 agents is writing alone. The last two figures are bounds:
how many times as fast the whole would be if the forward pass took no time, and if nothing else did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from time import thread_time
from typing import Any

from rao_lab.api.defaults import suggested
from rao_lab.base.threads import computing
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.evaluation.evaluate import evaluate
from rao_lab.execution.executor import open_sandbox
from rao_lab.experiments.bench.cases import Case, Say
from rao_lab.experiments.bench.rollout import SMOL, TINY, Plan, loaded, play
from rao_lab.experiments.bench.ways import Ours

PARTS = ("forward", "engine", "texts", "sandbox", "world", "events")
ROUNDS = 3
AGENTS, TOKENS = 64, 8


class Clock:
    """Seconds of this thread by part. A part that calls another one does not count what that takes."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self.rows: list[int] = []
        """Agents that each decode step had."""
        self._inner = [0.0]

    def part(self, name: str, owner: Any, *methods: str) -> None:
        """These methods of an object are a part."""
        for method in methods:
            setattr(owner, method, self.timed(name, getattr(owner, method)))

    def timed(self, name: str, called: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(called)
        def call(*given: Any, **named: Any) -> Any:
            began = thread_time()
            self._inner.append(0.0)
            try:
                return called(*given, **named)
            finally:
                took = thread_time() - began
                self.spent[name] = self.spent.get(name, 0.0) + took - self._inner.pop()
                self._inner[-1] += took

        return call

    def engine(self, engine: Any) -> None:
        """An engine has two parts; the size of its decode steps is noted."""
        logits = self.timed("forward", engine.forward.logits)

        def noted(feed: Any) -> Any:
            self.rows.append(len(feed.counts))
            return logits(feed)

        engine.forward.logits = noted
        self.part("engine", engine, "submit", "tick", "forget", "clear")


def measure(say: Say, quick: bool = False) -> list[Case]:
    """Measures the embedded policy, and SmolLM2 if it has been fetched."""
    cases: list[Case] = []
    for plan, policy in loaded((TINY,) if quick else (TINY, SMOL), say):
        with computing(policy.threads):
            cases += _writing(policy, plan, say)
            cases += _trees(policy, plan, say)
    return cases


def _writing(policy: Any, plan: Plan, say: Say) -> Iterator[Case]:
    """Turns alone."""
    clock = Clock()
    length = plan.shared + plan.own + plan.turns * (TOKENS + plan.more)
    way = Ours(policy.model, (), length)
    clock.engine(way.engine)
    name = f"{plan.model}/{AGENTS} agents"
    say(f"{name}, {TOKENS} tokens a turn")
    for turn in range(ROUNDS if plan is TINY else 1):
        play(way, plan, AGENTS, TOKENS, policy.model.config.vocab_size, turn)
    way.close()
    yield from _cases(name, clock)


def _trees(policy: Any, plan: Plan, say: Say) -> Iterator[Case]:
    """Whole trees."""
    clock = Clock()
    fitting = suggested(policy)
    world = TextCraft.suited(fitting.player)
    limits = replace(fitting.limits, **dict(plan.limits))
    tasks = world.tasks("dev")[: plan.trees]
    opened = world.open

    def timed_world(task: Any) -> Any:
        made = opened(task)
        clock.part("world", made, "root", "admit", "enter", "call", "leave")
        return made

    name = f"{plan.model}/{plan.trees} trees"
    say(name)
    clock.engine(policy._engine)
    clock.part("texts", policy, "submit", "tick", "forget", "clear_cache")
    with open_sandbox(limits) as sandbox:
        clock.part("sandbox", sandbox, "run", "resume")
        world.open = timed_world  # type: ignore[method-assign]
        clock.part("world", world, "open", "_make")
        whole = clock.timed("events", evaluate)
        for turn in range(ROUNDS if plan is TINY else 1):
            policy.clear_cache()
            whole(world, policy, tasks=tasks, limits=limits, sandbox=sandbox, seed=turn, batch=plan.trees)
    yield from _cases(name, clock)


def _cases(name: str, clock: Clock) -> Iterator[Case]:
    spent, total = clock.spent, sum(clock.spent.values())
    for part in PARTS:
        if part in spent:
            yield Case(f"{name}/{part}", 100 * spent[part] / total, "% of the time")
    yield Case(f"{name}/agents a decode step", sum(clock.rows) / len(clock.rows), "agents")
    yield Case(f"{name}/if forward were free", total / (total - spent["forward"]), "times as fast")
    yield Case(f"{name}/if only forward took time", total / spent["forward"], "times as fast")
