"""Training, one step at a time: sample -> credit -> objective -> step. It knows no store and no sandbox.

`train_steps` is a generator. It is given what samples trees (`sample`), and it yields whatever happened; the
consumer stores it. Between two yields it can be closed or interrupted anywhere: the weights, the optimizer
and `TrainState` hold a whole update or none of it, and a later call with the same state goes on from there.

Step K samples with the weights of K - 1 updates and then moves them; its probes are sampled after that.
Step 0 is the probes alone, before the first update. Tasks are keyed by (seed, step) and sampling noise by
(seed, step, task, rollout, ...), so a step is a function of the weights and of its number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from rao_lab.credit import attribute
from rao_lab.errors import CallbackError, InputError
from rao_lab.training.descent import Descent
from rao_lab.training.metrics import (
    Metrics,
    TrainStep,
    plain,
    probe_metrics,
    speeds,
    step_warnings,
    unscored_warnings,
)
from rao_lab.training.optimizer import HALF
from rao_lab.training.sampling import GroupSampler, OnPhase, Sample
from rao_lab.training.setup import Training
from rao_lab.training.state import DueStep, TrainState, new_state
from rao_lab.tree import Group


def train_steps(
    training: Training,
    *,
    sample: Sample,
    state: TrainState | None = None,
    on_phase: OnPhase | None = None,
    clock: Callable[[], float] = perf_counter,
) -> Iterator[TrainStep]:
    """Yields one finished step at a time, from the step after `state.step` to `config.steps`.

    Args:
        sample: the executor's `run`; called with this process's headers only.
        state: of an earlier call or a checkpoint; None starts anew. Changed in place.
        clock: gives the seconds of a step; it stands still while training is paused.

    Raises:
        ConfigError: nothing of the model is trainable.
        RecordError: `sample` returned other trees than it was asked for.
        UnavailableError: the device's memory is full.
    """
    state = state or new_state(training.policy.model, training.config)
    on_phase = on_phase or _quiet
    timed = _Timed(clock)
    sampler = GroupSampler(training, sample, on_phase)
    descent = Descent(training, state, on_phase)
    while True:
        if state.due is None:
            if state.step >= training.config.steps:
                return
            if state.step < 0:
                state.step, state.due = 0, DueStep(0)
            else:
                _update(training, state, sampler, descent, timed)
        yield _hand_out(training, state, sampler, timed)


def _update(
    training: Training, state: TrainState, sampler: GroupSampler, descent: Descent, timed: _Timed
) -> None:
    """The weights move and the step is due; or, interrupted, nothing has changed."""
    step, config = state.step + 1, training.config
    due = DueStep(step)
    with timed(due.seconds, "generation"), _said_of(step):
        due.groups = sampler.groups(step)
    with timed(due.seconds, "credit"), _said_of(step):
        due.attributions = attribute(due.groups, config.credit, config.loss.share_by, state.moving)
        batch = descent.batch(due.groups, due.attributions)
    with timed(due.seconds, "update"):
        descent.descend(due, batch)


def _hand_out(training: Training, state: TrainState, sampler: GroupSampler, timed: _Timed) -> TrainStep:
    """The step that is due, with its probes if they fall in it."""
    due = state.due
    assert due is not None
    probes: tuple[Group, ...] = ()
    if sampler.probes_fall_in(due.step):
        with timed(due.seconds, "probes"), _said_of(due.step):
            probes = sampler.probes(due.step)
    metrics: Metrics = {"step": due.step, **due.metrics}
    if due.groups:
        metrics["tokens_per_second"] = speeds(metrics, due.seconds)
    if probes:
        metrics |= probe_metrics(probes)
    half = next(training.policy.model.parameters()).dtype in HALF
    left_out = unscored_warnings(due.groups, probes)
    warnings = (*left_out, *step_warnings(metrics, training.config.logprob_bound, half))
    if due.groups:
        metrics |= {name: plain(metrics[name]) for name in ("loss", "grad_norm")}
    seconds = due.seconds | {"total": sum(due.seconds.values())}
    state.due = None
    return TrainStep(due.step, due.groups, probes, due.attributions, metrics, seconds, warnings)


class _Timed:
    """Adds the seconds of a block to those of its phase, by this clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    @contextmanager
    def __call__(self, seconds: dict[str, float], phase: str) -> Iterator[None]:
        start = self._clock()
        yield
        seconds[phase] = seconds.get(phase, 0.0) + self._clock() - start


@contextmanager
def _said_of(step: int) -> Iterator[None]:
    """An error of the user's own code says at which step it came."""
    try:
        yield
    except (CallbackError, InputError) as problem:
        raise type(problem)(f"step {step}: {problem}") from problem.__cause__


def _quiet(name: str, done: int, total: int) -> None:
    """Nobody listens."""
