"""The sibling of the tiny model, for aggregation: its tokens and its demonstrations."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from itertools import islice, pairwise
from random import Random
from textwrap import indent

import pytest
from transformers import AutoTokenizer

from rao_lab.base.bundled import data_path
from rao_lab.environments.aggregation import Aggregation, words
from rao_lab.environments.aggregation.small import count
from rao_lab.execution.executor import Executor
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.experiments.tiny.aggregation import tokens
from rao_lab.experiments.tiny.aggregation.behaviour import Habits
from rao_lab.experiments.tiny.aggregation.demonstrations import Readers
from rao_lab.experiments.tiny.aggregation.player import READ, Game
from rao_lab.experiments.tiny.make import BASES, RECORD, MakeConfig, loss_of, new_model
from rao_lab.experiments.tiny.transcripts import Encoder, Transcript
from rao_lab.prompts import find, terse
from rao_lab.tree import TreeHeader
from tests.experiments.test_tiny import Reading

TOKENIZER = tokens.LANGUAGE.build()
WINDOW = 64
SPELT = TOKENIZER.convert_tokens_to_ids("<0x00>")
STOPS = {TOKENIZER.convert_tokens_to_ids(text) for text in tokens.LANGUAGE.stop_texts()}


LATER = Habits(counting=0, reading=0)
"""After the lessons at the beginning."""


def demos(number: int, seed: int = 0, habits: Habits = LATER) -> list[Transcript]:
    return list(islice(Readers(TOKENIZER, Random(seed), WINDOW, habits).stream(), number))


def shown(found: Transcript) -> str:
    return TOKENIZER.decode(found.ids)


def turns(found: Transcript) -> list[tuple[str, float]]:
    """What the node wrote, a piece for each turn, with its loss weight; not the turn at which the window was full."""
    pieces: list[tuple[str, float]] = []
    piece: list[int] = []
    for token, weight in zip(found.ids, found.weights, strict=True):
        if weight == READ:
            continue
        piece.append(token)
        if token in STOPS:
            pieces.append((TOKENIZER.decode(piece), weight))
            piece = []
    return pieces


def test_every_word_of_the_world_and_every_piece_of_code_is_one_token() -> None:
    assert {*terse.words(), *words.words()} <= {*tokens.LANGUAGE.words, " "}
    for text in (*tokens.LANGUAGE.words, *tokens.CODE, *tokens.LANGUAGE.names, *tokens.LANGUAGE.stop_texts()):
        assert len(TOKENIZER.encode(text, add_special_tokens=False)) == 1, text
    together = (
        "import asyncio\nfinish(sum(await asyncio.gather(launch_subagent(0, 16), launch_subagent(16, 32))))\n"
    )
    one_by_one = "finish(await launch_subagent(0, 16) + await launch_subagent(16, 32))\n"
    for code in (together, one_by_one):
        assert len(TOKENIZER.encode(code, add_special_tokens=False)) == 5


def test_demonstrations_have_a_token_for_all_that_they_hold() -> None:
    assert not [token for found in demos(800) for token in found.ids if token >= SPELT]


def test_what_is_imitated_is_python_and_what_is_not_is_refused_or_of_no_use() -> None:
    slips = 0
    for found in demos(500):
        for code, weight in turns(found):
            try:
                ast.parse("async def turn():\n" + indent(code, " "))
            except SyntaxError:
                assert weight == 0.0
            slips += weight == 0.0
    assert slips > 10


def test_team_and_solo_come_half_and_half_and_delegation_is_at_random() -> None:
    found = [shown(each) for each in demos(800)]
    solo = [text for text in found if text.startswith("solo ")]
    team = [text for text in found if text.startswith("team ")]
    assert len(solo) + len(team) == 800 and abs(len(solo) - len(team)) < 20
    assert not any("launch_subagent" in text for text in solo)
    for least, most, low, high in ((16, 32, 0.2, 0.45), (33, 256, 0.35, 0.65)):
        found = [text for text in team if least <= int(text.split()[2]) <= most]
        assert low < sum("launch_subagent" in text for text in found) / len(found) < high


def test_counting_comes_first_then_reading_then_handing_on() -> None:
    once = replace(Habits(), counting=100, reading=100, own_question=0.0)
    found = [shown(each) for each in demos(400, habits=once)]
    assert all(text.split()[2] == "8" for text in found[:100])
    assert any(text.split()[2] != "8" for text in found[100:200])
    assert not any("launch" in text for text in found[:200])
    assert any("launch" in text for text in found[200:])


def test_who_reads_finishes_with_what_was_counted() -> None:
    """Read by an outsider, from the text alone: what `n` is, and what is added to it, are the counts in their order."""
    plain = replace(LATER, slip=0.0, own_question=0.0, delegate=0.0, delegate_long=0.0)
    added = 0
    for text in map(shown, demos(400, habits=plain)):
        if "finish(" not in text:
            assert text.count("read(") >= 4  # its window was full
            continue
        kind, lines = text.split()[1], text.splitlines()
        read = [line for before, line in pairwise(lines) if before.partition("(")[0] == "read"]
        told = [line for line in lines if line.startswith(("n ", "finish("))]
        counts = [count(line.split(" "), kind) for line in read]
        assert [int(each) for each in re.findall(r"[0-9]+", " ".join(told))] == counts
        assert told[-1].startswith("finish(n + " if len(told) > 1 else "finish(")
        added += len(told) > 1
    assert added > 100


def test_who_hands_on_is_careful_or_forgets_or_repeats_a_part() -> None:
    plain = replace(LATER, slip=0.0, own_question=0.0, delegate=1.0, lost=0.0, no_room=0.0, seldom=0.0)
    careful = 0
    teams = [text for text in map(shown, demos(600, habits=plain)) if "launch_subagent" in text]
    for text in teams:
        size = int(text.split()[2])
        bounds = [int(each) for each in re.findall(r"[0-9]+", text.partition("\n")[2])]
        parts = list(zip(bounds[::2], bounds[1::2], strict=True))
        assert all(0 <= start < end <= size for start, end in parts), text
        starts, ends = zip(*parts, strict=True)
        careful += [0, *ends] == [*starts, size]
    assert 0.7 < careful / len(teams) < 0.95 and len(teams) > 100


def test_a_demonstration_reads_in_the_executor_what_it_read_when_it_was_played() -> None:
    """The code of demonstrations, run by the real sandbox: the same observations, word for word."""
    environment = Aggregation("easy,medium", seed=1000)
    dialect = find("terse").worded(environment)
    habits = replace(LATER, slip=0.3)
    with Sandbox() as sandbox:
        for task in environment.tasks("train")[:8]:
            world = environment.open(task)
            game = Game(world, "flat", habits, Random(task.id), dialect, Encoder(TOKENIZER), 999)
            said = game.node("0", world.root())
            (transcript,) = game.transcripts
            policy = Reading([code for code, _ in turns(transcript)])
            executor = Executor(
                environment, policy, find("terse"), Limits(max_turns=64), sandbox=sandbox, agent="flat"
            )
            (tree,) = executor.run([TreeHeader(task)])
            assert tree.root.value == said and tree.success == 1.0
            heard = "".join("".join(m.content for m in turn.messages) + turn.text for turn in tree.root.turns)
            assert heard == shown(transcript)


def test_the_same_seed_gives_the_same_demonstrations() -> None:
    assert demos(50, seed=3) == demos(50, seed=3) != demos(50, seed=4)


def test_with_a_fixed_divisor_a_batch_with_little_to_learn_from_counts_little() -> None:
    model = new_model(
        MakeConfig(hidden=16, inner=16, layers=1, heads=2, window=WINDOW), TOKENIZER, "aggregation"
    )
    batch = demos(8)
    kept = sum(sum(found.weights[1:]) for found in batch)
    assert loss_of(model, batch, 8.0).item() * 8 * len(batch) == pytest.approx(
        loss_of(model, batch).item() * kept, rel=1e-4
    )


# The bundled model.


def test_the_bundled_model_is_small_says_how_it_was_made_and_cuts_text_as_it_is_built() -> None:
    folder = data_path("tiny_aggregation")
    assert sum(file.stat().st_size for file in folder.iterdir()) < 4 << 20
    made = json.loads((folder / RECORD).read_text())
    recipe = json.loads(json.dumps(BASES["tiny-aggregation"].recipe))
    assert {name: made[name] for name in recipe} == recipe
    loaded = AutoTokenizer.from_pretrained(folder)
    for found in demos(50):
        assert loaded.encode(shown(found), add_special_tokens=False) == found.ids
