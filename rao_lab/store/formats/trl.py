"""TRL: the tables of completions that its trainers log, as Parquet, CSV or JSON lines.

A row is a tree of one node and one turn. Rows of a step with the same prompt are a group. The columns that are not
known ones are rewards; if there are several, nobody says how they were weighted, so one has to be named. The advantage
that TRL computed is left out: credit is computed anew.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import InputError, UnavailableError
from rao_lab.store.formats.fields import Trl as F
from rao_lab.store.formats.found import FoundNode, Root
from rao_lab.store.formats.messages import Conversation, add
from rao_lab.store.formats.reading import (
    MOST_BYTES,
    Asked,
    At,
    Notes,
    a_list,
    an_object,
    count,
    number,
    objects,
    parse,
    size_of,
    text,
)
from rao_lab.tree import Status
from rao_lab.tree.values import dumps

MOST_ROWS = 1_000_000
MAGIC = b"PAR1"
_BATCH = 512
_UNSAID = "TRL does not say how it ended"


def looks(first: Mapping[str, Any]) -> bool:
    return F.PROMPT in first and F.COMPLETION in first


def read(path: Path, notes: Notes, asked: Asked) -> list[FoundNode]:
    """The nodes of a file: one a row."""
    nodes: list[FoundNode] = []
    names: list[str] = []
    for at, row in _rows(path):
        if len(nodes) >= MOST_ROWS:
            raise InputError(f"{at}: over {MOST_ROWS:,} completions: split the file")
        if not nodes:
            names = _reward_names(row, asked, at, notes)
        nodes.append(_node(row, at, len(nodes), names, notes))
    if not nodes:
        raise InputError(f"{unquoted(path.name)} holds no completions")
    return nodes


def _reward_names(row: Mapping[str, Any], asked: Asked, at: At, notes: Notes) -> list[str]:
    """The column that is the reward; none: nobody says which."""
    if asked.reward is not None:
        if asked.reward not in row:
            raise at.wrong(f"reward must name a column of {', '.join(map(str, row))[:200]}", asked.reward)
        return [asked.reward]
    if F.REWARD in row:
        return [F.REWARD]
    known = {F.STEP, F.PROMPT, F.COMPLETION, F.ADVANTAGE, *F.OTHERS}
    rest = [name for name, value in row.items() if name not in known and _is_number(value)]
    if len(rest) > 1:
        notes.add(f"several rewards ({', '.join(rest)[:120]}): not scored; reward='{rest[0][:40]}' takes one")
        return []
    return rest


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return False
        return True
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _node(row: Mapping[str, Any], at: At, place: int, names: list[str], notes: Notes) -> FoundNode:
    said = Conversation()
    for part, sampled in ((F.PROMPT, False), (F.COMPLETION, True)):
        for message in _messages(row.get(part), at, sampled):
            add(said, message, at.within(part), notes, sampled=sampled)
    node = FoundNode(f"row {place}", at, turns=said.turns, goal=said.goal, reason=_UNSAID)
    node.value = said.answer
    if not said.turns:
        node.status = Status.ERROR
    step = _given(row.get(F.STEP))
    prompt = row.get(F.PROMPT)
    task = prompt if isinstance(prompt, str) else dumps(prompt) if isinstance(prompt, list) else said.goal
    node.root = Root(task=" ".join(task.split())[:400], step=count(step, at, F.STEP), environment="trl")
    for name in names:
        given = _given(row.get(name))
        if given is None:  # a reward function may pass a row by
            notes.add(f"completions without a {name[:40]}: not scored")
        node.reward, node.source = number(given, at, name), name
    if row.get(F.ADVANTAGE) not in (None, ""):
        notes.add("advantages of TRL: left out, credit is computed anew")
    return node


def _given(value: Any) -> Any:
    """A number, also of a CSV file; NaN and nothing are none."""
    if isinstance(value, str):
        if not value.strip():
            return None
        try:
            value = float(value)
        except ValueError:
            return value
    return None if isinstance(value, float) and math.isnan(value) else value


def _messages(given: Any, at: At, sampled: bool) -> list[Mapping[str, Any]]:
    """A text, or messages; a CSV file holds messages as JSON."""
    role = "assistant" if sampled else "user"
    if isinstance(given, str) and given.startswith('[{"'):
        with suppress(InputError):
            given = parse(given, at)
    if given is None or isinstance(given, str):
        return [{"role": role, "content": text(given, at, role)}]
    return [an_object(each, at) for each in a_list(given, at, "messages")]


# Rows


def _rows(path: Path) -> Iterator[tuple[At, Mapping[str, Any]]]:
    with path.open("rb") as file:
        head = file.read(4)
    if head == MAGIC:
        return _parquet(path)
    return objects(path, nan=True) if head.lstrip(b"\xef\xbb\xbf")[:1] in (b"{", b"[") else _csv(path)


def _csv(path: Path) -> Iterator[tuple[At, Mapping[str, Any]]]:
    size_of(path)
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            reader = csv.DictReader(file, restkey="", restval=None)
            for row in reader:
                row.pop("", None)  # an index without a name, or cells beyond the header
                yield At(path.name, reader.line_num), row
    except (csv.Error, OSError) as error:
        raise InputError(f"{unquoted(path.name)} cannot be read as CSV: {error}") from None


def _parquet(path: Path) -> Iterator[tuple[At, Mapping[str, Any]]]:
    """Rows in small batches, by pyarrow."""
    size_of(path)
    try:
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise UnavailableError(
            f"{unquoted(path.name)} is a Parquet file, which pyarrow reads: pip install pyarrow"
        ) from None
    row = 0
    try:
        with parquet.ParquetFile(path) as file:
            about = file.metadata
            large = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
            if about.num_rows > MOST_ROWS or large > MOST_BYTES:
                raise InputError(
                    f"{unquoted(path.name)} unpacks to {large:,} bytes: at most {MOST_BYTES:,} are read"
                )
            for batch in file.iter_batches(batch_size=_BATCH):
                for each in batch.to_pylist():
                    row += 1
                    yield At(path.name, None, f"row {row}"), each
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - pyarrow raises many kinds for a damaged file
        raise InputError(f"{unquoted(path.name)} cannot be read as Parquet: {quoted(str(error))}") from None
