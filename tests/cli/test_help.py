"""What the command line says of itself."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest

import rao_lab
from rao_lab.cli import main as cli
from tests.support.command_line import CommandLine

COMMANDS = [
    "demo",
    "train",
    "eval",
    "run",
    "show",
    "diff",
    "fork",
    "credit",
    "diagnose",
    "evolution",
    "export",
    "import",
    "check",
    "hand-in",
    "grade",
    "fetch",
    "bench",
    "claims",
    "doctor",
]


def test_the_commands_are_those_that_work() -> None:
    assert set(cli.PROMPTS) >= {"list", "show", "diff", "new"}
    assert [command.name or command.callback.__name__ for command in cli.app.registered_commands] == COMMANDS


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_that_of_the_package(option: str, lab: CommandLine) -> None:
    assert lab([option]) == (0, f"rao-lab {rao_lab.__version__}\n", "")


EVERY = [*COMMANDS, *(f"prompts {name}" for name in cli.PROMPTS), *(f"new {name}" for name in cli.NEW)]


@pytest.mark.parametrize("command", EVERY)
def test_help_teaches_by_example(command: str, lab: CommandLine) -> None:
    status, out, _ = lab([*command.split(), "--help"])
    assert status == 0
    assert f"rao-lab {command}" in out.split("Example")[1]


@pytest.mark.parametrize("command", EVERY)
def test_help_fills_a_terminal_of_80_columns_and_no_example_is_broken(
    command: str, monkeypatch: pytest.MonkeyPatch, lab: CommandLine
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = lab([*command.split(), "--help"])
    lines = [line.strip("\n") for line in out.split("\u256d")[0].splitlines()]
    examples = [
        line for line in lines[lines.index(next(x for x in lines if "Example" in x)) + 1 :] if line.strip()
    ]
    assert examples and all(line.lstrip().startswith(("rao-lab ", "torchrun ")) for line in examples)
    for line, after in pairwise(line.strip() for line in lines[: -len(examples)]):
        assert not line or not after or len(line) + 1 + len(after.split()[0]) > 78


@pytest.mark.parametrize("group", ["prompts", "new"])
def test_a_group_of_commands_has_an_example_too(group: str, lab: CommandLine) -> None:
    status, out, _ = lab([group, "--help"])
    assert status == 0 and f"rao-lab {group} " in out.partition("Examples")[2]


def test_bare_rao_lab_shows_the_commands(lab: CommandLine) -> None:
    status, out, err = lab([])
    assert status == 2
    assert all(command in out + err for command in COMMANDS)


def test_python_dash_m_is_the_same_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rao_lab", "eval", "--zzz"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "rao-lab: No such option: --zzz\n"
