"""The same tasks over training as text: a table of tasks by steps, what the trees have become, and where two part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rao_lab.base.safe_text import cells, one_line, shorten
from rao_lab.base.words import counted, fixed
from rao_lab.errors import RaoLabError
from rao_lab.tree import LIMIT_STATUSES
from rao_lab.tree.diff_text import parting_lines
from rao_lab.views.evolution.evolution import Evolution
from rao_lab.views.evolution.figures import StepFigures, TreeFigures, figures_of, trees_of
from rao_lab.views.explorer.states import sentence_of

LABEL = 24
CELL = 10
MOST_MARKS = 4
"""Trees of a task that get a mark each; of more, it is said how many were solved."""
WORDS = (
    "> the step compared below; 95 %: Wilson's interval of solved, over trees; fan-out: children of a node that",
    "launches; together: share of launched nodes launched beside another; delegating: nodes that launch",
)
LIMITS = {status.value for status in LIMIT_STATUSES}
KEY = "a mark a tree (✓ solved, ◐ partly, ✗ not, ▣ a limit, ? not scored), then their mean number of nodes"


def evolution_text(evolution: Evolution, step: int | None = None, width: int = 100) -> str:
    """The table, and the first tree of the first task at the first step against the chosen one.

    Args:
        step: the chosen one; by default the newest.
    """
    steps = evolution.steps
    if not steps:
        return sentence_of("no_probes" if evolution.columns.kind == "probes" else "no_tasks_again")
    chosen = max((each for each in steps if step is None or each <= step), default=steps[0])
    shown = _spread(steps, max(2, (width - LABEL) // CELL), chosen)
    trees = {each: trees_of(evolution.columns, evolution.column(each)) for each in shown}
    lines = [_head(evolution, shown), "", _row("step", (_column(each, chosen) for each in shown))]
    for task in evolution.columns.tasks:
        own = ([tree for tree in trees[each] if tree.task == task["task"]] for each in shown)
        lines.append(_row(_name(str(task["task"]), str(task["goal"])), map(_cell, own)))
    if evolution.columns.kind == "probes":
        figures = [figures_of(each, trees[each]) for each in shown]
        lines += ["", *(_row(name, (_figure(each, name) for each in figures)) for name in TRENDS)]
    words = WORDS if evolution.columns.kind == "probes" else ()
    lines += ["", KEY, *words, *_two(evolution, shown[0], chosen, width)]
    return "\n".join(shorten(line.rstrip(), width) for line in lines)


TRENDS = ("solved", "95 %", "nodes", "depth", "fan-out", "together", "delegating")


def _figure(figures: StepFigures, name: str) -> str:
    if name == "95 %":
        return "–".join(fixed(each, 2) for each in (figures.low, figures.high) if each is not None)
    value = getattr(figures, name.replace("-", "_"))
    if value is None:
        return "–"
    return f"{fixed(100 * value, 0)} %" if name in ("together", "delegating") else fixed(value, 2)


def _head(evolution: Evolution, shown: Sequence[int]) -> str:
    columns = evolution.columns
    kind = "probe task" if columns.kind == "probes" else "task that came back"
    kinds = "probe tasks" if columns.kind == "probes" else "tasks that came back"
    tasks = counted(columns.of_tasks, kind, kinds)
    left = f", {len(columns.tasks)} shown" if len(columns.tasks) < columns.of_tasks else ""
    some = f", {len(shown)} shown" if len(shown) < columns.of_steps else ""
    return f"{tasks}{left}; {counted(columns.of_steps, 'step')}{some}"


def _column(step: int, chosen: int) -> str:
    return f"> {step}" if step == chosen else str(step)


def _row(label: str, entries: Iterable[str]) -> str:
    name = shorten(label, LABEL - 2)
    return name + " " * (LABEL - cells(name)) + "".join(each + " " * (CELL - cells(each)) for each in entries)


def _name(task: str, goal: str) -> str:
    end = one_line(task).rpartition("/")[2]
    return f"{end}: {one_line(goal.rpartition(': ')[2], 40)}" if goal else end


def _cell(trees: Sequence[TreeFigures]) -> str:
    if not trees:
        return "·"
    nodes = sum(tree.nodes for tree in trees) / len(trees)
    size = fixed(nodes, 0) if nodes == int(nodes) or nodes >= 100 else fixed(nodes, 1)
    if len(trees) <= MOST_MARKS:
        return f"{''.join(map(_mark, trees))} {size}"
    return f"{sum(tree.s == 1 for tree in trees)}/{len(trees)} {size}"


def _mark(tree: TreeFigures) -> str:
    if tree.status in LIMITS:
        return "▣"
    if tree.s is None:
        return "?"
    return "✓" if tree.s == 1 else "◐" if tree.s > 0 else "✗"


def _two(evolution: Evolution, first: int, second: int, width: int) -> list[str]:
    if first == second:
        return []
    try:
        found = evolution.diff(first, second)
    except RaoLabError:  # one of them has no tree of this task, or it cannot be read
        return []
    name = one_line(evolution.tasks[0]).rpartition("/")[2]
    return [
        "",
        f"{name}, tree 1: step {first} (<) against step {second} (>)",
        *parting_lines(found.first, found.first_action, width),
    ]


def _spread(steps: Sequence[int], most: int, chosen: int) -> list[int]:
    """The first step, the newest and the chosen one, and what fits between them, evenly."""
    if len(steps) <= most:
        return list(steps)
    gap = (len(steps) - 1) / (most - 1)
    places = {round(each * gap) for each in range(most)}
    at = steps.index(chosen)
    if at not in places:
        nearest = min(
            (place for place in places if place not in (0, len(steps) - 1)),
            key=lambda place: abs(place - at),
            default=0,
        )
        places = places - {nearest} | {at}
    return [steps[place] for place in sorted(places)]
