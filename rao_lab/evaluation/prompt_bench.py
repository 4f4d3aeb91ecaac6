"""What a prompt bench found: prompts on the same tasks, with the same noise, several times each.

A bench compares variants. A variant is a prompt, or an agent or a policy of its own, for policies to which prompts mean
nothing. Every variant runs the same tasks. Its k-th tree of a task is sampled with the same noise keys as the k-th
trees of the others, so differences are taken tree by tree. `clustered` has the intervals, `verdict` the rule by which a
winner is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from rao_lab.base.safe_text import quoted
from rao_lab.base.words import counted
from rao_lab.errors import MissingError
from rao_lab.evaluation.bench_figures import Figures, figures
from rao_lab.evaluation.bench_text import bench_text
from rao_lab.evaluation.short_names import short_names
from rao_lab.evaluation.verdict import Verdict, Versus, verdict, versus_all
from rao_lab.tree import Task, Tree
from rao_lab.tree.denominator import why_unscored
from rao_lab.tree.diff import TreeDiff, diff_trees
from rao_lab.tree.told_counts import tokens_told


class Spot(NamedTuple):
    """Where a tree belongs: places from 0."""

    variant: int
    task: int
    repeat: int


@dataclass(frozen=True, slots=True)
class About:
    """One variant in words."""

    name: str
    prompt: str = ""
    """Its dialect, as the nodes record it."""
    policy: str = ""
    agent: str = "recursive"
    prices: Mapping[str, float] | None = None
    """USD a million tokens, "in" and "out"; None = not known."""

    def to_dict(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in self.__slots__},
            "prices": self.prices and dict(self.prices),
        }


@dataclass(frozen=True, repr=False)
class Bench:
    """The trees of a bench and what they say. Trees that have not run, or were lost, are missing."""

    variants: tuple[About, ...]
    tasks: tuple[Task, ...]
    repeats: int
    trees: Mapping[Spot, Tree] = field(repr=False)
    stopped: str = ""
    """Why it ended before all trees were run; "" if it did not."""
    estimate: str = ""
    """What a pilot of one tree a variant let expect, in words."""
    note: str = ""
    """What is to be known of what is compared."""
    retries: str = ""
    """What a failing server was asked again, in words: time then tells of the server."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.variants)

    @cached_property
    def shown(self) -> Bench:
        """The same, with a policy that was given by its path called by its own name: what people see of it."""
        names = short_names({each.name: each.policy for each in self.variants})
        if all(name == short for name, short in names.items()):
            return self
        return replace(self, variants=tuple(replace(each, name=names[each.name]) for each in self.variants))

    @property
    def noun(self) -> str:
        """What is compared: "prompt" if the variants differ by nothing else, otherwise "variant"."""
        others = {(each.policy, each.agent) for each in self.variants}
        return (
            "prompt" if len(others) == 1 and len({each.prompt for each in self.variants}) > 1 else "variant"
        )

    @property
    def planned(self) -> int:
        """How many trees the whole bench has."""
        return len(self.variants) * len(self.tasks) * self.repeats

    @cached_property
    def figures(self) -> tuple[Figures, ...]:
        """Of each variant, in the order given."""
        return tuple(
            figures(
                each.name,
                [
                    [tree for tree in self._row(at, task) if tree is not None]
                    for task in range(len(self.tasks))
                ],
                each.prices,
            )
            for at, each in enumerate(self.variants)
        )

    @cached_property
    def differences(self) -> tuple[Versus, ...]:
        """Of each pair of variants, the earlier minus the later."""
        return versus_all(
            {
                each.name: [
                    [None if tree is None else tree.success for tree in self._row(at, task)]
                    for task in range(len(self.tasks))
                ]
                for at, each in enumerate(self.variants)
            }
        )

    @cached_property
    def verdict(self) -> Verdict:
        """Whether one of them is best."""
        means = {each.name: None if each.success is None else each.success.value for each in self.figures}
        return verdict(means, self.differences)

    @property
    def winner(self) -> str | None:
        """The name of the best, if its paired intervals say so."""
        return self.verdict.winner

    def tree(self, name: str, task: int = 0, repeat: int = 0) -> Tree:
        """The tree of a variant.

        Args:
            task, repeat: places from 0.

        Raises:
            MissingError: there is none.
        """
        if name not in self.names:
            raise MissingError(f"no {quoted(name)} in this bench: it has {', '.join(self.names)}")
        found = self.trees.get(Spot(self.names.index(name), task, repeat))
        if found is None:
            raise MissingError(
                f"no tree of {quoted(name)} for task {quoted(task)}, repeat {quoted(repeat)}: of tasks 0 to "
                f"{len(self.tasks) - 1} and repeats 0 to {self.repeats - 1}, {len(self.trees)} of {self.planned} trees "
                "have run"
            )
        return found

    def diff(self, first: str, second: str, task: int = 0, repeat: int = 0) -> TreeDiff:
        """Two trees of one task and repeat side by side.

        Raises:
            MissingError: one of them is not there.
        """
        return diff_trees(self.tree(first, task, repeat), self.tree(second, task, repeat))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON without the trees."""
        return {
            "variants": [each.to_dict() for each in self.variants],
            "noun": self.noun,
            "repeats": self.repeats,
            "planned": self.planned,
            "trees": len(self.trees),
            "stopped": self.stopped,
            "estimate": self.estimate,
            "note": self.note,
            "retries": self.retries,
            "figures": [each.to_dict() for each in self.figures],
            "differences": [each.to_dict() for each in self.differences],
            "winner": self.winner,
            "verdict": self.verdict.sentence,
            "tasks": [
                {
                    "id": task.id,
                    "goal": task.goal,
                    "difficulty": task.difficulty,
                    "cells": [
                        [_cell(tree) for tree in self._row(at, place)] for at in range(len(self.variants))
                    ],
                }
                for place, task in enumerate(self.tasks)
            ],
        }

    def size(self, times: str = "x") -> str:
        """What it consists of, and how many of its trees ran: "2 prompts x 5 tasks x 4 repeats: 40 trees"."""
        counts = ((len(self.variants), self.noun), (len(self.tasks), "task"), (self.repeats, "repeat"))
        ran = f"{len(self.trees):,} of " if len(self.trees) < self.planned else ""
        return f"{f' {times} '.join(counted(*each) for each in counts)}: {ran}{self.planned:,} trees"

    def __str__(self) -> str:
        about = [
            self.size(),
            self.note,
            self.retries,
            self.estimate if self.stopped else "",
            self.stopped and f"stopped: {self.stopped}",
        ]
        shown = self.shown
        return bench_text(about, shown.figures, shown.differences, shown.verdict.sentence)

    def __repr__(self) -> str:
        return str(self)

    def _row(self, variant: int, task: int) -> Sequence[Tree | None]:
        return [self.trees.get(Spot(variant, task, repeat)) for repeat in range(self.repeats)]


def _cell(tree: Tree | None) -> dict[str, Any] | None:
    """One tree of the table by task; None if it has not run."""
    if tree is None:
        return None
    return {
        "success": tree.success,
        "why_unscored": why_unscored(tree),
        "nodes": len(tree),
        "depth": tree.depth,
        "tokens": tokens_told(tree.nodes),
        "seconds": tree.ended,
        "step": tree.header.step,
        "group": tree.header.group,
        "rollout": tree.header.rollout,
    }
