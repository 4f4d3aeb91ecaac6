"""The claims for a reader: what is there, what is missing by name, how many seeds it would take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from rao_lab.errors import ConfigError, InputError, MissingError
from rao_lab.experiments.claims import rows
from rao_lab.experiments.claims.arms import ARMS, Unit
from rao_lab.experiments.claims.reading import Claims, open_claims
from rao_lab.experiments.claims.report import missing
from rao_lab.experiments.claims.sceptic import answers
from rao_lab.experiments.claims.tables import ablation_table
from rao_lab.experiments.claims.verdicts import gain
from tests.experiments.test_claims import kept


def made(success: Callable[[str, int], Callable[[str, int], float]], **seeds: int) -> Iterator[rows.Kept]:
    for arm, count in seeds.items():
        yield from (kept(Unit(ARMS[arm], seed), success(arm, seed)) for seed in range(count))


def test_the_committed_rows_can_be_read(repo: Path) -> None:
    claims = open_claims()
    assert [each.claim.id for each in claims.judged()] == list("abcde")
    said = str(claims.verdicts())
    assert all(f"\n({id_})" in said for id_ in "abcde")
    # Each ablation has a row or is named as not run, none has both, and the report says the same.
    table = claims.ablations("medium")
    there = {row.name for row in table.rows}
    for name, arm in ARMS.items():
        if not arm.main and arm.base == "tiny":
            assert (name in there) != any(name in note for note in table.notes if "Not run" in note), name
            assert (name in there) or f"`{name}`" in missing(claims.known)
    for row in table.rows:
        seen = gain(claims.known, row.name, "rao", ("medium",))
        assert row.seen == seen and seen is not None
        side = "better" if seen.low > 0 else "worse" if seen.high < 0 else "not resolved"
        assert row.verdict.startswith(side)


def test_few_seeds_and_missing_arms_are_said() -> None:
    claims = Claims(made(lambda arm, _: lambda band, task: float(arm == "rao" or task % 2), rao=5, lam_0=1))
    table = claims.ablations("hard")
    (row,) = table.rows
    assert (row.name, row.verdict) == ("lam_0", "worse, 1 seed")
    assert (
        table.notes[0].startswith("Not run: team_base, eager_base, lam_02")
        and "over tasks alone" in table.notes[1]
    )
    assert claims.seeds("rao", "lam_0") == [0] and claims.of_seeds(3).seeds("rao") == [3]
    assert claims.success("flat", band="hard").rows[0].seen is None
    for call in (lambda: claims.success("ra0"), lambda: claims.apart("rao", "lam_0", "harder")):
        with pytest.raises(ConfigError):
            call()
    with pytest.raises(MissingError, match="flat"):
        claims.tokens("flat")


def test_the_report_judges_no_arm_of_fewer_seeds_than_rao() -> None:
    claims = Claims(
        made(lambda arm, _: lambda band, task: float(arm != "lam_1" or task % 2), rao=2, lam_0=1, lam_1=2)
    )
    said = "\n".join(answers(claims.known))
    assert "Not judged, since fewer seeds were run than of `rao`: `lam_0` on medium, `lam_0` on hard." in said
    assert "Worse than `rao`: `lam_1` on medium, `lam_1` on hard." in said
    rows_of = {line.split("`")[1]: line for line in ablation_table(claims.known) if line.startswith("| `")}
    assert "not judged: 1 seed" in rows_of["lam_0"] and "**worse**" in rows_of["lam_1"]


def test_seeds_by_their_own_intervals_and_all_together() -> None:
    better = {0: 4, 1: 12, 2: 8}
    claims = Claims(
        made(lambda arm, seed: lambda band, task: float(arm == "rao" and task < better[seed]), rao=3, flat=3)
    )
    table = claims.apart("rao", "flat", "hard", by_seed=True)
    assert [round(row.seen.value, 2) for row in table.rows if row.seen] == [0.2, 0.6, 0.4, 0.4]
    assert [row.seen.seeds for row in table.rows if row.seen] == [1, 1, 1, 3]
    apart = claims.seed_by_seed("rao", "hard")
    assert [(row.name, round(row.seen.value, 2)) for row in apart.rows if row.seen] == [
        ("seed 1 minus seed 0", 0.4),
        ("seed 2 minus seed 0", 0.2),
    ]


def test_seeds_that_are_needed_follow_from_the_spread_between_seeds() -> None:
    """All tasks alike: the variance is that between seeds, and two standard errors decide."""
    gains = [0.0, 0.3, 0.1, -0.1, 0.2]

    def success(arm: str, seed: int) -> Callable[[str, int], float]:
        return lambda band, task: 0.5 + (gains[seed] if arm == "rao" else 0.0)

    claims = Claims(made(success, rao=5, flat=5))
    needed = claims.seeds_needed("rao", "flat", "hard")
    variance = float(np.var(gains, ddof=1))
    expected = next(n for n in range(2, 100) if np.mean(gains) > 2 * (variance / n) ** 0.5)
    assert needed is not None and abs(needed - expected) <= 1 and needed > 5
    # One seed tells nothing of others, and more seeds of the same tasks do not settle what tasks disagree about.
    assert claims.of_seeds(1).seeds_needed("rao", "flat", "hard") is None
    by_task = Claims(
        made(lambda arm, _: lambda band, task: float((arm == "rao") == (task < 11)), rao=5, flat=5)
    )
    assert by_task.seeds_needed("rao", "flat", "hard") is None


def test_a_folder_without_rows_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="rao-lab claims"):
        open_claims(tmp_path)
    (tmp_path / "rao-0.json.gz").write_bytes(b"nothing")
    with pytest.raises(InputError):
        open_claims(tmp_path)
