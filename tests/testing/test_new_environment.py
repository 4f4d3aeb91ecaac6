"""`rao-lab new environment` makes a world that runs at once, and `rao-lab check` says what is wrong with one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rao_lab.base.own_code import own_code
from rao_lab.testing.skeleton import class_of
from tests.support.command_line import CommandLine
from tests.testing.faulty_worlds import SKELETON

NEXT = "Next:\n  cd word_hunt\n  rao-lab run --env word_hunt.py:WordHunt --policy scripted\n"


@pytest.fixture
def lab(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.chdir(tmp_path)
    return CommandLine(capsys)


def test_a_new_world_is_played_and_checked(lab: CommandLine, tmp_path: Path) -> None:
    status, out, _ = lab(["new", "environment", "word_hunt"])
    assert status == 0 and NEXT in out
    folder = tmp_path / "word_hunt"
    assert {path.name for path in folder.iterdir()} == {"word_hunt.py", "test_word_hunt.py", "README.md"}
    texts = "".join(path.read_text("utf-8") for path in folder.iterdir())
    assert "my_world" not in texts and "MyWorld" not in texts
    env = f"{folder}/word_hunt.py:WordHunt"
    status, out, _ = lab(["run", "--env", env, "--policy", "scripted"])
    assert status == 0 and "✓ 0 " in out and "✓ 0.1.1 " in out
    assert lab.json(["check", env, "--seconds", "60"])["ok"] is True


FAMILY = """
import rao_lab as rl

def age(name: str) -> int:
    "The age in years."
    return 36

def right(value: int, task: rl.Task) -> bool:
    return value == 36

def answer_of(task: rl.Task) -> int:
    return 36

family = rl.environment(["How old is Ada?"], [age], right, name="family", reproducible=True)
"""


def test_a_right_answer_can_be_given_to_the_command(lab: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "of_family.py").write_text(FAMILY)
    command = ["check", "of_family.py:family", "--seconds", "60"]
    assert "--gold FILE.py:NAME" in str(lab.json(command)["notes"])
    report = lab.json([*command, "--gold", "of_family.py:answer_of"])
    assert report["ok"] and "verifiers" in report["passed"] and "--gold" not in str(report["notes"])
    assert "no function 'answer'" in lab.refused([*command, "--gold", "of_family.py:answer"])


@pytest.mark.slow
def test_a_new_world_passes_its_own_tests(lab: CommandLine, tmp_path: Path) -> None:
    assert lab(["new", "environment", "star_map"])[0] == 0
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    done = subprocess.run(
        command, cwd=tmp_path / "star_map", capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_own_tests_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are quick, in this process."""
    monkeypatch.syspath_prepend(SKELETON)
    tests = own_code(str(SKELETON / "test_my_world.py"))
    tests.test_the_script_solves_it("medium", "recursive")
    tests.test_a_script_that_errs_does_not()
    tests.test_an_agent_succeeds_by_what_it_was_asked()


def test_nothing_is_overwritten(lab: CommandLine, tmp_path: Path) -> None:
    assert lab(["new", "environment", "one"])[0] == 0
    assert "README.md is there already" in lab.refused(["new", "environment", "one"])
    assert "README.md is there" in lab.refused(["new", "environment", "two", "--out", "one"])
    assert not (tmp_path / "one" / "two.py").exists()
    (tmp_path / "file").write_text("mine")
    assert "no folder" in lab.refused(["new", "environment", "three", "--out", "file"])
    assert "cannot be written" in lab.refused(["new", "environment", "three", "--out", "file/below"])
    assert (tmp_path / "file").read_text() == "mine"
    if os.getuid():
        (tmp_path / "locked").mkdir(mode=0o500)
        assert "cannot be written" in lab.refused(["new", "environment", "three", "--out", "locked"])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        *(
            ("class", "word of Python"),
            ("match", "word of Python"),
            ("json", "installed"),
            ("numpy", "installed"),
        ),
        *(
            ("my world", "such as my_world"),
            ("../x", "small letters"),
            ("3d", "small letters"),
            ("", "small"),
        ),
        *(
            ("Word-Hunt", "such as word_hunt"),
            ("Größe", "such as grosse"),
            ("mots  croisés", "such as mots_croises"),
            ("中", "such as my_world"),
            ("x" * 99, "small letters"),
            ("_x", "such"),
        ),
        *(
            ("textcraft", "a world that ships"),
            ("rao_lab", "installed"),
            ("conftest", "installed"),
            ("a\nb", "small"),
        ),
    ],
)
def test_a_bad_name_gets_one_line(name: str, said: str, lab: CommandLine, tmp_path: Path) -> None:
    assert said in lab.refused(["new", "environment", name])
    assert not [*tmp_path.iterdir()]


def test_names_of_classes() -> None:
    assert [class_of(name) for name in ("row", "word_hunt", "a1_b__c")] == ["Row", "WordHunt", "A1BC"]


def test_check_says_what_is_wrong_and_its_status_says_that_something_is(
    lab: CommandLine, tmp_path: Path
) -> None:
    lab(["new", "environment", "one", "--out", "."])
    code = (tmp_path / "one.py").read_text("utf-8")
    (tmp_path / "two.py").write_text(
        code.replace("while self.guard_own_goal and parent:", "while False:"), "utf-8"
    )
    status, out, err = lab(["check", "two.py:One", "--seconds", "60"])
    assert status == 1 and "✗ guards: launch_subagent(0, 16)" in out and not err
    status, out, _ = lab(["check", "two.py:One", "--set", "env.guard_own_goal=false", "--seconds", "60"])
    assert status == 0 and "guard_own_goal is off" in out
    status, out, _ = lab(["check", "two.py:One", "--json", "--seconds", "60"])
    assert status == 1 and json.loads(out)["findings"][0]["check"] == "guards"
    assert "has env.NAME alone" in lab.refused(["check", "one.py:One", "--set", "steps=3"])
    assert "no environment 'nothing'" in lab.refused(["check", "nothing"])
