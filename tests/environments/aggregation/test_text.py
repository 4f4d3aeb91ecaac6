"""The preset "text": what lines say, questions and their parts, plans, scripted play."""

from __future__ import annotations

import json
from itertools import combinations
from random import Random
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.environments.aggregation import topics
from rao_lab.environments.aggregation.questions import FORMS, ROOT_KINDS, Question
from rao_lab.environments.aggregation.text import read_row
from rao_lab.environments.drawn import SPLITS, split_of
from rao_lab.protocols import Programmed
from rao_lab.tree.goal_words import Goal

ENV = rl.environments.Aggregation("all", preset="text", lines=60)
SLOTS = {"topic": "cooking", "other": "travel", "user": "Mateo", "month": "June"}


def world_of(index: int = 0, env: Any = ENV) -> Any:
    world = env.open(env.tasks("test")[index])
    world.enter("0", world.root())
    return world


def test_each_thing_stands_for_one_topic_and_no_statement_is_in_two_splits() -> None:
    things = [thing for topic in topics.TOPICS for thing in topics.things(topic)]
    assert len(things) == len(set(things)) == 6 * 40
    assert not [pair for pair in combinations(things, 2) if pair[0] in pair[1] or pair[1] in pair[0]]
    for topic in topics.TOPICS:
        said = {split: set(topics.statements(topic, split)) for split in SPLITS}
        assert sum(map(len, said.values())) == len(set().union(*said.values())) == 40 * len(topics.SENTENCES)
        assert min(map(len, said.values())) > 100
        assert {topics.topic_of(each) for split in SPLITS for each in said[split]} == {topic}


def test_tasks_are_small_plain_data_and_their_lines_are_of_their_split() -> None:
    for split in SPLITS:
        for task in ENV.tasks(split)[:20]:
            assert json.loads(json.dumps(task.data)) == task.data and len(json.dumps(task.data)) < 300
            lines = ENV.open(task).source.lines
            assert len(lines) == 60
            assert {split_of(line.split(": ", 1)[1]) for line in lines} == {split}


@pytest.mark.parametrize("kind", FORMS)
def test_what_is_right_is_what_a_reader_finds(kind: str) -> None:
    """Truth comes from what was drawn, the reader's answer from the words of the lines."""
    rng = Random(kind)
    for index in range(12):
        source = world_of(index).source
        start = rng.randrange(50)
        end = rng.randrange(start + 1, 61)
        topic, other = rng.sample(topics.TOPICS, 2)
        user = read_row(source.lines[start]).user
        question = Question(kind, SLOTS | {"topic": topic, "other": other, "user": user})
        read = question.answer([read_row(line) for line in source.lines[start:end]])
        known = source.answer(question.text, start, end)
        assert known is not None and known == read
        assert known.closeness(known.wanted) == 1
        for wrong in ("", "*", None, [], {}, list(topics.TOPICS), dict.fromkeys(topics.TOPICS, 10**6), 10**6):
            assert known.closeness(wrong) < 1


def test_joins_and_comparisons_over_lines_of_ones_own() -> None:
    lines = [
        *(
            "1 May, Elif: What a day, and all because of the gravy.",
            "2 May, Elif: I am rather proud of the jet lag.",
        ),
        *(
            "3 June, Oskar: I keep coming back to the jet lag.",
            "4 July, Priya: I am rather proud of the gravy.",
        ),
    ]
    rows = [read_row(line) for line in lines]
    answers = {kind: Question(kind, SLOTS | {"topic": "travel", "other": "cooking"}) for kind in FORMS}
    assert {kind: each.answer(rows).wanted for kind, each in answers.items()} == {
        **{
            "count": 2,
            "by": 0,
            "before": 1,
            "most": "cooking",
            "compare": "same",
            "top_user": "Elif",
            "join": 1,
        },
        "topics": {"cooking": 2, "travel": 2},
        "users": {"Elif": 2, "Oskar": 1, "Priya": 1},
        "table": {"Elif": {"cooking": 1, "travel": 1}, "Oskar": {"travel": 1}, "Priya": {"cooking": 1}},
    }
    tied = answers["top_user"].answer(rows)
    assert [tied.closeness(name) for name in ("elif", " Oskar. ", "Priya", "Elif, Oskar")] == [1, 1, 0, 0]


@pytest.mark.parametrize("kind", FORMS)
def test_a_question_is_known_again_whatever_its_case(kind: str) -> None:
    question = Question.parse(FORMS[kind].format(**SLOTS).upper().rstrip("?") + "  ")
    assert question is not None and question.kind == kind
    assert Question.parse(question.text) == question
    assert Question.parse(f"{question.text} And why?") is None


@pytest.mark.parametrize("style", ["parts", "halves", "flat"])
def test_the_script_solves_all_kinds_of_questions(style: str) -> None:
    env = rl.environments.Aggregation("easy", preset="text", lines=110)
    kinds = {env.labels(task)["kind"]: task for task in env.tasks("dev")[:60]}
    assert set(kinds) == set(ROOT_KINDS)
    agent = "flat" if style == "flat" else "recursive"
    found = rl.evaluate(env, rl.load_policy("scripted", style=style), agent, tasks=[*kinds.values()])
    assert found.success == 1.0


def test_every_node_of_a_join_is_verified_and_hands_back_a_table() -> None:
    env = rl.environments.Aggregation("easy", preset="text", lines=110)
    join = next(task for task in env.tasks("dev") if env.labels(task)["kind"] == "join")
    tree = rl.run(join, env, rl.load_policy("scripted", style="halves"))
    assert [node.success for node in tree.nodes] == [1.0] * len(tree.nodes) and len(tree) > 3
    assert isinstance(tree.root.value, int) and isinstance(tree.node("0.1.0").value, dict)
    assert tree.node("0.0").args["question"] == FORMS["table"]
    assert len({str(sorted(Goal.of(node).names.items())) for node in tree.nodes}) == len(
        tree
    )  # no work looks done twice


def test_find_reads_users_and_dates_and_no_topics() -> None:
    world = world_of()
    lines = world.source.lines
    user = read_row(lines[3]).user
    assert world.call("0", "find", (f"{user.upper()}:",), {}) == [
        n for n, s in enumerate(lines) if f"{user}:" in s
    ]
    assert world.call("0", "find", (f"{user}:", 4), {})[:1] != [3]
    assert sum(len(world.call("0", "find", (topic,), {})) for topic in topics.TOPICS) < 5


def test_the_shortest_flat_play_can_be_played_and_searches_if_that_is_shorter() -> None:
    kinds: dict[str, set[str]] = {}
    env = rl.environments.Aggregation("medium", preset="text")
    for task in env.tasks("dev")[:40]:
        world = world_of(0, env)
        world = env.open(task)
        world.enter("0", world.root())
        *turns, (finish,) = env.flat_plan(task)
        for (call,) in turns:
            assert world.call("0", call.name, call.args, {}) == call.result
        score = world.leave("0", finish.args[0])
        assert score is not None and score.success == 1
        kinds.setdefault(str(env.labels(task)["kind"]), set()).update(call.name for (call,) in turns)
    assert kinds["by"] == {"find", "read"} and kinds["most"] == {"read"}


class OneProgram:
    """A `Policy` that writes the environment's program."""

    name, version, dialect, window = "one program", 0, "codeact", 0

    def __init__(self, code: str) -> None:
        self._code = code
        self._asked: list[Any] = []

    def submit(self, request: Any) -> None:
        self._asked.append(request)

    def tick(self) -> list[rl.TurnReply]:
        asked, self._asked = self._asked, []
        return [rl.TurnReply(each.key, f"```python\n{self._code}\n```") for each in asked]

    def forget(self, key: Any) -> None:
        pass


def test_a_program_is_known_where_the_words_are_few_and_nowhere_else() -> None:
    assert not isinstance(ENV, Programmed)
    small = rl.environments.Aggregation("extreme")
    assert isinstance(small, Programmed)
    for task in small.tasks("dev")[:3]:
        tree = rl.run(task, small, OneProgram(small.flat_program(task)), agent="flat")
        assert (tree.success, len(tree.root.turns)) == (1.0, 1), tree.root.turns[0].error


def test_a_helper_has_turns_for_its_lines_and_some_to_spare() -> None:
    world = world_of()
    assert world.admit("0", (0, 50), {}).turns == 8 + 2


def test_it_passes_what_any_environment_must() -> None:
    report = rl.testing.check_environment(rl.environments.Aggregation("easy", preset="text"))
    assert report.ok, report
