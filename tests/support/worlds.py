"""A small world and a policy that says given lines: enough to drive the executor by hand.

`Shelf` has one function, `put(n)`, which adds to a shared total and refuses numbers below 0; a node
succeeds when it finishes with "ok". `Lines` writes, for each path, the given texts turn by turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rao_lab.protocols import Function, Launch, NodeKey, Refusal, Score, TurnReply, TurnRequest
from rao_lab.tree import Task

TASK = Task("shelf-1", "fill the shelf", "easy", "test")


class ShelfWorld:
    def __init__(self) -> None:
        self.total = 0
        self.log: list[tuple[str, int]] = []

    def functions(self) -> Sequence[Function]:
        return (Function("put", "put(n: int) -> int", "Adds n and returns the total."),)

    def control_functions(self) -> Sequence[Function]:
        return (
            Function("finish", "finish(value)", "Ends this agent."),
            Function("launch_subagent", "launch_subagent(goal: str, turns=None)", "Starts a copy.", True),
        )

    def root(self) -> Launch:
        return Launch("fill the shelf")

    def admit(self, parent: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Launch:
        if not args or not isinstance(args[0], str):
            raise Refusal("bad_launch", "the goal must be text")
        if args[0] == "forbidden":
            raise Refusal("forbidden", "this goal is not allowed")
        return Launch(args[0], {"goal": args[0]}, kwargs.get("turns"))

    def enter(self, path: str, launch: Launch) -> None:
        self.log.append((path, 0))

    def call(self, path: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if args[0] < 0:
            raise Refusal("negative", f"put({args[0]}): give a number of 0 or more")
        self.total += args[0]
        self.log.append((path, args[0]))
        return self.total

    def leave(self, path: str, value: Any) -> Score | None:
        if value == "unknown":
            return None
        return Score(1.0 if value == "ok" else 0.0)


class Shelf:
    name = "shelf"

    def __init__(self) -> None:
        self.worlds: list[ShelfWorld] = []

    def tasks(self, split: str) -> Sequence[Task]:
        return [TASK]

    def open(self, task: Task) -> ShelfWorld:
        self.worlds.append(ShelfWorld())
        return self.worlds[-1]


class Lines:
    """Texts by path; `delays` makes a node's turns take that many decode steps (1 otherwise)."""

    name = "lines"
    version = 0
    dialect = "terse"
    window = 0

    def __init__(
        self, texts: Mapping[str, Sequence[str]], delays: Mapping[str, int] | None = None, fail: str = ""
    ) -> None:
        self.texts = texts
        self.delays = delays or {}
        self.fail = fail
        self.requests: list[TurnRequest] = []
        self.forgotten: list[NodeKey] = []
        self._running: dict[NodeKey, tuple[TurnRequest, int]] = {}

    def submit(self, request: TurnRequest) -> None:
        self.requests.append(request)
        self._running[request.key] = (request, self.delays.get(request.key[1], 1))

    def tick(self) -> Sequence[TurnReply]:
        replies = []
        for key in sorted(self._running):
            request, left = self._running.pop(key)
            if left > 1:
                self._running[key] = (request, left - 1)
                continue
            replies.append(self._reply(request))
        return replies

    def _reply(self, request: TurnRequest) -> TurnReply:
        path = request.key[1]
        if path == self.fail:
            return TurnReply(request.key, "", stop="error", error="connection refused")
        lines = self.texts[path]
        text = lines[min(request.turn, len(lines)) - 1]
        return TurnReply(request.key, text, decode_steps=self.delays.get(path, 1))

    def forget(self, key: NodeKey) -> None:
        self.forgotten.append(key)
        self._running.pop(key, None)
