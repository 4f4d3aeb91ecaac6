"""From a name to an environment: the bundled ones, and a user's own class."""

from __future__ import annotations

from pathlib import Path

import pytest

from rao_lab.environments.named import open_named
from rao_lab.environments.textcraft import TextCraft
from rao_lab.errors import ConfigError, MissingError, RaoLabError

OWN = """
class Fine:
    name = "fine"
    def tasks(self, split): return []
    def open(self, task): raise NotImplementedError

class Plain: pass

class Broken(Fine):
    def __init__(self): 1 / 0

class Choosy(Fine):
    def __init__(self, needed): pass

fine = Fine()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # undone after the test
    (tmp_path / "own_world.py").write_text(OWN)
    (tmp_path / "raising_world.py").write_text("raise ValueError('no\\nluck')")
    (tmp_path / "lacking_world.py").write_text("import nothing_of_the_kind")
    (tmp_path / "unreadable_world.py").write_text("class :")
    return tmp_path


def test_a_world_takes_the_band_and_preset_that_suit_the_policy() -> None:
    world = open_named("textcraft", "tiny")
    assert world.tasks("test")[0].difficulty == "medium"
    assert open_named("textcraft", "tiny", "easy").tasks("test")[0].difficulty == "easy"
    assert open_named("textcraft", "scripted").tasks("test")[0].id.startswith("textcraft/paper")
    assert open_named("textcraft", "chat").tasks("test")[0].difficulty == "easy"


def test_recipes_and_tasks_come_together() -> None:
    with pytest.raises(ConfigError, match="--recipes is missing"):
        open_named("textcraft", "tiny", tasks=Path("tasks.jsonl"))
    with pytest.raises(ConfigError, match="--tasks is missing"):
        open_named("textcraft", "tiny", rules=Path("recipes.json"))


def test_difficulties_are_named_easiest_first_and_alternate_as_they_were_given() -> None:
    world = TextCraft("hard,easy")
    assert world.difficulties == ["easy", "hard"]
    assert [task.difficulty for task in world.tasks("test")[:3]] == ["hard", "easy", "hard"]


def test_a_class_of_the_current_folder_is_an_environment(folder: Path) -> None:
    assert open_named("own_world:Fine", "tiny").name == "fine"


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("chess", MissingError, "no environment 'chess': there is textcraft, or your own as MODULE:CLASS"),
        ("no_such_world:Fine", MissingError, "no module 'no_such_world' in this folder"),
        ("own_world.deeper:Fine", MissingError, "no module 'own_world.deeper'"),
        (":Fine", MissingError, "no module '': write MODULE:CLASS"),
        ("./own_world.py:Fine", MissingError, "write MODULE:CLASS"),
        ("own_world:Fin", MissingError, "module own_world has no class 'Fin'"),
        ("own_world:fine", MissingError, "has no class 'fine'"),
        ("own_world:", MissingError, "has no class ''"),
        ("os:_exit", MissingError, "module os has no class '_exit'"),
        ("raising_world:Fine", RaoLabError, "raising_world cannot be imported: ValueError: no ⏎ luck"),
        ("lacking_world:Fine", RaoLabError, "cannot be imported: ModuleNotFoundError: No module named 'noth"),
        ("unreadable_world:Fine", RaoLabError, "cannot be imported: SyntaxError"),
        ("own_world:Plain", ConfigError, "own_world:Plain is no environment: it needs a name, tasks"),
        ("own_world:Broken", RaoLabError, "own_world:Broken cannot be made: ZeroDivisionError: division"),
        ("own_world:Choosy", RaoLabError, "cannot be made: TypeError.*needed"),
    ],
)
def test_what_is_no_environment_is_refused_in_a_line(
    name: str, kind: type[RaoLabError], words: str, folder: Path
) -> None:
    with pytest.raises(kind, match=words) as refused:
        open_named(name, "tiny")
    assert "\n" not in str(refused.value)


def test_a_class_without_options_takes_none(folder: Path) -> None:
    with pytest.raises(ConfigError, match="--difficulty means nothing to own_world:Fine"):
        open_named("own_world:Fine", "tiny", difficulty="easy")
