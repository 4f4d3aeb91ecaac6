"""Tokens in a terminal: a node turn by turn with its extremes, and launches against the rest as a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rao_lab.base.safe_text import one_line
from rao_lab.base.words import counted, fixed
from rao_lab.credit.words import LEVEL
from rao_lab.tree.text import signed
from rao_lab.views.per_token.columns import WROTE, Columns, TurnTokens
from rao_lab.views.per_token.launches import Line, at_like_depths, verdict
from rao_lab.views.per_token.node import WHY_WORDS, NodeTokens

EXTREMES = 5
"""Least likely tokens that are named."""
TURNS = 40
HEADS = ("depth", "wrote", "nodes", "tokens", "mean wA", "share", "log-prob", "entropy")
_NONE = "\u2013"


def node_words(found: NodeTokens) -> str:
    """One line of what it is, one of how it was trained, a table by role, its turns and its least likely tokens."""
    columns = found.columns
    head = f"Tokens of {place_words(found)}: {trained_words(found)}"
    return "\n".join(
        [head, sequence_words(columns), "", *_table(found), "", *_turns(columns), *_extremes(found)]
    )


def place_words(found: NodeTokens) -> str:
    """Which node it is."""
    return f"node {found.path}, address {found.step}:{found.tree}/{found.path}"


def trained_words(found: NodeTokens) -> str:
    """What the update does to its tokens."""
    if found.why_not is not None:
        return f"not trained, {WHY_WORDS.get(found.why_not, found.why_not)}"
    if found.A is None or found.c is None or found.w is None:
        return "no advantage"
    share = _NONE if found.share is None else f"{fixed(100 * found.share, 1)} %"
    level = "neither more nor less likely"
    likely = level if abs(found.c) < LEVEL else "more likely" if found.c > 0 else "less likely"
    return (
        f"A {signed(found.A, 3)}, w {fixed(found.w, 3)}, wA {signed(found.c, 3)}: its {counted(found.wrote, 'token')} "
        f"are made {likely}, with {share} of the update"
    )


def sequence_words(columns: Columns) -> str:
    """How its turns became training sequences."""
    if columns.problem:
        return f"its turns make no training sequence: {columns.problem}"
    turns = [turn for turn in columns.turns if turn.sequence]
    merged = sum(turn.held for turn in turns)
    again = sum(turn.again for turn in columns.turns)
    lots = columns.sequences
    words = f"{counted(len(columns.turns), 'turn')} in {counted(lots, 'training sequence')}"
    words += f", {counted(merged, 'token')} of earlier turns merged (computed once)" if merged else ""
    words += f", {counted(again, 'token')} read again, as the context was rewritten" if again else ""
    return words + (f", {counted(columns.left_out, 'token')} left out here" if columns.left_out else "")


def _table(found: NodeTokens) -> list[str]:
    rows: list[tuple[str, ...]] = [("what it wrote", "tokens", "log-prob", "entropy", "share")]
    for name, launch in (("launches", True), ("the rest", False)):
        about = found.about(launch)
        share = about["share"]
        rows.append(
            (
                name,
                f"{about['tokens']:,}",
                *(_number(about[key]) for key in ("logprob", "entropy")),
                _NONE if share is None else f"{fixed(100 * share, 1)} %",
            )
        )
    return aligned(rows)


def _turns(columns: Columns) -> list[str]:
    lines = [_turn(columns, turn) for turn in columns.turns[:TURNS]]
    more = len(columns.turns) - TURNS
    return [*lines, f"... and {counted(more, 'more turn')}"] if more > 0 else lines


def _turn(columns: Columns, turn: TurnTokens) -> str:
    start = turn.start + turn.cut + turn.read
    own = slice(start, start + turn.wrote)
    text = one_line("".join(columns.words[each][0] for each in columns.word[own].tolist()), 60)
    values = columns.logprob[own]
    mean = (
        "" if not turn.wrote or np.isnan(values).any() else f", mean log-prob {_number(float(values.mean()))}"
    )
    read = f"read {turn.read}" + (f" (+{turn.held} merged)" if turn.held else "")
    return f"  turn {turn.index}: {read}, wrote {turn.wrote}{mean}: {text or 'nothing'}"


def _extremes(found: NodeTokens) -> list[str]:
    columns = found.columns
    wrote = np.flatnonzero((columns.kind == WROTE) & ~np.isnan(columns.logprob))
    if not len(wrote):
        return []
    order = wrote[np.argsort(columns.logprob[wrote], kind="stable")][:EXTREMES].tolist()
    named = []
    for at in order:
        text = one_line(columns.words[columns.word[at]][0], 24)
        named.append(f"{text} {_number(float(columns.logprob[at]))} (turn {_turn_of(columns, at)})")
    return [f"least likely: {', '.join(named)}"]


def _turn_of(columns: Columns, at: int) -> int:
    return next(turn.index for turn in reversed(columns.turns) if turn.start <= at)


def launch_words(found: Sequence[Line]) -> str:
    """The table of a step, and the answer in a sentence."""
    rows = [HEADS]
    for line in found:
        rows.append(
            (
                "all" if line.depth is None else str(line.depth),
                "launches" if line.launch else "the rest",
                f"{line.nodes:,}",
                f"{line.tokens:,}",
                _NONE if line.mean_c is None else signed(line.mean_c, 3),
                _NONE if line.share is None else f"{fixed(100 * line.share, 1)} %",
                _number(line.logprob),
                _number(line.entropy),
            )
        )
    like = at_like_depths(found)
    if like is not None:  # the sentence compares launches with this mean, not with that of all the rest
        rows.append(("all", "the rest, as deep", "", "", signed(like, 3), "", "", ""))
    return "\n".join([f"{verdict(found)}.", "", *aligned(rows, 2)])


def aligned(rows: Sequence[Sequence[str]], words: int = 1) -> list[str]:
    """Columns side by side: the first `words` to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if at < words else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _number(value: float | int | None) -> str:
    return _NONE if value is None else fixed(value, 3).replace("-", "\u2212")
