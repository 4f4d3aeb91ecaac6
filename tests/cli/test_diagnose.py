"""`rao-lab diagnose`: badges as text and JSON, thresholds, refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine

RUN = str(Path(__file__).parents[2] / "data/pathologies/guards_off.rao")


def test_a_step_is_diagnosed_as_text_and_as_json(lab: CommandLine) -> None:
    _, said, _ = lab(["diagnose", RUN, "--badge", "own goal", "--explain"])
    assert "goal 100 % like its parent's" in said and "such as: asked for" in said
    found = lab.json(["diagnose", RUN, "--step", "12"])
    assert found["counts"]["own_goal"] == 5 and found["rows"][0]["sentence"]
    fewer = lab.json(["diagnose", RUN, "--all", "--set", "bonus_from=9"])
    assert "bonus_only" not in fewer["counts"] and fewer["config"]["bonus_from"] == 9


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--badge", "own gaol"], "own_goal"),
        (["--set", "context_share"], "NAME=VALUE"),
        (["--set", "context_share=much"], "neither a number"),
        (["--step", "5"], "has no trees"),
    ],
)
def test_what_means_nothing_is_refused_in_a_line(options: list[str], words: str, lab: CommandLine) -> None:
    assert words in lab.refused(["diagnose", RUN, *options])
