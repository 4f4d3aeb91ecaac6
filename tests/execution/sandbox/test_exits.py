"""However a program ends, nothing stays behind; an interrupt is never lost."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from rao_lab.execution.sandbox import Sandbox
from rao_lab.execution.sandbox.snippet import Snippet
from tests.conftest import REPO
from tests.support.sandboxes import Node

SCRIPT = """
import sys
from rao_lab.execution.sandbox.values import ordered
from rao_lab.execution.sandbox import Awaiting, Sandbox
def answer(name, args, kwargs): return 1
sandbox = Sandbox(workers=2, seconds=0.2)
step = sandbox.run(None, "x = await launch(1)", {"launch": True}, answer, seed=1, clock=0)
print("ready", flush=True)
"""
ENDS = {
    "closed": "with sandbox: sandbox.resume(step.paused, {0: 1}, {'launch': True}, answer, clock=0)",
    "not closed": "pass",
    "raised": "raise SystemExit(0)",
}


def run_script(end: str, interrupt: bool = False) -> tuple[int, str]:
    """Exit status and stderr of a fresh Python; returns when its workers have let go of its pipes too."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT + end],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPO,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    if interrupt:
        process.send_signal(signal.SIGINT)
    try:
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, errors


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_exits_are_clean(end: str) -> None:
    assert run_script(end) == (0, "")


@pytest.mark.slow
def test_a_hundred_exits_are_clean() -> None:
    ends = [end for _ in range(34) for end in ENDS.values()][:100]
    assert [run_script(end) for end in ends] == [(0, "")] * 100


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
@pytest.mark.parametrize("code", ["while True: pass", "while True: print()", "while True: get()"])
def test_an_interrupt_leaves_nothing_behind(code: str) -> None:
    loop = f"while True: sandbox.run(None, {code!r}, {{'get': False}}, answer, seed=1, clock=0)"
    status, errors = run_script(loop, interrupt=True)
    assert status == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def test_an_interrupt_while_the_pool_hands_over_a_print_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Snippet, "_print", lambda *_: interrupt())
    with Sandbox() as sandbox, pytest.raises(KeyboardInterrupt):
        Node(sandbox).run("print(1)")


def test_an_interrupt_while_the_pool_imports_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        """Asked by the pool in each run for a module that is not there, or not yet."""

        def find_spec(self, *_: object) -> None:
            interrupt()

    with Sandbox() as sandbox:
        node = Node(sandbox)
        for name in [name for name in sys.modules if name.partition(".")[0] == "opentelemetry"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
        with pytest.raises(KeyboardInterrupt):
            node.run("1")


def test_a_function_of_the_host_is_interrupted_at_once() -> None:
    reached = []

    def on_call(name: str, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        interrupt()
        reached.append(name)

    with Sandbox() as sandbox, pytest.raises(KeyboardInterrupt):
        sandbox.run(None, "get()", {"get": False}, on_call, seed=1, clock=0)
    assert reached == []
