"""Worlds with one fault each: what `check_environment` must find."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import rao_lab as rl
from rao_lab.base.own_code import own_code
from rao_lab.environments.textcraft.world import CraftWorld
from rao_lab.tree import Call

SKELETON = Path(__file__).resolve().parents[2] / "data" / "skeleton"
right = own_code(str(SKELETON / "my_world.py"))
MyWorld: Any = right.MyWorld
Row: Any = right.Row


class ForkedWorld(CraftWorld):
    """Credit by what there is now minus what there was when the node began."""

    def enter(self, path: str, launch: rl.Launch) -> None:
        super().enter(path, launch)
        self.at_fork = {**getattr(self, "at_fork", {}), path: Counter(self.stock.counts)}

    def leave(self, path: str, value: Any) -> rl.Score:
        now, before = Counter(self.stock.counts), self.at_fork[path]
        targets = self._targets[path]
        return rl.Score(float(all(now[item] - before[item] >= count for item, count in targets.items())))


class Forked(rl.environments.TextCraft):
    def open(self, task: rl.Task) -> ForkedWorld:
        world = super().open(task)
        return ForkedWorld(world.recipes, world.stock.counts, world.targets)


class Wide(MyWorld):
    """One level of few numbers, so that checks are quick; each fault below changes a method of it or of its world."""

    name = "wide"
    levels: ClassVar = {"medium": 8}
    suits: ClassVar = dict.fromkeys(MyWorld.suits, "medium")
    world: Any = Row

    def __init__(self, difficulty: str = "medium", seed: int = 0, guard_own_goal: bool = True) -> None:
        super().__init__(difficulty, seed, guard_own_goal)

    def open(self, task: rl.Task) -> Any:
        return self.world(task.data["numbers"], self.guard_own_goal)


def faulty(name: str, base: type = Row, **methods: Any) -> Any:
    """An environment whose worlds have these methods in place of the right ones."""
    return type(name, (Wide,), {"world": type(f"{name}World", (base,), methods)})()


def passes_empty(self: Any, path: str, value: Any) -> rl.Score:
    return rl.Score(float(not value or value == max(self.numbers)))


def passes_empty_helpers(self: Any, path: str, value: Any) -> rl.Score:
    return rl.Score(1.0) if path != "0" and not value else Row.leave(self, path, value)  # type: ignore[no-any-return]


ASKED: dict[str, Any] = {}


def keeps_for_all(self: Any, path: str, launch: rl.Launch) -> None:
    Row.enter(self, path, launch)
    ASKED[path] = max(self.numbers[slice(*self.asked[path])])


def scores_by_what_all_keep(self: Any, path: str, value: Any) -> rl.Score:
    return rl.Score(float(type(value) is int and value == ASKED[path]))


def passes_what_contains(self: Any, path: str, value: Any) -> rl.Score:
    start, end = self.asked[path]
    return rl.Score(float(str(max(self.numbers[start:end])) in str(value)))


def scores_by_truth(self: Any, path: str, value: Any) -> Any:
    return value == max(self.numbers)


def verifies_by_sum(self: Any, path: str, value: Any) -> rl.Score:
    return rl.Score(float(sum(value) == max(self.numbers)))


def passes_anyones(self: Any, path: str, value: Any) -> rl.Score:
    return rl.Score(float(isinstance(value, int) and value in self.numbers))


def looks_without_a_look(self: Any, path: str, name: str, args: Any, kwargs: Any) -> int:
    return self.numbers[args[0]]  # type: ignore[no-any-return]


def leaves_the_program(self: Any, path: str, name: str, args: Any, kwargs: Any) -> Any:
    if type(args[0]) is float:
        raise SystemExit(3)
    return Row.call(self, path, name, args, kwargs)


def hangs(self: Any, path: str, name: str, args: Any, kwargs: Any) -> int:
    while type(args[0]) is float:
        pass  # it works: a call that waits has longer
    return Row.call(self, path, name, args, kwargs)  # type: ignore[no-any-return]


def answers_by_chance(self: Any, path: str, name: str, args: Any, kwargs: Any) -> Any:
    start, end = self.asked[path]
    found = Row.call(self, path, name, args, kwargs)
    return found if found == max(self.numbers[start:end]) else found - random.random() / 1e6


SHARED = itertools.count()


def counts_for_all(self: Any, path: str, name: str, args: Any, kwargs: Any) -> Any:
    found = Row.call(self, path, name, args, kwargs)
    return found if next(SHARED) % 7 else found + 1e-9


def tells_all(self: Any, path: str, name: str, args: Any, kwargs: Any) -> Any:
    return "x" * 2_000_000 if type(args[0]) is float else Row.call(self, path, name, args, kwargs)


def gives_an_object(self: Any, path: str, name: str, args: Any, kwargs: Any) -> Any:
    return complex(Row.call(self, path, name, args, kwargs))


class OfChance(Wide):
    def draw(self, difficulty: str, split: str, rng: random.Random) -> tuple[str, dict[str, Any]]:
        return super().draw(difficulty, split, random.Random())  # type: ignore[no-any-return]


class WithSets(Wide):
    def draw(self, difficulty: str, split: str, rng: random.Random) -> tuple[str, dict[str, Any]]:
        goal, data = super().draw(difficulty, split, rng)
        return goal, {**data, "known": {1, 2}}


class OneContent(Wide):
    def draw(self, difficulty: str, split: str, rng: random.Random) -> tuple[str, dict[str, Any]]:
        return super().draw(difficulty, "test", random.Random(rng.randrange(9)))  # type: ignore[no-any-return]


class Misnamed:
    name = "misnamed"

    def task(self, split: str) -> list[rl.Task]:
        return []

    def open(self, task: rl.Task) -> None:
        return None


class HalfScripted(Wide):
    styles = None  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.styles = "halves"


class Unguarded(Wide):
    def open(self, task: rl.Task) -> Any:
        return Row(task.data["numbers"], guard_own_goal=False)


class FalsePlan(Wide):
    def flat_plan(self, task: rl.Task) -> Any:
        *looks, finish = super().flat_plan(task)
        return [*looks, [Call("look", (0,), result=-5)], finish]


class FalseScript(Wide):
    def play(self, request: Any, style: str, mistakes: Any) -> Any:
        action = super().play(request, style, mistakes)
        return type(action)(action.thought, action.code.replace("max(", "min("))


FAULTS: dict[str, tuple[Any, str, str]] = {
    "credit by the stock now minus that at the fork": (
        Forked("medium"),
        "siblings",
        "used up what it had made",
    ),
    "an empty answer passes": (faulty("Empty", leave=passes_empty), "verifiers", "finished with None"),
    "an empty answer of a helper passes": (
        faulty("EmptyHelper", leave=passes_empty_helpers),
        "verifiers",
        "a helper, did nothing and finished with None",
    ),
    "state of a module": (
        faulty("OfModule", enter=keeps_for_all, leave=scores_by_what_all_keep),
        "determinism",
        "by turns with a world of another task",
    ),
    "what contains the answer passes": (
        faulty("Contains", leave=passes_what_contains),
        "verifiers",
        "all answers",
    ),
    "anybody's value passes": (
        faulty("Anyones", leave=passes_anyones),
        "verifiers",
        "the value of another node",
    ),
    "a score that is a truth value": (faulty("Truth", leave=scores_by_truth), "plays", "a Score is due"),
    "a verifier that raises": (faulty("Sum", leave=verifies_by_sum), "plays", "the verifier raised"),
    "tasks by chance": (OfChance(), "tasks", "another task"),
    "a set in the data": (WithSets(), "tasks", "data['known'] is a set"),
    "splits that are not apart": (OneContent(), "tasks", "are the same task"),
    "state that worlds share": (faulty("Shared", call=counts_for_all), "determinism", "after the same calls"),
    "results by chance": (faulty("Chance", call=answers_by_chance), "determinism", "in a fresh world"),
    "an exception on nonsense": (
        faulty("Raises", call=looks_without_a_look),
        "hostile",
        "it raised TypeError",
    ),
    "an exit": (faulty("Exits", call=leaves_the_program), "hostile", "it raised SystemExit(3)"),
    "no guard": (Unguarded(), "guards", "its own goal"),
    "a call that hangs": (faulty("Hangs", call=hangs), "hostile", "did not return within"),
    "a result that is too large": (faulty("Large", call=tells_all), "hostile", "2,000,000 characters"),
    "a result that is not plain": (faulty("Complex", call=gives_an_object), "plays", "complex"),
    "a method that is misnamed": (Misnamed(), "protocol", "no method tasks, but task: is it misnamed?"),
    "styles that are no list": (HalfScripted(), "protocol", "it is 'halves'"),
    "a false plan": (FalsePlan(), "plans", "and the plan says -5"),
    "a false script": (FalseScript(), "plays", "was scored 0"),
    "a class": (Wide, "protocol", "it is a class"),
}
"""What is wrong -> the environment, the check that finds it, and words of the finding."""
