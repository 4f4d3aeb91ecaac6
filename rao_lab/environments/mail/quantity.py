"""A number and its unit, in whatever form: "CHF 12,500", "12'500 francs", "12500"."""

from __future__ import annotations

import re

from rao_lab.environments.answers import number_of

_MONEY = {
    "EUR": ("eur", "euro", "euros", "€"),
    "USD": ("usd", "us$", "$", "dollar", "dollars"),
    "GBP": ("gbp", "£", "pound", "pounds"),
    "CHF": ("chf", "sfr", "fr.", "franc", "francs", "franken"),
    "JPY": ("jpy", "yen", "¥"),
    "INR": ("inr", "rupee", "rupees", "₹"),
    **{
        code: (code.lower(),)
        for code in ("AUD", "CAD", "NZD", "CNY", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF")
    },
}
_OTHERS = {
    "people": ("people", "guests", "persons", "person", "guest"),
    "%": ("%", "percent", "per cent"),
    "kg": ("kg", "kilo", "kilos", "kilogram", "kilograms"),
    "g": ("g", "gram", "grams"),
    "km": ("km", "kilometre", "kilometres", "kilometer", "kilometers"),
    "m": ("m", "metre", "metres", "meter", "meters"),
    "hours": ("hour", "hours", "hrs"),
    "minutes": ("minute", "minutes", "min", "mins"),
    "days": ("day", "days"),
    "nights": ("night", "nights"),
    "weeks": ("week", "weeks"),
    "months": ("month", "months"),
    "years": ("year", "years"),
}
_UNIT = {word: unit for units in (_MONEY, _OTHERS) for unit, words in units.items() for word in words}


def _any(words: object) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))  # type: ignore[call-overload]


_QUANTITY = re.compile(
    rf"(?P<before>{_any(word for words in _MONEY.values() for word in words)})?\.? ?"
    rf"(?P<number>[+-]?[\d.,'’]*\d) ?(?P<after>{_any(_UNIT)})?\.?"
)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:['’]\d{3})+(?:\.\d+)?")


def quantity(text: str) -> tuple[float | int, str] | None:
    """The number and its unit ("" = it names none), if the text is that and nothing else.

    Args:
        text: plain, as of `plain_text`.

    >>> quantity("chf 12,500"), quantity("12'500 francs"), quantity("12500"), quantity("12 chf or 13")
    ((12500, 'CHF'), (12500, 'CHF'), (12500, ''), None)
    """
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return None
    digits = found["number"]
    number = number_of(re.sub("['’]", "", digits) if _GROUPED.fullmatch(digits) else digits)
    units = {_UNIT[word] for word in (found["before"], found["after"]) if word}
    return None if number is None or len(units) > 1 else (number, next(iter(units), ""))


def alike(one: tuple[float | int, str] | None, other: tuple[float | int, str] | None) -> bool:
    """Whether they are the same: a unit that only one of them names is taken for that of both."""
    if one is None or other is None or one[0] != other[0]:
        return False
    return one[1] == other[1] or "" in (one[1], other[1])
