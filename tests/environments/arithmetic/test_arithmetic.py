"""The world to copy: solved by rule at every difficulty, verified at every node, closed to what is no expression."""

from __future__ import annotations

import json
from random import Random

import pytest

import rao_lab as rl
from rao_lab.environments.arithmetic.expressions import MAX_CHARS, code_of, drawn, in_signs, read, sides
from rao_lab.environments.drawn import SPLITS
from rao_lab.environments.named import open_named
from rao_lab.errors import ConfigError, InputError
from rao_lab.prompts import find
from rao_lab.protocols import Brief, Observation
from rao_lab.tree import Call, Task

EVERY = rl.environments.Arithmetic("all")
WHOLE = "(3 plus 4) times (9 minus 5)"


def world(guard: bool = True) -> rl.World:
    task = Task("own", "", data={"expression": WHOLE})
    made = rl.environments.Arithmetic(guard_own_goal=guard).open(task)
    made.enter("0", made.root())
    return made


@pytest.mark.parametrize("agent", ["recursive", "flat"])
def test_the_script_solves_every_difficulty(agent: str) -> None:
    found = rl.evaluate(EVERY, rl.load_policy("scripted"), agent, tasks=24)
    assert found.success == 1.0
    assert (found.overall.max_nodes == 1) == (agent == "flat")


def test_a_script_that_errs_goes_on_and_every_node_is_scored_by_its_own_part() -> None:
    policy = rl.load_policy("scripted", error_rate=0.3)
    trees = [rl.run(task, EVERY, policy) for task in EVERY.tasks("dev")[:12]]
    nodes = [node for tree in trees for node in tree.nodes if node.status == "finished"]
    for node in nodes:
        assert node.success == float(node.value == read(node.args["expression"])[1][-1].result)
    assert {node.success for node in nodes} == {0.0, 1.0}
    assert {kind for tree in trees for node in tree.nodes for kind in node.refusals} == {"own_goal"}


def test_the_flat_plan_and_the_program_say_what_the_world_says() -> None:
    for task in EVERY.tasks("train")[:40]:
        made = EVERY.open(task)
        made.enter("0", made.root())
        *turns, [finish] = EVERY.flat_plan(task)
        for [call] in turns:
            assert made.call("0", call.name, call.args, {}) == call.result
        assert made.leave("0", *finish.args).success == 1.0
        assert len(turns) == EVERY.labels(task)["operations"] == EVERY.flat_program(task).count("(") - 1
        assert json.loads(json.dumps(task.data)) == task.data


def test_no_expression_of_one_split_is_in_another() -> None:
    found = {split: {task.data["expression"] for task in EVERY.tasks(split)[:600]} for split in SPLITS}
    assert min(map(len, found.values())) > 500
    assert not (found["train"] & found["dev"] or (found["train"] | found["dev"]) & found["test"])


def test_the_same_settings_give_the_same_tasks_and_open_them_again() -> None:
    opened = rl.environments.Arithmetic("hard", seed=3, guard_own_goal=False).opened
    again = open_named(opened["env"], "tiny", opened["difficulty"], settings=opened["settings"])
    assert again.opened == opened
    assert again.tasks("test")[7] == rl.environments.Arithmetic("hard", seed=3).tasks("test")[7]
    assert again.tasks("test")[7] != rl.environments.Arithmetic("hard").tasks("test")[7]
    with pytest.raises(ConfigError, match=r"--data words\.txt has no meaning: arithmetic reads no file"):
        rl.environments.Arithmetic.from_options("tiny", None, "words.txt", None)
    with pytest.raises(InputError, match="task 'a': its data need an expression"):
        EVERY.open(Task("a", "", data={"expression": "3 plus"}))


@pytest.mark.parametrize(
    ("value", "right"),
    [
        *((28, True), (28.0, True), (" 28 ", True), (27, False), ("", False), (None, False), ([28], False)),
        *((True, False), ("27 28 29", False), ("*", False), (float("nan"), False), ({"failed": "a"}, False)),
    ],
)
def test_an_answer_counts_in_any_form_and_by_no_luck(value: object, right: bool) -> None:
    assert world().leave("0", value) == rl.Score(float(right))


NONE = [
    *("", "7", "(7)", "3 plus", "3 over 4", "3 plus 4 plus 5", "((3 plus 4)) times 2", "plus(3, 4)", "3+4"),
    *("(" * 500, "(1 plus " * 100 + "1" + ")" * 99, "1 plus 2" + " " * MAX_CHARS, "٣ plus ٤"),
    *(None, 7, True, ["3 plus 4"], {"expression": "3 plus 4"}, b"3 plus 4"),
]


@pytest.mark.parametrize("given", NONE)
def test_what_is_no_expression_is_no_goal(given: object) -> None:
    with pytest.raises(rl.Refusal, match='must be text such as "') as refused:
        world().admit("0", (given,), {})
    assert refused.value.kind == "bad_launch" and "\n" not in refused.value.message


def test_only_parts_are_handed_on() -> None:
    made = world()
    part = made.admit("0", (" ( 3 plus  4 ) ",), {})
    assert (part.goal, part.args) == ("Work out: 3 plus 4", {"expression": "3 plus 4"})
    made.enter("0.0", part)
    for parent, again in (("0", WHOLE), ("0", f"({WHOLE}) plus 1"), ("0.0", WHOLE), ("0.0", "3 plus 4")):
        with pytest.raises(rl.Refusal) as refused:
            made.admit(parent, (), {"expression": again})
        assert refused.value.kind == "own_goal"
        assert world(guard=False).admit("0", (again,), {})


@pytest.mark.parametrize(
    ("name", "args", "words"),
    [
        ("plus", (1,), "needs 'second'"),
        ("plus", (1, "2"), "second must be a whole number; got '2'"),
        ("times", (2**5000, 1), "first must be a whole number; got a whole number of 5001 bits"),
        ("minus", (True, 1), "first must be a whole number; got True"),
        ("over", (1, 2), "no function 'over' here; there are plus, minus, times"),
    ],
)
def test_a_call_is_refused_in_a_line(name: str, args: tuple[object, ...], words: str) -> None:
    with pytest.raises(rl.Refusal, match=words) as refused:
        world().call("0", name, args, {})
    assert refused.value.kind == "bad_call"


def test_expressions_are_taken_apart_as_python_would() -> None:
    for seed in range(60):
        text = drawn(Random(seed), 1 + seed % 30)
        tidy, calls = read(text)
        assert tidy == text and eval(in_signs(text)) == calls[-1].result  # noqa: S307 - drawn here
        left, word, right = sides(text)
        assert code_of(text).startswith(f"{word}({code_of(left)}, ")
        assert all(" " not in side or read(side)[0] == side for side in (left, right))


def test_its_words_are_short() -> None:
    terse = find("terse").worded(EVERY)
    [said] = terse.opening(Brief(goal="", args={"expression": WHOLE}, agent="recursive", functions=()))
    assert said.content == "team (3+4)*(9-5)\n"
    [said] = terse.observe(Observation(calls=(Call("plus", (3, 4), result=7),)))
    assert said.content == "7\n"
