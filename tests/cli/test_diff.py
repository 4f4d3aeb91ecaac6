"""`diff`: two recorded trees side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine

DATA = Path(__file__).parents[2] / "data"
TRAINED = DATA / "pathologies" / "lambda_1.rao"
ALONE = DATA / "runs" / "smollm2.rao"


def test_two_trees_of_a_run_stand_side_by_side_with_their_credit(
    lab: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    status, out, _ = lab(["diff", TRAINED, "--trees", "1.1", "1.2"])
    assert status == 0
    lines = out.splitlines()
    assert "tree 12:1.1" in lines[0] and "tree 12:1.2" in lines[0]
    assert any(line.startswith("first divergence: node 0") for line in lines)
    assert any(" # " in line and ("+" in line or "−" in line) for line in lines)  # A, signed
    assert max(map(len, lines)) <= 100
    found = lab.json(["diff", TRAINED, "--trees", "1.1", "1.2"])
    assert (found["a"]["rollout"], found["b"]["rollout"]) == (1, 2)
    assert found["rows"][0]["a"]["R"] is not None


def test_a_narrow_terminal_has_narrow_lines(lab: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    lines = lab(["diff", TRAINED, "--trees", "1.1", "1.2"])[1].splitlines()
    assert 60 < max(map(len, lines)) <= 70


def test_trees_of_two_steps_and_of_two_runs(lab: CommandLine) -> None:
    found = lab.json(["diff", TRAINED, "--trees", "1:0.0", "12:0.0"])
    assert (found["a"]["step"], found["b"]["step"]) == (1, 12)
    same = lab.json(["diff", TRAINED, "--trees", "0.0", "0.0"])
    assert same["first"] is None and not any(row["changed"] for row in same["rows"])
    other = lab.json(["diff", TRAINED, ALONE, "--trees", "0.0", "0"])
    assert other["a"]["policy"] != other["b"]["policy"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--trees", "9.9", "0.0"], "has no tree '9.9'"),
        (["--trees", "x:0.0", "0.0"], "name it by its place, GROUP.TREE or STEP:GROUP.TREE"),
        (["--trees", "99:0.0", "0.0"], "has no step 99"),
        (["--trees", "0.0"], "--trees"),
        (["nothing.rao"], "no run file nothing.rao"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(lab: CommandLine, arguments: list[str], words: str) -> None:
    status, out, err = lab(["diff", TRAINED, *arguments])
    assert status == 2 and not out
    assert words in err and len(err.splitlines()) == 1
