"""Trees whose turns were written by hand, for the badges that no trained run here shows.

    python -m rao_lab.experiments.by_hand --out data/pathologies/by_hand.rao

One task, four trees: as it should be, an answer that nobody looks at, children that wait for each other, and a clock
that runs out. They run like any others; only who writes the turns is different.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rao_lab.api.run import run
from rao_lab.credit import attribute
from rao_lab.environments.functions.environment import FunctionEnvironment
from rao_lab.execution.limits import Limits
from rao_lab.protocols import NodeKey, TurnReply, TurnRequest
from rao_lab.store import RunWriter
from rao_lab.tree import Group

GOAL = "How many rooms have the red and the blue house together?"
ROOMS = {"red": 12, "blue": 9}
_RED, _BLUE = '"How many rooms has the red house?"', '"How many rooms has the blue house?"'
_ASKED = {"0.0": ['finish(rooms("red"))'], "0.1": ['finish(rooms("blue"))']}

TREES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "as it should be": {
        "0": [
            "import asyncio\n"
            f"red, blue = await asyncio.gather(launch_subagent({_RED}), launch_subagent({_BLUE}))\n"
            "finish(red + blue)"
        ],
        **_ASKED,
    },
    "unused answer": {
        "0": [f"await launch_subagent({_RED})", "finish(20)"],
        "0.0": ['finish("it has " + str(rooms("red")) + " rooms")'],
    },
    "serial await": {
        "0": [
            f"red = await launch_subagent({_RED})\nblue = await launch_subagent({_BLUE})\nfinish(red + blue)"
        ],
        **_ASKED,
    },
    "timeout": {"0": [f"print(await launch_subagent({_RED}))", "..."], **_ASKED},
}
SLOW, SECONDS = "...", 0.4
"""A turn that takes longer than the seconds of a tree."""


def rooms(house: str) -> int:
    """How many rooms a house has."""
    return ROOMS[house]


class ByHand:
    """A policy that writes given turns, by path; the last one again if a node has more."""

    name = "by hand"
    version = 0
    dialect = "terse"
    window = 0

    def __init__(self, texts: Mapping[str, Sequence[str]]) -> None:
        self._texts = texts
        self._waiting: dict[NodeKey, TurnRequest] = {}

    def submit(self, request: TurnRequest) -> None:
        self._waiting[request.key] = request

    def tick(self) -> Sequence[TurnReply]:
        replies = []
        for key in sorted(self._waiting):
            lines = self._texts[key[1]]
            text = lines[min(self._waiting.pop(key).turn, len(lines)) - 1]
            if text == SLOW:
                time.sleep(2 * SECONDS)
            replies.append(TurnReply(key, text, decode_steps=1))
        return replies

    def forget(self, key: NodeKey) -> None:
        self._waiting.pop(key, None)


def record(path: Path) -> Group:
    """Runs the trees and writes them as one step."""
    world = FunctionEnvironment(
        [GOAL], [rooms], verify=lambda value: value == sum(ROOMS.values()), name="houses"
    )
    (task,) = world.tasks("test")
    trees = []
    for place, (name, texts) in enumerate(TREES.items()):
        limits = Limits(tree_seconds=SECONDS if name == "timeout" else 60.0)
        tree = run(task, world, ByHand(texts), prompt="terse", limits=limits, progress=False)
        trees.append(replace(tree, header=replace(tree.header, step=1, rollout=place)))
    group = Group(task, tuple(trees), step=1)
    path.unlink(missing_ok=True)
    with RunWriter(path, {"case": "by_hand", "trees": list(TREES)}) as writer:
        writer.begin_step(1)
        for tree in trees:
            writer.tree_done(tree)
        writer.end_step(1, attribute([group]), {})
    return group


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("data/pathologies/by_hand.rao"))
    record(parser.parse_args(argv).out)


if __name__ == "__main__":
    main()
