"""The exercises of notebook 05: a bench of prompts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import rao_lab as rl
from rao_lab.course.exercise import find
from rao_lab.course.part_05 import FILES
from rao_lab.experiments.claims.reading import open_claims
from rao_lab.protocols import TurnReply, TurnRequest
from tests.support.written import Written


@pytest.mark.parametrize(
    ("number", "answer"), [("5.1", "refusal.j2"), ("5.2", "tasks"), ("5.3", 6), ("5.4", "b")]
)
def test_right_answers_pass(number: str, answer: object) -> None:
    assert find(number).off(answer) == ""


def test_the_count_of_replies_is_that_of_the_recorded_bench(repo: Path) -> None:
    bench = rl.PromptBench.open(repo / "data/runs/prompt_bench.rao")
    plain, example = bench.figures
    assert plain.unparsed is not None and example.unparsed is not None
    assert find("5.3").off(12 * (plain.unparsed - example.unparsed)) == ""


class Talks(Written):
    """Writes its reply as it is: one without a block of Python is possible."""

    def reply(self, request: TurnRequest) -> TurnReply:
        return TurnReply(request.key, self._root[0])


@pytest.mark.parametrize(
    ("reply", "file"),
    [
        ("Ada is 36 years old.", "refusal.j2"),
        ("I ask.\n```python\nfinish(age_of(Ada))\n```\n", "observation.j2"),
    ],
)
@pytest.mark.filterwarnings("ignore:tools run outside")
def test_the_file_of_5_1_is_the_one_that_words_what_the_model_reads_next(
    reply: str, file: str, tmp_path: Path
) -> None:
    """Each file says its own name before what it says otherwise, only if it has an error to word."""
    for name, text in rl.prompts.load("plain").files.items():
        (tmp_path / name).write_text(text, "utf-8")
    for name, error in (("refusal.j2", "unreadable"), ("observation.j2", "error")):
        text = (tmp_path / name).read_text("utf-8")
        assert f"Error: {{{{ {error} }}}}" in text
        (tmp_path / name).write_text(text.replace("Error:", f"{name} says:"), "utf-8")

    def age_of(name: str) -> int:
        """The age of a person, in years."""
        return {"Ada": 36}[name]

    goal = "What is the age of Ada?"
    limits = rl.Limits(max_turns=2)
    tree = rl.run(goal=goal, tools=[age_of], policy=Talks([reply]), prompt=tmp_path, limits=limits)
    read = tree.root.turns[1].messages[-1].content
    assert [name for name in FILES if f"{name} says:" in read] == [file]
    assert (find("5.1").off(file) == "") is (file == "refusal.j2")


def test_the_difference_on_many_tasks_is_that_of_the_rows(repo: Path) -> None:
    """What section 4 says of the two agents whose bench it shows."""
    book = json.loads((repo / "notebooks/05_prompt_bench.ipynb").read_text("utf-8"))
    text = " ".join("".join(each for cell in book["cells"] for each in cell["source"]).split())
    found = open_claims().apart("team_base", "solo_base", "medium")
    figure = found.words(found.rows[0]).replace("0.", ".")
    assert (
        f"{found.notes[0].split(': ')[1].split(' of')[0]} of such trees, recursive minus flat was {figure}"
        in text
    )


@pytest.mark.parametrize(
    ("number", "answer", "said"),
    [
        ("5.1", "task.j2", "task.j2 is read once: it tells the goal."),
        ("5.1", "observation.j2", "observation.j2 words what came back from code that ran. Here none did."),
        ("5.2", "repeats", "Repeats say more about the same 5 tasks, and nothing about how other tasks go."),
        ("5.3", 0.5, "0.5 is too small."),
        ("5.4", "a", "These tasks are too hard to tell the prompts apart: that does not make them equal."),
        ("5.4", "c", "It used fewer tokens because its replies held no code: that is no saving."),
        ("5.4", None, 'None is none of the choices: give "a", "b" or "c", in quotation marks.'),
    ],
)
def test_a_near_miss_is_told_what_is_off(number: str, answer: object, said: str) -> None:
    assert find(number).off(answer) == said
