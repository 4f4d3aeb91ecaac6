"""A sandbox for everyday code, and those whose limits are soon reached."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rao_lab.execution.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seconds=5.0) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def tight() -> Iterator[Sandbox]:
    with Sandbox(seconds=0.1, memory_mb=16, output_chars=100, suspensions=8) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def hurried() -> Iterator[Sandbox]:
    """For code that computes for ever."""
    with Sandbox(seconds=0.1, memory_mb=32) as sandbox:
        yield sandbox
