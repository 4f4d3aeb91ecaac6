"""The same seed gives the same run: whatever the workers, the delays, the process and the interruptions.

The runs are real: the embedded policy, TextCraft, sandbox, executor, trainer and run file. What the
promise does not cover is marked.
"""

from __future__ import annotations

import os
import pickle
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch

import rao_lab as rl
from rao_lab.api.train import train
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.execution.executor import Executor
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.prompts import find
from rao_lab.protocols import Environment, Score, World
from rao_lab.store import checkpoint_folder, open_run
from rao_lab.tree import Event, Task, TreeHeader
from rao_lab.tree.codec import event_to_json
from tests.conftest import REPO
from tests.support.configs import small_config
from tests.support.whole_runs import everything
from tests.support.worlds import TASK, Lines, Shelf

LIMITS = Limits(
    max_depth=3, max_turns=5, max_nodes=10, max_tree_turns=30, max_new_tokens=24, context_window=128
)
CONFIG = small_config(
    steps=3, group_size=2, learning_rate=1e-3, probe_tasks=1, probe_rollouts=1, probe_every=2, limits=LIMITS
)
"""Trees of several nodes, and probes between steps."""

Told = dict[tuple[int, int, int], list[dict[str, Any]]]
"""Events less times, by step, group and rollout."""


@dataclass
class Record:
    """A run as it was heard and as it was kept."""

    file: Path
    events: Told = field(default_factory=dict)

    def hear(self, header: TreeHeader, event: Event) -> None:
        place = (header.step, header.group, header.rollout)
        said = event_to_json(replace(event, time=0.0))
        said.pop("waiting_seconds", None)
        self.events.setdefault(place, []).append(said)

    @property
    def kept(self) -> dict[str, Any]:
        return everything(self.file)


def run(file: Path, environment: Environment | None = None, **options: Any) -> Record:
    """A whole run, from the newest checkpoint of the file if there is one."""
    torch.set_num_threads(1)
    record = Record(file)
    world = environment or TextCraft(difficulty="medium", seed=0)
    policy = rl.load_policy("tiny")
    for _ in train(world, policy, CONFIG, store=file, resume=True, on_event=record.hear, **options):
        pass
    return record


def differing(found: Mapping[Any, Any], expected: Mapping[Any, Any]) -> list[Any]:
    """Names of what is not the same: short to read, which whole runs would not be."""
    return [name for name in {**expected, **found} if found.get(name) != expected.get(name)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return run(tmp_path_factory.mktemp("whole") / "a.rao")


def test_the_run_is_worth_repeating(whole: Record) -> None:
    """It delegates, it succeeds at times, its weights move, and each step has a checkpoint."""
    with open_run(whole.file) as kept:
        trees = [summary for step in range(1, 4) for summary in kept.trees(step)]
        assert max(summary.nodes for summary in trees) >= 3
        assert all(metrics["grad_norm"] > 0 for metrics in kept.metrics if metrics["step"])
        assert all(metrics["not_reproducible"] == 0 for metrics in kept.metrics if metrics["step"])
    assert len({whole.kept[f"step-{step}/policy/model.safetensors"] for step in range(1, 4)}) == 3
    assert {place[0] for place in whole.events} == {0, 1, 2, 3}


class Slow:
    """A world that takes its time, in the threads that run code."""

    def __init__(self, inner: Environment, seed: int) -> None:
        self.inner, self.random = inner, random.Random(seed)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def open(self, task: Task) -> World:
        world: Any = self.inner.open(task)
        plain: Callable[..., Any] = world.call

        def call(*args: Any) -> Any:
            dawdle(self.random)
            return plain(*args)

        world.call = call
        return world

    def __repr__(self) -> str:
        return repr(self.inner)


def dawdle(source: random.Random) -> None:
    if source.random() < 0.3:
        time.sleep(source.random() * 0.01)


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.slow), 4])
def test_delays_anywhere_change_nothing(whole: Record, tmp_path: Path, workers: int) -> None:
    source = random.Random(workers)
    slow = Slow(TextCraft(difficulty="medium", seed=0), workers)
    found = run(tmp_path / "a.rao", slow, workers=workers, on_tick=lambda tick: dawdle(source))
    assert differing(found.events, whole.events) == []
    assert differing(found.kept, whole.kept) == []


@pytest.mark.parametrize("step", [1, 2])
def test_from_each_checkpoint_the_run_goes_on_to_the_same_end(
    whole: Record, tmp_path: Path, step: int
) -> None:
    file = tmp_path / "a.rao"
    shutil.copy(whole.file, file)
    for each in range(1, step + 1):
        name = f"step-{each}"
        shutil.copytree(checkpoint_folder(whole.file) / name, checkpoint_folder(file) / name)
    resumed: list[tuple[int, Sequence[str]]] = []
    found = run(file, workers=2, on_resume=lambda after, notes: resumed.append((after, notes)))
    assert [after for after, _ in resumed] == [step]
    assert {place[0] for place in found.events} == set(range(step + 1, 4))
    expected = {place: events for place, events in whole.events.items() if place[0] > step}
    assert differing(found.events, expected) == []
    assert differing(found.kept, whole.kept) == []


@pytest.mark.slow
def test_another_process_with_another_hash_seed_makes_the_same_run(whole: Record, tmp_path: Path) -> None:
    code = (
        "import pickle, sys\nfrom pathlib import Path\nfrom tests.execution.test_determinism import run\n"
        "record = run(Path(sys.argv[1]))\n"
        "Path(sys.argv[1] + '.events').write_bytes(pickle.dumps(record.events))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.rao")],
        cwd=REPO, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    events = pickle.loads((tmp_path / "a.rao.events").read_bytes())  # noqa: S301 - written just above
    assert differing(events, whole.events) == []
    assert differing(everything(tmp_path / "a.rao"), whole.kept) == []


# What is not covered is marked


@pytest.fixture(scope="module")
def hasty() -> Iterator[Sandbox]:
    with Sandbox(seconds=0.2) as opened:
        yield opened


def test_code_that_runs_into_the_wall_clock_marks_its_tree_and_no_other(hasty: Sandbox) -> None:
    class OneIsSlow(Lines):
        def _reply(self, request: Any) -> Any:
            reply = super()._reply(request)
            endless = request.key[0] == 1 and request.turn == 1
            return replace(reply, text="while True: pass") if endless else reply

    policy = OneIsSlow({"0": ["finish('ok')"]})
    trees = Executor(Shelf(), policy, find("terse"), Limits(), sandbox=hasty).run(
        [TreeHeader(TASK, rollout=rollout) for rollout in range(3)]
    )
    assert [tree.not_reproducible for tree in trees] == [
        "",
        "code at node 0 ran into the wall-clock limit",
        "",
    ]
    assert [tree.success for tree in trees] == [1.0, 1.0, 1.0]


@pytest.mark.filterwarnings("ignore:judge was not asked")
@pytest.mark.parametrize(
    ("value", "why"), [("unknown", "the judge does not answer by the seed alone"), ("ok", "")]
)
def test_a_judge_that_may_change_its_mind_marks_the_trees_that_it_judges(
    hasty: Sandbox, value: str, why: str
) -> None:
    class Fickle:
        reproducible = False

        def score(self, tree: Any, path: str) -> Score:
            return Score(1.0)

    policy = Lines({"0": [f"finish({value!r})"]})
    executor = Executor(Shelf(), policy, find("terse"), Limits(), sandbox=hasty, judge=Fickle())
    assert executor.run([TreeHeader(TASK)])[0].not_reproducible == why


def test_a_training_run_tells_which_of_its_trees_are_not_covered(tmp_path: Path) -> None:
    """No tree is done within a millionth of a second."""
    config = replace(CONFIG, steps=1, limits=replace(CONFIG.limits, tree_seconds=1e-6))
    file = tmp_path / "a.rao"
    steps = list(train(TextCraft(difficulty="medium"), rl.load_policy("tiny"), config, store=file))
    assert steps[-1].metrics["not_reproducible"] == 4
    assert any("4 trees are not reproducible" in warning for warning in steps[-1].warnings)
    assert [step.metrics["probe_not_reproducible"] for step in steps] == [1, 1]
    assert all(any("1 probe trees" in warning for warning in step.warnings) for step in steps)
    with open_run(file) as kept:
        marks = {tree.not_reproducible for group in kept.groups(1) for tree in group.trees}
        assert marks == {"the limit of 1e-06 s per tree fired"}
