"""A prompt bench as a user holds it: read from run files, shown in a notebook, saved as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path
from typing import Self
from uuid import uuid4

from rao_lab.api.diff import TreeDiff
from rao_lab.api.find import find_trees
from rao_lab.base.checks import number
from rao_lab.base.safe_text import quoted
from rao_lab.errors import ConfigError, InputError
from rao_lab.evaluation.bench_record import bench_of
from rao_lab.evaluation.prompt_bench import About, Bench, Spot
from rao_lab.store import Run, open_run
from rao_lab.tree import Task, Tree
from rao_lab.views.bench.html import bench_sheet
from rao_lab.views.bench.page import save_bench

CELL_BYTES = 2_000_000
"""Of the pairs of trees that a notebook keeps with a bench."""


class PromptBench(Bench):
    """What `rl.prompt_bench` found: figures of each prompt with intervals, paired differences, and the trees.

    >>> again = rl.PromptBench.from_runs({"first": [tree], "second": [tree]})
    >>> again.figures[0].success.value, again.verdict.sentence
    (1.0, 'no winner yet: first and second have the same success so far')
    >>> again.diff("first", "second").first is None
    True
    """

    @classmethod
    def of(cls, bench: Bench) -> Self:
        return cls(**{item.name: getattr(bench, item.name) for item in fields(Bench)})

    def diff(self, first: str, second: str, task: int = 0, repeat: int = 0) -> TreeDiff:
        """Two trees of one task and repeat side by side; places are from 0.

        Raises:
            MissingError: one of them is not there.
        """
        return TreeDiff.of(super().diff(first, second, task, repeat))

    def save_html(self, path: str | Path, max_mb: float = 20.0) -> str:
        """Saves one self-contained page; returns what it leaves out, in words (empty: nothing).

        It has the tables of the bench, and of every task and repeat the trees side by side. It runs no script.

        Args:
            max_mb: the largest size; pairs of trees are left out before it is exceeded.

        Raises:
            InputError, RunFileError: another file lies there. UnavailableError: it cannot be written.
        """
        number("max_mb", max_mb, most=1e6, above=True)
        return save_bench(self, Path(path), max_mb)

    def _repr_html_(self) -> str:
        """What a notebook shows: the page within a cell, with as many trees as fit 2 MB."""
        return bench_sheet(self, f"bench{uuid4().hex[:8]}", CELL_BYTES)[0]

    @classmethod
    def open(cls, run: str | Path | Run) -> Self:
        """The bench that a run file holds, whole or not.

        Raises:
            MissingError, RunFileError: there is none.
        """
        with open_run(run) if isinstance(run, str | Path) else nullcontext(run) as opened:
            return cls.of(bench_of(opened))

    @classmethod
    def from_runs(
        cls, runs: Mapping[str, str | Path | Run | Sequence[Tree]], step: int | None = None
    ) -> Self:
        """A bench of trees that were run before: the trees of each run are those of one variant.

        Trees belong together if their tasks have the same id, the k-th of a run with the k-th of another. Whether they
        had the same noise, nobody can tell: intervals are over tasks all the same.

        Args:
            runs: by name, run files or lists of trees.
            step: of each run; by default the newest that has trees.

        Raises:
            ConfigError: these are not two runs at least. InputError: no task is in two of them.
        """
        if not isinstance(runs, Mapping) or len(runs) < 2:
            raise ConfigError(f"from_runs compares two runs or more by name, not {quoted(runs)}")
        each = {name: _trees(given, step) for name, given in runs.items()}
        tasks: dict[str, Task] = {}
        for trees in each.values():
            for tree in trees:
                tasks.setdefault(tree.task.id, tree.task)
        places = {name: at for at, name in enumerate(tasks)}
        found: dict[Spot, Tree] = {}
        for at, trees in enumerate(each.values()):
            seen: dict[str, int] = {}
            for tree in trees:
                repeat = seen.get(tree.task.id, 0)
                seen[tree.task.id] = repeat + 1
                found[Spot(at, places[tree.task.id], repeat)] = tree
        shared = [
            name
            for name in tasks
            if sum(any(t.task.id == name for t in trees) for trees in each.values()) > 1
        ]
        if not shared:
            raise InputError(
                "no task is in two of these runs, so nothing can be compared: tasks are told apart by id"
            )
        return cls(
            tuple(_about(name, trees) for name, trees in each.items()),
            tuple(tasks.values()),
            1 + max(spot.repeat for spot in found),
            found,
            note="recorded trees: paired by task, not by noise",
        )


def _trees(given: object, step: int | None) -> list[Tree]:
    if isinstance(given, str | Path):
        with open_run(given) as run:
            return _trees(run, step)
    if isinstance(given, Run):
        return [each.load() for each in find_trees(given, step) if not (each.running or each.fork)]
    if isinstance(given, Sequence) and given and all(isinstance(each, Tree) and each.nodes for each in given):
        return [*given]
    raise InputError(f"a variant of from_runs is a run file or a list of trees, not {quoted(given)}")


def _about(name: str, trees: Sequence[Tree]) -> About:
    prompts = ", ".join(dict.fromkeys(tree.root.template for tree in trees))
    policies = ", ".join(dict.fromkeys(tree.header.policy for tree in trees))
    return About(str(name), prompts, policies, trees[0].header.agent if trees else "")
