"""Finds the files that ship with RAO Lab: inside an installed package, or in `data/` of a checkout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from rao_lab.errors import MissingError

PACKAGE = Path(__file__).resolve().parent.parent
EMBEDDED: Mapping[str, str] = MappingProxyType({"tiny": "tiny", "tiny-aggregation": "tiny_aggregation"})
"""The embedded policies, and the folders of their data."""


def data_folder() -> Path:
    """The folder of bundled data.

    Raises:
        MissingError: the installation is incomplete.
    """
    for folder in (PACKAGE / "_data", PACKAGE.parent / "data"):
        if folder.is_dir():
            return folder
    raise MissingError("the bundled data are missing from this installation: install rao-lab again")


def data_path(name: str) -> Path:
    """A bundled file or folder, such as "tiny".

    Raises:
        MissingError: there is nothing of that name; the message lists what there is.
    """
    folder = data_folder()
    path = folder / name
    if not path.exists():
        known = ", ".join(sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith(".")))
        raise MissingError(f"no bundled data named {name!r}: there is {known or 'nothing'}")
    return path


def recorded_path(name: str) -> Path:
    """A recorded file or folder that a wheel does not carry, such as "claims/rows": from the checkout, or from a
    folder `data` in the current folder or above it.

    Raises:
        MissingError: it is in neither.
    """
    here = Path.cwd()
    folders = (data_folder(), *(folder / "data" for folder in (here, *here.parents)))
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    raise MissingError(
        f"data/{name} is not here, and an installed rao-lab does not carry it: open this notebook in a checkout of "
        "the repository, or put the checkout's folder data/ beside it"
    )
