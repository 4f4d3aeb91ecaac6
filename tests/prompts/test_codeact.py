"""The dialect of chat models."""

from __future__ import annotations

import pytest

from rao_lab.errors import MissingError
from rao_lab.prompts import find
from rao_lab.protocols import Brief, Function, Observation, ParseFailure
from rao_lab.tree import Call

PLAIN = Function("get_info", "get_info(items: list[str]) -> list[dict]", "Looks\n  items up.")
FINISH = Function("finish", "finish(message)", "Ends the work.")
LAUNCH = Function("launch_subagent", "launch_subagent(targets: dict)", "A helper.", is_async=True)
# What the interpreter lacks (design, section 4) must not be suggested to a model.
LACKING = (
    "yield", "del ", "return_exceptions", "create_task", "wait_for", "TaskGroup", "async with", "numpy",
)  # fmt: skip


def system(*functions: Function, agent: str = "recursive") -> str:
    return find("codeact").opening(Brief("Do it.", {}, agent, 0, functions, 8))[0].content


def test_an_unknown_prompt_is_missing_and_the_known_ones_are_named() -> None:
    with pytest.raises(MissingError, match="no prompt 'prose': choose one of codeact, terse, plain"):
        find("prose")


def test_the_opening_names_each_function_once_with_its_signature_and_await() -> None:
    said = system(PLAIN, FINISH, LAUNCH)
    assert "- `get_info(items: list[str]) -> list[dict]`: Looks items up." in said
    assert "- `await launch_subagent(targets: dict)`: A helper." in said
    assert '{"failed": reason}' in said


def test_a_flat_agent_is_told_nothing_of_launches() -> None:
    said = system(PLAIN, FINISH, agent="flat")
    assert "launch" not in said and "helper" not in said and "gather" not in said


def test_what_the_interpreter_lacks_is_never_shown() -> None:
    said = system(PLAIN, FINISH, LAUNCH)
    assert [word for word in LACKING if word in said] == []


def test_the_task_and_the_replies_left_are_the_first_user_message() -> None:
    opening = find("codeact").opening(Brief("Craft 2x a0.", turns_left=8))
    assert opening[1].role == "user"
    assert opening[1].content == "Task: Craft 2x a0.\n\n8 replies left."


@pytest.mark.parametrize("fence", ["```python", "```py", "```Python ", "  ```python"])
def test_the_first_python_block_is_the_code_and_the_text_around_it_the_thought(fence: str) -> None:
    action = find("codeact").parse(f"First I look.\n{fence}\nx = 1\nprint(x)\n```\nThen we see.")
    assert (action.thought, action.code) == ("First I look.\n\nThen we see.", "x = 1\nprint(x)")
    assert action.note == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("I think it is done.", "no code"),
        ("```\nx = 1\n```", "has no label"),
        ("```python\nx = 1", "no closing line"),
        ("```python\n  \n```", "empty"),
    ],
)
def test_a_reply_without_an_action_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ParseFailure) as failure:
        find("codeact").parse(text)
    assert said in failure.value.message


def test_a_very_long_reply_is_read_in_time_linear_in_its_length() -> None:
    with pytest.raises(ParseFailure):
        find("codeact").parse("`" * 1_000_000 + "\n```pythonn" * 100_000)


def test_an_observation_shows_output_error_and_replies_left() -> None:
    observed = find("codeact").observe(Observation((), "3\n", "NameError: x", turns_left=1, cut=True))
    assert [(m.role, m.content) for m in observed] == [
        ("user", "Output:\n3\n(cut here: print less)\n\nError: NameError: x\n\n1 reply left.")
    ]


def test_silence_is_said() -> None:
    assert find("codeact").observe(Observation())[0].content == "The code ran and printed nothing."


def test_launches_that_came_to_nothing_are_said_with_the_reason_and_failed_helpers_are_not() -> None:
    calls = (
        Call("launch_subagent", error="you forgot await"),
        Call("put", error="give a number"),  # an exception in the code told it
        Call("launch_subagent", error="no more", result={"failed": "no more"}),
        Call("launch_subagent", error="ran out of turns", result={"failed": "ran out of turns"}, child="0.0"),
        Call("launch_subagent", result=3, child="0.1"),
        Call("launch_subagent", error="no more", result={"failed": "no more"}),
        Call("launch_subagent", error="cancelled: your turn ended first", child="0.2"),
    )
    assert find("codeact").observe(Observation(calls))[0].content == (
        "Launches that came to nothing:\n"
        "- you forgot await\n- no more (2 times)\n- cancelled: your turn ended first"
    )


def test_a_flood_of_refusals_is_cut() -> None:
    calls = tuple(Call("launch_subagent", error=f"no {number}") for number in range(200))
    said = find("codeact").observe(Observation(calls))[0].content
    assert said.split("\n")[1:] == [
        "- no 0",
        "- no 1",
        "- no 2",
        "- no 3",
        "- no 4",
        "- and 195 more reasons",
    ]
