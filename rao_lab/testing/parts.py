"""Checks of the parts: what an environment and its world must have, and how their functions are described."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.environments.drawn import BEGIN, Drawn, choose
from rao_lab.environments.functions.tools import NOT_DESCRIBED
from rao_lab.errors import RaoLabError
from rao_lab.execution.asked import WORLD
from rao_lab.execution.node_code import LAUNCH
from rao_lab.execution.sandbox import FINISH
from rao_lab.execution.scoring import reward_range
from rao_lab.prompts import find
from rao_lab.protocols import Brief, Function, Launch, Planned, Programmed, Scripted, Worded, World
from rao_lab.testing.trial import Trial

TAKES: Mapping[str, int] = {
    **{"tasks": 1, "open": 1, "functions": 0, "control_functions": 0, "root": 0, "admit": 3, "enter": 2},
    **{"call": 4, "leave": 2, "play": 3, "flat_plan": 1, "flat_program": 1, "labels": 1},
    **{"short_goal": 1, "short_result": 1, "judge": 2},
}
"""Method -> how many arguments it is called with."""
PAIRS = (("styles", "play"), ("short_goal", "short_result"))
"""What counts only together."""
LONG_GOAL = 200


def check_protocol(trial: Trial) -> bool:
    """Whether the environment has what every environment has."""
    env: Any = trial.env
    if isinstance(env, type):
        trial.fault(f"the class {env.__name__}", "it is a class", f"make one: {env.__name__}()")
        return False
    if isinstance(env, Drawn) and not _begun(trial, env):
        return False
    _methods(trial, env, ("name", "tasks", "open"), "the environment")
    name = getattr(env, "name", "")
    if not (isinstance(name, str) and name.strip()):
        trial.fault("name", f"it is {quoted(name)}", "give it a short name as text")
    for pair in PAIRS:
        has = [each for each in pair if hasattr(env, each)]
        if len(has) == 1:
            lacks = next(each for each in pair if each not in has)
            said = f"it has {has[0]} and no {lacks}{_near(env, lacks)}"
            trial.fault(
                f"{pair[0]} and {pair[1]}", said, f"write {lacks} too: one without the other is not used"
            )
    for each in TAKES:
        if (
            each not in WORLD and getattr(env, each, None) is not None
        ):  # None = what the protocols call absent
            _takes(trial, env, each)
    for wrong in ("difficulties", "styles"):
        names = getattr(env, wrong, ())
        if isinstance(names, str) or not isinstance(names, Sequence):
            trial.fault(wrong, f"it is {quoted(names)}", "make it a list of names")
    try:
        reward_range(env)
    except RaoLabError as problem:
        trial.fault("reward_range", str(problem), "give (lowest, highest) as two numbers")
    extra = [kind.__name__ for kind in (Scripted, Planned, Programmed, Worded) if isinstance(env, kind)]
    trial.passes(f"name, tasks and open are there{'; it is ' * bool(extra)}{', '.join(extra)}")
    return trial.clean()


def _begun(trial: Trial, env: Drawn) -> bool:
    """Whether its tasks can be drawn; the difficulties that suit policies are looked at, too."""
    name = type(env).__name__
    if "_given" not in vars(env):
        trial.fault(f"{name}.__init__", "it leaves out that of its base", f"{BEGIN} in its first line")
        return False
    for player, level in getattr(env, "suits", {}).items():
        try:
            choose(level, env.levels)
        except RaoLabError:
            known = unquoted(", ".join(env.levels))
            said = f"{quoted(level)} suits {unquoted(player)}, and is none of levels: {known}"
            trial.fault(f"{name}.suits", said, "name one of levels for each kind of policy")
    return True


def _methods(trial: Trial, thing: Any, names: Sequence[str], who: str) -> None:
    for name in names:
        if not hasattr(thing, name) or not (name == "name" or callable(getattr(thing, name))):
            found = f"{who} has no {'method ' * (name != 'name')}{name}{_near(thing, name)}"
            trial.fault(f"{who} of type {type(thing).__name__}", found, f"write {name}")


def _near(thing: Any, name: str) -> str:
    """ ", but task: rename it" if something is nearly called so."""
    public = [each for each in dir(thing) if not each.startswith("_") and each not in TAKES]
    near = get_close_matches(name, public, 1, 0.7)
    return f", but {near[0]}: is it misnamed?" if near else ""


def _takes(trial: Trial, thing: Any, name: str) -> None:
    method, count = getattr(thing, name), TAKES[name]
    if not callable(method):
        trial.fault(name, f"it is {quoted(method)}", "make it a method")
        return
    try:
        inspect.signature(method).bind(*range(count))
    except TypeError as problem:
        trial.fault(f"{name} with {count} arguments", str(problem), "take what rao_lab.protocols says")
    except ValueError:
        return  # it is written in C and says nothing of its arguments


def check_world(trial: Trial) -> bool:
    """Whether the worlds have what every world has."""
    for task in trial.tasks[:1]:
        world = trial.open(task)
        if world is None:
            return False
        _methods(trial, world, WORLD, "what open(task) returns")
        if not trial.clean():
            return False
        for name in WORLD:
            _takes(trial, world, name)
        answer = trial.ask("root()", world.root)
        root = answer.value
        if not isinstance(root, Launch):
            if answer.ok:
                trial.fault("root()", f"it returned {quoted(root)}", "return a Launch(goal, args)")
            return False
        _functions(trial, world)
        if not trial.clean():
            return False
        _prompts(trial, world, root)
    trial.passes("worlds open, and every function is described")
    return True


def described(trial: Trial, world: World) -> list[Function]:
    """The functions of a world and its control functions; none if they cannot be read."""
    found: list[Function] = []
    for name in ("functions", "control_functions"):
        answer = trial.ask(f"{name}()", getattr(world, name))
        given = answer.value
        if isinstance(given, Sequence) and all(isinstance(each, Function) for each in given):
            found += given
        elif answer.ok:
            trial.fault(f"{name}()", f"it returned {quoted(given)}", "return a list of Function")
    return found


def _functions(trial: Trial, world: World) -> None:
    found = described(trial, world)
    names = [each.name for each in found]
    for name in {name for name in names if names.count(name) > 1}:
        trial.fault("functions() and control_functions()", f"{name} is there twice", "give each its own name")
    controls = {each.name: each for each in found if each.name in (FINISH, LAUNCH)}
    for name, is_async in ((FINISH, False), (LAUNCH, True)):
        if name not in controls:
            advice = f'describe it: Function("{name}", "{name}(...)", "...", is_async={is_async})'
            trial.fault("control_functions()", f"there is no {name}", advice)
        elif controls[name].is_async is not is_async:
            trial.fault(f"{name}, as described", f"is_async={not is_async}", f"make it is_async={is_async}")
    for each in found:
        if not each.doc.strip() or each.doc == NOT_DESCRIBED:
            trial.fault(
                f"what a model reads of {each.name}",
                f"its doc is {quoted(each.doc)}",
                "say in a line what it does and returns (of a tool: its docstring)",
            )
    if not trial.clean():
        return
    again = described(trial, world)
    if again != found:
        trial.fault("functions(), asked twice", "another answer came", "return the same functions each time")


def _prompts(trial: Trial, world: World, root: Launch) -> None:
    """What an agent reads first, in both dialects."""
    brief = Brief(root.goal, root.args, "recursive", functions=tuple(described(trial, world)), turns_left=8)
    for name in ("codeact", "terse"):
        dialect = find(name)
        env = trial.env
        if isinstance(env, Worded):
            dialect = dialect.worded(env)
        trial.ask(f"the opening of the root in {name}", dialect.opening, brief, advice="correct short_goal")
    if isinstance(trial.env, Worded):
        answer = trial.ask("short_goal(args) of the root", trial.env.short_goal, root.args)
        short = answer.value
        if answer.ok and (not isinstance(short, str) or len(short) > LONG_GOAL or "\n" in short.strip("\n")):
            trial.fault(
                "short_goal(args) of the root",
                f"it returned {quoted(short)}",
                f"return one line of text, at most {LONG_GOAL} characters",
            )


def parameters(function: Function) -> tuple[list[str], list[str], int, bool]:
    """Of a described signature: names that may be passed by place, names that may not, how many must be passed,
    whether any number may."""
    (found,) = ast.parse(f"def {function.signature}: ...").body
    assert isinstance(found, ast.FunctionDef)
    args = found.args
    names = [each.arg for each in (*args.posonlyargs, *args.args)]
    named = [each.arg for each in args.kwonlyargs]
    needed = len(names) - len(args.defaults)
    return names, named, needed, args.vararg is not None or args.kwarg is not None
