"""What a sceptic asks first, answered in a sentence or two from the rows. What was not measured is not answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rao_lab.evaluation.bootstrap import Interval
from rao_lab.experiments.claims.arms import ARMS
from rao_lab.experiments.claims.beside import meaning
from rao_lab.experiments.claims.delegation import by_nodes, by_roots, rates, within_tiers
from rao_lab.experiments.claims.known import Known
from rao_lab.experiments.claims.tables import better, few, mean, short, told
from rao_lab.experiments.claims.verdicts import gain, solved, success


def answers(known: Known) -> Iterator[str]:
    """A list in Markdown."""
    for question, found in (
        ("Was more learned than one rule?", _one_rule(known)),
        ("Would a policy that always delegates, without RL, do as well?", _without_rl(known)),
        ("Would imitating one's own successes do as well?", _against(known, "rejection")),
        ("Do the paper's choices matter?", _choices(known)),
        ("Is the flat control weak?", _weak(known)),
        ("Does another seed say otherwise?", _seeds(known)),
        ("Does the temperature flatter what was trained?", _temperature(known)),
        ("How many tasks are really different?", _items(known)),
        ("Does the reward push good leaves down?", _bias(known)),
    ):
        if said := " ".join(filter(None, found)):
            yield f"- **{question}** {said}"
    yield ""


def _one_rule(known: Known) -> Iterator[str]:
    for arm in ("team_base", "rao"):
        rows = known.rows(arm).values()
        first, above = (
            mean(row.delegated for row in rows if (row.tier > 1) is higher) for higher in (False, True)
        )
        cells = rates(known, arm, "child").values()
        parts = sum(cell["with_parts"] for cell in cells)
        every = sum(cell["every_part"] for cell in cells) / parts if parts else None
        if rows:
            yield (
                f"Roots of `{arm}` delegate on {short(first)} of tier 1 and on {short(above)} above; of its other "
                f"nodes with parts that can be crafted, {short(every)} delegate every part."
            )
    roots, nodes = (within_tiers(count(known, "rao")) for count in (by_roots, by_nodes))
    if roots or nodes:
        yield (
            "Within one tier, the rate where no flat transcript fits minus the rate where one does is "
            f"{told(roots, signed=True)} by roots and {told(nodes, signed=True)} by nodes."
        )


def _without_rl(known: Known) -> Iterator[str]:
    """A base that shows the rule itself."""
    yield from _against(known, "eager_base")
    worse = [apart for band in ("medium", "hard") if (apart := gain(known, "eager_base", "rao", (band,)))]
    if worse and any(each.low > 0 for each in worse):
        yield (
            "**So RL from a base that delegates at random does not reach a base that was shown the rule: what RL found "
            "here could also have been demonstrated.**"
        )


def _against(known: Known, arm: str) -> Iterator[str]:
    for band in ("medium", "hard"):
        apart = gain(known, arm, "rao", (band,))
        if apart is not None:
            yield (
                f"`{arm}` solves {told(solved(known, arm, (band,)))} of {band} and `rao` "
                f"{told(solved(known, 'rao', (band,)))}: {told(apart, signed=True)}, "
                f"{better(apart, few(known, arm)).strip('*')}."
            )


def _choices(known: Known) -> Iterator[str]:
    """Which ablations are resolved at all."""
    sides: dict[str, list[str]] = {}
    for arm in known.arms:
        if ARMS[arm].main or arm in ("rejection", "node_cost"):
            continue
        for band in ("medium", "hard"):
            if (apart := gain(known, arm, "rao", (band,))) is not None:
                said = better(apart, few(known, arm)).strip("*")
                sides.setdefault(said.partition(":")[0], []).append(f"`{arm}` on {band}")
    for side, words in (
        ("better", "Better than `rao`"),
        ("worse", "Worse than `rao`"),
        ("not resolved", "Not resolved"),
        ("not judged", "Not judged, since fewer seeds were run than of `rao`"),
    ):
        if side in sides:
            yield f"{words}: {', '.join(sides[side])}."


def _weak(known: Known) -> Iterator[str]:
    for arm in ("flat", "flat_tokens", "wide_flat", "wide_flat_tokens"):
        rows = known.rows(arm, ("medium",)).values()
        inside = [row for row in rows if row.flat_tokens is not None and row.flat_tokens <= ARMS[arm].window]
        curves = [kept["training"]["curve"] for kept in known.kept(arm).values() if kept["training"]]
        alike = mean(value for curve in curves for value in curve["zero_variance_groups"])
        if inside:
            yield (
                f"`{arm}` solves {told(success(inside))} of the medium tasks that fit its window; in {short(alike)} of "
                "its training groups all roots earned the same."
            )
    yield meaning(known, "a")


def _seeds(known: Known) -> Iterator[str]:
    for band in ("medium", "hard"):
        rows = known.rows("rao", (band,)).values()
        each = {seed: mean(row.success for row in rows if row.seed == seed) for seed in known.seeds("rao")}
        shares = sorted(share for share in each.values() if share is not None)
        if len(shares) > 1:
            yield f"The seeds of `rao` lie from {short(shares[0])} to {short(shares[-1])} on {band}."


def _temperature(known: Known) -> Iterator[str]:
    for arm in ("team_base", "rao", "flat"):
        warm, cool = (solved(known, arm, ("hard",), warmth) for warmth in (1.0, 0.5))
        if warm and cool:
            yield f"`{arm}` on hard: {_value(warm)} at 1, {_value(cool)} at .5."


def _items(known: Known) -> Iterator[str]:
    found = {band: solved(known, "rao", (band,)) for band in ("medium", "hard", "extreme")}
    told_ = [
        f"{band} {each.trees:,} trees of {each.items} target items" for band, each in found.items() if each
    ]
    if told_:
        yield f"{'; '.join(told_)}. Intervals resample items and seeds, not trees."


def _bias(known: Known) -> Iterator[str]:
    for arm in ("rao", "lam_0"):
        curves = [kept["training"]["curve"] for kept in known.kept(arm).values() if kept["training"]]
        early, late = (_pushed(curves, part) for part in (slice(0, 5), slice(-5, None)))
        if early is not None and late is not None:
            yield (
                f"`{arm}`: {short(early)} of the leaves that succeeded under a root that succeeded have a negative "
                f"advantage in the first five steps, {short(late)} in the last five."
            )


def _pushed(curves: Sequence[dict[str, list[float]]], part: slice) -> float | None:
    leaves, negative = (sum(sum(curve[name][part]) for curve in curves) for name in ("leaves", "negative"))
    return negative / leaves if leaves else None


def _value(found: Interval) -> str:
    return short(found.value)
