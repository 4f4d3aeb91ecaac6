"""The scripted policy, through the real executor, sandbox and world."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.environments.textcraft.oracle import clean_nodes
from rao_lab.errors import ConfigError
from rao_lab.execution.executor import Executor
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.policies.endpoint import EndpointPolicy
from rao_lab.policies.replay import ReplayPolicy
from rao_lab.policies.scripted import ScriptedPolicy
from rao_lab.prompts import find
from rao_lab.protocols import TurnReply, TurnRequest
from rao_lab.tree import Status, Task, Tree, TreeHeader, validate

DEEP = Limits(max_depth=12)
UNBOUNDED = Limits(max_depth=12, max_nodes=100_000, max_tree_turns=2_000_000)

# 2 lamps; lamp <- 2 wire + 1 bulb, bulb <- 1 wire + 3 glass, 4 wire <- 1 ore.
LAMPS = Task(
    "lamps",
    "",
    data={
        "targets": {"lamp": 2},
        "inventory": {"ore": 3, "glass": 6},
        "recipes": {
            "lamp": [{"wire": 2, "bulb": 1}, 1],
            "bulb": [{"wire": 1, "glass": 3}, 1],
            "wire": [{"ore": 1}, 4],
        },
    },
)


def test_it_is_shown_by_its_settings() -> None:
    said = "ScriptedPolicy(style='per_ingredient', error_rate=0.1, seed=3)"
    assert repr(ScriptedPolicy("per_ingredient", 0.1, 3)) == said
    tree = Tree(TreeHeader(LAMPS), ())
    assert repr(ReplayPolicy(tree)) == "ReplayPolicy(1 tree)"
    assert repr(ReplayPolicy(tree, ScriptedPolicy())).startswith("ReplayPolicy(1 tree, live=ScriptedPolicy(")
    server = EndpointPolicy("http://127.0.0.1:9/v1#m", temperature=0.7)
    assert repr(server) == "EndpointPolicy(endpoint#m, temperature=0.7, concurrency=16)"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(workers=1) as opened:
        yield opened


@pytest.fixture(scope="module")
def authors(shared) -> TextCraft:
    folder: Path = shared / "reference" / "textcraft_synth"
    return TextCraft.from_files(folder / "recipes.json", folder / "val_sample.jsonl.gz")


def play(
    sandbox: Sandbox,
    tasks: Sequence[Task],
    policy: Any,
    limits: Limits = DEEP,
    agent: str = "recursive",
    env: TextCraft | None = None,
    seed: int = 0,
) -> list[Tree]:
    env = env or TextCraft()
    executor = Executor(env, policy, find(policy.dialect), limits, sandbox=sandbox, agent=agent)
    trees = executor.run([TreeHeader(task, seed=seed) for task in tasks])
    for tree in trees:
        validate(tree)
    return trees


def shape(tree: Tree) -> dict[str, dict[str, int]]:
    return {node.path: dict(node.args["targets"]) for node in tree.nodes}


# The three styles on a task worked out by hand.


def test_summed_hands_all_lower_demand_to_one_child(sandbox):
    # 2 lamps need 4 wire and 2 bulbs; the child crafts the bulbs and passes 4 + 2 wire on.
    (tree,) = play(sandbox, [LAMPS], ScriptedPolicy("summed"))
    assert shape(tree) == {"0": {"lamp": 2}, "0.0": {"wire": 4, "bulb": 2}, "0.0.0": {"wire": 6}}
    assert [node.success for node in tree.nodes] == [1.0, 1.0, 1.0]
    assert [len(node.turns) for node in tree.nodes] == [3, 3, 2]


def test_per_ingredient_launches_one_child_for_each_together(sandbox):
    (tree,) = play(sandbox, [LAMPS], ScriptedPolicy("per_ingredient"))
    assert shape(tree) == {"0": {"lamp": 2}, "0.0": {"wire": 4}, "0.1": {"bulb": 2}, "0.1.0": {"wire": 2}}
    assert all(node.success == 1.0 for node in tree.nodes)
    assert [node.together for node in tree.nodes] == [False, True, True, False]
    assert len(tree) == clean_nodes(LAMPS)


def test_flat_crafts_everything_itself(sandbox):
    (tree,) = play(sandbox, [LAMPS], ScriptedPolicy(), agent="flat")
    crafts = [call.args for turn in tree.root.turns for call in turn.calls if call.name == "craft"]
    assert crafts == [
        ({"ore": 2}, ("wire", 8)),
        ({"wire": 2, "glass": 6}, ("bulb", 2)),
        ({"wire": 4, "bulb": 2}, ("lamp", 2)),
    ]
    assert tree.success == 1.0 and len(tree) == 1


def test_what_a_parent_keeps_in_stock_is_reserved_from_its_child(sandbox):
    # 4 wire are there. The root counts on them for its lamps; the child, which needs 2 for bulbs,
    # would eat them if it were not told.
    stocked = Task("stocked", "", data={**LAMPS.data, "inventory": {"ore": 3, "glass": 6, "wire": 4}})
    (tree,) = play(sandbox, [stocked], ScriptedPolicy("summed"))
    assert tree.node("0.0").args == {"targets": {"bulb": 2}, "context": 'Reserved: {"wire": 4}'}
    assert shape(tree)["0.0.0"] == {"wire": 2}
    assert tree.success == 1.0


def test_stock_is_used_if_nobody_counts_on_it(sandbox):
    stocked = Task("stocked", "", data={**LAMPS.data, "inventory": {"ore": 1, "glass": 0, "bulb": 2}})
    (tree,) = play(sandbox, [stocked], ScriptedPolicy("summed"))
    assert shape(tree) == {"0": {"lamp": 2}, "0.0": {"wire": 4}}
    assert tree.success == 1.0


def test_without_reservations_a_sibling_would_eat_what_another_made(sandbox):
    # Every tree of the style solves every task although siblings run at the same time and share
    # intermediate items.
    env = TextCraft("hard,extreme", slack=0)
    trees = play(sandbox, env.tasks("test")[:12], ScriptedPolicy("per_ingredient"), UNBOUNDED, env=env)
    assert all(node.success == 1.0 for tree in trees for node in tree.nodes)
    assert [len(tree) for tree in trees] == [clean_nodes(tree.task) for tree in trees]


# Everything is solved.


@pytest.mark.parametrize("preset", ["small", "paper"])
@pytest.mark.parametrize(("style", "agent"), [("summed", "recursive"), ("flat", "flat")])
def test_generated_tasks_are_solved(sandbox, preset, style, agent):
    env = TextCraft("all", preset=preset)
    trees = play(sandbox, env.tasks("test")[:16], ScriptedPolicy(style), agent=agent, env=env)
    assert all(tree.success == 1.0 for tree in trees)
    assert max(len(tree) for tree in trees) <= 12


def solved_by_summed_demand(sandbox: Sandbox, env: TextCraft, tasks: Sequence[Task]) -> None:
    trees = play(sandbox, tasks, ScriptedPolicy("summed"), env=env)
    assert [tree.task.id for tree in trees if tree.success != 1.0] == []
    assert max(len(tree) for tree in trees) <= 12


def test_sixteen_of_the_authors_validation_tasks_are_solved(sandbox, authors):
    by_band = {band: [t for t in authors.tasks("test") if t.difficulty == band][:4] for band in authors.bands}
    assert [len(tasks) for tasks in by_band.values()] == [4, 4, 4, 4]
    solved_by_summed_demand(sandbox, authors, [task for tasks in by_band.values() for task in tasks])


@pytest.mark.slow
def test_all_of_the_authors_validation_tasks_are_solved(sandbox, authors):
    assert len(authors.tasks("test")) == 317
    solved_by_summed_demand(sandbox, authors, authors.tasks("test"))


@pytest.mark.slow
def test_all_of_the_authors_validation_tasks_are_solved_flat(sandbox, authors):
    trees = play(sandbox, authors.tasks("test"), ScriptedPolicy(), agent="flat", env=authors)
    assert all(tree.success == 1.0 for tree in trees)
    assert max(len(tree.root.turns) for tree in trees) <= 12


def solved_by_one_program(sandbox, env, tasks):
    trees = play(sandbox, tasks, ScriptedPolicy("program"), agent="flat", env=env)
    assert all(tree.success == 1.0 and len(tree.root.turns) == 1 for tree in trees)
    assert max(len(tree.root.turns[0].code) for tree in trees) < 1000


def test_one_program_does_a_whole_task_in_one_flat_turn(sandbox):
    env = TextCraft("all")
    solved_by_one_program(sandbox, env, [*env.tasks("test")[:12], LAMPS])


def test_one_program_does_the_authors_tasks(sandbox, authors):
    solved_by_one_program(sandbox, authors, authors.tasks("test")[:8])


@pytest.mark.slow
def test_one_program_does_every_kind_of_task(sandbox, authors):
    for env, count in ((TextCraft("all"), 320), (TextCraft("all", preset="paper"), 80), (authors, 317)):
        solved_by_one_program(sandbox, env, env.tasks("test")[:count])


def test_a_few_hard_tasks_of_the_authors_are_solved_by_ingredient(sandbox, authors):
    hard = sorted((t for t in authors.tasks("test") if t.difficulty == "hard"), key=clean_nodes)[:4]
    trees = play(sandbox, hard, ScriptedPolicy("per_ingredient"), UNBOUNDED, env=authors)
    assert all(node.success == 1.0 for tree in trees for node in tree.nodes)


@pytest.mark.slow
def test_a_tree_of_more_than_thirty_thousand_nodes_is_solved_by_ingredient(sandbox, authors):
    # The largest of the 317 has 50,486.
    large = min((t for t in authors.tasks("test") if clean_nodes(t) > 30_000), key=clean_nodes)
    (tree,) = play(sandbox, [large], ScriptedPolicy("per_ingredient"), UNBOUNDED, env=authors)
    assert len(tree) == clean_nodes(large) > 30_000
    assert tree.success == 1.0


@pytest.mark.parametrize("style", ["summed", "per_ingredient"])
def test_if_a_limit_refuses_helpers_it_does_the_rest_itself(sandbox, style):
    env = TextCraft("hard")
    trees = play(sandbox, env.tasks("test")[:8], ScriptedPolicy(style), Limits(max_depth=1), env=env)
    assert all(tree.success == 1.0 for tree in trees)
    assert any(node.refusals.get("depth") for tree in trees for node in tree.nodes)


# Mistakes.


def test_mistakes_make_trees_that_fail_in_many_ways(sandbox):
    env = TextCraft("medium,hard")
    trees = []
    for style in ("summed", "per_ingredient"):
        trees += play(sandbox, env.tasks("dev")[:14], ScriptedPolicy(style, error_rate=0.25), env=env)
    nodes = [node for tree in trees for node in tree.nodes]
    refused = Counter(kind for node in nodes for kind in node.refusals)
    assert 0.1 < sum(tree.success or 0.0 for tree in trees) / len(trees) < 0.95
    assert {
        "own_goal",
        "base_item",
        "not_awaited",
        "wrong_ingredients",
        "missing",
        "bad_call",
    } <= refused.keys()
    assert any(node.status is Status.FINISHED and node.success == 0.0 for node in nodes)


def test_the_same_noise_makes_the_same_mistakes(sandbox):
    env = TextCraft("medium")
    runs = [
        play(sandbox, env.tasks("dev")[:6], ScriptedPolicy(error_rate=0.4, seed=seed), env=env)
        for seed in (0, 0, 1)
    ]
    texts = [[[turn.text for node in tree.nodes for turn in node.turns] for tree in trees] for trees in runs]
    assert texts[0] == texts[1] != texts[2]


# The policy by itself.


def request(**changes: Any) -> TurnRequest:
    given: dict[str, Any] = {
        "key": (0, "0"),
        "turn": 1,
        "depth": 0,
        "agent": "recursive",
        "goal": "",
        "args": {"targets": {"lamp": 1}},
        "script": TextCraft(),
        "messages": (),
        "history": (),
        "noise": (0,),
        "max_new_tokens": 256,
        "window": 0,
    }
    return TurnRequest(**{**given, **changes})


def test_replies_come_after_their_decode_steps_in_path_order():
    policy = ScriptedPolicy()
    for key in [(0, "0.10"), (1, "0"), (0, "0.2")]:
        policy.submit(request(key=key))
    ticks = 1
    while not (replies := policy.tick()):
        ticks += 1
    assert [reply.key for reply in replies] == [(0, "0.2"), (0, "0.10"), (1, "0")]
    assert {reply.decode_steps for reply in replies} == {ticks}


def test_a_forgotten_node_is_not_answered():
    policy = ScriptedPolicy()
    policy.submit(request())
    policy.forget((0, "0"))
    assert [reply for _ in range(2000) for reply in policy.tick()] == []


def test_another_world_ends_the_node_with_a_reason():
    policy = ScriptedPolicy()
    policy.submit(request(script=None))
    (reply,) = policy.tick()
    assert (reply.stop, reply.error) == ("error", "the scripted policy has no script for this environment")


@pytest.mark.parametrize("settings", [{"style": 7}, {"error_rate": 1.5}, {"error_rate": float("nan")}])
def test_settings_that_mean_nothing_are_refused(settings):
    with pytest.raises(ConfigError, match=r"means nothing|must be"):
        ScriptedPolicy(**settings)


def test_a_style_that_the_world_does_not_have_is_refused() -> None:
    with pytest.raises(ConfigError, match="'wild' is unknown: choose one of summed, per_ingredient, flat"):
        ScriptedPolicy("wild").submit(request())


def test_a_forgotten_reply_may_be_due_together_with_another_of_its_key() -> None:
    policy, old, new = ScriptedPolicy(), *(TurnReply((0, "0"), text) for text in ("old", "new"))
    policy.due(old, 2)
    policy.tick()
    policy.forget((0, "0"))
    policy.due(new, 1)
    assert [reply.text for reply in policy.tick()] == ["new"]
