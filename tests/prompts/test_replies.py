"""Replies as chat models write them, and what of each runs: a table, and what must hold for any reply."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import NamedTuple

import pytest

from rao_lab.prompts import find
from rao_lab.prompts.reasoning import MARKS, PAIRS, opened_by, split
from rao_lab.protocols import Action, Brief, Observation, ParseFailure

LOOK = "print(get_info(['a1']))"
BLOCK = f"```python\n{LOOK}\n```"
DRAFT = "```python\nfinish('draft')\n```"
NOT_RUN = "{} more did not: write one block a reply and wait for its output."
OPEN, EMPTY, NONE = "no closing line", "is empty", "I found no code"


class Case(NamedTuple):
    name: str
    text: str
    code: str | None = LOOK
    """What runs; None = nothing."""
    said: str = ""
    """Words of the note, or of why nothing runs."""
    thought: str | None = None
    """All of it, if it matters."""


CASES = (
    # One block, in the ways of writing it.
    Case("prose and a block", f"I look first.\n\n{BLOCK}", thought="I look first."),
    Case("a block alone", BLOCK, thought=""),
    Case("text after the block", f"{BLOCK}\nThis shows the recipe.", thought="This shows the recipe."),
    Case("an invented output", f"{BLOCK}\n\nOutput:\n```\n[{{}}]\n```", thought="Output:\n```\n[{}]\n```"),
    Case("windows line ends", f"Look.\r\n```python\r\nx = 1\r\n{LOOK}\r\n```\r\n", f"x = 1\n{LOOK}"),
    Case("a blank before the label", f"``` python\n{LOOK}\n```"),
    Case("capitals", f"```PYTHON\n{LOOK}\n```"),
    Case("py", f"```py\n{LOOK}\n```"),
    Case("python3", f"```python3\n{LOOK}\n```"),
    Case("label in braces", f"```{{python}}\n{LOOK}\n```"),
    Case("label as a class", f"```{{.python}}\n{LOOK}\n```"),
    Case("tildes", f"~~~python\n{LOOK}\n~~~"),
    Case("tildes as an operator", "~~~python\nx = [\n~~~1,\n]\n~~~", "x = [\n~~~1,\n]"),
    Case("four backticks", f"````python\n{LOOK}\n````"),
    Case("four backticks around three", "````python\nx = 1\n```\ny = 2\n````", "x = 1\n```\ny = 2"),
    Case("blanks after the fences", f"```python  \n{LOOK}\n```   \n"),
    Case("indented in a list", f"1. Look:\n   ```python\n   for x in 'ab':\n       {LOOK}\n   ```",
         f"for x in 'ab':\n    {LOOK}"),
    Case("the fence is the item of a list", f"- ```python\n  {LOOK}\n  ```"),
    Case("all code indented", f"```python\n    x = 1\n    {LOOK}\n```", f"x = 1\n{LOOK}"),
    Case("the fence after text", f"Thought: I look. ```python\n{LOOK}\n```", thought="Thought: I look."),
    Case("text after the closing fence", f"```python\n{LOOK}\n``` Now I wait.", thought="Now I wait."),
    Case("text at the closing fence", f"```python\n{LOOK}\n```Now I wait.", thought="Now I wait."),
    Case("closed on the line of code", f"```python\n{LOOK}```"),
    Case("bold heading", f"**Code:**\n\n{BLOCK}\n\n**Expected:** a list", thought="**Code:**\n\n**Expected:** a list"),
    Case("ReAct", f"Thought: look\nAction:\n{BLOCK}\nObservation:", thought="Thought: look\nAction:\n\nObservation:"),
    # Strings that hold fences.
    Case("a fence in a docstring", 'Done.\n```python\nfinish("""Use\n```json\n{}\n```\n""")\n```',
         'finish("""Use\n```json\n{}\n```\n""")'),
    Case("a python fence in a string", "```python\ns = '''\n```python\nx\n```\n'''\nfinish(s)\n```",
         "s = '''\n```python\nx\n```\n'''\nfinish(s)"),
    Case("an f-string with a fence", '```python\nfinish(f"""\n```\n{d["x"]}\n```""")\n```',
         'finish(f"""\n```\n{d["x"]}\n```""")'),
    Case("escaped quotes", '```python\ns = """a \\""" ```\n"""\nprint(s)\n```', 's = """a \\""" ```\n"""\nprint(s)'),
    Case("a fence in a plain string", "```python\nprint('```')\nx = \"```\"\n```", "print('```')\nx = \"```\""),
    Case("an apostrophe in a comment", "```python\n# don't stop\nx = 1  # it's `x`\n```",
         "# don't stop\nx = 1  # it's `x`"),
    Case("quotes in a comment", '```python\nx = 1  # """\ny = 2\n```\nMore', 'x = 1  # """\ny = 2'),
    Case("a string never closed", '```python\nx = """oops\n```\nSorry.', 'x = """oops', thought="Sorry."),
    Case("an apostrophe that opens nothing", "```python\nprint('it's')\n```\nIt's here.", "print('it's')"),
    # Several blocks.
    Case("two blocks", f"Look.\n{BLOCK}\nThen:\n```python\nfinish('a')\n```", said=NOT_RUN.format(1)),
    Case("three blocks", f"{BLOCK}\n{DRAFT}\n{DRAFT}", said=NOT_RUN.format(2)),
    Case("the second is cut", f"{BLOCK}\n```python\nfinish(", said=NOT_RUN.format(1)),
    Case("the second has more in its line", f"{BLOCK}\n```python title=b\nfinish(1)\n```", said=NOT_RUN.format(1)),
    Case("the first is empty", f"```python\n\n```\nAgain:\n{BLOCK}"),
    Case("the first was not closed", f"```python\n{LOOK}\n```python\nfinish(1)\n```", said=NOT_RUN.format(1)),
    Case("json before python", f'```json\n{{"plan": 1}}\n```\n{BLOCK}'),
    Case("bash after python", f"{BLOCK}\n```bash\nls\n```"),
    Case("an unlabelled block before", f"Recipe:\n```\na1: b1\n```\n{BLOCK}"),
    Case("a json block that was not closed", f'```json\n{{"a": 1}}\n{BLOCK}'),
    Case("an example in markdown", f"```markdown\n{DRAFT}\n```\n{BLOCK}"),
    Case("an example in a longer fence", f"````\n{DRAFT}\n````\n{BLOCK}"),
    # Reasoning.
    Case("DeepSeek, Qwen", f"<think>\nMaybe\n{DRAFT}\nNo.\n</think>\n\n{BLOCK}", thought=f"Maybe\n{DRAFT}\nNo."),
    Case("the template opened it", f"Maybe\n{DRAFT}\nNo.\n</think>\n\nLook:\n{BLOCK}",
         thought=f"Maybe\n{DRAFT}\nNo.\n\nLook:"),
    Case("the draft is cut", f"Perhaps ```python\nfinish(\n</think>\n{BLOCK}"),
    Case("an empty thought", f"<think>\n\n</think>\n\n{BLOCK}", thought=""),
    Case("thinking", f"<thinking>{DRAFT}</thinking>{BLOCK}"),
    Case("Reasoning in capitals", f"<Reasoning>\n{DRAFT}\n</Reasoning>\n{BLOCK}"),
    Case("Magistral", f"[THINK]Hm.\n{DRAFT}[/THINK]{BLOCK}"),
    Case("OpenThinker", f"<|begin_of_thought|>\n{DRAFT}\n<|end_of_thought|>\n{BLOCK}"),
    Case("Cohere", f"<|START_THINKING|>{DRAFT}<|END_THINKING|>\n{BLOCK}"),
    Case("Gemma 4", f"<|channel>thought\n{DRAFT}<channel|>{BLOCK}", thought=DRAFT),
    Case("Apertus", f"<|inner_prefix|>{DRAFT}<|inner_suffix|>{BLOCK}", thought=DRAFT),
    Case("Kimi", f"◁think▷{DRAFT}◁/think▷{BLOCK}"),
    Case("gpt-oss", "<|channel|>analysis<|message|>Maybe\n" + DRAFT + "<|end|><|start|>assistant<|channel|>final"
         f"<|message|>Look.\n{BLOCK}<|return|>", thought=f"Maybe\n{DRAFT}\n\nLook."),
    Case("gpt-oss without marks", f"analysisMaybe\n{DRAFT}assistantfinalLook.\n{BLOCK}",
         thought=f"Maybe\n{DRAFT}\n\nLook."),
    Case("prose before the thought", f"Sure.\n<think>\n{DRAFT}\n</think>\n{BLOCK}", thought=f"{DRAFT}\n\nSure."),
    Case("two thoughts", f"<think>{DRAFT}</think>\nHm.\n<think>{DRAFT}</think>\n{BLOCK}"),
    Case("a thought after the block", f"{BLOCK}\n<think>\n{DRAFT}\n</think>"),
    Case("an answer's tags", f"<think>a</think>\n<answer>\n{BLOCK}\n</answer>", thought="a\n\n<answer>\n\n</answer>"),
    Case("a mark in a string", "```python\nfinish('</think>')\n```", "finish('</think>')", thought=""),
    Case("a mark in a long string",
         '```python\ns = """\n<think>\n</think>\n"""\n```', 's = """\n<think>\n</think>\n"""'),
    Case("a mark that is spoken of", f"I close `</think>` first.\n{BLOCK}", thought="I close `</think>` first."),
    # Nothing runs.
    Case("a thought without end", f"<think>\nMaybe\n{DRAFT}\nOr", None, "stands in your thought"),
    Case("only a thought", "<think>I see.</think>", None, "before your thought did"),
    Case("gpt-oss that only thinks", f"<|channel|>analysis<|message|>{DRAFT}", None, "stands in your thought"),
    Case("the block is in the thought", f"<think>\n{DRAFT}\n</think>\nDone.", None, NONE),
    Case("no block", "I think that it is done.", None, NONE),
    Case("nothing", "", None, NONE),
    Case("cut in the block", f"Look.\n```python\n{LOOK}", None, OPEN),
    Case("cut at the fence", "Look.\n```python", None, EMPTY),
    Case("empty", "```python\n  \n```", None, EMPTY),
    Case("no label", f"Look.\n```\n{LOOK}\n```", None, "has no label"),
    Case("another label", f"```repl\n{LOOK}\n```", None, "is labelled 'repl'"),
    Case("Gemma's label", f"```tool_code\n{LOOK}\n```", None, "is labelled 'tool_code'"),
    Case("a title beside the label", f"```python title=look\n{LOOK}\n```", None, "must hold nothing else"),
    Case("code beside the label", f"```python {LOOK}\nx = 1\n```", None, "must hold nothing else"),
    Case("all on one line", f"```python {LOOK}```", None, "must hold nothing else"),
    Case("inline code", f"I run `{LOOK}` now.", None, NONE),
    Case("Qwen's tool call", '<tool_call>\n{"name": "get_info"}\n</tool_call>', None, "<tool_call> runs nothing here"),
    Case("smolagents", f"<code>\n{LOOK}\n</code>", None, "<code> runs nothing here"),
    Case("Llama's tag", f"<|python_tag|>{LOOK}", None, "<|python_tag|> runs nothing here"),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_of_a_reply_runs(case: Case) -> None:
    if case.code is None:
        with pytest.raises(ParseFailure) as failure:
            find("codeact").parse(case.text)
        assert case.said in failure.value.message
        return
    action = find("codeact").parse(case.text)
    assert action.code == case.code
    assert case.said in action.note and bool(case.said) == bool(action.note)
    assert case.thought is None or action.thought == case.thought


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_word_of_a_reply_is_kept_as_code_or_as_thought(case: Case) -> None:
    if case.code is None:
        return
    action = find("codeact").parse(case.text)
    kept = action.thought + action.code
    marks = [*MARKS, "analysis", "assistantfinal", "assistant", "final"]
    for mark in sorted(marks, key=len, reverse=True):
        case = case._replace(text=case.text.replace(mark, " "))
    words = [word.strip("`~") for word in case.text.replace("```", " ").split()]
    assert [word for word in words if word and word not in kept and word.lower() not in FENCED] == []


FENCED = ("python", "py", "python3", "{python}", "{.python}", "-", "<reasoning>", "</reasoning>")


def test_the_longest_table_is_no_smaller_than_promised() -> None:
    assert len(CASES) >= 40 and len({case.name for case in CASES}) == len(CASES)


def test_a_reply_that_is_made_of_an_action_is_read_as_that_action() -> None:
    action = Action("I look.", f"s = '''\n```\n'''\n{LOOK}")
    assert find("codeact").parse(find("codeact").reply(action)) == action


def test_the_model_is_told_what_did_not_run() -> None:
    note = find("codeact").parse(f"{BLOCK}\n{DRAFT}").note
    told = find("codeact").observe(Observation(output="[]\n", turns_left=2, note=note))[0].content
    assert told == (
        "Output:\n[]\n\nNote: Only your first Python block ran. 1 more did not: write one block a reply and wait for "
        "its output.\n\n2 replies left."
    )


def test_the_prompt_states_which_block_runs() -> None:
    told = find("codeact").opening(Brief("Do it."))[0].content
    assert "only the first block that starts with a line ```python runs" in told


@pytest.mark.parametrize(("opening", "closing"), PAIRS)
def test_every_pair_of_marks_is_known_in_full_in_half_and_open(opening: str, closing: str) -> None:
    assert split(f"{opening}a{closing}b") == ("a", "b")
    assert split(f"a{closing}b") == ("a", "b")
    assert split(f"{opening}a") == ("a", "")
    assert opened_by(f"<|im_start|>assistant\n{opening}\n") == opening


def test_a_prompt_that_closes_its_thought_opens_none() -> None:
    assert opened_by("assistant\n<think>\n\n</think>\n\n") == ""


def test_the_terse_dialect_cuts_reasoning_too_and_leaves_strings_alone() -> None:
    terse = find("terse")
    assert terse.parse("<think>finish('draft')</think>\nfinish('done')") == Action(
        "finish('draft')", "finish('done')"
    )
    assert terse.parse("finish('</think>')") == Action("", "finish('</think>')")
    with pytest.raises(ParseFailure, match="empty"):
        terse.parse("<think>finish('draft')")


PARTS = (
    *("`", "```\n", "```python\n", "```python\n'''\n", '```python\n"""', "~~~\n", "````\n", "```json\n"),
    "```markdown\n",
    *("</think>", "<think>", "<think>\n", "<think>\n</think>\n", "```python\nx='</think>'\n", "`</think>"),
    *(
        "<|channel|>",
        "<|channel|>a<|message|>b<",
        "<|",
        "analysisassistant",
        "'",
        "\\",
        "- ",
        "1. ",
        " ",
        "\n",
        "{",
    ),
)


@pytest.mark.parametrize("size", [80_000, pytest.param(400_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("part", PARTS)
def test_any_reply_is_read_in_time_linear_in_its_length(part: str, size: int) -> None:
    for text in (part * (size // len(part)), "```python\n" + part * (size // len(part))):
        began = time.thread_time()
        with suppress(ParseFailure):
            find("codeact").parse(text)
        assert time.thread_time() - began < size / 100_000
