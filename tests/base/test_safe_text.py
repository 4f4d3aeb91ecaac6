"""Hostile text is shown and does not act."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rao_lab.base.safe_text import cells, for_shell, one_line, shorten, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, été, 日本, 😀", "plain text, été, 日本, 😀"),
        ("\x1b[31mred\x07", "␛[31mred␇"),
        ("a\x00b\x7f\x9b", "a␀b␡⟨009B⟩"),
        ("user\u202etxt.exe", "user⟨202E⟩txt.exe"),
        ("\u2066isolate\u2069", "⟨2066⟩isolate⟨2069⟩"),
        ("zero\u200bwidth\ufeff", "zero⟨200B⟩width⟨FEFF⟩"),
        ("tag\U000e0041", "tag⟨E0041⟩"),
        ("lone \ud800", "lone ⟨D800⟩"),
        ("line\r\nbreak\tand tab\n", "line\nbreak\tand tab\n"),
        ("back\rto start", "back␍to start"),
        ("z" + "\u0301" * 50, "z" + "\u0301" * 4 + "…"),
        ("", ""),
    ],
)
def test_acting_characters_become_marks(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters()))
def test_nothing_that_acts_is_left(text: str) -> None:
    shown = visible(text)
    shown.encode()
    bad = {character for character in shown if unicodedata.category(character) in ("Cc", "Cs")}
    assert bad <= {"\n", "\t"}
    assert not any(
        unicodedata.bidirectional(character) in ("LRO", "RLO", "LRE", "RLE", "PDF") for character in shown
    )


@given(st.text(st.characters()))
def test_what_is_visible_stays_as_it_is(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize(
    ("name", "posix", "windows"),
    [
        ("runs/a-1.rao", "runs/a-1.rao", "runs/a-1.rao"),
        ("C:\\my runs\\a.rao", "'C:\\my runs\\a.rao'", '"C:\\my runs\\a.rao"'),
        ("O'Brien.rao", "'O'\"'\"'Brien.rao'", '"O\'Brien.rao"'),
        ("it's $5.rao", "'it'\"'\"'s $5.rao'", "'it''s $5.rao'"),
        ("-a.rao", "./-a.rao", "./-a.rao"),
        ("a" * 300, "a" * 300, "a" * 300),
    ],
)
def test_a_path_in_a_command_can_be_pasted(name: str, posix: str, windows: str) -> None:
    """Neither cmd nor PowerShell knows the quotation of a POSIX shell."""
    assert (for_shell(name, windows=False), for_shell(name, windows=True)) == (posix, windows)


def test_one_line_is_one_line() -> None:
    assert one_line("a\n\n b\t\tc ") == "a ⏎ ⏎ b c"


@given(st.text(st.characters()), st.integers(0, 30))
def test_a_line_keeps_within_its_cells(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert cells(line) <= limit
    assert "\n" not in line and "\t" not in line


def test_cells_count_wide_characters_twice_and_marks_not_at_all() -> None:
    assert (cells("abc"), cells("日本"), cells("e\u0301")) == (3, 4, 1)


def test_a_cut_shows_that_something_is_missing() -> None:
    assert shorten("four words in a line", 11) == "four words…"
    assert shorten("four words", 10) == "four words"
    assert shorten("日本語", 4) == "日…"
    assert shorten("abcdef", 5, "...") == "ab..."


def test_a_huge_text_is_cut_before_it_is_read_through() -> None:
    assert one_line("\x1b" * 10_000_000, 10) == "␛" * 9 + "…"
