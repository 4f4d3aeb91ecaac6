"""A question of the front end, and how one is answered: what an answer's module needs of `answers.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rao_lab.errors import MissingError
from rao_lab.tree import Node, Tree
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.table import StepTable

Argument = str | int | bool | None
Given = tuple[Any, Sequence[bytes]]
"""An answer: JSON, and buffers."""


class Growing(Protocol):
    """A step, with its trees as far as they are."""

    def so_far(self, place: int, /) -> Tree: ...
    def node(self, tree: int, path: str, /) -> Node: ...
    def whole(self) -> StepTable: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, with what is needed to answer it."""

    source: Source
    read: Callable[[int], StepTable]
    """The finished trees of a step."""
    step: int | None
    """None: it is about the run."""
    args: Sequence[Argument] = ()
    find: Callable[[int], Growing] | None = None
    """By default trees are those of `read`."""

    def tree(self) -> Tree:
        """The tree that the first argument names by its place, as far as it is.

        Raises:
            MissingError: it names none.
        """
        place = self.args[0] if self.args else None
        if self.step is None or not isinstance(place, int) or isinstance(place, bool):
            raise MissingError("a question about a tree must name it")
        return self.read(self.step).tree(place) if self.find is None else self.find(self.step).so_far(place)

    def node(self, place: int, path: str) -> tuple[StepTable, Node]:
        """A node as far as it is, and the table of its step, in which its tree stands at that place.

        Raises:
            MissingError: there is none.
        """
        if self.step is None or self.find is None:
            return self.table, self.table.node(place, path)
        step = self.find(self.step)
        return step.whole(), step.node(place, path)

    @property
    def table(self) -> StepTable:
        """The step that it is about.

        Raises:
            MissingError: it is about the run, or there is no such step.
        """
        if self.step is None:
            raise MissingError("a question about a step must name it")
        return self.read(self.step)


@dataclass(frozen=True, slots=True)
class Question:
    """How a question is answered.

    Args:
        answer: makes the answer; a `RaoLabError` says why there is none.
        saved: the arguments whose answers belong in a saved page, of a step or (None) of the run, the most
            important first; by default none.
        late: texts of nodes go before these answers, if a page cannot hold both.
    """

    answer: Callable[[Asked], Given]
    saved: Callable[[Source, StepTable | None], Iterable[Sequence[Argument]]] = lambda source, table: ()
    late: bool = False
