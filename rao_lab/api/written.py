"""What a command writes goes where its name says, and takes the place of nothing but its like."""

from __future__ import annotations

from pathlib import Path

from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import ConfigError, InputError
from rao_lab.store import spare_run_file

FORMATS = ("html", "json", "rao", "messages", "platoon", "otel", "perfetto", "parquet")
TRACES = ("messages", "platoon", "otel", "perfetto")
"""Formats of other programs, in one file."""
TABLES = 'rl.open_run(RUN).frame("nodes").to_csv(FILE) writes a table (also "turns", "trees", "steps")'
_SUFFIXES = {".html": "html", ".htm": "html", ".json": "json", ".rao": "rao"}
_MAY_END = {
    "messages": (".jsonl",),
    "platoon": (".jsonl",),
    "otel": (".jsonl", ".json"),
    "perfetto": (".json",),
}
_BEGIN = {
    "html": b'<div id="explorer">',
    "json": b'{"format": "rao-lab run"',
    "messages": b'{"id":"',
    "platoon": b'{"type":"trajectory_created","collection_id":"',
    "otel": b'{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"rao_lab"}}',
    "perfetto": b'{"otherData":{"made by":"rao_lab"}',
}
"""What an earlier export holds near its beginning."""
_LOOKED_AT = 1 << 16


def kind_of(out: Path, asked: str | None) -> str:
    """The format to write: by the name of the file, or as asked for if the name does not say.

    Raises:
        ConfigError: an unknown format, one that contradicts the name, or neither says.
    """
    suffix = out.suffix.lower()
    tables = f"; {TABLES}" if {asked, suffix} & {"csv", ".csv", "tsv", ".tsv"} else ""
    if asked is not None and asked not in FORMATS:
        raise ConfigError(f"--format {quoted(asked)} is unknown: choose one of {', '.join(FORMATS)}{tables}")
    named = _SUFFIXES.get(suffix)
    if asked in _MAY_END and (suffix in _MAY_END[asked] or named is None):
        return asked
    if asked and named and asked != named:
        raise ConfigError(
            f"--format {asked} and --out {unquoted(out.name)} contradict each other: "
            f"leave out --format, or name it {unquoted(out.stem)}{_MAY_END.get(asked, (f'.{asked}',))[0]}"
        )
    found = asked or named
    if found is None:
        raise ConfigError(
            f"--out {unquoted(out)} does not say what to write: end it with .html, .json or .rao, "
            f"or give --format{tables}"
        )
    return found


def run_name(out: Path, option: str = "--out ") -> Path:
    """The name of a run file to write, if it does not promise something else.

    Args:
        option: how it was given, as errors say it.

    Raises:
        ConfigError: it ends as a page or a JSON file does, or is a folder.
    """
    if out.is_dir():
        raise ConfigError(
            f"{option}{unquoted(out)} is a folder: name a file in it, such as {unquoted(out / 'a.rao')}"
        )
    named = _SUFFIXES.get(out.suffix.lower(), "rao")
    if named != "rao":
        raise ConfigError(
            f"{option}{unquoted(out.name)} is named like a {named} file, and a run file is written: name it "
            f"{unquoted(out.stem)}.rao (`rao-lab export` makes {named} of it)"
        )
    return out


def spare_others(out: Path, kind: str, force: bool = False) -> None:
    """Refuses to write where something lies that is no earlier export of this kind.

    Args:
        force: only runs are spared.

    Raises:
        RunFileError: a run lies there, or the name is that of a run.
        InputError: another file lies there.
    """
    spare_run_file(out)
    if force or not _is_other(out, _BEGIN[kind]):
        return
    raise InputError(
        f"{unquoted(out)} exists and is no earlier {kind} export: choose another name, or give --force"
    )


def _is_other(out: Path, begin: bytes) -> bool:
    """Whether a file with other contents lies there; a pipe or a terminal has none."""
    try:
        if not out.is_file():
            return False
        with out.open("rb") as file:
            head = file.read(_LOOKED_AT)
    except OSError:
        return False  # whoever writes there says why it cannot be done
    return bool(head) and begin not in head
