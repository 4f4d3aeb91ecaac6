"""Run files to test with: recorded, copied, forged, or written by another process."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from rao_lab.credit import attribute
from rao_lab.errors import MissingError, RaoLabError, RunFileError
from rao_lab.store import RunWriter, open_run
from rao_lab.store.columns.bytes import Allowance, from_planes, to_planes, unpack
from rao_lab.store.columns.nodes import ROW
from rao_lab.tree import Group
from tests.conftest import REPO


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def record(path: Path, steps: dict[int, list[Group]], **more: Any) -> Path:
    """A finished run of these groups."""
    with RunWriter(path, {"name": "test"}, **more) as writer:
        for step, groups in steps.items():
            writer.begin_step(step)
            for group in groups:
                for tree in group.trees:
                    writer.tree_done(tree)
            trained = [group for group in groups if not group.probe]
            writer.end_step(step, attribute(trained) if trained else None, {"loss": step / 10})
    return path


def copy_of(path: Path, folder: Path, name: str = "a.rao") -> Path:
    return Path(shutil.copyfile(path, folder / name))


@contextmanager
def forging(path: Path) -> Iterator[sqlite3.Connection]:
    """SQL on a run file, as a forger would do it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        yield connection


def read_all(path: Path) -> None:
    """Every way to read a run."""
    with open_run(path) as run:
        assert isinstance(run.config, dict) and isinstance(run.packages, dict)
        assert isinstance(run.metrics, list)
        for step in [each.step for each in run.steps]:
            for probe in (False, True):
                run.groups(step, probe)
            columns = run.node_table(step)
            columns.credit_table()
            run.texts(columns.goal.tolist()[:3])
            with suppress(MissingError):
                list(run.attributions(step))
        for tree in run.trees()[-2:]:
            if tree.nodes:
                run.node(tree.id, "0")
            tree.load()
        run.live()
        run.changes_since(0)


def outcome(path: Path) -> str | None:
    """None if all could be read, otherwise the one line said; anything else that is raised is a bug."""
    try:
        read_all(path)
    except RaoLabError as error:
        assert isinstance(error, (RunFileError, MissingError))
        line = str(error)
        assert 0 < len(line) < 400 and "\n" not in line and "Traceback" not in line
        return line
    return None


MOST_SECONDS = 120
"""That another process may take: whoever waits for it waits no longer."""


def second_process(code: str, *args: object) -> subprocess.Popen[str]:
    """Another Python in the checkout; its standard output is read line by line. If it hangs, it is ended."""
    bounded = f"import signal; signal.alarm({MOST_SECONDS})\n"
    return subprocess.Popen(
        [sys.executable, "-c", bounded + textwrap.dedent(code), *map(str, args)],
        cwd=REPO,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def changed_columns(path: Path, tree: int = 1) -> Iterator[NDArray[Any]]:
    """The columns of a tree as a forger would change them: one record a node `[N]`."""
    with forging(path) as connection:
        size, body = connection.execute("SELECT size, body FROM columns WHERE tree = ?", (tree,)).fetchone()
        rows = from_planes(unpack(size, body, Allowance(size), "columns"), ROW, size // ROW.itemsize)
        yield rows
        connection.execute("UPDATE columns SET body = ? WHERE tree = ?", (to_planes(rows), tree))
