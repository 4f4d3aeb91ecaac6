"""A model's reasoning, told apart from its reply: nothing that a model only thinks may run.

    >>> split("<think>Maybe finish(1)?</think>finish(2)")
    ('Maybe finish(1)?', 'finish(2)')

What counts as reasoning:

- what stands between an opening and a closing mark, if the opening mark begins a line outside a Python block;
- everything before a closing mark without an opening one: the chat template has opened it;
- everything after an opening mark that is never closed: the reply was cut while the model still thought;
- every channel but `final`, in the format of gpt-oss.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rao_lab.base.python_text import in_literal
from rao_lab.prompts.blocks import python_block_at

_TAGS = (
    "think",
    "thinking",
    "thought",
    "thoughts",
    "reasoning",
    "reason",
    "reflection",
    "scratchpad",
    "seed:think",
)
PAIRS = (
    *((f"<{tag}>", f"</{tag}>") for tag in _TAGS),
    ("[THINK]", "[/THINK]"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<|channel>thought", "<channel|>"),
    ("<|channel>", "<channel|>"),
    ("\u25c1think\u25b7", "\u25c1/think\u25b7"),
)
"""Opening and closing marks of the common chat templates."""
CHANNELS = ("<|start|>", "<|channel|>", "<|constrain|>", "<|message|>", "<|end|>", "<|return|>", "<|call|>")
"""The marks of gpt-oss's format."""
MARKS = frozenset({*(mark for pair in PAIRS for mark in pair), *CHANNELS})

MOST_CUTS = 8
"""Closing marks without opening ones that are looked at one by one. If there are more, the last one counts."""

_CLOSING = {opening.lower(): closing for opening, closing in PAIRS}
_OPEN = re.compile("|".join(re.escape(opening) for opening, _ in PAIRS), re.IGNORECASE)
_OPEN_LINE = re.compile(rf"^[ \t]*+(?P<mark>{_OPEN.pattern})", re.IGNORECASE | re.MULTILINE)
_CLOSE = re.compile("|".join(re.escape(closing) for _, closing in PAIRS), re.IGNORECASE)
_CHANNEL = re.compile(
    r"<\|channel\|>(?P<name>[^<]*+)(?:<\|constrain\|>[^<]*+)?+<\|message\|>"
    r"(?P<said>(?:[^<]|<(?!\|(?:start|channel|end|return|call)\|>))*+)"
)
_BARE_CHANNELS = re.compile(
    r"analysis(?P<thought>.*?)assistant(?:<\|channel\|>)?final(?P<reply>.*)", re.DOTALL
)
"""The same format after a server has taken the marks out of it."""


def split(text: str, *, all_code: bool = False) -> tuple[str, str]:
    """The thought and the reply. Text without reasoning is returned as it is.

    Args:
        all_code: the reply is code without fences, so a mark within any of its strings is text.
    """
    begun = text.lstrip()
    if begun.startswith(("<|channel|>", "<|start|>")):
        return _channels(begun)
    bare = _BARE_CHANNELS.fullmatch(begun) if begun.startswith("analysis") else None
    if bare is not None:
        return bare["thought"].strip(), bare["reply"].strip()
    if _CLOSE.search(text) is None and _OPEN_LINE.search(text) is None:
        return "", text
    thoughts, text = _before_closing(text, all_code)
    said = []
    for thought, part in _opened(text):
        thoughts.append(thought)
        said.append(part)
    return "\n\n".join(filter(None, map(str.strip, thoughts))), "".join(said).lstrip("\n")


def opened_by(prompt: str) -> str:
    """The opening mark with which a prompt ends: the reply to it begins within a thought. "" if there is none."""
    end = prompt.rstrip()
    return next((opening for opening, _ in PAIRS if end.endswith(opening)), "")


def _channels(text: str) -> tuple[str, str]:
    thoughts: list[str] = []
    replies: list[str] = []
    for found in _CHANNEL.finditer(text):
        final = found["name"].split()[:1] == ["final"]
        (replies if final else thoughts).append(found["said"].strip())
    if not thoughts and not replies:
        return text, ""
    return "\n\n".join(filter(None, thoughts)), "\n\n".join(filter(None, replies))


def _before_closing(text: str, all_code: bool) -> tuple[list[str], str]:
    """Cuts what stands before a closing mark that no mark opens. A mark within a string of a Python block is text."""
    thoughts: list[str] = []
    cut = at = 0
    opening = _OPEN.search(text)
    until = len(text) if opening is None else opening.start()
    for _ in range(MOST_CUTS):
        closing = _CLOSE.search(text, at, until)
        if closing is None:
            return thoughts, text[cut:]
        at = _spoken_of(text, cut, closing.start(), all_code)
        if not at:
            thoughts.append(text[cut : closing.start()])
            cut = at = closing.end()
    for closing in _CLOSE.finditer(text, at, until):
        cut = closing.end()
    return [text[:cut]], text[cut:]


def _spoken_of(text: str, since: int, place: int, all_code: bool) -> int:
    """If the mark at this place is only spoken of (after a backtick, or in a string of a Python block), where to look
    for the next one; otherwise 0."""
    if text[place - 1 : place] == "`" or (all_code and in_literal(text[since:], place - since)):
        return place + 1
    block = python_block_at(text, place, since)
    inside = block is not None and in_literal(text[block.begins : block.ends], place - block.begins)
    return block.after if block is not None and inside else 0


def _opened(text: str) -> Iterator[tuple[str, str]]:
    """Pairs of a thought and of what stands before it that is none, in order."""
    at = 0
    while (mark := _OPEN_LINE.search(text, at)) is not None:
        block = python_block_at(text, mark.start(), at)
        if block is not None:  # the mark belongs to this block
            yield "", text[at : block.after]
            at = block.after
            continue
        closing = _closing(mark["mark"]).search(text, mark.end())
        if closing is None:
            yield text[mark.end() :], text[at : mark.start()]
            return
        yield text[mark.end() : closing.start()], text[at : mark.start()]
        at = closing.end()
    yield "", text[at:]


def _closing(mark: str) -> re.Pattern[str]:
    return re.compile(re.escape(_CLOSING[mark.lower()]), re.IGNORECASE)
