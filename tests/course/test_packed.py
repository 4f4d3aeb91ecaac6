"""`rao-lab hand-in`: answers and runs in one archive, which `rao-lab grade` opens, whatever is in it."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import shutil
import struct
import zipfile
from pathlib import Path

import pytest

import rao_lab as rl
from rao_lab.course import packed
from rao_lab.course.grade import Criteria, Graded, grade
from rao_lab.course.grade_page import grades_page
from tests.support.command_line import CommandLine

LINE = json.dumps({"exercise": "1.1", "answer": "0.1", "at": "2026-10-05T10:00:00Z"})


@pytest.fixture
def lab(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture
def home(folder: Path, repo: Path) -> Path:
    """A student's copy of the lab: a run and an answer below `notebooks`."""
    books = folder / "home/notebooks"
    (books / "runs").mkdir(parents=True)
    (books / "mine").mkdir()
    shutil.copy(repo / "data/pathologies/as_it_should_be.rao", books / "runs/first.rao")
    (books / "mine/answers.jsonl").write_text(f"{LINE}\n", "utf-8")
    return folder / "home"


def only(folder: Path) -> Graded:
    (one,) = grade(folder, Criteria()).students
    return one


def test_what_is_packed_is_graded_as_the_files_themselves(home: Path, folder: Path, lab: CommandLine) -> None:
    (home / "notebooks/runs/first.rao.ckpt").mkdir()
    (home / "runs").mkdir()
    shutil.copy(home / "notebooks/runs/first.rao", home / "runs/other.rao")
    status, out, _ = lab(["hand-in", "ada", "--from", home, "--out", "class"])
    assert status == 0 and f"from {home / 'notebooks'}" in out, "where the answers are"
    assert "0.1 kB  mine/answers.jsonl" in out and "0.7 MB  runs/first.rao" in out
    assert "class/ada.zip, 0.4 MB: give this file to your lecturer" in out
    with zipfile.ZipFile("class/ada.zip") as archive:
        assert archive.namelist() == ["ada/mine/answers.jsonl", "ada/runs/first.rao"]
        archive.extractall("unpacked")
    (folder / "plain/ada").mkdir(parents=True)
    shutil.copytree(home / "notebooks/runs", "plain/ada/runs")
    shutil.copytree(home / "notebooks/mine", "plain/ada/mine")
    one = only(Path("class"))
    assert (one.student, one.notes, one.right) == ("ada", (), 1)
    assert [(run.file, run.state, run.steps) for run in one.runs] == [("runs/first.rao", "whole", 12)]
    assert one == only(Path("plain")) == only(Path("unpacked"))
    shutil.copy("class/ada.zip", "unpacked")
    shutil.copy("class/ada.zip", "unpacked/ada/again.zip")
    assert only(Path("unpacked")) == one, "what is there twice counts once, and its answers are no second try"


def test_a_run_in_progress_is_packed_whole_and_packed_again_later(folder: Path, lab: CommandLine) -> None:
    env, policy = rl.environments.TextCraft(difficulty="easy", seed=0), rl.load_policy("tiny")
    config = rl.default_config(policy, steps=2, tasks_per_step=2, group_size=2, probe_tasks=0)
    found = []
    for _ in rl.train(env, policy, config, store="runs/first.rao"):
        told = lab.json(["hand-in", "ada.zip"])
        assert told["left_out"] == [] and [*told["packed"]] == ["runs/first.rao"]
        Path("class").mkdir(exist_ok=True)
        shutil.copy(told["file"], "class")
        found += [(run.state, run.steps) for run in only(Path("class")).runs]
    assert found == [("whole", 0), ("whole", 1), ("whole", 2)]
    assert "no answers are in it" in lab(["hand-in", "ada"])[1]
    assert [path.name for path in folder.glob("*.zip")] == ["ada.zip"] and not [*folder.glob(".hand-in*")]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../ada", "has '/', which is not safe"),
        ("a/b", "has '/', which is not safe"),
        ("a\\b", "which is not safe in the name of a file: take letters"),
        ("O'Brien", """has "'", which is not safe"""),
        ("a:b", "has ':', which is not safe"),
        ("a\nb", "which is not safe in the name of a file"),
        ("", "is empty: take letters, digits"),
        (".ada", "begins or ends with a sign"),
        ("_ada", "begins or ends with a sign"),
        ("-", "begins or ends with a sign"),
        ("ada.", "begins or ends with a sign"),
        ("nul", "is kept by Windows"),
        ("COM1.x", "is kept by Windows"),
        ("ada.lock", "ends as what stands beside a run file"),
        ("x" * 300, "has 300 characters: take at most 80"),
        ("NAME", "NAME 'NAME' is the example: write your own name"),
        ("your.name", "NAME 'your.name' is the example: write your own name"),
    ],
)
def test_a_name_that_is_not_safe_for_a_file_is_refused(
    name: str, why: str, home: Path, lab: CommandLine
) -> None:
    said = lab.refused(["hand-in", "--from", home, "--", name])
    assert why in said and not [*Path().rglob("*.zip")]


def test_no_name_and_two_words_are_answered_by_what_to_write(home: Path, lab: CommandLine) -> None:
    assert "no name: say who hands in, as rao-lab hand-in ada.lovelace" in lab.refused(["hand-in"])
    said = lab.refused(["hand-in", "Ada", "Lovelace", "--from", home])
    assert 'in quotation marks, "Ada Lovelace", or with dots, ada.lovelace' in said


def test_what_is_not_there_and_what_is_replaced_is_said(home: Path, lab: CommandLine) -> None:
    (home / "notebooks/runs/first.rao").unlink()
    first, again = (lab(["hand-in", "ada", "--from", home])[1] for _ in range(2))
    assert "no runs are in it: trainings lie in runs/*.rao" in first and "replaces" not in first
    assert "kB, replaces the earlier one: give this file" in again


@pytest.mark.parametrize("name", ["Zoë Müller", "ada.lovelace", "s123@uni", "李"])
def test_names_of_people_are_taken(name: str, home: Path, lab: CommandLine) -> None:
    assert lab(["hand-in", name, "--from", home / "notebooks"])[0] == 0
    shutil.move(f"{name}.zip", home / "notebooks/mine")
    shutil.rmtree(home / "notebooks/runs")
    (home / "notebooks/mine/answers.jsonl").unlink()
    assert only(home / "notebooks").right == 1


def test_hand_in_refuses_in_one_line(home: Path, folder: Path, lab: CommandLine) -> None:
    (folder / "empty").mkdir()
    assert "nothing to hand in: empty has neither mine/answers.jsonl nor runs/*.rao" in lab.refused(
        ["hand-in", "ada", "--from", "empty"]
    )
    (folder / "up/courses/rao").mkdir(parents=True)
    shutil.copytree(home / "notebooks", folder / "up/courses/rao/notebooks")
    said = lab.refused(["hand-in", "ada", "--from", "up"])
    assert (
        "found nearby: --from up/courses/rao/notebooks" in said and " or " not in said.partition("nearby")[2]
    )
    (folder / "ada.zip").write_bytes(b"another file")
    assert "ada.zip exists and was not packed here" in lab.refused(["hand-in", "ada", "--from", home])
    assert (folder / "ada.zip").read_bytes() == b"another file"
    (folder / "bob.zip").mkdir()
    assert "bob.zip exists" in lab.refused(["hand-in", "bob", "--from", home])
    run = home / "notebooks/runs/first.rao"
    run.write_bytes(run.read_bytes()[:200_000])
    status, out, _ = lab(["hand-in", "cut", "--from", home])
    assert status == 0 and "first.rao is left out: first.rao is" in out and "mine/answers.jsonl" in out
    (home / "notebooks/mine/answers.jsonl").unlink()
    assert "nothing could be packed: first.rao is left out" in lab.refused(["hand-in", "dan", "--from", home])


def test_more_than_is_graded_is_said_before_the_work(
    home: Path, lab: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "MOST_BYTES", 500_000)
    assert "2 files of 1 MB are more than is graded" in lab.refused(["hand-in", "ada", "--from", home])


def notes_of(archive: Path) -> tuple[str, ...]:
    one = only(archive.parent)
    assert one.runs == () and not one.exercises
    return one.notes


def test_hostile_archives_write_nothing_outside_and_are_named(folder: Path, home: Path) -> None:
    top = folder / "class"
    top.mkdir()
    names = [
        "../../out.jsonl",
        "/abs/olute.jsonl",
        "C:\\win.jsonl",
        "ada/nul.jsonl",
        "ada/run.py",
        "ada/x.rao",
    ]
    with zipfile.ZipFile(top / "ada.zip", "w") as archive:
        for name in [*names, "__MACOSX/._answers.jsonl", "ada/.jsonl"]:
            archive.writestr(name, f"{LINE}\n")
    before = {*folder.rglob("*")}
    one = only(top)
    assert {*folder.rglob("*")} == before, "nothing is written beside what was handed in"
    assert one.right == 1 and one.exercises["1.1"].tries == 1, "answers of three places, each the same"
    assert [(run.file, run.state) for run in one.runs] == [("x.rao", "cannot be read")]
    assert "export" not in one.runs[0].cannot, "no command for a file that is gone"


def test_bombs_and_broken_archives_are_not_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = folder / "class"
    top.mkdir()
    ada = top / "ada.zip"
    with zipfile.ZipFile(ada, "w") as archive:
        for number in range(packed.MOST_FILES + 1):
            archive.writestr(f"{number}.jsonl", LINE)
    assert notes_of(ada) == ("ada.zip is not opened: more than 200 files or 500 MB are in it",)
    with zipfile.ZipFile(ada, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.rao", bytes(50_000_000))
    assert ada.stat().st_size < 60_000
    with monkeypatch.context() as patch:
        patch.setattr(packed, "MOST_BYTES", 40_000_000)
        assert "or 40 MB are in it" in notes_of(ada)[0]
    with zipfile.ZipFile(ada, "w") as archive:
        archive.writestr("runs.zip", b"PK")
        archive.writestr("notes.txt", b"")
    assert notes_of(ada) == ("ada.zip holds runs.zip, an archive, which is not opened: unpack ada.zip",)
    with zipfile.ZipFile(ada, "w") as archive:
        archive.writestr("notes.txt", b"")
    assert notes_of(ada) == ("ada.zip holds no run file and no answers",)
    with zipfile.ZipFile(ada, "w") as archive:
        archive.writestr("answers.jsonl", LINE)
    whole = ada.read_bytes()
    ada.write_bytes(whole.replace(b'"answer"', b'"anSwer"'))
    assert (
        "answers.jsonl cannot be opened, ask for it again: it was cut or damaged on its way"
        in notes_of(ada)[0]
    )
    at = whole.index(b"PK\1\2")
    locked = whole[:6] + b"\1" + whole[7 : at + 8] + b"\1" + whole[at + 9 :]
    ada.write_bytes(locked)
    assert "is encrypted" in notes_of(ada)[0]
    end = whole.index(b"PK\5\6")
    ada.write_bytes(whole[: end + 12] + struct.pack("<L", 300_000_000) + whole[end + 16 :])
    assert notes_of(ada) == ("ada.zip is not opened: it holds too many files",)
    ada.write_bytes(whole[:end] + b"PK\6\7" + bytes(16) + whole[end:])
    assert notes_of(ada) == ("ada.zip is not opened: it holds too many files",)
    ada.write_bytes(whole[:-9])
    (said,) = notes_of(ada)
    assert said.startswith("ada.zip cannot be opened, ask for it again: it was cut or damaged on its way")


def test_what_cannot_be_opened_is_never_called_nothing(home: Path, folder: Path, lab: CommandLine) -> None:
    """In its row, in the table and on the page: a cut archive, one with a flipped bit, and one of another kind."""
    lab(["hand-in", "ada", "--from", home, "--out", "class"])
    whole = Path("class/ada.zip").read_bytes()
    Path("class/bob.zip").write_bytes(whole[: len(whole) * 2 // 3])
    add(home, {"exercise": "1.1", "answer": "0.1"})
    lab(["hand-in", "cy", "--from", home, "--out", "class"])
    whole = Path("class/cy.zip").read_bytes()
    with zipfile.ZipFile("class/cy.zip") as archive:
        at = archive.getinfo("cy/runs/first.rao").header_offset + 5_000
    Path("class/cy.zip").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    Path("class/dan.7z").write_bytes(b"7z")
    wanted = ["--min-steps", "3", "--exercises", "1.1", "--csv", "g.csv", "--page", "g.html"]
    status, out, _ = lab(["grade", "class", *wanted])
    assert status == 0 and "no run" not in out and "no answer" not in out
    (bob,) = [line for line in out.splitlines() if line.startswith("?  bob")]
    assert "bob.zip" in bob and "cannot be opened, ask for it again" in bob and "1 not known" in bob
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(Path("g.csv").read_text("utf-8-sig")))}
    assert (rows["bob"]["file"], rows["bob"]["1.1"]) == ("bob.zip", "not known")
    assert [rows["bob"][name] for name in ("passed", "lacks", "right", "tries")] == ["unknown", "", "", ""]
    assert (rows["cy"]["passed"], rows["cy"]["right"]) == ("unknown", "1"), "its run may be as asked for"
    assert "0 of 4 students have what is asked for" not in out and "of 3 it is not known" in out
    assert rows["bob"]["state"] == rows["cy"]["state"] == "cannot be opened, ask for it again"
    assert rows["cy"]["1.1"] == "right", "what can be had is judged"
    assert rows["dan"]["state"] == "not opened: unpack it"
    page = Path("g.html").read_text("utf-8")
    assert ">not known<" in page and "no run" not in page and ">–<" not in page
    said = lab.json(["grade", "class"])["students"]
    assert said[1]["notes"][0].startswith("bob.zip cannot be opened") and len(said[1]["notes"]) == 1
    assert said[1]["not_opened"] == {"bob.zip": "cannot be opened, ask for it again"}


def test_runs_that_lie_elsewhere_are_named(
    home: Path, lab: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What README's commands write into `runs` of the root, and what lies deeper."""
    books = home / "notebooks"
    for place in ("runs", "notebooks/runs/sub", "notebooks/week2/runs", "notebooks/data/runs"):
        (home / place).mkdir(parents=True)
        shutil.copy(books / "runs/first.rao", home / place / "own.rao")
    monkeypatch.chdir(books)
    found = lab.json(["hand-in", "ada"])
    assert [*found["packed"]] == ["mine/answers.jsonl", "runs/first.rao"]
    assert found["left_out"] == [
        "not packed, as not in runs: ../runs/own.rao, runs/sub/own.rao, week2/runs/own.rao: move there what "
        "was asked for, and call this again"
    ]
    monkeypatch.chdir(home)
    assert "not packed, as not in notebooks/runs: notebooks/runs/sub/own.rao," in lab(["hand-in", "ada"])[1]
    shutil.rmtree("notebooks/mine")
    (books / "runs/first.rao").unlink()
    assert "; not packed, as not in notebooks/runs" in lab.refused(["hand-in", "ada", "--from", "notebooks"])


def test_a_damaged_run_is_salvaged_to_where_it_is_packed(
    home: Path, lab: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home / "notebooks")
    run = Path("runs/first.rao")
    raw = run.read_bytes()
    run.write_bytes(raw[:200_000] + bytes(60_000) + raw[260_000:])
    out = lab(["hand-in", "ada"])[1]
    (pasted,) = re.findall("try `rao-lab (.*)`", out)
    assert pasted.endswith("--out runs/first.salvaged.rao")
    assert lab(shlex.split(pasted))[0] == 0
    assert "runs/first.salvaged.rao" in lab.json(["hand-in", "ada"])["packed"]


def test_damaged_runs_of_two_archives_are_salvaged_under_two_names(
    home: Path, folder: Path, lab: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command is one for the unpacked files: what was looked at is gone."""
    run = home / "notebooks/runs/first.rao"
    raw = run.read_bytes()
    (folder / "class").mkdir()
    for name in ("ada", "bob"):
        with zipfile.ZipFile(f"class/{name}.zip", "w") as archive:
            archive.writestr(f"{name}/runs/first.rao", raw[:200_000] + bytes(60_000) + raw[260_000:])
    out = lab(["grade", "class"])[1]
    pasted = re.findall(r"to keep what can be read of it: unpack \w+\.zip, then `rao-lab (.*)`", out)
    assert len(pasted) == 2 and "/tmp" not in out
    monkeypatch.chdir(folder / "class")
    for name, words in zip(("ada", "bob"), pasted, strict=True):
        zipfile.ZipFile(f"{name}.zip").extractall()
        assert lab(shlex.split(words))[0] == 0
        assert Path(f"{name}.runs.first.salvaged.rao").is_file()


def test_a_platform_lays_each_archive_into_a_folder(home: Path, folder: Path, lab: CommandLine) -> None:
    """The student is called as in the archive, however the platform called it."""
    lab(["hand-in", "al", "--from", home, "--out", folder / "class/Ada Lovelace_77_file"])
    one = only(folder / "class")
    assert (one.student, one.right) == ("al", 1)
    assert [run.file for run in one.runs] == ["runs/first.rao"]
    assert one.notes == ("handed in as Ada Lovelace_77_file/al.zip",)
    Path("class/Ada Lovelace_77_file/al.zip").rename("class/Lovelace, Ada_77_al (1).zip")
    Path("class/Ada Lovelace_77_file").rmdir()
    assert only(folder / "class").student == "al"


def add(home: Path, *lines: dict[str, str]) -> None:
    kept = home / "notebooks/mine/answers.jsonl"
    kept.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")


def test_who_hands_in_twice_is_one_student_and_the_newest_counts(home: Path, lab: CommandLine) -> None:
    wrong, right = ({"exercise": "1.1", "answer": each, "at": f"2026-{each}"} for each in ("0", "0.1"))
    add(home, wrong)
    lab(["hand-in", "ada", "--from", home, "--out", "class"])
    older = Path("class/ada.zip").rename("class/ada (1).zip")
    with zipfile.ZipFile(older) as archive:
        held = {each.filename: archive.read(each) for each in archive.infolist()}
    with zipfile.ZipFile(older, "w") as archive:
        for name, raw in held.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), raw)
    add(home, wrong, right)
    lab(["hand-in", "ada", "--from", home, "--out", "class"])
    one = only(Path("class"))
    assert (one.student, one.right, one.same, [run.same for run in one.runs]) == ("ada", 1, (), [()])
    assert one.notes == ("handed in 2 times: ada.zip is the newest and counts, ada (1).zip not",)
    add(home, {**right, "at": "2027"})
    (home / "notebooks/runs/first.rao").unlink()
    lab(["hand-in", "ada", "--from", home, "--out", "class/other"])
    found = grade(Path("class"), Criteria()).students
    assert len(found) == 2, "nothing in common: another student of the same name"
    assert [each.student for each in found] == ["ada", "other"]
    too = "another student has the name ada, too, or one worked in two folders"
    assert all(too in each.notes and each.doubtful for each in found)


def test_a_broken_file_and_a_renamed_copy_are_to_be_asked_about(home: Path, lab: CommandLine) -> None:
    lab(["hand-in", "dan", "--from", home, "--out", "class"])
    whole = Path("class/dan.zip").read_bytes()
    Path("class/77_dan_assign_file.zip").write_bytes(whole[: len(whole) * 2 // 3])
    Path("class/88_danny_assign_file.zip").write_bytes(whole[: len(whole) * 2 // 3])
    Path("class/gus.zip").write_bytes(whole)
    found = {each.student: each for each in grade(Path("class"), Criteria()).students}
    again = "perhaps the same as dan, who has a whole one"
    assert {name for name, each in found.items() if again in each.notes} == {"77_dan_assign_file"}
    assert [*found] == ["77_dan_assign_file", "88_danny_assign_file", "dan"] and found["dan"].doubtful
    assert found["dan"].notes[-1] == (
        "gus.zip holds the same as dan.zip: sent twice, or somebody else's name for a copy"
    )
    page = grades_page(grade(Path("class"), Criteria()))
    assert "<h2>All others</h2>" not in page and "77_<wbr>dan_<wbr>assign_<wbr>file" in page


def test_what_else_is_in_an_archive_is_named(home: Path, lab: CommandLine) -> None:
    lab(["hand-in", "ada", "--from", home, "--out", "class"])
    with zipfile.ZipFile("class/ada.zip", "a") as archive:
        archive.writestr("ada/essay.docx", b"")
        archive.writestr("../../evil.py", b"")
    assert only(Path("class")).notes == (
        "ada.zip holds files that are not looked at: essay.docx",
        "ada.zip names ../../evil.py, a place outside of it: nothing is written there",
    )
