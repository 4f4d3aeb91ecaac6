"""The limits of a tree, and the budget that its nodes share.

Limits bound what code and policy may use (decision 8 of the method). `Budget` reserves before anything is created,
and refuses with a message for the model. It only counts; it knows no executor, clock or sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from rao_lab.base.calls import checked_call
from rao_lab.base.cell import Settings
from rao_lab.base.checks import MOST, arguments, number, whole
from rao_lab.errors import RecordError
from rao_lab.protocols import Refusal
from rao_lab.tree import MAX_DEPTH


@checked_call
@dataclass(frozen=True, slots=True, repr=False)
class Limits(Settings):
    """What one tree, node, turn and snippet may use.

        >>> limits = rl.Limits(max_depth=1, max_nodes=8)
        >>> rl.run(task, env, policy, limits=limits).depth
        1

    Args:
        max_depth: Depth of the deepest node; the root has depth 0, so with 0 the root cannot launch. It ends
            chains in which each agent passes its own goal on. At most 200, the deepest that records hold.
        max_turns: Turns of one node: enough to look things up, act and finish, with a few mistakes in
            between.
        max_children: Children of one node in all; 0 = none.
        max_nodes: Nodes of a tree, the root included. It bounds the breadth, which a limit on depth does not.
        max_tree_turns: Turns of all nodes of a tree together: the budget that the nodes share. It bounds the
            cost of a tree.
        max_new_tokens: Tokens sampled in one turn.
        context_window: Tokens of a node's whole context: all prompt and sampled ids together.
        repl_seconds: Seconds that one turn's code may compute; waiting for children does not count. It is
            measured on a wall clock, so it lies far above what honest code takes (less than a millisecond).
        repl_memory_mb: Heap of one node's session, in MiB. While the session is put away, between turns and
            at an await, it may take an eighth of that; code that leaves more is undone, with an error that
            says so.
        max_tree_mb: MiB that the sessions of a tree's running nodes may take together while they are put
            away. The node that exceeds it ends with `tree_limit`. Honest sessions take a few KiB each.
        max_value_mb: MiB of arguments, results, printed text and returned values of a tree, all nodes and turns
            together. They are kept in memory and in the run file. What does not fit is refused, with words for
            the model; if nothing is left the node ends with `tree_limit`. At most 40, the largest body that a run
            file keeps. Honest trees hand a few KiB about.
        max_output_chars: Printed characters of one turn that are kept and shown to the model.
        max_suspensions: How often one turn's code may turn to the outside: by a call, an await or a look-up
            of an unknown name. An await counts once, even if its children end one by one.
        tree_seconds: Wall-clock seconds of a tree: a safety net far above the counted limits. If it fires,
            the tree is marked not reproducible.

    Raises:
        ConfigError: a value that means nothing, with the field's name.
    """

    max_depth: int = 4
    max_turns: int = 16
    max_children: int = 8
    max_nodes: int = 64
    max_tree_turns: int = 400
    max_new_tokens: int = 256
    context_window: int = 4096
    repl_seconds: float = 2.0
    repl_memory_mb: int = 64
    max_tree_mb: int = 512
    max_value_mb: int = 32
    max_output_chars: int = 4000
    max_suspensions: int = 256
    tree_seconds: float = 3600.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "int":
                most = _MOST.get(field.name, MOST)
                whole(field.name, value, least=0 if field.name in _MAY_BE_ZERO else 1, most=most)
            else:
                number(field.name, value, above=True)

    def to_dict(self) -> dict[str, int | float]:
        """Plain JSON, every field."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Limits:
        """The inverse of `to_dict`; a field that is missing keeps its default.

        Raises:
            ConfigError: there is no such field, or a value means nothing.
        """
        return cls(**arguments(cls, values, "limits"))


_MOST = {"max_depth": MAX_DEPTH, "max_value_mb": 40}
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

    Turns spent and turns set aside never exceed `max_tree_turns` together. A node that ends gives back the turns
    that it did not use.
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
        """Turns of the tree that are not spent and not set aside."""
        return self._free

    @property
    def turns_spent(self) -> int:
        return sum(account.spent for account in self._accounts.values())

    def reserve(self, path: str, *, depth: int, turns: int | None = None) -> int:
        """Admits a node and sets its turns aside, before it is created.

        Args:
            path: of the new node; its parent, if it has one, must have been admitted.
            turns: as many as it asks for; None = `max_turns`. Never more than `max_turns` are granted, and fewer
                if the tree has fewer left.

        Returns:
            The turns granted, at least 1.

        Raises:
            Refusal: of kind depth, children, nodes, tree_turns or bad_turns; its message tells the model what to
                do instead.
            RecordError: the path is taken, or its parent was never admitted.
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
        """A node takes one turn.

        Raises:
            RecordError: it has none left, or has ended; the caller should have checked.
        """
        if self.left(path) < 1:
            raise RecordError(f"node {path} has no turn left of its {self.turns(path)}")
        self._account(path).spent += 1

    def release(self, path: str) -> None:
        """The node ended: its unused turns go back to the tree. Calling it again changes nothing."""
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
