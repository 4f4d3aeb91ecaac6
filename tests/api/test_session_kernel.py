"""A session in a real kernel: an interrupted cell stops its training, and what it made is kept."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

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
    ticked, later, free = run(
        client,
        "first = len(ticks)\ntime.sleep(0.5)\n"
        f"again = rl.run({task})\n"
        "print(first, len(ticks), again.root.status)",
    ).split()
    assert int(ticked) == int(later) > 0 and free == "finished"
