"""Made mailboxes: solved by rule at every level, every node verified by what the letters of its days say."""

from __future__ import annotations

import json
from random import Random

import pytest

import rao_lab as rl
from rao_lab.environments.drawn import SPLITS
from rao_lab.environments.mail.answers import is_right
from rao_lab.environments.mail.generate import Level, make
from rao_lab.environments.mail.topics import TOPICS, read_question, read_value
from rao_lab.environments.named import open_named
from rao_lab.errors import ConfigError, InputError
from rao_lab.prompts import find
from rao_lab.protocols import Brief, Observation
from rao_lab.tree import Call, Task

EVERY = rl.environments.Mail("all")
HARD = rl.environments.Mail("hard")
CORRECTED = next(task for task in HARD.tasks("test") if task.data["letters"] == 2)


def world(guard: bool = True, task: Task = CORRECTED) -> rl.World:
    made = rl.environments.Mail("hard", guard_own_goal=guard).open(task)
    made.enter("0", made.root())
    return made


@pytest.mark.parametrize("agent", ["recursive", "flat"])
def test_the_script_solves_every_difficulty(agent: str) -> None:
    found = rl.evaluate(EVERY, rl.load_policy("scripted"), agent, tasks=8)
    assert found.success == 1.0
    assert found.overall.max_nodes == (1 if agent == "flat" else 7)


def test_a_script_that_errs_goes_on_and_its_nodes_are_told_apart() -> None:
    policy = rl.load_policy("scripted", error_rate=0.2)
    nodes = [node for task in HARD.tasks("dev")[:6] for node in rl.run(task, HARD, policy).nodes]
    finished = [node for node in nodes if node.status == "finished"]
    assert {node.success for node in finished} == {0.0, 1.0}
    assert {kind for node in nodes for kind in node.refusals} >= {"own_goal"}


def test_letters_say_what_questions_ask_for_and_the_last_word_counts() -> None:
    made = make(Level(400, 0.5, other_words=True), Random(1))
    assert {matter.topic for matter in made.matters} == {*TOPICS}
    for matter in made.matters:
        assert read_question(matter.question) == (matter.topic, matter.who, matter.thing)
        for number, value in matter.said:
            assert read_value(matter.topic, matter.thing, made.mailbox.text(number)) == value
        assert made.accepted(matter.question, "", "") == [matter.said[-1][1]]
        days = [made.messages[number - 1].date for number, _ in matter.said]
        assert made.accepted(matter.question, "", days[0]) == [matter.said[0][1]]
        assert made.accepted(matter.question, "2030-01-01", "") == []
        for number in matter.quoted:  # a letter that quotes the value, and nothing that says it
            day = made.messages[number - 1].date
            assert "> " in made.messages[number - 1].text
            assert made.accepted(matter.question, day, day) is None or day in days
    assert made.accepted("What is the meaning of life?", "", "") is None
    assert {len(matter.said) for matter in made.matters} == {1, 2}
    assert any("assistants" in message.text for message in made.messages)
    assert any(message.subject.startswith("Re: ") and "\n> " in message.text for message in made.messages)


def test_no_content_of_one_split_is_in_another() -> None:
    env = rl.environments.Mail("easy,medium")
    asked = {
        split: {(task.goal, *task.data["answers"]) for task in env.tasks(split)[:200]} for split in SPLITS
    }
    assert min(map(len, asked.values())) > 120
    assert not (asked["train"] & asked["dev"] or (asked["train"] | asked["dev"]) & asked["test"])


def test_the_same_settings_give_the_same_tasks_and_open_them_again() -> None:
    opened = rl.environments.Mail("hard,easy", seed=3, guard_own_goal=False).opened
    again = open_named(opened["env"], "tiny", opened["difficulty"], settings=opened["settings"])
    assert again.opened == opened and again.difficulties == ["easy", "hard"]
    task = again.tasks("test")[6]
    assert task == rl.environments.Mail("hard", seed=3).tasks("test")[3] != HARD.tasks("test")[3]
    kept = json.loads(json.dumps(task.data))
    assert rl.environments.Mail("easy", seed=3).open(Task("a", "", data=kept)).root().goal == task.goal
    for data in ({}, {"question": "a"}, {"question": "a", "mailbox": ["hard", "test"]}, {"question": 3}):
        with pytest.raises(InputError, match="task 'a': "):
            HARD.open(Task("a", "", data=data))


def test_the_flat_plan_is_one_search_and_one_look() -> None:
    for task in EVERY.tasks("dev")[:24]:
        [search], [read], [finish] = EVERY.flat_plan(task)
        asked = read_question(task.data["question"])
        assert asked and asked[1] in read.result
        assert read.args[0] in [hit["id"] for hit in search.result]
        assert world(task=task).leave("0", *finish.args).success == 1.0 if task.difficulty == "hard" else True


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        *(("17 May 2026", "17 May 2026"), ("2026-05-17", "17 May 2026"), ("May 17th, 2026", "17 May 2026")),
        *(("17.05.2026", "2026-05-17"), ("17. 5. 2026", "17 May 2026"), ("2026/05/17", "17.05.2026")),
        *(
            ("17th of may 2026.", "17 May 2026"),
            ("2:05 pm", "14:05"),
            ("14.05 h", "14:05"),
            ("at 9:30", "09:30"),
        ),
        *(
            ("EUR 1,250.50", "1250.50"),
            ("€1250.50", "1250.50"),
            ("1250.5 euros", "1250.50"),
            (1250.5, "1250.50"),
        ),
        *(("0151-1234-567", "0151 1234 567"), ("the Golden Lion", "Golden Lion"), ("Room B412", "B412")),
        *(("58 people", "58"), (58, "58"), ("FINAL_1200.pdf", "final_1200.pdf")),
        *((given, "12500 CHF") for given in ("12,500 CHF", "CHF 12,500", "12'500.00 francs", "12500", 12500)),
        *(("€12,500", "12500 euros"), ("12 kg", "12kg"), ("12,500 XAU", "12500 XAU"), ("900 euros", 900)),
        *(("-3 km", "-3 km"), (3, "3 nights"), ("US$ 5", "5 dollars")),
    ],
)
def test_an_answer_counts_in_any_form(value: object, wanted: str | int) -> None:
    assert is_right(value, [wanted])


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        *(
            ("", "B412"),
            (None, "B412"),
            ("*", "B412"),
            ("B412, B413", "B412"),
            (["B412"], "B412"),
            ("B41", "B412"),
        ),
        *(
            ("2:05 am", "14:05"),
            ("2:05", "14:05"),
            ("17 May", "17 May 2026"),
            ("31 February 2026", "3 March 2026"),
        ),
        *(
            ("17 June 2026", "17 May 2026"),
            ("5806 58", "58"),
            ("euros", "58"),
            (True, "1"),
            ("room", "room 1"),
        ),
        *(("05.17.2026", "2026-05-17"), ("6.5.2026", "5 June 2026"), ("17/05/2026", "17 May 2026")),
        *(("2026-05/17", "17 May 2026"), ("17 mai 2026", "17 May 2026"), ("17.05.", "17 May 2026")),
        ("0" * 5000, "0"),
        *(
            (given, "12500 CHF")
            for given in ("12,501 CHF", "12500 EUR", "€12,500", "CHF", 12501, "125.00 CHF")
        ),
        *(
            (given, "12500 CHF")
            for given in (None, True, [12500], "12500 or 12501", "CHF 12,500 EUR", "-12500 CHF")
        ),
        *(("5", "5 May"), ("5", "May 5"), ("$900", "€900"), ("12 lb", "12 kg"), ("1,2500", "12500 CHF")),
    ],
)
def test_another_content_does_not(value: object, wanted: str) -> None:
    assert not is_right(value, [wanted])


def test_if_there_is_no_answer_one_has_to_say_so() -> None:
    assert all(is_right(value, []) for value in (None, "", "Nothing.", "not found"))
    assert not any(is_right(value, []) for value in (0, "B412", [], False))


def test_a_helper_with_fewer_days_has_another_right_answer() -> None:
    made, question = world(), CORRECTED.data["question"]
    matters = HARD._made(*CORRECTED.data["mailbox"]).matters
    [(_, old), (number, new)] = next(each.said for each in matters if each.question == question)
    day = HARD._made(*CORRECTED.data["mailbox"]).messages[number - 1].date
    assert (made.leave("0", old), made.leave("0", new)) == (rl.Score(0.0), rl.Score(1.0))
    for path, launch, right in (
        ("0.0", made.admit("0", (question,), {"before": "2024-01-01"}), None),
        ("0.1", made.admit("0", (question, day), {}), new),
    ):
        made.enter(path, launch)
        hits = made.call(path, "search", ("",), {})
        assert all(launch.args["after"] <= hit["date"] <= launch.args["before"] for hit in hits)
        if path == "0.1":
            assert (made.leave(path, right), made.leave(path, old)) == (rl.Score(1.0), rl.Score(0.0))
    made.enter("0.2", made.admit("0", ("Which letters came today?",), {}))
    assert made.leave("0.2", "none") is None


def test_only_other_questions_or_fewer_days_are_handed_on() -> None:
    made, question = world(), CORRECTED.data["question"]
    half = made.admit("0", (question, "2023-06-01"), {})
    made.enter("0.0", half)
    for parent, args in (
        ("0", (f" {question.upper()} ",)),
        ("0.0", (question, "2023-06-01")),
        ("0", (question, "")),
    ):
        with pytest.raises(rl.Refusal) as refused:
            made.admit(parent, args, {})
        assert refused.value.kind == "own_goal"
        assert world(guard=False).admit("0", args, {})
    assert made.admit("0.0", (question, "2023-08-01"), {}).args["before"] == half.args["before"]


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "words"),
    [
        ("search", (), {}, "needs 'words'"),
        ("search", (7,), {}, "words must be text; got 7"),
        ("search", ("a" * 500,), {}, "words has 500 characters; at most 400"),
        ("search", ("a",), {"after": "last week"}, 'after must be a day such as "2024-03-05"'),
        ("search", ("a",), {"before": ["2024-03-05"]}, "before must be text; got a list of 1"),
        ("read", ("one",), {}, "id must be a whole number"),
        ("read", (801,), {}, "no message 801: there are 1 to 800"),
        ("read", (0,), {}, "no message 0: there are 1 to 800"),
        ("read", (1, 9), {}, "message 1 has 1 page; got page 9"),
        ("send", ("prize@winner.example",), {}, "no function 'send' here; there are search, read"),
    ],
)
def test_a_call_is_refused_in_a_line(
    name: str, args: tuple[object, ...], kwargs: dict[str, object], words: str
) -> None:
    with pytest.raises(rl.Refusal, match=words) as refused:
        world().call("0", name, args, kwargs)
    assert refused.value.kind == "bad_call" and "\n" not in refused.value.message


@pytest.mark.parametrize("given", [None, "", 7, ["a"], "a" * 3000, ("q", "3000-01-01"), ("q", "soon")])
def test_a_launch_that_asks_nothing_is_refused(given: object) -> None:
    with pytest.raises(rl.Refusal) as refused:
        world().admit("0", given if isinstance(given, tuple) else (given,), {})
    assert refused.value.kind == "bad_launch" and "\n" not in refused.value.message


def test_a_search_takes_any_words(capsys: pytest.CaptureFixture[str]) -> None:
    made = world()
    for words in ('"', "* OR NEAR(", "a AND NOT b", "\0", "💥 ä", "-" * 400, "the the", "title:x", "{}"):
        assert isinstance(made.call("0", "search", (words,), {}), list)
    assert len(made.call("0", "search", ("train hotel room",), {})) == 10
    [hit, *_] = made.call("0", "search", ("",), {"sender": "robin vega", "before": "2024-01-01"})
    assert hit["sender"].startswith("Robin Vega") and hit["date"] <= "2024-01-01"


def test_its_words_are_short() -> None:
    terse = find("terse").worded(EVERY)
    args = {"question": "When?", "after": "2023-01-01", "before": "2024-01-01"}
    [said] = terse.opening(Brief(goal="", args=args, agent="flat", functions=()))
    assert said.content == "solo When? 2023-01-01 2024-01-01\n"
    made = world()
    for call, words in (
        (Call("search", ("a",), result=made.call("0", "search", ("train",), {})[:1]), " 202"),
        (Call("read", (1,), result=made.call("0", "read", (1,), {})), "\n"),
        (Call("launch_subagent", ("q",), result="B412", child="0.0"), "B412\n"),
    ):
        [said] = terse.observe(Observation(calls=(call,)))
        assert words in said.content and len(said.content) < 210


def test_options_that_mean_nothing_are_refused_in_a_line() -> None:
    make_one = rl.environments.Mail.from_options
    for given, words in (
        ({"rules": "a.mbox", "tasks": None}, "--tasks is missing: a mailbox and questions come as two files"),
        ({"rules": None, "tasks": "a.jsonl"}, "--data is missing"),
        ({"rules": "a", "tasks": "b", "seed": 1}, r"mail of files has no setting env\.seed"),
        ({"rules": None, "tasks": None, "size": 1}, r"mail has no setting env\.size"),
    ):
        with pytest.raises(ConfigError, match=words):
            make_one("tiny", None, **given)
