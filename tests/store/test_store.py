"""The run file holds everything, bit for bit: trees, nodes, credit, metrics and texts."""

from __future__ import annotations

import os
import socket
import sqlite3
import zlib
from array import array
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rao_lab.credit import Attributions, CreditConfig, attribute, tabulate
from rao_lab.errors import MissingError, RecordError, RunFileError, UnavailableError
from rao_lab.store import RunWriter, export_copy, open_run
from rao_lab.store.columns.credit import attributions_from_bytes, attributions_to_bytes
from rao_lab.store.columns.nodes import STATUSES
from rao_lab.store.rows.encode import portable
from rao_lab.tree import Call, Message, Node, Status, Task, Tree, TreeHeader, Turn
from tests.support.run_files import record
from tests.support.trees import random_group, showcase_group

COLUMNS = ("s", "child_mean", "child_min", "bonus", "R", "b", "A", "w", "c", "share")


def odd_tree() -> Tree:
    """A tree that holds every kind of value, text and float that is easy to lose."""
    values = {1: (2, {3}), "s": b"\0\xff", "n": float("inf"), None: [True, -(2**80)], "e": {}}
    calls = (
        Call("f", (1, "a"), {"k": [1.5]}, result=values),
        Call("g", error="it broke"),
        Call("launch_subagent", ("do it",), child="0.0"),
        Call("launch_subagent", ("no",), error="refused"),
    )
    turn = Turn(
        index=1,
        messages=(Message("system", "Σ \ud800 end"), Message("user", "")),
        prompt_ids=array("i", [0, 2**31 - 1, -1]),
        sampled_ids=array("i", [5, 6]),
        logprobs=array("f", [-0.1, float("-inf")]),
        entropies=array("f", [float("nan"), 0.0]),
        policy_version=3,
        text="x" * 5000,
        thought="",
        code="a\r\nb\0c",
        stop="length",
        calls=calls,
        output="out",
        error="",
        children=("0.0",),
        started=0.1,
        sampled=0.2,
        ended=0.30000000000000004,
        started_tick=1,
        sampled_tick=2,
        ended_tick=3,
        waiting_seconds=0.05,
        decode_steps=2,
    )
    root = Node(
        "0",
        goal="make",
        args={"items": ("a", 1)},
        template="terse",
        turns=(turn, Turn(2, continues=True)),
        value=values,
        status=Status.FINISHED,
        reason="because",
        success=0.5,
        success_source="judge",
        fraction=1 / 3,
        refusals={"depth": 2},
        children=("0.0",),
        ended=1.5,
        ended_tick=9,
        window=128,
    )
    child = Node(
        "0.0",
        "0",
        parent_turn=1,
        launch_batch=2,
        together=True,
        depth=1,
        status=Status.ERROR,
        started=0.4,
        started_tick=4,
    )
    header = TreeHeader(
        Task("t", "make", max_steps=7, data={"a": [1]}),
        environment="world",
        agent="flat",
        seed=2**70,
        step=1,
        policy="tiny",
        policy_version=3,
        limits={"max_depth": 4},
    )
    return Tree(header, (root, child), ended=2.5, ended_tick=10, not_reproducible="a clock fired")


def same_bits(first: Tree, second: Tree) -> bool:
    """NaN is not equal to itself: compare such arrays by their bytes."""
    for one, other in zip(first.nodes, second.nodes, strict=True):
        for turn, again in zip(one.turns, other.turns, strict=True):
            for name in ("prompt_ids", "sampled_ids", "logprobs", "entropies"):
                if getattr(turn, name).tobytes() != getattr(again, name).tobytes():
                    return False
    plain = [
        replace(
            tree,
            nodes=tuple(
                replace(n, turns=tuple(replace(t, entropies=array("f")) for t in n.turns)) for n in tree.nodes
            ),
        )
        for tree in (first, second)
    ]
    return plain[0] == plain[1]


def test_groups_come_back_equal(tmp_path: Path) -> None:
    groups = [showcase_group(), random_group(3, size=4, index=1)]
    with open_run(record(tmp_path / "a.rao", {1: groups})) as run:
        assert run.groups(1) == groups


def test_a_tree_of_every_kind_of_value_comes_back_bit_for_bit(tmp_path: Path) -> None:
    tree = odd_tree()
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        writer.tree_done(tree)
    with open_run(tmp_path / "a.rao") as run:
        assert same_bits(run.trees()[0].load(), tree)


def test_attributions_come_back_bit_for_bit(tmp_path: Path) -> None:
    groups = [random_group(seed, size=4, index=seed) for seed in range(3)]
    given = attribute(groups, CreditConfig(lam=0.3, estimator="root_only"))
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        writer.end_step(1, given)
    back = open_run(tmp_path / "a.rao").attributions(1)
    assert [getattr(back, name).tobytes() for name in COLUMNS] == [
        getattr(given, name).tobytes() for name in COLUMNS
    ]
    assert (back.config, back.why_not, back.table.path) == (given.config, given.why_not, given.table.path)
    assert repr(list(back)) == repr(list(given))


def test_the_drift_of_tokens_comes_back_bit_for_bit_and_older_files_have_none(tmp_path: Path) -> None:
    given = attribute([random_group(seed, size=4, index=seed) for seed in range(3)])
    count = int(given.table.tokens[given.trained].sum())
    drift = np.linspace(-9.0, 0.3, count).astype(np.float16)
    drift[3:9] = np.nan
    raw, config = attributions_to_bytes(replace(given, drift=drift)), given.config.to_dict()
    back = attributions_from_bytes(raw, config)
    assert back.drift.tobytes() == drift.tobytes()
    parts = [back.drift_of(row) for row in range(len(back)) if back.trained[row]]
    assert np.concatenate(parts).tobytes() == drift.tobytes()
    assert [len(part) for part in parts] == given.table.tokens[given.trained].tolist()
    older = attributions_to_bytes(given)
    assert attributions_from_bytes(older, config).drift is None
    assert (
        raw.partition(b"\n")[2][: len(older.partition(b"\n")[2])] == older.partition(b"\n")[2]
    )  # older readers
    with pytest.raises(RunFileError, match="the drift of"):
        attributions_from_bytes(attributions_to_bytes(replace(given, drift=drift[1:])), config)
    with pytest.raises(RunFileError, match="infinite"):
        attributions_from_bytes(
            attributions_to_bytes(replace(given, drift=drift * np.float16("inf"))), config
        )


def test_attributions_of_other_configs_are_kept_beside_the_trainers(tmp_path: Path) -> None:
    groups = [showcase_group()]
    other = CreditConfig(lam=0.0)
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        writer.end_step(1, attribute(groups), also=[attribute(groups, other)])
    run = open_run(tmp_path / "a.rao")
    assert run.attributions(1).config == CreditConfig()
    assert run.attributions(1, other).config == other
    with pytest.raises(MissingError, match="by this config"):
        run.attributions(1, CreditConfig(lam=0.9))


def test_node_columns_give_the_table_that_credit_makes_of_whole_trees(tmp_path: Path) -> None:
    groups = [random_group(seed, size=4, index=2 * seed) for seed in range(3)]
    probes = [random_group(9, size=2, index=0, probe=True)]
    columns = open_run(record(tmp_path / "a.rao", {1: [*groups, *probes]})).node_table(1)
    ours, theirs = columns.credit_table(), tabulate(groups)
    for name in ("group", "tree", "parent", "depth", "tokens"):
        assert getattr(ours, name).tolist() == getattr(theirs, name).tolist(), name
    assert (ours.path, ours.status) == (theirs.path, theirs.status)
    assert np.array_equal(ours.s, theirs.s, equal_nan=True)


def test_node_columns_say_what_the_nodes_say(tmp_path: Path) -> None:
    group = showcase_group()
    run = open_run(record(tmp_path / "a.rao", {1: [group]}))
    columns = run.node_table(1)
    nodes = [node for tree in group.trees for node in tree.nodes]
    assert columns.tokens_out.tolist() == [node.tokens_out for node in nodes]
    assert columns.peak_context.tolist() == [node.peak_context for node in nodes]
    assert columns.compute_seconds.tolist() == [node.compute_seconds for node in nodes]
    texts = run.texts(columns.goal.tolist())
    assert [texts[goal] for goal in columns.goal.tolist()] == [node.goal for node in nodes]


def test_every_status_has_its_number_in_the_file() -> None:
    assert sorted(STATUSES) == sorted(Status)


def test_lists_tell_steps_trees_and_metrics_without_nodes(tmp_path: Path) -> None:
    groups = [random_group(1, size=3, nodes=4, index=0), random_group(2, size=3, nodes=4, index=1)]
    probes = [random_group(3, size=1, nodes=2, index=0, probe=True)]
    run = open_run(record(tmp_path / "a.rao", {0: [], 1: [*groups, *probes], 2: []}))
    count = sum(len(tree) for group in [*groups, *probes] for tree in group.trees)
    told = [(s.step, s.groups, s.trees, s.probe_trees, s.nodes, s.attempt) for s in run.steps]
    assert told == [(0, 0, 0, 0, 0, 1), (1, 2, 6, 1, count, 1), (2, 0, 0, 0, 0, 1)]
    assert run.metrics == [{"step": 0, "loss": 0.0}, {"step": 1, "loss": 0.1}, {"step": 2, "loss": 0.2}]
    first = run.trees(1)[0]
    tree = groups[0].trees[0]
    assert (first.task, first.nodes, first.depth, first.success) == (
        tree.task.id,
        len(tree),
        tree.depth,
        tree.success,
    )
    assert [t.probe for t in run.trees()] == [False] * 6 + [True]
    assert run.groups(1, probe=True) == probes


def test_one_node_is_read_without_its_tree(tmp_path: Path) -> None:
    group = showcase_group()
    run = open_run(record(tmp_path / "a.rao", {1: [group]}))
    third = run.trees(1)[2]
    assert [run.node(third.id, node.path) for node in group.trees[2].nodes] == [*group.trees[2].nodes]
    with pytest.raises(MissingError, match=r"closest ancestor here is 0"):
        run.node(third.id, "0.99")


def test_forks_are_trees_of_no_group(tmp_path: Path) -> None:
    group = random_group(1, size=2)
    fork = replace(group.trees[0], header=replace(group.trees[0].header, origin={"tree": 1, "node": "0"}))
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        for tree in (*group.trees, fork, fork):
            writer.tree_done(tree)
    run = open_run(tmp_path / "a.rao")
    assert run.groups(1) == [group]
    assert [each.load() for each in run.forks()] == [fork, fork]


def test_the_same_place_twice_is_a_contradiction(tmp_path: Path) -> None:
    tree = random_group(1, size=1).trees[0]
    writer = RunWriter(tmp_path / "a.rao", {})
    writer.tree_done(tree)
    writer.tree_done(tree)
    with pytest.raises(RecordError, match="tree 0 of group 0, step 1, is already in this run"):
        writer.flush()
    writer.close()


def test_a_text_is_stored_once(tmp_path: Path) -> None:
    group = showcase_group()
    record(tmp_path / "a.rao", {1: [group]})
    with sqlite3.connect(tmp_path / "a.rao") as connection:
        count, distinct = connection.execute("SELECT count(*), count(DISTINCT hash) FROM texts").fetchone()
    connection.close()
    turns = sum(len(node.turns) for tree in group.trees for node in tree.nodes)
    assert count == distinct < 4 * turns


def test_nothing_of_the_machine_or_its_user_is_in_the_file(tmp_path: Path) -> None:
    tree = random_group(1, size=1).trees[0]
    config = {"policy": "/home/someone/models/mine", "endpoint": "http://key@box.local:8000/v1#qwen", "n": 1}
    with RunWriter(tmp_path / "a.rao", config) as writer:
        writer.tree_done(replace(tree, header=replace(tree.header, policy="/opt/secret/model")))
        writer.note_checkpoint(1, tmp_path / "a.rao.ckpt" / "step-1")
    run = open_run(tmp_path / "a.rao")
    assert run.config == {"policy": "mine", "endpoint": "endpoint#qwen", "n": 1}
    assert run.tree(1).header.policy == "model"
    with sqlite3.connect(tmp_path / "a.rao") as connection:
        texts = connection.execute("SELECT size, body FROM texts").fetchall()
    connection.close()
    unpacked = [body if len(body) == size else zlib.decompress(body) for size, body in texts]
    data = b"\n".join([(tmp_path / "a.rao").read_bytes(), *unpacked])
    private = [
        str(tmp_path),
        "someone",
        "secret",
        "box.local",
        socket.gethostname(),
        os.environ.get("PATH", "/usr/bin:"),
    ]
    assert [word for word in private if len(word) > 3 and word.encode() in data] == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("hub/model", "hub/model"),
        ("/a/b/", "b"),
        ("~/x.json", "x.json"),
        ("C:\\models\\m", "m"),
        ("https://h/v1", "endpoint"),
        (["/a/b", {"k": "/c"}], ["b", {"k": "c"}]),
        ("and/or", "and/or"),
        (3, 3),
    ],
)
def test_paths_and_addresses_are_cut(given: Any, kept: Any) -> None:
    assert portable(given) == kept


def test_versions_are_recorded(tmp_path: Path) -> None:
    record(tmp_path / "a.rao", {})
    packages = open_run(tmp_path / "a.rao").packages
    assert packages["numpy"] == np.__version__
    assert packages.keys() >= {"python", "system", "machine", "sqlite"}


def test_metrics_may_hold_numbers_of_numpy_and_nan(tmp_path: Path) -> None:
    metrics = {
        "a": np.float32(0.5),
        "b": np.int64(3),
        "c": np.arange(2),
        "by": {2: np.bool_(True)},
        "n": float("nan"),
    }
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        writer.end_step(1, None, metrics)
    (row,) = open_run(tmp_path / "a.rao").metrics
    assert np.isnan(row.pop("n"))
    assert row == {"step": 1, "a": 0.5, "b": 3, "c": [0, 1], "by": {2: True}}


def test_a_large_tree_comes_back(tmp_path: Path) -> None:
    nodes = [Node("0", children=tuple(f"0.{i}" for i in range(3000)), status=Status.FINISHED)]
    nodes += [Node(f"0.{i}", "0", i, depth=1, status=Status.FINISHED) for i in range(3000)]
    tree = Tree(TreeHeader(Task("t", "g"), step=1), tuple(nodes))
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        writer.tree_done(tree)
    run = open_run(tmp_path / "a.rao")
    assert run.tree(1) == tree
    assert run.node_table(1).parent.tolist() == [-1] + [0] * 3000


def test_a_copy_is_the_same_run(tmp_path: Path) -> None:
    groups = [random_group(1, size=3)]
    source = record(tmp_path / "a.rao", {1: groups})
    copy = export_copy(source, tmp_path / "b.rao")
    assert open_run(copy).groups(1) == groups
    with pytest.raises(RunFileError, match=r"b\.rao exists already"):
        export_copy(source, copy)
    with pytest.raises(UnavailableError, match="no folder"):
        export_copy(source, tmp_path / "nowhere" / "c.rao")


def test_why_codes_survive(tmp_path: Path) -> None:
    given: Attributions = attribute([showcase_group()], CreditConfig(estimator="root_only"))
    with RunWriter(tmp_path / "a.rao", {}) as writer:
        writer.end_step(1, given)
    assert open_run(tmp_path / "a.rao").attributions(1).why_not == given.why_not
