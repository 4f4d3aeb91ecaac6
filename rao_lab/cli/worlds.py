"""The world a command works in, by its options and what suits the policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rao_lab.cli.output import print_progress

if TYPE_CHECKING:
    from rao_lab.protocols import Environment, Policy


def environment_for(
    name: str, policy: Policy, difficulty: str | None, rules: Path | None, tasks: Path | None
) -> Environment:
    """The world that was asked for. Says which difficulty it took if none was named."""
    from rao_lab.api.defaults import suggested
    from rao_lab.environments.named import HasOptions, open_named
    from rao_lab.protocols import Graded

    made = open_named(name, suggested(policy).player, difficulty, rules, tasks)
    if difficulty is None and tasks is None and isinstance(made, Graded) and isinstance(made, HasOptions):
        print_progress(f"difficulty: {', '.join(made.difficulties)} (what suits this policy)")
    return made
