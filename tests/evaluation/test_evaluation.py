"""Evaluation: shares with intervals, flat beside recursive under equal budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from rao_lab.errors import ConfigError, InputError, MissingError
from rao_lab.evaluation.compare import compare, difference
from rao_lab.evaluation.evaluate import evaluate, flat_limits, summarize
from rao_lab.evaluation.intervals import paired_interval, wilson
from rao_lab.evaluation.rows import row_of
from rao_lab.execution.limits import Limits
from rao_lab.protocols import TurnReply, TurnRequest
from rao_lab.tree import Denominator, Node, Status, Task, Tree, TreeHeader
from tests.support.worlds import Lines, Shelf


class Tasks(Shelf):
    """Eight tasks, easy and hard by turns."""

    def tasks(self, split: str) -> Sequence[Task]:
        if split != "test":
            raise MissingError(f"no split {split!r}")
        return [Task(f"t{at}", f"fill {at}", ("easy", "hard")[at % 2], "test") for at in range(8)]


class ByTree(Lines):
    """Says a line of its own in each tree of the batch."""

    def __init__(self, lines: Mapping[int, str]) -> None:
        super().__init__({})
        self.lines = lines

    def _reply(self, request: TurnRequest) -> TurnReply:
        return TurnReply(request.key, self.lines.get(request.key[0], 'finish("no")'))


OK = 'finish("ok")'


def tree(success: float | None, nodes: int = 1, difficulty: str = "") -> Tree:
    task = Task("t", "g", difficulty)
    root = Node("0", children=tuple(f"0.{at}" for at in range(nodes - 1)), success=success)
    below = [Node(f"0.{at}", "0", at, depth=1) for at in range(nodes - 1)]
    return Tree(TreeHeader(task), (replace(root, status=Status.FINISHED), *below))


def test_success_is_the_share_of_roots_with_wilsons_interval_by_difficulty() -> None:
    found = evaluate(Tasks(), ByTree({0: OK, 2: OK, 4: OK, 1: OK}), tasks=8)
    assert found.success == 0.5
    assert found.interval == pytest.approx((0.2152, 0.7848), abs=1e-4)
    assert list(found.by_difficulty) == ["easy", "hard"]
    assert found.by_difficulty["easy"].success == 0.75
    assert found.by_difficulty["hard"].success == 0.25
    assert [part.tasks for part in found.by_difficulty.values()] == [4, 4]


def test_trees_come_in_task_order_whatever_the_batch() -> None:
    for batch in (1, 3, 8):
        found = evaluate(Tasks(), ByTree({0: OK}), tasks=8, batch=batch)
        assert [tree.task.id for tree in found.trees] == [f"t{at}" for at in range(8)]


def test_a_number_takes_the_first_tasks_and_a_list_is_taken_as_it_is() -> None:
    assert [tree.task.id for tree in evaluate(Tasks(), ByTree({}), tasks=3).trees] == ["t0", "t1", "t2"]
    chosen = [Tasks().tasks("test")[5]]
    assert [tree.task.id for tree in evaluate(Tasks(), ByTree({}), tasks=chosen).trees] == ["t5"]


def test_progress_counts_finished_trees() -> None:
    heard: list[tuple[int, int]] = []
    evaluate(Tasks(), ByTree({}), tasks=8, batch=3, on_trees=lambda done, of: heard.append((done, of)))
    assert heard == [(done, 8) for done in range(1, 9)]


def test_progress_counts_trees_that_ran_before_from_the_beginning() -> None:
    heard: list[int] = []
    trees = evaluate(Tasks(), ByTree({}), tasks=8).trees
    before = {at: trees[at] for at in (0, 5, 7)}
    found = evaluate(
        Tasks(), ByTree({}), tasks=8, batch=3, done=before, on_trees=lambda now, of: heard.append(now)
    )
    assert heard == [3, 4, 5, 6, 7, 8] and len(found.trees) == 8


def test_unscored_trees_are_counted_apart_and_left_out_of_the_share() -> None:
    found = summarize([tree(1.0), tree(None), tree(0.0), tree(None)], "recursive", Lines({}), Limits(), 0.0)
    assert (found.overall.tasks, found.overall.unscored, found.success) == (4, 2, 0.5)
    assert found.interval == pytest.approx(wilson(1, 2))
    why = "neither the world nor a judge scored it"
    assert f"on 2 of 4 tasks (2 not scored: {why})" in str(found)
    assert {"scored": 2, "unscored": 2, "why_unscored": {why: 2}}.items() <= found.to_dict().items()


def test_every_reason_is_counted_and_the_most_frequent_are_shown() -> None:
    lost = [
        replace(tree(None), nodes=(Node("0", status=Status.ERROR, reason=reason),))
        for reason in ("no answer\n", "no answer\n", "gone", "busy", "away")
    ]
    found = Denominator.of([*lost, tree(1.0), Tree(TreeHeader(Task("t", "g")), ())])
    assert (found.total, found.scored, sum(found.why_not.values())) == (7, 1, 6)
    assert found.words() == "1 of 7 tasks (6 not scored: 2 x no answer ⏎, 1 x away, and 3 other reasons)"


def test_a_difference_says_how_many_tasks_both_were_scored_on() -> None:
    trees = {
        "a": [tree(1.0), tree(None), tree(0.0)],
        "b": [tree(0.0), tree(1.0), tree(0.0)],
        "c": [tree(None)] * 3,
    }
    tries = {name: [[row_of(each)] for each in part] for name, part in trees.items()}
    assert str(difference("a", "b", tries)).endswith("on 2 of 3 tasks that both were scored on")
    assert str(difference("a", "c", tries)) == "a minus c: none of 3 tasks was scored by both"
    assert str(difference("b", "b", tries)).endswith("on 3 tasks")


def test_nothing_scored_is_none_and_not_zero() -> None:
    found = summarize([tree(None)], "recursive", Lines({}), Limits(), 0.0)
    assert found.success is None
    assert found.interval == (0.0, 1.0)
    assert "none of 1 task was scored" in str(found)


def test_shape_is_summed_up() -> None:
    found = summarize([tree(1.0, 1), tree(1.0, 4)], "recursive", Lines({}), Limits(), 0.0).overall
    assert (found.mean_nodes, found.max_nodes, found.mean_depth, found.tokens) == (2.5, 4, 0.5, 0)


def test_the_flat_ceiling_is_the_share_of_tasks_that_fit_the_window() -> None:
    asked: list[int] = []

    def fits(task: Task, window: int) -> bool:
        asked.append(window)
        return task.difficulty == "easy"

    found = evaluate(Tasks(), ByTree({}), "flat", tasks=8, limits=Limits(context_window=96), fits=fits)
    assert found.overall.flat_ceiling == 0.5
    assert found.by_difficulty["hard"].flat_ceiling == 0.0
    assert set(asked) == {96}
    fitting = found.overall.fitting
    assert fitting == found.by_difficulty["easy"].fitting and fitting is not None
    assert (fitting.tasks, fitting.scored, fitting.success) == (4, 4, found.by_difficulty["easy"].success)
    assert found.to_dict()["fitting"] == fitting.to_dict()
    assert f", flat ceiling 0.50, success {fitting.success:.2f} on the 4 that fit, " in str(found)
    team = evaluate(Tasks(), ByTree({}), tasks=8, limits=Limits(context_window=96), fits=fits)
    assert team.overall.flat_ceiling == 0.5 and "ceiling" not in str(team), "it bounds the flat agent alone"


def test_the_flat_agent_has_the_turns_of_a_whole_tree() -> None:
    assert flat_limits(Limits(max_turns=16, max_tree_turns=400)).max_turns == 400
    found = evaluate(Tasks(), ByTree({}), "flat", tasks=1, limits=Limits(max_turns=2, max_tree_turns=7))
    assert found.limits.max_turns == 7
    assert found.trees[0].header.agent == "flat"


def test_equal_seeds_give_equal_trees() -> None:
    first = evaluate(Tasks(), ByTree({0: OK}), tasks=4, seed=3)
    second = evaluate(Tasks(), ByTree({0: OK}), tasks=4, seed=3)
    assert [one.header for one in first.trees] == [two.header for two in second.trees]
    assert [one.success for one in first.trees] == [two.success for two in second.trees]


def test_compare_runs_both_agents_on_the_same_tasks() -> None:
    found = compare(Tasks(), ByTree({0: OK, 1: OK}), tasks=4)
    assert list(found.evaluations) == ["recursive", "flat"]
    ids = [[tree.task.id for tree in one.trees] for one in found.evaluations.values()]
    assert ids[0] == ids[1]
    (pair,) = found.differences
    assert (pair.first, pair.second, pair.tasks, pair.difference) == ("recursive", "flat", 4, 0.0)
    assert pair.low < 0 < pair.high


def test_compare_names_several_policies() -> None:
    found = compare(Tasks(), {"base": ByTree({}), "trained": ByTree({0: OK})}, ("recursive",), tasks=4)
    assert list(found.evaluations) == ["base recursive", "trained recursive"]
    assert found.differences[0].difference == -0.25


def test_paired_interval_worked_by_hand() -> None:
    # 36 solved by both, 12 by the first only, 2 by the second only: shares .96 and .76, difference .2.
    # Wilson: .96 in [.8654, .9889], .76 in [.6259, .8570]; phi = (36*0 - 12*2) / sqrt(48*2*38*12) = -.1147.
    # low  = .2 - sqrt(.0946^2 + 2*.1147*.0946*.0970 + .0970^2) = .0569
    # high = .2 + sqrt(.0289^2 + 2*.1147*.0289*.1341 + .1341^2) = .3404
    pairs = [(1.0, 1.0)] * 36 + [(1.0, 0.0)] * 12 + [(0.0, 1.0)] * 2
    assert paired_interval(pairs) == pytest.approx((0.2, 0.0569, 0.3404), abs=1e-4)


def test_paired_interval_of_nothing_says_nothing() -> None:
    assert paired_interval([]) == (0.0, -1.0, 1.0)


def test_no_difference_at_all_still_has_a_width() -> None:
    middle, low, high = paired_interval([(1.0, 1.0)] * 10)
    assert middle == 0.0
    assert low < -0.1 and high > 0.1


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"agent": "solo"}, ConfigError, "recursive, flat"),
        ({"tasks": 0}, ConfigError, "at least 1"),
        ({"tasks": []}, InputError, "no tasks"),
        ({"split": "validation"}, MissingError, "validation"),
        ({"batch": 0}, ConfigError, "batch"),
    ],
)
def test_bad_requests_say_what_is_wrong(
    options: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        evaluate(Tasks(), ByTree({}), **options)  # type: ignore[arg-type]
