"""What tells the configs of runs apart: only the settings that differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rao_lab.base.safe_text import one_line

NOT_SET = "\u2013"
"""Of a setting that a run does not have."""
NAME_LIMIT, VALUE_LIMIT, MOST = 60, 60, 200
DEEPEST = 8
RENAMED = {"opened.env.settings.": "env.", "opened.env.": "env.", "opened.policy.settings.": "policy."}
"""How names begin, and how `--set` begins them."""
SAID = {"opened.env.env": "environment", "opened.policy.name": "policy"}
"""Names whose values another name has, too."""


def differences(configs: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """The settings that are not the same in all configs: by name ("train.learning_rate"), what each config says.

    >>> differences([{"train": {"steps": 12, "seed": 0}}, {"train": {"steps": 12, "seed": 1}}])
    {'train.seed': ('0', '1')}
    >>> differences([{"opened": {"env": {"settings": {"seed": each}}}} for each in (0, 1)])
    {'env.seed': ('0', '1')}

    Args:
        configs: as `Run.config` gives them; where a run was resumed is no setting.
            A file may say anything: names and values are shortened.
    """
    settings = [{name: value for name, value in each.items() if name != "resumed"} for each in configs]
    flat = [dict(_flat(config, "", 0)) for config in settings]
    names = dict.fromkeys(name for each in flat for name in each)
    found = {name: tuple(each.get(name, NOT_SET) for each in flat) for name in names}
    apart = [
        name
        for name, values in found.items()
        if len(set(values)) > 1 and not (name in SAID and values == found.get(SAID[name]))
    ]
    apart.sort(key="world".__eq__)  # it says in a line what others say by name
    return {
        one_line(_named(name), NAME_LIMIT): tuple(one_line(each, VALUE_LIMIT) for each in found[name])
        for name in apart[:MOST]
    }


def _named(name: str) -> str:
    """A setting as `--set` calls it, if it is one of how a world or policy was opened."""
    begin = next((each for each in RENAMED if name.startswith(each)), "")
    return f"{RENAMED.get(begin, '')}{name.removeprefix(begin)}"


def _flat(config: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    for name, value in config.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping) and value and depth < DEEPEST:
            yield from _flat(value, f"{path}.", depth + 1)
        else:
            yield path, "none" if value is None else str(value)
