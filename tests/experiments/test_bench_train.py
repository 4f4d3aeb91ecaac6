"""The bench of an update: its arms do the same work, which their gradients show."""

from __future__ import annotations

import numpy as np
import pytest

from rao_lab.errors import RecordError
from rao_lab.experiments.bench import train
from rao_lab.training.objective import Scorer
from rao_lab.training.packs import pack
from rao_lab.training.sequences import TrainSequence
from tests.support.tinymodels import llama


def items() -> list[TrainSequence]:
    mask = np.array([0, 1, 1, 0, 0, 1, 0, 1], bool)
    ids = [[1, 5, 6, 2, 7, 8, 3, last] for last in range(4, 9)]
    return [TrainSequence(np.array(each), mask, np.zeros(8, np.float32), (1,)) for each in ids]


def test_a_sequence_falls_into_its_turns() -> None:
    found = train.by_turn(items()[0])
    assert [len(each) for each in found] == [3, 6, 8]
    assert [np.flatnonzero(each.mask).tolist() for each in found] == [[1, 2], [5], [7]]


def test_arms_are_compared_and_must_have_one_gradient() -> None:
    model, own = llama(), items()
    scorer = Scorer(model)
    turns = [turn for item in own for turn in train.by_turn(item)]
    arms: dict[str, train.Parts] = {
        "ours": lambda: train._losses(scorer, own, scorer.packs(own, 64)),
        "turn by turn": lambda: train._losses(scorer, turns, pack(turns, 64)),
    }
    found = {case.name: case for case in train.compared(model, arms, 20, lambda line: None, repeats=1)}
    assert found["ours"].ratio_to == "turn by turn" and found["ours"].median > 0
    assert found["ours: kept for the backward pass"].median > 0
    arms["half"] = lambda: train._losses(scorer, own[:2], scorer.packs(own[:2], 64))
    with pytest.raises(RecordError, match="other gradients"):
        train.compared(model, arms, 20, lambda line: None, repeats=1)
