"""What `run`, `eval` and `diff` say of turns that were cut, of tokens that nobody counted, and of no reply at all."""

from __future__ import annotations

from pathlib import Path

from rao_lab.store import open_run
from tests.support.chat_servers import answers, in_turn, says, serving
from tests.support.command_line import CommandLine

RUN = ["run", "--goal", "Say one.", "--policy"]
ACT = "So.\n```python\nfinish('one')\n```"


def test_turns_that_were_cut_are_told_at_the_end_and_tokens_that_nobody_counted_are_no_0(
    lab: CommandLine, tmp_path: Path
) -> None:
    kept = str(tmp_path / "a.rao")
    with serving(in_turn(says("x" * 400, finish="length"), says(ACT))) as server:
        _, out, err = lab([*RUN, server.address, "--out", kept])
    assert "1 of 2 turns was cut at 256 tokens: --set limits.max_new_tokens=1024" in err
    assert "server: 2 requests, tokens not told" in err
    assert "      2       —" in out
    _, out, _ = lab(["diff", kept, "--trees", "0.0", "0.0"])
    assert out.count("2      —") == 2


def test_a_node_that_never_got_a_reply_wrote_no_turn(lab: CommandLine, tmp_path: Path) -> None:
    kept = tmp_path / "a.rao"
    with serving(answers(401)) as server:
        status, out, _ = lab([*RUN, server.address, "--out", kept])
    assert status == 1 and "1 node · depth 0 · 0 turns" in out
    compared = lab.json(["diff", kept, "--trees", "0.0", "0.0"])
    assert (compared["a"]["turns"], compared["rows"][0]["a"]["turns"]) == (0, 0)
    assert "0 turns" in lab(["show", kept, "--node", "0"])[1]
    with open_run(kept) as run:  # a file counts what was begun
        assert [tree.turns for tree in run.trees()] == [1] == [run.frame("nodes")["turns"][0]]


def test_json_has_null_for_tokens_that_nobody_counted(lab: CommandLine, tmp_path: Path) -> None:
    kept = tmp_path / "a.rao"
    one = ["--limit", "1", "--set", "limits.max_turns=1", "--out", kept]
    with serving(in_turn(says(ACT))) as server:
        found = lab.json(["eval", "--env", "arithmetic", "--policy", server.address, *one])
    assert (found["tokens"], found["rows"][0]["generated_tokens"]) == (None, None)
    assert found["usage"]["requests"] == 1 and found["usage"]["completion_tokens"] is None
    compared = lab.json(["diff", kept, "--trees", "0.0", "0.0"])
    sides = [compared["a"], compared["b"], compared["rows"][0]["a"], compared["rows"][0]["b"]]
    assert [side["tokens"] for side in sides] == [None] * 4
    edit = ["--node", "0", "--turn", "1", "--rest", "continued", "--repeats", "1"]
    with serving(in_turn(says(ACT))) as server:
        forked = lab.json(["fork", kept, *edit, "--policy", server.address])
    assert [row["tokens"] for row in forked["rows"]] == [None] * 2


def test_tokens_that_a_judge_did_not_tell_are_no_0(lab: CommandLine) -> None:
    with serving(in_turn(says(ACT))) as server, serving(in_turn(says("VERDICT: 1"))) as judge:
        _, _, err = lab([*RUN, server.address, "--judge", judge.address])
    assert "1 call, tokens not told, " in err


def test_cut_turns_are_told_of_everyone_who_is_compared(lab: CommandLine) -> None:
    one = ["--env", "arithmetic", "--limit", "1", "--set", "limits.max_turns=1"]
    line = "1 of 1 turn was cut at 256 tokens: --set limits.max_new_tokens=1024"
    cut = says("x" * 400, finish="length")
    with serving(in_turn(cut)) as server:
        _, _, err = lab(["eval", *one, "--policy", server.address, "--against", "flat"])
        assert f"recursive: {line}" in err
    with serving(in_turn(cut)) as server:
        bench = ["prompts", "bench", "plain", "budget_aware", "--repeats", "1"]
        _, _, err = lab([*bench, *one, "--policy", server.address])
        assert f"plain: {line}" in err and f"budget_aware: {line}" in err
