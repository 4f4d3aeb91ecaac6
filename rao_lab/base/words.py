"""Numbers with their nouns."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def counted(number: int, thing: str, things: str | None = None) -> str:
    """A number with its noun, in the singular or the plural.

    >>> counted(1, "node"), counted(2000, "node"), counted(0, "try", "tries")
    ('1 node', '2,000 nodes', '0 tries')
    """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def fixed(value: float, digits: int, *, sign: bool = False) -> str:
    """A number with so many digits, halves away from 0: as the Explorer's page rounds it. All that people read is
    rounded so.

    >>> fixed(9.8125, 3), f"{9.8125:.3f}", fixed(-0.5, 0), fixed(0.125, 2, sign=True)
    ('9.813', '9.812', '-1', '+0.13')
    """
    if value != value or value in (float("inf"), float("-inf")):
        return f"{value:{'+' * sign}.{digits}f}"
    found = Decimal(float(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{found:{'+' * sign}}"
