"""How far a judge agrees with the verifier: counts by hand, what is compared, how it is said; nothing changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.api.judged import agreement_metrics, judged_steps
from rao_lab.errors import ConfigError, InputError
from rao_lab.evaluation.confusion import Confusion
from rao_lab.training.metrics import TrainStep
from rao_lab.training.processes import Alone
from rao_lab.tree import Group, Message, Node, Status, Task, Tree, TreeHeader, Turn
from rao_lab.views.explorer.board_still import board_words
from rao_lab.views.explorer.from_run import RunSource
from rao_lab.views.terminal import step_line
from tests.support.critics import Critic

TASK = Task("t", "count")


def node(path: str, s: float | None, turns: int = 1, **more: Any) -> Node:
    source = {"success": s, "success_source": None if s is None else "verifier"}
    depth = path.count(".")
    place = {"parent": path.rpartition(".")[0], "parent_turn": 1} if depth else {}
    made = tuple(Turn(at + 1, text=f"{path} {at}") for at in range(turns))
    return Node(path, depth=depth, goal=f"goal {path}", turns=made, value=s, **{
        "status": Status.FINISHED, **place, **source, **more,
    })  # fmt: skip


class Says:
    """A judge of one's own that says yes of some paths; an exception is raised."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    def score(self, tree: Tree, path: str) -> Any:
        found = self.answers.get(path, 0.0)
        if isinstance(found, Exception):
            raise found
        return rl.Score(found) if isinstance(found, float) else found


NODES = (
    node("0", 1.0, 9, children=("0.0", "0.1", "0.2", "0.3", "0.4")),
    node("0.0", 1.0, 1),
    node("0.1", 0.0, 2),
    node("0.2", 0.0, 3, success_source="rule", status=Status.TURN_LIMIT),
    node("0.3", 0.75, 4, success_source="judge"),
    node("0.4", 0.25, 5),
)
TREE = Tree(TreeHeader(TASK, step=3, group=1), NODES)


@pytest.mark.parametrize(
    ("counts", "agreement", "kappa", "balanced"),
    [
        ((20, 5, 10, 15), 0.7, 0.4, (20 / 30 + 15 / 20) / 2),
        ((5, 0, 0, 5), 1.0, 1.0, 1.0),
        ((0, 5, 5, 0), 0.0, -1.0, 0.0),
        ((9, 1, 0, 0), 0.9, None, 0.5),
        ((3, 0, 0, 0), 1.0, None, None),
        ((0, 0, 0, 0), None, None, None),
    ],
)
def test_kappa_and_balanced_accuracy_by_hand(
    counts: tuple[int, ...], agreement: float | None, kappa: float | None, balanced: float | None
) -> None:
    found = Confusion(*counts)
    assert found.nodes == sum(counts)
    for got, due in ((found.agreement, agreement), (found.kappa, kappa), (found.balanced, balanced)):
        assert got == (None if due is None else pytest.approx(due))


def test_only_what_a_verifier_scored_is_compared_by_depth_and_by_length() -> None:
    before = repr(TREE)
    found = rl.agreement(TREE, Says({"0": 1.0, "0.0": 0.5, "0.1": 1.0}))
    assert found.overall == Confusion(both=2, judge_alone=1, neither=1)
    assert found.by_depth == {0: Confusion(both=1), 1: Confusion(both=1, judge_alone=1, neither=1)}
    assert [*found.by_length] == ["1 to 2 turns", "3 to 5 turns", "6 to 9 turns"]
    assert sum(part.nodes for part in found.by_length.values()) == 4
    (apart,) = found.disagreements
    assert (apart.tree, apart.node, apart.judge, apart.verifier) == ("3:1.0", "0.1", 1.0, 0.0)
    assert repr(TREE) == before
    text = str(found)
    assert "Says against the verifier: agrees on 0.75 [0.30, 0.95] of 4 nodes" in text
    assert "3:1.0/0.1: judge 1, verifier 0: goal 0.1" in text
    assert json.loads(json.dumps(found.to_dict()))["overall"]["judge_alone"] == 1
    assert "judge alone" in found._repr_html_() and "<script" not in found._repr_html_()


def test_a_judge_that_fails_on_some_nodes_is_counted_apart() -> None:
    judge = Says({"0": 1.0, "0.0": ValueError("no <b>model</b>"), "0.1": "yes"})
    found = rl.agreement([TREE, TREE], judge)
    assert found.overall == Confusion(both=2, neither=2, unscored=4)
    assert "no verdict on 4 nodes: the judge raised ValueError('no <b>model</b>')" in str(found)
    assert "<b>model" not in found._repr_html_()


def test_probes_of_a_step_are_left_out_unless_they_are_wanted() -> None:
    probe = replace(TREE, header=replace(TREE.header, probe=True))
    step = TrainStep(3, (Group(TASK, (TREE,)),), (Group(TASK, (probe,), probe=True),), None, {})
    alone, both = rl.agreement(step, Says({})), rl.agreement(step, Says({}), probes=True)
    assert (len(alone.pairs), len(both.pairs)) == (4, 8)
    assert "1 probe tree left out: probes=True" in str(alone) and "left out" not in str(both)
    with pytest.raises(InputError, match="1 probe tree left out"):
        rl.agreement(replace(step, groups=()), Says({}))


def test_always_the_same_word_is_said_to_be_beyond_no_chance() -> None:
    assert "kappa: none, because the judge always says the same" in str(rl.agreement(TREE, Says({})))


def test_a_sample_is_drawn_by_the_seed() -> None:
    trees = [replace(TREE, header=replace(TREE.header, rollout=at)) for at in range(20)]
    drawn = [rl.agreement(trees, Says({}), nodes=10, seed=seed).pairs for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2] and len(drawn[2]) == 10
    assert "of 10 nodes of 80 verified" in str(rl.agreement(trees, Says({}), nodes=10))


@pytest.mark.parametrize(
    ("given", "judge", "error", "words"),
    [
        (
            Tree(TreeHeader(TASK), (node("0", None),)),
            Says({}),
            InputError,
            "no node of these trees has a verifier",
        ),
        (TREE, "smollm2", ConfigError, "judge is 'smollm2'"),
        ("a.rao", Says({}), ConfigError, "rl.agreement takes a run, a step, an evaluation, groups or trees"),
        ([TREE, 3], Says({}), ConfigError, "rl.agreement takes a run"),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_line(
    given: Any, judge: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        rl.agreement(given, judge)


def likes(messages: Sequence[Message]) -> str:
    return f"VERDICT: {int(len(messages[1].content) % 3 > 0)}"


def test_training_checks_its_judge_and_credit_stays_as_it_is(tmp_path: Path) -> None:
    env = rl.environments.TextCraft(difficulty="medium")
    runs: dict[int, Any] = {}
    for check in (0, 5):
        learner = rl.load_policy("tiny")
        config = rl.default_config(learner, steps=1, tasks_per_step=2, group_size=2, probe_tasks=0)
        judge: Any = rl.judge(Critic(likes), check=check) if check else None
        store = tmp_path / f"{check}.rao"
        *_, runs[check] = rl.train(env, learner, config, store=store, judge=judge)
    plain, checked = runs[0], runs[5]
    assert list(plain.attributions) == list(checked.attributions)
    found = checked.metrics["judge_agreement"]
    assert found["nodes"] == 5 and checked.metrics["judge"]["verdicts"] == 5
    assert sum(part["nodes"] for part in checked.metrics["judge_by_depth"].values()) == 5
    assert sum(part["nodes"] for part in checked.metrics["judge_by_length"].values()) == 5
    assert checked.metrics["not_reproducible"] == 0
    assert "judge_agreement/kappa" in checked.scalars() or found["kappa"] is None
    with rl.open_run(tmp_path / "5.rao") as run:
        assert run.metrics[-1]["judge_agreement"] == found
        again = rl.agreement(run, rl.judge(Critic(likes)), nodes=5, seed=1)
        assert agreement_metrics(again)["judge_agreement"] == found, "from the saved file as well as live"
        assert "Agreement with the verifier" in "\n".join(board_words(RunSource(run), "a"))


def test_a_check_is_said_in_the_line_of_its_step_and_a_failing_judge_in_its_warnings() -> None:
    def lost(_: Sequence[Message]) -> str:
        raise ValueError("my bug")

    group = Group(TREE.task, (TREE,))
    steps = [TrainStep(at, (group,), (), None, {}, warnings=("as before",)) for at in (1, 2)]
    made = [*judged_steps(iter(steps), rl.judge(Critic(lost), check=3), Alone(), None)]
    line = "the judge gave no verdict on 3 of 3 checked nodes"
    why = "policy critic raised ValueError('my bug')"
    assert [step.warnings for step in made] == [("as before", f"{line}: {why}"), ("as before", line)]
    assert (made[0].metrics["judge"]["verdicts"], made[0].metrics["judge"]["failed"]) == (0, 3)
    assert "judge" not in step_line("recursive", made[0])
    (good,) = judged_steps(iter(steps[:1]), rl.judge(Critic(lambda _: "VERDICT: 1"), check=3), Alone(), None)
    share = good.metrics["judge_agreement"]["agreement"]
    assert good.warnings == ("as before",)
    assert f"judge agrees on {share:.2f} of 3 (kappa none)" in step_line("recursive", good)


def test_a_stop_while_the_judge_is_checked_keeps_the_step(tmp_path: Path) -> None:
    class Mute(Critic):
        def tick(self) -> Sequence[Any]:
            return []

    critic, store = Mute(likes), tmp_path / "a.rao"

    def tick(_: int) -> None:
        if critic.asked:
            raise KeyboardInterrupt

    learner = rl.load_policy("tiny")
    config = rl.default_config(learner, steps=2, tasks_per_step=1, group_size=2, probe_tasks=0)
    judge = rl.judge(critic, check=5)
    env = rl.environments.TextCraft(difficulty="medium")
    made = rl.train(env, learner, config, store=store, judge=judge, on_tick=tick)
    with pytest.raises(KeyboardInterrupt):
        list(made)
    with rl.open_run(store) as run:
        assert [(each.step, each.ended is not None) for each in run.steps] == [(0, True), (1, True)]
        assert run.metrics[-1]["judge"]["failed"] == 0 and "judge_agreement" not in run.metrics[-1]
    assert (tmp_path / "a.rao.ckpt" / "step-1").is_dir()
