"""A tree as a networkx graph of plain values, which every writer of networkx takes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from rao_lab.base.safe_text import visible
from rao_lab.tree.earned import Credit, earned_by
from rao_lab.tree.node import Node, Recorded, TreeHeader
from rao_lab.tree.text import node_label, preamble
from rao_lab.tree.values import dumps

if TYPE_CHECKING:
    import networkx

_NODE = (
    "goal",
    "depth",
    "spawn_index",
    "parent_turn",
    "launch_batch",
    "together",
    "args",
    "template",
    "value",
    "status",
    "reason",
    "success",
    "success_source",
    "fraction",
    "reward",
    "refusals",
    "started",
    "ended",
    "started_tick",
    "ended_tick",
    "window",
    "tokens_in",
    "tokens_out",
    "peak_context",
    "compute_seconds",
    "waiting_seconds",
    "decode_steps",
)
_COUNTS = ("tokens_in", "tokens_out", "peak_context", "decode_steps")
_FLOATS = ("success", "fraction", "reward", "started", "ended", "compute_seconds", "waiting_seconds")
_HEADER = (
    "environment",
    "agent",
    "step",
    "group",
    "rollout",
    "probe",
    "policy",
    "policy_version",
    "limits",
    "origin",
)
_CREDIT = ("s", "child_mean", "child_min", "bonus", "R", "b", "A", "w", "c", "share", "trained", "why_not")


def to_networkx(tree: Recorded, credit: Credit = None) -> networkx.DiGraph:
    """A directed graph from parent to child, its nodes named by path.

    A node carries its `label` (the goal in short), the fields of `Node` and its totals (`turns`, `tokens_in`,
    `tokens_out`, `peak_context`, `compute_seconds`, `waiting_seconds`, `decode_steps`). An edge carries `turn`,
    `launch_batch`, `together` and `spawn_index`; the graph carries the header and the task. All values are numbers,
    truth values or text, so that GraphML, GEXF and JSON take them: arguments, values and limits are JSON text,
    control characters are made visible. What nobody knows is left out, never 0.

        >>> graph = tree.to_networkx(rl.attribute([group]))
        >>> graph.nodes["0"]["goal"], sorted(graph.nodes["0"])[:3]
        ('Craft the following items: 1x a6', ['A', 'R', 'args'])

    Args:
        credit: adds the terms of each node's credit. `Attributions` of the tree's step, or records by path.

    Raises:
        InputError: `credit` is something else.
        MissingError: it is of other trees.
    """
    import networkx

    header = tree.header
    known = earned_by(tree, credit)
    without = preamble(tree.nodes)
    graph = networkx.DiGraph(**_about(header))
    for node in tree.nodes:
        about = {"label": node_label(node, without), "turns": len(node.turns)}
        earned = None if known is None else known.get(node.path)
        terms = {} if earned is None else {name: getattr(earned, name) for name in _CREDIT}
        graph.add_node(node.path, **_plain({**about, **_fields(node), **_as_floats(terms)}))
    for above, node in ((each.parent, each) for each in tree.nodes):
        if above is not None:
            launch = {"turn": node.parent_turn, "launch_batch": node.launch_batch}
            graph.add_edge(
                above, node.path, **_plain(launch), together=node.together, spawn_index=node.spawn_index
            )
    return graph


def _about(header: TreeHeader) -> dict[str, Any]:
    task = {f"task_{name}": getattr(header.task, name) for name in ("id", "goal", "difficulty", "split")}
    own = {name: getattr(header, name) for name in _HEADER}
    return _plain({**task, **own, "seed": str(header.seed)})  # which may be larger than a format's integers


def _fields(node: Node) -> dict[str, Any]:
    found = {name: getattr(node, name) for name in _NODE}
    if node.window <= 0:  # nobody knows the size of a window, and 0 of a count says that nobody counted
        found |= {name: found[name] or None for name in _COUNTS} | {"window": None}
    return {**found, **_as_floats({name: found[name] for name in _FLOATS})}


def _as_floats(values: Mapping[str, Any]) -> dict[str, Any]:
    """A column that holds 1 here and 0.5 there is of one kind."""
    return {
        name: value if value is None or isinstance(value, bool | str) else float(value)
        for name, value in values.items()
    }


def _plain(values: Mapping[str, Any]) -> dict[str, bool | int | float | str]:
    """Numbers, truth values and text; what is None is left out."""
    return {name: _scalar(value) for name, value in values.items() if value is not None}


def _scalar(value: Any) -> bool | int | float | str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**31 else str(value)
    return visible(value if isinstance(value, str) else dumps(value))
