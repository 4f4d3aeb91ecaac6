"""One run of code: drives a snippet through a worker and answers what it asks, until it awaits or ends.

Everything that a snippet does to the outside passes through here, as one of three kinds of suspension: a call, a
look-up of an unknown name, or an `await` with nothing left to run. What is not answered here is refused.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic_monty import (
    FunctionSnapshot,
    FutureSnapshot,
    MontyComplete,
    MontyCrashedError,
    MontyError,
    MontyRuntimeError,
    MontySession,
    NameLookupSnapshot,
)

from rao_lab.base.interrupts import HeldBack
from rao_lab.base.processes import kill
from rao_lab.execution.sandbox.advice import ENDLESS, endless, own_names, rebound, remarks
from rao_lab.execution.sandbox.aio import SHIM, with_ours
from rao_lab.execution.sandbox.answers import (
    Reply,
    Snapshot,
    Suspension,
    arguments,
    given,
    raising,
    refusing,
    settled,
    stand_in,
)
from rao_lab.execution.sandbox.clock import answer_clock
from rao_lab.execution.sandbox.failures import UNCHANGED, describe, is_unread, limit_of, ran_over
from rao_lab.execution.sandbox.guard import FILE, called, complaint, giving_back, guarding, outgoing
from rao_lab.execution.sandbox.literal import IMPORTED
from rao_lab.execution.sandbox.repeat import Diverged
from rao_lab.execution.sandbox.results import (
    Awaiting,
    CallError,
    Ended,
    Fits,
    Launched,
    OnCall,
    Paused,
    anything_fits,
)
from rao_lab.tree.plain import MAX_VALUE_SIZE, NotPlainError, check_plain

FINISH = "finish"
PUT_AWAY = 8
"""A session may take one part in so many of its memory while it is put away: this process holds many of them."""
FLOOD = 16
"""A snippet that prints so many times its kept output is abandoned, because its worker would go on printing."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one snippet may use; the fields mean what the arguments of `Sandbox` mean."""

    seconds: float
    memory_mb: int
    output_chars: int
    suspensions: int

    @property
    def too_many(self) -> str:
        """What code is told that asks for more than it may."""
        return f"more than {self.suspensions} calls in one turn; make fewer, or go on in the next turn"

    @property
    def put_away(self) -> int:
        """Bytes that a session may take between two snippets, or while its code awaits."""
        return (self.memory_mb << 20) // PUT_AWAY


class _Flooded(Exception):
    """The snippet printed far beyond its bound."""


class Snippet:
    """One snippet on its way through a worker, with counts that survive a pause."""

    def __init__(
        self,
        bounds: Bounds,
        paused: Paused,
        answers: Mapping[int, Any] | None,
        on_call: OnCall,
        clock: float,
        fits: Fits = anything_fits,
    ) -> None:
        """`answers` is None for a snippet that has not begun: `paused` then holds no dump yet."""
        self.held_back = HeldBack()
        """Stands around every use of a worker: the pool swallows an interrupt while it calls Python by itself."""
        self._bounds = bounds
        self._was = paused
        self._on_call = on_call
        self._fits = fits
        self._clock = clock
        self._answers = answers and {call: settled(value, call) for call, value in answers.items()}
        self._pending = [call for call in paused.pending if call not in (answers or ())]
        self._made: list[Launched] = []
        self._output = paused.output
        self._printed = paused.printed
        self._carried = paused.carried
        self._unpacking = paused.unpacking
        self._suspensions = paused.suspensions
        self._seconds = paused.seconds
        self._pid: int | None = None

    # What the pool asks.

    @property
    def restores(self) -> bool:
        """Whether it goes on from a dump, which holds its own limits."""
        return self._answers is not None or self._was.before not in (None, IMPORTED)

    def restore(self, session: MontySession) -> Reply:
        """Brings the session back to where it was; the returned reply lets the code go on from there.

        Raises:
            MontyError: the dump cannot be restored.
        """
        self._pid = session.worker_pid
        if self._answers is None:
            if self._was.before is not None and self._was.before != IMPORTED:
                session.load_session(self._was.before)
            else:
                self._guard(session)
            if self._was.before == IMPORTED:
                session.feed_run(SHIM + with_ours(IMPORTED.decode()))
            code = with_ours(self._was.code)
            if code != self._was.code:
                session.feed_run(SHIM)
            return lambda: session.feed_start(code, print_callback=self._print)
        snapshot, answers = session.load_snapshot(self._was.dump, print_callback=self._print), self._answers
        assert isinstance(snapshot, FutureSnapshot)
        return lambda: snapshot.resume(answers)

    def _guard(self, session: MontySession) -> None:
        """Starts a fresh session with its functions, each behind its guard; no later code gets them without it."""
        snapshot = session.feed_start(guarding(self._was.functions))
        while isinstance(snapshot, NameLookupSnapshot):
            snapshot = snapshot.resume(value=stand_in(outgoing(snapshot.variable_name)))

    def follow(self, session: MontySession, reply: Reply) -> Awaiting | Ended:
        """Answers what the code asks until it awaits or ends.

        Raises:
            MontyCrashedError: the worker died.
        """
        try:
            while True:
                snapshot = self._timed(reply)
                if isinstance(snapshot, MontyComplete):
                    return self._kept(self._left(session), None, "")
                self._suspensions += not self._waits_on(snapshot)
                step = refusing(snapshot, self._bounds.too_many) if self._exhausted else self._step(snapshot)
                if isinstance(step, Awaiting | Ended):
                    return step
                reply = step
        except _Flooded:
            return self._flooded_end()
        except MontyCrashedError:
            raise
        except MontyError as error:
            return self._failed(session, error)

    def lost(self, error: MontyError | Diverged) -> Ended:
        """What it comes to if the worker died, or was ended because the snippet printed too much or did not stop."""
        if self.flooding:
            return self._flooded_end()
        if isinstance(error, MontyError) and ran_over(error):
            return self._out_of_time()
        if (
            isinstance(error, MontyError) and limit_of(error) == "memory"
        ):  # while the session was being restored
            state = self._was.before if self._answers else None
            gone = "MemoryError: your variables need more memory than they may have, and are gone"
            return self._ended(state, error=gone, stopped="memory")
        return self._ended(self._was.before, error=f"the sandbox was lost: {error}", lost=True)

    def refused(self, limit: str, message: str) -> Ended:
        """Stopped at a limit: the session before the snippet remains."""
        return self._ended(self._was.before, error=f"{message}. {UNCHANGED}", stopped=limit)

    # Suspensions.

    def _timed(self, reply: Reply) -> Snapshot:
        began = time.perf_counter()
        try:
            snapshot = reply()
        finally:
            self._seconds += time.perf_counter() - began
        if self.flooding:
            raise _Flooded
        return snapshot

    def _waits_on(self, snapshot: Suspension) -> bool:
        """Whether it awaits only what it had launched before. Such a wait does not count as a suspension: whether
        children end one by one or together must not change what the code may ask for. There can be no more such
        waits than launches, and launches count."""
        return isinstance(snapshot, FutureSnapshot) and not self._made and bool(self._awaited(snapshot))

    def _awaited(self, snapshot: FutureSnapshot) -> list[int]:
        known = set(snapshot.pending_call_ids)
        return [call for call in self._pending if call in known]

    def _step(self, snapshot: Suspension) -> Reply | Awaiting | Ended:
        if isinstance(snapshot, FutureSnapshot):
            pending = self._awaited(snapshot)
            # If no call can answer this await, the interpreter raises an error about a stalled scheduler.
            return self._awaiting(snapshot, pending) if pending else lambda: snapshot.resume({})
        if isinstance(snapshot, NameLookupSnapshot):
            return snapshot.resume
        if snapshot.is_os_function:
            moment = answer_clock(snapshot, self._clock)
            if moment is None:
                return snapshot.resume_not_handled
            return lambda: snapshot.resume({"return_value": moment})
        return self._call(snapshot)

    def _call(self, snapshot: FunctionSnapshot) -> Reply | Ended:
        name = called(snapshot.function_name)
        if name not in self._was.functions or snapshot.object_id is not None:
            unknown = f"name {name or snapshot.function_name!r} is not defined"
            return raising(snapshot, CallError(unknown, "NameError"))
        if self._unpacking > self._bounds.seconds:
            return self._out_of_time()
        try:
            args, kwargs = self._arguments(snapshot, f"{name}(...)")
        except NotPlainError as error:
            return raising(snapshot, CallError(str(error), "TypeError"))
        if name == FINISH:
            if len(args) + len(kwargs) > 1:
                return raising(snapshot, CallError("finish takes one value", "TypeError"))
            return self._ended(None, finished=True, value=next(iter((*args, *kwargs.values())), None))
        if self._was.functions[name]:
            self._made.append(Launched(snapshot.call_id, name, args, kwargs))
            self._pending.append(snapshot.call_id)
            return lambda: snapshot.resume({"future": ...})
        try:
            with self.held_back.let_through():
                result = self._on_call(name, args, kwargs)
            answer = given(result, f"the result of {name}")
        except CallError as error:
            return raising(snapshot, error)
        return lambda: snapshot.resume(answer)

    def _arguments(self, snapshot: FunctionSnapshot, what: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What the call passes, after its guard. Building it holds up this whole process, so its time is counted.

        Raises:
            NotPlainError: it may not cross.
        """
        began = time.thread_time()
        try:
            args, kwargs = arguments(snapshot, what)
            verdict, args = args[0], args[1:]
            if verdict is not None:
                raise NotPlainError(complaint(verdict, what))
            self._carried += check_plain((args, kwargs), what, MAX_VALUE_SIZE - self._carried)
            complaint_of_all = self._fits(what, (args, kwargs))
            if complaint_of_all is not None:
                raise NotPlainError(complaint_of_all)
        finally:
            self._unpacking += time.thread_time() - began
        return args, kwargs

    def _print(self, _stream: str, text: str) -> None:
        """Keeps what fits. An exception raised here would be swallowed by the pool."""
        self._printed += len(text)
        self._output += text[: max(0, self._bounds.output_chars - len(self._output))]
        if self.flooding:
            self._kill()

    def _kill(self) -> None:
        """Ends the worker, which cannot be told to stop and would print until its time is up."""
        if self._pid is not None:
            kill(self._pid)
            self._pid = None

    @property
    def flooding(self) -> bool:
        """Whether it printed so much that its worker was ended."""
        return self._printed > FLOOD * self._bounds.output_chars

    # What it comes to.

    def _awaiting(self, snapshot: FutureSnapshot, pending: list[int]) -> Awaiting | Ended:
        dump = snapshot.dump()
        if len(dump) > self._bounds.put_away:
            return self.refused("memory", self._too_large(dump))
        paused = replace(
            self._was,
            dump=dump,
            output=self._output,
            printed=self._printed,
            suspensions=self._suspensions,
            carried=self._carried,
            unpacking=self._unpacking,
            seconds=self._seconds,
            pending=tuple(pending),
        )
        return Awaiting(paused, tuple(self._made), tuple(pending), self._output)

    def _failed(self, session: MontySession, error: MontyError) -> Ended:
        if self.flooding:
            return self._flooded_end()
        limit = limit_of(error)
        if limit == "seconds":
            return self._out_of_time()
        words = describe(error, hidden=FILE)
        if limit == "memory" and endless(self._was.code):
            words = ENDLESS
        if is_unread(error):
            return self._kept(self._was.before, words, "")
        try:
            state = self._left(session)
        except MontyCrashedError:
            raise
        except (MontyError, RuntimeError):  # the session is gone, or too large to keep
            return self.refused(limit or "memory", words)
        return self._kept(state, words, limit)

    def _left(self, session: MontySession) -> bytes:
        """What the code leaves for the node's next turn; raises the interpreter's errors if there is none to have."""
        if self._rebound:
            try:
                session.feed_run(giving_back(self._was.functions), print_callback=self._print)
            except MontyRuntimeError as error:
                if limit_of(error):
                    raise  # otherwise the code has changed what is kept too
        return session.dump()

    @property
    def _rebound(self) -> list[str]:
        return rebound(self._was.code, self._was.functions)

    def _note(self, error: str | None) -> str:
        """What is told of code that did not do all that it seems to say."""
        names = self._rebound
        return " ".join(
            filter(
                None, (own_names(names) if names else "", remarks(self._was.code) if error is None else "")
            )
        )

    def _kept(self, state: bytes | None, error: str | None, limit: str) -> Ended:
        """The code ended by itself or by an error; the variables that it leaves are kept if they are not too large."""
        if state is not None and len(state) > self._bounds.put_away:
            return self.refused("memory", self._too_large(state))
        if self._exhausted:
            return self._ended(state, error=f"stopped: {self._bounds.too_many}", stopped="suspensions")
        return self._ended(state, error=error, stopped=limit, note=self._note(error))

    @property
    def _exhausted(self) -> bool:
        """Whether the snippet has asked more often than it may; then everything else that it asks is refused."""
        return self._suspensions > self._bounds.suspensions

    def _too_large(self, dump: bytes) -> str:
        return (
            f"MemoryError: put away, your variables are {len(dump) / 2**20:.1f} MiB, at most "
            f"{self._bounds.put_away / 2**20:.1f} are kept: hold less at the end of a turn and at an await"
        )

    def _flooded_end(self) -> Ended:
        most = FLOOD * self._bounds.output_chars
        return self.refused("output", f"stopped: the code printed more than {most} characters")

    def _out_of_time(self) -> Ended:
        return self.refused("seconds", f"stopped: the code computed for more than {self._bounds.seconds:g} s")

    def _ended(self, state: bytes | None, **fields: Any) -> Ended:
        announced = set(self._was.pending)
        return Ended(
            state=state,
            output=self._output,
            truncated=self._printed > self._bounds.output_chars,
            never_awaited=tuple(self._made),
            unanswered=tuple(call for call in self._pending if call in announced),
            suspensions=min(self._suspensions, self._bounds.suspensions),
            seconds=self._seconds,
            **fields,
        )
