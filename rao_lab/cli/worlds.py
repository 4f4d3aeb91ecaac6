"""The world and the policy that a command works with: as named, as recorded, or what suits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rao_lab.cli.output import loading, print_progress

if TYPE_CHECKING:
    from rao_lab.api.reopen import Begun
    from rao_lab.protocols import Environment, Policy


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
        assigned: what --set gave.
        run: the run that goes on, whose world and policy are taken if none is named.
        temperature: what --temperature gave.
    """
    from rao_lab.api.defaults import suggested, unsuited
    from rao_lab.api.reopen import Begun, reopen_environment, reopen_policy
    from rao_lab.api.settings import own_settings
    from rao_lab.base.safe_text import unquoted
    from rao_lab.environments.named import HasOptions, world_text
    from rao_lab.errors import ConfigError
    from rao_lab.protocols import Graded

    run = run or Begun(Path())
    of_policy, rest = own_settings(assigned, "policy")
    of_world, rest = own_settings(rest, "env")
    with loading(f"the policy of {run.store}" if run.config and policy is None else policy or "tiny"):
        actor = reopen_policy(run, policy, of_policy)
    if temperature is not None and not hasattr(actor, "temperature"):
        raise ConfigError(
            f"--temperature has no meaning for the policy {unquoted(actor.name)}: it does not sample"
        )
    player = suggested(actor).player
    world = reopen_environment(run, env, player, difficulty, rules, tasks, of_world)
    line = f"world: {world_text(world)}"
    chosen = difficulty is None and tasks is None and not run.config
    if chosen and isinstance(world, Graded) and isinstance(world, HasOptions):
        line += f"; difficulty: {', '.join(world.difficulties)} (what suits this policy)"
    say(line)
    suggested(actor, world)
    if note := unsuited(actor, world):
        say(f"note: {note}")
    return world, actor, rest
