"""The kept rows of a unit: `ROWS/<arm>-<seed>.json.gz`, all that the report is made from.

    {"asked": arm, seed and scale, "made": versions, threads, day and commit, "seconds": by phase,
     "training": {"steps", "tokens", "config", "curve": {metric: [a number a step]}} or null,
     "evaluations": [{"temperature", "window", "book", "bands": {band: {column: [a value a task]}}, ...}],
     "picture": one small tree as text, "behaviour": what `behaviour.py` counts or null,
     "serial": {band: what `clock.py` found} or null}

A file is written whole or not at all.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import ConfigError, InputError, UnavailableError
from rao_lab.experiments.claims.arms import ARMS, Scale, Unit

Kept = dict[str, Any]
END = ".json.gz"
MOST_BYTES = 1 << 24
"""Of one file, unpacked."""


def place(folder: Path, unit: Unit) -> Path:
    return folder / f"{unit.name}{END}"


def keep(folder: Path, unit: Unit, kept: Kept) -> None:
    """Writes the rows of a unit.

    Raises:
        UnavailableError: the folder cannot be written.
    """
    write(place(folder, unit), kept)


def write(path: Path, kept: Kept) -> None:
    """Writes one file; raises as `keep` does."""
    spare = path.with_name(f".{path.name}.{os.getpid()}")
    text = json.dumps(kept, allow_nan=False, separators=(",", ":"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        spare.write_bytes(gzip.compress(text.encode("utf-8"), mtime=0))
        spare.replace(path)
    except OSError as error:
        spare.unlink(missing_ok=True)
        raise UnavailableError(f"{path} cannot be written: {error.strerror or error}") from None


def read(path: Path) -> Kept:
    """One file.

    Raises:
        InputError: it holds no rows.
    """
    found = parsed(path)
    if isinstance(found, dict) and {"asked", "evaluations", "training"} <= found.keys():
        return found
    raise InputError(f"{unquoted(path)} holds no rows of a claim: delete it, and the unit is run again")


def parsed(path: Path) -> Any:
    """What such a file holds; None if it holds nothing of the kind."""
    try:
        with gzip.open(path) as file:
            text = file.read(MOST_BYTES + 1)
        return json.loads(text) if len(text) <= MOST_BYTES else None
    except (OSError, EOFError, ValueError, RecursionError):
        return None


def is_kept(folder: Path, unit: Unit, scale: Scale) -> bool:
    """Whether the rows of this very unit are there.

    Raises:
        InputError: the file holds no rows.
        ConfigError: it holds rows that were made with other settings.
    """
    path = place(folder, unit)
    if not path.exists():
        return False
    was, now = read(path)["asked"], unit.asked(scale)
    if was == now:
        return True
    raise ConfigError(
        f"{unquoted(path)} was made with {_difference(was, now)}: delete it, or choose another folder with --rows"
    )


def _difference(was: Any, now: Any, name: str = "") -> str:
    """The first setting that differs, with both values."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for each in {**was, **now}:
            if was.get(each) != now.get(each):
                return _difference(was.get(each), now.get(each), f"{name}.{each}" if name else str(each))
    return f"{name} = {quoted(was)}, and is {quoted(now)} now"


def all_kept(folder: Path, units: Sequence[Unit] | None = None) -> Iterator[Kept]:
    """The rows of these units that are there, or of all, in the order of the arms and seeds."""
    if units is not None:
        paths = [place(folder, unit) for unit in units]
    else:
        order = {name: number for number, name in enumerate(ARMS)}
        found = [(path, *path.name.removesuffix(END).rpartition("-")) for path in folder.glob(f"[!.]*{END}")]
        paths = [
            path
            for path, arm, _, seed in sorted(found, key=lambda each: (order.get(each[1], -1), each[3]))
            if arm in order and seed.isdecimal()
        ]
    yield from (read(path) for path in paths if path.exists())
