"""The code of a turn, read just far enough to see what becomes of the values of its launches.

Nothing is parsed: a model's text is hostile to Python's parser. The code is cut into statements by its brackets and
lines, once from left to right. What these patterns do not know counts as a use of the value.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rao_lab.base.python_text import code_only

LAUNCH = "launch_subagent"
MOST_CHARACTERS = 20_000
"""Longer code is not read: its launches count as used."""
MOST_ROUNDS = 20
"""Assignments in a row by which a value is followed."""
_LAUNCHES = re.compile(rf"\b{LAUNCH}\s*+\(")
_NAME = re.compile(r"[A-Za-z_]\w*")
_TARGETS = re.compile(r"\s*+([A-Za-z_][\w\s,()\[\]*]*+)=(?!=)")
_BARE = re.compile(rf"\s*(?:await\s+)?(?:asyncio\s*\.\s*)?(gather|{LAUNCH})\s*\(")
_CALLED = re.compile(r"\b([A-Za-z_]\w*+)\s*+\(")
_PASSES_ON = frozenset({LAUNCH, "gather", "list", "tuple", "dict", "in", "for", "await"})
"""What may stand before a bracket in a statement that only keeps the values of its launches."""
_INTO = re.compile(r"\s*[A-Za-z_]\w*\s*\.\s*(?:append|extend|add)\s*\(")
_READS_ANY_NAME = re.compile(r"\b(?:locals|globals|vars|eval|exec)\s*\(")
_BRANCHES = re.compile(
    r"\s*(?:if|elif|else|while|try|except|finally|with|match|case|return|raise|break|continue|assert|def|class"
    r"|async|lambda)\b"
)
_FORMATS = re.compile(r"\b[rR]?[fF][rR]?[\"']")
_HEADER = re.compile(r"\s*(?:for|if|elif|else|while|try|except|finally|with|match|case|def|class|async)\b")


@dataclass(frozen=True, slots=True)
class Statement:
    """One logical line."""

    text: str
    """As it stands, with its strings."""
    bare: str
    """With blanks in place of strings and comments."""

    @property
    def launches(self) -> int:
        return len(_LAUNCHES.findall(self.bare))

    @property
    def header(self) -> bool:
        return _HEADER.match(self.bare) is not None

    @property
    def targets(self) -> frozenset[str]:
        """The names that it binds, if it is a plain assignment."""
        return frozenset(_NAME.findall(self.bare[: self.value]))

    @property
    def value(self) -> int:
        """Where the value of an assignment begins; 0 if it is none."""
        found = None if self.header else _TARGETS.match(self.bare)
        closed = found and all(found[1].count(pair[0]) == found[1].count(pair[1]) for pair in ("()", "[]"))
        return found.end() if found and closed else 0

    @property
    def said(self) -> str:
        """What may hold names: its text without strings, unless one of them is an f-string."""
        return self.text if _FORMATS.search(self.bare) else self.bare

    @property
    def names(self) -> frozenset[str]:
        """All names in it."""
        return frozenset(_NAME.findall(self.said))


def statements(code: str) -> list[Statement]:
    """The logical lines of some code, with those of one line that `;` parts."""
    bare = code_only(code)
    found, start, depth = [], 0, 0
    for place, sign in enumerate(bare):
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth = max(0, depth - 1)
        elif (sign == "\n" and bare[place - 1 : place] != "\\" and not depth) or (sign == ";" and not depth):
            found.append(Statement(code[start:place], bare[start:place]))
            start = place + 1
    found.append(Statement(code[start:], bare[start:]))
    return [each for each in found if each.bare.strip()]


def dropped(code: str, later: Sequence[str], launched: int) -> list[bool]:
    """Which of the launches of a turn have values that no code names afterwards, in order.

    Args:
        later: the code of the parent's later turns.
        launched: how often the turn launched when it ran, refused launches included.

    Returns:
        One flag for each launch; all False if the code leaves a doubt.
    """
    kept = [False] * launched
    if len(code) > MOST_CHARACTERS or sum(map(len, later)) > MOST_CHARACTERS * 10:
        return kept
    lines = statements(code)
    launching = [each for each in lines if each.launches]
    if not launching or _READS_ANY_NAME.search(code) or any(map(_READS_ANY_NAME.search, later)):
        return kept
    mentions = Counter(name for each in lines for name in each.names)
    mentions.update(frozenset(_NAME.findall("\n".join(later))))
    flags = [_is_dropped(each, mentions) for each in launching]
    if all(flags):
        return [True] * launched
    looped = any(re.search(r"\b(?:for|while)\b", each.bare) for each in lines)
    if looped or sum(each.launches for each in launching) != launched:
        return kept
    return [flag for flag, each in zip(flags, launching, strict=True) for _ in range(each.launches)]


def _is_dropped(one: Statement, mentions: Mapping[str, int]) -> bool:
    """Whether the values of the launches in a statement go nowhere.

    Args:
        mentions: how many statements name each name.
    """
    if one.header or ":=" in one.bare:
        return False
    found = _BARE.match(one.bare)
    if found and (found[1] == LAUNCH or _only_keeps(one)):
        return _closes(one.bare, found.end() - 1) == len(one.bare.rstrip())
    names = one.targets
    return bool(names) and _only_keeps(one) and all(mentions[name] == 1 for name in names)


def _only_keeps(one: Statement) -> bool:
    """Whether nothing is called in it but launches, and what keeps their values."""
    return all(each in _PASSES_ON for each in _CALLED.findall(one.bare))


def _closes(text: str, opening: int) -> int:
    """The place after the bracket that closes the one at `opening`; -1 if none does."""
    depth = 0
    for place in range(opening, len(text)):
        depth += (text[place] in "([{") - (text[place] in ")]}")
        if not depth:
            return place + 1
    return -1


def launches_freely(code: str) -> bool:
    """Whether no launch of a turn depends on what another one of it returned: neither in what it passes, nor in
    whether it happens. False if the code leaves a doubt."""
    lines = statements(code) if len(code) <= MOST_CHARACTERS else []
    places = [place for place, each in enumerate(lines) if each.launches]
    if not places or _READS_ANY_NAME.search(code):
        return False
    before = lines[: places[-1] + 1]
    lines = lines if any(each.header for each in before) else before  # a loop comes round
    if any(_BRANCHES.match(each.bare) or ":=" in each.bare for each in lines):
        return False
    spread = [(each.names, _touched(each)) for each in lines]
    tainted = frozenset[str]().union(*(_touched(each) for each in lines if each.launches))
    for _ in range(MOST_ROUNDS):
        grown = tainted.union(*(touched for names, touched in spread if not tainted.isdisjoint(names)))
        if grown == tainted:
            break
        tainted = grown
    else:
        return False
    read = (_read(each) for each in lines if each.launches or each.header)
    return tainted.isdisjoint(name for text in read for name in _NAME.findall(text))


def _touched(one: Statement) -> frozenset[str]:
    """The names that a statement may change: its targets, and what it calls a method of or puts something into."""
    receiver = re.match(r"\s*([A-Za-z_]\w*)\s*[.\[]", one.bare)
    changed = re.match(r"\s*([A-Za-z_]\w*)\s*\S{1,2}=", one.bare)
    return one.targets | frozenset(each[1] for each in (receiver, changed) if each)


def _read(one: Statement) -> str:
    """A statement without the name that it only puts its value into."""
    into = None if one.header else _INTO.match(one.bare)
    return one.said[one.value or (into.end() if into else 0) :]
