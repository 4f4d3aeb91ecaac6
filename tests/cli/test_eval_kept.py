"""`rao-lab eval --out`: what it keeps, what opens it, and Ctrl-C."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine

EVAL = ["eval", "--policy", "scripted", "--limit", "4"]


def test_an_evaluation_is_kept_shown_and_has_no_credit(tmp_path: Path, lab: CommandLine) -> None:
    out = tmp_path / "e.rao"
    status, said, _ = lab([*EVAL, "--out", out])
    assert status == 0 and said.endswith(f"{out}: 4 trees. Next: rao-lab show {out}\n")
    _, shown, _ = lab(["show", out, "--tree", "3.0"])
    assert shown.startswith("e.rao, step 0: 4 trees of 4 tasks; this is --tree 3.0: tree 1 of 1 of its task")
    assert "its trees were run outside training" in lab.refused(["credit", out])
    assert "its trees were run outside training" in lab.refused(["credit", out, "--step", "0"])
    assert lab(["export", out, "--out", tmp_path / "e.html"])[0] == 0
    assert "e.rao exists already: choose another name" in lab.refused([*EVAL, "--out", out])


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_ctrl_c_prints_and_keeps_what_was_run(form: list[str], tmp_path: Path, lab: CommandLine) -> None:
    out = tmp_path / "e.rao"
    world = ["--env", "tests.support.breaking:Stopping"]
    status, said, _ = lab([*EVAL, *world, "--out", out, *form])
    assert status == 130
    if form:
        found = json.loads(said)
        assert (found["tasks"], found["scored"], found["success"]) == (4, 2, 1.0)
    else:
        assert "on 2 of 4 tasks (2 not scored: it was stopped by the user)" in said
    assert lab(["show", out, "--tree", "3.0"])[1].count("cancelled")
