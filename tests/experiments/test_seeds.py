"""The bench of seeds: what it keeps of a training, and tables of kept lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rao_lab.errors import ConfigError
from rao_lab.experiments import seeds


def evaluation(
    agent: str, seed: int, success: float, solved: float | None = 4.0, steps: int = 40
) -> seeds.Line:
    band = {"success": success, "nodes": 6.0, "nodes_solved": solved, "clean_solved": solved}
    bands = dict.fromkeys(seeds.BANDS, band)
    return {
        "kind": "evaluation", "agent": agent, "seed": seed, "steps": steps, "temperature": 1.0, "bands": bands
    }  # fmt: skip


def test_seeds_stand_in_order_with_their_mean_and_what_was_never_solved_has_no_figure() -> None:
    lines = [
        evaluation("flat", 0, 0.0, None),
        evaluation("recursive", 2, 0.5),
        evaluation("recursive", 1, 1.0),
    ]
    assert seeds.table(lines).splitlines()[2:] == [
        "| recursive, 40 steps | 1 | 1 | 1.00 | 1.00 | 1.00 | 6.0 / 6.0 | 4.0 / 4.0 | 4.0 / 4.0 |",
        "| recursive, 40 steps | 1 | 2 | 0.50 | 0.50 | 0.50 | 6.0 / 6.0 | 4.0 / 4.0 | 4.0 / 4.0 |",
        "| recursive, 40 steps | 1 | **mean** | 0.75 | 0.75 | 0.75 | 6.0 / 6.0 | 4.0 / 4.0 | 4.0 / 4.0 |",
        "| flat, 40 steps | 1 | 0 | 0.00 | 0.00 | 0.00 | 6.0 / 6.0 | – / – | – / – |",
    ]


def test_a_curve_is_told_in_means_of_some_steps() -> None:
    row = {"nodes": 2, "entropy": 0.5, "tokens_out": 100, "seconds": {"generation": 2.0, "update": 1.0}}
    curve = [{"step": step, "success": step / 10, **row} for step in (1, 2, 3, 4)]
    lines = [{"kind": "training", "agent": "flat", "seed": 0, "curve": curve}]
    assert seeds.curves(lines, part=2).splitlines()[2:] == [
        "| flat | 1-2 | 0.15 | 2.00 | 0.50 | 100 | 2.0 | 1.0 | 50 |",
        "| flat | 3-4 | 0.35 | 2.00 | 0.50 | 100 | 2.0 | 1.0 | 50 |",
    ]


def test_one_seed_is_trained_evaluated_at_both_temperatures_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "seeds.jsonl"
    small = ["--set", "tasks_per_step=1", "group_size=2", "probe_tasks=0"]
    seeds.main(
        ["--seeds", "3", "--agents", "flat", "--steps", "1", "--tasks", "1", "--out", str(out), *small]
    )
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(line["kind"], line["seed"]) for line in lines] == [("training", 3), *[("evaluation", 3)] * 2]
    assert [line["temperature"] for line in lines[1:]] == [1.0, 0.5]
    assert [row["step"] for row in lines[0]["curve"]] == [1]
    capsys.readouterr()
    seeds.main(["--table", str(out)])
    assert "| flat, 1 steps | 0.5 | 3 |" in capsys.readouterr().out


def test_a_setting_that_means_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="learning_rat"):
        seeds.main(["--seeds", "0", "--agents", "flat", "--steps", "1", "--set", "learning_rat=1"])
