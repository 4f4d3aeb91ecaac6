"""A user's own environment can do all that the bundled one can, and no other room knows a world by its words."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import rao_lab as rl
from rao_lab.environments.bundled import BUNDLED
from rao_lab.evaluation.ceiling import flat_transcript
from rao_lab.policies.replay import ReplayPolicy
from rao_lab.prompts import find
from rao_lab.tree import Call, Task
from tests.environments.second_world import AddUp
from tests.support.command_line import CommandLine

REPO = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
FEW = rl.Limits(max_turns=2, max_nodes=4, max_new_tokens=8, context_window=96)
"""Enough for a model that solves none of the tasks."""


class AddUpPlanned(AddUp):
    """It also knows the shortest flat play."""

    def flat_plan(self, task: Task) -> Sequence[Sequence[Call]]:
        total, *rest = task.data["numbers"]
        turns = []
        for number in rest:
            turns.append([Call("add", (total, number), result=total + number)])
            total += number
        return [*turns, [Call("finish", (total,))]]


@pytest.fixture(scope="module")
def tree() -> rl.Tree:
    return rl.run(AddUp().tasks("test")[3], AddUp(), rl.load_policy("scripted"))


def test_it_has_at_most_sixty_lines() -> None:
    assert len((HERE / "second_world.py").read_text(encoding="utf-8").splitlines()) <= 60


def test_a_tree_is_run_scored_drawn_and_replayed(tree: rl.Tree) -> None:
    assert [node.success for node in tree.nodes] == [1.0] * 7
    assert tree.root.value == 4 + 5 + 6 + 7 + 8 + 9
    words = [" ".join(line.split()) for line in str(tree).splitlines()]
    assert words[2:4] == ["✓ 0 [4, 5, 6, 7, 8, 9] 1.00 1 —", "├═ ✓ 0.0 [4, 5, 6] 1.00 1 —"]
    again = rl.run(tree.task, AddUp(), ReplayPolicy(tree))
    assert [node.value for node in again.nodes] == [node.value for node in tree.nodes]


def test_it_is_evaluated_recursively_and_flat() -> None:
    found = rl.compare(AddUp(), rl.load_policy("scripted"), tasks=6)
    assert [each.success for each in found.evaluations.values()] == [1.0, 1.0]
    assert found.evaluations["flat"].overall.max_nodes == 1
    wrong = rl.evaluate(AddUp(), rl.load_policy("scripted", error_rate=1.0), tasks=6)
    assert wrong.success == 0.0


def test_a_plan_gives_it_a_flat_ceiling() -> None:
    policy = rl.load_policy("tiny")
    assert rl.evaluate(AddUp(), policy, "flat", 6, FEW).overall.flat_ceiling is None
    assert rl.evaluate(AddUpPlanned(), policy, "flat", 6, FEW).overall.flat_ceiling == pytest.approx(2 / 3)
    said = flat_transcript(AddUp().tasks("test")[0], AddUpPlanned(), find("terse"))
    assert [message.content for message in said] == [
        *("solo Add up: [1, 2, 3]\n", "add(1, 2)\n", "3\n", "add(3, 3)\n", "6\n", "finish(6)\n")
    ]


def test_a_style_that_it_does_not_have_is_refused() -> None:
    with pytest.raises(rl.ConfigError, match="'summed' is unknown: choose one of halves"):
        rl.run(AddUp().tasks("test")[0], AddUp(), rl.load_policy("scripted", style="summed"))


def test_the_explorer_shows_it_and_saves_a_page(tree: rl.Tree, tmp_path: Path) -> None:
    explorer = rl.Explorer(tree)
    assert "[4, 5, 6]" in str(explorer)
    explorer.save_html(tmp_path / "sums.html")
    assert "Add up: [4, 5, 6]" in (tmp_path / "sums.html").read_text(encoding="utf-8")


def test_a_model_trains_on_it_for_a_step(tmp_path: Path) -> None:
    config = rl.TrainConfig(steps=1, tasks_per_step=2, group_size=2, limits=FEW, probe_tasks=1)
    steps = list(rl.train(AddUp(), rl.load_policy("tiny"), config, store=tmp_path / "sums.rao"))
    assert steps[-1].step == 1
    with rl.open_run(tmp_path / "sums.rao") as run:
        assert run.config["environment"] == "add-up"
        assert {group.task.data["numbers"][0] for group in run.groups(1)} <= {1, 2, 3, 4, 5, 6}


def test_the_command_line_finds_it_in_the_current_folder() -> None:
    line = [
        sys.executable,
        "-m",
        "rao_lab",
        "eval",
        "--env",
        "second_world:AddUp",
        "--policy",
        "scripted",
        "--json",
    ]
    done = subprocess.run(line, cwd=HERE, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["success"] == 1.0, done.stderr
    assert json.loads(done.stdout)["tasks"] == 6


def test_the_command_line_runs_and_trains_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(HERE)
    monkeypatch.setattr(sys, "path", [*sys.path])  # the command adds the folder
    lab, mine = CommandLine(capsys), ("--env", "second_world:AddUp")
    assert "✓ 0" in lab(["run", *mine, "--policy", "scripted", "--task", "2"])[1]
    few = ("tasks_per_step=2", "group_size=2", "limits.max_nodes=4", "limits.max_turns=2", "probe_tasks=0")
    settings = [part for setting in few for part in ("--set", setting)]
    made = lab.json(["train", *mine, "--steps", "1", "--out", tmp_path / "sums.rao", *settings])
    assert made["last_step"] == 1
    assert lab.refused(["eval", "--env", "second_world:Nothing", "--policy", "scripted"]) == (
        "rao-lab: module second_world has no class 'Nothing', and no environment of this name: "
        "it defines Sums, AddUp"
    )


# No room knows a world by its words

WORDS = re.compile(r"craft|recipe|ingredient|\btiers?\b", re.IGNORECASE)
MAY = (
    *(f"rao_lab/environments/{world}/" for world in BUNDLED),  # each speaks of what it likes
    *("rao_lab/experiments/", "rao_lab/cli/options.py"),
    *(
        "rao_lab/environments/__init__.py",
        "rao_lab/environments/bundled.py",
    ),  # say where the bundled one lies
    "rao_lab/environments/named.py",
)
EXAMPLE = re.compile(r"^ *(>>> .*\n( *\S.*\n)*|rao-lab .*\n|env = rl\.environments\..*\n)", re.MULTILINE)
"""What shows a user how to call something and what comes of it: it shows the bundled world."""


def generic_files() -> list[Path]:
    found = [*(REPO / "rao_lab").rglob("*.py"), *(REPO / "widgets" / "src").rglob("*.*s")]
    return [path for path in found if not path.relative_to(REPO).as_posix().startswith(MAY)]


def test_no_generic_room_speaks_of_the_bundled_world() -> None:
    assert len(generic_files()) > 200
    for path in generic_files():
        text = EXAMPLE.sub(lambda found: "\n" * found[0].count("\n"), path.read_text(encoding="utf-8"))
        for number, line in enumerate(text.splitlines(), start=1):
            assert not WORDS.search(line), f"{path.relative_to(REPO)}:{number}: {line.strip()}"
