"""What the command line compares in a prompt bench, from words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rao_lab.api.bench_result import PromptBench
from rao_lab.api.defaults import deafness
from rao_lab.api.prompt_bench import MOST_VARIANTS
from rao_lab.base.checks import choice, number
from rao_lab.base.safe_text import quoted
from rao_lab.errors import ConfigError, RunFileError
from rao_lab.evaluation.bench_record import KIND
from rao_lab.evaluation.variant import Variant
from rao_lab.prompts import Prompt
from rao_lab.protocols import Policy
from rao_lab.store import open_run
from rao_lab.tree import AGENTS

Load = Callable[[str | None, dict[str, Any]], Policy]
"""Loads a policy by its name (None = the bench's), with more settings."""


def variants_from(
    prompts: Sequence[str], vary: str | None, load: Load
) -> Sequence[Prompt | Variant] | Mapping[str, Prompt | Variant | Policy]:
    """The variants of a command line.

    Raises:
        ConfigError: prompts and --vary are given together, or neither is, or --vary names nothing that can vary,
            or one prompt is there twice.
    """
    if (vary is None) == (not prompts):
        raise ConfigError("give two to six prompts, such as plain divide_and_conquer, or --vary NAME=A,B")
    if vary is None:
        _check_prompts(prompts)
        return [Path(name) if "/" in name else name for name in prompts]
    name, equals, text = vary.partition("=")
    values = [value.strip() for value in text.split(",") if value.strip()]
    if not equals or len(values) < 2 or len(set(values)) < len(values):
        raise ConfigError(
            f"--vary {quoted(vary)} does not name two different values: write it as agent=recursive,flat"
        )
    if name == "agent":
        return {value: Variant(agent=choice("agent", value, AGENTS)) for value in values}
    if name == "policy":
        return {value: Variant(policy=load(value, {})) for value in values}
    if name.startswith("policy."):
        setting = name.removeprefix("policy.")
        return {f"{setting}={value}": Variant(policy=load(None, {name: value})) for value in values}
    raise ConfigError(f"--vary {quoted(name)} cannot vary: choose agent, policy or policy.NAME")


def _check_prompts(prompts: Sequence[str]) -> None:
    """Raises: ConfigError, if they are not two to six, or two have one name."""
    if not 2 <= len(prompts) <= MOST_VARIANTS:
        raise ConfigError(f"a bench compares 2 to {MOST_VARIANTS} prompts, not {len(prompts)}")
    seen: dict[str, str] = {}
    for prompt in prompts:
        name = Path(prompt).resolve().name if "/" in prompt else prompt
        if seen.setdefault(name, prompt) is not prompt or prompts.count(prompt) > 1:
            other = (
                "give each prompt once" if seen[name] == prompt else "give one of the folders another name"
            )
            raise ConfigError(f"two prompts are called {quoted(name)}: {other}")


def check_played(
    policy: Policy,
    variants: Sequence[Prompt | Variant] | Mapping[str, Prompt | Variant | Policy],
    max_cost: float | None,
) -> None:
    """Refuses, in the words of the command line, prompts that the policy does not read and a cost without prices.

    Raises:
        ConfigError: saying which flag helps.
    """
    if not isinstance(variants, Mapping) and (why := deafness(policy)):
        raise ConfigError(
            f"the policy {policy.name} {why}: compare something else with it, as in --vary agent=recursive,flat, or "
            "name a chat model, as in --policy smollm2"
        )
    named = [*variants.values()] if isinstance(variants, Mapping) else []
    own = [each.policy for each in named if isinstance(each, Variant) and each.policy is not None]
    for player in own or [policy]:
        if max_cost is not None and not getattr(player, "prices", None):
            raise ConfigError(
                f"--max-cost needs the prices of {player.name}: of a server, give --set policy.prices.in=USD and "
                "--set policy.prices.out=USD for a million tokens"
            )


def check_caps(**caps: float | None) -> None:
    """Raises: ConfigError, if a cap means nothing; it is named as its flag."""
    for name, most in caps.items():
        if most is not None:
            number(f"--{name.replace('_', '-')}", most, above=True)


def time_left(max_seconds: float | None, loading: float) -> float | None:
    """What --max-seconds leaves for trees, once everything is loaded.

    Raises:
        ConfigError: it leaves nothing.
    """
    if max_seconds is None:
        return None
    left = max_seconds - loading
    if left <= 0:
        raise ConfigError(
            f"--max-seconds {max_seconds:g} is used up: loading alone took {loading:.1f} s; raise it"
        )
    return left if left < 10 else float(int(left))


def from_files(named: Sequence[str]) -> PromptBench:
    """A recorded bench, or several recorded runs compared.

    Args:
        named: run files, or NAME=FILE.

    Raises:
        MissingError, RunFileError, ConfigError, InputError: as `PromptBench.open` and `PromptBench.from_runs`.
    """
    runs: dict[str, str] = {}
    for each in named:
        name, equals, path = each.partition("=")
        name, path = (name, path) if equals else (Path(each).stem, each)
        if name in runs:
            raise ConfigError(f"two runs are called {quoted(name)}: name them, as in --from first={each}")
        runs[name] = path
    if len(runs) == 1:
        with open_run(next(iter(runs.values()))) as run:
            if run.config.get("kind") != KIND:
                raise RunFileError(
                    f"{run.path.name} holds no prompt bench: to compare recorded runs, give --from for each of them"
                )
            return PromptBench.open(run)
    return PromptBench.from_runs(runs)
