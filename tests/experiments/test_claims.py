"""The claims: the plan, the kept rows, the rules of the verdicts, the report, and the runner of the units."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch

from rao_lab.errors import ConfigError, InputError, MissingError
from rao_lab.experiments.claims import arms, report, rows
from rao_lab.experiments.claims.arms import ARMS, FULL, Scale, Unit
from rao_lab.experiments.claims.behaviour import COLUMNS
from rao_lab.experiments.claims.beside import beside, meaning
from rao_lab.experiments.claims.clock import ClockRow, to_columns
from rao_lab.experiments.claims.delegation import Counts, within_tiers
from rao_lab.experiments.claims.known import Known
from rao_lab.experiments.claims.looks import Looks
from rao_lab.experiments.claims.plan import PLACE, plan_text
from rao_lab.experiments.claims.plots import plots
from rao_lab.experiments.claims.run import run_units
from rao_lab.experiments.claims.sceptic import answers
from rao_lab.experiments.claims.tables import training_table
from rao_lab.experiments.claims.unit import CURVE
from rao_lab.experiments.claims.verdicts import judged
from rao_lab.policies.load import load_policy
from rao_lab.training.setup import trainable

TINY = Scale(steps=2, tasks_per_step=1, group_size=2, tasks=1, replayed={"easy": 1, "hard": 1})


def test_the_committed_plan_says_what_the_code_does(repo: Path) -> None:
    assert (repo / PLACE).read_text(encoding="utf-8") == plan_text()


def test_an_arm_at_equal_tokens_is_trained_for_as_many_steps_as_make_them_equal() -> None:
    equal = ARMS["flat_tokens"]
    assert equal.steps(FULL, {"rao": 250_000, "flat": 100_000}) == 100
    assert equal.steps(FULL, {"rao": 9_000_000, "flat": 100_000}) == arms.MOST_STEPS
    assert [ARMS[name].steps(FULL, {}) for name in ("rao", "team_base")] == [40, 0]


@pytest.mark.parametrize("names", [["ra0"], []])
def test_arms_that_are_none_are_refused(names: list[str]) -> None:
    with pytest.raises(ConfigError):
        arms.units_of(arms.chosen_arms(names), [0])


@pytest.mark.parametrize(
    ("text", "seeds"), [("0-2,1,7", [0, 1, 2, 7]), ("2-0", None), ("x", None), ("1-", [1]), ("-1", None)]
)
def test_seeds_are_a_list(text: str, seeds: list[int] | None) -> None:
    if seeds is None:
        with pytest.raises(ConfigError, match="--seeds"):
            arms.seeds_of(text)
    else:
        assert arms.seeds_of(text) == seeds


def kept(unit: Unit, success: Callable[[str, int], float], **changes: Any) -> rows.Kept:
    """Rows of 20 tasks a band: half of medium and none of hard and extreme fit the window."""
    tiers = {"easy": 1, "medium": 3, "hard": 6, "extreme": 9}

    def band(name: str) -> dict[str, list[Any]]:
        count, tier = range(20), tiers[name]
        return {
            "task": [*count],
            "item": [f"m{task}" for task in count],
            "tier": [tier] * 20,
            "success": [success(name, task) for task in count],
            "status": ["finished"] * 20,
            "nodes": [tier] * 20,
            "depth": [tier - 1 if unit.arm.agent == "recursive" else 0] * 20,
            "delegated": [int(unit.arm.name != "team_base" and tier > 3)] * 20,
            "flat_tokens": [tier * 30 + task % 2 * 40 for task in count],
            "tokens": [50] * 20,
            "turns": [5] * 20,
            "ticks": [50] * 20,
        }

    return {
        "asked": unit.asked(FULL),
        "made": {"packages": {"rao-lab": "1"}, "threads": "1", "day": "2026-01-02"},
        "seconds": {phase: {"wall": 2.0, "cpu": 1.0} for phase in ("training", "evaluation")},
        "training": None,
        "evaluations": [
            {"temperature": look.temperature, "window": look.window, "book": look.book}
            | {"bands": {name: band(name) for name in look.bands}}
            for look in unit.arm.looks
        ],
        "picture": "",
        **changes,
    }


def replayed() -> dict[str, list[Any]]:
    """Ten trees that take 80 to 89 of 100 decode steps if children run together."""
    whole = ClockRow("", "", 2, 1, 1, 80, 100, 0.8, 1.0, same=True, changed=False, root_changed=False)
    return to_columns([replace(whole, item=f"m{place}", ticks=80 + place) for place in range(10)])


def world(rao: float, others: float, names: str = "team_base rao flat flat_tokens", seeds: int = 3) -> Known:
    """Arms that solve so many of 20 tasks a band."""

    def solves(share: float) -> Callable[[str, int], float]:
        return lambda band, task: float(task < share * 20)

    return Known(
        kept(
            Unit(ARMS[name], seed),
            solves(rao if name == "rao" else others),
            serial={band: replayed() for band in ("medium", "hard")},
        )
        for name in names.split()
        for seed in range(seeds)
    )


@pytest.mark.parametrize(
    ("rao", "others", "verdicts"),
    [
        (0.9, 0.1, {"a": "holds", "b": "holds", "c": "holds", "d": "holds", "e": "holds"}),
        (0.1, 0.9, {"a": "fails", "b": "fails", "c": "fails"}),
        (0.5, 0.45, {"a": "not resolved", "b": "not resolved", "c": "not resolved"}),
    ],
)
def test_verdicts_follow_the_rules(rao: float, others: float, verdicts: dict[str, str]) -> None:
    found = {each.claim.id: each.verdict for each in judged(world(rao, others))}
    assert {**found, **verdicts} == found


def test_what_is_missing_is_not_judged() -> None:
    found = {each.claim.id: each for each in judged(world(0.9, 0.1, "team_base rao"))}
    assert [found[name].verdict for name in "abcde"] == ["not measured"] * 2 + ["holds"] * 3
    assert "`rao` minus `flat_tokens`" in found["a"].why


def curve(steps: int) -> dict[str, list[Any]]:
    whole = dict.fromkeys((*CURVE, "leaves", "negative", "seconds"), [1.0] * steps)
    return {**whole, "success": [step / steps for step in range(steps)], "negative": [0.5] * steps}


def test_what_stands_beside_a_verdict_says_what_it_does_not_show() -> None:
    known = world(0.9, 0.1, "team_base rao solo_base flat flat_tokens")
    assert "control is weak" in meaning(known, "a")
    assert "a correlation of 1.00 [" in meaning(known, "c") and "says little of training" in meaning(
        known, "c"
    )
    ((name, ratio), _) = beside(known, "d")
    assert "both solve" in name and ratio.value == 1 and "takes longer" not in meaning(known, "d")
    assert (beside(known, "e"), meaning(known, "b")) == ([], "")
    assert "minus `solo_base`" in " ".join(answers(known))


def test_the_last_steps_of_learning_are_those_of_each_seed() -> None:
    """The longer seed alone would be 0."""
    short, long = curve(20), curve(30)
    long["success"] = [0.5] * 25 + [0.0] * 5
    short["success"] = [0.5] * 15 + [1.0] * 5

    def learned(*curves: dict[str, list[Any]]) -> Known:
        return Known(
            kept(Unit(ARMS["flat_tokens"], seed), lambda *_: 1.0, training={"curve": each})
            for seed, each in enumerate(curves)
        )

    *_, last, _ = training_table(learned(short, long))
    assert last.startswith("|  | last 5 of each | .50 |")
    cut = {name: values[:20] for name, values in long.items()}
    assert plots(learned(short, long))["learning"] == plots(learned(short, cut))["learning"]


def test_the_report_is_made_from_rows_alone_and_says_what_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    behaviour = {"columns": [*COLUMNS], "cells": {"root 3 fits": [4, 3, 2, 2, *[0] * 6]}, "items": {}}
    more = {"training": {"steps": 20, "tokens": 9, "curve": curve(20)}, "picture": "0  2x c7 <b>"}
    for name in ("rao", "flat", "lam_0"):
        unit = Unit(ARMS[name], 0)
        extra = {"behaviour": behaviour, "serial": {"hard": replayed()}} if name == "rao" else {}
        rows.keep(folder, unit, kept(unit, lambda band, task: float(task % 2), **more, **extra))
    made = report.write_report(folder, tmp_path)
    text = made.place.read_text(encoding="utf-8")
    assert "seeds 1, 2, 3, 4 of `rao`" in text and "`wide_rao`" in text
    assert "| `rao` | 1 | 1 | .50 [" in text
    assert "| `lam_0` | lambda 0 | 1 |" in text
    assert "| 3 | yes | .75 / 1.00 (4) | – |" in text
    assert "| hard | .84 [" in text
    assert re.search(r"\| `rao` \| 1-5 \| \.10 \|.*\| \.50 \|\n", text)
    shown = re.findall(r"!\[.*\]\((plots/\w+\.svg)\)", text)
    assert shown == [f"plots/{name}.svg" for name in ("success", "windows", "ablations", "learning", "bias")]
    for name in shown:
        ElementTree.fromstring((tmp_path / name).read_text(encoding="utf-8"))
    assert "These were made with rao-lab 1; threads a process: 1. Days: 2026-01-02 to 2026-01-02." in text
    assert "They name no commit." in text
    assert "| `rao` | extreme | 1.00 | .00 | .00 |" in text, "depth 8 is the limit"
    assert "0  2x c7 <b>" in (tmp_path / "trees.md").read_text(encoding="utf-8")
    assert [each["id"] for each in report.claims_json(made)["claims"]] == [*"abcde"]
    json.dumps(report.claims_json(made), allow_nan=False)


def test_within_a_tier_one_rule_for_all_is_no_adaptivity() -> None:
    def counts(short: float, long: float) -> Counts:
        """Items of two tiers, of which the upper one delegates more, whatever fits."""
        return {
            (seed, f"m{item}"): {
                (tier, fits): (4, 4 * (short if fits else long) * (tier / 5))
                for tier, fits in ((4, True), (4, False), (5, True), (5, False), (3, True))
            }
            for seed in range(3)
            for item in range(20)
        }

    rule, adaptive = counts(1.0, 1.0), counts(0.2, 1.0)
    found = within_tiers(rule)
    assert found is not None and found.value == pytest.approx(0)
    found = within_tiers(adaptive, rule)
    assert found is not None and found.low > 0.5
    assert within_tiers({}) is None


def test_the_readme_has_the_verdicts_of_the_report(repo: Path) -> None:
    """First figures; `rao-lab claims --report --rows data/claims/rows` makes the report anew."""
    found = (repo / "data/claims/report.md").read_text("utf-8").split("## Verdicts")[1].split("\n## ")[0]
    first = ["|".join(line.split("|")[:5]) + "|" for line in found.splitlines() if line.startswith("| (")]
    page = (repo / "README.md").read_text("utf-8").split("## The claims")[1].split("\n## ")[0]
    assert len(first) == 5
    assert [line for line in page.splitlines() if line.startswith("| (")] == first


@pytest.mark.slow
def test_the_committed_report_is_that_of_the_committed_rows(repo: Path, tmp_path: Path) -> None:
    shutil.copyfile(repo / "data/claims/gradients.json", tmp_path / "gradients.json")
    made = report.write_report(repo / "data/claims/rows", tmp_path)
    assert made.place.read_text("utf-8") == (repo / "data/claims/report.md").read_text("utf-8")


def test_rows_name_the_commit_they_were_made_by(tmp_path: Path) -> None:
    for name, commit in (("rao", "v1-3-gabc"), ("flat", "")):
        unit = Unit(ARMS[name], 0)
        made = {"packages": {"rao-lab": "1"}, "threads": "1", "commit": commit}
        rows.keep(tmp_path / "rows", unit, kept(unit, lambda band, task: 1.0, made=made))
    text = report.write_report(tmp_path / "rows", tmp_path).place.read_text(encoding="utf-8")
    assert "Commits: v1-3-gabc; 1 of 2 units name none." in text


def test_a_look_that_is_kept_is_not_taken_again(tmp_path: Path, random_tiny: Path) -> None:
    unit, policy = Unit(ARMS["rao"], 0), load_policy(str(random_tiny), device="cpu")
    taken: list[int] = []

    def look(scale: Scale = TINY, number: int = 0) -> dict[str, Any]:
        return Looks(tmp_path, unit, scale, policy).taken(number, lambda: {"n": taken.append(number) or 1})

    assert look() == look() == {"n": 1} and taken == [0]
    look(number=1)
    look(scale=replace(TINY, tasks=9))  # another question
    with torch.no_grad():
        next(trainable(policy).model.parameters()).add_(1.0)  # other weights
    look()
    assert taken == [0, 1, 0, 0]
    (tmp_path / "rao-0.looks" / f"0{rows.END}").write_bytes(b"half of")
    look()
    assert taken == [0, 1, 0, 0, 0]


def test_no_rows_no_report(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no rows"):
        report.write_report(tmp_path, tmp_path)


def test_rows_of_other_settings_or_of_nothing_are_refused(tmp_path: Path) -> None:
    unit = Unit(ARMS["rao"], 3)
    assert not rows.is_kept(tmp_path, unit, FULL)
    rows.keep(tmp_path, unit, kept(unit, lambda band, task: 1.0))
    assert rows.is_kept(tmp_path, unit, FULL)
    with pytest.raises(ConfigError, match=r"scale\.tasks = 300, and is 100 now"):
        rows.is_kept(tmp_path, unit, replace(FULL, tasks=100))
    rows.place(tmp_path, unit).write_bytes(b"PK")
    with pytest.raises(InputError, match="holds no rows"):
        rows.is_kept(tmp_path, unit, FULL)


def test_an_arm_that_needs_another_says_so_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="flat_tokens needs the rows of rao-0"):
        run_units([Unit(ARMS["flat_tokens"], 0)], TINY, tmp_path, tmp_path / "rows", say=lambda line: None)
    assert not [*tmp_path.iterdir()]


@pytest.mark.slow
def test_units_run_are_kept_and_one_that_fails_stops_no_other(tmp_path: Path) -> None:
    units = arms.units_of(arms.chosen_arms(["rao", "flat", "flat_tokens", "node_cost", "root_only"]), [0])
    (tmp_path / "root_only-0.rao").write_bytes(b"SQLite format 3\0 no run")
    said: list[str] = []
    found = run_units(units, TINY, tmp_path, tmp_path / "rows", jobs=2, say=said.append)
    assert sorted(found.done) == ["flat-0", "flat_tokens-0", "node_cost-0", "rao-0"]
    assert [*found.failed] == ["root_only-0"]
    known = Known(rows.all_kept(tmp_path / "rows"))
    training = known.kept("rao")[0]["training"]
    assert (
        training["tokens"] == sum(training["curve"]["tokens_out"]) and len(training["curve"]["leaves"]) == 2
    )
    assert known.kept("rao")[0]["behaviour"]["cells"]
    assert {row.key for row in known.rows("rao").values()} == {row.key for row in known.rows("flat").values()}
    assert known.rows("rao", bands=("hard",), window=64) and known.rows("rao", bands=("hard",), book=7)
    (tmp_path / "root_only-0.rao").unlink()
    again = run_units(units, TINY, tmp_path, tmp_path / "rows", jobs=2, say=said.append)
    assert (again.kept, again.done, again.failed) == (4, ["root_only-0"], {})
    assert report.write_report(tmp_path / "rows", tmp_path).verdicts


SCRIPT = """
import sys
from pathlib import Path
from rao_lab.experiments.claims.arms import ARMS, Scale, Unit
from rao_lab.experiments.claims.run import run_units
if __name__ == "__main__":
    scale = Scale(steps=24, tasks_per_step=1, group_size=2, tasks=1, replayed={})
    out = Path(sys.argv[1])
    run_units([Unit(ARMS["lam_0"], 0)], scale, out, out / "rows", say=lambda line: print(line, flush=True))
"""


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_trained_and_the_unit_goes_on_from_there(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")

    def start(out: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(script), str(tmp_path / out)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    stopped = start("stopped")
    until = time.monotonic() + 120
    while not [*tmp_path.glob("stopped/lam_0-0.rao.ckpt/step-10")] and time.monotonic() < until:
        time.sleep(0.1)
    os.kill(stopped.pid, signal.SIGINT)
    told, errors = stopped.communicate(timeout=90)
    assert "stopping; finished steps and evaluations are kept" in told and "KeyboardInterrupt" in errors
    assert not [*tmp_path.glob("stopped/rows/*")]
    for out in ("stopped", "whole"):
        done = start(out)
        told, errors = done.communicate(timeout=300)
        assert bool(re.search(r"lam_0-0: goes on after step 1\d of 24", told)) == (out == "stopped")
        assert done.returncode == 0, errors
    first, second = (
        rows.read(tmp_path / out / "rows" / f"lam_0-0{rows.END}") for out in ("stopped", "whole")
    )
    for each in (first, second):
        del each["training"]["curve"]["seconds"], each["seconds"]
        for look in each["evaluations"]:
            del look["seconds"]
        del each["made"]["day"]
    assert first == second
