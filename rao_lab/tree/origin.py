"""Where a fork comes from, in words: the tree, node and turn that it was cut at, and what was changed there.

`TreeHeader.origin` of a fork is plain data:

    tree      the tree that it was cut from, GROUP.TREE as `rao-lab credit` prints it
    node      the path of the chosen node
    turn      the chosen turn, from 1
    edit      what was changed: "goal" (and "args"), "prompt", "action" or "child_value"; empty = sampled again
    rest      what became of the other turns after it: "continued" or "replayed" (`rao_lab.tree.cut`)
    weights   which weights wrote what is new
    seed      keyed the noise of what is new, together with `repeat`
    repeat    its place among the forks that were made together, from 0
    template  the prompt of every node whose prompt was not changed
    before    the origin of the tree that it was cut from, if that was a fork itself
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rao_lab.base.safe_text import one_line
from rao_lab.tree.node import TreeHeader


def tree_name(header: TreeHeader) -> str:
    """GROUP.TREE, as `rao-lab credit` prints it; a probe and a fork say so."""
    name = f"{header.group}.{header.rollout}"
    kind = "probe " if header.probe else "fork of " if header.origin is not None else ""
    return f"{kind}{name}"


def fork_words(origin: Mapping[str, Any]) -> str:
    """ "fork of 2.1 at 0.1 turn 2: other goal", of whatever a file holds as an origin."""
    place = [f"fork of {one_line(str(origin['tree']), 40)}" if "tree" in origin else "fork"]
    place += [f"at {one_line(str(origin['node']), 40)}"] if "node" in origin else []
    place += [f"turn {one_line(str(origin['turn']), 20)}"] if "turn" in origin else []
    return f"{' '.join(place)}: {edit_words(origin.get('edit'))}"


def fork_name(header: TreeHeader) -> str:
    """ "fork 2 of tree 12:2.1", counted from 1; "" if the tree is no fork."""
    origin = header.origin
    if origin is None:
        return ""
    repeat = origin.get("repeat")
    number = f" {repeat + 1}" if isinstance(repeat, int) and 0 <= repeat < 10**6 else ""
    again = "a fork of " if isinstance(origin.get("before"), Mapping) else ""
    kind = "probe" if header.probe else "tree"
    return f"fork{number} of {again}{kind} {header.step}:{header.group}.{header.rollout}"


def retold(header: TreeHeader) -> set[str]:
    """Paths of the nodes that this fork, or one that it was cut from, told another goal or in another prompt."""
    found: set[str] = set()
    origin: object = header.origin
    while isinstance(origin, Mapping):
        edit = origin.get("edit")
        if isinstance(edit, Mapping) and ("goal" in edit or "prompt" in edit):
            found.add(str(origin.get("node")))
        origin = origin.get("before")
    return found


def edit_words(edit: object) -> str:
    """What a fork changed, in a few words: of a text, the beginning of its first line."""
    if not isinstance(edit, Mapping) or not edit:
        return "sampled again"
    said = []
    for name, value in edit.items():
        if name == "child_value" and isinstance(value, Mapping):
            given = (f"{one_line(str(path), 40)}: {_brief(repr(each))}" for path, each in value.items())
            said.append(f"other value of {', '.join(given)}")
        elif name == "prompt":
            said.append(f"prompt {one_line(str(value), 60)}")
        elif name != "args":
            said.append(f"other {one_line(str(name), 20)}: {_brief(str(value))}")
    return ", ".join(said)


def _brief(text: str) -> str:
    lines = text.strip().splitlines()
    return one_line(lines[0] + (" ..." if len(lines) > 1 else ""), 40) if lines else "nothing"


def common(origin: Mapping[str, Any]) -> dict[str, Any]:
    """What the forks of one call have in common."""
    return {name: value for name, value in origin.items() if name != "repeat"}
