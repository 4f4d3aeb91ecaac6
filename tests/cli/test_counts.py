"""What `run`, `eval` and `diff` say of turns that were cut, of tokens that nobody counted, and of no reply at all."""

from __future__ import annotations

from pathlib import Path

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
    assert "1 of 2 turns were cut at 256 tokens: --set limits.max_new_tokens=1024" in err
    assert "server: 2 requests, tokens not told" in err
    assert "      2       —" in out
    _, out, _ = lab(["diff", kept, "--trees", "0.0", "0.0"])
    assert out.count("2      —") == 2


def test_a_node_that_never_got_a_reply_wrote_no_turn(lab: CommandLine) -> None:
    with serving(answers(401)) as server:
        status, out, _ = lab([*RUN, server.address])
    assert status == 1 and "1 node · depth 0 · 0 turns" in out
