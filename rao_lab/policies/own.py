"""A policy of a user's own, in a file: FILE.py:NAME names a class without arguments, or a policy that is made."""

from __future__ import annotations

from rao_lab.base.own_code import one_line_about, own_code, parted
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import ConfigError, MissingError
from rao_lab.protocols import Policy

POLICY = ("name", "version", "dialect", "window", "submit", "tick", "forget")
"""What every policy has."""


def is_own(name: str) -> bool:
    """Whether a file of Python is named, and something in it."""
    place, what = parted(name)
    return place.endswith(".py") and what is not None


def own_policy(name: str) -> Policy:
    """The policy of this name.

    Raises:
        MissingError: there is no such file, or nothing of this name in it.
        InputError: the user's code fails.
        ConfigError: it is no policy.
    """
    place, what = parted(name)
    found = vars(own_code(place)).get(what or "")
    if found is None:
        raise MissingError(f"{unquoted(place)} has no policy {quoted(what)}")
    with one_line_about(f"{unquoted(name)} cannot be made"):
        made = found() if isinstance(found, type) else found
    lacking = [each for each in POLICY if not hasattr(made, each)]
    if lacking:
        raise ConfigError(f"{unquoted(name)} is no policy: it lacks {', '.join(lacking)}")
    return made
