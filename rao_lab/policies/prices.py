"""What a server's tokens cost, by a price table that the user gives."""

from __future__ import annotations

from collections.abc import Mapping

from rao_lab.base.checks import number
from rao_lab.base.safe_text import quoted
from rao_lab.errors import ConfigError

COUNTED = {"in": "prompt_tokens", "out": "completion_tokens"}
"""What each price is for, as the server counts it."""
PER = 1_000_000
"""Tokens that a price is for."""


def read_prices(given: Mapping[str, float] | None) -> dict[str, float]:
    """The price table; empty if there is none.

    Raises:
        ConfigError: it is none, or a price is below 0.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not given or not given.keys() <= COUNTED.keys():
        raise ConfigError(
            f'prices={quoted(given)}: give US dollars for a million tokens, as in {{"in": 0.15, "out": 0.6}}'
        )
    for name, price in given.items():
        number(f"prices[{name!r}]", price, most=1e9)
    return dict(given)


def cost_of(used: Mapping[str, float], prices: Mapping[str, float]) -> dict[str, float]:
    """The cost of these tokens in US dollars, by name; empty if there are no prices."""
    if not prices:
        return {}
    return {"cost": sum(used[COUNTED[name]] * price for name, price in prices.items()) / PER}
