"""What a perfect player does: the shortest flat play, and the clean tree in which every ingredient is delegated.

Both are played in a fresh world, so their calls carry real results. No policy sees this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rao_lab.environments.textcraft.recipes import heights, separate_demand, summed_demand
from rao_lab.environments.textcraft.tasks import open_task
from rao_lab.environments.textcraft.world import CraftWorld
from rao_lab.errors import InputError
from rao_lab.protocols import Launch
from rao_lab.tree import ROOT, Call, Task, child_path

STEPS = 8
"""Turns that a clean node gives each child. A child needs four."""
MAX_HEIGHT = 100
"""Height of the highest recipe that a delegation plan is made for."""


def flat_plan(task: Task, batched: bool = True) -> list[Call]:
    """The shortest flat play, call by call: look up, craft each item once, finish.

    Base items are never looked up. An agent can only guess which items those are, so no agent needs less.

    Args:
        batched: one look-up for each level of the recipes; otherwise one for each item.
    """
    world = open_task(task)
    world.enter(ROOT, world.root())
    calls = [_play(world, ROOT, "get_info", names) for names in _look_ups(world, batched)]
    for item, count in summed_demand(world.recipes, world.targets, world.stock.counts).made.items():
        calls.append(_craft(world, ROOT, item, count))
    return [*calls, Call("finish", ("done",))]


def clean_nodes(task: Task) -> int:
    """Nodes of a clean tree, in which each ingredient that can be crafted is delegated by itself."""
    world = open_task(task)
    return 1 + separate_demand(world.recipes, world.targets)[1]


@dataclass(frozen=True, slots=True)
class PlannedNode:
    """A node of a clean tree."""

    path: str
    targets: Mapping[str, int]
    turns: tuple[tuple[Call, ...], ...]
    """The calls of each turn: look up, launch all children together (if any), craft, finish."""
    children: tuple[PlannedNode, ...]

    def walk(self) -> Iterator[PlannedNode]:
        """This node and all below, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


def delegation_plan(task: Task) -> PlannedNode:
    """The clean tree: every node looks up, delegates each ingredient that can be crafted, crafts and finishes.

    Crafted items in stock are not used. The tree has `clean_nodes(task)` nodes.

    Raises:
        InputError: the recipes are higher than `MAX_HEIGHT`.
    """
    world = open_task(task)
    if max(heights(world.recipes, world.targets).values()) > MAX_HEIGHT:
        raise InputError(f"task {task.id!r} needs recipes higher than {MAX_HEIGHT}: too deep to plan")
    return _delegate(world, ROOT, world.root())


def _delegate(world: CraftWorld, path: str, launch: Launch) -> PlannedNode:
    world.enter(path, launch)
    targets: Mapping[str, int] = launch.args["targets"]
    own = {item: world.recipes[item] for item in targets if item in world.recipes}
    demand = summed_demand(own, targets)
    look_up = _play(world, path, "get_info", list(targets))
    children: list[PlannedNode] = []
    launches: list[Call] = []
    for item, count in demand.base.items():
        if item not in world.recipes:
            continue
        args = ({item: count}, STEPS)
        child = _delegate(world, child_path(path, len(children)), world.admit(path, args, {}))
        children.append(child)
        launches.append(Call("launch_subagent", args, result="done", child=child.path))
    crafts = tuple(_craft(world, path, item, count) for item, count in demand.made.items())
    turns = ((look_up,), tuple(launches), crafts, (Call("finish", ("done",)),))
    return PlannedNode(path, targets, tuple(turn for turn in turns if turn), tuple(children))


def _look_ups(world: CraftWorld, batched: bool) -> list[list[str]]:
    """Names of items to look up, in the order in which a reader of recipes finds them."""
    levels: list[list[str]] = []
    known: set[str] = set()
    level = list(world.targets)
    while level := [item for item in dict.fromkeys(level) if item in world.recipes and item not in known]:
        known.update(level)
        levels.extend([level] if batched else [[item] for item in level])
        level = [name for item in level for name in world.recipes[item].ingredients]
    return levels


def _craft(world: CraftWorld, path: str, item: str, count: int) -> Call:
    recipe = world.recipes[item]
    times = count // recipe.result_count
    ingredients = {name: each * times for name, each in recipe.ingredients.items()}
    return _play(world, path, "craft", ingredients, (item, count))


def _play(world: CraftWorld, path: str, name: str, *args: Any) -> Call:
    return Call(name, args, result=world.call(path, name, args, {}))
