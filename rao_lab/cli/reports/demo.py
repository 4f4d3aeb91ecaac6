"""What the demo found, as JSON and as text with one tree before and after."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from shutil import get_terminal_size
from textwrap import fill
from typing import Any

from rao_lab.base.safe_text import for_shell
from rao_lab.base.words import counted
from rao_lab.evaluation.evaluate import Evaluation
from rao_lab.evaluation.intervals import paired_interval
from rao_lab.evaluation.rows import task_rows
from rao_lab.experiments.demo import BANDS, PLAIN, DemoResult, beside
from rao_lab.tree import Tree
from rao_lab.tree.text import text_tree
from rao_lab.views.terminal import success_text

SHOWN = (
    "success",
    "low",
    "high",
    "tasks",
    "unscored",
    "why_unscored",
    "flat_ceiling",
    "flat_ceiling_of",
    "fitting",
    "mean_nodes",
    "mean_depth",
)
"""What the JSON says of each band."""
DEFAULT = re.compile(r"runs/demo(-\d+)?\.rao")
"""A run whose page `rao-lab demo --open` finds by itself."""
TOO_LITTLE = 20
"""Root tasks of a training that cannot teach anything; the usual demo has 320."""
MOST_NODES_SHOWN = 24
"""A larger tree is not easy to read."""


def demo_json(result: DemoResult) -> dict[str, Any]:
    """What `rao-lab demo --json` prints."""
    return {
        "seconds": round(result.seconds, 1),
        "root_tasks": result.steps * result.config.tasks_per_step,
        "steps": result.steps,
        "before": {agent: _bands(found) for agent, found in result.before.items()},
        "after": {agent: _bands(found) for agent, found in result.after.items()},
        "at_temperature_1": {
            when: {agent: _bands(found) for agent, found in part.items()}
            for when, part in result.plain.items()
        },
        "rows": [*_rows(result)],
        "run": str(result.config.out),
        "flat_run": str(beside(result.config.out, "-flat")),
    }


def demo_text(result: DemoResult) -> str:
    """Success before and after, then a task before and after, then what to type next."""
    rows = {(when, agent): found.by_difficulty for when, agent, found in _all(result)}
    parts = [
        success_text(rows),
        _filled(
            f"Trained on {counted(result.steps * result.config.tasks_per_step, 'root task')} each "
            f"({counted(result.steps, 'step')}); {result.seconds:.0f} s in all. With one call a turn, the "
            "flat agent cannot pass its ceiling, whatever else it learns. "
            "Rows 'of what fits' are its success on the tasks that the ceiling counts."
            + _warmth(result)
            + (
                " So little training teaches nothing: this only checks that all of it runs."
                if _too_little(result)
                else ""
            )
        ),
    ]
    pair = telling_pair(
        result.before.get("recursive"), result.after.get("recursive"), taught=not _too_little(result)
    )
    if pair is not None:
        parts += [
            _filled(pair.words),
            f"Before:\n{text_tree(pair.before)}",
            f"After:\n{text_tree(pair.after)}",
        ]
    run, step = for_shell(result.config.out), result.steps
    named = "" if DEFAULT.fullmatch(result.config.out.as_posix()) else f" --out {run}"
    parts += [
        _filled(f"Page: {result.page}") if result.page else "",
        f"Its trees:  rao-lab show {run} --step {step}\n"
        f"Its credit: rao-lab credit {run} --step {step}\n"
        f"Its page:   rao-lab demo --open{named}",
    ]
    return "\n\n".join(part for part in parts if part)


def _all(result: DemoResult) -> Iterator[tuple[str, str, Evaluation]]:
    """When, which agent, and what was found, in the order of the table."""
    for when, part in (("before", result.before), ("after", result.after)):
        for mark, each in (("", part), (PLAIN, result.plain[when])):
            for agent, found in each.items():
                yield when + mark, agent, found


def _rows(result: DemoResult) -> Iterator[dict[str, Any]]:
    """A row a tree of each evaluation."""
    for when, agent, found in _all(result):
        about = {"when": when.removesuffix(PLAIN), "agent": agent, "temperature": found.temperature}
        for row in task_rows(found, result.world, result.fits):
            yield {**about, **row.to_dict()}


def _warmth(result: DemoResult) -> str:
    """At which temperatures it was sampled; "" if at one."""
    other = {found.temperature for part in (result.before, result.after) for found in part.values()}
    if not any(result.plain.values()):
        return ""
    named = ", ".join(f"{each:g}" for each in other if each is not None)
    return (
        f" Tasks were sampled at temperature {named}, and in the rows with T 1 at 1, as in training: a lower one"
        " flatters what was trained."
    )


def _filled(text: str) -> str:
    """The text with its lines broken where the terminal ends."""
    return fill(text, min(100, get_terminal_size((100, 24)).columns))


def _too_little(result: DemoResult) -> bool:
    return result.steps * result.config.tasks_per_step < TOO_LITTLE


@dataclass(frozen=True, slots=True)
class Pair:
    """The trees of one task before and after training."""

    before: Tree
    after: Tree
    words: str
    """How the task was chosen."""


def telling_pair(before: Evaluation | None, after: Evaluation | None, *, taught: bool = True) -> Pair | None:
    """One task before and after; None if there is none.

    If success rose by more than chance explains: among the tasks that were solved only afterwards one with small
    trees, of a hard band, with much delegation. Otherwise a task that was chosen without a look at what came of it.

    Args:
        taught: whether the training was long enough to teach anything.
    """
    if before is None or after is None or not before.trees:
        return None
    pairs = list(zip(before.trees, after.trees, strict=True))
    scored = [
        (new.success, old.success)
        for old, new in pairs
        if new.success is not None and old.success is not None
    ]
    gained = [pair for pair in pairs if pair[1].success == 1.0 and pair[0].success != 1.0]
    if not (taught and gained and paired_interval(scored)[1] > 0):
        old, new = next((each for each in pairs if _band(each) == 1), pairs[0])  # the band that is trained
        return Pair(old, new, f"The first {old.task.difficulty} task, whatever came of it, recursive agent:")
    lost = sum(old.success == 1.0 and new.success != 1.0 for old, new in pairs)

    def tells(pair: tuple[Tree, Tree]) -> tuple[bool, int, int]:
        return max(map(len, pair)) <= MOST_NODES_SHOWN, _band(pair), pair[1].depth

    return Pair(
        *max(gained, key=tells),
        f"A task picked because training changed its end: of {counted(len(pairs), 'task')}, "
        f"the recursive agent solved {len(gained):,} only afterwards, and {lost:,} only before.",
    )


def _band(pair: tuple[Tree, Tree]) -> int:
    """The place of the pair's band among those of the demo."""
    band = pair[1].task.difficulty
    return BANDS.index(band) if band in BANDS else 0


def _bands(found: Evaluation) -> dict[str, dict[str, Any]]:
    bands = {band: part.to_dict() for band, part in found.by_difficulty.items()}
    return {band: {name: plain[name] for name in SHOWN} for band, plain in bands.items()}
