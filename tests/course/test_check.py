"""`rl.check`: one verdict for any object, hints in order, answers kept, nothing shown twice."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rao_lab as rl
from rao_lab.course.answers import Judge, choice, members, number, text, values
from rao_lab.course.exercise import Exercise, exercises
from rao_lab.course.handed_in import kept_answers


class Hostile:
    """Its methods do what they should not."""

    def __repr__(self) -> str:
        raise KeyError("repr")

    def __eq__(self, other: object) -> bool:
        raise KeyError("eq")

    __hash__ = None  # type: ignore[assignment]

    def __float__(self) -> float:
        raise KeyError("float")

    @property
    def tolist(self) -> Any:
        raise KeyError("tolist")


DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]
ODD: list[Any] = [
    *(True, float("nan"), float("inf"), 1e308, 10**5000, 1j, "", "x" * 10**6, "\x1b[2J\u202e", b"0.28"),
    *([], (), {}, set(), [None], {"a": 1}, [[[]]], np.zeros((3, 3)), np.array("a")),
    *(object(), int, len, Hostile(), DEEP, range(3)),
]  # fmt: skip
JUDGES: dict[str, Judge] = {
    "number": number(0.28),
    "count": number(lambda: 7, digits=0),
    "cut": number(0.717),
    "zero": number(0.0, digits=1),
    "choice": choice("b", of="abc"),
    "text": text("0.1", "node 0.1"),
    "members": members("0.1", "0.2"),
    "list": values([1.4, "yes"]),
    "dict": values(lambda: {"0": 1.4, "0.1": -0.12}),
}


@pytest.mark.parametrize("name", JUDGES)
def test_a_judge_bears_any_object_and_says_one_sentence(name: str) -> None:
    exercise = Exercise("0.1", "?", JUDGES[name], ())
    for odd in ODD:
        said = exercise.off(odd)
        assert said and "\n" not in said and len(said) < 300 and said.isprintable(), (said, type(odd))
        assert said.endswith(".")


@pytest.mark.parametrize(
    ("judge", "answers"),
    [
        ("number", [0.28, 0.2849, 0.275, Fraction(28, 100), np.float32(0.28), np.array([0.28])[0], np.array(0.28)]),
        ("count", [7, 7.0, np.int64(7)]),
        ("choice", [["b"], "b", "B", "(b)", " b. "]),
        ("text", ["0.1", "Node  0.1.", ["0.1"], ("0.1",)]),
        ("members", [["0.2", "0.1"], {"0.1", "0.2"}, ("0.1", "0.2", "0.1")]),
        ("list", [[1.4, "Yes"], (1.401, "yes")]),
        ("dict", [{"0": 1.4, "0.1": -0.12}, {0: 1.4, 0.1: -0.12}]),
    ],
)  # fmt: skip
def test_right_answers_are_right_as_people_write_them(judge: str, answers: list[Any]) -> None:
    assert [JUDGES[judge](each) for each in answers] == [""] * len(answers)


@pytest.mark.parametrize(
    ("judge", "answer", "said"),
    [
        ("number", 0.3, "0.3 is near: give 2 digits after the point."),
        ("number", 0.29, "0.29 is too large."),
        ("number", 0.2, "0.2 is too small."),
        ("cut", 0.71, "0.71 is near: round it, and do not cut it."),
        ("cut", 0.72, ""),
        ("cut", 0.7, "0.7 is near: give 2 digits after the point."),
        ("cut", 0.73, "0.73 is too large."),
        ("cut", 1, "1 is too large."),
        ("zero", 0.5, "0.5 is too large."),
        ("zero", -0.1, "-0.1 is too small."),
        ("number", float("nan"), "nan is no finite number: give one number, such as 0.25."),
        ("number", -0.28, "-0.28 has the right size and the wrong sign."),
        ("number", 28, "28 looks like percent: give a share from 0 to 1."),
        ("number", 3.0, "3.0 is too large."),
        ("number", "0.28", "'0.28' is a text: give a number, without quotation marks."),
        ("number", "0,28", "'0,28' is a text: give a number, without quotation marks, with a point for the comma."),
        ("number", "-0,28", "'-0,28' is a text: give a number, without quotation marks, with a point for the comma."),
        ("number", (0, 28), "(0, 28) is two numbers: give one, with a point before its decimals, not a comma."),
        ("number", [0.28, 1], "[0.28, 1] is not a number: give one number."),
        ("number", [0.5], "0.5 is too large."),
        ("count", 6.9, "6.9 is too small."),
        ("choice", "a", "'a' is not it."),
        ("choice", "d", "'d' is none of the choices: give \"a\", \"b\" or \"c\", in quotation marks."),
        ("text", 0.1, "0.1 is no text: write it in quotation marks."),
        ("text", ["0.1", "0.2"], "['0.1', '0.2'] is a list of 2: give one text, in quotation marks."),
        ("text", ["0.2"], "'0.2' is not it."),
        ("members", ["0.1", "0.3"], "1 of 2 names are right, and more are missing."),
        ("members", ["0.1", "0.2", "0.3"], "2 of 3 names are right, and none is missing."),
        ("list", [1.4], "The list has 1 value, and 2 are asked for."),
        ("list", [1.4, "no"], "1 of 2 values right; at number 2: 'no' is not it."),
        ("dict", {"0": 1.4, "0.1": 0.12}, "1 of 2 values right; at '0.1': 0.12 has the right size and the wrong sign."),
        ("dict", {"0": 1.4}, "There is no value for '0.1': write each name in quotation marks."),
        ("dict", {0: 1.4, 0.1: 2}, "1 of 2 values right; at '0.1': 2 is too large."),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_told_what_is_off_with_it(judge: str, answer: Any, said: str) -> None:
    assert JUDGES[judge](answer) == said


def test_a_mapping_of_choices_says_why_a_wrong_one_is_wrong() -> None:
    assert choice("b", of={"a": "That is the sum.", "b": ""})("A") == "That is the sum."


def test_the_verdict_is_printed_once_with_hints_one_after_another(capsys: pytest.CaptureFixture[str]) -> None:
    asked = rl.check("1.1")
    assert (
        capsys.readouterr().out
        == f"{asked.text}\n"
        == "○ 1.1 not answered yet: Which agent launched agent 0.1.0?\n"
    )
    assert (asked.right, asked.answered) == (False, False) and rl.check("1.1", ...) == asked
    first, second, last = (rl.check("1.1", "0.2", hint=hint) for hint in (None, 2, 99))
    assert "hint 1 of 2: Read the name" in first.text and 'rl.check("1.1", answer, hint=2)' in first.text
    assert "hint 2 of 2: Take the last number" in second.text and "next hint" not in second.text
    assert last.hint == f"there are only 2 hints: {second.hint}"
    capsys.readouterr()
    print(right := rl.check("1.1", "0.1"))
    assert right.right and right.text.startswith("✓ 1.1 right: A name is the way")
    said = "what is printed or echoed does not say it all again"
    assert capsys.readouterr().out == f"{right.text}\n<Verdict 1.1: right>\n", said
    html = rl.check("1.1", "<script>\x1b")._repr_html_()
    assert "<script>" not in html and "\x1b" not in html and "--jp-error-color1" in html


def test_an_unknown_exercise_is_met_with_those_that_there_are() -> None:
    for unknown in ("1.99", "77.1", "", "../1", "one"):
        with pytest.raises(rl.MissingError, match=r"no exercise '.*': there are 1\.1"):
            rl.check(unknown, 1)
    with pytest.raises(rl.ConfigError, match=r"hint=0 means nothing: give 1 to 2$"):
        rl.check("1.1", 1, hint=0)
    with pytest.raises(rl.ConfigError, match="check has no argument 'hints'"):
        rl.check("1.1", 1, hints=1)  # type: ignore[call-arg]


def test_answers_are_kept_as_plain_data(folder: Path) -> None:
    rl.check("1.1")
    assert not (folder / "mine").exists(), "no answer, nothing to keep"
    given = ["0.1", np.float32(0.5), {"0.1", "0"}, float("nan"), Hostile(), DEEP, "x" * 10**6]
    for answer in given:
        rl.check("1.1", answer)
    lines = [json.loads(line) for line in (folder / "mine/answers.jsonl").read_text("utf-8").splitlines()]
    assert [line.get("answer") for line in lines] == ["0.1", 0.5, ["0", "0.1"], None, None, None, None]
    assert [line.get("kind") for line in lines[3:]] == ["float", "Hostile", "list", "a very long answer"]
    assert [line["right"] for line in lines] == [True, *[False] * 6]
    assert all(line["exercise"] == "1.1" and line["at"].endswith("Z") for line in lines)


def test_a_line_that_was_cut_off_costs_no_other(folder: Path) -> None:
    for answer in ("0.1", "0"):
        rl.check("1.1", answer)
        with (folder / "mine/answers.jsonl").open("a") as file:
            file.write('{"exercise": "1.')
    rl.check("1.1", "0.2")
    notes: list[str] = []
    assert [each["answer"] for each in kept_answers(folder / "mine/answers.jsonl", notes)] == [
        "0.1",
        "0",
        "0.2",
    ]
    assert notes == ["answers.jsonl: 2 lines of 5 cannot be read"]


def test_a_folder_that_cannot_be_written_is_a_warning(folder: Path) -> None:
    (folder / "mine").write_text("in the way")
    with pytest.warns(UserWarning, match=r"your answers are not kept: mine/answers\.jsonl"):
        assert rl.check("1.1", "0.1").right


def test_a_notebook_shows_a_verdict_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A shell with a kernel: what a cell's last line echoes goes through IPython's own formatter."""
    shells = pytest.importorskip("IPython.core.interactiveshell")
    shell = shells.InteractiveShell.instance()
    try:
        monkeypatch.setattr(shell, "kernel", object(), raising=False)
        shell.run_cell("import rao_lab as rl\nverdict = rl.check('1.1', '0.1')\nverdict", store_history=True)
        shown = capsys.readouterr().out
        assert shown.count("✓ 1.1 right") == 1
        shell.run_cell("verdict", store_history=True)
        assert capsys.readouterr().out.count("✓ 1.1 right") == 1, "another cell shows it again"
    finally:
        shells.InteractiveShell.clear_instance()


def test_every_exercise_is_whole() -> None:
    found = list(exercises())
    assert len({each.number for each in found}) == len(found)
    for each in found:
        assert each.asks.endswith(("?", ".")) and "\n" not in each.asks, each.number
        assert 2 <= len(each.hints) <= 4 and each.right, each.number
        for odd in ODD:
            said = each.off(odd)
            assert said and "\n" not in said and said.isprintable(), (each.number, type(odd))
