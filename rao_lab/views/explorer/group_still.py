"""The Group view without JavaScript: the trees of a group, all groups of the step and the depths, as text."""

from __future__ import annotations

from dataclasses import asdict
from textwrap import wrap
from typing import Any

import numpy as np

from rao_lab.base.safe_text import cells, one_line, shorten
from rao_lab.base.words import fixed
from rao_lab.tree.text import MINUS, signed
from rao_lab.views.explorer.group_facts import DepthFact, GroupFact, Root, depth_facts, group_facts, roots_of
from rao_lab.views.explorer.group_words import depth_sentence, group_sentence, list_sentence
from rao_lab.views.explorer.table import StepTable

ROWS = 40
"""Trees of a group, and groups of a step, that are listed."""
NAME = 22


def group_words(table: StepTable, place: int, width: int = 100) -> str:
    """The group of a tree, the groups of its step and the depths.

    Args:
        place: of the tree among those of the step; its group is shown and its line marked.
    """
    facts = group_facts(table)
    own = next(fact for fact in facts if fact.group == table.trees[place].group)
    depths = depth_facts(table)
    parts = [_group(table, own, place), _groups(table, facts, own), _depths(table, depths)]
    lines = (("\n".join(line for each in part for line in _wrapped(each, width))) for part in parts if part)
    return "\n\n".join(lines)


def group_json(table: StepTable, place: int) -> dict[str, Any]:
    """The same to compute with; a number that does not exist is null."""
    facts = group_facts(table)
    own = next(fact for fact in facts if fact.group == table.trees[place].group)
    depths = depth_facts(table)
    groups = [{**asdict(fact), "says": group_sentence(fact, table.config)} for fact in facts]
    found = {
        "step": table.step,
        "group": own.group,
        "trees": [asdict(root) for root in roots_of(table, own.group)],
        "groups": groups,
        "groups_say": list_sentence(facts, table.credit is not None),
        "depths": [asdict(row) for row in depths],
        "depths_say": depth_sentence(depths, table.config.depth_weighting != "none"),
    }
    return _plain(found)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and np.isnan(value) else value


def _wrapped(line: str, width: int) -> list[str]:
    return [line] if cells(line) <= width else wrap(line, width)


def _group(table: StepTable, fact: GroupFact, chosen: int) -> list[str]:
    roots = roots_of(table, fact.group)
    shown = [root for root in roots if root.tree == chosen or roots.index(root) < ROWS]
    head = _row("", ("nodes", "depth", fact.by, "baseline", "A"))
    rows = [_row(f"{'> ' if root.tree == chosen else '  '}{root.name}", _figures(root)) for root in shown]
    left = [f"  and {len(roots) - len(shown)} more"] if len(shown) < len(roots) else []
    goal = one_line(str(table.groups[fact.group]["goal"]), 60)
    name = _name(table, fact)
    title = f"{name}: {goal}" if goal and goal != name else name
    return [title, group_sentence(fact, table.config), head, *rows, *left]


def _figures(root: Root) -> tuple[str, ...]:
    if not root.size:
        return "not begun", "", "", "", ""
    at = ("at work" if root.live else "not scored") if np.isnan(root.at) else fixed(root.at, 2)
    b = "" if np.isnan(root.b) else fixed(root.b, 2)
    A = "" if np.isnan(root.A) else signed(root.A) if abs(root.A) >= 0.005 else "0.00"
    return f"{root.size:,}", str(root.depth), at.replace("-", MINUS), b.replace("-", MINUS), A


def _row(name: str, figures: tuple[str, ...]) -> str:
    return f"{name:<12}" + "".join(f"{figure:>12}" for figure in figures)


def _groups(table: StepTable, facts: list[GroupFact], own: GroupFact) -> list[str]:
    """All groups of the step: where the mean of their roots stands, and their share of the update."""
    if len(facts) < 2:
        return []
    shown = facts[:ROWS] if own in facts[:ROWS] else [*facts[: ROWS - 1], own]
    head = f"  {'group':<{NAME}}{'mean':>6}  {'roots':>5}  {'share':>7}"
    rows = [
        f"{'> ' if fact is own else '  '}{shorten(_name(table, fact), NAME - 1):<{NAME}}"
        f"{'–' if np.isnan(fact.mean) else fixed(fact.mean, 2):>6}  {f'{fact.known}/{fact.trees}':>5}  "
        f"{_so(fact)}".rstrip()
        for fact in shown
    ]
    left = [f"  and {len(facts) - len(shown)} more"] if len(shown) < len(facts) else []
    said = list_sentence(facts, table.credit is not None).replace(
        "Hollow: all roots scored alike", "Alike: all roots scored the same"
    )
    return [head, *rows, *left, *([said.replace(": dotted", "")] if said else [])]


def _so(fact: GroupFact) -> str:
    alike = "alike" if fact.alike else ""
    words = {
        "nothing": "taught nothing",
        "untrained": "not trained",
        "probe": "probe",
        "fork": "forks",
        "coming": "",
    }
    share = f"{fixed(fact.share * 100, 1)} %" if fact.kind == "trained" else ""
    return f"{share:>7}  {', '.join(filter(None, (alike, words.get(fact.kind, ''))))}"


def _depths(table: StepTable, depths: list[DepthFact]) -> list[str]:
    if not depths:
        return []
    weighted = table.config.depth_weighting != "none"
    head = ("share", "weights off" if weighted else "weights on", "nodes", "w")
    rows = [
        _row(
            f"  depth {row.depth}",
            (
                f"{fixed(row.share * 100, 1)} %",
                f"{fixed(row.other * 100, 1)} %",
                f"{row.nodes:,}",
                _weight(row),
            ),
        )
        for row in depths
    ]
    return [_row("Gradient", head), *rows, depth_sentence(depths, weighted)]


def _weight(row: DepthFact) -> str:
    return fixed(row.low, 3) if row.high - row.low < 5e-4 else f"{fixed(row.low, 1)} to {fixed(row.high, 1)}"


def _name(table: StepTable, fact: GroupFact) -> str:
    """A task in a word or two, as the views name it: "medium 017" from a long id, a short id as it is."""
    task = one_line(fact.task, 80)
    if len(task) <= 20 or not set("/.") & set(task):
        return task or "group"
    *_, above, last = ["", *filter(None, task.replace(".", "/").split("/"))]
    kind = one_line(str(table.groups[fact.group]["difficulty"]), 20) or above
    return f"{kind} {last}" if kind and kind != last else last
