"""A prompt asked for its words, which may be a user's own code or files.

An exception of its code is a mistake, and one error that names it. Files that cannot be rendered in this state are
data: `RenderError` ends the node and not the run.
"""

from __future__ import annotations

from rao_lab.base.blame import blamed
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.base.token_bound import most_tokens
from rao_lab.errors import InputError, RaoLabError
from rao_lab.protocols import Action, Brief, Dialect, Observation, ParseFailure, TurnReply
from rao_lab.tree import Message

CUT_ELSEWHERE = "the server cut your turn (finish_reason length)"


def told(dialect: Dialect, state: Brief | Observation) -> tuple[Message, ...]:
    """What a node reads before its first turn, or after one.

    Raises:
        RenderError: its files cannot be rendered.
        CallbackError: its code raised an exception. InputError: it returned what is no messages.
    """
    opens = isinstance(state, Brief)
    said = f"prompt {unquoted(dialect.name)}: {'opening(brief)' if opens else 'observe(observation)'}"
    with blamed(said, "correct it", RaoLabError):
        given = dialect.opening(state) if isinstance(state, Brief) else dialect.observe(state)
    if not isinstance(given, tuple | list) or not all(
        isinstance(each, Message) and isinstance(each.content, str) for each in given
    ):
        raise InputError(f"{said} returned {quoted(given)}, and a tuple of Message is due")
    return tuple(given)


def read(dialect: Dialect, text: str) -> Action:
    """What a model wrote, as an action.

    Raises:
        ParseFailure: it holds none.
        CallbackError: the prompt's code raised another exception. InputError: it returned what is no action.
    """
    said = f"prompt {unquoted(dialect.name)}: parse(text)"
    with blamed(said, "correct it, or raise ParseFailure", RaoLabError, ParseFailure):
        given = dialect.parse(text)
    if not isinstance(given, Action):
        raise InputError(f"{said} returned {quoted(given)}, and an Action is due")
    return given


def read_reply(dialect: Dialect, reply: TurnReply, most: int) -> tuple[Action, str | None]:
    """A reply as an action, and why it holds none, in words for the model.

    Args:
        most: tokens that it could have; a server may have a lower limit of its own.
    """
    try:
        return read(dialect, reply.text), None
    except ParseFailure as failure:
        wrote = most_tokens(reply.text, reply.thought, reply.tokens_out or len(reply.sampled_ids))
        ours = wrote >= most
        cut = f"your turn was cut by the limit of {most} tokens" if ours else CUT_ELSEWHERE
        problem = failure.message + f" ({cut})" * (reply.stop == "length")
        return Action(thought=reply.text, code=""), problem
