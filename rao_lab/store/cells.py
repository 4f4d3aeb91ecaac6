"""What each column of a run file may hold. Every row that becomes a record passes here; nothing else checks cells.

rows = cells("nodes", ("place", "path"), connection.execute("SELECT place, path FROM nodes"))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.errors import RunFileError
from rao_lab.tree.ranges import COUNT, FLAG, ID, LONG, SECONDS, SHARE, SIGNED, WINDOW, Range

Check = Callable[[Any], bool]
LONGEST_WORD = 4000
"""Characters of a path or a status: a path has at most 200 numbers of nine digits."""


def _word(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_WORD


def _or_none(kind: Range | Check) -> Check:
    holds = kind.holds if isinstance(kind, Range) else kind
    return lambda value: value is None or holds(value)


_TEXT = _or_none(ID)
_COUNT = _or_none(COUNT)
_TIME = _or_none(SECONDS)
_STEP = SIGNED

COLUMNS: Mapping[str, Mapping[str, Range | Check]] = {
    "configs": {"attempt": COUNT, "config": ID, "packages": ID},
    "steps": {
        **{"step": _STEP, "attempt": _COUNT, "rev": _or_none(LONG), "metrics": _TEXT},
        **dict.fromkeys(("started", "ended"), _TIME),
    },
    "checkpoints": {"step": COUNT, "folder": ID},
    "trees": {
        **{
            "id": ID,
            "step": _STEP,
            "probe": FLAG,
            "done": FLAG,
            "policy_version": SIGNED,
            "status": _or_none(_word),
        },
        **dict.fromkeys(("grp", "rollout"), SIGNED),
        **dict.fromkeys(
            ("task_id", "difficulty", "task", "environment", "agent", "seed", "policy", "limits"), ID
        ),
        **dict.fromkeys(("origin", "not_reproducible"), _TEXT),
        **{"ended": _TIME, "ended_tick": _COUNT, "success": _or_none(SHARE)},
        **dict.fromkeys(("nodes", "depth", "turns", "tokens_in", "tokens_out"), _COUNT),
    },
    "nodes": {
        **dict.fromkeys(("place", "spawn_index", "launch_batch", "depth", "started_tick"), COUNT),
        **dict.fromkeys(("parent", "parent_turn", "ended_tick"), _COUNT),
        **{"path": _word, "status": _word, "together": FLAG, "started": _TIME, "ended": _TIME},
        "window": WINDOW,
        **dict.fromkeys(("goal", "template", "reason"), ID),
        **dict.fromkeys(("args", "value", "source", "refusals"), _TEXT),
        **{"success": _or_none(SHARE), "fraction": _or_none(SECONDS)},
    },
    "turns": {
        **dict.fromkeys(("place", "turn", "policy_version", "started_tick", "decode_steps"), COUNT),
        **dict.fromkeys(("sampled_tick", "ended_tick"), _COUNT),
        **dict.fromkeys(("text", "thought", "code", "stop", "output"), ID),
        **dict.fromkeys(("messages", "calls", "error", "children"), _TEXT),
        **dict.fromkeys(("started", "waiting", "sampled", "ended"), _TIME),
        "continues": FLAG,
    },
    "attributions": {"step": _STEP, "config": ID, "used": FLAG},
}
"""Bodies and their sizes are checked when they are unpacked, texts by their hashes."""


def names(columns: str) -> tuple[str, ...]:
    """The columns of a query, one by one."""
    return tuple(columns.split(", "))


def cells(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """The rows, if every cell is what its column may hold.

    Args:
        columns: names of the first cells of each row; what follows them is not checked here.

    Raises:
        RunFileError: one is not.
    """
    known = COLUMNS[table]
    checks = [(kind.holds if isinstance(kind, Range) else kind) for kind in (known[name] for name in columns)]
    found = []
    for row in rows:
        for place, check in enumerate(checks):
            if not check(row[place]):
                raise _refused(table, columns[place], row[place])
        found.append(tuple(row))
    return found


def cell(table: str, column: str, value: Any) -> Any:
    """One cell, checked likewise."""
    return cells(table, (column,), [(value,)])[0][0]


def _refused(table: str, column: str, value: Any) -> RunFileError:
    kind = COLUMNS[table][column]
    due = f": {kind} is due" if isinstance(kind, Range) else ""
    return RunFileError(f"{column} of {table} is {quoted(value)}, which none of ours is{due}")


def check_counts(tree_id: int, stored: Mapping[str, Any], read: Mapping[str, int]) -> None:
    """Holds what was read of a tree against the counts in its row.

    Raises:
        RunFileError: some of it is missing, or too much.
    """
    for name, count in read.items():
        if stored[name] != count:
            what = name.replace("_in", " read").replace("_out", " written")
            raise RunFileError(
                f"tree {tree_id} is not whole: it has {count} {what}, and {quoted(stored[name])} were recorded"
            )
