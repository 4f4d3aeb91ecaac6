"""Who watches an evaluation is told how many of its trees are over."""

from __future__ import annotations

from collections.abc import Callable

from rao_lab.tree import Tree

OnTrees = Callable[[int, int], None]
"""Told (done, all)."""


class Over:
    """Counts trees that end, from those that ran before; one who raises is not told again.

    Args:
        keep: is given each tree first.
    """

    def __init__(
        self, tell: OnTrees | None, before: int, of: int, keep: Callable[[Tree], None] | None = None
    ) -> None:
        self._tell, self._over, self._of, self._keep = tell, before, of, keep
        if before:
            self._say()

    def ended(self, _: int, tree: Tree) -> None:
        """As the executor calls it."""
        if self._keep is not None:
            self._keep(tree)
        self._over += 1
        self._say()

    def _say(self) -> None:
        tell, self._tell = self._tell, None
        if tell is not None:
            tell(self._over, self._of)
            self._tell = tell
