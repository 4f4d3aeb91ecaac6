"""Ctrl-C while trees run: what was run is kept, ended as it was, and nothing of it is scored."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.api.export import record
from rao_lab.store import open_run
from rao_lab.tree import validate
from rao_lab.tree.events import Acted, Event, Finished
from tests.support.chat_servers import Handler, says, serving
from tests.support.command_line import CommandLine

ENV = rl.environments.TextCraft(difficulty="hard")
TASKS = ENV.tasks("test")[:4]


def after(kind: type, count: int) -> Any:
    """An `on_event` that interrupts at the count-th event of a kind."""
    left = [count]

    def hear(*event: Event) -> None:
        left[0] -= isinstance(event[-1], kind)
        if left[0] == 0:
            raise KeyboardInterrupt

    return hear


def test_a_tree_that_is_stopped_is_whole_and_kept(tmp_path: Path) -> None:
    policy = rl.load_policy("scripted")
    with pytest.raises(rl.Interrupted) as stopped:
        rl.run(TASKS[0], ENV, policy, on_event=after(Acted, 3))
    tree = stopped.value.tree
    validate(tree)
    ran = [node for node in tree.nodes if node.reason == "the run was stopped"]
    assert tree.root in ran and len(tree) > 1
    assert {(node.status, node.success) for node in ran} == {(rl.Status.CANCELLED, None)}
    assert tree.not_reproducible == "the run was stopped"
    record([tree], tmp_path / "a.rao")
    assert open_run(tmp_path / "a.rao").groups(0)[0].trees[0].nodes == tree.nodes
    assert rl.run(TASKS[0], ENV, policy).success == 1.0


def test_an_evaluation_that_is_stopped_says_what_was_run() -> None:
    with pytest.raises(rl.Interrupted) as stopped:
        rl.evaluate(ENV, rl.load_policy("scripted"), tasks=TASKS, batch=2, on_event=after(Finished, 1))
    first = stopped.value.evaluation.overall
    assert (first.tasks, first.unscored) == (2, 2)
    ended = len(rl.run(TASKS[0], ENV, rl.load_policy("scripted"))) + len(
        rl.run(TASKS[1], ENV, rl.load_policy("scripted"))
    )
    with pytest.raises(rl.Interrupted) as later:
        rl.evaluate(
            ENV, rl.load_policy("scripted"), tasks=TASKS, batch=2, on_event=after(Finished, ended + 1)
        )
    found = later.value.evaluation
    assert (found.overall.tasks, found.overall.unscored, found.success) == (4, 2, 1.0)
    assert "2 not scored: the run was stopped" in str(found)


def test_an_interrupt_while_a_tree_is_awaited_gives_the_tree_too() -> None:
    async def interrupted() -> None:
        await rl.arun(TASKS[0], ENV, rl.load_policy("scripted"), on_event=after(Acted, 3))

    with pytest.raises(rl.Interrupted) as stopped:
        asyncio.run(interrupted())
    assert stopped.value.tree.root.status is rl.Status.CANCELLED


@pytest.mark.parametrize(
    ("command", "sent", "status"),
    [("run", signal.SIGINT, 130), ("run", signal.SIGTERM, 143), ("eval", signal.SIGINT, 130)],
)
def test_the_command_line_prints_and_keeps_what_was_run(
    command: str, sent: signal.Signals, status: int, tmp_path: Path
) -> None:
    asked, over = threading.Event(), threading.Event()

    def silent(handler: Handler, body: dict[str, Any]) -> None:
        asked.set()
        over.wait(180)

    with serving(silent) as server:
        kept = ["--out", str(tmp_path / "a.rao")] if command == "run" else ["--limit", "2"]
        line = [sys.executable, "-m", "rao_lab", command, "--policy", server.address, "--json", *kept]
        running = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            assert asked.wait(120)
            time.sleep(0.3)
            running.send_signal(sent)
            out, err = running.communicate(timeout=120)
        finally:
            running.kill()
            over.set()
    assert running.returncode == status, err
    left = "what was written is kept" if command == "run" else "no file was written"
    assert "Traceback" not in err and f"stopped; {left}" in err
    found = json.loads(out)
    if command == "run":
        ended = (found["nodes"][0]["status"], found["nodes"][0]["reason"])
        assert ended == ("cancelled", "the run was stopped"), "by whom, nobody can tell"
        assert len(open_run(tmp_path / "a.rao").groups(0)[0].trees[0]) == 1
    else:
        assert (found["tasks"], found["unscored"]) == (2, 2)


def test_what_a_server_counts_and_costs_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    lab = CommandLine(capsys)
    usage = {"prompt_tokens": 700_000, "completion_tokens": 90_000}
    settings = ("policy.prices.in=0.5", "policy.prices.out=2", "policy.concurrency=1")
    more = [part for setting in settings for part in ("--set", setting)]
    with serving(says("```python\nfinish('no')\n```", usage=usage)) as server:
        _, *said = lab(["run", "--policy", server.address, *more])
        words = "server: 1 request, 700,000 tokens read, 90,000 tokens written, 0.5300 US dollars"
        assert words in "".join(said)
        evaluate = ["eval", "--policy", server.address, "--limit", "2", *more]
        _, *said = lab(evaluate)
        words = "server: 2 requests, 1,400,000 tokens read, 180,000 tokens written, 1.0600 US dollars"
        assert words in "".join(said)
        found = lab.json(evaluate)
    assert found["tokens"] == 180_000
    assert found["usage"] == {
        **{"requests": 2, "retries": 0, "prompt_tokens": 1_400_000, "completion_tokens": 180_000},
        "cost": pytest.approx(1.06),
    }
