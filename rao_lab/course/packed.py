"""What a student hands in as one archive: packed from the folder of the notebooks, and opened again by who grades it.

An archive may be wrong or hostile. So only run files and answers are taken out of it, into places of our own, and none
if there are more of them than a course makes.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from rao_lab.base.outputs import make_folder
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.course.kept import FILE
from rao_lab.errors import ConfigError, InputError, MissingError, RaoLabError
from rao_lab.store import export_copy

ENDINGS = (".rao", ".jsonl")
"""Run files and answers."""
MOST_FILES = 200
"""Files of a student that are looked at."""
MOST_BYTES = 500_000_000
"""Of what is in an archive."""
MOST_LISTED = 1_000_000
"""Bytes of the list of an archive's files."""
ASK_AGAIN = "cannot be opened, ask for it again"
UNPACK = "not opened: unpack it"
MOST_NAMED = 4
"""Run files that are not packed and are named."""
LEVELS, MOST_FOLDERS = 3, 2000
"""How far below, and in how many folders, notebooks are looked for that are not where they were said to be."""
EXAMPLE = re.compile(r"(?:your[ ._-]?)?name", re.I)
"""What stands for a name in README, in the notebooks and on the sheet."""
LONGEST_NAME = 80
NAME = re.compile(r"[^\W_](?:[\w .@+-]*\w)?")
"""Of a student: a file of every system can be called so."""
NO_NAME = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?|.*(?:-wal|-shm|\.ckpt|\.lock)", re.I | re.S)
"""What Windows keeps for devices, and what stands beside a run file."""


@dataclass(frozen=True, slots=True)
class Packed:
    """An archive that was made."""

    file: Path
    place: Path
    """The folder that it was packed from."""
    held: dict[str, int]
    """Its files, with their bytes."""
    left_out: tuple[str, ...]
    """What could not be packed, and why."""
    replaced: bool = False
    """An earlier archive was."""

    def to_json(self) -> dict[str, Any]:
        return {
            "file": str(self.file),
            "bytes": self.file.stat().st_size,
            "from": str(self.place.resolve()),
            "packed": dict(self.held),
            "left_out": list(self.left_out),
            "replaced": self.replaced,
        }


def pack(name: str, folder: Path, out: Path, tell: Callable[[Path], None] = lambda archive: None) -> Packed:
    """Packs the answers and the run files of a student into `NAME.zip`. A run that is being written is copied as it is
    at this moment. An archive of that name is replaced if it was packed here.

    Args:
        folder: the one with `mine` and `runs`, or the one above it, whose `notebooks` has them.
        out: the folder that gets the archive.
        tell: is told the archive's name before the work.

    Raises:
        ConfigError: no file can be called so everywhere.
        MissingError: there are neither answers nor runs.
        InputError: there is more than is graded, or another file is in the way.
        UnavailableError: the archive cannot be written.
    """
    name = re.sub(r"\.zip$", "", name, flags=re.I)
    if why := _why_no_name(name):
        raise ConfigError(f"NAME {quoted(name)} {why}")
    place = _place(folder)
    runs = sorted((place / "runs").glob("*.rao"))
    answers = place / FILE
    files = [*([answers] if answers.is_file() else []), *runs]
    elsewhere = _elsewhere(place)
    if not files:
        where = unquoted(folder if folder.name else folder.resolve())
        elsewhere += _below(folder)
        raise MissingError(
            f"nothing to hand in: {where} has neither {FILE.as_posix()} nor runs/*.rao: call this in the "
            "folder of your notebooks, or name it with --from" + "".join(f"; {line}" for line in elsewhere)
        )
    size = sum(path.stat().st_size for path in files if path.is_file())
    if len(files) > MOST_FILES or size > MOST_BYTES:
        raise InputError(
            f"{len(files):,} files of {size / 1e6:,.0f} MB are more than is graded ({MOST_FILES} files, "
            f"{MOST_BYTES / 1e6:.0f} MB): move runs that nobody asked for out of {unquoted(place / 'runs')}"
        )
    make_folder(out)
    target = out / f"{name}.zip"
    if (earlier := os.path.lexists(target)) and not _packed_here(target, name):
        raise InputError(f"{unquoted(target)} exists and was not packed here: choose another name")
    tell(target)
    left_out = [*elsewhere]
    with TemporaryDirectory(prefix=".hand-in-", dir=out) as room:
        rough = Path(room, target.name)
        with ZipFile(rough, "w", ZIP_DEFLATED) as archive:
            for path in files:
                inside = f"{name}/{path.relative_to(place).as_posix()}"
                try:
                    copy = export_copy(path, Path(room, path.name)) if path.suffix == ".rao" else path
                    archive.write(copy, inside)
                except (RaoLabError, OSError) as problem:
                    left_out.append(f"{unquoted(path.name)} is left out: {problem}")
            held = {each.filename.partition("/")[2]: each.file_size for each in archive.infolist()}
        if not held:
            raise InputError(f"nothing could be packed: {left_out[-1]}")
        rough.replace(target)
    return Packed(target, place, held, tuple(left_out), earlier)


def _why_no_name(name: str) -> str:
    """Why an archive cannot be called so, and what to do; "" if it can."""
    take = "take letters, digits, - and ., as ada.lovelace"
    if EXAMPLE.fullmatch(name):
        return "is the example: write your own name, as ada.lovelace"
    if len(name) > LONGEST_NAME:
        return f"has {len(name)} characters: take at most {LONGEST_NAME}"
    if not name:
        return f"is empty: {take}"
    if wrong := re.findall(r"[^\w .@+-]", name):
        return f"has {quoted(wrong[0])}, which is not safe in the name of a file: {take}"
    if not NAME.fullmatch(name):
        return f"begins or ends with a sign that is not safe there: {take}"
    if NO_NAME.fullmatch(name):
        beside = re.search(r"(?:-wal|-shm|\.ckpt|\.lock)$", name, re.I)
        return f"{'ends as what stands beside a run file' if beside else 'is kept by Windows'}: take another"
    return ""


def _place(folder: Path) -> Path:
    """Where the answers are, otherwise where runs are."""
    places = [folder, folder / "notebooks"]
    found = [each for each in places if (each / FILE).is_file()] or [
        each for each in places if [*(each / "runs").glob("*.rao")]
    ]
    return (found or places)[0]


def _elsewhere(place: Path) -> list[str]:
    """A line about run files that are not packed, as they lie nearby and not in `runs`; none if there are none."""
    near = [*place.glob("*.rao"), *place.glob("runs/*/*.rao"), *place.glob("*/runs/*.rao")]
    if place.resolve().name == "notebooks":
        near += (place.parent if place.name not in ("", "..") else place / "..").glob("runs/*.rao")
    found = [unquoted(path) for path in sorted(near) if path.parts[-3:-1] != ("data", "runs")]
    if not found:
        return []
    more = f" and {len(found) - MOST_NAMED:,} more" if len(found) > MOST_NAMED else ""
    return [
        f"not packed, as not in {unquoted(place / 'runs')}: {', '.join(found[:MOST_NAMED])}{more}: move there what was "
        "asked for, and call this again"
    ]


def _below(folder: Path) -> list[str]:
    """A line about folders of notebooks that lie a little below this one; none if there are none."""
    found, level, seen = list[str](), [folder], 0
    for _ in range(LEVELS):
        level = [each for place in level for each in _folders(place)][: MOST_FOLDERS - seen]
        seen += len(level)
        found += [unquoted(each) for each in level if (each / FILE).is_file() or [*each.glob("runs/*.rao")]]
    return [f"found nearby: --from {' or --from '.join(found[:MOST_NAMED])}"] if found else []


def _folders(place: Path) -> list[Path]:
    """Those in it that are no links and not hidden, nor our own recorded data."""
    try:
        with os.scandir(place) as entries:
            names = [each.name for each in entries if each.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [place / name for name in sorted(names) if not name.startswith((".", "_")) and name != "data"]


def _packed_here(archive: Path, name: str) -> bool:
    try:
        with _opened(archive) as packed:
            return all(each.startswith(f"{name}/") and each.endswith(ENDINGS) for each in packed.namelist())
    except (BadZipFile, OSError, ValueError):
        return False


def name_inside(names: Collection[str]) -> str:
    """The name that `pack` gave to all of these files; "" if they were packed otherwise."""
    found = {
        (re.fullmatch(r"([^/]+)/(?:mine/answers\.jsonl|runs/[^/]+\.rao)", each) or [""] * 2)[1]
        for each in names
    }
    name = found.pop() if len(found) == 1 else ""
    return "" if _why_no_name(name) else name


def packed_at(archive: Path) -> tuple[int, ...]:
    """The newest time in an archive, as year, month, ..., second; empty if there is none."""
    try:
        with _opened(archive) as packed:
            return max((each.date_time for each in packed.infolist()), default=())
    except _BROKEN:
        return ()


def unpack(archive: Path, room: Path, notes: list[str], unopened: dict[str, str]) -> dict[Path, str]:
    """The run files and answers of an archive, laid into folders of their own in `room`, with their names in it.
    What cannot be had is said in `notes`, and in `unopened` by its name, with what to do; it never raises."""
    shown, found = unquoted(archive.name), dict[Path, str]()
    try:
        with _opened(archive) as packed:
            listed = {
                each: re.split(r"[/\\]", each.filename) for each in packed.infolist() if not each.is_dir()
            }
            seen = {each: parts for each, parts in listed.items() if not _hidden(parts)}
            wanted = {each: parts for each, parts in seen.items() if parts[-1].lower().endswith(ENDINGS)}
            if len(wanted) > MOST_FILES or sum(each.file_size for each in wanted) > MOST_BYTES:
                raise _TooMuch(f"more than {MOST_FILES} files or {MOST_BYTES / 1e6:.0f} MB are in it")
            if others := [parts[-1] for parts in seen.values() if parts[-1].lower().endswith(".zip")]:
                notes.append(
                    f"{shown} holds {unquoted(others[0])}, an archive, which is not opened: unpack {shown}"
                )
                unopened[f"{archive.name}/{others[0]}"] = UNPACK
            elif not wanted:
                notes.append(f"{shown} holds no run file and no answers")
            elif foreign := [unquoted(parts[-1]) for each, parts in seen.items() if each not in wanted]:
                more = [f"{len(foreign) - MOST_NAMED:,} more"] if len(foreign) > MOST_NAMED else []
                notes.append(
                    f"{shown} holds files that are not looked at: {', '.join([*foreign[:MOST_NAMED], *more])}"
                )
            outside = [each.filename for each, parts in listed.items() if ".." in parts or not parts[0]]
            if outside:
                notes.append(
                    f"{shown} names {unquoted(outside[0])}, a place outside of it: nothing is written there"
                )
            for each, parts in wanted.items():
                stem, _, ending = parts[-1].rpartition(".")
                stem = re.sub(r"[^\w-]", "_", stem)[:80]
                copy = Path(
                    mkdtemp(dir=room), f"{'_' if NO_NAME.fullmatch(stem) else ''}{stem}.{ending.lower()}"
                )
                try:
                    with packed.open(each) as inside, copy.open("wb") as file:
                        copyfileobj(inside, file)
                    found[copy] = "/".join(parts)
                except _BROKEN as problem:
                    notes.append(f"{shown}: {unquoted(parts[-1])} {ASK_AGAIN}: {_why(problem)}")
                    unopened["/".join(parts)] = ASK_AGAIN
    except _TooMuch as problem:
        notes.append(f"{shown} is not opened: {problem}")
        unopened[archive.name] = "not opened: too much is in it"
    except _BROKEN as problem:
        notes.append(f"{shown} {ASK_AGAIN}: {_why(problem)}")
        unopened[archive.name] = ASK_AGAIN
    return found


class _TooMuch(ValueError):
    """More is in an archive than is graded."""


def _why(problem: Exception) -> str:
    if isinstance(problem, BadZipFile | zlib.error | EOFError):
        return f"it was cut or damaged on its way, or is no .zip ({unquoted(problem)})"
    return unquoted(problem)


_BROKEN = (BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)
"""What reading an archive raises: RuntimeError if it is locked by a password or packed in a way that is not known."""


def _hidden(parts: list[str]) -> bool:
    """What a system adds of its own, such as __MACOSX."""
    return any(part.startswith((".", "__")) for part in parts)


def _opened(archive: Path) -> ZipFile:
    """Raises: BadZipFile, OSError: it is none. _TooMuch: its list of files is too long, before that is read."""
    with archive.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - (1 << 16) - 22))
        tail = file.read()
    at = tail.rfind(b"PK\5\6", 0, max(0, len(tail) - 18))
    if at >= 0 and (
        int.from_bytes(tail[at + 12 : at + 16], "little") > MOST_LISTED
        or tail[at - 20 : at - 16] == b"PK\6\7"  # of the long form
    ):
        raise _TooMuch("it holds too many files")
    return ZipFile(archive)
