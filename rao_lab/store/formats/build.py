"""From the nodes of a foreign file to trees and groups, with nothing made up.

Times become seconds since the root began. Siblings of one turn were together if the file says so, or if their times
overlap. Rewards become s in [0, 1]: as they are if all of the file lie there, mapped if the caller gave their range,
and otherwise not at all, which is said (decision 14 of the method).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.errors import InputError
from rao_lab.store.formats.found import FoundNode, FoundTurn
from rao_lab.store.formats.reading import Notes
from rao_lab.tree import (
    LIMIT_STATUSES,
    MAX_DEPTH,
    ROOT,
    Call,
    Group,
    Node,
    Status,
    Task,
    Tree,
    TreeHeader,
    Turn,
    child_path,
    path_key,
    validate,
)

MOST_NODES = 1_000_000
MOST_TURNS = 5_000_000
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A node and its place in its tree."""

    found: FoundNode
    path: str
    children: Sequence[FoundNode]
    batches: Mapping[str, tuple[int, bool]]
    """Of each child by its id: its launch batch, and whether it was together with another."""


def trees_of(nodes: Sequence[FoundNode], notes: Notes, span: Span | None) -> list[Tree]:
    """The trees of one file, in the order of their roots; groups and rollouts are not known yet.

    Args:
        span: the range of the rewards, if the caller gave one.

    Raises:
        InputError: an id twice, a parent that is not there, a circle, or too many.
    """
    if len(nodes) > MOST_NODES or sum(len(node.turns) for node in nodes) > MOST_TURNS:
        raise InputError(
            f"{nodes[0].at.file} holds over {MOST_NODES:,} nodes, or {MOST_TURNS:,} turns: split it"
        )
    below = _children(nodes)
    scale = _scale(nodes, notes, span)
    trees = [_tree(node, below, scale) for node in nodes if node.parent is None]
    if sum(map(len, trees)) < len(nodes):
        _refuse_circle(nodes)
    limited = [
        node for tree in trees for node in tree.nodes if node.success and node.status in LIMIT_STATUSES
    ]
    notes.add("nodes that ran into a limit and were rewarded all the same: credit takes s = 0", len(limited))
    return trees


def grouped(trees: Iterable[Tree]) -> list[Group]:
    """Trees of one step and task as groups, each tree with its place in them."""
    lots: dict[tuple[int, bool, str], list[Tree]] = {}
    for tree in trees:
        header = tree.header
        lots.setdefault((header.step, header.probe, header.task.id), []).append(tree)
    groups = []
    places: dict[tuple[int, bool], int] = {}
    for (step, probe, _), lot in sorted(lots.items(), key=lambda item: item[0][0]):
        index = places.setdefault((step, probe), 0)
        places[step, probe] += 1
        placed = tuple(
            replace(tree, header=replace(tree.header, group=index, rollout=rollout))
            for rollout, tree in enumerate(lot)
        )
        groups.append(Group(placed[0].task, placed, step, index, probe))
    return groups


def _children(nodes: Sequence[FoundNode]) -> dict[str, list[FoundNode]]:
    """Of each node by its id: its children, as they were launched."""
    below: dict[str, list[FoundNode]] = {}
    for node in nodes:
        if node.key in below:
            raise InputError(f"{node.at}: the id {quoted(node.key)} names two nodes")
        below[node.key] = []
    for node in nodes:
        if node.parent is None:
            continue
        if node.parent not in below:
            raise InputError(
                f"{node.at}: the parent {quoted(node.parent)} of node {quoted(node.key)} is not in the file"
            )
        below[node.parent].append(node)
    for children in below.values():
        children.sort(key=lambda child: child.parent_turn or 0)  # stable: otherwise as they stand in the file
    return below


def _refuse_circle(nodes: Sequence[FoundNode]) -> None:
    by_key = {node.key: node for node in nodes}
    ended: set[str] = set()
    """Nodes that are under a root."""
    for node in nodes:
        path: dict[str, None] = {}
        at: str | None = node.key
        while at is not None and at not in ended:
            if at in path:
                raise InputError(f"{by_key[at].at}: node {quoted(at)} is among its own ancestors")
            path[at] = None
            at = by_key[at].parent
        ended.update(path)


# Scores


def _scale(nodes: Sequence[FoundNode], notes: Notes, span: Span | None) -> Span | None:
    """The range that rewards are mapped from; None: they cannot be."""
    known = [node.reward for node in nodes if node.reward is not None and node.status is not Status.ERROR]
    if not known:
        return (0.0, 1.0)
    low, high = min(known), max(known)
    least, most = span or (0.0, 1.0)
    if least <= low and high <= most:
        return least, most
    where = nodes[0].at.file
    if span is not None:
        raise InputError(
            f"{where}: its rewards range from {low:g} to {high:g}, beyond reward_range=({least:g}, {most:g})"
        )
    notes.add(
        f"rewards from {low:g} to {high:g}, beyond [0, 1]: not scored; reward_range=(low, high) maps them",
        len(known),
    )
    return None


def _score(node: FoundNode, scale: Span | None) -> dict[str, Any]:
    """The fields of a `Node` that say what it was given."""
    if (
        node.reward is None or node.status is Status.ERROR
    ):  # what was lost is not scored, whatever a default says
        return {}
    if scale is None:
        said = f"reward {node.reward:g}, beyond [0, 1]"
        return {"reason": f"{node.reason}; {said}" if node.reason else said}
    low, high = scale
    plain = scale == (0.0, 1.0)
    success = node.reward if plain else min(1.0, max(0.0, (node.reward - low) / (high - low)))
    source = " ".join(node.source.replace("(", " ").replace(")", " ").split())[:80] or "trace"
    return {"success": success, "success_source": source, "reward": None if plain else node.reward}


# Places and times


def _tree(root: FoundNode, below: Mapping[str, Sequence[FoundNode]], scale: Span | None) -> Tree:
    placed = _placed(root, below)
    paths = {each.found.key: each.path for each in placed.values()}
    starts = [each.found.started for each in placed.values() if each.found.started is not None]
    zero = root.started if root.started is not None else min(starts, default=0.0)
    parents = {
        child.key: each for each in placed.values() for child in each.children
    }  # the node above each, by its id
    nodes = tuple(
        _node(placed[path], parents.get(placed[path].found.key), paths, zero, scale)
        for path in sorted(placed, key=path_key)
    )
    about = root.root
    task = Task(
        about.task if about.task is not None else _task_of(root.goal),
        root.goal,
        max_steps=about.max_steps,
        data=about.data,
    )
    header = TreeHeader(
        task,
        agent="",  # nobody says whether it could have delegated
        environment=about.environment,
        step=about.step,
        probe=about.probe,
        policy=about.policy,
        policy_version=about.policy_version,
    )
    tree = Tree(header, nodes, ended=nodes[0].ended)
    validate(tree)
    return tree


def _task_of(goal: str) -> str:
    """Trees with the same goal are of the same task, if nobody says more."""
    return " ".join(goal.split())[:200] or "task"


def _placed(root: FoundNode, below: Mapping[str, Sequence[FoundNode]]) -> dict[str, _Placed]:
    found: dict[str, _Placed] = {}
    stack = [(root, ROOT)]
    while stack:
        node, path = stack.pop()
        if path.count(".") > MAX_DEPTH:
            raise InputError(f"{node.at}: node {quoted(node.key)} is deeper than {MAX_DEPTH} levels")
        children = below[node.key]
        found[path] = _Placed(node, path, children, _batches(children))
        stack += [(child, child_path(path, place)) for place, child in enumerate(children)]
    return found


def _batches(children: Sequence[FoundNode]) -> dict[str, tuple[int, bool]]:
    """Who of the children of a node were launched together, turn by turn."""
    lots: dict[tuple[int | None, int], list[str]] = {}
    ends: dict[int | None, float] = {}
    last: dict[int | None, int] = {}
    for child in children:
        turn = child.parent_turn
        begun, until = child.started, ends.get(turn)
        if child.batch is not None:
            batch = child.batch
        elif begun is not None and until is not None and begun < until:
            batch = last[turn]
        else:
            batch = last.get(turn, -1) + 1
        last[turn] = batch
        if child.ended is not None:
            ends[turn] = max(child.ended, ends.get(turn, child.ended))
        lots.setdefault((turn, batch), []).append(child.key)
    return {key: (batch, len(lot) > 1) for (_, batch), lot in lots.items() for key in lot}


def _node(
    placed: _Placed, above: _Placed | None, paths: Mapping[str, str], zero: float, scale: Span | None
) -> Node:
    found = placed.found
    batch, together = (0, False) if above is None else above.batches[found.key]
    parent = None if above is None else above.path
    launched: dict[int | None, list[str]] = {}
    for child in placed.children:
        launched.setdefault(child.parent_turn, []).append(paths[child.key])
    for index, turn in enumerate(found.turns, 1):
        if (
            turn.waited is None
            and turn.started is not None
            and index not in launched
            and None not in launched
        ):
            turn.waited = 0.0  # it launched nobody for whom it could have waited
    turns = tuple(
        _turn(index, turn, tuple(launched.get(index, ())), paths, zero)
        for index, turn in enumerate(found.turns, 1)
    )
    fields: dict[str, Any] = {
        "path": placed.path,
        "parent": parent,
        "spawn_index": path_key(placed.path)[-1],
        "parent_turn": found.parent_turn if parent else None,
        "launch_batch": batch,
        "together": together,
        "depth": placed.path.count("."),
        "goal": found.goal,
        "args": found.args,
        "template": found.template,
        "turns": turns,
        "value": found.value,
        "status": found.status,
        "reason": found.reason,
        "refusals": found.refusals,
        "children": tuple(paths[child.key] for child in placed.children),
        "started": _since(found.started, zero),
        "ended": _since(found.ended, zero),
        "window": found.window,
    }
    return Node(**{**fields, **_score(found, scale)})


def _turn(
    index: int, found: FoundTurn, children: tuple[str, ...], paths: Mapping[str, str], zero: float
) -> Turn:
    return Turn(
        index=index,
        messages=tuple(found.messages),
        continues=found.continues,
        prompt_ids=found.prompt_ids,
        sampled_ids=found.sampled_ids,
        logprobs=found.logprobs,
        entropies=found.entropies,
        policy_version=found.version,
        text=found.text,
        thought=found.thought,
        code=found.code,
        stop=found.stop,
        calls=tuple(_call(call, paths) for call in found.calls),
        output=found.output,
        error=found.error,
        children=children,
        started=_since(found.started, zero),
        sampled=_since(found.sampled, zero),
        ended=_since(found.ended, zero),
        waiting_seconds=found.waited,
        read=found.read,
        wrote=found.wrote,
        logprob=found.logprob,
    )


def _call(call: Call, paths: Mapping[str, str]) -> Call:
    return call if call.child is None else replace(call, child=paths.get(call.child))


def _since(when: float | None, zero: float) -> float | None:
    return None if when is None else when - zero
