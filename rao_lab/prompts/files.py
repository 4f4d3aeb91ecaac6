"""A prompt as a folder of files: read with bounds, named by what it holds, and made as a copy to edit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.base.warned import warn_user
from rao_lab.errors import InputError, MissingError, UnavailableError

ENDING = ".j2"
PARTS = ("system.j2", "task.j2", "observation.j2", "refusal.j2", "delegation.j2")
"""What every prompt has. Other files with this ending may be there for these to include."""
MOST_CHARACTERS = 100_000
"""Of one file."""
MOST_FILES = 32
HASH_DIGITS = 8


def read_folder(folder: Path) -> dict[str, str]:
    """The files of a prompt by name, with "\\n" at the ends of lines.

    Raises:
        MissingError: there is no such folder, or a file of `PARTS` is not in it.
        InputError: a file is no UTF-8 text, too long, or lies elsewhere.
    """
    said = f"prompt {unquoted(folder)}"
    if not folder.is_dir():
        kind = "is no folder" if folder.exists() else "is not here"
        raise MissingError(
            f"{said} {kind}: a prompt is a folder that holds {', '.join(PARTS)}; "
            "`rao-lab prompts new NAME` makes one"
        )
    found = sorted(path for path in folder.iterdir() if path.suffix == ENDING)
    if len(found) > MOST_FILES:
        raise InputError(f"{said} has {len(found)} files that end with {ENDING}: {MOST_FILES} are the most")
    files = {path.name: _read(path, f"{said}: {unquoted(path.name)}") for path in found}
    files = checked_files(files, said)
    _say_unused(files, said)
    return files


def _say_unused(files: Mapping[str, str], said: str) -> None:
    """Says which files no other file names: they are read by nobody."""
    for name in files.keys() - PARTS:
        if not any(name in text for other, text in files.items() if other != name):
            warn_user(
                f"{said}: {unquoted(name)} is not used: a prompt is {', '.join(PARTS)}, and what they include"
            )


def _read(path: Path, said: str) -> str:
    if not path.is_file():
        raise InputError(f"{said} is no file")
    if path.resolve().parent != path.parent.resolve():
        raise InputError(f"{said} is a link to another folder: put the file itself there")
    try:
        with path.open("rb") as stream:
            content = stream.read(4 * MOST_CHARACTERS + 1)
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise InputError(f"{said} line {line}: this is no UTF-8 text; save the file as UTF-8") from None
    except OSError as problem:
        raise UnavailableError(f"{said} cannot be read: {problem.strerror}") from None


def checked_files(files: Mapping[str, str], said: str) -> dict[str, str]:
    """The files of a prompt, from a folder or a record, if they can be one.

    Raises:
        MissingError: one of `PARTS` is missing. InputError: one is no text, or too long.
    """
    if lacking := [part for part in PARTS if part not in files]:
        raise MissingError(
            f"{said} lacks {', '.join(lacking)}: a prompt holds {', '.join(PARTS)}, and any of them may be empty "
            "but task.j2 and observation.j2"
        )
    taken = {}
    for name, text in sorted(files.items()):
        if not isinstance(text, str):
            raise InputError(f"{said}: {unquoted(name)} is {quoted(text)}, and text is due")
        if len(text) > MOST_CHARACTERS:
            raise InputError(
                f"{said}: {unquoted(name)} has more than {MOST_CHARACTERS:,} characters, the most for one file"
            )
        taken[name] = text.replace("\r\n", "\n").replace("\r", "\n")
    return taken


def full_name(name: str, files: Mapping[str, str]) -> str:
    """A prompt's name with the hash of what it holds: "plain@3f2a91c0"."""
    digest = sha256()
    for file, text in sorted(files.items()):
        for part in (file.encode(), text.encode("utf-8", "surrogatepass")):
            digest.update(len(part).to_bytes(8, "big") + part)
    short = re.sub(r"[^\w.-]+", "_", name, flags=re.ASCII).strip("_")[:40]
    return f"{short or 'prompt'}@{digest.hexdigest()[:HASH_DIGITS]}"


def title_of(files: Mapping[str, str]) -> str:
    """What a prompt says it is: the comment in the first line of its system.j2."""
    found = re.match(r"\s*\{#-?\s*(.*?)\s*-?#\}", files["system.j2"])
    return found[1] if found else ""


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Makes a folder of these files, to be edited.

    Raises:
        InputError: there is something in its place.
        UnavailableError: it cannot be written.
    """
    if folder.exists() or folder.is_symlink():
        raise InputError(f"{unquoted(folder)} is there already: choose another name")
    try:
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as problem:
        raise UnavailableError(f"{unquoted(folder)} cannot be written: {problem.strerror}") from None
