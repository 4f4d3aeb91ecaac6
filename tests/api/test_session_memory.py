"""What a session keeps does not grow with its steps, and nothing is kept of a session that is let go.

Things are counted, not weighed: how much a process holds on to depends on the allocator.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import LlamaForCausalLM

import rao_lab as rl
from rao_lab.api.session import Session
from rao_lab.training.metrics import TrainStep
from rao_lab.tree import Node, Tree
from rao_lab.tree.codec import tree_to_json
from rao_lab.tree.events import Acted
from rao_lab.views.explorer.feed import Feed
from tests.support.live import wait_for

GROUPS, SIZE = 2, 2
TREES = GROUPS * SIZE


def begin(file: Path, steps: int, on_step: Callable[[TrainStep], None] | None = None) -> Session:
    """Trains the bundled policy, whose agents call, launch and are refused."""
    policy = rl.load_policy("tiny")
    config = rl.default_config(
        policy, steps=steps, tasks_per_step=GROUPS, group_size=SIZE, probe_tasks=1, probe_every=2
    )
    return rl.start(rl.environments.TextCraft("easy"), policy, config, store=file, on_step=on_step)


def alive(*kinds: type) -> int:
    gc.collect()
    return sum(issubclass(type(each), kinds) for each in gc.get_objects())  # `isinstance` asks the object


def plain(step: TrainStep) -> tuple[Any, ...]:
    credit = None if step.attributions is None else [each.A for each in step.attributions]
    groups = [(each.task, each.index, each.probe, each.step) for each in (*step.groups, *step.probes)]
    return (step.step, groups, [tree_to_json(tree) for tree in step.trees], credit, repr(step), step.metrics)


def test_the_steps_of_a_session_give_back_from_the_file_what_was_made(tmp_path: Path) -> None:
    made: list[Any] = []
    session = begin(tmp_path / "a.rao", 2, lambda step: made.append(plain(step)))
    steps = session.result()
    assert [plain(step) for step in steps] == made and len(made) == 3
    assert steps[0].attributions is None and len(steps[0].probes) == 1
    with pytest.raises(AttributeError):
        steps[0].step = 3  # type: ignore[misc]
    (tmp_path / "a.rao").rename(tmp_path / "b.rao")
    assert repr(steps[1]) == made[1][4]
    with pytest.raises(rl.MissingError, match=r"a\.rao"):
        _ = steps[1].trees


def test_a_session_that_is_let_go_is_freed_with_its_weights(tmp_path: Path) -> None:
    trees, models = alive(Tree, Node, Acted), alive(LlamaForCausalLM)  # of other tests
    session = begin(tmp_path / "a.rao", 1)
    held = rl.load_policy("tiny")
    assert held.model is not None  # transformers' model is made when it is asked for
    session.result()
    session._thread.join(60)
    left = [weakref.ref(session), weakref.ref(held)]
    # The session has let go of the policy that it trained, though it is there itself.
    assert alive(LlamaForCausalLM) == models + 1
    del session, held
    gc.collect()
    assert [each() for each in left] == [None, None]
    assert alive(Tree, Node, Acted) <= trees


def test_trees_do_not_add_up_while_a_session_trains(tmp_path: Path) -> None:
    check_flat(tmp_path, steps=6)


@pytest.mark.slow
def test_forty_live_steps_keep_no_more_than_six(tmp_path: Path) -> None:
    check_flat(tmp_path, steps=40)


def check_flat(folder: Path, steps: int) -> None:
    """Beside a board that looks at the newest step, the trees of this step and of a probe are all there are."""
    trees: list[int] = []
    before = alive(Tree)
    session = begin(folder / "a.rao", steps, lambda step: trees.append(alive(Tree) - before))
    board = session.board()
    board._take(board, {"type": "hello", "step": None}, [])
    session.result()
    board.close()
    assert len(trees) == steps + 1
    assert TREES <= max(trees) <= 2 * (TREES + 1)  # those just made, and a batch that the writer has written


@pytest.mark.slow
def test_sixty_trainings_leave_nothing(tmp_path: Path) -> None:
    left: list[weakref.ref[Any]] = []
    for number in range(60):
        session = begin(tmp_path / f"{number}.rao", 1)
        board = session.board()
        session.result()
        session._thread.join(60)
        board.close()
        left += [weakref.ref(session), weakref.ref(board)]
        del session, board
    wait_for(lambda: alive(Feed) == 0)
    assert [each() for each in left] == [None] * len(left)
    assert alive(Tree, Node, Acted, Session) == 0
