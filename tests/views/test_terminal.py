"""Boards: what a terminal shows, and what a log file gets instead."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from rao_lab.evaluation.evaluate import Evaluation
from rao_lab.evaluation.summary import Fitting, Summary
from rao_lab.execution.limits import Limits
from rao_lab.training.metrics import TrainStep
from rao_lab.tree import Group, Node, Status, Task, Tree, TreeHeader
from rao_lab.views.terminal import Board, clock, pooled, refusals, share, step_line, success_text

EASY = Summary(60, 0, 0.9, 0.8, 0.95, 1.0, 2.0, 5, 1.0, 1000)
HARD = replace(EASY, success=0.1, low=0.05, high=0.2, flat_ceiling=0.25)
FOUND = Evaluation("recursive", "tiny", 0, Limits(), None, EASY, {"easy": EASY, "hard": HARD}, 1.0, ())


def step(number: int, *scores: float | None) -> TrainStep:
    task = Task("t", "g")
    trees = tuple(
        Tree(TreeHeader(task), (Node("0", status=Status.FINISHED, success=score),)) for score in scores
    )
    metrics = {
        "success": 0.5,
        "nodes": 3.25,
        "nodes_max": 9,
        "depth": 1.5,
        "refusals": {"own_goal": 2, "base_item": 7},
        "tokens_per_second": {"generation": 1234.5, "training": 4000.0},
        "entropy": 0.25,
    }
    return TrainStep(number, (Group(task, trees),), (), None, metrics, {"total": 2.04})


def test_the_table_puts_flat_beside_its_ceiling() -> None:
    part = {"flat_ceiling_of": "one call a turn"}
    easy = replace(EASY, **part, fitting=Fitting(60, 60, 0.9, 0.8, 0.95))
    hard = replace(HARD, **part, fitting=Fitting(15, 14, 0.4, 0.2, 0.6))
    rows = {("before", "recursive"): FOUND.by_difficulty, ("before", "flat"): {"easy": easy, "hard": hard}}
    assert success_text(rows).splitlines() == [
        "success on held-out tasks [95 % interval]",
        "        agent         easy               hard",
        "before  recursive     0.90 [0.80, 0.95]  0.10 [0.05, 0.20]",
        "before  flat          0.90 [0.80, 0.95]  0.10 [0.05, 0.20]",
        "        of what fits  0.90 [0.80, 0.95]  0.40 [0.20, 0.60] of 14",
        "        flat ceiling  1.00 (60 of 60)    0.25 (15 of 60)",
        "        tasks         60                 60",
        "flat ceiling: tasks that fit the window with one call a turn",
    ]


def test_three_bands_at_two_temperatures_fit_80_columns() -> None:
    bands = {"easy": EASY, "medium": EASY, "hard": HARD}
    shown = success_text({(when, "recursive"): bands for when in ("before", "before T 1")}).splitlines()
    assert max(map(len, shown)) <= 80 and shown[3].startswith("before T 1 recursive")


def test_a_share_says_what_it_is_of_if_some_tasks_were_not_scored() -> None:
    lost = replace(EASY, unscored=7, why_unscored={"no answer within 120 s": 6, "out of memory": 1})
    rows = {("before", "recursive"): {"easy": lost, "hard": HARD}}
    shown = success_text(rows).splitlines()
    assert shown[2] == "before  recursive     0.90 [0.80, 0.95] of 53  0.10 [0.05, 0.20]"
    assert " ".join(" ".join(shown[5:]).split()) == (
        "before recursive, easy: 53 of 60 tasks (7 not scored: 6 x no answer within 120 s, 1 x out of memory)"
    )


def test_nothing_scored_is_said_and_not_zero() -> None:
    assert share(replace(EASY, success=None)) == "none of 60 scored"
    assert pooled([step(1, None)]) == "not known: 0 of 1 trees scored"


def test_success_is_pooled_over_recent_steps() -> None:
    assert pooled([step(1, 1.0, 0.0), step(2, 1.0, 1.0)]) == "0.75 [0.30, 0.95] of 4 trees"
    assert pooled([step(1, 1.0, None), step(2, 1.0, 0.0)]).endswith("of 3 scored of 4 trees")


def test_a_step_is_a_line() -> None:
    assert step_line("recursive", step(3, 1.0)) == (
        "recursive step 3    success 0.50 of 1  nodes 3.2  depth 1.5  refusals base_item 7, own_goal 2  2.0 s"
    )
    assert "success 0.50 of 2 of 3  nodes" in step_line("recursive", step(3, 1.0, 0.0, None))


def test_refusals_are_counted_by_kind_most_frequent_first() -> None:
    counts = {"a": 1, "b": 5, "c": 2, "d": 2}
    assert refusals({"refusals": counts}) == "b 5, c 2, d 2"
    assert refusals({}) == "none"


def test_times_are_minutes_and_seconds() -> None:
    assert [clock(0), clock(61.9), clock(3600)] == ["0:00", "1:01", "60:00"]


def board_text(terminal: bool) -> str:
    target = StringIO()
    console = Console(file=target, force_terminal=terminal, width=110, color_system=None)
    with Board(console, "demo") as board:
        board.plan({"before": 0.5, "train": 0.5})
        board.phase("before", 2)
        board.advance("before", 2)
        board.evaluated("before", FOUND)
        board.phase("train", 4)
        board.stepped("recursive", step(1, 1.0, 0.0))
        board.advance("train", 1)
    return target.getvalue()


def test_a_log_gets_one_plain_line_for_each_thing_that_ends() -> None:
    assert [line.split(",")[0] for line in board_text(terminal=False).splitlines()] == [
        "before: 2 done",
        "before recursive easy    0.90 [0.80",
        "before recursive hard    0.10 [0.05",
        "recursive step 1    success 0.50 of 2  nodes 3.2  depth 1.5  refusals base_item 7",
    ]


HOSTILE = "[/b][red]\x1b[5m\u202e\x07"


def test_names_that_act_are_shown_and_not_acted_on() -> None:
    target = StringIO()
    found = replace(FOUND, by_difficulty={HOSTILE: EASY})
    shown = step(1, 1.0)
    shown = replace(shown, metrics={**shown.metrics, "refusals": {HOSTILE: 1}}, warnings=(HOSTILE,))
    for terminal in (True, False):
        with Board(
            Console(file=target, force_terminal=terminal, color_system=None), f"train {HOSTILE}"
        ) as board:
            board.evaluated("before", found)
            board.stepped("recursive", shown)
    text = target.getvalue() + success_text({("before", "recursive"): found.by_difficulty})
    assert text.count("[/b][red]␛[5m⟨202E⟩␇") > 5
    assert not {"\x1b[5m", "\u202e", "\x07"} & {text[i : i + n] for i in range(len(text)) for n in (1, 4)}


def test_a_terminal_gets_progress_success_shape_and_speed() -> None:
    shown = board_text(terminal=True)
    for words in (
        "demo",
        "62%",
        "left",
        "0.90 [0.80, 0.95]",
        "flat ceiling",
        "at most 9",
        "generation 1,234",
    ):
        assert words in shown


def test_the_fullest_board_fits_a_terminal_of_80_by_24() -> None:
    target = StringIO()
    console = Console(file=target, force_terminal=True, width=80, height=24, color_system=None)
    fitting = {"flat_ceiling_of": "one call a turn", "fitting": Fitting(60, 60, 0.9, 0.8, 0.95)}
    easy, hard = replace(EASY, **fitting), replace(HARD, **fitting)
    found = replace(FOUND, by_difficulty={"easy": easy, "medium": hard, "hard": hard})
    shown = step(1, 1.0, 0.0)
    many = {"wrong_ingredients": 1190, "unknown_item": 780, "missing_or_more": 400}
    shown = replace(shown, metrics={**shown.metrics, "refusals": many})
    board = Board(console, "demo")
    agents = ("recursive", "flat")
    board.plan({f"{when}: {agent}": 1.0 for when in ("before", "train", "after") for agent in agents})
    for when in ("before", "after"):
        for agent in agents:
            board.evaluated(when, replace(found, agent=agent))
            board.stepped(agent, shown)
            lines = console.render_lines(board._draw(), console.options)
            assert len(lines) <= 22
            rows = ["".join(part.text for part in line) for line in lines]
            table = [row for row in rows if when in row and agent in row and "[" in row]
            assert table and table[0].count("]") == 3  # no interval is broken


def test_a_first_estimate_is_told_by_what_was_planned_and_not_by_what_was_loaded(monkeypatch) -> None:
    now = [100.0]
    monkeypatch.setattr("rao_lab.views.terminal.time.monotonic", lambda: now[0])
    board = Board(Console(file=StringIO(), force_terminal=True), "demo")
    assert board._draw() == ""  # nothing to show yet: no empty frame
    now[0] += 10  # loading
    board.plan({"first": 5.0, "second": 15.0})
    board.phase("first", 100)
    assert board._remaining() == "0:10 so far"
    now[0] += 1
    board.advance("first", 20)
    assert board._remaining() == "5%   0:11 so far, about 0:19 left"
    now[0] += 4
    board.advance("first", 100)
    board.phase("second", 10)
    assert board._remaining() == "25%   0:15 so far, about 0:15 left"
    now[0] += 6
    board.advance("second", 2)  # slower than was planned: its own pace counts
    assert board._remaining() == "40%   0:21 so far, about 0:24 left"
    board.plan({"first": 5.0, "second": 15.0, "third": 20.0})
    assert board._remaining().endswith("about 0:52 left")
