"""`rao-lab demo`: what its options ask for, and what it prints of a result."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

import rao_lab as rl
from rao_lab.cli.commands.demo import demo_config
from rao_lab.cli.reports.demo import demo_json, demo_text, telling_pair
from rao_lab.errors import ConfigError
from rao_lab.evaluation.evaluate import Evaluation
from rao_lab.evaluation.summary import Summary
from rao_lab.execution.limits import Limits
from rao_lab.experiments.demo import BANDS, DemoConfig, DemoResult
from rao_lab.tree import Node, Task, Tree, TreeHeader
from tests.support.command_line import CommandLine

NOTHING = Summary(0, 0, None, 0.0, 1.0, None, None, 0, None, 0)


def tree(band: str, success: float, nodes: int = 1) -> Tree:
    children = tuple(f"0.{at}" for at in range(nodes - 1))
    below = [Node(path, "0", at, depth=1) for at, path in enumerate(children)]
    return Tree(TreeHeader(Task(band, "", band)), (Node("0", children=children, success=success), *below))


def evaluation(*trees: Tree) -> Evaluation:
    return Evaluation(
        "recursive", "tiny", 0, Limits(), 0.5, NOTHING, dict.fromkeys(BANDS, NOTHING), 0.0, trees
    )


def test_steps_minutes_and_quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert demo_config().out == Path("runs/demo.rao")
    assert demo_config(quick=True, steps=3).steps == 3
    with pytest.raises(ConfigError, match="exclude"):
        demo_config(steps=1, minutes=1.0)


def test_a_second_demo_does_not_touch_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "demo.rao").touch()
    (tmp_path / "runs" / "demo-2-flat.rao").touch()
    assert demo_config().out == Path("runs/demo-3.rao")


def test_the_machine_readable_result_has_the_agreed_shape() -> None:
    result = DemoResult(DemoConfig(Path("runs/a.rao"), tasks_per_step=8), steps=5, seconds=12.34)
    for part in (result.before, result.after):
        part.update({"recursive": evaluation(), "flat": evaluation()})
    found = demo_json(result)
    assert (found["seconds"], found["root_tasks"], found["run"]) == (12.3, 40, "runs/a.rao")
    for when in ("before", "after"):
        for agent in ("recursive", "flat"):
            for band in ("easy", "medium", "hard"):
                assert list(found[when][agent][band]) == [
                    *("success", "low", "high", "tasks", "unscored", "why_unscored"),
                    *("flat_ceiling", "flat_ceiling_of", "fitting", "mean_nodes", "mean_depth"),
                ]


def test_the_result_has_a_row_for_each_tree_and_temperature_1_beside_the_usual_one() -> None:
    result = DemoResult(DemoConfig(Path("runs/a.rao")), steps=40)
    result.before["recursive"] = evaluation(tree("easy", 1, 3))
    result.plain["before"]["recursive"] = replace(evaluation(tree("easy", 0)), temperature=1.0)
    found = demo_json(result)
    assert [(row["when"], row["temperature"], row["success"], row["nodes"]) for row in found["rows"]] == [
        ("before", 0.5, 1, 3),
        ("before", 1.0, 0, 1),
    ]
    assert set(found["at_temperature_1"]["before"]["recursive"]) == set(BANDS)
    said = " ".join(demo_text(result).split())
    assert (
        "before T 1 recursive" in said and "sampled at temperature 0.5, and in the rows with T 1 at 1" in said
    )


def test_the_report_ends_with_the_line_that_opens_the_page() -> None:
    said = demo_text(DemoResult(DemoConfig(Path("runs/a.rao")), steps=1, page="runs/a.html: 1.0 MB"))
    assert said.splitlines()[-3:] == [
        "Its trees:  rao-lab show runs/a.rao --step 1",
        "Its credit: rao-lab credit runs/a.rao --step 1",
        "Its page:   rao-lab demo --open --out runs/a.rao",
    ]
    assert "(1 step)" in said and "Page: runs/a.html" in said
    assert "teaches nothing" in " ".join(said.split())
    assert "teaches nothing" not in demo_text(DemoResult(DemoConfig(Path("runs/a.rao")), steps=40))
    assert demo_text(DemoResult(DemoConfig(Path("runs/demo-2.rao")))).endswith(" rao-lab demo --open")


def test_open_opens_the_newest_page_and_trains_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lab: CommandLine
) -> None:
    opened: list[str] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or len(opened) < 4)
    monkeypatch.setattr("rao_lab.experiments.demo.run_demo", lambda *_: pytest.fail("it was trained"))
    (tmp_path / "runs").mkdir()
    for age, name in enumerate(("demo-2", "demo", "demo-notes", "other")):
        (tmp_path / "runs" / f"{name}.html").touch()
        os.utime(tmp_path / "runs" / f"{name}.html", (age, age))
    said = "it is that of the last demo{}: without --open, another one is trained\n"
    assert lab(["demo", "--open"])[::2] == (0, f"runs/demo.html is opened\n{said.format('')}")
    train = {"steps": 1, "tasks_per_step": 1, "group_size": 2, "probe_tasks": 0}
    policy = rl.load_policy("tiny")
    list(
        rl.train(
            rl.environments.TextCraft(), policy, rl.default_config(policy, **train), store="runs/demo.rao"
        )
    )
    assert lab(["demo", "--open"])[2].endswith(said.format(", of 1 training step"))
    assert lab(["demo", "--open", "--out", "runs/other.rao"])[0] == 0
    assert [address.rpartition("/")[2] for address in opened] == ["demo.html", "demo.html", "other.html"]
    assert opened[0].startswith("file:///")
    assert "no browser can be opened here: the page is runs/demo.html" in lab(["demo", "--open"])[2]


def test_the_tree_shown_is_the_hardest_that_was_learned_and_can_be_read() -> None:
    easy = [tree("easy", 0)] * 8
    before = evaluation(*easy, tree("medium", 0), tree("hard", 1), tree("hard", 0), tree("medium", 1))
    learned = [tree("easy", 1)] * 8
    after = evaluation(
        *learned, tree("medium", 1, 4), tree("hard", 1), tree("hard", 1, 90), tree("medium", 0)
    )
    pair = telling_pair(before, after)
    assert pair is not None and (pair.before, pair.after) == (before.trees[8], after.trees[8])
    assert "of 12 tasks, the recursive agent solved 10 only afterwards, and 1 only before" in pair.words


def test_if_chance_may_explain_it_the_tree_shown_is_no_success_that_was_picked() -> None:
    """One of 60 hard tasks was solved after two steps: to show it would suggest that they taught it."""
    before = evaluation(*[tree("medium", 0)] * 5, *[tree("hard", 0)] * 60)
    after = evaluation(*[tree("medium", 0)] * 5, *[tree("hard", 0)] * 59, tree("hard", 1))
    pair = telling_pair(before, after)
    assert pair is not None and pair.after.success == 0
    assert pair.words == "The first medium task, whatever came of it, recursive agent:"
    all_solved = evaluation(*[tree("medium", 1)] * 5, *[tree("hard", 1)] * 60)
    said = [telling_pair(before, all_solved, taught=taught) for taught in (True, False)]
    assert said[0] and said[1] and ("picked" in said[0].words, "picked" in said[1].words) == (True, False)
    result = DemoResult(DemoConfig(Path("runs/a.rao")), steps=2)
    result.before["recursive"], result.after["recursive"] = before, all_solved
    assert "The first medium task, whatever came of it" in demo_text(result)
    assert "The first easy task" in (telling_pair(*[evaluation(tree("easy", 0))] * 2) or pair).words
    assert telling_pair(None, before) is None and telling_pair(evaluation(), evaluation()) is None
