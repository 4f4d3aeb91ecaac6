"""The signature of a function, as text that prompts print: refused at once if it is none."""

from __future__ import annotations

import ast

from rao_lab.base.safe_text import quoted
from rao_lab.errors import InputError


def check_signature(name: object, signature: object) -> None:
    """Checks a function's name and what stands after its `def`.

    >>> check_signature("read", "read(start: int, end: int = 9) -> str")

    Raises:
        InputError: Python could not define the function so.
    """
    if not (isinstance(name, str) and name.isidentifier()):
        raise InputError(f"Function: its name is the name of a function, not {quoted(name)}")
    if not _defines(name, signature):
        raise InputError(
            f'Function {name}: its signature is what follows def, such as "{name}(text: str, times=1) -> str", '
            f"not {quoted(signature)}"
        )


def _defines(name: str, signature: object) -> bool:
    try:
        (found,) = ast.parse(f"def {signature}: ...").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return isinstance(found, ast.FunctionDef) and found.name == name and len(found.body) == 1
