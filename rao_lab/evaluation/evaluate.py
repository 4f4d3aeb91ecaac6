"""How well a policy does on tasks, with intervals: recursive and flat under the same budgets.

Tasks run through the executor that training uses, in batches of fixed composition, so that equal seeds
give equal trees. Success is the root's; trees that were not scored (a lost worker, endpoint or judge)
are counted apart and left out of the share. The flat agent has the whole tree's turns in its one
context, and its success is read beside the flat ceiling: the share of tasks whose shortest known flat
transcript fits that context (`ceiling.py` says which transcripts), and beside its success on those tasks.
The one tells lack of room, the other lack of skill.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol, TypedDict

from rao_lab.base.cell import table_html
from rao_lab.base.checks import choice
from rao_lab.base.safe_text import quoted
from rao_lab.base.words import counted
from rao_lab.errors import CallbackError, ConfigError, InputError, Interrupted, RaoLabError
from rao_lab.evaluation.over import OnTrees, Over
from rao_lab.evaluation.rows import labels_of
from rao_lab.evaluation.summary import FIGURES, Summary, figures, summary_of, summary_words
from rao_lab.evaluation.usage import usage_words
from rao_lab.execution.asked import others, tasks_of
from rao_lab.execution.exclusive import sampled_at
from rao_lab.execution.executor import Executor, open_sandbox
from rao_lab.execution.judge.judge import taken_since
from rao_lab.execution.judge.judge import usage_words as judging_words
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.prompts import Prompt, chosen
from rao_lab.protocols import Environment, Graded, Judge, Policy
from rao_lab.tree import AGENTS, Agent, Event, Status, Task, Tree, TreeHeader
from rao_lab.tree.kinds import KindFigures, by_kind, tree_kind
from rao_lab.tree.told_counts import usage_told

BATCH = 64
"""Trees that run at once: enough to fill a generation batch, fixed so that results repeat."""

Fits = Callable[[Task, int], bool | None]
"""Whether the task's shortest flat transcript fits a window of so many tokens; None = not known."""


FIRST_ENDED = "tasks that ended first, which are not a fair sample"


@dataclass(frozen=True, repr=False)
class Evaluation:
    """One policy, one agent, one set of tasks.

    >>> found = rl.evaluate(env, policy, tasks=4)
    >>> found.success, found.overall.tasks, sorted(found.by_difficulty)
    (1.0, 4, ['medium'])
    """

    agent: str
    policy: str
    policy_version: int
    limits: Limits
    temperature: float | None
    """Of sampling; None if the policy has none."""
    overall: Summary
    by_difficulty: Mapping[str, Summary]
    """Easiest first; one entry "" if tasks carry no difficulty."""
    seconds: float
    trees: tuple[Tree, ...] = field(repr=False)
    """In task order."""
    clock: str = ""
    """The day that the policy's chat template was told; "" if it does not ask."""
    usage: Mapping[str, float] = field(default_factory=dict)
    """Of a server: requests, retries and tokens as it counts them, and the cost if it has prices."""
    judge: str = ""
    """Who judged what the world could not score, if a policy did."""
    judging: Mapping[str, float] = field(default_factory=dict)
    """What that took: verdicts, calls, tokens, seconds, and the cost if it has prices."""
    by_kind: Mapping[str, KindFigures] = field(default_factory=dict)
    """By the kind of question that the environment says tasks and launches have; empty if it says nothing."""
    asked: int = 0
    """Tasks that were to be run: more than `overall.tasks` if it was stopped before all were begun."""

    @property
    def prompt(self) -> str:
        """The name of the prompt that its agents read."""
        return self.trees[0].root.template if self.trees else ""

    @property
    def success(self) -> float | None:
        return self.overall.success

    @property
    def interval(self) -> tuple[float, float]:
        return self.overall.low, self.overall.high

    @property
    def stopped(self) -> bool:
        """Whether it was stopped before all tasks had ended: those that ended first are no fair sample of them."""
        cancelled = any(tree.root.status is Status.CANCELLED for tree in self.trees)
        return cancelled or self.overall.tasks < self.asked

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON without the trees."""
        return {
            **self.overall.to_dict(),
            **({"stopped": f"success is of the {FIRST_ENDED}"} if self.stopped else {}),
            "seconds": round(self.seconds, 3),
            "agent": self.agent,
            "policy": self.policy,
            "policy_version": self.policy_version,
            "temperature": self.temperature,
            **({"prompt": self.prompt} if "@" in self.prompt else {}),  # one of files
            **({"clock": self.clock} if self.clock else {}),
            **({"usage": usage_told(self.usage)} if self.usage else {}),
            **({"judge": {"name": self.judge, **usage_told(self.judging)}} if self.judging else {}),
            **({"asked": self.asked} if self.overall.tasks < self.asked else {}),
            "by_difficulty": {name: part.to_dict() for name, part in self.by_difficulty.items()},
            **(
                {"by_kind": {kind: part.to_dict() for kind, part in self.by_kind.items()}}
                if self.by_kind
                else {}
            ),
        }

    def __str__(self) -> str:
        warmth = "" if self.temperature is None else f", temperature {self.temperature:g}"
        words = f", {self.prompt}" if "@" in self.prompt else ""
        flat = self.agent == "flat"
        lines = [
            f"{self.policy}, {self.agent}{words}{warmth}: {summary_words(self.overall, flat=flat)}, "
            f"{self.seconds:.1f} s in all"
        ]
        if len(self.by_difficulty) > 1:
            lines += [
                f"  {name:<8} {summary_words(part, why=False, flat=flat)}"
                for name, part in self.by_difficulty.items()
            ]
        lines += [f"  {kind:<11} {part.words()}" for kind, part in self.by_kind.items()]
        if self.overall.tasks < self.asked:
            lines[0] = (
                f"stopped: {self.overall.tasks:,} of {counted(self.asked, 'task')} were begun; {lines[0]}"
            )
        lines += [f"  stopped: this is of the {FIRST_ENDED}"] if self.stopped else []
        lines += [f"  server: {usage_words(self.usage)}"] if self.usage else []
        lines += [f"  judge: {judging_words(self.judge, self.judging)}"] if self.judging else []
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        first, *notes = str(self).splitlines()
        parts = {"all": self.overall, **(self.by_difficulty if len(self.by_difficulty) > 1 else {})}
        notes = [line.strip() for line in notes if line.strip().split(" ")[0] not in self.by_difficulty]
        return table_html(
            f"{self.policy}, {self.agent}",
            ("", *FIGURES),
            [(name, *figures(part)) for name, part in parts.items()],
            [first, *notes],
        )


class Record(Protocol):
    """What keeps the trees of evaluations: each evaluation is a step, from 0, or from 1 if there are several."""

    def begin(self, step: int) -> None: ...
    def event(self, header: TreeHeader, event: Event) -> None: ...
    def tree(self, tree: Tree) -> None:
        """A tree has ended, or was stopped. What is kept already is passed over."""
        ...

    def end(self, found: Evaluation) -> None: ...


class Options(TypedDict, total=False):
    """What `evaluate` takes by name; `compare` hands it on."""

    seed: int
    prompt: Prompt | None
    fits: Fits | None
    judge: Judge | None
    sandbox: Sandbox | None
    temperature: float | None
    batch: int | None
    record: Record | None
    done: Mapping[int, Tree]
    on_event: Callable[[int, Event], None] | None
    on_trees: OnTrees | None
    on_tick: Callable[[int], None] | None


def evaluate(
    environment: Environment,
    policy: Policy,
    agent: Agent = "recursive",
    tasks: int | Sequence[Task] = 100,
    limits: Limits | None = None,
    *,
    split: str = "test",
    seed: int = 0,
    prompt: Prompt | None = None,
    fits: Fits | None = None,
    judge: Judge | None = None,
    sandbox: Sandbox | None = None,
    temperature: float | None = None,
    batch: int | None = None,
    record: Record | None = None,
    step: int = 0,
    attempt: int = 0,
    places: Sequence[int] | None = None,
    done: Mapping[int, Tree] = MappingProxyType({}),
    on_event: Callable[[int, Event], None] | None = None,
    on_trees: OnTrees | None = None,
    on_tick: Callable[[int], None] | None = None,
) -> Evaluation:
    """Runs every task once and sums up.

    Args:
        tasks: the tasks, or how many of `split` to take from its beginning.
        limits: per tree; for the flat agent see `flat_limits`.
        seed: keys the sampling noise, together with the place of the task.
        prompt: by default the policy's own.
        fits: tells the flat ceiling; without it, it is None.
        sandbox: where code runs; without one, one is made and closed.
        temperature: of sampling in this evaluation; None = as the policy samples now.
        batch: trees run at once; another number may give other trees if rows of a batch interact. None = 64, or
            as many as keep a server busy.
        record: keeps the trees, as this `step`.
        attempt: which try at the tasks this is, from 0: another one has other noise.
        places: of the tasks, by which they are recorded; by default they are counted.
        done: trees that ran before, by these places; they are not run again.
        on_event: hears every event of every tree, after the place of its task.
        on_trees: told (done, all) as each tree ends, and at the beginning if some ran before.
        on_tick: called before each decode step; a raise from it stops the evaluation.

    Raises:
        Interrupted: Ctrl-C; it has the trees so far, and their evaluation.
        ConfigError: an unknown agent, or a batch below 1.
        InputError: no tasks.
        MissingError: an unknown split or prompt.
    """
    choice("agent", agent, AGENTS)
    batch = _usual_batch(policy) if batch is None else batch
    if batch < 1:
        raise ConfigError(f"batch={batch} means nothing: give at least 1")
    limits = limits or Limits()
    if agent == "flat":
        limits = flat_limits(limits)
    words = chosen(prompt, policy)
    given = chosen_tasks(environment, tasks, split)
    started, used = time.monotonic(), dict(getattr(policy, "usage", {}))
    judged = getattr(judge, "usage", {})
    trees: list[Tree] = []
    headers: list[TreeHeader] = []

    due: list[int] = []

    def happened(place: int, event: Event) -> None:
        if record is not None:
            record.event(headers[due[place]], event)
        if on_event is not None:
            on_event(due[place], event)

    def summed_up() -> Evaluation:
        window = min(limits.context_window, policy.window) if policy.window else limits.context_window
        names = environment.difficulties if isinstance(environment, Graded) else ()
        took = time.monotonic() - started
        found = summarize(trees, agent, policy, limits, took, fits, window, names)
        now = getattr(policy, "usage", {})
        usage = {name: now[name] - used.get(name, 0) for name in now}
        found = replace(found, usage=usage, asked=len(given), judging=taken_since(judge, judged))
        found = replace(found, by_kind=by_kind(trees, lambda tree: task_kind(tree, environment)))
        found = replace(found, judge=str(getattr(judge, "name", ""))) if found.judging else found
        if record is not None:
            for tree in trees:
                record.tree(tree)
            record.end(found)
        return found

    with (
        sampled_at(policy, temperature),
        nullcontext(sandbox) if sandbox is not None else open_sandbox(limits) as place,
    ):
        executor = Executor(
            environment, policy, words, limits, sandbox=place, agent=agent, judge=judge, on_tick=on_tick
        )
        executor.on_event = None if record is None and on_event is None else happened
        headers += [
            executor.header(TreeHeader(task, seed=seed, group=row, rollout=attempt))
            for row, task in zip(places or range(len(given)), given, strict=True)
        ]
        if record is not None:
            record.begin(step)
        try:
            before = sum(each.group in done for each in headers)
            keep = None if record is None else record.tree
            executor.on_tree = Over(on_trees, before, len(given), keep).ended
            for start in range(0, len(headers), batch):
                whole = range(start, min(start + batch, len(headers)))
                due[:] = [at for at in whole if headers[at].group not in done]
                made = zip(due, executor.run([headers[at] for at in due]), strict=True)
                trees += _in_order(whole, headers, done, dict(made))
        except Interrupted as stop:
            trees += _in_order(range(len(trees), len(headers)), headers, done, dict(zip(due, stop.trees)))
            raise Interrupted(trees, summed_up()) from None
        except (CallbackError, InputError) as error:
            begun = {tree.header.group: tree for tree in (*executor.ended, *executor.stopped)}
            now = {at: begun[each.group] for at, each in enumerate(headers) if each.group in begun}
            trees += _in_order(range(len(trees), len(headers)), headers, done, now)
            with suppress(RaoLabError):  # the first error is the one to tell
                found = summed_up()
                if isinstance(error, CallbackError):
                    error.evaluation = found
            raise
        return summed_up()


def _in_order(
    places: Iterable[int], headers: Sequence[TreeHeader], done: Mapping[int, Tree], made: Mapping[int, Tree]
) -> Iterator[Tree]:
    """The trees at these places, in order: those that ran before, and those that were made now."""
    for at in places:
        if at in made:
            yield made[at]
        elif headers[at].group in done:
            yield done[headers[at].group]


def _usual_batch(policy: Policy) -> int:
    """A server works on so many requests at once: more trees than keep it busy would only wait, and grow old."""
    at_once = getattr(policy, "concurrency", None)
    return min(BATCH, 2 * at_once) if isinstance(at_once, int) else BATCH


def task_kind(tree: Tree, environment: Environment) -> str:
    """The kind of a tree's task: as the environment labels it, otherwise as its root's arguments say."""
    with suppress(CallbackError):  # rows say what is wrong with labels; here all trees would be lost with it
        if isinstance(kind := labels_of(tree.task, environment).get("kind"), str):
            return kind
    return tree_kind(tree)


def flat_limits(limits: Limits) -> Limits:
    """Equal budgets: the one node of the flat agent may use the turns of a whole tree."""
    return replace(limits, max_turns=max(limits.max_turns, limits.max_tree_turns))


def summarize(
    trees: Sequence[Tree],
    agent: str,
    policy: Policy,
    limits: Limits,
    seconds: float,
    fits: Fits | None = None,
    window: int = 0,
    difficulties: Sequence[str] = (),
) -> Evaluation:
    """The evaluation that finished trees amount to; `difficulties` tells the order of the known names."""
    room = [fits(tree.task, window) if fits is not None else None for tree in trees]
    kind: str = getattr(fits, "of", "")
    bands: dict[str, list[int]] = {}
    for at, tree in enumerate(trees):
        bands.setdefault(tree.task.difficulty, []).append(at)
    return Evaluation(
        agent,
        policy.name,
        policy.version,
        limits,
        getattr(policy, "temperature", None),
        summary_of(trees, room, kind),
        {
            name: summary_of([trees[at] for at in bands[name]], [room[at] for at in bands[name]], kind)
            for name in dict.fromkeys([*difficulties, *bands])
            if name in bands
        },
        seconds,
        tuple(trees),
        getattr(policy, "clock", ""),
    )


def chosen_tasks(environment: Environment, tasks: int | Sequence[Task], split: str) -> Sequence[Task]:
    """The tasks themselves, or the first so many of a split.

    Raises:
        ConfigError: fewer than one is asked for.
        InputError: there are none.
    """
    if isinstance(tasks, int):
        if tasks < 1:
            raise ConfigError(f"tasks={tasks} means nothing: give at least 1")
        tasks = tasks_of(environment, split)[:tasks]
        if not tasks:
            raise InputError(f"split {quoted(split)} of {environment.name} has no tasks{others(environment)}")
    if not tasks:
        raise InputError(f"there are no tasks to evaluate in split {split!r} of {environment.name}")
    return tasks
