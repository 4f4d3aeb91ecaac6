"""Files of a user's own: the worlds take the same names for the same things, and nothing of a line is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.environments.named import open_named
from tests.support.command_line import CommandLine

LETTER = b"From: ann@a.example\nDate: Mon, 4 Mar 2024 10:00:00 +0000\nSubject: Rent\n\nIt is 900.\n"
NAMES = ("aggregation", "mail", "research")


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., list[str]]:
    """Writes the files of a world and gives the options that name them."""

    def write(name: str, *lines: dict[str, Any]) -> list[str]:
        asked, data = tmp_path / "asked.jsonl", tmp_path / f"in-{name}"
        more = {"context_window_text": "rent: 900\nrent: 800"} if name == "aggregation" else {}
        asked.write_text("\n".join(json.dumps({**more, **line}) for line in lines))
        if name == "aggregation":
            return ["--data", str(asked)]
        data.mkdir(exist_ok=True)
        (data / ("a.eml" if name == "mail" else "a.md")).write_bytes(LETTER)
        return ["--data", str(data), "--tasks", str(asked)]

    return write


def opened(name: str, options: list[str], difficulty: str | None = None) -> Any:
    rules, *tasks = (Path(each) for each in options[1::2])
    return open_named(name, "chat", difficulty, rules, *tasks)


def left(env: Any, task: rl.Task, value: object) -> rl.Score | None:
    world = env.open(task)
    world.enter("0", world.root())
    return world.leave("0", value)  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", NAMES)
def test_all_worlds_of_files_take_the_same_fields(name: str, files: Any) -> None:
    lines = (
        {"goal": "What is the rent?", "answers": [900, "nine hundred"], "split": "train", "kind": "sum"},
        {"question": "Why?", "answer": None, "difficulty": "hard", "split": "test", "id": "why"},
        {"question": "How high?", "answer": 2.5, "difficulty": "easy", "split": "test"},
    )
    env = opened(name, files(name, *lines))
    assert [len(env.tasks(split)) for split in ("train", "dev", "test")] == [1, 0, 2]
    (rent,), (why, high) = env.tasks("train"), env.tasks("test")
    scores = [left(env, rent, value) for value in (900, "Nine hundred", "all")]
    assert [score and score.success for score in scores] == [1, 1, 0]
    assert left(env, why, "because") is None, "a judge is to tell"
    scores = [left(env, high, value) for value in (2.5, "2.50", 2)]
    assert [score and score.success for score in scores] == [1, 1, 0]
    assert env.labels(rent)["kind"] == "sum" and why.id.endswith("why")
    assert [why.difficulty, high.difficulty, env.difficulties[:2]] == ["hard", "easy", ["easy", "hard"]]
    (only,) = opened(name, files(name, *lines), "hard").tasks("test")
    assert only == why and len(env.difficulties) == 3


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"goal": "Who?"}, 'line 1 has "question" and "goal", which are one field: leave one of them out'),
        ({"answers": ["a"]}, 'line 1 has "answer" and "answers", which are one field'),
        ({"difficulty": "easy,hard"}, "line 1: \"difficulty\" must be one, not 'easy,hard'"),
        ({"split": "prod"}, "line 1: \"split\" must be train, dev or test, not 'prod'"),
        ({"kind": 3}, 'line 1: "kind" must be a text, not 3'),
    ],
)
def test_what_would_be_lost_is_refused_with_its_line(
    name: str, files: Any, more: dict[str, Any], says: str
) -> None:
    options = files(name, {"question": "What is the rent?", "answer": 900, **more})
    with pytest.raises(rl.InputError) as refused:
        opened(name, options)
    assert says in str(refused.value) and "asked.jsonl" in str(refused.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_difficulty_that_is_not_there_says_what_is(name: str, files: Any, lab: CommandLine) -> None:
    lines = [{"question": f"{each}?", "answer": 1, "difficulty": each} for each in ("own", "hard", "medium")]
    asked = files(name, *lines, {"question": "Own?", "answer": 1, "difficulty": "own"})
    said = lab.refused(["eval", "--env", name, *asked, "--difficulty", "easy", "--policy", "tiny"])
    assert "has no such difficulty, 'easy': it has medium (1), hard (1), own (2)" in said


def test_other_questions_are_told_apart_when_a_run_goes_on(files: Any) -> None:
    digests = []
    for answer in (900, 901):
        env = opened("research", files("research", {"question": "What is the rent?", "answer": answer}))
        digests.append(env.opened["digest"])
    assert digests[0] != digests[1]


@pytest.mark.parametrize("name", NAMES)
def test_a_task_of_files_in_a_world_that_is_made_up_asks_for_the_files(name: str, files: Any) -> None:
    env = opened(name, files(name, {"question": "What is the rent?", "answer": 900}))
    with pytest.raises(rl.InputError, match=r"give .*--data"):
        open_named(name, "chat").open(env.tasks("test")[0])


@pytest.mark.parametrize("name", NAMES)
def test_a_check_says_of_right_answers_whether_they_were_tried(
    name: str, files: Any, lab: CommandLine, tmp_path: Path
) -> None:
    asked = files(
        name, *({"question": f"{each}?", "answer": [each], "split": each} for each in ("train", "test"))
    )
    command = ["check", name, *asked, "--seconds", "60"]
    found = lab.json(command)
    assert found["ok"], found
    tried = (
        "verifiers: no right answer was tried, because none is known here: give a function from a task to its"
    )
    assert found["passed"]["verifiers"].startswith("1 right answer passed") == (name != "research")
    assert any(note.startswith(tried) for note in found["notes"]) == (name == "research")
    assert any(note.startswith("tasks: the split dev has no tasks") for note in found["notes"])
    (tmp_path / "gold.py").write_text(
        "def gold(task):\n    return (task.data.get('answer') or task.data['answers'])[0]\n"
    )
    status, out, _ = lab([*command, "--gold", f"{tmp_path}/gold.py:gold"])
    assert status == 0 and "✓ verifiers: 1 right answer passed; empty answers of roots did not pass" in out
    assert out.rstrip().endswith("(✓ was tried and is right, – was not tried, or is good to know)")


@pytest.fixture
def lab(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)
