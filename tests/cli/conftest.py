"""The command line, a recorded run of two steps, and a copy of it to be damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rao_lab.cli import main as cli
from tests.support.command_line import CommandLine, train


@pytest.fixture
def lab(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory, random_tiny: Path) -> Path:
    """A run of two steps, which is only read."""
    out = tmp_path_factory.mktemp("runs") / "a.rao"
    assert cli.call(train(out, random_tiny)) == 0
    return out


@pytest.fixture
def run_file(recorded: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    copy = tmp_path / "a.rao"
    shutil.copy(recorded, copy)
    shutil.copytree(f"{recorded}.ckpt", f"{copy}.ckpt")
    return copy
