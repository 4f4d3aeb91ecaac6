"""Messages by number, and how they are searched. Nothing here sends anything.

The text of a message is whatever somebody wrote to somebody: it is shown and searched, and never followed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice

from rao_lab.environments.index import Index, snippet

HITS = 10
"""Most messages that a search lists."""
SNIPPET = 90


@dataclass(frozen=True, slots=True)
class Message:
    date: str
    """As "2024-03-05", where its sender was; "" = it has none that can be read."""
    sender: str
    to: str
    subject: str
    text: str
    attachments: tuple[str, ...] = ()
    """Their names."""
    key: str = ""
    """Its Message-ID, if it has one."""


class Mailbox:
    """Messages by number, from 1. It is built once, and only read from then on.

    Args:
        on_disk: keep the texts in a temporary file: there may be many.
    """

    def __init__(self, messages: Iterable[Message], on_disk: bool = False) -> None:
        index = Index(on_disk)
        self.heads: list[Message] = []
        """The messages without their texts."""
        for message in messages:
            index.add(f"{message.subject}\n{message.sender}\n{' '.join(message.attachments)}", message.text)
            self.heads.append(replace(message, text=""))
        self._index = index.sealed()
        dates = [head.date for head in self.heads if head.date]
        self.first, self.last = min(dates, default=""), max(dates, default="")

    def __len__(self) -> int:
        return len(self.heads)

    def search(self, words: str, sender: str = "", after: str = "", before: str = "") -> list[int]:
        """The numbers of the best messages, best first; without words, of the newest.

        Args:
            sender: what the sender's name or address holds.
            after, before: their first and their last day. A message without a date is found if both are left out.
        """
        names = sender.casefold().split()

        def fits(place: int) -> bool:
            head = self.heads[place]
            own = head.sender.casefold()
            early, late = after and head.date < after, before and not "" < head.date <= before
            return not (early or late) and all(name in own for name in names)

        if words.strip():
            return [place + 1 for place in self._index.search(words, HITS, fits)]
        newest = sorted(range(len(self)), key=lambda place: (self.heads[place].date, place), reverse=True)
        return [place + 1 for place in islice(filter(fits, newest), HITS)]

    def text(self, number: int) -> str:
        """A message as it is read: its head, a blank line, its text."""
        head = self.heads[number - 1]
        lines = [f"From: {head.sender}", f"To: {head.to}", f"Date: {head.date or 'unknown'}"]
        lines += [f"Subject: {head.subject}"]
        if head.attachments:
            lines.append(f"Attachments: {', '.join(head.attachments)}")
        return "\n".join([*lines, "", self._index.text(number - 1)])

    def listed(self, number: int, words: str) -> dict[str, str | int]:
        """A message as a search lists it."""
        head = self.heads[number - 1]
        text = snippet(self._index.text(number - 1), words, SNIPPET)
        return {"id": number, "date": head.date, "sender": head.sender, "subject": head.subject, "text": text}
