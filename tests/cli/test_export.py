"""`export`: pages, JSON and run files; a run is never written over."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from rao_lab.store import RunWriter, open_run
from rao_lab.tree.values import decode
from rao_lab.views.explorer.page import BUNDLE
from tests.support.command_line import CommandLine


def test_a_file_whose_name_acts_is_named_visibly(recorded: Path, tmp_path: Path, lab: CommandLine) -> None:
    out = tmp_path / "\x1b[5m\u202e.json"
    status, said, _ = lab(["export", recorded, "--format", "json", "--out", out])
    assert (status, out.exists()) == (0, True)
    assert "␛[5m⟨202E⟩.json" in said
    assert "\x1b" not in said


def test_export_json_holds_trees_and_credit(recorded: Path, tmp_path: Path, lab: CommandLine) -> None:
    out = tmp_path / "a.json"
    arguments = ["export", recorded, "--format", "json", "--steps", "1-2", "--out", out]
    assert lab(arguments)[0] == 0
    found = json.loads(out.read_text())
    assert [step["step"] for step in found["steps"]] == [1, 2]
    assert len(found["steps"][0]["groups"]) == 2
    assert found["steps"][0]["credit"]["nodes"]


def test_export_json_tags_what_json_cannot_say(run_file: Path, tmp_path: Path, lab: CommandLine) -> None:
    """A loss that is no number is what a run that went wrong has."""
    out = tmp_path / "a.json"
    with RunWriter(run_file, {"odd": (1, {2.5: float("inf")})}, resume=True) as writer:
        writer.rewind(1)
        writer.begin_step(2)
        writer.end_step(2, None, {"loss": float("nan"), "by_depth": {0: 0.5}})
    assert lab(["export", run_file, "--format", "json", "--steps", "2", "--out", out])[0] == 0
    found = json.loads(out.read_text())
    nan = {"$": "float", "v": "nan"}
    assert found["steps"][0]["metrics"] == {"step": 2, "loss": nan, "by_depth": {"0": 0.5}}
    assert decode(found["config"]["odd"]) == (1, {2.5: float("inf")})


def test_export_json_of_a_damaged_run_leaves_what_was_there(
    run_file: Path, tmp_path: Path, lab: CommandLine
) -> None:
    out = tmp_path / "a.json"
    out.write_text('{"format": "rao-lab run", as it was')
    with sqlite3.connect(run_file) as connection:
        connection.execute("UPDATE nodes SET goal = 999999")
    connection.close()
    assert "there is no text 999999" in lab.refused(["export", run_file, "--format", "json", "--out", out])
    assert out.read_text().endswith("as it was")
    assert not out.with_name("a.json.part").exists()


def test_export_writes_into_a_pipe(run_file: Path) -> None:
    arguments = ["-m", "rao_lab", "export", run_file, "--format", "json", "--out", "/dev/stdout"]
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[0])["format"] == "rao-lab run"


def test_a_damaged_run_says_how_it_is_salvaged_and_is(
    run_file: Path, tmp_path: Path, lab: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    left = tmp_path / "left.rao"
    with sqlite3.connect(run_file) as connection:
        (last,) = connection.execute("SELECT max(id) FROM trees WHERE probe = 0").fetchone()
        connection.execute("UPDATE nodes SET goal = 999999 WHERE tree = ?", (last,))
        (trees,) = connection.execute("SELECT count(*) FROM trees").fetchone()
    connection.close()
    status, out, _ = lab(["export", run_file, "--format", "json", "--out", tmp_path / "left.json"])
    assert status == 0 and "is left out: " in out  # the other steps are there
    (error,) = [
        step["error"] for step in json.loads((tmp_path / "left.json").read_text())["steps"] if "error" in step
    ]
    assert error.startswith("a.rao is damaged: tree ") and "--salvage" not in error
    assert out.strip().endswith("try `rao-lab export a.rao --salvage --out a.salvaged.rao`")
    (pasted,) = re.findall("`rao-lab (.*)`", out)
    assert (lab(shlex.split(pasted))[0], (tmp_path / "a.salvaged.rao").is_file()) == (0, True)
    wrong = lab.refused(["export", run_file, "--salvage", "--out", left.with_suffix(".html")])
    assert "--salvage writes a run file: name one (.rao)" in wrong
    status, out, _ = lab(["export", run_file, "--salvage", "--out", left])
    assert status == 0
    assert f"left.rao: {trees - 1} trees, 0 running trees, 3 steps" in out
    assert "lost: 1 tree; first problem: tree " in out and "there is no text 999999" in out
    with open_run(left) as run:
        assert len(run.trees()) == trees - 1
        step = next(each.step for each in run.steps if run.missing(each.step))
    status, out, _ = lab(["export", left, "--steps", str(step), "--out", tmp_path / "left.html"])
    assert status == 0 and f"the credit of step {step} (step {step} is incomplete: group " in out
    status, out, told = lab(["show", left, "--step", str(step)])
    assert status == 0 and f"step {step} is incomplete, and shown without credit: group " in told
    assert "--salvage" not in lab.refused(["credit", left, "--step", str(step), "--lam", "0"])


def test_a_run_that_lost_all_its_trees_says_so(run_file: Path, lab: CommandLine) -> None:
    with sqlite3.connect(run_file) as connection:
        connection.execute("DELETE FROM trees")
    connection.close()
    said = lab.refused(["show", run_file])
    assert re.search(
        r"a\.rao has no trees \(group 0 lacks 2 of the 2 trees .*: it holds the figures of 3 steps", said
    )


def test_a_step_that_cannot_be_read_is_not_said_to_be_none_of_the_run(
    run_file: Path, tmp_path: Path, lab: CommandLine
) -> None:
    with sqlite3.connect(run_file) as connection:
        connection.execute("UPDATE steps SET started = 9e999 WHERE step = 2")
    connection.close()
    said = lab.refused(["export", run_file, "--steps", "2-3", "--out", tmp_path / "a.json"])
    assert (
        "step 2 cannot be read (started of steps is inf" in said
        and "; of the others the run has 0 to 1" in said
    )


def test_export_html_is_one_page_that_says_what_it_leaves_out(
    recorded: Path, tmp_path: Path, lab: CommandLine
) -> None:
    out = tmp_path / "a.html"
    status, said, _ = lab(["export", recorded, "--out", out])
    assert status == 0
    assert "Content-Security-Policy" in out.read_text(encoding="utf-8")
    assert "left out: 2 of 3 steps (choose with rao-lab export --steps)" in said


def test_export_rao_is_a_run_file(recorded: Path, tmp_path: Path, lab: CommandLine) -> None:
    out = tmp_path / "copy.rao"
    assert lab(["export", recorded, "--format", "rao", "--out", out])[0] == 0
    with open_run(out) as copy, open_run(recorded) as run:
        assert copy.metrics == run.metrics


@pytest.mark.parametrize("kind", ["html", "json", "rao"])
def test_no_export_overwrites_a_run(kind: str, run_file: Path, lab: CommandLine) -> None:
    before = run_file.read_bytes()
    disguised = Path(shutil.copy(run_file, run_file.with_suffix(f".{kind}s")))
    for more in ((), ("--force",)):
        said = lab.refused(["export", run_file, "--format", kind, "--out", disguised, *more])
        why = "exists already" if kind == "rao" else "is a run file or named like one"
        assert "--force has no meaning" in said if kind == "rao" and more else why in said
        assert disguised.read_bytes() == before
    assert "exists already" in lab.refused(["export", run_file, "--out", run_file])
    assert run_file.read_bytes() == before


def test_the_name_of_the_file_chooses_the_format(recorded: Path, tmp_path: Path, lab: CommandLine) -> None:
    begin = {"html": b"<!doctype html>", "json": b'{"format": "rao-lab run"', "rao": b"SQLite format 3"}
    for kind, expected in begin.items():
        out = tmp_path / f"exp.{kind}"
        assert lab(["export", recorded, "--out", out])[0] == 0
        assert out.read_bytes().startswith(expected)


def test_a_format_that_contradicts_the_name_is_refused(
    recorded: Path, tmp_path: Path, lab: CommandLine
) -> None:
    out = tmp_path / "exp.json"
    said = lab.refused(["export", recorded, "--format", "html", "--out", out])
    assert "--format html and --out exp.json contradict each other" in said and "exp.html" in said
    assert "does not say what to write" in lab.refused(["export", recorded, "--out", tmp_path / "exp"])
    assert "does not say what to write" in lab.refused(["export", recorded, "--out", tmp_path])
    for given in (["--format", "csv", "--out", tmp_path / "exp"], ["--out", tmp_path / "exp.csv"]):
        assert 'frame("nodes").to_csv(FILE) writes a table' in lab.refused(["export", recorded, *given])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["html", "json"])
def test_only_an_earlier_export_of_its_kind_is_overwritten(
    kind: str, recorded: Path, tmp_path: Path, lab: CommandLine
) -> None:
    out = tmp_path / f"a.{kind}"
    command = ["export", recorded, "--out", out]
    for mine in ("<!doctype html><p>my own page", '{"my": "own data"}'):
        out.write_text(mine)
        assert f"is no earlier {kind} export: choose another name, or give --force" in lab.refused(command)
        assert out.read_text() == mine
    assert lab([*command, "--force"])[0] == 0
    first = out.read_bytes()
    assert lab(command)[0] == 0
    assert out.read_bytes() == first
    out.write_text("")  # nothing would be lost
    assert lab(command)[0] == 0


def test_what_a_page_of_many_steps_leaves_out_is_one_sentence(tmp_path: Path, lab: CommandLine) -> None:
    run = Path(__file__).parents[2] / "data" / "pathologies" / "lambda_1.rao"
    most = f"{BUNDLE.stat().st_size / 1e6 + 0.3:.2f}"
    _, said, _ = lab(["export", run, "--steps", "0-40", "--max-mb", most, "--out", tmp_path / "a.html"])
    assert re.search(r"left out: the texts of \d+ of 321 nodes \(4 steps from 0 to 12\)\n$", said), said


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--format", "pdf"], "html, json, rao"),
        (["--format", "json", "--steps", "one"], "no list of steps"),
        (["--format", "json", "--steps", "50-60"], "none of the steps 50-60"),
        (["--format", "rao", "--steps", "1"], "--steps has no meaning"),
        (["--format", "rao", "--max-mb", "1"], "--max-mb has no meaning"),
    ],
)
def test_export_refuses_what_means_nothing(
    more: list[str], words: str, recorded: Path, tmp_path: Path, lab: CommandLine
) -> None:
    out = tmp_path / "x"
    assert words in lab.refused(["export", recorded, "--out", out, *more])
    assert not out.exists()


def test_export_into_a_missing_folder_gets_one_line(recorded: Path, tmp_path: Path, lab: CommandLine) -> None:
    for kind in ("html", "json", "rao"):
        out = tmp_path / "none" / f"x.{kind}"
        assert "cannot be written" in lab.refused(["export", recorded, "--format", kind, "--out", out])
