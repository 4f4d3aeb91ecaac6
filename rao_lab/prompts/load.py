"""Prompts to look at: which there are, one of them with its files, and how two differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from html import escape
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from rao_lab.base.bundled import data_path
from rao_lab.base.safe_text import quoted, visible
from rao_lab.errors import ConfigError, MissingError
from rao_lab.prompts.files import PARTS, full_name, read_folder, title_of
from rao_lab.prompts.find import SHIPPED, Prompt, find, of_record
from rao_lab.prompts.template import TemplateDialect
from rao_lab.protocols import Dialect


@dataclass(frozen=True)
class Listed:
    """A prompt that ships."""

    name: str
    """As `prompt=` takes it."""
    recorded: str
    """As a node and a run name it: for one of files, with the hash of what it holds."""
    title: str


class Listing(tuple[Listed, ...]):
    """Prompts; printed, one a line."""

    def __repr__(self) -> str:
        width = max(len(each.recorded) for each in self)
        return "\n".join(f"{each.recorded:<{width}}  {each.title}" for each in self)


def listed() -> Listing:
    """The prompts that ship. `prompt=` takes their names, and the path of a folder of your own.

    >>> [each.name for each in rl.prompts.list()][:3]
    ['codeact', 'terse', 'plain']
    """
    code = [
        Listed("codeact", "codeact", "For chat models, as code: what they read if no prompt is named."),
        Listed("terse", "terse", "For the embedded model `tiny`, as code: single words."),
    ]
    kept = [(name, read_folder(data_path("prompts") / name)) for name in SHIPPED]
    return Listing([*code, *(Listed(name, full_name(name, files), title_of(files)) for name, files in kept)])


@runtime_checkable
class _Recorded(Protocol):
    """A run file that is open."""

    @property
    def config(self) -> Mapping[str, Any]: ...


def load(source: Prompt | _Recorded, name: str | None = None) -> TemplateDialect:
    """A prompt of files: one that ships, a folder, or what a run recorded.

    >>> rl.prompts.load("plain").files["task.j2"].split()[:3]
    ['Task:', '{{', 'goal']

    Args:
        source: a name, the path of a folder, or a run that `rl.open_run` opened.
        name: of a run that holds several: which, with its hash or without, if one alone is called so.

    Raises:
        MissingError: there is none.
        InputError: its files cannot be rendered; the message names file and line.
        ConfigError: a run holds several, and this names none of them; or the prompt is code.
    """
    if isinstance(source, _Recorded) and not isinstance(source, str | Path):
        return _of_files(of_record(source.config, _which(source.config, name)))
    if name is not None:
        raise ConfigError(f"name={quoted(name)} has no meaning here: it names a prompt of a run")
    return _of_files(find(source))


def _of_files(found: Dialect) -> TemplateDialect:
    if not isinstance(found, TemplateDialect):
        hint = ": plain says the same in files" if found.name == "codeact" else ""
        raise ConfigError(f"prompt {quoted(found.name)} is code and has no files{hint}")
    return found


def _which(config: Mapping[str, Any], name: str | None) -> str:
    """The full name of a prompt that a run recorded."""
    kept = config.get("prompts")
    names = [each for each in kept if isinstance(each, str)] if isinstance(kept, Mapping) else []
    if not names:
        raise MissingError(
            f"this run recorded no prompt of files: its agents read {quoted(config.get('dialect', 'codeact'))}"
        )
    fitting = [each for each in names if name is None or name in (each, each.partition("@")[0])]
    if len(fitting) != 1:
        said = "this run holds several prompts" if name is None else f"this run has no single {quoted(name)}"
        raise ConfigError(f"{said}: give the name of one, of {', '.join(names)}")
    return fitting[0]


@dataclass(frozen=True, repr=False)
class PromptDiff:
    """How two prompts differ, file by file. Printed, lines of the first begin with "-", of the second with "+".

    >>> found = rl.prompts.diff("plain", "no_delegation")
    >>> sorted(found.files)
    ['delegation.j2', 'refusal.j2', 'system.j2']
    """

    first: str
    second: str
    files: Mapping[str, tuple[str, ...]]
    """The lines of the difference for each file that differs; empty = the prompts are the same."""

    def __str__(self) -> str:
        if not self.files:
            return f"{self.first} and {self.second} are the same"
        return "\n".join(visible(line) for lines in self.files.values() for line in lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [
            f'<div style="{_STYLES.get(line[:1], "")}">{escape(line) or "&nbsp;"}</div>'
            for line in str(self).split("\n")
        ]
        box = "white-space:pre-wrap;font-family:var(--jp-code-font-family,monospace);font-size:13px"
        return f'<div style="{box}">{"".join(rows)}</div>'


_STYLES = {
    "+": "background:rgba(46,160,67,.18)",
    "-": "background:rgba(248,81,73,.18)",
    "@": "opacity:.6",
}


def diff(first: Prompt, second: Prompt) -> PromptDiff:
    """How two prompts of files differ.

    >>> print(rl.prompts.diff("plain", "no_delegation"))
    --- plain@.../system.j2
    +++ no_delegation@.../system.j2
    @@ -1,3 +1,3 @@
    ...

    Args:
        first, second: names, folders, or what `rl.prompts.load` returned.

    Raises:
        as `load`.
    """
    one, two = load(first), load(second)
    names = [*PARTS, *sorted({*one.files, *two.files} - {*PARTS})]
    found = {name: _lines(one, two, name) for name in names}
    return PromptDiff(one.name, two.name, {name: lines for name, lines in found.items() if lines})


def _lines(one: TemplateDialect, two: TemplateDialect, name: str) -> tuple[str, ...]:
    left, right = (each.files.get(name, "").split("\n") for each in (one, two))
    return tuple(unified_diff(left, right, f"{one.name}/{name}", f"{two.name}/{name}", n=2, lineterm=""))
