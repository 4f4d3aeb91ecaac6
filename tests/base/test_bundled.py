"""Recorded data: of the checkout, or of a folder `data` above the current one, or a line that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from rao_lab.base import bundled
from rao_lab.errors import MissingError


def test_recorded_data_lie_in_the_checkout_or_in_a_folder_above(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bundled.recorded_path("claims/rows") == repo / "data/claims/rows"
    # As in an installed package, which carries other data.
    installed, course = tmp_path / "_data", tmp_path / "course"
    for folder in (installed / "tiny", course / "data/runs", course / "notebooks"):
        folder.mkdir(parents=True)
    monkeypatch.setattr(bundled, "data_folder", lambda: installed)
    monkeypatch.chdir(course / "notebooks")
    assert bundled.recorded_path("runs") == course / "data/runs"
    assert bundled.recorded_path("tiny") == installed / "tiny"
    with pytest.raises(MissingError) as caught:
        bundled.recorded_path("claims/rows")
    said = str(caught.value)
    assert "data/claims/rows" in said and "checkout" in said and "\n" not in said
