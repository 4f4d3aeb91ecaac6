"""A model's chat template, rendered with bounds on time and size (`rao_lab.base.rendering`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from rao_lab.base.rendering import Renderer, RenderError
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import ConfigError
from rao_lab.tree import Message

MOST_SOURCE = 1 << 20
"""Characters of a template."""
MOST_RENDERED = 4 << 20
"""Characters of a rendered conversation."""
_FILE = "chat_template"


class Template:
    """A chat template.

    Args:
        source: Jinja.
        variables: the tokenizer's special tokens by name.
        day: the date it is told if it asks for the time, as in "2026-11-28".
        of: the name of its model, for errors.

    Raises:
        RenderError: it is too long.
    """

    def __init__(self, source: str, variables: Mapping[str, Any], day: str, of: str = "policy") -> None:
        name = f"{unquoted(of)}: its chat template"
        if len(source) > MOST_SOURCE:
            raise RenderError(f"{name} has more than {MOST_SOURCE} characters")
        self.asks_the_day = "strftime_now" in source
        self._renderer = Renderer({_FILE: source}, name, most=MOST_RENDERED, variables=variables, day=day)

    def __call__(self, messages: Sequence[Message], opening: bool) -> str:
        """The conversation as text; `opening` asks for the opening of a reply at its end.

        Raises:
            RenderError: it refuses this conversation, or takes too long or too much.
        """
        plain = [{"role": message.role, "content": message.content} for message in messages]
        asked = {"messages": plain, "add_generation_prompt": opening, "tools": None, "documents": None}
        return self._renderer([_FILE], asked)[0]

    def close(self) -> None:
        """Ends the process; another one starts if one is needed again."""
        self._renderer.close()


def today() -> str:
    """This day, as templates are told it."""
    return date.today().isoformat()


def checked_day(day: Any) -> str:
    """The day as it was given.

    Raises:
        ConfigError: it is none.
    """
    try:
        return date.fromisoformat(day).isoformat()
    except (TypeError, ValueError):
        raise ConfigError(f'clock={quoted(day)} is no day: write it as in "{unquoted(today())}"') from None
