"""One unit of the claims, in this process: trains, evaluates, and returns the rows that are kept.

Training goes on from the checkpoint of its run file, which lies in the output folder and stays there. Looks that were
finished are not taken again (`looks.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache, partial
from os import environ
from pathlib import Path
from typing import Any

from rao_lab.api.defaults import Suggested, suggested
from rao_lab.api.evaluate import evaluate
from rao_lab.api.train import train
from rao_lab.base.bundled import EMBEDDED
from rao_lab.base.versions import commit, package_versions
from rao_lab.environments.named import Player
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.evaluation.ceiling import flat_fits
from rao_lab.evaluation.rows import TaskRow, task_rows
from rao_lab.experiments.claims.arms import BANDS, RESUMED, Scale, Unit
from rao_lab.experiments.claims.bases import base
from rao_lab.experiments.claims.behaviour import Measure, pushed_down
from rao_lab.experiments.claims.clock import replay_both, to_columns
from rao_lab.experiments.claims.looks import Looks
from rao_lab.experiments.claims.rows import Kept
from rao_lab.experiments.worlds import WORLDS, World
from rao_lab.policies.load import load_policy
from rao_lab.protocols import Policy
from rao_lab.store import open_run
from rao_lab.tree import Tree

Say = Callable[[str, int, int], None]
"""Hears (phase, done, all): steps of training, or trees of an evaluation."""
CURVE = ("success", "scored", "nodes", "depth", "entropy", "tokens_out", "zero_variance_groups")
"""The metrics that are kept of each training step."""
SPLIT = "test"
BATCH = 128
"""Trees of an evaluation that run at once."""


def run_unit(unit: Unit, scale: Scale, out: Path, tokens: Mapping[str, int], say: Say) -> Kept:
    """Trains and evaluates.

    Args:
        out: where the run file of training lies.
        tokens: what other arms of this seed generated in training, by name.

    Raises:
        KeyboardInterrupt: Ctrl-C; every finished step of training and every finished look is kept.
        RaoLabError: the base or the run file cannot be read or written.
    """
    began = _now()
    arm, steps = unit.arm, unit.arm.steps(scale, tokens)
    policy = load_policy(arm.base if arm.base in EMBEDDED else str(base(arm.base)), device="cpu")
    fitting = suggested(policy)
    training = _train(unit, policy, fitting, steps, scale, out, say) if steps else None
    trained = _now()
    kept = Looks(out, unit, scale, policy)
    looks: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    for number in range(len(arm.looks)):
        found = kept.taken(number, partial(_look, unit, policy, fitting, number, scale, say))
        more |= found.pop("more")
        looks.append(found)
    ended = _now()
    return {
        "asked": unit.asked(scale),
        "made": {
            "packages": package_versions(),
            "threads": environ.get("OMP_NUM_THREADS", ""),
            "day": f"{datetime.now(UTC):%Y-%m-%d}",
            "commit": commit(),
        },
        "seconds": {"training": _between(began, trained), "evaluation": _between(trained, ended)},
        "training": training,
        "evaluations": looks,
        **more,
    }


def _train(
    unit: Unit, policy: Policy, fitting: Suggested, steps: int, scale: Scale, out: Path, say: Say
) -> dict[str, Any]:
    """Trains the policy in place, from where its run file ends; returns what is kept of it."""
    config = unit.arm.training(fitting, unit.seed, steps, scale)
    store = out / f"{unit.name}.rao"
    store.parent.mkdir(parents=True, exist_ok=True)
    world = WORLDS[unit.arm.world].suited(fitting.player)
    made = train(
        world,
        policy,
        config,
        store=store,
        resume=True,
        on_resume=lambda after, _: say(RESUMED, max(0, after), steps),
    )
    with closing(made):  # type: ignore[type-var]  # a generator: closing it closes the run file
        for step in made:
            say("training", step.step, steps)
    with open_run(store) as run:
        done = [metrics for metrics in run.metrics if metrics["step"]]
        curve: dict[str, list[Any]] = {name: [_short(each[name]) for each in done] for name in CURVE}
        pushed = [pushed_down(run.attributions(each["step"])) for each in done]
        curve |= {name: [each[name] for each in pushed] for name in ("leaves", "negative")}
        curve["seconds"] = [_short(each["seconds"]["total"]) for each in done]
    return {
        "steps": steps,
        "tokens": sum(curve["tokens_out"]),
        "config": config.to_dict(),
        "curve": curve,
    }


def _look(
    unit: Unit, policy: Policy, fitting: Suggested, number: int, scale: Scale, say: Say
) -> dict[str, Any]:
    """One evaluation; under "more", what is kept of the trees of the first, which is at temperature 1."""
    look = unit.arm.looks[number]
    world = _world(unit.arm.world, fitting.player, look.book)
    tasks = [task for task in world.tasks(SPLIT)[: scale.tasks * len(BANDS)] if task.difficulty in look.bands]
    phase = f"evaluating, T {look.temperature:g}, window {look.window}, book {look.book}"
    fits = flat_fits(world, policy)
    found = evaluate(
        world,
        policy,
        unit.arm.agent,
        tasks,
        replace(fitting.limits, context_window=look.window),
        look.temperature,
        seed=unit.seed,
        fits=fits,
        batch=BATCH,
        progress=False,
        on_trees=lambda done, all_: say(phase, done, all_),
    )
    rows = task_rows(found, world, fits)
    return {
        **asdict(look),
        "seconds": round(found.seconds, 1),
        "bands": {band: columns([row for row in rows if row.difficulty == band]) for band in look.bands},
        "more": {} if number else _first_look(unit, policy, world, found.trees, scale, say),
    }


@cache
def _world(name: str, player: Player, book: int) -> World:
    """Always with all bands: the same tasks, whichever of them are looked at. A recipe book takes a second."""
    return WORLDS[name].suited(player, difficulty=BANDS, seed=book)


def _first_look(
    unit: Unit, policy: Policy, world: World, trees: Sequence[Tree], scale: Scale, say: Say
) -> dict[str, Any]:
    """What is kept of the trees themselves: a picture, who delegated, and what running children together is worth."""
    crafts = isinstance(world, TextCraft)
    measured = crafts and unit.arm.agent == "recursive"
    return {
        "picture": picture(trees),
        "behaviour": Measure(world, policy)(trees) if measured else None,
        "serial": _serial(policy, world, trees, scale, say) if unit.arm.replayed else None,
    }


def _serial(policy: Policy, world: World, trees: Sequence[Tree], scale: Scale, say: Say) -> dict[str, Any]:
    """Claim (d): the first solved trees of some bands, replayed with children together and one by one."""
    found = {}
    for band, count in scale.replayed.items():
        solved = [tree for tree in trees if tree.task.difficulty == band and tree.success == 1.0][:count]
        on_tree = partial(say, f"replaying {band} trees")
        found[band] = to_columns(replay_both(solved, world, policy, on_tree))  # type: ignore[arg-type]  # it is local
    return found


def columns(rows: Sequence[TaskRow]) -> dict[str, list[Any]]:
    """The rows of a band, a list for each thing that is known of a task. A context of lines has neither item nor tier:
    it stands for itself, and what grows is the number of its lines."""
    numbers = [int(row.task.rpartition("/")[2]) for row in rows]
    return {
        "task": numbers,
        "item": [
            row.labels.get("item", f"{row.difficulty} {n}") for row, n in zip(rows, numbers, strict=True)
        ],
        "tier": [row.labels["tier"] if "tier" in row.labels else row.labels["lines"] for row in rows],
        "success": [row.success for row in rows],
        "status": [row.status for row in rows],
        "nodes": [row.nodes for row in rows],
        "depth": [row.depth for row in rows],
        "delegated": [int(row.root_delegated) for row in rows],
        "flat_tokens": [row.flat_tokens for row in rows],
        "tokens": [row.generated_tokens for row in rows],
        "turns": [row.turns for row in rows],
        "ticks": [row.ticks for row in rows],
    }


def picture(trees: Sequence[Tree]) -> str:
    """A small tree that delegates, as text: of the hardest task that was solved, if one was."""
    known = [tree for tree in trees if 1 < len(tree) <= 12] or [*trees]
    return str(
        max(known, key=lambda tree: (tree.success or 0.0, BANDS.index(tree.task.difficulty), len(tree)))
    )


def _now() -> tuple[float, float]:
    return time.monotonic(), time.process_time()


def _between(one: tuple[float, float], two: tuple[float, float]) -> dict[str, float]:
    """Seconds on the clock, and of this process on a core."""
    return {
        name: round(after - before, 1) for name, before, after in zip(("wall", "cpu"), one, two, strict=True)
    }


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
