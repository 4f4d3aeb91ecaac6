"""Prompts while trees run: files that cannot be rendered in some state end a node, and a broken dialect is named."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.api.export import record
from rao_lab.base.bundled import data_path
from rao_lab.errors import CallbackError, InputError
from rao_lab.prompts import find
from rao_lab.prompts.codeact import CodeAct
from rao_lab.store import open_run
from rao_lab.tree import Status, validate

ENV = rl.environments.TextCraft("medium")
TASK = ENV.tasks("test")[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(data_path("prompts") / "plain", tmp_path / "mine"))


def grown(folder: Path, file: str, more: str) -> rl.Tree:
    """A tree of the scripted policy, with a line more in one file of its prompt."""
    with (folder / file).open("a") as stream:
        stream.write(more)
    return rl.run(TASK, ENV, rl.load_policy("scripted"), prompt=folder)


def test_a_prompt_of_files_gives_the_tree_that_its_words_give(folder: Path) -> None:
    tree = grown(folder, "task.j2", "")
    other = rl.run(TASK, ENV, rl.load_policy("scripted"), prompt="codeact")
    assert {node.template for node in tree.nodes} == {find(folder).name}
    assert [turn.messages for node in tree.nodes for turn in node.turns] == [
        turn.messages for node in other.nodes for turn in node.turns
    ]


def test_a_prompt_that_fails_at_a_child_ends_the_child_and_not_the_run(folder: Path, tmp_path: Path) -> None:
    tree = grown(folder, "task.j2", "{% if depth and functions | length > 4 %}{{ goal.nope }}{% endif %}")
    validate(tree)
    children = [node for node in tree.nodes if node.path != "0"]
    assert children and all(node.status is Status.ERROR and node.success is None for node in children)
    assert all(node.turns == () for node in children)
    assert children[0].reason == (
        "prompt mine cannot be rendered: task.j2 line 6: 'str object' has no attribute 'nope'"
    )
    assert tree.root.status is Status.FINISHED and tree.not_reproducible == ""
    record([tree], tmp_path / "a.rao", find(folder))
    with open_run(tmp_path / "a.rao") as run:
        assert [node.reason for node in run.groups(0)[0].trees[0].nodes] == [
            node.reason for node in tree.nodes
        ]
        assert run.config["prompts"] == {find(folder).name: dict(find(folder).files)}  # type: ignore[attr-defined]
        assert rl.Explorer(run) is not None


def test_a_run_keeps_a_prompt_to_the_letter_also_if_it_looks_like_a_path(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "system.j2").write_text("/no_think and/or write Python")
    rl.run(TASK, ENV, rl.load_policy("scripted"), prompt=folder, store=tmp_path / "a.rao")
    with open_run(tmp_path / "a.rao") as run:
        assert rl.prompts.load(run) == find(folder) and rl.prompts.load(run).files == find(folder).files  # type: ignore[attr-defined]


def test_a_prompt_that_fails_after_a_turn_ends_the_node(folder: Path) -> None:
    tree = grown(
        folder, "observation.j2", "{% if turns_left is not none and turns_left > 9 %}{{ nope }}{% endif %}"
    )
    validate(tree)
    assert tree.root.status is Status.ERROR and len(tree.root.turns) == 1
    assert "observation.j2 line" in tree.root.reason


def broken(method: str, given: Any) -> Any:
    """A dialect of one's own: `codeact` with a mistake in one method."""
    own = {each: getattr(CodeAct(), each) for each in ("worded", "opening", "parse", "reply", "observe")}
    made = SimpleNamespace(**{**own, method: lambda _: given()}, name="broken", shows_results=False)
    made.worded = lambda words: made
    return made


def divide() -> float:
    return 1 / 0


@pytest.mark.parametrize(
    ("method", "given", "error", "words"),
    [
        ("opening", divide, CallbackError, r"prompt broken: opening\(brief\) raised ZeroDivisionError"),
        ("observe", divide, CallbackError, r"prompt broken: observe\(observation\) raised ZeroDivisionError"),
        ("parse", divide, CallbackError, r"prompt broken: parse\(text\) raised ZeroDivisionError"),
        (
            "opening",
            lambda: "hi",
            InputError,
            r"opening\(brief\) returned 'hi', and a tuple of Message is due",
        ),
        ("observe", lambda: [3], InputError, r"observe\(observation\) returned \[3\], and a tuple"),
        ("parse", lambda: None, InputError, r"parse\(text\) returned None, and an Action is due"),
    ],
)
def test_a_dialect_of_ones_own_that_is_broken_is_one_error_that_names_it(
    method: str, given: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        rl.run(TASK, ENV, rl.load_policy("scripted"), prompt=broken(method, given))
