"""One tree while it runs: its running nodes, and what moves them on.

The executor's loop gives a tree the policy's replies and lets it `work`: first the replies, in path order, then the
parents whose children ended, until nothing more can happen at this tick. Its `log` holds what happened. One thread
at a time works on a tree, so its shared world sees calls in one fixed order.

What the method decides, and this module does:

- A launch suspends the code. At an `await` every pending launch is spawned.
- Every await returns; a failed child returns `{"failed": reason}` (decision 9).
- A node that ends before its children cancels them (decision 3).
- Budgets are reserved before anything is created (decision 8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from typing import Any

from rao_lab.base.rendering import RenderError
from rao_lab.execution.asked import checked_launch, functions_of, in_world
from rao_lab.execution.carried import FULL, Carried, refused
from rao_lab.execution.edits import UNCHANGED, Edits
from rao_lab.execution.limits import Budget, Limits
from rao_lab.execution.log import Hide, TreeLog
from rao_lab.execution.node_code import FORGOTTEN, LAUNCH, NOT_STARTED, Hurried, NodeCode, why_not_started
from rao_lab.execution.node_run import (
    FAILURES,
    Admitted,
    Held,
    NodeRun,
    Siblings,
    acted,
    brief,
    node_seed,
    spawned,
    turn_request,
)
from rao_lab.execution.overtime import Fault, lost_to_server
from rao_lab.execution.prompted import read_reply, told
from rao_lab.execution.sandbox import Awaiting, Ended, Launched, Sandbox
from rao_lab.execution.scoring import Range, score_ended
from rao_lab.protocols import (
    Brief,
    Dialect,
    Launch,
    NodeKey,
    Observation,
    Refusal,
    TurnReply,
    TurnRequest,
    World,
)
from rao_lab.tree import (
    ROOT,
    Acted,
    Call,
    Finished,
    Message,
    Spawned,
    Status,
    TreeHeader,
    TurnStarted,
    child_path,
    path_key,
)


class TreeRun:
    """A running tree. `work` moves it on; the `take_*` methods return what that left for others."""

    def __init__(
        self,
        index: int,
        header: TreeHeader,
        world: World,
        dialect: Dialect,
        sandbox: Sandbox,
        limits: Limits,
        *,
        window: int,
        clock: Callable[[], float],
        rewards: Range = None,
        not_reproducible: str = "",
        hide: Hide | None = None,
        edits: Edits = UNCHANGED,
        siblings: Siblings = "together",
    ) -> None:
        """`not_reproducible` says why, if that is known before anything happens."""
        self.index = index
        self.log = TreeLog(header, clock, not_reproducible, hide)
        self._world = world
        self._rewards = rewards
        self._dialect = dialect
        self._edits = edits
        self._one_by_one = siblings == "one_by_one"
        self._limits = limits
        self._budget = Budget(limits)
        self._window = window
        self._nodes: dict[str, NodeRun] = {}
        self._replies: dict[str, TurnReply] = {}
        self._wake: list[tuple[tuple[int, ...], str]] = []
        """Parents to be resumed, as a heap in path order; a path may be there twice."""
        self._requests: list[TurnRequest] = []
        self._ended: list[NodeKey] = []
        self._held = Held(limits.max_tree_mb)
        self._carried = Carried(limits.max_value_mb)
        self._functions = functions_of(world, header)
        if isinstance(world, Hurried):
            world.hurry(lambda: limits.tree_seconds - self.log.age())
        self._code = NodeCode(sandbox, world, self.log, self._functions, self._carried)

    # What the executor's loop asks of a tree.

    @property
    def active(self) -> bool:
        return bool(self._nodes)

    @property
    def ended(self) -> bool:
        return not self._nodes and self.log.fold.events > 0

    def running(self) -> Iterator[NodeRun]:
        return iter(self._nodes.values())

    def start(self) -> None:
        """Spawns the root."""
        self.log.begin()
        with in_world(self._world, "root", self.log.fold.header):
            given = self._world.root()
        launch = checked_launch(self._world, "root", given)
        self._budget.reserve(ROOT, depth=0, turns=launch.turns)
        self._begin(self._spawn(None, Admitted(ROOT, launch, batch=0, together=False)))

    def replied(self, path: str, reply: TurnReply) -> None:
        self._replies[path] = reply

    def work(self) -> None:
        """Runs the code of the turns that ended at this tick, then wakes parents, until every node waits."""
        for path in sorted(self._replies, key=path_key):
            node = self._nodes.get(path)
            if node is not None:  # otherwise an earlier turn of this tick has cancelled it
                self._act(node, self._replies[path])
        self._replies.clear()
        while self._wake:
            _, path = heappop(self._wake)
            node = self._nodes.get(path)
            if node is not None and node.answers:
                self._advance(node, self._code.resume(node))

    def overtime(self) -> bool:
        return self.active and self.log.age() > self._limits.tree_seconds

    def time_out(self, fault: Fault) -> None:
        """The wall-clock limit fired: ends every running node, the deepest first."""
        self.log.mark(f"the limit of {self._limits.tree_seconds:g} s per tree fired")
        lost = lost_to_server([node.key for node in self.running()], fault)
        for path in sorted(self._nodes, key=path_key, reverse=True):
            status = Status.ERROR if path in lost else Status.TIMEOUT
            self._finish(self._nodes[path], status, reason=lost.get(path, ""))
        self._wake.clear()

    def stop(self, why: str) -> None:
        """Ends every running node as it is, the deepest first: nobody's limit fired, so none is scored."""
        self.log.mark(why)
        for node in list(self._nodes.values()):
            while node.queued:
                self._spawn(node, node.queued.popleft())
        for path in sorted(self._nodes, key=path_key, reverse=True):
            node = self._nodes.pop(path)
            if node.paused is not None:
                self._abandon_turn(node, why)
            elif any(
                turn.sampled is not None and turn.ended is None
                for turn in self.log.fold.node(path).turns[-1:]
            ):
                self.log.turn_ended(node, "", f"stopped while its code ran: {why}")
            self.log.add(Finished, node=path, status=Status.CANCELLED, value=None, reason=why)
            self._ended.append(node.key)

    def take_requests(self) -> list[TurnRequest]:
        """The turns to be sampled next, without those of nodes that were cancelled in the meantime."""
        taken, self._requests = self._requests, []
        return [request for request in taken if request.key[1] in self._nodes]

    def take_ended(self) -> list[NodeKey]:
        taken, self._ended = self._ended, []
        return taken

    # A turn.

    def _tell(self, node: NodeRun, state: Brief | Observation) -> None:
        """The prompt puts the node's state into words, and its next turn starts; or the node ends here."""
        try:
            messages = told(node.dialect, state)
        except RenderError as problem:
            if not problem.refused:
                self.log.mark(f"the prompt of node {node.path} could not be rendered in time")
            self._finish(node, Status.ERROR, reason=str(problem))
        else:
            self._start_turn(node, messages)

    def _start_turn(self, node: NodeRun, messages: Sequence[Message]) -> None:
        node.begin_turn()
        self.log.add(TurnStarted, node=node.path, turn=node.turn, messages=tuple(messages))
        history = self.log.fold.node(node.path).turns[:-1]
        self._requests.append(
            turn_request(node, self.log.fold.header, messages, history, self._limits, self._window)
        )

    def _act(self, node: NodeRun, reply: TurnReply) -> None:
        if reply.stop == "error":
            self.log.mark(f"the policy was lost at node {node.path}")
            self._finish(node, Status.ERROR, reason=reply.error or "the policy was lost")
            return
        action, problem = read_reply(node.dialect, reply, self._limits.max_new_tokens)
        self.log.add(Acted, node=node.path, turn=node.turn, **acted(reply, action))
        self._budget.spend_turn(node.path)
        if reply.stop == "context":
            self.log.turn_ended(node, "", "the context window is full")
            self._finish(node, Status.CONTEXT_LIMIT, reason=reply.error)
        elif problem is not None:
            self.log.turn_ended(node, "", problem)
            self._next_turn(node, "", problem, cut=False, unreadable=True)
        else:
            node.left_out = action.note
            self._advance(node, self._code.run(node, action.code))

    def _advance(self, node: NodeRun, step: Awaiting | Ended) -> None:
        """Follows a turn's code until it ends, or until it must wait for running children."""
        while isinstance(step, Awaiting):
            node.paused = step.paused
            if not self._hold(node, step.launched):
                return
            self._launch_all(node, step)
            node.wait_started = self.log.now()
            if not node.answers:
                return
            step = self._code.resume(node)
        self._end_turn(node, step)

    def _end_turn(self, node: NodeRun, ended: Ended) -> None:
        self._cancel_children(node)
        for launched in ended.never_awaited:
            code = self.log.fold.node(node.path).turns[-1].code
            self._never_started(node, launched, why_not_started(code, ended))
        if ended.stopped:
            self.log.refused(node, Refusal(ended.stopped, ended.error or ""))
        output = self._carried.printed(ended.output)
        self.log.turn_ended(node, output, ended.error)
        node.session = ended.state
        if ended.stopped == "seconds":
            self.log.mark(f"code at node {node.path} ran into the wall-clock limit")
        if ended.lost:
            self.log.mark(f"the sandbox worker of node {node.path} was lost")
            self._finish(node, Status.ERROR, reason=ended.error or "the sandbox worker was lost")
        elif ended.finished:
            self._return(node, ended.value)
        elif self._hold(node):
            node.left_out = " ".join(filter(None, (node.left_out, ended.note)))
            self._next_turn(node, output, ended.error, cut=ended.truncated or output != ended.output)

    def _return(self, node: NodeRun, value: Any) -> None:
        """A value was passed to `finish`: the node keeps it, and so does the call of the parent that awaits it."""
        try:
            self._carried.take("its value", value if node.path == ROOT else (value, value))
        except Refusal as refusal:
            self._finish(node, Status.TREE_LIMIT, reason=refusal.message)
        else:
            self._finish(node, Status.FINISHED, value=value)

    def _never_started(self, node: NodeRun, launched: Launched, why: str) -> None:
        """Notes a launch that came to nothing: its `await` was forgotten, or the code stopped before it."""
        message = f"{launched.name}(...) {why}"
        node.left_out = f"{node.left_out} {'' if launched.name == LAUNCH else message}".strip()
        node.calls.append(refused(Call(launched.name, launched.args, launched.kwargs), message))
        self.log.refused(node, Refusal("not_awaited" if why is FORGOTTEN else "not_started", message))

    def _hold(self, node: NodeRun, launches: Sequence[Launched] = ()) -> bool:
        """Whether the tree has room for what a node holds while it is put away; if not, the node is ended here."""
        if self._held.holds(node):
            return True
        for launched in launches:
            self._never_started(node, launched, NOT_STARTED)
        node.wait_started = self.log.now()
        self._finish(node, Status.TREE_LIMIT, reason=self._held.reason)
        return False

    def _abandon_turn(self, node: NodeRun, why: str) -> None:
        """Ends a turn whose code awaits, because the node ends; what the code did so far is kept."""
        paused = node.take_up(self.log.now())
        output = self._carried.printed(paused.output)
        self.log.turn_ended(node, output, f"stopped while it awaited sub-agents: {why}")

    def _next_turn(
        self, node: NodeRun, output: str, error: str | None, *, cut: bool, unreadable: bool = False
    ) -> None:
        left = node.turns_allowed - node.turn
        if left <= 0:
            self._finish(node, Status.TREE_LIMIT if node.trimmed else Status.TURN_LIMIT)
            return
        if self._carried.full:
            self._finish(node, Status.TREE_LIMIT, reason=FULL)
            return
        observation = Observation(
            tuple(node.calls), output, error, left, cut, note=node.left_out, unreadable=unreadable
        )
        self._tell(node, observation)

    # Children.

    def _launch_all(self, node: NodeRun, step: Awaiting) -> None:
        """Spawns every pending launch of the turn; a refused launch is answered at once."""
        self._code.call_awaited(node, step.launched)
        admitted: list[tuple[int, Launch]] = []
        for launched in step.launched:
            if launched.call_id in node.launches:
                continue
            node.announce(launched)
            try:
                self._carried.take(f"{LAUNCH}(...)", (launched.args, dict(launched.kwargs)))
                with in_world(self._world, "admit", self.log.fold.header, node.path, launched.name):
                    given = self._world.admit(node.path, launched.args, launched.kwargs)
                launch = checked_launch(self._world, "admit", given)
                self._carried.take(f"{LAUNCH}(...)", (launch.goal, dict(launch.args)))
                path = child_path(node.path, node.spawned + len(admitted))
                self._budget.reserve(path, depth=node.depth + 1, turns=launch.turns)
            except Refusal as refusal:
                self.log.refused(node, refusal)
                node.answer(launched.call_id, {"failed": refusal.message}, refusal.message)
                node.give_up(launched.call_id, refusal.message)
            else:
                admitted.append((launched.call_id, launch))
        node.batches += 1
        for call_id, launch in admitted:
            node.adopt(child_path(node.path, node.spawned), call_id, launch, together=len(admitted) > 1)
        while node.queued and not (self._one_by_one and len(node.waiting) > len(node.queued)):
            self._begin(self._spawn(node, node.queued.popleft()))

    def _spawn(self, parent: NodeRun | None, child: Admitted) -> NodeRun:
        """The child is recorded as launched now."""
        header, path = self.log.fold.header, child.path
        turns, most = self._budget.turns(path), self._limits.max_turns
        asked = most if child.launch.turns is None else min(child.launch.turns, most)
        node = NodeRun(
            key=(self.index, path),
            depth=0 if parent is None else parent.depth + 1,
            launch=self._edits.launch(path, child.launch),
            dialect=self._edits.dialects.get(path, self._dialect),
            turns_allowed=turns,
            trimmed=turns < asked,
            seed=node_seed(header, path),
        )
        self._nodes[path] = node
        self.log.add(Spawned, **spawned(node, parent, child, self._window))
        return node

    def _begin(self, node: NodeRun) -> None:
        """The node's world opens, and its first turn starts."""
        with in_world(self._world, "enter", self.log.fold.header, node.path):
            self._world.enter(node.path, node.launch)
        self._tell(node, brief(node, self._edits, self.log.fold.header.agent, self._functions))

    def _cancel_children(self, node: NodeRun) -> None:
        for path, call_id in list(node.waiting.items()):
            node.note(call_id, error="cancelled: your turn ended first")
            child = self._nodes.get(path) or self._spawn(node, node.queued.popleft())
            self._finish(child, Status.CANCELLED, reason="its parent's turn ended first")
        node.waiting.clear()
        node.answers.clear()  # so that nothing wakes it

    # Ends.

    def _finish(self, node: NodeRun, status: Status, value: Any = None, reason: str = "") -> None:
        self._cancel_children(node)
        if node.paused is not None:
            self._abandon_turn(node, FAILURES[status])
        self.log.add(Finished, node=node.path, status=status, value=value, reason=reason)
        del self._nodes[node.path]
        self._held.free(node)
        self._ended.append(node.key)
        self._budget.release(node.path)
        score_ended(self.log, self._world, node.path, status, value, self._rewards)
        if status is not Status.CANCELLED:
            self._tell_parent(node, status, value, reason)

    def _tell_parent(self, node: NodeRun, status: Status, value: Any, reason: str) -> None:
        parent = self._nodes.get(node.path.rpartition(".")[0])
        if parent is None or node.path not in parent.waiting:
            return
        call_id = parent.waiting.pop(node.path)
        if node.path in self._edits.values:
            parent.answer(call_id, self._edits.values[node.path])
        elif status is Status.FINISHED:
            parent.answer(call_id, value)
        else:
            failure = FAILURES[status] + (f": {reason}" if reason else "")
            parent.answer(call_id, {"failed": failure}, failure)
        heappush(self._wake, (path_key(parent.path), parent.path))
