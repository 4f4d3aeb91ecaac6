"""A recorded tree is repeated."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

import rao_lab as rl
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.errors import ConfigError
from rao_lab.execution.sandbox import Sandbox
from rao_lab.policies.conversation import context_ids
from rao_lab.policies.replay import ReplayPolicy
from rao_lab.policies.scripted import ScriptedPolicy
from rao_lab.tree import Status, Tree
from rao_lab.tree.cut import cut
from tests.policies.test_scripted import LAMPS, play
from tests.support.growing import grow_one
from tests.support.worlds import Lines


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(workers=1) as opened:
        yield opened


def timeless(tree: Tree) -> list[object]:
    """What happened, without the times in seconds."""
    return [
        replace(
            node,
            started=0.0,
            ended=None,
            turns=tuple(
                replace(turn, started=0.0, sampled=None, ended=None, waiting_seconds=0.0)
                for turn in node.turns
            ),
        )
        for node in tree.nodes
    ]


def test_the_same_world_gives_the_same_trees_again(sandbox):
    tasks = TextCraft("medium").tasks("dev")[:8]
    trees = play(sandbox, tasks, ScriptedPolicy("per_ingredient", error_rate=0.2))
    again = play(sandbox, tasks, ReplayPolicy(trees))
    assert [timeless(tree) for tree in again] == [timeless(tree) for tree in trees]


def test_one_tree_may_be_replayed_in_every_place_of_a_batch(sandbox):
    (tree,) = play(sandbox, [LAMPS], ScriptedPolicy())
    again = play(sandbox, [LAMPS, LAMPS], ReplayPolicy(tree))
    assert [timeless(one) for one in again] == [timeless(tree)] * 2


def test_a_turn_that_was_not_recorded_is_a_clear_loss(sandbox):
    (tree,) = play(sandbox, [LAMPS], ScriptedPolicy("summed"))
    cut = replace(tree, nodes=(replace(tree.root, turns=tree.root.turns[:1]),))
    (again,) = play(sandbox, [LAMPS], ReplayPolicy(cut))
    assert (again.root.status, again.root.success) == (Status.ERROR, None)
    assert again.root.reason == "the recording has 1 turns of node 0, no turn 2"


def test_a_node_that_was_not_recorded_is_a_clear_loss(sandbox):
    (tree,) = play(sandbox, [LAMPS], ScriptedPolicy("summed"))
    (again,) = play(sandbox, [LAMPS], ReplayPolicy(replace(tree, nodes=tree.nodes[:1])))
    assert again.node("0.0").reason == "the recording has no node 0.0: this tree went another way"


def test_a_place_without_a_recording_is_a_clear_loss(sandbox):
    trees = play(sandbox, [LAMPS], ScriptedPolicy())
    again = play(sandbox, [LAMPS, LAMPS], ReplayPolicy(trees))
    assert again[1].root.reason == "the recording has 1 trees, none for place 1"


@pytest.fixture(scope="module")
def tiny():
    return rl.load_policy("tiny", device="cpu")


@pytest.fixture(scope="module")
def sampled(tiny) -> Tree:
    """A tree of the tiny model, in which a parent has turns after its child."""
    task = TextCraft("medium").tasks("test")[7]
    tree = rl.run(task, TextCraft("medium"), tiny, seed=7)
    assert len(tree) > 1 and len(tree.root.turns) > 2
    return tree


def again(tree: Tree, policy: ReplayPolicy) -> Tree:
    return rl.run(tree.task, TextCraft("medium"), policy, seed=tree.header.seed)


def test_what_a_model_wrote_is_replayed_with_its_tokens(sampled):
    assert timeless(again(sampled, ReplayPolicy(sampled))) == timeless(sampled)


def test_a_live_model_with_the_recorded_noise_repeats_what_it_wrote_to_the_bit(sampled, tiny):
    for path in ("0", "0.0"):
        other = again(sampled, ReplayPolicy(sampled, live=tiny, at=path))
        assert timeless(other) == timeless(sampled)
        assert (other.header.policy, other.root.window) == ("tiny", sampled.root.window)


def test_a_live_model_goes_on_from_the_recorded_ids(sampled, tiny):
    """Token for token, from every turn. Log-probs differ in their last bits: earlier ids are read in one pass."""
    for rest, node in product(("continued", "replayed"), sampled.nodes):
        for turn in node.turns[1:]:
            at = cut(sampled, node.path, turn.index, rest)
            other = again(sampled, ReplayPolicy(sampled, live=tiny, at=at))
            for one, two in zip(timeless(other), timeless(sampled), strict=True):
                for found, due in zip(one.turns, two.turns, strict=True):
                    assert list(found.logprobs) == pytest.approx(list(due.logprobs), abs=1e-5)
                    bits = {"logprobs": due.logprobs, "entropies": due.entropies}
                    assert replace(found, **bits) == due, at


def test_with_other_noise_only_what_is_live_differs(sampled, tiny):
    at = cut(sampled, "0", 2)
    others = [
        again(sampled, ReplayPolicy(sampled, live=tiny, at=at, noise=("fork", seed))) for seed in range(4)
    ]
    assert all(tree.root.turns[0].sampled_ids == sampled.root.turns[0].sampled_ids for tree in others)
    assert len({tree.root.turns[1].text for tree in others}) > 1


def test_ids_that_the_live_model_did_not_write_are_read_anew_from_the_text(sampled, tiny):
    first, *rest = sampled.root.turns
    foreign = replace(first, sampled_ids=first.sampled_ids[::-1])
    tree = replace(sampled, nodes=(replace(sampled.root, turns=(foreign, *rest)), *sampled.nodes[1:]))
    for at, text in (
        (cut(tree, "0", 2), first.text),
        (cut(sampled, "0", 1, text="get_info(['a0'])\n"), "get_info"),
    ):
        turn = again(tree, ReplayPolicy(tree, live=tiny, at=at)).root.turns[1]
        read = tiny.tokenizer.decode(turn.prompt_ids)
        assert not turn.continues
        assert sampled.root.turns[0].messages[0].content in read and text.strip() in read


def test_what_was_cut_off_while_it_was_written_is_cut_off_again(sandbox):
    """A node that was cancelled, and one whose policy was lost: neither wrote its turn to its end."""
    code = "a = launch_subagent('a')\nb = launch_subagent('b')\nfinish([await a])"
    texts = {"0": [code], "0.0": ["put(1)", "put(2)", "finish('ok')"], "0.1": ["put(1)"]}
    for policy in (Lines(texts, {"0.1": 9}), Lines({**texts, "0.0": []}, {"0.1": 9}, fail="0.0")):
        tree = grow_one(sandbox, {}, policy=policy)
        assert tree.node("0.1").turns[0].sampled_tick is None
        assert timeless(grow_one(sandbox, {}, policy=ReplayPolicy(tree))) == timeless(tree)
        other = {**texts, "0.0": ["put(1)"] * 12 + ["finish(2)"], "0.1": ["finish(3)"]}
        live = grow_one(sandbox, {}, policy=ReplayPolicy(tree, live=Lines(other), at="0.0"))
        assert live.node("0.1").value == 3, (
            "what was cut off after the fork began is written by the live policy"
        )


def test_a_replay_is_no_live_policy(sampled):
    with pytest.raises(rl.ConfigError, match="writes nothing new"):
        ReplayPolicy(sampled, live=ReplayPolicy(sampled))
    with pytest.raises(rl.ConfigError, match="without live"):
        ReplayPolicy(sampled, at="0")
    with pytest.raises(rl.MissingError, match=r"no node '0\.9'"):
        ReplayPolicy(sampled, live=rl.load_policy("scripted"), at="0.9")


class Noted:
    """Hands on to a model and keeps what it was to decode."""

    def __init__(self, model):
        self.model = model
        self.tick, self.forget = model.tick, model.forget
        self.contexts = {}

    def repeat(self, key, context, ids):
        self.contexts.setdefault(key[1], []).append([*context, *ids])
        self.model.repeat(key, context, ids)


def test_a_model_decodes_the_recorded_ids_again_and_takes_the_ticks_of_real_work(sampled, tiny):
    late = [
        replace(
            node,
            turns=tuple(
                replace(turn, started_tick=3 * turn.started_tick, sampled_tick=3 * turn.sampled_tick)
                for turn in node.turns
            ),
        )
        for node in sampled.nodes
    ]
    through, before = Noted(tiny), tiny.written
    found = again(sampled, ReplayPolicy(replace(sampled, nodes=tuple(late)), through=through))
    assert timeless(found) == timeless(sampled)
    assert tiny.written - before == sum(node.trainable_tokens for node in sampled.nodes)
    assert through.contexts == {
        node.path: [context_ids(node.turns[: turn.index]) for turn in node.turns] for node in sampled.nodes
    }
    assert timeless(again(sampled, ReplayPolicy(sampled, live=tiny, at="0"))) == timeless(sampled)


def test_what_cannot_decode_recorded_ids_is_refused(sampled, tiny):
    for other in ({"through": ScriptedPolicy()}, {"through": tiny, "live": tiny}):
        with pytest.raises(ConfigError, match="means nothing here: give a local model"):
            ReplayPolicy(sampled, **other)
