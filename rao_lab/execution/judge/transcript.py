"""What a node did, as bounded text for a judge: goal, turns, children, and what it returned.

All of it was written by a model or by what the model called, so none of it is to be trusted. Every line begins with a
bar, so no line of it can look like a verdict or like the end of the transcript; and the marks by which chat
templates part messages are taken apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rao_lab.base.safe_text import one_line, visible
from rao_lab.base.words import counted
from rao_lab.tree import Call, Node, Tree, Turn

BAR = "| "
"""Begins every line of a transcript."""
MOST_CALLS = 12
"""Calls of one turn that are listed."""
MOST_CHILDREN = 40
_LINE = 200
"""Characters of a call, of a child's goal and of a child's value."""
_LEAST_TURN = 160
_TEMPLATE_MARKS = re.compile(r"<(?=[|/]|s>)|\|(?=>)|\[(?=/?INST\])")


def transcript(tree: Tree, path: str, most: int) -> str:
    """What the node at `path` did, in about `most` characters at most: the middle of what is long is left out.

    >>> from rao_lab.execution.judge.transcript import transcript
    >>> print(transcript(tree, "0", 4000).splitlines()[0])
    | GOAL
    """
    node = tree.node(path)
    goal = [_part("GOAL", cut(node.goal, most // 6))]
    children = (
        [_part("WHAT ITS HELPERS RETURNED", words)] if (words := _children(tree, node, most // 5)) else []
    )
    value = [_part("WHAT IT RETURNED", cut(_value(node.value), most // 5))]
    room = most - sum(map(len, [*goal, *children, *value]))
    return "\n".join([*goal, *_turns(node.turns, max(room, _LEAST_TURN)), *children, *value])


def cut(text: str, most: int) -> str:
    """The text, or its beginning and its end with a note of what is left out."""
    if len(text) <= most:
        return text
    head = max(1, 2 * most // 3)
    tail = max(1, most - head)
    left = len(text) - head - tail
    return f"{text[:head]}\n[... {counted(left, 'character')} left out ...]\n{text[-tail:]}"


def _part(title: str, text: str) -> str:
    lines = _TEMPLATE_MARKS.sub(r"\g<0> ", visible(text)).splitlines() or [""]
    return "\n".join([f"{BAR}{title}", *(f"{BAR}  {line}" for line in lines)])


def _turns(turns: tuple[Turn, ...], room: int) -> Iterator[str]:
    """The first turn, and as many of the last as there is room for, each cut to its share."""
    share = max(_LEAST_TURN, room // min(max(1, len(turns)), 4))
    texts = [_part(f"TURN {turn.index}", cut(_turn(turn), share)) for turn in turns]
    left, first = room, 0
    for at in reversed(range(1, len(texts))):
        left -= len(texts[at])
        if left < (len(texts[0]) if at > 1 else 0):
            first = at + 1
            break
        first = at
    yield from texts[:1]
    if first > 1:
        yield f"{BAR}[... {counted(first - 1, 'turn')} left out ...]"
    if first:
        yield from texts[first:]


def _turn(turn: Turn) -> str:
    lines = [turn.text.strip()]
    lines += [f"called {one_line(_call(each), _LINE)}" for each in turn.calls[:MOST_CALLS]]
    if len(turn.calls) > MOST_CALLS:
        lines.append(f"and {counted(len(turn.calls) - MOST_CALLS, 'more call', 'more calls')}")
    lines += [f"read:\n{turn.output.rstrip()}"] if turn.output.strip() else []
    lines += [f"failed: {turn.error}"] if turn.error else []
    return "\n".join(lines)


def _call(call: Call) -> str:
    given = ", ".join([*map(repr, call.args), *(f"{key}={each!r}" for key, each in call.kwargs.items())])
    ended = f" -> {call.result!r}" if call.error is None else f", which failed: {call.error}"
    return f"{call.name}({given}){ended}"


def _children(tree: Tree, node: Node, most: int) -> str:
    lines = []
    for path in node.children[:MOST_CHILDREN]:
        child = tree.node(path)
        ended = (
            child.status.value if child.value is None else f"returned {one_line(_value(child.value), _LINE)}"
        )
        lines.append(f"asked: {one_line(child.goal, _LINE)}; {ended}")
    if len(node.children) > MOST_CHILDREN:
        lines.append(f"and {len(node.children) - MOST_CHILDREN} more")
    return cut("\n".join(lines), most)


def _value(value: object) -> str:
    return value if isinstance(value, str) else repr(value)
