"""One call runs a tree: in a cell, a script or async code."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, overload

from rao_lab.api.defaults import suggested
from rao_lab.api.given import check_options
from rao_lab.api.goal import all_three
from rao_lab.api.keep import Keeper, check_new, keeping, told_of
from rao_lab.base.blame import listening
from rao_lab.base.calls import checked_call
from rao_lab.errors import CallbackError, InputError, Interrupted, RaoLabError
from rao_lab.execution.exclusive import sampled_at
from rao_lab.execution.executor import Executor, open_sandbox
from rao_lab.execution.judge.judge import taken_since
from rao_lab.execution.limits import Limits
from rao_lab.prompts import Prompt, chosen
from rao_lab.protocols import Environment, Judge, Policy
from rao_lab.tree import Agent, Event, Task, Tree, TreeHeader
from rao_lab.views.progress import Progress, in_notebook

POLL_SECONDS = 0.05
"""How often a cell that awaits a run looks: no interrupt reaches a cell that awaits without a timer (ipykernel
7.4)."""


@overload
def run(
    task: Task,
    environment: Environment,
    policy: Policy,
    *,
    limits: Limits | None = None,
    agent: Agent = "recursive",
    seed: int = 0,
    prompt: Prompt | None = None,
    temperature: float | None = None,
    judge: Judge | None = None,
    store: str | Path | None = None,
    progress: bool = True,
    on_event: Callable[[Event], None] | None = None,
    on_tick: Callable[[int], None] | None = None,
) -> Tree: ...
@overload
def run(
    *,
    goal: str,
    tools: Sequence[Callable[..., Any]] = (),
    verify: Callable[..., Any] | None = None,
    policy: Policy,
    limits: Limits | None = None,
    agent: Agent = "recursive",
    seed: int = 0,
    prompt: Prompt | None = None,
    temperature: float | None = None,
    judge: Judge | None = None,
    store: str | Path | None = None,
    progress: bool = True,
    on_event: Callable[[Event], None] | None = None,
    on_tick: Callable[[int], None] | None = None,
) -> Tree: ...
@checked_call
def run(
    task: Task | None = None,
    environment: Environment | None = None,
    policy: Policy | None = None,
    *,
    goal: str | None = None,
    tools: Sequence[Callable[..., Any]] | None = None,
    verify: Callable[..., Any] | None = None,
    limits: Limits | None = None,
    agent: Agent = "recursive",
    seed: int = 0,
    prompt: Prompt | None = None,
    temperature: float | None = None,
    judge: Judge | None = None,
    store: str | Path | None = None,
    progress: bool = True,
    on_event: Callable[[Event], None] | None = None,
    on_tick: Callable[[int], None] | None = None,
) -> Tree:
    """Runs one tree and returns it. Blocks; `rl.arun` does not.

        >>> tree = rl.run(env.tasks("test")[0], env, policy, seed=1)
        >>> tree.success
        1.0

    Or a goal of your own, with typed functions as tools (`rl.environment` has the rules); without tools, in plain
    Python:

        tree = rl.run(goal="How many words has ...?", tools=[word_count], policy=policy, verify=lambda n: n == 6)

    A policy works for one run at a time: this waits while another thread runs trees with it.

    Args:
        goal, tools, verify: in place of a task and its environment. Tools run outside the sandbox, in this process.
        limits: by default those that suit the policy (`rao_lab.api.defaults.suggested`).
        agent: "recursive", or "flat": the single-agent control without `launch_subagent`.
        seed: keys the sampling noise; the same seed gives the same tree on one machine type.
        prompt: the words that agents read: "codeact", "terse", the name of one that ships as files
            (`rl.prompts.list()`), a folder of template files, or a `Dialect`; by default the one the policy was
            made for.
        temperature: of sampling; by default what suits the policy.
        judge: scores nodes that the world cannot; by default a node takes its root's success.
        store: a new run file that keeps the tree, and is written while it grows.
        progress: in a notebook, a line says what runs, if it takes longer than two seconds.
        on_event: hears every event as it happens.
        on_tick: called before each decode step; it may block, which is a pause.

    Raises:
        Interrupted: Ctrl-C, or the stop button of a notebook; it has the tree so far.
        CallbackError: `on_event`, `on_tick` or a method of the environment or the policy raised an exception.
        ConfigError, InputError, MissingError: what was given does not fit together.
        RunFileError: `store` exists.
        UnavailableError: the policy is being trained in another thread, or `store` cannot be written.
    """
    task, environment, policy = all_three(task, environment, policy, goal, tools, verify)
    check_options(
        seed=seed,
        warmth=temperature,
        judge=judge,
        of_kind={"limits": (limits, Limits)},
        on_event=on_event,
        on_tick=on_tick,
    )
    check_new(store)
    hear = listening("on_event", on_event)
    words = chosen(prompt, policy)
    fitting = suggested(policy, environment)
    limits = limits or fitting.limits
    warmth = fitting.temperature if temperature is None else temperature
    about = told_of("run", environment, policy, limits, seed=seed, prompt=words, judge=judge, agent=agent)
    show = (
        in_notebook(policy, environment=environment, judge=judge)
        if progress
        else nullcontext(Progress(policy))
    )
    with (
        sampled_at(policy, warmth),
        open_sandbox(limits) as sandbox,
        show as shown,
        keeping(store, about) as keeper,
    ):
        executor = Executor(
            environment,
            policy,
            words,
            limits,
            sandbox=sandbox,
            agent=agent,
            judge=judge,
            on_event=shown.heard(None if hear is None else lambda _, event: hear(event)),
            on_tick=shown.ticked(listening("on_tick", on_tick)),
        )
        header = executor.header(TreeHeader(task, seed=seed))
        return executor.run([header])[0] if keeper is None else _kept_tree(executor, header, keeper)


def _kept_tree(executor: Executor, header: TreeHeader, keeper: Keeper) -> Tree:
    """Runs a tree that is kept while it grows, also if it is stopped."""
    heard = executor.on_event

    def happened(place: int, event: Event) -> None:
        keeper.event(header, event)
        if heard is not None:
            heard(place, event)

    executor.on_event = happened
    before = getattr(executor.judge, "usage", {})
    keeper.begin(0)
    try:
        (tree,) = executor.run([header])
    except Interrupted as stop:
        keeper.tree(stop.tree)
        keeper.end(judging=taken_since(executor.judge, before))
        raise
    except (CallbackError, InputError):
        with suppress(RaoLabError):  # the first error is the one to tell
            for each in (*executor.ended, *executor.stopped):
                keeper.tree(each)
            keeper.end(judging=taken_since(executor.judge, before))
        raise
    keeper.tree(tree)
    keeper.end(judging=taken_since(executor.judge, before))
    return tree


@overload
async def arun(
    task: Task,
    environment: Environment,
    policy: Policy,
    *,
    limits: Limits | None = None,
    agent: Agent = "recursive",
    seed: int = 0,
    prompt: Prompt | None = None,
    temperature: float | None = None,
    judge: Judge | None = None,
    store: str | Path | None = None,
    progress: bool = True,
    on_event: Callable[[Event], None] | None = None,
    on_tick: Callable[[int], None] | None = None,
) -> Tree: ...
@overload
async def arun(
    *,
    goal: str,
    tools: Sequence[Callable[..., Any]] = (),
    verify: Callable[..., Any] | None = None,
    policy: Policy,
    limits: Limits | None = None,
    agent: Agent = "recursive",
    seed: int = 0,
    prompt: Prompt | None = None,
    temperature: float | None = None,
    judge: Judge | None = None,
    store: str | Path | None = None,
    progress: bool = True,
    on_event: Callable[[Event], None] | None = None,
    on_tick: Callable[[int], None] | None = None,
) -> Tree: ...
@checked_call
async def arun(
    task: Task | None = None,
    environment: Environment | None = None,
    policy: Policy | None = None,
    *,
    goal: str | None = None,
    tools: Sequence[Callable[..., Any]] | None = None,
    verify: Callable[..., Any] | None = None,
    limits: Limits | None = None,
    agent: Agent = "recursive",
    seed: int = 0,
    prompt: Prompt | None = None,
    temperature: float | None = None,
    judge: Judge | None = None,
    store: str | Path | None = None,
    progress: bool = True,
    on_event: Callable[[Event], None] | None = None,
    on_tick: Callable[[int], None] | None = None,
) -> Tree:
    """`rl.run` in a thread, for async code; in a cell write `tree = await rl.arun(task, env, policy)`.

        >>> import asyncio
        >>> asyncio.run(rl.arun(task, env, policy)).success
        1.0

    If what awaits it is interrupted or cancelled, the run stops before its next decode step, and `arun`
    returns when the run's workers are gone. The tree so far is the `tree` of the `rl.Interrupted` or the
    `asyncio.CancelledError`.

    Args:
        all: as in `rl.run`; on_event and on_tick are called from the thread of the run.

    Raises:
        as `rl.run`.
    """
    task, environment, policy = all_three(task, environment, policy, goal, tools, verify)
    stop = threading.Event()

    def go_on(tick: int) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        if on_tick is not None:
            on_tick(tick)

    def work() -> Tree | Interrupted:
        try:
            return run(
                task,
                environment,
                policy,
                limits=limits,
                agent=agent,
                seed=seed,
                prompt=prompt,
                temperature=temperature,
                judge=judge,
                store=store,
                progress=progress,
                on_event=on_event,
                on_tick=go_on,
            )
        except Interrupted as stopped:
            return stopped  # an interrupt that comes out of a thread would end the loop

    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        while not running.done():
            await asyncio.wait({running}, timeout=POLL_SECONDS)
    except asyncio.CancelledError as cancelled:
        stop.set()
        await asyncio.wait({running})
        if running.exception() is None and isinstance(stopped := running.result(), Interrupted):
            cancelled.tree = stopped.tree  # type: ignore[attr-defined]
            cancelled.add_note(
                "the tree so far is the `tree` of this error: sys.last_value.tree in a notebook"
            )
        raise
    except KeyboardInterrupt:
        stop.set()
        await asyncio.wait({running})
    found = running.result()
    if isinstance(found, Interrupted):
        raise found
    return found
