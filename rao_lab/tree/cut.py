"""Where a recorded tree is cut, to be run again from there: which of its turns stay, and which are written anew.

A fork has a **tick** at which it begins to differ from the recording:

- if the chosen turn is written anew, perhaps with another goal or prompt: the tick after the one at which it was
  asked for. Other turns that were asked for along with it had read all that they read by then.
- if its action is edited: the tick at which that action ran.
- if the value of a child is edited: the tick at which that child ended; of several, the first.

A recorded turn lies **before** the fork if it was asked for (`Turn.started_tick`) at an earlier tick. Such a turn is
always kept, even if it ended later: nothing that it read could have been otherwise. Its code runs again in the
world as that is now. Every other turn lies **after** the fork, whatever its path, siblings and ancestors included.
What becomes of these, `rest` says:

- "continued": they are all written anew.
- "replayed": nodes outside the fork repeat their recorded turns, although they may read something else, as long as
  the recording has that path and turn with the same goal. The chosen node, and what it launches from then on, are
  written anew.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

from rao_lab.base.checks import choice, whole
from rao_lab.base.words import counted
from rao_lab.errors import ConfigError, MissingError
from rao_lab.tree.events import Status
from rao_lab.tree.node import Node, Turn
from rao_lab.tree.tree import Tree

Rest = Literal["continued", "replayed"]
"""What becomes of the turns after a fork."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A place in a recorded tree; `cut` makes it."""

    node: str
    turn: int
    """The chosen turn, from 1."""
    first: int
    """The node's first turn that is written anew: the chosen one, or the one after an edited action or value."""
    tick: int
    """When the fork begins to differ."""
    rest: Rest
    launched: int
    """Children that the node had launched by then."""
    text: str | None = None
    """The edited reply of the chosen turn; None = it is as recorded, or written anew."""

    def keeps(self, path: str, turn: Turn) -> bool:
        """Whether a recorded turn of the node at `path` is repeated."""
        if path == self.node and turn.index >= self.first:
            return False
        if turn.started_tick < self.tick:
            return True
        return self.rest == "replayed" and not self._launches(path)

    def _launches(self, path: str) -> bool:
        """Whether the node at `path` stands below the chosen one, in a branch that it launches after the cut."""
        if not path.startswith(f"{self.node}."):
            return False
        return int(path.removeprefix(f"{self.node}.").split(".")[0]) >= self.launched


def cut(
    tree: Tree,
    node: str,
    turn: int = 1,
    rest: Rest = "replayed",
    *,
    text: str | None = None,
    children: Collection[str] = (),
) -> Cut:
    """The cut of `tree` at a turn of a node.

    Args:
        rest: what becomes of the turns after it.
        text: an edited reply of that turn.
        children: launched in that turn, whose values are edited.

    Raises:
        ConfigError, MissingError: there is nothing at that place to be written anew or edited.
    """
    choice("rest", rest, get_args(Rest))
    found = tree.node(node)
    chosen = turn_of(found, turn)
    first = turn + 1
    if text is not None:
        if chosen.sampled_tick is None:
            raise ConfigError(
                f"turn {turn} of node {node} has no action to edit: it was not written to its end"
            )
        tick = chosen.sampled_tick
    elif children:
        tick = min(_end(tree, chosen, node, child) for child in children)
    else:
        if chosen.sampled_tick is None and not found.status.ended:
            raise ConfigError(f"turn {turn} of node {node} still runs: fork it when it has ended")
        tick, first = chosen.started_tick + 1, turn
    launched = sum(child.started_tick < tick for child in tree.children(node))
    return Cut(node, turn, first, tick, rest, launched, text)


def turn_of(node: Node, turn: int) -> Turn:
    """Raises: MissingError, if the node has no such turn."""
    whole("turn", turn, least=1)
    if turn > len(node.turns):
        raise MissingError(f"node {node.path} has no turn {turn}: it has {counted(len(node.turns), 'turn')}")
    return node.turns[turn - 1]


def _end(tree: Tree, turn: Turn, node: str, child: str) -> int:
    """The tick at which a child of this turn ended."""
    if child not in turn.children:
        has = f"it has {', '.join(turn.children)}" if turn.children else "it launched none"
        others = [each for each in tree.node(node).turns if each.children and each is not turn]
        has += "".join(f"; turn {each.index} has {', '.join(each.children)}" for each in others[:5])
        raise MissingError(f"turn {turn.index} of node {node} has no child {child!r}: {has}")
    found = tree.node(child)
    if found.ended_tick is None or found.status is Status.CANCELLED:
        raise ConfigError(f"node {child} returned nothing that could be edited: it is {found.status}")
    return found.ended_tick
