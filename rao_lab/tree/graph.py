"""A tree as a networkx graph."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from rao_lab.tree.node import Recorded

if TYPE_CHECKING:
    import networkx


_DERIVED = ("tokens_in", "tokens_out", "peak_context", "compute_seconds", "waiting_seconds", "decode_steps")


def to_networkx(tree: Recorded) -> networkx.DiGraph:
    """A directed graph from parent to child, its nodes named by path.

    A node carries every field of `Node` and its totals (tokens_in, tokens_out, peak_context,
    compute_seconds, waiting_seconds, decode_steps). An edge carries turn, launch_batch, together and
    spawn_index. The graph carries the fields of the header.
    """
    import networkx

    graph = networkx.DiGraph()
    graph.graph.update({item.name: getattr(tree.header, item.name) for item in fields(tree.header)})
    for node in tree.nodes:
        own = {item.name: getattr(node, item.name) for item in fields(node)}
        graph.add_node(node.path, **own, **{name: getattr(node, name) for name in _DERIVED})
        if node.parent is not None:
            graph.add_edge(
                node.parent,
                node.path,
                turn=node.parent_turn,
                launch_batch=node.launch_batch,
                together=node.together,
                spawn_index=node.spawn_index,
            )
    return graph
