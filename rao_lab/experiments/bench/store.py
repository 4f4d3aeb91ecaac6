"""The run file: what recording costs the trainer, how large a step is, how soon a run is open.

A typical step is 64 trees (8 groups of 8) of 6 nodes with 3 turns of 60 sampled tokens each. Texts are
as various as an untrained policy makes them; ids, log-probs and entropies are drawn at random, which is
the worst case for their compression.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from time import perf_counter

from rao_lab.credit import attribute
from rao_lab.experiments.bench import Case, Say, seconds
from rao_lab.store import RunWriter, open_run
from rao_lab.tree import (
    Acted,
    Call,
    Event,
    Finished,
    Group,
    Message,
    Node,
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

GROUPS, ROLLOUTS, NODES, TURNS, TOKENS, STEPS = 8, 8, 6, 3, 60, 40
WORDS = [f"{kind}_{item}" for kind in ("raw", "plank", "stone", "make", "look") for item in range(40)]


def measure(say: Say) -> Sequence[Case]:
    with tempfile.TemporaryDirectory() as folder:
        say("a typical step")
        histories = [_history(1, group, rollout) for group in range(GROUPS) for rollout in range(ROLLOUTS)]
        groups = _groups(histories)
        cases = _writing(Path(folder), histories, groups)
        say(f"a run of {STEPS} steps")
        cases += _reading(_run(Path(folder), groups))
        say("a step of 50,000 nodes")
        cases += _wide(Path(folder))
    return cases


def _writing(
    folder: Path, histories: Sequence[tuple[TreeHeader, list[Event]]], groups: Sequence[Group]
) -> list[Case]:
    """The trainer's side: the cost of a call, and the wait until a whole step is on the disk."""
    count = sum(len(events) for _, events in histories)
    with RunWriter(folder / "events.rao", {}) as writer:
        started = perf_counter()
        for key, (header, events) in enumerate(histories):
            for event in events:
                writer.event(key, header, event)
        per_event = (perf_counter() - started) / count
        writer.flush()
    with RunWriter(folder / "step.rao", {}) as writer:
        empty = (folder / "step.rao").stat().st_size
        credit = attribute(groups)
        started = perf_counter()
        for group in groups:
            for tree in group.trees:
                writer.tree_done(tree)
        writer.end_step(1, credit, {})
        stored = perf_counter() - started
    size = (folder / "step.rao").stat().st_size
    return [
        Case("event on the caller's thread", per_event * 1e6, "us"),
        Case("step until it is on the disk", stored * 1e3, "ms"),
        Case("empty run", empty / 1e6, "MB"),
        Case("typical step", (size - empty) / 1e6, "MB"),
    ]


def _reading(path: Path) -> list[Case]:
    opened = seconds(lambda: open_run(path), 20)
    with open_run(path) as run:
        groups = seconds(lambda: run.groups(STEPS // 2))
        columns = seconds(lambda: run.node_table(STEPS // 2), 20)
        tree = run.trees(STEPS // 2)[5].id
        node = seconds(lambda: run.node(tree, "0.1"), 20)
        credit = seconds(lambda: run.attributions(STEPS // 2), 20)
        trees = seconds(lambda: open_run(path).trees())
    return [
        Case(f"open a run of {STEPS} steps", opened * 1e3, "ms"),
        Case(
            "open and list all its trees", trees * 1e3, "ms", f"open a run of {STEPS} steps", trees / opened
        ),
        Case("columns of a step", columns * 1e3, "ms"),
        Case("attributions of a step", credit * 1e3, "ms"),
        Case("one node with its texts", node * 1e3, "ms"),
        Case("groups of a step, whole", groups * 1e3, "ms", "columns of a step", groups / columns),
    ]


def _wide(folder: Path) -> list[Case]:
    """A step of 250 trees of 200 nodes."""
    header, _ = _history(1, 0, 0)
    children = tuple(f"0.{index}" for index in range(199))
    root = Node("0", goal="all", children=children, status=Status.FINISHED, success=1.0)
    leaves = (
        Node(path, "0", index, 1, depth=1, goal="part", status=Status.FINISHED, success=0.0)
        for index, path in enumerate(children)
    )
    tree = Tree(header, (root, *leaves))
    with RunWriter(folder / "wide.rao", {}) as writer:
        for rollout in range(250):
            writer.tree_done(replace(tree, header=replace(header, rollout=rollout)))
    with open_run(folder / "wide.rao") as run:
        return [Case("columns of 50,000 nodes", seconds(lambda: run.node_table(1)) * 1e3, "ms")]


def _run(folder: Path, groups: Sequence[Group]) -> Path:
    path = folder / "run.rao"
    with RunWriter(path, {}) as writer:
        for step in range(1, STEPS + 1):
            writer.begin_step(step)
            for group in groups:
                for tree in group.trees:
                    writer.tree_done(replace(tree, header=replace(tree.header, step=step)))
            writer.end_step(step, attribute(groups), {f"metric_{number}": step / 7 for number in range(40)})
    return path


def _groups(histories: Sequence[tuple[TreeHeader, list[Event]]]) -> list[Group]:
    trees: list[list[Tree]] = [[] for _ in range(GROUPS)]
    for header, events in histories:
        trees[header.group].append(fold(header, events))
    return [Group(each[0].task, tuple(each), 1, index) for index, each in enumerate(trees)]


def _history(step: int, group: int, rollout: int) -> tuple[TreeHeader, list[Event]]:
    """A root with two children, of which the first has three: what was said of them, in order."""
    random = Random(f"{step} {group} {rollout}")
    header = TreeHeader(
        Task(f"task {group}", "craft 2x plank_3", "medium", "train"),
        environment="textcraft",
        seed=7,
        step=step,
        group=group,
        rollout=rollout,
        policy="tiny",
        limits={"max_depth": 4, "max_nodes": 64},
    )
    events: list[Event] = []
    for path in ("0", "0.0", "0.0.0", "0.0.1", "0.0.2", "0.1"):
        events += _begin(random, path, len(events))
    for path in ("0.0.0", "0.0.1", "0.0.2", "0.0", "0.1", "0"):
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
