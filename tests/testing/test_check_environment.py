"""`check_environment` finds what is wrong with an environment, and nothing else."""

from __future__ import annotations

import pytest

import rao_lab as rl
from tests.testing.faulty_worlds import FAULTS, MyWorld


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_and_said_in_words(fault: str) -> None:
    environment, check, words = FAULTS[fault]
    report = rl.testing.check_environment(environment, seconds=60)
    found = [each for each in report.findings if each.check == check]
    assert any(words in f"{each.tried}\n{each.found}" for each in found), report
    assert not report.ok and "Traceback" not in str(report) and all(each.advice for each in report.findings)
    print(report)


def test_a_right_world_passes_and_the_report_says_what_was_tried() -> None:
    report = rl.testing.check_environment(MyWorld("all"), seconds=60)
    assert report.ok, report
    report.raise_if_bad()
    assert len(report.passed) == 12 and not report.notes
