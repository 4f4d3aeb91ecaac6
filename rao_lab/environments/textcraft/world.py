"""The crafting world of one tree: look up, craft, delegate, finish.

Every argument comes from code that a model wrote (see `arguments.py`). A refusal tells the model which value was
wrong and what to do. What is refused changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rao_lab.environments.arguments import bind, counts, names, show, whole
from rao_lab.environments.textcraft.recipes import Recipe
from rao_lab.environments.textcraft.stock import Stock
from rao_lab.protocols import Function, Launch, Refusal, Score

MAX_CONTEXT_CHARS = 4000
"""Longest `context` that a launch may pass on."""

PLAIN = (
    Function(
        "get_info",
        "get_info(items: list[str]) -> list[dict]",
        "One dict per item: item, craftable, ingredients (for one execution), result_count "
        "(made by one execution), have and ingredients_have (in the inventory now).",
    ),
    Function("view_inventory", "view_inventory() -> dict[str, int]", "Everything in the shared inventory."),
    Function(
        "craft",
        "craft(ingredients: dict[str, int], target: tuple[str, int]) -> dict[str, int]",
        "Makes target = (item, total_count). total_count must be a multiple of the recipe's "
        "result_count, and ingredients must be the recipe times total_count / result_count. Returns "
        "{item: total_count}.",
    ),
)
CONTROL = (
    Function(
        "finish",
        "finish(message)",
        "Ends your work and hands message to whoever asked. Call it only when all targets are made.",
    ),
    Function(
        "launch_subagent",
        "launch_subagent(targets: dict[str, int], num_steps: int, context: str = '')",
        "A new agent with an empty memory and the same inventory crafts all targets in at most num_steps "
        'turns. Returns what it passed to finish, or {"failed": reason}. Must be awaited; several at '
        "once: await asyncio.gather(launch_subagent(...), launch_subagent(...)).",
        is_async=True,
    ),
)


def goal_text(targets: Mapping[str, int]) -> str:
    """ "Craft the following items: 2x m5_i3, 1x c3_i2"."""
    return "Craft the following items: " + ", ".join(f"{count}x {item}" for item, count in targets.items())


def launch_for(targets: Mapping[str, int], turns: int | None = None, context: str = "") -> Launch:
    """What a node with these targets is told; `args` holds `targets`, and `context` if there is one."""
    args: dict[str, Any] = {"targets": dict(targets)}
    goal = goal_text(targets)
    if context:
        args["context"] = context
        goal += f"\nFrom the agent that asks you: {context}"
    return Launch(goal, args, turns)


class CraftWorld:
    """A `World`; used for one tree."""

    def __init__(
        self,
        recipes: Mapping[str, Recipe],
        inventory: Mapping[str, int],
        targets: Mapping[str, int],
        guard_own_goal: bool = True,
        guard_base_item: bool = True,
    ) -> None:
        self.recipes = recipes
        self.stock = Stock(inventory)
        self.targets = dict(targets)
        self._guard_own_goal = guard_own_goal
        self._guard_base_item = guard_base_item
        self._known = {*recipes, *inventory, *targets}
        for recipe in recipes.values():
            self._known.update(recipe.ingredients)
        self._targets: dict[str, Mapping[str, int]] = {}

    def functions(self) -> Sequence[Function]:
        return PLAIN

    def control_functions(self) -> Sequence[Function]:
        return CONTROL

    def root(self) -> Launch:
        return launch_for(self.targets)

    def enter(self, path: str, launch: Launch) -> None:
        self.stock.open(path)
        self._targets[path] = launch.args["targets"]

    def leave(self, path: str, value: Any) -> Score:
        """Success 1 if all targets are met, otherwise 0; fraction = units made / units asked for."""
        targets = self._targets[path]
        made = {item: max(0, min(count, self.stock.net(path, item))) for item, count in targets.items()}
        met = all(made[item] == count for item, count in targets.items())
        return Score(float(met), "verifier", sum(made.values()) / sum(targets.values()))

    # Launches

    def admit(self, parent: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Launch:
        try:
            given = bind("launch_subagent", ("targets", "num_steps", "context"), 2, args, kwargs)
            targets = counts(given["targets"], "targets", '{"item": 2}')
            turns = whole(given["num_steps"], "num_steps")
            self._refuse_unknown(targets)
        except Refusal as refusal:
            raise Refusal("bad_launch", refusal.message) from None
        context = given.get("context", "")
        if not isinstance(context, str):
            raise Refusal("bad_launch", f"context must be text; got {show(context)}")
        if len(context) > MAX_CONTEXT_CHARS:
            raise Refusal(
                "bad_launch",
                f"context has {len(context)} characters; at most {MAX_CONTEXT_CHARS} are passed on",
            )
        self._guard(parent, targets)
        return launch_for(targets, turns, context)

    def _guard(self, parent: str, targets: Mapping[str, int]) -> None:
        if self._guard_base_item and not any(item in self.recipes for item in targets):
            raise Refusal(
                "base_item",
                f"{_listed(targets)} cannot be crafted by anyone: take base items from the inventory",
            )
        above = parent if self._guard_own_goal else ""
        while above:
            own = self._targets.get(above, {})
            if own and all(targets.get(item, 0) >= count for item, count in own.items()):
                whose = "your own goal" if above == parent else "the goal of an ancestor of yours"
                raise Refusal(
                    "own_goal", f"{_listed(own)} is {whose}: craft it, and delegate only parts of it"
                )
            above = above.rpartition(".")[0]

    # Calls

    def call(self, path: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if name == "get_info":
            given = bind(name, ("items",), 1, args, kwargs)
            return self._get_info(names(given["items"], name, '["item"]'))
        if name == "view_inventory":
            bind(name, (), 0, args, kwargs)
            return dict(sorted(self.stock.counts.items()))
        if name == "craft":
            given = bind(name, ("ingredients", "target"), 2, args, kwargs)
            return self._craft(path, given["ingredients"], given["target"])
        known = ", ".join(function.name for function in PLAIN)
        raise Refusal("bad_call", f"no function {show(name)} here; there are {known}")

    def _get_info(self, items: Sequence[str]) -> list[dict[str, Any]]:
        self._refuse_unknown(items)
        return [self._info(item) for item in items]

    def _info(self, item: str) -> dict[str, Any]:
        recipe = self.recipes.get(item)
        return {
            "item": item,
            "craftable": recipe is not None,
            "ingredients": dict(recipe.ingredients) if recipe else {},
            "result_count": recipe.result_count if recipe else 0,
            "have": self.stock.have(item),
            "ingredients_have": {name: self.stock.have(name) for name in recipe.ingredients}
            if recipe
            else {},
        }

    def _craft(self, path: str, ingredients: Any, target: Any) -> dict[str, int]:
        item, count = _target(target)
        self._refuse_unknown([item])
        recipe = self.recipes.get(item)
        if recipe is None:
            raise Refusal(
                "no_recipe", f"{item!r} is a base item without a recipe: take it from the inventory"
            )
        given = counts(ingredients, "ingredients", '{"item": 2}')
        if count % recipe.result_count:
            raise Refusal(
                "not_a_multiple",
                f"{item!r} is made {recipe.result_count} at a time: "
                f"total_count must be a multiple of {recipe.result_count}; got {count}",
            )
        times = count // recipe.result_count
        exact = {name: each * times for name, each in recipe.ingredients.items()}
        if given != exact:
            raise Refusal("wrong_ingredients", _difference(item, count, exact, given))
        short = {name: need for name, need in exact.items() if self.stock.have(name) < need}
        if short:
            listed = ", ".join(
                f"{need}x {name} (have {self.stock.have(name)})" for name, need in short.items()
            )
            raise Refusal("missing", f"not enough to craft {count}x {item}: need {listed}")
        self.stock.book(path, {**{name: -need for name, need in exact.items()}, item: count})
        return {item: count}

    def _refuse_unknown(self, items: Sequence[str] | Mapping[str, int]) -> None:
        unknown = [show(item) for item in items if item not in self._known]
        if unknown:
            more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
            raise Refusal(
                "unknown_item",
                f"no item is called {', '.join(unknown[:5])}{more}: use names from your goal, "
                "view_inventory() or get_info",
            )


def _target(target: Any) -> tuple[str, int]:
    if not isinstance(target, (tuple, list)) or len(target) != 2:
        raise Refusal(
            "bad_call", f'target must be (item, total_count) such as ("item", 2); got {show(target)}'
        )
    item, count = target
    if not isinstance(item, str):
        raise Refusal("bad_call", f"target must start with an item's name; got {show(item)}")
    return item, whole(count, "total_count")


def _difference(item: str, count: int, exact: Mapping[str, int], given: Mapping[str, int]) -> str:
    """Says what is wrong, not what is right: recipes must be looked up."""
    wrong = [f"{show(name)} is not in the recipe" for name in given if name not in exact]
    wrong += [f"{each} of {name!r} is wrong" for name, each in given.items() if exact.get(name, each) != each]
    left_out = len(exact.keys() - given.keys())
    wrong += [f"{left_out} of its ingredients not given"] if left_out else []
    shown = ", ".join(wrong[:5]) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
    return f'the ingredients do not make {count}x {item}: {shown}; look it up with get_info(["{item}"])'


def _listed(targets: Mapping[str, int]) -> str:
    shown = [f"{count}x {item}" for item, count in targets.items()]
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")
