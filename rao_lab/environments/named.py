"""Environments by name: the bundled ones, and a user's own class as MODULE:CLASS."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from rao_lab.base.safe_text import one_line, quoted, unquoted
from rao_lab.errors import ConfigError, InputError, MissingError, RaoLabError
from rao_lab.protocols import Environment

BUNDLED = {"textcraft": "rao_lab.environments.textcraft:TextCraft"}

Player = Literal["tiny", "chat", "scripted"]
"""Kinds of policies, which may need different tasks: a tiny model, a chat model, a script."""


@runtime_checkable
class HasOptions(Protocol):
    """A class of environments that the command line's options can make."""

    def from_options(
        self, player: Player, difficulty: str | None, rules: Path | None, tasks: Path | None
    ) -> Environment:
        """A class method.

        Args:
            player: for whom it is, if the options leave something open.
            rules: a file with the rules of the world.
            tasks: a file with its tasks.

        Raises:
            ConfigError, InputError, MissingError: an option means nothing.
        """
        ...


def open_named(
    name: str,
    player: Player,
    difficulty: str | None = None,
    rules: Path | None = None,
    tasks: Path | None = None,
) -> Environment:
    """A bundled environment, or a class of a module that is installed or lies in the current folder.

    Args:
        player, difficulty, rules, tasks: see `HasOptions`; a class that takes no options is called without
            arguments.

    Raises:
        MissingError: there is no such environment, module, class or file.
        ConfigError, InputError: an option means nothing, the user's code fails, or it makes no environment.
    """
    if ":" not in name and name not in BUNDLED:
        raise MissingError(
            f"no environment {quoted(name)}: there is {', '.join(BUNDLED)}, or your own as MODULE:CLASS"
        )
    kind = _find(*BUNDLED.get(name, name).split(":", 1))
    if isinstance(kind, HasOptions):
        return kind.from_options(player, difficulty, rules, tasks)
    for option, value in (("--difficulty", difficulty), ("--recipes", rules), ("--tasks", tasks)):
        if value is not None:
            raise ConfigError(f"{option} means nothing to {unquoted(name)}: it has no from_options")
    with _one_line_about(f"{unquoted(name)} cannot be made"):
        made = kind()
    if not isinstance(made, Environment):
        raise ConfigError(f"{unquoted(name)} is no environment: it needs a name, tasks(split) and open(task)")
    return made


def _find(module: str, name: str) -> Any:
    """A class of a module."""
    if not all(part.isidentifier() for part in module.split(".")):
        raise MissingError(f"no module {quoted(module)}: write MODULE:CLASS, as in my_module:MyEnvironment")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    with _one_line_about(f"module {unquoted(module)} cannot be imported"):
        try:
            found = import_module(module)
        except ModuleNotFoundError as missing:
            if missing.name is None or not f"{module}.".startswith(f"{missing.name}."):
                raise  # it is there, and imports something that is not
            raise MissingError(f"no module {quoted(module)} in this folder, and none is installed") from None
    kind = vars(found).get(name)
    if not isinstance(kind, type):
        raise MissingError(f"module {unquoted(module)} has no class {quoted(name)}")
    return kind


@contextmanager
def _one_line_about(what: str) -> Iterator[None]:
    """Turns what a user's own code raises into one line.

    Raises:
        InputError: with what was raised.
    """
    try:
        yield
    except RaoLabError:
        raise
    except Exception as problem:  # foreign code raises anything
        said = one_line(f"{type(problem).__name__}: {problem}", 300)
        raise InputError(f"{what}: {said}") from problem
