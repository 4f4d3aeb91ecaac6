"""Prompts on the same tasks, several times each: which is best, if that can be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from rao_lab.api.bench_result import PromptBench
from rao_lab.api.defaults import deafness, made_in, suggested
from rao_lab.api.given import check_environment, check_options, check_policy, check_tasks, what
from rao_lab.api.reopen import how_opened
from rao_lab.base.blame import listening
from rao_lab.base.calls import checked_call
from rao_lab.base.checks import choice, flag
from rao_lab.base.safe_text import quoted
from rao_lab.environments.named import open_named, world_text
from rao_lab.errors import ConfigError
from rao_lab.evaluation.bench_record import FileRecord, recorded
from rao_lab.evaluation.bench_run import BenchRun, Caps, Plan, Player
from rao_lab.evaluation.evaluate import chosen_tasks, flat_limits
from rao_lab.evaluation.prompt_bench import Bench, Spot
from rao_lab.evaluation.variant import Variant
from rao_lab.execution.limits import Limits
from rao_lab.prompts import Prompt
from rao_lab.prompts import chosen as chosen_prompt
from rao_lab.protocols import Environment, Judge, Policy
from rao_lab.tree import AGENTS, Agent, Event, Task, Tree
from rao_lab.views.bench.live import live_sheet

MOST_VARIANTS = 6
BATCH = 4


@checked_call
def prompt_bench(
    prompts: Sequence[Prompt | Variant] | Mapping[str, Prompt | Variant | Policy],
    tasks: int | Sequence[Task] = 5,
    policy: Policy | None = None,
    repeats: int = 4,
    *,
    environment: Environment | None = None,
    agent: Agent = "recursive",
    split: str = "test",
    seed: int = 0,
    limits: Limits | None = None,
    temperature: float | None = None,
    judge: Judge | None = None,
    batch: int = BATCH,
    store: str | Path | None = None,
    resume: bool = False,
    max_seconds: float | None = None,
    max_tokens: float | None = None,
    max_cost: float | None = None,
    progress: bool = True,
    on_result: Callable[[PromptBench], None] | None = None,
    on_event: Callable[[int, Event], None] | None = None,
    on_tick: Callable[[int], None] | None = None,
) -> PromptBench:
    """Runs two to six prompts on the same tasks with the same noise, and says whether one of them is best.

        >>> agents = {"alone": rl.Variant(agent="flat"), "together": rl.Variant(agent="recursive")}
        >>> found = rl.prompt_bench(agents, 2, policy, repeats=2, environment=env)
        >>> found.winner, len(found.trees)
        (None, 8)
        >>> print(found)
        2 variants x 2 tasks x 2 repeats: 8 trees...

    The scripted and the tiny policy read no prompt: compare agents, styles or policies with them (`rl.Variant`).
    Recorded runs are compared by `rl.PromptBench.from_runs`.

    One tree of each prompt runs first, and tells what time, tokens and cost to expect. The bench ends at a cap or by
    Ctrl-C, and returns what there is. With `store` it goes on later (`resume=True`), perhaps with more tasks or
    repeats.

    Args:
        prompts: names, folders or dialects, as `rl.run` takes them; or by names of your own, when each may also be
            a `rl.Variant` or a policy.
        tasks: the tasks, or how many of `split` to take from its beginning.
        policy: who plays, unless a variant names another.
        repeats: trees of each task with each prompt.
        environment: by default the bundled one, with tasks that suit the policy.
        limits, temperature: by default those that suit the policy.
        seed: keys the sampling noise, the same for every prompt.
        judge: scores nodes that the world cannot.
        batch: trees of one prompt that run at once.
        store: a run file: step = 1 + place of the prompt, group = task, rollout = repeat.
        max_seconds, max_tokens, max_cost: caps of this call; tokens read and written, USD by the policy's prices. Near
                a cap fewer trees run at once; at it, those under way are given up.
        progress: in a notebook, the table is shown as it fills.
        on_result: told the bench so far, after every few trees.
        on_event: hears every event as it happens, with the number of its tree.
        on_tick: called before each decode step; it may block, which is a pause.

    Raises:
        ConfigError, InputError, MissingError: what was given does not fit together.
        RunFileError: the file exists and `resume` is false, or it cannot be opened.
    """
    check_tasks(tasks)
    check_options(
        seed=seed,
        warmth=temperature,
        judge=judge,
        split=split,
        of_kind={"limits": (limits, Limits)},
        counts={"repeats": repeats, "batch": batch},
        on_result=on_result,
        on_event=on_event,
        on_tick=on_tick,
    )
    on_result, on_event = listening("on_result", on_result), listening("on_event", on_event)
    on_tick = listening("on_tick", on_tick)
    flag("resume", resume)
    flag("progress", progress)
    choice("agent", agent, AGENTS)
    if resume and store is None:
        raise ConfigError("resume=True means nothing without store: name the run file of the bench")
    variants = variants_of(prompts, agent, policy)
    first = next(iter(variants.values())).policy
    assert first is not None
    world = environment if environment is not None else open_named(made_in(first), suggested(first).player)
    check_environment(world, "rl.prompt_bench(prompts, tasks, policy, environment=environment)")
    players = tuple(_player(name, each, world, limits, temperature) for name, each in variants.items())
    note = _check_read(players)
    chosen = tuple(chosen_tasks(world, tasks, split))
    _check_apart(chosen)
    plan = Plan(world, players, chosen, repeats, seed, batch, judge, note)
    caps = Caps(max_seconds, max_tokens, max_cost)
    caps.check(plan)
    file: AbstractContextManager[tuple[FileRecord | None, dict[Spot, Tree]]] = nullcontext((None, {}))
    if store is not None:
        opened = how_opened(world, first)["env"]
        more = {"world": world_text(world), **({"opened": {"env": opened}} if "env" in opened else {})}
        file = recorded(plan, Path(store), resume, more)
    with (
        live_sheet(first, len(players) * len(plan.tasks) * repeats, progress) as sheet,
        file as (record, done),
    ):

        def told(bench: Bench) -> None:
            sheet.result(bench)
            if on_result is not None:
                on_result(PromptBench.of(bench))

        bench = BenchRun(plan, caps, done, record, told, sheet.heard(on_event), sheet.ticked(on_tick))
        return PromptBench.of(bench.run())


def variants_of(prompts: object, agent: Agent, policy: Policy | None) -> dict[str, Variant]:
    """What is compared, by name, each with an agent and a policy.

    Raises:
        ConfigError: these are not two to six, two have one name, or one has no policy.
    """
    if isinstance(prompts, Mapping):
        named = dict(prompts)
    elif isinstance(prompts, Sequence) and not isinstance(prompts, str):
        named = {}
        for prompt in prompts:
            name = _name_of(prompt)
            if name in named:
                raise ConfigError(
                    f"two prompts are called {quoted(name)}: name them yourself, as in {{'a': ..., 'b': ...}}"
                )
            named[name] = prompt
    else:
        raise ConfigError(f"prompts must be a list, or a dict of names, not {quoted(prompts)}")
    if not 2 <= len(named) <= MOST_VARIANTS:
        raise ConfigError(f"a bench compares 2 to {MOST_VARIANTS} prompts, not {len(named)}")
    found = {}
    for name, each in named.items():
        if not isinstance(name, str) or not name.strip():
            raise ConfigError(f"the name of a prompt must be a text, not {quoted(name)}")
        variant = _variant(each)
        player = policy if variant.policy is None else variant.policy
        if player is None:
            raise ConfigError(f"no policy plays {quoted(name)}: give policy=rl.load_policy(...)")
        check_policy(player, "rl.prompt_bench(prompts, tasks, policy)")
        found[name] = Variant(variant.prompt, choice("agent", variant.agent or agent, AGENTS), player)
    return found


def _variant(given: object) -> Variant:
    if isinstance(given, Variant):
        return given
    if callable(getattr(given, "submit", None)):
        return Variant(policy=given)  # type: ignore[arg-type]
    return Variant(prompt=given)  # type: ignore[arg-type]


def _name_of(prompt: object) -> str:
    if isinstance(prompt, Variant) or callable(getattr(prompt, "submit", None)):
        raise ConfigError(f"{what(prompt)} needs a name here: give a dict, as in {{'a': ..., 'b': ...}}")
    if isinstance(prompt, str | Path):
        return Path(prompt).resolve().name if isinstance(prompt, Path) or "/" in prompt else prompt
    return str(getattr(prompt, "name", quoted(prompt)))


def _player(
    name: str, variant: Variant, world: Environment, limits: Limits | None, temperature: float | None
) -> Player:
    policy, agent = variant.policy, variant.agent
    assert policy is not None and agent is not None
    fitting = suggested(policy, world)
    bounds = limits or fitting.limits
    return Player(
        name,
        chosen_prompt(variant.prompt, policy),
        policy,
        agent,
        flat_limits(bounds) if agent == "flat" else bounds,
        fitting.temperature if temperature is None else temperature,
    )


def _check_apart(tasks: Sequence[Task]) -> None:
    """Refuses a task that is there twice: its trees would be the same, and count twice.

    Raises:
        ConfigError: naming it.
    """
    seen: set[str] = set()
    for task in tasks:
        if task.id in seen:
            raise ConfigError(
                f"two tasks have the id {quoted(task.id)}: give each task once; repeats=... runs it again"
            )
        seen.add(task.id)


def _check_read(players: Sequence[Player]) -> str:
    """Refuses prompts that nobody reads; returns what is to be known of the comparison.

    Raises:
        ConfigError: a policy that reads no prompt was given one that is not its own.
    """
    deaf = [player for player in players if deafness(player.policy)]
    for player in deaf:
        if player.dialect.name != chosen_prompt(None, player.policy).name:
            words = player.dialect.name.partition("@")[0]
            raise ConfigError(
                f"the policy {player.policy.name} {deafness(player.policy)}, so a bench of {player.name} with the "
                f"prompt {words} says nothing: compare agents, styles or policies with it (rl.Variant), or play with "
                "a chat model, such as smollm2"
            )
    if not deaf:
        loose = [player.policy for player in players if not getattr(player.policy, "reproducible", True)]
        if not loose:
            return ""
        return (
            f"{loose[0].name} is sent the same seed for every prompt; whether it keeps to it, nobody can tell"
        )
    names = " and ".join(dict.fromkeys(player.policy.name for player in deaf))
    return f"no prompts are compared here, but agents, styles or policies: prompts mean nothing to {names}"
