"""Which weights write what is new in a fork: those of the recorded node if they can be had, and always by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rao_lab.api.reopen import Begun, found_again, recorded_settings
from rao_lab.base.bundled import EMBEDDED
from rao_lab.base.safe_text import unquoted
from rao_lab.errors import MissingError, RaoLabError
from rao_lab.policies.load import load_policy
from rao_lab.protocols import Policy
from rao_lab.store import Run, checkpoint_folder
from rao_lab.training import checkpoint
from rao_lab.tree import Tree

BY_NAME = (*EMBEDDED, "smollm2", "scripted")
"""Policies that a tree's own words lead back to, as long as they have not been trained."""


def weights_of(tree: Tree, version: int, policy: Policy | None, run: Run | None) -> tuple[Policy, str]:
    """A policy for the turns of a fork, and which weights it has, in words.

    A policy that is given is taken. Otherwise: the run's checkpoint with the version that wrote the recorded turn,
    what the run began with if that is version 0, the run's newest checkpoint, or a policy that is known by its name.

    Raises:
        MissingError: none can be had.
    """
    if policy is not None:
        return (
            policy,
            f"{unquoted(policy.name)} v{policy.version}, as given{_not_its_own(tree, policy, version)}",
        )
    found = None if run is None else _of_run(run, version)
    if found is None and tree.header.policy in BY_NAME and version == 0:
        found = load_policy(tree.header.policy), f"{tree.header.policy} v0, the node's own"
    if found is None:
        raise MissingError(
            f"the weights that wrote this tree ({unquoted(tree.header.policy)} v{version}) are not at hand: give "
            "--policy NAME (in Python policy=, or run=, the file of the run whose checkpoints hold them)"
        )
    return found


def _not_its_own(tree: Tree, policy: Policy, version: int) -> str:
    if (policy.name, policy.version) == (tree.header.policy, version):
        return ""
    return f" (the node's: {unquoted(tree.header.policy)} v{version})"


def _of_run(run: Run, version: int) -> tuple[Policy, str] | None:
    """The weights that a run keeps: of this version, otherwise of its newest checkpoint."""
    begun = Begun(run.path, run.config)
    own = str(run.config.get("policy", "policy"))
    folders = {
        known: folder
        for folder in sorted(checkpoint_folder(run.path).glob("step-*"), key=_step)
        if (known := checkpoint.version_of(folder)) is not None
    }
    name = found_again(begun)
    settings = recorded_settings(begun, begun.opened("policy"))
    if version not in folders and name is not None and (version == 0 or not folders):
        said = "the node's own" if version == 0 else f"as the run began (the node's: v{version})"
        return load_policy(name, **settings), f"{unquoted(own)} v0, {said}"
    for known in [version, *sorted(folders, reverse=True)] if folders else []:
        if known in folders and (policy := _loaded(folders[known], own, known, settings, run.config)):
            said = "the node's own" if known == version else f"the newest (the node's: v{version})"
            return policy, f"{unquoted(own)} v{known}, checkpoint {folders[known].name}, {said}"
    return None


def _step(folder: Path) -> int:
    number = folder.name.removeprefix("step-")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 18 else -1


def _loaded(
    folder: Path, name: str, version: int, settings: dict[str, Any], config: Mapping[str, Any]
) -> Policy | None:
    """The policy of a checkpoint; None if it is damaged."""
    try:
        place = checkpoint.verify(folder).policy
    except RaoLabError:
        return None
    policy = load_policy(str(place), **{key: value for key, value in settings.items() if key != "lora"})
    policy.name, policy.version = name, version
    if getattr(policy, "clock", "") and isinstance(day := config.get("clock"), str):
        policy.clock = day  # type: ignore[attr-defined]
    return policy
