"""A policy of a user's own, in a file: FILE.py:NAME names a class without arguments, or a policy that is made."""

from __future__ import annotations

from inspect import isfunction
from typing import Any, cast

from rao_lab.base.own_code import defined, instead, one_line_about, own_code, parted
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import ConfigError, MissingError
from rao_lab.protocols import Policy

POLICY = ("name", "version", "dialect", "window", "submit", "tick", "forget")
"""What every policy has."""


def is_own(name: str) -> bool:
    """Whether a file of Python is named, and something in it."""
    place, what = parted(name)
    return place.endswith(".py") and what is not None


def own_object(name: str, noun: str) -> Any:
    """What is named, made if it is a class.

    Raises:
        MissingError: there is no such file, or nothing of this name in it.
        InputError: the user's code fails.
    """
    place, what = parted(name)
    code = own_code(place)
    found = vars(code).get(what or "")
    if found is None:
        raise MissingError(
            f"{unquoted(place)} has no {noun} {quoted(what)}{instead(what or '', defined(code))}"
        )
    with one_line_about(f"{unquoted(name)} cannot be made"):
        return found() if isinstance(found, type) else found


def own_policy(name: str) -> Policy:
    """The policy of this name.

    Raises:
        MissingError, InputError: as `own_object`.
        ConfigError: it is no policy.
    """
    made = own_object(name, "policy")
    lacking = [each for each in POLICY if not hasattr(made, each)]
    if lacking and isfunction(made):
        raise ConfigError(
            f"{unquoted(name)} is a function and no policy: name a class without arguments, or what a line of the file "
            f"keeps, such as mine = {unquoted(made.__name__)}(...) by FILE.py:mine"
        )
    if lacking:
        raise ConfigError(f"{unquoted(name)} is no policy: it lacks {', '.join(lacking)}")
    return cast(Policy, made)
