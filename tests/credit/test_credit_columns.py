"""Credit on columns: golden answers, the same as a plain computation, properties, a million nodes."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rao_lab.credit import WHY_NOT, CreditConfig, NodeTable, attribute_table, signal
from tests.golden.make import CREDIT, column, golden, legal, means
from tests.support.plain_credit import plain_credit

# Golden answers: the plain computation agrees with every number, and the file is fresh


@cache
def stored() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(CREDIT.read_text(encoding="utf-8"))
    return found


def close(found: list[Any], expected: list[Any]) -> bool:
    return len(found) == len(expected) and all(
        (a is None) == (b is None) and (a is None or abs(a - b) < 1e-12)
        for a, b in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("place", range(len(stored()["batches"])))
def test_golden_numbers_are_those_of_the_plain_computation(place: int) -> None:
    batch = stored()["batches"][place]
    for case in batch["cases"]:
        plain = plain_credit(batch["table"], case["config"], case["share_by"], case.get("moving"))
        for name, values in {**batch["children"], **case}.items():
            if name in plain:
                assert close(values, plain[name]), (case["config"], name)
        assert [WHY_NOT[code] for code in case["why"]] == plain["why_not"], case["config"]


def test_the_golden_file_is_what_the_command_writes() -> None:
    made = json.loads(json.dumps(golden()))
    assert made["refused"] == stored()["refused"]
    assert made["why_not"] == stored()["why_not"]
    for fresh, old in zip(made["batches"], stored()["batches"], strict=True):
        assert fresh["table"] == old["table"]
        for one, other in zip(fresh["cases"], old["cases"], strict=True):
            assert all(one.get(name) == other.get(name) for name in ("config", "moving", "why"))
            assert all(close(one[name], other[name]) for name in ("bonus", "R", "b", "A", "w", "c", "share"))


def test_golden_cases_hold_every_word_and_every_legal_combination() -> None:
    cases = [case for batch in stored()["batches"] for case in batch["cases"]]
    words = {WHY_NOT[code] for case in cases for code in case["why"]}
    assert words == set(WHY_NOT) - {"by_rule"}  # which no rule of the house gives
    asked = [case["config"] for case in cases]
    assert all(config.to_dict() in asked for config in legal())


# Properties


@st.composite
def tables(draw: st.DrawFn) -> NodeTable:
    """Forests of 1 to 3 groups with 2 to 4 trees each."""
    columns: list[tuple[Any, ...]] = []
    for group in range(draw(st.integers(1, 3))):
        for place in range(draw(st.integers(2, 4))):
            columns += draw(grown(group, place, len(columns)))
    group, tree_, path, parent, depth, s, status, tokens = zip(*columns, strict=True)
    return NodeTable(
        np.array(group, np.int32),
        np.array(tree_, np.int32),
        list(path),
        np.array(parent, np.int32),
        np.array(depth, np.int32),
        np.array([np.nan if value is None else value for value in s]),
        list(status),
        np.array(tokens, np.int64),
    )


@st.composite
def grown(draw: st.DrawFn, group: int, place: int, first: int) -> list[tuple[Any, ...]]:
    paths = ["0"]
    for _ in range(draw(st.integers(0, 5))):
        above = draw(st.sampled_from(paths))
        paths.append(f"{above}.{sum(path.rpartition('.')[0] == above for path in paths)}")
    paths.sort(key=lambda path: [int(part) for part in path.split(".")])
    rows = []
    for path in paths:
        above = path.rpartition(".")[0]
        ended = draw(st.sampled_from(["finished", "finished", "error", "cancelled" if above else "timeout"]))
        success = draw(st.sampled_from([None, 0.0, 0.25, 1.0]))
        parent = first + paths.index(above) if above else -1
        s, tokens = signal(ended, success), draw(st.integers(0, 3))
        rows.append((group, place, path, parent, path.count("."), s, ended, tokens))
    return rows


configs = st.sampled_from(legal())


def as_columns(table: NodeTable) -> dict[str, list[Any]]:
    names = ("group", "tree", "parent", "depth", "s", "tokens")
    return {"path": table.path, "status": table.status, **{n: column(getattr(table, n)) for n in names}}


@given(tables(), configs, st.sampled_from(["token", "node"]), st.integers(0, 1))
def test_columns_agree_with_the_plain_computation(
    table: NodeTable, config: CreditConfig, share_by: Any, place: int
) -> None:
    before = means(config, place)
    found = attribute_table(table, config, share_by, moving=before)
    known = None if before is None else column(before)
    plain = plain_credit(as_columns(table), config.to_dict(), share_by, known)
    assert found.why_not == plain.pop("why_not")
    for name, values in plain.items():
        assert close(column(getattr(found, name)), values), name


@given(tables(), configs)
def test_weights_add_up_to_the_number_of_trained_nodes(table: NodeTable, config: CreditConfig) -> None:
    found = attribute_table(table, config)
    assert found.w[found.trained].sum() == pytest.approx(found.trained.sum())
    assert found.depth_counts.sum() == found.trained.sum()
    if found.trained.any():
        assert found.share[found.trained].sum() == pytest.approx(1) or not found.c[found.trained].any()


@given(tables(), configs)
def test_none_never_leaks(table: NodeTable, config: CreditConfig) -> None:
    found = attribute_table(table, config)
    for name in ("A", "w", "c", "share"):
        assert (np.isnan(getattr(found, name)) == ~found.trained).all(), name
    assert (np.isnan(found.R) == np.isnan(found.s)).all()
    assert not np.isnan(found.bonus).any()
    for record in found:
        assert not any(
            value != value for value in (record.R, record.b, record.A, record.c) if value is not None
        )
        assert record.trained == (record.why_not is None) == (record.c is not None)


@given(tables(), configs)
def test_tokens_of_an_unscored_node_reach_no_number(table: NodeTable, config: CreditConfig) -> None:
    silent = np.isnan(table.s)
    if table.tokens[~silent].any():
        longer = replace(table, tokens=np.where(silent, table.tokens + 1, table.tokens))
        found, other = attribute_table(table, config), attribute_table(longer, config)
        assert other.share.tolist() == pytest.approx(found.share.tolist(), nan_ok=True)
        assert other.c.tolist() == pytest.approx(found.c.tolist(), nan_ok=True)


@given(tables(), configs, st.randoms(use_true_random=False))
def test_permuting_rollouts_permutes_the_results(table: NodeTable, config: CreditConfig, dice: Any) -> None:
    found = attribute_table(table, config)
    starts = [*table.tree_starts.tolist(), len(table)]
    blocks = [range(a, b) for a, b in pairwise(starts)]
    by_group: dict[int, list[range]] = {}
    for block in blocks:
        by_group.setdefault(int(table.group[block.start]), []).append(block)
    order = [*by_group.values()]
    dice.shuffle(order)
    for inside in order:
        dice.shuffle(inside)
    rows = [row for inside in order for block in inside for row in block]
    moved = attribute_table(permuted(table, rows), config)
    for name in ("R", "b", "A", "w", "c", "share"):
        assert getattr(moved, name).tolist() == pytest.approx(
            getattr(found, name)[rows].tolist(), nan_ok=True
        )
    assert moved.why_code.tolist() == found.why_code[rows].tolist()


def permuted(table: NodeTable, rows: list[int]) -> NodeTable:
    place = {row: index for index, row in enumerate(rows)}
    return NodeTable(
        table.group[rows],
        table.tree[rows],
        [table.path[row] for row in rows],
        np.array([place.get(int(table.parent[row]), -1) for row in rows], np.int32),
        table.depth[rows],
        table.s[rows],
        [table.status[row] for row in rows],
        table.tokens[rows],
    )


def test_a_million_nodes_are_arrays() -> None:
    trees, size = 20_000, 50
    rows = np.arange(trees * size)
    within = rows % size
    parent = np.where(within == 0, -1, rows - within)
    table = NodeTable(
        group=(rows // size // 8).astype(np.int32),
        tree=(rows // size % 8).astype(np.int32),
        path=["0"] * len(rows),
        parent=parent.astype(np.int32),
        depth=(within > 0).astype(np.int32),
        s=(within % 2).astype(np.float64),
        status=["finished"] * len(rows),
        tokens=np.ones(len(rows), np.int64),
    )
    found = attribute_table(table, CreditConfig())
    # root: 25 of its 49 children succeed; all roots alike, so a failed child has A = -b, another 1 - b
    b = 0.4 * 25 / 49
    assert found.A[:3].tolist() == pytest.approx([0, 1 - b, -b])
    assert found.w[:2].tolist() == pytest.approx([25, 25 / 49])
    assert found.depth_counts.tolist() == [trees, trees * 49]
