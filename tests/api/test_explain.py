"""Why a node got its advantage, in code: the sentence, the terms, and where each comes from."""

from __future__ import annotations

from html import escape
from pathlib import Path
from statistics import fmean

import pytest

import rao_lab as rl
from rao_lab.errors import ConfigError, MissingError
from tests.golden import make_sentences
from tests.support.trees import showcase_group


@pytest.fixture(scope="module")
def run(repo: Path) -> rl.Run:
    return rl.open_run(repo / "data/pathologies/as_it_should_be.rao")


def test_the_golden_sentences_are_those_of_today() -> None:
    assert make_sentences.SENTENCES.read_text("utf-8") == make_sentences.written(make_sentences.golden())


def test_a_node_of_a_run_is_explained_with_its_sources(run: rl.Run) -> None:
    found = rl.explain(run, at="12:2.2/0.1#credit")
    assert found.terms == run.attributions(12).find(2, 2, "0.1")
    assert found.goal == run.node(found.terms).goal
    assert found.sentence.startswith("It failed") and "1.120 below them" in found.sentence
    assert len(found.compared) == 5 and fmean(R for _, R in found.compared) == pytest.approx(found.terms.b)
    assert found.terms.node == "0.1" and "0.1" in dict(rl.explain(run, 12, "2.2").children)
    for words in (
        found.sentence,
        "R - b",
        "the weight of depth 1: N / (D n_d) = 159 nodes / (4 depths * 63 of them here)",
        "compared with, R: 1.400 of tree 1",
        "tree 3 of 6, address 2.2/0.1",
    ):
        assert words in str(found)
    assert found.terms.w == pytest.approx(159 / (4 * 63))
    whole = escape(" ".join(found.sentence.split()))
    assert whole in found._repr_html_(), "no sentence is cut"
    assert "tree 3 of 6, address 2.2/0.1" in found._repr_html_()
    assert found.to_dict()["terms"]["A"] == found.terms.A
    assert found.sentence in str(rl.Explorer(run, at="12:2.2/0.1")), "the text twin says it as well"


def test_groups_and_credit_at_hand_are_explained_too() -> None:
    group = showcase_group()
    credit = rl.attribute([group])
    assert rl.explain(group, tree=2, node="0.1").terms == credit.find(0, 2, "0.1")
    assert rl.explain(credit, tree="0.2").sentence == rl.explain([group], tree=2).sentence
    assert "\u03bb = 0" in rl.explain(group, tree=2, config=rl.CreditConfig(lam=0)).sentence


def test_a_tree_without_others_has_no_credit_in_words_as_in_its_view() -> None:
    world = rl.environments.Arithmetic()
    first, second = world.tasks("test")[:2]
    policy = rl.load_policy("scripted")
    one, other, lone = (
        rl.run(task, world, policy, seed=at) for at, task in enumerate((first, first, second))
    )
    groups = [rl.Group(first, (one, other), index=0), rl.Group(second, (lone,), index=1)]
    found = rl.explain(groups, tree="1.0", node="0.0")
    assert found.sentence == "It succeeded. No credit: the tree has no group."
    assert str(rl.Explorer(lone, node="0.0")).endswith(f"0.0: {found.sentence}")
    assert "which earns 1" in rl.explain(groups, tree="0.0", node="0.0").sentence


def test_what_has_no_credit_is_said(run: rl.Run) -> None:
    for given, words in (
        ({"step": 12, "tree": 38}, "a probe: recorded like other trees and never trained"),
        ({"step": 12, "tree": "2.9"}, "no tree '2.9'"),
        ({"at": "12:2.2/0.7"}, "no node '0.7'"),
        ({"step": 99}, "no step 99"),
    ):
        with pytest.raises(MissingError, match=words):
            rl.explain(run, **given)
    with pytest.raises(ConfigError, match="give it alone"):
        rl.explain(run, 12, at="12:2.2")
    with pytest.raises(ConfigError, match="brings its rule"):
        rl.explain(run, config=rl.CreditConfig())
