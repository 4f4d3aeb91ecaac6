"""A prompt bench in a run file: step = 1 + place of the variant, group = task, rollout = repeat.

A bench that was stopped, in whatever way, goes on where it was. It may then have more tasks after the old ones and
more repeats; anything else must be as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rao_lab.base.checks import number, whole
from rao_lab.base.safe_text import quoted
from rao_lab.errors import ConfigError, RunFileError
from rao_lab.evaluation.bench_run import Plan
from rao_lab.evaluation.prompt_bench import About, Bench, Spot
from rao_lab.prompts import recorded as prompt_files
from rao_lab.store import Run, RunWriter, open_run
from rao_lab.store.journal import in_the_way, is_begun
from rao_lab.store.rows.encode import portable
from rao_lab.tree import Event, Task, Tree, TreeHeader

KIND = "prompt bench"
MOST_REPEATS = 100_000
"""Of a task in a file: more than any bench has."""


def config_of(plan: Plan) -> dict[str, Any]:
    """What the run file says of how the bench is made."""
    first = plan.players[0]
    files = {name: texts for player in plan.players for name, texts in prompt_files(player.dialect).items()}
    return {
        "kind": KIND,
        "environment": plan.environment.name,
        "policy": first.policy.name,
        "agent": first.agent,
        "seed": plan.seed,
        "limits": first.limits.to_dict(),
        **({"prompts": files} if files else {}),
        "bench": {
            "variants": [
                {
                    **player.about.to_dict(),
                    "policy_version": player.policy.version,
                    "limits": player.limits.to_dict(),
                    "temperature": player.temperature,
                }
                for player in plan.players
            ],
            "environment": plan.environment.name,
            "seed": plan.seed,
            "batch": plan.batch,
            "repeats": plan.repeats,
            "tasks": [
                {"id": task.id, "goal": task.goal, "difficulty": task.difficulty} for task in plan.tasks
            ],
            "note": plan.note,
        },
    }


class FileRecord:
    """Writes trees into a run file as they run."""

    def __init__(self, writer: RunWriter) -> None:
        self._writer = writer

    def event(self, spot: Spot, header: TreeHeader, event: Event) -> None:
        self._writer.event(spot, header, event)

    def trees(self, trees: Mapping[Spot, Tree]) -> None:
        for spot, tree in trees.items():
            self._writer.tree_done(tree, spot)


@contextmanager
def recorded(
    plan: Plan, path: Path, resume: bool, more: Mapping[str, Any] = MappingProxyType({})
) -> Iterator[tuple[FileRecord, dict[Spot, Tree]]]:
    """The file of a bench, and the trees that it holds already.

    Args:
        more: what else the file says, such as how the world was opened.

    Raises:
        RunFileError: there is such a file and `resume` is false, or it is no bench, or cannot be opened.
        ConfigError: it holds another bench.
    """
    done: dict[Spot, Tree] = {}
    config = {**config_of(plan), **more}
    goes_on = is_begun(path)
    if goes_on and not resume:
        raise in_the_way(path)
    if goes_on:
        with open_run(path) as run:
            check_same(run, portable(config))
            done = trees_of(run)
    with RunWriter(path, config, resume=resume) as writer:
        if writer.resumed:
            writer.rewind(len(plan.players), config)
        begun = {spot.variant for spot in done}
        for place in range(len(plan.players)):
            if place not in begun:
                writer.begin_step(place + 1)
        try:
            yield FileRecord(writer), done
        finally:
            for place in range(len(plan.players)):
                writer.end_step(place + 1)


def check_same(run: Run, config: Mapping[str, Any]) -> None:
    """Refuses to go on with another bench.

    Raises:
        RunFileError: the run is no bench. ConfigError: it is another one; the message names what differs.
    """
    bench = bench_of(run, trees={})
    old, new = run.config["bench"], config["bench"]
    if [*bench.names] != [each["name"] for each in new["variants"]]:
        raise _other(run, "prompts", [*bench.names], [each["name"] for each in new["variants"]])
    for before, after in zip(old["variants"], new["variants"], strict=True):
        for name, value in after.items():
            if before.get(name) != value:
                raise _other(run, f"{name} of {before['name']}", before.get(name), value)
    for name in ("environment", "seed", "batch"):
        if old.get(name) != new[name]:
            raise _other(run, name, old.get(name), new[name])
    if bench.repeats > new["repeats"]:
        raise _other(run, "repeats", bench.repeats, new["repeats"], "at least as many")
    ids, wanted = [task.id for task in bench.tasks], [each["id"] for each in new["tasks"]]
    if wanted[: len(ids)] != ids:
        at = next((place for place, pair in enumerate(zip(ids, wanted)) if pair[0] != pair[1]), len(wanted))
        raise _other(
            run, f"task {at}", ids[at], wanted[at] if at < len(wanted) else "nothing", "the same first"
        )


def _other(run: Run, what: str, old: object, new: object, need: str = "the same") -> ConfigError:
    return ConfigError(
        f"{run.path.name} was begun with {what} = {quoted(old)}, not {quoted(new)}: give {need}, or choose another name"
    )


def trees_of(run: Run) -> dict[Spot, Tree]:
    """The finished trees of a bench."""
    return {
        Spot(each.step - 1, each.group, each.rollout): each.load()
        for each in run.trees()
        if each.step > 0 and not (each.running or each.fork or each.probe)
    }


def bench_of(run: Run, trees: Mapping[Spot, Tree] | None = None) -> Bench:
    """The bench that a run file holds, whole or not.

    Args:
        trees: its trees; None = they are read.

    Raises:
        RunFileError: it holds none, or what it says of it is damaged.
    """
    kept = run.config.get("bench")
    if run.config.get("kind") != KIND or not isinstance(kept, Mapping):
        raise RunFileError(
            f"{run.path.name} holds no prompt bench: rl.PromptBench.from_runs compares recorded trees"
        )
    try:
        tasks = tuple(Task(each["id"], each["goal"], each["difficulty"]) for each in kept["tasks"])
        variants = tuple(_about(each) for each in kept["variants"])
        repeats, note = whole("repeats", kept["repeats"], least=1, most=MOST_REPEATS), _text(kept["note"])
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise RunFileError(f"{run.path.name}: its bench cannot be read ({problem})") from None
    if len(variants) < 2 or len({each.name for each in variants}) < len(variants) or not tasks:
        raise RunFileError(f"{run.path.name}: its bench cannot be read (it has no two variants, or no tasks)")
    found = {
        spot: tree
        for spot, tree in (trees_of(run) if trees is None else trees).items()
        if spot.variant < len(variants) and spot.task < len(tasks) and spot.repeat < repeats
    }
    stopped = "" if len(found) == len(variants) * len(tasks) * repeats else "before all trees were run"
    return Bench(variants, tasks, repeats, found, stopped, note=note)


def _about(kept: Any) -> About:
    """Raises: KeyError, TypeError, ValueError, AttributeError."""
    prices = kept["prices"]
    if prices is not None:
        prices = {_text(name): number("a price", price) for name, price in prices.items()}
    name, prompt, policy, agent = (_text(kept[field]) for field in ("name", "prompt", "policy", "agent"))
    return About(name, prompt, policy, agent, prices)


def _text(kept: Any) -> str:
    if not isinstance(kept, str):
        raise TypeError(f"text is due, not {quoted(kept)}")
    return kept
