"""The forms in which the interpreter is answered when a snippet is suspended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, get_args

from pydantic_monty import ExcType, FunctionSnapshot, FutureSnapshot, MontyComplete, NameLookupSnapshot

from rao_lab.errors import InputError
from rao_lab.execution.sandbox.results import CallError
from rao_lab.execution.sandbox.values import ordered
from rao_lab.tree.plain import NotPlainError, check_plain

Suspension: TypeAlias = FunctionSnapshot | NameLookupSnapshot | FutureSnapshot
Snapshot: TypeAlias = Suspension | MontyComplete
Reply = Callable[[], Snapshot]
"""Lets the code go on until it is suspended again. While it runs, the worker's time is counted."""

_EXCEPTIONS = frozenset(get_args(ExcType))


def arguments(snapshot: FunctionSnapshot, what: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The call's arguments as values of this process.

    Raises:
        NotPlainError: one of them cannot be a value here, such as a dict with an object as a key.
    """
    try:
        return snapshot.args, snapshot.kwargs
    except (TypeError, ValueError, OverflowError) as error:
        raise NotPlainError(f"{what} holds what cannot be passed: {error}") from error


def raising(snapshot: FunctionSnapshot, error: CallError) -> Reply:
    """The call fails."""
    return lambda: snapshot.resume(_exception(error))


def refusing(snapshot: Suspension, message: str) -> Reply:
    """Whatever was asked fails; if we can choose the error, with a RuntimeError."""
    if isinstance(snapshot, FunctionSnapshot):
        return raising(snapshot, CallError(message))
    if isinstance(snapshot, NameLookupSnapshot):
        return snapshot.resume
    failed = {call: _exception(CallError(message)) for call in snapshot.pending_call_ids}
    return lambda: snapshot.resume(failed)


def settled(value: Any, call: int) -> Any:
    """The answer to a launch: a plain value, or a `CallError` that is raised at the `await`."""
    if isinstance(value, CallError):
        return _exception(value)
    return given(value, f"the answer to call {call}")


def given(value: Any, what: str) -> Any:
    """A value from this side, which must be plain too.

    Raises:
        InputError: it is not plain. That is a fault of the world that made it, not of the code.
    """
    try:
        check_plain(value, what)
    except NotPlainError as error:
        raise InputError(str(error)) from error
    return {"return_value": ordered(value)}


def stand_in(name: str) -> Callable[..., None]:
    """What the name of a function stands for in the sandbox; a call of it comes back as a suspension."""

    def function() -> None: ...

    function.__name__ = name
    return function


def _exception(error: CallError) -> Any:
    known = error.type_name in _EXCEPTIONS
    message = error.message.encode("utf-8", "replace").decode()
    return {"exc_type": error.type_name if known else "RuntimeError", "message": message}
