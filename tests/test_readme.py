"""What the README shows in Python runs as it stands, one block after another, with fewer and smaller steps."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rao_lab.errors import RunFileError
from tests.support.chat_servers import says, serving

SHORT = {"steps=20)": "steps=2, tasks_per_step=2, group_size=2, probe_tasks=1)"}


@pytest.fixture
def blocks(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    monkeypatch.chdir(tmp_path)
    text = (repo / "README.md").read_text("utf-8")
    found = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for old, new in SHORT.items():
        assert sum(old in block for block in found) == 2
        found = [block.replace(old, new) for block in found]
    yield found


def run(block: str, names: dict[str, Any]) -> None:
    exec(block, names)  # noqa: S102 - our own page


def test_the_python_of_the_readme_runs_in_order(
    blocks: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {}
    run(blocks[0], names)
    names["session"].result()
    with pytest.raises(RunFileError, match=r"first\.rao exists already: resume it"):
        run(blocks[0], names)  # the cell once more
    for block in blocks[1:]:
        run(block, names)
    out = capsys.readouterr().out
    assert "textcraft/small-0/medium/test/0" in out
    assert "textcraft/small-0/medium/train/" in out
    assert sorted(path.name for path in (tmp_path / "runs").glob("*.rao")) == ["first.rao", "second.rao"]


@pytest.mark.slow
def test_the_commands_of_a_prompt_in_ten_minutes_run_in_order(repo: Path, tmp_path: Path) -> None:
    """As printed, but for the server: one of our own answers, which reads no prompt."""
    page = (
        (repo / "README.md")
        .read_text("utf-8")
        .split("## Prototype a prompt in ten minutes")[1]
        .split("\n## ")[0]
    )
    (tools,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "my_tools.py").write_text(f"import rao_lab as rl\n{tools}", "utf-8")
    (commands,) = re.findall(r"```\n(rao-lab .*?)```", page, re.DOTALL)
    out = {}
    with serving(says("```python\nfinish(age_of('Ada'))\n```")) as server:
        for line in commands.splitlines():
            _, *words = shlex.split(line.replace("http://127.0.0.1:8080/v1#model", server.address))
            done = subprocess.run(
                [sys.executable, "-m", "rao_lab", *words],
                cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(repo)}, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            assert done.returncode == 0, (line, done.stderr)
            out[words[0] if words[0] != "prompts" else words[1]] = done.stdout
    assert {*out} == {"new", "show", "diff", "run", "bench", "fork"}
    assert "✓ 0  What is the age of Ada?" in out["run"]
    assert "2 prompts x 3 tasks x 4 repeats: 24 trees" in out["bench"] and "no winner" in out["bench"]
    assert "8 of 8" in out["fork"], "the server gives the right age of Ada, the first task"
    assert (tmp_path / "bench.html").stat().st_size > 10_000


def test_make_lab_asks_nobody_about_news(repo: Path, tmp_path: Path) -> None:
    """JupyterLab reads these defaults; what its user has chosen comes before them."""
    command = ["make", "-s", "-n", "lab", f"VENV={tmp_path}"]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, check=True, timeout=60)
    (line,) = [each for each in done.stdout.splitlines() if "overrides.json" in each]
    subprocess.run(line, shell=True, check=True, timeout=60)
    said = json.loads((tmp_path / "share/jupyter/lab/settings/overrides.json").read_text("utf-8"))
    assert said["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
