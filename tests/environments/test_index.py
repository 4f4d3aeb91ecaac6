"""Texts are found by words, whatever is asked, and what has no room is said in a line."""

from __future__ import annotations

import pytest

from rao_lab.environments.index import Index, snippet, words_of
from rao_lab.errors import UnavailableError


def index(on_disk: bool = False) -> Index:
    made = Index(on_disk)
    for title, text in (
        ("Rent", "It is 900 euros."),
        ("Trip", "The train to Graz."),
        ("", "Café im Zug\udc80\0"),
    ):
        made.add(title, text)
    return made.sealed()


@pytest.mark.parametrize("on_disk", [False, True])
def test_texts_are_found_by_any_of_the_words_best_first(on_disk: bool) -> None:
    made = index(on_disk)
    assert (len(made), made.text(1)) == (3, "The train to Graz.")
    assert made.search("train rent graz", 5) == [1, 0] and made.search("rent train graz", 1) == [1]
    assert made.search("rent train", 5, lambda number: number == 0) == [0]
    assert made.search("CAFE\u0301 zug", 5) == [2] and made.search("bus", 5) == []


def test_what_is_searched_for_is_no_query_language() -> None:
    made = index()
    for words in ("", '"', "* OR NEAR(", "title:x", "a AND NOT", "\0", "-" * 9999, "\udc80", "x" * 10_000):
        assert made.search(words, 5) == []
    assert made.search('"rent" AND NOT (', 5) == [0]
    assert len(words_of(" ".join(map(str, range(10_000))))) == 16


def test_words_that_stand_everywhere_are_left_out_if_there_are_others() -> None:
    made = Index()
    for number in range(9000):
        made.add("", f"the letter {'rare' if number == 77 else ''}")
    made.sealed()
    assert made.search("the rare letter", 5) == [77]
    assert made.search("the letter", 2) == [0, 1]


def test_a_snippet_begins_near_the_first_word() -> None:
    assert snippet("a " * 100 + "the\n train  leaves", "TRAIN", 40).endswith("the train leaves")
    assert snippet("short", "x", 40) == "short"


def test_no_room_is_said_in_a_line() -> None:
    made = Index(on_disk=True)
    made._base.execute("PRAGMA max_page_count = 40")
    with pytest.raises(
        UnavailableError, match=r"texts cannot be kept for searching \(database or disk is full\)"
    ):
        for number in range(10_000):
            made.add("", f"{number} " * 1000)
