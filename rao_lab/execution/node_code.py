"""A node's code in the sandbox: it starts, its calls go to the world, and it goes on once children have ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rao_lab.errors import InputError
from rao_lab.execution.asked import in_world
from rao_lab.execution.carried import Carried, refused
from rao_lab.execution.log import TreeLog
from rao_lab.execution.node_run import NodeRun
from rao_lab.execution.sandbox import (
    FINISH,
    Awaiting,
    CallError,
    Ended,
    Fits,
    NotPlainError,
    Sandbox,
    check_plain,
)
from rao_lab.protocols import OUT_OF_TIME, Function, Refusal, World
from rao_lab.tree import ROOT, Call


class NodeCode:
    """Runs code for the nodes of one tree, with the functions that this tree's agents may call."""

    def __init__(
        self, sandbox: Sandbox, world: World, log: TreeLog, functions: Sequence[Function], carried: Carried
    ) -> None:
        self._sandbox = sandbox
        self._world = world
        self._log = log
        self._carried = carried
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
            fits=self._fits(node),
        )

    def resume(self, node: NodeRun) -> Awaiting | Ended:
        """Goes on with code that awaits children, with all answers that have come in."""
        paused = node.take_up(self._log.now())
        answers, node.answers = node.answers, {}
        return self._sandbox.resume(
            paused,
            answers,
            self._callable,
            self._answerer(node),
            clock=float(self._log.tick),
            fits=self._fits(node),
        )

    def _fits(self, node: NodeRun) -> Fits:
        def fits(what: str, arguments: Any) -> str | None:
            twice = what.startswith(f"{FINISH}(") and node.path != ROOT  # the parent's call keeps it as well
            return self._carried.complaint(what, (arguments, arguments) if twice else arguments)

        return fits

    def _answerer(self, node: NodeRun) -> Callable[[str, Sequence[Any], Mapping[str, Any]], Any]:
        def answer(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
            call = Call(name, tuple(args), dict(kwargs))
            try:
                with in_world(self._world, "call", self._log.fold.header, node.path, name):
                    result = self._world.call(node.path, name, args, kwargs)
                self._carried.take(f"the result of {name}", _plain(result, name))
            except Refusal as refusal:
                node.calls.append(refused(call, refusal.message))
                self._carried.spend(node.calls[-1].args)
                self._log.refused(node, refusal)
                if refusal.kind == OUT_OF_TIME:
                    self._log.mark(f"{name} ran into its limit in seconds at node {node.path}")
                raise CallError(refusal.message) from None
            self._carried.spend(call.args, call.kwargs)
            node.calls.append(replace(call, result=result))
            return result

        return answer


def _plain(result: Any, name: str) -> Any:
    """What a world's function returned, which is weighed only if it can be weighed.

    Raises:
        InputError: it is not plain.
    """
    try:
        check_plain(result, f"the result of {name}")
    except NotPlainError as error:
        raise InputError(str(error)) from error
    return result
