"""Questions about a mailbox: each with the messages in which its answer stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike

from rao_lab.base.safe_text import quoted
from rao_lab.environments.asked import Asked, read_questions
from rao_lab.environments.mail.mailbox import Mailbox
from rao_lab.environments.mail.world import MAX_QUESTION
from rao_lab.environments.reading import Wrong
from rao_lab.errors import InputError


@dataclass(frozen=True, slots=True)
class Placed:
    """A question of a file."""

    asked: Asked
    numbers: Sequence[int]
    """The messages in which the answer stands: several if they have one Message-ID, as in a mailbox that was joined
    from two; none if that is not known."""


def read_placed(file: str | PathLike[str], mailbox: Mailbox) -> dict[str, Placed]:
    """The questions by their words.

    Raises:
        InputError, MissingError: naming the file, the line and what is wrong.
    """
    numbers: dict[str, list[int]] = {}
    for number, head in enumerate(mailbox.heads, start=1):
        if head.key:
            numbers.setdefault(head.key, []).append(number)
    found: dict[str, Placed] = {}
    wrong = Wrong()
    for asked in read_questions(file, MAX_QUESTION, ("message",), difficulty="file"):
        words = " ".join(asked.question.split())
        with wrong.line():
            if words in found:
                raise InputError(
                    f"{asked.where} asks what line {found[words].asked.line} asks: {quoted(words)}"
                )
            found[words] = Placed(asked, _numbers(asked, numbers))
    wrong.check()
    return found


def _numbers(asked: Asked, numbers: Mapping[str, list[int]]) -> list[int]:
    key = asked.row.get("message", "")
    if not key:
        return []
    if not isinstance(key, str) or key.strip("<> ") not in numbers:
        raise InputError(f"{asked.where}: no message has the Message-ID {quoted(key)}")
    return numbers[key.strip("<> ")]
