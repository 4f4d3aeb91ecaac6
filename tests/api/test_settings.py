"""From words to settings: what is said wins, the rest suits the policy."""

from __future__ import annotations

from typing import Any

import pytest

from rao_lab.api.defaults import CHAT, TINY
from rao_lab.api.settings import chosen_steps, find_task, limits_from, merged, overrides, train_config
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import ConfigError, MissingError, RaoLabError
from rao_lab.execution.limits import Limits


def test_assignments_nest_and_are_json_if_they_can_be() -> None:
    found = overrides(["steps=3", "credit.lam=0.2", "credit.bonus=min", "loss.fixed=null", "probe_split=dev"])
    assert found == {
        "steps": 3,
        "credit": {"lam": 0.2, "bonus": "min"},
        "loss": {"fixed": None},
        "probe_split": "dev",
    }


@pytest.mark.parametrize("text", ["steps", "=3", "credit..lam=1", ".=1", ""])
def test_what_is_no_assignment_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="NAME=VALUE"):
        overrides([text])


def test_a_value_has_no_fields() -> None:
    with pytest.raises(ConfigError, match="has a value of its own"):
        overrides(["credit=1", "credit.lam=2"])


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("lora=8", "policy.lora"),
        ("cache_gb=1", "policy.cache_gb"),
        ("max_depth=6", "limits.max_depth"),
        ("lam=0", "credit.lam"),
    ],
)
def test_a_part_without_its_whole_is_told_where_it_is(given: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=rf"{meant} is what you look for"):
        overrides([given])
    assert overrides(["seed=3", "temperature=1"]) == {"seed": 3, "temperature": 1}


def test_later_layers_win_field_by_field() -> None:
    assert merged({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": 4}}, {"e": 5}) == {
        "a": 1,
        "b": {"c": 4, "d": 3},
        "e": 5,
    }


def test_training_starts_from_the_limits_that_suit_the_policy() -> None:
    config = train_config(TINY, {"steps": 7}, overrides(["limits.max_nodes=9"]))
    assert config.steps == 7
    assert config.limits == Limits.from_dict({**TINY.train_limits.to_dict(), "max_nodes": 9})


def test_a_chat_model_is_trained_with_smaller_steps_than_the_tiny_one() -> None:
    assert train_config(TINY).learning_rate == 6e-4
    assert train_config(CHAT).learning_rate == 1e-5
    assert train_config(CHAT, {"learning_rate": 1e-4}).learning_rate == 1e-4


def test_a_nested_setting_that_is_no_object_is_refused() -> None:
    with pytest.raises(RaoLabError):
        train_config(TINY, overrides(["limits=3"]))
    with pytest.raises(ConfigError, match="object"):
        limits_from(TINY, overrides(["limits=3"]))


def test_tasks_are_found_by_number_and_by_id() -> None:
    world = TextCraft("easy")
    third = world.tasks("dev")[3]
    assert find_task(world, "3", "dev") == third
    assert find_task(world, third.id, "dev") == third
    with pytest.raises(MissingError, match="0 to 299"):
        find_task(world, "300", "dev")


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        (None, None),
        ("1", [1]),
        ("1,3", [1, 3]),
        ("2-9", [2, 3]),
        ("0-1,3", [0, 1, 3]),
        ("3,1-3,2", [1, 2, 3]),
    ],
)
def test_steps_are_listed_and_spanned(text: str | None, steps: list[int] | None) -> None:
    assert chosen_steps(text, [0, 1, 2, 3]) == steps


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "1--2", "1,,2", "1.5"])
def test_what_is_no_list_of_steps_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="no list of steps"):
        chosen_steps(text, [1])


def test_steps_that_the_run_lacks_are_named() -> None:
    with pytest.raises(MissingError, match="it has 1 to 2"):
        chosen_steps("8", [1, 2])


def test_an_empty_list_of_tasks_has_no_range() -> None:
    class Empty(TextCraft):
        def tasks(self, split: str) -> list[Any]:
            return [] if split == "dev" else [super().tasks(split)[0]]

    for wanted in ("0", "mine"):
        with pytest.raises(MissingError, match="split 'dev' of textcraft has no tasks"):
            find_task(Empty("easy"), wanted, "dev")
    with pytest.raises(MissingError, match="no task 1 in split 'test': it has 0 alone"):
        find_task(Empty("easy"), "1", "test")
