"""Writes timeline.json: `python -m tests.golden.make_timeline`. README.md beside it describes the format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rao_lab.tree.times import Times
from tests.support.lanes import Play, answers, lanes_json

TIMELINE = Path(__file__).resolve().parent / "timeline.json"


def cases() -> dict[str, Times]:
    """Whole trees on both clocks, trees that run, a tree without times."""
    made = {f"seconds {seed}": Play(seed).times() for seed in range(1, 7)}
    made |= {f"steps {seed}": Play(seed, code=0.0).times() for seed in range(100, 104)}
    for seed in (1, 3, 4):
        play = Play(seed)
        made[f"seconds {seed}, half"] = play.times(play.times().end / 2)
    whole = Play(3).times()
    made["nobody recorded when generation ended"] = Times(
        [
            lane._replace(turns=[span._replace(sampled=float("nan")) for span in lane.turns])
            for lane in whole.lanes
        ]
    )
    blank = Play(5).times()
    nan = float("nan")
    made["nobody recorded when"] = Times(
        [lane._replace(started=nan, ended=nan, turns=[]) for lane in blank.lanes]
    )
    return made


def golden() -> dict[str, Any]:
    made = [
        {"name": name, "lanes": lanes_json(times), "answers": answers(times)}
        for name, times in cases().items()
    ]
    return {"format": 1, "cases": made}


def written(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace('{"name":', '\n{"name":') + "\n"


if __name__ == "__main__":
    TIMELINE.write_text(written(golden()), encoding="utf-8")
