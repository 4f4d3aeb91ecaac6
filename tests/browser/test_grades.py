"""The page of `rao-lab grade`, in a real browser: what it holds is as wide as its window."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from rao_lab.course.exercise import exercises
from rao_lab.course.grade import Criteria, grade
from rao_lab.course.grade_page import grades_page

pytestmark = pytest.mark.browser


def test_the_page_of_grades_is_as_wide_as_its_window(pages: Any, repo: Path, tmp_path: Path) -> None:
    for name in ("ada", "Мария Иванова", "x" * 70):
        folder = tmp_path / "class" / name
        folder.mkdir(parents=True)
        shutil.copy(repo / "data/pathologies/as_it_should_be.rao", folder / f"{name}.rao")
        lines = [json.dumps({"exercise": each.number, "answer": "z"}) for each in exercises()]
        (folder / "answers.jsonl").write_text("\n".join(lines), "utf-8")
    file = tmp_path / "grades.html"
    file.write_text(grades_page(grade(tmp_path / "class", Criteria.of(10, "1"))), "utf-8")
    grounds = set()
    for width, theme in ((360, "light"), (700, "dark"), (1366, "light"), (1620, "dark")):
        page = pages.open(file.as_uri(), width, theme=theme)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        grounds.add(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
    assert len(grounds) == 2, "light and dark"
