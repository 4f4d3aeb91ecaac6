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
        assert "on 2 of 4 tasks (2 not scored: the run was stopped)" in said
    assert lab(["show", out, "--tree", "3.0"])[1].count("cancelled")


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
