"""The mailbox of one tree: search, read, ask a helper, finish. Nothing is sent, moved or deleted.

A helper gets a question, and the days whose messages it is to search. What the letters of those days say is what it has
to answer, also if it is that they say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rao_lab.base.words import counted
from rao_lab.environments.arguments import bind, show
from rao_lab.environments.arguments import whole as whole_number
from rao_lab.environments.mail.answers import is_right
from rao_lab.environments.mail.mailbox import HITS, Mailbox
from rao_lab.protocols import Function, Launch, Refusal, Score
from rao_lab.tree import ROOT

PAGE = 3000
"""Characters of a message that are read at once."""
MAX_QUESTION = 2000
MAX_WORDS = 400
"""Characters of the words and of the name that a search takes."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Accepted = Callable[[str, str, str], Sequence[str | float] | None]
"""(question, first day, last day) -> the right answers; empty = there is none; None = it cannot be told."""

PLAIN = (
    Function(
        "search",
        "search(words: str, sender: str = '', after: str = '', before: str = '') -> list[dict]",
        f"At most {HITS} messages with some of the words, the best first, as id, date, sender, subject and the "
        'start of the text. Dates are "2024-03-05", both ends included. Without words, the newest.',
    ),
    Function(
        "read",
        "read(id: int, page: int = 1) -> str",
        f"One message. A long one comes in pages of {PAGE} characters.",
    ),
)
CONTROL = (
    Function(
        "finish",
        "finish(answer)",
        "Ends your work: answer is what was asked for and nothing else, None if no message says it.",
    ),
    Function(
        "launch_subagent",
        "launch_subagent(question: str, after: str = '', before: str = '')",
        "A helper answers a question from the messages of these days. It knows nothing else. Returns its answer, "
        'None if there is none, or {"failed": reason}. Must be awaited; several at once: await '
        "asyncio.gather(launch_subagent(...), launch_subagent(...)).",
        is_async=True,
    ),
)


def launch_for(question: str, after: str, before: str, part: bool = False) -> Launch:
    """What a node is told; `args` holds the question and its first and last day.

    Args:
        part: these are not all days. Then they come first, because they tell helpers apart.
    """
    days = f"{after or 'the first'} to {before or 'the last'}"
    said = f"{days}: {question}" if part else f"{question} ({days})"
    return Launch(f"Find in the mailbox: {said}", {"question": question, "after": after, "before": before})


class MailWorld:
    """A `World`; used for one tree."""

    def __init__(self, mailbox: Mailbox, question: str, accepted: Accepted, guard_own_goal: bool) -> None:
        self._mailbox = mailbox
        self._question = question
        self._accepted = accepted
        self._guard_own_goal = guard_own_goal
        self._asked: dict[str, Mapping[str, str]] = {}
        """Path -> question and days of each node so far."""

    def functions(self) -> Sequence[Function]:
        return PLAIN

    def control_functions(self) -> Sequence[Function]:
        return CONTROL

    def root(self) -> Launch:
        return launch_for(self._question, self._mailbox.first, self._mailbox.last)

    def enter(self, path: str, launch: Launch) -> None:
        self._asked[path] = launch.args

    def leave(self, path: str, value: Any) -> Score | None:
        asked = self._asked[path]
        after, before = ("", "") if path == ROOT else (asked["after"], asked["before"])
        right = self._accepted(asked["question"], after, before)
        return None if right is None else Score(float(is_right(value, right)))

    def admit(self, parent: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Launch:
        own = self._asked[parent]
        try:
            given = bind("launch_subagent", ("question", "after", "before"), 1, args, kwargs)
            question = _text(given["question"], "question", MAX_QUESTION)
            if not question:
                raise Refusal("bad_launch", "question is empty: say what the helper is to find")
            after = max(_day(given.get("after"), "after"), own["after"])
            before = min(_day(given.get("before"), "before") or own["before"], own["before"])
        except Refusal as refusal:
            raise Refusal("bad_launch", refusal.message) from None
        if after > before:
            raise Refusal("bad_launch", f"no day lies between {after} and {before} in {_days(own)}")
        above = parent if self._guard_own_goal else ""
        while above:
            asked = self._asked[above]
            same = question.casefold().split() == asked["question"].casefold().split()
            if same and after <= asked["after"] and before >= asked["before"]:
                whose = "your own" if above == parent else "that of an agent above you"
                raise Refusal(
                    "own_goal", f"this question is {whose}: answer it, or hand on only some of the days"
                )
            above = above.rpartition(".")[0]
        whole = self._mailbox.first, self._mailbox.last
        return launch_for(question, after, before, part=(after, before) != whole)

    def call(self, path: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if name == "search":
            return self._search(path, bind(name, ("words", "sender", "after", "before"), 1, args, kwargs))
        if name == "read":
            given = bind(name, ("id", "page"), 1, args, kwargs)
            return self._read(given["id"], given.get("page", 1))
        raise Refusal("bad_call", f"no function {show(name)} here; there are search, read")

    def _search(self, path: str, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        own = self._asked[path]
        words = _text(given["words"], "words", MAX_WORDS)
        sender = _text(given.get("sender"), "sender", MAX_WORDS)
        after, before = (_day(given.get(name), name) for name in ("after", "before"))
        if path != ROOT:
            after, before = max(after, own["after"]), min(before or own["before"], own["before"])
        return [
            self._mailbox.listed(number, words)
            for number in self._mailbox.search(words, sender, after, before)
        ]

    def _read(self, id_: Any, page: Any) -> str:
        most = len(self._mailbox)
        if type(id_) is int and not 1 <= id_ <= most:
            raise Refusal("bad_call", f"no message {show(id_)}: there are 1 to {most}")
        number, page = whole_number(id_, "id"), whole_number(page, "page")
        text = self._mailbox.text(number)
        pages = -(-len(text) // PAGE)
        if page > pages:
            raise Refusal("bad_call", f"message {number} has {counted(pages, 'page')}; got page {page}")
        more = f"\n(page {page} of {pages})" if pages > 1 else ""
        return text[(page - 1) * PAGE : page * PAGE] + more


def _text(value: Any, what: str, most: int) -> str:
    """A text, without blanks around it; None stands for ""."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refusal("bad_call", f"{what} must be text; got {show(value)}")
    if len(value) > most:
        raise Refusal("bad_call", f"{what} has {len(value)} characters; at most {most} are read")
    return " ".join(value.split())


def _day(value: Any, what: str) -> str:
    text = _text(value, what, MAX_WORDS)
    if text and not _DAY.fullmatch(text):
        raise Refusal("bad_call", f'{what} must be a day such as "2024-03-05"; got {show(text)}')
    return text


def _days(asked: Mapping[str, str]) -> str:
    return f"your days, {asked['after'] or 'the first'} to {asked['before'] or 'the last'}"
