"""Sequences come from recorded ids alone; each sampled token is trained once; packs lose nothing."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rao_lab.errors import ConfigError, RecordError
from rao_lab.training.sequences import TrainSequence, pack, sequences
from rao_lab.tree import Node, Turn


def turn(index: int, prompt: list[int], sampled: list[int], continues: bool = False) -> Turn:
    logprobs = array("f", [-token / 100 for token in sampled])
    return Turn(
        index,
        continues=continues,
        prompt_ids=array("i", prompt),
        sampled_ids=array("i", sampled),
        logprobs=logprobs,
        entropies=array("f", [0.0] * len(sampled)),
    )


def node(*turns: Turn) -> Node:
    return Node("0", turns=turns)


def test_turns_that_continue_are_one_sequence() -> None:
    (found,) = sequences(node(turn(1, [1, 2], [10, 11]), turn(2, [3], [12], continues=True)))
    assert found.ids.tolist() == [1, 2, 10, 11, 3, 12]
    assert found.mask.tolist() == [False, False, True, True, False, True]
    np.testing.assert_allclose(found.logprobs, [0, 0, -0.10, -0.11, 0, -0.12], rtol=1e-6)
    assert found.turns == (1, 2)


def test_a_whole_prompt_that_begins_with_the_ids_so_far_joins_them() -> None:
    (found,) = sequences(node(turn(1, [1, 2], [10]), turn(2, [1, 2, 10, 3], [11])))
    assert found.ids.tolist() == [1, 2, 10, 3, 11]
    assert found.mask.tolist() == [False, False, True, False, True]


def test_a_prompt_that_differs_anywhere_starts_a_new_sequence() -> None:
    first, second = sequences(node(turn(1, [1, 2], [10, 11]), turn(2, [1, 2, 10, 3], [12])))
    assert first.ids.tolist() == [1, 2, 10, 11]
    assert second.ids.tolist() == [1, 2, 10, 3, 12]
    assert second.mask.tolist() == [False, False, False, False, True]  # the 10 is context here


def test_what_follows_the_last_sampled_token_is_left_out() -> None:
    (found,) = sequences(node(turn(1, [1], [10]), turn(2, [2, 3], [], continues=True)))
    assert found.ids.tolist() == [1, 10]


def test_a_turn_that_sampled_nothing_stays_context_of_the_next() -> None:
    turns = turn(1, [1], [10]), turn(2, [2], [], continues=True), turn(3, [3], [11], continues=True)
    (found,) = sequences(node(*turns))
    assert found.ids.tolist() == [1, 10, 2, 3, 11]
    assert found.turns == (1, 3)


def test_a_node_without_sampled_tokens_has_no_sequence() -> None:
    assert sequences(node()) == []
    assert sequences(node(turn(1, [1, 2], []))) == []


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (turn(1, [1], [10], continues=True), "continues a context"),
        (turn(1, [], [10]), "empty prompt"),
        (Turn(1, prompt_ids=array("i", [1]), sampled_ids=array("i", [2])), "1 sampled ids but 0 log-probs"),
    ],
)
def test_a_turn_that_contradicts_itself_is_named(bad: Turn, words: str) -> None:
    with pytest.raises(RecordError, match=f"node 0, turn 1: .*{words}"):
        sequences(node(bad))


ids = st.lists(st.integers(0, 3), min_size=1, max_size=4)


@given(st.lists(st.tuples(st.booleans(), ids, st.lists(st.integers(0, 3), max_size=4)), max_size=6))
def test_each_sampled_token_is_trained_in_exactly_one_sequence(shape: list) -> None:
    turns = [
        turn(at + 1, prompt, sampled, continues=continues and at > 0)
        for at, (continues, prompt, sampled) in enumerate(shape)
    ]
    found = sequences(node(*turns))
    trained = [token for item in found for token in item.ids[item.mask].tolist()]
    assert trained == [token for each in turns for token in each.sampled_ids]
    assert sorted({index for item in found for index in item.turns}) == [
        each.index for each in turns if each.sampled_ids
    ]


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
