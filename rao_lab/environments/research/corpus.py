"""Documents in pages of bounded size, with an index for searching (`environments/index.py`): in memory, without a file.

It is made once for each environment, and trees only read it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rao_lab.environments.index import Index, words_of

PAGE = 1000
"""Most characters of a page."""
SNIPPET = 200
"""Most characters of a hit."""
HITS = 8
_GAP = re.compile(r"\s+")
_STOP = re.compile(r"[.!?]\s+|\n+")


@dataclass(frozen=True, slots=True)
class Document:
    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A page that a search found."""

    doc: str
    title: str
    page: int
    """From 1."""
    text: str
    """The part of it with most of the words."""


class Corpus:
    """The documents of an environment.

    Raises:
        UnavailableError: this Python's SQLite has no full-text search.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self._index = Index(phrases=True)
        self._places: dict[str, tuple[int, int, str]] = {}
        """Document -> the row of its first page, its number of pages, and its title."""
        self._firsts: list[int] = []
        self._ids: list[str] = []
        for document in documents:
            first = len(self._index)
            self._firsts.append(first)
            self._ids.append(document.id)
            for page in _pages(document.text):
                self._index.add(document.title, page)
            self._places[document.id] = (first, len(self._index) - first, document.title)
        self._index.sealed()

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, doc: str) -> bool:
        return doc in self._places

    @property
    def pages(self) -> int:
        return len(self._index)

    def title(self, doc: str) -> str:
        return self._places[doc][2]

    def page_count(self, doc: str) -> int:
        return self._places[doc][1]

    def page(self, doc: str, number: int) -> str:
        """The text of a page, from 1."""
        return self._index.text(self._places[doc][0] + number - 1)

    def search(self, words: str) -> list[Hit]:
        """The best pages, at most one of each document; none if the text has no word that is found."""
        asked = words_of(words)
        hits: dict[str, Hit] = {}
        for row in self._index.search(words, 4 * HITS):
            at = bisect_right(self._firsts, row) - 1
            doc, first = self._ids[at], self._firsts[at]
            if doc not in hits and len(hits) < HITS:
                title = self.title(doc)
                part = _best_part(self._index.text(row), _beside(asked, title))
                hits[doc] = Hit(doc, title, row - first + 1, part)
        return list(hits.values())


def _pages(text: str) -> Iterator[str]:
    """The text in pages that end with a sentence or a line, if one ends late enough."""
    start = 0
    while start < len(text):
        end = min(len(text), start + PAGE)
        if end < len(text):
            ends = [found.end() for found in _STOP.finditer(text, start + PAGE // 2, end)]
            end = ends[-1] if ends else end
        if part := text[start:end].strip():
            yield part
        start = end


def _beside(words: list[str], title: str) -> list[str]:
    """The words that a title does not hold: the text under it is about those anyway."""
    low = title.casefold()
    return [word for word in words if word not in low] or words


def _best_part(text: str, words: list[str]) -> str:
    """The sentences around the place with the most of the words, on one line."""
    starts = [0, *(found.end() for found in _STOP.finditer(text))]
    best, most = 0, -1
    for start in starts:
        low = text[start : start + SNIPPET].casefold()
        count = sum(word in low for word in words)
        if count > most:
            best, most = start, count
    part = text[best : best + SNIPPET]
    if best + SNIPPET < len(text):  # it ends with a whole sentence, if one ends in it
        ends = [found.start() + 1 for found in _STOP.finditer(part)]
        part = part[: ends[-1]] if ends else part
    return _GAP.sub(" ", part).strip()
