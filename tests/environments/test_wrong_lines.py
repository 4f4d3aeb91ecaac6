"""All wrong lines of a file are said by `rao-lab check`; what runs names the first, and how many more there are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rao_lab.base.safe_text import for_shell
from tests.support.command_line import CommandLine

GOOD = {"question": "Who?", "answer": "Mira Osei"}


@pytest.fixture
def lab(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A folder of texts, and questions of which four lines are wrong, each otherwise."""
    texts, tasks = tmp_path / "acme", tmp_path / "q.jsonl"
    texts.mkdir()
    (texts / "a.md").write_text("Mira Osei leads the plant.")
    lines = [json.dumps({"id": "q1", **GOOD}), '{"question": "How many?"}', '{"question": "B\xfcro?"}']
    lines += [json.dumps({"id": "q1", **GOOD}), '{"question": ', json.dumps(GOOD)]
    tasks.write_bytes("\n".join(lines).encode("latin-1"))
    return texts, tasks


WORDS = [
    'q.jsonl, line 2 has no "answer"',
    "q.jsonl, line 3 is not UTF-8 text: byte 15 (0xFC): save the file as UTF-8",
    "q.jsonl, line 4 has the id 'q1', as line 1 has",
    "q.jsonl, line 5: this is not JSON: Expecting value, column 14",
]


def test_check_says_all_of_them(files: tuple[Path, Path], lab: CommandLine) -> None:
    check: list[str | Path] = ["check", "research", "--data", files[0], "--tasks", files[1]]
    status, out, _ = lab(check)
    assert status == 1 and out.startswith("4 lines are wrong:\n")
    assert [words for words in WORDS if words not in out] == []
    status, out, _ = lab([*check, "--json"])
    found = json.loads(out)
    assert status == 1 and (found["ok"], found["wrong_lines"], len(found["findings"])) == (False, 4, 4)


def test_what_runs_names_the_first_and_how_many_more(files: tuple[Path, Path], lab: CommandLine) -> None:
    for command in ("run", "eval"):
        line = lab.refused(
            [command, "--env", "research", "--policy", "tiny", "--data", files[0], "--tasks", files[1]]
        )
        told = f"rao-lab check research --data {for_shell(files[0])} --tasks {for_shell(files[1])}"
        assert WORDS[0] in line and line.endswith(f"; 3 more lines are wrong: `{told}` says all")


def test_a_table_is_told_from_lines_of_json(files: tuple[Path, Path], lab: CommandLine) -> None:
    files[1].write_text("question,answer\nWho?,Mira Osei\n")
    line = lab.refused(["run", "--env", "research", "--data", files[0], "--tasks", files[1]])
    assert "line 1: this is not JSON: Expecting value, column 1; give one JSON object a line (CSV" in line


def test_one_question_with_two_answers_is_said(files: tuple[Path, Path], lab: CommandLine) -> None:
    """Also by check, which passes: perhaps both are right."""
    rows = [GOOD, {"question": "who? ", "answer": "Bo Lind"}, GOOD, {"question": "When?", "answer": 1}]
    files[1].write_text("\n".join(map(json.dumps, rows)))
    said = "q.jsonl, line 1 and line 2 ask the same, and have different answers: 'Mira Osei', and 'Bo Lind'"
    given = ["--data", files[0], "--tasks", files[1]]
    with pytest.warns(UserWarning, match="line 1 and line 2 ask the same"):
        status, out, _ = lab(["check", "research", *given, "--seconds", "2"])
    assert (status, out.count(said)) == (0, 1)


def test_of_many_wrong_lines_twenty_are_said(files: tuple[Path, Path], lab: CommandLine) -> None:
    files[1].write_text("{}\n" * 23)
    out = lab(["check", "research", "--data", files[0], "--tasks", files[1]])[1]
    assert out.startswith("23 lines are wrong:\n") and "line 20 has" in out and "line 21 has" not in out
    assert out.endswith("  and 3 more\n")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("acme", "without --env the world is textcraft: --env research reads a folder of texts"),
        ("in.mbox", "without --env the world is textcraft: --env mail reads a mailbox"),
        (None, "without --env the world is textcraft: --env aggregation reads one file, research a folder"),
    ],
)
def test_a_world_that_was_assumed_is_said(
    data: str | None, words: str, files: tuple[Path, Path], lab: CommandLine
) -> None:
    (files[0].parent / "in.mbox").write_text("From a@b.example\n")
    given: list[str | Path] = [] if data is None else ["--data", files[0].parent / data]
    assert words in lab.refused(["run", *given, "--tasks", files[1]])
    assert "without --env" not in lab.refused(["run", "--env", "textcraft", *given, "--tasks", files[1]])


def test_check_notes_fields_of_aggregation_that_mean_nothing(tmp_path: Path, lab: CommandLine) -> None:
    row = {"context_window_text": "pump\nvalve", "question": "How many?", "answer": 1}
    (tmp_path / "a.jsonl").write_text(
        "\n".join(map(json.dumps, [{**row, "answr": 1, "context_len": 8}, row]))
    )
    status, out, _ = lab(["check", "aggregation", "--data", tmp_path / "a.jsonl", "--seconds", "2"])
    assert status == 0 and "field 'answr' means nothing here: 1 line has it" in out
    assert "context_len" not in out
