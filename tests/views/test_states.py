"""Every state without content has one sentence, the same on both sides."""

from __future__ import annotations

import json
import re
from pathlib import Path

from rao_lab.views.explorer.states import STATES, sentence_of


def test_both_halves_have_the_same_table(repo: Path) -> None:
    source = (repo / "widgets/src/step/states.js").read_text("utf-8")
    table = re.search(r"const STATES = (\{.*?\n\});", source, re.DOTALL)
    assert table is not None and json.loads(table[1]) == STATES


def test_every_sentence_is_whole() -> None:
    for state in STATES:
        words = sentence_of(state, 3)
        assert words[0].isupper() and words.endswith(".") and "{" not in words, words
