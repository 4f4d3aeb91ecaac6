"""One recorded tree as text, and one node of it: what it read, what it wrote, what it earned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rao_lab.base.safe_text import one_line
from rao_lab.base.words import counted, fixed
from rao_lab.cli.reports.credit import credit_lines
from rao_lab.credit import Attribution, Attributions, CreditConfig
from rao_lab.store import TreeSummary
from rao_lab.tree import Node, Tree
from rao_lab.tree.origin import fork_words
from rao_lab.tree.text import refusal_words, text_tree
from rao_lab.tree.told_counts import turns_written
from rao_lab.views.explorer.group_still import group_words
from rao_lab.views.explorer.table import StepTable

PARTS = {
    "kept": "  (kept: {tokens})",
    "new": "+ {text}",
    "cut": "- (cut out: {tokens}) {text}",
    "wrote": "> {text}",
}
"""How the parts of a context are shown."""


def tree_text(
    run: str, trees: Sequence[TreeSummary], place: int, tree: Tree, credit: Attributions | None
) -> str:
    """Which tree it is and how to see the others, then its picture."""
    return f"{_where(run, trees, place)}\n\n{text_tree(tree, credit)}"


def timeline_text(run: str, trees: Sequence[TreeSummary], place: int, tree: Tree) -> str:
    """Which tree it is, then when its nodes computed and waited."""
    return f"{_where(run, trees, place)}\n\n{tree.timeline()}"


def group_text(run: str, trees: Sequence[TreeSummary], place: int, table: StepTable, own: int) -> str:
    """Which tree it is, then all trees of its task, the groups of the step and its depths."""
    return f"{_where(run, trees, place)}\n\n{group_words(table, own)}"


def node_text(
    run: str,
    trees: Sequence[TreeSummary],
    place: int,
    node: Node,
    said: Mapping[str, Any],
    credit: Attribution | None,
    trained: bool = True,
    rule: CreditConfig | None = None,
    depth_counts: Sequence[int] = (),
) -> str:
    """A node whole: what it was told, its turns, what it returned, and its credit.

    Args:
        said: its texts, from `views.explorer.node_text`.
        trained: whether the tree was sampled to be trained on.
        rule: that gave the credit.
        depth_counts: trained nodes of its step at each depth.
    """
    lines = [_where(run, trees, place), "", *_heading(node, said)]
    if said["has_tokens"] and not said["decoded"]:
        lines.append("context: as messages, because the run has its token ids and not the tokenizer")
    for turn in said["turns"]:
        lines += ["", *_turn(turn, said["has_tokens"])]
    lines += ["", f"returned {said['value']}" if said["returned"] else "returned nothing", ""]
    why = "its step gave none" if trained else "this tree was not trained on"
    lines += (
        [f"no credit: {why}"] if credit is None else credit_lines(credit, rule, depth_counts=depth_counts)
    )
    if said["note"]:
        lines.append(said["note"])
    return "\n".join(lines)


def _where(run: str, trees: Sequence[TreeSummary], place: int) -> str:
    tree = trees[place]
    forks = sum(each.fork for each in trees)
    probes = sum(each.probe and not each.fork for each in trees)
    groups = len({each.group for each in trees if not (each.probe or each.fork)})
    held = [f"{counted(len(trees) - probes - forks, 'tree')} of {counted(groups, 'task')}"] if groups else []
    held += [counted(probes, "probe")] if probes else []
    held += [counted(forks, "fork")] if forks else []
    held[-2:] = [" and ".join(held[-2:])]
    alike = sum((each.group, each.probe, each.fork) == (tree.group, tree.probe, tree.fork) for each in trees)
    # Words count from 1, as the Explorer does; what --tree takes counts from 0, as ids do.
    of = f"tree {tree.rollout + 1} of {alike} of its task"
    address = str(place) if tree.probe or tree.fork else f"{tree.group}.{tree.rollout}"
    line = f"{run}, step {tree.step}: {', '.join(held)}; this is --tree {address}"
    if tree.origin is not None:
        of = fork_words(tree.origin)
    line += f": a probe, {of}" if tree.probe and not tree.fork else f": {of}"
    if len(trees) == 1:
        return line
    first = next((f"{each.group}.{each.rollout}" for each in trees if not (each.probe or each.fork)), None)
    named = f"GROUP.TREE from {first}, or 0 to {len(trees) - 1}," if first else f"0 to {len(trees) - 1}"
    return f"{line}\n--tree {named} shows another, --node PATH a node"


def _heading(node: Node, said: Mapping[str, Any]) -> Iterator[str]:
    scored = (
        "not scored"
        if node.success is None
        else f"s = {fixed(node.success, 2)} ({said['source'] or 'no source'})"
    )
    words = [
        node.status.value.replace("_", " "),
        scored,
        f"depth {node.depth}",
        counted(turns_written(node), "turn"),
    ]
    yield f"node {node.path}: {', '.join(words)}"
    yield f"goal: {one_line(said['goal'])}"
    if said["args"]:
        yield f"arguments: {said['args']}"
    if said["template"]:
        yield f"prompt: {said['template']}"
    if said["reason"]:
        yield f"ended because: {one_line(said['reason'])}"
    if said["refusals"]:
        yield ", ".join(refusal_words(said["refusals"]))


def _turn(turn: Mapping[str, Any], has_tokens: bool) -> Iterator[str]:
    sizes = f": read {turn['read']:,} new tokens, wrote {turn['wrote']:,}, {turn['held']:,} in the context"
    counted_there = f": read {turn['read']:,} tokens, wrote {turn['wrote']:,}"
    logprob = "" if turn["logprob"] is None else f", log-prob {fixed(turn['logprob'], 1)}"
    counts = turn["read"] or turn["wrote"]
    yield f"turn {turn['index']}{sizes if has_tokens else counted_there * bool(counts) + logprob}"
    if turn["context"]:
        yield "  context (+ new, - cut out, > written by the model)"
        for part in turn["context"]:
            text = "".join(piece for piece, _ in part["pieces"])
            line = PARTS[part["kind"]].format(tokens=counted(part["tokens"], "token"), text=text)
            yield from _indented(line, "    ")
    for message in turn["messages"]:
        yield from _indented(message["content"], f"  {message['role']}: ")
    if turn["code"]:
        yield from _indented(turn["thought"], "  thought: ")
    yield from _indented(turn["code"] or turn["text"], "  code: " if turn["code"] else "  reply: ")
    for call in turn["calls"]:
        outcome = f"refused: {call['error']}" if call["error"] else call["result"]
        child = f" [{call['child']}]" if call["child"] else ""
        yield from _indented(f"{call['name']}({call['args']}){child} -> {outcome}", "  call: ")
    yield from _indented(turn["output"], "  output: ")
    yield from _indented(turn["error"] or "", "  error: ")


def _indented(text: str, head: str) -> Iterator[str]:
    """The lines of a text below each other, the first after `head`; nothing for an empty text."""
    text = text.rstrip()
    for number, line in enumerate(text.split("\n") if text else ()):
        yield (" " * len(head) if number else head) + line
