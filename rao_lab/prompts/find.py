"""From a word to a prompt: a dialect of code, one that ships as files, a folder of one's own, or that of a run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from rao_lab.base.bundled import data_path
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import ConfigError, MissingError
from rao_lab.prompts.codeact import CodeAct
from rao_lab.prompts.files import checked_files, full_name, read_folder
from rao_lab.prompts.samples import check
from rao_lab.prompts.template import TemplateDialect
from rao_lab.prompts.terse import Terse
from rao_lab.protocols import Dialect, Policy

CODE = ("codeact", "terse")
"""Dialects that are code."""
SHIPPED = ("plain", "divide_and_conquer", "budget_aware", "verify_then_return", "no_delegation")
"""Prompts that ship as files."""
METHODS = ("worded", "opening", "parse", "reply", "observe")
_RECORDED = re.compile(r"([\w.-]+)@[0-9a-f]{8}", re.ASCII)

Prompt = str | Path | Dialect
"""What names a prompt: a name, a folder, or the dialect itself."""


def find(prompt: Prompt) -> Dialect:
    """The dialect that this names.

    Args:
        prompt: "codeact" or "terse", a prompt that ships ("plain"), a folder of template files, or a `Dialect`,
            which is returned as it is.

    Raises:
        MissingError: there is none; the message lists the names.
        InputError: the folder's files cannot be rendered.
        ConfigError: this names no prompt.
    """
    if not isinstance(prompt, str | Path):
        return _own(prompt)
    for known in (CodeAct(), Terse()):
        if prompt == known.name:
            return known
    if prompt in SHIPPED:
        return _made(str(prompt), read_folder(data_path("prompts") / prompt))
    name = _RECORDED.fullmatch(str(prompt))
    if name and not Path(prompt).exists():
        return _shipped_as(name[0], name[1])
    if isinstance(prompt, str) and not prompt.strip(". /"):
        raise ConfigError(f"prompt={quoted(prompt)} names none: choose {_known()}")
    folder = Path(prompt)
    if isinstance(prompt, Path) or _exists(folder) or "/" in prompt or "\\" in prompt:
        return _made(folder.resolve().name, read_folder(folder))
    raise MissingError(f"no prompt {quoted(prompt)}: choose {_known()}")


def _known() -> str:
    return f"one of {', '.join((*CODE, *SHIPPED))}, or the path of a folder"


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # no path can look like this
        return False


def _own(prompt: object) -> Dialect:
    lacking = [name for name in METHODS if not callable(getattr(prompt, name, None))]
    if isinstance(prompt, type) or lacking or not isinstance(getattr(prompt, "name", None), str):
        raise ConfigError(f"prompt must be a name, a folder or a Dialect, not {quoted(prompt)}")
    return prompt  # type: ignore[return-value]


def _shipped_as(recorded: str, name: str) -> Dialect:
    """The prompt that ships, if it is still the recorded one."""
    if name in SHIPPED:
        found = find(name)
        if found.name == recorded:
            return found
        raise MissingError(
            f"prompt {recorded} is not the {name} that ships here, {found.name}: take it from the run that holds "
            "it, rl.prompts.load(run)"
        )
    raise MissingError(
        f"prompt {unquoted(recorded)} is known by its name alone: give its folder, or take it from the run that "
        "holds it, rl.prompts.load(run)"
    )


def _made(name: str, files: Mapping[str, str]) -> TemplateDialect:
    made = _checked(full_name(name, files), tuple(files.items()))
    made.retry()
    return made


@lru_cache(maxsize=8)
def _checked(name: str, files: tuple[tuple[str, str], ...]) -> TemplateDialect:
    """The dialect of these files, tried out; found again, it goes on with the process that it has."""
    made = TemplateDialect(name, dict(files))
    check(made)
    return made


def made_for(prompt: Dialect | None, otherwise: str) -> str:
    """The dialect of code that a policy with this prompt is made for: limits and reply follow it."""
    return prompt.name if prompt is not None and prompt.name in CODE else otherwise


def chosen(prompt: Prompt | None, policy: Policy) -> Dialect:
    """The prompt that is asked for, otherwise the one that the policy was loaded with or made for."""
    if prompt is None:
        prompt = getattr(policy, "prompt", None) or policy.dialect
    return find(prompt)


def recorded(dialect: Dialect) -> dict[str, dict[str, str]]:
    """What a run file keeps of a prompt: its files by its name; nothing of one that is code."""
    return {dialect.name: dict(dialect.files)} if isinstance(dialect, TemplateDialect) else {}


def of_record(config: Mapping[str, Any], name: str) -> Dialect:
    """The prompt that a run recorded by this name.

    Raises:
        MissingError: the run does not hold it, and it does not ship.
        InputError: what it holds is no prompt.
    """
    kept = config.get("prompts")
    files = kept.get(name) if isinstance(kept, Mapping) else None
    if not isinstance(files, Mapping):
        return find(name)
    return _made(name.partition("@")[0], checked_files(files, f"the recorded prompt {unquoted(name)}"))
