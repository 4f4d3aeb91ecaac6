"""How a run goes on: what is said and marked, what is refused, and that nothing is lost without a word."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import rao_lab as rl
from rao_lab.api.train import start, train
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import ConfigError, MissingError, UnavailableError
from rao_lab.store import RunWriter, checkpoint_folder, open_run
from rao_lab.training.config import TrainConfig
from rao_lab.views.explorer.from_session import SessionSource
from rao_lab.views.explorer.widget import Explorer
from tests.support.whole_runs import CONFIG as WHOLE
from tests.support.whole_runs import everything

CONFIG = replace(WHOLE, steps=3, tasks_per_step=1, group_size=2, probe_tasks=1, probe_rollouts=1)


class Heard:
    """An `on_resume` that remembers."""

    def __init__(self) -> None:
        self.step: int | None = None
        self.notes: list[str] = []

    def __call__(self, step: int, notes: Sequence[str]) -> None:
        self.step, self.notes = step, list(notes)


def go(
    file: Path, config: TrainConfig = CONFIG, steps: int | None = None, policy: Any = None, **options: Any
) -> Heard:
    """Trains to the end, or until so many steps came; what was heard when it was resumed."""
    heard = Heard()
    made = train(
        TextCraft("easy"),
        policy or rl.load_policy("tiny"),
        config,
        store=file,
        resume=True,
        on_resume=heard,
        **options,
    )
    for count, _ in enumerate(made, 1):
        if count == steps:
            break
    made.close()  # type: ignore[attr-defined]
    return heard


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    file = tmp_path_factory.mktemp("whole") / "a.rao"
    assert go(file).step is None
    return file


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    torch.set_num_threads(1)
    file = tmp_path / "a.rao"
    shutil.copy(whole, file)
    shutil.copytree(checkpoint_folder(whole), checkpoint_folder(file))
    return file


def differing(file: Path, other: Path) -> list[str]:
    left, right = everything(file), everything(other)
    return [name for name in {**left, **right} if left.get(name) != right.get(name)]


def test_a_run_that_goes_on_alike_is_told_after_which_step_and_no_more(whole: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.rao"
    go(file, steps=2)
    heard = go(file)
    assert (heard.step, heard.notes) == (1, [])
    assert differing(file, whole) == []
    with open_run(file) as run:
        assert run.config["resumed"] == [{"attempt": 2, "after": 1, "notes": []}]


def test_a_run_with_all_steps_done_is_not_written_to(copy: Path, whole: Path) -> None:
    heard = go(copy)
    assert (heard.step, heard.notes) == (3, [])
    with open_run(copy) as run, open_run(whole) as before:
        assert run.config == before.config and "resumed" not in run.config
        assert [each.attempt for each in run.steps] == [1] * 4


def test_where_a_run_was_resumed_is_no_setting_that_differs(whole: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.rao"
    go(file, steps=2)
    go(file)
    with open_run(file) as run, open_run(whole) as other:
        assert "resumed" in run.config and rl.compare_runs(run, other).settings == {}


def test_a_checkpoint_that_cannot_be_used_is_named(copy: Path, whole: Path) -> None:
    (checkpoint_folder(copy) / "step-3" / "trainer.json").unlink()
    heard = go(copy)
    assert heard.step == 2
    assert heard.notes == [
        "checkpoint step-3: 'trainer.json' is missing, or was not part of it: it is passed over"
    ]
    assert differing(copy, whole) == []
    with open_run(copy) as run:
        assert [mark["notes"] for mark in run.config["resumed"]] == [heard.notes]


def test_a_checkpoint_of_another_step_is_not_taken_for_its_own(copy: Path, whole: Path) -> None:
    folder = checkpoint_folder(copy)
    shutil.rmtree(folder / "step-3")
    shutil.copytree(folder / "step-1", folder / "step-3")
    heard = go(copy)
    assert heard.step == 2 and "step-3 is of step 1, not 3" in heard.notes[0]
    assert differing(copy, whole) == []


def test_a_run_without_its_checkpoints_begins_anew_and_is_kept_as_it_was(copy: Path, whole: Path) -> None:
    shutil.rmtree(checkpoint_folder(copy))
    heard = go(copy)
    assert heard.step == -1
    assert heard.notes == [
        "there is no checkpoint step-3: it is passed over",
        "2 older checkpoints cannot be used either",
        "no checkpoint can be used: the run begins anew; as it was, it is kept in a.attempt-1.rao",
    ]
    assert differing(copy, whole) == []
    with open_run(copy.with_name("a.attempt-1.rao")) as kept, open_run(whole) as before:
        assert [step.step for step in kept.steps] == [0, 1, 2, 3]
        assert kept.groups(3) == before.groups(3)


def test_a_stop_between_checkpoints_loses_no_step(whole: Path, tmp_path: Path) -> None:
    """A checkpoint is due after step 3; training is stopped in the middle of it."""
    file, config = tmp_path / "a.rao", replace(CONFIG, checkpoint_every=3)

    def stop(phase: str, done: int, total: int) -> None:
        if phase == "update" and len(kept) == 3:
            raise KeyboardInterrupt

    kept: list[Any] = []
    with pytest.raises(KeyboardInterrupt):
        go(file, config, on_phase=stop, on_step=kept.append)
    assert [path.name for path in checkpoint_folder(file).iterdir()] == ["step-2"]
    heard = go(file, config)
    assert (heard.step, heard.notes) == (2, [])
    found = everything(file)
    expected = {name: value for name, value in everything(whole).items() if "step-1" not in name}
    assert [name for name in expected if found[name] != expected[name]] == []


def test_a_policy_that_has_been_trained_since_does_not_begin_a_run_anew(whole: Path, tmp_path: Path) -> None:
    """The first checkpoint is due after step 3, training fails before it, and what it left then is lost."""
    file, config = tmp_path / "a.rao", replace(CONFIG, checkpoint_every=3)
    policy = rl.load_policy("tiny")

    def fail(step: Any) -> None:
        if step.step == 1:
            raise UnavailableError("the tracker is gone")

    with pytest.raises(UnavailableError, match="tracker"):
        go(file, config, policy=policy, on_step=fail)
    shutil.rmtree(f"{file}.ckpt")
    with open_run(file) as run:
        before = run.groups(1)
    with pytest.raises(ConfigError, match=r"a\.rao has no checkpoint .* \(version 0 then, 1 now\).* anew"):
        go(file, config, policy=policy)
    with open_run(file) as run:
        assert run.groups(1) == before
    assert go(file, config).step == -1
    found = everything(file)
    assert [name for name, value in everything(whole).items() if found.get(name, value) != value] == []


def test_other_threads_are_said_and_stay_marked(copy: Path) -> None:
    torch.set_num_threads(2)
    try:
        heard = go(copy, replace(CONFIG, steps=4))
        again = go(copy, replace(CONFIG, steps=5))
    finally:
        torch.set_num_threads(1)
    assert heard.notes == [
        "threads is 2, and was 1 when step 3 was made: from here on the run may differ from one that was "
        "never stopped"
    ]
    assert again.notes == []
    with open_run(copy) as run:
        marks = [(mark["after"], len(mark["notes"])) for mark in run.config["resumed"]]
        assert marks == [(3, 1), (4, 0)]
        made = {step.step: run.made_with(step.attempt)[0]["threads"] for step in run.steps}
        assert made == {0: 1, 1: 1, 2: 1, 3: 1, 4: 2, 5: 2}


def test_by_default_a_run_of_a_small_model_is_the_same_on_every_number_of_cores(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`torch.get_num_threads()` is the number of cores if nobody says another."""
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    torch.set_num_threads(16)
    try:
        go(tmp_path / "a.rao")
        assert torch.get_num_threads() == 16
    finally:
        torch.set_num_threads(1)
    assert differing(tmp_path / "a.rao", whole) == []
    with open_run(tmp_path / "a.rao") as run:
        assert run.made_with(1)[0]["threads"] == 1


def test_a_run_goes_on_with_the_threads_it_had_unless_others_are_asked_for(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    two = go(copy, replace(CONFIG, steps=4), policy=rl.load_policy("tiny", threads=2))
    assert [note[:24] for note in two.notes] == ["threads is 2, and was 1 "]
    policy = rl.load_policy("tiny")
    assert go(copy, replace(CONFIG, steps=5), policy=policy).notes == []
    assert policy.threads == 2
    with open_run(copy) as run:
        assert [run.made_with(step.attempt)[0]["threads"] for step in run.steps[-2:]] == [2, 2]


def test_a_mark_goes_with_the_steps_it_is_about(copy: Path) -> None:
    torch.set_num_threads(2)
    try:
        go(copy, replace(CONFIG, steps=4))
    finally:
        torch.set_num_threads(1)
    shutil.rmtree(checkpoint_folder(copy) / "step-4")
    heard = go(copy, replace(CONFIG, steps=4))
    assert heard.step == 3 and not [note for note in heard.notes if "threads" in note]
    with open_run(copy) as run:
        assert [mark["attempt"] for mark in run.config["resumed"]] == [3]


def test_other_versions_and_another_end_of_the_decay_are_said(tmp_path: Path, monkeypatch) -> None:
    file, config = tmp_path / "a.rao", replace(CONFIG, lr_decay="linear")
    go(file, replace(config, steps=1))
    from rao_lab.api import resume as resuming

    plain = resuming.package_versions()
    monkeypatch.setattr(resuming, "package_versions", lambda: {**plain, "torch": "9.9"})
    notes = go(file, replace(config, steps=2)).notes
    assert notes[0].startswith(f"torch is '9.9', and was '{plain['torch']}' when step 1 was made")
    assert notes[1].startswith("steps=2, and step 1 was made for steps=1: the learning rate falls (linear)")
    assert len(notes) == 2


def test_what_the_bits_depend_on_is_recorded(whole: Path) -> None:
    with open_run(whole) as run:
        found = run.config
    assert (found["processes"], found["threads"], found["device"], found["dtype"]) == (1, 1, "cpu", "float32")
    assert found["cpu"] == torch.backends.cpu.get_cpu_capability()


@pytest.mark.parametrize(
    ("changes", "error"), [({"probe_split": "nowhere"}, MissingError), ({"temperature": 0.5}, ConfigError)]
)
def test_a_run_that_cannot_begin_leaves_no_file_in_the_way(tmp_path: Path, changes: dict, error) -> None:
    made = train(TextCraft("easy"), rl.load_policy("tiny"), replace(CONFIG, **changes), store=tmp_path / "a")
    with pytest.raises(error):
        next(made)
    assert list(tmp_path.iterdir()) == []


def test_by_default_each_note_is_a_warning(copy: Path) -> None:
    shutil.rmtree(checkpoint_folder(copy) / "step-3")
    with pytest.warns(UserWarning, match="there is no checkpoint step-3") as caught:
        list(train(TextCraft("easy"), rl.load_policy("tiny"), CONFIG, store=copy, resume=True))
    assert len(caught) == 1


@pytest.mark.parametrize("on_resume", [None, lambda step, notes: None])
def test_the_board_of_a_resumed_session_has_the_steps_before_it(
    whole: Path, tmp_path: Path, on_resume: Any
) -> None:
    file = tmp_path / "a.rao"
    go(file, steps=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        options = {"store": file, "resume": True, "on_resume": on_resume}
        session = start(TextCraft("easy"), rl.load_policy("tiny"), CONFIG, **options)
        assert [step.step for step in session.result()] == [3]
    board = session.board()
    try:
        assert [step for step, _ in board.steps] == [0, 1, 2, 3]
        assert board.curves["step"] == [0, 1, 2, 3]
        assert all(len(board.table(step)) and board.table(step).credit is not None for step in (1, 3))
        with pytest.raises(MissingError, match="there is steps 0 to 3"):
            SessionSource(session).table(4)
    finally:
        board.close()
    assert repr(session) == "<Session a.rao: finished, step 3 of 3, up to step 2 kept from before>"


def test_a_session_with_nothing_left_to_do_shows_its_run(copy: Path) -> None:
    session = start(TextCraft("easy"), rl.load_policy("tiny"), CONFIG, store=copy, resume=True)
    assert session.result() == []
    board = Explorer(session, view="board")
    try:
        assert [step for step, _ in board.steps] == [0, 1, 2, 3]
        assert board.session["step"] == 3
    finally:
        board.close()
    assert repr(session) == "<Session a.rao: finished, step 3 of 3, up to step 3 kept from before>"


def test_a_damaged_mark_harms_nothing(copy: Path) -> None:
    """A file may say anything."""
    with open_run(copy) as run:
        config = run.config
    for nonsense in (3, [3, {"after": "x"}, None], {"after": 1}):
        with RunWriter(copy, config, resume=True) as writer:
            writer.rewind(3, {**config, "resumed": nonsense})
        assert go(copy, replace(CONFIG, steps=4)).step == 3
        with open_run(copy) as run:
            assert [mark["after"] for mark in run.config["resumed"]] == [3]
