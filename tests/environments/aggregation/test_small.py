"""The preset "small": tasks, splits, verifiers, guards, refusals, scripted play, words."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.environments.aggregation import small
from rao_lab.environments.drawn import SPLITS, split_of
from rao_lab.evaluation.ceiling import flat_transcript
from rao_lab.prompts import find
from rao_lab.tree import Call

EVERY = rl.environments.Aggregation("all")


def world_of(lines: int = 32, **settings: Any) -> Any:
    env = rl.environments.Aggregation("easy", lines=lines, **settings)
    world = env.open(env.tasks("test")[0])
    world.enter("0", world.root())
    return world


def test_a_task_is_plain_data_and_opens_again_from_it() -> None:
    for index in range(8):
        task = EVERY.tasks("train")[index]
        assert json.loads(json.dumps(task.data)) == task.data
        again = rl.environments.Aggregation("all")
        assert again.tasks("train")[index] == task
        assert again.open(task).source.lines == EVERY.open(task).source.lines
        assert len(EVERY.open(task).source.lines) == task.data["lines"]
    assert [task.data["lines"] for task in EVERY.tasks("test")[:1]] == [8]


def test_the_words_are_48_and_none_holds_another() -> None:
    assert len(set(small.WORDS)) == 48
    assert not [pair for pair in combinations(small.WORDS, 2) if pair[0] in pair[1] or pair[1] in pair[0]]


def test_no_context_of_one_split_is_in_another() -> None:
    for split in SPLITS:
        for task in EVERY.tasks(split)[:60]:
            assert split_of("\n".join(EVERY.open(task).source.lines)) == split


@pytest.mark.parametrize("style", ["parts", "halves", "flat"])
def test_the_script_solves_every_difficulty(style: str) -> None:
    agent = "flat" if style == "flat" else "recursive"
    found = rl.evaluate(EVERY, rl.load_policy("scripted", style=style), agent, tasks=4)
    assert found.success == 1.0
    assert (found.overall.max_nodes > 8) == (agent == "recursive")


def test_mistakes_make_some_trees_fail_and_break_none() -> None:
    policy = rl.load_policy("scripted", error_rate=0.5)
    found = rl.evaluate(rl.environments.Aggregation("hard"), policy, tasks=4)
    assert 0 <= found.success < 1 and found.overall.unscored == 0


def test_every_node_is_verified_over_its_own_span() -> None:
    world = world_of(16)
    launch = world.admit("0", (8, 16), {})
    assert launch.args == {"question": world.question, "lines": 8, "start": 8, "span": "8to16"}
    assert launch.goal == f"Answer from your context: lines 8-15 of all, your 0-7. {world.question}"
    world.enter("0.0", launch)
    inner = world.admit("0.0", (2,), {"end": 5, "question": "how many lines name  a TOOL"})
    world.enter("0.0.0", inner)
    lines = world.source.lines
    assert world.call("0.0.0", "read", (0, 3), {}) == lines[10:13]
    tools = sum(line in small.KINDS["tool"] for line in lines[10:13])
    assert world.leave("0.0.0", tools).success == 1.0
    assert world.leave("0.0.0", tools + 1).success == 0.0
    world.enter("0.1", world.admit("0", (0, 3), {"question": "Which of them do you like?"}))
    assert world.leave("0.1", "the first") is None


@pytest.mark.parametrize(
    ("value", "right"),
    [
        *((3, 1), (3.0, 1), (" 3 ", 1), ("3", 1), (4, 0), (True, 0), (None, 0), ("", 0), ("*", 0), ([3], 0)),
        *(("3 or 4", 0), ([*range(99)], 0), ({"3": 3}, 0), (float("nan"), 0), (10**400, 0), ("9" * 5000, 0)),
    ],
)
def test_the_form_of_a_number_is_free_and_its_value_is_not(value: Any, right: int) -> None:
    from rao_lab.environments.aggregation.answers import Number, score

    assert score(Number(3), value, partial=False).success == right
    assert score(Number(3), 5, partial=True).success == 0.75**2


def test_a_launch_for_ones_own_question_about_all_lines_is_refused() -> None:
    world = world_of()
    for args, kwargs in [((0, 32), {}), ((0, 99), {"question": world.question.lower().rstrip("?")})]:
        with pytest.raises(rl.Refusal, match="your own question"):
            world.admit("0", args, kwargs)
    world.enter("0.0", world.admit("0", (0, 32, "How many lines are there?"), {}))
    with pytest.raises(rl.Refusal, match="an agent above you"):
        world.admit("0.0", (0, 32, world.question), {})
    assert world_of(guard_own_goal=False).admit("0", (0, 32), {}).args["lines"] == 32


HOSTILE = [None, True, -1, 2.0, "3", [], {"a": 1}, 10**400, b"x", (), [[[[]]]]]


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_what_code_may_pass_is_taken_or_refused_with_words(value: Any) -> None:
    world = world_of()
    for call in ("read", "length", "find", "nothing"):
        with pytest.raises(rl.Refusal):
            world.call("0", call, (value, value, value), {})
    asked = [] if value is None or isinstance(value, str) else [(0, 8, value)]  # those are fine
    for args in [(value, 8), (0, value), (value,), (0, 8, None, value), *asked]:
        with pytest.raises(rl.Refusal) as refused:
            world.admit("0", args, {})
        assert refused.value.kind == "bad_launch" and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((0, 9), "at most 8 lines at once and you ask for 9"),
        ((32, 40), "you have 32, 0 to 31"),
        ((4, 4), "must lie above start=4"),
        ((0,), r"read needs 'end'; write read\(start, end\)"),
    ],
)
def test_a_refused_read_says_what_to_do(args: Any, says: str) -> None:
    with pytest.raises(rl.Refusal, match=says):
        world_of().call("0", "read", args, {})


def test_terse_words_and_the_shortest_flat_play() -> None:
    env = rl.environments.Aggregation("medium")
    task = env.tasks("test")[0]
    words = [message.content for message in flat_transcript(task, env, find("terse"))]
    lines = env.open(task).source.lines
    kind = small.kind_asked(task.data["question"])
    assert words[0] == f"solo {kind} {len(lines)}\n"
    assert words[1:3] == ["read(0, 8)\n", " ".join(lines[:8]) + "\n"]
    assert words[-1] == f"finish({small.count(lines, str(kind))})\n"
    assert len(words) == 2 + 2 * len(lines) // 8
    said = [
        env.short_result(Call("launch_subagent", (0, 8), result=value)) for value in (5, True, "5", 10**99)
    ]
    assert said == ["5\n", "", "", ""]


def test_settings_that_mean_nothing_say_so_and_a_run_opens_it_again() -> None:
    for settings, says in [
        ({"difficulty": "nightmare"}, "easy, medium, hard, extreme"),
        ({"lines": 0}, "lines=0"),
        ({"preset": "huge"}, "preset='huge'"),
        ({"partial": 1}, "partial must be"),
    ]:
        with pytest.raises(rl.ConfigError, match=says):
            rl.environments.Aggregation(**settings)  # type: ignore[arg-type]
    env = rl.environments.Aggregation("easy,hard", seed=3, partial=True)
    opened = env.opened
    settings = opened["settings"]
    again = type(env).from_options("tiny", opened["difficulty"], None, None, **settings)
    assert again.tasks("test")[5] == env.tasks("test")[5] and again.partial
    with pytest.raises(rl.InputError, match="no task of aggregation"):
        env.open(rl.environments.TextCraft().tasks("test")[0])
