"""Hostile and damaged traces: one line that names the file, the line and the value; never more than the bounds."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.store.formats import archive, build, inspect_events, reading, verifiers_graph

CREATED = {"type": "trajectory_created", "ts": 1.0}
TOLD = {"role": "user", "content": "a?"}
SAID = {"role": "assistant", "content": "b"}
SPAN = {"traceId": "aa", "spanId": "b1", "name": "s", "startTimeUnixNano": "1", "endTimeUnixNano": "2"}
AGENT = [{"key": "gen_ai.operation.name", "value": {"stringValue": "invoke_agent"}}]
SAMPLE = {"id": "s", "epoch": 1, "messages": [], "scores": {}}


def trajectory(name: Any, parent: Any = None, **more: Any) -> dict[str, Any]:
    above = None if parent is None else {"id": parent, "fork_step": 0}
    return {**CREATED, "trajectory": {"id": name, "parent_info": above, "steps": [], "reward": 0.0, **more}}


def node(name: str, parent: str | None = None, **more: Any) -> dict[str, Any]:
    return {"id": name, "parent": parent, "messages": [TOLD, SAID], **more}


def index(*nodes: Any) -> list[Any]:
    return [{"format": "rao-lab messages", "nodes": [*nodes]}]


def log(**sample: Any) -> list[Any]:
    return [{"eval": {"task": "t"}, "plan": {}, "samples": [{**SAMPLE, **sample}]}]


def deep(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


BAD: dict[str, tuple[list[Any], str]] = {
    "an id twice": ([trajectory("a"), trajectory("a")], "line 2: a trajectory is created once, not 'a'"),
    "no parent": ([trajectory("a", "z")], "line 1: the parent 'z' of node 'a' is not in the file"),
    "a circle": ([trajectory("a", "b"), trajectory("b", "a")], "node 'a' is among its own ancestors"),
    "its own parent": ([trajectory("a", "a")], "node 'a' is among its own ancestors"),
    "no id": ([trajectory(None)], "the id of a trajectory must be an id of 1 to 400 characters, not None"),
    "an id that is a list": ([trajectory(["x"])], r"must be an id of 1 to 400 characters, not \['x'\]"),
    "NaN": ([trajectory("a", reward=float("nan"))], "line 1: reward must be a finite number, not nan"),
    "an infinite reward": ([trajectory("a", reward=float("inf"))], "must be a finite number, not inf"),
    "a reward of text": ([trajectory("a", reward="1")], "must be a finite number, not '1'"),
    "a true reward": ([trajectory("a", reward=True)], "must be a finite number, not True"),
    "an unknown trajectory": (
        [trajectory("a"), {"type": "trajectory_finished", "trajectory_id": "b", "ts": 2}],
        "line 2: an event must be of a trajectory that was created, not 'b'",
    ),
    "a step that is no object": (
        [trajectory("a"), {"type": "trajectory_step_added", "trajectory_id": "a", "step": 3}],
        "line 2: a JSON object is due, not 3",
    ),
    "a time of words": ([{**trajectory("a"), "ts": "soon"}], "ts must be a time, not 'soon'"),
    "two nodes with one id": (index(node("a"), node("a")), "node 2: the id 'a' names two nodes"),
    "a call that nobody made": (
        index(node("a"), node("b", "a", call="c")),
        "node 2: the call of node b must be a tool call of a, not 'c'",
    ),
    "a status of one's own": (
        index(node("a", status="great")),
        "status must be one of finished, .*not 'great'",
    ),
    "a file elsewhere": (index({"id": "a", "file": "../x.json"}), r"beside the index, not '\.\./x\.json'"),
    "a message without a role": (
        index({"id": "a", "messages": [{"content": "x"}]}),
        "a message needs a role",
    ),
    "messages of text": (index({"id": "a", "messages": ["hi"]}), "a JSON object is due, not 'hi'"),
    "content of numbers": (
        index({"id": "a", "messages": [{"role": "user", "content": {}}]}),
        "content must be a list",
    ),
    "a deep value": (index(node("a", value=deep(100))), "value: a value is nested too deep"),
    "a kani twice spoken of": (
        [{"type": "kani_message", "id": "k", "msg": SAID, "timestamp": 1}],
        "line 1: an event must be of a kani that was spawned, not 'k'",
    ),
    "two spans with one id": ([SPAN, SPAN], "line 2: the ids of the spans of a trace must differ, not 'b1'"),
    "a span above itself": (
        [{**SPAN, "parentSpanId": "b1", "attributes": AGENT}],
        "own ancestors|in themselves",
    ),
    "no span of an agent": ([SPAN], r"holds no span of an agent or of a chat \(gen_ai.operation.name\)"),
    "a span without an id": (
        [{**SPAN, "spanId": None}],
        "the id of a span must be hexadecimal text, not None",
    ),
    "a parent that comes later": (
        [{"id": "t", "task": {}, "rewards": {}, "nodes": [{"parent": 1, "message": SAID, "sampled": True}]}],
        "the parent of message 0 must stand before it, not 1",
    ),
    "a mask of another length": (
        [
            {
                **{"id": "t", "task": {}, "rewards": {}},
                "nodes": [{"message": SAID, "sampled": True, "token_ids": [1, 2], "mask": [True]}],
            }
        ],
        "mask must have one entry for each of 2 token ids, not 1",
    ),
    "token ids below 0": (
        [
            {
                **{"id": "t", "task": {}, "rewards": {}},
                "nodes": [{"message": SAID, "sampled": True, "token_ids": [-1], "mask": [True]}],
            }
        ],
        "token_ids must hold token ids, not -1",
    ),
    "a sample without an id": (log(id=None), "a sample needs an id"),
    "references beyond the pool": (
        log(
            events=[
                {"event": "span_begin", "id": "x", "type": "agent", "name": "n"},
                {
                    **{"event": "model", "span_id": "x", "input_refs": [[0, 9]]},
                    "output": {"choices": [{"message": SAID}]},
                },
            ]
        ),
        "input_refs must be places among 0 messages",
    ),
    "spans in a circle": (
        log(
            events=[
                {"event": "span_begin", "id": "x", "parent_id": "y", "type": "solver", "name": "n"},
                {"event": "span_begin", "id": "y", "parent_id": "x", "type": "agent", "name": "n"},
            ]
        ),
        "spans must not be within 1000 others, or in themselves",
    ),
    "another scorer": (log(scores={"a": {"value": "C"}}), "^$"),
    "a log without samples": ([{"eval": {}, "samples": []}], "is an Inspect log without samples"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_trace_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    lines, said = BAD[name]
    path = tmp_path / "bad.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n", "utf-8")
    if said == "^$":  # is read
        assert rl.open_trace(path).trees[0].success == 1.0
        return
    with pytest.raises(rl.InputError, match=said) as caught:
        rl.open_trace(path)
    line = str(caught.value)
    assert "bad.jsonl" in line and "\n" not in line and line.isprintable() and len(line) < 400


UNKNOWN: list[tuple[bytes, str]] = [
    (b"", "is empty|no trace that is known"),
    (b"\x80\x04pickle", "no trace that is known, it looks like a Python pickle, which is never opened"),
    (b"hello", "no trace that is known, it looks like plain text: looked for platoon"),
    (b'{"a": 1}\n', "JSON with the fields a: looked for platoon .*; messages"),
    (b'{"type": "iteration"', "this is not JSON"),
    (b"[" * 100_000, "nested too deep|no trace that is known"),
    (b'{"a": ' * 50_000, "nested too deep|not JSON"),
    (b"PK\x03\x04 and no more", "is a damaged zip archive"),
    (b"PAR1 and no more", "Parquet"),
    (b"SQLite format 3\0" + b"\0" * 100, "is a run file: rl.open_run opens it"),
]


@pytest.mark.parametrize(("content", "said"), UNKNOWN)
def test_a_file_of_another_kind_says_what_was_looked_for(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_bytes(content)
    with pytest.raises((rl.InputError, rl.UnavailableError), match=said) as caught:
        rl.open_trace(path)
    assert "\n" not in str(caught.value) and "odd.jsonl" in str(caught.value)


def test_a_last_line_that_was_cut_off_is_left_out_and_the_tree_says_so(tmp_path: Path) -> None:
    path = tmp_path / "killed.jsonl"
    path.write_text(json.dumps(trajectory("a")) + '\n{"type": "trajectory_st', "utf-8")
    root = rl.open_trace(path).trees[0].root
    assert (root.status, root.reason, root.success) == (rl.Status.ERROR, "its file ends before it does", None)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_MEMBER", 1 << 16)
    path = tmp_path / "bomb.eval"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("header.json", b"{}")
        made.writestr("samples/a_epoch_1.json", b" " * (1 << 20))
    with pytest.raises(rl.InputError, match=r"samples/a_epoch_1\.json unpacks to over 65,536 bytes"):
        rl.open_trace(path)
    lied = bytearray(path.read_bytes())  # a size in the directory that hides it changes nothing
    place = lied.rindex((1 << 20).to_bytes(4, "little"))
    lied[place : place + 4] = (10).to_bytes(4, "little")
    path.write_bytes(lied)
    with pytest.raises(rl.InputError, match=r"bomb\.eval"):
        rl.open_trace(path)
    monkeypatch.setattr(archive, "MOST_BYTES", 1 << 10)
    with pytest.raises(rl.InputError, match=r"unpacks to over|cannot be unpacked"):
        rl.open_trace(path)


def test_what_is_too_large_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.jsonl"
    path.write_text("\n".join(json.dumps(trajectory(f"t{i}")) for i in range(40)), "utf-8")
    for where, name, bound, said in (
        (reading, "MOST_BYTES", 100, "a trace of at most 100 is read"),
        (reading, "MOST_LINE", 20, "line 1: a line of over 20 bytes"),
        (reading, "MOST_LINES", 5, "line 6: .*too many lines"),
        (build, "MOST_NODES", 10, "holds over 10 nodes"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(where, name, bound)
            with pytest.raises(rl.InputError, match=said):
                rl.open_trace(path)
    long = tmp_path / "long.json"
    long.write_text(json.dumps([TOLD, {**SAID, "content": "x" * 200}]), "utf-8")
    monkeypatch.setattr(reading, "MOST_TEXT", 100)
    with pytest.raises(rl.InputError, match="content has 200 characters: at most 100 are read"):
        rl.open_trace(long)


def test_a_small_file_that_names_the_same_messages_again_and_again_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect_events, "MOST_REPEATED", 500)
    monkeypatch.setattr(verifiers_graph, "MOST_REPEATED", 500)
    pool = [TOLD] * 100
    begun = {"event": "span_begin", "id": "x", "type": "agent", "name": "n"}
    turn = {
        "event": "model",
        "span_id": "x",
        "input_refs": [[0, 100]],
        "output": {"choices": [{"message": SAID}]},
    }
    messages = [{"message": TOLD, **({"parent": i - 1} if i else {})} for i in range(100)]
    messages += [{"message": SAID, "parent": 99, "sampled": True} for _ in range(100)]
    for name, content in (
        ("a.json", log(events=[begun, *[turn] * 20], events_data={"messages": pool})[0]),
        ("b.json", {"id": "t", "task": {}, "rewards": {}, "nodes": messages}),
    ):
        path = tmp_path / name
        path.write_text(json.dumps(content), "utf-8")
        with pytest.raises(rl.InputError, match="must read at most 500 messages together"):
            rl.open_trace(path)


def test_a_tree_that_is_too_deep_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.jsonl"
    rows = [trajectory(f"t{i}", f"t{i - 1}" if i else None) for i in range(300)]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    with pytest.raises(rl.InputError, match="line 202: node 't201' is deeper than 200 levels"):
        rl.open_trace(path)


def test_arguments_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([TOLD, SAID]), "utf-8")
    for said, named in (
        ("format='x' is unknown: choose one of platoon", {"format": "x"}),
        (r"reward_range must be \(low, high\), not 3", {"reward_range": 3}),
        ("low must be less than high", {"reward_range": (1, 0)}),
        ("reward must be the name of a reward, not 3", {"reward": 3}),
        ("nearest|open_trace has no argument 'kind'", {"kind": "x"}),
    ):
        with pytest.raises(rl.ConfigError, match=said):
            rl.open_trace(path, **named)  # type: ignore[arg-type]
    for odd in (3, [], [3]):
        with pytest.raises(rl.InputError, match="opened by the name of a file"):
            rl.open_trace(odd)  # type: ignore[arg-type]
    with pytest.raises(rl.MissingError, match="no file"):
        rl.open_trace(tmp_path / "nothing.json")
    (tmp_path / "empty").mkdir()
    with pytest.raises(rl.MissingError, match="holds no file that ends with"):
        rl.open_trace(tmp_path / "empty")
    with pytest.raises(rl.ConfigError, match=r"end it with \.rao"):
        rl.open_trace(path).save(tmp_path / "a.json")
    with pytest.raises(rl.ConfigError, match="another program"):
        rl.fork(rl.open_trace(path).trees[0], "0", rest="continued")


def test_text_that_acts_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    path = tmp_path / "acts.json"
    hostile = "\x1b[2J<script>alert(1)</script>\u202e"
    path.write_text(json.dumps([{"role": "user", "content": hostile}, {**SAID, "content": hostile}]), "utf-8")
    trace = rl.open_trace(path)
    assert "\x1b" not in str(trace) + str(trace.trees[0]) and "<script>" not in trace._repr_html_()
    assert trace.trees[0].root.goal == hostile, "a record keeps what was said"
