"""Every public name shows an example in its docstring, and every example runs as it is printed."""

from __future__ import annotations

import doctest
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl

NAMES = [name for name in rl.__all__ if name != "__version__"]  # a string, which has no docstring of its own
NAMES += [f"prompts.{name}" for name in ("list", "load", "diff", "TemplateDialect", "PromptDiff")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("examples")


@pytest.fixture(scope="module")
def known(folder: Path) -> dict[str, Any]:
    """The names that examples use, as the docstring of `rao_lab` introduces them, and a run of one step."""
    env = rl.environments.TextCraft(difficulty="medium")
    policy = rl.load_policy("scripted")
    task = env.tasks("test")[0]
    tree = rl.run(task, env, policy)
    learner = rl.load_policy("tiny")
    config = rl.default_config(learner, steps=1, tasks_per_step=2, group_size=2, probe_tasks=0)
    *_, step = rl.train(env, learner, config, store=folder / "runs/a.rao")
    (folder / "notes.txt").write_text("no run file")
    said = Path(__file__).parent / "data/traces/conversation.json"
    (folder / "conversation.json").write_text(said.read_text("utf-8"), "utf-8")
    group = rl.Group(task, (tree, tree))
    return {"rl": rl, "env": env, "policy": policy, "task": task, "tree": tree, "group": group, "step": step}


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_has_an_example_that_runs(
    name: str, known: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    text = attrgetter(name)(rl).__doc__ or ""
    test = doctest.DocTestParser().get_doctest(text, dict(known), f"rl.{name}", None, None)
    assert test.examples, f"the docstring of rl.{name} has no example: write one with >>>"
    said: list[str] = []
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    doctest.DocTestRunner(verbose=False, optionflags=options).run(test, out=said.append)
    assert not said, "".join(said)


def test_keywords_that_are_typed_apart_are_those_of_what_they_are_handed_to() -> None:
    """`rl.default_config` and `rl.load_policy` name every keyword they take, in their types and their docstrings."""
    from dataclasses import fields
    from typing import get_type_hints

    from rao_lab.policies.load import SETTINGS, PolicySettings
    from rao_lab.training.config import TrainConfig, TrainSettings

    own = get_type_hints(TrainConfig)
    assert get_type_hints(TrainSettings) == {item.name: own[item.name] for item in fields(TrainConfig)}
    assert set(PolicySettings.__annotations__) == {name for names in SETTINGS.values() for name in names}
    for function, names in ((rl.default_config, own), (rl.load_policy, PolicySettings.__annotations__)):
        assert [name for name in names if name not in (function.__doc__ or "")] == []
