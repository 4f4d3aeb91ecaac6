"""How good a policy is, with the limits, temperature and flat ceiling that suit it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rao_lab.api.defaults import suggested
from rao_lab.api.given import check_environment, check_options, check_policy, check_tasks
from rao_lab.api.keep import check_new, keeping, told_of
from rao_lab.api.keep_evaluation import check_evaluation, keeping_evaluation, more_of_evaluation
from rao_lab.api.reopen import set_alike
from rao_lab.base.blame import listening
from rao_lab.base.calls import checked_call
from rao_lab.base.checks import flag, whole
from rao_lab.base.safe_text import quoted
from rao_lab.errors import ConfigError
from rao_lab.evaluation import compare as comparison
from rao_lab.evaluation import evaluate as evaluation
from rao_lab.evaluation.attempts import MOST_TRIES
from rao_lab.evaluation.budgets import Budget
from rao_lab.evaluation.ceiling import FlatFits, flat_fits
from rao_lab.evaluation.compare import Comparison
from rao_lab.evaluation.evaluate import Evaluation, Fits, Options
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.prompts import Prompt, find
from rao_lab.protocols import Environment, Judge, Policy
from rao_lab.store import Run
from rao_lab.tree import AGENTS, Agent, Event, Task
from rao_lab.views.progress import in_notebook


@checked_call
def evaluate(
    environment: Environment,
    policy: Policy,
    agent: Agent = "recursive",
    tasks: int | Sequence[Task] = 100,
    limits: Limits | None = None,
    temperature: float | None = None,
    *,
    split: str = "test",
    seed: int = 0,
    prompt: Prompt | None = None,
    fits: Fits | None = None,
    judge: Judge | None = None,
    store: str | Path | None = None,
    resume: bool = False,
    sandbox: Sandbox | None = None,
    batch: int | None = None,
    progress: bool = True,
    on_event: Callable[[int, Event], None] | None = None,
    on_trees: Callable[[int, int], None] | None = None,
    on_tick: Callable[[int], None] | None = None,
) -> Evaluation:
    """Runs every task once and sums up.

        >>> found = rl.evaluate(env, policy, tasks=4)
        >>> found.success, found.interval
        (1.0, (0.5101..., 1.0))
        >>> print(found)
        scripted, recursive: success 1.00 [0.51, 1.00] on 4 tasks...

    Args:
        agent: "recursive", or "flat": the single-agent control without `launch_subagent`.
        tasks: the tasks, or how many of `split` to take from its beginning.
        limits: of a tree; by default those that suit the policy. The flat agent's one node may use the turns
            of a whole tree.
        temperature: of sampling; by default what suits the policy.
        seed: keys the sampling noise, together with the place of the task.
        prompt: the words that agents read, as in `rl.run`: a name, a folder of template files, or a `Dialect`.
        fits: tells which tasks fit one context, for the flat ceiling; by default it is told if it is known.
        judge: scores nodes that the world cannot; by default a node takes its root's success.
        store: a new run file that keeps all trees. It is written as they grow: if the program is killed, those that
            had ended are there.
        resume: go on in `store`: the trees that ended stay, and the others are run, with the same noise. Policy,
            tasks and settings must be as they were. Seconds, and what a server counts, are of this call alone.
        sandbox: for the code that nodes write; by default one is made and closed.
        batch: trees run at once; another number may give other trees if rows of a batch interact. By default 64, or
            as many as keep a server busy.
        progress: in a notebook, a line says what runs, if it takes longer than two seconds.
        on_event: hears every event of every tree, after the place of its task.
        on_trees: told (done, all) as each tree ends, and at the beginning if some ran before.
        on_tick: called before each decode step; it may block, which is a pause.

    Raises:
        Interrupted: Ctrl-C, or the stop button of a notebook; it has the trees so far, and their evaluation.
        CallbackError: a function that you gave, or a method of the environment or the policy, raised an exception.
        ConfigError: an unknown agent, or a batch below 1.
        InputError: no tasks.
        MissingError: an unknown split or prompt.
        RunFileError: `store` exists, and `resume` is false or it is no evaluation.
        UnavailableError: the policy is being trained in another thread, or `store` cannot be written.
    """
    order = "rl.evaluate(environment, policy)"
    check_environment(environment, order)
    check_policy(policy, order)
    options = Options(
        seed=seed,
        prompt=prompt,
        fits=fits,
        judge=judge,
        sandbox=sandbox,
        temperature=temperature,
        batch=batch,
        on_event=on_event,
        on_trees=on_trees,
        on_tick=on_tick,
    )
    flag("resume", resume)
    if resume and store is None:
        raise ConfigError("resume=True means nothing without store: name the run file of the evaluation")
    limits = _settled(environment, policy, tasks, limits, split, options)
    check_evaluation(store, resume)
    set_alike(store, resume, policy)
    chosen = evaluation.chosen_tasks(environment, tasks, split)
    about = _told("evaluation", environment, policy, limits, options, agent=agent)
    about |= more_of_evaluation(policy, chosen, batch)
    with (
        keeping_evaluation(store, about, resume) as (options["record"], options["done"]),
        _watched(policy, chosen, 1, options, progress),
    ):
        return evaluation.evaluate(environment, policy, agent, chosen, limits, split=split, **options)


@checked_call
def compare(
    environment: Environment,
    policies: Policy | Mapping[str, Policy],
    agents: Sequence[Agent] = AGENTS,
    tasks: int | Sequence[Task] = 100,
    limits: Limits | None = None,
    temperature: float | None = None,
    *,
    split: str = "test",
    seed: int = 0,
    prompt: Prompt | None = None,
    fits: Fits | None = None,
    judge: Judge | None = None,
    store: str | Path | None = None,
    sandbox: Sandbox | None = None,
    batch: int | None = None,
    repeats: int = 1,
    budget: str | Mapping[str, float] | None = None,
    progress: bool = True,
    on_trees: Callable[[int, int], None] | None = None,
    on_tick: Callable[[int], None] | None = None,
) -> Comparison:
    """Evaluates every policy as every agent on the same tasks, under the same limits and perhaps an equal budget.

        >>> found = rl.compare(env, policy, agents=["recursive", "flat"], tasks=4, budget="turns")
        >>> print(found.differences[0].difference, found.measures[-1].name)
        0.0 within the budget
        >>> found.save_html("compared.html")

    With a budget, everyone tries a task again and again until it is used up: who is cheap has more tries. A try that
    goes over it counts for nothing. `found.measures` has pass@k and success within the budget, with intervals over
    tasks that are paired, and clustered by what the environment says is alike (`labels`).

    Args:
        policies: one, or several by name; a name is put before the agent's ("trained recursive").
        repeats: tries at each task by everyone, for pass@k.
        budget: what everyone may spend on a task: "tokens" (generated), "turns" or "seconds", as much as the first try
            of the dearest took on that task; or so much of it, as in "tokens=400" or {"tokens": 400}. Seconds depend on
            `batch`, since trees run beside each other. None = one try, or `repeats`, and the limits alone.
        limits, temperature, fits: by default those that suit the first policy.
        store: a new run file that keeps all trees, each evaluation as a step from 1; `run.config["evaluations"]` names
            them.
        the others: as in `rl.evaluate`.

    Raises:
        as `rl.evaluate`.
    """
    _check_compared(environment, policies, agents)
    spent, repeats = Budget.read(budget), whole("repeats", repeats, least=1, most=MOST_TRIES)
    options = Options(
        seed=seed,
        prompt=prompt,
        fits=fits,
        judge=judge,
        sandbox=sandbox,
        temperature=temperature,
        batch=batch,
        on_event=None,
        on_trees=on_trees,
        on_tick=on_tick,
    )
    first = next(iter(policies.values())) if isinstance(policies, Mapping) else policies
    limits = _settled(environment, first, tasks, limits, split, options)
    check_new(store)
    names = list(policies) if isinstance(policies, Mapping) else [""]
    titles = [comparison.title(name, agent) for name in names for agent in agents]
    more: dict[str, Any] = {} if repeats == 1 else {"repeats": repeats}
    more |= {} if spent is None else {"budget": str(spent)}
    about = _told("comparison", environment, first, limits, options, evaluations=titles, **more)
    watched = _watched(first, tasks, len(titles) * repeats, options, progress)
    plan: dict[str, Any] = {"split": split, "repeats": repeats, "budget": spent}
    with keeping(store, about) as options["record"], watched:
        return comparison.compare(environment, policies, agents, tasks, limits, **plan, **options)


def _told(
    kind: str, environment: Environment, policy: Policy, limits: Limits, options: Options, **more: Any
) -> dict[str, Any]:
    seed, prompt, judge = options["seed"], options["prompt"], options["judge"]
    more |= {"temperature": options["temperature"]}
    return told_of(kind, environment, policy, limits, seed=seed, prompt=prompt, judge=judge, **more)


@contextmanager
def _watched(
    policy: Policy, tasks: int | Sequence[Task], times: int, options: Options, progress: bool
) -> Iterator[None]:
    """Inside, a notebook shows what runs."""
    if not progress:
        yield
        return
    trees = times * (tasks if isinstance(tasks, int) else len(tasks))
    with in_notebook(policy, trees, judge=options["judge"]) as shown:
        options["on_event"] = shown.heard(options["on_event"])
        options["on_tick"] = shown.ticked(options["on_tick"])
        options["on_trees"] = shown.told(options["on_trees"])
        yield


def _settled(
    environment: Environment,
    policy: Policy,
    tasks: object,
    limits: Limits | None,
    split: object,
    options: Options,
) -> Limits:
    """Checks what `evaluate` and `compare` both take, and fills in what suits the policy; returns the limits."""
    fits, on_trees, on_tick = options["fits"], options["on_trees"], options["on_tick"]
    on_event = options["on_event"]
    check_tasks(tasks)
    check_options(
        seed=options["seed"],
        warmth=options["temperature"],
        judge=options["judge"],
        split=split,
        of_kind={"limits": (limits, Limits)},
        counts={} if options["batch"] is None else {"batch": options["batch"]},
        on_event=on_event,
        on_trees=on_trees,
        on_tick=on_tick,
        fits=fits,
    )
    if options["prompt"] is not None:
        options["prompt"] = find(options["prompt"])
    fitting = suggested(policy, environment)
    options["on_trees"], options["on_tick"] = listening("on_trees", on_trees), listening("on_tick", on_tick)
    options["on_event"] = listening("on_event", on_event)
    own = fits if isinstance(fits, FlatFits) else listening("fits", fits)
    options["fits"] = own or flat_fits(environment, policy, options["prompt"])
    if options["temperature"] is None:
        options["temperature"] = fitting.temperature
    return limits or fitting.limits


def _check_compared(environment: object, policies: object, agents: object) -> None:
    order = "rl.compare(environment, policies)"
    if isinstance(environment, Run):
        raise ConfigError(
            "rl.compare runs policies in an environment; rl.figures.curves(run) shows a recorded run"
        )
    check_environment(environment, order)
    if isinstance(policies, Mapping) and policies:
        for policy in policies.values():
            check_policy(policy, order)
    elif isinstance(policies, Mapping | list | tuple | set):
        raise ConfigError(
            f"policies is {'empty' if not policies else f'a {type(policies).__name__}'}: give one policy, or several "
            "by name, as in {'a': policy}"
        )
    else:
        check_policy(policies, order)
    if isinstance(agents, str) or not isinstance(agents, Sequence) or not agents:
        raise ConfigError(
            f"agents={quoted(agents)} is no list of agents: give one, such as agents=['recursive', 'flat']"
        )
