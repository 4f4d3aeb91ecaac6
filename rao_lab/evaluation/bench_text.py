"""A prompt bench as text: one line a variant, the paired differences, the verdict, what was not scored."""

from __future__ import annotations

from collections.abc import Sequence

from rao_lab.base.safe_text import cells, one_line
from rao_lab.base.words import fixed
from rao_lab.evaluation.bench_figures import Figures
from rao_lab.evaluation.verdict import Versus

WIDTH = 100
NAME = 24
LEAST_NAME = 20
NOTHING = "—"
HEADS = ("success", "nodes", "depth", "delegate", "tokens", "time", "no action", "refused")


def bench_text(
    about: Sequence[str], each: Sequence[Figures], differences: Sequence[Versus], verdict: str
) -> str:
    """The table, in lines of at most `WIDTH` cells unless names cannot give way, and what it amounts to.

    Args:
        about: what stands above the table, "" for what is not to be said.
    """
    costs = any(one.cost is not None for one in each)
    heads = (*HEADS, "USD") if costs else HEADS
    figures = [(*row(one), *((usd(one.cost),) if costs else ())) for one in each]
    sizes = [max(map(cells, column)) for column in zip(heads, *figures, strict=True)]
    room = max(LEAST_NAME, WIDTH - sum(sizes) - 2 * len(sizes))
    names = [one_line(one.name, min(NAME, room)) for one in each]
    lines = [line for line in about if line]
    left = max(map(cells, names))
    for name, texts in [("", heads), *zip(names, figures, strict=True)]:
        aligned = "".join(
            "  " + " " * (size - cells(text)) + text for text, size in zip(texts, sizes, strict=True)
        )
        lines.append(name + " " * (left - cells(name)) + aligned)
    lines += [str(pair) for pair in differences]
    lines.append(verdict)
    for one in each:
        if one.scored.unscored:
            lines.append(f"{one_line(one.name, NAME)}: {one.scored.words('trees')}")
        if one.refusals:
            kinds = ", ".join(
                f"{one_line(kind, 24)} x{count:,}" for kind, count in [*one.refusals.items()][:6]
            )
            lines.append(f"{one_line(one.name, NAME)}: refused {kinds}")
    return "\n".join(lines)


def row(one: Figures) -> tuple[str, ...]:
    """The figures of a variant under `HEADS`. Nodes, depth, tokens and time are means a tree."""
    trees = one.scored.total
    return (
        interval(one),
        number(one.nodes),
        number(one.depth),
        percent(one.delegating_trees),
        NOTHING if one.tokens_out is None else f"{one.tokens_out:,.0f}",
        time(one.seconds),
        percent(one.unparsed),
        fixed(sum(one.refusals.values()) / trees, 1) if trees else NOTHING,
    )


def interval(one: Figures) -> str:
    """Success with its interval."""
    seen = one.success
    return (
        NOTHING if seen is None else f"{fixed(seen.value, 2)} [{fixed(seen.low, 2)}, {fixed(seen.high, 2)}]"
    )


def number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.1f}"


def percent(value: float | None) -> str:
    return NOTHING if value is None else f"{fixed(100 * value, 0)} %"


def time(seconds: float | None) -> str:
    """A stretch of time: 0.42 s, 37.8 s, 7 min 54 s, 12 min, 3 h 5 min."""
    if seconds is None:
        return NOTHING
    if seconds < 100:
        return f"{fixed(seconds, 2)} s" if seconds < 1 else f"{fixed(seconds, 1)} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes >= 10 else f"{minutes} min {rest} s"


def usd(value: float | None) -> str:
    return NOTHING if value is None else fixed(value, 4) if value < 1 else f"{value:,.2f}"
