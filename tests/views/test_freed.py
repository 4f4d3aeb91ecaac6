"""A closed Explorer is freed, with its feed, listener and thread; a cell that is run again closes the one before."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ipywidgets.widgets import widget as registry

from rao_lab.store import RunWriter, open_run
from rao_lab.views.explorer import cell
from rao_lab.views.explorer.cell import running_cell
from rao_lab.views.explorer.feed import Feed
from rao_lab.views.explorer.widget import Explorer
from tests.support.kernels import Kernel
from tests.support.live import TRAIN, Stage, finish, script, wait_for
from tests.support.trees import showcase_group

RUNS = 20


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Path]:
    """A run file that is being written."""
    with RunWriter(tmp_path / "run.rao", TRAIN) as writer:
        writer.begin_step(1)
        finish(writer, 1, script(1)[1])
        yield tmp_path / "run.rao"


@pytest.fixture
def run_cell(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Begins a run of a cell."""
    count = iter(range(1000))

    def begin(name: str) -> None:
        parent = {"header": {"msg_id": str(next(count))}, "metadata": {"cellId": name}}
        monkeypatch.setattr(cell, "get_ipython", lambda: SimpleNamespace(parent_header=parent))

    return begin


def senders() -> int:
    return sum(thread.name == "rao-lab-live" for thread in threading.enumerate())


def alive(kind: type) -> int:
    gc.collect()
    return sum(issubclass(type(each), kind) for each in gc.get_objects())  # `isinstance` asks the object


def gone(*things: weakref.ref[Any]) -> bool:
    gc.collect()
    return all(thing() is None for thing in things)


def test_a_closed_explorer_of_a_session_is_freed(stage: Stage) -> None:
    known, threads = len(registry._instances), senders()
    board = stage.session.board()
    assert senders() == threads + 1 and len(stage.session._listeners) == 1
    left = weakref.ref(board), weakref.ref(board._feed)
    board.close()
    del board
    wait_for(lambda: senders() == threads)
    assert gone(*left) and stage.session._listeners == [] and len(registry._instances) == known


def test_a_closed_explorer_of_a_followed_run_is_freed(followed: Path) -> None:
    threads = senders()
    explorer = Explorer(open_run(followed, follow=True))
    assert explorer.live and senders() == threads + 1
    left = weakref.ref(explorer), weakref.ref(explorer._feed)
    explorer._take(explorer, {"type": "hello", "step": None}, [])
    explorer.close()
    del explorer
    wait_for(lambda: senders() == threads)
    assert gone(*left)


def test_a_closed_explorer_of_trees_is_freed() -> None:
    known = len(registry._instances)
    explorer = Explorer(showcase_group())
    str(explorer)
    left = weakref.ref(explorer), weakref.ref(explorer._feed)
    explorer.close()
    explorer.close()
    del explorer
    assert gone(*left) and len(registry._instances) == known


def test_one_that_is_refused_leaves_nothing(stage: Stage) -> None:
    known = len(registry._instances)
    with pytest.raises(Exception, match="no step 9"):
        stage.session.explorer(step=9)
    assert len(registry._instances) == known and stage.session._listeners == []


def test_a_cell_of_a_session_that_is_run_again_and_again_leaves_one(
    stage: Stage, run_cell: Callable[[str], None]
) -> None:
    feeds, explorers, threads = alive(Feed), alive(Explorer), senders()
    for _ in range(RUNS):
        run_cell("a")
        board = stage.session.board()
    wait_for(lambda: senders() == threads + 1)
    assert len(stage.session._listeners) == 1
    assert (alive(Feed), alive(Explorer)) == (feeds + 1, explorers + 1)
    board.close()


@pytest.mark.slow  # eight seconds; the cell of a session is tried in the quick run
def test_a_cell_of_a_followed_run_that_is_run_again_and_again_leaves_one(
    followed: Path, run_cell: Callable[[str], None]
) -> None:
    feeds, explorers, threads = alive(Feed), alive(Explorer), senders()
    for _ in range(RUNS):
        run_cell("a")
        explorer = Explorer(open_run(followed, follow=True))
    wait_for(lambda: senders() == threads + 1)
    assert (alive(Feed), alive(Explorer)) == (feeds + 1, explorers + 1)
    explorer.close()


def test_explorers_of_other_cells_and_of_the_same_run_of_a_cell_stay(
    run_cell: Callable[[str], None],
) -> None:
    run_cell("a")
    first, second = Explorer(showcase_group()), Explorer(showcase_group())
    run_cell("b")
    other = Explorer(showcase_group())
    assert all(each.comm is not None for each in (first, second, other))
    run_cell("a")
    third = Explorer(showcase_group())
    assert first.comm is None and second.comm is None
    assert other.comm is not None and third.comm is not None
    assert str(first) == str(third)  # it can still be printed
    other.close()
    third.close()


def test_outside_of_a_notebook_there_is_no_cell() -> None:
    assert running_cell() is None


KERNEL_CODE = """
import threading, rao_lab as rl
view = rl.Explorer(rl.open_run({path!r}, follow=True))
view
"""
KERNEL_COUNT = """
import gc, time
time.sleep(1); gc.collect()
print(sum(t.name == "rao-lab-live" for t in threading.enumerate()),
      sum(issubclass(type(o), rl.Explorer) and o.comm is not None for o in gc.get_objects()))
"""


def test_a_cell_of_a_real_kernel_leaves_one(kernel: Kernel, followed: Path) -> None:
    client = kernel.client

    def execute(code: str, cell_id: str) -> str:
        content = {"code": code, "silent": False, "store_history": True}
        message = client.session.msg("execute_request", content, metadata={"cellId": cell_id})
        client.shell_channel.send(message)
        said = ""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            told = client.get_iopub_msg(timeout=120)
            if told["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            assert told["msg_type"] != "error", told["content"]
            said += told["content"].get("text", "") if told["msg_type"] == "stream" else ""
            if told["msg_type"] == "status" and told["content"]["execution_state"] == "idle":
                return said
        raise AssertionError("the kernel did not answer")

    for _ in range(RUNS):
        execute(KERNEL_CODE.format(path=str(followed)), "a")
    assert execute(KERNEL_COUNT, "b").split() == ["1", "1"]
