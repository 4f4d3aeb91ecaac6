"""Judges of answers: each bears any object, and says in one sentence what is off with it, or "".

    number(0.28)                    a number, to 2 digits after the point
    but_not(number(0.28), {...}, 2) a number, and what others are that are often given
    either(number(4), number(5))    one of several answers
    choice("b", of="abc")           one of several, by its letter
    text("0.1", "node 0.1")         words
    members("0.1", "0.2")           names, in any order
    values({"0": 1.4, "0.1": 1.0})  several numbers or words

A wanted value may be a function that computes it: it is asked when an answer is judged. A list of one entry is taken
as that entry.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import Any, TypeVar

from rao_lab.base.safe_text import quoted
from rao_lab.base.words import counted

Judge = Callable[[object], str]
MOST = 1000
"""Items of an answer that are read."""

T = TypeVar("T")


def number(wanted: float | Callable[[], float], digits: int = 2) -> Judge:
    """A number that is right to so many digits after the point; `digits=0` is a count."""

    def judge(answer: object) -> str:
        answer = _single(answer)
        given, problem = as_number(answer)
        return problem or _off(given, float(_value(wanted)), digits, answer)

    return judge


def but_not(judge: Judge, others: Mapping[str, Callable[[], float]], digits: int) -> Judge:
    """As the judge, which says of a wrong number whose it is.

    Args:
        others: numbers that are often given in place of the right one, by what they are.
    """

    def named(answer: object) -> str:
        said = judge(answer)
        given, problem = as_number(_single(answer))
        for what, other in others.items() if said and not problem else ():
            if not _off(given, other(), digits, answer):
                return f"{quoted(answer)} is {what}."
        return said

    return named


def either(*judges: Judge) -> Judge:
    """Right if one of the judges takes it; otherwise the first one's sentence."""

    def judge(answer: object) -> str:
        said = [each(answer) for each in judges]
        return said[0] if all(said) else ""

    return judge


def choice(wanted: str | Callable[[], str], of: Collection[str] | Mapping[str, str]) -> Judge:
    """One of several words or letters.

    Args:
        of: all of them; or a mapping, which says of each wrong one what is off with it.
    """

    def judge(answer: object) -> str:
        answer = _single(answer)
        known = {_plain(each): each for each in of}
        if not isinstance(answer, str) or (given := _plain(answer)) not in known:
            return f"{quoted(answer)} is none of the choices: give {_listed(of)}, in quotation marks."
        if given == _plain(_value(wanted)):
            return ""
        said = of[known[given]] if isinstance(of, Mapping) else ""
        return said or f"{quoted(answer)} is not it."

    return judge


def text(*wanted: str | Callable[[], str], why: Mapping[str, str] | None = None) -> Judge:
    """Words: one of those that are wanted. Capitals, spaces and a full stop at the end do not count.

    Args:
        why: what is off with a wrong one that is often given.
    """

    def judge(answer: object) -> str:
        answer = _single(answer)
        if not isinstance(answer, str):
            return _no_text(answer)
        given = _plain(answer)
        if not given:
            return "The text is empty."
        if given in {_plain(_value(each)) for each in wanted}:
            return ""
        said = {_plain(wrong): reason for wrong, reason in (why or {}).items()}
        return said.get(given) or f"{quoted(answer)} is not it."

    return judge


def members(*wanted: str, found: Callable[[], Iterable[str]] | None = None) -> Judge:
    """Names in any order, such as ids of nodes.

    Args:
        found: computes them, in place of `wanted`.
    """

    def judge(answer: object) -> str:
        if isinstance(answer, str) or not isinstance(answer, list | tuple | set | frozenset):
            return f'{quoted(answer)} is no list of names: write ["...", "..."].'
        if (odd := [each for each in answer if not isinstance(each, str)]) or len(answer) > MOST:
            return (
                f"{quoted(odd[0])} is no name: write each in quotation marks." if odd else "Too many names."
            )
        given = {_plain(each) for each in answer}
        right = {_plain(each) for each in (found() if found else wanted)}
        if given == right:
            return ""
        said = f"{len(given & right)} of {counted(len(given), 'name')} {'is' if len(given) == 1 else 'are'} right"
        return f"{said}, and {'more are' if right - given else 'none is'} missing."

    return judge


def values(
    wanted: Mapping[str, Any] | Sequence[Any] | Callable[[], Mapping[str, Any] | Sequence[Any]],
    digits: int = 2,
) -> Judge:
    """Several numbers or words: a list in order, or names with their values."""

    def judge(answer: object) -> str:
        right = _value(wanted)
        to_list = getattr(answer, "tolist", None)
        given = to_list() if callable(to_list) else answer
        if isinstance(right, Mapping):
            if not isinstance(given, Mapping):
                return f"{quoted(given)} is no dict: write {{name: value, ...}}."
            given = {str(name) if type(name) in (int, float) else name: given[name] for name in given}
            if lacking := [name for name in right if name not in given]:
                return f"There is no value for {quoted(lacking[0])}: write each name in quotation marks."
            if surplus := [name for name in given if name not in right]:
                return f"{quoted(surplus[0])} is not asked for: give only {', '.join(map(quoted, right))}."
            pairs = [(quoted(name), given[name], value) for name, value in right.items()]
        else:
            if not isinstance(given, list | tuple):
                return f"{quoted(given)} is no list: write [..., ...]."
            if len(given) != len(right):
                return f"The list has {counted(len(given), 'value')}, and {len(right)} are asked for."
            pairs = [(f"number {at}", *pair) for at, pair in enumerate(zip(given, right, strict=True), 1)]
        wrong = [(name, off) for name, one, value in pairs if (off := _judge_of(value, digits)(one))]
        if not wrong:
            return ""
        name, off = wrong[0]
        return f"{len(pairs) - len(wrong)} of {counted(len(pairs), 'value')} right; at {name}: {off}"

    return judge


def _judge_of(value: Any, digits: int) -> Judge:
    return text(value) if isinstance(value, str) else number(value, digits)


def _value(wanted: T | Callable[[], T]) -> T:
    return wanted() if callable(wanted) else wanted


def as_number(answer: object) -> tuple[float, str]:
    """The number, and what is wrong if it is none."""
    if isinstance(answer, str):
        point = ", with a point for the comma" if re.fullmatch(r"\s*[-−]?\d+,\d+\s*", answer[:MOST]) else ""
        return 0.0, f"{quoted(answer)} is a text: give a number, without quotation marks{point}."
    if isinstance(answer, tuple) and [type(each) for each in answer] == [int, int]:
        return (
            0.0,
            f"{quoted(answer)} is two numbers: give one, with a point before its decimals, not a comma.",
        )
    if isinstance(answer, bool) or not hasattr(answer, "__float__"):
        return 0.0, f"{quoted(answer)} is not a number: give one number."
    try:
        given = float(answer)
    except (TypeError, ValueError, OverflowError):
        return 0.0, f"{quoted(answer)} is not one number that can be compared."
    if not math.isfinite(given):
        return given, f"{given} is no finite number: give one number, such as 0.25."
    return given, ""


def _off(given: float, wanted: float, digits: int, answer: object) -> str:
    within = 0.5 * 10.0**-digits * (1 + 1e-6)
    gap = abs(given - wanted)
    if gap <= within if digits else gap < 1e-6:
        return ""
    shown = quoted(answer)
    if abs(given + wanted) <= within:
        return f"{shown} has the right size and the wrong sign."
    if digits and (how := _badly_rounded(given, wanted, digits)):
        return f"{shown} is near: {how}."
    if 0 < wanted < 1 and abs(given / 100 - wanted) <= within:
        return f"{shown} looks like percent: give a share from 0 to 1."
    return f"{shown} is too {'large' if given > wanted else 'small'}."


def _badly_rounded(given: float, wanted: float, digits: int) -> str:
    """What to do with a number that is the wanted one, but rounded too far or cut; "" if it is another number."""
    exact, kept = Decimal(repr(wanted)), Decimal(repr(given))
    has = max(0, -int(kept.normalize().as_tuple().exponent))
    if has > digits or abs(given - wanted) > abs(wanted) / 5:
        return ""
    step = Decimal(1).scaleb(-has)
    if kept not in (exact.quantize(step, rounding) for rounding in (ROUND_HALF_EVEN, ROUND_DOWN)):
        return ""
    return (
        f"give {counted(digits, 'digit')} after the point" if has < digits else "round it, and do not cut it"
    )


def _single(answer: object) -> object:
    """The entry of a list that has one, and anything else as it is."""
    return answer[0] if isinstance(answer, list | tuple) and len(answer) == 1 else answer


def _no_text(answer: object) -> str:
    if isinstance(answer, list | tuple | set | frozenset):
        return f"{quoted(answer)} is a list of {len(answer)}: give one text, in quotation marks."
    if isinstance(answer, Mapping):
        return f"{quoted(answer)} is a dict: give one text, in quotation marks."
    return f"{quoted(answer)} is no text: write it in quotation marks."


def _plain(words: str) -> str:
    """Without what does not count: capitals, spaces, brackets and a full stop at the end."""
    return " ".join(words[:MOST].casefold().split()).strip("().: ").replace("−", "-")


def _listed(choices: Collection[str]) -> str:
    *first, last = (f'"{each}"' for each in choices)
    return f"{', '.join(first)} or {last}" if first else last
