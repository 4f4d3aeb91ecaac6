"""`--out FILE --resume` alone goes on: world, policy and settings come from the run, and what differs is named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.environments.textcraft import TextCraft
from rao_lab.errors import ConfigError
from rao_lab.protocols import Score
from rao_lab.store import RunWriter, open_run
from tests.support.command_line import SMALL, CommandLine
from tests.support.whole_runs import everything

FEW = [*SMALL, "--set", "probe_tasks=0"]


def alone(out: Path) -> list[str]:
    return ["train", "--out", str(out), "--resume"]


def made(lab: CommandLine, out: Path, *options: str | Path, steps: int = 2) -> Path:
    assert lab(["train", "--out", out, "--steps", str(steps), *FEW, *options])[0] == 0
    return out


def test_a_world_and_a_model_folder_elsewhere_are_found_again_to_the_bit(
    tmp_path: Path, random_tiny: Path, lab: CommandLine
) -> None:
    """The folder is not there any more: the newest checkpoint holds the policy."""
    model = Path(shutil.copytree(random_tiny, tmp_path / "model"))
    options = ("--difficulty", "easy", "--policy", model, "--set", "env.seed=3", "--set", "policy.window=64")
    whole = made(lab, tmp_path / "whole.rao", *options, steps=3)
    shutil.rmtree(model)
    cut = Path(shutil.copy(whole, tmp_path / "cut.rao"))
    shutil.copytree(f"{whole}.ckpt", f"{cut}.ckpt")
    shutil.rmtree(f"{cut}.ckpt/step-3")
    status, _, err = lab(alone(cut))
    assert (status, "goes on after step 2" in err) == (0, True)
    assert err.startswith("world: TextCraft(small, seed=3, slack=3; tiers: easy 1-2)\n")
    left, right = everything(whole), everything(cut)
    assert [name for name in left if left[name] != right[name]] == []
    with open_run(cut) as run:
        assert run.config["opened"]["policy"] == {"elsewhere": "model", "settings": {"window": 64}}
        assert run.config["policy"] == "model" and str(tmp_path) not in repr(run.config)


def test_an_adapter_and_a_folder_given_relative_are_found_again(
    tmp_path: Path, random_tiny: Path, monkeypatch: pytest.MonkeyPatch, lab: CommandLine
) -> None:
    pytest.importorskip("peft")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(random_tiny, "models/mine")
    out = made(lab, Path("a.rao"), "--policy", "models/mine", "--set", "policy.lora=2")
    assert lab([*alone(out), "--steps", "3"])[0] == 0
    said = lab.refused([*alone(out), "--steps", "4", "--set", "policy.lora=4"])
    assert "made with lora=2 and cannot be resumed with 4: leave out --set policy.lora" in said
    shutil.rmtree("models")
    said = lab.refused([*alone(out), "--steps", "4"])
    assert "a.rao trains an adapter of the model folder 'models/mine', which is not here" in said
    assert "--policy FOLDER" in said


def test_tasks_of_files_are_found_again_and_others_are_refused(
    shared: Path, tmp_path: Path, random_tiny: Path, monkeypatch: pytest.MonkeyPatch, lab: CommandLine
) -> None:
    folder = shared / "reference" / "textcraft_synth"
    monkeypatch.chdir(tmp_path)
    shutil.copy(folder / "recipes.json", "rules.json")
    shutil.copy(folder / "val_sample.jsonl.gz", "tasks.gz")
    files = ("--recipes", "rules.json", "--tasks", "tasks.gz")
    out = made(lab, Path("a.rao"), *files, "--policy", random_tiny)
    status, _, err = lab([*alone(out), "--steps", "3"])
    assert (status, "tasks of a file" in err) == (0, True)
    shutil.copy(folder / "train_sample.jsonl.gz", "tasks.gz")
    assert "made with other tasks than those of 'tasks.gz'" in lab.refused([*alone(out), "--steps", "4"])
    Path("tasks.gz").unlink()
    said = lab.refused([*alone(out), "--steps", "4"])
    assert "a.rao was made with --tasks tasks.gz, which is not here: give --tasks FILE" in said


def test_an_option_that_differs_is_named(tmp_path: Path, random_tiny: Path, lab: CommandLine) -> None:
    out = made(lab, tmp_path / "a.rao", "--difficulty", "easy", "--policy", random_tiny)
    before = everything(out)
    for options, words in (
        (
            ["--difficulty", "hard"],
            "difficulty='easy' and cannot be resumed with 'hard': leave out --difficulty",
        ),
        (["--set", "env.slack=1"], "slack=3 and cannot be resumed with 1: leave out --set env.slack"),
        (["--prompt", "codeact"], "prompt='terse' and cannot be resumed with 'codeact'"),
        (["--set", "credit.lam=0"], "credit.lam=0.4 and cannot be resumed with 0"),
        (["--env", "tests.environments.second_world:AddUp"], "environment='textcraft' and cannot be resumed"),
    ):
        assert words in lab.refused([*alone(out), "--steps", "3", *options])
    assert everything(out) == before


def test_a_run_that_is_not_there_yet_begins_with_a_word(
    tmp_path: Path, random_tiny: Path, lab: CommandLine
) -> None:
    status, _, err = lab([*alone(tmp_path / "typo.rao"), "--steps", "1", "--policy", str(random_tiny), *FEW])
    assert status == 0
    assert (
        "typo.rao yet: nothing to resume, it begins now, from step 0 (Ctrl-C stops it)" in err.splitlines()[0]
    )
    _, _, err = lab([*alone(tmp_path / "typos.rao"), "--steps", "1", "--policy", str(random_tiny), *FEW])
    assert f"(did you mean {tmp_path / 'typo.rao'}? Ctrl-C stops it)" in err.splitlines()[0]


def test_a_run_of_an_older_version_goes_on_with_what_it_says(
    tmp_path: Path, random_tiny: Path, lab: CommandLine
) -> None:
    """It names its policy and its world, and not how they were opened."""
    out = made(lab, tmp_path / "a.rao", "--policy", random_tiny)
    with open_run(out) as run:
        old = {name: value for name, value in run.config.items() if name not in ("opened", "judge")}
    with RunWriter(out, old, resume=True) as writer:
        writer.rewind(2, old)
    assert lab([*alone(out), "--steps", "3"])[0] == 0


def go(store: Path, steps: int | None = None, **options: Any) -> list[int]:
    policy = rl.load_policy("tiny")
    config = None
    if steps is not None:
        limits = rl.Limits(max_depth=1, max_turns=2, max_nodes=2, max_new_tokens=8, context_window=128)
        small = {"tasks_per_step": 1, "group_size": 2, "probe_tasks": 0, "limits": limits, "lr_decay": "none"}
        config = rl.default_config(policy, steps=steps, temperature=1.0, **small)
    made = rl.train(TextCraft("easy"), policy, config, store=store, on_resume=lambda *_: None, **options)
    return [step.step for step in made]


def test_python_goes_on_without_a_config_and_in_the_dialect_of_the_run(tmp_path: Path) -> None:
    out = tmp_path / "a.rao"
    assert go(out, 2, prompt="codeact") == [0, 1, 2]
    assert go(out, resume=True) == []
    shutil.rmtree(f"{out}.ckpt/step-2")
    assert go(out, resume=True) == [2]
    with open_run(out) as run:
        assert run.config["dialect"] == "codeact"
        assert run.config["train"]["tasks_per_step"] == 1


class Mild:
    def score(self, tree: rl.Tree, path: str) -> Score:
        return Score(0.5, "judge")


@pytest.mark.filterwarnings("ignore:judge was not asked")
def test_another_judge_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "a.rao"
    go(out, 1, judge=Mild())
    shutil.rmtree(f"{out}.ckpt/step-1")
    with pytest.raises(
        ConfigError, match="the judge Mild and cannot be resumed without it: name it again by --judge"
    ):
        go(out, resume=True)


def test_a_world_made_in_python_that_cannot_say_how_is_named(tmp_path: Path, lab: CommandLine) -> None:
    class Mine:
        name = "mine"

        def __init__(self) -> None:
            self.tasks, self.open = TextCraft("easy").tasks, TextCraft("easy").open

    policy = rl.load_policy("tiny")
    out = tmp_path / "a.rao"
    config = rl.default_config(policy, steps=1, tasks_per_step=1, group_size=2, probe_tasks=0)
    list(rl.train(Mine(), policy, config, store=out))
    said = lab.refused([*alone(out), "--steps", "2"])
    assert "a.rao was made in Python, in a world of" in said and "--env MODULE:CLASS" in said


@pytest.mark.parametrize(
    "opened",
    [
        {"env": {"env": "subprocess:Popen", "settings": {"args": ["touch", "started"]}}},
        {"env": {"env": 3, "difficulty": ["x"], "settings": {"seed": "x"}}},
        {"env": {"env": "textcraft", "settings": 5}, "policy": {"name": "http://127.0.0.1:9/v1#m"}},
        {"policy": {"name": 7, "folder": {}, "settings": {"lora": [1]}}},
        [1],
    ],
)
def test_what_a_forged_run_says_starts_no_code_and_gives_no_traceback(
    opened: Any, run_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lab: CommandLine
) -> None:
    monkeypatch.chdir(tmp_path)
    with open_run(run_file) as run:
        forged = {**run.config, "opened": opened}
    with RunWriter(run_file, forged, resume=True) as writer:
        writer.rewind(2, forged)
    status, _, err = lab([*alone(run_file), "--steps", "3"])
    assert status in (0, 2) and "Traceback" not in err
    assert not Path("started").exists()
    if "Popen" in repr(opened):
        assert "give --env subprocess:Popen (a run file alone starts no code)" in err
