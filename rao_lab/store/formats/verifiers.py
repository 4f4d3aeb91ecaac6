"""verifiers: traces of version 1, alone or in episodes (traces.jsonl), and the older rollouts (results.jsonl).

`verifiers_graph` reads the graph of messages of a trace. An older rollout is one conversation: its prompt, then its
completion.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rao_lab.store.formats.fields import Verifiers as F
from rao_lab.store.formats.found import FoundNode, Root
from rao_lab.store.formats.messages import Conversation, add
from rao_lab.store.formats.reading import (
    Asked,
    At,
    Notes,
    a_list,
    an_object,
    count,
    key,
    named,
    number,
    objects,
    plain,
    text,
)
from rao_lab.store.formats.tokens import ids_of, numbers_of, with_ids
from rao_lab.store.formats.verifiers_graph import agents_of
from rao_lab.tree import Status

_TURNS = ("max_turns", "turn")
_CONTEXT = ("context", "max_tokens", "max_total", "seq_len", "length", "overlong")


def looks(first: Mapping[str, Any]) -> bool:
    if isinstance(first.get(F.TRACES), list) and F.TASK in first:
        return True
    if isinstance(first.get(F.NODES), list) and (F.REWARDS in first or F.AGENT in first):
        return True
    known = ("example_id", "timing", "metrics", "stop_condition", "is_completed", "trajectory")
    return {F.PROMPT, F.COMPLETION, F.REWARD} <= first.keys() and any(name in first for name in known)


def read(path: Path, notes: Notes, asked: Asked) -> list[FoundNode]:
    """The nodes of a file."""
    nodes: list[FoundNode] = []
    for at, record in objects(path, nan=True):
        if isinstance(record.get(F.TRACES), list):
            for number_, each in enumerate(record[F.TRACES], 1):
                nodes += _trace(an_object(each, at), record, at.within(f"trace {number_}"), notes, asked)
        elif isinstance(record.get(F.NODES), list):
            nodes += _trace(record, {}, at, notes, asked)
        else:
            nodes.append(_rollout(record, at, len(nodes), notes))
    return nodes


def _trace(
    data: Mapping[str, Any], episode: Mapping[str, Any], at: At, notes: Notes, asked: Asked
) -> list[FoundNode]:
    """The agents of one trace, the root first."""
    name = key(data.get("id"), at, "the id of a trace")
    agents = agents_of(data, name, at, notes)
    root = agents[0]
    task = named(data.get(F.TASK) or episode.get(F.TASK))
    given = task.get("key") or task.get("hash") or named(task.get("data")).get("idx")
    agent = text(named(data.get(F.AGENT)).get("name"), at, "the name of an agent") or "agent"
    work = named(named(episode.get(F.RUN)).get("work"))
    version = named(work.get("policy")).get("start")
    policy = next((call.get("model") for call in map(named, a_list(data.get(F.CALLS), at, F.CALLS))), None)
    root.root = Root(
        task=None
        if given is None
        else key(given, at, "the key of a task") + f" ({agent})" * (agent != "agent"),
        step=count(work.get("step"), at, "step"),
        policy=policy[:200] if isinstance(policy, str) else "",
        policy_version=count(version, at, "policy") if version is not None else -1,
        environment=text(named(episode.get("env")).get("id"), at, "env")[:200] or "verifiers",
        data=named(plain(named(task.get("data")), at, "the data of a task")),
    )
    reply = data.get("root_reply")
    if reply is not None:
        root.value = text(reply, at, "root_reply")
    root.reward, root.source = _reward(data, at, asked, notes)
    errors = [named(each) for each in a_list(data.get("errors"), at, "errors")]
    error = f"{errors[-1].get('type')}: {errors[-1].get('message')}" if errors else ""
    root.status, root.reason = _ending(
        text(data.get("stop_condition"), at, "stop_condition"),
        timeout=data.get("is_timeout") is True,
        error=error if data.get("ok") is not True else "",
    )
    return agents


def _reward(data: Mapping[str, Any], at: At, asked: Asked, notes: Notes) -> tuple[float | None, str]:
    """The sum of the weighted rewards, as verifiers takes it, or the one that was asked for."""
    total, names = 0.0, []
    for name, each in named(data.get(F.REWARDS)).items():
        if each is None or (asked.reward is not None and name != asked.reward):
            continue
        each = an_object(each, at) if isinstance(each, dict) else {"score": each}
        score = number(each.get("score"), at, f"reward {name[:40]}")
        weight = number(each.get("weight", 1.0), at, f"weight of {name[:40]}")
        if score is not None and weight is not None:
            total += score * (weight if asked.reward is None else 1.0)
            names.append(name)
    if asked.reward is not None and not names:
        notes.add(f"traces without a reward {asked.reward!r}: not scored")
    return (total, " + ".join(names)) if names else (None, "")


def _ending(stop: str, *, timeout: bool, error: str) -> tuple[Status, str]:
    low = stop.lower()
    if error:
        return Status.ERROR, error
    if timeout:
        return Status.TIMEOUT, stop or "a deadline expired"
    if any(word in low for word in _TURNS) and "completed" not in low:
        return Status.TURN_LIMIT, stop
    if any(word in low for word in _CONTEXT) and "completed" not in low:
        return Status.CONTEXT_LIMIT, stop
    return Status.FINISHED, stop


# The older rollouts


def _rollout(record: Mapping[str, Any], at: At, place: int, notes: Notes) -> FoundNode:
    said = Conversation()
    for part, sampled in ((F.PROMPT, False), (F.COMPLETION, True)):
        given = record.get(part)
        if isinstance(given, str):
            given = [{"role": "assistant" if sampled else "user", "content": given}]
        for number_, message in enumerate(a_list(given, at, part), 1):
            inner = at.within(f"{part} {number_}")
            add(said, an_object(message, inner), inner, notes, sampled=sampled)
    node = FoundNode(f"rollout {place}", at, turns=said.turns, goal=said.goal, value=said.answer)
    example = record.get(F.EXAMPLE)
    world = text(record.get(F.TASK), at, F.TASK) if isinstance(record.get(F.TASK), str) else ""
    node.root = Root(
        task=None if example is None else f"{world or 'example'} {key(example, at, F.EXAMPLE)}",
        environment=world or "verifiers",
    )
    node.reward, node.source = number(record.get(F.REWARD), at, F.REWARD), F.REWARD
    failed = record.get("error")
    error = (
        text(failed.get("error_chain_str") or failed.get("error"), at, "error")
        if isinstance(failed, dict)
        else ""
    )
    error = error or (text(failed, at, "error") if isinstance(failed, str) else "")
    stop = text(record.get("stop_condition"), at, "stop_condition")
    if record.get("is_truncated") is True and not any(word in stop for word in _TURNS):
        stop = f"cut at its length: {stop}" if stop else "cut at its length"
    node.status, node.reason = _ending(stop, timeout=False, error=error)
    if error:
        node.reward = None
    _counted(node, record, at)
    _with_steps(node, record, at)
    return node


def _counted(node: FoundNode, record: Mapping[str, Any], at: At) -> None:
    """Counts of tokens are of the whole rollout: they tell those of a turn only if there is one."""
    usage = named(record.get("token_usage"))
    if len(node.turns) == 1 and usage:
        node.turns[0].read = count(usage.get("input_tokens"), at, "input_tokens")
        node.turns[0].wrote = count(usage.get("output_tokens"), at, "output_tokens")


def _with_steps(node: FoundNode, record: Mapping[str, Any], at: At) -> None:
    """Token ids, if the rollout keeps its steps and there is one for each turn."""
    steps = [named(each) for each in a_list(record.get("trajectory"), at, "trajectory")]
    if len(steps) != len(node.turns):
        return
    held: array[int] = array("i")
    for turn, step in zip(node.turns, steps):
        tokens = named(step.get("tokens"))
        prompt = ids_of(tokens.get("prompt_ids"), at, "prompt_ids")
        sampled = ids_of(tokens.get("completion_ids"), at, "completion_ids")
        logprobs = numbers_of(tokens.get("completion_logprobs"), len(sampled), at, "completion_logprobs")
        held = with_ids(node, turn, held, prompt, sampled, logprobs)
