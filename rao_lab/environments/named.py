"""Environments by name: the bundled ones, and a user's own, a class or one that is made, as MODULE:NAME or
FILE.py:NAME."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from inspect import Parameter, signature
from pathlib import Path
from types import FunctionType, MappingProxyType
from typing import Any, Literal, Protocol, cast, runtime_checkable

from rao_lab.base.own_code import defined, instead, one_line_about, own_code, parted
from rao_lab.base.safe_text import for_shell, quoted, unquoted
from rao_lab.environments.bundled import BUNDLED, USUAL, VERIFIERS
from rao_lab.environments.reading import WrongLines
from rao_lab.errors import ConfigError, MissingError
from rao_lab.protocols import Environment

Player = Literal["tiny", "chat", "scripted"]
"""Kinds of policies, which may need different tasks: a tiny model, a chat model, a script."""


@runtime_checkable
class HasOptions(Protocol):
    """A class of environments that the command line's options can make."""

    def from_options(
        self, player: Player, difficulty: str | None, rules: Path | None, tasks: Path | None, **settings: Any
    ) -> Environment:
        """A class method.

        Args:
            player: for whom it is, if the options leave something open.
            rules: what the world is made of, a file or a folder: recipes, a corpus, a mailbox.
            tasks: a file with its tasks.
            settings: those of `--set env.NAME=VALUE`.

        Raises:
            ConfigError, InputError, MissingError: an option means nothing.
        """
        ...


@runtime_checkable
class Reopened(Protocol):
    """An environment that knows how it can be opened again. A run records this, and goes on by it."""

    @property
    def opened(self) -> Mapping[str, Any]:
        """Plain data: the arguments of `open_named` but for the player, under the names in `FLAGS`."""
        ...


FLAGS: Mapping[str, str] = MappingProxyType(
    {"env": "--env", "difficulty": "--difficulty", "rules": "--data", "tasks": "--tasks"}
)
"""What says how an environment is opened -> its flag; `settings` are those of `--set env.NAME`."""


def flag_of(which: str, env: Any) -> str:
    """The flag of an option, under the name by which those know it who play that world."""
    return "--recipes" if (which, env) == ("rules", USUAL) else FLAGS[which]


def world_text(environment: Environment) -> str:
    """What an environment says of itself, or its name: an address in memory says nothing."""
    plain = type(environment).__repr__ is object.__repr__
    return environment.name if plain else repr(environment)


def open_named(
    name: str,
    player: Player,
    difficulty: str | None = None,
    rules: Path | None = None,
    tasks: Path | None = None,
    settings: Mapping[str, Any] = MappingProxyType({}),
) -> Environment:
    """A bundled environment, or a user's own, of a file or a module.

    Args:
        player, difficulty, rules, tasks, settings: see `HasOptions`; a class without `from_options` is called
            with the settings alone. What is an environment already takes none of them.

    Raises:
        MissingError: there is no such environment, module, class or file.
        ConfigError, InputError: an option means nothing, the user's code fails, or it makes no environment.
    """
    if name.startswith(VERIFIERS):
        _check_options(name, difficulty, rules, tasks)
        make = own_code("rao_lab.environments.verifiers.environment").from_verifiers
        return cast(Environment, make(name.removeprefix(VERIFIERS), **settings))
    place, what = parted(BUNDLED.get(name, name))
    if what is None:
        raise MissingError(
            f"no environment {quoted(name)}: there is {', '.join(BUNDLED)}, or your own as "
            "MODULE:CLASS or FILE.py:NAME, or verifiers:NAME"
        )
    kind = _find(place, what)
    with _all_told(name, rules, tasks), one_line_about(f"{unquoted(name)} cannot be made"):
        if isinstance(kind, type) and isinstance(kind, HasOptions):
            _check_settings(name, kind.from_options, settings)
            made = kind.from_options(player, difficulty, rules, tasks, **settings)
        else:
            _check_options(name, difficulty, rules, tasks)
            _check_settings(name, kind if isinstance(kind, type) else _made, settings)
            made = kind(**settings) if isinstance(kind, type) else kind
    if not isinstance(made, Environment):
        raise ConfigError(f"{unquoted(name)} is no environment: it needs a name, tasks(split) and open(task)")
    if not isinstance(made, Reopened):
        files = {"rules": rules and str(rules), "tasks": tasks and str(tasks)}
        opened = {"env": name, "difficulty": difficulty, **files, "settings": dict(settings)}
        with suppress(AttributeError):  # a class with slots of its own keeps no note
            made.opened = opened  # type: ignore[attr-defined]
    return made


@contextmanager
def _all_told(name: str, rules: Path | None, tasks: Path | None) -> Iterator[None]:
    """Of a file with wrong lines, the error has the command that says all of them."""
    try:
        yield
    except WrongLines as wrong:
        files = (("--data", rules), ("--tasks", tasks))
        given = "".join(f" {flag} {for_shell(file)}" for flag, file in files if file is not None)
        raise WrongLines(wrong.lines, wrong.more, f"{for_shell(name)}{given}") from None


def _check_options(name: str, difficulty: str | None, rules: Path | None, tasks: Path | None) -> None:
    """Refuses options of tasks: there is no `from_options` to take them."""
    for option, value in (("difficulty", difficulty), ("rules", rules), ("tasks", tasks)):
        if value is not None:
            raise ConfigError(f"{FLAGS[option]} means nothing to {unquoted(name)}: it has no from_options")


def _check_settings(name: str, call: Callable[..., Any], settings: Mapping[str, Any]) -> None:
    """Refuses a setting that the class does not take, with those that it takes."""
    parameters = signature(call).parameters.values() if settings else ()
    if any(each.kind is Parameter.VAR_KEYWORD for each in parameters):
        return  # it says itself what it takes
    taken = [each.name for each in parameters if each.name not in ("player", "difficulty", "rules", "tasks")]
    for setting in settings:
        if setting not in taken:
            has = f"it has {', '.join(taken)}" if taken else "it has none"
            raise ConfigError(f"{unquoted(name)} has no setting env.{unquoted(setting)}: {has}")


def _made() -> None:
    """An environment that is made already: there is nothing to set."""


def _find(place: str, name: str) -> Any:
    """A class of a user's code, or an environment."""
    code = own_code(place)
    found = vars(code).get(name)
    if not isinstance(found, type) and (found is None or not isinstance(found, Environment)):
        what = unquoted(place) if place.endswith(".py") else f"module {unquoted(place)}"
        here = vars(code)
        there = [
            each for each in here if not isinstance(here[each], type) and isinstance(here[each], Environment)
        ]
        there += [each for each in defined(code) if isinstance(here[each], type)]
        said = f"{what} has no class {quoted(name)}, and no environment of this name"
        said += " (it is a function)" if isinstance(found, FunctionType) else ""
        raise MissingError(f"{said}{instead(name, there)}" if there else said)
    return found
