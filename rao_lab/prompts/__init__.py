"""A node's state as messages, and what the model wrote as an action: dialects, found by name.

    >>> rl.prompts.dialect("terse").parse("finish('done')").code
    "finish('done')"

A dialect knows no environment, no policy and no sandbox. `codeact` is for chat models: prose and one Python
block a reply, and what the block printed comes back. `terse` is for the embedded tiny model: a reply is code and
nothing else, and what each call returned comes back in a few words.
"""

from __future__ import annotations

from rao_lab.base.safe_text import quoted
from rao_lab.errors import MissingError
from rao_lab.prompts.codeact import CodeAct
from rao_lab.prompts.terse import Terse
from rao_lab.protocols import Action, Brief, Dialect, Observation, ParseFailure

NAMES = ("codeact", "terse")


def dialect(name: str) -> Dialect:
    """The dialect called `name`.

    Raises:
        MissingError: there is none; the message lists the names.
    """
    for known in (CodeAct(), Terse()):
        if known.name == name:
            return known
    raise MissingError(f"no dialect {quoted(name)}: choose one of {', '.join(NAMES)}")
