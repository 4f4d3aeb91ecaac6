"""What a command prints, as it stands in a terminal."""

from __future__ import annotations

from rao_lab.cli.output import folded


def test_a_long_line_is_folded_between_words_and_keeps_its_numbers_whole() -> None:
    line = "  easy     success 1.00 [0.34, 1.00] on 2 tasks, 1.0 nodes (at most 1), depth 0.0, 12.5 s"
    parts = folded(line, 60).split("\n")
    assert len(parts) == 2 and all(len(part) <= 60 for part in parts)
    assert " ".join(part.strip() for part in parts) == line.strip()
    assert parts[0].startswith("  easy") and parts[1].startswith("      ")
    assert folded(line, 200) == line


def test_a_word_that_is_too_long_stays_whole() -> None:
    assert "x" * 90 in folded(f"kept in {'x' * 90} now", 80)
