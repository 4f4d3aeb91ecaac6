"""A sandbox with two workers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rao_lab.execution.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=2) as opened:
        yield opened
