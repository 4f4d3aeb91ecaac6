"""A training step of `tiny` beside a process that keeps one core busy, compared with the same step beside none.

The same step is trained again and again, in turns: the busy process, which is pinned to one of this process's cores,
is stopped and goes on. The target is a ratio of at most 2. Other load on the machine blurs it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rao_lab.api.defaults import suggested
from rao_lab.api.train import default_config, train
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import UnavailableError
from rao_lab.experiments.bench.cases import Case, Say, paired
from rao_lab.policies.load import load_policy

ROUNDS, QUICK_ROUNDS = 5, 2
ENDS_IN = 5.0
"""Seconds that the busy process has to end."""


def measure(say: Say, quick: bool = False) -> Sequence[Case]:
    """Measures seconds of one step, quiet and busy in turns.

    Raises:
        UnavailableError: this system cannot pin or stop a process.
    """
    rounds: dict[str, list[float]] = {"tiny/quiet": [], "tiny/busy": []}
    step_seconds(quick)  # what is loaded at first is not counted
    with busy_core() as core:
        for number in range(QUICK_ROUNDS if quick else ROUNDS):
            rounds["tiny/quiet"].append(step_seconds(quick))
            core(True)
            rounds["tiny/busy"].append(step_seconds(quick))
            core(False)
            quiet, busy = (each[-1] for each in rounds.values())
            say(f"round {number + 1}: {quiet:.2f} s quiet, {busy:.2f} s beside a busy core")
    return paired(rounds, "s", ["tiny/quiet"])


@contextmanager
def busy_core() -> Iterator[Callable[[bool], int]]:
    """A process that does nothing but keep one core busy while it is told to; it ends with the block.

    Yields:
        what tells it to go on (True) or to rest (False), and gives its id.

    Raises:
        UnavailableError: this system cannot pin or stop a process.
    """
    if sys.platform != "linux":
        raise UnavailableError("this system cannot pin a process to a core: measure on Linux")
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:

        def tell(go: bool) -> int:
            process.send_signal(signal.SIGCONT if go else signal.SIGSTOP)
            return process.pid

        try:
            os.sched_setaffinity(tell(False), {max(os.sched_getaffinity(0))})
            yield tell
        finally:
            process.kill()
            process.wait(ENDS_IN)


def step_seconds(quick: bool) -> float:
    """How long the first training step of `tiny` takes: always the same one."""
    policy = load_policy("tiny", device="cpu")
    size = {"tasks_per_step": 2, "group_size": 4} if quick else {"tasks_per_step": 8, "group_size": 8}
    config = default_config(policy, steps=1, probe_tasks=0, seed=0, **size)  # type: ignore[arg-type]
    *_, step = train(TextCraft.suited(suggested(policy).player), policy, config)
    return step.seconds["total"]
