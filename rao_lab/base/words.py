"""Numbers with their nouns."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def counted(number: int, thing: str, things: str | None = None) -> str:
    """A number with its noun, in the singular or the plural.

    >>> counted(1, "node"), counted(2000, "node"), counted(0, "try", "tries")
    ('1 node', '2,000 nodes', '0 tries')
    """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def fixed(value: float, digits: int) -> str:
    """A number with so many digits, halves away from 0: as the Explorer's page rounds it.

    >>> fixed(9.8125, 3), f"{9.8125:.3f}", fixed(-0.5, 0)
    ('9.813', '9.812', '-1')
    """
    if value != value or value in (float("inf"), float("-inf")):
        return f"{value:.{digits}f}"
    return str(Decimal(float(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))
