"""A training on a stage, and a clock that a test turns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.live import Clock, Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path / "a.rao")
    yield made
    made.session.control.stop()
    made.loose()
    made.session.stop(10)


@pytest.fixture
def clock() -> Clock:
    return Clock()
