"""A tree as a graph: plain values, credit beside each node, and every writer takes it."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import networkx
import pytest

from rao_lab.credit import attribute
from rao_lab.tree import Tree
from tests.support.hostile_trees import hostile_group
from tests.support.trees import random_group, showcase_group

TREES = [showcase_group().trees[2], hostile_group().trees[0], *random_group(7, step=2).trees[:2]]


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize(
    ("write", "read"),
    [(networkx.write_graphml, networkx.read_graphml), (networkx.write_gexf, networkx.read_gexf)],
)
def test_graphml_and_gexf_write_it_and_read_the_same(tree: Tree, write: Any, read: Any) -> None:
    graph, file = tree.to_networkx(), BytesIO()
    write(graph, file)
    again = read(BytesIO(file.getvalue()))
    assert set(again.edges) == set(graph.edges)
    for path, about in graph.nodes.items():
        assert again.nodes[path]["goal"] == about["goal"] and again.nodes[path]["status"] == about["status"]


@pytest.mark.parametrize("tree", TREES)
def test_json_writes_it(tree: Tree) -> None:
    text = json.dumps(networkx.node_link_data(tree.to_networkx(), edges="links"), allow_nan=False)
    assert (
        networkx.node_link_graph(json.loads(text), edges="links").nodes.keys()
        == tree.to_networkx().nodes.keys()
    )


def test_a_node_carries_its_credit_and_nothing_that_nobody_knows() -> None:
    group = showcase_group()
    found, tree = attribute([group]), group.trees[2]
    graph = tree.to_networkx(found)
    for path, record in found.of_tree(0, 2).items():
        about = graph.nodes[path]
        assert (about.get("A"), about.get("R"), about.get("why_not")) == (record.A, record.R, record.why_not)
        assert about["tokens_out"] == tree.node(path).tokens_out and "parent" not in about
    assert all(value is not None for _, about in graph.nodes.items() for value in about.values())
    assert "A" not in tree.to_networkx().nodes["0"]
    assert graph.graph["task_id"] == group.task.id
