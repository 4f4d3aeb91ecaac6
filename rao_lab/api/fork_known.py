"""What a tree that is forked does not hold itself: its world, prompts, group and rule of credit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rao_lab.api.reopen import Begun, reopen_environment
from rao_lab.base.safe_text import unquoted
from rao_lab.credit import CreditConfig
from rao_lab.environments.bundled import BUNDLED
from rao_lab.errors import ConfigError, MissingError
from rao_lab.evaluation.kept_forks import group_of
from rao_lab.prompts import Prompt, find, of_record
from rao_lab.protocols import Dialect, Environment
from rao_lab.store import Run
from rao_lab.training.config import TrainConfig
from rao_lab.tree import Group, Tree
from rao_lab.tree.origin import tree_name


@dataclass(frozen=True)
class Known:
    """What a tree does not hold, and a run or the caller knows."""

    environment: Environment
    dialect: Dialect
    """Of the nodes whose prompt is not another."""
    dialects: Mapping[str, Dialect]
    """Of those whose prompt is."""
    group: Group | None
    credit: CreditConfig
    temperature: float | None
    config: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        tree: Tree,
        run: Run | None,
        environment: Environment | None,
        group: Group | None,
        credit: CreditConfig | None,
        prompts: Sequence[Prompt] = (),
    ) -> Known:
        config = {} if run is None else run.config
        train = config.get("train")
        trained = TrainConfig.from_dict(train) if isinstance(train, Mapping) else None
        given = {found.name: found for found in map(find, prompts)}
        usual = _prompt(config, _template(tree), given)
        names = {path.path: path.template for path in tree.nodes if path.template != usual.name}
        if run is not None and group is None:
            group = _group(tree, run)
        if group is not None and not any(each.header.rollout == tree.header.rollout for each in group.trees):
            raise ConfigError(
                f"group {group.index} has no tree {tree.header.rollout}: give the group that the tree is of"
            )
        return cls(
            _environment(tree, run, environment),
            usual,
            {path: _prompt(config, name, given) for path, name in names.items()},
            group,
            credit or (trained.credit if trained is not None else CreditConfig()),
            trained.temperature if trained is not None else None,
            config,
        )


def _prompt(config: Mapping[str, Any], name: str, given: Mapping[str, Dialect]) -> Dialect:
    """A prompt of the tree.

    Raises:
        MissingError: neither the run nor the caller has it, and it does not ship.
    """
    try:
        return given.get(name) or of_record(config, name)
    except MissingError as problem:
        raise MissingError(f"{problem}; rl.fork takes it as prompts=[FOLDER]") from None


def _template(tree: Tree) -> str:
    """The prompt of the nodes whose prompt no fork has changed."""
    origin = tree.header.origin or {}
    return str(origin.get("template", tree.root.template))


def _group(tree: Tree, run: Run) -> Group | None:
    """The group of a tree in its run; None if it was alone, or is a probe.

    Raises:
        MissingError: the run has no such tree.
    """
    header = tree.header
    known = run.trees(header.step) if header.step in [each.step for each in run.steps] else []
    place = (header.probe, header.group, header.rollout, header.task.id)
    if not any((each.probe, each.group, each.rollout, each.task) == place for each in known):
        raise MissingError(
            f"{run.path.name} does not hold this tree, {tree_name(header)} of step {header.step}"
        )
    return None if header.probe else group_of(run, header.step, header.group)


def _environment(tree: Tree, run: Run | None, given: Environment | None) -> Environment:
    """The world of the tree.

    Raises:
        ConfigError: another is given, or none is known.
    """
    made = unquoted(tree.header.environment)
    if given is not None:
        opened, why = given, f"environment is {unquoted(given.name)}"
    elif run is not None:
        opened = reopen_environment(Begun(run.path, run.config), None, "tiny", None, None, None, {})
        why = f"{run.path.name} does not say how to open it"
    else:
        raise ConfigError(f"the world of this tree is {made}: give environment=, or run=")
    if opened.name != tree.header.environment:
        way = f"--env {made}" if made in BUNDLED else "--env FILE.py:NAME"
        files = " with --data and --tasks if it was of files" if made in BUNDLED and given is None else ""
        raise ConfigError(
            f"this tree was made in {made}, and {why}: give its world, {way}{files} (in Python environment=)"
        )
    return opened
