"""What a user's environment, world and policy give back, looked at when it arrives.

A value of another type than the protocol says is a mistake in the user's code, and so is an exception that is no
refusal. Either is said in one line that names the method, and not by an error from deep inside.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import isfinite
from typing import Any

from rao_lab.base.blame import blamed
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import InputError, RaoLabError
from rao_lab.protocols import Environment, Function, Launch, Policy, Refusal, TurnReply, World
from rao_lab.tree import Task, TreeHeader
from rao_lab.tree.values import encode

WORLD = ("functions", "control_functions", "root", "admit", "enter", "call", "leave")
"""The methods of a `World`."""
TOKENS = {"prompt_ids": "i", "sampled_ids": "i", "logprobs": "f", "entropies": "f"}
"""The arrays of a `TurnReply`, and what they hold."""


def tasks_of(environment: Environment, split: str) -> Sequence[Task]:
    """The tasks of a split; they may be made when they are asked for, so only their list is looked at.

    Raises:
        InputError: it is no list.
        CallbackError: the environment raised an exception.
    """
    with blamed(f"environment {unquoted(environment.name)}: tasks({split!r})", "correct it", RaoLabError):
        found = environment.tasks(split)
    if isinstance(found, str | Mapping) or not (hasattr(found, "__len__") and hasattr(found, "__getitem__")):
        raise InputError(
            f"{environment.name}.tasks({split!r}) returned {quoted(found)}, and a list of tasks is due"
        )
    return found


def others(environment: Environment) -> str:
    """What the usual splits hold instead of the one that is empty, in words; "" if nothing."""
    sizes = dict.fromkeys(("train", "dev", "test"), 0)
    for split in sizes:
        with suppress(RaoLabError):
            sizes[split] = len(tasks_of(environment, split))
    held = [f"{split} ({size:,})" for split, size in sizes.items() if size]
    return f": it has {', '.join(held)}, so give another --split (split=)" if held else ""


def checked_task(task: object, where: str = "a task") -> Task:
    """The task, if it is one whose data can be kept.

    Raises:
        InputError: it is not.
    """
    if not isinstance(task, Task):
        raise InputError(f"{where} is {quoted(task)}, and a Task is due: rl.Task(id, goal) makes one")
    _plain(task.data, f"the data of task {quoted(task.id)}")
    return task


def open_world(environment: Environment, task: Task) -> World:
    """The world of a task.

    Raises:
        InputError: what the environment opened is no world.
        CallbackError: the environment raised an exception.
    """
    said = f"environment {unquoted(environment.name)}: open(task) of task {unquoted(task.id)}"
    with blamed(said, "correct it", RaoLabError):
        world = environment.open(task)
    lacking = [name for name in WORLD if not callable(getattr(world, name, None))]
    if lacking:
        raise InputError(
            f"{environment.name}.open(task) returned {quoted(world)}, which is no World: it lacks {', '.join(lacking)}"
        )
    return world


def in_world(world: World, method: str, header: TreeHeader, node: str = "", about: str = "") -> blamed:
    """A method of a world is called inside.

    Args:
        node: the path of the node that it is called for.
        about: the function that a node called.

    Raises:
        CallbackError: the world raised an exception that is no refusal.
    """

    def said() -> str:
        called = f" in {unquoted(about)}(...)" if about else ""
        place = f" at node {node}" if node else ""
        where = f"environment {unquoted(header.environment)}: {_name(world)}.{method}{called}{place}"
        return f"{where} of task {unquoted(header.task.id)}"

    if method in ("admit", "call"):
        return blamed(said, "correct it; only a Refusal(kind, message) is for the model", Refusal)
    return blamed(said, "correct it")


def functions_of(world: World, header: TreeHeader) -> tuple[Function, ...]:
    """What agents may call in a world; a flat agent cannot launch.

    Raises:
        InputError: one is no `Function`.
        CallbackError: the world raised an exception.
    """
    found: list[Function] = []
    recursive = header.agent == "recursive"
    for name in ("functions", "control_functions"):
        with in_world(world, name, header):
            given = getattr(world, name)()
        if not isinstance(given, Sequence) or not all(isinstance(each, Function) for each in given):
            raise InputError(
                f"{_name(world)}.{name}() returned {quoted(given)}, and a list of Function is due"
            )
        found += given if recursive or name == "functions" else [each for each in given if not each.is_async]
    return tuple(found)


def checked_launch(world: World, method: str, given: object) -> Launch:
    """What `root` or `admit` returned, if it is a launch that can be kept.

    Raises:
        InputError: it is not.
    """
    said = f"{_name(world)}.{method}(...) returned"
    if not isinstance(given, Launch):
        raise InputError(f"{said} {quoted(given)}, and a Launch is due (to refuse one, raise Refusal)")
    if not isinstance(given.goal, str) or not isinstance(given.args, Mapping):
        raise InputError(f"{said} {quoted(given)}: the goal of a Launch is text, and its args are a dict")
    _plain(given.args, f"{said} a Launch whose args")
    return given


def in_policy(policy: Policy, method: str) -> blamed:
    """A method of a policy is called inside.

    Raises:
        CallbackError: it raised an exception.
    """
    return blamed(lambda: f"{unquoted(policy.name)}.{method}()", "correct it", RaoLabError)


def checked_replies(policy: Policy, replies: Any, trees: int) -> Sequence[TurnReply]:
    """The turns that a policy says have ended.

    Raises:
        InputError: they are no replies to what it was asked.
    """
    if not isinstance(replies, list | tuple):
        raise InputError(f"{policy.name}.tick() returned {quoted(replies)}, and a list of TurnReply is due")
    for reply in replies:
        if isinstance(reply, TurnReply) and not isinstance(reply.text, str):
            raise InputError(
                f"{policy.name}.tick() returned a TurnReply whose text is {quoted(reply.text)}: give a str"
            )
        if not isinstance(reply, TurnReply):
            raise InputError(
                f"{policy.name}.tick() returned {quoted(reply)} as a reply, and a TurnReply is due"
            )
        if not (isinstance(reply.key, tuple) and len(reply.key) == 2 and 0 <= reply.key[0] < trees):
            raise InputError(f"{policy.name}.tick() replied to {quoted(reply.key)}, which nobody asked for")
        if len({len(reply.sampled_ids), len(reply.logprobs), len(reply.entropies)}) > 1:
            raise InputError(
                f"{policy.name}.tick() gave {len(reply.sampled_ids)} sampled ids, {len(reply.logprobs)} log-probs and "
                f"{len(reply.entropies)} entropies for one turn: they are one each"
            )
        if problem := _tokens_problem(reply):
            raise InputError(f"{policy.name}.tick() replied at node {reply.key[1]} with {problem}")
    return replies


def _tokens_problem(reply: TurnReply) -> str:
    """What is wrong with the tokens of a turn; "" if nothing is."""
    for name, kind in TOKENS.items():
        values = getattr(reply, name)
        if not (isinstance(values, array) and values.typecode == kind):
            return f"{name}={quoted(values)}: give array({kind!r}, ...)"
    if min(reply.sampled_ids, default=0) < 0 or min(reply.prompt_ids, default=0) < 0:
        return "a token id below 0"
    return "" if isfinite(sum(reply.logprobs)) else "a log-prob that is no finite number"


def _plain(value: Mapping[str, Any], what: str) -> None:
    try:
        encode(dict(value))
    except InputError as problem:
        raise InputError(f"{what} cannot be recorded: {unquoted(problem)}") from None


def _name(world: World) -> str:
    return type(world).__name__
