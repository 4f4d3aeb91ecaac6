"""Names that are loaded when they are first used: those of a package's face, and what a later room adds to a record."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from rao_lab.base.calls import nearest


def face(package: str, source: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of a package, read from its `if TYPE_CHECKING:` block.

    Type checkers read the block itself. At run time a name's module is imported when the name is first used, so
    that importing the package takes milliseconds and does not load torch.

    Args:
        package: its `__name__`.
        source: its `__file__`.
    """
    block = next(node for node in ast.parse(Path(source).read_bytes()).body if isinstance(node, ast.If))
    homes = {
        alias.name: node.module or ""
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    def load(name: str) -> Any:
        if name not in homes:
            near = nearest(name, homes)
            more = f": did you mean {near!r}?" if near else f"; its public names are in {package}.__all__"
            # With a name and an object of its own, Python adds no second guess.
            raise AttributeError(f"{package} has no {name!r}{more}", name=name, obj=None)
        home = homes[name]
        value = import_module(f"{home}.{name}") if home == package else getattr(import_module(home), name)
        setattr(sys.modules[package], name, value)
        return value

    names = sorted(homes)
    return load, lambda: names, names


def later(home: str, name: str) -> Callable[..., Any]:
    """A function of a later room, found when it is called: a record that stands early in the story can offer what is
    told at its end (`tree.save`). It is the only way up, and for a call that the later room could as well be asked
    itself (`rl.save_tree`)."""

    def call(*args: Any, **named: Any) -> Any:
        return getattr(import_module(home), name)(*args, **named)

    return call
