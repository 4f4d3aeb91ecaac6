"""Plotly figures: what stands in them is what the records say, and no text of a model is markup."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rao_lab import figures
from rao_lab.errors import ConfigError
from rao_lab.evaluation.intervals import wilson
from rao_lab.tree import Node, Status, Task, Tree, TreeHeader, Turn

HOSTILE = "<a href='javascript:alert(1)'>x</a>\x1b[31m"


def turn(index: int, start: float, end: float, waiting: float = 0.0) -> Turn:
    return Turn(
        index,
        started=start,
        sampled=start + 0.5,
        ended=end,
        started_tick=int(start * 10),
        sampled_tick=int(start * 10) + 5,
        ended_tick=int(end * 10),
        waiting_seconds=waiting,
    )


CRAFT = "Craft the following items: "


def family(goal: str = CRAFT + "1x a0") -> Tree:
    root = Node(
        "0",
        goal=goal,
        status=Status.FINISHED,
        success=1.0,
        children=("0.0", "0.1"),
        turns=(turn(1, 0, 5, waiting=3),),
    )
    first = Node(
        "0.0",
        "0",
        0,
        1,
        depth=1,
        goal=CRAFT + "b",
        status=Status.FINISHED,
        success=0.0,
        turns=(turn(1, 1, 2),),
    )
    second = Node(
        "0.1",
        "0",
        1,
        1,
        depth=1,
        goal=CRAFT + "c",
        status=Status.TURN_LIMIT,
        success=0.0,
        turns=(turn(1, 2, 4),),
    )
    return Tree(TreeHeader(Task("t", goal, "easy")), (root, first, second), ended=5.0)


class Recorded:
    """A run with metrics alone: all that curves read."""

    def __init__(
        self, metrics: list[dict[str, Any]], name: str = "a.rao", config: dict[str, Any] | None = None
    ) -> None:
        self.metrics = metrics
        self.path = Path(name)
        self.config = config or {}


def test_a_tree_has_a_mark_per_node_in_spawn_order() -> None:
    figure = figures.tree(family())
    marks = figure.data[1]
    assert list(marks.text) == ["1x a0", "b", "c"]
    assert list(marks.marker.symbol) == ["circle", "circle-open", "square-open"]
    assert list(marks.y) == [0.5, 0.0, 1.0]


def test_hostile_goals_are_text() -> None:
    figure = figures.tree(family(HOSTILE))
    words = " ".join([*figure.data[1].text, *figure.data[1].customdata])
    assert "<a " not in words
    assert "&lt;a" in words
    assert "\x1b" not in words


def test_the_timeline_draws_compute_without_waiting() -> None:
    bars = figures.timeline(family()).data[0]
    assert list(bars.y) == ["0", "0.0", "0.1"]
    assert list(bars.base) == [0, 1, 2]
    assert list(bars.x) == pytest.approx([2.0, 1.0, 2.0])


def test_the_timeline_in_decode_steps_draws_generation() -> None:
    bars = figures.timeline(family(), "decode steps").data[0]
    assert list(bars.x) == [5, 5, 5]


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(ConfigError, match="unit='hours'"):
        figures.timeline(family(), "hours")


def test_curves_carry_raw_points_and_wilson_bands() -> None:
    rows = [
        {"step": 1, "success_by_difficulty": {"easy": {"success": 0.5, "tasks": 8}}},
        {"step": 2, "success_by_difficulty": {"easy": {"success": 0.75, "tasks": 8}}},
    ]
    band, line = figures.curves(Recorded(rows)).data  # type: ignore[arg-type]
    assert list(line.x) == [1, 2]
    assert list(line.y) == [0.5, 0.75]
    assert list(band.y) == pytest.approx([wilson(4, 8)[1], wilson(6, 8)[1], wilson(6, 8)[0], wilson(4, 8)[0]])


def test_gradient_share_is_a_column_for_each_step() -> None:
    rows = [
        {"step": 1, "gradient_share_by_depth": {"0": 1.0}},
        {"step": 2, "gradient_share_by_depth": {"0": 0.25, "1": 0.75}},
        {"step": 4, "gradient_share_by_depth": {"0": 1.0}},
    ]
    first, second = figures.gradient_share(Recorded(rows)).data  # type: ignore[arg-type]
    assert {first.type, second.type} == {"bar"}  # an area would slope through steps without this depth
    assert (list(first.y), list(second.y)) == ([1.0, 0.25, 1.0], [0.0, 0.75, 0.0])
    both = figures.gradient_share([Recorded(rows), Recorded(rows[:1], "b.rao")])  # type: ignore[list-item]
    assert [bar.yaxis for bar in both.data] == ["y", "y", "y2", "y2"]
    none = figures.gradient_share(Recorded([{"step": 1, "R": 0.5}]))  # type: ignore[arg-type]
    assert "Nothing was trained" in none.layout.annotations[0].text


def test_several_runs_are_told_apart_by_dash_mark_and_name_and_say_what_differs() -> None:
    def rows(*entropy: float) -> list[dict[str, Any]]:
        cells = {"success_by_difficulty": {"easy": {"success": 0.5, "tasks": 8}}}
        return [{"step": step, "entropy": each, **cells} for step, each in enumerate(entropy, 1)]

    runs = [
        Recorded(rows(0.5, 0.4), "runs/a.rao", {"train": {"seed": 0, "steps": 9}}),
        Recorded(rows(0.5, 0.3, 0.2), "runs/<b>.rao", {"train": {"seed": 1, "steps": 9}}),
    ]
    figure = figures.curves(runs, "entropy")  # type: ignore[arg-type]
    assert [list(line.y) for line in figure.data] == [[0.5, 0.4], [0.5, 0.3, 0.2]]
    assert len({(line.line.dash, line.marker.symbol) for line in figure.data}) == 2
    ends = [note.text for note in figure.layout.annotations]
    assert (
        sorted(ends[:2]) == ["&lt;b&gt;", "a"] and "train.seed: 0 | 1" in ends[2] and "steps" not in ends[2]
    )
    shares = figures.curves(runs).data  # type: ignore[arg-type]
    assert [line.name for line in shares if line.name] == ["easy, a", "easy, &lt;b&gt;"]
    with pytest.raises(ConfigError, match="did you mean 'entropy'"):
        figures.curves(runs, "entropie")  # type: ignore[arg-type]


def test_an_empty_tree_and_an_empty_run_are_pictures_with_words() -> None:
    empty = replace(family(), nodes=())
    assert "no nodes" in figures.tree(empty).layout.annotations[0].text
    assert "No steps" in figures.curves(Recorded([])).layout.annotations[0].text  # type: ignore[arg-type]
    assert "No steps" in figures.gradient_share(Recorded([])).layout.annotations[0].text  # type: ignore[arg-type]
