"""Every limit as a value, and the budget that the nodes of a tree share.

Limits bound what code and policy may use (method, decision 8). `Budget` reserves before anything is
created and refuses with a message for the model; it counts and knows no executor, clock or sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from rao_lab.base.checks import MOST, arguments, number, whole
from rao_lab.errors import RecordError
from rao_lab.protocols import Refusal
from rao_lab.tree import MAX_DEPTH


@dataclass(frozen=True, slots=True)
class Limits:
    """What one tree, node, turn and snippet may use.

    Raises:
        ConfigError: a value that means nothing, with the field's name.
    """

    max_depth: int = 4
    """Depth of the deepest node, the root's being 0. With 0 the root cannot launch: chains that pass
    one goal down for ever end here. At most 200, the deepest that records hold."""
    max_turns: int = 16
    """Turns of one node: enough to look up, craft and finish with a few mistakes between."""
    max_children: int = 8
    """Children of one node over its whole life; 0 = none."""
    max_nodes: int = 64
    """Nodes of a tree, the root included: bounds its breadth where depth alone would not."""
    max_tree_turns: int = 400
    """Turns of all nodes of a tree together: the budget that nodes share, which bounds its cost."""
    max_new_tokens: int = 256
    """Tokens sampled in one turn."""
    context_window: int = 4096
    """Tokens that a node's prompt and sampled ids fill together."""
    repl_seconds: float = 2.0
    """Compute seconds of one turn's code; waiting for children is not counted. A wall clock, so it lies
    far above what honest code takes (under a millisecond)."""
    repl_memory_mb: int = 64
    """Heap of one node's session, in MiB. An eighth of it is what the session may take while it is put
    away, between turns and at an await; code that leaves more is undone, with an error that says so."""
    max_tree_mb: int = 512
    """MiB that the sessions of a tree's running nodes take together while they are put away. The node
    that goes beyond it ends with `tree_limit`. Honest sessions take a few KiB each."""
    max_output_chars: int = 4000
    """Printed characters of one turn that are kept and shown to the model."""
    max_suspensions: int = 256
    """Calls, awaits and look-ups of unknown names by which one turn's code turns to the outside.
    An await that goes on while children end one by one is one."""
    tree_seconds: float = 3600.0
    """Wall-clock seconds of a tree: a safety net far above the counted limits. A tree in which it
    fires is marked not reproducible."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "int":
                most = MAX_DEPTH if field.name == "max_depth" else MOST
                whole(field.name, value, least=0 if field.name in _MAY_BE_ZERO else 1, most=most)
            else:
                number(field.name, value, above=True)

    def to_dict(self) -> dict[str, int | float]:
        """Plain JSON, every field."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Limits:
        """Limits from `to_dict`'s form; what is missing keeps its default.

        Raises:
            ConfigError: a field that does not exist, or a value that means nothing.
        """
        return cls(**arguments(cls, values, "limits"))


_MAY_BE_ZERO = frozenset({"max_depth", "max_children"})


@dataclass(slots=True)
class _Account:
    """What one node holds of the tree's budget."""

    turns: int
    spent: int = 0
    ended: bool = False
    children: int = 0


class Budget:
    """Counts what one tree uses. A node's turns are set aside when it is admitted.

    The sum of turns spent and turns set aside never exceeds `max_tree_turns`; a node that ends gives
    back what it did not use.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._accounts: dict[str, _Account] = {}
        self._free = limits.max_tree_turns

    @property
    def nodes(self) -> int:
        """Nodes admitted so far, ended ones included."""
        return len(self._accounts)

    @property
    def turns_left(self) -> int:
        """Turns of the tree that are neither spent nor set aside."""
        return self._free

    @property
    def turns_spent(self) -> int:
        return sum(account.spent for account in self._accounts.values())

    def reserve(self, path: str, *, depth: int, turns: int | None = None) -> int:
        """Admits a node and sets its turns aside, before it is created.

        Args:
            path: of the new node; its parent must have been admitted, the root has none.
            turns: asked for; None = `max_turns`. Never more than `max_turns` are granted, and fewer
                than asked for where the tree has no more.

        Returns:
            The turns granted, at least 1.

        Raises:
            Refusal: of kind depth, children, nodes, tree_turns or bad_turns, with a message that tells
                the model what to do instead.
            RecordError: the path is taken or has no parent here.
        """
        parent = self._parent_of(path)
        refusal = self._refusal(parent, depth, turns)
        if refusal is not None:
            raise refusal
        granted = min(self._free, self.limits.max_turns if turns is None else turns, self.limits.max_turns)
        self._free -= granted
        self._accounts[path] = _Account(granted)
        if parent is not None:
            parent.children += 1
        return granted

    def turns(self, path: str) -> int:
        """Turns granted to a node."""
        return self._account(path).turns

    def left(self, path: str) -> int:
        """Turns that a node may still take."""
        account = self._account(path)
        return 0 if account.ended else account.turns - account.spent

    def spend_turn(self, path: str) -> None:
        """One turn of a node is taken.

        Raises:
            RecordError: it has none left or has ended: the caller did not look.
        """
        if self.left(path) < 1:
            raise RecordError(f"node {path} has no turn left of its {self.turns(path)}")
        self._account(path).spent += 1

    def release(self, path: str) -> None:
        """The node ended: its unused turns go back to the tree. A second time changes nothing."""
        self._free += self.left(path)
        self._account(path).ended = True

    def _account(self, path: str) -> _Account:
        account = self._accounts.get(path)
        if account is None:
            raise RecordError(f"node {path} was never admitted to this budget")
        return account

    def _parent_of(self, path: str) -> _Account | None:
        if path in self._accounts:
            raise RecordError(f"node {path} was admitted before")
        above = path.rpartition(".")[0]
        return self._account(above) if above else None

    def _refusal(self, parent: _Account | None, depth: int, turns: int | None) -> Refusal | None:
        limits = self.limits
        if depth > limits.max_depth:
            return Refusal(
                "depth",
                f"sub-agents go {limits.max_depth} levels deep and you are there: "
                "do the rest of the work yourself",
            )
        if parent is not None and parent.children >= limits.max_children:
            return Refusal(
                "children",
                f"you have launched {limits.max_children} sub-agents, the most allowed: "
                "do the rest of the work yourself",
            )
        if self.nodes >= limits.max_nodes:
            return Refusal(
                "nodes",
                f"all {limits.max_nodes} agents of this task are used: do the rest of the work yourself",
            )
        if turns is not None and turns < 1:
            return Refusal("bad_turns", f"a sub-agent needs at least 1 turn, you gave it {turns}")
        if self._free < 1:
            return Refusal(
                "tree_turns",
                f"all {limits.max_tree_turns} turns of this task are used or set aside: "
                "do the rest of the work yourself",
            )
        return None
