"""Every format: its trees, what each file says, and that nothing else is made up."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rao_lab as rl
from rao_lab.store.formats.detect import FORMATS
from rao_lab.store.formats.fields import Otel as F
from rao_lab.store.formats.fields import Rao
from rao_lab.tree import Status, Tree
from rao_lab.tree.codec import tree_to_json

TRACES = Path(__file__).resolve().parents[2] / "data" / "traces"


def opened(name: str, **said: Any) -> rl.Trace:
    for needs in {"trl.parquet": ["pyarrow"], "inspect.eval": ["zstandard"]}.get(name, []):
        pytest.importorskip(needs)
    return rl.open_trace(TRACES / name, **said)


def shape(tree: Tree) -> dict[str, tuple[int | None, bool]]:
    """Of each node: the turn that launched it, and whether it was together with a sibling."""
    return {node.path: (node.parent_turn, node.together) for node in tree.nodes}


ALONE, TOGETHER = False, True
ONE_CHILD = {"0": (None, ALONE), "0.0": (1, ALONE)}
FILES: dict[str, tuple[str, list[int], dict[str, tuple[int | None, bool]]]] = {
    "platoon.jsonl": (
        "platoon",
        [2],
        {"0": (None, ALONE), "0.0": (2, TOGETHER), "0.1": (2, TOGETHER), "0.1.0": (1, ALONE)},
    ),
    "platoon_dump.json": (  # without times nobody can tell whether they ran together
        "platoon",
        [1],
        {"0": (None, ALONE), "0.0": (2, ALONE), "0.1": (2, ALONE), "0.1.0": (1, ALONE)},
    ),
    "rlm.jsonl": ("rlm", [2], {"0": (None, ALONE), "0.0": (1, ALONE), "0.1": (1, ALONE)}),
    "redel_events.jsonl": (
        "redel",
        [1],
        {"0": (None, ALONE), "0.0": (1, TOGETHER), "0.0.0": (1, ALONE), "0.1": (1, TOGETHER)},
    ),
    "redel_state.json": (
        "redel",
        [1],
        {"0": (None, ALONE), "0.0": (1, TOGETHER), "0.0.0": (1, ALONE), "0.1": (1, TOGETHER)},
    ),
    "inspect.json": ("inspect", [2, 2], ONE_CHILD),
    "inspect.eval": ("inspect", [2, 2], ONE_CHILD),
    "otel_otlp.jsonl": ("otel", [2], ONE_CHILD),
    "otel_console.json": ("otel", [2], ONE_CHILD),
    "verifiers.jsonl": ("verifiers", [2], ONE_CHILD),
    "verifiers_results.jsonl": ("verifiers", [3, 3], {"0": (None, ALONE)}),
    "trl.parquet": ("trl", [3, 3, 3, 3], {"0": (None, ALONE)}),
    "conversation.json": ("messages", [1], {"0": (None, ALONE)}),
    "messages_index.json": (
        "messages",
        [2],
        {"0": (None, ALONE), "0.0": (1, TOGETHER), "0.1": (1, TOGETHER)},
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_known_by_its_content_and_gives_its_trees(name: str, tmp_path: Path) -> None:
    kind, groups, drawn = FILES[name]
    trace = opened(name)
    assert trace.format == kind
    assert [len(group) for group in trace.groups] == groups
    assert shape(trace.trees[0]) == drawn
    assert [tree.header.rollout for tree in trace.groups[0].trees] == list(range(groups[0]))
    calls = [call for node in trace.trees[0].nodes for turn in node.turns for call in turn.calls]
    launched = {call.child for call in calls if call.child}
    if kind != "platoon":  # whose steps hold code, and not calls
        assert launched == set(drawn) - {"0"}
    assert kind in str(trace) and "<script" not in trace._repr_html_()
    kept = tmp_path / "kept.rao"
    trace.save(kept)
    with rl.open_run(kept) as run:
        assert [tree_to_json(each.load()) for each in run.trees()] == [
            tree_to_json(each) for each in trace.trees
        ]
        assert run.config["kind"] == "trace" and run.config["notes"] == dict(trace.notes)


def test_the_board_draws_the_steps_of_a_saved_trace_and_no_figure_that_it_does_not_say(
    tmp_path: Path,
) -> None:
    out = tmp_path / "trl.rao"
    opened("trl.parquet", reward="accuracy_reward").save(out)
    with rl.open_run(out) as run:
        assert [row["step"] for row in run.metrics] == [1, 2]
        first = run.metrics[0]
        assert first["success"] == pytest.approx(2 / 3) and first["zero_variance_groups"] == 0.0
        assert first["tokens_in"] is None and first["entropy"] is None and "refusals" not in first
        assert "success" in str(rl.Explorer(run, view="board"))


def test_a_frame_of_a_saved_trace_has_no_0_for_what_nobody_counted(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    opened("redel_state.json").save(tmp_path / "a.rao")
    with rl.open_run(tmp_path / "a.rao") as run:
        for of in ("nodes", "turns"):
            frame = run.frame(of)
            assert isinstance(frame, pandas.DataFrame)
            for name in ("tokens_in", "tokens_out", "started", "ended", "waiting_seconds", "decode_steps"):
                assert frame[name].isna().all(), (of, name)


def test_the_files_cover_every_format() -> None:
    assert {kind for kind, _, _ in FILES.values()} == {*FORMATS}


def test_what_a_file_does_not_say_is_unknown_and_never_0() -> None:
    for name, timed, counted in (
        ("platoon_dump.json", False, True),
        ("redel_state.json", False, False),
        ("conversation.json", False, False),
        ("otel_otlp.jsonl", True, True),
        ("redel_events.jsonl", True, True),
    ):
        nodes = [node for tree in opened(name).trees for node in tree.nodes]
        assert all((node.started is not None) is timed for node in nodes), name
        assert all((node.ended is not None) is timed for node in nodes), name
        assert all((node.compute_seconds is not None) is timed for node in nodes), name
        assert all(bool(node.tokens_out) is counted for node in nodes), name
        assert not any(len(turn.logprobs) for node in nodes for turn in node.turns)
    for name in ("rlm.jsonl", "redel_events.jsonl", "conversation.json"):
        assert {node.success for tree in opened(name).trees for node in tree.nodes} == {None}


def test_times_are_seconds_since_the_root_began_and_waiting_is_apart() -> None:
    tree = opened("redel_events.jsonl").trees[0]
    first = tree.root.turns[0]
    assert tree.root.started == 0.0 and tree.ended == tree.root.ended
    assert first.sampled is not None and first.ended is not None and first.waiting_seconds is not None
    child = tree.node("0.0")
    assert child.started is not None and child.ended is not None
    assert first.sampled <= child.started < child.ended <= first.ended
    assert first.waiting_seconds >= child.ended - child.started - 1e-3
    turns = opened("platoon.jsonl").trees[0].root.turns
    assert [turn.waiting_seconds for turn in turns] == [0.0, None, 0.0], "only the second launched anybody"


def test_platoons_own_bonus_is_taken_out_and_an_error_is_not_scored() -> None:
    trace = opened("platoon.jsonl")
    good, bad = trace.trees
    assert good.success == pytest.approx(1.0) and bad.success == pytest.approx(0.0)
    assert "less its bonus" in (good.root.success_source or "")
    lost = good.node("0.1.0")
    assert (lost.status, lost.success) == (Status.ERROR, None) and "RuntimeError" in lost.reason
    assert good.node("0.1").status is Status.TURN_LIMIT
    assert good.root.turns[0].code.startswith("print(") and good.root.turns[0].read == 100
    assert good.task.id == "task-7" and good.root.args == {"max_steps": 15}


def test_verifiers_tokens_and_logprobs_are_kept_bit_by_bit() -> None:
    trace = opened("verifiers.jsonl")
    raw = json.loads((TRACES / "verifiers.jsonl").read_text("utf-8").splitlines()[0])["traces"][0]
    root, child = trace.trees[0].nodes
    first, last = root.turns
    prefix = [each for node in raw["nodes"][:2] for each in node["token_ids"]]
    own = raw["nodes"][2]
    assert [*first.prompt_ids] == prefix + own["token_ids"][:2]
    assert [*first.sampled_ids] == own["token_ids"][2:]
    assert [*first.logprobs] == own["logprobs"] and np.isnan(first.entropies).all()
    assert (
        last.continues
        and [*last.prompt_ids] == raw["nodes"][6]["token_ids"] + raw["nodes"][7]["token_ids"][:2]
    )
    assert child.window == root.window == -1 and root.trainable_tokens > 0
    assert trace.groups[0].step == 3 and trace.trees[0].task.id == "sum-1"
    found = rl.attribute(trace.groups)
    assert pytest.approx(1.0) == found.find(0, 0, "0").A and pytest.approx(-1.0) == found.find(0, 1, "0").A


def test_an_older_rollout_with_an_error_is_not_scored_and_a_cut_one_says_so() -> None:
    whole, cut, lost = opened("verifiers_results.jsonl").groups[0].trees
    assert whole.success == 1.0 and cut.root.status is Status.CONTEXT_LIMIT
    assert lost.success is None and "the server" in lost.root.reason
    call = whole.root.turns[0].calls[0]
    assert (call.name, dict(call.kwargs), call.result) == ("add", {"a": 0, "b": 3}, "3")
    assert [message.role for message in whole.root.turns[1].messages] == ["tool"]


def test_of_several_rewards_one_has_to_be_named() -> None:
    unsaid = opened("trl.parquet")
    assert {tree.success for tree in unsaid.trees} == {None}
    assert any("several rewards" in note for note in unsaid.notes)
    trace = opened("trl.parquet", reward="accuracy_reward")
    assert [tree.success for tree in trace.groups[0].trees] == [1.0, 0.0, 1.0]
    assert [group.step for group in trace.groups] == [1, 1, 2, 2]
    half = opened("trl.parquet", reward="format_reward")
    assert [tree.success for tree in half.groups[0].trees] == [0.5, 0.5, None], (
        "None of a reward function is no 0"
    )


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_completions_as_text_are_read_like_parquet(kind: str, tmp_path: Path) -> None:
    rows = [(1, "a?", "x, y", 1.0), (1, "a?", 'says "z"', 0.0), (2, "a?", "w", None)]
    path = tmp_path / f"completions.{kind}"
    if kind == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("step", "prompt", "completion", "reward"), *rows])
    else:
        names = ("step", "prompt", "completion", "reward")
        path.write_text("".join(json.dumps(dict(zip(names, row))) + "\n" for row in rows), "utf-8")
    trace = rl.open_trace(path)
    assert [(len(group), group.step) for group in trace.groups] == [(2, 1), (1, 2)]
    assert [tree.success for tree in trace.trees] == [1.0, 0.0, None]
    assert trace.trees[1].root.value == 'says "z"'


def scaled(tmp_path: Path, rewards: list[float]) -> Path:
    path = tmp_path / "scaled.jsonl"
    said = [{"role": "user", "content": "a?"}, {"role": "assistant", "content": "b"}]
    path.write_text(
        "".join(json.dumps({"messages": said, "reward": each}) + "\n" for each in rewards), "utf-8"
    )
    return path


def test_rewards_beyond_0_and_1_are_mapped_by_a_range_and_otherwise_not_scored(tmp_path: Path) -> None:
    path = scaled(tmp_path, [-1.0, 0.0, 1.0])
    unsaid = rl.open_trace(path)
    assert [tree.success for tree in unsaid.trees] == [None] * 3
    assert "reward -1, beyond [0, 1]" in unsaid.trees[0].root.reason
    assert any("reward_range" in note for note in unsaid.notes)
    mapped = rl.open_trace(path, reward_range=(-1, 1))
    assert [(tree.success, tree.root.reward) for tree in mapped.trees] == [
        (0.0, -1.0),
        (0.5, 0.0),
        (1.0, 1.0),
    ]
    with pytest.raises(rl.InputError, match=r"from -1 to 1, beyond reward_range=\(0, 1\)"):
        rl.open_trace(path, reward_range=(0, 1))


def test_a_folder_gives_one_trace_whose_tasks_are_groups_across_files(tmp_path: Path) -> None:
    for place in range(3):
        (tmp_path / f"{place}.json").write_text((TRACES / "conversation.json").read_text("utf-8"), "utf-8")
    (tmp_path / "config.json").write_text('{"lr": 1}', "utf-8")
    trace = rl.open_trace(tmp_path)
    assert [len(group) for group in trace.groups] == [3]
    assert trace.notes == {"files of no format that is known: left out": 1}
    assert len(rl.open_trace([tmp_path / "0.json", tmp_path / "1.json"]).trees) == 2


def test_an_eval_archive_without_zstandard_is_the_same_as_the_json(tmp_path: Path) -> None:
    log = json.loads((TRACES / "inspect.json").read_text("utf-8"))
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for sample in log.pop("samples"):
            archive.writestr(f"samples/{sample['id']}_epoch_{sample['epoch']}.json", json.dumps(sample))
        archive.writestr("header.json", json.dumps(log))
    packed, plain = rl.open_trace(path), opened("inspect.json")
    assert sorted(str(tree) for tree in packed.trees) == sorted(str(tree) for tree in plain.trees)
    assert plain.trees[0].root.turns[0].messages[0].content.startswith("You delegate.")
    assert [group.task.id for group in plain.groups] == ["s1", "s2"]
    assert [tree.success for tree in plain.trees] == [1.0, 1.0, 0.0, 0.0]


def span(name: str, parent: str | None, begun: int, ended: int, **said: Any) -> dict[str, Any]:
    """A span as OTLP writes it."""
    kinds = {str: "stringValue", bool: "boolValue", int: "intValue", float: "doubleValue"}
    attributes = [{"key": key, "value": {kinds[type(value)]: value}} for key, value in said.items()]
    times = {"startTimeUnixNano": str(begun * 10**9), "endTimeUnixNano": str(ended * 10**9)}
    above = {} if parent is None else {"parentSpanId": parent}
    return {"traceId": "aa", "spanId": name, "name": name, **above, **times, "attributes": attributes}


def test_spans_of_our_own_carry_what_a_tree_knows(tmp_path: Path) -> None:
    agent, chat = {F.OPERATION: F.INVOKE}, {F.OPERATION: "chat"}
    root = {
        Rao.NODE: "0",
        Rao.GOAL: "add",
        Rao.TASK: "t1",
        Rao.STEP: 4,
        Rao.S: 0.5,
        Rao.REWARD: 0.0,
        Rao.PROBE: False,
    }
    child = {Rao.NODE: "0.0", Rao.GOAL: "check", Rao.TURN: 1, Rao.STATUS: "turn_limit", Rao.REASON: "8 turns"}
    spans = [
        span("b", "a", 2, 3, **agent, **child),
        span("c", "a", 1, 4, **chat, **{Rao.CODE: "print(1)", Rao.PRINTED: "1\n", Rao.VERSION: 7}),
        span(
            "a", None, 1, 5, **agent, **root, **{Rao.VALUE: '{"$":"tuple","v":[1,2]}', Rao.SOURCE: "verifier"}
        ),
    ]
    path = tmp_path / "ours.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in spans), "utf-8")
    tree = rl.open_trace(path, reward_range=(-1, 1)).trees[0]
    below = tree.node("0.0")
    assert (tree.task.id, tree.header.step, tree.root.goal, tree.root.value) == ("t1", 4, "add", (1, 2))
    assert (tree.success, tree.root.reward, tree.root.success_source) == (0.5, 0.0, "verifier")
    assert (below.parent_turn, below.status, below.reason) == (1, Status.TURN_LIMIT, "8 turns")
    turn = tree.root.turns[0]
    assert (turn.code, turn.output, turn.policy_version, turn.children) == ("print(1)", "1\n", 7, ("0.0",))
    assert (tree.root.started, below.started, tree.ended) == (0.0, 1.0, 4.0)


def test_rlm_calls_that_ran_as_an_rlm_of_their_own_are_read_to_any_depth(tmp_path: Path) -> None:
    def call(depth: int) -> dict[str, Any]:
        inner = {} if not depth else {"metadata": {"run_metadata": {}, "iterations": [turn(depth - 1)]}}
        return {"root_model": "m", "prompt": f"task {depth}", "response": "r", "usage_summary": {}, **inner}

    def turn(depth: int) -> dict[str, Any]:
        result = {"stdout": "", "stderr": "", "execution_time": 0.1, "rlm_calls": [call(depth)]}
        return {
            **{
                "type": "iteration",
                "iteration": 1,
                "timestamp": "2026-01-01T00:00:01",
                "iteration_time": 0.5,
            },
            **{"prompt": "p", "response": "```repl\nx\n```", "final_answer": "r"},
            "code_blocks": [{"code": "x", "result": result}],
        }

    path = tmp_path / "deep.jsonl"
    path.write_text(json.dumps({"type": "metadata", "root_model": "m"}) + "\n" + json.dumps(turn(5)), "utf-8")
    tree = rl.open_trace(path).trees[0]
    assert tree.depth == 6 and tree.node("0.0.0").goal == "task 4"
    assert tree.root.turns[0].code == "x" and tree.root.turns[0].started == 0.0


def test_credit_of_a_saved_trace_is_kept_and_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from rao_lab.cli.main import call

    out = tmp_path / "theirs.rao"
    assert call(["import", str(TRACES / "otel_otlp.jsonl"), "--out", str(out)]) == 0
    assert "otel" in capsys.readouterr().out
    assert call(["credit", str(out)]) == 0
    assert "+" in (printed := capsys.readouterr().out) and "estimator rao" in printed
    with rl.open_run(out) as run:
        assert "0.0" in str(rl.Explorer(run))
    explorer: Callable[..., Any] = rl.Explorer
    shown = str(explorer(rl.open_trace(TRACES / "otel_otlp.jsonl"), config=rl.CreditConfig(lam=0.4)))
    assert "otel_otlp.jsonl (otel)" in shown and "What is 2 + 3?" in shown
