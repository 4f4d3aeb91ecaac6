"""The graph of messages of a verifiers trace, as agents with turns.

A message that was sampled is a turn; the messages on its path since the last turn are what was new. Paths that a link
`subagent_call` joins to another turn are agents that this turn launched; compaction and continuation go on with the
same agent. A context that nothing joins is shown under the root, and nobody says which turn launched it.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from rao_lab.store.formats.fields import Verifiers as F
from rao_lab.store.formats.found import FoundNode, FoundTurn
from rao_lab.store.formats.messages import Conversation, add
from rao_lab.store.formats.reading import (
    MOST_REPEATED,
    At,
    Notes,
    a_list,
    an_object,
    count,
    moment,
    named,
    text,
)
from rao_lab.store.formats.tokens import ids_of, numbers_of, with_ids

MOST_MESSAGES = 200_000
_SAME = ("compaction", "compaction_attempt", "continuation")


class _Graph:
    """The messages of one trace."""

    def __init__(self, data: Mapping[str, Any], name: str, at: At, notes: Notes) -> None:
        self.name, self.at, self.notes = name, at, notes
        given = a_list(data.get(F.NODES), at, F.NODES)
        if len(given) > MOST_MESSAGES:
            raise at.wrong(f"a trace must have at most {MOST_MESSAGES:,} messages", len(given))
        self.nodes = [an_object(each, at) for each in given]
        self.calls = {
            call["node"]: call
            for call in map(named, a_list(data.get(F.CALLS), at, F.CALLS))
            if isinstance(call.get("node"), int)
        }
        self.agents: list[FoundNode] = []
        self.said: list[Conversation] = []
        self.held: list[array[int]] = []
        """Of each agent: the token ids in its window."""
        self.agent_of: dict[int, tuple[int, int]] = {}
        """Of each sampled message: its agent, and its turn from 0."""
        self.walked = 0
        self.before: list[int | None] = []
        """Of each message: the last sampled message above it."""

    def parent(self, index: int) -> int | None:
        above = self.nodes[index].get(F.PARENT)
        if above is None:
            return None
        if not isinstance(above, int) or isinstance(above, bool) or not 0 <= above < index:
            raise self.at.wrong(f"the parent of message {index} must stand before it", above)
        return above

    def links(self, index: int) -> list[tuple[str, int]]:
        """The typed links of a message to messages that were sampled."""
        found = []
        for link in map(named, a_list(self.nodes[index].get(F.LINKS), self.at, F.LINKS)):
            target = link.get("node")
            if isinstance(target, int) and target in self.agent_of and isinstance(link.get("type"), str):
                found.append((link["type"], target))
        return found

    def read(self) -> None:
        for index, node in enumerate(self.nodes):
            above = self.parent(index)
            sampled_above = None
            if above is not None:
                sampled_above = above if above in self.agent_of else self.before[above]
            self.before.append(sampled_above)
            if node.get(F.SAMPLED) is True:
                self._turn(index, sampled_above)
            elif node.get(F.ADVANTAGES) is not None:
                self.notes.add("advantages of verifiers: left out, credit is computed anew")

    def _turn(self, index: int, above: int | None) -> None:
        agent = self._agent(index, above)
        node, said = self.agents[agent], self.said[agent]
        path, place = [], self.parent(index)
        self.walked += index - (above or 0)
        if self.walked > MOST_REPEATED:
            raise self.at.wrong(
                f"its turns must read at most {MOST_REPEATED:,} messages together", self.walked
            )
        while place is not None and place != above:
            path.append(place)
            place = self.parent(place)
        inner = self.at.within(f"message {index}")
        goes_on = above is not None and self.agent_of[above] == (agent, len(node.turns) - 1)
        said.fresh.clear()  # what the last turn left over is read anew on another path
        for each in reversed(path):
            add(said, an_object(self.nodes[each].get(F.MESSAGE), inner), inner, self.notes, sampled=False)
        turn = add(said, an_object(self.nodes[index].get(F.MESSAGE), inner), inner, self.notes)
        if turn is None:
            raise inner.wrong("a sampled message must be of the assistant", self.nodes[index].get(F.MESSAGE))
        turn.continues = goes_on
        self.agent_of[index] = agent, len(node.turns) - 1
        self._counted(index, turn, node)
        self._tokens(index, [*reversed(path)], turn, agent, goes_on, above, inner)

    def _agent(self, index: int, above: int | None) -> int:
        """The agent that a sampled message is of."""
        if above is not None:
            return self.agent_of[above][0]
        links = self.links(index)
        for kind, target in links:
            if kind in _SAME:
                return self.agent_of[target][0]
        made = FoundNode(f"{self.name}/{len(self.agents)}", self.at.within(f"message {index}"))
        launched = next((target for kind, target in links if kind == F.SUBAGENT_CALL), None)
        if launched is not None:
            parent, turn = self.agent_of[launched]
            made.parent, made.parent_turn = self.agents[parent].key, turn + 1
        elif self.agents:
            made.parent = self.agents[0].key
            self.notes.add("contexts that nothing joins to a turn: shown under the root")
        said = Conversation(turns=made.turns)
        self.agents.append(made)
        self.said.append(said)
        self.held.append(array("i"))
        return len(self.agents) - 1

    def _counted(self, index: int, turn: FoundTurn, node: FoundNode) -> None:
        call = self.calls.get(index, {})
        usage, span = named(call.get("usage")), named(call.get("time"))
        turn.read = count(usage.get("prompt_tokens"), self.at, "prompt_tokens")
        turn.wrote = count(usage.get("completion_tokens"), self.at, "completion_tokens")
        turn.continues &= not turn.read
        turn.stop = text(call.get("finish_reason"), self.at, "finish_reason")[:80]
        turn.started = moment(span.get("start") or None, self.at, "start")
        turn.sampled = moment(span.get("end") or None, self.at, "end")
        if node.turns[:-1] and turn.started is not None and node.turns[-2].ended is None:
            node.turns[-2].ended = turn.started  # its calls ran until then
        if not turn.calls and turn.sampled is not None:
            turn.ended, turn.waited = turn.sampled, 0.0

    def _tokens(
        self,
        index: int,
        path: Sequence[int],
        turn: FoundTurn,
        agent: int,
        goes_on: bool,
        above: int | None,
        at: At,
    ) -> None:
        """Token ids: what the messages on the path add, the scaffold before the reply, and the reply."""
        node = self.nodes[index]
        ids = ids_of(node.get(F.IDS), at, F.IDS)
        mask = a_list(node.get(F.MASK), at, F.MASK)
        if len(mask) != len(ids):
            raise at.wrong(f"{F.MASK} must have one entry for each of {len(ids)} token ids", len(mask))
        sampled = array("i", [each for each, own in zip(ids, mask) if own is True])
        if not sampled:
            return
        fresh = array("i")
        for each in path:
            fresh.extend(ids_of(self.nodes[each].get(F.IDS), at, F.IDS))
        fresh.extend(each for each, own in zip(ids, mask) if own is not True)
        held = self.held[agent] if goes_on else array("i")
        before = held if goes_on else (self._ids_above(above, at) if above is not None else array("i"))
        logprobs = numbers_of(node.get(F.LOGPROBS), len(sampled), at, F.LOGPROBS)
        entropies = numbers_of(node.get(F.ENTROPIES), len(sampled), at, F.ENTROPIES)
        now = with_ids(self.agents[agent], turn, held, before + fresh, sampled, logprobs, entropies)
        self.held[agent] = now
        if node.get(F.ADVANTAGES) is not None:
            self.notes.add("turns with advantages of verifiers: left out, credit is computed anew")

    def _ids_above(self, index: int | None, at: At) -> array[int]:
        """All ids on the path down to a message."""
        parts = []
        while index is not None:
            parts.append(ids_of(self.nodes[index].get(F.IDS), at, F.IDS))
            index = self.parent(index)
        found = array("i")
        for part in reversed(parts):
            found.extend(part)
        return found


def agents_of(data: Mapping[str, Any], name: str, at: At, notes: Notes) -> list[FoundNode]:
    """The agents of a trace, the root first. A trace without a turn is one agent that did nothing."""
    graph = _Graph(data, name, at, notes)
    graph.read()
    if not graph.agents:
        said = Conversation()
        for node in graph.nodes:
            add(said, an_object(node.get(F.MESSAGE), at), at, notes, sampled=False)
        return [FoundNode(f"{name}/0", at, goal=said.goal)]
    for agent, said in zip(graph.agents, graph.said):
        agent.goal, agent.value = said.goal, said.answer
        agent.started = agent.turns[0].started
        agent.ended = agent.turns[-1].ended or agent.turns[-1].sampled
    _join_calls(graph)
    return graph.agents


def _join_calls(graph: _Graph) -> None:
    """Joins an agent to the tool call that it serves, if its turn made but one, or one says its goal."""
    places = {agent.key: place for place, agent in enumerate(graph.agents)}
    for agent in graph.agents:
        if agent.parent is None or agent.parent_turn is None:
            continue
        place = places[agent.parent]
        turn = graph.agents[place].turns[agent.parent_turn - 1]
        turn.waited = None
        open_calls = [
            (call_id, turn.calls[number])
            for call_id, (at_turn, number) in graph.said[place].calls.items()
            if at_turn == agent.parent_turn - 1 and turn.calls[number].child is None
        ]
        named_ = [call_id for call_id, call in open_calls if agent.goal.strip() in _words(call.kwargs)]
        chosen = named_[:1] or ([open_calls[0][0]] if len(open_calls) == 1 else [])
        for call_id in chosen:
            graph.said[place].launches(call_id, agent.key)


def _words(kwargs: Mapping[str, Any]) -> list[str]:
    return [each.strip() for each in kwargs.values() if isinstance(each, str) and each.strip()]
