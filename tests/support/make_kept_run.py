"""Makes tests/data/run_v<N>.rao and the JSON of what is in it, for the tests of later versions.

Run once for each schema version, before the version is raised: `python -m tests.support.make_kept_run`. A kept
file is never made again: it is what a user of that version has on the disk.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rao_lab.credit import attribute
from rao_lab.store import SCHEMA_VERSION, Run, RunWriter, open_run
from rao_lab.tree.codec import group_to_json, tree_to_json
from rao_lab.tree.values import dumps, encode
from tests.support.trees import Plan, events_of, header_of, random_group

DATA = Path(__file__).resolve().parents[1] / "data"


def contents(run: Run) -> dict[str, Any]:
    """All that a run says, as JSON without times and machine."""
    return {
        "config": run.config,
        "steps": [[each.step, each.attempt, each.groups, each.trees, each.nodes] for each in run.steps],
        "metrics": encode(run.metrics),
        "groups": [group_to_json(group) for each in run.steps for group in run.groups(each.step)],
        "probes": [group_to_json(group) for each in run.steps for group in run.groups(each.step, probe=True)],
        "coefficients": {
            str(each.step): [value.hex() for value in run.attributions(each.step).c.tolist()]
            for each in run.steps
            if each.groups
        },
        "live": {str(tree_id): tree_to_json(tree) for tree_id, tree in run.live().items()},
        "forks": [tree_to_json(fork.load()) for fork in run.forks()],
    }


def make(path: Path) -> None:
    with RunWriter(path, {"policy": "tiny", "steps": 2}, packages={"rao-lab": "0.1.0"}) as writer:
        writer.begin_step(0)
        for tree in random_group(1, size=1, nodes=3, step=0, probe=True).trees:
            writer.tree_done(tree)
        writer.end_step(0, None, {"success": 0.25})
        for step in (1, 2):
            writer.begin_step(step)
            group = random_group(step + 10, size=2, nodes=3, step=step)
            for tree in group.trees:
                writer.tree_done(tree)
            writer.end_step(step, attribute([group]), {"loss": 0.5 / step, "by_depth": {0: float("nan")}})
            writer.note_checkpoint(step, f"step-{step}")
        header = header_of("easy 1", "make", 3, 0, 0)
        for event in events_of(Plan("make", turns=2), header)[:4]:
            writer.event(0, header, event)


if __name__ == "__main__":
    target = DATA / f"run_v{SCHEMA_VERSION}.rao"
    if target.exists():
        raise SystemExit(f"{target.name} is kept, not made again")
    make(target)
    target.with_suffix(".json").write_text(dumps(contents(open_run(target))) + "\n")
