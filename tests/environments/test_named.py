"""From a name to an environment: the bundled ones, and a user's own class."""

from __future__ import annotations

from pathlib import Path

import pytest

from rao_lab.environments.named import Player, open_named
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

def age_of(name): return 3

fine = Fine()
number = 3
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


def test_a_world_takes_the_band_that_suits_the_policy() -> None:
    for player, band in (("tiny", "medium"), ("scripted", "medium"), ("chat", "easy")):
        assert open_named("textcraft", player).tasks("test")[0].difficulty == band


@pytest.mark.parametrize("player", ["tiny", "scripted", "chat"])
def test_the_same_words_give_the_same_tasks_to_everyone(player: Player) -> None:
    world = open_named("textcraft", player, "easy")
    assert [*world.tasks("test")[:20]] == [*TextCraft("easy").tasks("test")[:20]]
    assert repr(world) == repr(TextCraft("easy"))
    large = open_named("textcraft", player, "easy", settings={"preset": "paper", "seed": 3})
    assert large.tasks("test")[5] == TextCraft("easy", preset="paper", seed=3).tasks("test")[5]


def test_a_world_is_opened_again_by_what_it_says(tmp_path: Path) -> None:
    made = TextCraft("hard,easy", seed=4, slack=1, targets=2, result_counts={1: 2.0}, guard_own_goal=False)
    opened = dict(made.opened)
    again = open_named(opened["env"], "chat", opened["difficulty"], settings=opened["settings"])
    assert [*again.tasks("train")[:9]] == [*made.tasks("train")[:9]] and again.opened == opened


def test_a_setting_that_a_world_does_not_have_is_refused_with_those_it_has(folder: Path) -> None:
    for name, has in (
        ("textcraft", "seed, preset, slack"),
        ("own_world:Choosy", "it has needed"),
        ("own_world:Fine", "none"),
    ):
        with pytest.raises(ConfigError, match=rf"has no setting env\.sed.*{has}"):
            open_named(name, "tiny", settings={"sed": 1})
    made = open_named("own_world:Choosy", "tiny", settings={"needed": 3})
    assert made.opened["settings"] == {"needed": 3}


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


def test_a_file_and_an_environment_that_is_made_will_do(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "odd-name.py").write_text(OWN)
    for name in ("own_world.py:Fine", "own_world:fine", "own_world.py:fine", "sub/odd-name.py:fine"):
        made = open_named(name, "tiny")
        assert made.name == "fine"
        assert made.opened["env"] == name  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match=r"own_world:fine has no setting env\.seed: it has none"):
        open_named("own_world:fine", "tiny", settings={"seed": 1})
    with pytest.raises(ConfigError, match="--difficulty means nothing to own_world:fine"):
        open_named("own_world:fine", "tiny", difficulty="easy")
    with pytest.raises(ConfigError, match="--data means nothing to own_world:fine"):
        open_named("own_world:fine", "tiny", rules=folder)


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("chess", MissingError, "no environment 'chess': there is textcraft, .*or your own as MODULE:CLASS"),
        ("no_such_world:Fine", MissingError, "no module 'no_such_world' in this folder"),
        ("own_world.deeper:Fine", MissingError, "no module 'own_world.deeper'"),
        (":Fine", MissingError, "no module '': write MODULE:NAME"),
        ("./no_world.py:Fine", MissingError, "no file no_world.py: check the name"),
        (
            "./own_world.py:Fin",
            MissingError,
            "own_world.py has no class 'Fin', and no environment of this name: did you mean 'Fine'",
        ),
        (
            "./raising_world.py:Fine",
            RaoLabError,
            "raising_world.py cannot be imported: ValueError: no ⏎ luck",
        ),
        ("own_world:Fin", MissingError, "module own_world has no class 'Fin'"),
        ("own_world:number", MissingError, "has no class 'number'"),
        ("own_world:nowhere", MissingError, "this name: it defines fine, Fine, Plain, Broken, Choosy"),
        ("own_world:age_of", MissingError, r"this name \(it is a function\): it defines fine"),
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
