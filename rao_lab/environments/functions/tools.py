"""A plain Python function as a tool: its signature and docstring tell the model, its annotations check each call."""

from __future__ import annotations

import asyncio
import builtins
import inspect
import keyword
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from rao_lab.base.safe_text import one_line, quoted, unquoted
from rao_lab.environments.functions.annotations import KNOWN, Check, Misfit, checker, spelled
from rao_lab.environments.functions.calling import Calls, OutOfTime
from rao_lab.errors import ConfigError
from rao_lab.protocols import OUT_OF_TIME, Function, Refusal
from rao_lab.tree import Task
from rao_lab.tree.plain import PLAIN, NotPlainError, check_plain

TAKEN = ("finish", "launch_subagent")
MOST_SHOWN = 60
"""Characters of a default that a signature shows."""
LONGEST_REFUSAL = 1000
"""Characters of a function's own refusal that a model reads: it may show what was passed, whatever that is."""
RAISED = "tool_raised"
NOT_DESCRIBED = "No description."
"""What a model reads of a function without a docstring."""
_PATH = re.compile(r"(?<![\w:/.~])(?:~|[A-Za-z]:)?[\\/]+(?:[^\s\\/'\"<>|:]+[\\/]+)+")
"""All of an absolute path but its last part."""
_PLAIN_PARAMETERS = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a model may call."""

    call: Callable[..., Any]
    described: Function
    signature: inspect.Signature
    """What the model passes: without the parameter that takes the task."""
    checks: Mapping[str, Check]
    result: Check | None = None
    """Checks what it returns, if that is annotated."""
    task: str = ""
    """The parameter that is annotated as `rl.Task`: it gets the task, and the model does not see it."""

    @property
    def name(self) -> str:
        return self.described.name

    def __call__(
        self, calls: Calls, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any], seconds: float
    ) -> Any:
        """Runs the function with what code in the sandbox passed.

        Raises:
            Refusal: the arguments do not fit, the function raises or does not return, or what it returns is not plain
                or not as annotated.
        """
        arguments = self.arguments(task, args, kwargs)
        return self.answered(seconds, lambda: calls.call(self.call, arguments, seconds))

    def answered(self, seconds: float, give: Callable[[], Any]) -> Any:
        """What a call of the function gives, as it may go to the model.

        Raises:
            Refusal: the function raises or does not return, or what it returns is not plain or not as annotated.
        """
        try:
            value = plain(give(), f"the result of {self.name}")
            if self.result is not None:
                self.result(value)
            return value
        except Refusal as refusal:  # the function's own word for the model
            if len(refusal.message) <= LONGEST_REFUSAL:
                raise
            raise Refusal(refusal.kind, f"{refusal.message[:LONGEST_REFUSAL]}...") from None
        except OutOfTime:
            raise Refusal(
                OUT_OF_TIME, f"{self.name} did not return within {seconds:.3g} s: go on without it"
            ) from None
        except NotPlainError as problem:
            raise Refusal("tool_result", str(problem)) from None
        except Misfit as problem:
            raise Refusal("tool_result", f"the result of {self.name} {problem}") from None
        except (Exception, SystemExit, asyncio.CancelledError) as problem:
            raise Refusal(RAISED, f"{self.name} raised {said(problem)}") from problem

    def arguments(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments by name, each checked, with the task if the function takes it.

        Raises:
            Refusal: of kind "bad_call".
        """
        usage = f"write {self.described.signature}"
        try:
            given = self.signature.bind(*args, **kwargs).arguments
            checked = {name: self._checked(name, value) for name, value in given.items()}
        except (TypeError, Misfit) as problem:
            raise Refusal("bad_call", f"{self.name}: {one_line(str(problem), 300)}; {usage}") from None
        return {**checked, self.task: task} if self.task else checked

    def _checked(self, name: str, value: Any) -> Any:
        try:
            return self.checks[name](plain(value, name))  # a copy: what was passed is recorded
        except Misfit as problem:
            raise Misfit(f"{name} {problem}") from None


def tools_of(functions: Any, awaited: bool = False) -> tuple[Tool, ...]:
    """Functions as tools.

    Args:
        awaited: whether code has to await those that are async.

    Raises:
        ConfigError: one of them cannot be a tool; the message names it, its parameter and the annotation.
    """
    if callable(functions) or not isinstance(functions, Iterable) or isinstance(functions, str | Mapping):
        raise ConfigError(f"tools={quoted(functions)} is no list of functions: give tools=[f, g]")
    found: dict[str, Tool] = {}
    for function in functions:
        made = tool_of(function, awaited)
        if made.name in found:
            raise ConfigError(f"two tools are named {made.name}: rename one of them")
        found[made.name] = made
    return tuple(found.values())


def tool_of(function: Callable[..., Any], awaited: bool = False) -> Tool:
    """A function as a tool.

    Raises:
        ConfigError: as `tools_of`.
    """
    name = getattr(function, "__name__", "")
    if not callable(function) or isinstance(function, type) or not isinstance(name, str):
        raise ConfigError(f"tools hold {quoted(function)}: a tool is a function (def)")
    if not name.isidentifier() or keyword.iskeyword(name) or name in TAKEN or hasattr(builtins, name):
        why = "is taken" if name.isidentifier() else "is no name"
        raise ConfigError(
            f"a tool is named {quoted(name)}, which {why}: define it as a function of another name"
        )
    signature = signature_of(function, f"tool {name}")
    shown, checks, task = [], {}, ""
    for parameter in signature.parameters.values():
        if parameter.annotation is Task and parameter.kind in _PLAIN_PARAMETERS:
            task = parameter.name
            continue
        checks[parameter.name] = _check_of(name, parameter)
        shown.append(parameter)
    returned = signature.return_annotation
    result = "" if returned is signature.empty else spelled(returned)
    if returned is not signature.empty and not result:
        raise ConfigError(f"tool {name}: its result is annotated {_annotation(returned)}: {_INSTEAD}")
    waits = awaited and inspect.iscoroutinefunction(function)
    told = Function(name, _told(name, shown, result), inspect.getdoc(function) or NOT_DESCRIBED, waits)
    own = signature.replace(parameters=shown)
    return Tool(function, told, own, checks, checker(returned) if result else None, task)


_INSTEAD = f"what a model passes and gets is of {KNOWN}"


def signature_of(function: Callable[..., Any], who: str) -> inspect.Signature:
    """The signature of a function, with annotations in place of their texts.

    Raises:
        ConfigError: it has none that can be read.
    """
    try:
        return inspect.signature(function, eval_str=True)
    except Exception as problem:
        raise ConfigError(f"{who}: its annotations cannot be read: {said(problem)}") from problem


def _check_of(tool: str, parameter: inspect.Parameter) -> Check:
    who = f"tool {tool}: parameter {parameter.name}"
    if parameter.kind not in _PLAIN_PARAMETERS:
        raise ConfigError(
            f"tool {tool}: {parameter} takes any number of arguments, or none by name: name each one"
        )
    if parameter.annotation is parameter.empty:
        raise ConfigError(f"{who} has no annotation: write {parameter.name}: str, or Any if anything will do")
    if not spelled(parameter.annotation):
        raise ConfigError(f"{who} is annotated {_annotation(parameter.annotation)}: {_INSTEAD}")
    return checker(parameter.annotation)


def _annotation(annotation: Any) -> str:
    return unquoted(inspect.formatannotation(annotation))


def _told(name: str, parameters: Iterable[inspect.Parameter], result: str) -> str:
    """A signature as Python writes it, of what a model knows alone."""
    parts: list[str] = []
    for each in parameters:
        if each.kind is each.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        default = "" if each.default is each.empty else f" = {_default(each.default)}"
        parts.append(f"{each.name}: {spelled(each.annotation)}{default}")
    return f"{name}({', '.join(parts)})" + (f" -> {result}" if result else "")


def _default(value: Any) -> str:
    try:
        check_plain(value, "")
    except NotPlainError:
        return "..."
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else "..."


def said(problem: BaseException) -> str:
    """What was raised, in a line without the folders of this machine."""
    lines = str(problem).splitlines()
    message = _PATH.sub(".../", lines[0][:1000]) if lines else ""
    return one_line(f"{type(problem).__name__}: {message}" if message else type(problem).__name__, 300)


def plain(value: Any, what: str) -> Any:
    """A copy of a value, in plain types: a Counter as a dict, a number of numpy's as Python's.

    Raises:
        NotPlainError: it may not cross the border of the sandbox.
    """
    try:
        made = _simple(value)
    except RecursionError:
        raise NotPlainError(f"{what} is nested too deep, or holds itself") from None
    try:
        check_plain(made, what)
    except NotPlainError as problem:
        raise NotPlainError(
            str(problem).replace(f": pass {PLAIN}", f": only {PLAIN} can be handed on")
        ) from None
    return made


_EXACTLY: Mapping[type, Callable[[Any], Any]] = MappingProxyType(
    {int: int.__int__, float: float.__float__, str: str.__str__, bytes: bytes.__bytes__}
)


def _simple(value: Any) -> Any:
    if value is None or type(value) in (bool, int, float, str, bytes):
        return value
    if getattr(value, "ndim", None) == 0 and callable(getattr(value, "item", None)):
        return value.item()
    for kind, exactly in _EXACTLY.items():
        if isinstance(value, kind):
            return exactly(value)
    if isinstance(value, dict):
        return {_simple(key): _simple(inner) for key, inner in value.items()}
    for holder in (list, tuple, set, frozenset):
        if isinstance(value, holder):
            return holder(_simple(inner) for inner in value)
    return value
