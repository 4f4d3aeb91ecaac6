"""Why a harder band can score above an easier one: what its tasks ask for, and how few target items stand behind it.

A band is named after the tiers of its targets, and a tier is the height of a recipe. Success does not depend on height
alone: a node fails more often if it needs more of one base item, or has more parts to see to. A band of the test split
holds about 24 items a tier, so its mean moves with the items that its book and split happen to hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.environments.textcraft.oracle import clean_nodes
from rao_lab.environments.textcraft.recipes import separate_demand
from rao_lab.environments.textcraft.tasks import open_task
from rao_lab.evaluation.bootstrap import Interval, figure
from rao_lab.experiments.claims.known import Known, Row
from rao_lab.experiments.claims.tables import short, table, told
from rao_lab.experiments.claims.verdicts import success
from rao_lab.tree import Task

HARDER = ("hard", "extreme")
NEEDS = ((1, 4), (5, 5), (6, 6), (7, 7), (8, 9))
"""Classes of `Asked.need`: least and most."""


class Asked(NamedTuple):
    """What a task asks for."""

    need: int
    """The most of one base item that it uses up."""
    parts: int
    """The most ingredients of one item that must be made themselves."""
    yields: int
    """Recipes in it that make more than one at a time."""
    nodes: int
    """Of a tree in which every part is delegated once."""


def asked(task: Task) -> Asked:
    """What a task asks for, whoever plays it."""
    world = open_task(task)
    demand, _ = separate_demand(world.recipes, world.targets)
    made = [world.recipes[item] for item in demand.made]
    return Asked(
        need=max(demand.base.values()),
        parts=max(sum(name in world.recipes for name in recipe.ingredients) for recipe in made),
        yields=sum(recipe.result_count > 1 for recipe in made),
        nodes=clean_nodes(task),
    )


def asked_of(band: str, book: int, tasks: int, split: str = "test") -> list[Asked]:
    """Of the first tasks of a band."""
    return [asked(task) for task in TextCraft(band, seed=book).tasks(split)[:tasks]]


def harder_lines(known: Known, arm: str = "rao") -> Iterator[str]:
    """Tables of what the bands ask for, and of success beside that; nothing without rows of the arm."""
    rows = {band: [*known.rows(arm, bands=(band,)).values()] for band in HARDER}
    if not all(rows.values()):
        return
    of = {band: asked_of(band, 0, max(row.task for row in found) + 1) for band, found in rows.items()}
    yield from _asking(rows, of)
    yield from table(
        ["most of one base item", *(f"{band}: tasks" for band in HARDER), *HARDER],
        _by_need(rows, of),
    )
    apart, even = (difference(rows, of, held) for held in (False, True))
    yield (
        f"Extreme minus hard is {told(apart, signed=True)} ({short(apart.error if apart else None, digits=3)} standard "
        f"error, items and seeds drawn anew); with the most of one base item held fixed, {told(even, signed=True)}."
    )
    yield ""


def _asking(rows: Mapping[str, Sequence[Row]], of: Mapping[str, Sequence[Asked]]) -> Iterator[str]:
    lines = []
    for band, found in rows.items():
        items = {row.item: [each.success for each in found if each.item == row.item] for row in found}
        means = [fmean(known) for each in items.values() if (known := [s for s in each if s is not None])]
        lines.append(
            [
                band,
                str(len(items)),
                *(short(fmean(each[at] for each in of[band]), digits=1) for at in range(len(Asked._fields))),
                f"{sum(each < 0.25 for each in means)} / {sum(each > 0.75 for each in means)}",
            ]
        )
    yield from table(
        [
            "band",
            "target items",
            "most of one base item",
            "most parts of one item",
            "recipes that make several",
            "nodes of a clean tree",
            "items solved below .25 / above .75",
        ],
        lines,
    )


def _by_need(rows: Mapping[str, Sequence[Row]], of: Mapping[str, Sequence[Asked]]) -> Iterator[list[str]]:
    for least, most in NEEDS:
        parts = [[row for row in rows[band] if least <= of[band][row.task].need <= most] for band in HARDER]
        label = str(least) if least == most else f"{least} to {most}"
        told_of = [told(success(part)) for part in parts]
        yield [label, *(str(len({(row.task) for row in part})) for part in parts), *told_of]


def difference(
    rows: Mapping[str, Sequence[Row]], of: Mapping[str, Sequence[Asked]], held: bool
) -> Interval | None:
    """Success on extreme less that on hard, unpaired, since the tasks differ.

    Args:
        held: within classes of `Asked.need`, joined with the weights of Mantel and Haenszel.
    """
    flat = [(band, row) for band in HARDER for row in rows[band] if row.success is not None]
    classes = NEEDS if held else ((1, 9),)
    columns: list[list[float]] = []
    for least, most in classes:
        for band in HARDER:
            inside = [band == of_band and least <= of[band][row.task].need <= most for of_band, row in flat]
            columns.append([float(each) for each in inside])
            columns.append(
                [float(each) * float(row.success or 0) for each, (_, row) in zip(inside, flat, strict=True)]
            )

    def apart(sums: Any) -> Any:
        cells = sums.reshape(*sums.shape[:-1], len(classes), len(HARDER), 2)
        trees, solved = cells[..., 0], cells[..., 1]
        rates = solved / np.maximum(trees, 1)
        weight = np.where((trees > 0).all(-1), trees.prod(-1) / np.maximum(trees.sum(-1), 1), 0.0)
        return (weight * (rates[..., 1] - rates[..., 0])).sum(-1) / weight.sum(-1)

    return figure(columns, apart, [row.item for _, row in flat], [row.seed for _, row in flat])
