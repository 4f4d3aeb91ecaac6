"""Each notebook of the course runs to its end in its short form. A file of its own, so that another worker takes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rao_lab.course.exercise import exercises
from tests.test_notebooks import cells_of

NOTEBOOKS = sorted(path.stem for path in (Path(__file__).parents[1] / "notebooks").glob("[0-9]*.ipynb"))
TOLD_BELOW = {"01_watch_it_learn", "05_prompt_bench", "08_your_environment"}
"""Their quick tests look at what they say, too."""


@pytest.mark.parametrize("name", [name for name in NOTEBOOKS if name not in TOLD_BELOW])
def test_a_notebook_runs_in_short(
    name: str, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the end without an error; every exercise is there, and says that it is not answered yet."""
    monkeypatch.setenv("RAO_LAB_SMALL", "1")
    monkeypatch.setenv("RAO_LAB_CACHE", str(tmp_path / "nothing is fetched"))
    said = "\n".join(cells_of(name, repo, tmp_path))
    asked = [each.number for each in exercises(name[:2].lstrip("0"))]
    assert re.findall(r"^○ (\S+) not answered yet", said, re.MULTILINE) == asked
    assert {path.name for path in tmp_path.iterdir()} <= {"runs", "mine"}
