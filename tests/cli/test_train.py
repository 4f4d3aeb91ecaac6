"""`train`: what it records, how it resumes, and the settings that it refuses."""

from __future__ import annotations

import inspect
import json
import signal
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from rao_lab.cli import main as cli
from rao_lab.store import open_run
from rao_lab.training.config import TrainConfig
from tests.support.command_line import CommandLine, train


def test_train_records_steps_and_checkpoints(recorded: Path) -> None:
    with open_run(recorded) as run:
        assert [step.step for step in run.steps] == [0, 1, 2]
        assert run.config["train"]["limits"]["max_nodes"] == 4
    assert sorted(path.name for path in Path(f"{recorded}.ckpt").iterdir()) == ["step-1", "step-2"]


def test_a_finished_run_resumes_to_nothing_and_says_its_last_step_again(
    tmp_path: Path, random_tiny: Path, lab: CommandLine
) -> None:
    made, said = (lab.json([*train(tmp_path / "a.rao", random_tiny), "--resume"]) for _ in range(2))
    assert made["last_step"] == made["metrics"]["step"] == 2
    assert said == made


def test_resume_goes_on_and_starts_afresh_if_there_is_nothing(
    tmp_path: Path, random_tiny: Path, lab: CommandLine
) -> None:
    out = tmp_path / "new.rao"
    status, _, _ = lab(train(out, random_tiny, "--resume", steps=1))
    assert status == 0
    assert lab.json(train(out, random_tiny, "--resume"))["last_step"] == 2


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("group_size=1", "group_size=1"),
        ("limits.max_nodes=0", "max_nodes=0"),
        ("credit.lam=-1", "lam"),
        ("credit.estimator=best", "estimator"),
        ("learning_speed=1", "learning_rate"),
        ("steps=0", "steps=0"),
        ("loss.loss=magic", "loss"),
    ],
)
def test_training_settings_that_mean_nothing_get_one_line(
    setting: str, words: str, random_tiny: Path, tmp_path: Path, lab: CommandLine
) -> None:
    out = tmp_path / "x.rao"
    assert words in lab.refused(["train", "--policy", random_tiny, "--out", out, "--set", setting])
    assert not out.exists()


@pytest.mark.parametrize(
    ("option", "setting"),
    [("--steps 4", "steps=3"), ("--seed 1", "seed=1"), ("--agent flat", "agent=recursive")],
)
def test_an_option_and_set_cannot_both_give_one_setting(
    option: str, setting: str, tmp_path: Path, lab: CommandLine
) -> None:
    out = tmp_path / "x.rao"
    line = lab.refused(["train", "--out", out, *option.split(), "--set", setting])
    assert line == f"rao-lab: {option} and --set {setting} are one setting: give one of them"
    assert not out.exists()


def test_every_option_that_is_a_training_setting_is_told_apart_from_set(
    tmp_path: Path, lab: CommandLine
) -> None:
    """An option that joins the command later, too."""
    names = {field.name for field in fields(TrainConfig)}
    options = names & set(inspect.signature(cli.COMMANDS["train"]).parameters)
    assert {"steps", "seed", "agent"} <= options
    for name in options:
        given = [f"--{name}", "1", "--set", f"{name}=1"]
        assert "are one setting" in lab.refused(["train", "--out", tmp_path / "x.rao", *given])


def test_an_existing_run_is_not_overwritten(run_file: Path, random_tiny: Path, lab: CommandLine) -> None:
    before = run_file.read_bytes()
    assert "a.rao" in lab.refused(train(run_file, random_tiny))
    assert run_file.read_bytes() == before


@pytest.mark.parametrize(
    ("sent", "status"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)]
)
def test_a_stop_while_training_keeps_the_steps_and_resume_goes_on(
    tmp_path: Path, random_tiny: Path, sent: signal.Signals, status: int
) -> None:
    out, rules = tmp_path / "a.rao", tmp_path / "rules.py"
    rules.write_text("def half(nodes):\n    return (nodes.R - nodes.b) / 2\n")
    own = ["--set", f"credit.estimator={rules}:half"]
    arguments = [sys.executable, "-m", "rao_lab", *train(out, random_tiny, steps=500), *own]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "step 2" in line:
                process.send_signal(sent)
                break
        said = process.stderr.read()
    assert process.returncode == status
    hint, last = said.splitlines()[-2:]
    again = hint.removesuffix(" goes on after the last checkpoint")
    assert again == f"rao-lab train --out {out} {' '.join(own)} --resume"
    assert last == "rao-lab: stopped; what was written is kept"
    assert not list(tmp_path.glob("*-wal"))
    with open_run(out) as run:
        kept = len(run.metrics)
    assert kept >= 3
    assert cli.call([*again.split()[1:], "--steps", str(kept)]) == 0
    with open_run(out) as run:
        assert run.steps[-1].step == kept


def test_under_torchrun_the_hint_is_a_line_of_torchrun(
    tmp_path: Path, random_tiny: Path, lab: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    world = "tests.support.breaking:Interrupted"
    _, _, err = lab(train(tmp_path / "a.rao", random_tiny, "--env", world))
    assert (
        f"torchrun --nproc-per-node 4 -m rao_lab train --out {tmp_path}/a.rao --env {world} --resume" in err
    )


def test_training_samples_at_the_temperature_that_was_asked_for(
    tmp_path: Path, random_tiny: Path, lab: CommandLine
) -> None:
    out = tmp_path / "a.rao"
    more = ["--set", "temperature=0.7", "--set", "loss.kl=0.1"]  # with KL every node is forwarded
    assert lab(train(out, random_tiny, *more))[0] == 0
    with open_run(out) as run:
        assert run.config["train"]["temperature"] == 0.7
        assert all(row["logprob_difference"]["max"] < 1e-3 for row in run.metrics if row["step"])


def test_resume_takes_the_settings_that_are_left_out_from_the_run(
    run_file: Path, random_tiny: Path, lab: CommandLine
) -> None:
    bare = ["train", "--policy", str(random_tiny), "--out", str(run_file), "--resume"]
    status, out, _ = lab(bare)
    assert (status, out) == (0, f"{run_file}: all 2 steps were done before.\n")
    assert lab([*bare, "--steps", "3"])[0] == 0
    with open_run(run_file) as run:
        assert [len(run.groups(step)) for step in (2, 3)] == [2, 2]
        assert run.config["train"]["limits"]["max_turns"] == 3
    assert "seed=0 and cannot be resumed with 1" in lab.refused([*bare, "--seed", "1"])
    assert "agent='recursive' and cannot" in lab.refused([*bare, "--agent", "flat"])


def test_resume_says_where_it_goes_on_and_what_it_passes_over(
    run_file: Path, random_tiny: Path, lab: CommandLine
) -> None:
    Path(f"{run_file}.ckpt", "step-2", "manifest.json").write_text("{}")
    status, out, err = lab(train(run_file, random_tiny, "--resume", "--json"))
    assert status == 0 and json.loads(out)["last_step"] == 2
    said = err.splitlines()
    assert "note: checkpoint step-2: its manifest lists no files: it is passed over" in said
    assert "goes on after step 1" in said
    status, out, err = lab(train(run_file, random_tiny, "--resume", "--json"))
    assert "goes on after step 2" in err and "note" not in err
