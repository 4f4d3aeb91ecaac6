"""A user's own texts and questions: what is wrong is said in a line, and nothing is lost silently."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.api.settings import find_task
from rao_lab.environments.named import open_named
from tests.support.written import Written

ASKED = {"goal": "Who built the mill?", "answer": ["Ida Moor", "I. Moor"]}


def made(tmp_path: Path, texts: dict[str, bytes], *lines: object) -> tuple[Path, Path]:
    folder, tasks = tmp_path / "texts", tmp_path / "questions.jsonl"
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text)
    tasks.write_text(
        "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines or (ASKED,))
    )
    return folder, tasks


def test_a_folder_is_searched_and_answers_are_verified(tmp_path: Path) -> None:
    texts = {"a/mill.md": b"# The mill\nBuilt by Ida Moor.", "b.txt": b"Nothing here."}
    env = open_named("research", "chat", None, *made(tmp_path, texts))
    world: Any = env.open(env.tasks("test")[0])
    world.enter("0", world.root())
    (hit,) = world.call("0", "search", ("built the mill",), {})
    assert (hit["doc"], hit["title"]) == ("a/mill.md", "The mill")
    assert world.call("0", "open", ("a/mill.md",), {})["text"].endswith("Ida Moor.")
    assert [world.leave("0", value).success for value in ("i. moor", "Ida Moor, I. Moor", "")] == [1, 0, 0]
    world.enter("0.0", world.admit("0", ("Who was Ida Moor?",), {}))
    assert world.leave("0.0", "a builder") is None
    known = dict(env.opened)  # type: ignore[attr-defined]
    again = open_named(
        "research", "chat", known["difficulty"], Path(known["rules"]), Path(known["tasks"]), known["settings"]
    )
    assert again.opened == known and repr(again) == repr(env)  # type: ignore[attr-defined]


def test_what_is_no_text_is_left_out_with_a_word(tmp_path: Path) -> None:
    texts = {"ok.txt": b"Fine.", "bad.txt": b"caf\xe9", "nul.txt": b"\0\1", "empty.md": b" ", "pic.png": b"x"}
    hidden = {"notes/.hidden.txt": b"secret", ".git/a.txt": b"secret", ".DS_Store": b"\0"}
    folder, tasks = made(tmp_path, {**texts, **hidden, "pic2.png": b"x"})
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "up").symlink_to(tmp_path)
    with pytest.warns(
        UserWarning,
        match=r"\.git is hidden: left out; up is a link to a folder: left out; empty\.md is empty: left out; link\.txt",
    ) as said:
        env = rl.environments.Research.from_folder(folder, tasks)
    more = "; and 1 more (all of them: rao-lab check research, or env.notes in Python)"
    assert len(said) == 1 and str(said[0].message).endswith(f"notes/.hidden.txt is hidden: left out{more}")
    assert len(env.notes) == 9 and all(
        any(name in note for note in env.notes) for name in ("nul", "empty", "pic")
    )
    assert len(env.corpus) == 2 and not env.corpus.search("secret")
    told = rl.testing.check_environment(env, seconds=60, progress=False).notes
    assert all(f"tasks: {note}" in told for note in env.notes)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ({"goal": "Who?"}, 'line 2 has no "answer"'),
        ({"goal": "Who?", "anwser": "x"}, "line 2 has a field 'anwser': did you mean 'answer'?"),
        ({"text": "Who?", "answer": "x"}, 'line 2 has no "question" or "goal": it has text, answer'),
        ({"goal": "", "answer": "x"}, 'line 2: "goal" is empty'),
        ({"goal": "Who?", "answer": " "}, "line 2: an answer must be a text or a number, not ' '"),
        ({"goal": "Who?", "answer": True}, "not True"),
        ({"goal": "Who?", "answer": []}, "must list 1 to 100"),
        (
            {"goal": "Who?", "answer": "x" * 1001},
            "an answer has 1,001 characters: at most 1,000 are compared",
        ),
        ({"goal": "Who?", "answer": "x", "kind": 3}, '"kind" must be a text, not 3'),
        ({"goal": "Who?", "answer": "x", "hops": "3"}, '"hops" must be a whole number'),
        ({**ASKED, "id": "questions.jsonl/1"}, "line 2 has the id 'questions.jsonl/1', as line 1 has"),
        ({**ASKED, "split": "prod"}, "line 2: \"split\" must be train, dev or test, not 'prod'"),
        ("[1]", "line 2 must be an object such as"),
        ("{", "line 2"),
    ],
)
def test_a_wrong_question_is_named_with_its_line(tmp_path: Path, line: object, says: str) -> None:
    with pytest.raises(rl.InputError) as refused:
        rl.environments.Research.from_folder(*made(tmp_path, {"a.txt": b"A."}, ASKED, line))
    assert says in str(refused.value) and "\n" not in str(refused.value)


def test_a_text_is_read_in_the_encoding_that_it_has(tmp_path: Path) -> None:
    told = "Café Ö: 5 € for a tea.\n"
    texts = {
        **{"a.txt": told.encode("utf-8-sig"), "b.txt": told.encode("utf-16"), "c.txt": told.encode("utf-32")},
        **{
            "d.txt": told.encode("cp1252"),
            "e.txt": told.encode() + b"caf\xe9",
            "f.txt": told.encode("utf-16-le"),
        },
    }
    with pytest.warns(UserWarning, match=r"b\.txt is not UTF-8: read as UTF-16; c\.txt"):
        env = rl.environments.Research.from_folder(*made(tmp_path, texts, ASKED))
    read = [env.corpus.page(f"{name}.txt", 1) for name in "abcd"]
    assert read == [told.strip()] * 4
    assert env.corpus.page("e.txt", 1) == f"{told}caf\N{REPLACEMENT CHARACTER}" and len(env.corpus) == 5
    assert [note.partition(" is ")[2] for note in env.notes] == [
        *("not UTF-8: read as UTF-16", "not UTF-8: read as UTF-32", "not UTF-8: read as Windows-1252"),
        "not whole UTF-8: read as UTF-8, 1 place replaced by \N{REPLACEMENT CHARACTER}",
        "binary: left out",
    ]


def test_fields_that_mean_nothing_are_said_once(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"questions\.jsonl: fields that mean nothing here: 'by'") as said:
        rl.environments.Research.from_folder(*made(tmp_path, {"a.txt": b"A."}, {**ASKED, "by": "Ann"}))
    assert len(said) == 1


def test_a_decimal_answer_is_right_as_number_and_as_text(tmp_path: Path) -> None:
    asked = {"goal": "How long is it?", "answer": [5.5, "five and a half"]}
    env = rl.environments.Research.from_folder(*made(tmp_path, {"a.txt": b"A."}, asked))
    world = env.open(env.tasks("test")[0])
    world.enter("0", world.root())
    given = (5.5, "5.50", "Five and a half", 5, "5", "5.51")
    scores = [world.leave("0", value) for value in given]
    assert [score and score.success for score in scores] == [1, 1, 1, 0, 0, 0]


def test_a_question_for_a_judge_is_not_verified(tmp_path: Path) -> None:
    asked = {"goal": "Why?", "answer": None, "kind": "chain", "hops": 2}
    env = rl.environments.Research.from_folder(*made(tmp_path, {"a.txt": b"A."}, asked))
    task = env.tasks("dev")[0]
    world = env.open(task)
    world.enter("0", world.root())
    assert world.leave("0", "because") is None
    assert env.labels(task) == {"kind": "chain", "hops": 2, "about": "questions.jsonl/1"}


def test_splits_of_a_file(tmp_path: Path) -> None:
    lines = ({**ASKED, "split": "train"}, {**ASKED, "split": "test"}, ASKED)
    with pytest.warns(UserWarning, match=r"questions\.jsonl: 1 line without a split belongs to test alone"):
        env = rl.environments.Research.from_folder(*made(tmp_path, {"a.txt": b"A."}, *lines))
    found = {split: [task.id for task in env.tasks(split)] for split in ("train", "dev", "test")}
    assert found == {
        "train": ["questions.jsonl/1"],
        "dev": [],
        "test": ["questions.jsonl/2", "questions.jsonl/3"],
    }
    for ask in (
        lambda: find_task(env, "0", "dev"),
        lambda: rl.evaluate(env, rl.load_policy("tiny"), split="dev"),
    ):
        with pytest.raises(
            rl.RaoLabError, match=r"'dev' of research has no tasks: it has train \(1\), test \(2\)"
        ):
            ask()


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    folder, tasks = made(tmp_path, {"a.png": b"x"})
    read = rl.environments.Research.from_folder
    with pytest.raises(rl.InputError, match=r"holds no text \(a.png is no text file: left out\): put files"):
        read(folder, tasks)
    with pytest.raises(rl.InputError, match="is a file: give the folder"):
        read(tasks, tasks)
    with pytest.raises(rl.MissingError, match="no folder"):
        read(tmp_path / "nothing", tasks)
    with pytest.raises(rl.ConfigError, match="--tasks FILE is missing"):
        open_named("research", "chat", rules=folder)


@pytest.mark.slow
def test_a_folder_of_100_megabytes(tmp_path: Path) -> None:
    line = b"The mill of %d stands on a hill, and the miller knows the weather there. "
    texts = {f"{n}.txt": b"".join(line % (n * 1000 + k) for k in range(14_000)) for n in range(100)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = rl.environments.Research.from_folder(*made(tmp_path, texts))
    assert len(env.corpus) == 100 and env.corpus.search("mill 112999 weather")[0].doc == "99.txt"


def test_questions_whose_kind_is_not_known_have_a_line_too(tmp_path: Path) -> None:
    rows = [{"goal": "Where was Ada born?", "answer": "London"}, {"goal": "Why London?", "answer": "London"}]
    env = rl.environments.Research.from_folder(*made(tmp_path, {"a.txt": b"Ada was born in London."}, *rows))
    found = rl.evaluate(env, Written(["finish('London')"]), tasks=2)
    assert {kind: each.tasks for kind, each in found.by_kind.items()} == {"chain": 1, "no kind": 1}
