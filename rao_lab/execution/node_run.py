"""A running node between two steps: plain data, and the bytes of its code that is put away."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from rao_lab.base.changed import changed
from rao_lab.execution.carried import refused
from rao_lab.execution.edits import Edits
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Launched, Paused
from rao_lab.protocols import (
    Action,
    Brief,
    Dialect,
    Function,
    Launch,
    NodeKey,
    TurnReply,
    TurnRequest,
)
from rao_lab.tree import Call, Message, Status, TreeHeader, Turn

FAILURES = {
    Status.TURN_LIMIT: "ran out of turns",
    Status.CONTEXT_LIMIT: "its context window is full",
    Status.TREE_LIMIT: "the tree's shared budget is used up",
    Status.TIMEOUT: "ran out of time",
    Status.ERROR: "was lost",
    Status.CANCELLED: "was cancelled",
}
"""What a parent is told about a child that did not finish."""

Siblings = Literal["together", "one_by_one"]
"""Whether a node's children run at the same time, or each begins when the one before it has ended."""


class Admitted(NamedTuple):
    """A child that was launched and has not begun."""

    path: str
    launch: Launch
    batch: int
    together: bool
    """It was launched at the same await as a sibling."""


@dataclass
class NodeRun:
    """All that is kept of a running node between two steps."""

    key: NodeKey
    depth: int
    launch: Launch
    dialect: Dialect
    """Its prompt, and how its replies are read."""
    turns_allowed: int
    trimmed: bool
    """It was given fewer turns than it asked for, because the tree's budget had no more."""
    seed: int
    """Seeds `random` in its sandbox."""
    turn: int = 0
    session: bytes | None = None
    """Its REPL, put away between two turns."""
    paused: Paused | None = None
    """Its turn's code, put away while it awaits children."""
    held: int = 0
    """Bytes of both, when they were last counted."""
    left_out: str = ""
    """What of this turn's reply did not run, in words for the model."""
    calls: list[Call] = field(default_factory=list)
    launches: dict[int, int] = field(default_factory=dict)
    """Call id of each launch of this turn -> its place in `calls`."""
    waiting: dict[str, int] = field(default_factory=dict)
    """Children that have not ended -> call id."""
    queued: deque[Admitted] = field(default_factory=deque)
    """Those of them that have not begun."""
    answers: dict[int, Any] = field(default_factory=dict)
    """Call id -> what came of the launch; the code has not been given it yet."""
    spawned: int = 0
    """Children so far."""
    batches: int = 0
    """Times that launches were taken from its code so far."""
    wait_started: float = 0.0
    """When its code was last put away, in seconds of the tree's clock."""
    waited: float = 0.0
    """Seconds that this turn's code was put away."""

    @property
    def path(self) -> str:
        return self.key[1]

    def begin_turn(self) -> None:
        """Its next turn begins: nothing has been called in it yet."""
        self.turn += 1
        self.left_out = ""
        self.calls, self.launches, self.waited = [], {}, 0.0

    def take_up(self, now: float) -> Paused:
        """The code that was put away, to be worked on at `now`."""
        assert self.paused is not None
        self.waited += now - self.wait_started
        paused, self.paused = self.paused, None
        return paused

    def announce(self, launched: Launched) -> None:
        """Its code launched something; what came of it is noted later."""
        self.launches[launched.call_id] = len(self.calls)
        self.calls.append(Call(launched.name, launched.args, launched.kwargs))

    def adopt(self, path: str, call_id: int, launch: Launch, together: bool) -> None:
        """The launch became a child, whose end the code waits for."""
        self.spawned += 1
        self.queued.append(Admitted(path, launch, self.batches, together))
        self.waiting[path] = call_id
        self.note(call_id, child=path)

    def answer(self, call_id: int, value: Any, error: str | None = None) -> None:
        """What came of a launch: noted, and given to the code when it goes on."""
        self.note(call_id, result=value, error=error)
        self.answers[call_id] = value

    def give_up(self, call_id: int, error: str) -> None:
        """The launch was refused: large arguments are not kept."""
        place = self.launches[call_id]
        self.calls[place] = refused(self.calls[place], error)

    def note(self, call_id: int, **fields: Any) -> None:
        """Fills in fields of the `Call` that stands for a launch."""
        place = self.launches[call_id]
        self.calls[place] = changed(self.calls[place], **fields)


class Held:
    """Counts the bytes that the running nodes of a tree hold while they are put away."""

    def __init__(self, limit_mb: int) -> None:
        self.total = 0
        self._limit = limit_mb << 20
        self.reason = f"its agents' variables take more than {limit_mb} MiB together"

    def holds(self, node: NodeRun) -> bool:
        """Counts again what the node holds; returns whether the tree may hold all that it has now."""
        now = len(node.session or b"") + (len(node.paused.dump) if node.paused else 0)
        self.total += now - node.held
        node.held = now
        return self.total <= self._limit

    def free(self, node: NodeRun) -> None:
        """The node ended."""
        self.total -= node.held
        node.held = 0


def node_seed(header: TreeHeader, path: str) -> int:
    """Seed of `random` in a node's sandbox: the same for the same seed, task, rollout and path."""
    words = (header.seed, noise_step(header), header.task.id, header.rollout, path)
    return int.from_bytes(hashlib.blake2b(repr(words).encode(), digest_size=8).digest(), "big") >> 1


def noise_step(header: TreeHeader) -> int:
    """The step that keys a tree's noise. A probe gets the same noise at every step, so that two probes differ only by
    the weights."""
    return 0 if header.probe else header.step


def brief(node: NodeRun, edits: Edits, agent: str, functions: Sequence[Function]) -> Brief:
    """What the node is told before its first turn."""
    return Brief(
        goal=node.launch.goal,
        args=edits.told_args(node.path, node.launch),
        agent=agent,
        depth=node.depth,
        functions=tuple(functions),
        turns_left=node.turns_allowed,
    )


def turn_request(
    node: NodeRun,
    header: TreeHeader,
    messages: Sequence[Message],
    history: tuple[Turn, ...],
    limits: Limits,
    window: int,
) -> TurnRequest:
    """Asks for the node's next turn. Its noise is keyed by which turn it is, never by when it comes."""
    return TurnRequest(
        key=node.key,
        turn=node.turn,
        depth=node.depth,
        agent=header.agent,
        goal=node.launch.goal,
        args=node.launch.args,
        messages=tuple(messages),
        history=history,
        noise=(header.seed, noise_step(header), header.task.id, header.rollout, node.path, node.turn),
        max_new_tokens=limits.max_new_tokens,
        window=window,
    )


def spawned(node: NodeRun, parent: NodeRun | None, child: Admitted, window: int) -> dict[str, Any]:
    """The fields of `Spawned`."""
    return {
        "node": node.path,
        "parent": None if parent is None else parent.path,
        "parent_turn": None if parent is None else parent.turn,
        "launch_batch": child.batch,
        "together": child.together,
        "depth": node.depth,
        "goal": node.launch.goal,
        "args": node.launch.args,
        "template": node.dialect.name,
        "window": window,
    }


def acted(reply: TurnReply, action: Action) -> dict[str, Any]:
    """The fields of `Acted` that come from a reply and from the action read from it."""
    return {
        "continues": reply.continues,
        "prompt_ids": reply.prompt_ids,
        "sampled_ids": reply.sampled_ids,
        "logprobs": reply.logprobs,
        "entropies": reply.entropies,
        "policy_version": reply.version,
        "text": reply.text,
        "thought": _thought(reply, action),
        "code": action.code,
        "stop": reply.stop,
        "decode_steps": reply.decode_steps,
        "read": reply.tokens_in,
        "wrote": reply.tokens_out,
        "logprob": reply.logprob,
    }


def _thought(reply: TurnReply, action: Action) -> str:
    """All that the model thought. What is in both is said once: a policy that replays a turn gives its whole thought
    again."""
    if reply.thought.endswith(action.thought):
        return reply.thought
    return "\n\n".join(filter(None, (reply.thought, action.thought)))
