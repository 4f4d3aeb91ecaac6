"""The forms in which the interpreter is answered when a snippet is suspended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, get_args

from pydantic_monty import ExcType, FunctionSnapshot, FutureSnapshot, MontyComplete, NameLookupSnapshot

from rao_lab.errors import InputError
from rao_lab.execution.sandbox.results import CallError
from rao_lab.execution.sandbox.values import ordered
from rao_lab.tree.plain import CONTAINERS, NotPlainError, check_plain

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
    try:
        if isinstance(value, CallError):
            raise value
        return given(value, f"the answer to call {call}")
    except CallError as error:
        return _exception(error)


def given(value: Any, what: str) -> Any:
    """A value from this side, which must be plain too.

    Raises:
        InputError: it is not plain. That is a fault of the world that made it, not of the code.
        CallError: it holds text that is no Unicode, which the interpreter cannot be given.
    """
    try:
        check_plain(value, what)
        _check_texts(value)
    except NotPlainError as error:
        raise InputError(str(error)) from error
    except UnicodeEncodeError as error:
        raise CallError(str(error), "UnicodeEncodeError") from None
    return {"return_value": ordered(value)}


def _check_texts(value: Any) -> None:
    """Raises a UnicodeEncodeError if a text of a plain value holds half a character."""
    if type(value) is str:
        if not value.isascii():
            value.encode()
    elif type(value) in CONTAINERS:
        for part in value:
            _check_texts(part)
        if type(value) is dict:
            _check_texts(list(value.values()))


def stand_in(name: str) -> Callable[..., None]:
    """What the name of a function stands for in the sandbox; a call of it comes back as a suspension."""

    def function() -> None: ...

    function.__name__ = name
    return function


def named(error: CallError) -> tuple[str, str]:
    """Type and message of an error as the interpreter can be given them."""
    known = error.type_name in _EXCEPTIONS
    return error.type_name if known else "RuntimeError", error.message.encode("utf-8", "replace").decode()


def _exception(error: CallError) -> Any:
    type_name, message = named(error)
    return {"exc_type": type_name, "message": message}
