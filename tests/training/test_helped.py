"""An update that a helper shares gives the bits of one process, whichever packs the helper takes."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from rao_lab.errors import UnavailableError
from rao_lab.training.config import LossConfig
from rao_lab.training.helped import Part, Weights, part_of, take_weights
from rao_lab.training.objective import Batch, Scorer
from rao_lab.training.packs import Pack
from rao_lab.training.processes import Alone
from tests.support.tinymodels import SMALL, all_steps, equal, timeless, tiny_policy, weights

CONFIG = replace(SMALL, tokens_per_pack=64)


class Helper:
    """Works in this process, on another model; `slow` seconds a pack."""

    def __init__(self, slow: float, fails: bool = False) -> None:
        model = tiny_policy(seed=9).model.eval()
        self._scorer, self._params = Scorer(model), [*model.parameters()]
        self._slow, self._fails = slow, fails
        self.ready, self.packs = True, 0

    def begin(self, weights: Weights, batch: Batch, loss: LossConfig) -> None:
        take_weights(self._params, weights)
        self._about = batch, loss

    def part(self, packed: Pack) -> Part:
        if self._fails:
            raise UnavailableError("it is gone")
        time.sleep(self._slow)
        self.packs += 1
        return part_of(self._scorer, self._params, packed, *self._about)


@pytest.mark.parametrize("slow", [0.0, 0.02, 0.2])
def test_the_bits_are_those_of_one_process(slow: float) -> None:
    alone, helped, helper = tiny_policy(), tiny_policy(), Helper(slow)
    one = all_steps(CONFIG, alone)
    two = all_steps(CONFIG, helped, peers=Alone(helper))
    assert helper.packs
    assert equal(weights(alone), weights(helped))
    assert [timeless(step) for step in one] == [timeless(step) for step in two]


def test_a_helper_that_is_lost_is_an_error_and_one_that_is_not_ready_is_not_asked() -> None:
    with pytest.raises(UnavailableError, match="it is gone"):
        all_steps(CONFIG, peers=Alone(Helper(0, fails=True)))
    late = Helper(0, fails=True)
    late.ready = False
    assert len(all_steps(CONFIG, peers=Alone(late))) == CONFIG.steps + 1
