"""An answer counts in whatever form it comes, and only if it is the whole answer."""

from __future__ import annotations

import pytest

import rao_lab as rl
from rao_lab.environments.answers import same
from rao_lab.environments.drawn import SPLITS, drawn_of, split_of


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        *(("Ada Lovelace", "Ada Lovelace"), ("  ada\tLOVELACE. ", "Ada Lovelace"), ('"Ada"', "Ada")),
        *(("Café", "Cafe\u0301"), ("straße", "STRASSE"), ("12", 12), (12.0, "12"), ("1,200.50", 1200.5)),
        *(("-3", -3), (7, 7.0), ("+7", 7)),
    ],
)
def test_form_does_not_matter(value: object, wanted: str | float) -> None:
    assert same(value, wanted)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        *(("", "Ada"), ("", ""), (None, "None"), ("*", "Ada"), ("Ada, Bob, Eve", "Ada"), (["Ada"], "Ada")),
        *(("Ada or Bob", "Ada"), ("Adam", "Ada"), ({"a": "Ada"}, "Ada"), ("Ada " * 500, "Ada"), (True, 1)),
        *((1, True), ("12 13", 12), (float("nan"), "nan"), ("1e2", 100), ("...", "!"), (2**70 + 1, 2.0**70)),
        ("12.", "12 pounds"),
    ],
)
def test_content_does(value: object, wanted: str | float) -> None:
    assert not same(value, wanted)


def test_a_content_has_one_split() -> None:
    found = [split_of(str(number)) for number in range(2000)]
    assert set(found) == set(SPLITS)
    assert found == [split_of(str(number)) for number in range(2000)]
    assert 1300 < found.count("train") < 1500 and 230 < found.count("dev") < 370


def test_a_split_that_never_comes_ends_with_a_word() -> None:
    few = iter(range(10**6))
    content = next(str(number) for number in range(100) if split_of(str(number)) == "train")
    assert split_of(str(drawn_of("dev", lambda: next(few)))) == "dev"
    with pytest.raises(
        rl.ConfigError, match="too few different tasks: 1,000 draws gave 1 different, and none of split 'dev'"
    ):
        drawn_of("dev", lambda: content)
