"""Sampling a step: a header for each tree, dealt out over the processes, and the groups that come back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from rao_lab.errors import RecordError
from rao_lab.training.setup import Training
from rao_lab.training.tasks import step_tasks
from rao_lab.tree import Group, Task, Tree, TreeHeader

Sample = Callable[[list[TreeHeader]], Sequence[Tree]]
"""Runs one tree for each header, with the policy's present weights, and returns them in order."""
OnPhase = Callable[[str, int, int], None]
"""Hears (phase, done, total): sample and probe in trees, update in packs. A raise stops the step."""


class GroupSampler:
    """Makes groups of trees; all processes make them together, each its share.

    Raises:
        RecordError: from its methods, if `sample` returns other trees than it was asked for.
    """

    def __init__(self, training: Training, sample: Sample, on_phase: OnPhase) -> None:
        self._training, self._sample, self._on_phase = training, sample, on_phase

    def groups(self, step: int) -> tuple[Group, ...]:
        """What the step trains on: `group_size` trees of each of its tasks."""
        config = self._training.config
        return self._made("sample", step_tasks(self._training.tasks, config, step), step, config.group_size)

    def probes_fall_in(self, step: int) -> bool:
        config = self._training.config
        return bool(self._training.probes) and (step % config.probe_every == 0 or step == config.steps)

    def probes(self, step: int) -> tuple[Group, ...]:
        """Trees of the probe tasks; these groups are numbered after those that the step trains on."""
        tasks, config = self._training.probes, self._training.config
        count, first = config.probe_rollouts, config.tasks_per_step
        return self._made("probe", tasks, step, count, first, probe=True)

    def _made(
        self, phase: str, tasks: Sequence[Task], step: int, count: int, first: int = 0, probe: bool = False
    ) -> tuple[Group, ...]:
        """Groups of `count` trees of each task."""
        peers = self._training.peers
        shares = [range(rank, len(tasks), peers.size) for rank in range(peers.size)]
        header = self._header(tasks[0], step, probe)
        headers = [
            replace(header, task=tasks[place], group=first + place, rollout=rollout)
            for place in shares[peers.rank]
            for rollout in range(count)
        ]
        self._on_phase(phase, 0, len(headers))
        trees = list(self._sample(headers)) if headers else []
        _check_order(headers, trees)
        self._on_phase(phase, len(headers), len(headers))
        found: dict[int, tuple[Tree, ...]] = {}
        for share, theirs in zip(shares, peers.gather(trees), strict=True):
            for at, place in enumerate(share):
                found[place] = tuple(theirs[at * count : (at + 1) * count])
        return tuple(
            Group(task, found[place], step, first + place, probe) for place, task in enumerate(tasks)
        )

    def _header(self, task: Task, step: int, probe: bool) -> TreeHeader:
        """What all headers of the step have in common."""
        training = self._training
        return TreeHeader(
            task,
            environment=training.environment.name,
            agent=training.config.agent,
            seed=training.config.seed,
            step=step,
            probe=probe,
            policy=training.policy.name,
            policy_version=training.policy.version,
            limits=training.config.limits.to_dict(),
        )


def _check_order(headers: Sequence[TreeHeader], trees: Sequence[Tree]) -> None:
    asked = [(header.task.id, header.group, header.rollout) for header in headers]
    given = [(tree.task.id, tree.header.group, tree.header.rollout) for tree in trees]
    if asked != given:
        raise RecordError(f"{len(asked)} trees were asked for and {len(given)}, or others, came back")
    for tree in trees:
        if not tree.nodes or not tree.root.status.ended:
            raise RecordError(f"the tree of task {tree.task.id!r} came back before it ended")
