"""The script of TextCraft: the next step of a node in words and code, from what the node knows (`situation.py`)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from rao_lab.environments.textcraft.program import program
from rao_lab.environments.textcraft.recipes import Demand, Recipe
from rao_lab.environments.textcraft.situation import TRIES, Situation

STEPS = 8
"""Turns asked for each child: look up, delegate, craft and finish, and some repair."""
CRAFTS_A_TURN = 20
ALL_RESERVED = "Crafted items in the inventory are reserved: use base items and what your own helpers make."


def next_turn(now: Situation) -> tuple[str, str]:
    """The thought and the code of a node's next turn."""
    unread = now.unread()
    if now.style == "program" and not now.seen:
        return "One program does all of it.", program(now.targets)
    if unread:
        return _look_up(now, unread)
    if not now.left():
        return "Everything I was asked for is made.", finish_line(now)
    if now.errors >= TRIES:
        return (
            "I have tried often enough and cannot go on.",
            f'finish("failed: not all of {listed(now.left())}")',
        )
    demand, missing = now.plan()
    if now.last_failed and not missing:
        items = [
            *now.targets,
            *dict.fromkeys(name for item in now.left() for name in now.recipes[item].ingredients),
        ]
        return "That did not work. I look at what there is before I go on.", _show(items)
    if missing:
        return delegate(now, missing)
    return _craft_all(now, demand)


def _look_up(now: Situation, unread: Sequence[str]) -> tuple[str, str]:
    if now.style == "per_ingredient" and not now.alone:
        thought = f"I look up how to make {listed(now.targets)} and what is there of its parts."
        code = (
            f"rows = get_info({json.dumps([*now.targets])})\n"
            "parts = sorted({name for row in rows for name in row['ingredients']})\n"
            "for row in rows + (get_info(parts) if parts else []):\n"
            "    print(row['item'], 'takes', row['ingredients'] or 'nothing', 'have', row['have'])"
        )
        return thought, code
    thought = f"I read the recipes of {listed(now.targets)}, down to the base items, before I plan."
    code = (
        "book = {}\n"
        f"names = {json.dumps([*unread])}\n"
        "while names:\n"
        "    for row in get_info(names):\n"
        "        book[row['item']] = row\n"
        "    below = {name for name in names for name in book[name]['ingredients']}\n"
        "    names = sorted(name for name in below if name not in book)\n"
        f"for name in {json.dumps([*now.targets][:3])}:\n"
        "    print(name, 'takes', book[name]['ingredients'], 'and makes', book[name]['result_count'])\n"
        "print(len(book), 'items in all')"
    )
    if now.recipes:
        code = code[: code.index("\nfor name in")] + "\nprint(len(book), 'more items read')"
    return thought, code


def _show(items: Sequence[str]) -> str:
    return f"for row in get_info({json.dumps(list(items))}):\n    print(row['item'], 'have', row['have'])"


def delegate(now: Situation, missing: Mapping[str, int]) -> tuple[str, str]:
    again = "still " if now.rounds else ""
    if now.style == "summed" or len(missing) == 1:
        context = ALL_RESERVED if now.style == "per_ingredient" else _kept(now)
        thought = f"I {again}lack {listed(missing)}. One helper makes that, then I craft the rest."
        return thought, f"print(await {launch(missing, context)})\n{_show([*missing])}"
    launches = ",\n    ".join(launch({item: n}, "reserved") for item, n in missing.items())
    launches = launches.replace('context="reserved"', "context=reserved")
    thought = f"I {again}lack {listed(missing)}. {len(missing)} helpers make them at the same time."
    code = (
        f"import asyncio\n\nreserved = {json.dumps(ALL_RESERVED)}\n"
        f"for answer in await asyncio.gather(\n    {launches},\n):\n    print(answer)\n{_show([*missing])}"
    )
    return thought, code


def _kept(now: Situation) -> str:
    """What the child must leave alone: what others reserved, and the stock that this node counts on."""
    demand, missing = now.plan()
    spare = now.spare()
    kept = Counter(now.reserved)
    for item, count in demand.base.items():
        if item in now.recipes and item not in missing:
            kept[item] += min(count, max(0, spare.get(item, 0)))
    held = {item: count for item, count in sorted(kept.items()) if count > 0}
    return f"Reserved: {json.dumps(held)}" if held else ""


def launch(targets: Mapping[str, int], context: str) -> str:
    more = f", context={json.dumps(context)}" if context else ""
    return f"launch_subagent({json.dumps(dict(targets))}, num_steps={STEPS}{more})"


def _craft_all(now: Situation, demand: Demand) -> tuple[str, str]:
    made = list(demand.made.items())
    lines = [craft_line(now.recipes[item], item, count) for item, count in made[:CRAFTS_A_TURN]]
    if len(made) > CRAFTS_A_TURN:
        return f"{len(made)} kinds of items to craft; I start with the simplest.", "\n".join(lines)
    return "All parts are there, so I craft and finish.", "\n".join([*lines, finish_line(now)])


def craft_line(recipe: Recipe, item: str, count: int) -> str:
    times = count // recipe.result_count
    ingredients = {name: each * times for name, each in recipe.ingredients.items()}
    return f'craft({json.dumps(ingredients)}, ("{item}", {count}))'


def finish_line(now: Situation) -> str:
    return f'finish("done: {listed(now.targets)}")'


def listed(targets: Mapping[str, int]) -> str:
    shown = [f"{count}x {item}" for item, count in targets.items()]
    return ", ".join(shown[:4]) + (f" and {len(shown) - 4} more" if len(shown) > 4 else "")
