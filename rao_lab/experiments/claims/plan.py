"""Writes what is run and how it is judged, before anything is run.

python -m rao_lab.experiments.claims.plan --out data/claims/plan.md
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rao_lab.api.defaults import TINY
from rao_lab.experiments.claims import arms
from rao_lab.experiments.claims.arms import ABLATIONS, COUNTING, FULL, MAIN, QUICK, Arm
from rao_lab.experiments.claims.second import RULE
from rao_lab.experiments.claims.verdicts import CLAIMS

PLACE = Path("data/claims/plan.md")


def plan_text() -> str:
    """The plan as Markdown."""
    return "\n".join([*_head(), *_arms(), *_looks(), *_rules()]) + "\n"


def _head() -> Iterator[str]:
    rate = TINY.train["learning_rate"]
    yield "# The claims: what is run, and how it is judged"
    yield ""
    yield (
        "This page is written by `python -m rao_lab.experiments.claims.plan` from the code that runs and judges, and "
        "was committed before the first run. No seed is dropped, and a claim that fails stays."
    )
    yield ""
    yield f"- **Seeds**: {', '.join(map(str, arms.SEEDS))}. A seed keys the training tasks and all sampling noise."
    yield (
        f"- **Training**: {FULL.steps} steps of {FULL.tasks_per_step} {arms.TRAINED_ON} tasks with {FULL.group_size} "
        f"trees each, at temperature 1, recipe book of seed 0; AdamW at {rate:g}, falling linearly; lambda .4 and the "
        "paper's rule if the arm does not say otherwise. The settings of `rao-lab demo`, without probes."
    )
    yield (
        f"- **Evaluation**: the first {FULL.tasks} tasks of each band of the test split, the same for every arm, once "
        "a seed, at temperatures 1 and .5. Temperature 1 decides; .5 is printed beside it."
    )
    evaluated, trained = (
        f"at most {each.max_nodes} nodes, depth {each.max_depth}, {each.max_turns} turns a node and "
        f"{each.max_tree_turns} a tree"
        for each in (TINY.limits, TINY.train_limits)
    )
    yield (
        f"- **Limits of a tree**: {trained} in training, {evaluated} in evaluation. (This line was added after the "
        "first runs; the limits and the rules are those of before.)"
    )
    yield (
        "- **The flat agent** has as many turns as the whole tree of the recursive one, and a window as large as each "
        "node's."
    )
    yield (
        f"- **`--quick`**: {QUICK.steps} steps, {QUICK.tasks} tasks a band, seeds "
        f"{', '.join(map(str, arms.QUICK_SEEDS))}, arms {', '.join(f'`{name}`' for name in arms.QUICK_ARMS)}. "
        "Its verdicts are marked. (This line was shortened after the first runs; no kept row is of this form.)"
    )
    yield ""


def _arms() -> Iterator[str]:
    for title, group in (("Arms", MAIN), ("Ablations", ABLATIONS), ("A second world", COUNTING)):
        yield f"## {title}"
        yield ""
        yield "| arm | what it is | base | agent | steps | differs by |"
        yield "|---|---|---|---|---|---|"
        for arm in group:
            yield f"| `{arm.name}` | {arm.says} | {arm.base} | {arm.agent} | {_steps(arm)} | {_differs(arm)} |"
        yield ""
    yield (
        f"Equal tokens: {FULL.steps} steps times the tokens that RAO of the same seed generated in training, over "
        f"those of the flat agent's {FULL.steps} steps, rounded, at most {arms.MOST_STEPS}."
    )
    yield ""


def _steps(arm: Arm) -> str:
    return "0" if not arm.trained else "equal tokens" if arm.equal_tokens else str(FULL.steps)


def _differs(arm: Arm) -> str:
    found = [f"`{name}={value}`" for name, value in arm.credit.items()]
    return ", ".join([*found, *([f"rule `{arm.rule}`"] if arm.rule else [])])


def _looks() -> Iterator[str]:
    yield "## Evaluations"
    yield ""
    yield "| arms | bands | T | window | recipe book |"
    yield "|---|---|---|---|---|"
    looks: dict[arms.Look, list[str]] = {}
    for arm in arms.ARMS.values():
        for look in arm.looks:
            looks.setdefault(look, []).append(f"`{arm.name}`")
    for look, names in looks.items():
        yield (
            f"| {', '.join(names)} | {', '.join(look.bands)} | {look.temperature:g} | {look.window} | {look.book} |"
        )
    replayed = " and ".join(f"{count} of {band}" for band, count in FULL.replayed.items())
    yield ""
    yield f"For claim (d), {replayed} of the solved trees of `rao` are replayed a seed, the first in task order."
    yield ""


def _rules() -> Iterator[str]:
    yield "## Rules"
    yield ""
    yield (
        "Intervals are of 95 %, by resampling target items and seeds (`rao_lab.evaluation.bootstrap`), paired by task "
        "and seed if two arms are compared. A claim **holds** if its interval lies wholly on the side that is claimed, "
        "**fails** if it lies wholly on the other, and is **not resolved** otherwise. If it has several parts, all "
        "must hold, and one that fails makes it fail."
    )
    yield ""
    for claim in CLAIMS:
        yield f"### ({claim.id}) {claim.title}"
        yield ""
        yield f"- **Rule**: {claim.rule}"
        yield f"- **Here**: {claim.measured}"
        yield f"- **The paper**: {claim.paper}."
        yield ""
    yield f"**A second world**: {RULE}"
    yield ""
    yield (
        "**Ablations**: the arm minus `rao`, on medium and on hard, paired by task and seed. **Better** or **worse** "
        "if the interval excludes 0, **not resolved** otherwise. They are not corrected for being many."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=PLACE, help="file to write")
    given = parser.parse_args(arguments)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(plan_text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
