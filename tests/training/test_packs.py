"""Packs lose nothing; what sequences begin with is forwarded once, and no token sees a foreign one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rao_lab.errors import ConfigError
from rao_lab.training import packs
from rao_lab.training.packs import FULL, Pack, pack, pack_shared
from rao_lab.training.sequences import TrainSequence


def sequence(ids: list[int], mask: list[int]) -> TrainSequence:
    logprobs = np.where(np.array(mask, bool), -np.array(ids) / 100, 0).astype(np.float32)
    return TrainSequence(np.array(ids), np.array(mask, bool), logprobs, (1,))


def test_a_pack_by_hand() -> None:
    items = [sequence([1, 2, 3], [0, 1, 1]), sequence([4, 5, 6, 7, 8], [0, 1, 0, 0, 1])]
    (found,) = pack(items, token_budget=8)
    assert found.ids.tolist() == [[4, 5, 6, 7], [1, 2, 0, 0]]  # longest first, last tokens not read
    assert found.row.tolist() == [0, 0, 1, 1]
    assert found.column.tolist() == [0, 3, 0, 1]
    assert found.target.tolist() == [5, 8, 2, 3]
    assert found.owner.tolist() == [1, 1, 0, 0]
    np.testing.assert_allclose(found.logprobs, [-0.05, -0.08, -0.02, -0.03], rtol=1e-6)


def test_packs_stay_in_their_budget_and_hold_every_sequence_once() -> None:
    lengths = [3, 9, 5, 5, 2, 7, 40, 2]
    items = [sequence(list(range(length)), [0] + [1] * (length - 1)) for length in lengths]
    packs = pack(items, token_budget=16)
    assert sorted({owner for each in packs for owner in each.owner.tolist()}) == list(range(len(items)))
    assert sum(len(each) for each in packs) == sum(length - 1 for length in lengths)
    assert packs[0].ids.shape == (1, 39)  # longer than the budget: alone
    assert all(each.ids.size <= 16 for each in packs[1:])


def test_nothing_packs_to_nothing() -> None:
    assert pack([], 8) == []


def test_a_budget_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="pack of 0 tokens"):
        pack([], 0)


def test_a_shared_pack_by_hand() -> None:
    items = [
        sequence([1, 2, 5, 6], [0, 1, 0, 1]),
        sequence([1, 2, 3, 4], [0, 1, 1, 1]),
        sequence([1, 2, 5, 7], [0, 0, 0, 1]),
    ]
    (found,) = pack_shared(items, 8, 0.0)
    assert found.forest is not None and found.same is not None
    assert found.ids.tolist() == [[1, 2, 3, 5]]  # 1 2 3, then 5 after 1 2
    assert found.forest.positions.tolist() == [[0, 1, 2, 2]]
    assert found.forest.ends.tolist() == [[4, 4, 3, 4]]
    assert found.owner.tolist() == [1, 1, 1, 0, 0, 2]
    assert found.column[found.same].tolist() == [0, 1, 2, 0, 3, 3]
    assert found.target[found.same].tolist() == [2, 3, 4, 2, 6, 7]
    assert len(found.target) == 5  # the 2 is trained twice and scored once
    np.testing.assert_allclose(found.logprobs, [-0.02, -0.03, -0.04, -0.02, -0.06, -0.07], rtol=1e-6)


def context(found: Pack, row: int, column: int) -> list[int]:
    """The ids that a token sees, itself included."""
    assert found.forest is not None
    ends = found.forest.ends[row]
    return [int(found.ids[row, place]) for place in range(column + 1) if ends[place] > column]


several = st.lists(
    st.lists(st.integers(1, 2), min_size=2, max_size=9).flatmap(
        lambda ids: st.tuples(st.just(ids), st.lists(st.booleans(), min_size=len(ids), max_size=len(ids)))
    ),
    max_size=12,
)


@given(several, st.integers(1, 40), st.sampled_from([0.0, 0.1, 3.0]))
def test_each_trained_token_sees_its_own_sequence_and_nothing_else(
    drawn: list[tuple[list[int], list[bool]]], budget: int, attention: float
) -> None:
    items = [sequence(ids, [False, *mask[1:-1], True]) for ids, mask in drawn]  # type: ignore[list-item]
    found = pack_shared(items, budget, attention)
    seen: dict[int, list[tuple[list[int], int]]] = {}
    for each in found:
        assert each.same is not None and each.forest is not None
        assert len(each.ids) == 1 or each.ids.size <= budget
        assert np.count_nonzero(each.ids) >= FULL * each.ids.size
        for place, owner in zip(each.same.tolist(), each.owner.tolist(), strict=True):
            spot = int(each.row[place]), int(each.column[place])
            assert each.forest.positions[spot] == len(context(each, *spot)) - 1
            seen.setdefault(owner, []).append((context(each, *spot), int(each.target[place])))
    for index, item in enumerate(items):
        own = np.flatnonzero(item.mask)
        assert seen[index] == [(item.ids[:at].tolist(), int(item.ids[at])) for at in own]


def test_a_wider_row_is_taken_only_if_it_shares_more_than_attention_costs() -> None:
    items = [sequence([1, 2, *range(20 * each, 20 * each + 20)], [0] * 21 + [1]) for each in range(1, 5)]
    assert [found.ids.shape for found in pack_shared(items, 64, 0.0)] == [(1, 59), (1, 21)]
    assert [found.ids.shape for found in pack_shared(items, 64, 9.0)] == [(3, 21), (1, 21)]


def test_rows_too_wide_for_attention_to_all_pairs_are_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "WIDEST", 3)
    items = [sequence([1, 2, 3, 4, 5], [0, 0, 1, 1, 1])] * 2
    assert [each.forest for each in pack_shared(items, 64, 0.0)] == [None]


def test_nothing_shared_packs_to_nothing() -> None:
    assert pack_shared([], 8, 0.0) == []
    with pytest.raises(ConfigError, match="pack of 0 tokens"):
        pack_shared([], 0, 0.0)
