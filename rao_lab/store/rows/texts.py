"""The texts of a run: each is kept once, by its content, and named by its id (0 = the empty text)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.errors import RaoLabError, RunFileError
from rao_lab.store.columns.bytes import Allowance, pack, unpack
from rao_lab.tree.ranges import ID
from rao_lab.tree.values import decode, dumps, encode, loads

_KEEP_IDS = 20_000
_CHUNK = 500
REPLACED = "is not what was written"
"""Said of a text that can be read, and is another one."""


class TextIds:
    """Gives each text its id and writes it once. After a rollback a new one is needed: ids may be gone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._ids: dict[bytes, int] = {}

    def id(self, text: str) -> int:
        if not text:
            return 0
        raw = text.encode("utf-8", "surrogatepass")
        key = blake2b(raw, digest_size=16).digest()
        known = self._ids.get(key)
        if known is None:
            if len(self._ids) >= _KEEP_IDS:
                self._ids.clear()
            known = self._ids[key] = self._find_or_add(key, raw)
        return known

    def maybe(self, text: str | None) -> int | None:
        return None if text is None else self.id(text)

    def json(self, value: Any) -> int:
        return self.id(to_json(value))

    def _find_or_add(self, key: bytes, raw: bytes) -> int:
        row = self._connection.execute("SELECT id FROM texts WHERE hash = ?", (key,)).fetchone()
        if row:
            return int(row[0])
        cursor = self._connection.execute(
            "INSERT INTO texts (hash, size, body) VALUES (?, ?, ?)", (key, *pack(raw))
        )
        return int(cursor.lastrowid or 0)


class Texts:
    """Texts by id, each read once for one reading operation."""

    def __init__(self, connection: sqlite3.Connection, allowance: Allowance) -> None:
        self._connection = connection
        self._allowance = allowance
        self._known: dict[int, str] = {0: ""}
        self._shared: dict[tuple[int, object], Any] = {}

    def want(self, ids: Iterable[Any]) -> None:
        """Reads many at once.

        Raises:
            RunFileError: one is missing or damaged.
        """
        missing = sorted({i for i in ids if ID.holds(i) and i not in self._known})
        for start in range(0, len(missing), _CHUNK):
            chunk = missing[start : start + _CHUNK]
            marks = ", ".join("?" * len(chunk))
            query = f"SELECT id, hash, size, body FROM texts WHERE id IN ({marks})"
            for text_id, key, size, body in self._connection.execute(query, chunk):
                raw = unpack(size, body, self._allowance, f"text {text_id}")
                if blake2b(raw, digest_size=16).digest() != key:
                    raise RunFileError(f"text {text_id} {REPLACED}")
                self._known[text_id] = raw.decode("utf-8", "surrogatepass")

    def text(self, text_id: object) -> str:
        if isinstance(text_id, int) and text_id not in self._known:
            self.want([text_id])
        if not isinstance(text_id, int) or text_id not in self._known:
            raise RunFileError(f"there is no text {quoted(text_id)}")
        return self._known[text_id]

    def maybe(self, text_id: object) -> str | None:
        return None if text_id is None else self.text(text_id)

    def plain(self, text_id: object, missing: Any = None) -> Any:
        """The value whose JSON the text is; `missing` for NULL. A fresh one each time."""
        return missing if text_id is None else plain(self.source(text_id))

    def built(self, text_id: object, read: Callable[[str], Any], missing: Any = None) -> Any:
        """What `read` makes of a text; `missing` for NULL. A fresh one each time."""
        return missing if text_id is None else read(self.source(text_id))

    def shared(self, text_id: object, read: Callable[[str], Any], missing: Any = None) -> Any:
        """The same, made once for all that name the text: nobody may change it."""
        if not isinstance(text_id, int):
            return self.built(text_id, read, missing)
        if (text_id, read) not in self._shared:
            self._shared[text_id, read] = read(self.source(text_id))
        return self._shared[text_id, read]

    def source(self, text_id: object) -> str:
        """A text that is about to be built into values."""
        text = self.text(text_id)
        self._allowance.build(len(text))
        return text


def to_json(value: Any) -> str:
    """Any plain value as one line of ASCII JSON."""
    return dumps(encode(value))


def plain(text: str) -> Any:
    """The value that `to_json` wrote.

    Raises:
        RunFileError: it is not such JSON.
    """
    try:
        return decode(loads(text))
    except RaoLabError as error:
        raise RunFileError(f"a stored value cannot be read ({error!s:.100})") from None


def table(value: Any, what: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise RunFileError(f"{what}: a table of names and values is due, not {quoted(value)}")
    return value


def named(value: Any, what: str) -> dict[str, Any]:
    """A table all of whose keys are names."""
    found = table(value, what)
    if not all(isinstance(key, str) for key in found):
        raise RunFileError(f"{what}: names are due in place of {quoted(next(iter(found)))}")
    return found
