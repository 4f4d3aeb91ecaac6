"""A policy that repeats recorded trees, and asks a live one for what is to be written anew.

A recorded turn comes back whole: its text, its token ids with their log-probs, the version of the weights that wrote
it, and after as many ticks as it took. So a replayed tree equals the recorded one, and a live model goes on from the
very ids that were recorded.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from rao_lab.base.calls import checked_call
from rao_lab.base.safe_text import quoted
from rao_lab.base.words import counted
from rao_lab.errors import ConfigError
from rao_lab.policies.conversation import context_ids
from rao_lab.policies.pending import KnownAtOnce, key_order, lost
from rao_lab.protocols import NodeKey, Policy, TurnReply, TurnRequest
from rao_lab.tree import Node, Status, Tree, Turn
from rao_lab.tree.cut import Cut, cut


@runtime_checkable
class Repeating(Protocol):
    """A policy that can decode turns again whose ids are known, such as a local model."""

    def repeat(self, key: NodeKey, context: Sequence[int], ids: Sequence[int]) -> None:
        """Starts a turn whose whole context is `context`; it ends as it would had it sampled these ids."""
        ...

    def tick(self) -> Sequence[TurnReply]: ...

    def forget(self, key: NodeKey) -> None: ...


@checked_call
class ReplayPolicy(KnownAtOnce):
    """A `Policy` that repeats the turns of recorded trees; their code runs again.

    In the same world with the same seed and limits the same tree results, tokens included.

        >>> again = rl.run(task, env, rl.ReplayPolicy(tree))
        >>> len(again) == len(tree), again.success == tree.success
        (True, True)
        >>> other = rl.run(task, env, rl.ReplayPolicy(tree, live=policy, at="0.0"))  # node 0.0 is live
        >>> other.node("0").turns[0].text == tree.node("0").turns[0].text
        True

    Args:
        trees: one tree, replayed in every place of a batch; or a list with one tree for each place.
        live: writes the turns that the recording does not have; without it, a node that needs one is lost.
        at: where `live` writes even if the recording has a turn: the path of a node, which is live from its
            first turn, with all that it launches; or a `Cut` (`rao_lab.tree.cut`).
        noise: words that the noise keys of live turns get, with the place in the batch. Without them a live policy
            is asked with the recorded keys, and one with the same weights repeats what it wrote.
        through: a local model that decodes the recorded ids again. Turns then take the ticks and seconds of real
            work, whatever they took when they were recorded; the replies are the recorded ones.

    Raises:
        ConfigError: `live` is itself a replay, or `at` comes without it, or `through` beside it; `trees` are no
            trees, or `through` is no local model.
        MissingError: the tree has no such node.
    """

    def __init__(
        self,
        trees: Tree | Sequence[Tree],
        live: Policy | None = None,
        at: Cut | str | None = None,
        noise: Sequence[int | str] = (),
        through: Repeating | None = None,
    ) -> None:
        super().__init__()
        if isinstance(live, ReplayPolicy):
            raise ConfigError(
                "live is a ReplayPolicy, which writes nothing new: give the policy that is to write"
            )
        if live is None and at is not None:
            raise ConfigError(f"at={quoted(at)} has no meaning without live, the policy that writes there")
        if through is not None and (live is not None or not isinstance(through, Repeating)):
            raise ConfigError(
                f"through={quoted(through)} means nothing here: give a local model that decodes every recorded turn "
                "again, and no live policy beside it"
            )
        listed = isinstance(trees, list | tuple) and all(isinstance(each, Tree) for each in trees)
        if not (listed or isinstance(trees, Tree)):
            raise ConfigError(f"trees is {quoted(trees)}: a replay repeats a tree, or a list of trees")
        self._shared = isinstance(trees, Tree)
        self._trees = (trees,) if isinstance(trees, Tree) else tuple(trees)
        first = self._trees[0] if self._trees else None
        root = first.root if first and first.nodes else None
        self.live = live
        self.through = through
        self.at: Cut | None = cut(self._trees[0], at) if isinstance(at, str) else at
        self._noise = tuple(noise)
        self._asked: set[NodeKey] = set()
        """Turns that the live policy writes now."""
        self._decoded: dict[NodeKey, TurnReply] = {}
        """Recorded turns that `through` decodes now."""
        self._held: dict[NodeKey, TurnRequest] = {}
        """Turns that never ended in the recording: their nodes were cancelled first."""
        self.name = live.name if live is not None else "replay"
        self.version = live.version if live is not None else first.header.policy_version if first else 0
        self.dialect = root.template if root else "codeact"
        self.limits = first.header.limits if first else {}
        """Of the recorded tree."""
        self.window = live.window if live is not None else root.window if root else 0

    def __repr__(self) -> str:
        live = "" if self.live is None else f", live={self.live!r}"
        return f"ReplayPolicy({counted(len(self._trees), 'tree')}{live})"

    @property
    def temperature(self) -> float | None:
        """The live policy's; None if it has none."""
        return getattr(self.live, "temperature", None)

    @temperature.setter
    def temperature(self, value: float) -> None:
        self.live.temperature = value  # type: ignore[union-attr]

    @property
    def reproducible(self) -> bool:
        """Whether the same seed gives the same trees."""
        return getattr(self.live, "reproducible", True)

    @property
    def without_key(self) -> Callable[[str], str] | None:
        """What masks the live policy's key in texts, if it has one."""
        return getattr(self.live, "without_key", None)

    def submit(self, request: TurnRequest) -> None:
        node, turn = self._recorded(request)
        if node is None or turn is None or not self._keeps(request, node, turn):
            self._ask(request)
        elif self.at is not None and self.at.text is not None and _is_at(self.at, request):
            self.due(_by_hand(request, turn, self.at.text), _ticks(turn, turn.sampled_tick))
        elif turn.sampled_tick is not None:
            self._repeat(request, node, turn)
        elif self.live is not None and (
            self.at is None or node.ended_tick is None or node.ended_tick >= self.at.tick
        ):
            self._ask(request)
        elif node.status is Status.ERROR:
            self.due(lost(request, node.reason), _ticks(turn, node.ended_tick))
        else:
            self._held[request.key] = request

    def tick(self) -> Sequence[TurnReply]:
        """The turns that end at this tick, in key order."""
        found = list(super().tick())
        if self.live is not None:
            written = self.live.tick()
            self._asked.difference_update(reply.key for reply in written)
            found = sorted([*found, *written], key=lambda reply: key_order(reply.key))
        if self._decoded and self.through is not None:
            found += [self._decoded.pop(ended.key) for ended in self.through.tick()]
            found.sort(key=lambda reply: key_order(reply.key))
        if not (found or self._wanted or self._asked or self._decoded):  # nothing else can happen any more
            found = [lost(held, self._no_such(held)) for held in self._held.values()]
            self._held.clear()
        return found

    def forget(self, key: NodeKey) -> None:
        super().forget(key)
        self._held.pop(key, None)
        self._asked.discard(key)
        self._decoded.pop(key, None)
        for writer in (self.live, self.through):
            if writer is not None:
                writer.forget(key)

    def reply(self, request: TurnRequest) -> TurnReply:
        """For a turn that the recording does not have, if there is no live policy."""
        return lost(request, self._no_such(request))

    def _repeat(self, request: TurnRequest, node: Node, turn: Turn) -> None:
        reply = _again(request, node, turn)
        if self.through is None or not turn.sampled_ids:
            self.due(reply, _ticks(turn, turn.sampled_tick))
        else:
            self._decoded[request.key] = reply
            before = context_ids(node.turns[: turn.index - 1]) if turn.continues else []
            self.through.repeat(request.key, [*before, *turn.prompt_ids], turn.sampled_ids)

    def _ask(self, request: TurnRequest) -> None:
        if self.live is None:
            super().submit(request)
            return
        noise = (*request.noise, *self._noise, request.key[0]) if self._noise else request.noise
        self._asked.add(request.key)
        self.live.submit(replace(request, noise=noise))

    def _tree(self, place: int) -> Tree | None:
        place = 0 if self._shared else place
        return self._trees[place] if place < len(self._trees) else None

    def _recorded(self, request: TurnRequest) -> tuple[Node | None, Turn | None]:
        place, path = request.key
        tree = self._tree(place)
        node = tree.node(path) if tree is not None and tree.has(path) else None
        turns = node.turns if node else ()
        return node, turns[request.turn - 1] if request.turn <= len(turns) else None

    def _keeps(self, request: TurnRequest, node: Node, turn: Turn) -> bool:
        if self.at is None:
            return True
        same = turn.started_tick < self.at.tick or request.goal == node.goal
        return same and self.at.keeps(node.path, turn)

    def _no_such(self, request: TurnRequest) -> str:
        place, path = request.key
        node, turn = self._recorded(request)
        if self._tree(place) is None:
            return f"the recording has {len(self._trees)} trees, none for place {place}"
        if node is None:
            return f"the recording has no node {path}: this tree went another way"
        if turn is None:
            return f"the recording has {len(node.turns)} turns of node {path}, no turn {request.turn}"
        return f"turn {request.turn} of node {path} was not written to its end when it was recorded"


def _is_at(at: Cut, request: TurnRequest) -> bool:
    return (request.key[1], request.turn) == (at.node, at.turn)


def _ticks(turn: Turn, until: int | None) -> int:
    return turn.decode_steps if until is None else until - turn.started_tick


def _again(request: TurnRequest, node: Node, turn: Turn) -> TurnReply:
    """A recorded turn."""
    return TurnReply(
        request.key,
        turn.text,
        stop=turn.stop or "stop",
        continues=turn.continues,
        prompt_ids=turn.prompt_ids,
        sampled_ids=turn.sampled_ids,
        logprobs=turn.logprobs,
        entropies=turn.entropies,
        version=turn.policy_version,
        decode_steps=turn.decode_steps,
        error=node.reason if turn.stop == "context" else "",
        thought=turn.thought,
        tokens_in=turn.read,
        tokens_out=turn.wrote,
        logprob=turn.logprob,
    )


def _by_hand(request: TurnRequest, turn: Turn, text: str) -> TurnReply:
    """A turn that no model wrote: it has no tokens."""
    return TurnReply(
        request.key, text, version=turn.policy_version, prompt_ids=array("i"), decode_steps=turn.decode_steps
    )
