"""`rao-lab grade`: what students hand in is looked at, answers are judged again, hostile files are named."""

from __future__ import annotations

import ast
import csv
import io
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rao_lab as rl
from rao_lab.course.answers import text
from rao_lab.course.exercise import find
from rao_lab.course.grade import Criteria, grade
from rao_lab.course.grade_page import grades_page
from rao_lab.course.grade_text import grades_text
from rao_lab.course.graded_run import NOTEBOOKS, grade_run
from rao_lab.course.played_again import play_again
from rao_lab.store.columns.bytes import pack
from rao_lab.store.columns.credit import attributions_to_bytes
from tests.support.command_line import CommandLine
from tests.support.forging import Place, forge
from tests.support.run_files import forging


@pytest.fixture
def lab(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture
def recorded(repo: Path) -> Path:
    """A run of 12 steps that keeps the trees of the first and the last."""
    return repo / "data/pathologies/as_it_should_be.rao"


def answers(path: Path, *lines: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in lines), "utf-8"
    )


@pytest.fixture
def handed_in(folder: Path, recorded: Path, repo: Path) -> Path:
    """Five students: all right, a copy, damaged, hostile, nothing but answers."""
    top = folder / "handed_in"
    for name in ("ada", "bob", "cleo", "dan"):
        (top / name).mkdir(parents=True)
    shutil.copy(recorded, top / "ada/first.rao")
    answers(
        top / "ada/mine/answers.jsonl",
        {"exercise": "1.1", "answer": "0"},
        {"exercise": "1.1", "answer": "0.1"},
    )
    shutil.copy(recorded, top / "bob/my_own.rao")
    answers(top / "bob/answers.jsonl", {"exercise": "1.1", "answer": "0", "right": True})
    (top / "cleo/cut.rao").write_bytes(recorded.read_bytes()[:200_000])
    (top / "cleo/text.rao").write_text("no run")
    (top / "cleo/runs.zip").write_bytes(b"PK")
    (top / "cleo/runs.7z").write_bytes(b"7z")
    (top / "dan/link.rao").symlink_to(recorded)
    os.mkfifo(top / "dan/pipe.rao")
    deep = '{"exercise": "1.1", "answer": ' + "[" * 30_000 + "]" * 30_000 + "}"
    odd = [
        "garbage",
        deep,
        "[]",
        '{"exercise": 1}',
        '{"exercise": "1.1", "answer": ' + "9" * 6000 + "}",
        "\x00\x1f",
    ]
    answers(
        top / "dan/answers.jsonl", *odd, {"exercise": "1.1", "answer": None}, {"exercise": "9.9", "answer": 1}
    )
    answers(top / "=eve.jsonl", {"exercise": "1.1", "kind": "Tree", "right": True})
    return top


def test_every_student_is_graded_whatever_was_handed_in(handed_in: Path) -> None:
    before = {path: path.lstat().st_mtime_ns for path in handed_in.rglob("*")}
    told: list[tuple[int, int, str]] = []
    found = grade(handed_in, Criteria.of(10, "1.1"), lambda *seen: told.append(seen))
    assert {path: path.lstat().st_mtime_ns for path in handed_in.rglob("*")} == before, "nothing is changed"
    assert told[0] == (1, 5, "=eve") and len(told) == 5
    eve, ada, bob, cleo, dan = found.students
    (run,) = ada.runs
    assert (run.file, run.state, run.trained) == ("first.rao", "whole", "textcraft · tiny · recursive")
    assert (run.steps, run.asked, run.recomputed, run.same) == (12, 12, 2, ("bob",))
    assert run.settings["tasks_per_step"] == ("8", "6") and "learning_rate" not in run.settings
    assert ada.lacks == () and (ada.exercises["1.1"].right, ada.exercises["1.1"].tries) == (True, 2)
    assert bob.runs[0].same == ("ada",) and bob.lacks == ("exercise 1.1",), "its own verdict is not believed"
    assert [each.state for each in cleo.runs] == ["cannot be read"] * 2
    assert cleo.notes == (
        "runs.7z is an archive, which is not opened: unpack it",
        "runs.zip cannot be opened, ask for it again: it was cut or damaged on its way, or is no .zip (File is not a "
        "zip file)",
    )
    assert cleo.lacks == ("a sound run of 10 steps (has 0)", "exercise 1.1")
    assert dan.runs == () and not dan.exercises["1.1"].right
    assert [note.split(" ", 1)[1] for note in dan.notes[:2]] == [
        "is a link or no plain file: it is not followed"
    ] * 2
    assert "lines of 8 cannot be read" in dan.notes[2] and dan.notes[3].startswith("answers to '9.9'")
    assert eve.exercises["1.1"].state == "not judged"


def test_a_run_that_cannot_be_read_is_not_known_and_no_failure(
    recorded: Path, folder: Path, lab: CommandLine
) -> None:
    """If an answer is lacking for sure, the run decides nothing."""
    for name, answer in (("gil", "0.1"), ("hana", "0.1"), ("ivo", "0")):
        answers(folder / "class" / name / "answers.jsonl", {"exercise": "1.1", "answer": answer})
    for name in ("gil", "ivo"):
        (folder / "class" / name / "cut.rao").write_bytes(recorded.read_bytes()[:200_000])
    (folder / "class/hana/text.rao").write_text("no run")
    shutil.copy(recorded, folder / "class/hana/whole.rao")
    _, out, _ = lab(["grade", "class", "--min-steps", "3", "--exercises", "1.1", "--csv", "g.csv"])
    marks = [line.split()[:2] for line in out.splitlines() if line[:1] in {"?", "✗", "✓"}]
    assert marks[:3] == [["?", "gil"], ["✓", "hana"], ["✗", "ivo"]], "a sound run beside it is enough"
    assert "1 of 3 students have what is asked for, and of 1 it is not known" in out
    assert (
        "not known: what is lacking may be in a file that cannot be opened or read\n  cut.rao: cut.rao is"
        in out
    )
    assert "lacks a sound run of 3 steps (has 0); exercise 1.1" in out
    rows = csv.DictReader(io.StringIO((folder / "g.csv").read_text("utf-8-sig")))
    assert [(row["passed"], row["lacks"]) for row in rows] == [
        ("unknown", ""),
        ("yes", ""),
        ("no", "a sound run of 3 steps (has 0); exercise 1.1"),
    ]


def test_an_exercise_whose_data_are_not_here_is_not_called_wrong(
    handed_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> str:
        raise rl.MissingError("data/course is not here")

    lost = replace(find("1.1"), judge=text(missing))
    monkeypatch.setattr("rao_lab.course.part_01.EXERCISES", (lost,))
    found = grade(handed_in, Criteria())
    assert found.students[1].exercises["1.1"].state == "not judged"
    assert "exercise 1.1 cannot be judged here: data/course is not here" in grades_text(found)


def test_the_verdict_is_that_of_the_interval(recorded: Path) -> None:
    found = grade_run(recorded, "a.rao").learned
    assert found is not None
    with rl.open_run(recorded) as run:
        share = [[tree.success for tree in run.trees(step, probe=False)] for step in (1, 12)]
    before, after = (sum(s or 0 for s in each) / len(each) for each in share)
    assert (found.before, found.after) == pytest.approx((before, after))
    assert found.measured == "training steps 1 and 12, 12 tasks", "more tasks than the probes have"
    assert found.low < after - before < found.high and found.verdict == "not resolved"
    assert replace(found, low=0.01).verdict == "learned" and replace(found, high=-0.01).verdict == "got worse"


def _credit(path: Path) -> None:
    """One advantage is made better."""
    with rl.open_run(path) as run:
        found = run.attributions(12)
    found.A[3] += 0.5
    with forging(path) as connection:
        connection.execute(
            "UPDATE attributions SET size = ?, body = ? WHERE step = 12", pack(attributions_to_bytes(found))
        )


def _success(path: Path) -> None:
    """A step reports another success than its trees have."""
    forge(path, _place(path, "success"), 0.99)


def _trees(path: Path) -> None:
    """So do its trees, and the report with them."""
    with forging(path) as connection:
        connection.execute("UPDATE trees SET success = 1 WHERE step = 12 AND NOT probe")
    forge(path, _place(path, "success"), 1.0)


def _text(path: Path) -> None:
    """What a step reports is another text, whole as such."""
    with forging(path) as connection:
        where = "id = (SELECT metrics FROM steps WHERE step = 12)"
        connection.execute(f"UPDATE texts SET size = ?, body = ? WHERE {where}", pack(b'{"success": 1.0}'))


def _place(path: Path, name: str) -> Place:
    from tests.support.forging import places

    return [each for each in places(path) if each.inside == (name,)][-1]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (_credit, "12:0.1/0 records A = 0.100, and its trees give -0.400 (1 node of 159)"),
        (_success, "step 12: it reports success 0.99, and its trees have 0."),
        (_text, "the metrics of step 12 cannot be read (text "),
        (_trees, "step 12: its trees have success 1.00, and their roots 0."),
    ],
)
def test_an_edited_file_is_noticed(
    edit: Callable[[Path], None], said: str, recorded: Path, folder: Path
) -> None:
    path = folder / "a.rao"
    shutil.copy(recorded, path)
    assert grade_run(path, "a.rao").edited == ()
    edit(path)
    found = grade_run(path, "a.rao")
    assert found.state == "edited?" and not found.sound
    assert len(found.edited) == 1 and found.edited[0].startswith(said), found.edited


def test_successes_that_were_set_by_hand_are_noticed(recorded: Path, folder: Path) -> None:
    """In one of the two places that keep them; and in both, of a tree that is then played again in its world."""
    path = folder / "a.rao"
    shutil.copy(recorded, path)
    with forging(path) as connection:
        connection.execute("UPDATE nodes SET success = 1")
    said = " ".join(grade_run(path, "a.rao").edited)
    assert (
        "12:" in said
        and said.count(" is kept twice, as finished, success 1, and as finished, success 0 (so ") == 4
    )
    assert "run again in its world, gives finished, success 0.00 (so " in said
    with rl.open_run(recorded) as run:
        trees = [each for group in run.groups(1) for each in group.trees]
        tree = next(each for each in trees if each.success == 0 and each.root.status.value == "finished")
    tree.save(folder / "sound.rao")
    replace(tree, nodes=(replace(tree.root, success=1.0), *tree.nodes[1:])).save(folder / "forged.rao")
    assert grade_run(folder / "sound.rao", "sound.rao").sound
    found = grade_run(folder / "forged.rao", "forged.rao")
    assert len(found.edited) == 1 and found.edited[0].endswith(
        "/0 records finished, success 1.00, and its code, run again in its world, gives finished, success 0.00"
    )


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"environment": "mine.py:World"}, "mine.py:World is no bundled world"),
        ({"opened": {"env": {"env": "mine.py:World"}}}, "textcraft is no bundled world"),
        (
            {"opened": {"env": {"env": "textcraft", "rules": "/dev/zero", "tasks": "b"}}},
            "its world was made of files",
        ),
        (
            {"opened": {"env": {"env": "textcraft", "settings": {"slack": 10**15}}}},
            "settings that are not tried",
        ),
        ({"opened": {"env": {"env": "textcraft", "settings": {"nothing": 1}}}}, "has no setting env.nothing"),
    ],
)
def test_a_file_chooses_no_code_and_no_file_that_is_opened(
    config: dict[str, Any], why: str, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rl.open_run(recorded) as run:
        monkeypatch.setattr(run, "_config", {**run.config, **config})
        found = play_again(run, [12])
    assert (found.trees, why in found.why_not) == (0, True), found.why_not
    assert str(found).startswith("no tree was played again: ")


def test_what_was_compared_is_said(handed_in: Path, lab: CommandLine) -> None:
    out = lab(["grade", "handed_in", "--csv", "g.csv"])[1]
    assert "(32 of 168 trees)" in out and "not compared: whether a model wrote these turns" in out
    rows = list(csv.DictReader(io.StringIO(Path("g.csv").read_text("utf-8-sig"))))
    assert rows[1]["played again"] == "16 of 84 trees played again" and rows[0]["played again"] == ""


def test_no_recorded_run_of_ours_is_called_edited(repo: Path) -> None:
    for path in (
        *repo.glob("data/pathologies/*.rao"),
        *repo.glob("data/runs/*.rao"),
        *repo.glob("tests/data/*.rao"),
    ):
        found = grade_run(path, path.name)
        assert found.sound, (path.name, found)


def in_notebook(book: Path) -> dict[str, Any]:
    """The keywords of a notebook's training, with the values of the long form."""
    cells = json.loads(book.read_text("utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    values: dict[str, Any] = {}
    (call,) = re.findall(r"rl\.default_config\((?:[^()]|\([^()]*\))*\)", code)
    for each in ast.walk(ast.parse(re.sub(r"^(\s*)(await |!|%).*$", "", code, flags=re.M))):
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.IfExp):
            (named,), long = each.targets, each.value.orelse
            names = [one.id for one in ast.walk(named) if isinstance(one, ast.Name)]
            values |= zip(names, np.ravel(ast.literal_eval(long)).tolist(), strict=True)
    keywords = ast.parse(call, mode="eval").body.keywords  # type: ignore[attr-defined]
    return {
        each.arg: values[each.value.id] if isinstance(each.value, ast.Name) else ast.literal_eval(each.value)
        for each in keywords
    }


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_what_a_notebook_sets_is_known(name: str, repo: Path) -> None:
    (book,) = (repo / "notebooks").glob(f"{name.split()[1]}_*.ipynb")
    found = in_notebook(book)
    assert {key: value for key, value in found.items() if key not in ("steps", "seed")} == NOTEBOOKS[name]


def test_a_run_is_set_as_its_notebook_says_or_otherwise(folder: Path, lab: CommandLine) -> None:
    """Nothing is said of a run of notebook 01; of one that was changed, what."""
    policy = rl.load_policy("tiny")
    worlds = {"ada": rl.environments.TextCraft(difficulty="medium", seed=0)}
    worlds["bob"] = rl.environments.TextCraft(difficulty="easy", seed=3, slack=9)
    (folder / "class").mkdir()
    for name, own in (("ada", {}), ("bob", {"learning_rate": 1e-2, "group_size": 2})):
        settings = {**NOTEBOOKS["notebook 01"], "probe_tasks": 8 if name == "ada" else 1, **own}
        config = rl.default_config(policy, steps=1, **settings)
        list(rl.train(worlds[name], policy, config, store=f"class/{name}.rao"))
    ada, bob = grade(folder / "class", Criteria()).students
    assert (ada.runs[0].set_as, ada.runs[0].settings) == ("notebook 01", {})
    assert {*bob.runs[0].settings} == {
        "difficulty", "env.slack", "env.seed", "learning_rate", "group_size", "probe_tasks",
    }  # fmt: skip
    assert bob.runs[0].settings["difficulty"] == ("medium", "easy")
    _, out, _ = lab(["grade", "class", "--learned"])
    assert "bob.rao was set otherwise than notebook 01: " in out and "learning_rate=0.01 (there 0.001)" in out
    assert "ada.rao was set" not in out and "learned if all of it is above 0" in out


def test_text_json_table_and_page_say_the_same(handed_in: Path, lab: CommandLine, folder: Path) -> None:
    wanted = ["--min-steps", "10", "--exercises", "1.1"]
    code, out, err = lab(["grade", "handed_in", *wanted, "--csv", "g.csv", "--page", "g.html", "--json"])
    assert code == 0, err
    data = json.loads(out)
    assert [each["passed"] for each in data["students"]] == [False, True, False, None, False]
    assert data["students"][3]["lacks"] == []
    assert data["students"][1]["runs"][0]["learned"]["verdict"] == "not resolved"
    rows = list(csv.reader(io.StringIO((folder / "g.csv").read_text("utf-8-sig"))))
    assert len(rows) == 6 and {len(row) for row in rows} == {len(rows[0])}
    assert rows[1][0] == "'=eve", "no spreadsheet computes a name"
    assert rows[2][:2] == ["ada", "shared"] and rows[2][rows[0].index("same_as")] == "bob"
    assert rows[2][rows[0].index("1.1")] == "right"
    page = (folder / "g.html").read_text("utf-8")
    assert "<script" not in page and "Content-Security-Policy" in page and "=eve" in page
    assert "tries, if more than one: 1.1 (2)" in page
    assert (folder / "g.csv").read_bytes().startswith(b"\xef\xbb\xbf"), "Excel reads it as UTF-8"
    code, out, err = lab(["grade", "handed_in", *wanted])
    assert out.splitlines()[0].startswith(
        "handed_in: 1 of 5 students have what is asked for (1 shared with another), and of 1 it is not known: a "
    )
    assert (
        "?  ada      first.rao" in out
        and "whole, as bob" in out
        and "1 of 1" in out
        and "same run as one of ada" in out
    )
    assert out.count("tasks_per_step=6 (usual 8)") == 1, "what all runs have in common is said once"
    code, out, _ = lab(["grade", "handed_in"])
    assert "✓" not in out and "lacks" not in out, "without criteria nobody passes or fails"
    assert lab(["grade", "handed_in", "--csv", "g.csv", "--page", "g.html"])[0] == 0, (
        "its own files are written over"
    )


def test_the_page_sums_up_and_names_first_whom_to_ask(handed_in: Path) -> None:
    answers(
        handed_in / "fay/answers.jsonl",
        {"exercise": "1.1", "answer": "0"},
        {"exercise": "1.2", "answer": "b"},
    )
    page = grades_page(grade(handed_in, Criteria.of(10)), datetime(2026, 10, 5, 9, 30))
    assert (
        "<h1>Grades of handed_in</h1>" in page and "5 October 2026, 09:30 · 6 students · 4 run files" in page
    )
    first, _, others = page.partition("<h2>Look at these first</h2>")[2].partition("<h2>All others</h2>")
    assert re.findall("<h3><bdi>(.*)</bdi></h3>", first) == ["cleo", "=eve", "ada", "bob"]
    assert re.findall("<h3><bdi>(.*)</bdi></h3>", others) == ["dan", "fay"]
    total = re.sub("<[^>]*>+", " ", page.partition("<tfoot>")[2].partition("</tfoot>")[0])
    assert " ".join(total.split()) == (
        "6 students means of 5 0.4 mean 0.6 mean 0.8 mean 0.2 mean 4 runs 2 whole 0 learned"
    ), "an archive that cannot be opened may hold answers to both"
    assert "<dd>not known, as a file cannot be opened or read: get it again; or has what is asked for" in page
    assert ">3 of 10 answers right<" not in page and ">2 of 10 answers right<" in page
    (row,) = re.findall('<tr class="one"><th scope="row">1.1</th>(.*)</tr>', page)
    assert (
        row.startswith(f"<td>{find('1.1').asks}")
        and "wrong: <bdi>bob</bdi>, <bdi>dan</bdi>, <bdi>fay</bdi>" in row
    )
    assert re.findall('<td class="figure" data-name="[a-z ]+">(.*?)</td>', row) == ["1", "3", "0", "2", "1.2"]
    assert all("scope=" in head for head in re.findall("<th[ >][^>]*>", page))


def test_what_is_not_looked_at_is_named(folder: Path, recorded: Path) -> None:
    """Names in capitals are taken; one that only looks like a run or answers is named, with what to do."""
    for name in ("ada", "bob", "cleo", "class"):
        (folder / name).mkdir()
    shutil.copy(recorded, folder / "ada/FIRST.RAO")
    line = {"exercise": "1.1", "answer": "0.1"}
    answers(folder / "ada/ANSWERS.JSONL", line)
    shutil.copy(recorded, folder / "bob/run.sqlite")
    answers(folder / "bob/ANSWERS.JSONL.txt", "\ufeff" + json.dumps(line))
    answers(folder / "bob/._answers.jsonl", "Mac OS X")
    for name in ("a.docx", "b.ipynb", "c.txt", "d.txt", "e.txt"):
        (folder / "cleo" / name).write_text("{}")
    for name in ("dora", "emil"):
        answers(folder / "class" / name / "answers.jsonl", line)
    answers(folder / "fay.txt", line)
    (folder / "grades.csv").write_text("student,passed")
    ada, bob, high, cleo, fay = grade(folder, Criteria()).students
    assert ada.notes == () and [run.file for run in ada.runs] == ["FIRST.RAO"] and ada.right == 1
    assert bob.notes == (
        "ANSWERS.JSONL.txt is not looked at, and begins like answers: call it ANSWERS.jsonl",
        "run.sqlite is not looked at, and begins like a run file: call it run.rao",
    )
    assert high.notes == (
        f"holds 2 folders with files (dora, emil): if each is a student's, grade {folder / 'class'}",
    )
    assert cleo.notes == ("has files that are not looked at: a.docx, b.ipynb, c.txt, d.txt, 1 more",)
    assert fay.notes == ("fay.txt is not looked at, and begins like answers: call it fay.jsonl",)


def test_copied_answers_and_tries_are_shown(
    folder: Path, lab: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def given(number: str, answer: str, second: int) -> dict[str, str]:
        return {"exercise": number, "answer": answer, "at": f"2026-10-05T10:00:{second:02d}Z"}

    own = [given("1.1", "z", 1), given("1.1", "0.1", 2), given("1.2", "z", 3), given("2.1", "z", 4)]
    for name in ("Ada Lovelace", "bob"):
        answers(folder / "class" / name / "answers.jsonl", *own)
    answers(folder / "class/cleo/answers.jsonl", own[0], own[1], *({**each, "at": None} for each in own))
    found = grade(folder / "class", Criteria.of(exercises="1.1"))
    assert [each.same_answers for each in found.students] == [("bob",), ("Ada Lovelace",), ()], (
        "two are chance"
    )
    monkeypatch.chdir(folder / "class")
    _, out, _ = lab(["grade", "."])
    assert out.startswith("class: 3 students"), "the folder by its name"
    assert "1 of 3, 2 wrong, as bob" in out and "has the same answers, to the second, as bob" in out
    assert "tries, if more than one: 1.1 (2)" in out and "wrong: 1.2 2.1" in out
    assert f"3 of the course's {found.course} were answered" in out and found.course > 30
    _, out, _ = lab(["grade", ".", "--exercises", "1.1,1.3", "--csv", "g.csv"])
    assert "1 of 2, 1 no answer" in out and "no answer: 1.3" in out
    assert ",Ada Lovelace,1,2,2,right,," in Path("g.csv").read_text("utf-8-sig")
    _, out, _ = lab(["grade", ".", "--exercises", "1.1"])
    assert ": 3 of 3 students have what is asked for (2 shared with another)" in out
    assert "?  bob " in out and "✓  cleo" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "no folder nothing"),
        (["empty"], "empty holds no run file, no answers and no subfolder"),
        (["handed_in", "--exercises", "1.1,7.77"], "no exercise '7.77': there are 1.1"),
        (["handed_in", "--csv", "marks.csv"], "marks.csv exists and holds no grades"),
        (["handed_in", "--page", "marks.csv/g.html"], "marks.csv/g.html cannot be written: "),
    ],
)
def test_refusals(arguments: list[str], said: str, handed_in: Path, folder: Path, lab: CommandLine) -> None:
    (folder / "empty").mkdir()
    (folder / "marks.csv").write_text("ada;1.0\n")
    assert said in lab.refused(["grade", *arguments])
    assert (folder / "marks.csv").read_text() == "ada;1.0\n"


def test_names_are_sorted_whatever_their_capitals(tmp_path: Path) -> None:
    for name in ("Ben Ott", "ada.lovelace", "Zoe"):
        answers(tmp_path / name / "answers.jsonl", {"exercise": "1.1", "answer": "0.1"})
    found = grade(tmp_path, Criteria())
    assert [each.student for each in found.students] == ["ada.lovelace", "Ben Ott", "Zoe"]
