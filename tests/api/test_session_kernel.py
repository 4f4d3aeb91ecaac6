"""A session in a real kernel: an interrupted cell stops its training, and what it made is kept."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from rao_lab.store import open_run
from rao_lab.tree import Node, Status
from tests.support.kernels import Kernel

START = """
import rao_lab as rl
policy = rl.load_policy({folder!r})
config = rl.TrainConfig(steps=500, tasks_per_step=2, group_size=2, probe_tasks=0,
    limits=rl.Limits(max_depth=2, max_turns=2, max_nodes=4, max_new_tokens=6, context_window=96))
session = rl.start(rl.environments.TextCraft("easy"), policy, config)
view = session.board()
"""


def test_an_interrupted_wait_stops_training_and_keeps_its_steps(kernel: Kernel, random_tiny: Path) -> None:
    kernel.run(START.format(folder=str(random_tiny)))
    count = "print(len(session.steps) if session.state == 'training' else session.result())"
    while int(kernel.run(count)) < 2:
        time.sleep(0.1)
    waiting = kernel.client.execute("kept = await session.wait()")
    time.sleep(1.0)
    kernel.manager.interrupt_kernel()
    kernel.answer(waiting)
    state, steps, kept, live = kernel.run(
        "import time\n"
        "deadline = time.monotonic() + 120\n"
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


def test_an_interrupted_cell_that_awaits_a_tree_stops_it(kernel: Kernel, tmp_path: Path) -> None:
    kernel.run(SLOWLY)
    task = "env.tasks('test')[0], env, rl.load_policy('scripted')"
    # The next cell must not be aborted because this one fails.
    waiting = kernel.client.execute(f"tree = await rl.arun({task}, on_tick=slowly)", stop_on_error=False)
    deadline = time.monotonic() + 120
    while not (tmp_path / "ticks").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.5)
    kernel.manager.interrupt_kernel()
    assert kernel.answer(waiting)["content"]["status"] == "error"
    assert kernel.run("import sys\nprint(sys.last_value.tree.root.status)") == "cancelled"
    ticked, later, free = kernel.run(
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
session = rl.start(SlowCraft("easy"), policy, config, store={store!r}, resume=True)
session.run
"""


def nodes_of(path: Path) -> list[Node]:
    with open_run(path) as opened:
        groups = [group for step in opened.steps for group in opened.groups(step.step)]
    return [node for group in groups for tree in group.trees for node in tree.nodes]


def until_step(kernel: Kernel, more: int) -> None:
    """The session has made so many more steps."""
    kernel.run(
        f"last = (session.newest or 0) + {more}\n"
        "while (session.newest or 0) < last and session.state == 'training': time.sleep(0.05)\n"
        "assert session.state == 'training', session",
    )


def test_an_interrupt_of_another_cell_loses_no_node(kernel: Kernel, tmp_path: Path) -> None:
    file = tmp_path / "busy.rao"
    kernel.run(BUSY.format(store=str(file)))
    for _ in range(6):
        waiting = kernel.client.execute("time.sleep(60)", stop_on_error=False)
        time.sleep(0.4)
        kernel.manager.interrupt_kernel()
        kernel.answer(waiting)
    until_step(kernel, 1)
    kernel.run("session.stop()\nassert session.state == 'stopped', session")
    nodes = nodes_of(file)
    assert len(nodes) > 10 and [node.reason for node in nodes if node.status is Status.ERROR] == []


@pytest.mark.parametrize("rounds", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_a_graceful_shutdown_and_a_resume_lose_no_node(kernel: Kernel, tmp_path: Path, rounds: int) -> None:
    file, newest = tmp_path / "busy.rao", 0
    for _ in range(rounds):
        kernel.run(BUSY.format(store=str(file)))
        until_step(kernel, 2)
        kernel.manager.restart_kernel()  # which interrupts its group, asks it to end, and waits for that
        assert not file.with_name("busy.rao-wal").exists()  # closed whole
        with open_run(file) as opened:
            made = [row["step"] for row in opened.metrics]
        assert made[-1] >= newest + 2 and (tmp_path / f"busy.rao.ckpt/step-{made[-1]}").is_dir()
        newest = made[-1]
        kernel.client.wait_for_ready(timeout=120)
    assert made == list(range(newest + 1))
    assert [node.reason for node in nodes_of(file) if node.status is Status.ERROR] == []
