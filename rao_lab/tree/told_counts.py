"""Turns and tokens of nodes as people read them: a turn that got no reply is none, and what nobody counted is no 0."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rao_lab.base.token_bound import most_tokens
from rao_lab.base.words import counted
from rao_lab.tree.node import Node, Recorded, Turn

NOT_TOLD = "—"


def turns_written(node: Node) -> int:
    """Its turns, without the last one if the node ended before that had a reply."""
    return len(node.turns) - (node.status.ended and bool(node.turns) and _without_reply(node.turns[-1]))


def _without_reply(turn: Turn) -> bool:
    wrote = turn.text or turn.code or turn.tokens_out
    return not (wrote or turn.stop) and turn.sampled is None and turn.ended is None


def _beside(turn: Turn) -> str:
    """Its thought, without the text that it repeats: what stands around the code, or all if there was no code."""
    thought = turn.thought.removesuffix(turn.text)
    return "" if thought in turn.text else thought


def tokens_told(nodes: Iterable[Node]) -> int | None:
    """The tokens that they wrote together; None if they have turns and nobody counted."""
    turns = [turn for node in nodes for turn in node.turns]
    told = not turns or any(turn.tokens_in or turn.tokens_out for turn in turns)
    return sum(turn.tokens_out for turn in turns) if told else None


def tokens_said(node: Node) -> str:
    """The tokens that it wrote, or a dash if it has turns and nobody counted."""
    told = tokens_told([node])
    return NOT_TOLD if told is None else f"{told:,}"


def usage_told(usage: Mapping[str, float]) -> dict[str, float | None]:
    """What a server or a judge was asked, as plain JSON: tokens and cost are None if it was, and told no tokens."""
    asked = usage.get("requests") or usage.get("calls")
    told = usage.get("prompt_tokens") or usage.get("completion_tokens")
    untold = {"prompt_tokens", "completion_tokens", "cost"} if asked and not told else ()
    return {name: None if name in untold else count for name, count in usage.items()}


def spent_words(usage: Mapping[str, float]) -> list[str]:
    """The tokens that a server or a judge read and wrote, and what they cost, in words."""
    told = usage_told(usage)
    read, wrote = (told.get(name, 0) for name in ("prompt_tokens", "completion_tokens"))
    cost = told.get("cost")
    if read is None or wrote is None:
        return ["tokens not told"]
    words = [f"{counted(int(read), 'token')} read", f"{counted(int(wrote), 'token')} written"]
    return [*words, f"{cost:.4f} US dollars"] if cost is not None else words


def cut_words(nodes: Iterable[Node], most: int, window: int) -> str:
    """How many turns were cut before they had ended, and what to do; "" if none was.

    Args:
        most: tokens that a turn could have.
        window: of the model; 0 = it is not known.
    """
    turns = [turn for node in nodes for turn in node.turns]
    cut = [turn for turn in turns if turn.stop == "length"]
    ours = [turn for turn in cut if most_tokens(turn.text, _beside(turn), turn.tokens_out) >= most]
    words = []
    if ours:
        more = 4 * most
        hint = f": --set limits.max_new_tokens={more}" if not window or more < window else ""
        words.append(f"{_were_cut(len(ours), len(turns))} at {most:,} tokens{hint}")
    if others := len(cut) - len(ours):
        words.append(f"{_were_cut(others, len(turns))} by the server before the limit of {most:,} tokens")
    return "; ".join(words)


def _were_cut(cut: int, turns: int) -> str:
    return f"{cut:,} of {counted(turns, 'turn')} {'was' if cut == 1 else 'were'} cut"


def cut_lines(by_name: Mapping[str, Sequence[Recorded]], window: int) -> list[str]:
    """`cut_words` of several that are compared, a line for each of which turns were cut; limits are as recorded."""
    lines = []
    for name, trees in by_name.items():
        most = trees[0].header.limits.get("max_new_tokens") if trees else None
        nodes = (node for tree in trees for node in tree.nodes)
        if isinstance(most, int) and (words := cut_words(nodes, most, window)):
            lines.append(f"{name}: {words}")
    return lines
