"""The answers that a student gave, kept for who grades them: one line of JSON an answer, in `mine/answers.jsonl`.

Lines are only ever added, so that no answer is lost and two notebooks can write at the same time. A line has the
exercise, the answer as plain data, the verdict of the student's own copy and the time; no name and no path. An answer
that is not plain data is named by its type: whoever grades cannot judge it again.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from rao_lab.base.warned import warn_user

FILE = Path("mine", "answers.jsonl")
"""Below the folder that a notebook works in."""
LONGEST = 20_000
"""Characters of an answer that is kept."""


def keep(number: str, answer: object, right: bool) -> None:
    """Adds an answer to the file; if that cannot be written, a warning says so."""
    line: dict[str, Any] = {
        "exercise": number,
        "right": right,
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    try:
        plain = json.dumps(answer, default=_plain, allow_nan=False)
        line |= {"answer": json.loads(plain)} if len(plain) <= LONGEST else {"kind": "a very long answer"}
    except Exception:  # noqa: BLE001 - an answer is any object, with methods of its own
        line |= {"kind": type(answer).__name__[:80]}
    try:
        FILE.parent.mkdir(exist_ok=True)
        with FILE.open("a+b") as file:
            file.write(_end_of_line(file) + json.dumps(line).encode() + b"\n")
    except OSError as problem:
        warn_user(f"your answers are not kept: {FILE.as_posix()} cannot be written: {problem.strerror}")


def _end_of_line(file: BinaryIO) -> bytes:
    """What must stand before the next line: the last one may have been cut off in the middle."""
    if not file.seek(0, os.SEEK_END):
        return b""
    file.seek(-1, os.SEEK_END)
    return b"" if file.read(1) == b"\n" else b"\n"


def _plain(value: Any) -> Any:
    """What numpy and sets are in JSON."""
    return sorted(value) if isinstance(value, set | frozenset) else value.tolist()
