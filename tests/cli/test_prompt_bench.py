"""`prompts bench`: what it prints, what it refuses, and how it goes on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine

DATA = Path(__file__).parents[2] / "data"
TRAINED = DATA / "pathologies" / "lambda_1.rao"
STYLES = [
    "prompts",
    "bench",
    "--policy",
    "scripted",
    "--vary",
    "policy.style=summed,per_ingredient",
    "--limit",
    "2",
]


def test_a_bench_prints_its_table_and_goes_on_with_more_tasks(lab: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "bench.rao"
    status, text, err = lab([*STYLES, "--repeats", "1", "--out", out])
    assert status == 0
    lines = text.splitlines()
    assert lines[0] == "2 variants x 2 tasks x 1 repeat: 4 trees"
    assert [line.split()[:2] for line in lines[3:5]] == [
        ["style=summed", "1.00"],
        ["style=per_ingredient", "1.00"],
    ]
    assert lines[5].startswith("style=summed minus style=per_ingredient: +0.00 [") and lines[5].endswith(
        "] on 2 tasks"
    )
    assert "estimated from the first trees: about" in err
    assert "estimated" not in text
    found = lab.json([*STYLES[:-1], "3", "--repeats", "1", "--out", out, "--resume"])
    assert [each["name"] for each in found["figures"]] == ["style=summed", "style=per_ingredient"]
    assert (found["trees"], found["planned"], found["winner"]) == (6, 6, None)
    assert lab.json(["prompts", "bench", "--from", out])["tasks"] == found["tasks"]
    _, exported, _ = lab(["export", out, "--out", tmp_path / "bench.html"])  # a page of all its prompts
    assert "bench.html: " in exported and "left out" not in exported
    _, side_by_side, _ = lab(["diff", out, "--trees", "1:0.0", "2:0.0"])
    assert "first divergence: node 0, turn 1: another action" in side_by_side


def test_recorded_runs_are_compared_by_task(lab: CommandLine) -> None:
    found = lab.json(["prompts", "bench", "--from", f"first={TRAINED}", "--from", f"again={TRAINED}"])
    assert [each["name"] for each in found["variants"]] == ["first", "again"]
    assert found["differences"][0]["seen"]["value"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give two to six prompts, such as plain divide_and_conquer, or --vary NAME=A,B"),
        (["plain", "--policy", "scripted"], "a bench compares 2 to 6 prompts, not 1"),
        (
            ["plain", "codeact", "--policy", "scripted"],
            "plays by rule and reads no prompt: compare something else with it, as in --vary agent=recursive,flat",
        ),
        (["plain", "codeact", "--policy", "tiny"], "reads its own dialect and no other prompt: compare"),
        (["plain", "plain"], "two prompts are called 'plain': give each prompt once"),
        (["a/mine", "b/mine"], "two prompts are called 'mine': give one of the folders another name"),
        (
            ["plain", "codeact", "--max-tokens", "-1"],
            "--max-tokens=-1.0 means nothing: give a finite number above 0",
        ),
        (["plain", "codeact", "--resume"], "--resume needs --out FILE"),
        (
            ["--vary", "agent=recursive,flat", "--policy", "scripted", "--max-seconds", "1e-9"],
            "--max-seconds 1e-09 is used up: loading alone took",
        ),
        (["--vary", "agent", "--policy", "scripted"], "does not name two different values"),
        (
            ["--vary", "depth=1,2", "--policy", "scripted"],
            "'depth' cannot vary: choose agent, policy or policy.NAME",
        ),
        (["plain", "--vary", "agent=recursive,flat", "--policy", "scripted"], "give two to six prompts"),
        (
            ["--from", TRAINED],
            "holds no prompt bench: to compare recorded runs, give --from for each of them",
        ),
        (["--from", TRAINED, "plain"], "leave out prompts and --vary"),
        (["--from", TRAINED, "--from", TRAINED], "two runs are called 'lambda_1'"),
        (
            ["--vary", "agent=recursive,flat", "--policy", "scripted", "--max-cost", "1"],
            "--max-cost needs the prices of scripted: of a server, give --set policy.prices.in=USD",
        ),
    ],
)
def test_what_means_nothing_is_refused_in_one_line(
    lab: CommandLine, arguments: list[str | Path], words: str
) -> None:
    line = lab.refused(["prompts", "bench", *arguments])
    assert words in line and not re.search(r"rl\.|PromptBench|\{|=True", line)


def test_help_teaches_by_example(lab: CommandLine) -> None:
    status, out, _ = lab(["prompts", "bench", "--help"])
    assert status == 0 and "rao-lab prompts bench plain budget_aware" in out.split("Examples")[1]
    status, out, _ = lab(["prompts"])
    assert "bench" in out
