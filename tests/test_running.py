"""One call runs a tree, in a script, in async code, and with what suits the policy."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

import rao_lab as rl
from rao_lab.loading import suggested
from rao_lab.tree import Event, validate


def test_one_call_runs_one_tree() -> None:
    env = rl.environments.TextCraft("easy")
    heard: list[Event] = []
    tree = rl.run(env.tasks("test")[0], env, rl.load_policy("scripted"), on_event=heard.append)
    validate(tree)
    assert tree.success == 1.0
    assert len(heard) > len(tree)


def test_async_code_awaits_it() -> None:
    env = rl.environments.TextCraft("easy")
    task = env.tasks("test")[0]
    policy = rl.load_policy("scripted")

    async def cell() -> rl.Tree:
        return await rl.arun(task, env, policy)

    # In a thread of its own: another test's browser may keep an event loop in this one.
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(lambda: asyncio.run(cell())).result().success == 1.0


def test_an_unknown_agent_is_refused() -> None:
    env = rl.environments.TextCraft("easy")
    with pytest.raises(rl.ConfigError, match="agent='team' is unknown"):
        rl.run(env.tasks("test")[0], env, rl.load_policy("scripted"), agent="team")


def test_a_temperature_holds_for_one_evaluation_and_by_default_it_is_what_suits_the_policy() -> None:
    env = rl.environments.TextCraft("easy")
    policy = rl.load_policy("tiny")
    found = rl.evaluate(env, policy, tasks=1)
    assert found.temperature == found.to_dict()["temperature"] == suggested(policy).temperature
    assert rl.evaluate(env, policy, tasks=1, temperature=2.0).temperature == 2.0
    rl.run(env.tasks("test")[0], env, policy, temperature=0.3)
    assert policy.temperature == 1.0 != found.temperature
    with pytest.raises(rl.ConfigError, match="temperature=0 means nothing"):
        rl.evaluate(env, policy, tasks=1, temperature=0)
    assert rl.evaluate(env, rl.load_policy("scripted"), tasks=1, temperature=2.0).temperature is None


def test_evaluation_has_the_flat_ceiling_where_the_policy_has_tokens() -> None:
    env = rl.environments.TextCraft("easy")
    tokens = rl.evaluate(env, rl.load_policy("tiny"), "flat", tasks=2)
    assert tokens.overall.flat_ceiling is not None
    assert rl.evaluate(env, rl.load_policy("scripted"), tasks=2).overall.flat_ceiling is None


@pytest.mark.parametrize("name", ["", "no such", "tinny", "./nowhere", "/nowhere/model"])
def test_an_unknown_policy_names_those_there_are(name: str) -> None:
    with pytest.raises((rl.MissingError, rl.ConfigError), match="scripted"):
        rl.load_policy(name)
