"""A session in a real kernel: an interrupted cell stops its training, and what it made is kept."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rao_lab.store import open_run
from rao_lab.tree import Node, Status

START = """
import rao_lab as rl
policy = rl.load_policy({folder!r})
config = rl.TrainConfig(steps=500, tasks_per_step=2, group_size=2, probe_tasks=0,
    limits=rl.Limits(max_depth=2, max_turns=2, max_nodes=4, max_new_tokens=6, context_window=96))
session = rl.start(rl.environments.TextCraft("easy"), policy, config)
view = session.board()
"""


@pytest.fixture
def kernel(tmp_path: Path, repo: Path) -> Iterator[Any]:
    manager_of = pytest.importorskip("jupyter_client.manager")
    pytest.importorskip("ipykernel")
    manager, client = manager_of.start_new_kernel(
        kernel_name="python3",
        cwd=str(tmp_path),
        startup_timeout=120,
        env={**os.environ, "PYTHONPATH": str(repo)},
    )
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client: Any, code: str) -> str:
    """What a cell printed."""
    said: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream":
            said.append(message["content"]["text"])

    reply = client.execute_interactive(code, output_hook=hear, timeout=180)
    assert reply["content"]["status"] == "ok", reply["content"]
    return "".join(said).strip()


def test_an_interrupted_wait_stops_training_and_keeps_its_steps(kernel: Any, random_tiny: Path) -> None:
    manager, client = kernel
    run(client, START.format(folder=str(random_tiny)))
    while (
        int(run(client, "print(len(session.steps) if session.state == 'training' else session.result())")) < 2
    ):
        time.sleep(0.1)
    waiting = client.execute("kept = await session.wait()")
    time.sleep(1.0)
    manager.interrupt_kernel()
    while client.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != waiting:
        pass
    state, steps, kept, live = run(
        client,
        "import time\n"
        "deadline = time.monotonic() + 20\n"
        "while view.live and time.monotonic() < deadline: time.sleep(0.05)\n"
        "print(session.state, len(session.steps), len(rl.open_run(session.path).metrics), view.live)",
    ).split()
    assert state == "stopped" and live == "False"
    assert int(steps) == int(kept) >= 2


SLOWLY = """
import time, rao_lab as rl
env, ticks = rl.environments.TextCraft("hard"), []

def slowly(tick):
    ticks.append(tick)
    open("ticks", "w").close()
    time.sleep(0.05)

"""


def test_an_interrupted_cell_that_awaits_a_tree_stops_it(kernel: Any, tmp_path: Path) -> None:
    manager, client = kernel
    run(client, SLOWLY)
    task = "env.tasks('test')[0], env, rl.load_policy('scripted')"
    # The next cell must not be aborted because this one fails.
    waiting = client.execute(f"tree = await rl.arun({task}, on_tick=slowly)", stop_on_error=False)
    deadline = time.monotonic() + 60
    while not (tmp_path / "ticks").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.5)
    manager.interrupt_kernel()
    while (reply := client.get_shell_msg(timeout=60))["parent_header"].get("msg_id") != waiting:
        pass
    assert reply["content"]["status"] == "error"
    assert run(client, "import sys\nprint(sys.last_value.tree.root.status)") == "cancelled"
    ticked, later, free = run(
        client,
        "first = len(ticks)\ntime.sleep(0.5)\n"
        f"again = rl.run({task})\n"
        "print(first, len(ticks), again.root.status)",
    ).split()
    assert int(ticked) == int(later) > 0 and free == "finished"


BUSY = """
import time
import rao_lab as rl

class Slow:
    def __init__(self, world): self._world = world
    def __getattr__(self, name): return getattr(self._world, name)
    def call(self, *call):
        time.sleep(0.02)
        return self._world.call(*call)

class SlowCraft(rl.environments.TextCraft):
    def open(self, task): return Slow(super().open(task))

policy = rl.load_policy("tiny")
config = rl.default_config(policy, steps=500, tasks_per_step=2, group_size=2, probe_tasks=0,
    checkpoint_every=50)
session = rl.start(SlowCraft("easy"), policy, config, store="busy.rao", resume=True)
session.run
"""


def nodes_of(path: Path) -> list[Node]:
    with open_run(path) as opened:
        groups = [group for step in opened.steps for group in opened.groups(step.step)]
    return [node for group in groups for tree in group.trees for node in tree.nodes]


def until_step(client: Any, more: int) -> None:
    """The session has made so many more steps."""
    run(
        client,
        f"last = (session.newest or 0) + {more}\n"
        "while (session.newest or 0) < last and session.state == 'training': time.sleep(0.05)\n"
        "assert session.state == 'training', session",
    )


def test_an_interrupt_of_another_cell_loses_no_node(kernel: Any, tmp_path: Path) -> None:
    manager, client = kernel
    run(client, BUSY)
    for _ in range(6):
        waiting = client.execute("time.sleep(60)", stop_on_error=False)
        time.sleep(0.4)
        manager.interrupt_kernel()
        while client.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != waiting:
            pass
    until_step(client, 1)
    run(client, "session.stop()\nassert session.state == 'stopped', session")
    nodes = nodes_of(tmp_path / "busy.rao")
    assert len(nodes) > 10 and [node.reason for node in nodes if node.status is Status.ERROR] == []


def test_a_graceful_shutdown_and_a_resume_lose_no_node(kernel: Any, tmp_path: Path) -> None:
    manager, client = kernel
    file, newest = tmp_path / "busy.rao", 0
    for _ in range(3):
        run(client, BUSY)
        until_step(client, 2)
        manager.restart_kernel()  # which interrupts its group, asks it to end, and waits for that
        assert not file.with_name("busy.rao-wal").exists()  # closed whole
        with open_run(file) as opened:
            made = [row["step"] for row in opened.metrics]
        assert made[-1] >= newest + 2 and (tmp_path / f"busy.rao.ckpt/step-{made[-1]}").is_dir()
        newest = made[-1]
        client.wait_for_ready(timeout=60)
    assert made == list(range(newest + 1))
    assert [node.reason for node in nodes_of(file) if node.status is Status.ERROR] == []
