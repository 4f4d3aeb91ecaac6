"""Badges, on trees that were recorded: each by code that earns it, and none by code that does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.credit.diagnose import BADGES, find_badges
from rao_lab.credit.diagnose.finding import explained
from rao_lab.errors import ConfigError
from rao_lab.execution.sandbox import Sandbox
from rao_lab.experiments.by_hand import record
from rao_lab.tree import Node, Tree
from rao_lab.tree.goal_words import Goal
from tests.support.promises import grow
from tests.support.worlds import Lines

DATA = Path(__file__).parents[2] / "data/pathologies"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1) as opened:
        yield opened


def found(tree: Tree, **thresholds: Any) -> dict[str, set[str | None]]:
    """The nodes of each badge."""
    nodes: dict[str, set[str | None]] = {}
    for row in rl.diagnose(tree, config=rl.BadgeConfig(**thresholds)):
        nodes.setdefault(row.badge, set()).add(row.node)
    return nodes


def goals(first: str, second: str, **args: Mapping[str, Any]) -> float:
    one, two = (Node("0", goal=text, args=args.get(name, {})) for name, text in (("a", first), ("b", second)))
    return Goal.of(one).likeness(Goal.of(two))


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [
        ("Find out when Ada was born.", "find out when  Ada was born", True),
        ("Please find out when it was built, and say the year.", "Find out when it was built and say the year.", True),
        ("Craft: 2x e4", "Craft: 2x d3", False),
        ("Craft: 2x b0", "Craft: 1x b0", False),
        ("Count the word sea in all lines from 0 to 1000 and say how many", "Count the word sea in all lines "
         "from 0 to 500 and say how many", False),
        ("What did the mail of last week say that Bob wants?", "What did the mail of last week say that Eve wants?",
         False),
    ],
)  # fmt: skip
def test_goals_are_alike_if_they_say_the_same_of_the_same_things(
    first: str, second: str, alike: bool
) -> None:
    assert (goals(first, second) >= 0.9) is alike


def test_the_same_words_on_another_text_are_another_goal() -> None:
    parts = {"a": {"context": "the first half of it all"}, "b": {"context": "what comes then, up to the end"}}
    assert goals("Sum this up", "Sum this up", **parts) < 0.9 < goals("Sum this up", "Sum this up")


def test_badges_of_delegation(sandbox: Sandbox) -> None:
    both = "import asyncio\nawait asyncio.gather(launch_subagent('a1'), launch_subagent('a1'), launch_subagent('b2'))"
    ok = "finish('ok')"
    texts = {
        "0": [both, ok],
        "0.0": ["await launch_subagent('a1')", ok],
        "0.0.0": [ok],
        "0.1": [ok],
        "0.2": [ok],
    }
    assert found(grow(sandbox, Lines(texts)).tree) == {"own_goal": {"0.0.0"}, "duplicate": {"0.1"}}


@pytest.mark.parametrize(
    ("code", "answer", "unused"),
    [
        ("await launch_subagent('a1')", "'the sum is 42'", True),
        ("x = await launch_subagent('a1')", "'the sum is 42'", True),
        ("x = await launch_subagent('a1')\nprint(x)", "'the sum is 42'", False),
        ("put(len(await launch_subagent('a1')))", "'the sum is 42'", False),
        ("await launch_subagent('a1')", "'done: a1'", False),  # it says nothing that the goal did not
        ("await launch_subagent('a1')", "{'ok': True}", False),
    ],
)
def test_an_answer_is_unused_if_it_says_something_and_nothing_looks_at_it(
    sandbox: Sandbox, code: str, answer: str, unused: bool
) -> None:
    tree = grow(sandbox, Lines({"0": [code, "put(1)", "finish('ok')"], "0.0": [f"finish({answer})"]})).tree
    assert (found(tree).get("unused_answer") == {"0.0"}) is unused


def test_badges_of_budgets(sandbox: Sandbox) -> None:
    texts = {
        "0": ["put(1)", "await launch_subagent('a1')"],
        "0.0": ["await launch_subagent('b2')", "finish('ok')"],
    }
    tree = grow(sandbox, Lines(texts), max_turns=2, max_depth=1).tree
    assert found(tree) == {
        "turn_limit": {"0"},
        "late_launch": {"0.0"},
        "launch_limit": {"0.0"},
        "failed_alone": {"0"},
    }
    early = {"0": ["await launch_subagent('a1')", "put(1)"], "0.0": ["finish('ok')"]}
    late = grow(sandbox, Lines(early), max_turns=2, max_depth=1).tree
    assert "late_launch" not in found(late) and found(late, late_turns=2)["late_launch"] == {"0.0"}


def test_badges_of_credit() -> None:
    """A root that fails below a child that succeeds is paid; a leaf beside roots that earn more is not."""
    run = rl.open_run(DATA / "lambda_1.rao")
    step = rl.diagnose(run, 12)
    earned = run.attributions(12)
    for row in step.filter("bonus only"):
        one = earned.find(row.group, row.tree or 0, row.node or "")
        assert one.s == 0 and pytest.approx(row.value) == one.R
    leaves = step.filter("punished_leaf")
    assert (
        len(leaves)
        > len(rl.diagnose(run, 12, rl.BadgeConfig(leaf_advantage=0.4)).filter("punished leaf"))
        > 0
    )
    without = rl.diagnose(run.groups(12))
    assert not without.credited and not {"bonus_only", "punished_leaf", "no_signal"} & set(without.counts())


def labelled(seeds: Sequence[int]) -> Iterator[Tree]:
    """Trees by the script of a world whose mistakes say in their thought what they are."""
    env = rl.environments.TextCraft(difficulty="medium", guard_own_goal=False, seed=0)
    policy = rl.load_policy("scripted", error_rate=0.5)
    limits = rl.Limits(max_depth=6, max_turns=10, max_nodes=200, max_tree_turns=800)
    for seed in seeds:
        for task in env.tasks("test")[:6]:
            yield rl.run(task, env, policy, seed=seed, limits=limits)


@pytest.mark.slow
def test_badges_name_the_mistakes_that_a_script_made_on_purpose() -> None:
    """Of what a badge names, nearly all was meant, and of what was meant it finds most."""
    said = {
        "own_goal": "Somebody else should do it",
        "duplicate": "to be safe",
        "serial_await": "one helper after",
    }
    named, right, meant, met = (dict.fromkeys(said, 0) for _ in range(4))
    for tree in labelled(range(8)):
        rows = rl.diagnose(tree)
        for key, words in said.items():
            turns = {
                (node.path, turn.index): turn
                for node in tree.nodes
                for turn in node.turns
                if words in turn.thought and len(turn.children) > (key != "own_goal")
            }
            hits = set()
            for row in rows.filter(key):
                node = tree.node(row.node or "")
                place = (node.parent or "", node.parent_turn or 0)
                named[key] += 1
                right[key] += place in turns
                hits.add(place)
            meant[key] += len(turns)
            met[key] += len(hits & set(turns))
    for key in said:
        assert named[key] >= 10 and right[key] >= 0.9 * named[key], key
        assert met[key] >= 0.9 * meant[key], key


def test_the_table_is_text_html_and_json() -> None:
    run = rl.open_run(DATA / "guards_off.rao")
    step = rl.diagnose(run)
    assert "goal 100 % like its parent's" in str(step) and "own goal" in step._repr_html_()
    assert [row.node for row in step.filter("own goal", group=5, tree=4)] == ["0.1.0", "0.1.1"]
    assert step.to_json()["counts"] == step.counts() and len(step.columns()["badge"]) == len(step)
    assert len(rl.diagnose(run, "all")) > len(step)
    assert all(
        badge.name in explained(step.config) and len(badge.name.split()) <= 2 for badge in BADGES.values()
    )


def test_examples_are_where_they_say_they_are() -> None:
    examples = [(key, badge.example) for key, badge in BADGES.items()]
    runs = {each.run: rl.diagnose(rl.open_run(DATA / each.run), each.step) for _, each in examples}
    for key, each in examples:
        places = {(row.place, row.node) for row in runs[each.run].filter(key)}
        assert (each.tree, each.node) in places, key


def test_trees_written_by_hand_are_run_as_they_are_kept(tmp_path: Path) -> None:
    record(tmp_path / "again.rao")
    for file in (tmp_path / "again.rao", DATA / "by_hand.rao"):
        counts = rl.diagnose(rl.open_run(file)).counts()
        assert counts.pop("timeout") >= 1  # a clock that runs out may stop more than was meant
        assert counts == {"unused_answer": 1, "serial_await": 1}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda tree: rl.diagnose(3), "takes a run"),
        (lambda tree: rl.diagnose([tree, 3]), "one is 3"),
        (lambda tree: rl.diagnose(tree, 3), "only for a run"),
        (lambda tree: rl.diagnose(tree, config={}), "rl.BadgeConfig"),
        (lambda tree: rl.diagnose(tree).filter("own gaol"), "own_goal"),
        (lambda tree: rl.BadgeConfig(context_share=1.5), "context_share"),
        (lambda tree: rl.BadgeConfig(late_turns=0), "late_turns"),
    ],
)
def test_what_means_nothing_is_refused_in_a_line(sandbox: Sandbox, wrong: Any, words: str) -> None:
    tree = grow(sandbox, Lines({"0": ["finish('ok')"]})).tree
    with pytest.raises(ConfigError, match=words):
        wrong(tree)


@pytest.mark.parametrize("path", sorted(DATA.glob("*.rao")), ids=lambda path: path.stem)
def test_trees_that_are_read_lightly_have_the_badges_of_whole_trees(path: Path) -> None:
    config = rl.BadgeConfig(context_share=0.3, goal_likeness=0.5, late_share=0.5)
    with rl.open_run(path) as run:
        step = run.steps[-1].step
        credit = run.attributions(step)
        whole, light = (
            [*run.groups(step, light=each), *run.groups(step, True, light=each)] for each in (False, True)
        )
    found = find_badges(whole, credit, config)
    assert found.rows and found.rows == find_badges(light, credit, config).rows
    nodes, others = (
        [node for group in each for tree in group.trees for node in tree.nodes] for each in (whole, light)
    )
    assert [node.peak_context for node in nodes] == [node.peak_context for node in others]
    assert any(turn.sampled_ids for node in nodes for turn in node.turns) or path.stem == "by_hand"
    assert not any(turn.sampled_ids or turn.thought for node in others for turn in node.turns)
    assert not any(turn.messages for node in others if not node.children for turn in node.turns)
