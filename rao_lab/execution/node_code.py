"""A node's code in the sandbox: it starts, its calls go to the world, and it goes on once children have ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rao_lab.execution.log import TreeLog
from rao_lab.execution.node_run import NodeRun
from rao_lab.execution.sandbox import Awaiting, CallError, Ended, Sandbox
from rao_lab.protocols import Function, Refusal, World
from rao_lab.tree import Call


class NodeCode:
    """Runs code for the nodes of one tree, with the functions that this tree's agents may call."""

    def __init__(self, sandbox: Sandbox, world: World, log: TreeLog, functions: Sequence[Function]) -> None:
        self._sandbox = sandbox
        self._world = world
        self._log = log
        self._callable: Mapping[str, bool] = {each.name: each.is_async for each in functions}

    def run(self, node: NodeRun, code: str) -> Awaiting | Ended:
        """Starts the code of a turn."""
        return self._sandbox.run(
            node.session,
            code,
            self._callable,
            self._answerer(node),
            seed=node.seed,
            clock=float(self._log.tick),
        )

    def resume(self, node: NodeRun) -> Awaiting | Ended:
        """Goes on with code that awaits children, with all answers that have come in."""
        paused = node.take_up(self._log.now())
        answers, node.answers = node.answers, {}
        return self._sandbox.resume(
            paused, answers, self._callable, self._answerer(node), clock=float(self._log.tick)
        )

    def _answerer(self, node: NodeRun) -> Callable[[str, Sequence[Any], Mapping[str, Any]], Any]:
        def answer(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
            call = Call(name, tuple(args), dict(kwargs))
            try:
                result = self._world.call(node.path, name, args, kwargs)
            except Refusal as refusal:
                node.calls.append(replace(call, error=refusal.message))
                self._log.refused(node, refusal)
                raise CallError(refusal.message) from None
            node.calls.append(replace(call, result=result))
            return result

        return answer
