"""What each token that a model wrote is for: thought, code, or a launch within the code.

Recorded text is hostile, so nothing is parsed: lines of the turn's code and thought are looked up in the decoded
tokens, and a launch is a call by its name, up to the bracket that closes it. A token that holds any character of a
launch counts as a launch: some tokenizers put the end of one call and the beginning of the next into one token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rao_lab.base.python_text import code_only
from rao_lab.tree import Turn

OTHER, THOUGHT, CODE, LAUNCH = range(4)
"""Roles of sampled tokens. OTHER: fences, and what ends a turn."""
NAMES = ("other", "thought", "code", "launch")

_CALL = re.compile(r"\blaunch_subagent\s*\(")
_BRACKET = re.compile(r"[()\[\]{}]")

Span = tuple[int, int]
Roles = NDArray[np.uint8]


def roles(turn: Turn, texts: Sequence[str]) -> Roles:
    """The role of each sampled token, `[T]`.

    Args:
        texts: what each token decodes to.
    """
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    starts = ends - np.array([len(text) for text in texts], np.int64)
    whole = "".join(texts)
    found = np.full(len(texts), OTHER, np.uint8)
    code = list(_lines(turn.code, whole))
    thought = list(_lines(turn.thought, whole))
    if code:
        launches = launch_spans(whole[code[0][0] : code[-1][1]], code[0][0])
    else:
        launches = []
    for role, spans in ((THOUGHT, thought), (CODE, code), (LAUNCH, launches)):
        for start, end in spans:
            found[(starts < end) & (ends > start)] = role
    return found


def launch_spans(code: str, offset: int = 0) -> list[Span]:
    """Where the calls of `launch_subagent` stand in Python text, each with its arguments; not in strings or comments.

    >>> launch_spans('x = await launch_subagent("a", n=(1, 2)) # launch_subagent(1)')
    [(10, 40)]
    """
    plain = code_only(code)
    found: list[Span] = []
    end = 0
    for call in _CALL.finditer(plain):
        if call.start() >= end:  # a call within the arguments of another is a part of it
            end = _closed(plain, call.end())
            found.append((offset + call.start(), offset + end))
    return found


def _closed(plain: str, at: int) -> int:
    """Where the bracket closes that was opened just before `at`; the end of the text if it never does."""
    deep = 1
    for bracket in _BRACKET.finditer(plain, at):
        deep += 1 if bracket[0] in "([{" else -1
        if not deep:
            return bracket.end()
    return len(plain)


def _lines(text: str, whole: str) -> Iterator[Span]:
    """Where the lines of a text stand in the whole, in order; a margin may have been taken from them."""
    at = 0
    for line in text.splitlines():
        words = line.strip()
        start = whole.find(words, at) if words else -1
        if start >= 0:
            at = start + len(words)
            yield start, at
