"""The world a command works in, by its options and what suits the policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rao_lab.cli.output import print_progress

if TYPE_CHECKING:
    from rao_lab.protocols import Environment, Policy


def environment_for(
    name: str, policy: Policy, difficulty: str | None, recipes: Path | None, tasks: Path | None
) -> Environment:
    """The world that was asked for; says which difficulty it took where none was named."""
    from rao_lab.api.defaults import suggested
    from rao_lab.api.settings import open_environment

    fitting = suggested(policy)
    made = open_environment(name, fitting, difficulty=difficulty, recipes=recipes, tasks=tasks)
    if difficulty is None and tasks is None:
        print_progress(f"difficulty: {fitting.difficulty} (what suits this policy)")
    return made
