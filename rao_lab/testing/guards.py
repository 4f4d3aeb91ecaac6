"""Checks of guards: nobody launches a helper for its own goal, or for that of an agent above it.

A launch that comes out with the goal and the arguments that the node itself was told is its own goal. To make one, the
arguments of the launches in the plays are tried again, and what a node was told, under the names that the signature
has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.execution.node_code import LAUNCH
from rao_lab.protocols import Launch, World
from rao_lab.testing.parts import described, parameters
from rao_lab.testing.recorded import Replay, same
from rao_lab.testing.trial import Play, Trial
from rao_lab.tree import ROOT

ADVICE = 'raise Refusal("own_goal", "...") in admit, or say guard_own_goal = False on the environment if that is meant'
OWN, ABOVE = "its own goal", "the goal of an agent above it"
MOST = 12
"""Launches that are tried at a node."""


@dataclass
class _Seen:
    """What came of the tries."""

    refused: set[str] = field(default_factory=set)
    admitted: set[str] = field(default_factory=set)


def check_guards(trial: Trial) -> None:
    """Tries the root's own goal, and at the nodes of plays their own goals and those above."""
    seen = _Seen()
    for task in trial.tasks[:4]:
        world = trial.entered(task)
        if world is not None and not trial.late:
            root = trial.ask("root()", world.root).value
            for args, kwargs in _of_launch(trial, world, root):
                _try(trial, seen, world, ROOT, [(ROOT, root)], args, kwargs, OWN)
    for play in sorted(trial.plays, key=lambda each: -each.tree.depth)[:4]:
        if not trial.late:
            _along(trial, seen, play)
    off = _said_off(trial.env)
    for whose in (OWN, ABOVE):
        if whose in seen.admitted and off:
            trial.note(f"{off} is off: a node may launch a helper for {whose}")
    tried = seen.refused | seen.admitted
    if not tried:
        trial.note(trial.unplayed or "no launch came out as a node's own goal, so guards were not tried")
    elif not seen.admitted:
        trial.passes(f"refused: a launch for {' and for '.join(sorted(seen.refused))}")


def _said_off(env: Any) -> str:
    """The switch that is off: a `guard...` of the environment, in its `guards`, or in how it is opened."""
    opened = getattr(env, "opened", None)
    places = [
        {name: getattr(env, name, None) for name in dir(env) if name.startswith("guard")},
        getattr(env, "guards", None),
        opened.get("settings") if isinstance(opened, Mapping) else None,
    ]
    for place in places:
        for name, value in place.items() if isinstance(place, Mapping) else ():
            if str(name).startswith("guard") and value is False:
                return str(name)
    return ""


def _along(trial: Trial, seen: _Seen, play: Play) -> None:
    """Goes down a play: each node that starts tries all launches of the play so far, and what it was told."""
    world = trial.open(play.task)
    if world is None:
        return
    replay = Replay(world)
    told: dict[str, Launch] = {}
    asked = [(step.args, step.kwargs) for step in play.steps if step.method == "admit"][:MOST]
    launches: dict[int, Launch] = {}
    by: dict[str, list[tuple[Any, Mapping[str, Any]]]] = {}
    for number, step in enumerate(play.steps):
        done = trial.ask(str(step), replay.do, number, step).value
        if done is None or trial.late:
            return
        if step.method == "admit" and isinstance(done.result, Launch):
            launches[number] = done.result
        if step.method != "enter":
            continue
        told[step.path] = world.root() if step.launched is None else launches[step.launched]
        if step.launched is not None:
            by[step.path] = [(play.steps[step.launched].args, play.steps[step.launched].kwargs)]
        above = [(path, told[path]) for path in told if step.path == path or step.path.startswith(f"{path}.")]
        for path, launch in above:
            whose = OWN if path == step.path else ABOVE
            for args, kwargs in [*by.get(path, ()), *_of_launch(trial, world, launch)]:
                _try(trial, seen, world, step.path, above, args, kwargs, whose)
        for args, kwargs in asked:
            _try(trial, seen, world, step.path, above, args, kwargs)


def _try(
    trial: Trial,
    seen: _Seen,
    world: World,
    path: str,
    above: list[tuple[str, Launch]],
    args: Any,
    kwargs: Mapping[str, Any],
    meant: str = "",
) -> None:
    """Asks for a launch at a node.

    Args:
        above: what the node and those above it were told.
        meant: whose goal these arguments should stand for; "" = anybody's.
    """
    shown = ", ".join([*map(quoted, args), *(f"{name}={quoted(each)}" for name, each in kwargs.items())])
    tried = f"{LAUNCH}({shown}) at node {path}"
    answer = trial.ask(tried, world.admit, path, args, dict(kwargs), refuses=True)
    if meant and answer.refusal is not None and "own" in answer.refusal.kind:
        seen.refused.add(meant)
    if not isinstance(answer.value, Launch):
        return
    for other, launch in above:
        if answer.value.goal == launch.goal and same(dict(answer.value.args), dict(launch.args)):
            whose = OWN if other == path else ABOVE
            seen.admitted.add(whose)
            if not _said_off(trial.env):
                trial.fault(tried, f"it was admitted, and is {whose}: {quoted(launch.goal)}", ADVICE)
            return


def _of_launch(
    trial: Trial, world: World, launch: Launch
) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Arguments that may stand for what a node was told: those of its names that the signature has."""
    function = next((each for each in described(trial, world) if each.name == LAUNCH), None)
    if function is None:
        return
    names, named, needed, _ = parameters(function)
    known = {name: launch.args[name] for name in (*names, *named) if name in launch.args}
    if all(name in known for name in names[:needed]):
        yield tuple(known[name] for name in names[:needed]), {}
    if names and "goal" in names[0] and needed == 1:
        yield (launch.goal,), {}
    counts = [each for each in launch.args.values() if type(each) is int]
    if needed == 2 and counts:
        yield (0, counts[0]), {}
        yield (0, counts[0] - 1), {}
