"""A user's own code by name: what lies in a module or in a file, as MODULE:NAME or FILE.py:NAME."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from rao_lab.base.calls import nearest
from rao_lab.base.safe_text import one_line, quoted, unquoted
from rao_lab.errors import InputError, MissingError, RaoLabError

NAMES_SAID = 8
_FILE = re.compile(r"(.+\.py)(?::(.*))?", re.DOTALL)


def parted(where: str) -> tuple[str, str | None]:
    """The module or file that is named, and what of it; None = nothing is."""
    found = _FILE.fullmatch(where)
    if found is not None:
        return found[1], found[2]
    module, colon, name = where.partition(":")
    return module, name if colon else None


def own_code(place: str) -> ModuleType:
    """A file of Python, or a module that is installed or lies in the current folder.

    Raises:
        MissingError: there is none.
        InputError: it raises an exception.
    """
    if place.endswith(".py"):
        return _of_file(Path(place))
    if not all(part.isidentifier() for part in place.split(".")):
        raise MissingError(
            f"no module {quoted(place)}: write MODULE:NAME, as in my_module:MyEnvironment, or FILE.py:NAME"
        )
    _look_in(Path.cwd())
    with one_line_about(f"module {unquoted(place)} cannot be imported"):
        try:
            return import_module(place)
        except ModuleNotFoundError as missing:
            if missing.name is None or not f"{place}.".startswith(f"{missing.name}."):
                raise  # it is there, and imports something that is not
            raise MissingError(f"no module {quoted(place)} in this folder, and none is installed") from None


def _of_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise MissingError(f"no file {unquoted(path)}: check the name")
    path = path.resolve()
    name = path.stem
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known  # tools and verifier of one file share what it holds
    if known is not None or not name.isidentifier():
        name = f"rao_lab_own_{abs(hash(path))}"
        if name in sys.modules:
            return sys.modules[name]
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{unquoted(path.name)} cannot be read as Python")
    _look_in(path.parent)  # for what it imports
    made = sys.modules[name] = module_from_spec(spec)
    try:
        with one_line_about(f"{unquoted(path.name)} cannot be imported"):
            spec.loader.exec_module(made)
    except BaseException:
        del sys.modules[name]
        raise
    return made


def _look_in(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def function_of(where: str, usual: str) -> Callable[..., Any]:
    """A function by FILE.py:NAME or MODULE:NAME.

    Args:
        usual: its name, if none is given.

    Raises:
        MissingError, InputError: as `own_code`, or there is no such function.
    """
    place, name = parted(where)
    return _named(own_code(place), place, name or usual)


def functions_of(where: str) -> list[Callable[..., Any]]:
    """Functions by FILE.py:NAME,NAME; without names, those that `__all__` lists, or all that the file itself defines
    and whose names do not begin with an underscore.

    Raises:
        MissingError, InputError: as `own_code`, or one of them is not there.
    """
    place, names = parted(where)
    code = own_code(place)
    if names is not None:
        return [_named(code, place, name.strip()) for name in names.split(",")]
    listed = getattr(code, "__all__", None)
    if listed is not None:
        found = [getattr(code, name, None) for name in listed]
    else:
        found = [each for name, each in vars(code).items() if not name.startswith("_")]
        found = [each for each in found if getattr(each, "__module__", None) == code.__name__]
    functions = [each for each in found if callable(each) and not isinstance(each, type)]
    functions = [each for each in functions if hasattr(each, "__name__")]  # also one that is decorated
    if not functions:
        raise MissingError(
            f"{unquoted(place)} defines no function: a tool is a function with annotated parameters"
        )
    return functions


def _named(code: ModuleType, place: str, name: str) -> Callable[..., Any]:
    found = vars(code).get(name)
    if not callable(found):
        functions = [each for each in defined(code) if not isinstance(vars(code)[each], type)]
        raise MissingError(f"{unquoted(place)} has no function {quoted(name)}{instead(name, functions)}")
    return found


def defined(code: ModuleType) -> list[str]:
    """The names of classes and functions that it defines itself."""
    own = [name for name, each in vars(code).items() if getattr(each, "__module__", None) == code.__name__]
    return [name for name in own if not name.startswith("_") and callable(vars(code)[name])]


def instead(name: str, known: Sequence[str]) -> str:
    """The nearest name, or those that there are, as the end of an error."""
    small = {each.lower(): each for each in known}
    near = nearest(name, [*small])
    if near is not None:
        return f": did you mean {small[near]!r}?"
    more = f" and {len(known) - NAMES_SAID} more" if len(known) > NAMES_SAID else ""
    return f": it defines {', '.join(known[:NAMES_SAID]) or 'none'}{more}"


@contextmanager
def one_line_about(what: str) -> Iterator[None]:
    """Turns what a user's own code raises into one line.

    Raises:
        InputError: with what was raised.
    """
    try:
        yield
    except RaoLabError:
        raise
    except (Exception, SystemExit) as problem:  # foreign code raises anything
        said = one_line(f"{type(problem).__name__}: {problem}", 300)
        raise InputError(f"{what}: {said}") from problem
