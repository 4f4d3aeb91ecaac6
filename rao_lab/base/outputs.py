"""Whether a result can be written where it is to go: asked before the work that makes it."""

from __future__ import annotations

from os.path import lexists
from pathlib import Path
from tempfile import TemporaryFile

from rao_lab.base.safe_text import unquoted
from rao_lab.errors import UnavailableError


def make_way(path: Path) -> None:
    """Makes the folders above a file that is to be written. What lies there already stays as it is.

    Raises:
        UnavailableError: no file can be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = not lexists(path)
        if new or path.is_dir() or path.is_file():  # a pipe would wait for its reader
            with path.open("ab"):
                pass
        if new:
            path.unlink()
    except (OSError, ValueError) as error:  # ValueError: no path can be spelled so
        raise _refused(path, error) from None


def make_folder(folder: Path) -> None:
    """Makes a folder that files are to be written into.

    Raises:
        UnavailableError: no file can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        raise _refused(folder, error) from None


def _refused(path: Path, error: OSError | ValueError) -> UnavailableError:
    why = error.strerror if isinstance(error, OSError) and error.strerror else error
    return UnavailableError(f"{unquoted(path)} cannot be written: {why}")
