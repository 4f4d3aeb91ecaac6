"""A warning points at the line of the user that led to it, however deep it arises."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from types import FrameType

_OURS = f"{Path(__file__).parents[1]}{os.sep}"
_PYTHON = f"{Path(os.__file__).parent}{os.sep}"
"""Its own library, whose frames may lie between two of ours: of a `with`, or of a thread."""


def warn_user(message: str) -> None:
    """Warns at the innermost line that is neither of this package nor of Python's own library.

    In a thread of ours there is none: then it is the line that calls this.
    """
    here = sys._getframe(1)
    found: FrameType | None = here
    while found is not None and is_between(found.f_code.co_filename):
        found = found.f_back
    at = found or here
    registry = at.f_globals.setdefault("__warningregistry__", {})
    module = at.f_globals.get("__name__", "")
    warnings.warn_explicit(message, UserWarning, at.f_code.co_filename, at.f_lineno, module, registry)


def is_between(file: str) -> bool:
    """Whether a line of this file is none of the user: it lies in this package, or in Python's own library."""
    return file.startswith(_OURS) or (file.startswith(_PYTHON) and f"-packages{os.sep}" not in file)
