"""Sequences come from recorded ids alone; each sampled token is trained once."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rao_lab.errors import RecordError
from rao_lab.training.sequences import sequences
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
