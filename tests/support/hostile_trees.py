"""A group of trees in which every text is hostile."""

from __future__ import annotations

from dataclasses import replace

from rao_lab.tree import Group, Message, Node, Status, Task, Tree, TreeHeader, Turn
from tests.support.hostile import corpus


def hostile_group() -> Group:
    """Every hostile string as goal, message, thought, code, output, error and value."""
    strings = corpus()
    children = []
    for place, text in enumerate(strings):
        said = (Message(text[:50], text),)
        turn = Turn(1, said, text=text, thought=text, code=text, output=text, error=text, ended=1.0)
        node = Node(f"0.{place}", "0", place, 1, depth=1, goal=text, turns=(turn,), ended=1.0)
        ending = replace(node, status=Status.FINISHED, success=float(place % 2), success_source="verifier")
        words = {text[:40]: text}
        children.append(
            replace(ending, args=words, value={text: [text]}, reason=text, refusals={text[:40]: 1})
        )
    root = Node(
        "0",
        goal=strings[0],
        status=Status.FINISHED,
        success=1.0,
        children=tuple(n.path for n in children),
        ended=1.0,
    )
    tree = Tree(TreeHeader(Task(strings[1], strings[2], strings[3])), (root, *children), ended=1.0)
    return Group(tree.task, (tree, replace(tree)))
