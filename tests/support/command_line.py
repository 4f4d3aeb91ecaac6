"""The command line as a test calls it: its status, what it printed, and the line that bad input gets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rao_lab.cli import main as cli


class CommandLine:
    """Calls `rao-lab` in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, arguments: Sequence[str | Path]) -> tuple[int, str, str]:
        """The exit status, what was printed, and what was said beside it."""
        self.capsys.readouterr()
        status = cli.call([str(each) for each in arguments])
        out, err = self.capsys.readouterr()
        return status, out, err

    def json(self, arguments: Sequence[str | Path]) -> Any:
        """The one JSON value that a command prints when it succeeds."""
        status, out, _ = self([*arguments, "--json"])
        assert status == 0
        return json.loads(out)

    def refused(self, arguments: Sequence[str | Path]) -> str:
        """The one line that bad input gets, or a failure."""
        status, out, err = self(arguments)
        assert status == 2
        assert out == ""
        assert "Traceback" not in err
        (line,) = [each for each in err.splitlines() if each.startswith("rao-lab: ")]
        return line


SMALL = [
    *("--set", "tasks_per_step=2", "--set", "group_size=2", "--set", "probe_tasks=1"),
    *("--set", "probe_rollouts=1", "--set", "limits.max_turns=3", "--set", "limits.max_nodes=4"),
]


def train(out: Path, model: Path, *more: str, steps: int = 2) -> list[str]:
    return ["train", "--policy", str(model), "--out", str(out), "--steps", str(steps), *SMALL, *more]
