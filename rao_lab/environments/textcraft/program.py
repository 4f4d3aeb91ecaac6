"""A whole task in one turn of code: a program that reads the recipes, adds up what is needed, crafts and finishes.

It is the shortest that we know; a shorter one may exist. It does what `summed_demand` does, with what `get_info` tells.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

_PROGRAM = """\
goal = GOAL
info, names = {}, list(goal)
while names:
    info.update({row["item"]: row for row in get_info(names)})
    names = [n for n in {n for name in names for n in info[name]["ingredients"]} if n not in info]
order = []
def visit(item):
    if item not in order:
        for name in info[item]["ingredients"]:
            visit(name)
        order.append(item)
for item in goal:
    visit(item)
need, crafts = dict(goal), []
for item in reversed(order):
    row = info[item]
    count = need[item] - (0 if item in goal else row["have"])
    if row["craftable"] and count > 0:
        times = -(-count // row["result_count"])
        used = {name: each * times for name, each in row["ingredients"].items()}
        for name in used:
            need[name] = need.get(name, 0) + used[name]
        crafts.append((used, (item, times * row["result_count"])))
for used, made in reversed(crafts):
    craft(used, made)
finish("done")"""


def program(targets: Mapping[str, int]) -> str:
    """The code of the one turn that makes these targets."""
    return _PROGRAM.replace("GOAL", json.dumps(dict(targets)), 1)
