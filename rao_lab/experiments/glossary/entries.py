"""What the glossary says: the rows of the help card of the views, word for word, the badges, and the terms."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rao_lab.credit.diagnose import BADGES
from rao_lab.experiments.drawn import MARKS

TEXT = {
    "succeeded": "✓", "partly": "◐", "failed": "✗", "limit": "▣", "error": "△", "cancelled": "⊘", "running": "◌",
    "waiting": "‖", "unscored": "?",
}  # fmt: skip
"""The marks where only text can be shown."""
SIGNS = {
    "tree": ("tint", "bar", "edge", "together", "gauge", "pile", "far", "ghost", "changed", "forks"),
    "group": ("hangs", "alike", "off", ""),
    "badges": ("badge_loop", "badge_plus", "badge_S", "ghost"),
    "board": ("chosen", "band", "probe", "kept", "mean"),
    "timeline": ("decodes", "code", "waits", "critical", "serial", "speedup"),
    "evolution": ("far", "pinned", "alone", "", "", ""),
}
"""Function of the help card -> the pictures of its rows; "": the sign is a key."""
LETTERS = "Numbers"
COEFFICIENT = ("c", "another name of wA, in text and in code")
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Entry(NamedTuple):
    """One row: a picture or a key, perhaps a name, and what it means."""

    picture: str
    sign: str
    """Letters or keys, if there is no picture."""
    name: str
    words: str


class Section(NamedTuple):
    """Rows under a heading."""

    title: str
    entries: Sequence[Entry]


def sections(help_card: str) -> list[Section]:
    """All of it. `help_card` is the source of the card behind "?"."""
    titles = re.findall(r'section\("([^"]+)"', help_card)
    cards = dict(zip(SIGNS, titles[1 : 1 + len(SIGNS)], strict=True))
    shapes = [
        Entry(f"mark_{shape}", "", f"{TEXT[shape]} {MARKS[shape].words}", words)
        for shape, words in _record(help_card, "STATUS")
    ]
    return [
        Section("Who does what", _entries(TERMS)),
        Section(titles[0], shapes),
        Section(
            LETTERS,
            [Entry("", name, "", words) for name, words in [*_pairs(help_card, "SYMBOLS"), COEFFICIENT]],
        ),
        Section("Colours", _entries(COLOURS)),
        *(Section(title, list(_rows(help_card, name))) for name, title in cards.items() if name != "badges"),
        Section(cards["badges"], [*_badges(), *list(_rows(help_card, "badges"))[-1:]]),
        Section(
            "Figures of a step", [Entry("", "", name, words) for name, words in _pairs(help_card, "FIGURES")]
        ),
        Section("Measured and compared", _entries(MEASURED)),
        Section("Keys", [Entry("", name, "", words) for name, words in _pairs(help_card, "KEYS")]),
    ]


def _entries(rows: str) -> list[Entry]:
    """Lines of PICTURE | NAME | WORDS; some have no picture."""
    parts = (line.split(" | ", 2) for line in rows.strip().splitlines())
    return [Entry(picture.strip(), "", name, words) for picture, name, words in parts]


def _badges() -> list[Entry]:
    return [Entry(f"badge_{badge.mark}", "", badge.name, _short(badge.sentence)) for badge in BADGES.values()]


def _short(sentence: str) -> str:
    """As in a label: without the full stop."""
    return sentence[0].lower() + sentence[1:].removesuffix(".")


def _literals(source: str) -> list[str]:
    return [json.loads(f'"{found}"') for found in _LITERAL.findall(source)]


def _record(source: str, name: str) -> Iterator[tuple[str, str]]:
    body = source.split(f"const {name} = {{")[1].split("};")[0]
    for row in re.findall(r"(\w+): (\"(?:[^\"\\]|\\.)*\")", body):
        yield row[0], json.loads(row[1])


def _pairs(source: str, name: str) -> list[tuple[str, str]]:
    found = _literals(source.split(f"const {name} = [")[1].split("\n];")[0])
    return list(zip(found[::2], found[1::2], strict=True))


def _rows(source: str, function: str) -> Iterator[Entry]:
    """The rows of one function of the card: `row(SIGN, WORDS)` or `row(SIGN, h("b", {}, NAME), WORDS)`."""
    body = source.split(f"function {function}() {{")[1].split("\n}")[0]
    lines = re.findall(r"^    row\((.*)\),$", body, re.MULTILINE)
    for picture, line in zip(SIGNS[function], lines, strict=True):
        *before, words = _literals(line)
        named = re.search(r'h\("b", \{\}, "([^"]*)"\), "', line)
        name = named[1] if named and not line.startswith('h("b"') else ""
        yield Entry(picture, before[-1] if line.startswith('h("kbd"') else "", name, words)


TERMS = """
agent | agent, node | the model with a goal of its own: it writes code, reads what comes back, and may launch copies
root | root | the agent that got the task; its address is 0
child | copy, child, helper, sub-agent | the same weights, a smaller goal and an empty context; 0.1 is the second of 0
tree | tree, rollout | one try at a task: the root and all agents below it
depth | depth | 0 for the root, 1 for its children, and so on; a leaf is an agent without children
group | group | the trees of one step that try the same task: they are compared with each other
turn | turn | one piece of code (the action), and what running it returned (the observation)
token | token, decode step | a piece of text, the unit of reading and writing; in a decode step each writer adds one
window | context, window | what an agent can see, and how many tokens of it at most
flat | recursive, flat | an agent that may launch copies; one that works alone
mark_succeeded | verifier, judge | a program that checks what an agent did; a model that reads it and gives a score
policy | policy | what writes the turns: a model with its weights, a script, a server; tiny is the embedded policy
world | world, environment | tasks, the functions that agents may call, and a verifier
chosen | step | one update of the weights, from all trees of a few tasks
run_file | run, run file | a training; one file with its trees, their credit and the figures of each step
fork | fork | a recorded tree, run again from one turn, with a change or without
ghost | what-if | the same rollouts under another rule of credit
 | refused | a call or a launch that was not carried out; the agent reads why
 | sandbox | where code that a model writes runs: without files, network or processes
 | prompt | what a chat model reads before and after its turns: a folder of five small files
 | dialect | how a policy writes its actions: one call a turn, or programs
 | adapter, LoRA | a few weights added to a model, trained in place of all of them
""".strip()

COLOURS = """
plus | blue | advantage above 0: made more likely
minus | orange | advantage below 0: made less likely
good | green | reached its goal, wholly or in part
bad | plum | failed; an error
limit | ochre | a limit; what could have begun sooner
live | violet mark | computes or waits now
sequential | violet, pale to dark | more depth, tokens, time or R
gauge | grey | neither good nor bad: how full, which code
""".strip()

MEASURED = """
probe | probe | a task that is tried now and then, and never trained
interval | 95 % interval | values that agree with what was seen; a difference whose interval holds 0 is “not resolved”
leave_one_out | leave one out | a tree is compared with the mean of the other roots, itself left out
hangs | estimator, baseline | the rule that makes A of R: what an agent is compared with
ceiling | flat ceiling | share of tasks whose shortest flat transcript, one call a turn, fits the window
span | span | in traces of other programs: an agent, a turn or a call, from its start to its end
together | parallel | agents that were launched together write at the same time
drawn | temperature, seed | how freely tokens are drawn (0: the likeliest); the number that fixes tasks and noise
 | credit | what each agent earned, and so how it is trained: R, b, A and w
 | bonus | the part of R that its copies earned: λ × their mean s; a sum would pay for launching more copies
 | gradient share | |wA| × its tokens, as part of those of the whole step: of loss weight, not of the gradient's norm
 | arm, ablation | a variant in an experiment; one with a part of the method left out or changed
""".strip()
