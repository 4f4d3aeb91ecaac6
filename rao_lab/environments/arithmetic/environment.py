"""Arithmetic: work out an expression in words, part by part. It is the world to copy.

    Work out: (3 plus 4) times (9 minus 5)

An agent has three functions and may hand a part of its expression to a helper. Every node is verified, because every
part has a value. `expressions.py` knows what an expression is; all that makes it a world stands on this page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, ClassVar

from rao_lab.base.calls import checked_call
from rao_lab.base.checks import flag
from rao_lab.base.safe_text import quoted
from rao_lab.environments.answers import same
from rao_lab.environments.arguments import bind, show
from rao_lab.environments.arithmetic.expressions import (
    LARGEST,
    OPERATIONS,
    SIGNS,
    code_of,
    drawn,
    in_signs,
    read,
    sides,
)
from rao_lab.environments.drawn import Drawn, drawn_of
from rao_lab.errors import InputError
from rao_lab.protocols import Action, Function, Launch, Refusal, Score, TurnRequest
from rao_lab.tree import Call, Task

MAX_BITS = 4096
"""Of a number in a call. The value of the longest expression has fewer."""
EXAMPLE = "(3 plus 4) times 2"
PLAIN = tuple(
    Function(word, f"{word}(first: int, second: int) -> int", f"first {sign} second.")
    for word, sign in SIGNS.items()
)
CONTROL = (
    Function("finish", "finish(value: int)", "Ends your work: value is that of your whole expression."),
    Function(
        "launch_subagent",
        "launch_subagent(expression: str) -> int",
        f'A helper works out a part of your expression, such as "{EXAMPLE}", and returns its value, or '
        '{"failed": reason}. Must be awaited; several at once: await asyncio.gather(launch_subagent(...), '
        "launch_subagent(...)).",
        is_async=True,
    ),
)


class ArithmeticWorld:
    """A `World`; used for one tree."""

    def __init__(self, expression: str, guard_own_goal: bool) -> None:
        self._expression = expression
        self._guard_own_goal = guard_own_goal
        self._asked: dict[str, str] = {}
        """Path -> expression of each node so far."""

    def functions(self) -> Sequence[Function]:
        return PLAIN

    def control_functions(self) -> Sequence[Function]:
        return CONTROL

    def root(self) -> Launch:
        return _launch(self._expression)

    def admit(self, parent: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Launch:
        try:
            given = bind("launch_subagent", ("expression",), 1, args, kwargs)["expression"]
        except Refusal as refusal:
            raise Refusal("bad_launch", refusal.message) from None
        expression, calls = read(given)
        if not calls:
            raise Refusal("bad_launch", f'expression must be text such as "{EXAMPLE}"; got {show(given)}')
        above = parent if self._guard_own_goal else ""
        while above:
            if f"({self._asked[above]})" in f"({expression})":
                whose = "your own" if above == parent else "that of an agent above you"
                raise Refusal("own_goal", f"this expression is {whose}: work it out, and hand on only parts")
            above = above.rpartition(".")[0]
        return _launch(expression)

    def enter(self, path: str, launch: Launch) -> None:
        self._asked[path] = launch.args["expression"]

    def call(self, path: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if name not in OPERATIONS:
            raise Refusal("bad_call", f"no function {show(name)} here; there are {', '.join(OPERATIONS)}")
        given = bind(name, ("first", "second"), 2, args, kwargs)
        for which, value in given.items():
            if isinstance(value, bool) or not isinstance(value, int) or value.bit_length() > MAX_BITS:
                raise Refusal("bad_call", f"{which} must be a whole number; got {show(value)}")
        return OPERATIONS[name](given["first"], given["second"])

    def leave(self, path: str, value: Any) -> Score:
        _, calls = read(self._asked[path])
        return Score(float(same(value, calls[-1].result)))


def _launch(expression: str) -> Launch:
    return Launch(f"Work out: {expression}", {"expression": expression})


@checked_call
class Arithmetic(Drawn):
    """An `Environment` that is `Graded`, `Labelled`, `Scripted`, `Planned`, `Programmed` and `Worded`.

    Args:
        difficulty: easy (2 or 3 operations), medium (4 to 7), hard (8 to 15) or extreme (16 to 31), several
            ("easy,medium" or a list) or "all".
        seed: of all tasks.
        guard_own_goal: refuse a launch for one's own expression or that of a node above.

    Raises:
        ConfigError: a value means nothing.
    """

    name = "arithmetic"
    styles = ("parts", "one_by_one", "flat")
    levels: ClassVar = {"easy": (2, 3), "medium": (4, 7), "hard": (8, 15), "extreme": (16, 31)}
    suits: ClassVar = {"tiny": "easy", "chat": "easy", "scripted": "medium"}

    def __init__(
        self, difficulty: str | Sequence[str] = "medium", seed: int = 0, guard_own_goal: bool = True
    ) -> None:
        super().__init__(difficulty, seed, guard_own_goal=flag("guard_own_goal", guard_own_goal))
        self._guard_own_goal = guard_own_goal

    def draw(self, difficulty: str, split: str, rng: Random) -> tuple[str, Mapping[str, Any]]:
        expression = drawn_of(split, lambda: drawn(rng, rng.randint(*self.levels[difficulty])))
        return _launch(expression).goal, {"expression": expression}

    def open(self, task: Task) -> ArithmeticWorld:
        expression, _ = _read(task)
        return ArithmeticWorld(expression, self._guard_own_goal)

    def labels(self, task: Task) -> Mapping[str, str | int]:
        return {"operations": len(_read(task)[1])}

    def play(self, request: TurnRequest, style: str, mistakes: Random | None) -> Action:
        """A helper for each part, both at once unless the style is one_by_one. What went wrong is worked out alone."""
        expression = request.args["expression"]
        if mistakes is not None:
            return _mistake(expression, mistakes)
        left, word, right = sides(expression)
        parts = [side for side in (left, right) if " " in side]
        if not parts or request.history or "flat" in (style, request.agent):
            return Action("I work it out myself.", f"finish({code_of(expression)})")
        helpers = [f"launch_subagent({json.dumps(part)})" for part in parts]
        if len(parts) == 2 and style == "one_by_one":
            code = f"left = await {helpers[0]}\nright = await {helpers[1]}\nfinish({word}(left, right))"
            return Action("Two helpers work out both sides, one after the other.", code)
        if len(parts) == 2:
            code = f"import asyncio\n\nparts = await asyncio.gather({', '.join(helpers)})\nfinish({word}(*parts))"
            return Action("Two helpers work out both sides at the same time.", code)
        ends = ", ".join("part" if " " in side else side for side in (left, right))
        return Action("A helper works out one side.", f"part = await {helpers[0]}\nfinish({word}({ends}))")

    def flat_plan(self, task: Task) -> Sequence[Sequence[Call]]:
        _, calls = _read(task)
        return [*([call] for call in calls), [Call("finish", (calls[-1].result,))]]

    def flat_program(self, task: Task) -> str:
        return f"finish({code_of(_read(task)[0])})"

    def short_goal(self, args: Mapping[str, Any]) -> str:
        return in_signs(str(args.get("expression", "")))

    def short_result(self, call: Call) -> str:
        return f"{call.result}\n" if isinstance(call.result, int) else ""


def _read(task: Task) -> tuple[str, list[Call]]:
    expression, calls = read(task.data.get("expression"))
    if not calls:
        raise InputError(f"task {quoted(task.id)}: its data need an expression, such as {EXAMPLE!r}")
    return expression, calls


def _mistake(expression: str, rng: Random) -> Action:
    return rng.choice(
        (
            Action("This must be about right.", f"finish({rng.randint(-LARGEST, LARGEST)})"),
            Action("Somebody else should do it.", f"print(await launch_subagent({json.dumps(expression)}))"),
            Action("I would begin with the innermost part.", ""),
        )
    )
