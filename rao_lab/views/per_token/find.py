"""`rl.tokens` and `rl.launches`: the tokens of a node, and the launches of a step, of whatever an Explorer shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rao_lab.base.calls import checked_call
from rao_lab.base.safe_text import quoted
from rao_lab.base.words import counted
from rao_lab.errors import ConfigError, MissingError
from rao_lab.tree import ROOT
from rao_lab.views.explorer.address import Address, place_of
from rao_lab.views.explorer.decoder import Decoder, HasTokenizer, Tokenizer, decoder_from
from rao_lab.views.explorer.shown import Shown, source_of
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.table import StepTable
from rao_lab.views.per_token.html import launch_html
from rao_lab.views.per_token.launches import Line, launches_of, lines
from rao_lab.views.per_token.node import NodeTokens, node_tokens
from rao_lab.views.per_token.text import launch_words

Decodes = HasTokenizer | Tokenizer | Decoder | None


@dataclass(frozen=True, eq=False, repr=False)
class Launches:
    """Launch tokens against the rest of what trained nodes wrote, by depth, then over all.

    >>> found = rl.launches(rl.open_run("runs/a.rao"), step=1)
    >>> [line.launch for line in found.lines[-2:]]
    [True, False]
    """

    step: int
    lines: Sequence[Line]
    unread: int
    """Nodes that could not be read: they count nothing."""

    def __str__(self) -> str:
        lost = f"\n{counted(self.unread, 'node')} could not be read" if self.unread else ""
        return launch_words(self.lines) + lost

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return launch_html(self.lines)


@checked_call
def tokens(
    shown: Shown,
    step: int | None = None,
    tree: str | int = 0,
    node: str = ROOT,
    *,
    at: str | None = None,
    tokenizer: Decodes = None,
) -> NodeTokens:
    """The tokens of one node: what it read and wrote, with log-probs, entropies and what training made of each.

        >>> found = rl.tokens(rl.open_run("runs/a.rao"), step=1, tree="0.0", node="0")
        >>> found.metric("entropy").shape == (len(found),)
        True

    `print(found)` tells it turn by turn; a notebook shows its text, tinted by log-prob.

    Args:
        shown: what an Explorer takes: a run, a session, a step, a group or a tree.
        step: by default the newest.
        tree: its place in the step, from 0, or GROUP.TREE, as in an Explorer.
        at: an address that an Explorer copies ("12:4.0/0.1"), in place of step, tree and node.
        tokenizer: a policy or its tokenizer, to decode recorded token ids; a session, and a run of the embedded policy,
            bring their own.

    Raises:
        InputError: `tree` names no tree, or `at` is no address.
        MissingError: there is no such step, tree or node; or it has no tokens, said in a sentence.
    """
    if at is not None:
        if (step, tree, node) != (None, 0, ROOT):
            raise ConfigError("at= says step, tree and node: give it alone, or give those")
        address = Address.parse(at)
        step, tree, node = address.step, address.tree, address.node or ROOT
    source, table = _step(shown, step, tokenizer)
    return node_tokens(source, table, place_of(table, tree), node)


@checked_call
def launches(shown: Shown, step: int | None = None, *, tokenizer: Decodes = None) -> Launches:
    """Is delegation itself praised? Launch tokens against the rest of what the nodes of a step wrote, by depth.

        >>> print(rl.launches(rl.open_run("runs/a.rao"), step=1).lines[-1].depth)
        None

    Args:
        shown: what an Explorer takes.
        step: by default the newest.
        tokenizer: as of `rl.tokens`.

    Raises:
        MissingError: there is no such step, or its tokens cannot be told apart here.
    """
    source, table = _step(shown, step, tokenizer)
    found = launches_of(source, table)
    return Launches(table.step, lines(found, table), found.unread)


def _step(shown: Shown, step: int | None, tokenizer: Decodes) -> tuple[Source, StepTable]:
    source = source_of(shown)
    source.decode = decoder_from(tokenizer) or source.decode
    known = [each for each, _ in source.marks()]
    if not known:
        raise MissingError("there is no step here yet")
    if step is not None and step not in known:
        raise MissingError(f"no step {quoted(step)} here: there are {known}")
    return source, source.table(max(known) if step is None else step)
