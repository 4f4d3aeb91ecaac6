"""A training run of three steps that is only looked at."""

from __future__ import annotations

import pytest

from rao_lab.training.metrics import TrainStep
from tests.support.tinymodels import all_steps


@pytest.fixture(scope="session")
def steps() -> list[TrainStep]:
    return all_steps()
