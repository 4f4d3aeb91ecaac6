"""Tokens of a node: what became of each in training, what it is for, and what launches earned."""

from __future__ import annotations

from array import array
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rao_lab as rl
from rao_lab.base.bundled import data_path
from rao_lab.credit import attribute
from rao_lab.errors import ConfigError, MissingError
from rao_lab.policies.fetch import RECORD
from rao_lab.store import RunWriter, open_run
from rao_lab.tree import Group, Node, Turn
from rao_lab.views.explorer.answers import answer, saved_answers
from rao_lab.views.explorer.decoder import bundled_decoder, pieces_with
from rao_lab.views.explorer.shown import source_of
from rao_lab.views.explorer.table import StepTable
from rao_lab.views.per_token.columns import CUT, PART, READ, SPECIAL, UNUSED, WROTE, columns_of
from rao_lab.views.per_token.launches import Line, at_like_depths, launches_of, lines, verdict
from rao_lab.views.per_token.node import METRICS, Loss, NodeTokens
from rao_lab.views.per_token.roles import NAMES, launch_spans, roles
from tests.support.live import Stage, wait_for
from tests.support.trees import decode, encode, showcase_group
from tests.support.wire import Wire


def turn(index: int, prompt: str, wrote: str, continues: bool = False, **more: str) -> Turn:
    ids = encode(wrote)
    return Turn(
        index,
        continues=continues,
        prompt_ids=encode(prompt),
        sampled_ids=ids,
        logprobs=array("f", [-0.5] * len(ids)),
        entropies=array("f", [0.25] * len(ids)),
        text=wrote,
        **more,
    )


def kinds(columns) -> str:
    """Runs of kinds: "read 3 wrote 2"."""
    names = {READ: "read", WROTE: "wrote", UNUSED: "unused", CUT: "cut"}
    runs: list[list] = []
    for kind in columns.kind.tolist():
        if not runs or runs[-1][0] != names[kind]:
            runs.append([names[kind], 0])
        runs[-1][1] += 1
    return " ".join(f"{name} {size}" for name, size in runs)


def words(columns) -> list[str]:
    return [columns.words[each][0] for each in columns.word.tolist()]


def test_turns_of_one_sequence_are_merged_and_its_end_is_in_none() -> None:
    node = Node(
        "0", turns=(turn(1, "a b", "c"), turn(2, " d", " e", continues=True), turn(3, " f", "", True))
    )
    found = columns_of(node, decode)
    assert kinds(found) == "read 2 wrote 1 read 1 wrote 1 unused 1"
    assert [(each.sequence, each.held, each.again) for each in found.turns] == [
        (1, 0, 0),
        (1, 3, 0),
        (1, 5, 0),
    ]
    assert words(found) == ["a", " b", "c", " d", " e", " f"]
    known = ~np.isnan(found.logprob)
    assert known.tolist() == (found.kind == WROTE).tolist(), "what was read has no log-prob, and not 0"


def test_a_rewritten_context_begins_a_sequence_and_strikes_out_what_was_cut() -> None:
    node = Node("0", turns=(turn(1, "a b c", "d"), turn(2, "a b x d e", "f")))
    found = columns_of(node, decode)
    assert kinds(found) == "read 3 wrote 1 cut 2 read 3 wrote 1"
    second = found.turns[1]
    assert (second.sequence, second.begins, second.held, second.again) == (2, True, 0, 2)
    assert found.sequences == 2


@pytest.mark.parametrize(
    ("code", "spans"),
    [
        ('await launch_subagent("x")', ['launch_subagent("x")']),
        (
            'gather(launch_subagent({"a": (1, 2)}), launch_subagent("b)"))',
            ['launch_subagent({"a": (1, 2)})', 'launch_subagent("b)")'],
        ),
        ("launch_subagent(f(launch_subagent(1)))", ["launch_subagent(f(launch_subagent(1)))"]),
        ("x = 1  # launch_subagent(2)", []),
        ("print('launch_subagent(2)')", []),
        ("my_launch_subagent(2)", []),
        ('launch_subagent("never closed', ['launch_subagent("never closed']),
    ],
)
def test_launches_are_found_in_any_text(code: str, spans: list[str]) -> None:
    assert [code[start:end] for start, end in launch_spans(code)] == spans


def test_thought_code_and_launches_of_a_reply_are_told_apart() -> None:
    code = 'x = await launch_subagent("go")\nfinish(x)'
    text = f"Let a helper go.\n```python\n{code}\n```"
    given = turn(1, "p", text, thought="Let a helper go.", code=code)
    pieces = [text for text, _ in decode(given.sampled_ids)]
    told: dict[str, str] = {}
    for piece, role in zip(pieces, roles(given, pieces).tolist(), strict=True):
        told[NAMES[role]] = told.get(NAMES[role], "") + piece
    assert told["launch"] == 'launch_subagent("go")'.replace("launch", " launch")  # a token holds the space
    assert told["thought"] == "Let a helper go."
    assert "finish(x)" in told["code"] and "`" in told["other"]


def test_bytes_of_one_character_stand_at_its_first_token_and_special_tokens_are_named() -> None:
    def halves(ids):
        text = {(1,): "\ufffd", (2,): "\ufffd", (1, 2): "é", (3,): "x", (9,): "<end>"}
        return [(text.get(tuple(ids), "\ufffd"), tuple(ids) == (9,))]

    given = replace(turn(1, "", ""), prompt_ids=array("i", [3, 1, 2, 9, 1]))
    found = columns_of(Node("0", turns=(given,)), halves)
    assert [found.words[each] for each in found.word.tolist()] == [
        ("x", 0), ("é", 0), ("", PART), ("<end>", SPECIAL), ("\ufffd", 0),
    ]  # fmt: skip


def test_a_blank_that_a_tokenizer_drops_at_the_start_of_a_text_is_kept_between_words() -> None:
    class Sentence:
        all_special_ids = (0,)
        names = ("<s>", "\u2581let", "\u2581it", "go")

        def convert_ids_to_tokens(self, token: int) -> str:
            return self.names[token]

        def decode(self, ids) -> str:
            return "".join(self.names[each] for each in ids).replace("\u2581", " ").removeprefix(" ")

    pieces = pieces_with(Sentence())([0, 1, 2, 3])
    assert pieces == [("<s>", True), (" let", False), (" it", False), ("go", False)]


def test_a_run_of_a_fetched_model_is_read_without_loading_it(tmp_path: Path, monkeypatch) -> None:
    assert bundled_decoder({"policy": "gpt"}) is None
    monkeypatch.setenv("RAO_LAB_CACHE", str(tmp_path))
    assert bundled_decoder({"policy": "smollm2"}) is None, "it was not fetched here"
    folder = tmp_path / "smollm2"
    folder.mkdir()
    (folder / RECORD).write_text("{}")
    (folder / "tokenizer.json").write_bytes((data_path("tiny") / "tokenizer.json").read_bytes())
    decoder = bundled_decoder({"policy": "smollm2"})
    assert decoder is not None and len(decoder([5, 6])) == 2


@pytest.mark.parametrize(
    ("node", "says"),
    [
        (Node("0", turns=(Turn(1, text="hi"),)), "a scripted policy has none"),
        (Node("0", turns=(Turn(1, read=7, wrote=2),)), "were counted, as servers do"),
        (Node("0"), "no turn yet"),
    ],
)
def test_a_node_without_token_ids_is_told_in_a_sentence(node: Node, says: str) -> None:
    with pytest.raises(MissingError, match=says):
        columns_of(node, decode)


def test_turns_that_make_no_sequence_are_shown_with_the_reason() -> None:
    first = replace(turn(1, "", "a b"), logprobs=array("f", [-0.5] * 2))
    found = columns_of(Node("0", turns=(first,)), decode)
    assert kinds(found) == "wrote 2" and found.sequences == 0
    assert "sampled from an empty prompt" in found.problem


def made(drift: list[float], **more) -> NodeTokens:
    given = turn(1, "p", "a b c")
    columns = columns_of(Node("0", turns=(given,)), decode, np.array(drift))
    loss = Loss("ppo_clip", (0.8, 1.2), 2)
    numbers = {"A": 0.5, "w": 2.0, "c": 1.0, "share": 0.3, "why_not": None, "loss": loss, "lacks": {}}
    return NodeTokens(1, "0.0", "0", columns, **{**numbers, **more})


def test_metrics_follow_the_loss() -> None:
    found = made(np.log([1.5, 0.5, 1.0]).tolist())
    assert found.metric("ratio")[1:] == pytest.approx([1.5, 0.5, 1.0], rel=1e-3)
    assert found.metric("clip")[1:].tolist() == [1.0, -0.5, 0.0], "a minimum cuts only what goes with c"
    assert made(np.log([1.5, 0.5, 1.0]).tolist(), c=-1.0).metric("clip")[1:].tolist() == [0.5, -1.0, 0.0]
    push = found.metric("push")[1:]
    assert push == pytest.approx([0.0, 0.5 * (1 - np.exp(-0.5)), 1 - np.exp(-0.5)], rel=1e-3)
    assert found.metric("share")[1:].tolist() == pytest.approx([0.1] * 3)
    assert all(np.isnan(found.metric(name)[0]) for name in METRICS), "the prompt has none, and not 0"
    with pytest.raises(MissingError, match="no metric 'height'"):
        found.metric("height")


def step_of(tmp_path: Path, drift: bool = True) -> Path:
    """A run of one step whose tokens were recomputed."""
    group = showcase_group()
    given = attribute([group])
    rng = np.random.default_rng(0)
    count = int(given.table.tokens[given.trained].sum())
    found = rng.normal(0, 0.1, count).astype(np.float16)
    config = {"train": {"loss": {"loss": "ppo_clip"}, "epochs": 2}}
    with RunWriter(tmp_path / "a.rao", config) as writer:
        writer.begin_step(group.step)
        for tree in group.trees:
            writer.tree_done(tree)
        writer.end_step(group.step, replace(given, drift=found) if drift else given)
    return tmp_path / "a.rao"


def test_tokens_of_a_run_carry_what_training_found_of_them(tmp_path: Path) -> None:
    with open_run(step_of(tmp_path)) as run:
        found = rl.tokens(run, tree=2, node="0", tokenizer=decode)
        (step,) = {each.step for each in run.steps}
        given = run.attributions(step)
        row = next(row for row in given.rows(0, 2) if given.table.path[row] == "0")
        ratio = found.metric("ratio")
        assert ratio[~np.isnan(ratio)] == pytest.approx(np.exp(given.drift_of(row).astype(float)), rel=1e-6)
        assert (found.A, found.c) == (given.A[row], given.c[row])
        assert "launches" in str(found) and "least likely" in str(found)
        (same,) = (rl.tokens(run, at=f"{step}:{found.tree}/0#tokens", tokenizer=decode),)
        assert (same.tree, same.path, len(same)) == (found.tree, "0", len(found))
        with pytest.raises(ConfigError, match="give it alone"):
            rl.tokens(run, at=f"{step}:0.2", node="0.0")
        with pytest.raises(MissingError, match="no tree 99"):
            rl.tokens(run, tree=99)
        with pytest.raises(MissingError, match="no step 9"):
            rl.tokens(run, step=9)


def test_what_is_not_known_is_said_and_never_0(tmp_path: Path) -> None:
    with open_run(step_of(tmp_path, drift=False)) as run:
        found = rl.tokens(run, tree="0.2", tokenizer=decode)
        assert found.lacks["ratio"] == "this run was recorded before ratios were kept"
        with pytest.raises(MissingError, match="before ratios were kept"):
            found.metric("ratio")
    lone = rl.tokens(showcase_group().trees[2], tokenizer=decode)
    assert lone.c is None and "share" in lone.lacks and "ratio" in lone.lacks
    unread = rl.tokens(showcase_group())
    assert not unread.columns.decoded and words(unread.columns)[0].startswith("\u27e8")


def test_the_answers_carry_the_columns_or_a_sentence(tmp_path: Path) -> None:
    with open_run(step_of(tmp_path)) as run:
        source = source_of(run)
        source.decode = decode
        (step,) = {each.step for each in run.steps}
        ask = {"type": "ask", "key": "k", "what": "tokens", "step": step, "args": [2, "0"]}
        told, buffers = answer(source, source.table, ask)
        value = told["value"]
        assert value["bounds"] == [0.8, 1.2] and value["ratio"] == "" and value["epochs"] == 2
        sizes = [len(each) for each in buffers]
        assert sizes == [size * (sizes[1]) for size in (4, 1, 1, 4, 4, 4)]
        assert max(np.frombuffer(buffers[0], "<u4")) < len(value["words"])
        for args in ([2, "0.7.7"], [99, "0"], ["x"], []):
            assert answer(source, source.table, {**ask, "args": args})[0]["why"]
        told, buffers = answer(source, source.table, {**ask, "what": "launches", "args": []})
        assert [len(each) for each in buffers] == [8 * told["value"]["nodes"]] * 3
        source.decode = None
        why = answer(source, source.table, {**ask, "what": "launches", "args": []})[0]["why"]
        assert "cannot be decoded here" in why


def test_launches_are_compared_with_what_else_is_written_at_their_depths(tmp_path: Path) -> None:
    with open_run(step_of(tmp_path)) as run:
        source = source_of(run)
        source.decode = decode
        table = source.table(source.marks()[0][0])
        found = launches_of(source, table)
        assert (found.tokens.sum(0) == table.columns["wrote"]).all()
        told = lines(found, table)
        assert sum(line.tokens for line in told[:-2]) == sum(line.tokens for line in told[-2:])
        assert sum(line.share or 0 for line in told[-2:]) == pytest.approx(1.0)
        assert "likely" in str(rl.launches(run, tokenizer=decode))
    deep = [Line(0, True, 1, 10, 0.2, 0.1, -1.0, 1.0), Line(0, False, 1, 90, 0.1, 0.1, -1.0, 1.0)]
    deep += [Line(1, True, 0, 0, None, None, None, None), Line(1, False, 1, 50, 9.0, 0.8, -1.0, 1.0)]
    both = [Line(None, True, 1, 10, 0.2, 0.1, -1.0, 1.0), Line(None, False, 2, 140, 3.3, 0.9, -1.0, 1.0)]
    assert at_like_depths([*deep, *both]) == pytest.approx(0.1)
    assert "above what else is written at the same depths (+0.100)" in verdict([*deep, *both])


def test_a_group_without_a_second_tree_has_no_verdict() -> None:
    (tree,) = showcase_group().trees[2:3]
    found = rl.launches(Group(tree.task, (tree,), tree.header.step), tokenizer=decode)
    assert "no advantages" in str(found)
    assert found.lines[-1].mean_c is None


@pytest.mark.slow
def test_the_tokens_of_a_tree_that_runs_are_those_so_far(stage: Stage) -> None:
    board = stage.session.board()
    wire = Wire(board)
    board._take(board, {"type": "hello", "step": None}, [])
    stage.play(stage.counts[1] // 2)
    message = {"type": "ask", "key": "k", "what": "tokens", "step": 1, "args": [0, "0"], "mark": 0}
    wire.sent.clear()
    board._take(board, message, [])
    wait_for(lambda: any(head["type"] == "answer" for head, _ in wire.sent))
    told, buffers = next(each for each in wire.sent if each[0]["type"] == "answer")
    value = told["value"]
    assert value["turns"] and value["words"]
    assert np.frombuffer(buffers[1], "<u1").size == sum(
        turn["cut"] + turn["read"] + turn["wrote"] for turn in value["turns"]
    )
    assert "recomputed" in value["ratio"] or "trained" in value["ratio"] or "credit" in value["ratio"]
    stage.loose()
    board.close()


def test_a_page_reads_its_step_once_for_all_the_nodes_it_carries(tmp_path: Path) -> None:
    def again(step: int) -> StepTable:
        raise AssertionError(f"step {step} was read again")

    with open_run(step_of(tmp_path)) as run:
        source = source_of(run)
        source.decode = decode
        table = source.table(source.marks()[0][0])
        held = saved_answers(source, again, table, 10_000_000, late=True)
    assert sum(name.startswith("tokens ") for name in held) == len(table)
    assert "launches []" in held


def test_dust_of_equal_numbers_makes_no_token_more_likely(repo: Path) -> None:
    """R - b of this node is 1e-16, of numbers that are equal on paper."""
    with open_run(repo / "data/pathologies/as_it_should_be.rao") as run:
        assert 0 < run.attributions(1).find(1, 3, "0.2").c < 1e-9
        said = str(rl.Explorer(run, step=1, tree="1.3", node="0.2", view="tokens"))
    assert "its 9 tokens are made neither more nor less likely" in said
