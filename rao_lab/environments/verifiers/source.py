"""What is asked of an environment of `verifiers`, old or new: rows to make tasks of, and plays of one row.

A play is one tree's share of the environment: its state, its functions, and the reward in the end.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, get_type_hints

from rao_lab.environments.functions.annotations import spelled
from rao_lab.errors import InputError

REPLY = "Your reply is the text that you pass to finish."
ROLES: Mapping[str, str] = MappingProxyType({"system": "", "user": "User: ", "assistant": "Assistant: "})


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a dataset or a taskset."""

    goal: str
    data: Mapping[str, Any]
    """Plain data. A play starts from it alone."""


class Play(Protocol):
    """What one tree plays."""

    @property
    def tools(self) -> Sequence[Callable[..., Any]]: ...

    async def begin(self) -> None:
        """Sets the row up. Called once, before anything else."""
        ...

    async def reward(self, reply: str) -> float:
        """The weighted sum of all rewards, for what the root passed to `finish`."""
        ...


class Source(Protocol):
    """An environment of the library, as far as it maps."""

    @property
    def name(self) -> str: ...

    @property
    def rows(self) -> tuple[Sequence[Row], Sequence[Row]]:
        """Those to train on, and those held out; none are if the environment does not tell them apart."""
        ...

    @property
    def reproducible(self) -> bool:
        """Whether its rewards are the same each time, as far as it says."""
        ...

    @property
    def span(self) -> tuple[float, float]:
        """The lowest and the highest reward, if each lies in [0, 1]: the sums of negative and positive weights."""
        ...

    @property
    def unmapped(self) -> Sequence[str]:
        """What is left out, a line each."""
        ...

    def play(self, data: Mapping[str, Any]) -> Play:
        """A play of a row.

        Raises:
            InputError: the data are not of this environment.
        """
        ...


def goal_of(messages: Iterable[Any], row: int) -> str:
    """The messages of a prompt, dicts or objects with `role` and `content`, as one goal.

    Roles are named if there is more than a system message and one of the user.

    Raises:
        InputError: there is no text, or there is more than text.
    """
    said = [(_part(each, "role"), _text(_part(each, "content"), row)) for each in messages]
    if not any(text.strip() for role, text in said if role != "system"):
        raise InputError(f"row {row} has no prompt: a user opens the conversation, which is not mapped")
    plain = sum(role != "system" for role, _ in said) == 1
    parts = [text if plain else ROLES.get(role, f"{role}: ") + text for role, text in said]
    return "\n\n".join([*filter(str.strip, parts), REPLY])


def _part(whole: Any, name: str) -> Any:
    return whole.get(name) if isinstance(whole, Mapping) else getattr(whole, name, None)


def _text(content: Any, row: int) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    kinds = {_part(each, "type") for each in content}
    if kinds - {"text"}:
        raise InputError(f"the prompt of row {row} holds more than text: images and sounds are not mapped")
    return "\n".join(_part(each, "text") for each in content)


def reply_of(value: Any) -> str:
    """What was passed to `finish`, as the text that a chat model would have replied."""
    if isinstance(value, list | tuple | dict):
        try:
            return json.dumps(value, ensure_ascii=False)
        except (TypeError, ValueError):  # it holds bytes or a set
            return repr(value)
    return str(value)


def weighed(weights: Iterable[float]) -> tuple[float, float]:
    """The lowest and the highest weighted sum of rewards from 0 to 1."""
    known = [float(each) for each in weights]
    return sum((each for each in known if each < 0), 0.0), sum((each for each in known if each > 0), 0.0)


def as_tool(
    name: str,
    function: Callable[..., Any],
    run: Callable[[dict[str, Any]], Awaitable[Any]],
    hidden: Collection[str] = (),
) -> Callable[..., Any]:
    """A function of the library as one of ours: with its name, words and parameters less `hidden`.

    An annotation that we do not check becomes Any, and so does none.
    """

    async def tool(**arguments: Any) -> Any:
        value = await run(arguments)
        dump = getattr(value, "model_dump", None)
        return dump(mode="json") if callable(dump) else value

    try:
        hints = get_type_hints(function)
    except Exception:  # noqa: BLE001 - a user's annotations, which may name anything
        hints = {}
    kept = [
        each.replace(kind=each.KEYWORD_ONLY if each.kind is each.KEYWORD_ONLY else each.POSITIONAL_OR_KEYWORD)
        for each in inspect.signature(function).parameters.values()
        if each.name not in hidden and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    known = {each.name: hints.get(each.name, Any) for each in kept}
    parameters = [each.replace(annotation=_checked(known[each.name])) for each in kept]
    tool.__name__ = name
    tool.__doc__ = inspect.getdoc(function)
    tool.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return tool


def _checked(annotation: Any) -> Any:
    return annotation if spelled(annotation) else Any
