"""The world and the policy that a command works with: as named, as recorded, or what suits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rao_lab.cli.output import loading, print_progress

if TYPE_CHECKING:
    from rao_lab.api.reopen import Begun
    from rao_lab.protocols import Dialect, Environment, Judge, Policy
    from rao_lab.tree import Task


def open_both(
    env: str | None,
    policy: str | None,
    difficulty: str | None,
    rules: Path | None,
    tasks: Path | None,
    assigned: Mapping[str, Any],
    run: Begun | None = None,
    say: Callable[[str], None] = print_progress,
    temperature: float | None = None,
) -> tuple[Environment, Policy, dict[str, Any]]:
    """World and policy, and what is left of the settings. Says in a line which world it is.

    Args:
        env: None = as the run recorded; of a new one, the world that the policy was made for.
        assigned: what --set gave.
        run: the run that goes on, whose world and policy are taken if none is named.
        temperature: what --temperature gave.
    """
    from rao_lab.api.defaults import made_in, suggested
    from rao_lab.api.reopen import Begun, reopen_environment
    from rao_lab.api.settings import own_settings
    from rao_lab.environments.named import HasOptions, world_text
    from rao_lab.errors import ConfigError, InputError
    from rao_lab.protocols import Graded

    run = run or Begun(Path())
    of_world, rest = own_settings(assigned, "env")
    actor, rest = _open_policy(policy, rest, run, temperature)
    player = suggested(actor).player
    assumed = env is None and not run.config
    env = made_in(actor) if assumed else env
    try:
        world = reopen_environment(run, env, player, difficulty, rules, tasks, of_world)
    except (ConfigError, InputError) as problem:
        if assumed and (rules or tasks):
            kind = ConfigError if isinstance(problem, ConfigError) else InputError
            raise kind(f"{problem}; {_other_world(env, rules)}") from None
        raise
    line = f"world: {world_text(world)}"
    chosen = difficulty is None and rules is None and tasks is None and not run.config
    if chosen and isinstance(world, Graded) and isinstance(world, HasOptions):
        line += f"; difficulty: {', '.join(world.difficulties)} (what suits this policy)"
    say(line)
    _say_unsuited(actor, world, say)
    return world, actor, rest


def _other_world(env: str | None, rules: Path | None) -> str:
    """Which world was assumed, and which one reads such files."""
    if rules is not None and rules.is_dir():
        reads = "--env research reads a folder of texts"
    elif rules is not None and rules.suffix.lower() == ".mbox":
        reads = "--env mail reads a mailbox"
    else:
        reads = "--env aggregation reads one file, research a folder of texts, mail a mailbox"
    return f"without --env the world is {env}: {reads}"


def open_goal(
    goal: str,
    tools: Sequence[str],
    verify: str | None,
    policy: str | None,
    assigned: Mapping[str, Any],
    temperature: float | None = None,
) -> tuple[Task, Environment, Policy, dict[str, Any]]:
    """The task and the world of a goal in words, its policy, and what is left of the settings."""
    from rao_lab.api.goal import own_task
    from rao_lab.api.reopen import Begun
    from rao_lab.api.settings import own_settings
    from rao_lab.base.own_code import function_of, functions_of
    from rao_lab.base.safe_text import unquoted
    from rao_lab.errors import ConfigError, MissingError
    from rao_lab.policies.fetch import cached

    of_world, rest = own_settings(assigned, "env")
    if unknown := of_world.keys() - {"seconds"}:
        raise ConfigError(
            f"--set env.{unquoted(min(unknown))}=... has no meaning here: a goal has env.seconds alone"
        )
    check = None if verify is None else function_of(verify, "verify")
    found = [each for where in tools for each in functions_of(where) if each is not check]
    task, world = own_task(goal, found, check, **of_world)
    if policy is None:
        try:
            cached("smollm2")
        except MissingError:
            raise ConfigError(
                "a goal of your own needs a chat model: give --policy http://host:port/v1#model or a model folder, or "
                "run `rao-lab fetch smollm2` (a small one, which hardly solves anything)"
            ) from None
        policy = "smollm2"
    actor, rest = _open_policy(policy, rest, Begun(Path()), temperature)
    names = ", ".join(each.__name__ for each in found)
    print_progress(f"goal: {actor.name}, {f'tools: {names}' if found else 'no tools, plain Python'}")
    _say_unsuited(actor, world, print_progress)
    return task, world, actor, rest


def _open_policy(
    policy: str | None, assigned: Mapping[str, Any], run: Begun, temperature: float | None
) -> tuple[Policy, dict[str, Any]]:
    """The policy, and what is left of the settings."""
    from rao_lab.api.reopen import reopen_policy
    from rao_lab.api.settings import own_settings
    from rao_lab.base.safe_text import unquoted
    from rao_lab.errors import ConfigError

    of_policy, rest = own_settings(assigned, "policy")
    with loading(f"the policy of {run.store}" if run.config and policy is None else policy or "tiny"):
        actor = reopen_policy(run, policy, of_policy)
    if temperature is not None and not hasattr(actor, "temperature"):
        raise ConfigError(
            f"--temperature has no meaning for the policy {unquoted(actor.name)}: it does not sample"
        )
    return actor, rest


def open_judge(
    judge: str | None, rubric: Path | None, assigned: Mapping[str, Any], run: Begun | None = None
) -> tuple[Judge | None, dict[str, Any]]:
    """The judge that --judge and --rubric name, and what is left of the settings.

    Args:
        run: the training that goes on, whose rubric and settings of the judge are taken if they are not given. None =
            this is no training.
    """
    from rao_lab.api.judge import judge_again
    from rao_lab.api.settings import own_settings
    from rao_lab.errors import ConfigError

    own, rest = own_settings(assigned, "judge")
    if run is None and "check" in own:
        raise ConfigError("--set judge.check=... is for rao-lab train alone: leave it out")
    if judge is not None:
        with loading(judge):
            return judge_again(judge, rubric, own, {} if run is None else run.judging), rest
    given = ["--rubric"] * (rubric is not None) + [f"--set judge.{name}=..." for name in own]
    if given:
        raise ConfigError(f"{given[0]} belongs to a judge: give --judge, too")
    return None, rest


def say_unread(actor: Policy, prompt: Dialect | None, say: Callable[[str], None] = print_progress) -> None:
    """Says so if the policy makes nothing of the prompt that --prompt names."""
    from rao_lab.api.defaults import unread

    if prompt is not None and (note := unread(actor, prompt)):
        say(f"note: {note}")


def _say_unsuited(actor: Policy, world: Environment, say: Callable[[str], None]) -> None:
    from rao_lab.api.defaults import suggested, unsuited

    suggested(actor, world)  # refuses a script that cannot play this world
    if note := unsuited(actor, world):
        say(f"note: {note}")
