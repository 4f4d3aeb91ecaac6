"""The world of one tree: a context of lines, of which each node sees its own part, and the questions about it.

Every argument comes from code that a model wrote (see `arguments.py`). A refusal tells the model what to write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rao_lab.environments.aggregation.answers import Answer, score
from rao_lab.environments.arguments import bind, show
from rao_lab.protocols import Function, Launch, Refusal, Score

MAX_FOUND = 100
"""Places that one call of `find` gives."""
BLOCK = 1000
"""Lines that `find` looks at together."""
MAX_CHARS = 20_000
"""Characters that one call of `read` gives."""
SPARE = 8
"""Turns set aside for a helper beside those that it needs to read all of its lines."""
MAX_ASKED = 2000
"""Characters of a question, and of a text to find."""

LENGTH = Function("length", "length() -> int", "How many lines your context has. They are numbered from 0.")
READ = Function(
    "read",
    "read(start: int, end: int) -> list[str]",
    "The lines of your context from start to before end, at most {at_once} in one call.",
)
FIND = Function(
    "find",
    "find(text: str, start: int = 0) -> list[int]",
    f"The numbers of the lines, from start on, that hold text, whatever the case: the first {MAX_FOUND}.",
)
CONTROL = (
    Function("finish", "finish(answer)", "Ends your work and hands the answer to whoever asked."),
    Function(
        "launch_subagent",
        "launch_subagent(start: int, end: int, question: str = None)",
        "A helper answers a question about the lines of your context from start to before end, which are its whole "
        "context and numbered from 0 anew. Without a question it gets yours. Returns what it passed to finish, or "
        '{"failed": reason}. Must be awaited; several at once: await asyncio.gather(launch_subagent(...), '
        "launch_subagent(...)).",
        is_async=True,
    ),
)


class Source(Protocol):
    """The lines of a task, and what is known about them."""

    @property
    def lines(self) -> Sequence[str]: ...

    def answer(self, asked: str, start: int, end: int) -> Answer | None:
        """The answer to a question about a span of the lines; None if it is not known."""
        ...

    def hint(self, asked: str) -> str:
        """What an answer to a question looks like; "" = it needs no word."""
        ...


def launch_for(
    question: str, start: int, end: int, hint: str = "", part: bool = False, turns: int | None = None
) -> Launch:
    """What a node is told.

    `args` hold the question, the number of its lines, and where they lie in the whole; as one word, too, which no other
    part shares: what has the same words as a goal above it passes for the same work.

    Args:
        part: the lines are a part of the whole. The goal says which, so that pictures tell helpers apart.
    """
    size = end - start
    lines = f"{size} {'line' if size == 1 else 'lines'}"
    if part:
        lines = f"lines {start}-{end - 1} of all, your 0-{size - 1}"
    goal = f"Answer from your context: {lines}. {question}"
    goal += f" ({hint})" if hint else ""
    args = {"question": question, "lines": size, "start": start, "span": f"{start}to{end}"}
    return Launch(goal, args, turns)


def plain_question(text: str) -> str:
    """A question as questions are compared."""
    return " ".join(text.split()).rstrip("?. ").casefold()


class LinesWorld:
    """A `World`; used for one tree."""

    def __init__(
        self,
        source: Source,
        question: str,
        at_once: int,
        can_find: bool,
        guard_own_goal: bool = True,
        partial: bool = False,
    ) -> None:
        self.source = source
        self.question = question
        read = Function(READ.name, READ.signature, READ.doc.format(at_once=at_once))
        self._functions = (LENGTH, read, FIND) if can_find else (LENGTH, read)
        self._at_once = at_once
        self._guard_own_goal = guard_own_goal
        self._partial = partial
        self._asked: dict[str, tuple[str, int, int]] = {}
        """Path -> question, and the span of the whole context that the node sees."""

    def functions(self) -> Sequence[Function]:
        return self._functions

    def control_functions(self) -> Sequence[Function]:
        return CONTROL

    def root(self) -> Launch:
        return launch_for(self.question, 0, len(self.source.lines), self.source.hint(self.question))

    def enter(self, path: str, launch: Launch) -> None:
        start = launch.args["start"]
        self._asked[path] = (launch.args["question"], start, start + launch.args["lines"])

    def leave(self, path: str, value: Any) -> Score | None:
        """None if it is not known what is right."""
        answer = self.source.answer(*self._asked[path])
        return None if answer is None else score(answer, value, self._partial)

    # Launches

    def admit(self, parent: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Launch:
        own, low, high = self._asked[parent]
        try:
            given = bind("launch_subagent", ("start", "end", "question"), 2, args, kwargs)
            start, end = self._span(given["start"], given["end"], high - low)
            asked = given.get("question")
            asked = own if asked is None else _text(asked, "question", '"How many lines ...?"')
        except Refusal as refusal:
            raise Refusal("bad_launch", refusal.message) from None
        if self._guard_own_goal:
            self._refuse_own(parent, asked, low + start, low + end)
        turns = SPARE + -(-(end - start) // self._at_once)
        return launch_for(asked, low + start, low + end, self.source.hint(asked), True, turns)

    def _refuse_own(self, parent: str, asked: str, start: int, end: int) -> None:
        above = parent
        while above:
            question, low, high = self._asked[above]
            if (start, end) == (low, high) and plain_question(asked) == plain_question(question):
                whose = "your own question" if above == parent else "the question of an agent above you"
                raise Refusal(
                    "own_goal",
                    f"this is {whose} about all of its lines: read them, or hand on fewer lines at a time",
                )
            above = above.rpartition(".")[0]

    # Calls

    def call(self, path: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        _, low, high = self._asked[path]
        known = [function.name for function in self._functions]
        if name not in known:
            raise Refusal("bad_call", f"no function {show(name)} here; there are {', '.join(known)}")
        if name == "read":
            given = bind(name, ("start", "end"), 2, args, kwargs)
            start, end = self._span(given["start"], given["end"], high - low)
            return self._read(low + start, low + end)
        if name == "find":
            given = bind(name, ("text", "start"), 1, args, kwargs)
            text = _text(given["text"], "text", 'find("word")')
            return self._find(text, low, low + _place(given.get("start", 0), "start"), high)
        bind(name, (), 0, args, kwargs)
        return high - low

    def _span(self, start: Any, end: Any, size: int) -> tuple[int, int]:
        """A span of a node's own lines. An end beyond the last line means the last line."""
        first, last = _place(start, "start"), min(_place(end, "end"), size)
        if first >= size:
            raise Refusal("bad_call", f"start={first} is beyond your lines: you have {size}, 0 to {size - 1}")
        if last <= first:
            raise Refusal("bad_call", f"end={last} must lie above start={first}: no line lies between them")
        return first, last

    def _read(self, start: int, end: int) -> list[str]:
        if end - start > self._at_once:
            raise Refusal(
                "too_much",
                f"read gives at most {self._at_once} lines at once and you ask for {end - start}: read fewer, or "
                "hand parts on to helpers",
            )
        lines = list(self.source.lines[start:end])
        if sum(map(len, lines)) > MAX_CHARS:
            raise Refusal(
                "too_much",
                f"these {len(lines)} lines are longer than {MAX_CHARS} characters: read fewer at once",
            )
        return lines

    def _find(self, text: str, low: int, start: int, high: int) -> list[int]:
        wanted, found = text.lower(), []
        for first in range(start, high, BLOCK):
            for number, line in enumerate(self.source.lines[first : min(first + BLOCK, high)], first - low):
                if wanted in line.lower():
                    found.append(number)
                    if len(found) == MAX_FOUND:
                        return found
        return found


def _place(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10**9:
        raise Refusal("bad_call", f"{what} must be the number of a line, 0 or more; got {show(value)}")
    return value


def _text(value: Any, what: str, example: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Refusal("bad_call", f"{what} must be text such as {example}; got {show(value)}")
    if len(value) > MAX_ASKED:
        raise Refusal("bad_call", f"{what} has {len(value)} characters; at most {MAX_ASKED}")
    return value
