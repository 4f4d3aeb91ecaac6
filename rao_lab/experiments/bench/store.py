"""The run file: what recording costs a step, how large it is, how soon a step is shown.

A typical step is 64 trees (8 groups of 8) of 6 nodes with 3 turns of 60 sampled tokens each; a large one has
trees of 201 nodes. Texts are as various as an untrained policy makes them; ids, log-probs and entropies are
drawn at random, which is the worst case for their compression.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from array import array
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from time import perf_counter

from rao_lab.api.export import credit_of
from rao_lab.credit import attribute
from rao_lab.experiments.bench.cases import Case, Say, seconds
from rao_lab.store import Run, RunWriter, open_run
from rao_lab.tree import (
    Acted,
    Call,
    Event,
    Finished,
    Group,
    Message,
    Scored,
    Spawned,
    Status,
    Task,
    Tree,
    TreeHeader,
    TurnEnded,
    TurnStarted,
)
from rao_lab.tree.fold import fold

GROUPS, ROLLOUTS, TURNS, TOKENS, STEPS = 8, 8, 3, 60, 40
SMALL = ("0", "0.0", "0.0.0", "0.0.1", "0.0.2", "0.1")
"""Paths of the nodes of a typical tree: a root with two children, of which the first has three."""
LARGE = ("0", *(f"0.{i}{below}" for i in range(40) for below in ("", ".0", ".1", ".2", ".3")))
WORDS = [f"{kind}_{item}" for kind in ("raw", "plank", "stone", "make", "look") for item in range(40)]

_MEMORY = """
import sys
from pathlib import Path
from rao_lab.experiments.bench.store import shown
from rao_lab.store import open_run
def peak():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
before = peak()
with open_run(sys.argv[1]) as run:
    kept = shown(run, int(sys.argv[2]))
    print(peak() - before)
"""
"""Run in a process of its own: the KB that opening a step adds to one that has only imported. Linux tells it."""


def measure(say: Say) -> Sequence[Case]:
    with tempfile.TemporaryDirectory() as folder:
        say("a typical step")
        histories = _histories(SMALL)
        cases = [_listening(Path(folder), histories)]
        say(f"a run of {STEPS} such steps")
        cases += _costs(Path(folder), _groups(histories), STEPS)
        say(f"a step of {len(LARGE) * GROUPS * ROLLOUTS:,} nodes")
        cases += _costs(Path(folder), _groups(_histories(LARGE)), 1)
    return cases


def shown(run: Run, step: int) -> tuple[object, ...]:
    """What the Explorer reads of a step before it draws it."""
    nodes = run.node_table(step)
    texts = run.texts({*nodes.goal.tolist(), *nodes.reason.tolist()})
    return nodes, texts, run.trees(step), run.attributions(step)


def _listening(folder: Path, histories: Sequence[tuple[TreeHeader, list[Event]]]) -> Case:
    """What a call costs the thread that runs the trees."""
    count = sum(len(events) for _, events in histories)
    with RunWriter(folder / "events.rao", {}) as writer:
        started = perf_counter()
        for key, (header, events) in enumerate(histories):
            for event in events:
                writer.event(key, header, event)
        return Case("event on the caller's thread", (perf_counter() - started) / count * 1e6, "us")


def _costs(folder: Path, groups: Sequence[Group], steps: int) -> list[Case]:
    """A run of like steps: recorded, then opened, shown and credited anew."""
    nodes = sum(len(tree) for group in groups for tree in group.trees)
    name = f"{steps} x {nodes:,} nodes"
    path = folder / f"{steps}.rao"
    recorded = _record(path, groups, steps) / steps
    middle = (steps + 1) // 2
    rule = {"lam": 0.9}
    with open_run(path) as run:
        node = seconds(lambda: run.node(1, "0.1"), 20)
        columns = seconds(lambda: run.node_table(middle), 20)
        credit = seconds(lambda: credit_of(run, middle, rule))
        whole = seconds(lambda: run.groups(middle), 1)
    return [
        Case(f"{name}: record a step until it is on the disk", recorded, "s"),
        Case(f"{name}: size of the file", path.stat().st_size / (steps * nodes), "bytes a node"),
        Case(f"{name}: open the run", seconds(lambda: open_run(path)) * 1e3, "ms"),
        Case(f"{name}: open it and list its trees", seconds(lambda: open_run(path).trees()) * 1e3, "ms"),
        Case(f"{name}: open a step as the Explorer does", _opened(path, middle) * 1e3, "ms"),
        *_memory(name, path, middle),
        Case(f"{name}: columns of a step", columns * 1e3, "ms"),
        Case(f"{name}: one node with its texts", node * 1e3, "ms"),
        Case(f"{name}: credit of a step by another rule", credit * 1e3, "ms"),
        Case(
            f"{name}: whole trees of a step", whole * 1e3, "ms", f"{name}: columns of a step", whole / columns
        ),
    ]


def _record(path: Path, groups: Sequence[Group], steps: int) -> float:
    """Seconds that a run of equal steps takes to record; their credit is computed beforehand."""
    credit = attribute(groups)
    started = perf_counter()
    with RunWriter(path, {}) as writer:
        for step in range(1, steps + 1):
            writer.begin_step(step)
            for group in groups:
                for tree in group.trees:
                    writer.tree_done(replace(tree, header=replace(tree.header, step=step)))
            writer.end_step(step, credit, {f"metric_{number}": step / 7 for number in range(40)})
        return perf_counter() - started


def _opened(path: Path, step: int) -> float:
    def work() -> None:
        with open_run(path) as run:
            shown(run, step)

    return seconds(work)


def _memory(name: str, path: Path, step: int) -> list[Case]:
    """Resident memory that a step, open as in the Explorer, adds at its peak."""
    if sys.platform != "linux":
        return []
    command = [sys.executable, "-c", _MEMORY, str(path), str(step)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [Case(f"{name}: memory that takes", int(told) / 1024, "MB")]


def _groups(histories: Sequence[tuple[TreeHeader, list[Event]]]) -> list[Group]:
    trees: list[list[Tree]] = [[] for _ in range(GROUPS)]
    for header, events in histories:
        trees[header.group].append(fold(header, events))
    return [Group(each[0].task, tuple(each), 1, index) for index, each in enumerate(trees)]


def _histories(paths: Sequence[str]) -> list[tuple[TreeHeader, list[Event]]]:
    """Of each tree of a step, the events in order."""
    return [_history(paths, group, rollout) for group in range(GROUPS) for rollout in range(ROLLOUTS)]


def _history(paths: Sequence[str], group: int, rollout: int) -> tuple[TreeHeader, list[Event]]:
    """What was said of a tree with nodes at these paths: all begin, then all end, children first."""
    random = Random(f"{group} {rollout}")
    header = TreeHeader(
        Task(f"task {group}", "craft 2x plank_3", "medium", "train"),
        environment="textcraft",
        seed=7,
        step=1,
        group=group,
        rollout=rollout,
        policy="tiny",
        limits={"max_depth": 4, "max_nodes": 64},
    )
    events: list[Event] = []
    for path in paths:
        events += _begin(random, path, len(events))
    for path in sorted(paths, key=lambda path: -path.count(".")):
        events += _end(path, random.random() < 0.5, len(events))
    return header, events


def _begin(random: Random, path: str, seq: int) -> list[Event]:
    parent = path.rpartition(".")[0] or None
    turn = TURNS if parent else None
    goal = " ".join(random.choices(WORDS, k=6))
    depth = path.count(".")
    made: list[Event] = [
        Spawned(seq, seq, seq / 10, path, parent, turn, 0, depth > 0, depth, goal, {"n": 2}, "terse", 512)
    ]
    for number in range(1, TURNS + 1):
        words = " ".join(random.choices(WORDS, k=TOKENS // 2))
        told = [Message("user", " ".join(random.choices(WORDS, k=12)))]
        if number == 1:
            told.insert(0, Message("system", "You craft items by writing Python. " * 20))
        call = Call("look", (random.choice(WORDS),), result={"has": random.randrange(9)})
        seq = made[-1].seq + 1
        made += [
            TurnStarted(seq, seq, seq / 10, path, number, tuple(told)),
            _acted(random, seq + 1, path, number, words),
            TurnEnded(seq + 2, seq, seq / 10, path, number, (call, call), "done", None, 0.0),
        ]
    return made


def _acted(random: Random, seq: int, path: str, turn: int, words: str) -> Acted:
    return Acted(
        seq,
        seq,
        seq / 10,
        path,
        turn,
        continues=turn > 1,
        prompt_ids=array("i", random.choices(range(600), k=30)),
        sampled_ids=array("i", random.choices(range(600), k=TOKENS)),
        logprobs=array("f", [-random.expovariate(2) for _ in range(TOKENS)]),
        entropies=array("f", [random.expovariate(1) for _ in range(TOKENS)]),
        policy_version=0,
        text=words,
        thought="",
        code=words,
        stop="stop",
        decode_steps=TOKENS,
    )


def _end(path: str, success: bool, seq: int) -> list[Event]:
    return [
        Finished(seq, seq, seq / 10, path, Status.FINISHED, "made", ""),
        Scored(seq + 1, seq, seq / 10, path, float(success), "verifier", None),
    ]
