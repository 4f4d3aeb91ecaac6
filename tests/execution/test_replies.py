"""What a reply's reasoning and its further blocks do in a tree: nothing, and all of it is kept."""

from __future__ import annotations

from dataclasses import replace

from rao_lab.execution.sandbox import Sandbox
from rao_lab.policies.replay import ReplayPolicy
from rao_lab.protocols import TurnReply, TurnRequest
from tests.support.growing import grow_one
from tests.support.worlds import Lines

DRAFT = "```python\nfinish('draft')\n```"
REAL = "```python\nfinish('real')\n```"


def test_a_draft_in_a_models_reasoning_does_not_end_its_task(sandbox: Sandbox) -> None:
    text = f"<think>\nPerhaps:\n{DRAFT}\nNo.\n</think>\nI end it.\n{REAL}"
    tree = grow_one(sandbox, {"0": [text]}, words="codeact")
    turn = tree.root.turns[0]
    assert (tree.root.value, turn.code, turn.text) == ("real", "finish('real')", text)
    assert turn.thought == f"Perhaps:\n{DRAFT}\nNo.\n\nI end it."


def test_a_reply_cut_in_its_thought_runs_nothing_and_is_told_so(sandbox: Sandbox) -> None:
    tree = grow_one(sandbox, {"0": [f"<think>\n{DRAFT}\nOr", REAL]}, words="codeact")
    first, second = tree.root.turns
    assert (first.code, tree.root.value) == ("", "real")
    assert first.error is not None and "stands in your thought, where nothing runs" in first.error
    assert first.error in second.messages[0].content


def test_a_second_block_does_not_run_is_kept_and_the_model_is_told(sandbox: Sandbox) -> None:
    tree = grow_one(sandbox, {"0": [f"```python\nprint(1)\n```\n{DRAFT}", REAL]}, words="codeact")
    first, second = tree.root.turns
    assert (first.code, first.output, first.thought) == ("print(1)", "1\n", DRAFT)
    assert "Only your first Python block ran. 1 more did not" in second.messages[0].content
    assert "Only your first" not in (first.error or "")


class Apart(Lines):
    """Reasons apart from its text, as some servers do."""

    dialect = "codeact"

    def _reply(self, request: TurnRequest) -> TurnReply:
        return replace(super()._reply(request), thought=f"I think of\n{DRAFT}")


def test_reasoning_that_comes_apart_is_thought_and_a_replay_keeps_it(sandbox: Sandbox) -> None:
    policy = Apart({"0": [f"Now.\n{REAL}"]})
    tree = grow_one(sandbox, {}, policy=policy, words="codeact")
    assert tree.root.turns[0].thought == f"I think of\n{DRAFT}\n\nNow."
    assert tree.root.value == "real"
    again = grow_one(sandbox, {}, policy=ReplayPolicy(tree), words="codeact")
    assert again.root.turns[0].thought == tree.root.turns[0].thought
