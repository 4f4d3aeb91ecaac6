"""The tiny model's tokens and demonstrations: text that the real sandbox runs, words of the real world."""

from __future__ import annotations

import ast
import json
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random
from textwrap import indent

import pytest
from transformers import AutoTokenizer

from rao_lab.base.bundled import data_path
from rao_lab.environments.textcraft import words as world
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.execution.executor import Executor
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.experiments.tiny import tokens
from rao_lab.experiments.tiny.behaviour import Behaviour
from rao_lab.experiments.tiny.demonstrations import Demonstrator
from rao_lab.experiments.tiny.language import TEMPLATE
from rao_lab.experiments.tiny.make import MakeConfig, new_model, pace
from rao_lab.experiments.tiny.transcripts import READ, Transcript
from rao_lab.policies.local.transformer import TransformerPolicy
from rao_lab.prompts import find, terse
from rao_lab.tree import TreeHeader

TOKENIZER = tokens.LANGUAGE.build()
WINDOW = 128


def demos(count: int, seed: int = 0, behaviour: Behaviour | None = None) -> list[Transcript]:
    return list(islice(Demonstrator(TOKENIZER, Random(seed), WINDOW, behaviour).stream(), count))


@cache
def plain() -> list[Transcript]:
    """1500 demonstrations of the usual behaviour, read by several tests."""
    return demos(1500)


def written(found: Transcript) -> list[tuple[str, float]]:
    """What the node wrote, a piece for each turn, with its loss weight."""
    stops = {TOKENIZER.convert_tokens_to_ids(text) for text in tokens.LANGUAGE.stop_texts()}
    pieces: list[tuple[str, float]] = []
    piece: list[int] = []
    for token, weight in zip(found.ids, found.weights, strict=True):
        if weight == READ:
            continue
        piece.append(token)
        if token in stops:
            pieces.append((TOKENIZER.decode(piece), weight))
            piece = []
    assert not piece
    return pieces


def test_every_word_of_the_dialect_and_every_piece_of_code_is_one_token() -> None:
    assert {*terse.words(), *world.words()} == {*tokens.WORDS}
    for text in (*tokens.WORDS, *tokens.CODE, *tokens.ITEMS, *tokens.LANGUAGE.stop_texts()):
        assert len(TOKENIZER.encode(text, add_special_tokens=False)) == 1, text


@pytest.mark.parametrize("text", ["héllo 4567\n", "\u202e\x00", 'x = {"a": 1}', "team  solo", ""])
def test_any_text_is_spelt_and_comes_back(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text, add_special_tokens=False)) == text


def test_an_action_is_cut_as_it_was_sampled() -> None:
    code = 'craft({"b1": 6, "c4": 3}, ("a0", 3))\nfinish("done")\n'
    pieces = [TOKENIZER.decode([i]) for i in TOKENIZER.encode(code, add_special_tokens=False)]
    assert pieces == ['craft({"', "b1", '": 6, "', "c4", '": 3}, ("', "a0", '", 3))\nfinish("done")\n']


def test_a_turn_ends_only_with_a_token_that_ends_a_line_of_code() -> None:
    stops = set(tokens.LANGUAGE.stop_texts())
    assert all(text.endswith("\n") for text in stops)
    assert stops.isdisjoint(tokens.WORDS)


def test_the_saved_tokenizer_is_the_built_one(tmp_path: Path) -> None:
    TOKENIZER.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    text = 'team a0 3\nget_info(["a0"])\na0 by 2 = b1 2 (1) c4 1 (4) \n'
    assert loaded.encode(text, add_special_tokens=False) == TOKENIZER.encode(text, add_special_tokens=False)
    assert loaded.chat_template == TEMPLATE


def test_what_demonstrators_write_is_python_but_for_broken_code_that_is_not_imitated() -> None:
    broken = 0
    for found in plain()[:400]:
        for code, weight in written(found):
            try:
                ast.parse("async def turn():\n" + indent(code, " "))
            except SyntaxError:
                broken += 1
                assert weight == 0.0
    assert broken


def test_team_and_solo_come_half_and_half_and_solo_never_launches() -> None:
    found = [TOKENIZER.decode(each.ids) for each in plain()[:600]]
    solo = [text for text in found if text.startswith("solo ")]
    team = [text for text in found if text.startswith("team ")]
    assert len(solo) + len(team) == 600 and abs(len(solo) - len(team)) < 20
    assert not any("launch_subagent" in text for text in solo)
    assert 0.1 < sum("launch_subagent" in text for text in team) / len(team) < 0.4


REFUSALS = ("no: recipe\n", "no: missing ", "no: own\n", "no: base\n", "no: multiple\n", "failed: ")


def test_slips_are_followed_by_recoveries() -> None:
    found = [TOKENIZER.decode(each.ids) for each in demos(1500, behaviour=Behaviour(scarce=0.0))]
    for refusal in (*REFUSALS, "no: turns\n", "no: agents\n"):
        shown = [text for text in found if refusal in text]
        assert shown, refusal
        assert all(text.endswith('finish("done")\n') for text in shown)


def test_a_node_gives_up_once_it_has_read_that_what_it_lacks_is_a_base_item() -> None:
    found = [TOKENIZER.decode(each.ids) for each in plain()]
    given_up = [text for text in found if text.endswith('finish("failed")\n')]
    assert 0.05 < len(given_up) / len(found) < 0.2
    for text in given_up:
        assert text.splitlines()[-2].endswith(" base") or "no: base" in text
    assert any("\nfailed\n" in text for text in found)  # and the parent hears of it


def test_the_same_seed_gives_the_same_demonstrations() -> None:
    assert demos(12, seed=3) == demos(12, seed=3) != demos(12, seed=4)


def test_a_demonstration_reads_in_the_executor_what_it_read_when_it_was_played() -> None:
    """The code of demonstrations, run by the real sandbox: the same observations, word for word."""
    behaviour = Behaviour(
        delegate_all=0.0, delegate=0.0, own_goal=0.0, base_item=0.0, solo_tiers={1: 0.5, 2: 0.5}, scarce=0.0
    )

    class Seeing(Demonstrator):
        def _world(self, tiers):  # type: ignore[no-untyped-def]
            tier = self._rng.choices(tuple(tiers), tuple(tiers.values()))[0]
            environment = self._rng.choice(self._environments)
            tasks = environment.tasks("train")
            self.task = tasks[2 * self._rng.randrange(50)]
            assert tier < 3
            return environment.open(self.task)

    player = Seeing(TOKENIZER, Random(1), 999, behaviour)
    limits = Limits(max_turns=64)
    with Sandbox() as sandbox:
        for _ in range(12):
            transcript = player._play(True)[0]
            script = [code for code, _ in written(transcript)]
            policy = Reading(script)
            executor = Executor(
                TextCraft("easy"), policy, find("terse"), limits, sandbox=sandbox, agent="flat"
            )
            (tree,) = executor.run([TreeHeader(player.task)])
            assert tree.success == 1.0
            heard = "".join("".join(m.content for m in turn.messages) + turn.text for turn in tree.root.turns)
            assert heard == TOKENIZER.decode(transcript.ids)


class Reading:
    """A policy that reads its turns from a list."""

    name, version, dialect, window = "reading", 0, "terse", 0

    def __init__(self, script: list[str]) -> None:
        self._script = iter(script)
        self._asked: list[object] = []

    def submit(self, request):  # type: ignore[no-untyped-def]
        self._asked.append(request.key)

    def tick(self):  # type: ignore[no-untyped-def]
        from rao_lab.protocols import TurnReply

        asked, self._asked = self._asked, []
        return [TurnReply(key, next(self._script)) for key in asked]  # type: ignore[arg-type]

    def forget(self, key):  # type: ignore[no-untyped-def]
        pass


def test_the_learning_rate_warms_up_and_falls_to_nothing() -> None:
    config = MakeConfig(steps=150, warm_up=50)
    assert [round(pace(config, step), 3) for step in (0, 49, 50, 100, 149)] == [0.02, 1.0, 1.0, 0.5, 0.0]


def test_a_new_model_is_the_same_for_the_same_seed_and_stops_at_every_stop() -> None:
    one, two = (new_model(MakeConfig(seed=1), TOKENIZER) for _ in range(2))
    assert all((a == b).all() for a, b in zip(one.parameters(), two.parameters(), strict=True))
    stops = one.generation_config.eos_token_id
    assert sorted(TOKENIZER.decode([i]) for i in stops) == sorted(tokens.LANGUAGE.stop_texts())


# The bundled model.


def test_the_bundled_model_is_small_and_says_how_it_was_made() -> None:
    folder = data_path("tiny")
    assert sum(file.stat().st_size for file in folder.iterdir()) < 8 * 2**20
    record = json.loads((folder / "make.json").read_text(encoding="utf-8"))
    assert {"command", "recipe", "demonstrations", "parameters", "seconds", "versions"} <= set(record)
    assert record["recipe"]["seed"] == 0
    policy = TransformerPolicy.load(folder)
    assert policy.dialect == "terse" and policy.window == record["recipe"]["window"]
    assert sum(weight.numel() for weight in policy.model.parameters()) == record["parameters"]


def test_the_bundled_tokenizer_is_that_of_the_code() -> None:
    assert AutoTokenizer.from_pretrained(data_path("tiny")).get_vocab() == TOKENIZER.get_vocab()


def test_the_base_solves_easy_tasks_and_its_solo_does_not_launch() -> None:
    policy = TransformerPolicy.load(data_path("tiny"))
    tasks = TextCraft("easy").tasks("dev")[:24]
    limits = Limits(max_depth=4, max_nodes=16, max_new_tokens=24)
    with Sandbox() as sandbox:
        found = {}
        for agent in ("recursive", "flat"):
            executor = Executor(
                TextCraft("easy"), policy, find("terse"), limits, sandbox=sandbox, agent=agent
            )
            found[agent] = executor.run([TreeHeader(task, seed=5, group=i) for i, task in enumerate(tasks)])
    for trees in found.values():
        assert sum(tree.success or 0.0 for tree in trees) / len(trees) > 0.6
    turns = [turn for tree in found["flat"] for turn in tree.root.turns]
    assert sum("launch_subagent" in turn.text for turn in turns) / len(turns) < 0.01
