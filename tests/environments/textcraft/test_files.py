"""The authors' data, and files that are not what they should be."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import textwrap
from pathlib import Path
from random import Random
from typing import Any

import pytest

from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.environments.textcraft.recipes import summed_demand
from rao_lab.errors import ConfigError, InputError, MissingError, RaoLabError
from tests.conftest import REPO

RECIPES = {"recipes": {"lamp": [{"ingredients": {"ore": 2}, "result_count": 2}]}}
TASK = {
    "id": "lamps.1",
    "goal": "Craft the following items: 1x lamp",
    "max_steps": 75,
    "misc": {"target_items": {"lamp": 1}, "initial_inventory": {"ore": 4, "tar": 1}, "difficulty": "easy"},
}


@pytest.fixture(scope="module")
def authors(shared) -> Path:
    return shared / "reference" / "textcraft_synth"


def files(folder: Path, recipes: Any = RECIPES, tasks: Any = (TASK,)) -> tuple[Path, Path]:
    """Writes both; text and bytes are written as they are."""
    book, lines = folder / "recipes.json", folder / "tasks.jsonl"
    text = tasks if isinstance(tasks, (str, bytes)) else "".join(json.dumps(task) + "\n" for task in tasks)
    for path, content in (
        (book, recipes if isinstance(recipes, (str, bytes)) else json.dumps(recipes)),
        (lines, text),
    ):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return book, lines


def changed(**misc: Any) -> list[dict[str, Any]]:
    return [{**TASK, "misc": {**TASK["misc"], **misc}}]


# Real input.


def test_every_gold_trajectory_of_the_validation_sample_replays(authors):
    env = TextCraft.from_files(authors / "recipes.json", authors / "val_sample.jsonl.gz")
    with gzip.open(authors / "val_sample.jsonl.gz", "rt") as file:
        lines = [json.loads(line) for line in file]
    tasks = env.tasks("test")
    assert len(tasks) == len(lines) == 317
    for task, line in zip(tasks, lines, strict=True):
        world = env.open(task)
        world.enter("0", world.root())
        for craft in line["misc"]["gold_trajectory"]:
            world.call("0", "craft", (craft["ingredients"], (craft["target"][0], craft["result_count"])), {})
        assert world.leave("0", "done").success == 1.0, task.id
        assert (task.goal, task.max_steps) == (line["goal"], line["max_steps"])
        assert world.root().goal == task.goal


def test_the_authors_tasks_are_solvable_by_summed_demand_from_base_items(authors):
    env = TextCraft.from_files(authors / "recipes.json", authors / "val_sample.jsonl.gz")
    for task in env.tasks("test"):
        world = env.open(task)
        demand = summed_demand(world.recipes, world.targets, world.stock.counts)
        assert all(world.stock.have(item) >= count for item, count in demand.base.items()), task.id


def test_a_difficulty_can_be_chosen_from_a_file(authors):
    env = TextCraft.from_files(authors / "recipes.json", authors / "train_sample.jsonl.gz", "hard,extreme")
    assert [len(env.tasks("train")), {task.difficulty for task in env.tasks("train")}] == [
        600,
        {"hard", "extreme"},
    ]
    assert repr(env) == "TextCraft(600 tasks of a file; tiers: hard 6-9, extreme 8-12)"


# Small files, right and wrong.


def test_a_file_is_read_zipped_or_not(tmp_path):
    book, tasks = files(tmp_path)
    zipped = tmp_path / "zipped"
    zipped.write_bytes(gzip.compress(tasks.read_bytes()))
    plain, unzipped = (TextCraft.from_files(book, path).tasks("test")[0] for path in (tasks, zipped))
    assert plain == unzipped
    assert plain.data["recipes"] == {"lamp": [{"ore": 2}, 2]}
    assert (plain.id, plain.max_steps, plain.difficulty) == ("lamps.1", 75, "easy")


@pytest.mark.parametrize("zip_", [bytes, gzip.compress])
def test_the_mark_of_a_windows_editor_is_no_text(tmp_path, zip_):
    marked = [zip_(b"\xef\xbb\xbf" + json.dumps(each).encode()) for each in (RECIPES, TASK)]
    assert len(TextCraft.from_files(*files(tmp_path, *marked)).tasks("test")) == 1


def test_blank_lines_are_no_tasks(tmp_path):
    book, tasks = files(tmp_path, tasks=f"\n{json.dumps(TASK)}\n\n")
    assert len(TextCraft.from_files(book, tasks).tasks("dev")) == 1


def test_a_task_without_an_id_is_named_by_file_and_line_never_by_folder(tmp_path):
    book, tasks = files(tmp_path, tasks=[{"misc": TASK["misc"]}])
    assert TextCraft.from_files(book, tasks).tasks("test")[0].id == "tasks.jsonl/1"


@pytest.mark.parametrize(
    ("recipes", "says"),
    [
        ("", "recipes.json: this is not JSON"),
        ("[]", 'must be a JSON object with "recipes"'),
        ({"recipes": {}}, 'must be a JSON object with "recipes"'),
        ({"recipes": {"lamp": {}}}, "the recipe of 'lamp' must be a list of one object"),
        ({"recipes": {"lamp": [{"ingredients": {}}]}}, "the recipe of 'lamp' has no ingredients"),
        ({"recipes": {"lamp": [{"ingredients": {"ore": 0}}]}}, "the count of 'ore' must be a whole number"),
        ({"recipes": {"lamp": [{"ingredients": {"ore": 1}, "result_count": 1.5}]}}, "result_count"),
        ({"recipes": {"a": [{"ingredients": {"b": 1}}], "b": [{"ingredients": {"a": 1}}]}}, "a circle"),
        ("[" * 100_000, "nested too deep"),
        (b"\xff\xfe", "not UTF-8 text: byte 0"),
        (b"\x1f\x8b garbage", "cannot be read"),
        (gzip.compress(b"{}" * 1000, mtime=0)[:30], "cannot be read"),
    ],
)
def test_wrong_recipes_are_one_clear_line(tmp_path, recipes, says):
    with pytest.raises(InputError) as caught:
        TextCraft.from_files(*files(tmp_path, recipes=recipes))
    assert says in str(caught.value) and "recipes.json" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("tasks", "says"),
    [
        ("", "holds no tasks"),
        ("{", "line 1: this is not JSON"),
        (json.dumps(TASK) + "\nnull\n", "line 2: a task must be an object"),
        ([{"misc": 3}], "line 1: a task must be an object"),
        (changed(target_items={}), "target_items is empty"),
        (changed(target_items={"lamp": -1}), "the count of 'lamp' must be a whole number"),
        (changed(target_items={"tar": 1}), "no recipe makes the target 'tar'"),
        (changed(target_items=["lamp"]), "target_items must map items to counts, not be a list"),
        (changed(initial_inventory=None), "initial_inventory must map items to counts"),
        (changed(initial_inventory={"ore": "4"}), "the count of 'ore'"),
        (changed(difficulty=["easy"]), "difficulty must be a text"),
        ([{**TASK, "max_steps": 0}], "max_steps"),
        ([{**TASK, "id": 7}], "id must be a text"),
        ([TASK, TASK], f"line 2 has the id {TASK['id']!r}, as line 1 has"),
        (json.dumps(TASK).replace("75", "NaN"), "NaN is not in JSON"),
        (json.dumps(TASK).replace("75", "9" * 5000), "this is not JSON"),
    ],
)
def test_wrong_tasks_are_one_clear_line(tmp_path, tasks, says):
    with pytest.raises(InputError) as caught:
        TextCraft.from_files(*files(tmp_path, tasks=tasks))
    assert says in str(caught.value) and "tasks.jsonl" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_a_folder(tmp_path):
    book, tasks = files(tmp_path)
    with pytest.raises(MissingError, match=r"no file .*nowhere"):
        TextCraft.from_files(book, tmp_path / "nowhere")
    with pytest.raises(InputError, match="is a folder: give a file in it"):
        TextCraft.from_files(tmp_path, tasks)


def test_a_difficulty_that_the_file_lacks(tmp_path):
    with pytest.raises(ConfigError, match=r"has no such difficulty, 'hard': it has easy \(1\)"):
        TextCraft.from_files(*files(tmp_path), difficulty="hard")


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("rao_lab.environments.reading.MAX_BYTES", 1000)
    book, tasks = files(tmp_path, tasks=gzip.compress(b" " * 1_000_000))
    with pytest.raises(InputError, match="is larger than"):
        TextCraft.from_files(book, tasks)


MB = 2**20


@pytest.mark.parametrize(
    ("place", "bomb", "says"),
    [
        ("recipes", b"[" + b"[]," * (30 * MB // 3) + b"0]", "this JSON is too large"),
        ("recipes", b" " * (33 * MB), "is larger than 32 MiB"),
        ("tasks", b"[" + b"[]," * (100 * MB // 3) + b"0]", "line 1 is longer than 1 MiB"),
        ("tasks", b"\n" * (2 * MB), "at most 1000000 lines are read"),
    ],
)
def test_a_small_file_does_not_take_the_memory(tmp_path, place, bomb, says):
    """227 kB of gzip took 3 GB. In a process of its own, in which the most memory can be measured."""
    book, tasks = files(tmp_path, **{place: gzip.compress(bomb, 1)})
    code = """
        import resource, sys
        from rao_lab.environments.textcraft.environment import TextCraft
        from rao_lab.errors import RaoLabError
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            TextCraft.from_files(*sys.argv[1:])
        except RaoLabError as error:
            print(error)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    arguments = [sys.executable, "-c", textwrap.dedent(code), book, tasks]
    said, used = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.splitlines()
    assert says in said
    assert int(used) < 200 * 1024


def test_all_tasks_together_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("rao_lab.environments.textcraft.files.MAX_ITEMS", 100)
    same = [{**TASK, "id": f"lamps.{number}"} for number in range(26)]
    book, tasks = files(tmp_path, tasks=same[:25])
    assert len(TextCraft.from_files(book, tasks).tasks("test")) == 25
    with pytest.raises(InputError, match=r"line 26: the tasks hold more than 100 counts of items"):
        TextCraft.from_files(*files(tmp_path, tasks=same))


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c"])
def test_only_a_line_feed_ends_a_line(tmp_path, character):
    goal = f"Craft a lamp{character}and stop"
    lines = (
        json.dumps({**TASK, "goal": goal, "id": "0"}, ensure_ascii=character < "\x20")
        + "\r\n"
        + json.dumps(TASK)
    )
    found = TextCraft.from_files(*files(tmp_path, tasks=lines)).tasks("test")
    assert [task.goal for task in found] == [goal, TASK["goal"]]


def test_files_may_be_pipes(tmp_path):
    book, tasks = files(tmp_path)
    code = """
        import sys
        from rao_lab.environments.textcraft.environment import TextCraft
        print(len(TextCraft.from_files(*sys.argv[1:]).tasks("test")))
    """
    command = f'{sys.executable} -c "$0" <(gzip -c {book}) <(cat {tasks})'
    arguments = ["bash", "-c", command, textwrap.dedent(code)]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=REPO)
    assert (done.stdout, done.stderr) == ("1\n", "")


def mutate(data: bytes, rng: Random) -> bytes:
    """A few bytes changed, a piece cut out, doubled, or replaced by something that JSON knows."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(changed) + 1)
        until = min(len(changed), place + rng.randint(0, 12))
        pieces = [
            b"",
            bytes(changed[place:until]) * 2,
            bytes([rng.randrange(256)]),
            b"null",
            b"-1",
            b"1e999",
            b'"',
            b"{",
            b"]",
            b"true",
        ]
        changed[place:until] = rng.choice(pieces)
    return bytes(changed)


def fuzz(folder: Path, rounds: int) -> None:
    rng = Random(7)
    book, tasks = files(folder, tasks=[TASK, TASK])
    good = {book: book.read_bytes(), tasks: tasks.read_bytes()}
    for _ in range(rounds):
        for path, data in good.items():
            path.write_bytes(mutate(data, rng) if rng.random() < 0.7 else data)
        try:
            env = TextCraft.from_files(book, tasks)
            for task in env.tasks("test"):
                env.open(task)
        except RaoLabError as error:
            assert "\n" not in str(error)


def test_mutated_files_are_read_or_refused(tmp_path):
    fuzz(tmp_path, 300)


@pytest.mark.slow
def test_many_mutated_files_are_read_or_refused(tmp_path):
    fuzz(tmp_path, 5000)
