"""`rao-lab eval --against`: the same tasks for others, under the same limits and perhaps an equal budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rao_lab.cli.output import console_on_stderr, loading

if TYPE_CHECKING:
    from rao_lab.evaluation.compare import Comparison
    from rao_lab.evaluation.evaluate import Evaluation
    from rao_lab.protocols import Environment, Policy
    from rao_lab.tree import Agent as Kind
    from rao_lab.tree import Task


def compare_with(
    world: Environment,
    actor: tuple[str, Policy, Kind],
    against: Sequence[str],
    tasks: Sequence[Task],
    given: Mapping[str, Any],
    options: Mapping[str, Any],
    plain_too: Callable[[float | None], bool],
) -> tuple[dict[str, Comparison], dict[str, Evaluation]]:
    """The comparison, and the same at temperature 1 if that is another one; each by what it is called. Of one that
    Ctrl-C ended, the evaluations so far.

    Args:
        actor: the policy that the others are compared with, by its name, and its agent.
        against: names of agents, which the same policy plays, or of policies, which play the same agent.
        plain_too: whether temperature 1 belongs beside a temperature.
    """
    from rao_lab.api.defaults import suggested
    from rao_lab.api.evaluate import compare
    from rao_lab.api.settings import limits_from
    from rao_lab.errors import Interrupted
    from rao_lab.views.terminal import Board

    name, policy, kind = actor
    policies, agents = others(name, policy, kind, against)
    limits = limits_from(suggested(policy), dict(given))
    at_least = len(tasks) * len(policies) * len(agents) * options.get("repeats", 1)
    found: dict[str, Comparison] = {}
    console = console_on_stderr()
    with Board(console, f"rao-lab eval, {name} against {', '.join(against)}") as board:

        def run(temperature: float | None) -> Comparison:
            phase = "trees" if not found else "trees, temperature 1"
            board.phase(phase, at_least)
            done = 0

            def heard(now: int, of: int) -> None:
                nonlocal done
                board.phase(phase, max(at_least, done + of) + 1)  # it may go on
                board.advance(phase, done + now)
                done += of if now == of else 0
                if now == of and done < at_least and not console.is_terminal:
                    board.say(f"{phase}: {done:,} of {at_least:,} done")

            chosen = {**options, "temperature": temperature, "on_trees": heard}
            if found:
                chosen.pop("store", None)
            made = compare(world, policies, agents, tasks, limits, progress=False, **chosen)
            board.phase(phase, done)
            board.advance(phase, done)
            return made

        try:
            first = run(options.get("temperature"))
            at = next(iter(first.evaluations.values())).temperature
            found[named(at)] = first
            if plain_too(at):
                found[named(1.0)] = run(1.0)
        except Interrupted as stop:
            return found, stop.evaluations
    return found, {}


def named(temperature: float | None) -> str:
    """What a comparison at this temperature is called."""
    return "" if temperature is None else f"temperature {temperature:g}"


def others(
    name: str, policy: Policy, kind: Kind, against: Sequence[str]
) -> tuple[dict[str, Policy], list[Kind]]:
    """The policies by name and the agents that are compared.

    Raises:
        ConfigError: it is compared with itself, with agents and policies at once, or with a prompt.
    """
    from rao_lab.base.safe_text import quoted
    from rao_lab.errors import ConfigError
    from rao_lab.policies.load import load_policy
    from rao_lab.prompts import CODE, SHIPPED
    from rao_lab.tree import AGENTS

    prompt = next((each for each in against if each in (*CODE, *SHIPPED)), None)
    if prompt is not None:
        raise ConfigError(
            f"--against {quoted(prompt)} is a prompt: rao-lab prompts bench PROMPT {prompt} compares prompts"
        )
    agents: list[Kind] = [each for each in AGENTS if each in against]
    if agents and len(agents) < len(against):
        raise ConfigError(
            "--against names an agent and a policy: give agents of this policy, or other policies"
        )
    if kind in agents or name in against or len(set(against)) < len(against):
        twice = kind if kind in agents else name if name in against else "a policy"
        raise ConfigError(f"--against {quoted(twice)} compares it with itself: name another one")
    if agents:
        return {"": policy}, [kind, *agents]
    policies = {name: policy}
    for each in against:
        with loading(each):
            policies[each] = load_policy(each)
    return policies, [kind]
