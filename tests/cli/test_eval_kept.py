"""`rao-lab eval --out`: what it keeps, what opens it, and Ctrl-C."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rao_lab.store import open_run
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
    said = lab.refused([*EVAL, "--out", out])
    assert "e.rao exists already: --resume goes on with it (in Python resume=True), or choose another" in said


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_ctrl_c_prints_and_keeps_what_was_run(form: list[str], tmp_path: Path, lab: CommandLine) -> None:
    out = tmp_path / "e.rao"
    world = ["--env", "tests.support.breaking:Stopping"]
    status, said, err = lab([*EVAL, *world, "--out", out, *form])
    assert status == 130
    assert err.endswith(
        f"goes on: rao-lab {' '.join(map(str, [*EVAL, *world, '--out', out, *form]))} --resume\n"
    )
    if form:
        found = json.loads(said)
        assert (found["tasks"], found["scored"], found["success"]) == (4, 2, 1.0)
        assert found["stopped"] == "success is of the tasks that ended first, which are not a fair sample"
    else:
        assert "stopped: this is of the tasks that ended first, which are not a fair sample" in said
        assert "on 2 of 4 tasks (2 not scored: the run was stopped)" in said
    assert lab(["show", out, "--tree", "3.0"])[1].count("cancelled")
    found = lab.json([*EVAL, *world, "--out", out, "--resume"])
    assert (found["tasks"], found["scored"], found["success"]) == (4, 4, 1.0) and "stopped" not in found


def test_against_compares_under_a_budget_keeps_all_tries_and_saves_a_page(
    tmp_path: Path, lab: CommandLine
) -> None:
    out, page = tmp_path / "c.rao", tmp_path / "c.html"
    arguments = ["eval", "--policy", "tiny", "--difficulty", "easy", "--limit", "2", "--against", "flat"]
    more = ["--budget", "tokens", "--repeats", "2", "--out", out, "--page", page]
    found = lab.json([*arguments, *more])
    compared, plain = found["compared"], found["compared_at_temperature_1"]
    assert found["agent"] == "recursive" and found["temperature"] == 0.5 and len(found["rows"]) == 2
    assert [each["name"] for each in compared["measures"]] == ["pass@1", "pass@2", "within the budget"]
    assert plain["evaluations"]["flat"]["temperature"] == 1.0
    with open_run(out) as run:
        assert run.config["evaluations"] == ["recursive", "flat"]
        kept = [(each.step, each.group, each.rollout) for each in run.trees()]
        trees = run.frame("trees")
        assert dict(zip(trees["step"], trees["evaluation"], strict=True)) == {1: "recursive", 2: "flat"}
    assert lab(["show", out, "--step", "1"])[1].startswith("c.rao (recursive), step 1: ")
    rows = compared["rows"]
    assert len(kept) == len(set(kept)) == len(rows["recursive"]) + len(rows["flat"])
    assert {step for step, _, _ in kept} == {1, 2}
    assert page.read_text().count("<h1>Comparison") == 2


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--budget", "tokens"], "--budget has a meaning with --against alone"),
        (
            ["--against", "flat", "--budget", "money"],
            "budget='money' is unknown: choose one of tokens, turns, seconds",
        ),
        (["--against", "recursive"], "compares it with itself"),
        (["--against", "codeact"], "is a prompt: rao-lab prompts bench PROMPT codeact compares prompts"),
        (["--against", "flat", "--against", "tiny"], "names an agent and a policy"),
        (
            ["--against", "flat", "--budget", "tokens"],
            "without counting generated tokens: choose turns or seconds",
        ),
    ],
)
def test_a_comparison_that_means_nothing_is_refused(more: list[str], words: str, lab: CommandLine) -> None:
    assert words in lab.refused([*EVAL, *more])


def test_another_policy_or_file_is_refused_in_one_line(tmp_path: Path, lab: CommandLine) -> None:
    out, tree = tmp_path / "e.rao", tmp_path / "t.rao"
    common = ["eval", "--difficulty", "easy", "--limit", "2"]
    assert (
        lab([*common, "--policy", "scripted", "--out", out, "--resume"])[0] == 0
    )  # begins, as there is none yet
    assert "begun with policy='scripted'" in lab.refused(
        [*common, "--policy", "tiny", "--out", out, "--resume"]
    )
    other = [
        *common,
        "--policy",
        "scripted",
        "--set",
        "policy.style=per_ingredient",
        "--out",
        out,
        "--resume",
    ]
    assert "style=None" in lab.refused(other)
    assert "--resume needs --out FILE" in lab.refused([*common, "--resume"])
    assert "a comparison cannot go on" in lab.refused(
        [*common, "--against", "flat", "--out", out, "--resume"]
    )
    assert lab(["run", "--policy", "scripted", "--out", tree])[0] == 0
    line = lab.refused([*common, "--policy", "scripted", "--out", tree, "--resume"])
    assert "it was not made by rao-lab eval" in line
