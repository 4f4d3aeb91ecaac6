"""A node's code in the sandbox: it starts, its calls go to the world, and it goes on once children have ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from rao_lab.base.changed import changed
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
    Launched,
    NotPlainError,
    Sandbox,
    catches,
    check_plain,
)
from rao_lab.protocols import OUT_OF_TIME, Function, Refusal, World
from rao_lab.tree import ROOT, Call

LAUNCH = "launch_subagent"
FORGOTTEN = "does nothing until it is awaited: you forgot await"
NOT_STARTED = "was not started: your code stopped first"
ONE_OF_BOTH = "was not started: it was not awaited, or what awaited it failed first"
"""For code that catches failures: it does not show which of its parts failed."""


@runtime_checkable
class Together(Protocol):
    """A world whose async functions run at the same time, if code awaits them at the same time."""

    def call_together(self, path: str, calls: Sequence[Call]) -> Sequence[Any]:
        """As `World.call` for each, in this order; a refusal is given back and not raised."""
        ...


@runtime_checkable
class Hurried(Protocol):
    """A world whose functions may take long: it bounds them by the seconds that the tree has left."""

    def hurry(self, left: Callable[[], float]) -> None:
        """Called before anything else."""
        ...


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

    def call_awaited(self, node: NodeRun, launched: Sequence[Launched]) -> None:
        """Calls the async functions that code awaits beside its launches; it is answered when it goes on."""
        asked = [each for each in launched if each.name != LAUNCH and each.call_id not in node.launches]
        for each in asked:
            node.announce(each)
        results = self._together(node, [Call(each.name, each.args, each.kwargs) for each in asked])
        for each, result in zip(asked, results):
            try:
                self._take(each.name, result)
            except Refusal as refusal:
                self._note_refusal(node, each.name, refusal)
                node.answers[each.call_id] = CallError(refusal.message)
                node.give_up(each.call_id, refusal.message)
            else:
                self._carried.spend(each.args, each.kwargs)
                node.answer(each.call_id, result)

    def _together(self, node: NodeRun, calls: Sequence[Call]) -> Sequence[Any]:
        """The result of each call, or its refusal."""
        header = self._log.fold.header
        if calls and isinstance(self._world, Together):
            with in_world(self._world, "call", header, node.path, calls[0].name):
                return self._world.call_together(node.path, calls)
        found: list[Any] = []
        for call in calls:
            try:
                with in_world(self._world, "call", header, node.path, call.name):
                    found.append(self._world.call(node.path, call.name, call.args, call.kwargs))
            except Refusal as refusal:
                found.append(refusal)
        return found

    def _take(self, name: str, result: Any) -> None:
        """Takes a result into the tree.

        Raises:
            Refusal: it is one, or there is no room for it.
        """
        if isinstance(result, Refusal):
            raise result
        self._carried.take(f"the result of {name}", _plain(result, name))

    def _note_refusal(self, node: NodeRun, name: str, refusal: Refusal) -> None:
        self._log.refused(node, refusal)
        if refusal.kind == OUT_OF_TIME:
            self._log.mark(f"{name} ran into its limit in seconds at node {node.path}")

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
                self._take(name, result)
            except Refusal as refusal:
                node.calls.append(refused(call, refusal.message))
                self._carried.spend(node.calls[-1].args)
                self._note_refusal(node, name, refusal)
                raise CallError(refusal.message) from None
            except KeyboardInterrupt:
                node.calls.append(refused(call, "it had not returned when the run was stopped"))
                raise
            self._carried.spend(call.args, call.kwargs)
            node.calls.append(changed(call, result=result))
            return result

        return answer


def why_not_started(code: str, ended: Ended) -> str:
    """Why a call that has to be awaited came to nothing, in code that has ended."""
    if ended.error is not None:
        return NOT_STARTED
    return ONE_OF_BOTH if catches(code) else FORGOTTEN


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
