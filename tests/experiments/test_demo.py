"""The demo's choices; `make demo` runs it whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from rao_lab.api.defaults import TINY
from rao_lab.errors import ConfigError, RaoLabError
from rao_lab.evaluation.evaluate import Evaluation, Summary
from rao_lab.execution.limits import Limits
from rao_lab.experiments.demo import BANDS, PHASES, DemoConfig, DemoResult, run_demo, telling_pair
from rao_lab.tree import Node, Task, Tree, TreeHeader

NOTHING = Summary(0, 0, None, 0.0, 1.0, None, None, 0, None, 0)


def tree(band: str, success: float, nodes: int = 1) -> Tree:
    children = tuple(f"0.{at}" for at in range(nodes - 1))
    below = [Node(path, "0", at, depth=1) for at, path in enumerate(children)]
    return Tree(TreeHeader(Task(band, "", band)), (Node("0", children=children, success=success), *below))


def evaluation(*trees: Tree) -> Evaluation:
    return Evaluation(
        "recursive", "tiny", 0, Limits(), 0.5, NOTHING, dict.fromkeys(BANDS, NOTHING), 0.0, trees
    )


def test_the_tree_shown_is_the_hardest_that_was_learned_and_can_be_read() -> None:
    before = evaluation(
        tree("easy", 0), tree("medium", 0), tree("hard", 1), tree("hard", 0), tree("medium", 0)
    )
    after = evaluation(
        tree("easy", 1), tree("medium", 1, 4), tree("hard", 1), tree("hard", 1, 90), tree("medium", 0)
    )
    pair = telling_pair(before, after)
    assert pair == (before.trees[1], after.trees[1])


def test_without_anything_learned_some_tree_is_shown() -> None:
    found = evaluation(tree("easy", 0))
    assert telling_pair(found, found) == (found.trees[0], found.trees[0])
    assert telling_pair(None, found) is None
    assert telling_pair(evaluation(), evaluation()) is None


def test_both_agents_train_on_the_same_root_tasks_with_equal_budgets() -> None:
    config = DemoConfig(Path("a.rao"), seed=4)
    team, solo = config.train(TINY, "recursive", 9), config.train(TINY, "flat", 9)
    assert solo == replace(
        team, agent="flat", limits=replace(team.limits, max_turns=team.limits.max_tree_turns)
    )


def test_steps_minutes_and_quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plain = {"steps": None, "minutes": None, "quick": False, "out": None, "seed": 0}
    assert DemoConfig.choose(**plain).out == Path("runs/demo.rao")  # type: ignore[arg-type]
    assert DemoConfig.choose(**{**plain, "quick": True, "steps": 3}).steps == 3  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="exclude"):
        DemoConfig.choose(**{**plain, "steps": 1, "minutes": 1.0})  # type: ignore[arg-type]


def test_a_second_demo_does_not_touch_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "demo.rao").touch()
    (tmp_path / "runs" / "demo-2-flat.rao").touch()
    config = DemoConfig.choose(steps=None, minutes=None, quick=False, out=None, seed=0)
    assert config.out == Path("runs/demo-3.rao")


class Silent:
    """A board that fails the test where anything begins."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"{name}: something was run")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps": 0}, "steps=0 means nothing"),
        ({"out": "taken.rao"}, r"taken\.rao exists already"),
        ({"out": "half.rao"}, r"half-flat\.rao exists already"),
        ({"out": "taken.rao/below/a.rao"}, "cannot be written to"),
    ],
)
def test_what_would_end_the_demo_in_the_middle_is_said_before_it_begins(
    changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    for name in ("taken.rao", "half-flat.rao"):
        (tmp_path / name).touch()
    config = DemoConfig(tmp_path / changes.pop("out", "a.rao"), **changes)
    with pytest.raises(RaoLabError, match=words):
        run_demo(config, Silent())


def test_the_machine_readable_result_has_the_agreed_shape() -> None:
    result = DemoResult(DemoConfig(Path("runs/a.rao"), tasks_per_step=8), steps=5, seconds=12.34)
    for part in (result.before, result.after):
        part.update({"recursive": evaluation(), "flat": evaluation()})
    found = result.to_dict()
    assert (found["seconds"], found["root_tasks"], found["run"]) == (12.3, 40, "runs/a.rao")
    for when in ("before", "after"):
        for agent in ("recursive", "flat"):
            for band in ("easy", "medium", "hard"):
                assert list(found[when][agent][band]) == [
                    *("success", "low", "high", "tasks", "flat_ceiling", "mean_nodes", "mean_depth")
                ]


def test_the_report_names_the_line_to_type_next() -> None:
    result = DemoResult(DemoConfig(Path("runs/a.rao")), steps=5)
    assert result.report().endswith("Next: rao-lab credit runs/a.rao --step 5")


def test_the_planned_shares_of_the_time_sum_to_one() -> None:
    assert sum(PHASES.values()) == pytest.approx(1.0)
