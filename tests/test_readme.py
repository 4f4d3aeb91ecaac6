"""What the README shows in Python runs as it stands, one block after another, with fewer and smaller steps."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rao_lab.errors import RunFileError

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


def test_the_figures_of_a_gpu_are_those_measured(repo: Path) -> None:
    readme = (repo / "README.md").read_text(encoding="utf-8")
    measured = json.loads((repo / "data/bench/gpu_adapter.json").read_text(encoding="utf-8"))
    found = {case["name"]: case["median"] for case in measured["cases"]}
    for size in ("0.5B", "4B"):
        names = ("generate, one by one", "generate, padded", "engine", "engine, adapter", "update, adapter")
        speeds = " | ".join(f"{found[f'{size}/{name}']:,.0f}" for name in names)
        assert f"| {size} | {speeds} in {found[f'{size}/update, peak memory']:.1f} GB |" in readme


def test_make_lab_asks_nobody_about_news(repo: Path, tmp_path: Path) -> None:
    """JupyterLab reads these defaults; what its user has chosen comes before them."""
    command = ["make", "-s", "-n", "lab", f"VENV={tmp_path}"]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, check=True, timeout=60)
    (line,) = [each for each in done.stdout.splitlines() if "overrides.json" in each]
    subprocess.run(line, shell=True, check=True, timeout=60)
    said = json.loads((tmp_path / "share/jupyter/lab/settings/overrides.json").read_text("utf-8"))
    assert said["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
