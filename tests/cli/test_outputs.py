"""Where a command writes is looked at before it works, and what it found is printed before it is saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine

REPO = Path(__file__).parents[2]
TRAINED = str(REPO / "data" / "pathologies" / "lambda_1.rao")
EVAL = ["eval", "--env", "gone.py:Gone", "--policy", "scripted", "--against", "flat", "--limit", "1"]
BENCH = [
    *("prompts", "bench", "--env", "gone.py:Gone", "--policy", "scripted", "--limit", "1", "--repeats", "1"),
    *("--vary", "agent=recursive,flat"),
]
CREDIT = ["credit", TRAINED, "--compare", "recorded,rao"]
GONE = """
from pathlib import Path
from shutil import rmtree
from rao_lab.environments.arithmetic import Arithmetic

class Gone(Arithmetic):
    "Takes away the folder that a page is to go to, and says that it worked."
    def open(self, task):
        rmtree("pages", ignore_errors=True)
        Path("worked").touch()
        return super().open(task)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gone.py").write_text(GONE)
    (tmp_path / "file").write_text("kept")
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        [*EVAL, "--page", "file/a.html"],
        [*BENCH, "--page", "file/a.html"],
        [*CREDIT, "--out", "file/a.html"],
        ["bench", "store", "--quick", "--out", "file/a"],
        ["claims", "--quick", "--out", "file/a"],
    ],
)
def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    arguments: list[str], lab: CommandLine, folder: Path
) -> None:
    assert "rao-lab: file/a" in (line := lab.refused(arguments)) and "cannot be written: " in line
    assert not (folder / "worked").exists() and (folder / "file").read_text() == "kept"


@pytest.mark.parametrize("arguments", [EVAL, BENCH])
def test_a_page_that_fails_at_the_end_takes_no_result_along(
    arguments: list[str], lab: CommandLine, folder: Path
) -> None:
    status, out, err = lab([*arguments, "--page", "pages/a.html"])
    assert status == 2 and "recursive" in out and "flat" in out
    assert "rao-lab: pages/a.html cannot be written: No such file" in err


def test_the_folders_above_a_page_are_made(lab: CommandLine, folder: Path) -> None:
    assert lab([*CREDIT, "--out", "new/pages/a.html"])[0] == 0
    assert (folder / "new" / "pages" / "a.html").read_text().startswith("<!doctype html>")
