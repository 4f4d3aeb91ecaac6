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


def edit_words(edit: object) -> str:
    """What a fork changed, in a few words."""
    if not isinstance(edit, Mapping) or not edit:
        return "sampled again"
    said = []
    for name, value in edit.items():
        if name == "child_value" and isinstance(value, Mapping):
            said.append(f"other value of {', '.join(one_line(str(path), 40) for path in value)}")
        elif name == "prompt":
            said.append(f"prompt {one_line(str(value), 60)}")
        elif name != "args":
            said.append(f"other {one_line(str(name), 20)}")
    return ", ".join(said)


def common(origin: Mapping[str, Any]) -> dict[str, Any]:
    """What the forks of one call have in common."""
    return {name: value for name, value in origin.items() if name != "repeat"}
