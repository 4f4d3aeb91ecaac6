"""Tries an environment: `rl.testing.check_environment`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from rao_lab.base.calls import checked_call
from rao_lab.base.checks import number
from rao_lab.errors import ConfigError
from rao_lab.execution.executor import open_sandbox
from rao_lab.protocols import Environment
from rao_lab.testing.guards import check_guards
from rao_lab.testing.hostile import check_hostile, check_signatures
from rao_lab.testing.parts import check_protocol, check_world
from rao_lab.testing.plays import check_answers, check_determinism, check_plans, check_plays
from rao_lab.testing.report import EnvironmentReport
from rao_lab.testing.siblings import check_siblings
from rao_lab.testing.tasks import check_tasks
from rao_lab.testing.trial import LIMITS, Trial
from rao_lab.testing.verifiers import check_verifiers
from rao_lab.testing.watch import Watch
from rao_lab.tree import Task

NEEDED: tuple[tuple[str, float, Callable[[Trial], bool]], ...] = (
    ("protocol", 0.1, check_protocol),
    ("tasks", 0.2, check_tasks),
    ("world", 0.1, check_world),
)
"""Checks that the others build upon: name, share of the time that is left, check."""
CHECKS: tuple[tuple[str, float, Callable[[Trial], None]], ...] = (
    ("plays", 0.25, check_plays),
    ("answers", 0.1, check_answers),
    ("determinism", 0.15, check_determinism),
    ("plans", 0.15, check_plans),
    ("verifiers", 0.2, check_verifiers),
    ("siblings", 0.25, check_siblings),
    ("guards", 0.25, check_guards),
    ("signatures", 0.4, check_signatures),
    ("hostile", 1.0, check_hostile),
)


@checked_call
def check_environment(
    environment: Environment,
    *,
    gold: Callable[[Task], Any] | None = None,
    seconds: float = 10.0,
    progress: bool = True,
) -> EnvironmentReport:
    """Tries an environment of any kind, and says in words what is wrong with it and what to do.

        >>> report = rl.testing.check_environment(env, seconds=2)
        >>> report.ok, len(report.findings)
        (True, 0)

    It looks at tasks (splits, ids, JSON, the same when asked again), lets the script play, does what the plays did
    again in fresh worlds, leaves worlds with wrong answers, does what siblings did in other orders, tries launches for
    one's own goal, and calls every function with nonsense. What an environment cannot do (no script, no plan) is not
    tried, and a note says so. `report.raise_if_bad()` makes it a test.

    The functions are called with nonsense: do not give it tools that change something outside, such as files.

    Args:
        gold: the right answer to a task, if no script knows it: the verifier is tried with it.
        seconds: about how long it may take; what is not through by then is left out. A call that does not return within
            two seconds is stopped.
        progress: say on stderr which check runs, if that is a terminal.

    Raises:
        ConfigError: an argument means nothing. Nothing that the environment does raises.
    """
    number("seconds", seconds, above=True, most=3600)
    if gold is not None and not callable(gold):
        raise ConfigError("gold must be a function that takes a task and returns its right answer")
    began = time.monotonic()
    watch = Watch()
    with ExitStack() as stack:
        sandbox = open_sandbox(LIMITS)
        trial = Trial(environment, watch, sandbox, began + seconds, _teller(progress), gold)
        watch.run(lambda: _checks(trial))
        if watch.lost:
            trial.fault(
                trial.asked,
                "it did not return in time, and cannot be stopped",
                "bound its work, and let nothing wait for long",
                watch.lost,
            )
            trial.note("what comes after it was not tried")
        else:
            stack.callback(sandbox.close)
        trial.say("")
    return trial.report(time.monotonic() - began)


def _checks(trial: Trial) -> None:
    for name, share, needed in NEEDED:
        with trial.stage(name, share):
            through = needed(trial)
            _say_late(trial)
            if not through:
                trial.notes.append(
                    f"{', '.join(each[0] for each in CHECKS)}: not tried, since {name} did not pass"
                )
                return
    for name, share, check in CHECKS:
        with trial.stage(name, share):
            check(trial)
            _say_late(trial)


def _say_late(trial: Trial) -> None:
    if trial.late:
        trial.note(f"{trial.why_late} before all was tried")


def _teller(progress: bool) -> Callable[[str], None]:
    """Says which check runs, in one line of a terminal that is wiped at the end."""
    if not (progress and sys.stderr.isatty()):
        return lambda check: None

    def tell(check: str) -> None:
        sys.stderr.write(f"\r\x1b[K{f'checking {check}' if check else ''}")
        sys.stderr.flush()

    return tell
