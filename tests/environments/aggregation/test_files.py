"""Files in the format of Oolong: what is read, how it is scored, and what is refused in a line."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.api.reopen import check_reopened
from rao_lab.environments.aggregation.oolong import answer_of
from rao_lab.environments.aggregation.spool import MAX_LINE, Spool, split_lines

SYNTH = {
    **{"id": 17000208, "context_len": 8192, "dataset": "spam", "context_window_id": 3},
    **{"task_group": "counting", "task": "TASK_TYPE.NUMERIC_ONE_CLASS", "answer_type": "ANSWER_TYPE.NUMERIC"},
    "context_window_text": "The following lines hold messages.\n\n"
    + "\n".join(f"Date: Jun {day}, 2024 || User: {day % 3} || Instance: Hello {day}" for day in range(1, 29)),
    "question": "How many are spam? Give your final answer in the form 'Answer: number'.",
    "answer": "[12]",
}
REAL = {
    **{"id": "c0d8", "context_window_id": "e4fb", "question_type": "singledoc_rolls", "episodes": [1]},
    **{"context_window_text": "[START]\nFjord rolls: 12\nMolly rolls: 3\n[END]", "question": "Who rolled?"},
    "answer": "Fjord, Molly",
}


def written(folder: Path, *rows: Any, name: str = "oolong.jsonl") -> Path:
    path = folder / name
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    data = "\n".join(lines).encode("utf-8", "surrogatepass") + b"\n"
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("name", ["oolong.jsonl", "oolong.jsonl.gz"])
def test_rows_become_tasks_and_each_context_is_kept_once(name: str, tmp_path: Path) -> None:
    again = {
        **SYNTH,
        "id": 17000209,
        "question": "Which is rarer?",
        "answer": ["ham"],
        "answer_type": "ANSWER_TYPE.LABEL",
    }
    short = {key: value for key, value in SYNTH.items() if key != "context_window_text"}
    path = written(tmp_path, SYNTH, "", again, {**short, "id": 17000208}, REAL, name=name)
    env = rl.environments.Aggregation.from_files(path)
    tasks = env.tasks("test")
    assert [task.id for task in tasks] == [
        *(f"{name}/17000208", f"{name}/17000209", f"{name}/line 4", f"{name}/c0d8")
    ]
    assert [task.difficulty for task in tasks] == ["8K", "8K", "8K", "8"] and env.difficulties == ["8", "8K"]
    assert len({task.data["context"] for task in tasks[:3]}) == 1 and str(tmp_path) not in repr(tasks)
    assert max(len(json.dumps(task.data)) for task in tasks) < 400
    world = env.open(tasks[0])
    world.enter("0", world.root())
    assert world.call("0", "length", (), {}) == 29
    assert world.call("0", "read", (1, 3), {})[1].endswith("Hello 2")
    assert world.call("0", "find", ("hello 28",), {}) == [28]
    assert world.leave("0", "Answer: 12").success == 1.0  # type: ignore[union-attr]
    assert world.leave("0", 10).success == 0.75**2  # type: ignore[union-attr]
    world.enter("0.0", world.admit("0", (0, 10), {}))
    assert world.leave("0.0", 12) is None
    assert env.labels(tasks[0]) == {"kind": "numeric_one_class", "lines": 29}
    assert env.labels(tasks[3])["kind"] == "singledoc_rolls"
    *reads, (finish,) = env.flat_plan(tasks[0])
    assert [call.args for (call,) in reads] == [(0, 25), (25, 29)] and finish.args == (12,)


@pytest.mark.parametrize(
    ("answer", "kind", "value", "score"),
    [
        *(
            ("['spam']", "LABEL", said, 1)
            for said in ("spam", "Label: spam", "**Spam**", "The answer is, I think, spam.")
        ),
        *(("['spam']", "LABEL", said, 0) for said in ("", "*", "ham", ["spam", "ham"], "spam ham", None, {})),
        *(
            ("[7]", "NUMERIC", said, score)
            for said, score in ((7, 1), ("Answer: 7", 1), (9.0, 0.75**2), ("*", 0), (7e9, 0))
        ),
        *(("[98779]", "USER", said, score) for said, score in (("User: 98779", 1), (98778, 0), ([98779], 1))),
        *(
            ("[datetime.date(2024, 6, 2)]", "DATE", said, 1)
            for said in ("Date: 06/02/2024", "2024-06-02", "June 2, 2024")
        ),
        *(("[datetime.date(2024, 6, 2)]", "DATE", said, 0) for said in ("02/06/2024", "June 2024", 2)),
        *(
            ("['more common than']", "COMPARISON", said, 1)
            for said in ("more common", "Answer: spam is more common than ham")
        ),
        *(
            ("['more common than']", "COMPARISON", said, 0)
            for said in ("less common", "more common, less common", "more")
        ),
        *(
            ("['October 2022']", "MONTH_YEAR", said, score)
            for said, score in (("Answer: October 2022", 1), ("October", 0))
        ),
        *(("84", "", said, score) for said, score in ((84, 1), ("\\boxed{\\text{85}}", 0.75), ("eighty", 0))),
        *(
            ("Fjord, Molly", "", said, score)
            for said, score in ((["molly", "Fjord"], 1), ("Answer: Fjord", 0.5))
        ),
        ("Fjord, Molly", "", [*"abcdef", "Fjord", "Molly"], 2 / 8),
        ("Fjord, Molly", "", "The answer is \\boxed{\\text{Fjord, Molly}}.", 1),
        ("Fjord", "", "fjord", 1),
    ],
)
def test_answers_score_as_in_oolong(answer: str, kind: str, value: Any, score: float) -> None:
    right = answer_of(answer, f"ANSWER_TYPE.{kind}" if kind else "", "line 1")
    assert right.closeness(value) == pytest.approx(score)
    assert right.closeness(right.wanted) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "scores"),
    [
        (["ann", "bob"], "", {"Ann": 1, "bob": 1, "eve": 0}),
        ("['ann', 'bob']", "ANSWER_TYPE.USER", {"User: ann": 1, "User: bob": 1, "User: eve": 0}),
        ([3, 9], "", {3: 1, "9": 1, 4: 0.75}),
        (["2.5", "two and a half"], "", {2.5: 1, "2.5": 1, 2: 0}),
        (["ann"], "", {"ann": 1, "bob": 0}),
    ],
)
def test_of_several_answers_each_is_right(
    answer: Any, kind: str, scores: dict[Any, float], tmp_path: Path
) -> None:
    path = written(tmp_path, {**SYNTH, "answer": answer, "answer_type": kind})
    env = rl.environments.Aggregation.from_files(path)
    for value, score in scores.items():
        world = env.open(env.tasks("test")[0])
        world.enter("0", world.root())
        assert world.leave("0", value).success == score, value
    right = answer_of(answer, kind, "line 1")
    assert right.closeness(["ann", "bob"]) == 0, "a list of everything is no answer"
    assert answer_of(["ann", "bob"], "ANSWER_TYPE.LIST", "line 1").closeness(["bob", "ann"]) == 1


def test_a_folder_and_a_misspelt_argument_are_said_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(rl.InputError, match="is a folder: give a file in it"):
        rl.environments.Aggregation.from_files(tmp_path)
    with pytest.raises(rl.ConfigError, match="from_files has no argument 'colum': did you mean 'column'"):
        rl.environments.Aggregation.from_files(tmp_path, colum="text")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (["{"], "line 1: this is not JSON"),
        (["[]"], "line 1 must be an object such as"),
        (
            [SYNTH, {**SYNTH, "answer": ""}],
            "line 2: its question has no answer: correct it, or say unanswered=True (--set env.unanswered=true)",
        ),
        ([{**SYNTH, "answer": "[]"}], "line 1: its question has no answer"),
        ([{**SYNTH, "answer": "[__import__('os')]"}], "is no list such as"),
        (
            [{**SYNTH, "answer": True}],
            'a number or a list of right ones, not True: write it as a text, such as "true"',
        ),
        ([{**SYNTH, "answer": [2.5]}], "the answer 2.5 is no whole number"),
        ([{**SYNTH, "answer": ["a", {"b": 1}]}], "not {'b': 1}: write it as a text"),
        ([{**SYNTH, "answer": ["a", " "]}], "lists an empty text: leave it out"),
        ([{**SYNTH, "answer": ["a"] * 101}], "lists 101: give at most 100"),
        ([{**SYNTH, "answer": "a" * 10_001}], "has 10,001 characters: give at most 10,000"),
        ([{**SYNTH, "answer": "['many']"}], "is no whole number"),
        ([{**SYNTH, "question": " "}], 'line 1: "question" is empty'),
        (
            [{**{"queston": "?"}, **{k: v for k, v in SYNTH.items() if k != "question"}}],
            'line 1 has no "question" or "goal": it has queston',
        ),
        ([{k: v for k, v in SYNTH.items() if k != "answer"}], 'line 1 has no "answer": it has id'),
        (
            [{"text": "a", "question": "b", "answer": "1"}],
            "has no text 'context_window_text': it has text, question, answer",
        ),
        ([{**SYNTH, "context_window_text": 5}], "line 1: 'context_window_text' must be a text, not 5"),
        ([{**SYNTH, "context_window_text": ""}], "line 1: 'context_window_text' is empty"),
        ([{"a": 1, "question": "b"}], "say column=NAME (--set env.column=NAME) if another"),
        ([""], "holds no tasks"),
    ],
)
def test_bad_files_are_refused_in_a_line(rows: list[Any], says: str, tmp_path: Path) -> None:
    path = written(tmp_path, *rows)
    with pytest.raises(rl.InputError) as refused:
        rl.environments.Aggregation.from_files(path)
    assert says in str(refused.value) and "\n" not in str(refused.value)
    assert str(refused.value).startswith(str(path)) or "answer" in says


def test_broken_encodings_and_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "latin.jsonl"
    path.write_bytes(json.dumps(SYNTH).encode() + b'\n{"question": "caf\xe9"}\n')
    with pytest.raises(rl.InputError, match=r"latin.jsonl, line 2 is not UTF-8 text: byte 17"):
        rl.environments.Aggregation.from_files(path)
    torn = tmp_path / "torn.jsonl.gz"
    torn.write_bytes(gzip.compress(json.dumps(SYNTH).encode())[:-20])
    with pytest.raises(rl.InputError, match=r"torn.jsonl.gz cannot be read"):
        rl.environments.Aggregation.from_files(torn)
    with pytest.raises(rl.MissingError, match="no file"):
        rl.environments.Aggregation.from_files(tmp_path / "none.jsonl")
    with pytest.raises(rl.ConfigError, match=r"has no such difficulty, '9K': it has 8K \(1\)"):
        rl.environments.Aggregation.from_files(written(tmp_path, SYNTH), "9K")
    odd = written(tmp_path, {**SYNTH, "question": "\ud800?", "context_window_text": "a \ud800 b"})
    world = rl.environments.Aggregation.from_files(odd).open(
        rl.environments.Aggregation.from_files(odd).tasks("test")[0]
    )
    assert (world.question, world.source.lines[0]) == ("??", "a ? b")


def test_rows_without_an_answer_are_kept_if_asked_for_and_have_no_verifier(tmp_path: Path) -> None:
    path = written(tmp_path, SYNTH, {**SYNTH, "id": 2, "answer": ""})
    env = rl.environments.Aggregation.from_files(path, unanswered=True)
    scores = []
    for task in env.tasks("test"):
        world = env.open(task)
        world.enter("0", world.root())
        scores.append(world.leave("0", 12))
    assert scores[0] is not None and scores[1] is None


@pytest.mark.parametrize("placed", [True, False], ids=["pread", "seek"])
def test_long_lines_are_several_and_blank_ones_none(placed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not placed:  # as on Windows
        monkeypatch.delattr(os, "pread", raising=False)
    text = "a b\n\n  \r\n" + "word " * 1000 + "\n" + "x" * 4500 + "\r\nlast"
    lines = list(split_lines(text))
    assert lines[0] == "a b" and lines[-1] == "last" and max(map(len, lines)) <= MAX_LINE
    assert [line.count("word") for line in lines if "w" in line] == [400, 400, 200]
    assert sum(line.count("x") for line in lines) == 4500
    spool = Spool()
    kept = spool[spool.add(text)]
    assert list(kept) == lines and kept[1:3] == lines[1:3] and kept[-1] == "last" and kept[9:] == lines[9:]
    other = spool[spool.add("after a read\nof the first")]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda at: kept[at % len(lines)], range(400))) == (lines * 400)[:400]
    assert list(other) == ["after a read", "of the first"] and list(kept) == lines
    lines += other
    assert spool.add(text) == spool.add(str(text)) and spool.size == sum(len(line.encode()) for line in lines)


def test_the_command_line_reads_it_and_a_run_finds_it_again(tmp_path: Path) -> None:
    path = written(tmp_path, SYNTH, REAL)
    env = rl.environments.Aggregation.from_options("chat", None, None, path, at_once=9)
    assert env.opened["settings"]["at_once"] == 9
    opened = env.opened
    again = rl.environments.Aggregation.from_options(
        "tiny", opened["difficulty"], Path(opened["rules"]), None, **opened["settings"]
    )
    written(tmp_path, {**SYNTH, "answer": "[13]"}, REAL)
    changed = rl.environments.Aggregation.from_files(path, at_once=9)
    with pytest.raises(rl.ConfigError, match=r"made with other tasks than those of 'oolong.jsonl'"):
        check_reopened({"opened": {"env": opened}}, {"opened": {"env": changed.opened}})
    assert again.opened == opened and again.tasks("train") == env.tasks("test")
    with pytest.raises(rl.ConfigError, match=r"has no setting env.seed"):
        rl.environments.Aggregation.from_options("chat", None, path, None, seed=1)
    with pytest.raises(rl.ConfigError, match="both given"):
        rl.environments.Aggregation.from_options("chat", None, path, path)
    with pytest.raises(rl.ConfigError, match="has no script for tasks of files"):
        rl.run(env.tasks("test")[0], env, rl.load_policy("scripted"))


LARGE = """
import json, sys
path = sys.argv[1]
text = "\\n".join(f"line {n}: " + "many words of a text " * 5 for n in range(900_000))
row = {"id": 1, "context_window_text": text, "question": "How many?", "answer": "3"}
open(path, "w").write(json.dumps(row) + "\\n")
"""
OPEN = """
import resource, sys, time
import rao_lab as rl
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
env = rl.environments.Aggregation.from_files(sys.argv[1])
world = env.open(env.tasks("test")[0])
world.enter("0", world.root())
assert world.call("0", "length", (), {}) == 900_000
assert world.call("0", "read", (899_999, 900_000), {})[0].startswith("line 899999:")
assert world.call("0", "find", ("LINE 899998:",), {}) == [899_998]
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
def test_a_context_of_100_mb_is_read_with_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    subprocess.run([sys.executable, "-c", LARGE, str(path)], check=True, timeout=300)
    assert path.stat().st_size > 100e6
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(path)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 450  # the row in bytes, as text and as JSON; one of its lines costs 8 bytes
