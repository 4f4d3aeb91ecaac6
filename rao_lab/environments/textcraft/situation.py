"""What a node of the script knows: read from its history, with what is still to be made.

It knows of the world only what its own calls returned, as a model would. It keeps no state: each turn the node's
history is read anew (`read`), and what is still to be made is planned (`Situation.plan`).

Styles:
    summed: a node crafts the highest targets itself. It hands the summed demand of everything below to one
        child and tells the child what it keeps for itself. A tree is a chain, with one node for each tier.
    per_ingredient: a node launches one child for each missing ingredient, all together. Crafted items in stock
        are reserved for whoever ordered them; otherwise a node could use up what its sibling just made.
    flat: no children, and a few calls a turn.
    program: no children, and the whole task in the code of one turn.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rao_lab.environments.textcraft.recipes import Demand, Recipe, heights, summed_demand
from rao_lab.protocols import TurnRequest
from rao_lab.tree import Turn

STYLES = ("summed", "per_ingredient", "flat", "program")

TRIES = 3
"""Failed turns before a node gives up; rounds of delegation before it works alone."""
OUT_OF_BUDGET = "yourself"
"""A word that only refusals by a limit hold: there will be no more helpers. Other refusals can be mended."""
_RESERVED = re.compile(r"Reserved: (\{[^{}]*\})")


@dataclass
class Situation:
    """What a node knows, read from its history."""

    targets: Mapping[str, int]
    style: str
    reserved: Mapping[str, int] = field(default_factory=dict)
    """Crafted items in stock that must be left to others."""
    recipes: dict[str, Recipe] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    """Items looked up, base items among them."""
    net: Counter[str] = field(default_factory=Counter)
    """Crafted items that this node may use: it made them, received them, or found them free at the start."""
    rounds: int = 0
    """Turns in which it launched children."""
    errors: int = 0
    refused: bool = False
    """A limit refused a launch, so the node does the rest itself."""
    last_failed: bool = False

    @property
    def alone(self) -> bool:
        return self.style in ("flat", "program") or self.refused or self.rounds >= TRIES

    def left(self) -> dict[str, int]:
        """Targets still to be made."""
        return {item: n - self.net[item] for item, n in self.targets.items() if self.net[item] < n}

    def spare(self) -> dict[str, int]:
        """Crafted items at hand beyond the targets."""
        return {item: n - self.targets.get(item, 0) for item, n in self.net.items()}

    def unread(self) -> list[str]:
        """Items whose recipes it must read before it can plan."""
        wanted = dict.fromkeys(self.targets)
        if self.style == "per_ingredient" and not self.alone:
            for item in self.targets:
                if item in self.recipes:
                    wanted.update(dict.fromkeys(self.recipes[item].ingredients))
        else:
            wanted.update(dict.fromkeys(heights(self.recipes, self.targets)))
        return [item for item in wanted if item not in self.seen]

    def plan(self) -> tuple[Demand, dict[str, int]]:
        """What the node crafts itself, in order, and what it must get from children first."""
        left = self.left()
        demand = summed_demand(self._own(left), left, self.spare())
        spare = self.spare()
        missing = {
            item: count - max(0, spare.get(item, 0))
            for item, count in demand.base.items()
            if item in self.recipes and count > max(0, spare.get(item, 0))
        }
        return demand, missing

    def _own(self, left: Mapping[str, int]) -> Mapping[str, Recipe]:
        if self.alone:
            return self.recipes
        if self.style == "per_ingredient":
            return {item: self.recipes[item] for item in left if item in self.recipes}
        height = heights(self.recipes, left)
        top = max((height[item] for item in left), default=0)
        return {item: self.recipes[item] for item in left if height[item] == top and item in self.recipes}


def read(request: TurnRequest, style: str) -> Situation:
    """Reads a node's history in the order things happened."""
    targets = {str(item): int(count) for item, count in request.args["targets"].items()}
    context = request.args.get("context", "")
    if request.agent == "flat" and style != "program":
        style = "flat"
    now = Situation(targets, style, _reservations(context))
    for turn in request.history:
        _read_turn(now, turn)
    return now


def _read_turn(now: Situation, turn: Turn) -> None:
    launched = False
    for call in turn.calls:
        if call.name == "launch_subagent":
            launched = True
            now.refused |= call.child is None and OUT_OF_BUDGET in (call.error or "")
            if call.error is None and _delivered(call.result):
                now.net.update(_targets_of(call.args, call.kwargs))
        elif call.error is not None:
            continue
        elif call.name == "get_info":
            for row in call.result:
                _read_row(now, row)
        elif call.name == "craft":
            used, (item, count) = _craft_of(call.args, call.kwargs)
            now.net.subtract({name: n for name, n in used.items() if name in now.recipes})
            now.net[item] += count
    now.rounds += launched
    now.last_failed = turn.error is not None
    now.errors += now.last_failed


def _read_row(now: Situation, row: Mapping[str, Any]) -> None:
    item, have = row["item"], row["have"]
    if item not in now.seen:
        now.seen.add(item)
        if row["craftable"]:
            now.recipes[item] = Recipe(dict(row["ingredients"]), row["result_count"])
        # What is there at the start may be used if nobody else counts on it.
        if row["craftable"] and item not in now.targets and now.style != "per_ingredient":
            now.net[item] += max(0, have - now.reserved.get(item, 0))
    elif item in now.recipes:
        # Believe the stock rather than a child's word.
        now.net[item] = min(now.net[item], have)


def _delivered(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("done")


def _targets_of(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Mapping[str, int]:
    found: Mapping[str, int] = args[0] if args else kwargs["targets"]
    return found


def _craft_of(args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Mapping[str, int], tuple[str, int]]:
    given = dict(zip(("ingredients", "target"), args, strict=False)) | dict(kwargs)
    return given["ingredients"], given["target"]


def _reservations(context: Any) -> dict[str, int]:
    found = _RESERVED.search(context) if isinstance(context, str) else None
    if not found:
        return {}
    try:
        held = json.loads(found[1])
    except ValueError:
        return {}
    return {item: count for item, count in held.items() if isinstance(count, int)}
