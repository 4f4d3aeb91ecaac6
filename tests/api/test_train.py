"""The join of executor, trainer and run file: what a resumption refuses, and who reads along."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

import rao_lab as rl
from rao_lab.api.train import start, train
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import ConfigError, MissingError, RunFileError
from rao_lab.store import Run, RunWriter, open_run
from rao_lab.tree import validate
from tests.support.forked import forked
from tests.support.sandboxes import needs_proc
from tests.support.whole_runs import CONFIG, train_to_end
from tests.support.worlds import Shelf

SHORT = replace(CONFIG, steps=1, tasks_per_step=1, group_size=2, probe_tasks=0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("made") / "a.rao"
    list(train(TextCraft("easy"), rl.load_policy("tiny"), SHORT, store=file))
    return file


@pytest.mark.parametrize(
    ("world", "changes", "options", "words"),
    [
        (
            TextCraft("easy"),
            {"learning_rate": 0.5},
            {},
            "learning_rate=0.0003 and cannot be resumed with 0.5",
        ),
        (
            TextCraft("hard"),
            {},
            {},
            "difficulty='easy' and cannot be resumed with 'hard': leave out --difficulty",
        ),
        (TextCraft("easy", seed=1), {}, {}, "seed=0 and cannot be resumed with 1: leave out --set env.seed"),
        (Shelf(), {}, {}, "environment='textcraft' and cannot be resumed with 'shelf'"),
        (
            TextCraft("easy"),
            {},
            {"prompt": "codeact"},
            "prompt='terse' and cannot be resumed with 'codeact'",
        ),
    ],
)
def test_another_run_is_refused_and_the_file_stays_as_it_was(
    made: Path, world: object, changes: dict, options: dict, words: str
) -> None:
    with open_run(made) as run:
        before = (run.config, run.metrics, [(step.step, step.attempt) for step in run.steps])
    other = train(
        world, rl.load_policy("tiny"), replace(SHORT, **changes), store=made, resume=True, **options
    )
    with pytest.raises(ConfigError, match=words):
        next(other)
    with open_run(made) as run:
        assert (run.config, run.metrics, [(step.step, step.attempt) for step in run.steps]) == before


def test_fewer_steps_than_the_run_has_are_refused_and_it_keeps_its_settings(tmp_path: Path) -> None:
    world, file = TextCraft("easy"), tmp_path / "b.rao"
    list(train(world, rl.load_policy("tiny"), replace(SHORT, steps=2), store=file))
    with pytest.raises(ConfigError, match=r"b\.rao is trained to step 2 already, beyond steps=1"):
        next(train(world, rl.load_policy("tiny"), SHORT, store=file, resume=True))
    with open_run(file) as run:
        assert run.config["train"]["steps"] == 2 and "resumed" not in run.config
        assert [step.step for step in run.steps] == [0, 1, 2]


def test_a_finished_run_resumed_yields_nothing_and_loses_nothing(made: Path) -> None:
    with open_run(made) as run:
        before = run.groups(1)
    assert list(train(TextCraft("easy"), rl.load_policy("tiny"), SHORT, store=made, resume=True)) == []
    with open_run(made) as run:
        assert run.groups(1) == before


@pytest.mark.parametrize("resume", [False, True])
def test_an_empty_file_is_begun_afresh_by_both_doors(tmp_path: Path, resume: bool) -> None:
    """As `mktemp` leaves one."""
    doors: list[Callable[..., object]] = [
        lambda *given, **options: list(train(*given, **options)),
        lambda *given, **options: start(*given, **options).result(timeout=300),
    ]
    for number, door in enumerate(doors):
        file = tmp_path / f"{number}.rao"
        file.touch()
        door(TextCraft("easy"), rl.load_policy("tiny"), SHORT, store=file, resume=resume)
        with open_run(file) as run:
            assert [step.step for step in run.steps] == [0, 1]


BEGUN = {
    "no run": r"a\.rao exists already and is no run: choose another name",
    "a run without steps": r"a\.rao exists already: --resume goes on with it",
    "a folder": r"a\.rao is a folder: name a file in it",
}


@pytest.mark.parametrize("begun", BEGUN)
def test_what_is_begun_is_refused_by_both_doors_at_once(tmp_path: Path, begun: str) -> None:
    file = tmp_path / "a.rao"
    if begun == "no run":
        file.write_text("something else")
    elif begun == "a folder":
        file.mkdir()
    else:
        RunWriter(file, {}).close()
    policy = rl.load_policy("tiny")
    with pytest.raises(RunFileError, match=BEGUN[begun]):
        next(train(TextCraft("easy"), policy, SHORT, store=file))
    with pytest.raises(RunFileError, match=BEGUN[begun]):
        start(TextCraft("easy"), policy, SHORT, store=file)


def test_what_is_no_path_names_no_run_for_either_door() -> None:
    policy = rl.load_policy("tiny")
    with pytest.raises(RunFileError, match="a run file is named by a path, not by 5"):
        start(TextCraft("easy"), policy, SHORT, store=5)  # type: ignore[arg-type]
    with pytest.raises(RunFileError, match="a run file is named by a path, not by 5"):
        next(train(TextCraft("easy"), policy, SHORT, store=5))  # type: ignore[arg-type]


def test_what_a_repetition_needs_is_recorded(tmp_path: Path) -> None:
    options = {"store": tmp_path / "a.rao", "prompt": "codeact"}
    list(train(TextCraft("easy"), rl.load_policy("tiny"), SHORT, **options))
    run = open_run(tmp_path / "a.rao")
    assert run.config["dialect"] == "codeact" and "easy" in run.config["world"]
    assert run.config["threads"] == torch.get_num_threads()
    assert run.config["dtype"] == ("bfloat16" if torch.cuda.is_available() else "float32")
    assert run.config["device"] == (torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu")
    assert run.config["train"]["seed"] == 0 and {"torch", "machine", "pydantic-monty"} <= run.packages.keys()


@needs_proc
def test_a_follower_reads_on_while_a_run_is_killed_and_resumed(tmp_path: Path) -> None:
    """Whatever it sees of a dying run is sound, and no worker outlives the killed process by long."""
    context = forked()
    file = tmp_path / "a.rao"
    seen = Seen(file)
    for seconds in (1.0, 2.5):
        child = context.Process(target=train_to_end, args=(str(file),))
        child.start()
        seen.follow(before(time.monotonic() + seconds))
        workers = offspring(child.pid)
        child.kill()
        child.join()
        seen.follow(partial(living, workers))
    last = context.Process(target=train_to_end, args=(str(file),))
    last.start()
    seen.follow(last.is_alive)
    last.join()
    seen.look()
    assert last.exitcode == 0
    assert seen.steps[-1] == list(range(CONFIG.steps + 1)) and seen.looks > 10
    assert seen.run is not None and not seen.run.being_written


def before(moment: float) -> Callable[[], bool]:
    return lambda: time.monotonic() < moment


def living(pids: list[int]) -> bool:
    return any(Path(f"/proc/{pid}").exists() for pid in pids)


def offspring(pid: int | None) -> list[int]:
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in found for child in path.read_text().split()]


class Seen:
    """A reader that looks again and again and checks all it sees."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.run: Run | None = None
        self.revision = 0
        self.looks = 0
        self.steps: list[list[int]] = []

    def follow(self, going: Callable[[], bool]) -> None:
        until = time.monotonic() + 300
        while going() and time.monotonic() < until:
            self.look()
            time.sleep(0.05)
        assert time.monotonic() < until

    def look(self) -> None:
        if self.run is None:
            try:
                self.run = open_run(self.file, follow=True)
            except (MissingError, RunFileError):  # nothing is written yet
                assert not self.steps
                return
        self.looks += 1
        news = self.run.changes_since(self.revision)
        self.revision = news.revision
        for tree in self.run.live().values():
            validate(tree)
        for tree_id in news.trees:
            try:
                found = self.run.tree(tree_id)
            except MissingError:  # the run was rewound since
                continue
            validate(found)
            assert found.root.status.ended or not self.run.being_written
        self.steps.append([step.step for step in self.run.steps if step.ended is not None])
        assert self.steps[-1] == list(range(len(self.steps[-1]))), "steps come in order, without a gap"
