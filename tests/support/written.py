"""A policy whose turns are written down: it plays any world by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rao_lab.policies.pending import KnownAtOnce
from rao_lab.prompts.codeact import CodeAct
from rao_lab.protocols import Action, TurnReply, TurnRequest


class Written(KnownAtOnce):
    """Writes the code of a node's turns, in order; the last one again and again.

    Args:
        root: the root's turns.
        child: of a child's goal, its turns.
    """

    name, version, dialect, window = "written", 0, "codeact", 0

    def __init__(
        self, root: Sequence[str], child: Callable[[str], Sequence[str]] = lambda _: ["finish('done')"]
    ) -> None:
        super().__init__()
        self._root, self._child = root, child

    def reply(self, request: TurnRequest) -> TurnReply:
        turns = self._child(request.goal) if request.depth else self._root
        code = turns[min(request.turn, len(turns)) - 1]
        return TurnReply(request.key, CodeAct().reply(Action("I go on.", code)))
