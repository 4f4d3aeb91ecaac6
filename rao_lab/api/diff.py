"""Two trees compared, at hand or in run files."""

from __future__ import annotations

from dataclasses import fields
from typing import Self
from uuid import uuid4

from rao_lab.api.find import credit_of_tree, find_tree, find_trees
from rao_lab.api.settings import is_number
from rao_lab.base.calls import checked_call
from rao_lab.base.safe_text import quoted
from rao_lab.errors import MissingError
from rao_lab.store import Run
from rao_lab.tree import Tree
from rao_lab.tree import diff as aligned
from rao_lab.tree.diff import diff_trees
from rao_lab.tree.earned import Credit
from rao_lab.views.diff.html import diff_sheet


class TreeDiff(aligned.TreeDiff):
    """Two trees side by side: which node is which, where they first part, what only one of them has.

    >>> other = rl.run(task, env, rl.load_policy("scripted", style="per_ingredient"))
    >>> found = rl.diff(tree, other)
    >>> found.first.turn, [node.path for node in found.only_a], len(rl.diff(tree, tree).changed)
    (1, ['0.0.0'], 0)
    """

    @classmethod
    def of(cls, found: aligned.TreeDiff) -> Self:
        return cls(**{item.name: getattr(found, item.name) for item in fields(aligned.TreeDiff)})

    def _repr_html_(self) -> str:
        """What a notebook shows: both trees side by side, the first divergence marked."""
        return diff_sheet(self, f"diff{uuid4().hex[:8]}")


@checked_call
def diff(a: Tree, b: Tree, credit_a: Credit = None, credit_b: Credit = None) -> TreeDiff:
    """Aligns two trees by goal and spawn order, and says where they first part.

        >>> other = rl.run(task, env, rl.load_policy("scripted", style="per_ingredient"))
        >>> found = rl.diff(tree, other)
        >>> found.first.a, found.first.turn, found.first.what
        ('0', 1, 'code')

    `print(found)` shows both trees side by side. `rao_lab.tree.diff` says what is compared, and how.

    Args:
        credit_a, credit_b: the attributions of the trees' steps, or a mapping from path to record: adds R and A.

    Raises:
        InputError: this is no tree, or one without nodes.
        MissingError: the credit is of other trees.
    """
    return TreeDiff.of(diff_trees(a, b, credit_a, credit_b))


def diff_of_runs(first: Run, second: Run, named: tuple[str, str], step: int | None = None) -> TreeDiff:
    """Compares a tree of one run with a tree of the same or another run, with their credit if they have some.

    Args:
        named: of each run its tree: the place in the step or GROUP.TREE, as `rao-lab show` takes them, or
            STEP:GROUP.TREE.
        step: of trees that are named without one; by default the newest that has trees.

    Raises:
        MissingError: there is no such step or tree.
    """
    sides = []
    for run, name in zip((first, second), named, strict=True):
        own, colon, rest = name.partition(":")
        if colon and not is_number(own.strip()):
            raise MissingError(f"no tree {quoted(name)}: name it by its place, GROUP.TREE or STEP:GROUP.TREE")
        trees = find_trees(run, int(own) if colon else step)
        found = trees[find_tree(trees, rest if colon else name)]
        sides.append((found.load(), credit_of_tree(run, found)))
    (a, credit_a), (b, credit_b) = sides
    return TreeDiff.of(diff_trees(a, b, credit_a, credit_b))
