"""Trees at hand: a tree, trees, groups, or steps that training yielded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np

from rao_lab.credit import CreditConfig, attribute
from rao_lab.errors import InputError, MissingError
from rao_lab.store import Trace
from rao_lab.training.metrics import TrainStep
from rao_lab.tree import Group, Node, Tree
from rao_lab.tree.origin import fork_words
from rao_lab.views.explorer.node_text import clean
from rao_lab.views.explorer.rows import Row, columns_of, node_row
from rao_lab.views.explorer.source import Mark, Source, success_of
from rao_lab.views.explorer.table import WORD_LIMIT, StepTable, TreeRow, Words, group_row

NO_BASELINE = 5


class RecordSource(Source):
    """Groups at hand, by step; they get the paper's credit, as far as they allow it."""

    def __init__(self, groups: Iterable[Group], config: CreditConfig | None = None) -> None:
        self.title = ""
        self._config = config
        self._steps: dict[int, list[Group]] = {}
        for group in groups:
            self._steps.setdefault(group.step, []).append(group)

    def marks(self) -> list[Mark]:
        return [(step, _solved(groups)) for step, groups in sorted(self._steps.items())]

    def table(self, step: int) -> StepTable:
        groups = self._steps.get(step)
        if groups is None:
            raise MissingError(f"no step {step} among {sorted(self._steps)}")
        return credited_table(groups, step, self._config)

    def tried(self, probe: bool) -> dict[int, list[dict[str, Any]]]:
        return {step: tasks_in(groups, probe) for step, groups in sorted(self._steps.items())}


class TraceSource(RecordSource):
    """What another program recorded."""

    def __init__(self, trace: Trace, config: CreditConfig | None = None) -> None:
        super().__init__(trace.groups, config)
        self.title = clean(f"{trace.name} ({trace.format})")


class StepSource(Source):
    """Finished steps of training at hand, with the trainer's own credit."""

    def __init__(self, steps: Iterable[TrainStep]) -> None:
        self.title = ""
        self._steps = {step.step: step for step in steps}

    def marks(self) -> list[Mark]:
        return [(step, success_of(made.metrics)) for step, made in sorted(self._steps.items())]

    def table(self, step: int) -> StepTable:
        made = self._steps.get(step)
        if made is None:
            raise MissingError(f"no step {step} among {sorted(self._steps)}")
        return table_of_step(made)

    def tried(self, probe: bool) -> dict[int, list[dict[str, Any]]]:
        steps = sorted(self._steps.items())
        return {step: tasks_in([*made.groups, *made.probes], probe) for step, made in steps}


def tasks_in(groups: Iterable[Group], probe: bool) -> list[dict[str, Any]]:
    """The tasks of finished trees."""
    return [
        group_row(each.task.id, each.task.goal, each.task.difficulty, each.probe)
        for each in groups
        if each.probe is probe and any(tree.nodes and not tree.header.origin for tree in each.trees)
    ]


def plain_table(groups: Sequence[Group], step: int) -> StepTable:
    """The table of groups of trees, finished or not, without credit."""
    words = Words()
    rows: list[Row] = []
    trees: list[TreeRow] = []
    for place, group in enumerate(groups):
        for number, tree in zip(_numbers(group), group.trees, strict=True):
            row_of = {node.path: len(rows) + row for row, node in enumerate(tree.nodes)}
            rows += [
                node_row(node, len(trees), -1 if node.parent is None else row_of[node.parent], words)
                for node in tree.nodes
            ]
            trees.append(TreeRow(len(trees), place, number, tree.ended, _note(tree)))
    kept = _Trees(tree for group in groups for tree in group.trees)
    return StepTable(
        step,
        [group_row(each.task.id, each.task.goal, each.task.difficulty, each.probe) for each in groups],
        _labels(groups),
        trees,
        [node.path for tree in kept for node in tree.nodes],
        columns_of(rows),
        words.known,
        kept,
    )


def table_of_step(made: TrainStep) -> StepTable:
    """The table of a finished step with the trainer's own credit."""
    table = plain_table([*made.groups, *made.probes], made.step)
    if made.attributions is None:
        return table
    return table.credited(made.attributions)


def credited_table(groups: Sequence[Group], step: int, config: CreditConfig | None = None) -> StepTable:
    """The table of trees that come without credit: the paper's rule, as far as these trees allow it.

    If no task has a second tree there is no baseline: R stands, A does not.
    """
    usual, config = config is None, config or CreditConfig()
    table = replace(plain_table(groups, step), config=config, alone=True, usual=usual)
    trained = [
        place
        for place, group in enumerate(groups)
        if not group.probe
        and group.trees
        and all(tree.nodes and tree.root.status.ended for tree in group.trees)
    ]
    if not trained:
        return table
    alone = all(len(groups[place]) < 2 for place in trained)
    lonely = alone and config.baseline == "leave_one_out" and not config.rule
    found = attribute(
        [replace(groups[place], index=label) for label, place in enumerate(trained)],
        replace(config, estimator="rao", baseline="none", std=False) if lonely else config,
    )
    label_of = {place: label for label, place in enumerate(trained)}
    table = table.credited(found, [label_of.get(place, -1) for place in range(len(groups))], config)
    if not lonely or table.credit is None:
        return table
    nothing = dict.fromkeys(("b", "A", "w", "c", "share"), np.full(len(table), np.nan))
    why = table.credit["why"]
    return replace(
        table,
        credit={**table.credit, **nothing, "why": np.where(why == 0, NO_BASELINE, why)},
        note="one tree of each task: there is no baseline, so R is shown in place of A",
    )


class _Trees(tuple[Tree, ...]):
    """Trees by their place."""

    def tree(self, tree_id: int, /) -> Tree:
        return self[tree_id]

    def node(self, tree_id: int, path: str, /) -> Node:
        return self[tree_id].node(path)


def _labels(groups: Sequence[Group]) -> list[int]:
    """What `Attributions` call these groups: by their index if these differ, otherwise by their place; probes, which
    they do not speak of, are counted apart."""
    found: dict[bool, Iterator[int]] = {}
    for probe in (False, True):
        index = [group.index for group in groups if group.probe is probe]
        found[probe] = iter(index if len(set(index)) == len(index) else range(len(index)))
    return [next(found[group.probe]) for group in groups]


def _numbers(group: Group) -> Sequence[int]:
    """The numbers of its trees from 0: their rollouts if these differ, otherwise their places. Trees that were each run
    alone are all rollout 0."""
    rollouts = [tree.header.rollout for tree in group.trees]
    return rollouts if len(set(rollouts)) == len(rollouts) else range(len(rollouts))


def _solved(groups: Sequence[Group]) -> float | None:
    """Mean success of the scored roots."""
    scores = [tree.success for group in groups if not group.probe for tree in group.trees]
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if known else None


def _note(tree: Tree) -> str:
    if tree.header.origin:
        return clean(fork_words(tree.header.origin))[:WORD_LIMIT]
    return clean(tree.not_reproducible)[:WORD_LIMIT]


def as_groups(shown: Any) -> list[Group]:
    """Trees and groups in any plain arrangement, as groups: trees of one task and step stand together.

    Raises:
        InputError: neither a tree nor a group nor a sequence of them; the message says what it is.
    """
    if isinstance(shown, Group):
        return [shown]
    if isinstance(shown, Tree):
        return _gathered([shown])
    if isinstance(shown, str | bytes | PathLike) or not isinstance(shown, Iterable):
        raise _not_shown(shown)
    items = list(shown)
    if all(isinstance(item, Group) for item in items):
        return items
    if all(isinstance(item, Tree) for item in items):
        return _gathered(items)
    raise _not_shown(*items)


def _not_shown(*odd: object) -> InputError:
    """What an Explorer shows, and what to do with this, or with a list of these, instead."""
    names = " and ".join(sorted({type(each).__name__ for each in odd}))
    advice = ""
    if any(isinstance(each, str | PathLike) for each in odd):
        advice = ": open a run file with rl.open_run(path)"
    elif any(isinstance(each, list | tuple) for each in odd):
        advice = ": give one list, without lists in it"
    return InputError(
        f"an Explorer shows a tree, a group, a run, a session or a step of training, or a list of one kind of these, "
        f"not {names}{advice}"
    )


def _gathered(trees: Sequence[Tree]) -> list[Group]:
    lots: dict[tuple[int, bool, str, int], list[Tree]] = {}
    for tree in trees:
        header = tree.header
        lots.setdefault((header.step, header.probe, header.task.id, header.group), []).append(tree)
    return [
        Group(lot[0].task, tuple(lot), step, index, probe)
        for index, ((step, probe, _, _), lot) in enumerate(lots.items())
    ]
