"""What the command line compares in a prompt bench, from words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rao_lab.api.bench_result import PromptBench
from rao_lab.base.checks import choice
from rao_lab.base.safe_text import quoted
from rao_lab.errors import ConfigError
from rao_lab.evaluation.variant import Variant
from rao_lab.prompts import Prompt
from rao_lab.protocols import Policy
from rao_lab.tree import AGENTS

Load = Callable[[str | None, dict[str, Any]], Policy]
"""Loads a policy by its name (None = the bench's), with more settings."""


def variants_from(
    prompts: Sequence[str], vary: str | None, load: Load
) -> Sequence[Prompt | Variant] | Mapping[str, Prompt | Variant | Policy]:
    """The variants of a command line.

    Raises:
        ConfigError: prompts and --vary are given together, or neither is, or --vary names nothing that can vary.
    """
    if (vary is None) == (not prompts):
        raise ConfigError("give two to six prompts, such as plain divide_and_conquer, or --vary NAME=A,B")
    if vary is None:
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
        return {value: Variant(policy=load(None, {name: value})) for value in values}
    raise ConfigError(f"--vary {quoted(name)} cannot vary: choose agent, policy or policy.NAME")


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
        return PromptBench.open(next(iter(runs.values())))
    return PromptBench.from_runs(runs)
