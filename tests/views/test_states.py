"""Every state without content has one sentence, the same on both sides."""

from __future__ import annotations

import json
import re
from pathlib import Path

from rao_lab.store import RunWriter, open_run
from rao_lab.views.explorer.from_run import RunSource
from rao_lab.views.explorer.look import Look
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.states import STATES, sentence_of
from rao_lab.views.explorer.still import told
from tests.support.live import TRAIN, Stage, finish, script
from tests.support.trees import random_group


def test_both_halves_have_the_same_table(repo: Path) -> None:
    source = (repo / "widgets/src/step/states.js").read_text("utf-8")
    table = re.search(r"const STATES = (\{.*?\n\});", source, re.DOTALL)
    assert table is not None and json.loads(table[1]) == STATES


def test_every_sentence_is_whole() -> None:
    for state in STATES:
        words = sentence_of(state, 3)
        assert words[0].isupper() and words.endswith(".") and "{" not in words, words


def state_in_words(source: Source, step: int) -> str:
    """What the twin says under its head."""
    return str(told(source, source.table, "", Look(step=step))).splitlines()[1]


def test_a_run_file_says_of_each_step_why_it_has_no_trees_or_no_credit(tmp_path: Path) -> None:
    _, groups = script(2)
    probe = random_group(3, step=0, index=0, probe=True)
    with RunWriter(tmp_path / "a.rao", TRAIN) as writer:
        writer.begin_step(0)
        for tree in probe.trees:
            writer.tree_done(tree)
        writer.end_step(0, None, {})
        writer.begin_step(1)
        writer.end_step(1, None, {})
        finish(writer, 2, groups)
        writer.begin_step(3)
        for tree in script(3)[1][0].trees:
            writer.tree_done(tree)
        writer.begin_step(4)
        writer.flush()
        while_written = RunSource(open_run(tmp_path / "a.rao", follow=True))
        states = [while_written.table(step).state for step in range(5)]
        assert states == ["credit_probes", "no_trees", "", "credit_coming", "begun"]
    afterwards = RunSource(open_run(tmp_path / "a.rao"))
    states = [afterwards.table(step).state for step in range(5)]
    assert states == ["credit_probes", "no_trees", "", "credit_cut", "cut"]
    for step in (0, 1, 3, 4):
        assert state_in_words(afterwards, step) == sentence_of(states[step], step)


def test_a_run_that_was_never_trained_is_not_told_that_credit_comes(repo: Path) -> None:
    source = RunSource(open_run(repo / "data/runs/smollm2.rao"))
    assert state_in_words(source, 0) == sentence_of("credit_none", 0)


def test_without_a_step_the_source_says_whether_one_comes(stage: Stage) -> None:
    board = stage.session.board()
    trees = stage.session.explorer()
    assert sentence_of("no_points") in str(board)
    assert sentence_of("growing").rstrip(".") in str(trees)
    stage.session.control.stop()
    stage.loose()
    stage.session.stop(10)
    assert sentence_of("over").rstrip(".") in str(trees)
    board.close()
    trees.close()
