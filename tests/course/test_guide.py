"""The page for lecturers names every notebook and answers every exercise, rightly."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from rao_lab.course.exercise import exercises, find

OWN = {"8.4"}
"""Exercises about what a student's own run made."""


def test_the_guide_has_every_notebook_and_the_right_answers(repo: Path) -> None:
    page = (repo / "notebooks/README.md").read_text("utf-8")
    for notebook in (repo / "notebooks").glob("*.ipynb"):
        assert f"]({notebook.name})" in page, f"{notebook.name} is not in notebooks/README.md"
    answers = page.split("## Answers to the exercises")[1]
    given = dict(re.findall(r"\| (\d+\.\d+) `([^`]+)`", answers))
    assert {each.number for each in exercises()} - {*given} == OWN & {each.number for each in exercises()}
    for number, answer in given.items():
        assert find(number).off(ast.literal_eval(answer)) == "", number
