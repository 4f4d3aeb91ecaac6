"""`rl.fork`: which weights, what it comes to, what is kept, and what it refuses."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.api.export import credit_of
from rao_lab.base.bundled import data_path
from rao_lab.evaluation.intervals import wilson
from rao_lab.policies.scripted import ScriptedPolicy
from rao_lab.protocols import Launch
from rao_lab.store import RunWriter
from rao_lab.tree import Event, Tree
from tests.environments.test_second_world import AddUp
from tests.support.written import Written


@pytest.fixture(scope="module")
def env() -> Any:
    return rl.environments.TextCraft(difficulty="medium")


@pytest.fixture(scope="module")
def trained(env: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two steps with a checkpoint after each."""
    path = tmp_path_factory.mktemp("forks") / "a.rao"
    policy = rl.load_policy("tiny", device="cpu")
    few = {"tasks_per_step": 1, "group_size": 4, "probe_tasks": 1, "probe_rollouts": 1, "probe_every": 2}
    config = rl.default_config(policy, steps=2, **few)
    list(rl.train(env, policy, config, store=path))
    return path


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> rl.Run:  # type: ignore[name-defined]
    """A copy of the run, to be written into; its checkpoints are found beside it."""
    path = tmp_path / "a.rao"
    path.write_bytes(trained.read_bytes())
    (tmp_path / "a.rao.ckpt").symlink_to(f"{trained}.ckpt")
    return rl.open_run(path)


def deepest(run: Any, step: int = 2) -> Tree:
    found = max(
        (each for each in run.trees(step) if not (each.probe or each.fork)), key=lambda each: each.nodes
    )
    assert found.nodes > 1
    return found.load()


def test_a_rule_that_needs_more_than_the_group_gives_a_fork_no_advantage(run: Any) -> None:
    found = rl.fork(deepest(run), "0.0", rest="continued", run=run, repeats=2)
    assert found.no_advantage == ""
    for config in (
        rl.CreditConfig(baseline="moving"),
        rl.CreditConfig.from_dict({"estimator": {"rule": "mine", "source": ""}}),
    ):
        other = replace(found, config=config)
        assert "needs more than its group" in other.no_advantage
        assert all(change.A.before is None and change.R.before is not None for change in other.credit)


def test_a_fork_says_how_often_the_node_succeeds_and_what_its_ancestors_then_earn(run: Any) -> None:
    tree = deepest(run)
    found = rl.fork(tree, "0.0", rest="continued", run=run, repeats=4)
    assert [each.header.origin["repeat"] for each in found.trees] == [0, 1, 2, 3]
    assert found.origin["weights"] == "tiny v1, checkpoint step-1, the node's own"
    others = replace(found, origin={**found.origin, "weights": "tiny v0, as the run began (the node's: v1)"})
    assert str(others).startswith(
        "sampled again from turn 1 by other weights than its own (tiny v0, as the run began; the node's: v1), 0.0"
    )
    assert {each.node("0.0").turns[0].policy_version for each in found.trees} == {1}
    assert all(
        each.root.turns[0] == replace(tree.root.turns[0], **times(each.root.turns[0])) for each in found.trees
    )
    assert len({tuple(turn.text for node in each.nodes for turn in node.turns) for each in found.trees}) > 1
    scores = [each.node("0.0").success for each in found.trees]
    assert (found.success, found.interval) == (sum(scores) / 4, wilson(sum(scores), 4))
    # Its credit is that of the group with each fork in the tree's place, by the run's rule.
    (group,) = [each for each in run.groups(2) if each.index == tree.header.group]
    expected = []
    for fork in found.trees:
        trees = tuple(fork if each.header.rollout == tree.header.rollout else each for each in group.trees)
        expected.append(
            rl.attribute([replace(group, trees=trees)], run.attributions(2).config)
            .find(group.index, tree.header.rollout, "0")
            .A
        )
    change = found.credit_of("0").A
    assert change.before == run.attributions(2).find(group.index, tree.header.rollout, "0").A
    assert (change.mean, change.low, change.high) == (
        pytest.approx(sum(expected) / 4),
        min(expected),
        max(expected),
    )
    assert [each.node for each in found.credit] == ["0", "0.0"]
    said = str(found)
    assert (
        said.startswith(f"sampled again from turn 1, 0.0 succeeds {sum(scores):g} of 4 [")
        and "\n" not in said
    )
    assert said in unescape(found._repr_html_()), "a notebook breaks it between words, at every width"
    assert re.search(
        r"the root's advantage goes from .\d\.\d\d to .\d\.\d\d \(mean of 4, lowest .\d\.\d\d, highest ", said
    )
    assert [row["fork"] for row in found.rows()] == [None, 0, 1, 2, 3] and found.to_dict()["says"] == said


def times(turn: Any) -> dict[str, Any]:
    return {name: getattr(turn, name) for name in ("started", "sampled", "ended", "waiting_seconds")}


def test_a_chat_model_that_goes_on_with_the_words_of_tiny_is_said(run: Any) -> None:
    with pytest.warns(UserWarning, match="written reads the words of terse, .* a chat model makes little"):
        rl.fork(deepest(run), "0.0", rest="continued", run=run, repeats=1, policy=Written(["finish('done')"]))


def test_the_same_seed_gives_the_same_forks_and_another_gives_others(run: Any) -> None:
    tree = deepest(run)
    texts = [
        [
            [turn.text for node in each.nodes for turn in node.turns]
            for each in rl.fork(tree, "0", rest="continued", run=run, repeats=3, seed=seed).trees
        ]
        for seed in (0, 0, 1)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_forks_are_kept_in_the_run_and_count_into_no_step(run: Any) -> None:
    tree, before = deepest(run), run.attributions(2)
    found = rl.fork(tree, "0.0", rest="replayed", run=run, repeats=2, action="finish('no')", store=run.path)
    with rl.open_run(run.path) as after:
        assert [step.trees for step in after.steps] == [step.trees for step in run.steps]
        assert [len(group) for group in after.groups(2)] == [len(group) for group in run.groups(2)]
        assert (
            credit_of(after, 2, {"lam": 0.0})[1].A.tolist() == credit_of(run, 2, {"lam": 0.0})[1].A.tolist()
        )
        assert after.attributions(2).to_json() == before.to_json()
        assert (
            [each.origin["repeat"] for each in after.forks()]
            == [0, 1]
            == [each.origin["repeat"] for each in after.trees(2)[-2:]]
        )
        (kept,) = rl.forks_of(after)
        assert (kept.trees, kept.original, str(kept)) == (found.trees, tree, str(found))
        assert rl.forks_of(after, tree) and not rl.forks_of(after, after.trees(1)[0].load())
    line = str(found.trees[0]).splitlines()[1]
    assert line.startswith(f"fork of {tree.header.group}.{tree.header.rollout} at 0.0 turn 1: other action")


def test_forks_are_kept_in_a_new_file_with_their_tree_and_group(run: Any, tmp_path: Path) -> None:
    tree = deepest(run)
    found = rl.fork(tree, "0", 2, rest="continued", run=run, repeats=2, store=tmp_path / "new.rao")
    with rl.open_run(tmp_path / "new.rao") as new:
        (kept,) = rl.forks_of(new)
        assert str(kept) == str(found) and len(new.groups(2)[0]) == 4
        again = rl.fork(kept.trees[0], "0", rest="continued", run=new, policy=ScriptedPolicy(), repeats=1)
        assert again.origin["before"] == dict(kept.trees[0].header.origin)


def test_a_fork_of_a_fork_repeats_what_was_changed_in_it(run: Any) -> None:
    tree = deepest(run)
    last = tree.root.turns[-1]
    turn = next(turn for turn in tree.root.turns if turn.children)
    assert turn.index < last.index
    value = {"failed": "lost"}
    first = rl.fork(
        tree, "0", turn.index, rest="replayed", run=run, repeats=1, child_value={turn.children[0]: value}
    )
    told = rl.fork(first.trees[0], "0.0", rest="continued", run=run, repeats=1, goal="a0 1")
    for fork in (first.trees[0], told.trees[0]):
        again = rl.fork(fork, "0", len(fork.root.turns), rest="continued", run=run, repeats=1).trees[0]
        assert again.root.turns[turn.index - 1].calls == fork.root.turns[turn.index - 1].calls
    assert told.trees[0].node("0.0").goal == again.node("0.0").goal == "a0 1"


def test_weights_are_the_nodes_own_if_the_run_keeps_them_and_always_named(run: Any, tmp_path: Path) -> None:
    def weights(tree: Tree, **options: Any) -> str:
        return rl.fork(tree, "0", rest="continued", repeats=1, **options).origin["weights"]

    assert weights(deepest(run, 1), run=run) == "tiny v0, the node's own"
    (probe,) = [each.load() for each in run.trees(2) if each.probe][:1]
    assert weights(probe, run=run) == "tiny v2, checkpoint step-2, the node's own"
    assert "a probe has no advantage" in str(rl.fork(probe, "0", rest="continued", repeats=1, run=run))
    other = ScriptedPolicy()
    assert weights(deepest(run), run=run, policy=other) == "scripted v0, as given (the node's: tiny v1)"
    (tmp_path / "a.rao.ckpt").unlink()
    (tmp_path / "a.rao.ckpt").mkdir()
    (tmp_path / "a.rao.ckpt" / "step-2").symlink_to(Path(f"{run.path}.ckpt").parent / "gone")
    assert weights(deepest(run), run=run) == "tiny v0, as the run began (the node's: v1)"


def test_a_scripted_policy_gives_forks_that_are_alike_and_that_is_said(env: Any) -> None:
    policy = rl.load_policy("scripted")
    tree = rl.run(env.tasks("test")[0], env, policy)
    found = rl.fork(tree, "0.0", rest="continued", environment=env, repeats=3)
    assert found.alike and str(found).endswith("; all 3 are alike")
    assert found.origin["weights"] == "scripted v0, the node's own"
    args = {"targets": {"c0": 1}}
    other = rl.fork(
        tree,
        "0.0",
        rest="continued",
        environment=env,
        repeats=1,
        goal=Launch("Craft the following items: 1x c0", args),
    )
    assert dict(other.trees[0].node("0.0").args) == args and other.origin["edit"]["args"] == args


def test_ctrl_c_keeps_the_forks_that_have_ended(env: Any) -> None:
    policy = rl.load_policy("tiny", device="cpu")
    tree = rl.run(env.tasks("test")[7], env, policy, seed=7)

    def stop(ended: int, every: int) -> None:
        if ended == 3:
            raise KeyboardInterrupt

    found = rl.fork(tree, "0", rest="continued", environment=env, policy=policy, repeats=8, on_forks=stop)
    assert 3 <= len(found) < 8 and all(each.root.status.ended for each in found.trees)
    assert policy.tick() == []  # nothing is left under way
    with pytest.raises(KeyboardInterrupt):
        rl.fork(tree, "0", rest="continued", environment=env, policy=Interrupted(), repeats=2)


class Interrupted(ScriptedPolicy):
    def tick(self) -> Any:
        raise KeyboardInterrupt


def test_what_means_nothing_is_one_line(env: Any, run: Any, tmp_path: Path) -> None:
    tree = rl.run(env.tasks("test")[0], env, rl.load_policy("scripted"))
    turn = next(turn for turn in tree.root.turns if turn.children)
    replay = rl.ReplayPolicy(tree)
    cases: dict[str, dict[str, Any]] = {
        'give rest="continued"': {"rest": None},
        "rest='all' is unknown": {"rest": "all"},
        "no node '0.9'": {"node": "0.9"},
        "node 0.0 has no turn 99": {"turn": 99},
        "goal at turn 2: a node reads it at its turn 1": {"turn": 2, "goal": "x"},
        "prompt codeact is what node 0.0 had": {"prompt": "codeact"},
        "goal and action together": {"goal": "x", "action": "y"},
        "goal must be text": {"goal": ""},
        "action must be code": {"action": " "},
        "turn 1 of node 0.0 has no child": {"child_value": {"0.0.7": 1}},
        "child_value must give values by the paths": {"child_value": "done"},
        "must be plain JSON": {"child_value": {turn.children[0]: {1, 2}}, "node": "0", "turn": turn.index},
        "policy is a ReplayPolicy": {"policy": replay},
        "policy 'tiny' is a name": {"policy": "tiny"},
        "repeats=0 means nothing": {"repeats": 0},
        "give environment=, or run=": {"environment": None},
        f"and environment is {AddUp().name}: give its world, --env textcraft (in Python environment=)": {
            "environment": AddUp()
        },
        "tiny reads its own dialect and no other prompt, so a fork with plain": {
            "policy": rl.load_policy("tiny", device="cpu"), "prompt": "plain",
        },
        "scripted plays by rule and reads no prompt, so a fork with plain": {"prompt": "plain"},
        "is a run without this tree": {"store": run.path},
        "does not hold this tree": {"run": run},
        "no run file": {"run": tmp_path / "none.rao"},
    }  # fmt: skip
    for said, changed in cases.items():
        given = {"tree": tree, "node": "0.0", "turn": 1, "rest": "continued", "environment": env, **changed}
        with pytest.raises(rl.RaoLabError, match=re.escape(said)) as problem:
            rl.fork(**given)
        assert "\n" not in str(problem.value)
    with pytest.raises(rl.ConfigError, match="tree is"):
        rl.fork([], "0", rest="continued")
    with RunWriter(run.path, {}, resume=True), pytest.raises(rl.RunFileError, match="is being written"):
        rl.fork(deepest(run), "0", rest="continued", run=run, store=run.path)


class Reader(ScriptedPolicy):
    """A policy of a user's own: nobody knows that it reads no prompt."""

    name = "reader"


def test_a_prompt_of_ones_own_is_given_again_and_another_kept(env: Any, tmp_path: Path) -> None:
    own, policy = tmp_path / "mine", Reader()
    shutil.copytree(data_path("prompts") / "plain", own)
    limits = rl.Limits(max_depth=12, max_turns=64)
    tree = rl.run(env.tasks("test")[0], env, policy, prompt=own, limits=limits)
    asked: dict[str, Any] = {"rest": "continued", "environment": env, "repeats": 1, "policy": policy}
    with pytest.raises(rl.MissingError, match=r"prompts=\[FOLDER\]"):
        rl.fork(tree, "0.0", **asked)
    found = rl.fork(tree, "0.0", **asked, prompts=[own], prompt="budget_aware", store=tmp_path / "a.rao")
    names = [node.template.partition("@")[0] for node in found.trees[0].nodes[:3]]
    assert names == ["mine", "budget_aware", "mine"]
    with rl.open_run(tmp_path / "a.rao") as kept:
        assert [name.partition("@")[0] for name in kept.config["prompts"]] == ["mine", "budget_aware"]
        again = rl.fork(rl.forks_of(kept)[0].trees[0], "0", 2, run=kept, **asked)
    assert [node.template for node in again.trees[0].nodes[:3]] == [
        node.template for node in found.trees[0].nodes[:3]
    ]


def test_a_run_keeps_the_prompts_of_its_forks_when_it_is_resumed_too(
    env: Any, trained: Path, tmp_path: Path
) -> None:
    path, own = tmp_path / "r.rao", tmp_path / "mine"
    shutil.copytree(data_path("prompts") / "plain", own)
    shutil.copy(trained, path)
    shutil.copytree(f"{trained}.ckpt", f"{path}.ckpt")
    with rl.open_run(path) as run:
        before = dict(run.config)
        asked: dict[str, Any] = {"rest": "continued", "run": run, "repeats": 1, "prompt": own}
        with pytest.raises(rl.ConfigError, match="reads its own dialect and no other prompt"):
            rl.fork(deepest(run), "0", **asked, store=path)
        with pytest.warns(UserWarning, match="reader reads the words of terse"):  # those of the other nodes
            found = rl.fork(deepest(run), "0", **asked, policy=Reader(), store=path)
    for steps in (2, 3):
        if steps == 3:
            config = rl.TrainConfig.from_dict({**before["train"], "steps": steps})
            list(
                rl.train(
                    env,
                    rl.load_policy("tiny", device="cpu"),
                    config,
                    store=path,
                    resume=True,
                    on_resume=print,
                )
            )
        with rl.open_run(path) as run:
            (kept,) = rl.forks_of(run)
            name = kept.trees[0].root.template
            assert name.startswith("mine@") and kept.trees == found.trees and name in run.config["prompts"]
            again = rl.fork(kept.trees[0], "0", rest="continued", run=run, repeats=1)
            assert again.trees[0].root.template == name
            assert steps == 3 or {**run.config, "prompts": 0} == {**before, "prompts": 0}


def test_a_tree_without_a_group_has_returns_and_says_what_an_advantage_needs(env: Any) -> None:
    events: list[Event] = []
    tree = rl.run(env.tasks("test")[0], env, rl.load_policy("scripted"), on_event=events.append)
    found = rl.fork(tree, "0", rest="continued", environment=env, repeats=1)
    assert found.credit[0].R.before == 1.4 and found.credit[0].A.before is None
    assert "the root's reward goes from +1.40 to +1.40" in str(found) and "give run=" in str(found)
    group = rl.Group(tree.task, (tree, replace(tree, header=replace(tree.header, rollout=1))))
    with_group = rl.fork(tree, "0", rest="continued", environment=env, repeats=1, group=group)
    assert "the root's advantage goes from +0.00 to +0.00" in str(with_group)
    many = replace(found, trees=found.trees * 3)
    assert "from +1.40 to +1.40 (in all 3); an advantage" in str(many) and "(in all" not in str(found)
