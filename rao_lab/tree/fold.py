"""From events to a tree. The executor, the store and the views all use this one function.

A `Fold` takes one event at a time, in order, and gives the tree so far. The tree that a run returns is the fold
of its events, so a live view and a later reader cannot disagree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rao_lab.base.changed import changed
from rao_lab.errors import RecordError
from rao_lab.tree.events import (
    Acted,
    Event,
    Finished,
    Refused,
    Scored,
    Spawned,
    Status,
    TurnEnded,
    TurnStarted,
)
from rao_lab.tree.node import ROOT, Node, TreeHeader, Turn, path_key
from rao_lab.tree.tree import Tree


class Fold:
    """Builds a tree event by event.

    Attributes:
        events: number of events applied so far, which is the `seq` of the next one.
        not_reproducible: becomes that field of the tree.
    """

    def __init__(self, header: TreeHeader) -> None:
        self.header = header
        self.events = 0
        self.not_reproducible = ""
        self._nodes: dict[str, Node] = {}
        self._running_children: Counter[str] = Counter()

    def add(self, event: Event) -> Node:
        """Applies one event and returns the node it changed.

        Raises:
            RecordError: the event is out of order, or it is about a node or turn that does not exist.
        """
        if event.seq != self.events:
            raise RecordError(f"event {event.seq} came instead of {self.events}")
        node = self._apply(event)
        self._nodes[node.path] = node
        self.events += 1
        return node

    def node(self, path: str) -> Node:
        """The node at `path`, as it is so far.

        Raises:
            RecordError: it has not been spawned.
        """
        try:
            return self._nodes[path]
        except KeyError:
            raise RecordError(f"an event speaks of node {path!r} before it was spawned") from None

    def tree(self) -> Tree:
        """The tree so far."""
        nodes = tuple(self._nodes[path] for path in sorted(self._nodes, key=path_key))
        root = self._nodes.get(ROOT)
        return Tree(
            self.header,
            nodes,
            ended=root.ended if root else None,
            ended_tick=root.ended_tick if root else None,
            not_reproducible=self.not_reproducible,
        )

    def _apply(self, event: Event) -> Node:
        match event:
            case Spawned():
                return self._spawn(event)
            case TurnStarted():
                return self._start_turn(event)
            case Acted():
                return self._act(event)
            case TurnEnded():
                return self._end_turn(event)
            case Refused():
                node = self.node(event.node)
                counts = {**node.refusals, event.kind: node.refusals.get(event.kind, 0) + 1}
                return changed(node, refusals=counts)
            case Finished():
                return self._finish(event)
            case Scored():
                return self._score(event)

    def _spawn(self, event: Spawned) -> Node:
        if event.node in self._nodes:
            raise RecordError(f"node {event.node!r} was spawned twice")
        spawn_index = 0
        if event.parent is not None:
            parent = self.node(event.parent)
            spawn_index = len(parent.children)
            turns = parent.turns
            if turns and turns[-1].index == event.parent_turn:
                turns = (*turns[:-1], changed(turns[-1], children=(*turns[-1].children, event.node)))
            self._nodes[event.parent] = changed(
                parent,
                children=(*parent.children, event.node),
                turns=turns,
                status=Status.WAITING if not parent.status.ended else parent.status,
            )
            self._running_children[event.parent] += 1
        return Node(
            path=event.node,
            parent=event.parent,
            spawn_index=spawn_index,
            parent_turn=event.parent_turn,
            launch_batch=event.launch_batch,
            together=event.together,
            depth=event.depth,
            goal=event.goal,
            args=event.args,
            template=event.template,
            window=event.window,
            started=event.time,
            started_tick=event.tick,
        )

    def _start_turn(self, event: TurnStarted) -> Node:
        node = self.node(event.node)
        if event.turn != len(node.turns) + 1:
            raise RecordError(f"node {event.node}: turn {event.turn} came after {len(node.turns)} turns")
        turn = Turn(event.turn, event.messages, started=event.time, started_tick=event.tick)
        return changed(node, turns=(*node.turns, turn), status=Status.RUNNING)

    def _act(self, event: Acted) -> Node:
        node, turn = self._open_turn(event.node, event.turn)
        turn = changed(
            turn,
            continues=event.continues,
            prompt_ids=event.prompt_ids,
            sampled_ids=event.sampled_ids,
            logprobs=event.logprobs,
            entropies=event.entropies,
            policy_version=event.policy_version,
            text=event.text,
            thought=event.thought,
            code=event.code,
            stop=event.stop,
            decode_steps=event.decode_steps,
            read=event.read,
            wrote=event.wrote,
            logprob=event.logprob,
            sampled=event.time,
            sampled_tick=event.tick,
        )
        return changed(node, turns=(*node.turns[:-1], turn))

    def _end_turn(self, event: TurnEnded) -> Node:
        node, turn = self._open_turn(event.node, event.turn)
        turn = changed(
            turn,
            calls=event.calls,
            output=event.output,
            error=event.error,
            waiting_seconds=event.waiting_seconds,
            ended=event.time,
            ended_tick=event.tick,
        )
        status = node.status if node.status.ended else Status.RUNNING
        return changed(node, turns=(*node.turns[:-1], turn), status=status)

    def _open_turn(self, path: str, index: int) -> tuple[Node, Turn]:
        node = self.node(path)
        if not node.turns or node.turns[-1].index != index:
            raise RecordError(f"node {path}: turn {index} was not started")
        return node, node.turns[-1]

    def _finish(self, event: Finished) -> Node:
        node = self.node(event.node)
        if node.status.ended:
            raise RecordError(f"node {event.node} ended twice: {node.status}, then {event.status}")
        if node.parent is not None:
            parent = self.node(node.parent)
            self._running_children[node.parent] -= 1
            if not self._running_children[node.parent] and parent.status is Status.WAITING:
                self._nodes[node.parent] = changed(parent, status=Status.RUNNING)
        return changed(
            node,
            status=event.status,
            value=event.value,
            reason=event.reason,
            ended=event.time,
            ended_tick=event.tick,
        )

    def _score(self, event: Scored) -> Node:
        node = self.node(event.node)
        if event.problem:
            if node.status is not Status.FINISHED or event.success is not None:
                raise RecordError(
                    f"node {event.node} cannot fail to be scored: it is {node.status}, or scored"
                )
            return changed(node, status=Status.ERROR, reason=event.problem)
        return changed(
            node,
            success=event.success,
            success_source=event.source,
            fraction=event.fraction,
            reward=event.reward,
        )


def fold(header: TreeHeader, events: Iterable[Event], not_reproducible: str = "") -> Tree:
    """The tree that a whole list of events describes.

    Raises:
        RecordError: an event does not follow from those before it.
    """
    builder = Fold(header)
    for event in events:
        builder.add(event)
    builder.not_reproducible = not_reproducible
    return builder.tree()
