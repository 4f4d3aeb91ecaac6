"""Who computed when, who waited for whom, and the chain that nothing could shorten."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

import rao_lab as rl
from rao_lab.base.safe_text import cells
from rao_lab.tree import Node, Status, Task, Tree, TreeHeader, Turn
from rao_lab.tree.timeline_text import KEY
from rao_lab.tree.times import Times
from tests.golden.make_timeline import TIMELINE, golden, written
from tests.support.lanes import Play, answers, lanes_from


def turn(index: int, started: float, sampled: float, ended: float, steps: int, *children: str) -> Turn:
    """Its tick is ten times its second."""
    ticks = {
        "started_tick": round(started * 10),
        "sampled_tick": round(sampled * 10),
        "ended_tick": round(ended * 10),
    }
    return Turn(
        index, started=started, sampled=sampled, ended=ended, decode_steps=steps, children=children, **ticks
    )


def node(path: str, above: int | None, started: float, ended: float, *turns: Turn) -> Node:
    children = tuple(child for each in turns for child in each.children)
    return Node(
        path,
        parent=path.rpartition(".")[0] or None,
        spawn_index=int(path.rpartition(".")[2]),
        parent_turn=above,
        depth=path.count("."),
        goal=f"goal {path}",
        turns=turns,
        status=Status.FINISHED,
        children=children,
        started=started,
        ended=ended,
        started_tick=round(started * 10),
        ended_tick=round(ended * 10),
    )


@pytest.fixture
def by_hand() -> Tree:
    """The root decodes 1 s, waits for two children at once (2 s and 3 s), then for a third (1 s), and ends at 6.5 s."""
    nodes = (
        node("0", None, 0, 6.5, turn(1, 0, 1, 4.2, 10, "0.0", "0.1"), turn(2, 4.2, 5, 6.5, 8, "0.2")),
        node("0.0", 1, 1, 3, turn(1, 1, 3, 3, 20)),
        node("0.1", 1, 1, 4, turn(1, 1, 4, 4, 30)),
        node("0.2", 2, 5.2, 6.2, turn(1, 5.2, 6.2, 6.2, 10)),
    )
    return Tree(TreeHeader(Task("t", "goal")), nodes, ended=6.5, ended_tick=65)


def test_the_critical_path_goes_through_the_child_that_ended_last(by_hand: Tree) -> None:
    line = by_hand.timeline()
    times = line.seconds
    assert [(bar.kind, bar.start, bar.end) for bar in times.bars[0]] == [
        ("generation", 0, 1), ("waiting", 1, 4), ("code", 4, 4.2),
        ("generation", 4.2, 5), ("code", 5, 5.2), ("waiting", 5.2, 6.2), ("code", 6.2, 6.5),
    ]  # fmt: skip
    assert [leg.node for leg in times.path] == [0, 2, 0, 0, 0, 3, 0]
    assert [(share.node, round(share.time, 9), share.steps) for share in line.critical()] == [
        ("0", 2.5, 18), ("0.1", 3, 30), ("0.2", 1, 10)
    ]  # fmt: skip
    assert line.blocked()[0] == ("0", 1, 3, "0.1", 1)  # for its last second, 0.1 alone was awaited
    assert (line.steps, line.critical_steps) == (78, 58)
    assert line.speed_up == pytest.approx(78 / 58)


def test_both_halves_are_held_to_the_same_answers() -> None:
    assert TIMELINE.read_text("utf-8") == written(golden()), "run python -m tests.golden.make_timeline"
    for case in json.loads(TIMELINE.read_text("utf-8"))["cases"]:
        assert answers(lanes_from(case["lanes"])) == case["answers"], case["name"]


def test_the_critical_path_has_no_gap_and_is_as_long_as_the_tree() -> None:
    for seed in range(60):
        steps = seed % 2 == 0
        play = Play(seed, code=0.0 if steps else 0.2, depth=2)
        whole = play.times()
        for times in (whole, play.times(whole.end * 0.6)):
            if not times.known:  # its first turn still runs: no time has passed that anybody knows of
                continue
            assert [leg.start for leg in times.path[1:]] == [leg.end for leg in times.path[:-1]]
            assert times.path[0].start == 0 and times.path[-1].end == times.end
            assert all(leg.kind != "waiting" for leg in times.path)
        if steps:  # then only decode steps take time, and those of the path take all of it
            assert whole.path_steps == whole.end and whole.steps >= whole.path_steps


def test_unknown_times_stay_unknown(by_hand: Tree) -> None:
    blank = [
        replace(
            each,
            **{name: getattr(Node("0"), name) for name in ("started", "ended", "started_tick", "ended_tick")},
            turns=tuple(Turn(one.index, children=one.children) for one in each.turns),
        )
        for each in by_hand.nodes
    ]
    for unknown in (blank, [replace(each, started=math.nan) for each in blank]):
        line = replace(by_hand, nodes=tuple(unknown), ended=None).timeline()
        assert line.clocks == () and line.speed_up is None and line.critical() == [] and line.blocked() == []
        assert "nobody recorded when" in str(line) and "0 s" not in str(line)
        assert "<svg" not in line._repr_html_()
    assert Tree(by_hand.header, ()).timeline().clocks == ()


def test_a_server_has_no_clock_of_decode_steps_and_an_ideal_speed_up_all_the_same(by_hand: Tree) -> None:
    nodes = [
        replace(each, turns=tuple(replace(one, decode_steps=one.decode_steps * 50) for one in each.turns))
        for each in by_hand.nodes
    ]
    line = replace(by_hand, nodes=tuple(nodes)).timeline()
    assert line.clocks == ("seconds",) and line.speed_up == pytest.approx(78 / 58)
    assert "nobody recorded" in line.text("steps")


def test_it_is_printed_within_its_width_and_a_hostile_goal_does_nothing(by_hand: Tree) -> None:
    nodes = (replace(by_hand.nodes[0], goal="\x1b[31m" + "wide " * 40), *by_hand.nodes[1:])
    line = replace(by_hand, nodes=nodes).timeline()
    for width in (50, 100):
        text = line.text(width=width)
        assert KEY in text or width < cells(KEY)
        drawn = text.splitlines()[1:6]
        assert all(cells(each) <= width for each in drawn) and "\x1b" not in text
    narrow = line.text(width=84).splitlines()[:2]
    assert [each.split(" ")[0] for each in narrow] == ["4", "ideal"], "two lines in place of one that is cut"
    assert "ideal speed-up 1.34×" in text and "critical path: 0 → 0.1 → 0 → 0.2 → 0" in text
    assert "0 waited 3.00 s in turn 1 for 0.1, 1.00 s of it for 0.1 alone" in text
    assert line.text("steps", plain=True).isascii()
    html = line._repr_html_()
    assert html.count("<svg") == 1 and html.count("#55479a") > 5 and "\x1b" not in html and "1.34×" in html
    with pytest.raises(rl.ConfigError, match="clock='ticks' is unknown"):
        line.text("ticks")  # type: ignore[arg-type]


def test_lanes_that_contradict_themselves_end() -> None:
    """A file may say any time: children before their parents, turns that end before they begin."""
    for seed in range(200):
        lanes = list(Play(seed % 20, depth=2).times().lanes)
        dice = Play(seed + 1000, depth=0).dice
        for at in range(len(lanes)):
            spans = [
                span._replace(started=dice.uniform(-1, 9), ended=dice.choice([math.nan, 3.0, 0.0]))
                for span in lanes[at].turns
            ]
            lanes[at] = lanes[at]._replace(started=dice.uniform(0, 9), ended=dice.uniform(0, 9), turns=spans)
        times = Times(lanes)
        assert all(leg.end > leg.start for leg in times.path) and times.waits is not None
