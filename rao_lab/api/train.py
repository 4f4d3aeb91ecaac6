"""Joins what training needs: executor, trainer, run file and checkpoints.

    for step in rl.train(env, policy, rl.TrainConfig(steps=40), store="runs/a.rao"):
        print(step.step, step.metrics["success"])

A run file is written while training goes on: events as they happen, a step when it ends, then its
checkpoint in `FILE.rao.ckpt/step-N/`; where training is stopped, the last step has one, too. `resume=True`
goes on after the newest checkpoint that verifies, and starts afresh where there is none; what follows that
checkpoint in the file is deleted first (`resuming.py`).

Several processes of one machine train one run: `peers` come from `rao_lab.training.processes.processes`, every
process calls `train` alike, and rank 0 writes file and checkpoints for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from rao_lab.api.defaults import check_loaded, suggested
from rao_lab.api.resume import OnResume, check_same_world, checkpoint_name, run_config, warn
from rao_lab.api.resume import resume as go_on
from rao_lab.api.run import open_sandbox
from rao_lab.api.session import Session
from rao_lab.errors import ConfigError, RaoLabError
from rao_lab.execution.exclusive import check_untaken, taken
from rao_lab.execution.executor import Executor
from rao_lab.prompts import dialect as find_dialect
from rao_lab.protocols import Environment, Judge, Policy
from rao_lab.store import RunWriter, checkpoint_folder
from rao_lab.store.files import file_path
from rao_lab.store.journal import in_the_way, is_begun
from rao_lab.training import checkpoint
from rao_lab.training.config import TrainConfig
from rao_lab.training.metrics import TrainStep
from rao_lab.training.state import TrainState
from rao_lab.training.trainer import Alone, Peers, check, train_steps
from rao_lab.tree import Event, Tree, TreeHeader

OnEvent = Callable[[TreeHeader, Event], None]
"""Hears every event of every tree, in order within a tree."""


def default_config(policy: Policy, **settings: Any) -> TrainConfig:
    """A `TrainConfig` with the limits and rates that suit the policy; `settings` are other fields."""
    fitting = suggested(policy)
    return TrainConfig(**{**fitting.train, "limits": fitting.train_limits, **settings})


def train(
    environment: Environment,
    policy: Any,
    config: TrainConfig | None = None,
    *,
    store: str | Path | None = None,
    resume: bool = False,
    dialect: str | None = None,
    judge: Judge | None = None,
    workers: int = 1,
    on_event: OnEvent | None = None,
    on_phase: Callable[[str, int, int], None] | None = None,
    on_tick: Callable[[int], None] | None = None,
    on_step: Callable[[TrainStep], None] | None = None,
    on_resume: OnResume = warn,
    peers: Peers | None = None,
) -> Iterator[TrainStep]:
    """Trains a policy in place and yields each finished step; step 0 is the probes before the first.

    Args:
        policy: with weights of its own (tiny, smollm2, a local folder); its weights change.
        config: by default `TrainConfig` with the limits that suit the policy.
        store: the run file to write; None keeps nothing but what is yielded.
        resume: go on in `store` after its newest sound checkpoint.
        workers: sandbox processes; results do not depend on it.
        on_event: hears (header, event) as trees grow.
        on_phase: hears (phase, done, total): sample, update, probe. A raise stops the run.
        on_tick: called before each decode step; may block (pause) or raise (stop).
        on_step: hears each step after it is stored: for trackers.
        on_resume: hears (step, notes) where a run goes on: after which step (-1: from its beginning),
            which checkpoints cannot be used, and what differs from how the run was made so far. By
            default each note is a warning.
        peers: other processes of the same run, which call `train` with the same arguments; each samples
            its share of the groups, and yields every step whole. None = alone.

    Raises:
        ConfigError: settings contradict each other or those of the run that is resumed, or the policy
            has no weights to train.
        RunFileError: the run file exists, is not empty and `resume` is false; it is being written, or damaged.
        UnavailableError: the disk is full or the file cannot be written; what is committed stays.
    """
    check_loaded(policy)
    if not hasattr(policy, "model"):
        raise ConfigError(
            f"policy {policy.name!r} has no weights to train: take tiny, smollm2 or a model folder"
        )
    config = config or default_config(policy)
    if resume and store is None:
        raise ConfigError("resume=True needs store: the run file to go on with")
    return _train(
        environment,
        policy,
        config,
        store,
        resume,
        dialect,
        judge,
        workers,
        on_event,
        on_phase,
        on_tick,
        on_step,
        on_resume,
        peers or Alone(),
    )


def _train(
    environment: Environment,
    policy: Any,
    config: TrainConfig,
    store: str | Path | None,
    resume: bool,
    dialect: str | None,
    judge: Judge | None,
    workers: int,
    on_event: OnEvent | None,
    on_phase: Callable[[str, int, int], None] | None,
    on_tick: Callable[[int], None] | None,
    on_step: Callable[[TrainStep], None] | None,
    on_resume: OnResume,
    peers: Peers,
) -> Iterator[TrainStep]:
    dialect = dialect or policy.dialect
    check(environment, policy, config, peers.size)  # before a file is made
    about = run_config(environment, policy, config, dialect, peers.size)
    with ExitStack() as stack:
        sandbox = stack.enter_context(open_sandbox(config.limits, workers))
        record = None
        state = None
        if store is not None and peers.rank == 0:
            writer = stack.enter_context(RunWriter(store, about, resume=resume))
            if writer.resumed:
                check_same_world(writer.path, about)
            record = Recorder(writer, on_event)
        if store is not None and resume:
            writing = None if record is None else record.writer
            state = go_on(Path(store), writing, policy, config, about, peers, on_resume)
        hear = record.event if record is not None else on_event
        executor = Executor(
            environment,
            policy,
            find_dialect(dialect),
            config.limits,
            sandbox=sandbox,
            agent=config.agent,
            judge=judge,
            on_tick=on_tick,
        )

        def sample(headers: list[TreeHeader]) -> Sequence[Tree]:
            if hear is not None:
                executor.on_event = lambda index, event: hear(headers[index], event)
            if record is not None:
                record.begin(headers[0].step)
            trees = executor.run(headers)
            if record is not None:
                record.trees(trees)
            return trees

        state = state or checkpoint.new_state(policy.model, config)
        steps = train_steps(
            environment, policy, config, sample=sample, state=state, on_phase=on_phase, peers=peers
        )
        try:
            while True:
                with taken(policy, training=True):
                    step = next(steps, None)
                if step is None:
                    return
                if record is not None:
                    record.end(step, policy, state, config)
                if on_step is not None:
                    on_step(step)
                yield step
        except RaoLabError:
            raise
        except BaseException:  # stopped: Ctrl-C, a closed generator, a raise from a listener
            if record is not None:
                record.leave(policy, state, config)
            raise


class Recorder:
    """Writes a training run into its file: events, steps, checkpoints."""

    def __init__(self, writer: RunWriter, on_event: OnEvent | None) -> None:
        self.writer = writer
        self._on_event = on_event
        self._begun: int | None = None
        self._ended = self._saved = -1
        """The last step that is on the disk, and the last whose weights are."""
        self._kept: set[tuple[bool, int, int]] = set()
        """Trees of this step that are recorded."""

    def begin(self, step: int) -> None:
        """A step's first trees are about to be sampled."""
        if self._begun != step:
            self.writer.begin_step(step)
            self._begun = step
            self._kept.clear()

    def trees(self, trees: Sequence[Tree]) -> None:
        """Trees that ended; those that are recorded already are passed over."""
        for tree in trees:
            place = (tree.header.probe, tree.header.group, tree.header.rollout)
            if place not in self._kept:
                self.writer.tree_done(tree)
                self._kept.add(place)

    def event(self, header: TreeHeader, event: Event) -> None:
        self.writer.event((header.group, header.rollout), header, event)
        if self._on_event is not None:
            self._on_event(header, event)

    def end(self, step: TrainStep, policy: Any, state: TrainState, config: TrainConfig) -> None:
        """The step is whole: its credit and metrics go to the disk, then its weights."""
        self.begin(step.step)
        self.trees(step.trees)  # of other processes
        about = {**step.metrics, "seconds": step.seconds, "warnings": list(step.warnings)}
        self.writer.end_step(step.step, step.attributions, about)
        self._ended = step.step
        if step.step % config.checkpoint_every == 0 or step.step == config.steps:
            self._keep(policy, state, config)

    def leave(self, policy: Any, state: TrainState, config: TrainConfig) -> None:
        """Training stops between two steps or within one: what the last whole step learned is kept, too."""
        if state.due is None and state.step == self._ended:
            with suppress(RaoLabError):  # what stopped training is what is to be heard
                self._keep(policy, state, config)

    def _keep(self, policy: Any, state: TrainState, config: TrainConfig) -> None:
        """A checkpoint of the last step, unless it has one; the probes before the first need none."""
        if 0 < state.step != self._saved:
            folder = checkpoint_folder(self.writer.path) / checkpoint_name(state.step)
            checkpoint.save(folder, policy, state, config)
            self.writer.note_checkpoint(state.step, folder)
            self._saved = state.step


def start(
    environment: Environment,
    policy: Any,
    config: TrainConfig | None = None,
    *,
    store: str | Path | None = None,
    resume: bool = False,
    **options: Any,
) -> Session:
    """Trains in the background; returns at once with a `Session` to watch and steer it by.

    Args:
        store: the run file; None takes one in a temporary folder (`session.path`).
        options: as in `train`.

    Raises:
        RunFileError: `store` exists and is not empty, and `resume` was not asked for.
        UnavailableError: the policy is being trained by another session.
        as `train`, by `session.wait()` and `session.result()`: what goes wrong later.
    """
    config = config or default_config(policy)
    path = Path(mkdtemp(prefix="rao-lab-")) / "run.rao" if store is None else file_path(store)
    check_loaded(policy)
    # At once, in the cell that asked for it: run twice, it must not put a failed session in the place of
    # the one that trains, which could then not be stopped any more.
    check_untaken(policy)
    if not resume and is_begun(path):
        raise in_the_way(path)

    def steps(session: Session) -> Iterator[TrainStep]:
        with taken(policy, training=True):
            yield from train(
                environment,
                policy,
                config,
                store=path,
                resume=resume,
                on_event=session.on_event,
                on_phase=session.on_phase,
                on_tick=session.control.check,
                **{"on_resume": session.on_resume, **options},
            )

    session = Session(steps, path, config.steps)
    session.tokenizer = getattr(policy, "tokenizer", None)
    return session
