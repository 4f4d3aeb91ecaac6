"""Makes a world of one's own to begin with: a copy of `data/skeleton` under another name."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from unicodedata import combining, normalize

from rao_lab.base.bundled import data_path
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.environments.named import BUNDLED
from rao_lab.errors import ConfigError, InputError, UnavailableError

FILE, CLASS = "my_world", "MyWorld"
"""What the world is called in the skeleton."""
MOST = 60


def check_name(name: str) -> str:
    """The name, if it can be that of a file of Python, a world and, in capitals, a class.

    Raises:
        ConfigError: it cannot.
    """
    plain = name.isidentifier() and name.isascii() and name == name.lower() and not name.startswith("_")
    if not plain or len(name) > MOST:
        near = _near(name)
        hint = f", such as {near}" if near.isidentifier() and len(near) <= MOST else ", such as my_world"
        raise ConfigError(
            f"{quoted(name)} is no name of a world: small letters, digits and _, a letter first{hint}"
        )
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise ConfigError(f"{name} is a word of Python: give the world another name, such as {name}_world")
    if name in BUNDLED:
        raise ConfigError(f"{name} is a world that ships: give yours another name, such as my_{name}")
    if name == "conftest" or name in sys.stdlib_module_names or _installed(name):
        raise ConfigError(
            f"{name} is a module that is installed: give the world another name, such as my_{name}"
        )
    return name


def _near(name: str) -> str:
    """A name like it: marks over letters are left out, and what is no letter or digit of ASCII becomes one _."""
    bare = "".join(each for each in normalize("NFKD", name.casefold()) if not combining(each))
    return re.sub("[^a-z0-9]+", "_", bare).strip("_")


def _installed(name: str) -> bool:
    """Whether a module of this name would be found first, or hidden: one of the current folder does not count."""
    spec = find_spec(name)
    return spec is not None and spec.origin is not None and Path(spec.origin).parent != Path.cwd()


def files_of(name: str) -> Mapping[str, str]:
    """The files of a new world: name -> text."""
    folder = data_path("skeleton")
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.*"))}
    return {
        file.replace(FILE, name): text.replace(FILE, name).replace(CLASS, class_of(name))
        for file, text in texts.items()
    }


def new_environment(name: str, folder: Path) -> list[Path]:
    """Writes the files of a new world into a folder, which is made if there is none. Nothing is overwritten.

    Returns:
        the files, the world first.

    Raises:
        ConfigError: the name is none.
        InputError: one of the files is there, or there is something else in the folder's place.
        UnavailableError: the folder cannot be written.
    """
    files = {folder / file: text for file, text in files_of(check_name(name)).items()}
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{unquoted(folder)} is there and no folder: choose another by --out")
    for path in files:
        if path.exists() or path.is_symlink():
            raise InputError(
                f"{unquoted(path)} is there already: choose another name, or another folder by --out"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except OSError as problem:
        raise UnavailableError(f"{unquoted(folder)} cannot be written: {problem.strerror}") from None
    return sorted(files, key=lambda path: path.name != f"{name}.py")


def class_of(name: str) -> str:
    """The name of the class of a world."""
    return "".join(part.capitalize() for part in name.split("_"))
