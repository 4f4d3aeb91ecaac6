"""The flat ceiling: the shortest flat transcript in the policy's own tokens."""

from __future__ import annotations

from collections.abc import Sequence

from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.evaluation.ceiling import (
    ONE_CALL,
    OR_PROGRAM,
    flat_fits,
    flat_program,
    flat_tokens,
    flat_transcript,
)
from rao_lab.evaluation.evaluate import evaluate
from rao_lab.prompts import find
from rao_lab.protocols import TurnReply, TurnRequest
from rao_lab.tree import Message, Task
from tests.support.worlds import Lines, Shelf

ENV = TextCraft("easy")
# 2 c0 need 2 b0 and 2 a1; each b0 needs 3 a0.
TASK = Task(
    "t",
    "Craft the following items: 2x c0",
    data={
        "targets": {"c0": 2},
        "inventory": {"a0": 6, "a1": 2},
        "recipes": {"c0": [{"b0": 1, "a1": 1}, 1], "b0": [{"a0": 3}, 1]},
    },
)
REPLIES = [
    'get_info(["c0"])\n',
    'get_info(["b0"])\n',
    'craft({"a0": 6}, ("b0", 2))\n',
    'craft({"b0": 2, "a1": 2}, ("c0", 2))\nfinish("done")\n',
]


class Counting(Lines):
    """A token is a word."""

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)

    def _reply(self, request: TurnRequest) -> TurnReply:
        return TurnReply(request.key, REPLIES[min(request.turn, len(REPLIES)) - 1])


def test_the_transcript_looks_up_each_recipe_and_crafts_each_item_once() -> None:
    messages = flat_transcript(TASK, ENV, find("terse"))
    assert [message.content for message in messages if message.role == "assistant"] == REPLIES
    assert [message.content for message in messages if message.role == "user"] == [
        "solo c0 2\n",
        "c0 = b0 1 (0) a1 1 (2) \n",
        "b0 = a0 3 (6) \n",
        "made\n",
    ]


def test_the_transcript_is_what_an_agent_who_plays_it_reads_and_writes() -> None:
    found = evaluate(ENV, Counting({}), "flat", tasks=[TASK])
    turns = found.trees[0].root.turns
    said = [text for turn in turns for text in (*(each.content for each in turn.messages), turn.text)]
    assert found.success == 1.0
    assert said == [message.content for message in flat_transcript(TASK, ENV, find("terse"))]


def test_tokens_are_counted_by_the_policys_own_tokenizer() -> None:
    # 3 to be told, 1 + 8 and 1 + 5 to look up, 4 + 1 and 6 to craft, 1 to finish.
    text = " ".join(message.content for message in flat_transcript(TASK, ENV, find("terse")))
    assert flat_tokens(TASK, ENV, Counting({})) == len(text.split()) == 30


def test_a_task_fits_a_window_of_exactly_its_length() -> None:
    fits = flat_fits(ENV, Counting({}))
    assert fits(TASK, 30) is True
    assert fits(TASK, 29) is False


def test_without_tokens_or_a_plan_nothing_can_be_told() -> None:
    assert flat_transcript(TASK, Shelf(), find("terse")) == []
    assert flat_fits(ENV, Lines({}))(TASK, 100) is None
    assert flat_fits(Shelf(), Counting({}))(TASK, 100) is None


def test_chat_dialects_print_what_they_ask_for() -> None:
    replies = [
        each.content for each in flat_transcript(TASK, ENV, find("codeact")) if each.role == "assistant"
    ]
    assert replies[0] == '```python\nprint(get_info(["c0"]))\n```'
    assert replies[-1].endswith('finish("done")\n```')


def test_where_replies_are_programs_the_shorter_of_one_program_and_one_call_a_turn_counts() -> None:
    words = Counting({})
    hard = TextCraft("hard")
    for environment, task in ((ENV, TASK), (hard, hard.tasks("test")[0])):
        calls, program = (
            words.count_tokens(play(task, environment, find("codeact")))
            for play in (flat_transcript, flat_program)
        )
        assert (program < calls) == (environment is hard)
        assert flat_tokens(task, environment, words, "codeact") == min(calls, program)
    assert flat_fits(ENV, words, "codeact").of == OR_PROGRAM
    assert flat_fits(ENV, words).of == flat_fits(Shelf(), words, "codeact").of == ONE_CALL
    assert flat_program(TASK, Shelf(), find("codeact")) == []


def test_the_program_that_is_counted_does_the_task_when_it_runs() -> None:
    task = TextCraft("hard").tasks("test")[0]
    *told, reply = flat_program(task, ENV, find("codeact"))
    policy = Lines({"0": [reply.content]})
    (tree,) = evaluate(ENV, policy, "flat", tasks=[task], prompt="codeact").trees
    (turn,) = tree.root.turns
    assert (tree.success, turn.error) == (1.0, None)
    assert [each.content for each in turn.messages][:1] == [told[0].content]
