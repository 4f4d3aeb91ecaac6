"""A user's own world that raises, or scores nothing: what it is, where it is, and what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from rao_lab.store import checkpoint_folder, open_run
from tests.support.command_line import SMALL, CommandLine

WORLD = ["--env", "tests.support.breaking:Breaking"]
TRAIN = ["--steps", "3", *SMALL, "--set", "probe_tasks=0", "--set", "checkpoint_every=3"]
SAID = ".enter at node 0 of task "


def test_it_is_one_line_with_a_way_to_the_traceback(tmp_path: Path, lab: CommandLine) -> None:
    said = lab.refused(["train", *TRAIN, *WORLD, "--out", tmp_path / "a.rao"])
    assert SAID in said and "raised LookupError('no such shelf')" in said
    assert said.endswith("; RAO_LAB_TRACEBACK=1 before the command shows where")


def test_an_evaluation_prints_what_was_done_and_how_it_goes_on(tmp_path: Path, lab: CommandLine) -> None:
    command = ["eval", "--policy", "scripted", "--limit", "9", *WORLD]
    status, out, err = lab([*command, "--out", tmp_path / "a.rao"])
    assert status == 2 and "stopped: this is of the tasks that ended first" in out
    assert SAID in err and "raised LookupError('no such shelf')" in err and "Traceback" not in err
    assert f"what was written is kept, and this goes on: rao-lab {' '.join(command)} --out " in err
    assert err.endswith("a.rao --resume\n")
    with open_run(tmp_path / "a.rao") as run:
        assert f"a.rao: {len(list(run.trees()))} trees" in out


def test_the_traceback_is_shown_on_demand(lab: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAO_LAB_TRACEBACK", "1")
    status, _, err = lab(["eval", "--policy", "scripted", "--limit", "9", *WORLD])
    assert status == 2 and 'raise LookupError("no such shelf")' in err and "breaking.py" in err


def test_training_keeps_the_steps_before_with_the_weights_of_the_last(
    tmp_path: Path, lab: CommandLine
) -> None:
    out = tmp_path / "a.rao"
    assert SAID in lab.refused(["train", *TRAIN, *WORLD, "--out", out])
    with open_run(out) as run:
        assert [row["step"] for row in run.metrics] == [0, 1]
    assert [each.name for each in checkpoint_folder(out).iterdir()] == ["step-1"]


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_an_evaluation_that_scored_nothing_is_no_success(form: list[str], lab: CommandLine) -> None:
    world = ["--env", "tests.support.breaking:Unscored"]
    status, out, _ = lab(["eval", "--policy", "scripted", "--limit", "2", *world, *form])
    assert status == 1 and ('"success": null' in out if form else "none of 2 tasks was scored" in out)
