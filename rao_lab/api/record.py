"""What is kept of a training: its events and steps in a run file, its weights in checkpoints beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from rao_lab.api.resume import OnResume, check_same_world, checkpoint_name, go_on
from rao_lab.base.warned import warn_user
from rao_lab.store import RunWriter, checkpoint_folder
from rao_lab.training import checkpoint
from rao_lab.training.metrics import TrainStep
from rao_lab.training.setup import Training
from rao_lab.training.state import TrainState, new_state
from rao_lab.tree import Event, Tree, TreeHeader

OnEvent = Callable[[TreeHeader, Event], None]
"""Hears every event of every tree, in order within a tree."""


class Unrecorded:
    """A training that no file keeps; who listens hears its events all the same."""

    def __init__(self, on_event: OnEvent | None = None) -> None:
        self._on_event = on_event

    def event(self, header: TreeHeader, event: Event) -> None:
        if self._on_event is not None:
            self._on_event(header, event)

    def begin(self, step: int) -> None:
        """A step's first trees are about to be sampled."""

    def trees(self, trees: Sequence[Tree]) -> None:
        """These trees have ended."""

    def end(self, step: TrainStep) -> None:
        """The step is whole."""

    def leave(self, stop: BaseException | None = None) -> None:
        """Training stops between two steps or within one, by `stop` if that is an error."""


class Recorder(Unrecorded):
    """Writes a training into its run file: events, steps, checkpoints."""

    def __init__(
        self, writer: RunWriter, training: Training, state: TrainState, on_event: OnEvent | None = None
    ) -> None:
        super().__init__(on_event)
        self._writer, self._training, self._state = writer, training, state
        self._begun: int | None = None
        self._ended = self._saved = -1
        """The last step that is on the disk, and the last whose weights are."""
        self._kept: set[tuple[bool, int, int]] = set()
        """Trees of this step that are recorded."""

    def event(self, header: TreeHeader, event: Event) -> None:
        self._writer.event((header.group, header.rollout), header, event)
        super().event(header, event)

    def begin(self, step: int) -> None:
        if self._begun != step:
            self._writer.begin_step(step)
            self._begun = step
            self._kept.clear()

    def trees(self, trees: Sequence[Tree]) -> None:
        """Writes trees that have ended; those that are recorded already are passed over."""
        for tree in trees:
            place = (tree.header.probe, tree.header.group, tree.header.rollout)
            if place not in self._kept:
                self._writer.tree_done(tree)
                self._kept.add(place)

    def end(self, step: TrainStep) -> None:
        """The step's credit and metrics go to the disk, then its weights."""
        self.begin(step.step)
        self.trees(step.trees)  # of other processes
        about = {**step.metrics, "seconds": step.seconds, "warnings": list(step.warnings)}
        self._writer.end_step(step.step, step.attributions, about)
        self._ended = step.step
        config = self._training.config
        if step.step % config.checkpoint_every == 0 or step.step == config.steps:
            self._keep()

    def leave(self, stop: BaseException | None = None) -> None:
        """What the last whole step learned is kept, too. If it cannot be, `stop` is heard all the same."""
        if self._state.due is not None or self._state.step != self._ended:
            return
        try:
            self._writer.flush()  # a file that is not there any more leaves its folder to another run
            self._keep()
        except Exception as problem:
            if stop is None:
                raise
            if str(problem) != str(stop):
                warn_user(f"the last whole step got no checkpoint: {problem}")

    def _keep(self) -> None:
        """A checkpoint of the last step, unless it has one; the probes before the first need none."""
        step = self._state.step
        if 0 < step != self._saved:
            folder = checkpoint_folder(self._writer.path) / checkpoint_name(step)
            checkpoint.save(folder, self._training.policy, self._state, self._training.config)
            self._writer.note_checkpoint(step, folder)
            self._saved = step


@contextmanager
def recorded(
    training: Training,
    about: Mapping[str, Any],
    *,
    store: str | Path | None,
    resume: bool,
    on_event: OnEvent | None,
    on_resume: OnResume,
) -> Iterator[tuple[Unrecorded, TrainState]]:
    """The record of a training and the state it goes on from; inside the block the run file is open.

    If the block is left by Ctrl-C or an error, the last whole step gets a checkpoint.

    Args:
        about: what the file says of how the run is made.
        store, resume, on_event, on_resume: as in `train`.
    """
    writes = store is not None and training.peers.rank == 0
    with RunWriter(store, about, resume=resume) if store is not None and writes else nullcontext() as writer:
        if writer is not None and writer.resumed:
            check_same_world(writer.path, about)
        state = None
        if store is not None and resume:
            state = go_on(Path(store), writer, training, about, on_resume)
        state = state or new_state(training.policy.model, training.config)
        record = Unrecorded(on_event) if writer is None else Recorder(writer, training, state, on_event)
        try:
            yield record, state
        except BaseException as stop:  # also Ctrl-C, a closed generator, a full memory
            record.leave(stop)
            raise
