"""A small run with everything in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.make_kept_run import make


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run with everything in it."""
    path = tmp_path_factory.mktemp("sound") / "run.rao"
    make(path)
    return path
