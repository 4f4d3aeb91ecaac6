"""Closer looks at two claims, as Markdown: what concurrency is worth (d), what was learned about delegating (e)."""

from __future__ import annotations

from rao_lab.evaluation.bootstrap import Interval, figure
from rao_lab.experiments.claims.arms import ABLATIONS, BANDS
from rao_lab.experiments.claims.delegation import by_nodes, by_roots, rates, within_tiers
from rao_lab.experiments.claims.known import Known
from rao_lab.experiments.claims.tables import Lines, short, table, told
from rao_lab.experiments.claims.verdicts import SERIAL_BANDS, adaptivity, serial


def serial_table(known: Known) -> Lines:
    """Claim (d): the same actions, children together and one by one."""
    rows = []
    for band in SERIAL_BANDS:
        if (found := serial(known, band)) is not None:
            share = found.together / found.children if found.children else None
            counts = (str(each) for each in (found.trees, found.left_out, found.changed, found.root_changed))
            rows.append([band, told(found.ticks), told(found.seconds), *counts, short(share)])
    head = [
        "band",
        "decode steps",
        "seconds",
        "trees",
        "left out",
        "outcome changed",
        "root's",
        "children together",
    ]
    yield from table(head, rows)


def against_flat_table(known: Known) -> Lines:
    """Claim (d): the recursive agent over the flat one, on tasks that both solve."""
    rows = []
    for band in BANDS:
        cells = [told(over(known, "flat", band, what)) for what in ("ticks", "tokens")]
        if cells != ["–"] * 2:
            rows.append([band, *cells])
    yield from table(["both solve", "decode steps, `rao` over `flat`", "generated tokens"], rows)


def over(known: Known, arm: str, band: str, what: str) -> Interval | None:
    """The ratio of sums, `rao` over another arm, on the tasks and seeds that both solve."""
    one, two = known.rows("rao", (band,)), known.rows(arm, (band,))
    keys = [key for key in one if key in two and one[key].success == two[key].success == 1.0]
    columns = [[getattr(rows[key], what) for key in keys] for rows in (one, two)]
    if not keys:
        return None
    items = [one[key].item for key in keys]
    return figure(columns, lambda sums: sums[..., 0] / sums[..., 1], items, [key[0] for key in keys])


def adaptivity_table(known: Known) -> Lines:
    """Claim (e) for every recursive arm: over all tiers, and within tiers by roots and by nodes."""
    rows = []
    base_roots, base_nodes = by_roots(known, "team_base"), by_nodes(known, "team_base")
    for arm in ["team_base", "rao", "eager_base", *(each.name for each in ABLATIONS)]:
        if arm not in known.arms:
            continue
        roots, nodes = by_roots(known, arm), by_nodes(known, arm)
        against = arm not in ("team_base", "eager_base")
        rows.append(
            [
                f"`{arm}`",
                told(adaptivity(known, arm, "team_base") if against else None, signed=True),
                told(within_tiers(roots), signed=True),
                told(within_tiers(roots, base_roots) if against else None, signed=True),
                told(within_tiers(nodes), signed=True),
                told(within_tiers(nodes, base_nodes) if against else None, signed=True),
            ]
        )
    head = [
        *("arm", "change, all tiers, by roots", "within tiers, by roots", "change from the base"),
        *("within tiers, by nodes", "change from the base"),
    ]
    yield from table(head, rows)


def rule_table(
    known: Known, arms: tuple[str, ...] = ("team_base", "rao", "node_cost", "eager_base")
) -> Lines:
    """Whether the rule "delegate whatever can be crafted" was learned: by tier of a node's own goal, and whether the
    goal's shortest flat transcript fits its window."""
    arms = tuple(arm for arm in arms if any(rates(known, arm, where) for where in ("root", "child")))
    cells = {arm: {where: rates(known, arm, where) for where in ("root", "child")} for arm in arms}
    names = {name for found in cells.values() for part in found.values() for name in part}
    rows = []
    for name in sorted(names, key=lambda each: (int(each.split()[0]), each)):
        tier, fits = name.split()
        row = [tier, {"fits": "yes", "not": "no"}.get(fits, "unknown")]
        for arm in arms:
            for where in ("root", "child"):
                cell = cells[arm][where].get(name)
                nodes, parts = (cell["nodes"], cell["with_parts"]) if cell else (0, 0)
                rate = short(cell["delegated"] / nodes) if cell and nodes else "–"
                every = short(cell["every_part"] / parts) if cell and parts else "–"
                row.append(f"{rate} / {every} ({nodes:,.0f})" if nodes else "–")
        rows.append(row)
    head = ["tier", "fits", *(f"`{arm}`, {where}" for arm in arms for where in ("roots", "others"))]
    yield from table(head, rows)
