"""The tables of the report, as Markdown: success beside the ceiling, ablations, windows, tiers, costs, run times.

Every number is a mean over trees with its 95 % interval; a dash stands where nothing was measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean
from typing import Any

from rao_lab.api.defaults import TINY
from rao_lab.base.words import counted
from rao_lab.evaluation.bootstrap import Interval
from rao_lab.experiments.claims.arms import ABLATIONS, ARMS, BANDS, MAIN, TEMPERATURES
from rao_lab.experiments.claims.known import Known, Row
from rao_lab.experiments.claims.verdicts import FLATS, gain, solved, success

Lines = Iterator[str]
NOTHING = "–"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Lines:
    """A Markdown table, or nothing if it has no rows."""
    rows = list(rows)
    if rows:
        yield f"| {' | '.join(head)} |"
        yield f"|{'---|' * len(head)}"
        yield from (f"| {' | '.join(row)} |" for row in rows)
        yield ""


def told(interval: Interval | None, signed: bool = False) -> str:
    """A figure with its interval, without leading zeros: .83 [.79, .87]."""
    if interval is None:
        return NOTHING
    value, low, high = (short(each, signed) for each in (interval.value, interval.low, interval.high))
    if interval.high < 0:
        high = _decisive(interval.high, signed)
    if signed and interval.low > 0:
        low = _decisive(interval.low, signed)
    return f"{value} [{low}, {high}]"


def _decisive(bound: float, signed: bool) -> str:
    """A bound that lies on one side of 0 and would read as 0, with the digits that say on which."""
    digits = next((each for each in (2, 3, 4, 5) if float(f"{bound:.{each}f}")), 2)
    return short(bound, signed, digits)


def short(value: float | None, signed: bool = False, digits: int = 2) -> str:
    if value is None:
        return NOTHING
    text = f"{abs(value):.{digits}f}"
    sign = "" if float(text) == 0 else "-" if value < 0 else "+" if signed else ""
    return sign + (text[1:] if text.startswith("0.") else text)


def mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def seeds_words(known: Known, *arms: str) -> str:
    return counted(len(known.seeds(*arms)), "seed")


def ceiling(rows: Sequence[Row], window: int) -> float | None:
    """The share of tasks whose shortest flat transcript, one call a turn, fits the window."""
    return mean(None if row.flat_tokens is None else float(row.flat_tokens <= window) for row in rows)


def success_tables(known: Known) -> Lines:
    """Success of the main arms by band, at both temperatures side by side, and the flat ceiling in the last line."""
    for base, words in (("tiny", "Window of 128 tokens"), ("wide", "Window of 256 tokens")):
        arms = [
            arm.name for arm in MAIN if arm.name in known.arms and (arm.base == "wide") == (base == "wide")
        ]
        if not arms:
            continue
        yield f"**{words}.**"
        yield ""
        head = ["arm", "seeds", "T", *BANDS]
        rows = [
            [f"`{arm}`", str(len(known.seeds(arm))), f"{warmth:g}"]
            + [told(solved(known, arm, (band,), warmth)) for band in BANDS]
            for arm in arms
            for warmth in TEMPERATURES
        ]
        window = ARMS[arms[0]].window
        of = [ceiling([*known.rows(arms[0], bands=(band,)).values()], window) for band in BANDS]
        rows.append(["*flat ceiling, one call a turn*", "", "", *(short(each) for each in of)])
        yield from table(head, rows)


def fitting_table(known: Known) -> Lines:
    """Lack of room and lack of skill told apart: success on tasks that fit one flat transcript, and on the others."""
    rows = []
    for arm in MAIN:
        for band in ("medium", "hard"):
            found = [*known.rows(arm.name, bands=(band,)).values()]
            inside = [row for row in found if row.flat_tokens is not None and row.flat_tokens <= arm.window]
            outside = [row for row in found if row.flat_tokens is not None and row.flat_tokens > arm.window]
            if found:
                rows.append(
                    [
                        f"`{arm.name}`",
                        band,
                        short(ceiling(found, arm.window)),
                        told(success(inside)),
                        told(success(outside)),
                    ]
                )
    yield from table(["arm", "band", "flat ceiling", "success where it fits", "where it does not"], rows)


def window_table(known: Known) -> Lines:
    """Claim (b) by size of the window, on hard."""
    rows = []
    for window, mark in ((64, ""), (96, ""), (128, ""), (256, "wide_")):
        for arm in ("team_base", "rao", "solo_base", *FLATS):
            found = [*known.rows(mark + arm, bands=("hard",), window=window).values()]
            outside = [row for row in found if row.flat_tokens is not None and row.flat_tokens > window]
            if found:
                rows.append(
                    [
                        str(window),
                        f"`{mark}{arm}`",
                        short(ceiling(found, window)),
                        told(success(found)),
                        told(success(outside)),
                    ]
                )
    yield from table(
        ["window", "arm", "flat ceiling", "success on hard", "where no flat transcript fits"], rows
    )


def book_table(known: Known) -> Lines:
    """Another recipe book."""
    rows = []
    for arm in ("team_base", "rao"):
        for book in (0, *ARMS[arm].books):
            for warmth in TEMPERATURES:
                found = [solved(known, arm, (band,), warmth, None, book) for band in ("medium", "hard")]
                if any(found):
                    rows.append([f"`{arm}`", str(book), f"{warmth:g}", *map(told, found)])
    yield from table(["arm", "recipe book", "T", "medium", "hard"], rows)


def ablation_table(known: Known) -> Lines:
    """Each ablation and control beside RAO, at both temperatures; the difference at temperature 1 decides."""
    rows = []
    others = ["team_base", "eager_base", *(arm.name for arm in ABLATIONS)]
    for arm in ["rao", *(name for name in others if name in known.arms)]:
        cells = [f"`{arm}`", ARMS[arm].says, str(len(known.seeds(arm)))]
        for band in ("medium", "hard"):
            warm, cool = (solved(known, arm, (band,), t) for t in TEMPERATURES)
            apart = None if arm == "rao" else gain(known, arm, "rao", (band,))
            cells += [
                told(warm),
                short(cool.value if cool else None),
                told(apart, signed=True),
                better(apart, few(known, arm)),
            ]
        rows.append(cells)
    head = ["arm", "what differs", "seeds"]
    for band in ("medium", "hard"):
        head += [f"{band}, T 1", "T .5", "minus `rao`, T 1", ""]
    yield from table(head, rows if "rao" in known.arms else ())


def few(known: Known, arm: str) -> int:
    """How many seeds an arm has, if `rao` has more: an interval over them was never tested; 0 = it has as many."""
    there, all_of_them = len(known.seeds(arm, "rao")), len(known.seeds("rao"))
    return there if there < all_of_them else 0


def better(apart: Interval | None, seeds: int = 0) -> str:
    """Args: seeds: those it is over, if they are too few to judge."""
    if apart is None:
        return ""
    if seeds:
        return f"not judged: {counted(seeds, 'seed')}"
    return "**better**" if apart.low > 0 else "**worse**" if apart.high < 0 else "not resolved"


def tier_table(known: Known) -> Lines:
    """What was learned, by tier of the target: how often the root delegates, and how deep and large trees get."""
    rows = []
    arms = [arm for arm in ("team_base", "rao", "eager_base", "node_cost") if arm in known.arms]
    for tier in sorted({row.tier for arm in arms for row in known.rows(arm).values()}):
        cells = [str(tier)]
        for arm in arms:
            found = [row for row in known.rows(arm).values() if row.tier == tier]
            cells.append(
                f"{short(mean(row.delegated for row in found))} / {short(mean(row.depth for row in found), digits=1)}"
                f" / {short(mean(row.nodes for row in found), digits=1)} / {short(mean(row.success for row in found))}"
                if found
                else NOTHING
            )
        rows.append(cells)
    yield from table(["tier", *(f"`{arm}`" for arm in arms)], rows)


def cost_table(known: Known) -> Lines:
    """What a success costs: generated tokens, turns and decode steps of a tree."""
    rows = []
    for arm in MAIN:
        for band in ("medium", "hard"):
            found = [*known.rows(arm.name, bands=(band,)).values()]
            if found:
                rows.append(
                    [f"`{arm.name}`", band]
                    + [
                        short(mean(getattr(row, name) for row in found), digits=0)
                        for name in ("tokens", "turns", "ticks")
                    ]
                    + [
                        short(mean(row.nodes for row in found), digits=1),
                        short(mean(row.depth for row in found), digits=1),
                    ]
                )
    yield from table(["arm", "band", "tokens", "turns", "decode steps", "nodes", "depth"], rows)


def limit_table(known: Known) -> Lines:
    """How many trees of recursive agents reach a limit of the evaluation: there, depth and nodes are cut."""
    most = TINY.limits
    rows = []
    for arm in ("team_base", "rao"):
        for band in BANDS:
            found = known.rows(arm, bands=(band,)).values()
            reached = [
                mean(float(value >= limit) for value in values)
                for values, limit in (
                    ([row.depth for row in found], most.max_depth),
                    ([row.nodes for row in found], most.max_nodes),
                    ([row.turns for row in found], most.max_tree_turns),
                )
            ]
            if found:
                rows.append([f"`{arm}`", band, *map(short, reached)])
    head = [f"depth {most.max_depth}", f"{most.max_nodes} nodes", f"{most.max_tree_turns} turns"]
    yield from table(["arm", "band", *head], rows)


def training_table(known: Known, part: int = 5) -> Lines:
    """Learning curves in means of some steps of every seed. Seeds at equal tokens end at different steps: the middle
    and the last steps are those of each seed."""
    rows = []
    for arm in known.arms:
        curves = [kept["training"]["curve"] for kept in known.kept(arm).values() if kept["training"]]
        lengths = [len(curve["success"]) for curve in curves]
        for place in range(4) if min(lengths, default=0) > 3 * part else ():
            firsts = [(0, part, (all_ - part) // 2, all_ - part)[place] for all_ in lengths]
            first = min(firsts)
            cut = {
                name: [
                    each
                    for curve, at in zip(curves, firsts, strict=True)
                    for each in curve[name][at : at + part]
                ]
                for name in curves[0]
            }
            leaves = sum(cut["leaves"])
            rows.append(
                [
                    "" if first else f"`{arm}`",
                    f"{first + 1}-{first + part}"
                    if first == max(firsts)
                    else f"{'middle' if place == 2 else 'last'} {part} of each",
                    *(
                        short(mean(cut["success"])),
                        short(mean(cut["nodes"]), digits=1),
                        short(mean(cut["depth"]), digits=1),
                    ),
                    *(short(mean(cut["entropy"])), short(mean(cut["tokens_out"]), digits=0)),
                    *(
                        short(mean(cut["zero_variance_groups"])),
                        short(sum(cut["negative"]) / leaves if leaves else None),
                    ),
                ]
            )
    head = [
        "arm",
        "steps",
        "success",
        "nodes",
        "depth",
        "entropy",
        "tokens a step",
        "groups alike",
        "bias (i)",
    ]
    yield from table(head, rows)


def time_table(known: Known) -> Lines:
    """How long the units ran."""
    rows = []
    for arm in known.arms:
        found = known.kept(arm).values()
        steps = [kept["training"]["steps"] for kept in found if kept["training"]]
        tokens = mean(kept["training"]["tokens"] for kept in found if kept["training"])
        rows.append(
            [f"`{arm}`", str(len(found)), _span(steps), "–" if tokens is None else f"{tokens:,.0f}"]
            + [
                f"{mean(kept['seconds'][phase][clock] for kept in found) or 0.0:,.0f}"
                for phase in ("training", "evaluation")
                for clock in ("wall", "cpu")
            ]
        )
    head = ["arm", "seeds", "steps", "tokens", "training s", "on a core", "evaluation s", "on a core"]
    yield from table(head, rows)


def _span(values: Sequence[Any]) -> str:
    if not values:
        return "0"
    return str(min(values)) if min(values) == max(values) else f"{min(values)} to {max(values)}"
