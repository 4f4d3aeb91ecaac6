"""A recorded tree is run again from one turn: what stays, what is new, what is changed, and where it may not go."""

from __future__ import annotations

from typing import Any

import pytest

import rao_lab as rl
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.execution.edits import Edits
from rao_lab.execution.executor import Executor
from rao_lab.execution.fork import run_forks
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.policies.replay import ReplayPolicy
from rao_lab.policies.scripted import ScriptedPolicy
from rao_lab.prompts import find
from rao_lab.protocols import Launch, TurnRequest
from rao_lab.tree import Tree
from rao_lab.tree.cut import Cut, cut
from tests.policies.test_replay import timeless
from tests.support.growing import grow_one
from tests.support.worlds import Lines, Shelf, ShelfWorld

TWO = "import asyncio\nr = await asyncio.gather(launch_subagent('a'), launch_subagent('b'))\nprint(r)"
TEXTS = {
    "0": [TWO, "finish(r)"],
    "0.0": ["put(1)", "put(1)", "finish('ok')"],
    "0.1": ["put(1)", "put(1)", "finish('ok')"],
}
SLOW = {"0.1": 3}
"""Node 0.0 ends at tick 4, 0.1 at tick 10: of 0.1's turns, only the first was asked for before 0.0 ended."""


ALL = [("0", 1), ("0.0", 1), ("0.1", 1), ("0.0", 2), ("0.0", 3), ("0.1", 2), ("0.1", 3), ("0", 2)]


class Heard(Lines):
    """Says given lines, and remembers what it was asked."""

    @property
    def asked(self) -> list[tuple[str, int]]:
        return [(request.key[1], request.turn) for request in self.requests]


def forked(
    sandbox: Sandbox, tree: Tree, at: Cut, live: Any, edits: Edits | None = None, environment: Any = None
) -> Tree:
    executor = Executor(
        environment or Shelf(),
        ReplayPolicy(tree, live, at),
        find(tree.root.template),
        Limits.from_dict(tree.header.limits),
        sandbox=sandbox,
        edits=edits,
    )
    (found,) = run_forks(executor, tree, at, {"node": at.node}, 1)
    assert found.header.origin == {"node": at.node, "repeat": 0}
    return found


@pytest.fixture(scope="module")
def shelf(sandbox: Sandbox) -> Tree:
    return grow_one(sandbox, {}, policy=Lines(TEXTS, SLOW))


@pytest.mark.parametrize(
    ("node", "turn", "kind", "rest", "live"),
    [
        # Written anew at tick 2, the one after it was asked for: its sibling's later turns come after.
        ("0.0", 2, {}, "continued", [("0.0", 2), ("0.0", 3), ("0.1", 2), ("0.1", 3), ("0", 2)]),
        ("0.0", 2, {}, "replayed", [("0.0", 2), ("0.0", 3)]),
        ("0.1", 2, {}, "continued", [("0.1", 2), ("0.1", 3), ("0", 2)]),
        # An edited action runs at the tick at which the recorded one did.
        ("0.0", 2, {"text": "put(5)"}, "continued", [("0.0", 3), ("0.1", 2), ("0.1", 3), ("0", 2)]),
        ("0.1", 3, {"text": "finish(1)"}, "continued", [("0", 2)]),
        # A child's value counts from the tick at which the child ended.
        ("0", 1, {"children": ["0.0"]}, "continued", [("0.1", 2), ("0.1", 3), ("0", 2)]),
        ("0", 1, {"children": ["0.0"]}, "replayed", [("0", 2)]),
        ("0", 1, {"children": ["0.0", "0.1"]}, "continued", [("0.1", 2), ("0.1", 3), ("0", 2)]),
        # The whole tree.
        ("0", 1, {}, "replayed", ALL),
    ],
)  # fmt: skip
def test_what_was_asked_for_before_the_fork_is_replayed_and_the_rest_as_chosen(
    sandbox: Sandbox,
    shelf: Tree,
    node: str,
    turn: int,
    kind: dict[str, Any],
    rest: Any,
    live: list[tuple[str, int]],
) -> None:
    policy = Heard(TEXTS, SLOW)
    values = dict.fromkeys(kind.get("children", ()), "ok")
    tree = forked(sandbox, shelf, cut(shelf, node, turn, rest, **kind), policy, Edits(values=values))
    assert sorted(policy.asked) == sorted(live)
    if "text" not in kind:
        assert timeless(tree) == timeless(shelf), "a policy that says the same gives the same tree"


def test_siblings_of_a_textcraft_tree_are_split_at_the_tick_of_the_fork(sandbox: Sandbox) -> None:
    """Every turn of the recording lies on one side, by the tick at which it was asked for."""
    world = TextCraft("hard")
    task = next(task for task in world.tasks("test") if len(_played(world, task)) > 6)
    tree = _played(world, task)
    node = max((node for node in tree.nodes if node.together), key=lambda node: len(node.turns))
    for rest in ("continued", "replayed"):
        at = cut(tree, node.path, 2, rest)  # type: ignore[arg-type]
        live = HeardScript("per_ingredient")
        again = forked(sandbox, tree, at, live, environment=world)
        after = {
            (each.path, turn.index)
            for each in tree.nodes
            for turn in each.turns
            if turn.started_tick > node.turns[1].started_tick or (each.path, turn.index) == (node.path, 2)
        }
        below = {(path, turn) for path, turn in after if f"{path}.".startswith(f"{node.path}.")}
        assert set(live.asked) == (after if rest == "continued" else below)
        assert {path for path, _ in after} - {path for path, _ in below}, (
            "others have turns after the fork, too"
        )
        assert timeless(again) == timeless(tree)


class HeardScript(ScriptedPolicy):
    def __init__(self, style: str) -> None:
        super().__init__(style)
        self.asked: list[tuple[str, int]] = []

    def submit(self, request: TurnRequest) -> None:
        self.asked.append((request.key[1], request.turn))
        super().submit(request)


def _played(world: TextCraft, task: rl.Task) -> Tree:
    return rl.run(task, world, ScriptedPolicy("per_ingredient"))


# Edits


def test_a_goal_in_words_is_what_the_node_reads_and_its_world_holds_it_to_the_old_one(
    sandbox: Sandbox, shelf: Tree
) -> None:
    policy = Heard({**TEXTS, "0.0": ["finish('ok')"]})
    tree = forked(sandbox, shelf, cut(shelf, "0.0"), policy, Edits(goals={"0.0": "do b"}))
    node = tree.node("0.0")
    assert (node.goal, dict(node.args)) == ("do b", {"goal": "a"})
    assert node.turns[0].messages[-1].content == "team do b\n"
    launch = Launch("do c", {"goal": "c"})
    node = forked(sandbox, shelf, cut(shelf, "0.0"), policy, Edits(goals={"0.0": launch})).node("0.0")
    assert (node.goal, dict(node.args)) == ("do c", {"goal": "c"})


def test_a_prompt_is_that_of_one_node(sandbox: Sandbox, shelf: Tree) -> None:
    policy = Heard({**TEXTS, "0.0": ["Now.\n```python\nfinish('ok')\n```"]})
    tree = forked(sandbox, shelf, cut(shelf, "0.0"), policy, Edits(dialects={"0.0": find("codeact")}))
    assert [node.template for node in tree.nodes] == ["terse", "codeact", "terse"]
    assert (tree.node("0.0").turns[0].messages[0].role, tree.node("0.0").value) == ("system", "ok")


def test_an_edited_action_runs_in_place_of_the_recorded_one_and_has_no_tokens(
    sandbox: Sandbox, shelf: Tree
) -> None:
    at = cut(shelf, "0.0", 2, "continued", text="print('by hand')\nfinish('no')")
    tree = forked(sandbox, shelf, at, Heard(TEXTS))
    node = tree.node("0.0")
    assert (len(node.turns), node.turns[1].output, node.value, node.success) == (2, "by hand\n", "no", 0.0)
    assert not node.turns[1].sampled_ids and node.turns[1].ended_tick == shelf.node("0.0").turns[1].ended_tick
    assert tree.root.value == ["no", "ok"]


def test_an_edited_value_is_what_the_parent_is_given_and_the_childs_record_stays(
    sandbox: Sandbox, shelf: Tree
) -> None:
    at = cut(shelf, "0", 1, "replayed", children=["0.1"])
    tree = forked(sandbox, shelf, at, Heard(TEXTS), Edits(values={"0.1": {"failed": "lost"}}))
    assert tree.root.turns[0].output == "['ok', {'failed': 'lost'}]\n"
    assert tree.root.turns[0].calls[1].result == {"failed": "lost"}
    assert (tree.node("0.1").value, tree.node("0.1").success) == ("ok", 1.0)


# What the replay may not do


class OtherWorld(ShelfWorld):
    def call(self, path: str, name: str, args: Any, kwargs: Any) -> Any:
        return super().call(path, name, args, kwargs) + 1


class Other(Shelf):
    def open(self, task: Any) -> OtherWorld:
        return OtherWorld()


def test_a_replay_that_goes_another_way_before_the_fork_says_where(sandbox: Sandbox, shelf: Tree) -> None:
    with pytest.raises(
        rl.InputError,
        match=r"at node 0\.0, turn 1 \(tick 2\): its calls: recorded .*result=1.* now .*result=2",
    ):
        forked(sandbox, shelf, cut(shelf, "0.0", 3), Heard(TEXTS), environment=Other())
    forked(sandbox, shelf, cut(shelf, "0", 1), Heard(TEXTS), environment=Other())  # all of it is new


def test_a_place_that_is_not_there_is_one_line(shelf: Tree) -> None:
    for said, arguments in {
        r"no node '0\.7'": ("0.7",),
        "node 0 has no turn 9: it has 2 turns": ("0", 9),
        "turn=0 means nothing": ("0", 0),
        "rest='all' is unknown: choose one of continued, replayed": ("0", 1, "all"),
    }.items():
        with pytest.raises(rl.RaoLabError, match=said):
            cut(shelf, *arguments)  # type: ignore[arg-type]
    with pytest.raises(rl.MissingError, match=r"turn 2 of node 0 has no child '0\.0': it launched none"):
        cut(shelf, "0", 2, children=["0.0"])


def test_what_has_not_been_written_yet_cannot_be_forked(sandbox: Sandbox) -> None:
    code = "a = launch_subagent('a')\nb = launch_subagent('b')\nfinish(await a)"
    tree = grow_one(
        sandbox, {}, policy=Lines({"0": [code], "0.0": ["finish(1)"], "0.1": ["put(1)"]}, {"0.1": 9})
    )
    with pytest.raises(rl.ConfigError, match=r"turn 1 of node 0\.1 has no action to edit"):
        cut(tree, "0.1", text="put(2)")
    with pytest.raises(
        rl.ConfigError, match=r"node 0\.1 returned nothing that could be edited: it is cancelled"
    ):
        cut(tree, "0", children=["0.1"])
