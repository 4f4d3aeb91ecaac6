"""Chance, clocks, hashes and the order of sets are the same in every run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from rao_lab.execution.sandbox import Sandbox
from tests.conftest import REPO
from tests.support.sandboxes import FUNCTIONS, Node, awaiting, echo, ended


def test_random_is_seeded_and_continues_over_turns_and_pauses(sandbox: Sandbox) -> None:
    draw = "import random\nprint(random.random())"

    def drawn() -> list[str]:
        node = Node(sandbox)
        return [node.run(code).output for code in (draw, draw, "await launch(1)\n" + draw)]

    first = drawn()
    assert len(set(first)) == 3
    assert drawn() == first
    other = ended(sandbox.run(None, draw, FUNCTIONS, echo, seed=8, clock=0.0)).output
    assert other not in first


def test_clocks_show_the_logical_time_only(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    node.clock = 12.5
    node.run("import time, datetime")
    code = "print(time.time(), time.monotonic(), time.perf_counter(), time.process_time())"
    assert node.run(code).output == "12.5 12.5 12.5 0.0\n"
    node.clock = 90_000.0
    assert node.run("print(datetime.datetime.now(), datetime.date.today())").output == (
        "1970-01-02 01:00:00 1970-01-02\n"
    )
    utc = "print(datetime.datetime.now(datetime.timezone.utc), time.strftime('%Y'), time.localtime().tm_hour)"
    assert node.run(utc).output == "1970-01-02 01:00:00+00:00 1970 1\n"


def test_the_clock_moves_over_a_pause(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    step = awaiting(node.start("import time\na = time.time()\nawait launch(1)\nprint(a, time.time())"))
    node.clock = 3.0
    assert ended(node.go_on(step, {1: None})).output == "0.0 3.0\n"


@pytest.mark.parametrize("clock", [-5.0, 1e18])
@pytest.mark.parametrize("hours", [-23, 0, 23])
def test_a_clock_beyond_the_calendar_does_no_harm(clock: float, hours: int, sandbox: Sandbox) -> None:
    node = Node(sandbox)
    node.clock = clock
    zone = f"datetime.timezone(datetime.timedelta(hours={hours}))"
    year = node.run(f"import datetime\nprint(datetime.datetime.now({zone}).year)").output
    assert year in ("1969\n", "1970\n", "9999\n")


def test_sleep_takes_no_time(sandbox: Sandbox) -> None:
    end = Node(sandbox).run("import time, asyncio\ntime.sleep(1e6)\nawait asyncio.sleep(1e6)\nprint('awake')")
    assert end.output == "awake\n"


SETS = """
from rao_lab.execution.sandbox import Sandbox
def answer(name, args, kwargs): return {"b", "a", "c", ("x", frozenset("zyx"))}
with Sandbox() as sandbox:
    print(sandbox.run(None, "print(get())", {"get": False}, answer, seed=1, clock=0).output, end="")
"""


def test_sets_enter_in_one_order_whatever_the_hash_seed() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SETS],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            cwd=REPO,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in (1, 2, 3)
    }
    assert outputs == {"{'a', 'b', 'c', ('x', frozenset({'x', 'y', 'z'}))}\n"}


def test_hashes_and_set_order_do_not_depend_on_the_worker() -> None:
    code = "print(hash('a'), {'x', 'y', 'z', 'w'}, id([]), hash(get))"
    outputs = set()
    for _ in range(3):
        with Sandbox() as fresh:
            outputs.add(Node(fresh).run(code).output)
    assert len(outputs) == 1
