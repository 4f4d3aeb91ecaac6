"""One run of literal code (see `literal`): it needs no interpreter and no worker.

It tells the same as `Snippet` tells of the same code: values, order, refusals, limits, failures with their line, what
is awaited and what never was. A test holds one against the other. Nothing here can compute for long or hold much:
the functions are called, and that is all.

The id of a call is its place among the calls. What is awaited is awaited where it is made. So code that was put away
is no more than the place at which it waits.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rao_lab.execution.sandbox.advice import ENDLESS, endless
from rao_lab.execution.sandbox.answers import given, named
from rao_lab.execution.sandbox.failures import Place, in_words, memory_ran_out
from rao_lab.execution.sandbox.literal import Written, WrittenCall
from rao_lab.execution.sandbox.results import Awaiting, CallError, Ended, Fits, Launched, OnCall, Paused
from rao_lab.execution.sandbox.snippet import FINISH, Bounds
from rao_lab.tree.plain import MAX_VALUE_SIZE, NotPlainError, check_plain


class Evaluator:
    """One run of literal code, from its start or from where it was put away, until it awaits or ends."""

    def __init__(self, bounds: Bounds, paused: Paused, written: Written, on_call: OnCall, fits: Fits) -> None:
        self._bounds = bounds
        self._was = paused
        self._written = written
        self._on_call = on_call
        self._fits = fits
        self._pending = list(paused.pending)
        self._made: list[Launched] = []
        self._carried = paused.carried
        self._suspensions = paused.suspensions

    def follow(self, answers: Mapping[int, Any] | None) -> Awaiting | Ended:
        """Makes the calls until one is awaited or none is left.

        Args:
            answers: to calls that are pending; None for code that has not begun.

        Raises:
            InputError: an answer or a result is not a plain value.
        """
        if answers is None:
            return self._go_on(0)
        place = self._was.place
        try:
            waits = self._waits(place, answers)
        except CallError as error:
            return self._failed(error, self._written.calls[place].statement)
        return self._awaiting(place) if waits else self._go_on(place + 1)

    def _go_on(self, first: int) -> Awaiting | Ended:
        for place, call in enumerate(self._written.calls[first:], first):
            try:
                step = self._call(place, call)
            except CallError as error:
                return self._failed(error, call.node)
            if step is not None:
                return step
        return self._ended()

    def _waits(self, place: int, answers: Mapping[int, Any]) -> bool:
        """Takes the answers in; returns whether others are still needed for what is awaited at this place.

        Raises:
            CallError: one of these answers, the first of them, if several are.
        """
        awaited = range(place - self._written.calls[place].awaited + 1, place + 1)
        self._pending = [call for call in self._pending if call not in answers]
        failed = {}
        for call, answer in answers.items():
            try:
                if isinstance(answer, CallError):
                    raise answer
                given(answer, f"the answer to call {call}")
            except CallError as error:
                failed[call] = error
        for call in failed:
            if call in awaited:
                raise failed[call]
        return any(call in awaited for call in self._pending)

    def _call(self, place: int, call: WrittenCall) -> Awaiting | Ended | None:
        """Makes one call; None if the code goes on behind it.

        Raises:
            CallError: the call fails.
        """
        self._count()
        name = call.name
        if name not in self._was.functions:
            raise CallError(f"name {name!r} is not defined", "NameError")
        args, kwargs = call.arguments()
        self._weigh(f"{name}(...)", (args, kwargs))
        if name == FINISH:
            if len(args) + len(kwargs) > 1:
                raise CallError("finish takes one value", "TypeError")
            return self._ended(finished=True, value=next(iter((*args, *kwargs.values())), None))
        if self._was.functions[name]:
            self._made.append(Launched(place, name, args, kwargs))
            self._pending.append(place)
            if not call.awaited:
                return None
            self._count()
            return self._awaiting(place)
        result = self._on_call(name, args, kwargs)
        given(result, f"the result of {name}")
        if call.awaited:
            raise CallError(f"'{type(result).__name__}' object can't be awaited", "TypeError")
        return None

    def _count(self) -> None:
        """One more suspension.

        Raises:
            CallError: it is one too many.
        """
        self._suspensions += 1
        if self._exhausted:
            raise CallError(self._bounds.too_many)

    @property
    def _exhausted(self) -> bool:
        return self._suspensions > self._bounds.suspensions

    def _weigh(self, what: str, arguments: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
        """Raises a CallError if a call may not pass these arguments."""
        try:
            self._carried += check_plain(arguments, what, MAX_VALUE_SIZE - self._carried)
        except NotPlainError as error:
            raise CallError(str(error), "TypeError") from None
        complaint = self._fits(what, arguments)
        if complaint is not None:
            raise CallError(complaint, "TypeError")

    # What it comes to.

    def _awaiting(self, place: int) -> Awaiting:
        pending = tuple(self._pending)
        paused = replace(
            self._was, place=place, suspensions=self._suspensions, carried=self._carried, pending=pending
        )
        return Awaiting(paused, tuple(self._made), pending)

    def _failed(self, error: CallError, at: ast.stmt | ast.expr) -> Ended:
        if self._exhausted:
            return self._ended(error=f"stopped: {self._bounds.too_many}", stopped="suspensions")
        text = ": ".join(named(error))
        lines = self._was.code.split("\n")[at.lineno - 1 : at.end_lineno]
        words = in_words(text, [Place(at.lineno, "\n".join(lines))])
        if not memory_ran_out(text):
            return self._ended(error=words)
        return self._ended(error=ENDLESS if endless(self._was.code) else words, stopped="memory")

    def _ended(self, **fields: Any) -> Ended:
        announced = set(self._was.pending)
        return Ended(
            state=None if fields.get("finished") else self._written.leaves,
            never_awaited=tuple(self._made),
            unanswered=tuple(call for call in self._pending if call in announced),
            suspensions=min(self._suspensions, self._bounds.suspensions),
            **fields,
        )
