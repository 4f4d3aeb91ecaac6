"""The page for lecturers names every notebook and answers every exercise, rightly."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

from rao_lab.course.exercise import exercises, find

OWN = {"8.4"}
"""Exercises about what a student's own run made."""
ANSWER = r"\| (\d+\.\d+) `([^`]+)`"


def test_the_guide_has_every_notebook_and_the_right_answers(repo: Path) -> None:
    page = (repo / "notebooks/README.md").read_text("utf-8")
    for notebook in (repo / "notebooks").glob("*.ipynb"):
        assert f"]({notebook.name})" in page, f"{notebook.name} is not in notebooks/README.md"
    given = dict(re.findall(ANSWER, (repo / "notebooks/answers.md").read_text("utf-8")))
    assert {each.number for each in exercises()} - {*given} == OWN & {each.number for each in exercises()}
    for number, answer in given.items():
        assert find(number).off(ast.literal_eval(answer)) == "", number


def test_first_cells_and_readme_say_how_long_the_computer_needs_as_the_guide_does(repo: Path) -> None:
    """CPU seconds stand in the guide alone; everywhere else stand the words for them."""
    guide = (repo / "notebooks/README.md").read_text("utf-8")
    seconds = re.findall(r"^\| \[`(\w+)`\]\(\1\.ipynb\).*? \| \d+ \| (\d+) \|", guide, re.MULTILINE)
    assert [name for name, _ in seconds] == sorted(path.stem for path in (repo / "notebooks").glob("*.ipynb"))
    for name, each in seconds:
        first = json.loads((repo / f"notebooks/{name}.ipynb").read_text("utf-8"))["cells"][0]["source"]
        assert in_words(int(each)) in " ".join("".join(first).split()), f"{name}: {in_words(int(each))}"
    long = [name[1] for name, each in seconds if in_words(int(each)) == "about a minute"]
    readme = " ".join((repo / "README.md").read_text("utf-8").split())
    assert (
        f"about a minute for {', '.join(long[:-1])} and {long[-1]}, and half a minute or less for the others"
        in readme
    )
    assert (
        f"01 takes {seconds[0][1]} CPU seconds" in guide
        and f"40 · {seconds[0][1]} / 8 = {int(seconds[0][1]) * 5} s" in guide
    )


def test_who_copies_the_notebooks_is_told_to_leave_the_answers_out(repo: Path) -> None:
    guide = (repo / "notebooks/README.md").read_text("utf-8")
    told = re.findall(r"[Cc]opy `notebooks/`\s+\(without\s+([^)]*)\)", guide)
    assert len(told) == len(re.findall(r"[Cc]opy `notebooks/`", guide)) > 1
    assert all("`answers.md`" in each for each in told)


def in_words(seconds: int) -> str:
    limits = {
        15: "about ten seconds",
        26: "about twenty seconds",
        45: "about half a minute",
        75: "about a minute",
    }
    return next(words for limit, words in limits.items() if seconds < limit)


def test_exercises_are_numbered_in_the_text(repo: Path) -> None:
    for path in (repo / "notebooks").glob("0*.ipynb"):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        text = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        code = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        asked = re.findall(r'rl\.check\("([\d.]+)"', code)
        assert asked and re.findall(r"Exercise (\d\.\d)", text) == asked, path.stem
