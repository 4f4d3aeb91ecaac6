"""The pool of worker processes, and the two ways into it: `run` and `resume`."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any

from pydantic_monty import Monty, MontyError, MontySession, OSPolicy, ResourceLimits

from rao_lab.base.checks import number, whole
from rao_lab.base.interrupts import HeldBack
from rao_lab.errors import RecordError, UnavailableError
from rao_lab.execution.sandbox.evaluator import Evaluator
from rao_lab.execution.sandbox.failures import ran_over
from rao_lab.execution.sandbox.literal import read_literal
from rao_lab.execution.sandbox.repeat import Diverged, RepeatedCalls
from rao_lab.execution.sandbox.results import Awaiting, Ended, Fits, OnCall, Paused, anything_fits
from rao_lab.execution.sandbox.snippet import Bounds, Snippet
from rao_lab.execution.sandbox.worker import Launcher, bound_compute

MOST_WORKERS = 1024
"""Most processes of one pool."""
MAX_CODE_CHARS = 100_000
"""Far above what a turn can hold. Nothing else bounds the parser's memory."""
REFUSED_TOO = 3
"""The interpreter's own limit on suspensions, in multiples of ours. Ours refuses first, with a message; the
interpreter's ends code that goes on asking, even inside an `except`. A dump keeps the smallest limit it has met."""
RESTORE_ROOM = 4
"""Restoring a session takes at most so many times its memory."""
BACKSTOP_SECONDS = 5.0
"""This process ends a worker that is silent for so long after its compute limit."""
ORPHAN_SECONDS = 30.0
"""A worker ends itself if it computes for so long after its limit: this process may have been killed."""


class Sandbox:
    """At most `workers` processes that run snippets for any number of nodes.

    Use it as a context manager, or call `close`; then no process is left. Several threads may call `run` and
    `resume` at once; if all workers are busy, a call waits for one.
    """

    def __init__(
        self,
        workers: int = 1,
        *,
        seconds: float = 2.0,
        memory_mb: int = 64,
        output_chars: int = 4000,
        suspensions: int = 256,
    ) -> None:
        """Starts nothing yet.

        Args:
            workers: most processes.
            seconds: compute time of one snippet; waiting for answers does not count.
            memory_mb: heap of one session, in MiB.
            output_chars: printed characters of one snippet that are kept.
            suspensions: calls, awaits and look-ups of unknown names that one snippet may make.

        Raises:
            ConfigError: one of them means nothing.
        """
        whole("workers", workers, least=1, most=MOST_WORKERS)
        number("seconds", seconds, above=True)
        whole("memory_mb", memory_mb, least=1)
        whole("output_chars", output_chars, least=1)
        whole("suspensions", suspensions, least=1)
        self.workers = workers
        self.bounds = Bounds(seconds, memory_mb, output_chars, suspensions)
        self._launcher = Launcher(memory_mb)
        self._pool: Monty | None = None
        self._opening = threading.Lock()
        self._driving: set[int] = set()
        """Threads whose snippet holds a worker."""

    def __enter__(self) -> Sandbox:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> Monty:
        """Starts the first worker; `run` does so by itself if none runs yet.

        Raises:
            UnavailableError: the interpreter cannot be started.
        """
        with self._opening:
            if self._pool is None:
                with HeldBack():
                    self._pool = self._start()
            return self._pool

    def close(self) -> None:
        """Ends every worker; a later `run` starts new ones."""
        pool, self._pool = self._pool, None
        with HeldBack():
            if pool is not None:
                pool.__exit__(None, None, None)
            self._launcher.close()

    def _start(self) -> Monty:
        """A pool whose first worker has answered. If the launcher's script cannot run, its limits are left out."""
        problem = ""
        for program in self._launcher.programs():
            pool = Monty(
                binary_path=program,
                min_processes=1,
                max_processes=self.workers,
                request_timeout=self.bounds.seconds + BACKSTOP_SECONDS,
            )
            try:
                pool.__enter__()
                with pool.checkout() as session:
                    session.feed_run("1")
                return pool
            except (MontyError, RuntimeError) as error:
                problem = str(error)
                pool.__exit__(None, None, None)
        self._launcher.close()
        raise UnavailableError(f"no sandbox worker can be started: {problem}")

    def run(
        self,
        state: bytes | None,
        code: str,
        functions: Mapping[str, bool],
        on_call: OnCall,
        *,
        seed: int,
        clock: float,
        fits: Fits = anything_fits,
    ) -> Awaiting | Ended:
        """Runs a snippet until it awaits or ends.

        Args:
            state: the session that it continues, from `Ended.state`; None = a fresh one.
            code: Python, as far as the interpreter knows it.
            functions: name -> whether it is asynchronous, for each function that the code may call. `finish`, if
                it is one of them, ends the snippet with its one argument.
            on_call: answers the synchronous functions, in the calling thread.
            seed: of `random` in a fresh session; later snippets continue its sequence.
            clock: seconds on the logical clock, which the code's `time` and `datetime` show (from 1970).
            fits: weighs what each call passes; a call that does not fit raises a TypeError in the code.
        """
        legible = code.encode("utf-8", "replace").decode()
        written = read_literal(state, legible, functions)
        begun = Paused(b"", state, legible, dict(functions), seed, written)
        if len(code) > MAX_CODE_CHARS:
            too_long = f"the code is too long: at most {MAX_CODE_CHARS} characters"
            return Snippet(self.bounds, begun, None, on_call, clock).refused("values", too_long)
        return self._drive(begun, None, on_call, clock, fits)

    def resume(
        self,
        paused: Paused,
        answers: Mapping[int, Any],
        functions: Mapping[str, bool],
        on_call: OnCall,
        *,
        clock: float,
        fits: Fits = anything_fits,
    ) -> Awaiting | Ended:
        """Goes on with a snippet that awaits, in any free worker.

        Args:
            paused: from `Awaiting.paused`. Resuming it twice gives two independent continuations.
            answers: call id -> a plain value, or a `CallError` that is raised at the `await`. They answer one or
                more of `Awaiting.pending`; the code awaits again if it needs the others.
            functions: as in `run`.
            on_call: as in `run`.
            clock: as in `run`.
            fits: as in `run`.

        Raises:
            RecordError: an answer belongs to no pending call, or there is no answer at all.
            InputError: an answer is not a plain value.
        """
        unknown = sorted(set(answers) - set(paused.pending))
        if unknown or not answers:
            raise RecordError(f"answers to {sorted(answers)}, but the code awaits {list(paused.pending)}")
        paused = replace(paused, functions=dict(functions))
        return self._drive(paused, answers, on_call, clock, fits)

    def _drive(
        self, paused: Paused, answers: Mapping[int, Any] | None, on_call: OnCall, clock: float, fits: Fits
    ) -> Awaiting | Ended:
        """Runs the snippet: literal code in this process, any other in a worker.

        Raises:
            UnavailableError: it is called by a function that a snippet of this thread calls.
        """
        thread = threading.get_ident()
        if thread in self._driving:
            raise UnavailableError(
                "this sandbox waits for a function that its code called, and would wait for itself: "
                "give what that function runs a sandbox of its own"
            )
        self._driving.add(thread)
        try:
            if paused.written is not None:
                return Evaluator(self.bounds, paused, paused.written, on_call, fits).follow(answers)
            return self._driven(paused, answers, on_call, clock, fits)
        finally:
            self._driving.discard(thread)

    def _driven(
        self, paused: Paused, answers: Mapping[int, Any] | None, on_call: OnCall, clock: float, fits: Fits
    ) -> Awaiting | Ended:
        """Runs the snippet in a worker. If the worker dies, whoever ended it, another one begins the snippet again and
        is given the answers that the first was given; if that one dies too, it is lost."""
        pool = self.open()
        calls = RepeatedCalls(on_call)
        for last in (False, True):
            snippet = Snippet(self.bounds, paused, answers, calls, clock, fits)
            try:
                with snippet.held_back, self._checkout(pool, snippet, paused.seed) as session:
                    bound_compute(session.worker_pid, self.bounds.seconds + ORPHAN_SECONDS)
                    return snippet.follow(session, snippet.restore(session))
            except MontyError as error:
                if last or snippet.flooding or ran_over(error):
                    return snippet.lost(error)
                calls.again()
            except Diverged as error:
                return snippet.lost(error)
        raise AssertionError("unreachable")

    def _checkout(self, pool: Monty, snippet: Snippet, seed: int) -> MontySession:
        """A session in a free worker. A dump brings its own limits and `random` state with it, but to be restored it
        needs more memory than it may use afterwards."""
        limits: ResourceLimits = {
            "max_feed_duration_secs": self.bounds.seconds,
            "max_memory": (self.bounds.memory_mb << 20) * (RESTORE_ROOM if snippet.restores else 1),
            "max_suspensions": self.bounds.suspensions * REFUSED_TOO,
        }
        policy: OSPolicy = {"datetime": "call_host", "sleep": "zero", "random_start": {"seed": seed}}
        return pool.checkout(script_name="code", limits=limits, os_policy=policy)
