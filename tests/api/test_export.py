"""The credit of a step by another rule: from the columns of a run file, without its trees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rao_lab.api.export import changed, credit_of
from rao_lab.credit import attribute
from rao_lab.errors import MissingError
from rao_lab.store import Run, open_run

ROOT = Path(__file__).resolve().parents[2]
RUNS = [ROOT / "tests" / "data" / "run_v1.rao", *sorted((ROOT / "data" / "pathologies").glob("*.rao"))]
RULES: list[dict[str, object]] = [
    {"lam": 0.9},
    {"estimator": "grpo_mean", "baseline": "group_mean"},
    {"estimator": "root_only"},
    {"baseline": "none", "depth_weighting": "per_group"},
]


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_another_rule_gives_what_whole_trees_give_and_loads_none(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_run(path) as run:
        step, recorded = credit_of(run, None, {})
        groups = run.groups(step)
        monkeypatch.setattr(Run, "groups", lambda *_: pytest.fail("trees were loaded"))
        for rule in RULES:
            whole = attribute(groups, changed(recorded.config, rule))
            assert json.dumps(credit_of(run, step, rule)[1].to_json()) == json.dumps(whole.to_json())


def test_a_step_without_credit_has_none_by_another_rule(tmp_path: Path) -> None:
    with open_run(RUNS[0]) as run, pytest.raises(MissingError, match="step 0"):
        credit_of(run, 0, {"lam": 0.0})
