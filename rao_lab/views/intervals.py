"""A figure with its interval, as a small drawing in the cell of a table: SVG in the tones of the sheet."""

from __future__ import annotations

from typing import Protocol

from rao_lab.base.words import fixed


class Seen(Protocol):
    """A figure with its interval."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


WIDTH, HEIGHT, EDGE = 160, 20, 4


def _at(value: float, low: float) -> float:
    """The place of a value on an axis from `low` to 1."""
    return EDGE + (value - low) / (1 - low) * (WIDTH - 2 * EDGE)


def bar(seen: Seen | None, low: float) -> str:
    """An interval on its axis, with a tick for the value; a difference that excludes 0 has the colour of its sign."""
    middle = HEIGHT / 2
    zero = f'<path d="M{_at(0, low):.1f} 2V{HEIGHT - 2}" stroke="var(--strong)"/>'
    line = f'<path d="M{EDGE} {middle}H{WIDTH - EDGE}" stroke="var(--rule)"/>{zero}'
    if seen is None:
        return svg(line, "not known")
    signed_ = low < 0 and seen.low * seen.high > 0
    colour = ("barPlus" if seen.value > 0 else "barMinus") if signed_ else "second"
    drawn = (
        f'{line}<path d="M{_at(seen.low, low):.1f} {middle}H{_at(seen.high, low):.1f}" stroke="var(--{colour})" '
        f'stroke-width="4" opacity=".55"/><path d="M{_at(seen.value, low):.1f} 4V{HEIGHT - 4}" '
        f'stroke="var(--{colour})" stroke-width="2.2"/>'
    )
    return svg(drawn, f"{fixed(seen.value, 2)}, from {fixed(seen.low, 2)} to {fixed(seen.high, 2)}")


def svg(drawn: str, words: str) -> str:
    return (
        f'<svg class="plot" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{words}">{drawn}</svg>'
    )


def axis(*labels: str) -> str:
    places = zip((EDGE, WIDTH / 2, WIDTH - EDGE), ("start", "middle", "end"), labels, strict=True)
    return svg(
        "".join(f'<text x="{x}" y="14" text-anchor="{a}">{label}</text>' for x, a, label in places), "axis"
    )
