"""Texts that can be searched by words: SQLite's FTS5, in memory or in a temporary file that nobody else sees.

What is searched for comes from a model and is no query language: its words are looked for, each as a word, and the
texts with the most and the rarest of them come first. The work of a search is bounded.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from threading import Lock

from rao_lab.errors import UnavailableError

MAX_WORDS = 16
"""Words of a search that count."""
MAX_WORD = 64
COMMON = 0.25
"""A word that stands in a larger share of the texts is left out, if others are found: it would only take time."""
FEW = 2000
"""Texts that are always few enough to look at."""
_WORD = re.compile(r"[^\W_]+")
_GAP = re.compile(r"\s+")


class Index:
    """Texts with titles, by number from 0. Once it is `sealed` it is only read, by any thread.

    Args:
        on_disk: keep the texts in SQLite's temporary file, which goes with this object; otherwise in memory.
        phrases: look for two or three words that stand side by side, too, so that a name in a text weighs as much as
            one in a title.

    Raises:
        UnavailableError: this Python's SQLite has no full-text search.
    """

    def __init__(self, on_disk: bool = False, phrases: bool = False) -> None:
        self._phrases = phrases
        self._lock = Lock()
        self._size = 0
        place = "" if on_disk else ":memory:"
        self._base = sqlite3.connect(place, check_same_thread=False, isolation_level=None)
        try:
            self._base.execute("CREATE VIRTUAL TABLE texts USING fts5(title, text)")
        except sqlite3.OperationalError as problem:
            raise UnavailableError(
                f"the SQLite of this Python cannot search texts ({problem}): install a Python whose SQLite has FTS5"
            ) from None
        self._base.execute("CREATE VIRTUAL TABLE words USING fts5vocab(texts, 'row')")
        self._base.execute("BEGIN")

    def __len__(self) -> int:
        return self._size

    def add(self, title: str, text: str) -> int:
        """The number of the new text.

        Raises:
            UnavailableError: there is no room for it.
        """
        clean = [each.encode("utf-8", "replace").decode() for each in (title, text)]
        self._write("INSERT INTO texts(rowid, title, text) VALUES (?, ?, ?)", self._size, *clean)
        self._size += 1
        return self._size - 1

    def sealed(self) -> Index:
        self._write("COMMIT")
        self._base.execute("PRAGMA query_only = ON")
        return self

    def _write(self, statement: str, *values: object) -> None:
        try:
            self._base.execute(statement, values)
        except sqlite3.Error as problem:
            raise UnavailableError(
                f"texts cannot be kept for searching ({problem}): make room where temporary files lie, or name another "
                "place by TMPDIR"
            ) from None

    def text(self, number: int) -> str:
        with self._lock:
            found = self._base.execute("SELECT text FROM texts WHERE rowid = ?", (number,)).fetchone()
        return str(found[0])

    def search(self, words: str, most: int, fits: Callable[[int], bool] | None = None) -> list[int]:
        """The numbers of the best texts, the best first; none if no word is found.

        Args:
            fits: whether a text may be among them.
        """
        with self._lock:
            asked = self._rare(words_of(words))
            if not asked:
                return []
            asked += _runs(words, asked) if self._phrases else []
            title = 1.0 if self._phrases else 4.0
            found = self._base.execute(
                "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY bm25(texts, ?, 1.0), rowid",
                (" OR ".join(f'"{word}"' for word in asked), title),
            )
            numbers: list[int] = []
            for (number,) in found:
                if fits is None or fits(number):
                    numbers.append(number)
                if len(numbers) == most:
                    break
            found.close()
            return numbers

    def _rare(self, words: list[str]) -> list[str]:
        """The words that occur, without those that stand nearly everywhere, if others are left."""
        counts: dict[str, int] = {}
        for word in words:
            row = self._base.execute("SELECT doc FROM words WHERE term = ?", (word,)).fetchone()
            counts[word] = row[0] if row else 0
        found = [word for word in words if counts[word]] or words  # the index may spell a word otherwise
        rare = [word for word in found if counts[word] <= max(FEW, COMMON * self._size)]
        return rare or found[:1]


def words_of(text: str) -> list[str]:
    """The words of a search that count, each once."""
    found = dict.fromkeys(_WORD.findall(text[: MAX_WORDS * MAX_WORD].casefold()))
    return [word for word in found if len(word) <= MAX_WORD][:MAX_WORDS]


def _runs(text: str, words: list[str]) -> list[str]:
    """Two or three of these words that stand side by side in a search."""
    asked = _WORD.findall(text[: MAX_WORDS * MAX_WORD].casefold())[:MAX_WORDS]
    runs = [asked[at : at + size] for size in (2, 3) for at in range(len(asked) - size + 1)]
    return list(dict.fromkeys(" ".join(run) for run in runs if all(word in words for word in run)))


def snippet(text: str, words: str, most: int) -> str:
    """At most so many characters of a text on one line, from a little before the first of the words on."""
    low = text.casefold()
    places = [place for word in words_of(words) if (place := low.find(word)) >= 0]
    start = max(0, min(places, default=0) - most // 4)
    return _GAP.sub(" ", text[start : start + most]).strip()
