"""One call runs a tree, in a script, in async code, and with what suits the policy."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.api.defaults import LOCAL_CHAT, suggested
from rao_lab.api.reopen import Begun, reopen_policy
from rao_lab.evaluation.ceiling import flat_fits
from rao_lab.prompts import find
from rao_lab.protocols import TurnReply
from rao_lab.tree import Event, validate
from tests.support.configs import small_config
from tests.support.worlds import TASK, Lines, Shelf


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


def test_a_chat_model_samples_at_what_it_was_loaded_with_or_its_folder_names_and_otherwise_below_one(
    random_tiny: Path, tmp_path: Path
) -> None:
    env = rl.environments.TextCraft("easy")
    folder = tmp_path / "chat"
    shutil.copytree(random_tiny, folder)

    def sampled_at(named: object, **loaded: float) -> object:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        config["rao_lab"] = {"dialect": "codeact", "window": 96}
        (folder / "config.json").write_text(json.dumps(config), "utf-8")
        generation = {
            "eos_token_id": 0,
            **({} if named is None else {"temperature": named, "do_sample": True}),
        }
        (folder / "generation_config.json").write_text(json.dumps(generation), "utf-8")
        policy = rl.load_policy(str(folder), **loaded)
        found = rl.evaluate(env, policy, tasks=1, limits=rl.Limits(max_turns=1, max_new_tokens=2))
        assert policy.temperature == loaded.get("temperature", 1.0), "training samples at 1"
        return found.temperature

    assert sampled_at(None) == LOCAL_CHAT.temperature == 0.5
    assert sampled_at(0.7) == 0.7
    assert sampled_at(0.7, temperature=1.0) == 1.0
    assert sampled_at(0) == sampled_at("warm") == 0.5, "nobody can sample at that"
    server = rl.load_policy("http://127.0.0.1:1/v1#none", temperature=0.9)
    assert suggested(server).temperature is None and server.temperature == 0.9, "a server keeps its own"


def test_evaluation_has_the_flat_ceiling_if_the_policy_has_tokens() -> None:
    env = rl.environments.TextCraft("easy")
    policy = rl.load_policy("tiny")
    tokens = rl.evaluate(env, policy, "flat", tasks=2)
    assert tokens.overall.flat_ceiling is not None
    assert tokens.overall.flat_ceiling_of == "one call a turn"
    given = rl.evaluate(env, policy, tasks=2, fits=flat_fits(env, policy), progress=False)
    assert given.overall.flat_ceiling_of == "one call a turn"
    assert rl.evaluate(env, rl.load_policy("scripted"), tasks=2).overall.flat_ceiling is None


@pytest.mark.parametrize("name", ["", "no such", "tinny", "./nowhere", "/nowhere/model"])
def test_an_unknown_policy_names_those_there_are(name: str) -> None:
    with pytest.raises((rl.MissingError, rl.ConfigError), match="scripted"):
        rl.load_policy(name)


class Slow(Lines):
    """Takes its time over each decode step, and says when it is at work and when it has been left."""

    def __init__(self, texts: Mapping[str, Sequence[str]]) -> None:
        super().__init__(texts)
        self.at_work = threading.Event()

    def tick(self) -> Sequence[TurnReply]:
        self.at_work.set()
        time.sleep(0.002)
        return super().tick()


LONG = {"0": ["finish(await launch_subagent('a'))"], "0.0": [*["put(1)"] * 30, "finish('ok')"]}
ENDS = ("finished", "turn_limit", "context_limit")
ROOM = rl.Limits(max_turns=1500, max_tree_turns=5000)


def test_runs_of_one_policy_that_are_awaited_together_are_the_runs_they_are_alone() -> None:
    policy = Slow(LONG)

    async def together() -> list[rl.Tree]:
        return await asyncio.gather(*[rl.arun(TASK, Shelf(), policy, limits=ROOM) for _ in range(4)])

    with ThreadPoolExecutor(1) as thread:
        trees = thread.submit(lambda: asyncio.run(together())).result()
    asked = [(request.key[1], request.turn) for request in policy.requests]
    assert asked == [("0", 1), *[("0.0", turn) for turn in range(1, 32)]] * 4
    assert [(tree.root.value, len(tree)) for tree in trees] == [("ok", 2)] * 4


def test_cancelling_what_awaits_a_run_stops_the_run() -> None:
    policy = Slow({**LONG, "0.0": ["put(1)"]})

    async def cancelled() -> int:
        running = asyncio.ensure_future(rl.arun(TASK, Shelf(), policy, limits=ROOM))
        while not policy.at_work.is_set():
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return len(policy.requests)

    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(lambda: asyncio.run(cancelled())).result()
    assert asked == len(policy.requests) < ROOM.max_turns
    assert {request.key for request in policy.requests} == set(policy.forgotten)
    assert rl.run(TASK, Shelf(), Lines({"0": ["finish('ok')"]})).root.value == "ok"


def test_a_run_that_would_wait_for_itself_is_told() -> None:
    """A function that a run calls awaits another run of the same policy, in a thread of its own."""
    policy = Lines({"0": ["finish('ok')"]})
    told: list[str] = []

    def within(event: object) -> None:
        if not told:
            with pytest.raises(rl.UnavailableError, match="works for the run that waits here") as problem:
                asyncio.run(rl.arun(TASK, Shelf(), policy))
            told.append(str(problem.value))

    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(lambda: rl.run(TASK, Shelf(), policy, on_event=within))
        assert asked.result(60).root.value == "ok"
    assert told and rl.run(TASK, Shelf(), policy).root.value == "ok"


def test_a_policy_in_training_is_refused_to_others_and_free_between_the_steps_of_a_loop(
    random_tiny: Path,
) -> None:
    env = rl.environments.TextCraft("easy")
    task = env.tasks("test")[0]
    policy = rl.load_policy(str(random_tiny))
    limits = rl.Limits(max_depth=2, max_turns=2, max_nodes=4, max_new_tokens=6, context_window=96)
    config = small_config(steps=3, tasks_per_step=1, group_size=2, limits=limits)

    def run_it() -> str:
        return str(rl.run(task, env, policy, limits=limits, temperature=0.3).root.status)

    session = rl.start(env, policy, config)
    session.pause()
    while not session.control.resting:
        time.sleep(0.01)
    with pytest.raises(rl.UnavailableError, match="is being trained in another thread"):
        run_it()
    assert policy.temperature == 1.0
    session.resume()
    assert [step.step for step in session.result()] == [0, 1, 2, 3]
    assert run_it() in ENDS
    with ThreadPoolExecutor(1) as thread:
        for _ in rl.train(env, policy, config):
            assert run_it() in ENDS
            assert thread.submit(run_it).result() in ENDS


def test_a_start_that_comes_twice_is_refused_at_once_and_the_session_stays(
    random_tiny: Path, tmp_path: Path
) -> None:
    env = rl.environments.TextCraft("easy")
    policy = rl.load_policy(str(random_tiny))
    limits = rl.Limits(max_depth=2, max_turns=2, max_nodes=4, max_new_tokens=6, context_window=96)
    config = small_config(tasks_per_step=1, group_size=2, limits=limits)
    session = rl.start(env, policy, config, store=tmp_path / "a.rao")
    session.pause()
    while not session.control.resting:
        time.sleep(0.01)
    for options in ({}, {"store": tmp_path / "b.rao"}, {"store": tmp_path / "a.rao", "resume": True}):
        with pytest.raises(rl.UnavailableError, match="is being trained in another thread"):
            rl.start(env, policy, config, **options)  # type: ignore[arg-type]
    assert not (tmp_path / "b.rao").exists()
    followed = rl.open_run(session.path, follow=True)
    assert "up to step 2" not in repr(followed)
    session.resume()
    shown = repr(session.result())
    assert repr(followed) == "<Run a.rao: whole up to step 2>"
    assert len(shown) < 300 and shown.startswith("[<TrainStep 0: 0 trees>, <TrainStep 1: 2 trees, success ")
    session.stop()  # nothing is left to stop
    assert session.state == "finished"


def test_the_policy_of_a_checkpoint_is_called_by_its_run_and_step(
    random_tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = rl.Limits(max_depth=2, max_turns=2, max_nodes=4, max_new_tokens=6, context_window=96)
    config = small_config(steps=1, tasks_per_step=1, group_size=2, limits=limits)
    policy = rl.load_policy(str(random_tiny))
    list(rl.train(rl.environments.TextCraft("easy"), policy, config, store=tmp_path / "a.rao"))
    step = tmp_path / "a.rao.ckpt" / "step-1"
    assert rl.load_policy(str(step / "policy")).name == "a.rao step-1"
    monkeypatch.chdir(step)
    assert rl.load_policy("policy").name == "a.rao step-1"
    assert rl.load_policy(str(random_tiny)).name == random_tiny.name
    assert rl.load_policy(str(step)).name == "a.rao step-1", (
        "the folder of a checkpoint means the policy in it"
    )
    for path, what in ((step.parents[1] / "a.rao", "a run"), (step.parent, "the checkpoints of a run")):
        with pytest.raises(rl.InputError, match=rf"{what}, and no model: its newest checkpoint is .*step-1$"):
            rl.load_policy(str(path))


def test_a_name_in_the_place_of_a_policy_is_refused_in_a_line(tmp_path: Path) -> None:
    env = rl.environments.TextCraft("easy")
    given: list[Callable[[Any], object]] = [
        lambda name: rl.run(env.tasks("test")[0], env, name),
        lambda name: rl.evaluate(env, name, tasks=1),
        lambda name: rl.compare(env, {"mine": name}, tasks=1),
        lambda name: rl.default_config(name),
        lambda name: rl.train(env, name, rl.TrainConfig(steps=1)),
        lambda name: rl.start(env, name, rl.TrainConfig(steps=1), store=tmp_path / "a.rao"),
    ]
    for call in given:
        with pytest.raises(rl.ConfigError, match=r"'tiny' is a name and no policy yet: give rl\.load_policy"):
            call("tiny")
    assert not (tmp_path / "a.rao").exists()


def test_a_comparison_of_several_policies_says_which_is_which() -> None:
    env = rl.environments.TextCraft("easy")
    policies = {name: rl.load_policy("scripted") for name in ("before", "after")}
    lines = str(rl.compare(env, policies, ["recursive"], tasks=2)).splitlines()
    assert lines[1].startswith("before recursive: scripted")
    assert lines[2].startswith("after recursive: scripted")
    assert str(rl.compare(env, policies["after"], ["flat"], tasks=2)).splitlines()[1].startswith("scripted")


def test_a_policy_keeps_the_prompt_that_it_was_loaded_with(random_tiny: Path) -> None:
    policy = rl.load_policy(str(random_tiny), prompt="budget_aware")
    name = find("budget_aware").name
    assert (
        policy.dialect == "terse" and suggested(policy).player == "tiny"
    )  # its limits are those of its model
    limits = rl.Limits(max_turns=1, max_nodes=1, max_new_tokens=4, context_window=4096)
    assert rl.run(TASK, Shelf(), policy, limits=limits).root.template == name
    assert rl.run(TASK, Shelf(), policy, limits=limits, prompt="terse").root.template == "terse"
    assert policy.opened["settings"] == {"prompt": name}  # type: ignore[attr-defined]
    with pytest.raises(rl.ConfigError, match="no setting 'dialect': did you mean 'prompt'"):
        rl.load_policy(str(random_tiny), dialect="terse")  # type: ignore[call-arg]


def test_a_run_that_recorded_a_dialect_opens_its_policy_in_it() -> None:
    """As runs did before prompts could be files."""
    opened = {"policy": {"name": "tiny", "settings": {"dialect": "codeact"}}}
    policy = reopen_policy(Begun(Path("a.rao"), {"opened": opened, "dialect": "codeact"}), None, {})
    assert policy.prompt.name == "codeact"  # type: ignore[attr-defined]
