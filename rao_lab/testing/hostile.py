"""Checks with what a model may write: every call gives a plain value or a `Refusal`, soon, whatever it passes.

Signatures are checked beside it: what a signature promises is taken by place and by name, and what it does not is
refused.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.execution.node_code import LAUNCH
from rao_lab.execution.sandbox import FINISH
from rao_lab.protocols import Function, Launch, Refusal, World
from rao_lab.testing.parts import described, parameters
from rao_lab.testing.plays import plain
from rao_lab.testing.recorded import Replay, Step, same
from rao_lab.testing.trial import Play, Trial
from rao_lab.tree import ROOT

LONG = 2000
"""Characters of a refusal that a model may have to read."""


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


NASTY: Sequence[Any] = (
    *(None, True, False, 0, 1, -1, 2**31, 2**63, -(2**70), 10**300),
    *(0.0, -0.5, 1e308, 1e-320, float("nan"), float("inf"), float("-inf")),
    *(
        "",
        " ",
        "a",
        "0",
        "None",
        "*",
        ".*",
        "(",
        "[",
        "%s",
        "{0}",
        '"',
        "'; --",
        "NEAR(",
        "a AND",
        "\x00",
        "\n",
    ),
    *("é" * 50, "\ud800", "\u202e", "x" * 100_000, b"", b"\xff\x00"),
    *(
        [],
        [[]],
        [None],
        [1, "a", None],
        ["a"],
        ["a", "b"],
        list(range(10_000)),
        _nested(60),
        ["x" * 50_000] * 4,
    ),
    *(
        {},
        {"a": 1},
        {1: 2},
        {None: None},
        {"": ""},
        {"a": {"b": {"c": []}}},
        {str(n): n for n in range(2000)},
    ),
    *((), (1,), (1, 2), ("a", -1), ("a", 10**300), set(), {1, 2}, frozenset({"a"})),
)
"""Values that code in the sandbox can pass."""
FEW: Sequence[Any] = (
    None,
    -1,
    10**300,
    float("nan"),
    "",
    "x" * 100_000,
    b"\xff",
    [],
    _nested(60),
    {},
    {1: 2},
    set(),
)


def check_hostile(trial: Trial) -> None:
    """Calls every function with nonsense."""
    for task in trial.tasks[:1]:
        world = trial.entered(task)
        if world is None:
            return
        functions = [each for each in described(trial, world) if each.name != FINISH]
        for function in functions:
            good = _good_call(trial, function.name)
            for args, kwargs in _nonsense(function, good):
                if trial.late:
                    return
                _hostile_call(trial, world, function.name, args, kwargs)
        for name in ("no_such_function", "", "__class__", FINISH):
            _hostile_call(trial, world, name, (), {}, due="refused")
    trial.passes(f"{trial.count} calls with nonsense were answered or refused")


def _good_call(trial: Trial, name: str) -> Step | None:
    """A call of the function that a play made, and that was answered."""
    for play in trial.plays:
        for step in play.steps:
            if step.name == name and step.refusal is None and step.method in ("call", "admit"):
                return step
    return None


def _nonsense(function: Function, good: Step | None) -> Iterator[tuple[Sequence[Any], dict[str, Any]]]:
    names, named, needed, _ = parameters(function)
    usual = list(good.args) if good is not None else []
    for place, name in enumerate(names):
        for value in NASTY:
            if place < len(usual):
                yield [*usual[:place], value, *usual[place + 1 :]], dict(good.kwargs) if good else {}
            elif usual and place >= needed:
                yield usual, {name: value}
            else:
                yield [value] * max(needed, place + 1), {}
    for value in FEW:
        yield [value] * needed, {}
        for name in named:
            yield usual, {name: value}
    yield [], {}
    yield [None] * 50, {}
    yield [], {"no_such_argument": 1}
    yield [], dict.fromkeys((*names, *named))


def _hostile_call(
    trial: Trial, world: World, name: str, args: Sequence[Any], kwargs: dict[str, Any], due: str = ""
) -> None:
    shown = ", ".join([*map(quoted, args[:4]), *(f"{key}={quoted(each)}" for key, each in kwargs.items())])
    tried = f"{name}({shown}{', ...' if len(args) > 4 else ''})"
    passed = copy.deepcopy(list(args)), copy.deepcopy(kwargs)
    if name == LAUNCH:
        answer = trial.ask(tried, world.admit, ROOT, *passed, refuses=True)
    else:
        answer = trial.ask(tried, world.call, ROOT, name, *passed, refuses=True)
    if answer.refusal is not None:
        _worded(trial, tried, answer.refusal)
    elif not answer.ok:
        return
    elif name == LAUNCH:
        if not isinstance(answer.value, Launch):
            trial.fault(tried, f"it returned {quoted(answer.value)}", "return a Launch, or raise Refusal")
    elif due == "refused":
        trial.fault(
            f"call of {name!r}, which is no function", f"it returned {quoted(answer.value)}", _UNKNOWN
        )
    else:
        plain(trial, answer.value, tried)


_UNKNOWN = 'raise Refusal("bad_call", "no function ... here; there are ...")'


def _worded(trial: Trial, tried: str, refusal: Refusal) -> None:
    """Whether a model can read why it was refused."""
    if not refusal.kind.strip() or not refusal.message.strip():
        trial.fault(tried, "it was refused without a word", 'raise Refusal("kind", "what to do instead")')
    elif len(refusal.message) > LONG:
        said = f"the refusal has {len(refusal.message):,} characters"
        trial.fault(tried, said, "show the start of a value (rao_lab.environments.arguments.show)")


def check_signatures(trial: Trial) -> None:
    """The calls of the plays again, by place and by name, with one argument less and one more."""
    tried: set[str] = set()
    known: dict[str, Function] = {}
    for play in sorted(trial.plays, key=lambda each: len(each.steps)):
        world = trial.open(play.task)
        if world is None:
            return
        known = known or {each.name: each for each in described(trial, world) if each.name != FINISH}
        for number, step in enumerate(play.steps):
            if trial.late:
                return
            right = step.method in ("call", "admit") and step.refusal is None
            if right and step.name in known and step.name not in tried:
                tried.add(step.name)
                _forms(trial, play, number, known[step.name])
    if not tried:
        said = "no play called anything, so calls were not tried in other forms"
        return trial.note(trial.unplayed or said)
    if unused := sorted(known.keys() - tried):
        trial.note(f"no play called {', '.join(unused)}: what they take by name was not tried")
    trial.passes(f"{', '.join(sorted(tried))} take what their signatures say, by place and by name")


def _forms(trial: Trial, play: Play, number: int, function: Function) -> None:
    step = play.steps[number]
    names, _, needed, anything = parameters(function)
    if anything or len(step.args) > len(names):
        return
    by_name = {**dict(zip(names, step.args)), **step.kwargs}
    by_place = tuple(by_name[name] for name in takewhile(by_name.__contains__, names))
    rest = {name: each for name, each in by_name.items() if name not in names[: len(by_place)]}
    forms: list[tuple[tuple[Any, ...], dict[str, Any]]] = [((), by_name), (by_place, rest)]
    for args, kwargs in forms:
        answer = _again(trial, play, number, args, kwargs)
        if answer is None:
            continue
        if answer.refusal is not None or not same(answer.result, step.result):
            trial.fault(
                f"{_call(function, args, kwargs)}, which is {step} in another form",
                answer.refusal or f"it gave {quoted(answer.result)}, and {quoted(step.result)} before",
                f"take what the signature says, by place and by name: {function.signature}",
            )
    wrong: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        ((*by_place, *([1] * (len(names) + 1 - len(by_place)))), {}),
        (by_place, {**rest, "no_such_argument": 1}),
        *([(by_place[: needed - 1], {})] if needed else []),
    ]
    for args, kwargs in wrong:
        answer = _again(trial, play, number, args, kwargs)
        if answer is not None and answer.refusal is None:
            trial.fault(
                f"{_call(function, args, kwargs)}, which its signature does not allow",
                "it was not refused",
                f"refuse it (rao_lab.environments.arguments.bind reads arguments): {function.signature}",
            )


def _call(function: Function, args: Sequence[Any], kwargs: dict[str, Any]) -> str:
    shown = [*map(quoted, args), *(f"{name}={quoted(each)}" for name, each in kwargs.items())]
    return f"{function.name}({', '.join(shown)})"


def _again(trial: Trial, play: Play, number: int, args: Sequence[Any], kwargs: dict[str, Any]) -> Step | None:
    """What comes of a step with other arguments, after the same steps before it."""
    world = trial.open(play.task)
    if world is None:
        return None
    replay = Replay(world)
    for earlier in range(number):
        trial.ask(str(play.steps[earlier]), replay.do, earlier, play.steps[earlier])
    step = play.steps[number]
    changed = Step(step.method, step.path, step.name, tuple(args), kwargs)
    found: Step | None = trial.ask(str(changed), replay.do, number, changed).value
    return found
