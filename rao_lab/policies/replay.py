"""A policy that repeats a recorded tree: for each path and turn, the text that was recorded."""

from __future__ import annotations

from collections.abc import Sequence

from rao_lab.policies.pending import KnownAtOnce, lost
from rao_lab.protocols import TurnReply, TurnRequest
from rao_lab.tree import Tree


class ReplayPolicy(KnownAtOnce):
    """A `Policy` that replays the texts of recorded trees, and nothing else of them.

    The code runs again. In the same world with the same seed the same tree results, but without tokens.

    Args:
        trees: one tree, replayed in every place of a batch; or a list with one tree for each place.
    """

    name = "replay"
    window = 0

    def __init__(self, trees: Tree | Sequence[Tree]) -> None:
        super().__init__()
        self._shared = isinstance(trees, Tree)
        self._trees = (trees,) if isinstance(trees, Tree) else tuple(trees)
        first = self._trees[0] if self._trees else None
        self.version = first.header.policy_version if first else 0
        self.dialect = first.root.template if first and first.nodes else "codeact"

    def reply(self, request: TurnRequest) -> TurnReply:
        index, path = request.key
        place = 0 if self._shared else index
        if place >= len(self._trees):
            return lost(request, f"the recording has {len(self._trees)} trees, none for place {index}")
        tree = self._trees[place]
        if not tree.has(path):
            return lost(request, f"the recording has no node {path}: this tree went another way")
        turns = tree.node(path).turns
        if request.turn > len(turns):
            return lost(
                request, f"the recording has {len(turns)} turns of node {path}, no turn {request.turn}"
            )
        turn = turns[request.turn - 1]
        return TurnReply(
            request.key,
            turn.text,
            thought=turn.thought,
            stop=turn.stop or "stop",
            version=turn.policy_version,
            decode_steps=max(1, turn.decode_steps),
        )
