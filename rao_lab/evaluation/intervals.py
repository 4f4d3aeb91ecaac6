"""95 % intervals: of a share, and of the difference of two shares measured on the same tasks."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

Z95 = 1.959963984540054


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """Wilson's 95 % interval for a share of `trials`; (0, 1) if nothing was tried."""
    if trials <= 0:
        return 0.0, 1.0
    share = successes / trials
    centre = share + Z95**2 / (2 * trials)
    spread = Z95 * sqrt(share * (1 - share) / trials + Z95**2 / (4 * trials**2))
    scale = 1 + Z95**2 / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def paired_interval(pairs: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Mean difference and its 95 % interval (Newcombe 1998, method 10: Wilson's intervals of the two
    shares, joined by their correlation with a continuity correction). (0, -1, 1) for no pairs."""
    count = len(pairs)
    if not count:
        return 0.0, -1.0, 1.0
    both = sum(one * two for one, two in pairs)
    total_one, total_two = sum(one for one, _ in pairs), sum(two for _, two in pairs)
    neither = count - total_one - total_two + both
    excess = both * neither - (total_one - both) * (total_two - both)
    if excess > 0:
        excess = max(0.0, excess - count / 2)
    scale = sqrt(total_one * (count - total_one) * total_two * (count - total_two))
    together = excess / scale if scale else 0.0
    share_one, share_two = total_one / count, total_two / count
    low_one, high_one = wilson(total_one, count)
    low_two, high_two = wilson(total_two, count)
    middle = share_one - share_two
    below = _joined(share_one - low_one, high_two - share_two, together)
    above = _joined(high_one - share_one, share_two - low_two, together)
    return middle, max(-1.0, middle - below), min(1.0, middle + above)


def _joined(one: float, two: float, together: float) -> float:
    return sqrt(max(0.0, one * one - 2 * together * one * two + two * two))
