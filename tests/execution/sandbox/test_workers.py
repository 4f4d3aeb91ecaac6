"""The processes behind a sandbox: shared by threads, replaced when lost, limited, and gone at the end."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from rao_lab.errors import UnavailableError
from rao_lab.execution.sandbox import CallError, OnCall, Sandbox
from rao_lab.execution.sandbox.repeat import Diverged, RepeatedCalls
from tests.conftest import REPO
from tests.support.sandboxes import Node, awaiting, children, ended, needs_proc, runs


def wait_until_gone(worker: int) -> None:
    for _ in range(600):
        if not runs(worker):
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    pytest.fail("it goes on")


@needs_proc
def test_no_process_is_left_after_close() -> None:
    before = children()
    with Sandbox(workers=3) as sandbox:
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _: Node(sandbox).run("await launch(1)"), range(6)))
        assert 1 <= len(children() - before) <= 3
    assert children() <= before


@needs_proc
def test_a_worker_lost_while_idle_is_replaced_unseen() -> None:
    before = children()
    with Sandbox() as sandbox:
        node = Node(sandbox)
        node.run("x = 4")
        for worker in children() - before:
            os.kill(worker, signal.SIGKILL)
        assert node.run("print(x)").output == "4\n"


def killing(times: int, heard: list[tuple[Any, ...]]) -> OnCall:
    """Answers with the number of the call, after the worker of each of the first ones was killed. To be made before
    the sandbox."""
    before = children()

    def kill(name: str, args: Any, kwargs: Any) -> int:
        heard.append(args)
        if len(heard) <= times:
            for worker in children() - before:
                os.kill(worker, signal.SIGKILL)
                wait_until_gone(worker)
        return len(heard)

    return kill


TWO_CALLS = """
import random
print('a', random.random())
a = get(1)
print('b', a, random.random())
b = get(float('nan'), [a])
print('c', b, random.random())
"""


@needs_proc
@pytest.mark.parametrize(
    "code", [TWO_CALLS, f"x = await launch(1)\n{TWO_CALLS}y = await launch(x)\nprint(y)"]
)
def test_a_worker_lost_in_the_middle_is_replaced_and_nothing_is_done_twice(code: str) -> None:
    heard: list[tuple[Any, ...]] = []
    never, once = killing(0, []), killing(1, heard)
    with Sandbox() as sandbox:
        whole = Node(sandbox, on_call=never).run(code)
        end = Node(sandbox, on_call=once).run(code)
    assert (end.error, end.lost, end.output) == (None, False, whole.output)
    assert end.suspensions == whole.suspensions
    assert len(whole.output.splitlines()) >= 3 and len(heard) == 2


@needs_proc
def test_a_refused_call_is_refused_again_in_the_next_worker() -> None:
    heard: list[tuple[Any, ...]] = []
    kill = killing(1, heard)

    def refuse(name: str, args: Any, kwargs: Any) -> Any:
        if kill(name, args, kwargs) == 1:
            raise CallError("not now")
        return "then"

    with Sandbox() as sandbox:
        code = "try:\n    get(1)\nexcept RuntimeError as e:\n    print(e)\nprint(get(2))"
        assert Node(sandbox, on_call=refuse).run(code).output == "not now\nthen\n"
    assert heard == [(1,), (2,)]


@pytest.mark.parametrize("problem", [None, CallError("no")])
def test_what_answers_calls_is_let_go_with_the_snippet(problem: CallError | None) -> None:
    """A cycle through the interpreter's objects would never be collected."""

    class Answers:
        def __call__(self, name: str, args: Any, kwargs: Any) -> int:
            if problem is not None:
                raise CallError(problem.message)
            return 1

    answers = Answers()
    left = weakref.ref(answers)
    with Sandbox() as sandbox:
        Node(sandbox, on_call=answers).run("try:\n    get()\nexcept RuntimeError:\n    pass\nget()")
        del answers
        gc.collect()
        assert left() is None


@needs_proc
def test_a_snippet_whose_workers_die_twice_is_lost_and_told() -> None:
    twice = killing(2, [])
    with Sandbox() as sandbox:
        end = Node(sandbox, on_call=twice).run("print('a')\nget(1)\nget(2)\nprint('b')")
        assert (end.lost, end.output) == (True, "a\n")
        assert end.error is not None
        assert end.error.startswith("the sandbox was lost: ")
        assert Node(sandbox).run("print(1)").output == "1\n"


def test_code_that_begins_again_and_calls_otherwise_is_stopped() -> None:
    heard = []
    calls = RepeatedCalls(lambda name, args, kwargs: heard.append(name))
    calls("get", (1,), {})
    calls.again()
    with pytest.raises(Diverged, match="get otherwise"):
        calls("get", (2,), {})
    assert heard == ["get"]


STARTS = {
    "setsid": "",
    "python": "import shutil; shutil.which = lambda name: None",
    "a file": "from rao_lab.execution.sandbox import worker; worker.LINUX = False",
}
SIGNALLED = """
import os, signal
from rao_lab.execution.sandbox import Sandbox
from tests.support.sandboxes import Node, children
ends = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]
for each in ends:
    signal.signal(each, lambda *_: None)
seen = []
def get(name, args, kwargs):
    seen.append({worker: os.getpgid(worker) for worker in children()})
    for each in ends:
        os.killpg(0, each)
        for worker in children():
            os.kill(worker, each)
with Sandbox() as sandbox:
    end = Node(sandbox, on_call=get).run("get()\\nget()\\nprint('alive')")
print(end.output, len(seen), seen[0] == seen[1], os.getpgid(0) in seen[0].values())
"""


@needs_proc
@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_a_worker_hears_no_stop_that_is_meant_for_its_owner(start: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", start + SIGNALLED],
        capture_output=True,
        text=True,
        cwd=REPO,
        start_new_session=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["alive", "2", "True", "False"]


@needs_proc
@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize("group", [False, True])
def test_a_worker_that_waits_ends_when_its_owner_is_killed(start: str, group: bool) -> None:
    code = f"""{start}
import time
from rao_lab.execution.sandbox import Sandbox
def get(name, args, kwargs):
    print("ready", flush=True)
    time.sleep(60)
Sandbox().run(None, "x = get()", {{"get": False}}, get, seed=1, clock=0)
"""
    owner = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=REPO, start_new_session=True
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "ready\n"
    (worker,) = children(owner.pid)
    (os.killpg if group else os.kill)(owner.pid, signal.SIGKILL)
    owner.communicate()
    wait_until_gone(worker)


@needs_proc
def test_a_worker_lost_at_a_pause_costs_nothing() -> None:
    before = children()
    with Sandbox() as sandbox:
        node = Node(sandbox)
        step = awaiting(node.start("x = await launch(1)\nprint(x)"))
        for worker in children() - before:
            os.kill(worker, signal.SIGKILL)
        assert ended(node.go_on(step, {0: "answer"})).output == "answer\n"


@pytest.mark.parametrize("workers", [1, 4])
def test_threads_share_the_workers_without_mixing_nodes(workers: int) -> None:

    def work(number: int) -> list[str]:
        node = Node(sandbox)
        node.run(f"x = {number}")
        return [node.run(f"x += await launch({step})\nprint(x)").output for step in range(5)]

    with Sandbox(workers=workers) as sandbox, ThreadPoolExecutor(8) as pool:
        outputs = list(pool.map(work, range(8)))
    assert outputs == [[f"{number + added}\n" for added in (0, 1, 3, 6, 10)] for number in range(8)]


def test_a_sandbox_that_would_wait_for_itself_is_refused() -> None:
    with Sandbox() as sandbox:
        inner = Node(sandbox)
        outer = Node(sandbox, on_call=lambda name, args, kwargs: inner.run("print(1)").output)
        with pytest.raises(UnavailableError, match="would wait for itself: give what that function runs"):
            outer.run("get()")
        assert Node(sandbox).run("print(1)").output == "1\n"


def test_a_closed_sandbox_opens_again() -> None:
    sandbox = Sandbox()
    sandbox.close()
    assert Node(sandbox).run("print(1)").output == "1\n"
    sandbox.close()
    sandbox.close()


@needs_proc
@pytest.mark.skipif(sys.platform != "linux", reason="workers are started by a script in memory on Linux only")
def test_workers_run_under_limits_and_know_nothing_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAO_SECRET", "of the host")
    before = children()
    with Sandbox(memory_mb=16):
        (worker,) = children() - before
        limits = Path(f"/proc/{worker}/limits").read_text()
        assert Path(f"/proc/{worker}/environ").read_bytes() == b""
        assert Path(f"/proc/{worker}/fd/2").readlink() == Path("/dev/null")
    rows = {line[:25].strip(): line[25:].split()[0] for line in limits.splitlines()}
    assert (rows["Max file size"], rows["Max core file size"], rows["Max open files"]) == ("0", "0", "64")
    assert rows["Max address space"] == str((16 * 8 + 1024) * 2**20)


ORPHANED = """
import threading, time
from rao_lab.execution.sandbox import Sandbox, pool as workers
workers.ORPHAN_SECONDS = 0.5
pool = Sandbox(seconds=0.2)
def get(name, args, kwargs):
    print("ready", flush=True)
# Comparing what holds itself twice over never looks at the clock.
code = "x = []; y = []\\nfor _ in range(60): x = [x, x]; y = [y, y]\\nget()\\nx == y"
pool.run(None, code, {"get": False}, get, seed=1, clock=0)
"""


@needs_proc
@pytest.mark.skipif(
    sys.platform != "linux", reason="a worker's compute time is bounded from outside on Linux only"
)
def test_a_worker_whose_owner_was_killed_ends_even_if_it_never_looks_at_the_clock() -> None:
    owner = subprocess.Popen([sys.executable, "-c", ORPHANED], stdout=subprocess.PIPE, text=True, cwd=REPO)
    assert owner.stdout is not None
    assert owner.stdout.readline() == "ready\n"
    (worker,) = children(owner.pid)
    owner.kill()
    owner.communicate()
    wait_until_gone(worker)


def test_a_missing_interpreter_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONTY_BIN", "/nowhere/monty")
    with pytest.raises(UnavailableError, match="no sandbox worker can be started"):
        Sandbox().open()
