"""`check_environment` finds what is wrong with an environment, and nothing else."""

from __future__ import annotations

import json
import math
import random
import threading
import time
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import pytest

import rao_lab as rl
from rao_lab.base.places import place_of
from rao_lab.environments.drawn import drawn_of, split_of
from rao_lab.environments.named import BUNDLED, open_named
from rao_lab.protocols import Action, TurnRequest
from tests.testing.faulty_worlds import FAULTS, MyWorld, Wide, faulty


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_and_said_in_words(fault: str) -> None:
    environment, check, words = FAULTS[fault]
    report = rl.testing.check_environment(environment, seconds=60)
    found = [each for each in report.findings if each.check == check]
    assert any(words in f"{each.tried}\n{each.found}" for each in found), report
    assert not report.ok and "Traceback" not in str(report) and all(each.advice for each in report.findings)
    print(report)


def test_what_no_right_play_could_try_is_said_so() -> None:
    unscored = faulty("Unscored", leave=lambda self, path, value: None)
    report = rl.testing.check_environment(unscored, seconds=60)
    assert report.ok and "plays" not in report.passed, report
    assert any(note.startswith("plays: ") and "none of them got a score" in note for note in report.notes)
    for check in ("siblings", "signatures"):
        assert f"{check}: not tried: no play of the script succeeded" in report.notes


@pytest.mark.parametrize(
    ("made", "words"),
    [(lambda: float("nan"), "is nan, which JSON has not"), (lambda: date(2026, 3, 1), "is a date")],
)
def test_data_that_are_no_json_are_one_finding_that_names_the_field(made: Any, words: str) -> None:
    class Odd(Wide):
        def draw(self, difficulty: str, split: str, rng: Any) -> Any:
            goal, data = super().draw(difficulty, split, rng)
            return goal, {**data, "odd": [0, made()]}

    report = rl.testing.check_environment(Odd(), seconds=60)
    (found,) = report.findings
    assert found.found.startswith("data['odd'][1]") and words in found.found
    assert report.notes[-1].endswith("hostile: not tried, since tasks did not pass")


def test_a_cause_is_said_once_and_before_what_follows_from_it() -> None:
    def raises(self: Any, path: str, name: str, args: Any, kwargs: Any) -> Any:
        return {"no place": 0}[str(args[0])]

    first, *rest = rl.testing.check_environment(faulty("Raising", call=raises), seconds=60).findings
    assert first.check == "plays" and "KeyError" in first.found and "in raises" in first.where
    assert first.more > 50, "plans, determinism and nonsense met the same exception at the same line"
    assert all("KeyError" not in each.found for each in rest)
    environment, _, _ = FAULTS["state that worlds share"]
    assert rl.testing.check_environment(environment, seconds=60).findings[0].check == "determinism"
    true = faulty("True", leave=lambda self, path, value: rl.Score(value == max(self.numbers)))
    raised, played = rl.testing.check_environment(true, seconds=60).findings
    assert raised.where and "write float(True)" in raised.found and played.check == "plays"
    environment, _, _ = FAULTS["an empty answer passes"]
    assert rl.testing.check_environment(environment, seconds=60).findings[0].check == "verifiers"


def test_what_raises_is_not_also_said_to_return_nothing() -> None:
    def raises(self: Any) -> Any:
        raise KeyError("row")

    for name in ("root", "functions"):
        (found,) = rl.testing.check_environment(faulty("Raising", **{name: raises}), seconds=60).findings
        assert found.tried == f"{name}()" and "KeyError" in found.found


def test_the_place_of_a_bad_score_is_the_line_of_leave() -> None:
    wrong = faulty("Nested", leave=lambda self, path, value: rl.Score(rl.Score(1.0)))  # type: ignore[arg-type]
    found = [each for each in rl.testing.check_environment(wrong, seconds=60).findings if each.where]
    assert found and all("test_check_environment.py" in each.where for each in found), found


def test_a_right_world_passes_and_the_report_says_what_was_tried() -> None:
    report = rl.testing.check_environment(MyWorld("all"), seconds=60)
    assert report.ok, report
    report.raise_if_bad()
    assert len(report.passed) == 12 and not report.notes


@pytest.mark.parametrize("name", BUNDLED)
def test_a_shipped_world_passes(name: str) -> None:
    report = rl.testing.check_environment(open_named(name, "tiny"), seconds=60)
    assert report.ok, report


TEXT = b"From: ann@example.org\nDate: Mon, 4 Mar 2024 10:00:00 +0000\nSubject: Rent\n\nIt is 900.\n"


@pytest.mark.parametrize("name", ["research", "mail"])
def test_over_files_of_ones_own_nobody_is_blamed_for_the_script(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / ("a.md" if name == "research" else "a.eml")).write_bytes(TEXT)
    (tmp_path / "asked.jsonl").write_text(json.dumps({"question": "What is the rent?", "answer": 900}))
    env = open_named(name, "scripted", None, tmp_path / "in", tmp_path / "asked.jsonl")
    report = rl.testing.check_environment(env, seconds=60)
    assert report.ok and any("there is no script for tasks of files" in note for note in report.notes), report
    with pytest.raises(rl.ConfigError, match="no script for tasks of files"):
        rl.run(env.tasks("test")[0], env, rl.load_policy("scripted"))


@pytest.mark.slow
@pytest.mark.parametrize("name", BUNDLED)
def test_a_shipped_world_passes_in_all_its_difficulties(name: str) -> None:
    report = rl.testing.check_environment(open_named(name, "scripted", "all"), seconds=300)
    assert report.ok, report


AGES = {"Ada": 36, "Alan": 41, "Grace": 85}


def age_of(name: str) -> int:
    """The age of a person, in years."""
    if name not in AGES:
        raise rl.Refusal("unknown", "nobody is called so")
    return AGES[name]


def right(value: int, task: rl.Task) -> bool:
    return value == task.data["answer"]


def family(verify: Any) -> rl.Environment:
    goals = [
        rl.Task(f"family/{name}", f"What is the age of {name}?", split="file", data={"answer": age})
        for name, age in AGES.items()
    ]
    return rl.environment(goals, [age_of], verify, name="family", reproducible=True)


def test_an_environment_of_functions_passes_and_its_verifier_is_tried_by_gold() -> None:
    report = rl.testing.check_environment(family(right), gold=lambda task: task.data["answer"], seconds=60)
    assert report.ok and "verifiers" in report.passed, report
    assert any("all splits are one list" in note for note in report.notes)
    wrong = rl.testing.check_environment(family(right), gold=lambda task: 1 + task.data["answer"], seconds=60)
    assert [each.tried[:17] for each in wrong.findings] == ["the right answer "]
    of_tree = family(lambda tree: True)
    found = rl.testing.check_environment(of_tree, seconds=60).findings
    assert [each.check for each in found] == ["verifiers"] and "None" in found[0].tried


def test_without_a_script_the_same_calls_are_compared() -> None:
    def tossed(name: str) -> float:
        """A coin."""
        return random.random()

    tosses = rl.environment(["Toss a coin."], [tossed], name="tosses", reproducible=True)
    (found,) = rl.testing.check_environment(tosses, seconds=60).findings
    assert found.check == "determinism" and "in two fresh worlds" in found.tried
    said = rl.environment(["Toss a coin."], [tossed], name="tosses")
    report = rl.testing.check_environment(said, seconds=60)
    assert report.ok and any("reproducible = False" in note for note in report.notes)


def test_a_report_is_data_and_text_and_html() -> None:
    environment, _, _ = FAULTS["a set in the data"]
    report = rl.testing.check_environment(environment, seconds=60)
    assert report.to_json()["ok"] is False and report.to_json()["findings"][0]["check"] == "tasks"
    assert "<table" in report._repr_html_() and "data[&#x27;known&#x27;]" in report._repr_html_()
    assert "text-align:right" not in report._repr_html_(), "it has no numbers"
    with pytest.raises(rl.InputError, match="is a set"):
        report.raise_if_bad()
    with pytest.raises(AttributeError):
        report.notes = ()  # type: ignore[misc]


def test_a_place_in_a_notebook_is_a_line_of_a_cell() -> None:
    assert place_of([("/tmp/ipykernel_12/2317665462.py", 18, "right")]) == "line 18 of a cell, in right"
    assert place_of([("/home/ann/my_world.py", 18, "right")]) == "my_world.py:18 in right"


class Deaf(Wide):
    """A call waits in C, and hears nothing."""

    def draw(self, difficulty: str, split: str, rng: Any) -> Any:
        if split == "dev":
            threading.Event().wait(20)
        return super().draw(difficulty, split, rng)


def test_what_cannot_be_stopped_is_left_behind_and_named() -> None:
    began = time.monotonic()
    report = rl.testing.check_environment(Deaf(), seconds=5)
    assert time.monotonic() - began < 15
    (found,) = report.findings
    assert found.tried.startswith("tasks('dev')[") and "cannot be stopped" in found.found
    assert "test_check" in found.where


@pytest.mark.parametrize("seconds", [0, -1, math.nan, "long", None, True])
def test_a_bad_argument_is_said_in_a_line(seconds: Any) -> None:
    with pytest.raises(rl.ConfigError, match="seconds"):
        rl.testing.check_environment(MyWorld(), seconds=seconds)


@pytest.mark.parametrize("thing", [None, 3, "textcraft", [], object(), lambda: 0, rl])
def test_anything_at_all_gets_a_report(thing: Any) -> None:
    report = rl.testing.check_environment(thing, seconds=2)
    assert not report.ok and report.findings[0].check == "protocol", report


class Endless(Wide):
    """Draws the same content again and again, until a split comes that never does."""

    def draw(self, difficulty: str, split: str, rng: Any) -> Any:
        content = "[1, 2]"
        other = split_of(content) != split
        while other:
            pass
        return content, {"numbers": [1, 2]}


class Few(Wide):
    def draw(self, difficulty: str, split: str, rng: Any) -> Any:
        return "Find it", {"numbers": drawn_of(split, lambda: [1, 2])}


def test_a_draw_that_waits_for_a_split_is_told_how_it_ends() -> None:
    found = rl.testing.check_environment(Endless(), seconds=20, progress=False).findings
    assert [(each.check, each.tried[:6], each.where.split()[-1]) for each in found] == [
        ("tasks", "tasks(", "draw")
    ]
    assert found[0].more == 1 and "drawn_of(split, make) draws until" in found[0].advice, found
    few = rl.testing.check_environment(Few(), seconds=20, progress=False).findings
    assert ["too few different tasks: 1,000 draws gave 1 different" in each.found for each in few] == [True]
    assert few[0].advice == "correct tasks, or draw"


def test_a_split_without_tasks_is_noted_and_no_task_at_all_is_a_fault() -> None:
    goals = {"train": [rl.Task("a/0", "Say a.")], "test": [rl.Task("a/1", "Say b.")]}
    report = rl.testing.check_environment(rl.environment(goals, name="a"), seconds=60, progress=False)
    assert report.ok and "tasks: the split dev has no tasks" in "\n".join(report.notes), report
    empty = type(
        "Empty", (), {"name": "empty", "tasks": lambda self, split: [], "open": lambda self, task: None}
    )
    (found,) = rl.testing.check_environment(empty(), seconds=20, progress=False).findings
    assert found.found == "there are none in any split"


class Team(Wide):
    """A world that one agent alone cannot do: its flat script says so."""

    def play(self, request: TurnRequest, style: str, mistakes: Any) -> Action:
        if request.agent == "flat":
            return Action("This needs helpers.", "finish(None)")
        return super().play(request, style, mistakes)  # type: ignore[no-any-return]


def test_a_flat_script_may_say_that_a_task_needs_helpers() -> None:
    report = rl.testing.check_environment(Team(), seconds=60)
    assert report.ok, report
    assert report.passed["plays"].endswith("in the styles halves")
    assert report.notes[0].startswith("plays: the flat script gave up 2 trees by finish(None)"), report


class Forgetful(MyWorld):
    def __init__(self) -> None:
        self.guard_own_goal = True


class Unsuited(Wide):
    levels: ClassVar = {"medium": 8, "huge": 16}
    suits: ClassVar = {**dict.fromkeys(MyWorld.suits, "medium"), "chat": "hard"}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Forgetful, ("Forgetful.__init__", "call super().__init__(difficulty, seed, ...) in its first line")),
        (Unsuited, ("Unsuited.suits", "'hard' suits chat, and is none of levels: medium, huge")),
    ],
)
def test_a_world_that_cannot_be_opened_is_no_right_one(kind: Any, words: tuple[str, ...]) -> None:
    report = rl.testing.check_environment(kind(), seconds=20, progress=False)
    assert [finding.check for finding in report.findings] == ["protocol"]
    assert all(each in str(report) for each in words)


def test_a_world_that_forgets_its_base_is_told_so_in_a_line() -> None:
    for ask in (repr, lambda env: env.tasks("test"), lambda env: env.difficulties, lambda env: env.opened):
        with pytest.raises(rl.ConfigError, match=r"Forgetful\.__init__ must call super\(\)\.__init__\("):
            ask(Forgetful())
