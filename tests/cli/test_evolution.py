"""`rao-lab evolution`: the table, two steps compared, JSON, and refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine

RUN = str(Path(__file__).parents[2] / "data/pathologies/high_learning_rate.rao")


def test_tasks_by_steps_and_two_of_them_compared(lab: CommandLine) -> None:
    status, said, _ = lab(["evolution", RUN])
    assert status == 0 and "2 probe tasks; 3 steps" in said and "solved" in said
    status, said, _ = lab(["evolution", RUN, "--compare", "0", "12", "--task", "1"])
    assert status == 0 and "only right" in said
    found = lab.json(["evolution", RUN])
    assert (found["of"], found["steps"], len(found["trees"])) == ("probes", [0, 10, 12], 12)
    assert found["trends"][0]["low"] <= found["trends"][0]["solved"] <= found["trends"][0]["high"]
    assert lab.json(["evolution", RUN, "--compare", "0", "12"])["a"]["step"] == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--compare", "0", "11"], "no step 11 here"),
        (["--compare", "0", "12", "--task", "2"], "lists the 2 there are"),
        (["--compare", "0", "12", "--tree", "3"], "it has 2"),
        (["--of", "all"], "choose one of probes, training"),
    ],
)
def test_what_is_not_there_is_refused_in_a_line(options: list[str], words: str, lab: CommandLine) -> None:
    assert words in lab.refused(["evolution", RUN, *options])
