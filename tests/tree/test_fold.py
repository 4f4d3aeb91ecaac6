"""Events fold to the tree that they describe, live and at the end; impossible events are refused."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import pytest

from rao_lab.errors import RecordError
from rao_lab.tree import (
    Acted,
    Call,
    Event,
    Finished,
    Message,
    Node,
    Refused,
    Scored,
    Spawned,
    Status,
    Task,
    Tree,
    TreeHeader,
    Turn,
    TurnEnded,
    TurnStarted,
    validate,
)
from rao_lab.tree.fold import Fold, fold

HEADER = TreeHeader(Task("t", "goal"), seed=7)
IDS, SAMPLED = array("i", [1, 2, 3]), array("i", [4, 5])
LOGPROBS, ENTROPIES = array("f", [-0.5, -0.25]), array("f", [1.0, 0.5])


def numbered(*events: Any) -> list[Event]:
    """Events in order; the tick is ten times `seq`, the time is `seq` seconds."""
    return [make(seq, 10 * seq, float(seq)) for seq, make in enumerate(events)]


def spawned(path: str, turn: int | None = None, together: bool = False) -> Any:
    parent = path.rpartition(".")[0] or None
    return lambda seq, tick, time: Spawned(
        seq, tick, time, path, parent, turn, 0, together, path.count("."), f"do {path}", {"n": 1}, "terse", 64
    )


def started(path: str, turn: int, *messages: Message) -> Any:
    return lambda seq, tick, time: TurnStarted(seq, tick, time, path, turn, messages)


def acted(path: str, turn: int, continues: bool = False) -> Any:
    return lambda seq, tick, time: Acted(
        seq,
        tick,
        time,
        path,
        turn,
        continues,
        IDS,
        SAMPLED,
        LOGPROBS,
        ENTROPIES,
        3,
        "hm\ncode",
        "hm",
        "code",
        "stop",
        2,
    )


def turn_ended(path: str, turn: int, calls: tuple[Call, ...] = (), waiting: float = 0.0) -> Any:
    return lambda seq, tick, time: TurnEnded(seq, tick, time, path, turn, calls, "out", None, waiting)


def refused(path: str, turn: int, kind: str) -> Any:
    return lambda seq, tick, time: Refused(seq, tick, time, path, turn, kind, "no")


def finished(path: str, status: Status = Status.FINISHED, value: Any = None, reason: str = "") -> Any:
    return lambda seq, tick, time: Finished(seq, tick, time, path, status, value, reason)


def scored(path: str, success: float | None, source: str | None = "verifier") -> Any:
    return lambda seq, tick, time: Scored(seq, tick, time, path, success, source, success)


BRIEF, SEEN = Message("user", "begin"), Message("user", "you saw")
LAUNCH = Call("launch_subagent", ("a",), {}, (1, 2), child="0.0")

# A root that launches two children together, is refused a third, and finishes; one child is cancelled.
STORY = numbered(
    spawned("0"),  # 0
    started("0", 1, BRIEF),  # 1
    acted("0", 1),  # 2
    refused("0", 1, "depth"),  # 3
    refused("0", 1, "depth"),  # 4
    spawned("0.0", 1, together=True),  # 5
    spawned("0.1", 1, together=True),  # 6
    started("0.0", 1),  # 7
    started("0.1", 1),  # 8
    acted("0.0", 1),  # 9
    finished("0.0", value=(1, 2)),  # 10
    scored("0.0", 1.0),  # 11
    turn_ended("0", 1, (LAUNCH,), waiting=5.0),  # 12
    finished("0.1", Status.CANCELLED, reason="its parent went on"),  # 13
    scored("0.1", 0.0, "rule"),  # 14
    started("0", 2, SEEN),  # 15
    acted("0", 2, continues=True),  # 16
    turn_ended("0", 2),  # 17
    finished("0", value={"ok": True}),  # 18
    scored("0", 0.5),  # 19
)


def turn(
    index: int, messages: tuple[Message, ...], start: int, sampled: int | None = None, **fields: Any
) -> Turn:
    if sampled is None:
        return Turn(index, messages, started=float(start), started_tick=10 * start)
    return Turn(
        index,
        messages,
        prompt_ids=IDS,
        sampled_ids=SAMPLED,
        logprobs=LOGPROBS,
        entropies=ENTROPIES,
        policy_version=3,
        text="hm\ncode",
        thought="hm",
        code="code",
        stop="stop",
        started=float(start),
        started_tick=10 * start,
        sampled=float(sampled),
        sampled_tick=10 * sampled,
        decode_steps=2,
        **fields,
    )


def told(path: str, start: int, end: int, **fields: Any) -> Node:
    return Node(
        path,
        parent=path.rpartition(".")[0] or None,
        depth=path.count("."),
        goal=f"do {path}",
        args={"n": 1},
        template="terse",
        window=64,
        started=float(start),
        started_tick=10 * start,
        ended=float(end),
        ended_tick=10 * end,
        **fields,
    )


EXPECTED = Tree(
    HEADER,
    (
        told(
            "0",
            0,
            18,
            turns=(
                turn(
                    1,
                    (BRIEF,),
                    1,
                    2,
                    calls=(LAUNCH,),
                    output="out",
                    children=("0.0", "0.1"),
                    ended=12.0,
                    ended_tick=120,
                    waiting_seconds=5.0,
                ),
                turn(2, (SEEN,), 15, 16, continues=True, output="out", ended=17.0, ended_tick=170),
            ),
            value={"ok": True},
            status=Status.FINISHED,
            success=0.5,
            success_source="verifier",
            fraction=0.5,
            refusals={"depth": 2},
            children=("0.0", "0.1"),
        ),
        told(
            "0.0",
            5,
            10,
            parent_turn=1,
            together=True,
            turns=(turn(1, (), 7, 9),),
            value=(1, 2),
            status=Status.FINISHED,
            success=1.0,
            success_source="verifier",
            fraction=1.0,
        ),
        told(
            "0.1",
            6,
            13,
            spawn_index=1,
            parent_turn=1,
            together=True,
            turns=(turn(1, (), 8),),
            status=Status.CANCELLED,
            reason="its parent went on",
            success=0.0,
            success_source="rule",
            fraction=0.0,
        ),
    ),
    ended=18.0,
    ended_tick=180,
)


def test_a_story_folds_to_the_tree_it_tells() -> None:
    assert fold(HEADER, STORY) == EXPECTED
    validate(EXPECTED)


def test_every_beginning_of_a_story_is_a_tree() -> None:
    builder = Fold(HEADER)
    for count, event in enumerate(STORY, 1):
        changed = builder.add(event)
        live = builder.tree()
        validate(live)
        assert live.node(event.node) == changed
        assert live == fold(HEADER, STORY[:count])
        assert builder.events == count
    assert builder.tree() == EXPECTED


def statuses(events: Sequence[Event], path: str) -> Status:
    return fold(HEADER, events).node(path).status


def test_a_parent_waits_while_a_child_runs_and_runs_again_after_the_last() -> None:
    events = numbered(
        spawned("0"),
        started("0", 1),
        acted("0", 1),
        spawned("0.0", 1),
        spawned("0.1", 1),
        finished("0.0"),
        finished("0.1"),
    )
    seen = [statuses(events[:count], "0") for count in range(1, 8)]
    running, waiting = Status.RUNNING, Status.WAITING
    assert seen == [running, running, running, waiting, waiting, waiting, running]


def test_a_tree_that_runs_has_no_end_and_a_note_is_kept() -> None:
    live = fold(HEADER, STORY[:5])
    assert (live.ended, live.ended_tick) == (None, None)
    assert fold(HEADER, STORY, "a safety net fired").not_reproducible == "a safety net fired"


def test_nodes_come_in_path_order_however_they_were_spawned() -> None:
    many = [spawned(f"0.{index}", 1) for index in range(12)]
    live = fold(HEADER, numbered(spawned("0"), started("0", 1), *many, spawned("0.2.0", None)))
    assert [found.path for found in live.nodes][:5] == ["0", "0.0", "0.1", "0.2", "0.2.0"]
    assert live.nodes[-1].path == "0.11"
    assert live.root.turns[0].children == tuple(f"0.{index}" for index in range(12))


@pytest.mark.parametrize(
    ("events", "rule"),
    [
        ((spawned("0"), spawned("0")), "spawned twice"),
        ((spawned("0.0"),), "before it was spawned"),
        ((started("0", 1),), "before it was spawned"),
        ((spawned("0"), started("0", 2)), "turn 2 came after 0 turns"),
        ((spawned("0"), acted("0", 1)), "turn 1 was not started"),
        ((spawned("0"), started("0", 1), turn_ended("0", 2)), "turn 2 was not started"),
        ((spawned("0"), finished("0"), finished("0", Status.TIMEOUT)), "ended twice: finished, then timeout"),
        ((spawned("0"), scored("0.4", 1.0)), "before it was spawned"),
    ],
)
def test_what_cannot_have_happened_is_refused(events: tuple[Any, ...], rule: str) -> None:
    with pytest.raises(RecordError, match=rule):
        fold(HEADER, numbered(*events))


def test_a_gap_and_a_repeat_are_refused() -> None:
    with pytest.raises(RecordError, match="event 2 came instead of 1"):
        fold(HEADER, [STORY[0], STORY[2]])
    with pytest.raises(RecordError, match="event 0 came instead of 1"):
        fold(HEADER, [STORY[0], STORY[0]])


def test_a_refused_event_changes_nothing() -> None:
    builder = Fold(HEADER)
    for event in STORY[:3]:
        builder.add(event)
    before = builder.tree()
    with pytest.raises(RecordError):
        builder.add(STORY[7])
    assert builder.tree() == before
    builder.add(STORY[3])
