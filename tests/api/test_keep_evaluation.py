"""`rl.evaluate(store=, resume=True)`: what ended stays, the rest is run, and it is as if nothing had stopped it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.environments.textcraft import TextCraft
from rao_lab.policies import load_policy
from rao_lab.store import open_run
from rao_lab.tree import Event, Finished

ASKED = 6


def evaluated(out: Path, stop_after: int = 0, resume: bool = False, **more: Any) -> rl.Evaluation:
    """An evaluation by the tiny policy, perhaps stopped as soon as so many roots have ended."""
    roots: set[int] = set()

    def happened(place: int, event: Event) -> None:
        if isinstance(event, Finished) and event.node == "0":
            roots.add(place)
        if stop_after and len(roots) >= stop_after:
            raise KeyboardInterrupt

    given = {"tasks": ASKED, "batch": 4, "seed": 3, "temperature": 1.0} | more
    world = TextCraft(difficulty="easy")
    return rl.evaluate(world, load_policy("tiny"), store=out, resume=resume, on_event=happened, **given)


def grown(tree: rl.Tree) -> list[tuple[Any, ...]]:
    """What of a tree does not depend on the clock."""
    return [
        (node.path, node.status, node.success, [turn.sampled_ids for turn in node.turns])
        for node in tree.nodes
    ]


@pytest.mark.parametrize("stop_after", [1, 5])
def test_one_that_was_stopped_goes_on_as_if_nothing_had_stopped_it(stop_after: int, tmp_path: Path) -> None:
    whole, out = evaluated(tmp_path / "whole.rao"), tmp_path / "e.rao"
    with pytest.raises(rl.Interrupted) as stop:
        evaluated(out, stop_after)
    assert stop.value.evaluation.stopped and not whole.stopped
    with open_run(out) as run:
        kept = {each.group: each.load() for each in run.trees() if each.status != "cancelled"}
        assert 0 < len(kept) < ASKED
    found = evaluated(out, resume=True)
    assert [grown(tree) for tree in found.trees] == [grown(tree) for tree in whole.trees]
    assert found.overall == whole.overall and not found.stopped
    with open_run(out) as run:
        assert not run.problems
        ids = [(each.step, each.group, each.rollout) for each in run.trees()]
        assert ids == [(0, place, 0) for place in range(ASKED)]
        after = {each.group: each.load() for each in run.trees()}
    assert all(after[place] == tree for place, tree in kept.items())  # to the second: none was run again
    assert [grown(tree) for tree in after.values()] == [grown(tree) for tree in whole.trees]
    again = evaluated(out, resume=True)  # nothing is left to run
    assert list(again.trees) == list(found.trees)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"tasks": 5}, "was begun with tasks=6, not 5: give it as it was, or choose another name"),
        ({"seed": 4}, "was begun with seed=3, not 4"),
        ({"batch": 2}, "was begun with batch=4, not 2"),
        ({"agent": "flat"}, "was begun with agent='recursive', not 'flat'"),
        ({"temperature": 0.5}, "was begun with temperature=1.0, not 0.5"),
        ({"limits": rl.Limits(max_turns=3)}, "was begun with limits."),
        ({"split": "train"}, "was begun with other tasks: give the same, or choose another name"),
    ],
)
def test_it_goes_on_only_as_it_was_begun(more: dict[str, Any], words: str, tmp_path: Path) -> None:
    out = tmp_path / "e.rao"
    with pytest.raises(rl.Interrupted):
        evaluated(out, 1)
    before = out.read_bytes()
    with pytest.raises(rl.ConfigError) as refused:
        evaluated(out, resume=True, **more)
    assert words in str(refused.value)
    assert out.read_bytes() == before
